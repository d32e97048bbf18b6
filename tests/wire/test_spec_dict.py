"""A pyiso8583 spec dict becomes a layout, with the content that the standard lends it; specs that
cannot be meant are refused with the entry at fault."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from switch.errors import ConfigError
from switch.wire.codec import Codec
from switch.wire.doubts import doubts
from switch.wire.layout import BitmapLayout, Canon, Content, Layout
from switch.wire.reader import read
from switch.wire.spec_dict import layout_of_spec, load_spec


def entry(length: int, size: int = 0, data: str = "ascii", **more: Any) -> dict[str, Any]:
    """One entry of a spec, ASCII unless told otherwise."""
    plain = {"data_enc": data, "len_enc": "ascii", "len_type": size, "max_len": length}
    return {**plain, "desc": "described", **more}


def spec(**fields: dict[str, Any]) -> dict[str, Any]:
    """A small all-ASCII spec with fields ``f2``, ``f3`` ... added."""
    heads = {"h": entry(0), "t": entry(4), "p": entry(16), "1": entry(16)}
    return {**heads, **{name[1:]: field for name, field in fields.items()}}


def content(layout: Layout, number: int) -> Content:
    """What the field is held to."""
    return layout.fields[number].content


def test_bare_and_wrapped_specs_are_read() -> None:
    """``{"pyiso8583": ..., "canonical": ...}`` and the dict alone give the same layout, but for
    the canonical forms."""
    fields = spec(f28=entry(5, data="b"), f35=entry(37, 1, "b", len_enc="bcd", len_count="nibbles"))
    wrapped = {"pyiso8583": fields, "canonical": {"28": "x+n", "35": "t2eq"}}

    bare, full = layout_of_spec(fields), layout_of_spec(wrapped)

    assert [bare.fields[n].canon for n in (28, 35)] == [Canon.NONE, Canon.NONE]
    assert [full.fields[n].canon for n in (28, 35)] == [Canon.SIGNED, Canon.TRACK2]


def test_the_standard_lends_content_where_length_agrees() -> None:
    """Numbers, amounts with a sign, tracks and hex of the standard's length are held to it."""
    layout = layout_of_spec(
        spec(
            f2=entry(19, 2),
            f4=entry(12),
            f12=entry(12),
            f28=entry(9),
            f35=entry(37, 2),
            f52=entry(16),
            f43=entry(40),
            f48=entry(999, 3),
        )
    )

    assert content(layout, 2) is Content.MASKED_N
    assert content(layout, 4) is Content.BLANK_N
    assert content(layout, 12) is Content.BLANK_N  # 1993's length
    assert content(layout, 28) is Content.XN_OR_N
    assert content(layout, 35) is Content.MASKED_Z
    assert content(layout, 52) is Content.B
    assert content(layout, 43) is Content.ANY
    assert content(layout, 48) is Content.ANY


def test_a_houses_own_use_of_an_element_is_left_alone() -> None:
    """Another length, or no description of a variable number, and any characters pass."""
    layout = layout_of_spec(
        spec(f2=entry(19, 2, desc=""), f3=entry(255, 3), f10=entry(999, 3), f32=entry(11, 2))
    )

    assert content(layout, 2) is Content.ANY
    assert content(layout, 3) is Content.ANY
    assert content(layout, 10) is Content.ANY
    assert content(layout, 32) is Content.N


def test_packed_fields_are_digits_but_for_tracks_and_secrets() -> None:
    """Nibble-counted numbers are digits; track 2 has separators, PIN data is any hex; private
    fields are likely digits."""
    nibbles: dict[str, Any] = {"data": "b", "len_count": "nibbles", "left_pad": "0"}
    layout = layout_of_spec(
        spec(
            f4=entry(12, **nibbles),
            f35=entry(37, **nibbles),
            f52=entry(16, **nibbles),
            f60=entry(13, **nibbles),
        )
    )

    assert [content(layout, n) for n in (4, 35, 52, 60)] == [
        Content.N,
        Content.Z,
        Content.B,
        Content.LIKELY_N,
    ]


