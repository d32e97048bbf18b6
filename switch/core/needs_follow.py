"""What a message needs to know that acts upon an earlier transaction: that transaction, and what
changes with it.

Owns the look-ups of followers. Refuses to judge.
"""

from __future__ import annotations

from switch.core.needs import READY, Needs, missing, of_undoing, unnamed_merchant
from switch.model.events import RequestArrived
from switch.model.facts import Facts
from switch.model.records import Key, Reference, Transaction, key_of


def named_original(event: RequestArrived) -> list[Key]:
    """The reference under which the message points at its original, if it does."""
    original = event.request.original
    return [key_of("reference", original)] if original else []


def of_reversal(event: RequestArrived, facts: Facts) -> Needs:
    """The original, and the rows that change when it is taken back."""
    request = event.request
    wanted = unnamed_merchant(request, facts)
    reference = facts.find(Reference, request.original) if request.original else None
    if reference is None or not reference.transaction:
        return missing(facts.rows, wanted)
    wanted.append(key_of("transaction", reference.transaction))
    needs = missing(facts.rows, wanted)
    if needs:
        return needs
    original = facts.find(Transaction, reference.transaction)
    return READY if original is None else missing(facts.rows, of_undoing(original, facts))
