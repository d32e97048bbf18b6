"""Messages that act upon an earlier transaction: how the original is found, and what must fit.

Owns the finding (by the reference that the message names, else by its reference number, under the
terminal's and the merchant's name), the checks that the original is of the same merchant, terminal
and card, and the shape of what all followers answer. Refuses to know what each kind does to its
original: by the original's state, that is ``increment``, ``completion``, ``void``, ``refund`` and
``adjust``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from switch.core import limits, parties, pins, rules
from switch.core.case import Case, Objection, conclude, decline
from switch.core.ladder import DEMANDER, NOTED, SENDER, Check, Sort, climb
from switch.core.naming import merchant_of, rrn_reference
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Card, Reference, Terminal, Transaction
from switch.model.request import Answer, Request
from switch.model.words import Kind, Reason, State
from switch.money import Money

Upon = Callable[[Case, Transaction], Decision]

# A number shared with its authorization means the completion; who wants the authorization goes on
# to what the completion acted upon. So does a second refund to the sale.
_ONWARD: Final[dict[Kind, frozenset[Kind]]] = {
    Kind.COMPLETION: frozenset({Kind.COMPLETION, Kind.INCREMENT}),
    Kind.INCREMENT: frozenset({Kind.COMPLETION, Kind.INCREMENT}),
    Kind.REFUND: frozenset({Kind.REFUND}),
}
# What only the terminal that made the original may do.
_SAME_TERMINAL: Final = frozenset({Kind.VOID, Kind.TIP_ADJUST})


# -- finding


def pointers(request: Request, facts: Facts) -> tuple[str, ...]:
    """The ids of the references that the message may mean its original by, the surest first."""
    return (request.original,) if request.original else by_number(request, facts)


def by_number(request: Request, facts: Facts) -> tuple[str, ...]:
    """The references of the reference number that the message gives, by the names under which its
    owner may have it.
    """
    if not request.rrn:
        return ()
    terminal = facts.find(Terminal, request.terminal_id) if request.terminal_id else None
    owner = merchant_of(request, terminal, facts.settings)
    return tuple([rrn_reference(who, request.rrn) for who in (request.terminal_id, owner)])


def reference_of(request: Request, facts: Facts) -> Reference | None:
    """The first of the references that is there."""
    for name in pointers(request, facts):
        reference = facts.find(Reference, name)
        if reference is not None:
            return reference
    return None


def goes_on(request: Request, found: Transaction) -> bool:
    """Whether the message means what the found transaction had acted upon itself: by its kind, or
    because the number that both share is borne by something that a reversal has taken back.
    """
    if not found.original_key:
        return False
    is_gone = found.state is State.REVERSED and not request.original
    return is_gone or found.kind in _ONWARD.get(request.kind, ())


def original_of(request: Request, facts: Facts) -> Transaction | None:
    """The transaction that the message acts upon, by the names that it gives."""
    reference = reference_of(request, facts)
    if reference is None or not reference.transaction:
        return None
    found = facts.find(Transaction, reference.transaction)
    if found is not None and goes_on(request, found):
        return facts.find(Transaction, found.original_key)
    return found


# -- checks


def original(case: Case) -> Objection:
    """No reversal of this very request came first, and what it acts upon is there."""
    objection = parties.original(case) or _stated(case)
    if objection is not None:
        return objection
    found = original_of(case.request, case.facts)
    if found is None:
        return _unknown(case)
    return _take(case, found)


def original_if_any(case: Case) -> Objection:
    """As ``original``, for what need not have one: where none is found, none is taken. A name that
    was given and leads nowhere is an objection to a demand, not to what has happened.
    """
    objection = parties.original(case)
    if objection is not None:
        return objection
    found = original_of(case.request, case.facts)
    if found is not None:
        return _take(case, found)
    reference = reference_of(case.request, case.facts)
    if (reference is not None or case.request.original) and case.unforced:
        return _unknown(case)
    case.passed("original", _names(case.request), "none of ours")
    return None


def _stated(case: Case) -> Objection:
    request = case.request
    if request.original or request.rrn:
        return None
    return case.objected(
        "original",
        "",
        "the message does not say what it acts upon",
        Reason.FORMAT_ERROR,
        "the data of the original, or its reference number",
    )


def _unknown(case: Case) -> Reason:
    names = _names(case.request)
    reference = reference_of(case.request, case.facts)
    if reference is not None and reference.is_tombstone:
        return case.objected(
            "original",
            names,
            "was reversed before it arrived",
            Reason.ALREADY_REVERSED,
            "a new transaction in its place",
        )
    return case.objected(
        "original",
        names,
        "no such transaction",
        Reason.NOT_FOUND,
        "the data of a transaction that was approved",
    )


def _names(request: Request) -> str:
    return request.original or request.rrn


def _take(case: Case, found: Transaction) -> Objection:
    """The original, if it is the sender's to act upon."""
    request = case.request
    if found.merchant_id != case.merchant_id:
        said, remedy = "was made at another merchant", f"merchant {found.merchant_id}"
    elif request.kind in _SAME_TERMINAL and found.terminal_id != request.terminal_id:
        said, remedy = "was made at another terminal", f"terminal {found.terminal_id}"
    elif request.pan is not None and found.pan_token not in ("", case.event.pan_token):
        said, remedy = "was made with another card", "the card of the original, or none"
    else:
        case.original = found
        case.passed("original", found.id, f"{_words(found.kind)}, {found.state}")
        return None
    return case.objected("original", found.id, said, Reason.NOT_FOUND, remedy)


