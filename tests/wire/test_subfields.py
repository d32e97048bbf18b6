"""The inside of composite fields: parts with their places, and faults at the unit."""

from __future__ import annotations

import pytest

from switch.tlv import TlvError
from switch.wire.layout import Content, Part, SubKind, SubLayout
from switch.wire.subfields import SubElement, SubfieldError, checker, parse, placed

AMOUNTS = SubLayout(
    SubKind.POSITIONAL,
    parts=(
        Part("1", "account type", 2, content=Content.N),
        Part("2", "amount type", 2, content=Content.N),
        Part("3", "currency", 3, content=Content.N),
        Part("4", "amount", 13, content=Content.XN),
    ),
    repeat=True,
)
CHIP = SubLayout(SubKind.BER_TLV, binary=True)
PDS = SubLayout(SubKind.TLV, tag_width=4, length_width=3, parts=(Part("0158", "business", 99),))
PRIVATE = SubLayout(SubKind.TLV, tag_width=1, length_width=1, binary=True)
NESTED = SubLayout(
    SubKind.BITMAP,
    parts=(
        Part("2", "key", 20, length_digits=2, content=Content.ANS),
        Part("3", "code", 4, content=Content.N),
        Part("9", "data", 3, content=Content.B),
    ),
    bitmap_bytes=2,
    binary=True,
)
NESTED_TEXT = SubLayout(
    SubKind.BITMAP, parts=(Part("3", "code", 4, content=Content.N),), bitmap_bytes=1
)
LISTED = SubLayout(SubKind.LLVAR, length_width=2)
DATASETS = SubLayout(SubKind.DATASET, binary=True)


def told(items: tuple[SubElement, ...]) -> list[tuple[str, int, int, str]]:
    """Id, offset, length and value of each."""
    return [(item.id, item.offset, item.length, item.value) for item in items]


def test_positional_parts_repeat_and_may_end_early() -> None:
    """Groups follow each other; a value may end behind any part."""
    items = parse(AMOUNTS, "0002840C0000000010005084")

    assert told(items)[:4] == [
        ("1", 0, 2, "00"),
        ("2", 2, 2, "02"),
        ("3", 4, 3, "840"),
        ("4", 7, 13, "C000000001000"),
    ]
    assert len(items) == 6
    assert parse(AMOUNTS, "") == ()


def test_chip_data_nests_and_keeps_unknown_tags() -> None:
    """Templates have children with their own places."""
    (script,) = parse(CHIP, "710A9F180400000001DF0100")

    assert told(script.children) == [("9F18", 2, 7, "00000001"), ("DF01", 9, 3, "")]


def test_tags_of_fixed_width_are_named_where_known() -> None:
    """Characters with decimal lengths, or bytes with binary ones."""
    items = parse(PDS, "0158003ABC00230011")

    assert told(items) == [("0158", 0, 10, "ABC"), ("0023", 10, 8, "1")]
    assert [item.name for item in items] == ["business", ""]
    assert told(parse(PRIVATE, "0A020102FF00")) == [("0A", 0, 4, "0102"), ("FF", 4, 2, "")]


def test_an_inner_bitmap_names_the_parts() -> None:
    """Bits count from one; parts called binary come as hex, others as text."""
    value = "6080" + b"02AB1234".hex() + "FFEE00"

    assert told(parse(NESTED, value)) == [
        ("2", 2, 4, "AB"),
        ("3", 6, 4, "1234"),
        ("9", 10, 3, "FFEE00"),
    ]
    assert told(parse(NESTED_TEXT, "201234")) == [("3", 2, 4, "1234")]


def test_lists_and_datasets() -> None:
    """Items are numbered; datasets hold TLV, those of bit maps are kept whole."""
    assert told(parse(LISTED, "03ABC0001X")) == [
        ("1", 0, 5, "ABC"),
        ("2", 5, 2, ""),
        ("3", 7, 3, "X"),
    ]
    items = parse(DATASETS, "0100039C0100" + "7100024000")
    assert told(items) == [("01", 0, 6, "9C0100"), ("71", 6, 5, "4000")]
    assert told(items[0].children) == [("9C", 3, 3, "00")]


@pytest.mark.parametrize(
    ("sub", "value", "at", "reason"),
    [
        (AMOUNTS, "00X2", 2, "part 2 must be digits"),
        (AMOUNTS, "000284", 6, "part 3 needs 3, 2 left"),
        (SubLayout(SubKind.POSITIONAL, (Part("1", "one", 2),)), "ABC", 2, "more than the parts"),
        (CHIP, "9F0206", 3, "value of 6 bytes announced, 0 left"),
        (CHIP, "7103950500", 5, "value of 5 bytes announced, 1 left"),
        (CHIP, "9F0", 1, "not hex"),
        (PDS, "0001009Y", 4, "value of 9 announced, 1 left"),
        (PDS, "000100", 6, "length needs 3, 2 left"),
        (PDS, "00010 1Y", 5, "length is not digits"),
        (PDS, "00", 2, "tag needs 4, 2 left"),
        (PRIVATE, "0A0501", 1, "value of 5 announced, 1 left"),
        (NESTED, "60", 1, "inner bitmap needs 2, 1 left"),
        (NESTED, "4000" + b"0XAB".hex(), 3, "length is not digits"),
        (NESTED, "4000" + b"21".hex(), 2, "over its maximum of 20"),
        (NESTED, "2000" + b"12".hex(), 4, "part 3 needs 4, 2 left"),
        (NESTED, "1000", 2, "names part 4, which is not known here"),
        (NESTED, "2000" + b"12345".hex(), 6, "more than the inner bitmap names"),
        (NESTED_TEXT, "2G1234", 1, "inner bitmap is not hex"),
        (LISTED, "05ABC", 0, "item of 5 announced, 3 left"),
        (LISTED, "0", 1, "length needs 2, 1 left"),
        (DATASETS, "010003", 3, "dataset needs 3, 0 left"),
        (DATASETS, "0100029F02", 5, "tag without a length"),
        (SubLayout(SubKind.BER_TLV), "\u20ac", 0, "not a byte"),
    ],
)
def test_what_does_not_parse_is_refused_at_the_unit(
    sub: SubLayout, value: str, at: int, reason: str
) -> None:
    """The error has the place and the reason; the quick check refuses the same."""
    with pytest.raises(SubfieldError) as caught:
        parse(sub, value)

    assert caught.value.at == at
    assert reason in caught.value.reason
    with pytest.raises((SubfieldError, TlvError, ValueError)):
        checker(sub)(value)


@pytest.mark.parametrize(
    ("sub", "value"), [(AMOUNTS, "0002840C000000001000"), (CHIP, "9C0100"), (PDS, "0158003ABC")]
)
def test_the_quick_check_passes_what_parses(sub: SubLayout, value: str) -> None:
    """No error for good values."""
    checker(sub)(value)

    assert parse(sub, value)


def test_places_move_into_the_message() -> None:
    """Children move with their parents."""
    (script,) = parse(CHIP, "71039C0100")
    moved = placed(script, lambda unit: 100 + unit)

    assert (moved.offset, moved.length) == (100, 5)
    assert [(c.offset, c.length) for c in moved.children] == [(102, 3)]


def test_values_do_not_show() -> None:
    """Chip data may hold a card number."""
    assert "4761" not in repr(parse(CHIP, "5A084761739001010010"))