@pytest.mark.parametrize(
    ("number", "length", "value", "at"),
    [
        (4, 12, "         100", 0),
        (4, 12, "100         ", 3),
        (14, 4, "    ", 0),
        (53, 16, "2600000000A1B2C3", 10),
        (90, 42, "0200000123112410011200000400001REFERENCE01", 31),
    ],
)
def test_numbers_that_hosts_fill_in_their_own_way_raise_a_doubt(
    number: int, length: int, value: str, at: int
) -> None:
    """Blanks around the digits, hex keys among security data, names among original data: read."""
    layout = layout_of_spec(spec(**{f"f{number}": entry(length)}))
    bits = 1 << (128 - number) | (number > 64) << 127
    bitmap = f"{bits:032X}" if number > 64 else f"{bits:032X}"[:16]
    reading = read(f"0200{bitmap}{value}".encode(), layout)
    (doubt,) = doubts(reading, layout)

    assert reading.fault is None
    assert reading.fields[str(number)] == value
    start = 4 + len(bitmap)
    assert (doubt.field, doubt.offset, doubt.at) == (str(number), start, start + at)
    assert "number" in doubt.reason
    assert Codec(layout).encode(reading.fields) == f"0200{bitmap}{value}".encode()


@pytest.mark.parametrize("value", ["0000000O0100", "1   00000000", "-00000000100", "00000000010."])
def test_anything_else_in_a_number_is_refused(value: str) -> None:
    """Letters, signs, blanks between digits."""
    layout = layout_of_spec(spec(f4=entry(12)))
    fault = read(f"02001000000000000000{value}".encode(), layout).fault

    assert fault is not None
    assert (fault.field, fault.offset) == ("4", 20)


def test_packed_private_fields_may_hold_any_nibble() -> None:
    """A packed number of the standard holds digits, a house's own field raises a doubt."""
    nibbles: dict[str, Any] = {"data": "b", "len_count": "nibbles", "left_pad": "0"}
    layout = layout_of_spec(spec(f3=entry(6, **nibbles), f62=entry(6, **nibbles)))
    own = read(b"02000000000000000004" + bytes.fromhex("12AB56"), layout)
    number = read(b"02002000000000000000" + bytes.fromhex("12AB56"), layout)

    assert (own.fault, own.fields["62"]) == (None, "12AB56")
    (doubt,) = doubts(own, layout)
    assert (doubt.field, doubt.offset, doubt.at) == ("62", 20, 21)
    assert number.fault is not None
    assert (number.fault.field, number.fault.at) == ("3", 21)


def test_masked_accounts_are_read() -> None:
    """A recorder's run of mask characters in PAN and track 2 is no fault; a stray letter is."""
    layout = layout_of_spec(spec(f2=entry(19, 2)))
    head = b"02004000000000000000"

    for mark in b"*X_":
        assert read(head + b"16411111" + bytes([mark]) * 6 + b"1111", layout).fault is None
    stray = read(head + b"164111111O11111111", layout).fault
    assert stray is not None
    assert (stray.field, stray.at) == ("2", 29)


def test_pads_on_both_sides_keep_their_order() -> None:
    """pyiso8583 tries the left pad first and writes it."""
    both = entry(3, data="b", len_count="nibbles", left_pad="0", right_pad="F")
    field = layout_of_spec(spec(f70=both)).fields[70]

    assert (field.pad_left, field.pads, field.other_pads) == (True, "0", "F")


def test_shapes_beyond_the_library_come_as_options() -> None:
    """A bitmap of another shape replaces the spec's."""
    shape = BitmapLayout("ascii", fixed_16=True)

    assert layout_of_spec(spec(f3=entry(6)), bitmap=shape).bitmap is shape


