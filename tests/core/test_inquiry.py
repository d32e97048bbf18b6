"""Balance inquiries and account verifications: an answer, and no effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.model.facts import Verdict
from switch.model.records import Account, Card, Key
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money
from switch.values import PinBlock
from tests.core.keyed import secure

if TYPE_CHECKING:
    from switch.model.request import Request
    from tests.core.conftest import Shop

INQUIRIES = [Kind.BALANCE, Kind.VERIFICATION]


def inquiry(shop: Shop, kind: Kind, **more: Any) -> Request:
    """An inquiry that names no amount."""
    return shop.purchase(kind=kind, **{"amount": None, "captures": False, **more})


def test_a_balance_is_what_may_still_be_spent(shop: Shop) -> None:
    """Balance less holds plus credit, in the currency of the card."""
    shop.change(Account, "a-visa", held_minor=300, credit_limit_minor=50)
    answer = shop.ask(inquiry(shop, Kind.BALANCE))
    assert (answer.reason, answer.balance) == (Reason.APPROVED, Money(99_750, "840"))
    assert answer.amount is None


def test_a_verification_tells_no_balance(shop: Shop) -> None:
    """The card is good; no more is said."""
    answer = shop.ask(inquiry(shop, Kind.VERIFICATION))
    assert (answer.reason, answer.balance) == (Reason.APPROVED, None)
    assert answer.approval_code


@pytest.mark.parametrize("kind", INQUIRIES)
@pytest.mark.parametrize("captures", [True, False])
def test_an_inquiry_has_no_effect(shop: Shop, kind: Kind, captures: bool) -> None:
    """No posting, no hold, no batch, no counter; remembered all the same, for its repeats."""
    shop.change(Card, "token-0010", daily_limit_minor=1)
    request = inquiry(shop, kind, captures=captures)
    first = shop.ask(request)
    assert {record.TABLE for record in shop.last.records} == {"transaction", "reference"}
    kept = shop.transaction("K1")
    assert (kept.state, kept.amount_open, kept.batch) == (State.APPROVED, None, "")
    assert not kept.captures
    shop.change(Account, "a-visa", balance_minor=1)
    assert shop.ask(request) == first


@pytest.mark.parametrize("kind", INQUIRIES)
@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (None, Reason.APPROVED),
        (Money(0, "840"), Reason.APPROVED),
        (Money(0, ""), Reason.APPROVED),
        (Money(1, "840"), Reason.AMOUNT_INVALID),
        (Money(-1, "840"), Reason.AMOUNT_INVALID),
        (Money(0, "000"), Reason.AMOUNT_INVALID),
    ],
)
def test_an_inquiry_is_about_no_amount(
    shop: Shop, kind: Kind, amount: Money | None, reason: Reason
) -> None:
    """M-21: absent or zero; zero is an amount for nothing else."""
    assert shop.ask(inquiry(shop, kind, amount=amount)).reason is reason


@pytest.mark.parametrize("kind", INQUIRIES)
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "lost"}, Reason.CARD_LOST),
        ({"expiry": "2610"}, Reason.CARD_EXPIRED),
        ({"per_transaction_limit_minor": 1}, Reason.APPROVED),
    ],
)
def test_a_card_must_be_good_to_be_asked_about(
    shop: Shop, kind: Kind, changes: dict[str, object], reason: Reason
) -> None:
    """Status, expiry and PIN are judged; limits are about money."""
    shop.change(Card, "token-0010", **changes)
    assert shop.ask(inquiry(shop, kind)).reason is reason


@pytest.mark.parametrize("kind", INQUIRIES)
def test_no_balance_is_told_for_a_wrong_pin(shop: Shop, kind: Kind) -> None:
    """INV-72."""
    secure(shop)
    shop.verdicts["pin"] = Verdict("bad")
    answer = shop.ask(inquiry(shop, kind, pin_block=PinBlock("0" * 16)))
    assert (answer.reason, answer.balance) == (Reason.PIN_WRONG, None)


@pytest.mark.parametrize("kind", INQUIRIES)
def test_an_advice_of_an_inquiry_is_noted(shop: Shop, kind: Kind) -> None:
    """Whatever the card's state; nothing follows from it."""
    shop.change(Card, "token-0010", status="stolen")
    answer = shop.ask(inquiry(shop, kind, flow=Flow.ADVICE))
    assert (answer.reason, answer.balance) == (Reason.APPROVED, None)
    assert shop.transaction("K1").state is State.ACCEPTED
    assert {record.TABLE for record in shop.last.records} == {"transaction", "reference"}


def test_an_advice_of_a_card_that_may_not_be_kept_is_refused(shop: Shop) -> None:
    """SR-SAD-05."""
    request = inquiry(shop, Kind.BALANCE, pan="6011000990139424", flow=Flow.ADVICE)
    assert shop.ask(request).reason is Reason.PAN_NOT_TEST


@pytest.mark.parametrize("kind", INQUIRIES)
def test_an_inquiry_may_enrol_the_card_of_a_test_range(shop: Shop, kind: Kind) -> None:
    """Demo world: the first that is done with a card may be to ask for its balance."""
    shop.enrol(balance=50_000)
    answer = shop.ask(inquiry(shop, kind, pan="4111111111111111"))
    assert answer.approved
    if kind is Kind.BALANCE:
        assert answer.balance == Money(50_000, "840")
    assert Key("card", "token-1111") in shop.store
    assert [posting.kind for posting in shop.postings] == ["opening"]


def test_an_inquiry_that_was_reversed_before_it_came(shop: Shop) -> None:
    """INV-22."""
    shop.ask(shop.reversal())
    assert shop.ask(inquiry(shop, Kind.BALANCE)).reason is Reason.REVERSED_BEFORE_SEEN
