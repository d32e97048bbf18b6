"""PIN blocks in clear, held against ISO 9564-1 (pin_blocks.json, sm.json): every nibble counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.keys.pin_block import (
    NO_PAN,
    REFUSED,
    decode,
    decode_pin4,
    decode_wide,
    encode,
    encode_pin4,
    encode_wide,
    fill_for,
    known_pan_field,
    pan_field,
)
from switch.keys.port import KeyRefused, PinBlockRefused
from switch.keys.steps import Steps

# pb-d001 to pb-d024: format, PIN, PAN, fill, block.
BLOCKS = [
    (0, "1234", "5555555551234567", "", "041261AAAAEDCBA9"),
    (0, "123456789012", "5555555551234567", "", "0C1261032D8226A9"),
    (0, "1234", "43219876543210987", "", "0412AC89ABCDEF67"),
    (0, "1234", "4012345678909", "", "041274EDCBA9876F"),
    (1, "12345", "", "EDCBA9876", "1512345EDCBA9876"),
    (1, "1234", "", "5478541264", "1412345478541264"),
    (2, "1234", "", "", "241234FFFFFFFFFF"),
    (2, "123456789012", "", "", "2C123456789012FF"),
    (3, "1234", "5432101234567890", "AAAAAAAAAA", "341215AB89EFCD23"),
    (3, "85523317394", "5583531386438686587", "AEB", "3B8541B554BFCCB3"),
    (3, "676507700701", "4725498716145745", "EC", "3C67319F01664498"),
]
# pb-d044 to pb-d062: format, block, PAN, what is wrong.
BROKEN = [
    (0, "241261AAAAEDCBA9", "5555555551234567", "control nibble"),
    (0, "041261AAAAEDCB", "5555555551234567", "seven bytes"),
    (0, "041261AAAAEDCBA9A9", "5555555551234567", "nine bytes"),
    (0, "", "5555555551234567", "nothing"),
    (0, "021261AAAAEDCBA9", "5555555551234567", "two digits"),
    (0, "041261AAAAEDCBAA", "5555555551234567", "fill"),
    (0, "041261AAAAEDCBA9", "555555555123", "a PAN of twelve digits"),
    (0, "041261AAAAEDCBA9", "", "no PAN"),
    (0, "041261AAAAEDCBA9", "55555555551234567890", "a PAN of twenty digits"),
    (0, "041274EDCBA9876F", "4022345678909", "the PAN of another card"),
    (1, "031234FFFFFFFFFF", "", "control nibble"),
    (1, "131234FFFFFFFFFF", "", "three digits"),
    (2, "2F123456789012FF", "", "fifteen digits"),
    (2, "22123456789012FF", "", "two digits"),
    (2, "2C12345678901FFF", "", "a digit that is none"),
    (3, "3F1261AAAAEDCBA9", "5555555551234567", "fifteen digits"),
    (3, "341261AAAAEDCBA2", "5555555551234567", "fill that is a digit"),
    (4, "441234AAAAAAAAAA", "5555555551234567", "a format of another length"),
]
PAN_FIELDS = [  # pb-d025 to pb-d029, and one shorter than twelve digits
    ("112233445566778899", "61122334455667788990000000000000"),
    ("4111111111111111", "44111111111111111000000000000000"),
    ("4111111111111", "14111111111111000000000000000000"),
    ("411111111111", "04111111111110000000000000000000"),
    ("41111111", "00000411111110000000000000000000"),
]
WIDE = [  # sm-d024, sm-d025
    ("123654", "6212345678901234568", "06123654FFFFFFFFFFFFA9876FEDCBA9"),
    ("1234", "6222021234567890123", "041234FFFFFFFFFFFFFFEDCBA9876FED"),
]
pins = st.text("0123456789", min_size=4, max_size=12)
pans = st.text("0123456789", min_size=13, max_size=19)


def seeded(random: st.DataObject) -> bytes:
    """A function's worth of random bytes, drawn."""
    return random.draw(st.binary(min_size=64, max_size=64))


@pytest.mark.parametrize(("form", "pin", "pan", "fill", "block"), BLOCKS)
def test_blocks_are_those_of_the_standard(
    form: int, pin: str, pan: str, fill: str, block: str
) -> None:
    """Both ways."""
    assert encode(form, pin, pan, fill) == bytes.fromhex(block)
    assert decode(form, bytes.fromhex(block), pan) == pin


@pytest.mark.parametrize(("form", "block", "pan", "wrong"), BROKEN)
def test_all_that_is_wrong_is_said_in_one_text(form: int, block: str, pan: str, wrong: str) -> None:
    """SR-PIN-04, M-11: one error, whatever ``wrong`` is, and nothing of the block in it."""
    with pytest.raises(PinBlockRefused) as refused:
        decode(form, bytes.fromhex(block), pan)
    assert str(refused.value) == REFUSED, wrong
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(("pan", "field"), PAN_FIELDS)
def test_the_pan_field_of_format_4_holds_the_whole_pan(pan: str, field: str) -> None:
    """Its first nibble is the number of digits above twelve."""
    assert pan_field(pan) == bytes.fromhex(field)