def test_a_canonical_form_may_name_a_field_that_a_spec_lacks() -> None:
    """One set of canonical forms serves a family of specs."""
    layout = layout_of_spec({"pyiso8583": spec(f3=entry(6)), "canonical": {"97": "x+n"}})

    assert set(layout.fields) == {3}


def test_fields_above_128_bring_the_third_bitmap() -> None:
    """Bit 65 announces it, as in pyiso8583."""
    assert layout_of_spec(spec(f3=entry(6))).bitmap.tertiary == "none"
    assert layout_of_spec(spec(f130=entry(6))).bitmap.tertiary == "65"


def damaged(change: str, value: Any, key: str = "3") -> dict[str, Any]:
    """A sound spec with one setting changed."""
    broken = copy.deepcopy(spec(f3=entry(6)))
    broken[key][change] = value
    return broken


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ([], "an object with one entry per field"),
        ({"pyiso8583": []}, "an object with one entry per field"),
        ({}, "field h: pyiso8583 needs an entry"),
        ({**spec(), "x": entry(1)}, "field x: is no field"),
        ({**spec(), "200": entry(1)}, "field 200: is no field"),
        ({**spec(), "03": entry(1)}, "field 03: is no field"),
        ({**spec(), "3": None}, "field 3: max_len is missing"),
        (damaged("data_enc", "klingon"), "field 3: data_enc: unknown text encoding 'klingon'"),
        (damaged("data_enc", "utf-16"), "field 3: data_enc: encoding 'utf-16' does not write"),
        (damaged("data_enc", "hex"), "field 3: data_enc: unknown text encoding"),
        (damaged("data_enc", None), "field 3: data_enc is missing"),
        (damaged("max_len", -1), "field 3: max_len is missing or no count"),
        (damaged("max_len", True), "field 3: max_len is missing or no count"),
        (damaged("max_len", 10**9), "length 1000000000 is not between"),
        (damaged("len_type", "2"), "field 3: len_type is missing or no count"),
        (damaged("len_count", "bits"), "field 3: len_count is bytes or nibbles"),
        (damaged("left_pad", 0), "field 3: left_pad is no text"),
        (damaged("max_length", 6), "field 3: unknown setting 'max_length'"),
        (damaged("max_len", 3, "t"), "field t: a message type is 4 characters"),
        (damaged("data_enc", "b", "1"), "field 1: both bitmaps"),
        ({"pyiso8583": spec(), "canonical": {"x": "t2eq"}}, "field x: has a canonical form"),
        (
            {"pyiso8583": spec(f35=entry(37, 2)), "canonical": {"35": "roman"}},
            "field 35: unknown canonical form 'roman'",
        ),
        (
            {"pyiso8583": spec(f35=entry(37, 2)), "canonical": {"35": "t2eq"}},
            "canonical values differ in packed fields only",
        ),
    ],
)
def test_a_spec_that_cannot_be_meant_is_refused(broken: Any, told: str) -> None:
    """The error names the spec, the entry and the reason."""
    with pytest.raises(ConfigError, match="spec mine") as caught:
        layout_of_spec(broken, "mine")

    assert told in str(caught.value)


def test_a_file_is_loaded_and_named_in_errors(tmp_path: Path) -> None:
    """Good JSON gives a layout under the file's name; bad JSON names file and line."""
    good, bad = tmp_path / "house.json", tmp_path / "bad.json"
    good.write_text(json.dumps(spec(f3=entry(6))), "utf-8")
    bad.write_text('{\n "h": ,\n}', "utf-8")

    assert load_spec(good).name == "house"
    good.write_text(json.dumps(spec(f3=entry(6))), "utf-8-sig")
    assert load_spec(good).name == "house"  # as editors of Windows write it
    with pytest.raises(ConfigError, match=r"bad\.json:2: is not JSON"):
        load_spec(bad)
    with pytest.raises(ConfigError, match=r"none\.json: No such file"):
        load_spec(tmp_path / "none.json")
