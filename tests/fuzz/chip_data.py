"""Fuzz target: any bytes as BER-TLV, as a card's chip data, and as an issuer's answer to a card.

Owns what must hold: objects or a TlvError, a transaction or a KeyRefused; the quick checks say what
the parser says; what was read is written again.
"""

from __future__ import annotations

from typing import Final

from switch import tlv
from switch.keys.ciphers import wipe
from switch.keys.emv_card import ChipCard
from switch.keys.emv_chip import cryptogram_input, read_chip, response_key, transaction_of
from switch.keys.emv_cryptogram import application_cryptogram, check_cryptogram
from switch.keys.emv_profiles import AUTO, NAMES, PROFILES
from switch.keys.emv_tags import LENGTHS
from switch.keys.port import KeyRefused
from tests.keys.chip_room import INTEGRITY, ISSUER, PAN, TERMINAL

_CARDS: Final = {name: ChipCard(name, PAN, "00", ISSUER, INTEGRITY) for name in PROFILES}
_OWN: Final = {name: card.chip_data(TERMINAL, 7) for name, card in _CARDS.items()}
_PANS: Final = (PAN, "5413330089600119", "6222021234567890", "")
SEEDS: Final = (
    *_OWN.values(),
    bytes.fromhex("9F0206000000001000950500000000009C0100"),
    bytes.fromhex("770E9F36020001820218009F2701809A00"),
    bytes.fromhex("9F818182018201005F8184000000"),
    bytes.fromhex("910A0102030405060708303072179F180400000001860E8424000008") + bytes(8),
)


def fuzz_one(data: bytes) -> None:
    """The bytes in every part that reads such data; the first byte chooses profile and PAN."""
    _parsed(data)
    chosen = data[0] if data else 0
    _transaction(data, NAMES[chosen % len(NAMES)], _PANS[chosen >> 6])
    name = sorted(PROFILES)[chosen % len(PROFILES)]
    try:
        heard = _CARDS[name].hears(_OWN[name], data)
    except KeyRefused:
        pass
    else:
        assert heard.authentic in {None, False}  # nobody guesses a cryptogram
        assert not heard.commands


def _parsed(data: bytes) -> None:
    try:
        items = tlv.parse(data)
    except tlv.TlvError as error:
        _check_refusal(data, error)
        return
    assert _refused(data) == ""
    at = 0
    for item in items:
        assert not any(data[at : item.offset])
        assert data[item.value_offset : item.end] == item.value
        at = item.end
    assert not any(data[at:])
    first: dict[str, bytes] = {}
    for item in tlv.walk(items):
        first.setdefault(item.tag, item.value)
    builds = tlv.Builds()
    assert builds.values(data) == builds.values(data) == first
    again = tlv.parse(tlv.build([(item.tag, item.value) for item in items]))
    assert [(i.tag, i.value) for i in again] == [(i.tag, i.value) for i in items]


def _check_refusal(data: bytes, error: tlv.TlvError) -> None:
    assert 0 <= error.at <= len(data)
    assert _refused(data) == str(error)


def _refused(data: bytes) -> str:
    """What the check alone says; twice alike, before and after it learned."""
    said = ["", ""]
    for at, check in enumerate((tlv.check, tlv.Builds().check)):
        try:
            check(data)
        except tlv.TlvError as error:
            said[at] = str(error)
    assert said[0] == said[1]
    return said[0]


def _transaction(data: bytes, name: str, pan: str) -> None:
    try:
        values = read_chip(data)
        chip = transaction_of(values, name, pan)
    except KeyRefused:
        return
    assert name in {AUTO, chip.profile.name}
    assert all(len(values[tag]) == LENGTHS[tag] for tag in chip.profile.tags)
    assert chip.data == cryptogram_input(chip.profile, values)
    key = response_key(ISSUER, chip)
    try:
        made = application_cryptogram(key, chip.data, chip.profile.padding)
        assert check_cryptogram(key, chip.data, chip.profile.padding, made)
        other = bytes((made[0] ^ 1,)) + made[1:]
        assert not check_cryptogram(key, chip.data, chip.profile.padding, other)
    finally:
        wipe(key)
