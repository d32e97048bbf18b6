"""Check values of keys: what may be told of a key so that two parties see that they hold the same.

Owns the methods and how much of each may be shown (SR-KEY-08). Refuses to know which key it is.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

from switch.keys.ciphers import CIPHERS, Key, block_size, same
from switch.keys.ciphers import BlockCipher as _BlockCipher
from switch.keys.mac import mac
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

KeyKind: TypeAlias = Literal["TDES", "AES", "SM4", "HMAC"]


class _Usual(NamedTuple):
    method: str
    length: int


# What a key's check value is unless somebody says otherwise, and bytes of it that are shown.
USUAL: Final[dict[str, _Usual]] = {
    "TDES": _Usual("ecb_zero", 3),
    "AES": _Usual("cmac_zero_block", 5),
    "SM4": _Usual("ecb_zero", 4),
    "HMAC": _Usual("hmac_sha256_empty", 3),
}
METHODS: Final = ("ecb_zero", "cmac_zero_block", "cmac_empty", "hmac_sha256_empty")
_CMAC: Final = {"TDES": "cmac-tdes", "AES": "cmac-aes", "SM4": "sm4-cmac"}


def check_value(
    kind: KeyKind, key: Key, method: str = "", length: int = 0, *, steps: Steps | None = None
) -> bytes:
    """The first ``length`` bytes of what the method gives; method and length of ``USUAL`` unless
    said. Raises KeyRefused.

    ``ecb_zero`` enciphers a block of zeros (ANSI X9.24-1 for TDES; the older way for AES),
    ``cmac_zero_block`` is the CMAC of one (X9.143, X9.24-1:2017 for AES), ``cmac_empty`` and
    ``hmac_sha256_empty`` the MAC of nothing.

    ::

        zero block, TDES    0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
        enciphered          0 8 D 7 B 4 F B 6 2 9 D 0 8 8 5     the first 3 bytes are shown

    >>> check_value("TDES", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")).hex().upper()
    '08D7B4'
    >>> check_value("AES", bytes.fromhex("3F419E1CB7079442AA37474C2EFBF8B8")).hex().upper()
    '08793E25AB'
    """
    usual = USUAL.get(kind)
    if usual is None:
        raise KeyRefused(
            f"no check value is known for that kind of key; {', '.join(USUAL)} have one"
        )
    full = _full(kind, key, method or usual.method)
    wanted = length or usual.length
    if not 2 <= wanted <= len(full):
        raise KeyRefused(f"a check value of {wanted} bytes: 2 to {len(full)} are right")
    if steps is not None:
        steps.note(f"{method or usual.method} in full", full)
    return full[:wanted]


def check_value_fits(kind: KeyKind, key: Key, expected: Key, method: str = "") -> bool:
    """Whether the check value is the key's, in the length it has; in constant time (SR-KEY-16).
    Raises KeyRefused for fewer than 2 bytes, or more than the method gives.
    """
    return same(check_value(kind, key, method, len(expected) or 1), expected)


def _full(kind: str, key: Key, method: str) -> bytes:
    if kind == "HMAC":
        if method == "hmac_sha256_empty":
            return mac("hmac-sha256", key, b"")
    else:
        cipher = next(name for name in CIPHERS if name == kind)
        if method == "ecb_zero":
            made = _BlockCipher(cipher, key)
            zero = made.encrypt(bytes(block_size(cipher)))
            made.wipe()
            return bytes(zero)
        if method in ("cmac_zero_block", "cmac_empty"):
            data = bytes(block_size(cipher)) if method == "cmac_zero_block" else b""
            return mac(_CMAC[cipher], key, data)
    raise KeyRefused(
        f"a {kind} key has no check value of that method; there are {', '.join(METHODS)}"
    )
