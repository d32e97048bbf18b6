"""The codec: strict always, compiled where it pays, bounded under attack."""

from __future__ import annotations

import traceback
from dataclasses import replace

import pytest

from switch.errors import ConfigError, DecodeError, EncodeError
from switch.wire import codec as codec_module
from switch.wire.codec import COMPILE_AFTER, Codec
from switch.wire.layout import (
    BitmapLayout,
    Canon,
    Content,
    FieldLayout,
    Layout,
    SubKind,
    SubLayout,
)

CHIP = SubLayout(SubKind.BER_TLV, binary=True)
LAYOUT = Layout(
    "house",
    "b",
    BitmapLayout("b"),
    {
        2: FieldLayout("2", "PAN", "b", 19, "bcd", 1, True, content=Content.N, sensitive=True),
        3: FieldLayout("3", "code", "b", 6, nibbles=True, content=Content.N),
        4: FieldLayout("4", "amount", "b", 12, nibbles=True, content=Content.N),
        22: FieldLayout("22", "entry mode", "b", 3, nibbles=True, content=Content.N),
        28: FieldLayout("28", "fee", "b", 5, content=Content.XN, canon=Canon.SIGNED),
        35: FieldLayout(
            "35", "track 2", "b", 37, "bcd", 1, True, pad_left=False, pads="F",
            content=Content.Z, canon=Canon.TRACK2, sensitive=True,
        ),
        37: FieldLayout("37", "RRN", "ascii", 12, content=Content.AN),
        41: FieldLayout("41", "terminal", "ascii", 8, content=Content.ANS),
        43: FieldLayout("43", "name", "gbk", 40, "bcd", 1, content=Content.ANS),
        55: FieldLayout("55", "chip data", "b", 255, "bcd", 2, sub=CHIP, sensitive=True),
        63: FieldLayout("63", "private", "cp500", 99, "b", 1, content=Content.ANS),
        70: FieldLayout("70", "network code", "b", 3, nibbles=True, content=Content.N),
        127: FieldLayout("127", "private", "ascii", 99_999, "ascii", 5),
    },
)  # fmt: skip
FIELDS = {
    "t": "0200",
    "2": "4761739001010010",
    "3": "000000",
    "4": "000000001000",
    "22": "051",
    "28": "D00000150",
    "35": "4761739001010010=3112",
    "37": "RRN123456789",
    "41": "DEMO0001",
    "43": "咖啡 CAFE",
    "55": "9F02060000000010009C0100",
    "63": "PRIVATE",
    "70": "301",
    "127": "ABC",
}


def used(layout: Layout, fields: dict[str, str]) -> tuple[Codec, bytes]:
    """A codec that has compiled both ways for a message, and the message."""
    codec = Codec(layout)
    data = codec.encode(fields)
    for _ in range(COMPILE_AFTER):
        codec.decode(data)
        codec.encode(fields)
    assert codec._decoders.functions
    assert codec._encoders.functions
    return codec, data


def test_a_message_of_all_kinds_goes_both_ways() -> None:
    """Every kind of field, before compilation and after."""
    codec, data = used(LAYOUT, FIELDS)

    assert codec.decode(data) == FIELDS
    assert codec.encode(FIELDS) == data
    assert Codec(LAYOUT).decode(data) == FIELDS
    assert list(codec.decode(data)) == list(FIELDS)


def test_answers_are_written_whatever_the_order_of_their_keys() -> None:
    """Fields go out in the order of the bitmap."""
    turned = dict(reversed(FIELDS.items()))
    codec, data = used(LAYOUT, FIELDS)

    for _ in range(COMPILE_AFTER + 1):
        assert codec.encode(turned) == data


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("16476173", "1647A173", "2"),
        ("10000051", "F0000051", "4"),
        ("0051", "1051", "22"),
        ("4400000150", "4600000150", "28"),
        ("D3112F", "E3112F", "35"),
        ("D3112F", "D31120", "35"),
        ("44454D4F", "44094D4F", "41"),
        ("44454D4F", "44E94D4F", "41"),
        ("9F0206", "9F0280", "55"),
        ("0301", "0F01", "70"),
    ],
)
def test_compiled_decoders_refuse_what_the_reader_refuses(old: str, new: str, field: str) -> None:
    """Digits, pads, signs, separators, characters and TLV; the error has the exact place."""
    codec, data = used(LAYOUT, FIELDS)
    hexed = data.hex().upper()
    assert hexed.count(old) == 1
    broken = bytes.fromhex(hexed.replace(old, new))

    with pytest.raises(DecodeError) as caught:
        codec.decode(broken)

    assert caught.value.fault.field == field
    assert caught.value.fault.at == next(k for k, byte in enumerate(data) if byte != broken[k])
    with pytest.raises(DecodeError) as again:
        Codec(LAYOUT).decode(broken)
    assert again.value.fault == caught.value.fault


