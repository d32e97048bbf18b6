"""Block ciphers as payments use them: DES, TDES, AES and SM4, by the block and chained.

Owns the reusable cipher, the few operations on key bytes that every standard shares (XOR, odd
parity, overwriting) and the one comparison in constant time. Refuses to know what a key is for.

Primitives are those of ``cryptography``. Results may be keys: they come as ``bytearray``, which the
caller overwrites (``wipe``); who hands out something that is no secret turns it into ``bytes``.

Where a standard runs single DES, the key is run through TDES three times over (K, K, K), which is
the same function (ANSI X9.52, keying option 3).
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from operator import xor as _xor
from typing import Final, Literal, NamedTuple, NoReturn, TypeAlias, cast

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC, CTR, ECB

from switch.keys.port import KeyRefused

Key: TypeAlias = bytes | bytearray
CipherName: TypeAlias = Literal["TDES", "AES", "SM4"]
_Direction: TypeAlias = Literal["encrypt", "decrypt"]


class _Kind(NamedTuple):
    """``lengths``: of keys, in bytes; ``full``: what shorter ones are run as; ``said``: the lengths
    for people.
    """

    block: int
    lengths: tuple[int, ...]
    full: int
    said: str
    make: Callable[[bytes], BlockCipherAlgorithm]


_KINDS: Final[dict[str, _Kind]] = {
    "TDES": _Kind(8, (8, 16, 24), 24, "8 (single DES), 16 or 24", TripleDES),
    "AES": _Kind(16, (16, 24, 32), 16, "16, 24 or 32", AES),
    "SM4": _Kind(16, (16,), 16, "16", SM4),
}
WIPED: Final = "the key was wiped: make another one"
CIPHERS: Final[tuple[CipherName, ...]] = ("TDES", "AES", "SM4")

_SINGLE: Final = ECB()  # noqa: S305 - the standards build on single blocks

# Each byte with its lowest bit set so that the number of one bits is odd.
_ODD: Final = bytes(byte ^ (byte.bit_count() & 1 ^ 1) for byte in range(256))


def block_size(cipher: CipherName) -> int:
    """Bytes of one block: 8 for TDES, 16 for AES and SM4."""
    return _kind(cipher).block


def check_key(cipher: CipherName, key: Key) -> None:
    """Raises KeyRefused for a key of a length that the cipher does not take."""
    _check(cipher, _kind(cipher), key)


def expand(key: Key) -> bytearray:
    """A TDES key in its full 24 bytes: K|K|K of 8 bytes, K1|K2|K1 of 16.

    >>> expand(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")).hex().upper()
    '0123456789ABCDEFFEDCBA98765432100123456789ABCDEF'
    """
    return _held("TDES", _kind("TDES"), key)


def algorithm(cipher: CipherName, key: Key) -> BlockCipherAlgorithm:
    """The primitive under a copy of the key, for CMAC and modes (``wipe_algorithm`` overwrites it).
    Raises KeyRefused.

    TDES is always given 24 bytes: shorter keys are deprecated in ``cryptography``.
    """
    kind = _kind(cipher)
    held = _held(cipher, kind, key)
    return kind.make(cast(bytes, held))  # any buffer is taken, only the hints say bytes


class Uncopied:
    """What holds a key, or is made of one: it cannot be pickled, nor copied in any other way, so
    that all of the key is overwritten when it goes (SR-KEY-13).
    """

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied")


class BlockCipher(Uncopied):
    """One cipher under one key, block by block (ECB), made ready once and used any number of times.

    A new TDES context costs ten times what enciphering a block in a ready one does. An instance
    belongs to one thread.

    >>> cipher = BlockCipher("TDES", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    >>> cipher.encrypt(bytes(8)).hex().upper()
    '08D7B4FB629D0885'
    """

    __slots__ = ("_algorithm", "_decryptor", "_encryptor", "block", "name")

    def __init__(self, cipher: CipherName, key: Key) -> None:
        self.name = cipher
        self.block = block_size(cipher)
        self._algorithm: BlockCipherAlgorithm | None = algorithm(cipher, key)
        self._encryptor: CipherContext | None = None
        self._decryptor: CipherContext | None = None

    def encrypt(self, data: Key) -> bytearray:
        """Whole blocks, enciphered one by one. Raises KeyRefused for part of a block."""
        if self._encryptor is None:
            self._encryptor = self._cipher().encryptor()
        return _run(self._encryptor, data, self.block)

    def decrypt(self, data: Key) -> bytearray:
        """Whole blocks, deciphered one by one. Raises KeyRefused for part of a block."""
        if self._decryptor is None:
            self._decryptor = self._cipher().decryptor()
        return _run(self._decryptor, data, self.block)

    def wipe(self) -> None:
        """Overwrite the key; the cipher cannot be used any more."""
        made = self._algorithm
        if made is not None:
            wipe_algorithm(made)
        self._algorithm = self._encryptor = self._decryptor = None

    def _cipher(self) -> Cipher[ECB]:
        if self._algorithm is None:
            raise KeyRefused(WIPED)
        return Cipher(self._algorithm, _SINGLE)

    def __repr__(self) -> str:
        return "BlockCipher()"


def des_encrypt(key: Key, data: Key) -> bytearray:
    """Single DES under 8 bytes, by the block."""
    return _des(key).encrypt(data)


def des_decrypt(key: Key, data: Key) -> bytearray:
    """Single DES under 8 bytes, by the block."""
    return _des(key).decrypt(data)


def tdes_encrypt(key: Key, data: Key) -> bytearray:
    """TDES (ANSI X9.52) by the block.

    >>> tdes_encrypt(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes(8)).hex().upper()
    '08D7B4FB629D0885'
    """
    return _once("TDES", key, data, "encrypt")


def tdes_decrypt(key: Key, data: Key) -> bytearray:
    """TDES by the block."""
    return _once("TDES", key, data, "decrypt")


def aes_encrypt(key: Key, data: Key) -> bytearray:
    """AES (FIPS 197) by the block."""
    return _once("AES", key, data, "encrypt")


def aes_decrypt(key: Key, data: Key) -> bytearray:
    """AES by the block."""
    return _once("AES", key, data, "decrypt")


def sm4_encrypt(key: Key, data: Key) -> bytearray:
    """SM4 (GB/T 32907) by the block.

    >>> both = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> sm4_encrypt(both, both).hex().upper()
    '681EDF34D206965E86B3E94F536E4246'
    """
    return _once("SM4", key, data, "encrypt")


def sm4_decrypt(key: Key, data: Key) -> bytearray:
    """SM4 by the block."""
    return _once("SM4", key, data, "decrypt")


def cbc_encrypt(cipher: CipherName, key: Key, data: Key, iv: Key | None = None) -> bytearray:
    """Cipher block chaining over whole blocks; without ``iv`` from a block of zeros."""
    return _chained(cipher, key, data, iv, "encrypt")


def cbc_decrypt(cipher: CipherName, key: Key, data: Key, iv: Key | None = None) -> bytearray:
    """The inverse of ``cbc_encrypt``."""
    return _chained(cipher, key, data, iv, "decrypt")


def tdes_cbc_encrypt(key: Key, data: Key, iv: Key | None = None) -> bytearray:
    """TDES in CBC over whole blocks of 8 bytes."""
    return _chained("TDES", key, data, iv, "encrypt")


def tdes_cbc_decrypt(key: Key, data: Key, iv: Key | None = None) -> bytearray:
    """TDES in CBC over whole blocks of 8 bytes."""
    return _chained("TDES", key, data, iv, "decrypt")


def aes_cbc_encrypt(key: Key, data: Key, iv: Key | None = None) -> bytearray:
    """AES in CBC over whole blocks of 16 bytes."""
    return _chained("AES", key, data, iv, "encrypt")


def aes_cbc_decrypt(key: Key, data: Key, iv: Key | None = None) -> bytearray:
    """AES in CBC over whole blocks of 16 bytes."""
    return _chained("AES", key, data, iv, "decrypt")


def counter_mode(cipher: CipherName, key: Key, data: Key, counter: Key) -> bytearray:
    """Counter mode (NIST SP 800-38A) of AES or SM4 from a first counter block; any number of
    bytes. Its own inverse.
    """
    if cipher == "TDES":
        raise KeyRefused("TDES has no counter mode: AES and SM4 have")
    _check_iv(cipher, counter)
    primitive = algorithm(cipher, key)
    try:
        return _run(Cipher(primitive, CTR(counter)).encryptor(), data, 1)
    finally:
        wipe_algorithm(primitive)


def xor(left: Key, right: Key) -> bytearray:
    """Bit by bit. Raises KeyRefused for two lengths.

    >>> xor(bytes.fromhex("0F0F"), bytes.fromhex("00FF")).hex().upper()
    '0FF0'
    """
    if len(left) != len(right):
        raise KeyRefused(f"{len(left)} bytes cannot be combined with {len(right)}")
    return bytearray(map(_xor, left, right))


def odd_parity(key: Key) -> bytearray:
    """Each byte with its lowest bit set so that its number of one bits is odd (ANSI X9.52).

    DES ignores these bits: the key stays the same function and keeps its check value.

    >>> odd_parity(bytes.fromhex("1A2B3C4D")).hex().upper()
    '1A2A3D4C'
    """
    adjusted = key.translate(_ODD)
    return adjusted if isinstance(adjusted, bytearray) else bytearray(adjusted)


def with_parity(derived: bytearray) -> bytearray:
    """A key with odd parity; what it was before is overwritten."""
    key = odd_parity(derived)
    wipe(derived)
    return key


def wipe(*buffers: bytearray) -> None:
    """Overwrite with zeros (SR-KEY-13). Copies that Python or a library made are not reached."""
    for buffer in buffers:
        buffer[:] = bytes(len(buffer))


def same(left: Key, right: Key) -> bool:
    """Whether two values are equal, in a time that tells nothing of where they differ (SR-KEY-16).

    The one place where MACs, check values and PIN results are compared.
    """
    return compare_digest(left, right)


def wipe_algorithm(made: BlockCipherAlgorithm) -> None:
    """Overwrite the copy of the key that a primitive holds."""
    held = getattr(made, "key", None)
    if isinstance(held, bytearray):
        wipe(held)


def _check(cipher: str, kind: _Kind, key: Key) -> None:
    if len(key) not in kind.lengths:
        raise KeyRefused(f"the {cipher} key has {len(key)} bytes: {kind.said} are right")


def _held(cipher: str, kind: _Kind, key: Key) -> bytearray:
    """A copy of the key, of TDES in full length."""
    _check(cipher, kind, key)
    held = bytearray(key)
    while len(held) < kind.full:
        held += key[:8]
    return held


def _kind(cipher: str) -> _Kind:
    found = _KINDS.get(cipher)
    if found is None:
        raise KeyRefused(f"no such cipher; there are {', '.join(_KINDS)}")
    return found


def _des(key: Key) -> BlockCipher:
    if len(key) != 8:
        raise KeyRefused(f"the DES key has {len(key)} bytes: 8 are right")
    return BlockCipher("TDES", key)


def _once(cipher: CipherName, key: Key, data: Key, direction: _Direction) -> bytearray:
    made = BlockCipher(cipher, key)
    try:
        return made.encrypt(data) if direction == "encrypt" else made.decrypt(data)
    finally:
        made.wipe()


def _chained(
    cipher: CipherName,
    key: Key,
    data: Key,
    iv: Key | None,
    direction: _Direction,
) -> bytearray:
    size = block_size(cipher)
    start = bytes(size) if iv is None else iv
    _check_iv(cipher, start)
    primitive = algorithm(cipher, key)
    made = Cipher(primitive, CBC(start))
    try:
        return _run(made.encryptor() if direction == "encrypt" else made.decryptor(), data, size)
    finally:
        wipe_algorithm(primitive)


def _check_iv(cipher: CipherName, iv: Key) -> None:
    size = block_size(cipher)
    if len(iv) != size:
        raise KeyRefused(f"the initial block has {len(iv)} bytes: {size} are right for {cipher}")


def _run(context: CipherContext, data: Key, size: int) -> bytearray:
    """Into a buffer of ours, so that no copy of a key is left in a ``bytes``."""
    if len(data) % size:
        raise KeyRefused(f"{len(data)} bytes are no whole blocks of {size}")
    buffer = bytearray(len(data) + 16)
    done = context.update_into(data, buffer)
    del buffer[done:]
    return buffer
