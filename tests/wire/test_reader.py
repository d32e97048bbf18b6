"""The strict reader: every element with its place, and each fault where it lies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switch.wire.layout import (
    BitmapLayout,
    Canon,
    Coding,
    Content,
    FieldLayout,
    Layout,
    Part,
    SubKind,
    SubLayout,
)
from switch.wire.reader import read

PAN = "4761739001010010"


def n(number: int, length: int, size: int = 0, **more: object) -> FieldLayout:
    """An ASCII field of digits."""
    plain = FieldLayout(str(number), f"field {number}", "ascii", length, content=Content.N)
    return replace(plain, length_size=size, **more)  # type: ignore[arg-type]


def packed(number: int, length: int, size: int = 0, **more: object) -> FieldLayout:
    """A field of packed digits, its length counted in digits."""
    return n(number, length, size, coding="b", length_coding="bcd", nibbles=True, **more)


ASCII = Layout(
    "ascii",
    "ascii",
    BitmapLayout("ascii"),
    {
        2: n(2, 19, 2, sensitive=True),
        3: n(3, 6),
        4: n(4, 12),
        41: FieldLayout("41", "terminal", "ascii", 8, content=Content.ANS),
        48: FieldLayout("48", "private", "ascii", 999, length_size=3),
        70: n(70, 3),
    },
)
BINARY = Layout(
    "binary",
    "b",
    BitmapLayout("b"),
    {
        2: packed(2, 19, 1, sensitive=True),
        3: packed(3, 6),
        28: FieldLayout("28", "fee", "b", 5, content=Content.XN, canon=Canon.SIGNED),
        35: packed(35, 37, 1, content=Content.Z, canon=Canon.TRACK2, pad_left=False, pads="F"),
        43: FieldLayout("43", "name", "gbk", 40, length_coding="b", length_size=1),
        64: FieldLayout("64", "MAC", "b", 8),
        70: packed(70, 3),
    },
)


def ascii_message(bits: str, *data: str) -> bytes:
    """An ASCII message of type 0200."""
    return ("0200" + bits + "".join(data)).encode()


def fault(data: bytes, layout: Layout) -> tuple[str | None, str, int, int]:
    """Field, element, offset and exact byte of the fault."""
    found = read(data, layout).fault
    assert found is not None
    return found.field, found.element, found.offset, found.at


def test_elements_carry_place_bytes_and_both_values() -> None:
    """Offset and length cover the length indicator; the data offset lies behind it."""
    data = bytes.fromhex(
        "0200 6000001020000001 164761739001010010 000000"
        " 4400000150 214761739001010010D3112F 1122334455667788"
    )
    reading = read(data, BINARY)
    track = next(element for element in reading.elements if element.id == "35")

    assert reading.fault is None
    assert reading.fields == {
        "t": "0200",
        "2": PAN,
        "3": "000000",
        "28": "D00000150",
        "35": f"{PAN}=3112",
        "64": "1122334455667788",
    }
    assert reading.view["35"] == f"{PAN}D3112"
    assert reading.view["28"] == "4400000150"
    assert reading.view["p"] == "6000001020000001"
    assert (track.offset, track.data_offset, track.length) == (27, 28, 12)
    assert track.raw[:1] + track.data == track.raw


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", ("t", "t", 0, 0)),
        (b"02", ("t", "t", 0, 2)),
        (b"02A0" + b"0" * 16, ("t", "t", 0, 2)),
        (b"\xf0\xf2\xf0\xf0" + b"0" * 16, ("t", "t", 0, 0)),
        (b"8000" + b"0" * 16, ("t", "t", 0, 0)),  # class 0 is reserved
        (b"5100" + b"0" * 16, ("t", "t", 0, 0)),  # version 5 is reserved
        (b"02002000", ("p", "p", 4, 8)),
        (b"020020000000000G0000000000", ("p", "p", 4, 15)),
        (b"0200200000000 00000000000", ("p", "p", 4, 13)),
        (ascii_message("A000000000000000", "04"), ("1", "1", 20, 22)),
        (ascii_message("2000000000000000", "0000"), ("3", "3.data", 20, 24)),
        (ascii_message("4000000000000000", "1"), ("2", "2.len", 20, 21)),
        (ascii_message("4000000000000000", "1X"), ("2", "2.len", 20, 21)),
        (ascii_message("4000000000000000", "+9123456789"), ("2", "2.len", 20, 20)),
        (ascii_message("4000000000000000", " 6123456"), ("2", "2.len", 20, 20)),
        (ascii_message("4000000000000000", "20" + "1" * 20), ("2", "2.len", 20, 20)),
        (ascii_message("4000000000000000", "16" + "1" * 9), ("2", "2.data", 22, 31)),
        (ascii_message("0000000000010000", "0_2AB"), ("48", "48.len", 20, 21)),
        (ascii_message("1000000000000000", "0000001O0000"), ("4", "4.data", 20, 27)),
        (ascii_message("0000000000800000", "TERM\t001"), ("41", "41.data", 20, 24)),
        (ascii_message("0000000000800000") + b"TERM\xe9001", ("41", "41.data", 20, 24)),
        (ascii_message("0800000000000000", "1234"), ("5", "5.data", 20, 20)),
        (ascii_message("0000000000000100", "1234"), ("56", "56.len", 20, 20)),
        (ascii_message("2000000000000000", "0000001"), (None, "end", 26, 26)),
        (ascii_message("8000000000000000", "8000000000000000", "1"), ("65", "3", 36, 36)),
    ],
)
def test_faults_of_characters_lie_where_they_are_found(
    data: bytes, where: tuple[str | None, str, int, int]
) -> None:
    """Digits only in lengths and numbers, hex only in bitmaps, no bytes left over (M-02..M-05)."""
    assert fault(data, ASCII) == where


@pytest.mark.parametrize(
    ("hexed", "where"),
    [
        ("08F0", ("t", "t", 0, 1)),
        ("0800 2000000000000000 0000A0", ("3", "3.data", 10, 12)),
        ("0800 4000000000000000 1A", ("2", "2.len", 10, 10)),
        ("0800 4000000000000000 151476173900101001", ("2", "2.data", 11, 11)),
        ("0800 4000000000000000 03 0A12", ("2", "2.data", 11, 11)),
        ("0800 0000001000000000 4600000150", ("28", "28.data", 10, 10)),
        ("0800 0000001000000000 4300000F50", ("28", "28.data", 10, 13)),
        ("0800 0000000020000000 054761E1 2F", ("35", "35.data", 11, 13)),
        ("0800 0000000020000000 0747612D", ("35", "35.data", 11, 14)),
        ("0800 0000000020000000 05476120", ("35", "35.data", 11, 13)),
        ("0800 0000000000200000 03C4E3FF", ("43", "43.data", 11, 13)),
        ("0800 8000000000000000 0400000000000000 1301", ("70", "70.data", 18, 18)),
    ],
)
def test_faults_of_packed_data_lie_at_the_byte(
    hexed: str, where: tuple[str | None, str, int, int]
) -> None:
    """Pads, signs, separators and digits are checked nibble by nibble."""
    assert fault(bytes.fromhex(hexed), BINARY) == where


def test_reasons_never_quote_data() -> None:
    """A fault in a PAN or track tells where and why, not what."""
    data = ascii_message("4000000000000000", "16476173900101O010")
    found = read(data, ASCII).fault

    assert found is not None
    assert "4761" not in str(found)
    assert "4761" not in repr(read(data, ASCII))


@pytest.mark.parametrize(
    ("shape", "bitmap", "data"),
    [
        (BitmapLayout("b", fixed_16=True), "2000000000000000" + "0400000000000000", "000000 0301"),
        (BitmapLayout("b", always_secondary=True), "A000000000000000" + "0" * 16, "000000"),
        (
            BitmapLayout("b", tertiary="65"),
            "8000000000000000 8000000000000000 4000000000000000",
            "0130",
        ),
        (
            BitmapLayout("b", tertiary="in-place", tertiary_width=10),
            "A000000000000000 8400000000000000",
            "000000 4000000000000000 0000 0301 0130",
        ),
    ],
)
def test_bitmaps_of_other_shapes_are_read(shape: BitmapLayout, bitmap: str, data: str) -> None:
    """Fixed width, empty secondary, third bitmap behind the second or in place of field 65."""
    layout = replace(BINARY, bitmap=shape)
    if shape.tertiary != "none":
        layout = replace(layout, fields={**BINARY.fields, 130: packed(130, 3)})

    assert read(bytes.fromhex("0800" + bitmap + data), layout).fault is None


def test_a_third_bitmap_is_checked() -> None:
    """Its fill is zero, it is whole, and it names known fields only."""
    shape = BitmapLayout("b", tertiary="in-place", tertiary_width=10)
    layout = replace(BINARY, bitmap=shape, fields={**BINARY.fields, 130: packed(130, 3)})
    head = "0800 8000000000000000 8000000000000000"

    assert fault(bytes.fromhex(head + "40000000"), layout) == ("65", "3", 18, 22)
    assert fault(bytes.fromhex(head + "4000000000000000 0001 0130"), layout) == (
        "65",
        "3",
        18,
        27,
    )
    assert fault(bytes.fromhex(head + "2000000000000000 0000 0130"), layout) == (
        "65",
        "3",
        18,
        18,
    )


def test_trailing_bytes_are_kept_where_the_layout_says_so() -> None:
    """They come as ``end``, in hex."""
    data = ascii_message("2000000000000000", "000000", "\r\n")

    assert read(data, replace(ASCII, strict_trailing=False)).fields["end"] == "0D0A"


@pytest.mark.parametrize(
    ("coding", "size", "raw"),
    [
        (Coding.BCD_LEFT, 2, b"\x00\x80"),
        (Coding.HEX_DIGITS, 1, b"8"),
        (Coding.HEX_DIGITS, 2, b"08"),
        (Coding.BINARY, 2, b"\x00\x08"),
        (Coding.BCD, 2, b"\x00\x08"),
        (Coding.EBCDIC, 2, b"\xf0\xf8"),
    ],
)
def test_lengths_in_other_codings(coding: str, size: int, raw: bytes) -> None:
    """Left-justified packed digits, hex digits, binary, packed, EBCDIC."""
    field = replace(ASCII.fields[48], length_coding=coding, length_size=size)
    layout = replace(ASCII, fields={48: field})

    reading = read(ascii_message("0000000000010000") + raw + b"ABCDEFGH", layout)

    assert reading.fields["48"] == "ABCDEFGH"


def test_a_length_that_fits_only_in_another_coding_is_itself_at_fault() -> None:
    """Packed digits left-justified where right-justified ones belong: the data is not missing, the
    length is wrong."""
    field = replace(ASCII.fields[48], length_coding=Coding.BCD, length_size=2)
    layout = replace(ASCII, fields={48: field})
    data = ascii_message("0000000000010000") + b"\x00\x80ABCDEFGH"

    assert fault(data, layout) == ("48", "48.len", 20, 20)
    assert fault(data[:-1], layout) == ("48", "48.data", 22, 29)


def test_pads_of_either_side_and_kind() -> None:
    """``pads`` at the own end first, then ``other_pads`` at the other."""
    field = packed(70, 3, pads="0F", other_pads="F")
    layout = replace(BINARY, fields={70: field})
    head = "0800 8000000000000000 0400000000000000"

    for wire in ("0301", "F301", "301F"):
        assert read(bytes.fromhex(head + wire), layout).fields["70"] == "301"


def test_text_lengths_count_bytes() -> None:
    """Two characters of GBK are four bytes; places of later faults stay right."""
    data = bytes.fromhex("0800 0000000000200001 04") + "中文".encode("gbk")

    reading = read(data + bytes(8), BINARY)
    assert reading.fields["43"] == "中文"
    assert fault(data + bytes(5), BINARY) == ("64", "64.data", 15, 20)


def test_a_header_stands_in_front() -> None:
    """Fixed or variable, it is element ``h`` with places of its own."""
    fixed = FieldLayout("h", "header", "cp500", 4)
    variable = FieldLayout("h", "header", "ascii", 9, length_size=1)
    body = ascii_message("2000000000000000", "000000")

    reading = read("HEAD".encode("cp500") + body, replace(ASCII, header=fixed))
    assert (reading.fields["h"], reading.elements[1].offset) == ("HEAD", 4)
    assert read(b"3ABC" + body, replace(ASCII, header=variable)).fields["h"] == "ABC"
    assert fault(b"9ABC", replace(ASCII, header=variable)) == ("h", "h.data", 1, 4)


def test_parts_of_a_field_have_places_in_the_message() -> None:
    """Sub-elements count from the first byte given; a fault inside is the field's, at the byte."""
    parts = (Part("1", "kind", 2, content=Content.N), Part("2", "rest", 4))
    field = replace(ASCII.fields[3], content=Content.ANY, sub=SubLayout(SubKind.POSITIONAL, parts))
    layout = replace(ASCII, fields={3: field})

    (code,) = [
        e for e in read(ascii_message("2000000000000000", "01ABCD"), layout).elements if e.id == "3"
    ]
    assert [(s.id, s.offset, s.length, s.value) for s in code.sub] == [
        ("1", 20, 2, "01"),
        ("2", 22, 4, "ABCD"),
    ]
    assert fault(ascii_message("2000000000000000", "0XABCD"), layout) == ("3", "3.data", 20, 21)
