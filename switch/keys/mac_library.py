"""CMAC (NIST SP 800-38B) and HMAC (RFC 2104): MACs that the library has whole.

Owns their keyed states, which are made once and copied for each MAC. Refuses to know schemes by
name, and the length of what is handed out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hmac import HMAC

from switch.keys.ciphers import (
    WIPED,
    BlockCipher,
    CipherName,
    Key,
    algorithm,
    block_size,
    wipe,
    wipe_algorithm,
    xor,
)
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "SHA-1": hashes.SHA1(),  # noqa: S303 - HMAC does not rest on the collisions that broke it
    "SHA-224": hashes.SHA224(),
    "SHA-256": hashes.SHA256(),
    "SHA-384": hashes.SHA384(),
    "SHA-512": hashes.SHA512(),
    "SM3": hashes.SM3(),
}
HASHES: Final = {name: made.digest_size for name, made in _HASHES.items()}  # bytes of each

# What doubling in the field adds when a bit falls out (SP 800-38B, 5.3).
_REDUCTION: Final = {8: 0x1B, 16: 0x87}


class _Keyed(ABC):
    """A keyed state of the library, made once and copied for each MAC."""

    __slots__ = ("_key", "_keyed")

    def __init__(self, key: Key, keyed: CMAC | HMAC) -> None:
        self._key = bytearray(key)
        self._keyed: CMAC | HMAC | None = keyed

    def full(self, data: Key, _iv: Key | None = None, steps: Steps | None = None) -> bytes:
        """The MAC of any number of bytes, as long as the block or the hash."""
        if self._keyed is None:
            raise KeyRefused(WIPED)
        made = self._keyed.copy()
        made.update(bytes(data))
        if steps is not None:
            self._note(data, steps)
        return made.finalize()

    def wipe(self) -> None:
        """Overwrite the key; no MAC is made any more."""
        wipe(self._key)
        self._keyed = None

    @abstractmethod
    def _note(self, data: Key, steps: Steps) -> None:
        """What a person may want to see on the way."""


class CipherMac(_Keyed):
    """CMAC.

    ::

        L       7DF76B0C1AB899B33E42F047B91B546F    e(K, zero block)
        K1      FBEED618357133667C85E08F7236A8DE    L doubled: for a whole last block
        K2      F7DDAC306AE266CCF90BC11EE46D513B    K1 doubled: for a part
        data    6BC1
        last    6BC180000000...00 XOR K2            80 and zeros behind a part
        MAC     B8EF9A75AF3625479AF8F6CC41757F13    e(K, last XOR the block before, if any)

    >>> CipherMac("AES", bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")).full(b"").hex().upper()
    'BB1D6929E95937287FA37D129B756746'
    """

    __slots__ = ("_cipher",)

    def __init__(self, cipher: CipherName, key: Key) -> None:
        self._cipher: CipherName = cipher
        primitive = algorithm(cipher, key)
        super().__init__(key, CMAC(primitive))
        wipe_algorithm(primitive)

    def _note(self, data: Key, steps: Steps) -> None:
        """The two subkeys, and the last block with the one that it takes."""
        size = block_size(self._cipher)
        shown = BlockCipher(self._cipher, self._key)
        zero = shown.encrypt(bytes(size))
        shown.wipe()
        whole = _doubled(zero)
        part = _doubled(whole)
        steps.note("zero block enciphered", zero)
        steps.note("subkey 1, for a whole last block", whole)
        steps.note("subkey 2, for a part", part)
        tail = bytes(data[len(data) - (len(data) % size or (size if data else 0)) :])
        subkey = whole if len(tail) == size else part
        filled = tail if len(tail) == size else (tail + b"\x80").ljust(size, b"\0")
        steps.note("last block with its subkey", xor(filled, subkey))


def _doubled(block: Key) -> bytes:
    size = len(block)
    shifted = int.from_bytes(block, "big") << 1
    if shifted >> (8 * size):
        shifted = (shifted & ((1 << (8 * size)) - 1)) ^ _REDUCTION[size]
    return shifted.to_bytes(size, "big")


class HashMac(_Keyed):
    """HMAC.

    >>> HashMac("SHA-256", bytes([0x0B]) * 20).full(b"Hi There").hex()[:16]
    'b0344c61d8db3853'
    """

    __slots__ = ("_hash",)

    def __init__(self, name: str, key: Key) -> None:
        if not key:
            raise KeyRefused("the HMAC key is empty: at least one byte is right")
        self._hash = _HASHES[name]
        super().__init__(key, HMAC(key, self._hash))

    def _note(self, data: Key, steps: Steps) -> None:
        """The inner hash: of the key with 36 and the data."""
        size = self._hash.block_size or 0
        key = bytes(self._key) if len(self._key) <= size else digest_of(self._hash, self._key)
        inner = xor(key.ljust(size, b"\0"), b"\x36" * size)
        steps.note("inner hash", digest_of(self._hash, bytes(inner) + bytes(data)))


def digest_of(algorithm: hashes.HashAlgorithm, data: Key) -> bytes:
    """The hash of the data."""
    made = hashes.Hash(algorithm)
    made.update(data)
    return made.finalize()
