"""Reversals: undone once, answered always, in any order with their originals.

Owns what follows when a reversal names a transaction in each of its states, and tombstones: a
reversal whose original was not seen is remembered under the original's name, so that the original
has no effect should it still come (INV-20..22). A well-formed reversal is refused only for an
amount that cannot be, or for a card that its original did not have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from switch.core.amounts import in_effect
from switch.core.case import Case, ImpossibleEvent, conclude, decline
from switch.core.ladder import REVERSAL, climb
from switch.core.replies import answered
from switch.core.sealing import unjudged
from switch.core.undo import blocked, take_back, withdraw
from switch.core.undoing import Undone
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Reference, Transaction
from switch.model.request import Answer
from switch.model.trail import Check
from switch.model.words import Reason, State
from switch.money import Money

_REASONS: Final = {reason.value: reason for reason in Reason}
NAMED_LIMIT: Final = 8


def reverse(event: RequestArrived, facts: Facts) -> Decision:
    """Decide a reversal that is the first of its key."""
    case = Case(event, facts)
    request = event.request
    if not request.original:
        said = Check("original", "", False, "the message does not say what it reverses")
        answer = Answer(reason=Reason.FORMAT_ERROR, rrn=case.rrn)
        return answered(event, answer, said, sealed_with=unjudged(request, facts))
    objection = climb(case, REVERSAL)
    if objection is not None:
        return decline(case, objection)
    reference = facts.find(Reference, request.original)
    if reference is None or not reference.transaction:
        return entomb(case, reference)
    original = facts.find(Transaction, reference.transaction)
    if original is None:
        raise ImpossibleEvent(f"reference {reference.id} names a transaction that is not there")
    if request.pan is not None and original.pan_token not in ("", event.pan_token):
        return decline(
            case,
            case.objected(
                "original",
                original.id,
                "was made with another card",
                Reason.NOT_FOUND,
                "the card of the original, or none",
            ),
        )
    case.original = original
    case.records += _named_by(reference, case.key)
    return ON_REVERSAL[original.state](case, original)


def entomb(case: Case, reference: Reference | None) -> Decision:
    """No original yet: a tombstone under its name, and the dialect's answer (INV-22, M-27)."""
    name = case.request.original
    case.passed("original", name, "not seen; should it still come, it has no effect")
    if reference is None:
        case.records.append(Reference(id=name, reversed_by=(case.key,)))
    else:
        case.records += _named_by(reference, case.key)
    reason = _REASONS[case.policy.missing_original]
    return conclude(case, State.ACCEPTED, Answer(reason=reason, rrn=case.rrn))


def undo(case: Case, original: Transaction) -> Decision:
    """Take back what the reversal asks for: all of it, or down to the amount that is to remain
    (INV-26).
    """
    open_minor = in_effect(original)
    asked, rest, first = case.request.amount, case.request.amount_remaining, original.amount
    remaining = 0 if rest is None else rest.minor
    saw = f"{original.id}, {original.amount_open} in effect"
    if not 0 <= remaining <= open_minor or _is_other_money(rest, first):
        said, remedy = f"cannot leave {rest}", f"at most {original.amount_open} to remain"
        return _refuse(case, saw, said, remedy)
    if _is_other_money(asked, first) or _exceeds(asked, first, open_minor):
        said, remedy = f"cannot take back {asked} of {first}", f"the original's amount, {first}"
        return _refuse(case, saw, said, remedy)
    if remaining == open_minor:
        return leave(case, original)
    block = blocked(original, case.facts, remaining)
    if block is not None:
        return _refuse(case, saw, block.said, block.remedy)
    case.undid = original.kind
    undone = take_back(
        original,
        case.facts,
        by=case.key,
        kind="reversal",
        at_us=case.event.moment.wall_us,
        remaining_minor=remaining,
    )
    left = undone.after.amount_open
    return _undone(case, undone, saw, f"taken back, {left} remains" if remaining else "taken back")


def withdrawn(case: Case, original: Transaction) -> Decision:
    """Something else has taken it away already; from now on nothing restores it (INV-20)."""
    case.undid = original.kind
    undone = withdraw(
        original,
        case.facts,
        by=case.key,
        kind="reversal",
        at_us=case.event.moment.wall_us,
    )
    saw = f"{original.id}, {original.state}"
    return _undone(case, undone, saw, "nothing of it is in effect, and nothing will be again")


def _undone(case: Case, undone: Undone, saw: str, said: str) -> Decision:
    case.records.append(undone.after)
    case.records += undone.records
    case.tells += undone.effects
    case.passed("original", saw, said)
    return accept(case)


def _refuse(case: Case, saw: str, said: str, remedy: str) -> Decision:
    """An amount above what is left is the one business reason (INV-21)."""
    objection = case.objected("original", saw, said, Reason.AMOUNT_INVALID, remedy)
    return decline(case, objection)


def leave(case: Case, original: Transaction) -> Decision:
    """Nothing to take back: the answer is yes all the same (INV-21)."""
    case.passed("original", f"{original.id}, {original.state}", "nothing of it is in effect")
    return accept(case)


def accept(case: Case) -> Decision:
    """The reversal is taken."""
    answer = Answer(
        reason=Reason.APPROVED,
        rrn=case.rrn,
        settlement_date=case.facts.business_date[2:],
    )
    return conclude(case, State.ACCEPTED, answer)


def _is_other_money(stated: Money | None, first: Money | None) -> bool:
    """Whether an amount is stated in another currency than the original's."""
    return stated is not None and first is not None and stated.currency not in ("", first.currency)


def _exceeds(asked: Money | None, first: Money | None, open_minor: int) -> bool:
    """A reversal states its original's amount, or what has become of it; a smaller one is no
    partial reversal, for that states what is to remain.
    """
    return asked is not None and first is not None and asked.minor > max(first.minor, open_minor)


def _named_by(reference: Reference, key: str) -> tuple[Reference, ...]:
    """The reference with one more reversal to its name; the first few are enough, the record must
    not grow (INV-95).
    """
    if len(reference.reversed_by) >= NAMED_LIMIT:
        return ()
    return (
        Reference(
            id=reference.id,
            version=reference.version + 1,
            transaction=reference.transaction,
            reversed_by=(*reference.reversed_by, key),
        ),
    )


# What a reversal does to its original, by the original's state; what each kind takes with it is
# ``undo``'s. What is settled is taken back in the day of the reversal (INV-54). What was declined,
# has expired or was reversed holds nothing, and nothing brings it back; what was completed or
# voided holds nothing of its own either, but could come back when that is reversed.
ON_REVERSAL: Final[dict[State, Callable[[Case, Transaction], Decision]]] = {
    State.APPROVED: undo,
    State.PARTIAL: undo,
    State.PARTLY_REVERSED: undo,
    State.ACCEPTED: undo,
    State.SETTLED: undo,
    State.DECLINED: leave,
    State.REVERSED: leave,
    State.EXPIRED: leave,
    State.COMPLETED: withdrawn,
    State.VOIDED: withdrawn,
}
