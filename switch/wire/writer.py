"""Writes a message slowly and strictly, and says which field cannot be written and why.

Owns the truth of what a layout can write: nothing that the reader would not read back with the
same values. The compiled codec may only write less and hands the rest over. Reasons never quote
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from switch.errors import EncodeError
from switch.wire import subfields
from switch.wire.codings import text_coding
from switch.wire.content import (
    MESSAGE_TYPES,
    WORDS,
    effective_content,
    first_bad,
    wire_side,
)
from switch.wire.layout import Coding, FieldLayout, Layout
from switch.wire.lengths import encode_length

_HEX: Final = frozenset("0123456789ABCDEFabcdef")


def write(fields: Mapping[str, str], layout: Layout) -> bytes:
    """The message with these canonical values. Raises ``EncodeError``."""
    items: Mapping[Any, Any] = fields
    for key, value in items.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise EncodeError(str(key), "ids and values are texts")
    numbers = field_numbers(fields, layout)
    out = bytearray()
    if layout.header is not None:
        if "h" not in fields:
            raise EncodeError("h", "this layout has a header")
        out += write_field(fields["h"], layout.header, layout)
    out += _message_type(fields, layout)
    leading, third = bitmaps(numbers, layout)
    out += leading
    for number in numbers:
        if number > 65 and third:
            out += third
            third = b""
        out += write_field(fields[str(number)], layout.fields[number], layout)
    out += third
    if "end" in fields:
        out += _trailing(fields["end"], layout)
    return bytes(out)


def field_numbers(fields: Mapping[str, str], layout: Layout) -> list[int]:
    """The numbered fields in order. Raises ``EncodeError`` for keys that the layout does not
    know."""
    numbers = []
    for key in fields:
        if key == "t" or (key == "h" and layout.header is not None):
            continue
        if key == "end" and not layout.strict_trailing:
            continue
        number = int(key) if key.isascii() and key.isdecimal() else 0
        if number not in layout.fields or str(number) != key:
            raise EncodeError(key, "this field is not known here")
        numbers.append(number)
    return sorted(numbers)


def bitmaps(numbers: list[int], layout: Layout) -> tuple[bytes, bytes]:
    """The bitmaps that stand in front, and the third one where it stands in place of field 65."""
    shape = layout.bitmap
    bits = 0
    for number in numbers:
        bits |= 1 << (192 - number)
    third = bits & (1 << 64) - 1
    if third:
        bits |= 1 << (192 - 65)
    second = bits >> 64 & (1 << 64) - 1
    if (second or shape.always_secondary) and not shape.fixed_16:
        bits |= 1 << 191
    count = 2 if second or shape.always_secondary or shape.fixed_16 else 1
    if not third:
        return _bitmap(bits >> (192 - 64 * count), count, layout), b""
    if shape.tertiary != "in-place":
        return _bitmap(bits, 3, layout), b""
    filler = b"\0" if shape.coding == Coding.BINARY else text_coding(shape.coding).encode("0")
    in_place = _bitmap(third, 1, layout)
    in_place += filler * (shape.tertiary_width - len(in_place))
    return _bitmap(bits >> 64, 2, layout), in_place


def _bitmap(bits: int, count: int, layout: Layout) -> bytes:
    raw = bits.to_bytes(8 * count, "big")
    if layout.bitmap.coding == Coding.BINARY:
        return raw
    text = raw.hex() if layout.bitmap.lower_case else raw.hex().upper()
    return text_coding(layout.bitmap.coding).encode(text)


def _message_type(fields: Mapping[str, str], layout: Layout) -> bytes:
    value = fields.get("t")
    if value is None:
        raise EncodeError("t", "a message has a type")
    if value not in MESSAGE_TYPES:
        raise EncodeError("t", "not four digits, or of a version or class that ISO 8583 reserves")
    if layout.mti_coding == Coding.BINARY:
        return bytes.fromhex(value)
    return text_coding(layout.mti_coding).encode(value)


def _trailing(value: str, layout: Layout) -> bytes:
    if not value or len(value) & 1 or not _HEX.issuperset(value) or value != value.upper():
        raise EncodeError("end", f"trailing bytes of {layout.name} are written in capital hex")
    return bytes.fromhex(value)


def write_field(value: str, shape: FieldLayout, layout: Layout) -> bytes:
    """One field with its length indicator. Raises ``EncodeError``."""
    try:
        wire = wire_side(shape.canon, value)
    except ValueError as error:
        raise EncodeError(shape.id, str(error)) from None
    content = effective_content(layout, shape)
    data, count = _packed(wire, shape) if shape.coding == Coding.BINARY else _text(wire, shape)
    if first_bad(content, shape)(wire) is not None:
        raise EncodeError(shape.id, f"must be {WORDS[content]}")
    if shape.sub is not None and not shape.sub.lenient:
        try:
            subfields.parse(shape.sub, wire)
        except subfields.SubfieldError as error:
            raise EncodeError(shape.id, error.reason) from None
    unit = "nibbles" if shape.nibbles else "bytes"
    if not shape.length_size:
        if count != shape.max_length:
            raise EncodeError(shape.id, f"{count} {unit}, must be {shape.max_length}")
        return data
    if count > shape.max_length:
        raise EncodeError(shape.id, f"{count} {unit}, at most {shape.max_length}")
    try:
        return encode_length(count, shape) + data
    except OverflowError as error:
        raise EncodeError(shape.id, str(error)) from None


def _packed(value: str, shape: FieldLayout) -> tuple[bytes, int]:
    if not _HEX.issuperset(value):
        raise EncodeError(shape.id, "packed and binary values are written in hex")
    padded = value
    if len(value) & 1:
        if not shape.nibbles:
            raise EncodeError(shape.id, "a byte has two hex digits")
        if not shape.pads:
            raise EncodeError(shape.id, "an odd count cannot be written without a pad")
        padded = shape.pads[0] + value if shape.pad_left else value + shape.pads[0]
    data = bytes.fromhex(padded)
    return data, len(value) if shape.nibbles else len(data)


def _text(value: str, shape: FieldLayout) -> tuple[bytes, int]:
    try:
        data = text_coding(shape.coding).encode(value)
    except UnicodeError:
        raise EncodeError(shape.id, f"a character cannot be written in {shape.coding}") from None
    return data, 2 * len(data) if shape.nibbles else len(data)
