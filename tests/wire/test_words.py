"""Codes in words, and names of chip data."""

from __future__ import annotations

import pytest

from switch.wire.emv_tags import CHIP_DATA_BEGINNINGS, TAG_NAMES, tag_name, tag_words
from switch.wire.semantics import SENSITIVE_TAGS
from switch.wire.words import amount_words, bitmap_fields, field_words, message_type_words


@pytest.mark.parametrize(
    ("mti", "words"),
    [
        ("0200", "ISO 8583:1987 financial request (acquirer)"),
        ("1431", "ISO 8583:1993 reversal advice answer (acquirer, repeat)"),
        ("2804", "ISO 8583:2003 network management request (other)"),
        ("9990", "version 9 class 9 function 9 (acquirer)"),
    ],
)
def test_a_message_type_is_told_in_words(mti: str, words: str) -> None:
    """Version, class, function and origin, also where the standard has no word."""
    assert message_type_words(mti) == words


def test_a_bitmap_names_its_fields() -> None:
    """Bit 1 of the first bitmap is the highest bit and announces the second."""
    assert bitmap_fields("8000000000000001") == [1, 64]
    assert bitmap_fields("8000000000000001", 64) == [65, 128]
    assert bitmap_fields("0000000000000000") == []


@pytest.mark.parametrize(
    ("number", "value", "mti", "words"),
    [
        ("3", "200030", "0200", "refund"),
        ("22", "071", "0200", "contactless chip"),
        ("39", "05", "0210", "do not honour"),
        ("39", "116", "1210", "declined"),
        ("39", "116", "0210", ""),
        ("70", "301", "0800", "echo"),
        ("49", "978", "0200", "EUR"),
        ("49", "000", "0200", ""),
        ("11", "000000", "0200", ""),
    ],
)
def test_usual_codes_are_told_in_words(number: str, value: str, mti: str, words: str) -> None:
    """Only where the element has the standard's length and edition."""
    assert field_words(number, value, mti) == words


@pytest.mark.parametrize(
    ("digits", "currency", "words"),
    [
        ("000000000005", "978", "0.05 EUR"),
        ("000000001500", "048", "1.500 BHD"),
        ("000000000000", "392", "0 JPY"),
        ("000000000000", "840", "0.00 USD"),
        ("12X", "840", ""),
        ("000000000100", "", ""),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(digits: str, currency: str, words: str) -> None:
    """ISO 4217: none for yen, three for dinars."""
    assert amount_words(digits, currency) == words


def test_tags_have_names_and_tell_what_they_can() -> None:
    """Bits of TVR and TSI, the kind of a cryptogram; other values are only shown."""
    assert tag_name("9F36") == "application transaction counter"
    assert tag_words("95", "8000000000") == "offline data authentication not performed"
    assert tag_words("95", "0000040001") == "online PIN entered, a reserved bit"
    assert tag_words("95", "00") == ""
    assert tag_words("9B", "E800").startswith("offline data authentication performed, cardholder")
    assert tag_words("9F27", "40") == "approved offline (TC)"
    assert tag_words("9F26", "00") == ""


def test_sensitive_tags_have_names() -> None:
    """What is hidden is at least named."""
    assert set(SENSITIVE_TAGS) <= set(TAG_NAMES)
    assert all(tag in TAG_NAMES or tag == "9F" for tag in CHIP_DATA_BEGINNINGS)
