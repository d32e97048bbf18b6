"""Completions: what was authorized is captured, and its hold resolved.

Owns what a completion does to its authorization by the state of that one: captured at most what was
authorized, with increments and the tolerance of the configuration (INV-42, M-30); the final one
releases the rest; a second one is a duplicate, and one of a reversed authorization is refused
(M-31). What is refused leaves the hold as it was.

A completion is no new decision as long as the hold stands: the card is not asked again, for its
money is set aside. After the hold has expired it is one (INV-43): a demand is refused; what has
happened is posted like any advice, to suspense if the card's account cannot bear it, and says so.
So is an advice of which no authorization is known, like a sale that was made off line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.core import authorization, follow
from switch.core.amounts import authorized, in_effect
from switch.core.case import Case
from switch.core.follow import Upon, refuse
from switch.core.holds import COMPLETED, EXPIRED, OPEN, has_expired, lessen, release
from switch.core.ledger import in_words, merchant_account, suspense_account
from switch.core.pricing import bears
from switch.core.replies import alert
from switch.core.undoing import recounted
from switch.model.copies import replace
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Hold, Transaction, next_version
from switch.model.words import Flow, Reason, State
from switch.money import Money

_WHOLE_BP: Final = 10_000  # basis points


def complete(event: RequestArrived, facts: Facts) -> Decision:
    """Decide a completion, or take note of one."""
    if event.request.flow is not Flow.REQUEST and follow.reference_of(event.request, facts) is None:
        return authorization.authorize(event, facts)
    return follow.decide(event, facts, ON_COMPLETION)


def capture(case: Case, first: Transaction) -> Decision:
    """Capture what is authorized and still open."""
    if first.captures:
        said = f"a captured {first.kind.value} holds nothing"
        return refuse(case, said, Reason.TRANSACTION_INVALID, "an authorization that holds")
    hold = case.facts.find(Hold, first.id)
    if hold is None or hold.state != OPEN or has_expired(hold, case.event.moment.wall_us):
        return after_expiry(case, first)
    wrong = follow.wrong_amount(case, first) or _above(case, first)
    if wrong is not None:
        return wrong
    amount = _amount(case)
    excess = amount.minor - hold.amount_minor
    account = hold.account
    if excess > 0 and not bears(case.book, account, hold.currency, excess):
        if case.unforced:
            free = case.book.account(account, hold.currency).available_minor
            most = Money(hold.amount_minor + max(0, free), hold.currency)
            said = f"only {most} of it is held or available"
            return refuse(case, said, Reason.FUNDS_INSUFFICIENT, f"at most {most}")
        account = suspense_account(hold.currency)
    return _post(case, first, _resolved(case, hold, amount.minor), account)


def _above(case: Case, first: Transaction) -> Decision | None:
    """The refusal of more than may be completed (M-30)."""
    amount = _amount(case)
    tolerance = case.settings.authorization.completion_tolerance_bp
    limit = authorized(first) * (_WHOLE_BP + tolerance) // _WHOLE_BP - first.completed_minor
    if amount.minor <= limit:
        return None
    most = Money(limit, amount.currency)
    if first.completed_minor:
        most_said = f"{most} is left of {Money(authorized(first), amount.currency)}"
    else:
        most_said = f"{Money(authorized(first), amount.currency)} was authorized"
    return refuse(case, most_said, Reason.LIMIT_EXCEEDED, f"at most {most}")


def _resolved(case: Case, hold: Hold, minor: int) -> Hold:
    """The hold without what is captured; without anything after the final completion."""
    if not case.request.final and minor < hold.amount_minor:
        return lessen(case.book, hold, minor)
    ended = release(case.book, hold, COMPLETED)
    return replace(ended, ended_by=case.key) if case.request.final else ended


def _post(case: Case, first: Transaction, hold: Hold | None, account: str) -> Decision:
    """Move the money, and keep account of the authorization."""
    amount = _amount(case)
    case.book.transfer(
        case.key,
        account,
        merchant_account(case.merchant_id, amount.currency),
        amount.minor,
        amount.currency,
        transaction=case.key,
        kind=case.request.kind.value,
        at_us=case.event.moment.wall_us,
    )
    held = 0 if hold is None else hold.amount_minor
    state = first.state if held else _ended(case, first)
    after = next_version(
        first,
        state=state,
        amount_open=Money(held, amount.currency),
        completed_minor=first.completed_minor + amount.minor,
        authorized_minor=authorized(first),
    )
    case.records.append(after)
    if hold is not None:
        case.records.append(hold)
    _recount(case, first, held, amount.minor if account == first.account else 0)
    released = in_effect(first) - held - amount.minor
    rest = Money(max(0, released), amount.currency)
    case.passed(
        "completion", str(amount), f"on {in_words(account)}; {rest} released, {after.state}"
    )
    return follow.approve(case, amount, account, follow.code_of(case, first))


def _ended(case: Case, first: Transaction) -> State:
    """Nothing is held any more. After expiry more may be told of, unless this was the last."""
    if first.state is State.EXPIRED and not case.request.final:
        return State.EXPIRED
    return State.COMPLETED


def _recount(case: Case, first: Transaction, held: int, paid: int) -> None:
    """The authorization was counted on the card's day: what is neither held nor paid is free."""
    if case.card is not None:
        gain = held + paid - in_effect(first)
        card = recounted(case.card, first, case.facts.business_date, gain, 0)
        if card is not None:
            case.card_record = next_version(card)


def after_expiry(case: Case, first: Transaction) -> Decision:
    """Nothing is set aside any more (INV-43)."""
    hold = case.facts.find(Hold, first.id)
    if case.unforced:
        said = "its hold has expired" if hold is not None else "nothing was held for it"
        return refuse(case, said, Reason.HOLD_EXPIRED, "a new purchase, or an advice of it")
    wrong = follow.wrong_amount(case, first) or _above(case, first)
    if wrong is not None:
        return wrong
    amount = _amount(case)
    ended = None
    if hold is not None and hold.state == OPEN:
        ended = release(case.book, hold, EXPIRED)  # its timer has not looked yet
    account = _bearer(case, first, amount)
    said = f"its hold is gone: a new decision, {amount} on {in_words(account)}"
    case.passed("expiry", first.id, said)
    case.tells.append(alert(case.event, "completion.after_expiry", original=first.id))
    return _post(case, replace(first, state=State.EXPIRED), ended, account)


def _bearer(case: Case, first: Transaction, amount: Money) -> str:
    """Who bears what was not held: the card's account if it can, else suspense."""
    card = case.card
    account = first.account or ("" if card is None else card.account)
    if account and bears(case.book, account, amount.currency, amount.minor):
        return account
    return suspense_account(amount.currency)


def completed_before(case: Case, _first: Transaction) -> Decision:
    """The final completion was there (M-31)."""
    remedy = "a purchase of its own, or a reversal of the completion before"
    return refuse(case, "was completed before", Reason.DUPLICATE, remedy)


def _amount(case: Case) -> Money:
    if case.amount is None:
        raise ValueError("a completion needs an amount")
    return case.amount


ON_COMPLETION: Final[Mapping[State, Upon]] = {
    State.APPROVED: capture,
    State.PARTIAL: capture,
    State.ACCEPTED: capture,
    State.PARTLY_REVERSED: capture,
    State.SETTLED: completed_before,
    State.COMPLETED: completed_before,
    State.EXPIRED: after_expiry,
    State.DECLINED: follow.declined_before,
    State.REVERSED: follow.reversed_before,
    State.VOIDED: follow.reversed_before,
}
