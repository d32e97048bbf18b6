"""Increments: more money under the hold of an authorization, for longer.

Owns what an increment does to its authorization by the state of that one. The hold stays one record
under the authorization's key (INV-41); the increment remembers its own part, so that its reversal
gives back just that (INV-20). A demand is judged by the card's limits and funds like a purchase
(INV-40); an increment that is only told adds what the account can bear, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.core import follow, limits
from switch.core.amounts import authorized, in_effect
from switch.core.case import Case, decline
from switch.core.follow import Upon, refuse
from switch.core.holds import extend, has_expired
from switch.core.ladder import Sort, climb
from switch.core.limits import count_day
from switch.core.pricing import bears
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Hold, Transaction, next_version
from switch.model.words import Kind, Reason, State
from switch.money import Money

FUNDS: Final = Sort("increment", {"limits": limits.limits, "funds": limits.funds})
MOST: Final = 32  # increments, or tip adjusts, that one transaction keeps in mind (INV-95)
_SECOND_US: Final = 1_000_000


def increment(event: RequestArrived, facts: Facts) -> Decision:
    """Decide an increment, or take note of one."""
    return follow.decide(event, facts, ON_INCREMENT)


def add(case: Case, first: Transaction) -> Decision:
    """Set more aside, if the hold is open and the account can bear it."""
    if first.captures:
        said = f"a captured {first.kind.value} holds nothing"
        return refuse(case, said, Reason.TRANSACTION_INVALID, "an authorization that holds")
    hold, now_us = case.facts.find(Hold, first.id), case.event.moment.wall_us
    if hold is None or in_effect(first) == 0:
        return refuse(case, "holds nothing", Reason.NOT_FOUND, "an authorization that holds")
    if has_expired(hold, now_us):
        return expired(case, first)
    if len(first.changed) >= MOST:
        said = f"was raised {MOST} times"
        return refuse(case, said, Reason.TRANSACTION_INVALID, "another authorization")
    wrong = follow.wrong_amount(case, first)
    if wrong is not None:
        return wrong
    amount = case.amount
    if amount is None:
        raise ValueError("an increment needs an amount")
    if case.unforced:
        objection = climb(case, FUNDS)
        if objection is not None:
            return decline(case, objection)
    elif not bears(case.book, hold.account, hold.currency, amount.minor):
        case.passed("advice", str(amount), "nothing to hold: the card's account cannot bear it")
        return follow.approve(case, None, "", case.request.approval_code)
    return _extend(case, first, hold, amount)


def _extend(case: Case, first: Transaction, hold: Hold, amount: Money) -> Decision:
    # The hold's timer, which looks again and again, need not be set anew.
    numbers, now_us = case.settings.authorization, case.event.moment.wall_us
    is_preauth = first.kind is Kind.PREAUTH
    duration_s = numbers.preauthorization_hold_s if is_preauth else numbers.hold_s
    longer = extend(case.book, hold, amount.minor, now_us + duration_s * _SECOND_US)
    after = next_version(
        first,
        amount_open=Money(longer.amount_minor, hold.currency),
        authorized_minor=authorized(first) + amount.minor,
        changed=(*first.changed, (case.key, amount.minor)),
    )
    case.records += (longer, after)
    if case.card is not None and case.card.account == hold.account:
        count_day(case, case.card, amount.minor)
    case.passed("hold", f"{first.amount_open} before", f"{after.amount_open} held")
    return follow.approve(case, amount, hold.account, case.request.approval_code)


def expired(case: Case, _first: Transaction) -> Decision:
    """The hold is gone, and with it the promise."""
    return refuse(case, "its hold has expired", Reason.HOLD_EXPIRED, "a new pre-authorization")


def completed(case: Case, _first: Transaction) -> Decision:
    """After the final completion nothing is added."""
    remedy = "a new pre-authorization"
    return refuse(case, "was completed", Reason.DUPLICATE, remedy)


ON_INCREMENT: Final[Mapping[State, Upon]] = {
    State.APPROVED: add,
    State.PARTIAL: add,
    State.ACCEPTED: add,
    State.PARTLY_REVERSED: add,
    State.SETTLED: add,
    State.COMPLETED: completed,
    State.EXPIRED: expired,
    State.DECLINED: follow.declined_before,
    State.REVERSED: follow.reversed_before,
    State.VOIDED: follow.reversed_before,
}
