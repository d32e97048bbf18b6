"""Card and issuer agree for every profile, and disagree when anything is changed (EMV book 2)."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch import tlv
from switch.keys.emv_card import ChipCard, TerminalData
from switch.keys.emv_chip import ChipTransaction, read_chip, transaction_key, transaction_of
from switch.keys.emv_cryptogram import KINDS, check_cryptogram
from switch.keys.emv_keys import card_key
from switch.keys.emv_profiles import AUTO, PROFILES
from switch.keys.port import KeyRefused
from tests.keys.chip_room import (
    INTEGRITY,
    ISSUER,
    OTHER,
    PAN,
    TERMINAL,
    counters,
    double_keys,
    pans,
    profiles,
    sequences,
    terminals,
)

kinds = st.sampled_from(KINDS)


def fits(chip: ChipTransaction, master: bytes, pan: str, sequence: str) -> bool:
    """The issuer's side."""
    profile = chip.profile
    card = card_key(master, pan, sequence, profile.option)
    return check_cryptogram(
        transaction_key(card, chip), chip.data, profile.padding, chip.cryptogram
    )


@given(
    name=profiles,
    master=double_keys(),
    pan=pans,
    sequence=st.one_of(st.just(""), sequences),
    counter=counters,
    kind=kinds,
    terminal=terminals(),
)
def test_issuer_and_card_agree(
    name: str,
    master: bytes,
    pan: str,
    sequence: str,
    counter: int,
    kind: str,
    terminal: TerminalData,
) -> None:
    """PANs of 13 to 19 digits, with and without sequence number, counters up to FFFF."""
    data = ChipCard(name, pan, sequence, master).chip_data(terminal, counter, kind)
    chip = transaction_of(read_chip(data), name, pan)
    assert (chip.kind, chip.counter) == (kind, counter)
    assert fits(chip, master, pan, sequence)
    assert len(data) <= 255


@given(name=profiles, counter=counters, terminal=terminals(), data=st.data())
def test_any_changed_bit_of_what_is_covered_is_noticed(
    name: str, counter: int, terminal: TerminalData, data: st.DataObject
) -> None:
    """Each element of the cryptogram's data, the counter, the cryptogram itself."""
    values = read_chip(ChipCard(name, PAN, "00", ISSUER).chip_data(terminal, counter))
    tag = data.draw(st.sampled_from(sorted({*PROFILES[name].tags, "9F26", "9F36"})))
    bit = data.draw(st.integers(0, 8 * len(values[tag]) - 1))
    changed = int.from_bytes(values[tag], "big") ^ 1 << bit
    values[tag] = changed.to_bytes(len(values[tag]), "big")
    assert not fits(transaction_of(values, name, PAN), ISSUER, PAN, "00")


@given(name=profiles, data=st.data())
def test_any_changed_bit_of_covered_issuer_data_is_noticed(name: str, data: st.DataObject) -> None:
    """The part of 9F10 that the profile takes in, no bit more and no bit less."""
    profile = PROFILES[name]
    values = read_chip(ChipCard(name, PAN, "00", ISSUER).chip_data(TERMINAL, 9))
    size = len(values["9F10"])
    at = data.draw(st.integers(0, size - 1))
    covered = not profile.issuer_data or any(s <= at < e for s, e in profile.issuer_data)
    bad = bytearray(values["9F10"])
    bad[at] ^= data.draw(st.sampled_from([1 << bit for bit in range(8)]))
    values["9F10"] = bytes(bad)
    assert fits(transaction_of(values, name, PAN), ISSUER, PAN, "00") is not covered


@given(name=profiles, pan=pans, sequence=sequences, data=st.data())
def test_another_card_does_not_fit(name: str, pan: str, sequence: str, data: st.DataObject) -> None:
    """One other digit of the PAN that its key is derived from, another sequence number, another
    issuer.
    """
    chip = transaction_of(
        read_chip(ChipCard(name, pan, sequence, ISSUER).chip_data(TERMINAL, 3)), name, pan
    )
    hashed = PROFILES[name].option == "B" and len(pan) > 16
    first = 0 if hashed else max(0, len(pan) - 14)
    at = data.draw(st.integers(first, len(pan) - 1))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != pan[at]]))
    assert not fits(chip, ISSUER, pan[:at] + digit + pan[at + 1 :], sequence)
    other = data.draw(sequences.filter(lambda number: number != sequence))
    assert not fits(chip, ISSUER, pan, other)
    assert not fits(chip, OTHER, pan, sequence)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_no_other_profile_of_the_layout_fits(name: str) -> None:
    """A cryptogram checked by the way of another version is bad or incomplete: profiles differ.

    Those that differ in nothing that a cryptogram is made with (the answer, scripts) do fit.
    """
    values = read_chip(ChipCard(name, PAN, "00", ISSUER).chip_data(TERMINAL, 3))
    mine = PROFILES[name]
    for other in PROFILES.values():
        if other.layout != mine.layout:
            continue
        chip = transaction_of(values, other.name, PAN)
        assert fits(chip, ISSUER, PAN, "00") is (other.name == name)


