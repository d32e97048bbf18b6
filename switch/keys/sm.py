"""The Chinese algorithms beyond the block cipher: SM3, and working keys under a terminal master key
with SM4.

Owns those two. SM4 itself is in ``ciphers``, its MACs in ``mac``, its PIN block in ``pin_block``.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SM3

from switch.keys.check_value import check_value_fits
from switch.keys.ciphers import Key, check_key, sm4_decrypt, sm4_encrypt, wipe
from switch.keys.mac_library import digest_of
from switch.keys.port import KeyRefused


def sm3(data: Key) -> bytes:
    """The hash of GB/T 32905, 32 bytes.

    >>> sm3(b"abc").hex().upper()[:16]
    '66C7F0F462EEEDD9'
    """
    return digest_of(SM3(), data)


def wrap_sm4_key(master: Key, key: Key) -> bytes:
    """A working key of 16 bytes under a terminal master key, SM4 by the block (SR-KEY-10: an
    exception of the UnionPay line; nothing but the check value protects it against change).
    """
    check_key("SM4", key)
    return bytes(sm4_encrypt(master, key))


def unwrap_sm4_key(master: Key, cryptogram: Key, check_value: Key) -> bytearray:
    """The working key back. ``check_value``: the leftmost 2 to 16 bytes of a block of zeros
    enciphered under it. Raises KeyRefused where it does not fit.

    >>> key = unwrap_sm4_key(
    ...     bytes.fromhex("1234567890ABCDEFABCDEF0987654321"),
    ...     bytes.fromhex("3D66234C49E4296FF9C78D8BACBD6A76"),
    ...     bytes.fromhex("861E83E31FAEBF10"),
    ... )
    >>> key.hex().upper()
    'F351D490994603795C6EBEE8FAEBB481'
    """
    if len(cryptogram) != 16:
        raise KeyRefused(f"the SM4 key cryptogram has {len(cryptogram)} bytes: 16 are right")
    key = sm4_decrypt(master, cryptogram)
    if not check_value_fits("SM4", key, check_value):
        wipe(key)
        raise KeyRefused("the key does not have this check value: wrong master key, or changed")
    return key
