"""What would have been right in the place of a fault, in words: for the people who write the other
end.

Owns one sentence made of the layout alone, never of the message.
"""

from __future__ import annotations

from typing import Final

from switch.errors import Fault
from switch.wire.content import WORDS
from switch.wire.layout import Coding, Content, FieldLayout, Layout

_LENGTHS: Final = {
    Coding.BCD: "of packed digits",
    Coding.BCD_LEFT: "of packed digits, left-justified",
    Coding.BINARY: "as a binary number",
    Coding.HEX_DIGITS: "of hex digits",
}


def expected(fault: Fault, layout: Layout) -> str:
    """What should stand in the place of the fault; empty where nothing should, or nobody can tell.

    >>> amount = FieldLayout("4", "Amount", Coding.BINARY, 12, nibbles=True, content=Content.N)
    >>> from switch.wire.layout import BitmapLayout
    >>> layout = Layout("packed", Coding.BINARY, BitmapLayout(), {4: amount})
    >>> expected(Fault("4", "4.data", 10, 12, "must be digits"), layout)
    'right would be Amount: 12 digits, packed in 6 bytes'
    """
    told = _told(fault, layout)
    return f"right would be {told}" if told else ""


def _told(fault: Fault, layout: Layout) -> str:
    if fault.field == "t":
        return f"a message type such as 0200, {_digits(layout.mti_coding)}"
    if fault.field in ("p", "1"):
        packed = layout.bitmap.coding == Coding.BINARY
        shape = "8 bytes" if packed else f"16 hex characters in {_name(layout.bitmap.coding)}"
        return f"a bitmap of {shape}"
    number = fault.field or ""
    field = layout.fields.get(int(number)) if number.isdecimal() else None
    if field is None:
        return ""
    name = field.name or f"field {number}"
    if fault.element == f"{number}.len":
        return f"{name}: a length {_length(field)}, at most {field.max_length}"
    return f"{name}: {_value(field)}"


def _digits(coding: str) -> str:
    packed = coding == Coding.BINARY
    return "four digits packed in 2 bytes" if packed else f"four digits in {_name(coding)}"


def _name(coding: str) -> str:
    return {"ascii": "ASCII", "latin-1": "ASCII", "cp500": "EBCDIC"}.get(coding, coding)


def _length(field: FieldLayout) -> str:
    words = _LENGTHS.get(Coding(field.length_coding)) if field.length_coding in _LENGTHS else None
    unit = "byte" if words and field.length_coding != Coding.HEX_DIGITS else "digit"
    count = f"of {field.length_size} {unit}{'s' * (field.length_size != 1)}"
    return f"{count} {words}" if words else f"{count} in {_name(field.length_coding)}"


def _value(field: FieldLayout) -> str:
    up_to = "up to " if field.length_size else ""
    most = field.max_length
    digits = WORDS.get(field.content) == "digits"
    if field.nibbles:
        packed = "packed two a byte" if up_to else f"packed in {(most + 1) // 2} bytes"
        return f"{up_to}{most} {'digits' if digits else 'nibbles'}, {packed}"
    if field.coding == Coding.BINARY:
        return f"{up_to}{most} byte{'s' * (most != 1)}"
    script = _name(field.coding)
    if digits:
        return f"{up_to}{most} digits in {script}"
    kind = "" if field.content is Content.ANY else f", {WORDS[field.content]}"
    return f"{up_to}{most} characters in {script}{kind}"