@pytest.mark.parametrize("pan", ["", "1" * 20, "41111111111X", "411111111111\u0661"])
def test_what_is_no_pan_has_no_field(pan: str) -> None:
    """Digits of other scripts are no digits."""
    with pytest.raises(KeyRefused, match="1 to 19 decimal digits"):
        pan_field(pan)


@pytest.mark.parametrize("pan", ["", "411111111111", "41111111111111111111", "411111111111111x"])
def test_a_block_of_no_card_does_not_open_for_what_is_no_pan(pan: str) -> None:
    """It has the PAN part of zeros, which stands in where there is no PAN: still a refusal."""
    for form, fill in ((0, ""), (3, "AAAAAAAAAA")):
        block = encode(form, "1234", NO_PAN, fill)
        assert decode(form, block, NO_PAN) == "1234"
        with pytest.raises(PinBlockRefused, match=REFUSED):
            decode(form, block, pan)
    with pytest.raises(PinBlockRefused, match=REFUSED):
        decode_wide(encode_wide("1234", NO_PAN), pan)


@pytest.mark.parametrize("pan", ["", "41111111111111111111", "411111111111111x"])
def test_what_is_no_pan_has_a_field_of_zeros_and_is_told(pan: str) -> None:
    """So that deciphering goes on alike, and refuses at its end."""
    assert known_pan_field(pan) == (bytes(16), True)
    assert known_pan_field("4111111111111111") == (pan_field("4111111111111111"), False)


def test_the_pin_field_of_format_4_is_that_of_the_standard() -> None:
    """pb-d030, pb-d031: both ways."""
    for pin, fill, field in (
        ("1234", "2F69ADDE2E9E7ACE", "441234AAAAAAAAAA2F69ADDE2E9E7ACE"),
        ("123456789012", "FFEEDDCCBBAA9988", "4C123456789012AAFFEEDDCCBBAA9988"),
    ):
        assert encode_pin4(pin, fill) == bytes.fromhex(field)
        assert decode_pin4(bytes.fromhex(field)) == pin


@pytest.mark.parametrize(
    "field",
    [
        "541234AAAAAAAAAA548ED7FD65495950",
        "341261AAAAEDCB",
        "441234ABCDEFABCD548ED7FD65495950",
        "4412D4AAAAAAAAAA548ED7FD65495950",
        "431234AAAAAAAAAA548ED7FD65495950",
        "4D1234567890123A548ED7FD65495950",
    ],
)
def test_a_broken_pin_field_of_format_4_is_refused_alike(field: str) -> None:
    """pb-d056 to pb-d059: SR-PIN-04."""
    with pytest.raises(PinBlockRefused) as refused:
        decode_pin4(bytes.fromhex(field))
    assert str(refused.value) == REFUSED


@pytest.mark.parametrize(("pin", "pan", "block"), WIDE)
def test_the_wide_block_of_sm4_is_taken_apart_to_the_last_nibble(
    pin: str, pan: str, block: str
) -> None:
    """Both ways; the PAN reaches only nibbles of fill, so that a changed one always shows."""
    clear = bytes.fromhex(block)
    assert encode_wide(pin, pan) == clear
    assert decode_wide(clear, pan) == pin
    for place in range(32):
        changed = bytearray(clear)
        changed[place // 2] ^= 0x0F if place % 2 else 0xF0
        if place not in range(2, 2 + len(pin)):
            with pytest.raises(PinBlockRefused, match=f"^{REFUSED}$"):
                decode_wide(changed, pan)
    with pytest.raises(PinBlockRefused, match=f"^{REFUSED}$"):
        decode_wide(clear, pan[:-2] + ("1" if pan[-2] != "1" else "2") + pan[-1])
    for short in (clear[:8], b"", clear + b"\0"):
        with pytest.raises(PinBlockRefused, match=f"^{REFUSED}$"):
            decode_wide(short, pan)


@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "\u0661\u0662\u0663\u0664"])
def test_what_is_no_pin_is_not_put_into_a_block(pin: str) -> None:
    """pb-d067, pb-d068: 4 to 12 decimal digits; the error does not repeat it."""
    makers: list[Callable[[], object]] = [
        lambda: encode(0, pin, "5555555551234567"),
        lambda: encode_pin4(pin, "0" * 16),
        lambda: encode_wide(pin, "5555555551234567"),
    ]
    for make in makers:
        with pytest.raises(KeyRefused, match="4 to 12 decimal digits") as refused:
            make()
        assert not pin or pin not in str(refused.value)


