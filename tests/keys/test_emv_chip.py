"""Chip data read as one transaction: whatever bytes come in, a transaction or a refusal comes
out.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch import tlv
from switch.keys.emv_card import ChipCard
from switch.keys.emv_chip import read_chip, response_key, transaction_key, transaction_of
from switch.keys.emv_cryptogram import TagsMissing
from switch.keys.emv_keys import card_key
from switch.keys.emv_profiles import AUTO, NAMES, PROFILES
from switch.keys.emv_tags import LENGTHS
from switch.keys.port import KeyRefused
from tests.keys.chip_room import ISSUER, PAN, TERMINAL, profiles

tags = st.sampled_from([*LENGTHS, "9F10", "57", "5A", "84", "5F34"])


@given(data=st.binary(max_size=300), name=st.sampled_from(NAMES))
def test_any_bytes_are_a_transaction_or_refused(data: bytes, name: str) -> None:
    """Nothing but KeyRefused comes out of bytes from outside."""
    try:
        transaction_of(read_chip(data), name, PAN)
    except KeyRefused:
        pass
    else:
        tlv.check(data)


@given(values=st.dictionaries(tags, st.binary(max_size=33)), name=st.sampled_from(NAMES))
def test_any_values_are_a_transaction_or_refused(values: dict[str, bytes], name: str) -> None:
    """Well-formed data with tags of any length: a transaction has all its parts whole."""
    try:
        made = transaction_of(read_chip(tlv.build(values.items())), name, PAN)
    except KeyRefused:
        return
    assert len(made.cryptogram) == 8
    assert len(made.atc) == 2
    assert all(len(values[tag]) == LENGTHS[tag] for tag in made.profile.tags)


@given(name=profiles, data=st.data())
def test_what_lacks_is_named(name: str, data: st.DataObject) -> None:
    """All tags that are not there, and none that is."""
    chip = read_chip(ChipCard(name, PAN, "00", ISSUER).chip_data(TERMINAL, 7))
    wanted = {*PROFILES[name].tags, "9F10", "9F26", "9F27", "9F36"}
    gone = data.draw(st.sets(st.sampled_from(sorted(wanted)), min_size=1))
    left = {tag: value for tag, value in chip.items() if tag not in gone}
    with pytest.raises(TagsMissing) as refused:
        transaction_of(left, name, PAN)
    assert set(refused.value.tags) == gone
    assert len(refused.value.tags) == len(gone)


def test_the_first_of_two_values_counts_and_templates_are_looked_into() -> None:
    """As the search of BER-TLV does it elsewhere in the house."""
    twice = tlv.build([("9F36", b"\x00\x01"), ("9F36", b"\x00\x02")])
    assert read_chip(twice)["9F36"] == b"\x00\x01"
    assert read_chip(tlv.build([("77", twice)]))["9F36"] == b"\x00\x01"


def test_a_refusal_tells_no_value() -> None:
    """Chip data may hold a PAN (5A) and a track (57)."""
    for raw in ("5A084761739001010010FF", "9F3605"):
        with pytest.raises(KeyRefused) as refused:
            read_chip(bytes.fromhex(raw))
        assert "4761739" not in str(refused.value)
    with pytest.raises(KeyRefused, match="1024"):
        read_chip(bytes(1025))
    assert read_chip(bytes(1024)) == {}


def test_the_reserved_kind_of_cryptogram_is_none() -> None:
    """Neither ARQC nor TC nor AAC."""
    chip = read_chip(ChipCard("pboc", PAN, "00", ISSUER).chip_data(TERMINAL, 7))
    with pytest.raises(KeyRefused, match="9F27"):
        transaction_of(chip | {"9F27": b"\xc0"}, "pboc", PAN)


def test_a_transaction_shows_what_may_be_shown() -> None:
    """Profile, kind, counter."""
    chip = read_chip(ChipCard("visa-cvn18", PAN, "00", ISSUER).chip_data(TERMINAL, 258, "TC"))
    made = transaction_of(chip, AUTO, PAN)
    assert repr(made) == "ChipTransaction(visa-cvn18, TC, ATC 258)"


@pytest.mark.parametrize(
    ("name", "of_the_card"),
    [
        ("visa-cvn10", True), ("visa-cvn17", True), ("visa-cvn18", False), ("visa-cvn22", False),
        ("mastercard-cvn16", True), ("mastercard-cvn17", True), ("mastercard-cvn20", False),
        ("mastercard-cvn21", False), ("pboc", False), ("emv-common", False),
    ],
)  # fmt: skip
def test_a_response_is_made_under_the_card_s_key_or_the_session_s(
    name: str, of_the_card: bool
) -> None:
    """As the published values of each profile are (pyemv's tests, a Chinese example)."""
    chip = transaction_of(
        read_chip(ChipCard(name, PAN, "00", ISSUER).chip_data(TERMINAL, 7)), name, PAN
    )
    card = card_key(ISSUER, PAN)
    session = transaction_key(card, chip)
    assert response_key(card, chip) == (card if of_the_card else session)
    assert (session == card) is (PROFILES[name].session == "none")
