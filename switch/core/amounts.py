"""How much of a transaction stands: what was approved, what is in effect, what may be completed.

Owns these readings of a transaction's record, by the rules of INV-26, INV-42 and INV-44. Refuses to
change anything.
"""

from __future__ import annotations

from switch.model.records import Transaction
from switch.model.words import Flow, Reason, State


def in_effect(transaction: Transaction) -> int:
    """What of the transaction is still in effect, in minor units."""
    return 0 if transaction.amount_open is None else transaction.amount_open.minor


def granted(transaction: Transaction) -> int:
    """What was approved: all that was asked for, or the part that the answer states."""
    amount = transaction.answer.amount or transaction.amount
    return 0 if amount is None else amount.minor


def authorized(transaction: Transaction) -> int:
    """What may be completed of an authorization in all, before any tolerance: what was approved,
    with increments and less what was reversed in part.
    """
    return transaction.authorized_minor or granted(transaction)


def completed_by(completion: Transaction) -> int:
    """What a completion counts for in its authorization: its amount without tips."""
    if completion.completed_minor:
        return completion.completed_minor
    return completion.changed[0][1] if completion.changed else in_effect(completion)


def standing(transaction: Transaction, minor: int) -> State:
    """The state of a transaction of which ``minor`` units stand (again)."""
    if minor < granted(transaction) and not transaction.changed:
        return State.PARTLY_REVERSED
    if transaction.flow is not Flow.REQUEST:
        return State.ACCEPTED
    return State.PARTIAL if transaction.answer.reason is Reason.PARTIAL else State.APPROVED
