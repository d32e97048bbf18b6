"""Cards are found by name or number, and no refusal shows digits."""

from __future__ import annotations

import pytest

from switch_tools.cards import DEFAULT_EXPIRY, CardError, demo_cards, find_card

NAMES = {"visa", "mastercard", "amex", "unionpay", "expired", "blocked", "lost", "poor"}


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
