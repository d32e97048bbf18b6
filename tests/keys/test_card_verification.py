"""Card verification values: published ones, orders of month and year, what does not fit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from switch.keys.card_verification import (
    SERVICE_CODES,
    card_verification_value,
    cvc3,
    decimalized,
    dynamic_value,
    fits,
    initial_vector,
    made_for,
)
from switch.keys.emv_keys import card_key
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps
from tests.keys.chip_room import ISSUER, PAN, double_keys, pans

PSEC = bytes.fromhex("99999999999999998888888888888888")
JPOS = bytes.fromhex("12345678123456781234567812345678")
yymm = st.builds("{:02d}{:02d}".format, st.integers(0, 99), st.integers(1, 12))
codes = st.from_regex(r"[0-9]{3}", fullmatch=True)

# The classic Visa example (also in a Chinese regulation's annex), psec's and jPOS's tests, public
# control values, a public calculator's tests; the last five were generated with psec.
PUBLISHED = [
    (ISSUER, "4123456789012", "8701", "101", "3701369905403024"),
    (ISSUER, "4999988887777", "9105", "111", "6490306811534243"),
    (ISSUER, "4333322221111", "9307", "141", "6978573245144121"),
    (ISSUER, "4123456789012345", "8701", "101", "5614982039714233"),
    (ISSUER, "4999988887777000", "9105", "111", "2456791315551042"),
    (ISSUER, "4333322221111222", "9307", "141", "3826837101053512"),
    (PSEC, "2222222222222222", "3333", "111", "3611190519403405"),
    (ISSUER, "4111111111111111", "2512", "201", "1399490176685415"),
    (ISSUER, "4111111111111111", "2512", "999", "1334009805520205"),
    (ISSUER, "4123456789012345", "0225", "000", "2215303091334503"),
    (JPOS, "123456789012", "1108", "000", "2044074823444550"),
    (bytes.fromhex("C232B6DA0891103486B9E55ED5FE6270"), "0493407491550529", "3502", "221",
     "7508976113420000"),
    (bytes.fromhex("3420E3C1FE4601D03D45CDC7EC5E9845"), "581892364884667", "2506", "000",
     "6349291982101444"),
    (bytes.fromhex("D51A2FB3D6FE9768E04A0732F4BA3843"), "1972373605980978570", "3512", "999",
     "4241255571114402"),
    (bytes.fromhex("C4D680FD4F58DFEA1F4A7FE59E61D31C"), "1644295884330", "3904", "101",
     "0696823933743405"),
    (bytes.fromhex("A167FB70F1CBA10E97A47CBC5E1CA8F8"), "0754196070013930", "3012", "201",
     "9820321250511254"),
]  # fmt: skip


@pytest.mark.parametrize(("cvk", "pan", "expiry", "service", "digits"), PUBLISHED)
def test_values_are_the_published_ones(
    cvk: bytes, pan: str, expiry: str, service: str, digits: str
) -> None:
    """CVV, CVV2 and iCVV, PANs of 12 to 19 digits, all 16 digits of the result."""
    assert decimalized(cvk, pan, expiry, service) == digits
    assert card_verification_value(cvk, pan, expiry, service) == digits[:3]
    assert fits(cvk, pan, expiry, service, digits[:3])


@pytest.mark.parametrize(
    ("pan", "expiry", "service", "code"),
    [
        ("4123456789012", "8701", "101", "371"),  # a digit changed
        ("4123456789012", "0187", "101", "370"),  # month and year swapped
        ("4111111111111111", "2512", "201", "133"),  # the chip's value on a stripe
    ],
)
def test_what_is_not_the_card_s_does_not_fit(
    pan: str, expiry: str, service: str, code: str
) -> None:
    """The published negative cases."""
    assert not fits(ISSUER, pan, expiry, service, code)


@given(cvk=double_keys(), pan=pans, expiry=yymm, service=codes)
def test_each_kind_has_its_service_code(cvk: bytes, pan: str, expiry: str, service: str) -> None:
    """The card's own for the stripe, 000 printed, 999 in the chip; each fits its own kind."""
    for kind, own in SERVICE_CODES.items():
        right = card_verification_value(cvk, pan, expiry, own or service)
        assert made_for(cvk, pan, expiry, service, kind) == right
        assert fits(cvk, pan, expiry, service, right, kind)


@given(cvk=double_keys(), pan=pans, expiry=yymm, service=codes)
def test_the_order_of_month_and_year_is_the_issuer_s(
    cvk: bytes, pan: str, expiry: str, service: str
) -> None:
    """The expiry always comes as on the track, YYMM."""
    swapped = expiry[2:] + expiry[:2]
    assert made_for(cvk, pan, expiry, service, "cvv2", "MMYY") == made_for(
        cvk, pan, swapped, service, "cvv2", "YYMM"
    )
    right = card_verification_value(cvk, pan, swapped, service)
    assert fits(cvk, pan, expiry, service, right, "cvv", "MMYY")


