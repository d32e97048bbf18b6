"""MACs by block chaining: ISO/IEC 9797-1 algorithms 1 and 3, and with them ANSI X9.9 and X9.19.

Owns the chaining and the output transformation. Refuses to know schemes by name, padding and the
length of what is handed out: it takes whole blocks and gives a whole block.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.modes import CBC

from switch.keys.ciphers import (
    WIPED,
    BlockCipher,
    CipherName,
    Key,
    Uncopied,
    algorithm,
    block_size,
    wipe,
    wipe_algorithm,
    xor,
)
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

CHAINED: Final = "chained block"


class Chain(Uncopied):
    """CBC from a fresh start each time, in one context that is made once.

    A context remembers its last block of ciphertext, and CBC offers no way back to the first
    state: what it remembers is XORed into the first block of the next data, and so cancels out.
    """

    __slots__ = ("_cipher", "_context", "_last", "_primitive", "block")

    def __init__(self, cipher: CipherName, key: Key) -> None:
        self.block = block_size(cipher)
        self._primitive: BlockCipherAlgorithm | None = algorithm(cipher, key)
        self._context: CipherContext | None = None
        self._last = b""

    def last(self, data: Key, iv: Key | None = None, steps: Steps | None = None) -> bytes:
        """The last block of ciphertext of whole blocks; ``iv`` zero unless given."""
        size = self.block
        if iv is not None:
            data = xor(data[:size], iv) + data[size:]
        if self._context is None:
            if self._primitive is None:
                raise KeyRefused(WIPED)
            self._context = Cipher(self._primitive, CBC(bytes(size))).encryptor()
        else:
            data = xor(data[:size], self._last) + data[size:]
        chained = self._context.update(data)
        self._last = chained[-size:]
        if steps is not None:
            self._note(chained, steps)
        return self._last

    def wipe(self) -> None:
        """Overwrite the key; nothing is chained any more."""
        if self._primitive is not None:
            wipe_algorithm(self._primitive)
        self._primitive = self._context = None

    def _note(self, chained: bytes, steps: Steps) -> None:
        for number, at in enumerate(range(0, len(chained), self.block), 1):
            steps.note(f"{CHAINED} {number}", chained[at : at + self.block])


class Algorithm1:
    """The last block of CBC under one key (ISO 9797-1 algorithm 1; ANSI X9.9 with DES).

    ::

        D1      4E6F772069732074    "Now is t"
        D2      68652074696D6520    "he time "
        D3      666F7220616C6C20    "for all "
        H1      3FA40E8A984D4815    e(K, D1)
        H2      0B2E73F88DC5856A    e(K, D2 XOR H1)
        MAC     70A30640CC76DD8B    e(K, D3 XOR H2)

    >>> key = bytes.fromhex("0123456789ABCDEF")
    >>> Algorithm1("TDES", key).full(b"Now is the time for all ").hex().upper()
    '70A30640CC76DD8B'
    """

    __slots__ = ("_chain",)

    def __init__(self, cipher: CipherName, key: Key) -> None:
        self._chain = Chain(cipher, key)

    def full(self, data: Key, iv: Key | None = None, steps: Steps | None = None) -> bytes:
        """The MAC of whole blocks, one block long."""
        return self._chain.last(data, iv, steps)

    def wipe(self) -> None:
        """Overwrite the key."""
        self._chain.wipe()


class Algorithm3:
    """CBC under the first key, then the last block deciphered under the second and enciphered under
    the first (ISO 9797-1 algorithm 3, "retail MAC"; ANSI X9.19 with DES).

    ``second``: empty where ``key`` holds both keys, one after the other.

    ::

        H3      70A30640CC76DD8B    as algorithm 1 under the first key
                B48D36EC7AD5694F    d(K', H3)
        MAC     A1C72E74EA3FA9B6    e(K, that)

    >>> key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> Algorithm3("TDES", key).full(b"Now is the time for all ").hex().upper()
    'A1C72E74EA3FA9B6'
    """

    __slots__ = ("_chain", "_first", "_second")

    def __init__(self, cipher: CipherName, key: Key, second: Key = b"") -> None:
        left, right = _two(cipher, key, second)
        self._chain = Chain(cipher, left)
        self._first = BlockCipher(cipher, left)
        self._second = BlockCipher(cipher, right)

    def full(self, data: Key, iv: Key | None = None, steps: Steps | None = None) -> bytes:
        """The MAC of whole blocks, one block long."""
        last = self._chain.last(data, iv, steps)
        middle = self._second.decrypt(last)
        if steps is not None:
            steps.note("deciphered under the second key", middle)
        return bytes(self._first.encrypt(middle))

    def wipe(self) -> None:
        """Overwrite both keys."""
        self._chain.wipe()
        self._first.wipe()
        self._second.wipe()


class RetailMac(Uncopied):
    """``Algorithm3`` with DES and a key of 16 bytes: two contexts do for its three.

    Chaining step and output transformation of the last block are e(K, d(K', e(K, x))), which is one
    TDES under both halves.

    >>> mac = RetailMac(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    >>> mac.full(b"Now is the time for all ").hex().upper()
    'A1C72E74EA3FA9B6'
    """

    __slots__ = ("_chain", "_final", "_key")

    def __init__(self, key: Key) -> None:
        if len(key) != 16:
            raise KeyRefused(f"the key of a retail MAC has {len(key)} bytes: 16 are right")
        self._chain = Chain("TDES", key[:8])
        self._final = BlockCipher("TDES", key)
        self._key = bytearray(key)

    def full(self, data: Key, iv: Key | None = None, steps: Steps | None = None) -> bytes:
        """The MAC of whole blocks of 8 bytes: 8 bytes."""
        if steps is not None:
            self._note(data, iv, steps)
        before = data[:-8]
        chained = self._chain.last(before, iv) if before else (iv or bytes(8))
        return bytes(self._final.encrypt(xor(chained, data[-8:])))

    def wipe(self) -> None:
        """Overwrite the key."""
        self._chain.wipe()
        self._final.wipe()
        wipe(self._key)

    def _note(self, data: Key, iv: Key | None, steps: Steps) -> None:
        shown = Algorithm3("TDES", self._key)
        shown.full(data, iv, steps)
        shown.wipe()


def _two(cipher: CipherName, key: Key, second: Key) -> tuple[Key, Key]:
    if second:
        if len(second) != len(key):
            raise KeyRefused(f"the keys have {len(key)} and {len(second)} bytes: equal is right")
        return key, second
    half = block_size(cipher)
    if len(key) != 2 * half:
        raise KeyRefused(f"the key of algorithm 3 has {len(key)} bytes: {2 * half} are right")
    return key[:half], key[half:]
