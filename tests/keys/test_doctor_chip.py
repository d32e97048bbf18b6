"""The cryptogram doctor: each way in which a card may be other than it is entered, and the sentence
for it.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from switch.keys import emv_tags as tags
from switch.keys.doctor_chip import chip_doctor
from switch.keys.doctor_keys import KnownKey, static_keys
from switch.keys.emv_card import ChipCard
from switch.keys.emv_chip import cryptogram_input, read_chip, transaction_of
from switch.keys.emv_cryptogram import application_cryptogram, check_cryptogram
from switch.keys.emv_keys import card_key, session_key
from switch.keys.emv_profiles import PROFILES
from switch.keys.port import KeyRefused
from tests.keys.chip_room import ISSUER, OTHER, PAN, TERMINAL

LONG = "5413330089601109123"
MADE = "the card's key was made otherwise than it is entered here"
SESSION = "the card makes its session keys otherwise than its profile says"
DATA = "the card makes its cryptogram over other data than the message and its profile say"
PADDING = "the card pads otherwise than its profile says"
PROFILE = "the card is of another profile than it is entered with"
KEYS = "the card has the keys of another issuer than it is entered with"


def values_of(profile: str, pan: str = PAN, sequence: str = "01") -> dict[str, bytes]:
    """Chip data of a card, as it comes."""
    return read_chip(ChipCard(profile, pan, sequence, ISSUER).chip_data(TERMINAL, 5))


def made_otherwise(
    profile: str,
    *,
    session: str = "",
    padding: int = 0,
    option: str = "",
    without: str = "",
    data: bytes | None = None,
    pan: str = PAN,
) -> dict[str, bytes]:
    """Chip data with a cryptogram that differs from its profile."""
    values, usual = values_of(profile, pan), PROFILES[profile]
    card = card_key(ISSUER, pan, "01", option or usual.option)
    key = session_key(
        session or usual.session, card, values[tags.COUNTER], values[tags.UNPREDICTABLE]
    )
    covered = cryptogram_input(usual, values) if data is None else data
    if without:
        covered = covered.replace(values[without], b"", 1)
    values[tags.CRYPTOGRAM] = application_cryptogram(key, covered, padding or usual.padding)
    return values


def asked(
    values: Mapping[str, bytes],
    profile: str,
    *,
    pan: str = PAN,
    sequence: str = "01",
    key: bytes = ISSUER,
    amount_minor: int | None = None,
) -> str:
    """What is said of a cryptogram, where another issuer's key is known."""
    known = [KnownKey("issuer.other.imk_ac", "TDES", OTHER if key == ISSUER else ISSUER)]
    keys = static_keys("TDES", key, known)
    return chip_doctor(keys, profile, values, pan, sequence, amount_minor)


def fits(values: Mapping[str, bytes], profile: str) -> bool:
    """Whether the vault would find the cryptogram good."""
    try:
        chip = transaction_of(values, profile, PAN)
    except KeyRefused:
        return False
    card = card_key(ISSUER, PAN, "01", chip.profile.option)
    key = session_key(chip.profile.session, card, chip.atc, chip.unpredictable)
    return check_cryptogram(key, chip.data, chip.profile.padding, chip.cryptogram)


@pytest.mark.parametrize("entered", sorted(PROFILES))
@pytest.mark.parametrize("real", sorted(PROFILES))
def test_a_card_of_another_profile_is_named(entered: str, real: str) -> None:
    """Whether the data is whole for the profile that it is entered with or not; nothing is said of
    the right one, nor of one that calculates alike.
    """
    values = values_of(real)
    found = asked(values, entered)
    if fits(values, entered):
        assert found == ""
    else:
        assert entered != real
        assert found.startswith("it would fit ")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            made_otherwise("visa-cvn18", padding=1),
            f"with padding 1: {PADDING}",
        ),
        (
            made_otherwise("visa-cvn10", session="common"),
            f"under a session key by the method common: {SESSION}",
        ),
        (
            made_otherwise("visa-cvn18", session="none"),
            f"under the card's key, without a session key: {SESSION}",
        ),
        (
            made_otherwise("visa-cvn18", session="emv2000"),
            f"under a session key by the method emv2000: {SESSION}",
        ),
        (
            made_otherwise("visa-cvn18", without=tags.UNPREDICTABLE),
            f"without 9F37: {DATA}",
        ),
        (
            made_otherwise("visa-cvn18", session="mastercard", padding=1),
            f"under a session key by the method mastercard, with padding 1: {SESSION}",
        ),
    ],
)
def test_a_card_that_calculates_otherwise_is_named(values: dict[str, bytes], said: str) -> None:
    """One thing different, or two."""
    profile = "visa-cvn10" if values[tags.ISSUER_DATA][2] == 0x0A else "visa-cvn18"
    assert asked(values, profile) == f"it would fit {said}"