@given(code=st.text(max_size=6))
@example("\ud800")  # a lone surrogate, of which no bytes can be made
def test_any_text_instead_of_three_digits_does_not_fit(code: str) -> None:
    """Letters, other alphabets, too many digits, none: wrong, not an error."""
    assert fits(ISSUER, PAN, "2512", "201", code) is (
        code == card_verification_value(ISSUER, PAN, "2512", "201")
    )


def test_dynamic_values_are_the_published_ones() -> None:
    """Of dCVV, by a tool's captures and jPOS; the counter stands for the first four PAN digits."""
    master = bytes.fromhex("0123456789ABCDEF0123456789ABCDEF")
    other = bytes.fromhex("E30DA27651A440C81A9BE99452F4BADF")
    for key, pan, expiry, service, counter, value in (
        (master, "4111111111111111", "1225", "001", "0001", "938"),
        (master, "4111111111111111", "1225", "001", "0002", "488"),
        (master, "4111111111111111", "1225", "101", "0010", "970"),
        (JPOS, "1234567890123456", "1310", "226", "3210", "422"),
        (other, "6516905245440993", "2809", "201", "9896", "911"),
    ):
        assert dynamic_value(key, pan, "00", expiry, service, counter) == value


@pytest.mark.parametrize(("sequence", "option"), [("00", "A"), ("07", "A"), ("07", "B")])
def test_a_dynamic_value_is_of_the_card_s_own_key(sequence: str, option: str) -> None:
    """By its sequence number and the issuer's way to derive keys, each shown on the way."""
    pan, steps = "6222021234567890123", Steps()
    made = dynamic_value(ISSUER, pan, sequence, "2512", "201", "0009", option=option, steps=steps)
    key = card_key(ISSUER, pan, sequence, option)
    assert made == card_verification_value(key, "0009" + pan[4:], "2512", "201")
    assert steps.find("card key") == key.hex().upper()
    assert steps.find("decimalized")[:3] == made


def test_cvc3_is_the_published_one() -> None:
    """By pyemv's tests and jPOS's, with the vector that the card keeps."""
    for master, pan, track, vector, counter, number, value in (
        ("01234567899876543210012345678998", "5123456789012345",
         "5123456789012345D35121010000000000000F", "11BA", "005E", "00000899", "29488"),
        ("12345678123456781234567812345678", "1234567890123456",
         "1234567890123456D12012061000110000000FFFFFFFFFFF", "94C9", "2710", "00002710", "45423"),
    ):  # fmt: skip
        card = card_key(bytes.fromhex(master), pan)
        image = bytes.fromhex(track)
        assert initial_vector(card, image).hex().upper() == vector
        assert cvc3(card, image, bytes.fromhex(counter), bytes.fromhex(number)) == value


def test_what_has_no_value_is_refused() -> None:
    """Keys, PANs, expiries, service codes, kinds, orders and counters that are none."""
    calls: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: decimalized(bytes(8), PAN, "2012", "220"), "a CVK has 16 bytes"),
        (lambda: decimalized(ISSUER, "5" * 20, "2012", "220"), "a PAN has"),
        (lambda: decimalized(ISSUER, "4761 73900101001", "2012", "220"), "a PAN has"),
        (lambda: decimalized(ISSUER, PAN, "201", "220"), "an expiry has"),
        (lambda: decimalized(ISSUER, PAN, "20 2", "220"), "an expiry has"),
        (lambda: decimalized(ISSUER, PAN, "2012", "22"), "a service code has"),
        (lambda: decimalized(ISSUER, PAN, "2012", ""), "a service code has"),
        (lambda: made_for(ISSUER, PAN, "2012", "220", "cvv3"), "no card verification value"),
        (lambda: made_for(ISSUER, PAN, "2012", "220", "cvv", "DDMM"), "no order of month"),
        (lambda: dynamic_value(ISSUER, PAN, "00", "2012", "220", "001"), "the counter of a dCVV"),
        (lambda: dynamic_value(ISSUER, PAN, "00", "2012", "220", "00A1"), "the counter of a dCVV"),
        (lambda: cvc3(ISSUER, b"", b"\x00", bytes(4)), "an ATC has 2 bytes"),
        (lambda: cvc3(ISSUER, b"", bytes(2), bytes(3)), "an unpredictable number has 4 bytes"),
        (lambda: cvc3(ISSUER[:8], b"", bytes(2), bytes(4)), "16 bytes"),
    )
    for call, said in calls:
        with pytest.raises(KeyRefused, match=said) as refused:
            call()
        assert PAN not in str(refused.value)


def test_steps_show_the_way() -> None:
    """Data, both encipherments, digits."""
    steps = Steps()
    card_verification_value(ISSUER, "4111111111111111", "2512", "201", steps=steps)
    assert steps.lines[0].value == "41111111111111112512201000000000"
    assert steps.lines[-1] == ("decimalized", "1399490176685415")