def test_what_is_no_card_or_fill_is_not_put_into_a_block() -> None:
    """pb-d069, and fill that is too short, too long, of digits, or not wanted."""
    with pytest.raises(KeyRefused, match="13 to 19 decimal digits"):
        encode(0, "1234", "555555555555")
    for form, fill in ((3, "A" * 9), (3, "A" * 11), (3, "AAAAA0AAAA"), (1, "12345 7890"), (0, "F")):
        with pytest.raises(KeyRefused, match=f"format {form} "):
            encode(form, "1234", "5555555551234567", fill)
    with pytest.raises(KeyRefused, match="format 4 "):
        encode_pin4("1234", "0" * 15)
    with pytest.raises(KeyRefused, match="format 0, 1, 2 or 3"):
        encode(4, "1234", "5555555551234567")


@given(pins, pans, st.sampled_from([0, 1, 2, 3]), st.data())
def test_a_block_gives_its_pin_back(pin: str, pan: str, form: int, data: st.DataObject) -> None:
    """All PINs and cards, with fill as a generator gives it."""
    fill = fill_for(form, len(pin), lambda count: seeded(data)[:count])
    assert decode(form, encode(form, pin, pan, fill), pan) == pin


@given(pins, st.text("0123456789ABCDEF", min_size=16, max_size=16), pans)
def test_a_block_of_format_4_and_a_wide_one_give_their_pin_back(
    pin: str, fill: str, pan: str
) -> None:
    """All PINs."""
    assert decode_pin4(encode_pin4(pin, fill)) == pin
    assert decode_wide(encode_wide(pin, pan), pan) == pin


@given(st.sampled_from([0, 1, 2, 3]), st.binary(max_size=12), pans)
def test_a_block_that_is_taken_apart_was_made_like_that(form: int, block: bytes, pan: str) -> None:
    """Strict: what decodes is what encoding its PIN with its fill gives, to the nibble."""
    try:
        pin = decode(form, block, pan)
    except PinBlockRefused:
        return
    pan_part = bytes.fromhex(f"0000{pan[-13:-1]}") if form in (0, 3) else bytes(8)
    field = bytes(a ^ b for a, b in zip(block, pan_part, strict=True)).hex().upper()
    fill = field[2 + len(pin) :] if form in (1, 3) else ""
    assert encode(form, pin, pan, fill) == block


@given(pins, pans, st.sampled_from([0, 3]), st.integers(2, 15), st.integers(1, 15))
def test_every_nibble_of_a_block_counts(
    pin: str, pan: str, form: int, place: int, mask: int
) -> None:
    """A changed nibble is refused or is another PIN, never the same one unnoticed, but for fill of
    format 3 that stays fill.
    """
    block = bytearray(encode(form, pin, pan, "" if form == 0 else "A" * (14 - len(pin))))
    block[place // 2] ^= mask if place % 2 else mask << 4
    try:
        found = decode(form, block, pan)
    except PinBlockRefused:
        return
    if place < 2 + len(pin):
        assert found != pin
    else:
        assert form == 3


def test_random_fill_is_spread_evenly() -> None:
    """Format 3: bytes that would favour a letter are thrown away; the rest gives each as often."""
    every = bytes(range(256)) * 2
    given_bytes = iter(every[start : start + 14] for start in range(0, len(every), 14))
    letters = "".join(fill_for(3, 0, lambda _count: next(given_bytes)) for _ in range(18))
    assert set(letters) == set("ABCDEF")
    counts = [letters.count(letter) for letter in "ABCDEF"]
    assert max(counts) - min(counts) <= 1
    assert fill_for(3, 4, lambda count: b"\xff\xfe\xfd\xfc\xfb" + bytes(count - 5)) == "FAAAAAAAAA"
    assert fill_for(1, 5, lambda count: bytes(range(0x10, 0x10 + count))) == "101112131"
    assert fill_for(4, 12, lambda count: bytes(range(count))) == "0001020304050607"
    assert fill_for(4, 4, lambda count: b"\xab" * count) == "AB" * 8
    # Of each draw all but the last two are thrown away: what was drawn before is kept.
    assert fill_for(3, 9, lambda count: b"\xff" * (count - 2) + b"\x00\x01") == "ABABA"
    assert fill_for(0, 4, bytes) == fill_for(2, 4, bytes) == ""


def test_a_block_without_a_card_is_one_of_a_card_of_zeros() -> None:
    """UnionPay: without a PAN the PIN field is the block."""
    assert encode(0, "123456", NO_PAN).hex().upper() == "06123456FFFFFFFF"


def test_the_steps_show_the_fields() -> None:
    """As the table in the standard."""
    steps = Steps()
    encode(0, "1234", "5432101234567891", steps=steps)
    assert [tuple(line) for line in steps.lines] == [
        ("PIN field", "041234FFFFFFFFFF"),
        ("PAN field", "0000210123456789"),
        ("PIN block", "041215FEDCBA9876"),
    ]
