"""One buffer explained: framed or bare, whole or broken."""

from __future__ import annotations

import pytest

from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect
from switch.wire.explain import (
    Explanation,
    explain,
    explain_bare,
    explain_by_spec,
    explain_framed,
    explain_freely,
)
from switch.wire.framer import wrap
from switch.wire.framing import Framing
from switch.wire.spec_dict import layout_of_spec

HYPERCOM = load_dialect("hypercom")
ASCII = load_dialect("iso87-ascii")
FIELDS = {"t": "0800", "3": "920000", "11": "000007", "24": "003", "41": "DEMO0001"}
MESSAGE = Codec(HYPERCOM.layout).encode(FIELDS)
ECHO = Codec(ASCII.layout).encode(
    {"t": "0800", "7": "1124120000", "11": "000007", "41": "DEMO0001", "70": "301"}
)
OWN = HYPERCOM.framing


def hypercom(data: bytes) -> Explanation:
    """As a message of that dialect."""
    return explain(data, HYPERCOM.layout, OWN)


def test_the_framing_of_the_dialect_is_recognised() -> None:
    """Length and TPDU in front: the message starts behind them, and so do its offsets."""
    found = hypercom(wrap(OWN, MESSAGE))
    assert (found.fault, found.framing, found.base) == (None, OWN, 7)
    assert found.reading.fields == FIELDS
    assert found.frame is not None
    assert found.frame.tpdu.hex() == "6000030000"


@pytest.mark.parametrize("text", ["none", "none,tpdu-swap"])
def test_a_trace_may_lack_the_length_header(text: str) -> None:
    """The bare message, or TPDU and message, as traces have them, are good."""
    framing = Framing.parse(text, stream=False)
    found = hypercom(wrap(framing, MESSAGE))
    assert found.fault is None
    assert found.base == framing.prefix_bytes
    assert found.reading.fields == FIELDS


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("binary-2,inclusive,tpdu-swap", "binary-2 inclusive"),
        ("binary-2-le,tpdu-swap", "binary-2-le exclusive"),
        ("ascii-4,tpdu-swap", "--framing ascii-4,tpdu-swap"),
        ("bcd-2,tpdu-swap", "bcd-2 exclusive"),
    ],
)
def test_another_framing_is_the_fault_though_the_message_is_shown(text: str, hint: str) -> None:
    """On a port of the dialect it would not be understood; the cure names what was found."""
    found = hypercom(wrap(Framing.parse(text), MESSAGE))
    assert found.fault is not None
    assert (found.fault.field, found.fault.element, found.fault.offset) == (None, "length", 0)
    assert hint in found.fault.hint
    assert found.reading.fields == FIELDS


def test_any_framing_will_do_when_finding_out_what_it_is() -> None:
    """Without a dialect the framing is told, not blamed."""
    framing = Framing.parse("ascii-4,inclusive,tpdu-swap")
    found = explain_freely(wrap(framing, MESSAGE), HYPERCOM.layout, OWN)
    assert (found.fault, found.framing) == (None, framing)


@pytest.mark.parametrize("value", [0, 5, 300, 65535])
def test_a_length_header_that_lies_is_the_fault(value: int) -> None:
    """Zero, too small, too big: at byte 0, and the message behind it is shown."""
    found = hypercom(value.to_bytes(2, "big") + wrap(OWN, MESSAGE)[2:])
    assert found.fault is not None
    assert (found.fault.element, found.fault.offset) == ("length", 0)
    assert f"says {value}" in found.fault.reason
    assert found.reading.fields == FIELDS


def test_a_message_cut_short_is_at_fault_where_it_ends() -> None:
    """Its length header is right: the bytes are missing, not miscounted."""
    wire = wrap(OWN, MESSAGE)
    found = hypercom(wire[:-3])
    assert found.fault is not None
    assert (found.fault.field, found.fault.at) == ("41", len(wire) - 3)
    assert found.fault.offset == len(wire) - 8
    assert "24" in found.reading.fields


def test_a_missing_tpdu_is_named() -> None:
    """The message type is read five bytes too late; the hint knows why."""
    found = hypercom(wrap(Framing(), MESSAGE))
    assert found.fault is not None
    assert (found.fault.field, found.fault.offset) == ("t", 7)
    assert "TPDU is missing" in found.fault.hint


def test_a_broken_message_in_a_good_frame_is_at_fault_itself() -> None:
    """Offsets count from the first byte of the frame."""
    broken = MESSAGE[:10] + b"\x9f" + MESSAGE[11:]
    for framing, base in ((OWN, 7), (Framing.parse("none,tpdu-swap", stream=False), 5)):
        found = explain(wrap(framing, broken), HYPERCOM.layout, OWN)
        assert found.fault is not None
        assert (found.fault.field, found.fault.offset) == ("3", base + 10)
    bare = explain_bare(broken, HYPERCOM.layout).fault
    assert bare is not None
    assert (bare.field, bare.offset) == ("3", 10)


