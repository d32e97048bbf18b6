"""pyiso8583 as the reference: what it can express, what it says, and that its errors stay here."""

from __future__ import annotations

import traceback
from dataclasses import replace

import pytest

from switch.errors import DecodeError, EncodeError
from switch.wire.codec import Codec
from switch.wire.layout import BitmapLayout, Canon, Coding, Content, FieldLayout, Layout
from switch.wire.reference import Inexpressible, Reference, differences, spec_of

LAYOUT = Layout(
    "house",
    "ascii",
    BitmapLayout("b"),
    {
        2: FieldLayout("2", "PAN", "ascii", 19, length_size=2, content=Content.N, sensitive=True),
        3: FieldLayout("3", "code", "b", 6, nibbles=True),
        28: FieldLayout("28", "fee", "b", 5, content=Content.XN, canon=Canon.SIGNED),
        35: FieldLayout(
            "35", "track 2", "b", 37, "bcd", 1, True, pad_left=False, pads="F",
            content=Content.Z, canon=Canon.TRACK2,
        ),
        70: FieldLayout("70", "network code", "b", 3, nibbles=True),
    },
)  # fmt: skip
FIELDS = {"t": "0200", "2": "4761739001010010", "3": "000000", "28": "C00000150",
          "35": "4761739001010010=3112", "70": "301"}  # fmt: skip


def test_a_layout_becomes_the_spec_that_describes_it() -> None:
    """Encodings, lengths, nibble counts and pads in the library's words."""
    spec = spec_of(LAYOUT)

    assert spec["h"]["max_len"] == 0
    assert (spec["t"]["max_len"], spec["p"]["max_len"]) == (4, 8)
    assert spec["2"] == {
        "data_enc": "ascii", "len_enc": "ascii", "len_type": 2, "max_len": 19, "desc": "PAN",
    }  # fmt: skip
    assert spec["35"]["right_pad"] == "F"
    assert spec["70"]["left_pad"] == "0"
    assert spec["35"]["len_count"] == "nibbles"


def test_both_ways_agree_with_the_codec() -> None:
    """Canonical values in and out, equal bytes, no differences."""
    reference, codec = Reference(LAYOUT), Codec(LAYOUT)
    data = codec.encode(FIELDS)

    assert reference.encode(FIELDS) == data
    assert reference.decode(data) == FIELDS
    assert differences(LAYOUT, data, FIELDS) == []


def test_differences_name_fields_without_their_values() -> None:
    """Another value, a field too many, a field too few: told by id and length only."""
    data = Codec(LAYOUT).encode(FIELDS)
    ours = {**FIELDS, "2": "4761739001010011", "4": "000000001000"}
    del ours["70"]

    found = differences(LAYOUT, data, ours)

    assert found == [
        "field 2: the reference reads another value (16 and 16 characters)",
        "field 4: the reference does not see it",
        "field 70: only the reference sees it",
    ]
    assert differences(LAYOUT, data[:-1], FIELDS)[0].startswith("the reference refuses")


def test_several_pads_are_tried_one_by_one() -> None:
    """The library knows one pad a side; the layout may accept two, on several fields at once."""
    fields = {
        2: FieldLayout("2", "", "b", 19, "bcd", 1, True, pad_left=False, pads="F0"),
        70: FieldLayout("70", "", "b", 3, nibbles=True, pads="0F"),
    }
    layout = replace(LAYOUT, fields=fields)
    reference, codec = Reference(layout), Codec(layout)
    head = b"0200" + bytes.fromhex("C000000000000000 0400000000000000")

    for track, code in (("F", "0"), ("F", "F"), ("0", "0"), ("0", "F")):
        data = head + bytes.fromhex(f"05 12345{track} {code}301")
        assert reference.decode(data) == codec.decode(data)
    wrong = head + bytes.fromhex("05 123451 0301")
    assert reference.differences(wrong, {})[0].startswith("the reference refuses")


def clean(error: BaseException) -> str:
    """All that a log could show of an error and what hangs on it."""
    return "".join(traceback.format_exception(error)) + repr(error.__dict__)


def test_errors_of_the_library_do_not_come_out() -> None:
    """Its ``DecodeError`` carries the message, and a missing entry is a ``KeyError``: ours carry
    neither."""
    reference = Reference(LAYOUT)
    data = Codec(LAYOUT).encode(FIELDS)
    unknown = data[:4] + bytes([data[4] | 8]) + data[5:]

    for broken, field in ((data[:-1], "70"), (unknown, "5")):
        with pytest.raises(DecodeError) as caught:
            reference.decode(broken)
        assert caught.value.fault.field == field
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert "4761" not in clean(caught.value)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"t": "0200", "3": "00000"}, "3"),
        ({"t": "0200", "5": "1"}, "5"),
        ({"3": "000000"}, "t"),
        ({"t": "0200", "2": 4761739001010010}, "2"),
    ],
)
def test_what_it_cannot_write_is_our_error(fields: dict[str, str], field: str) -> None:
    """``EncodeError`` with the field, nothing hanging on it."""
    with pytest.raises(EncodeError) as caught:
        Reference(LAYOUT).encode(fields)

    assert caught.value.field == field
    assert caught.value.__context__ is None


def with_field(**changes: object) -> Layout:
    """The layout with field 70 changed."""
    return replace(LAYOUT, fields={70: replace(LAYOUT.fields[70], **changes)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("layout", "told"),
    [
        (replace(LAYOUT, bitmap=BitmapLayout("b", fixed_16=True)), "fixed width"),
        (replace(LAYOUT, bitmap=BitmapLayout("b", always_secondary=True)), "empty secondary"),
        (replace(LAYOUT, bitmap=BitmapLayout("ascii", lower_case=True)), "small letters"),
        (replace(LAYOUT, bitmap=BitmapLayout("b", tertiary="in-place")), "in place of field 65"),
        (replace(LAYOUT, strict_trailing=False), "trailing bytes"),
        (replace(LAYOUT, fields={65: FieldLayout("65", "", "b", 1)}), "a field 65"),
        (with_field(length_size=1, length_coding=Coding.BCD_LEFT), "lengths in bcd-left"),
        (with_field(length_size=1, length_coding=Coding.HEX_DIGITS), "lengths in hex"),
        (with_field(pads="0F", other_pads="F"), "several pads on both sides"),
        (with_field(pad_left=False, other_pads="F"), "the right one first"),
        (with_field(coding="cp1047", nibbles=False), "cp1047"),
    ],
)
def test_shapes_that_it_cannot_say_are_told(layout: Layout, told: str) -> None:
    """Each one is named, so that nobody takes silence for agreement."""
    with pytest.raises(Inexpressible, match=told):
        Reference(layout)
