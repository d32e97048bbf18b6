"""Purchases: demanded (a decision) or advised (a fact), captured at once or held.

Owns what an approved purchase puts into effect. Refuses to judge: the ladder has done so. A
purchase that captures debits the card's account and credits the merchant's; one that does not sets
the money aside as a hold. An advice tells what already happened: it is posted whatever the card's
state, and to suspense where the card's account cannot bear it, so that no account ever passes its
limit (INV-40).
"""

from __future__ import annotations

from typing import Final

from switch.core.case import Case, conclude, decline
from switch.core.ladder import ADVICE, DEMAND, climb
from switch.core.ledger import merchant_account, suspense_account
from switch.core.risk import spent_today
from switch.model.copies import replace
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Card, Hold
from switch.model.request import Answer
from switch.model.words import Flow, Reason, State
from switch.money import Money

HOLD_US: Final = 7 * 24 * 3600 * 1_000_000  # INV-43


def purchase(event: RequestArrived, facts: Facts) -> Decision:
    """Decide a purchase, or take note of one that was made off line."""
    case = Case(event, facts)
    if event.request.flow is Flow.REQUEST:
        objection = climb(case, DEMAND)
        return approve(case) if objection is None else decline(case, objection)
    objection = climb(case, ADVICE)
    return take_note(case) if objection is None else decline(case, objection)


def approve(case: Case) -> Decision:
    """Every check is passed: put the amount into effect and answer with a new approval code."""
    if case.card is None or case.amount is None:
        raise ValueError("an approval needs a card and an amount")
    account = case.card.account
    _charge(case, case.card, case.amount, account)
    fresh = case.facts.fresh
    answer = Answer(
        reason=Reason.APPROVED,
        rrn=case.rrn,
        approval_code=fresh.approval_code,
        settlement_date=case.facts.business_date[2:],
    )
    return conclude(case, State.APPROVED, answer, case.amount, account)


def take_note(case: Case) -> Decision:
    """An advice is recorded and posted; business has nothing to say about what has happened."""
    amount = case.amount
    if amount is None:
        raise ValueError("an advice needs an amount")
    account, said = _bearer(case, amount)
    if account:
        _charge(case, case.card, amount, account)
    case.passed("advice", str(amount), said)
    answer = Answer(
        reason=Reason.APPROVED,
        rrn=case.rrn,
        approval_code=case.request.approval_code,
        settlement_date=case.facts.business_date[2:],
    )
    return conclude(case, State.ACCEPTED, answer, amount if account else None, account)


def _bearer(case: Case, amount: Money) -> tuple[str, str]:
    """The account that bears an advice (none where nothing can be held), and why."""
    card = case.card
    if card is None:
        why = "no card of ours"
    elif card.currency != amount.currency:
        why = "the card is kept in another currency"
    elif case.book.account(card.account, amount.currency).available_minor < amount.minor:
        why = "the card's account cannot bear it"
    else:
        return card.account, "on the card's account"
    if case.request.captures:
        return suspense_account(amount.currency), f"on suspense: {why}"
    return "", f"nothing to hold: {why}"


def _charge(case: Case, card: Card | None, amount: Money, account: str) -> None:
    """Post it, or hold it where the message does not capture; count it against the card's day."""
    at_us = case.event.moment.wall_us
    if case.request.captures:
        case.book.transfer(
            case.key,
            account,
            merchant_account(case.merchant_id, amount.currency),
            amount.minor,
            amount.currency,
            transaction=case.key,
            kind="purchase",
            at_us=at_us,
        )
    else:
        case.book.hold(account, amount.currency, amount.minor)
        case.records.append(
            Hold(
                id=case.key,
                transaction=case.key,
                account=account,
                amount_minor=amount.minor,
                currency=amount.currency,
                expires_us=at_us + HOLD_US,
            )
        )
    if card is not None and card.daily_limit_minor and account == card.account:
        _count(case, card, amount.minor)


def _count(case: Case, card: Card, minor: int) -> None:
    """One more on the card's day."""
    today = case.facts.business_date
    is_new = case.card_record is not None
    case.card_record = replace(
        card,
        version=card.version if is_new else card.version + 1,
        day=today,
        day_spent_minor=spent_today(card, today) + minor,
        day_count=(card.day_count if card.day == today else 0) + 1,
    )
