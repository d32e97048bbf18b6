"""The field tables of ISO 8583:1987 and 1993, as far as content goes: which elements are numbers,
amounts, tracks, bytes.

Owns facts of the standard for reading messages whose own spec says nothing about content. An
attribute is applied to a field only where the spec gives it the standard's length, so a house's
own use of an element is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from switch.wire.layout import Content


@dataclass(frozen=True, slots=True)
class Attribute:
    """One line of a table: content, length (the maximum where ``variable``)."""

    content: Content
    length: int
    variable: bool = False


def _n(length: int) -> Attribute:
    return Attribute(Content.N, length)


def _up_to(content: Content, length: int) -> Attribute:
    return Attribute(content, length, variable=True)


def _span(first: int, last: int, attribute: Attribute) -> dict[int, Attribute]:
    return dict.fromkeys(range(first, last + 1), attribute)


_ACCOUNT: Final = _up_to(Content.MASKED_N, 19)
_INSTITUTION: Final = _up_to(Content.N, 11)
_SIGNED_FEE: Final = Attribute(Content.XN_OR_N, 9)

# What both editions share.
_BOTH: Final[dict[int, Attribute]] = {
    2: _ACCOUNT,
    3: _n(6),
    **_span(4, 6, _n(12)),
    7: _n(10),
    **_span(8, 10, _n(8)),
    11: _n(6),
    13: _n(4),
    14: _n(4),
    **_span(16, 18, _n(4)),
    **_span(19, 21, _n(3)),
    **_span(23, 24, _n(3)),
    27: _n(1),
    32: _INSTITUTION,
    33: _INSTITUTION,
    35: _up_to(Content.MASKED_Z, 37),
    52: Attribute(Content.B, 8),
    64: Attribute(Content.B, 8),
    67: _n(2),
    **_span(68, 70, _n(3)),
    73: _n(6),
    **_span(74, 81, _n(10)),
    **_span(86, 89, _n(16)),
    97: Attribute(Content.XN_OR_N, 17),
    99: _INSTITUTION,
    100: _INSTITUTION,
    128: Attribute(Content.B, 8),
}

_1987: Final[dict[int, Attribute]] = {
    12: _n(6),
    15: _n(4),
    22: _n(3),
    25: _n(2),
    26: _n(2),
    **_span(28, 31, _SIGNED_FEE),
    53: _n(16),
    66: _n(1),
    71: _n(4),
    72: _n(4),
    **_span(82, 85, _n(12)),
    90: _n(42),
    96: Attribute(Content.B, 8),
}

_1993: Final[dict[int, Attribute]] = {
    12: _n(12),
    15: _n(6),
    25: _n(4),
    26: _n(4),
    28: _n(6),
    29: _n(3),
    30: _n(24),
    39: _n(3),
    53: _up_to(Content.B, 48),
    57: _n(3),
    58: _INSTITUTION,
    71: _n(8),
    **_span(82, 85, _n(10)),
    90: _n(10),
    91: _n(3),
    92: _n(3),
    93: _INSTITUTION,
    94: _INSTITUTION,
}

TABLES: Final = ({**_BOTH, **_1987}, {**_BOTH, **_1993})

NUMBERS: Final = frozenset(
    number
    for table in TABLES
    for number, line in table.items()
    if line.content in (Content.N, Content.MASKED_N)
)
"""Fields that are numbers in one edition at least."""

FIXED_IN_STANDARD: Final = frozenset(
    number for table in TABLES for number, line in table.items() if not line.variable
) | {37, 38, 40, 41, 42, 49, 50, 51, 98}
"""Fields that have no length indicator: where such a one is not known, its data is missed, not its
length."""
