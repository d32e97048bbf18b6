"""Voids: a sale, a refund or a hold is cancelled before its batch is closed.

Owns what a void does by the state of its original (INV-44, M-32). What was captured can be voided
as long as it is in its terminal's open batch, whole; after the close only a refund is left. A hold
is not in a batch: its void gives it back at any time. A void of a refund takes the money from the
card again. A void of a completion opens nothing again: the authorization was used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.core import follow, undo
from switch.core.amounts import in_effect
from switch.core.batches import batch_id
from switch.core.case import Case
from switch.core.follow import Upon, refuse
from switch.core.pricing import bears
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Transaction
from switch.model.words import Kind, Reason, State
from switch.money import Money

VOIDABLE: Final = frozenset(
    {Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH, Kind.COMPLETION, Kind.REFUND}
)


def void(event: RequestArrived, facts: Facts) -> Decision:
    """Decide a void, or take note of one."""
    return follow.decide(event, facts, ON_VOID)


def cancel(case: Case, found: Transaction) -> Decision:
    """Take all of it back, if it may be."""
    refusal = not_voidable(case, found) or closed(case, found) or _not_whole(case, found)
    if refusal is None and found.kind is Kind.REFUND:
        refusal = _spent(case, found)
    if refusal is not None:
        return refusal
    case.undid = found.kind
    undone = undo.void(found, case.facts, by=case.key, at_us=case.event.moment.wall_us)
    case.records.append(undone.after)
    case.records += undone.records
    case.tells += undone.effects
    case.passed("void", f"{found.id}, {found.amount_open} in effect", "taken back whole")
    code = follow.code_of(case, found)
    return follow.approve(case, found.amount_open, undone.account, code)


def not_voidable(case: Case, found: Transaction) -> Decision | None:
    """The refusal of what cannot be voided at all, or has nothing in effect."""
    if found.kind not in VOIDABLE:
        said = f"a {found.kind.value} cannot be voided"
        return refuse(case, said, Reason.TRANSACTION_INVALID, "a reversal of it")
    if in_effect(found) == 0:
        remedy = "a transaction that moved or holds money"
        return refuse(case, "nothing of it is in effect", Reason.NOT_FOUND, remedy)
    return None


def closed(case: Case, found: Transaction) -> Decision | None:
    """The refusal of what is in a batch that is closed (INV-44)."""
    if not found.captures or (case.terminal and batch_id(case.terminal) == found.batch):
        return None
    said = f"its batch {found.batch} is closed"
    return refuse(case, said, Reason.BATCH_CLOSED, "a refund, or a void before the close")


def _not_whole(case: Case, found: Transaction) -> Decision | None:
    """The refusal of a part: what is stated is its amount, at first or now, or none."""
    stated, whole = case.amount, found.amount_open
    if found.refunded_minor:
        refunded = Money(found.refunded_minor, "" if whole is None else whole.currency)
        said = f"{refunded} of it was refunded"
        return refuse(case, said, Reason.AMOUNT_INVALID, "a void of its refunds before")
    if stated is None or stated.minor == 0 or stated in (whole, found.amount):
        return None
    said = f"is {whole}, not {stated}"
    return refuse(case, said, Reason.AMOUNT_INVALID, f"its whole amount, {whole}, or none")


def _spent(case: Case, refund: Transaction) -> Decision | None:
    """The refusal of a demand to take back what the card has spent since (INV-40)."""
    amount = refund.amount_open
    if not case.unforced or amount is None:
        return None
    if bears(case.book, refund.account, amount.currency, amount.minor):
        return None
    free = case.book.account(refund.account, amount.currency).available_minor
    said = f"only {Money(free, amount.currency)} of it is still there"
    return refuse(case, said, Reason.FUNDS_INSUFFICIENT, f"{amount} in the card's account")


def voided_before(case: Case, _found: Transaction) -> Decision:
    """Once is enough."""
    remedy = "nothing: it is done, or a reversal of the void first"
    return refuse(case, "was voided before", Reason.DUPLICATE, remedy)


def completed(case: Case, _found: Transaction) -> Decision:
    """There is no hold any more."""
    remedy = "a void of its completion"
    return refuse(case, "was completed", Reason.TRANSACTION_INVALID, remedy)


def expired(case: Case, _found: Transaction) -> Decision:
    """There is no hold any more, and nobody needs to give it back."""
    return refuse(case, "its hold has expired", Reason.HOLD_EXPIRED, "nothing: it holds nothing")


ON_VOID: Final[Mapping[State, Upon]] = {
    State.APPROVED: cancel,
    State.PARTIAL: cancel,
    State.ACCEPTED: cancel,
    State.PARTLY_REVERSED: cancel,
    State.SETTLED: cancel,
    State.COMPLETED: completed,
    State.EXPIRED: expired,
    State.DECLINED: follow.declined_before,
    State.REVERSED: follow.reversed_before,
    State.VOIDED: voided_before,
}
