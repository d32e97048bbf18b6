"""Doubts: impossible dates, chip data that is none, required fields that are absent."""

from __future__ import annotations

import pytest

from switch.wire.doubts import doubts
from switch.wire.layout import BitmapLayout, FieldLayout, Layout, SubKind, SubLayout
from switch.wire.reader import read


def layout(number: int, length: int) -> Layout:
    """One fixed ASCII field."""
    return Layout(
        "one",
        "ascii",
        BitmapLayout("ascii"),
        {number: FieldLayout(str(number), "", "ascii", length)},
    )


def message(kind: str, number: int, value: str) -> bytes:
    """A message with that field."""
    if number <= 64:
        return f"{kind}{1 << (64 - number):016X}{value}".encode()
    return f"{kind}{1 << 63:016X}{1 << (128 - number):016X}{value}".encode()


@pytest.mark.parametrize(
    ("kind", "number", "value", "reason"),
    [
        ("0200", 13, "9099", "no month has that number"),
        ("0200", 13, "0431", "no day has that number"),
        ("0200", 7, "1124250000", "no hour has that number"),
        ("0200", 12, "236000", "no minute has that number"),
        ("0200", 12, "235960", "no second has that number"),
        ("1200", 12, "261324120000", "no month has that number"),
        ("1200", 28, "260230", "no day has that number"),
        ("1200", 13, "2613", "no month has that number"),
        ("0200", 14, "3100", "no month has that number"),
        ("2200", 15, "20261324", "no month has that number"),
        ("0200", 73, "261131", "no day has that number"),
    ],
)
def test_impossible_times_raise_a_doubt(kind: str, number: int, value: str, reason: str) -> None:
    """Each edition's date fields, told at the field's data."""
    shape = layout(number, len(value))
    (doubt,) = doubts(read(message(kind, number, value), shape), shape)

    assert (doubt.field, doubt.element) == (str(number), f"{number}.data")
    assert doubt.offset == doubt.at == (20 if number <= 64 else 36)
    assert doubt.reason == reason


@pytest.mark.parametrize(
    ("kind", "number", "value"),
    [
        ("0200", 13, "1124"),
        ("0200", 13, "0229"),
        ("0200", 13, "0000"),
        ("0200", 13, "  24"),
        ("1200", 13, "3112"),
        ("0200", 28, "260230"),
        ("0200", 11, "999999"),
    ],
)
def test_possible_times_do_not(kind: str, number: int, value: str) -> None:
    """Leap days, all zeros, non-digits and fields that are no dates pass."""
    shape = layout(number, len(value))

    assert doubts(read(message(kind, number, value), shape), shape) == []


def test_chip_data_that_does_not_parse_is_told_at_the_byte() -> None:
    """Where the layout only guesses that a field is TLV."""
    field = FieldLayout("55", "", "b", 99, length_size=2,
                        sub=SubLayout(SubKind.BER_TLV, binary=True, lenient=True))  # fmt: skip
    shape = Layout("chip", "ascii", BitmapLayout("ascii"), {55: field})
    head = message("0200", 55, "")

    good = read(head + b"03" + bytes.fromhex("9C0100"), shape)
    bad = read(head + b"03" + bytes.fromhex("9C0200"), shape)

    assert doubts(good, shape) == []
    (doubt,) = doubts(bad, shape)
    assert (doubt.field, doubt.offset, doubt.at) == ("55", 22, 25)


def test_required_fields_that_are_absent_are_told_at_their_bitmap() -> None:
    """Only of whole messages, in order."""
    shape = layout(3, 6)
    reading = read(message("0200", 3, "000000"), shape)

    found = doubts(reading, shape, required=("3", "70", "11"))

    assert [(doubt.field, doubt.element, doubt.offset) for doubt in found] == [
        ("11", "p", 4),
        ("70", "p", 4),
    ]
    assert doubts(read(message("0200", 3, "0000"), shape), shape, required=("11",)) == []
