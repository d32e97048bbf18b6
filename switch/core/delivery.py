"""What became of an answer: sent, failed, unknown (INV-23), and what a restart makes of it.

Owns the rule that knowledge of a delivery only grows: that one copy of an answer failed proves
nothing once another may have got through. Refuses to know sockets.
"""

from __future__ import annotations

from typing import Final

from switch.core.amounts import in_effect
from switch.core.batches import UNDELIVERED, is_closed
from switch.core.case import ImpossibleEvent
from switch.core.undo import blocked, take_back
from switch.model.copies import replace
from switch.model.events import DeliveryReported, Recovered
from switch.model.facts import Decision, Facts
from switch.model.records import Transaction, next_version
from switch.model.request import Answer
from switch.model.trail import Check
from switch.model.words import Delivery, Flow, Reason, State

_KNOWN: Final = {
    Delivery.PENDING: 0,
    Delivery.FAILED: 1,
    Delivery.UNKNOWN: 2,
    Delivery.SENT: 3,
}
NOTHING_NEW: Final = Decision()


def delivered(event: DeliveryReported, facts: Facts) -> Decision:
    """Take note of a report. A failed one takes the approval back where the dialect chooses so."""
    transaction = _transaction(event.request_key, facts)
    if _KNOWN[event.delivery] <= _KNOWN[transaction.delivery]:
        return NOTHING_NEW
    if (
        event.delivery is Delivery.FAILED
        and undoes(transaction, facts)
        and _alone(transaction, facts)
    ):
        return _undelivered(transaction, event, facts)
    after = next_version(transaction, delivery=event.delivery, undelivered=_why(event))
    return Decision((after,))


def recovered(event: Recovered, facts: Facts) -> Decision:
    """After a crash nobody knows whether the answer left: it is held until the terminal speaks."""
    transaction = _transaction(event.request_key, facts)
    if transaction.delivery is not Delivery.PENDING:
        return NOTHING_NEW
    return Decision((next_version(transaction, delivery=Delivery.UNKNOWN),))


def undoes(transaction: Transaction, facts: Facts) -> bool:
    """Whether a failed delivery takes this transaction back, unless something was built upon it."""
    policy = facts.settings.policies.get(transaction.dialect)
    return (
        policy is not None
        and policy.failed_delivery_reverses
        and transaction.flow is Flow.REQUEST
        and transaction.state in (State.APPROVED, State.PARTIAL)
        and transaction.delivery is Delivery.PENDING
        and in_effect(transaction) > 0
    )


def _alone(transaction: Transaction, facts: Facts) -> bool:
    """Whether the terminal has said nothing since that shows it knows of the approval: nothing acts
    upon the transaction, and its batch is not closed, whose totals would change (INV-51).
    """
    if transaction.changed or transaction.completed_minor or blocked(transaction, facts, 0):
        return False
    return not is_closed(transaction, facts)


def _undelivered(transaction: Transaction, event: DeliveryReported, facts: Facts) -> Decision:
    """Not a byte of the approval left: it is taken back once, and a repeat is declined (INV-02's
    one exception).
    """
    undone = take_back(
        transaction, facts, by=transaction.id, kind=UNDELIVERED, at_us=event.moment.wall_us
    )
    check = Check("delivery", transaction.id, False, "no byte of the approval left; taken back")
    # Both changes are one new version of the transaction.
    final = replace(
        undone.after,
        answer=Answer(reason=Reason.ALREADY_REVERSED, rrn=transaction.answer.rrn),
        delivery=Delivery.FAILED,
        undelivered=_why(event),
        trail=(*transaction.trail, check),
    )
    return Decision((final, *undone.records), tuple(undone.effects), (check,))


def _why(event: DeliveryReported) -> str:
    """Kept of a failed delivery alone: one that may have got through has no such reason."""
    return event.why if event.delivery is Delivery.FAILED else ""


def _transaction(request_key: str, facts: Facts) -> Transaction:
    transaction = facts.find(Transaction, request_key)
    if transaction is None:
        raise ImpossibleEvent(f"there is no transaction {request_key}")
    return transaction