def test_an_error_holds_what_was_read_and_nothing_that_prints_it() -> None:
    """Fields in front of the fault are in ``partial``; text and traceback show no card number."""
    codec, data = used(LAYOUT, FIELDS)

    with pytest.raises(DecodeError) as caught:
        codec.decode(data[:40])

    assert caught.value.partial["2"] == FIELDS["2"]
    assert "35" not in caught.value.partial
    shown = "".join(traceback.format_exception(caught.value))
    assert "4761" not in shown
    assert "during handling" not in shown.lower()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("t", "02A0"),
        ("t", "0000"),
        ("2", "47617390010100100000"),
        ("2", "47617390O1010010"),
        ("3", "00000"),
        ("4", "00000000100A"),
        ("28", "F00000150"),
        ("28", "D0000015"),
        ("35", "4761739001010010A3112"),
        ("37", "RRN12345678*"),
        ("41", "DEMO001"),
        ("41", "DEMO\t001"),
        ("41", "DEMO\xe9001"),
        ("43", "\U0001f600"),
        ("55", "9F0206"),
        ("55", "9F020"),
        ("63", "\u4e2d"),
        ("70", "30"),
        ("5", "1"),
        ("03", "000000"),
        ("end", "00"),
        ("h", "HEAD"),
        ("p", "0000000000000000"),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(key: str, value: str) -> None:
    """The error names the field and never the value, whichever way was compiled."""
    codec, _ = used(LAYOUT, FIELDS)

    for _ in range(COMPILE_AFTER + 1):
        with pytest.raises(EncodeError) as caught:
            codec.encode({**FIELDS, key: value})
        assert caught.value.field == key
        assert value not in caught.value.reason


def test_values_that_are_no_texts_are_refused() -> None:
    """Numbers and bytes are a caller's mistake, told as such."""
    codec, _ = used(LAYOUT, FIELDS)
    for wrong in (1000, b"000000001000", None):
        with pytest.raises(EncodeError, match="field 4: ids and values are texts"):
            codec.encode({**FIELDS, "4": wrong})  # type: ignore[dict-item]
    with pytest.raises(EncodeError, match="field t: a message has a type"):
        codec.encode({"3": "000000"})


def test_a_header_is_demanded_where_the_layout_has_one() -> None:
    """``h`` must be there to be written, and is read in front."""
    header = FieldLayout("h", "header", "ascii", 4)
    codec, data = used(replace(LAYOUT, header=header), {"h": "HEAD", **FIELDS})

    assert data[:4] == b"HEAD"
    assert codec.decode(data)["h"] == "HEAD"
    with pytest.raises(EncodeError, match="field h"):
        codec.encode(FIELDS)


def test_variable_headers_and_third_bitmaps_take_the_strict_way() -> None:
    """Shapes that hardly occur are not compiled, and work all the same."""
    header = FieldLayout("h", "header", "ascii", 9, length_size=1)
    third = BitmapLayout("b", tertiary="65")
    fields = {**LAYOUT.fields, 130: replace(LAYOUT.fields[3], id="130")}
    for layout, more in (
        (replace(LAYOUT, header=header), {"h": "ABC"}),
        (replace(LAYOUT, bitmap=third, fields=fields), {"130": "123456"}),
    ):
        codec = Codec(layout)
        data = codec.encode({**FIELDS, **more})
        for _ in range(COMPILE_AFTER + 2):
            assert codec.decode(data) == {**FIELDS, **more}
            assert codec.encode({**FIELDS, **more}) == data
        assert not codec._decoders.functions


