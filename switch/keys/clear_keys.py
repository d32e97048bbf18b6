"""What a key must be like when it comes in: asked at generation and import, never at each use
(SR-KEY-10), and how components become a key.

Owns the lists of weak DES keys and the rules for equal bytes and equal halves. Refuses to
know where a key comes from. Its refusals say which rule, never a byte of the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from switch.keys.check_value import KeyKind
from switch.keys.ciphers import Key, check_key, odd_parity, wipe, xor
from switch.keys.port import KeyRefused

# NIST SP 800-67r2, 3.4.2, with odd parity: DES under these undoes itself (four keys) or another of
# them (six pairs).
WEAK: Final = frozenset(
    bytes.fromhex(key)
    for key in """
    0101010101010101 FEFEFEFEFEFEFEFE E0E0E0E0F1F1F1F1 1F1F1F1F0E0E0E0E
    01FE01FE01FE01FE FE01FE01FE01FE01 1FE01FE00EF10EF1 E01FE01FF10EF10E
    01E001E001F101F1 E001E001F101F101 1FFE1FFE0EFE0EFE FE1FFE1FFE0EFE0E
    011F011F010E010E 1F011F010E010E01 E0FEE0FEF1FEF1FE FEE0FEE0FEF1FEF1
    """.split()
)


def has_odd_parity(key: Key) -> bool:
    """Whether each byte has an odd number of one bits.

    >>> has_odd_parity(bytes.fromhex("0123456789ABCDEF")), has_odd_parity(bytes(8))
    (True, False)
    """
    return all(byte.bit_count() & 1 for byte in key)


def refuse_unfit(kind: KeyKind, key: Key, *, single_des: bool = False) -> None:
    """Raises KeyRefused for a key that must not come in (SR-KEY-10).

    ``single_des`` lets 8 bytes of DES pass: the UnionPay line's MAC keys, the one exception with a
    name. Parity is not demanded: no scheme here has it, since neither ciphers nor check values look
    at these bits, and keys that were derived or XORed of components have any.
    """
    if kind == "HMAC":
        if len(key) < 16:
            raise KeyRefused(f"the HMAC key has {len(key)} bytes: 16 or more are right")
    else:
        check_key(kind, key)
    if len(set(key)) == 1:
        raise KeyRefused(f"the {kind} key has equal bytes only: it is no secret")
    if kind == "TDES":
        if len(key) == 8 and not single_des:
            raise KeyRefused("the TDES key has 8 bytes, which is single DES: 16 or 24 are right")
        _refuse_des(key)


def combine(components: list[bytearray]) -> bytearray:
    """The key of two or more components of one length: all of them XORed (ANSI X9.24-1).

    The caller overwrites the components. Raises KeyRefused.

    >>> combine([bytearray.fromhex("0F0F"), bytearray.fromhex("00FF")]).hex().upper()
    '0FF0'
    """
    if len(components) < 2:
        raise KeyRefused("one component is a whole key: two or more are right")
    if len({len(component) for component in components}) > 1:
        lengths = ", ".join(str(len(component)) for component in components)
        raise KeyRefused(f"the components have {lengths} bytes: equal lengths are right")
    key = bytearray(components[0])
    for component in components[1:]:
        both = xor(key, component)
        wipe(key)
        key = both
    return key


def _refuse_des(key: Key) -> None:
    parts = list(_parts(key))
    try:
        if any(bytes(part) in WEAK for part in parts):
            raise KeyRefused("a part of the TDES key is weak or semi-weak (NIST SP 800-67)")
        if any(left == right for left, right in pairwise(parts)):
            raise KeyRefused("two parts of the TDES key are equal, which leaves single DES")
        if len(parts) == 3 and parts[0] == parts[2]:
            raise KeyRefused("the TDES key has two different parts only: give it as 16 bytes")
    finally:
        wipe(*parts)


def _parts(key: Key) -> Iterator[bytearray]:
    for at in range(0, len(key), 8):
        yield odd_parity(key[at : at + 8])