def card(case: Case) -> Objection:
    """The original's card, whatever has become of it since: the original was approved."""
    found = case.original
    token = case.event.pan_token or ("" if found is None else found.pan_token)
    case.card = case.facts.find(Card, token) if token else None
    return None


ASKED: Final[dict[str, Check]] = {
    **DEMANDER,
    "original": original,
    "card": card,
    **NOTED,
    "pin": pins.pin,
}
TOLD: Final[dict[str, Check]] = {**SENDER, "original": original, "card": card, **NOTED}
_ASKED: Final = Sort("follower asked", ASKED)
_TOLD: Final = Sort("follower told", TOLD)
# What is asked when the original's state allows the rest.
AMOUNT: Final = Sort("amount of a follower", {"amount": limits.amount, "risk": rules.risk})


# -- deciding


def decide(event: RequestArrived, facts: Facts, upon: Mapping[State, Upon]) -> Decision:
    """Find the original and do to it what its state allows."""
    case = Case(event, facts)
    objection = climb(case, _ASKED if case.unforced else _TOLD)
    if objection is not None or case.original is None:
        return decline(case, objection or Reason.NOT_FOUND)
    return upon[case.original.state](case, case.original)


def approve(case: Case, amount_open: Money | None, account: str, code: str = "") -> Decision:
    """The follower is taken. ``code``: its approval code where it has none of its own."""
    is_asked = case.unforced
    answer = Answer(
        reason=Reason.APPROVED,
        rrn=case.rrn,
        approval_code=code or (case.facts.fresh.approval_code if is_asked else ""),
        settlement_date=case.facts.business_date[2:],
    )
    state = State.APPROVED if is_asked else State.ACCEPTED
    return conclude(case, state, answer, amount_open, account)


def code_of(case: Case, found: Transaction) -> str:
    """The approval code of a correction: the one that it states, else its original's."""
    return case.request.approval_code or found.answer.approval_code


def refuse(case: Case, said: str, reason: Reason, remedy: str) -> Decision:
    """The original, or the amount, does not allow it."""
    found = case.original
    saw = "" if found is None else f"{found.id}, {_words(found.kind)}, {found.state}"
    return decline(case, case.objected("original", saw, said, reason, remedy))


def declined_before(case: Case, _found: Transaction) -> Decision:
    """There is nothing to act upon."""
    return refuse(case, "was never approved", Reason.NOT_FOUND, "an original that was approved")


def reversed_before(case: Case, _found: Transaction) -> Decision:
    """What was taken back stays so."""
    remedy = "a new transaction in its place"
    return refuse(case, "was taken back", Reason.ALREADY_REVERSED, remedy)


def wrong_amount(case: Case, found: Transaction) -> Decision | None:
    """The refusal of an amount that is none, that the risk rules are against, or that is in another
    currency than the original's.
    """
    objection = climb(case, AMOUNT)
    if objection is not None:
        return decline(case, objection)
    asked, first = case.amount, found.amount
    if asked is None or first is None or asked.currency == first.currency:
        return None
    remedy = f"an amount in the currency of {first}"
    return refuse(case, f"cannot take {asked} of {first}", Reason.AMOUNT_INVALID, remedy)


def _words(kind: Kind) -> str:
    return kind.value.replace("_", " ")
