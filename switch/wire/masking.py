"""What of a message may be shown: card numbers first six and last four, tracks and secrets not at
all.

Owns the decision which characters of a value, and which digits of its bytes, are covered. Goes by
what the layout calls sensitive and, in free fields, by what looks like a card number or a track
(SR-PAN-01, SR-SAD-01): better too much covered than a number shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from switch.values import luhn_ok, mask_pan
from switch.wire.elements import Element
from switch.wire.layout import Coding, Content, FieldLayout, SubKind
from switch.wire.semantics import is_sensitive, tag_is_sensitive
from switch.wire.subfields import SubElement

HIDDEN: Final = "[hidden]"

# Track 1 has a circumflex, which is another character where an EBCDIC of one country is read as
# that of another.
_TRACK: Final = re.compile("([0-9]{12,19})[=D^\u00a2\u00ac]([0-9A-Za-z /.^=?\u00a2\u00ac]{4,})")
_LONG_RUN: Final = re.compile(r"[0-9]{15,}")
# First digit of a card number -> how many digits it has as a rule.
_SIZES: Final = {"2": (16,), "3": (14, 15, 16), "4": (16, 19), "5": (16,), "6": (16, 19)}
_NUMBER: Final = re.compile(r"(?<![0-9])[1-9][0-9]{12,18}(?![0-9])")


def covered(element: Element, shape: FieldLayout | None, meaning: str = "") -> set[int] | None:
    """Indexes of the characters of ``element.value`` that must not be shown; ``None``: all of it.

    ``shape`` is the field's layout (``None`` for message type and bitmaps, which show all);
    ``meaning`` its semantic name where a dialect gives one.
    """
    if shape is None:
        return set()
    if meaning == "pan" or shape.id == "2":
        return _covered_pan(element.value)
    if shape.sub is not None and shape.sub.kind in (SubKind.BER_TLV, SubKind.DATASET):
        return _covered_tags(element, shape)
    if shape.sensitive or is_sensitive(meaning):
        return None
    if shape.content in (Content.N, Content.BLANK_N) and not shape.length_size:
        return set()
    return set(_look_alikes(element.value, shape.coding == Coding.BINARY))


def cover(element: Element, hidden: set[int] | None) -> tuple[str, str, str]:
    """Value, canonical value and hex of the data with the characters in ``hidden`` covered."""
    digits = element.data.hex().upper()
    if hidden is None:
        return HIDDEN, HIDDEN, HIDDEN
    if not hidden:
        return element.value, element.canonical, digits
    value = _stars(element.value, hidden)
    same = element.canonical == element.value
    return value, value if same else HIDDEN, _covered_hex(element, digits, hidden)


def cover_text(value: str, binary: bool) -> str:
    """A part of a composite with card numbers in it covered."""
    hidden = set(_look_alikes(value, binary))
    return _stars(value, hidden) if hidden else value


def _stars(value: str, hidden: Iterable[int]) -> str:
    chars = list(value)
    for k in hidden:
        chars[k] = "*"
    return "".join(chars)


def _covered_hex(element: Element, digits: str, hidden: set[int]) -> str:
    """The digits of the bytes that the covered characters come from."""
    if len(element.data) == len(element.value):
        return _stars(digits, (2 * k + half for k in hidden for half in (0, 1)))
    start = digits.find(element.value.upper())
    if start < 0:
        return HIDDEN
    return _stars(digits, (start + k for k in hidden))


def _covered_pan(value: str) -> set[int]:
    shown = mask_pan(value)
    return {k for k, char in enumerate(shown) if char == "*"}


def _covered_tags(element: Element, shape: FieldLayout) -> set[int] | None:
    """The values of sensitive tags; all where the inside was not parsed or its place is unclear."""
    if not element.sub or shape.sub is None:
        return None if element.value else set()
    per_byte = 2 if shape.coding == Coding.BINARY else 1
    if len(element.value) != len(element.data) * per_byte:
        return None
    in_hex = per_byte == 2 or shape.sub.binary
    hidden = set(_look_alikes(element.value, in_hex))
    for item in _leaves(element.sub):
        if tag_is_sensitive(item.id):
            end = (item.offset + item.length - element.data_offset) * per_byte
            width = len(item.value) if in_hex else len(item.value) // 2
            hidden.update(range(end - width, end))
    return hidden


def _leaves(items: Iterable[SubElement]) -> Iterator[SubElement]:
    for item in items:
        yield item
        yield from _leaves(item.children)


def _look_alikes(value: str, binary: bool) -> Iterator[int]:
    """Where a value seems to hold a card number or a track, as it stands or written in bytes."""
    yield from _found(value)
    if binary and len(value) % 2 == 0:
        text = bytes.fromhex(value)
        for k in (*_found(text.decode("latin-1")), *_found(text.decode("cp500"))):
            yield 2 * k
            yield 2 * k + 1


def _found(text: str) -> Iterator[int]:
    for match in _TRACK.finditer(text):
        yield from range(match.start() + 6, match.end())
    for match in _NUMBER.finditer(text):
        if luhn_ok(match.group()):
            yield from range(match.start() + 6, match.end() - 4)
    for match in _LONG_RUN.finditer(text):
        yield from _inside_digits(match.group(), match.start())


def _inside_digits(digits: str, start: int) -> Iterator[int]:
    """Where other digits, such as a tag and a length, stand right beside a card number."""
    for k, digit in enumerate(digits):
        for size in _SIZES.get(digit, ()):
            piece = digits[k : k + size]
            if len(piece) == size < len(digits) and luhn_ok(piece):
                yield from range(start + k + 6, start + k + size - 4)