def test_a_broken_message_in_another_framing_is_refused_with_both_in_mind() -> None:
    """Nothing fits: the better of the two known readings is told."""
    found = explain(b"\xff" * 30, ASCII.layout, ASCII.framing)
    assert found.fault is not None
    assert found.base == 0


def test_doubts_count_from_the_first_byte_given() -> None:
    """An impossible date in a framed message."""
    body = Codec(ASCII.layout).encode({"t": "0200", "11": "000007", "13": "9099"})
    found = explain(wrap(ASCII.framing, body), ASCII.layout, ASCII.framing)
    (doubt,) = found.warnings
    assert (doubt.field, doubt.offset) == ("13", 2 + 4 + 16 + 6)


def test_a_framing_named_by_hand_is_held_to() -> None:
    """What does not fit it is the fault, whatever else would fit."""
    fits = explain_framed(wrap(Framing.parse("hex-4"), ECHO), ASCII.layout, Framing.parse("hex-4"))
    assert fits.fault is None
    other = explain_framed(wrap(Framing.parse("hex-4"), ECHO), ASCII.layout, Framing())
    assert other.fault is not None
    assert other.fault.offset == 0
    assert "hex-4 exclusive" in other.fault.hint


def spec() -> dict[str, dict[str, object]]:
    """A small pyiso8583 spec: binary bitmaps, field 11 and chip data."""
    plain = {"len_enc": "ascii", "len_type": 0}
    return {
        "h": {**plain, "data_enc": "ascii", "max_len": 0, "desc": ""},
        "t": {**plain, "data_enc": "ascii", "max_len": 4, "desc": ""},
        "p": {**plain, "data_enc": "b", "max_len": 8, "desc": ""},
        "1": {**plain, "data_enc": "b", "max_len": 8, "desc": ""},
        "11": {**plain, "data_enc": "ascii", "max_len": 6, "desc": "trace number"},
        "55": {**plain, "data_enc": "b", "len_type": 3, "max_len": 255, "desc": "chip data"},
    }


def test_a_spec_reads_bitmaps_that_are_always_wide() -> None:
    """Sixteen bytes though bit 1 is not set, which pyiso8583 cannot say: read, with a warning."""
    layout = layout_of_spec(spec())
    message = b"0800" + bytes.fromhex("0020000000000000" + "0000000000000000") + b"000007"
    found = explain_by_spec(message, layout)
    assert found.fault is None
    assert found.reading.fields == {"t": "0800", "11": "000007"}
    assert [doubt.field for doubt in found.warnings] == ["p"]
    assert found.warnings[0].offset == 4


@pytest.mark.parametrize("fill", [0, 16, 48])
def test_a_spec_reads_a_third_bitmap_in_place_of_field_65(fill: int) -> None:
    """Behind field 64, with or without fill, which pyiso8583 cannot say: read, with a warning."""
    text = {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "desc": ""}
    fields = {"11": 6, "63": 3, "70": 3, "130": 4}
    table = {
        "h": {**text, "max_len": 0},
        "t": {**text, "max_len": 4},
        **{key: {**text, "max_len": 16} for key in ("p", "1")},
        **{key: {**text, "max_len": length} for key, length in fields.items()},
    }
    head = "0800" + "8020000000000002" + "8400000000000000"
    third = "4000000000000000" + "0" * fill
    found = explain_by_spec(f"{head}000007ABC{third}301WXYZ".encode(), layout_of_spec(table))

    assert found.fault is None
    values = {"t": "0800", "11": "000007", "63": "ABC", "70": "301", "130": "WXYZ"}
    assert found.reading.fields == values
    assert [(doubt.field, doubt.offset) for doubt in found.warnings] == [("65", len(head) + 9)]


@pytest.mark.parametrize(("chip", "broken"), [("9F0206", True), ("CAFEBABE", False)])
def test_a_spec_holds_chip_data_to_its_form(chip: str, broken: bool) -> None:
    """What begins as chip data and breaks off is a fault; a house's own bytes are a doubt."""
    data = bytes.fromhex(chip)
    message = b"0200" + bytes.fromhex("0000000000000200") + b"%03d" % len(data) + data
    found = explain_by_spec(message, layout_of_spec(spec()))
    assert (found.fault is not None) == broken
    said = [found.fault] if found.fault is not None else list(found.warnings)
    assert [(one.field, one.offset) for one in said] == [("55", 15)]
