"""Payments: purchases, with cash back or not, cash, pre-authorizations; demanded (a decision) or
advised (a fact), captured at once or held.

Owns what an approved payment puts into effect. Refuses to judge: the ladder has done so. A payment
that captures debits the card's account and credits the merchant's; one that does not sets the money
aside as a hold, a pre-authorization for longer (INV-43). An advice tells what already happened: it
is posted whatever the card's state, and to suspense where the card's account cannot bear it, so
that no account ever passes its limit (INV-40).
"""

from __future__ import annotations

from switch.core.case import Case, conclude, decline
from switch.core.holds import open_hold, timer
from switch.core.ladder import ADVICE, DEMAND, climb
from switch.core.ledger import merchant_account, suspense_account
from switch.core.limits import count_day
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Card
from switch.model.request import Answer
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money


def authorize(event: RequestArrived, facts: Facts) -> Decision:
    """Decide a payment, or take note of one that was made off line."""
    case = Case(event, facts)
    if event.request.flow is Flow.REQUEST:
        objection = climb(case, DEMAND)
        return approve(case) if objection is None else decline(case, objection)
    objection = climb(case, ADVICE)
    return take_note(case) if objection is None else decline(case, objection)


def approve(case: Case) -> Decision:
    """Every check is passed: put the amount into effect and answer with a new approval code. It is
    the amount asked for, or the part of it that limits and funds allow.
    """
    if case.card is None or case.amount is None:
        raise ValueError("an approval needs a card and an amount")
    part = case.granted
    amount = case.amount if part is None else part
    if part is not None:
        case.other = None  # a part pays for goods alone
    account = case.card.account
    _charge(case, case.card, amount, account)
    answer = Answer(
        reason=Reason.APPROVED if part is None else Reason.PARTIAL,
        rrn=case.rrn,
        approval_code=case.facts.fresh.approval_code,
        amount=part,
        settlement_date=case.facts.business_date[2:],
    )
    return conclude(
        case, State.APPROVED if part is None else State.PARTIAL, answer, amount, account
    )


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
    if case.captures:
        return suspense_account(amount.currency), f"on suspense: {why}"
    return "", f"nothing to hold: {why}"


def _charge(case: Case, card: Card | None, amount: Money, account: str) -> None:
    """Post it, or hold it where the message does not capture; count it against the card's day."""
    now_us, kind = case.event.moment.wall_us, case.request.kind
    if case.captures:
        case.book.transfer(
            case.key,
            account,
            merchant_account(case.merchant_id, amount.currency),
            amount.minor,
            amount.currency,
            transaction=case.key,
            kind=kind.value,
            at_us=now_us,
        )
    else:
        numbers = case.settings.authorization
        is_preauth = kind is Kind.PREAUTH
        duration_s = numbers.preauthorization_hold_s if is_preauth else numbers.hold_s
        hold = open_hold(case.book, case.key, account, amount, now_us, duration_s)
        case.records.append(hold)
        case.tells.append(timer(hold, now_us))
    if card is not None and account == card.account:
        count_day(case, card, amount.minor)
