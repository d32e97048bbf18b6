"""What of a message may be shown."""

from __future__ import annotations

import pytest

from switch.wire.elements import Element
from switch.wire.layout import Content, FieldLayout, SubKind, SubLayout
from switch.wire.masking import HIDDEN, cover, cover_text, covered
from switch.wire.subfields import SubElement

PAN = "4761739001010010"


def field(number: str, coding: str = "ascii", **more: object) -> FieldLayout:
    """A variable field of up to 999."""
    settings: dict[str, object] = {"length_size": 2, "nibbles": coding == "b", **more}
    return FieldLayout(number, "", coding, 999, **settings)  # type: ignore[arg-type]


def element(number: str, value: str, data: bytes, sub: tuple[SubElement, ...] = ()) -> Element:
    """An element that starts at byte 100 and has no length indicator."""
    return Element(number, "", 100, 100, data, value, value, sub)


def shown(shape: FieldLayout, value: str, data: bytes, meaning: str = "") -> tuple[str, str]:
    """Value and hex that may be shown."""
    it = element(shape.id, value, data)
    value, _, digits = cover(it, covered(it, shape, meaning))
    return value, digits


def test_a_card_number_keeps_first_six_and_last_four_in_value_and_bytes() -> None:
    """SR-PAN-01: packed or text, with a pad nibble in front or behind."""
    packed = shown(field("2", "b"), PAN, bytes.fromhex(PAN))
    assert packed == ("476173******0010", "476173******0010")
    text = shown(field("2"), PAN, PAN.encode())
    assert text == ("476173******0010", "343736313733************30303130")
    odd = "123456789012345678"[:17]
    assert shown(field("2", "b"), odd, bytes.fromhex("0" + odd))[1] == "0123456*******4567"
    assert shown(field("2", "b"), odd, bytes.fromhex(odd + "F"))[1] == "123456*******4567F"


def test_a_card_number_is_known_by_its_meaning_too() -> None:
    """A dialect may keep the PAN in another field."""
    assert shown(field("34"), PAN, PAN.encode(), "pan")[0] == "476173******0010"


@pytest.mark.parametrize("number", ["35", "36", "45", "52"])
def test_sensitive_fields_are_hidden_whole(number: str) -> None:
    """SR-SAD-01: tracks and PIN blocks are never shown, in part or as bytes."""
    shape = field(number, sensitive=True)
    assert shown(shape, PAN + "=2812", (PAN + "=2812").encode()) == (HIDDEN, HIDDEN)
    assert shown(field("48"), "123", b"123", "card_verification") == (HIDDEN, HIDDEN)


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        (f"N{PAN}X", "N476173******0010X"),
        (f"{PAN}=28122010000012300", "476173" + "*" * 28),
        (f"0009016{PAN}", "0009016476173******0010"),
        (f"16{PAN}08", "16476173******001008"),
        ("15374245455400126", "15374245*****0126"),
        (f"B{PAN}\u00a2DOE/J\u00a24912201", "B476173" + "*" * 24),
        ("4761739001010011", "4761739001010011"),
        ("0000000000000000", "0000000000000000"),
        ("112412000001", "112412000001"),
    ],
)
def test_free_text_is_searched_for_card_numbers(value: str, safe: str) -> None:
    """A house's private field may hold a card number: what passes the Luhn check is covered."""
    assert shown(field("62"), value, value.encode())[0] == safe
    assert cover_text(value, False) == safe
    amount = field("86", content=Content.N, length_size=0)
    assert shown(amount, value, value.encode())[0] == value


def test_bytes_are_searched_as_text_too() -> None:
    """A binary private field may hold a card number in ASCII or EBCDIC."""
    for data in (PAN.encode(), PAN.encode("cp500"), bytes.fromhex(PAN)):
        value, digits = shown(field("62", "b", nibbles=False), data.hex().upper(), data)
        assert "*" in value
        assert data.hex().upper() not in digits


@pytest.mark.parametrize("text", [False, True])
def test_chip_data_hides_its_sensitive_tags_only(text: bool) -> None:
    """Tags 57, 5A and their like; a cryptogram may be seen."""
    value = "9F2601AA" + "5A08" + PAN
    width = 2 if text else 1
    parts = (
        SubElement("9F26", "", 100, 4 * width, "AA"),
        SubElement("5A", "", 100 + 4 * width, 10 * width, PAN),
    )
    data = value.encode() if text else bytes.fromhex(value)
    inside = SubLayout(SubKind.BER_TLV, binary=True)
    shape = field("55", "ascii" if text else "b", nibbles=False, sensitive=True, sub=inside)
    it = element("55", value, data, parts)
    said, _, digits = cover(it, covered(it, shape, "chip"))
    assert said == "9F2601AA5A08" + "*" * 16
    assert digits.startswith(b"9F2601AA5A08".hex().upper() if text else "9F2601AA5A08")
    assert digits.endswith("*" * 16 * width)


def test_chip_data_that_was_not_taken_apart_is_hidden() -> None:
    """Without its tags nobody can tell what may be seen."""
    inside = SubLayout(SubKind.BER_TLV, binary=True)
    shape = field("55", "b", sensitive=True, sub=inside)
    assert shown(shape, "9F26", b"\x9f\x26") == (HIDDEN, HIDDEN)


def test_heads_show_all() -> None:
    """A bitmap may look like a card number and is none."""
    it = element("p", PAN, bytes.fromhex(PAN))
    assert cover(it, covered(it, None)) == (PAN, PAN, PAN)
