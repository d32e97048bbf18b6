"""Refunds: money that goes from the merchant back to the card.

Owns what a refund does to its sale by the state of that one: all refunds of a sale together are at
most what it has captured (INV-44, M-33). The money goes to whoever bore the sale. A refund need not
name a sale: without one it goes to the card that it names, unless a risk rule is against that
(``case.original`` is ``None`` then). A merchant's balance may go below zero by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.core import follow, limits, risk, rules
from switch.core.amounts import in_effect
from switch.core.case import Case, Objection, decline
from switch.core.follow import Upon, refuse
from switch.core.ladder import Sort, climb
from switch.core.ledger import merchant_account, suspense_account
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Transaction, next_version
from switch.model.words import Kind, Reason, State
from switch.money import CURRENCIES, Money

REFUNDABLE: Final = frozenset({Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.COMPLETION})


def refund(event: RequestArrived, facts: Facts) -> Decision:
    """Decide a refund, or take note of one."""
    case = Case(event, facts)
    objection = climb(case, _ASKED if case.unforced else _TOLD)
    if objection is not None:
        return decline(case, objection)
    if case.original is not None:
        return ON_REFUND[case.original.state](case, case.original)
    return _unlinked(case)


def _card(case: Case) -> Objection:
    """The sale's card; without a sale one that is good for a payment, if it is asked for."""
    if case.original is not None:
        return follow.card(case)
    return risk.card(case) if case.unforced else risk.card_of_advice(case)


_ASKED: Final = Sort(
    "refund asked", {**follow.ASKED, "original": follow.original_if_any, "card": _card}
)
_TOLD: Final = Sort(
    "refund told", {**follow.TOLD, "original": follow.original_if_any, "card": _card}
)
_AMOUNT: Final = Sort("amount of a refund", {"amount": limits.amount, "risk": rules.risk})


def give(case: Case, sale: Transaction) -> Decision:
    """Give back some or all of what was captured and is not refunded yet."""
    if sale.kind not in REFUNDABLE or not sale.captures:
        said = f"a {sale.kind.value} that captured nothing is not refunded"
        return refuse(case, said, Reason.TRANSACTION_INVALID, "the sale, or the completion")
    wrong = follow.wrong_amount(case, sale)
    if wrong is not None:
        return wrong
    amount = _amount(case)
    left = in_effect(sale) - sale.refunded_minor
    if amount.minor > left:
        said = f"only {Money(left, amount.currency)} is left to refund"
        remedy = f"at most {Money(left, amount.currency)}" if left else "another sale"
        return refuse(case, said, Reason.AMOUNT_INVALID, remedy)
    case.records.append(next_version(sale, refunded_minor=sale.refunded_minor + amount.minor))
    after = Money(left - amount.minor, amount.currency)
    case.passed("refund", f"{sale.id}, {sale.amount_open} captured", f"{after} left to refund")
    return _pay(case, sale.account)


def _unlinked(case: Case) -> Decision:
    objection = climb(case, _AMOUNT)
    if objection is not None:
        return decline(case, objection)
    amount, card = _amount(case), case.card
    if card is not None and card.currency == amount.currency:
        return _pay(case, card.account)
    if not case.unforced or card is None:
        return _pay(case, suspense_account(amount.currency))
    letters = CURRENCIES[card.currency][0]
    said, remedy = f"the card is kept in {letters}", f"an amount in {letters}"
    return refuse(case, said, Reason.CURRENCY_UNSUPPORTED, remedy)


def _pay(case: Case, account: str) -> Decision:
    amount = _amount(case)
    case.book.transfer(
        case.key,
        merchant_account(case.merchant_id, amount.currency),
        account,
        amount.minor,
        amount.currency,
        transaction=case.key,
        kind=case.request.kind.value,
        at_us=case.event.moment.wall_us,
    )
    return follow.approve(case, amount, account, case.request.approval_code)


def _amount(case: Case) -> Money:
    if case.amount is None:
        raise ValueError("a refund needs an amount")
    return case.amount


def held_only(case: Case, _sale: Transaction) -> Decision:
    """An authorization captures nothing itself."""
    remedy = "a refund of its completion"
    return refuse(case, "captured nothing", Reason.TRANSACTION_INVALID, remedy)


ON_REFUND: Final[Mapping[State, Upon]] = {
    State.APPROVED: give,
    State.PARTIAL: give,
    State.ACCEPTED: give,
    State.PARTLY_REVERSED: give,
    State.SETTLED: give,
    State.COMPLETED: held_only,
    State.EXPIRED: held_only,
    State.DECLINED: follow.declined_before,
    State.REVERSED: follow.reversed_before,
    State.VOIDED: follow.reversed_before,
}