@pytest.mark.parametrize("tag", [tags.AMOUNT, tags.DATE, tags.UNPREDICTABLE])
def test_a_value_that_the_card_was_not_given_is_named(tag: str) -> None:
    """The message has it, and the card had zeros."""
    values = values_of("visa-cvn10")
    zero = {**values, tag: bytes(len(values[tag]))}
    made = made_otherwise("visa-cvn10", data=cryptogram_input(PROFILES["visa-cvn10"], zero))
    values[tags.CRYPTOGRAM] = made[tags.CRYPTOGRAM]
    assert asked(values, "visa-cvn10") == f"it would fit with zeros for {tag}: {DATA}"


def test_the_amount_of_the_message_is_tried() -> None:
    """The card had what the message asks for, and its chip data another amount."""
    values = values_of("visa-cvn10")
    given = {**values, tags.AMOUNT: bytes.fromhex("000000004321")}
    made = made_otherwise("visa-cvn10", data=cryptogram_input(PROFILES["visa-cvn10"], given))
    values[tags.CRYPTOGRAM] = made[tags.CRYPTOGRAM]
    said = "it would fit with the amount that the message asks for instead of 9F02"
    assert asked(values, "visa-cvn10", amount_minor=4321) == f"{said}: {DATA}"
    for other in (None, 4322, -4321, 10**12):
        assert asked(values, "visa-cvn10", amount_minor=other) == ""


def test_values_in_each_others_place_are_named() -> None:
    """Two neighbours of the profile's order."""
    values, usual = values_of("visa-cvn10"), PROFILES["visa-cvn10"]
    turned = list(usual.tags)
    turned[3:5] = turned[4], turned[3]
    part = usual.part_of(values[tags.ISSUER_DATA])
    data = b"".join(values[tag] for tag in turned) + part
    made = made_otherwise("visa-cvn10", data=data)
    said = f"it would fit with {usual.tags[3]} and {usual.tags[4]} in each other's place"
    assert asked(made, "visa-cvn10") == f"{said}: {DATA}"


def test_other_data_is_named() -> None:
    """All of the issuer application data, none of it, or the order of the message."""
    values = values_of("visa-cvn10")
    profile = PROFILES["visa-cvn10"]
    own = b"".join(values[tag] for tag in profile.tags)
    turned = dict(reversed(values.items()))
    ordered = b"".join(value for tag, value in turned.items() if tag in profile.tags)
    part = profile.part_of(values[tags.ISSUER_DATA])
    for data, said in (
        (own + values[tags.ISSUER_DATA], "over all of the issuer application data (9F10)"),
        (own, "without the issuer application data (9F10)"),
        (ordered + part, "over its data in the order of the message"),
    ):
        made = made_otherwise("visa-cvn10", data=data)
        assert asked(dict(reversed(made.items())), "visa-cvn10") == f"it would fit {said}: {DATA}"


def test_another_key_of_the_card_is_named() -> None:
    """Its sequence number, the option, or no derivation at all."""
    values = values_of("visa-cvn18")
    said = "it would fit with PAN sequence number 01"
    assert asked(values, "visa-cvn18", sequence="00") == f"{said}: {MADE}"
    del values[tags.SEQUENCE]
    assert asked(values, "visa-cvn18", sequence="07") == f"{said}: {MADE}"
    longer = made_otherwise("visa-cvn18", option="A", pan=LONG)
    said = "it would fit with the card's key by option A"
    assert asked(longer, "visa-cvn18", pan=LONG) == f"{said}: {MADE}"
    usual = PROFILES["visa-cvn10"]
    static = values_of("visa-cvn10")
    covered = cryptogram_input(usual, static)
    static[tags.CRYPTOGRAM] = application_cryptogram(ISSUER, covered, usual.padding)
    said = "it would fit under the issuer's master key itself"
    assert asked(static, "visa-cvn10") == f"{said}: {MADE}"


def test_another_issuer_is_named() -> None:
    """Where its key is known."""
    found = asked(values_of("pboc"), "pboc", key=OTHER)
    assert found == f"it would fit under issuer.other.imk_ac: {KEYS}"


def test_nothing_is_said_where_nothing_fits() -> None:
    """A wrong cryptogram, and chip data of which none can be made."""
    values = values_of("mastercard-cvn16")
    values[tags.CRYPTOGRAM] = bytes(8)
    assert asked(values, "mastercard-cvn16") == ""
    assert asked({}, "mastercard-cvn16") == ""
    assert chip_doctor(iter(()), "pboc", {}, PAN, "01") == ""
