"""Profiles of chip cards: published data of cryptograms, and which profile a card names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.keys.emv_chip import cryptogram_input
from switch.keys.emv_cryptogram import PADDINGS, TagsMissing
from switch.keys.emv_keys import METHODS, OPTIONS
from switch.keys.emv_profiles import (
    AUTO,
    LAYOUTS,
    NAMES,
    PROFILES,
    NoProfile,
    Profile,
    issuer_data_of,
    profile_of,
)
from switch.keys.emv_response import METHODS as RESPONSES
from switch.keys.emv_script import STYLES
from switch.keys.emv_tags import LENGTHS
from switch.keys.mac_padding import pad
from switch.keys.port import KeyRefused
from tests.keys.chip_room import profiles

# A card of each brand, by first digits.
HEADS = {"visa-0": "4761", "visa-2": "4761", "mchip": "5413", "pboc": "6228", "ccd": "9999"}

# jPOS's builders of cryptogram data, quoting Visa's issuer guide, and its Mastercard test: profile,
# tags in order, 9F10, data with padding.
PUBLISHED = [
    (
        "visa-cvn10",
        "000000000100 000000000000 0840 0000000000 0840 181231 01 ABCDEF10 1800 0002",
        "06010A03000000",
        "00000000010000000000000008400000000000084018123101ABCDEF101800000203000000000000",
    ),
    (
        "visa-cvn18",
        "000000000100 000000000000 0840 0000000000 0840 181231 01 ABCDEF10 1800 0001",
        "06011203000000",
        (
            "00000000010000000000000008400000000000084018123101ABCDEF101800000106011203000000"
            "8000000000000000"
        ),
    ),
    (
        "mastercard-cvn16",
        "000000010000 000000001000 0840 0000001080 0840 980704 00 11111111 5800 3456",
        "0110608003220000B6A400000000000000FF",
        "00000001000000000000100008400000001080084098070400111111115800345660800322000080",
    ),
]


@pytest.mark.parametrize(("name", "tags", "issuer_data", "padded"), PUBLISHED)
def test_data_of_a_cryptogram_is_the_published_one(
    name: str, tags: str, issuer_data: str, padded: str
) -> None:
    """From tags to padded blocks; ``auto`` finds the same profile."""
    profile = PROFILES[name]
    values = dict(zip(profile.tags, map(bytes.fromhex, tags.split()), strict=True))
    values["9F10"] = bytes.fromhex(issuer_data)
    made = pad(profile.padding, cryptogram_input(profile, values), 8)
    assert made.hex().upper() == padded
    assert profile_of(AUTO, values["9F10"], HEADS[profile.layout]) is profile


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_profile_is_made_of_what_there_is(profile: Profile) -> None:
    """Options, methods, paddings, tags of known length, layouts: no line of the table dangles."""
    assert profile.option in OPTIONS
    assert profile.session in METHODS
    assert profile.padding in PADDINGS
    assert profile.response in RESPONSES
    assert profile.response_key in ("card", "session")
    assert profile.messaging.session in ("visa_sm", "common", "pboc")
    assert profile.messaging.covers in ("transaction", "chain")
    assert profile.messaging.pin in STYLES
    assert 4 <= profile.messaging.mac_bytes <= 8
    assert set(profile.tags) <= set(LENGTHS)
    assert {"9F02", "9F36", "9F37"} <= set(profile.tags)
    assert profile.layout in LAYOUTS


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_a_test_card_names_its_own_profile(profile: Profile) -> None:
    """Brand and issuer application data lead back to the profile that they were made by."""
    data = issuer_data_of(profile)
    assert profile_of(AUTO, data, HEADS[profile.layout] + "0" * 12) is profile
    assert profile.takes(data)


def test_no_two_profiles_have_one_version_in_one_layout() -> None:
    """Else a card could not say which it is."""
    assert len({(one.layout, one.cvn) for one in PROFILES.values()}) == len(PROFILES)


@given(name=st.text(max_size=20), data=st.binary(max_size=40), head=st.text(max_size=4))
def test_any_name_and_data_end_in_a_profile_or_a_refusal(name: str, data: bytes, head: str) -> None:
    """Chip data comes from outside: nothing but KeyRefused comes out."""
    for asked in (name, AUTO):
        try:
            found = profile_of(asked, data, head)
        except KeyRefused:
            assert asked not in PROFILES
        else:
            assert found in PROFILES.values()


@given(name=profiles, data=st.binary(max_size=40))
def test_issuer_data_of_any_length_is_taken_or_refused(name: str, data: bytes) -> None:
    """``takes`` tells beforehand what ``part_of`` refuses; a part is never cut short."""
    profile = PROFILES[name]
    if profile.takes(data):
        part = profile.part_of(data)
        ends = profile.issuer_data or ((0, len(data)),)
        assert len(part) >= sum(end - start for start, end in ends)
        assert len(data) <= 32
    else:
        with pytest.raises(TagsMissing, match="9F10"):
            profile.part_of(data)


@pytest.mark.parametrize(
    ("name", "shortest"),
    [
        ("visa-cvn10", 7), ("visa-cvn17", 7), ("visa-cvn18", 7), ("visa-cvn22", 32),
        ("mastercard-cvn16", 8), ("mastercard-cvn17", 18), ("mastercard-cvn20", 8),
        ("mastercard-cvn21", 18), ("pboc", 8), ("emv-common", 32),
    ],
)  # fmt: skip
def test_issuer_data_has_a_least_and_a_greatest_length(name: str, shortest: int) -> None:
    """The length byte, key index, version and results of each scheme; 32 bytes at most."""
    profile = PROFILES[name]
    taken = [size for size in range(40) if profile.takes(bytes(size))]
    assert (taken[0], taken[-1]) == (shortest, 32)
    assert len(taken) == 33 - shortest


def test_counters_of_mastercard_have_8_or_16_bytes() -> None:
    """Of 18 and 20 bytes of issuer data, and of 26 and 28."""
    profile, data = PROFILES["mastercard-cvn17"], bytes(range(28))
    assert profile.part_of(data[:18]) == data[2:8] + data[10:18]
    assert profile.part_of(data[:20]) == data[2:8] + data[10:18]
    assert profile.part_of(data[:26]) == data[2:8] + data[10:26]
    assert profile.part_of(data) == data[2:8] + data[10:26]


def test_auto_needs_data_and_a_version_that_it_knows() -> None:
    """What lacks is told apart from what does not fit."""
    with pytest.raises(TagsMissing, match="9F10"):
        profile_of(AUTO, b"", "4761")
    with pytest.raises(NoProfile):
        profile_of(AUTO, bytes.fromhex("06010B03000000"), "4761")
    with pytest.raises(NoProfile):  # a Visa version on a Mastercard
        profile_of(AUTO, bytes.fromhex("06010A03000000"), "5413")
    with pytest.raises(KeyRefused, match="there is no chip profile 'visa'"):
        profile_of("visa")
    assert AUTO in NAMES
