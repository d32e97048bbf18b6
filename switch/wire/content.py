"""What the characters of a value may be: the attribute letters of ISO 8583, held to the letter.

Owns the patterns and the place of the first character that breaks one. Knows values, not bytes and
not fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from switch.wire.layout import Canon, Coding, Content, FieldLayout, Layout

# A recorder that hides card numbers writes one mask character over a run of at least four.
_MASK: Final = r"(?:\*{4,}|X{4,}|x{4,}|_{4,}|#{4,})"

_PATTERNS: Final[dict[Content, str]] = {
    Content.N: r"[0-9]*",
    Content.BLANK_N: r" *[0-9]* *",
    Content.A: r"[A-Za-z ]*",
    Content.AN: r"[A-Za-z0-9 ]*",
    Content.NS: r"[\x20-\x40\x5b-\x60\x7b-\x7e]*",
    Content.Z: r"[0-9A-Fa-f:;<=>?]*",
    Content.XN: r"(?:[CD][0-9]*)?",
    Content.XN_OR_N: r"[CD0-9]?[0-9]*",
    Content.MASKED_N: rf"[0-9]*(?:{_MASK}[0-9]*)?",
    Content.MASKED_Z: rf"(?:[0-9A-Fa-f:;<=>?]|{_MASK})*",
}
_HEX_PAIRS: Final = re.compile(r"(?:[0-9A-Fa-f]{2})*")
_HEX: Final = frozenset("0123456789ABCDEFabcdef")
_MATCH: Final = {kind: re.compile(pattern) for kind, pattern in _PATTERNS.items()}

# Packed track 2: digits, separators (nibble D, more than one where expiry or service code is left
# out), a start sentinel (B) in front and end sentinel or fill (F) behind.
_PACKED_TRACK: Final = re.compile(r"B?[0-9D]*F*")
# A sign byte (C, D, or a zero from systems that leave the sign out) and packed digits, seen as hex.
_PACKED_SIGNED: Final = re.compile(r"(?:4[34](?:[0-9]{2})*)?")
_PACKED_SIGNED_OR_N: Final = re.compile(r"(?:(?:4[34]|30)(?:[0-9]{2})*)?")

WORDS: Final[dict[Content, str]] = {
    Content.N: "digits",
    Content.BLANK_N: "digits",
    Content.LIKELY_N: "digits",
    Content.A: "letters and spaces",
    Content.AN: "letters, digits and spaces",
    Content.ANS: "printable characters",
    Content.NS: "digits and special characters",
    Content.B: "pairs of hex digits",
    Content.Z: "track characters (digits, separator, A-F)",
    Content.XN: "a sign letter C or D, then digits",
    Content.XN_OR_N: "a sign letter C or D (or none), then digits",
    Content.MASKED_N: "digits",
    Content.MASKED_Z: "track characters (digits, separator, A-F)",
}

_VERSIONS: Final = "01289"  # 1987, 1993, 2003, national and private use; 3 to 7 are reserved by ISO
MESSAGE_TYPES: Final = frozenset(
    f"{version}{number:03}" for version in _VERSIONS for number in range(100, 1000)
)
"""All message types that ISO 8583 leaves possible: class 0 is reserved, as are versions 3 to 7."""

FirstBad = Callable[[str], int | None]


def effective_content(layout: Layout, field: FieldLayout) -> Content:
    """What the value of a field is held to.

    Packed fields whose length counts nibbles hold digits unless the layout says otherwise;
    ``check_content`` off leaves that rule alone in force.
    """
    content = field.content
    if field.coding == Coding.BINARY and field.nibbles and content is Content.ANY:
        return Content.N
    if layout.check_content or (field.coding == Coding.BINARY and field.nibbles):
        return content
    return Content.ANY


def first_bad(content: Content, field: FieldLayout) -> FirstBad:
    """A function that finds the index of the first character of a field's wire-side value that
    breaks ``content``."""
    if field.coding == Coding.BINARY:
        return _first_bad_packed(content, field.nibbles)
    return first_bad_of_text(content)


def pattern(content: Content, field: FieldLayout) -> re.Pattern[str] | None:
    """The pattern that a whole wire-side value must match. ``None``: anything will do, or
    (``ANS``) anything printable."""
    if field.coding == Coding.BINARY:
        return _packed_pattern(content, field.nibbles)
    if content is Content.B:
        return _HEX_PAIRS
    return _MATCH.get(content)


@cache
def first_bad_of_text(content: Content) -> FirstBad:
    """The same for plain text.

    >>> first_bad_of_text(Content.N)("12O4"), first_bad_of_text(Content.N)("1204")
    (2, None)
    """
    if content in (Content.ANY, Content.LIKELY_N):
        return _anything
    if content is Content.ANS:
        return _first_unprintable
    if content is Content.B:
        return _first_no_hex_pair
    return _by_pattern(_MATCH[content])


def _packed_pattern(content: Content, nibbles: bool) -> re.Pattern[str] | None:
    if content in (Content.N, Content.BLANK_N, Content.MASKED_N):
        return _MATCH[Content.N]
    if content in (Content.Z, Content.MASKED_Z) and nibbles:
        return _PACKED_TRACK
    if content is Content.XN:
        return _MATCH[content] if nibbles else _PACKED_SIGNED
    if content is Content.XN_OR_N:
        return _MATCH[content] if nibbles else _PACKED_SIGNED_OR_N
    return None


@cache
def _first_bad_packed(content: Content, nibbles: bool) -> FirstBad:
    found = _packed_pattern(content, nibbles)
    return _anything if found is None else _by_pattern(found)


def _anything(_value: str) -> int | None:
    return None


def _first_unprintable(value: str) -> int | None:
    if value.isprintable():
        return None
    return next(k for k, char in enumerate(value) if not char.isprintable())


def _by_pattern(whole: re.Pattern[str]) -> FirstBad:
    def find(value: str) -> int | None:
        if whole.fullmatch(value):
            return None
        found = whole.match(value)
        return found.end() if found else 0

    return find


def _first_no_hex_pair(value: str) -> int | None:
    return next(
        (k for k, char in enumerate(value) if char not in _HEX),
        len(value) - 1 if len(value) & 1 else None,
    )


def canonical(canon: Canon, value: str) -> str:
    """The canonical value of a wire-side one.

    >>> canonical(Canon.TRACK2, "4111111111111111D3112"), canonical(Canon.SIGNED, "4400000200")
    ('4111111111111111=3112', 'D00000200')
    """
    if canon is Canon.TRACK2:
        return value.replace("D", "=")
    if canon is Canon.TRACK2_SENTINELS:
        return value.translate(SENTINELS)
    if canon is Canon.SIGNED and value:
        return chr(int(value[:2], 16)) + value[2:]
    return value


def wire_side(canon: Canon, value: str) -> str:
    """The inverse of :func:`canonical`; ``ValueError`` for what has no wire side."""
    if canon is Canon.TRACK2:
        return value.replace("=", "D")
    if canon is Canon.TRACK2_SENTINELS:
        return value.translate(NIBBLES)
    if canon is Canon.SIGNED and value:
        if ord(value[0]) > 255:
            raise ValueError("the sign is no single byte")
        return f"{ord(value[0]):02X}{value[1:]}"
    return value


SENTINELS: Final = str.maketrans("BDF", ";=?")
NIBBLES: Final = str.maketrans(";=?", "BDF")