def test_kinds_are_not_covered_and_advices_keep_theirs() -> None:
    """The kind stands in the card's own results (9F10) and in 9F27, which is not covered."""
    card = ChipCard("visa-cvn18", PAN, "00", ISSUER)
    made = {kind: read_chip(card.chip_data(TERMINAL, 3, kind)) for kind in KINDS}
    assert {kind: values["9F27"].hex() for kind, values in made.items()} == {
        "AAC": "00",
        "TC": "40",
        "ARQC": "80",
    }


def test_a_test_card_is_found_by_what_it_says() -> None:
    """The demo card of the house, profile ``auto``: its data in full, byte by byte."""
    data = ChipCard("visa-cvn10", PAN, "01", ISSUER).chip_data(TERMINAL, 28)
    values = read_chip(data)
    assert transaction_of(values, AUTO, PAN).profile.name == "visa-cvn10"
    values.pop("9F26")
    assert {tag: value.hex().upper() for tag, value in values.items()} == {
        "9F02": "000000001000",
        "9F03": "000000000000",
        "9F1A": "0276",
        "95": "0000008000",
        "5F2A": "0978",
        "9A": "261124",
        "9C": "00",
        "9F37": "52BF4585",
        "9F33": "E0F8C8",
        "9F34": "1F0300",
        "9F35": "22",
        "82": "1800",
        "84": "A0000000031010",
        "5F34": "01",
        "9F10": "06010A03A0A000",
        "9F36": "001C",
        "9F27": "80",
    }


def test_a_card_hears_nothing_in_an_empty_answer() -> None:
    """No cryptogram: it can say neither yes nor no."""
    card = ChipCard("visa-cvn18", PAN, "00", ISSUER)
    heard = card.hears(card.chip_data(TERMINAL, 3), b"")
    assert (heard.authentic, heard.told, heard.commands) == (None, b"", ())


def test_a_card_without_a_key_for_scripts_takes_none() -> None:
    """Whatever stands in them."""
    card = ChipCard("visa-cvn18", PAN, "00", ISSUER)
    answer = tlv.build([("72", tlv.build([("86", bytes.fromhex("84160000080102030405060708"))]))])
    assert card.hears(card.chip_data(TERMINAL, 3), answer).commands is None


@given(answer=st.binary(max_size=200), name=profiles)
def test_a_card_survives_any_answer(answer: bytes, name: str) -> None:
    """Bytes that are no answer are refused or not believed."""
    card = ChipCard(name, PAN, "00", ISSUER, INTEGRITY)
    chip = card.chip_data(TERMINAL, 3)
    try:
        heard = card.hears(chip, answer)
    except KeyRefused:
        return
    assert not heard.authentic
    assert not heard.commands


def test_what_is_no_card_or_transaction_is_refused() -> None:
    """A profile that a card cannot have, counters out of range, amounts without room."""
    card = ChipCard("pboc", PAN, "00", ISSUER)
    long = TerminalData(10**12, "978", "276", "261124", bytes(4))
    text = TerminalData(1, "EUR", "276", "261124", bytes(4))
    calls: tuple[Callable[[], object], ...] = (
        lambda: ChipCard(AUTO, PAN, "00", ISSUER),
        lambda: ChipCard("pboc", PAN, "00", ISSUER[:8]),
        lambda: card.chip_data(TERMINAL, 0),
        lambda: card.chip_data(TERMINAL, 0x10000),
        lambda: card.chip_data(TERMINAL, 1, "AAR"),
        lambda: card.chip_data(long, 1),
        lambda: card.chip_data(text, 1),
    )
    for call in calls:
        with pytest.raises(KeyRefused):
            call()


def test_a_card_shows_no_key_and_is_overwritten() -> None:
    """Printed by its profile; not to be pickled; of no use when wiped."""
    card = ChipCard("pboc", PAN, "00", ISSUER, INTEGRITY)
    assert repr(card) == "ChipCard(pboc)"
    with pytest.raises(TypeError):
        copy.copy(card)
    before = card.chip_data(TERMINAL, 3)
    card.wipe()
    assert card.chip_data(TERMINAL, 3) != before
