"""Whether bytes begin like an ISO 8583 message of any encoding. A guess for hints, never a
decision.

Owns the look at message type and bitmap; refuses to know dialects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_HEX: Final = frozenset(b"0123456789ABCDEFabcdef")
_EBCDIC_DIGITS: Final = bytes(range(0xF0, 0xFA))
_MOST_BITS: Final = 48  # of the 64 in a primary bitmap; real messages have far fewer


@dataclass(frozen=True, slots=True)
class Guess:
    """In words ("ASCII message type 0800"), and how sure from 0 to 1."""

    words: str
    weight: float
    coding: str


def message_start(data: bytes, at: int = 0) -> Guess | None:
    """What message begins at ``at``, as far as the bytes that are there can tell.

    >>> message_start(b"0800822000000000000004000000000000000").words
    'ASCII message type 0800'
    """
    head = data[at : at + 4]
    if len(head) == 4 and head.isdigit() and _known(head):
        return _guess("ASCII", "ascii", head.decode("ascii"), data[at + 4 : at + 20], 0.98)
    if len(head) == 4 and is_ebcdic_digits(head):
        digits = bytes(byte - 0xC0 for byte in head)
        if _known(digits):
            return _guess("EBCDIC", "cp500", digits.decode("ascii"), data[at + 4 : at + 20], 0.98)
    digits = data[at : at + 2].hex().encode("ascii")
    if len(digits) == 4 and digits.isdigit() and _known(digits) and len(data) >= at + 4:
        return _guess("packed", "b", digits.decode("ascii"), data[at + 2 : at + 10], 0.9)
    return None


def is_ebcdic_digits(data: bytes) -> bool:
    """Whether all bytes are digits in EBCDIC."""
    return all(byte in _EBCDIC_DIGITS for byte in data)


def _known(mti: bytes) -> bool:
    """Version 1987, 1993 or 2003, a class, a function and an origin that the standard names."""
    version, kind, function, origin = mti
    return (
        version in b"012"
        and kind in b"12345678"
        and function in b"012345678"
        and origin in b"012345"
    )


def _guess(name: str, coding: str, mti: str, bitmap: bytes, weight: float) -> Guess | None:
    """The guess if a bitmap may follow: 16 hex characters, or bytes with a plausible number of
    bits.
    """
    if coding == "b":
        if not _bits_ok(bitmap):
            return None
    else:
        text = bitmap if coding == "ascii" else bitmap.decode("cp500").encode("latin-1", "replace")
        is_hex = all(byte in _HEX for byte in text)
        if not is_hex and not _bits_ok(bitmap[:8]):
            return None
        weight -= 0.0 if is_hex else 0.05
    return Guess(f"{name} message type {mti}", weight, coding)


def _bits_ok(bitmap: bytes) -> bool:
    """A bitmap cut short is believed; a whole one names some fields, but not nearly all."""
    bits = int.from_bytes(bitmap, "big").bit_count()
    return len(bitmap) < 8 or 0 < bits <= _MOST_BITS
