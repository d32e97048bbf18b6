"""Strategies for messages: made-up layouts, messages that a layout writes, and what noise makes of
them.

Owns the drawing, and the short list of reasons why a strict codec refuses what pyiso8583 reads.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from switch import tlv
from switch.errors import DecodeError, Fault
from switch.wire.codec import Codec
from switch.wire.content import effective_content
from switch.wire.elements import scan
from switch.wire.layout import (
    BitmapLayout,
    Canon,
    Coding,
    Content,
    FieldLayout,
    Layout,
    SubKind,
    SubLayout,
)
from switch.wire.lengths import widest
from switch.wire.reference import Reference
from switch.wire.writer import write

TEXTS = ("ascii", "cp500", "latin-1", "cp1047", "gbk", "utf-8")
CHARACTERS = {
    Content.N: "0123456789",
    Content.BLANK_N: "0123456789",
    Content.A: "ABZaz ",
    Content.AN: "AZaz09 ",
    Content.ANS: "AZaz09 -/.,+:",
    Content.NS: "0123456789 -/.",
    Content.B: "0123456789ABCDEFabcdef",
    Content.Z: "0123456789=D",
    Content.ANY: "AZaz09 =+_",
    Content.MASKED_N: "0123456789",
    Content.MASKED_Z: "0123456789=D",
}
NUMBERS = (Content.N, Content.BLANK_N, Content.MASKED_N)
DIGITS = "0123456789"
HEXES = "0123456789ABCDEF"

# Why a strict codec refuses what pyiso8583 reads: nothing else may be a reason.
STRICTER = (
    "must be ",
    "message type is not four digits",
    "message type is of a version or class",
    "length is not digits",
    "is not hex",
    "a third bitmap is announced, none is known here",
    "third bitmap names field",
)


@dataclass(frozen=True)
class Message:
    """A layout, values that it can write, and the bytes."""

    layout: Layout
    fields: dict[str, str]
    data: bytes


def _length(draw: st.DrawFn, plain: bool) -> tuple[str, int]:
    """Coding and size of a length indicator; ``plain``: one that pyiso8583 knows."""
    if draw(st.booleans()):
        more = [] if plain else [Coding.BCD_LEFT]
        return draw(st.sampled_from([Coding.BCD, Coding.BINARY, *more])), draw(st.integers(1, 2))
    more = [] if plain else [Coding.HEX_DIGITS]
    return draw(st.sampled_from(["ascii", "cp500", *more])), draw(st.integers(1, 4))


@st.composite
def shapes(draw: st.DrawFn, field_id: str, plain: bool) -> FieldLayout:
    """One field of any kind; ``plain``: one that pyiso8583 knows."""
    coding = draw(st.sampled_from(["b", "b", *(TEXTS if not plain else TEXTS[:3])]))
    coded, size = "ascii", 0
    if draw(st.booleans()):
        coded, size = _length(draw, plain)
    nibbles = coding == "b" and draw(st.booleans())
    if coding == "b":
        kinds = [
            Content.N,
            Content.LIKELY_N,
            Content.B,
            Content.ANY,
            *([Content.Z] if nibbles else []),
        ]
        content = draw(st.sampled_from(kinds))
    else:
        content = draw(st.sampled_from(list(CHARACTERS)))
    canon = Canon.NONE
    if coding == "b" and not nibbles and draw(st.booleans()):
        content, canon = Content.XN, Canon.SIGNED
    elif content is Content.Z and coding == "b":
        canon = draw(st.sampled_from([Canon.NONE, Canon.TRACK2, Canon.TRACK2_SENTINELS]))
    even = coding != "b" and content is Content.B
    length = draw(st.integers(1, 9)) * (2 if even else 1)
    if size and draw(st.integers(0, 7)) == 0:
        length = 70_000  # more than any table of lengths holds
    return FieldLayout(
        id=field_id,
        name=field_id,
        coding=coding,
        max_length=length,
        length_coding=coded,
        length_size=size,
        nibbles=nibbles,
        pad_left=draw(st.booleans()),
        pads=draw(st.sampled_from(["0", "F", "0F"])),
        other_pads="" if plain else draw(st.sampled_from(["", "F"])),
        content=content,
        canon=canon,
    )


@st.composite
def layouts(draw: st.DrawFn, plain: bool = False) -> Layout:
    """A layout of up to eight fields; ``plain``: one that pyiso8583 knows."""
    flags = st.just(False) if plain else st.booleans()
    third = draw(st.sampled_from(["none", "65"] if plain else ["none", "none", "65", "in-place"]))
    last = 192 if third != "none" else 128
    numbers = draw(st.sets(st.integers(2, last).filter(lambda n: n != 65), min_size=1, max_size=8))
    coding = draw(st.sampled_from(["ascii", "cp500", "b"]))
    bitmap = BitmapLayout(
        coding=coding,
        fixed_16=draw(flags),
        always_secondary=draw(flags),
        lower_case=draw(flags),
        tertiary=third,
        tertiary_width=draw(st.integers(8 if coding == "b" else 16, 33)),
    )
    return Layout(
        name="drawn",
        mti_coding=draw(st.sampled_from(["ascii", "cp500", "b"])),
        bitmap=bitmap,
        fields={number: draw(shapes(str(number), plain)) for number in numbers},
        header=draw(st.none() | shapes("h", plain)),
        strict_trailing=not draw(flags),
    )


def _characters(draw: st.DrawFn, alphabet: str, size: int) -> str:
    return draw(st.text(st.sampled_from(alphabet), min_size=size, max_size=size))


def _signed(draw: st.DrawFn, digits: int) -> str:
    return draw(st.sampled_from("CD")) + _characters(draw, DIGITS, digits)


def drawable(shape: FieldLayout) -> bool:
    """Whether :func:`value` can fill the field: its inside, if any, is one that is drawn here."""
    if shape.sub is None or shape.sub.lenient:
        return True
    if shape.sub.kind is SubKind.POSITIONAL and not shape.sub.binary:
        plain = all(not part.length_digits for part in shape.sub.parts)
        return plain and sum(part.length for part in shape.sub.parts) <= shape.max_length
    return shape.sub.kind is SubKind.BER_TLV and shape.sub.binary and shape.max_length > 40


def value(draw: st.DrawFn, layout: Layout, shape: FieldLayout) -> str:
    """A value that the field can carry."""
    if shape.sub is not None and not shape.sub.lenient:
        return _inside(draw, shape.sub)
    content = effective_content(layout, shape)
    count = shape.max_length
    if shape.length_size:
        count = draw(st.integers(0, min(shape.max_length, widest(shape), 24)))
    if shape.coding == "b":
        return _packed(draw, shape, content, count)
    if content in (Content.XN, Content.XN_OR_N):
        return _signed(draw, count - 1) if count else ""
    if content is Content.B:
        count -= count & 1
    return _characters(draw, CHARACTERS.get(content, CHARACTERS[Content.ANY]), count)


def _packed(draw: st.DrawFn, shape: FieldLayout, content: Content, count: int) -> str:
    size = count if shape.nibbles else 2 * count
    if content in (Content.XN, Content.XN_OR_N):
        if not count:
            return ""
        if shape.canon is Canon.SIGNED or shape.nibbles:
            return _signed(draw, size - (1 if shape.nibbles else 2))
        return draw(st.sampled_from(["43", "44"])) + _characters(draw, DIGITS, size - 2)
    if content in (Content.Z, Content.MASKED_Z) and shape.nibbles:
        return _characters(draw, DIGITS + ("D" if shape.canon is Canon.NONE else "="), size)
    return _characters(draw, DIGITS if content in NUMBERS else HEXES, size)


def _inside(draw: st.DrawFn, sub: SubLayout) -> str:
    if sub.kind is SubKind.BER_TLV:
        tags = st.sampled_from(["9F02", "9F26", "95", "9C", "DF8101"])
        objects = draw(st.lists(st.tuples(tags, st.binary(max_size=8)), max_size=3))
        return tlv.build(objects).hex().upper()
    return "".join(
        _signed(draw, part.length - 1)
        if part.content is Content.XN
        else _characters(draw, CHARACTERS.get(part.content, DIGITS), part.length)
        for part in sub.parts
    )


@st.composite
def messages_of(draw: st.DrawFn, layout: Layout) -> Message:
    """A message of a given layout, up to eight fields."""
    known = sorted(number for number, shape in layout.fields.items() if drawable(shape))
    chosen = draw(st.sets(st.sampled_from(known), max_size=8))
    fields = {}
    if layout.header is not None:
        fields["h"] = value(draw, layout, layout.header)
    fields["t"] = draw(st.sampled_from(["0200", "0810", "1420", "2804"]))
    for number in sorted(chosen):
        fields[str(number)] = value(draw, layout, layout.fields[number])
    if not layout.strict_trailing and draw(st.booleans()):
        fields["end"] = draw(st.binary(min_size=1, max_size=5)).hex().upper()
    return Message(layout, fields, write(fields, layout))


def messages(plain: bool = False) -> st.SearchStrategy[Message]:
    """A message of a made-up layout."""
    return layouts(plain).flatmap(messages_of)


@st.composite
def noisy(draw: st.DrawFn, data: bytes) -> bytes:
    """What line noise makes of bytes: some changed, lost, added, cut off."""
    out = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(out)))
        new = draw(st.binary(max_size=2) | st.sampled_from([b"0", b"9", b" ", b"+", b"F", b"\xf0"]))
        kind = draw(st.sampled_from(["change", "insert", "delete", "cut"]))
        if kind == "change":
            out[at : at + len(new)] = new
        elif kind == "insert":
            out[at:at] = new
        elif kind == "delete":
            del out[at : at + 1]
        else:
            del out[at:]
    return bytes(out)


@st.composite
def damaged(draw: st.DrawFn, plain: bool = False) -> tuple[Message, bytes]:
    """A message of a made-up layout, and what noise made of it."""
    message = draw(messages(plain))
    return message, draw(noisy(message.data))


def outcome(codec: Codec, data: bytes) -> dict[str, str] | DecodeError:
    """What a codec makes of bytes: values, or its error."""
    try:
        return codec.decode(data)
    except DecodeError as error:
        return error


def _lies_inside(layout: Layout, fault: Fault) -> bool:
    """Whether a fault is in the data of a composite, which the reference does not open."""
    number = fault.field or ""
    shape = layout.fields.get(int(number)) if number.isdecimal() else None
    return shape is not None and shape.sub is not None and fault.element == f"{number}.data"


def judge_by_reference(layout: Layout, data: bytes) -> None:
    """Fail where pyiso8583 and the strict reader differ otherwise than they may: what it refuses is
    refused, what both accept is equal, what only we refuse has a reason of :data:`STRICTER` or
    lies inside a composite.
    """
    reference, ours = Reference(layout), scan(data, layout)
    try:
        theirs = reference.decode(data)
    except DecodeError:
        assert ours.fault is not None, "accepted what the reference refuses"
        return
    if ours.fault is not None:
        listed = any(reason in ours.fault.reason for reason in STRICTER)
        assert listed or _lies_inside(layout, ours.fault), ours.fault
        return
    assert ours.fields == theirs
    assert reference.encode(theirs) == write(theirs, layout)
    assert reference.differences(data, ours.fields) == []
