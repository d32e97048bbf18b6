"""Inquiries: what is available on a card, and whether it is good. Nothing moves, nothing is held.

Owns their answers. An inquiry stands on the checks of a demand, but for those about money; one that
is told as an advice is noted.
"""

from __future__ import annotations

from switch.core.case import Case, conclude, decline
from switch.core.ladder import INQUIRY, NOTE, climb
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.request import Answer
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money


def inquire(event: RequestArrived, facts: Facts) -> Decision:
    """Answer a balance inquiry or an account verification."""
    case = Case(event, facts)
    if event.request.flow is Flow.REQUEST:
        objection = climb(case, INQUIRY)
        return tell(case) if objection is None else decline(case, objection)
    objection = climb(case, NOTE)
    if objection is not None:
        return decline(case, objection)
    case.passed("advice", event.request.kind.value, "noted; an inquiry has no effect")
    return conclude(case, State.ACCEPTED, Answer(reason=Reason.APPROVED, rrn=case.rrn))


def tell(case: Case) -> Decision:
    """The card is good. What is available of its money is told to who asked for the balance."""
    card = case.card
    if card is None:
        raise ValueError("an inquiry needs a card")
    balance = None
    if case.request.kind is Kind.BALANCE:
        account = case.book.account(card.account, card.currency)
        balance = Money(account.available_minor, account.currency)
        case.passed("balance", card.account, f"{balance} available")
    answer = Answer(
        reason=Reason.APPROVED,
        rrn=case.rrn,
        approval_code=case.facts.fresh.approval_code,
        balance=balance,
        settlement_date=case.facts.business_date[2:],
    )
    return conclude(case, State.APPROVED, answer)
