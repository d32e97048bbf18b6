"""Batch upload: after a close out of balance the terminal sends its items, one by one (INV-52).

Owns the record of what was uploaded. Each item is idempotent: it is kept under its batch and the
name of the transaction that it tells of, so that it may come twice, and in any order. A well-formed
item is always answered with an approval. Refuses to compare: ``differences`` does, at the next
close. Where no batch is out of balance there is nothing to compare with, and an item is
acknowledged only.
"""

from __future__ import annotations

from typing import Final

from switch.core.batches import OUT_OF_BALANCE, batch_id
from switch.core.case import Case, conclude, decline
from switch.core.follow import by_number
from switch.core.ladder import SENDER, Sort, climb
from switch.core.totals import CORRECTING
from switch.model.copies import replace
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Batch, Reference, UploadItem
from switch.model.request import Answer, Request
from switch.model.words import Reason, State

UPLOAD: Final = Sort("upload", SENDER)


def upload(event: RequestArrived, facts: Facts) -> Decision:
    """Take one item of the terminal's batch."""
    case = Case(event, facts)
    objection = climb(case, UPLOAD)
    if objection is not None:
        return decline(case, objection)
    if case.terminal is None:
        raise ValueError("an upload needs a terminal")
    name = batch_id(case.terminal)
    batch = facts.find(Batch, name)
    if batch is None or batch.state != OUT_OF_BALANCE:
        case.passed("upload", name, "is not out of balance: acknowledged, not kept")
    else:
        _keep(case, name)
    day = facts.business_date[2:]
    answer = Answer(reason=Reason.APPROVED, rrn=case.rrn, settlement_date=day)
    return conclude(case, State.ACCEPTED, answer)


def item_id(batch: str, request: Request) -> str:
    """The name of an uploaded item: its batch and what the terminal calls the transaction. What
    corrects one may bear the very same numbers, so its kind is a part of its name.
    """
    name = f"{batch}|{request.original or request.rrn or request.stan}"
    return f"{name}|{request.item}" if request.item in CORRECTING else name


def pointers(request: Request, facts: Facts) -> tuple[str, ...]:
    """The references that an item may mean a transaction by, the surest first: unlike a follower it
    may be found by its number even where it also names an original.
    """
    named = (request.original,) if request.original else ()
    return named + by_number(request, facts)


def _keep(case: Case, name: str) -> None:
    """Note the item, unless it is noted as it is."""
    request, facts = case.request, case.facts
    item = UploadItem(
        id=item_id(name, request),
        batch=name,
        original=request.original,
        transaction=_meant(request, facts),
        kind="" if request.item is None else request.item.value,
        amount=case.amount,
        stan=request.stan,
        rrn=request.rrn,
    )
    known = facts.find(UploadItem, item.id)
    saw = f"{item.id}, {item.amount}"
    if known is None:
        case.records.append(item)
        case.passed("upload", saw, f"kept; means {item.transaction or 'none of ours'}")
    elif replace(known, stan=item.stan, version=1) == item:
        case.passed("upload", saw, "came before, changes nothing")
    else:
        case.records.append(replace(item, version=known.version + 1))
        case.passed("upload", saw, f"came before with {known.amount}; the later one counts")


def _meant(request: Request, facts: Facts) -> str:
    """The request key of the transaction that the item means; empty where we have none."""
    for name in pointers(request, facts):
        reference = facts.find(Reference, name)
        if reference is not None and reference.transaction:
            return reference.transaction
    return ""
