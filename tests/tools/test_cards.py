"""Cards are found by name or number, and no refusal shows digits."""

from __future__ import annotations

import pytest

from switch.config import demo_config
from switch.keys.card_verification import fits
from switch_tools.cards import DEFAULT_EXPIRY, CardError, demo_cards, find_card, issuer_keys

CHIPS = {"chip-visa", "chip-mastercard", "chip-unionpay"}
NAMES = CHIPS | {"visa", "mastercard", "amex", "unionpay", "expired", "blocked", "lost", "poor"}


def test_the_demo_world_has_the_promised_cards() -> None:
    """The names that manual, demo and tests use."""
    assert set(demo_cards()) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_card_is_the_same_by_name_and_by_number(name: str) -> None:
    """A number of the demo world gets its name and expiry back."""
    card = find_card(name.upper())
    assert find_card(card.pan.reveal()) == card


def test_a_number_of_nobody_gets_a_default_expiry() -> None:
    """Enough to be enrolled by a demo world on first sight."""
    card = find_card("4111 1111 1111 1111")
    assert (card.name, card.label, card.expiry) == ("", "411111******1111", DEFAULT_EXPIRY)


def test_an_expiry_can_be_given() -> None:
    """For a card that the issuer knows with another date."""
    assert find_card("visa", "2512").expiry == "2512"
    with pytest.raises(CardError, match="YYMM"):
        find_card("visa", "12/25")


def test_a_wrong_check_digit_is_let_through() -> None:
    """M-17: what the host says to it is worth a test."""
    assert find_card("4111111111111112").pan.masked == "411111******1112"


@pytest.mark.parametrize("text", ["4111", "41111111111111111111", "4111-1111-1111-1111", "vis4"])
def test_a_refusal_shows_no_digits(text: str) -> None:
    """SR-PAN-01: a mistyped number stays out of the terminal's scroll-back and of bug reports."""
    with pytest.raises(CardError) as refused:
        find_card(text)
    assert "4111" not in str(refused.value)


def test_an_unknown_name_is_told_the_known_ones() -> None:
    """The refusal is the manual."""
    with pytest.raises(CardError, match="no card 'visum': use visa, mastercard"):
        find_card("visum")


@pytest.mark.parametrize("name", sorted(CHIPS))
def test_a_test_card_bears_the_right_codes(name: str) -> None:
    """CVV on the stripe behind an empty PVV, CVV2 in print, by the very key of its issuer."""
    card = demo_cards()[name]
    cvk = bytes.fromhex(issuer_keys(demo_config())["demo"]["cvk"].reveal())
    stripe, pan = card.stripe, card.pan.reveal()
    assert stripe is not None
    assert (stripe.pan, stripe.expiry, stripe.service_code) == (card.pan, card.expiry, "201")
    code = stripe.verification
    assert code is not None
    assert fits(cvk, pan, card.expiry, "201", code.reveal(), "cvv")
    assert fits(cvk, pan, card.expiry, "", card.cvv2.reveal(), "cvv2")


def test_what_is_on_a_card_whose_issuer_is_unknown_is_unknown() -> None:
    """The refusal says what to give instead."""
    card = find_card("4111111111111111")
    assert card.stripe is None
    with pytest.raises(CardError, match="give the code itself"):
        _ = card.cvv2