def test_pads_of_the_other_kind_are_read_by_a_compiled_codec() -> None:
    """What the fast way does not take, the strict one does."""
    fields = {**LAYOUT.fields, 22: replace(LAYOUT.fields[22], pads="0", other_pads="F")}
    codec, data = used(replace(LAYOUT, fields=fields), {"t": "0200", "22": "051"})

    assert codec.decode(data[:-2] + bytes.fromhex("315F"))["22"] == "315"


def test_trailing_bytes_are_kept_by_a_compiled_codec() -> None:
    """``end`` comes and goes with the layout's leave."""
    codec, data = used(replace(LAYOUT, strict_trailing=False), {"t": "0200", "3": "000000"})

    assert codec.decode(data) == {"t": "0200", "3": "000000"}
    kept = codec.decode(data + b"\r\n")
    assert kept == {"t": "0200", "3": "000000", "end": "0D0A"}
    assert codec.encode(kept) == data + b"\r\n"
    with pytest.raises(DecodeError):
        codec.decode(data[:-1])


def test_many_bitmaps_compile_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attacker's bitmaps do not fill memory or time; messages are read all the same."""
    monkeypatch.setattr(codec_module, "MAX_COMPILED", 3)
    monkeypatch.setattr(codec_module, "_MAX_COUNTED", 4)
    codec = Codec(LAYOUT)
    kinds = (("2",), ("3",), ("4",), ("22", "28"), ("37", "41"), ("2", "3"), ("3", "4"))

    for kind in kinds:
        fields = {"t": "0200", **{key: FIELDS[key] for key in kind}}
        data = codec.encode(fields)
        for _ in range(COMPILE_AFTER + 1):
            assert codec.decode(data) == fields
            assert codec.encode(fields) == data

    assert len(codec._decoders.functions) == 3
    assert len(codec._encoders.functions) == 3
    assert len(codec._decoders._seen) <= 4


@pytest.mark.parametrize(
    ("layout", "told"),
    [
        (replace(LAYOUT, mti_coding="klingon"), "message type.*unknown text encoding"),
        (replace(LAYOUT, bitmap=BitmapLayout("utf-16")), "bitmap.*does not write"),
        (replace(LAYOUT, bitmap=BitmapLayout("b", tertiary="127")), "unknown kind of third bitmap"),
        (
            replace(LAYOUT, bitmap=BitmapLayout("b", tertiary="in-place", tertiary_width=4)),
            "at least 8",
        ),
        (replace(LAYOUT, fields={1: LAYOUT.fields[2]}), "between 2 and 128"),
        (replace(LAYOUT, fields={3: LAYOUT.fields[2]}), "carries the id '2'"),
        (
            replace(
                LAYOUT,
                bitmap=BitmapLayout("b", tertiary="65"),
                fields={65: FieldLayout("65", "", "b", 1)},
            ),
            "bit 65 announces the third bitmap",
        ),
        (replace(LAYOUT, header=FieldLayout("h", "", "ascii", 0)), "a fixed field has a length"),
        (replace(LAYOUT, fields={3: FieldLayout("3", "", "b", 10**9)}), "is not between"),
        (replace(LAYOUT, fields={3: FieldLayout("3", "", "b", 9, pads="a")}), "hex digits"),
        (
            replace(LAYOUT, fields={3: FieldLayout("3", "", "ascii", 9, nibbles=True)}),
            "half a byte",
        ),
        (
            replace(LAYOUT, fields={3: FieldLayout("3", "", "ascii", 9, canon=Canon.TRACK2)}),
            "packed fields only",
        ),
        (
            replace(LAYOUT, fields={3: FieldLayout("3", "", "b", 9, length_size=9)}),
            "length indicator of 9 units",
        ),
        (
            replace(LAYOUT, fields={3: FieldLayout("3", "", "b", 9, sub=SubLayout(SubKind.TLV))}),
            "tag and length have a width",
        ),
    ],
)
def test_a_layout_that_cannot_be_right_is_refused(layout: Layout, told: str) -> None:
    """At construction, with the place and the reason."""
    with pytest.raises(ConfigError, match=told):
        Codec(layout)
