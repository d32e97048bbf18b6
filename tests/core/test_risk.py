"""The rungs about card, expiry and PIN: each objection by its name, with its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.core.risk import expired, is_month
from switch.model.records import Card
from switch.model.words import Kind, Reason
from switch.money import Money
from switch.values import Pan

if TYPE_CHECKING:
    from tests.core.conftest import Shop

POOR = "4000000000009995"
MONTHS = st.builds("{:02d}{:02d}".format, st.integers(0, 99), st.integers(1, 12))


@pytest.mark.parametrize(
    "pan", ["4761739001010011", "41111111111", "41111111111111111111", "4000000000000000"]
)
def test_a_number_that_is_no_card_number(shop: Shop, pan: str) -> None:
    """M-17: Luhn, too short, too long; the trail shows a mask."""
    assert shop.ask(shop.purchase(pan=pan)).reason is Reason.PAN_INVALID
    assert pan not in repr(shop.last.trail)


def test_no_card_at_all(shop: Shop) -> None:
    """A purchase without a card number."""
    request = shop.request(Kind.PURCHASE, "K1", amount=Money(1, "840"))
    assert shop.ask(request).reason is Reason.PAN_INVALID


def test_a_card_outside_the_test_ranges_leaves_no_token(shop: Shop) -> None:
    """SR-SAD-05: refused with `pan.not_test`, and nothing of the number is recorded."""
    assert shop.ask(shop.purchase(pan="6011000990139424")).reason is Reason.PAN_NOT_TEST
    kept = shop.transaction("K1")
    assert (kept.pan_token, kept.pan_sealed) == ("", "")


def test_a_card_that_is_not_ours(shop: Shop) -> None:
    """Unknown in a configured world: nothing is created (M-19)."""
    assert shop.ask(shop.purchase(pan="4111111111111111")).reason is Reason.CARD_UNKNOWN


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("blocked", Reason.CARD_BLOCKED),
        ("lost", Reason.CARD_LOST),
        ("stolen", Reason.CARD_STOLEN),
        ("expired", Reason.CARD_EXPIRED),
        ("no such word", Reason.CARD_BLOCKED),
    ],
)
def test_card_status(shop: Shop, status: str, reason: Reason) -> None:
    """A card that is not active pays nothing, whatever word says so."""
    shop.change(Card, "token-0010", status=status)
    assert shop.ask(shop.purchase()).reason is reason
    assert shop.remedy == "to set the card active"


@pytest.mark.parametrize(
    ("recorded", "presented", "reason"),
    [
        ("4912", "2610", Reason.CARD_EXPIRED),
        ("4912", "2611", Reason.APPROVED),
        ("4912", "", Reason.APPROVED),
        ("2610", "", Reason.CARD_EXPIRED),
        ("2610", "4912", Reason.CARD_EXPIRED),
        ("2611", "", Reason.APPROVED),
        ("", "", Reason.APPROVED),
        ("4912", "3001", Reason.APPROVED),
        ("4912", "2613", Reason.FORMAT_ERROR),
        ("4912", "2600", Reason.FORMAT_ERROR),
        ("4912", "abcd", Reason.FORMAT_ERROR),
    ],
)
def test_expiry(shop: Shop, recorded: str, presented: str, reason: Reason) -> None:
    """M-18: last month is over, this month is good to its end, month 13 is no month."""
    shop.change(Card, "token-0010", expiry=recorded)
    assert shop.ask(shop.purchase(expiry=presented)).reason is reason


def test_the_turn_of_the_month_is_a_fact(shop: Shop) -> None:
    """P-06: the same card, the same message, one month later."""
    assert shop.ask(shop.purchase("K1", expiry="2611")).approved
    shop.month = "2612"
    assert shop.ask(shop.purchase("K2", expiry="2611")).reason is Reason.CARD_EXPIRED


@given(MONTHS, MONTHS)
def test_of_two_months_one_is_earlier(one: str, other: str) -> None:
    """Over the turn of a century as well; half a century apart, both are over."""
    apart = (int(one[:2]) - int(other[:2])) * 12 + int(one[2:]) - int(other[2:])
    if one == other:
        assert not expired(one, other)
    elif abs(apart) == 600:
        assert expired(one, other)
        assert expired(other, one)
    else:
        assert expired(one, other) is not expired(other, one)


@given(st.text(max_size=5))
def test_a_month_is_four_digits(text: str) -> None:
    """Whatever is called a month can be compared."""
    if is_month(text):
        assert not expired(text, text)


def test_the_trail_says_what_was_seen(shop: Shop) -> None:
    """Firmware developers live on it: every check, in order, and the one that objected last."""
    shop.ask(shop.purchase(minor=2_000, pan=POOR))
    assert [check.name for check in shop.last.trail] == [
        "fields",
        "terminal",
        "merchant",
        "duplicate",
        "original",
        "card",
        "expiry",
        "amount",
        "limits",
        "funds",
    ]
    last = shop.last.trail[-1]
    assert (last.saw, last.ok, last.said) == ("10.00 USD", False, "not enough")
    assert Pan(POOR).masked in {check.saw for check in shop.last.trail}
