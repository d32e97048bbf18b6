"""PVV, natural PIN and offset, held against pin_verification.json."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.keys.ciphers import BlockCipher
from switch.keys.pin_check import (
    TABLE,
    decimalize,
    natural_pin,
    offset_fits,
    pin_of_offset,
    pin_offset,
    pvv_fits,
    validation_data,
    visa_pvv,
)
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

PVK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
PAN = "1122334455667788"
ONE_ON = "1234567890123456"  # a decimalization table
DATA = bytes.fromhex(PAN)

# pv-d009 to pv-d021: key, table, PAN, start, length, pad, natural PIN, PIN, offset.
IBM = [
    (PVK.hex(), ONE_ON, PAN, 0, 16, "F", "4524", "4524", "0000"),
    (PVK.hex(), ONE_ON, PAN, 0, 16, "F", "4524", "1111", "7697"),
    (PVK.hex(), ONE_ON, PAN, 1, 14, "1", "3675", "3675", "0000"),
    (PVK.hex(), TABLE, "5432101234567890", 0, 16, "F", "8037", "1234", "3207"),
    (
        "3E7973517CB51929",
        "7751941545898941",
        "3540149832423517",
        0,
        11,
        "F",
        "99585",
        "12969",
        "23484",
    ),
    (
        "0EDCA8F210D5838F",
        "5728059798947098",
        "4282262028983325",
        0,
        11,
        "F",
        "7957",
        "9434",
        "2587",
    ),
]
pins = st.text("0123456789", min_size=4, max_size=12)
pans = st.text("0123456789", min_size=12, max_size=19)
keys = st.binary(min_size=16, max_size=16)
tables = st.text("0123456789", min_size=16, max_size=16)


@pytest.mark.parametrize(
    ("index", "pin", "pvv"), [(1, "4524", "8523"), (2, "1912", "3244")]
)  # pv-d001, pv-d002
def test_the_pvv_is_that_of_the_vectors(index: int, pin: str, pvv: str) -> None:
    """With the index in it: the same PIN under another index has another PVV."""
    assert visa_pvv(PVK, PAN, index, pin) == pvv
    assert pvv_fits(PVK, PAN, index, pin, pvv)
    assert not pvv_fits(PVK, PAN, index, pin, str((int(pvv) + 1) % 10_000).zfill(4))


@pytest.mark.parametrize("pin", ["4524", "9014", "9120", "3199"])
def test_a_pvv_falls_back_on_letters(pin: str) -> None:
    """Where fewer than four digits are decimal, the letters follow, A as 0: held against the rule
    written out. Of the four PINs all but the first have three decimal digits or fewer.
    """
    steps = Steps()
    pvv = visa_pvv(PVK, PAN, 1, pin, steps=steps)
    enciphered = steps.lines[1].value
    decimal = "".join(filter(str.isdigit, enciphered))
    letters = "".join(str(ord(each) - ord("A")) for each in enciphered if each.isalpha())
    assert (len(decimal) < 4) == (pin != "4524")
    assert pvv == (decimal + letters)[:4]


@pytest.mark.parametrize(
    ("key", "table", "pan", "start", "length", "pad", "natural", "pin", "offset"), IBM
)
def test_natural_pin_and_offset_are_those_of_the_vectors(
    key: str,
    table: str,
    pan: str,
    start: int,
    length: int,
    pad: str,
    natural: str,
    pin: str,
    offset: str,
) -> None:
    """All ways: natural PIN, offset of a PIN, PIN of an offset, and the comparison."""
    pvk, data = bytes.fromhex(key), validation_data(pan, start, length, pad)
    assert natural_pin(pvk, data, len(pin), table) == natural
    assert pin_offset(pvk, data, pin, table) == offset
    assert pin_of_offset(pvk, data, offset, table) == pin
    assert offset_fits(pvk, data, pin, offset, table)
    assert not offset_fits(pvk, data, pin[:-1] + str((int(pin[-1]) + 3) % 10), offset, table)


def test_validation_data_is_the_whole_number_if_nothing_else_is_said() -> None:
    """One digit at least, from any place on, F behind it."""
    assert validation_data(PAN) == DATA
    assert validation_data("7", 0, 1).hex().upper() == "7" + "F" * 15
    assert validation_data(PAN, 14, 2).hex().upper() == "88" + "F" * 14


@given(keys, pans, pins)
def test_a_ready_cipher_gives_what_its_key_gives(key: bytes, pan: str, pin: str) -> None:
    """The vault keeps ciphers of keys that verify many PINs."""
    ready = BlockCipher("TDES", key)
    data = validation_data(pan, 0, 12)
    assert visa_pvv(ready, pan, 3, pin) == visa_pvv(key, pan, 3, pin)
    assert natural_pin(ready, data, len(pin)) == natural_pin(key, data, len(pin))
    assert pin_offset(ready, data, pin) == pin_offset(key, data, pin)


def test_decimalization_is_that_of_the_vectors() -> None:
    """pv-d017."""
    block = bytes.fromhex("E5C1BD67B66AE7C6")
    assert decimalize(block, "8351296477461538") == "3913656466643416"


def test_what_cannot_be_calculated_is_refused() -> None:
    """pv-d025 to pv-d029 and their like; no PIN in any text."""
    refusals: list[Callable[[], object]] = [
        lambda: visa_pvv(b"1234", PAN, 1, "0000"),
        lambda: visa_pvv(PVK[:8], PAN, 1, "0000"),
        lambda: visa_pvv(PVK + PVK[:8], PAN, 1, "0000"),
        lambda: visa_pvv(PVK, "112233445566778A", 1, "0000"),
        lambda: visa_pvv(PVK, "11223344556677\u0661\u0661", 1, "0000"),
        lambda: visa_pvv(PVK, PAN, 1, "000"),
        lambda: visa_pvv(PVK, "11223344556", 1, "0000"),
        lambda: visa_pvv(PVK, PAN, 10, "0000"),
        lambda: pvv_fits(PVK, PAN, 1, "0000", "12345"),
        lambda: pvv_fits(PVK, PAN, 1, "0000", "12A4"),
        lambda: natural_pin(PVK, DATA, 4, "123456789012345"),
        lambda: natural_pin(PVK, DATA, 4, "123456789012345A"),
        lambda: natural_pin(PVK, DATA, 3),
        lambda: natural_pin(PVK, DATA, 13),
        lambda: natural_pin(PVK, DATA[:7], 4),
        lambda: natural_pin(PVK[:9], DATA, 4),
        lambda: pin_offset(PVK, DATA, "123"),
        lambda: offset_fits(PVK, DATA, "1234", "12x4"),
        lambda: validation_data(PAN, 1, 16),
        lambda: validation_data(PAN, -1, 4),
        lambda: validation_data(PAN, 0, 0),
        lambda: validation_data(PAN, 0, 16, "G"),
        lambda: validation_data(PAN, 0, 14, "X"),
        lambda: validation_data(PAN, 0, 14, ""),
        lambda: validation_data("112233445566778A"),
        lambda: validation_data("12", 0, 16, "F"),
    ]
    for refused in refusals:
        with pytest.raises(KeyRefused) as told:
            refused()
        assert "0000" not in str(told.value)


def test_what_there_is_to_check_against_is_told_by_its_name() -> None:
    """A record that was spoilt, of a card that somebody has to look at."""
    for name, refused in (
        ("PVV", lambda: pvv_fits(PVK, PAN, 1, "1234", "12A4")),
        ("offset", lambda: offset_fits(PVK, DATA, "1234", "12A4")),
        ("offset", lambda: pin_of_offset(PVK, DATA, "12A4")),
    ):
        with pytest.raises(KeyRefused, match=f"^the {name} to check against is not of decimal"):
            refused()


@given(keys, pans, st.integers(0, 9), pins)
def test_a_pin_fits_its_own_pvv(key: bytes, pan: str, index: int, pin: str) -> None:
    """And the digits beyond the fourth do not count."""
    pvv = visa_pvv(key, pan, index, pin)
    assert len(pvv) == 4
    assert pvv_fits(key, pan, index, pin, pvv)
    assert visa_pvv(key, pan, index, pin[:4]) == pvv


@given(keys, st.binary(min_size=8, max_size=8), pins, tables)
def test_offset_and_pin_belong_together(key: bytes, data: bytes, pin: str, table: str) -> None:
    """Inverses, for all keys, tables and lengths."""
    offset = pin_offset(key, data, pin, table)
    assert len(offset) == len(pin)
    assert pin_of_offset(key, data, offset, table) == pin
    assert offset_fits(key, data, pin, offset, table)
    assert pin_of_offset(key, data, "0" * len(pin), table) == natural_pin(
        key, data, len(pin), table
    )


@given(keys, st.binary(min_size=8, max_size=8), pins, st.data())
def test_no_other_pin_fits_an_offset(
    key: bytes, data: bytes, pin: str, other: st.DataObject
) -> None:
    """Neither other digits nor another length."""
    offset = pin_offset(key, data, pin)
    wrong = other.draw(pins.filter(lambda each: each != pin))
    assert not offset_fits(key, data, wrong, offset)


def test_the_steps_show_the_blocks() -> None:
    """As the vectors have them."""
    steps = Steps()
    visa_pvv(PVK, PAN, 1, "4524", steps=steps)
    assert [line.value for line in steps.lines] == ["3344556677814524", "C8FBF5FE2370DDCF", "8523"]
    steps = Steps()
    pin_offset(PVK, DATA, "1111", ONE_ON, steps=steps)
    assert [line.value for line in steps.lines] == [
        PAN,
        "3EB3B72576BBBE83",
        "4524283687222594",
        "4524",
        "7697",
    ]
