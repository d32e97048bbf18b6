"""Keys of chip cards: published values, EMV's rules, refusals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.keys import emv_keys
from switch.keys.ciphers import BlockCipher, odd_parity
from switch.keys.emv_keys import (
    METHODS,
    OPTIONS,
    card_data,
    card_key,
    common,
    emv2000,
    pboc,
    session_key,
    visa_messaging,
)
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps
from tests.keys.chip_room import ISSUER, PAN, double_keys, pans, sequences
from tests.keys.emv_values import CASES, TREES, Case

ATC = bytes.fromhex("001C")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_card_keys_are_the_published_ones(case: Case) -> None:
    """Options A and B, PANs of 13 to 19 digits."""
    made = card_key(bytes.fromhex(case.master), case.pan, case.sequence, case.option)
    assert made.hex().upper() == case.card


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_session_keys_are_the_published_ones(case: Case) -> None:
    """No session key, the common method, Mastercard's and PBOC's."""
    card, moment = bytes.fromhex(case.card), bytes.fromhex(case.moment)
    if len(moment) == 8:
        made = common(card, moment)
    else:
        made = session_key(case.method, card, moment, bytes.fromhex(case.unpredictable))
    assert made.hex().upper() == case.session


@pytest.mark.parametrize(("card", "atc", "height", "branches", "start", "key"), TREES)
def test_the_tree_of_emv_2000_gives_the_published_leaves(
    card: str, atc: str, height: int, branches: int, start: str, key: str
) -> None:
    """Trees of height 8 and 16, with and without a start value."""
    made = emv2000(bytes.fromhex(card), bytes.fromhex(atc), height, branches, bytes.fromhex(start))
    assert made.hex().upper() == key


@pytest.mark.parametrize("atc", [b"\x00\x00", b"\x00\x1c", b"\xff\xff"])
def test_the_tree_of_emv_2000_is_eight_high_with_four_branches(atc: bytes) -> None:
    """Unless somebody says otherwise (EMV 2000, book 2, annex A1.3)."""
    made = emv2000(ISSUER, atc)
    assert made == emv2000(ISSUER, atc, 8, 4, bytes(16))
    assert made == session_key("emv2000", ISSUER, atc)
    widest, highest = emv2000(ISSUER, atc, 3, 255), emv2000(ISSUER, atc, 16, 2)
    assert len({bytes(made), bytes(widest), bytes(highest)}) == 3


@given(master=double_keys(), pan=pans, sequence=sequences)
def test_option_b_is_option_a_up_to_16_digits(master: bytes, pan: str, sequence: str) -> None:
    """And another key for nearly every longer PAN (EMV book 2, A1.4.2)."""
    same = card_key(master, pan, sequence, "A") == card_key(master, pan, sequence, "B")
    assert same is (len(pan) <= 16)


@given(pan=pans, sequence=sequences)
def test_option_a_takes_the_last_sixteen_digits(pan: str, sequence: str) -> None:
    """PAN and sequence number side by side; zeros lead a short one."""
    assert card_data(pan, sequence).hex() == ("0" * 16 + pan + sequence)[-16:]


@given(pan=st.from_regex(r"[1-9][0-9]{16,18}", fullmatch=True), sequence=sequences)
def test_option_b_hashes_packed_digits(pan: str, sequence: str) -> None:
    """By the standard's text: an odd number of digits is led by a zero, decimal digits of the hash
    come first, letters fill up.
    """
    digits = pan + sequence
    packed = bytes.fromhex(digits.rjust(len(digits) + len(digits) % 2, "0"))
    digest = hashlib.sha1(packed, usedforsecurity=False).hexdigest()
    expected = [c for c in digest if c in "0123456789"]
    expected += [str("abcdef".index(c)) for c in digest if c in "abcdef"]
    assert card_data(pan, sequence, "B").hex() == "".join(expected[:16])


def test_option_b_fills_up_with_letters() -> None:
    """A hash with fewer than 16 decimal digits: about one card in fifty thousand has one."""
    rare = next(
        str(number)
        for number in range(10**16, 10**16 + 2_000_000)
        if sum(c.isdigit() for c in _digest(f"{number}00")) < 16
    )
    digest = _digest(f"{rare}00")
    decimal = [c for c in digest if c.isdigit()]
    letters = [str("abcdef".index(c)) for c in digest if c.isalpha()]
    assert len(decimal) < 16
    assert card_data(rare, "00", "B").hex() == "".join((decimal + letters)[:16])
    assert emv_keys._sixteen_digits("FACE" * 8 + "01234567") == "0123456750245024"


def _digest(digits: str) -> str:
    return hashlib.sha1(bytes.fromhex("0" + digits), usedforsecurity=False).hexdigest()


def test_no_sequence_number_is_sequence_number_zero() -> None:
    """Cards that bear none (EMV book 2, A1.4.1)."""
    assert card_key(ISSUER, PAN) == card_key(ISSUER, PAN, "00")
    assert card_key(ISSUER, PAN) != card_key(ISSUER, PAN, "01")
    assert card_data(PAN) == card_data(PAN, "00")


@given(card=double_keys(), atc=st.binary(min_size=2, max_size=2))
def test_every_key_has_odd_parity_and_sixteen_bytes(card: bytes, atc: bytes) -> None:
    """Whatever the method."""
    for method in METHODS:
        made = session_key(method, card, atc, bytes(4))
        assert len(made) == 16
        assert made == odd_parity(made)


@given(card=double_keys(), atc=st.binary(min_size=2, max_size=2))
def test_a_ready_cipher_makes_the_same_key(card: bytes, atc: bytes) -> None:
    """The cache of the vault changes nothing but the time it takes."""
    ready = BlockCipher("TDES", card)
    for method in METHODS:
        plain = session_key(method, card, atc, b"\x01\x02\x03\x04")
        assert session_key(method, card, atc, b"\x01\x02\x03\x04", ready=ready) == plain


@given(atc=st.integers(0, 0xFFFE))
def test_each_transaction_has_its_own_session_keys(atc: int) -> None:
    """One counter higher, another key, by every method that takes the counter."""
    card = card_key(ISSUER, PAN)
    here, there = atc.to_bytes(2, "big"), (atc + 1).to_bytes(2, "big")
    for method in ("common", "mastercard", "pboc", "emv2000"):
        assert session_key(method, card, here, bytes(4)) != session_key(
            method, card, there, bytes(4)
        )


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(
    ("master", "pan", "sequence"),
    [
        (ISSUER[:8], PAN, "00"),
        (ISSUER + ISSUER[:8], PAN, "00"),
        (ISSUER, "4761739", "00"),
        (ISSUER, "4" * 20, "00"),
        (ISSUER, "47617390010100\u0661\u0660", "00"),
        (ISSUER, PAN, "1"),
        (ISSUER, PAN, "001"),
        (ISSUER, PAN, "0A"),
    ],
)
def test_what_is_no_card_is_refused(master: bytes, pan: str, sequence: str, option: str) -> None:
    """Keys of another length, PANs and sequence numbers that are none: nothing of them is told."""
    with pytest.raises(KeyRefused) as refused:
        card_key(master, pan, sequence, option)
    assert pan[:12] not in str(refused.value)
    assert master.hex() not in str(refused.value).lower()


def test_what_is_no_transaction_is_refused() -> None:
    """Counters, numbers and keys of another length, methods and options that do not exist."""
    card = card_key(ISSUER, PAN)
    calls: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: session_key("common", card, b"\x01"), "an ATC has 2"),
        (lambda: session_key("mastercard", card, ATC, b""), "an unpredictable number has 4"),
        (lambda: session_key("mastercard", card, ATC), "an unpredictable number has 4"),
        (lambda: session_key("none", card[:8], ATC), "a card's key has 16"),
        (lambda: session_key("visa", card, ATC), "no method for session keys"),
        (lambda: common(card[:8], bytes(8)), "a card's key has 16"),
        (lambda: common(card, bytes(7)), "a diversification value has 8"),
        (lambda: pboc(card, b"\x01"), "an ATC has 2"),
        (lambda: session_key("mastercard", card, b"\x01", bytes(4)), "an ATC has 2"),
        (lambda: emv2000(card[:8], ATC), "a card's key has 16"),
        (lambda: emv2000(card, b"\x01"), "an ATC has 2"),
        (lambda: pboc(card[:8], ATC), "a card's key has 16"),
        (lambda: visa_messaging(card[:8], ATC), "a card's key has 16"),
        (lambda: visa_messaging(card, b""), "an ATC has 2"),
        (lambda: emv2000(card, ATC, 8, 3), "a leaf for each counter"),
        (lambda: emv2000(card, ATC, 0), "a leaf for each counter"),
        (lambda: emv2000(card, ATC, 17, 4), "a leaf for each counter"),
        (lambda: emv2000(card, ATC, 2, 256), "a leaf for each counter"),
        (lambda: emv2000(card, ATC, start=bytes(8)), "a start value has 16"),
        (lambda: card_key(ISSUER[:8], PAN), "an issuer master key has 16"),
        (lambda: card_key(ISSUER, PAN, option="C"), "no way to derive"),
    )
    for call, said in calls:
        with pytest.raises(KeyRefused, match=said):
            call()


def test_steps_show_the_way_when_a_person_asks() -> None:
    """What is enciphered, and what comes out."""
    steps = Steps()
    card = card_key(ISSUER, "4111111111111111", steps=steps)
    session_key("common", card, b"\x00\x01", steps=steps)
    assert [(line.name, line.value) for line in steps.lines] == [
        ("card data Y", "1111111111111100"),
        ("card key", "31089464674C73EC851A6E0737029D19"),
        ("session key", "38F14068B3EA57C194F8E3A20D51E3E6"),
    ]
