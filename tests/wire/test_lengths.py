"""Length indicators: read strictly, written back the same, in six codings."""

from __future__ import annotations

import pytest

from switch.wire.layout import Coding, FieldLayout
from switch.wire.lengths import (
    LengthFault,
    decode_length,
    encode_length,
    length_parser,
    length_table,
    length_texts,
    length_writer,
    read_length,
)


def shape(coding: str, size: int, top: int = 999) -> FieldLayout:
    """A variable field with that indicator."""
    return FieldLayout("2", "", "ascii", top, coding, size)


@pytest.mark.parametrize(
    ("coding", "size", "raw"),
    [
        ("ascii", 2, b"12"),
        ("ascii", 3, b"012"),
        (Coding.EBCDIC, 2, b"\xf1\xf2"),
        (Coding.BINARY, 1, b"\x0c"),
        (Coding.BINARY, 2, b"\x00\x0c"),
        (Coding.BCD, 1, b"\x12"),
        (Coding.BCD, 2, b"\x00\x12"),
        (Coding.BCD_LEFT, 2, b"\x01\x20"),
        (Coding.HEX_DIGITS, 1, b"C"),
        (Coding.HEX_DIGITS, 3, b"00C"),
    ],
)
def test_twelve_in_every_coding(coding: str, size: int, raw: bytes) -> None:
    """Both ways, and the index behind the indicator."""
    assert encode_length(12, shape(coding, size)) == raw
    assert read_length(b"??" + raw, 2, shape(coding, size)) == (12, 2 + size)


@pytest.mark.parametrize(
    ("coding", "raw", "at"),
    [
        ("ascii", b"+9", 10),
        ("ascii", b" 9", 10),
        ("ascii", b"1_2", 11),
        ("ascii", b"1\xb2", 11),
        (Coding.EBCDIC, b"12", 10),
        (Coding.BCD, b"\x00\x1a", 11),
        (Coding.BCD_LEFT, b"\x00\x81", 11),
        (Coding.HEX_DIGITS, b"0x", 11),
        (Coding.HEX_DIGITS, b"-1", 10),
    ],
)
def test_what_is_no_number_is_refused_at_the_byte(coding: str, raw: bytes, at: int) -> None:
    """What ``int()`` would take does not count (M-04)."""
    with pytest.raises(LengthFault) as caught:
        decode_length(raw, 10, coding)

    assert caught.value.at == at


def test_a_length_over_its_maximum_is_refused_at_its_start() -> None:
    """As is one that is cut short, at the end of the data."""
    with pytest.raises(LengthFault, match="20 is over the maximum of 19") as over:
        read_length(b"xx20", 2, shape("ascii", 2, 19))
    with pytest.raises(LengthFault, match="1 of 2 bytes") as short:
        read_length(b"xx2", 2, shape("ascii", 2, 19))

    assert (over.value.at, short.value.at) == (2, 3)
    with pytest.raises(OverflowError):
        encode_length(100, shape("ascii", 2))


@pytest.mark.parametrize("coding", ["ascii", Coding.BCD, Coding.BINARY, Coding.HEX_DIGITS])
@pytest.mark.parametrize("top", [200, 60_000])
def test_tables_and_computing_say_the_same(coding: str, top: int) -> None:
    """Large maxima have no table; what is computed then equals what a table would hold."""
    field = shape(coding, 3, top)
    texts, table = length_texts(field), length_table(field)
    write, parse = length_writer(field), length_parser(field)

    assert (texts is None) == (table is None)
    for count in (0, 1, 99, 200):
        assert parse(write(count)) == count
        if texts is not None and table is not None:
            assert texts[count] == write(count)
            assert table[write(count)] == count
    for wrong in ("", "+12", " 12", "1_2", "-01"):
        with pytest.raises(ValueError, match=r"^$|invalid literal"):
            parse(wrong)
    with pytest.raises(OverflowError):
        write(top + 10**6)
