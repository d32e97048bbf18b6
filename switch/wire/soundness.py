"""Whether a layout can be right at all: everything that reader, writer and compiler rely on is
checked here, once.

Owns the refusals (``ConfigError``). A layout that passes holds only known codings, lengths that
fit their indicators, pads that are nibbles and composites that advance, so nobody behind this door
checks again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from switch.errors import ConfigError
from switch.wire.codings import text_coding
from switch.wire.layout import (
    BitmapLayout,
    Canon,
    Coding,
    FieldLayout,
    Layout,
    SubKind,
    SubLayout,
)

MAX_LENGTH: Final = 1_000_000
_NIBBLES: Final = frozenset("0123456789ABCDEF")
_BINARY_LENGTHS: Final = (Coding.BINARY, Coding.BCD, Coding.BCD_LEFT)


def check_layout(layout: Layout) -> None:
    """Raise ``ConfigError`` for the first thing that cannot be right."""
    for where, reason in _faults(layout):
        raise ConfigError(f"layout {layout.name}, {where}", reason)


def _faults(layout: Layout) -> Iterator[tuple[str, str]]:
    if layout.mti_coding != Coding.BINARY:
        yield from _coding("message type", layout.mti_coding)
    yield from _bitmap(layout.bitmap)
    if layout.header is not None:
        yield from _field("h", layout.header)
    last = 192 if layout.bitmap.tertiary != "none" else 128
    for number, field in layout.fields.items():
        where = f"field {number}"
        if type(number) is not int or not 2 <= number <= last:
            yield where, f"field numbers lie between 2 and {last}"
        elif number == 65 and layout.bitmap.tertiary != "none":
            yield where, "bit 65 announces the third bitmap, it is no field here"
        elif field.id != str(number):
            yield where, f"carries the id {field.id!r}"
        else:
            yield from _field(str(number), field)


def _coding(where: str, name: str) -> Iterator[tuple[str, str]]:
    try:
        text_coding(name)
    except LookupError as error:
        yield where, str(error)


def _bitmap(bitmap: BitmapLayout) -> Iterator[tuple[str, str]]:
    units = 8
    if bitmap.coding != Coding.BINARY:
        units = 16
        yield from _coding("bitmap", bitmap.coding)
    if bitmap.tertiary not in ("none", "65", "in-place"):
        yield "bitmap", f"unknown kind of third bitmap {bitmap.tertiary!r}"
    if bitmap.tertiary == "in-place" and not units <= bitmap.tertiary_width <= MAX_LENGTH:
        yield "bitmap", f"a third bitmap is at least {units} units wide"


def _field(name: str, field: FieldLayout) -> Iterator[tuple[str, str]]:
    where = f"field {name}"
    if not 0 <= field.max_length <= MAX_LENGTH:
        yield where, f"length {field.max_length} is not between 0 and {MAX_LENGTH}"
    if not field.max_length and not field.length_size:
        yield where, "a fixed field has a length"
    if field.coding != Coding.BINARY:
        yield from _coding(where, field.coding)
        if field.nibbles and field.max_length & 1 and not field.length_size:
            yield where, "half a byte is no character"
        if field.canon is not Canon.NONE:
            yield where, "canonical values differ in packed fields only"
    if field.canon is Canon.SIGNED and field.nibbles:
        yield where, "a signed amount counts bytes"
    if not 0 <= field.length_size <= 8:
        yield where, f"length indicator of {field.length_size} units"
    if field.length_size and field.length_coding not in (*_BINARY_LENGTHS, Coding.HEX_DIGITS):
        yield from _coding(where, field.length_coding)
    if not _NIBBLES.issuperset(field.pads + field.other_pads):
        yield where, "pads are hex digits (capitals)"
    if field.sub is not None:
        yield from _inside(where, field.sub)


def _inside(where: str, sub: SubLayout) -> Iterator[tuple[str, str]]:
    for part in sub.parts:
        if part.length < 1 or not 0 <= part.length_digits <= 8:
            yield where, f"part {part.id} has no length"
    if sub.kind is SubKind.POSITIONAL and not sub.parts:
        yield where, "a positional field has parts"
    if sub.kind is SubKind.TLV and not (sub.tag_width > 0 and sub.length_width > 0):
        yield where, "tag and length have a width"
    if sub.kind is SubKind.LLVAR and sub.length_width < 1:
        yield where, "the length of an item has a width"
    if sub.kind is SubKind.BITMAP and sub.bitmap_bytes < 1:
        yield where, "an inner bitmap has a width"
