"""Repeats: answered, not redone; the same key with other content is refused.

Owns INV-02, INV-11 and INV-12. Terminal, merchant and sign-on are not asked again: whatever has
become of them, whoever asks again with the same key gets the same answer. Only the MAC is: who
repeats must prove who he is as well. Its key serial number is not, for a repeat is the same message
(INV-71); but where it has a new one that is used up, so that no other message can have it.
"""

from __future__ import annotations

from switch.core import chips, exchange
from switch.core.amounts import in_effect
from switch.core.batches import RENAMED, is_closed
from switch.core.case import (
    BEARS_REFERENCE,
    Case,
    ImpossibleEvent,
    bearing,
    decline,
    outside_ranges,
)
from switch.core.delivery import undoes
from switch.core.devices import is_new, use_up
from switch.core.naming import stated
from switch.core.proof import mac
from switch.core.replies import alert, answered, reply
from switch.core.sealing import sealing
from switch.core.undo import blocked, take_back
from switch.core.undoing import Undone
from switch.model.copies import replace
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Record, Reference, Transaction
from switch.model.request import Answer
from switch.model.security import Sealing
from switch.model.trail import Check
from switch.model.words import Delivery, Reason


def repeat(event: RequestArrived, facts: Facts) -> Decision:
    """Answer a request whose key has been decided before."""
    request = event.request
    first = facts.find(Transaction, request.request_key)
    if first is None:
        raise ImpossibleEvent(f"{request.request_key} is no repeat")
    case = Case(event, facts)
    objection = mac(case)
    if objection is not None:
        return decline(case, objection)
    other = differences(first, event, facts)
    if other:
        return _refuse(case, first, other)
    undone = Undone(first, [], [], "")
    if request.kind in BEARS_REFERENCE and request.reference not in ("", first.reference):
        undone = _renamed(first, event, facts)
    after, records = undone.after, undone.records
    if undoes(first, facts):
        # From here on two answers are under way, and the failure of one proves nothing about the
        # other (INV-23).
        version = first.version + 1
        after = replace(after, version=version, delivery=Delivery.UNKNOWN)
    if after is not first:
        records = [after, *records]
    said = f"a repeat; answered as before: {first.answer.reason}"
    trail = (*case.trail, Check("duplicate", f"{first.id}, now {after.state}", True, said))
    if case.proven and is_new(case):
        use_up(case)
    records = [*records, *case.records]
    answer = reply(event, first.answer, first.delivery, _sealing(case, first))
    return Decision(tuple(records), (answer, *undone.effects, *case.tells), trail)


def _sealing(case: Case, first: Transaction) -> Sealing | None:
    """What the answer is sealed with this time, under the keys that the repeat itself names."""
    request, facts, keys = case.request, case.facts, None
    if first.answer.approved and exchange.hands_out(first.kind, facts.policy):
        keys = exchange.again(request, facts, case.security)
    return sealing(request, facts, case.security, chips.again(first, facts), keys)


def differences(first: Transaction, event: RequestArrived, facts: Facts) -> tuple[str, ...]:
    """The names of what must be equal in a repeat and is not (INV-12)."""
    request = event.request
    found = []
    if request.kind is not first.kind or request.code != first.code:
        found.append("code")
    # Of a card that may not be kept there is nothing to compare; its requests are declined anyway.
    unkept = not first.pan_token and outside_ranges(request, facts.settings)
    token = "" if unkept else event.pan_token
    if not token and first.original_key:
        token = first.pan_token  # what names no card has its original's
    if token != first.pan_token:
        found.append("card")
    asked, known = request.amount, first.amount
    if (asked is None) is not (known is None):
        found.append("amount")
    elif asked is not None and known is not None:
        if asked.minor != known.minor:
            found.append("amount")
        if asked.currency not in ("", known.currency):
            found.append("currency")
    if request.original != first.original:
        found.append("original")
    if stated(request) != first.stated:
        found.append("totals" if request.totals else "remaining amount")
    return tuple(found)


def _refuse(case: Case, first: Transaction, other: tuple[str, ...]) -> Decision:
    """No effect, an alert, and the first answer stands (M-24)."""
    event, facts, names = case.event, case.facts, ", ".join(other)
    said = f"the same key came before with another {names}"
    answer = Answer(reason=Reason.DUPLICATE_MISMATCH, rrn=event.request.rrn or facts.fresh.rrn)
    differs = Check("duplicate", first.id, False, said)
    decision = answered(event, answer, *case.trail, differs, sealed_with=case.sealing)
    warning = alert(event, "duplicate.mismatch", differs=names)
    return Decision((), (*decision.effects, warning), decision.trail)


def _renamed(first: Transaction, event: RequestArrived, facts: Facts) -> Undone:
    """A repeat may carry another reference (a renewed time, say): a later reversal can name either.

    If a reversal has named this one before, it meant the transaction that we have: it is taken back
    now (INV-20), in its own batch. Where that is closed the close has settled what the terminal did
    not count (INV-52), so nothing but an alert is left to do.
    """
    name = event.request.reference
    known = facts.find(Reference, name)
    if known is not None and known.transaction:
        return Undone(first, [], [], "")
    names: list[Record] = [bearing(known, name, first.id)]
    if known is None or not in_effect(first) or blocked(first, facts, 0) is not None:
        return Undone(first, names, [], "")
    if is_closed(first, facts):
        late = alert(event, "reversal.after_close", reversal=known.reversed_by[0])
        return Undone(first, names, [late], "")
    at_us = event.moment.wall_us
    undone = take_back(first, facts, by=first.id, kind=RENAMED, at_us=at_us)
    return undone._replace(records=names + undone.records)
