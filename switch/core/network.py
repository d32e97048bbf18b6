"""Network management: sign-on, sign-off, keys, echo. And what is not served, refused by name.

Owns ``Terminal.signed_on``, and what an exchange of keys is answered. Refuses to know keys:
``exchange`` has their records.
"""

from __future__ import annotations

from switch.core.case import Case, conclude, decline
from switch.core.exchange import can_renew, renew
from switch.core.ladder import SIGN, UNBUILT, climb
from switch.core.parties import change_terminal
from switch.core.proof import mac
from switch.core.replies import answered, reply
from switch.core.sealing import concerns
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.request import Answer
from switch.model.trail import Check
from switch.model.words import Kind, Reason, State


def sign(event: RequestArrived, facts: Facts) -> Decision:
    """Sign a terminal on or off (M-37). Kept under its key: a belated repeat must not sign on a
    terminal that has left.
    """
    case = Case(event, facts)
    objection = climb(case, SIGN)
    if objection is not None:
        return decline(case, objection)
    wanted = event.request.kind is Kind.SIGN_ON
    terminal = case.terminal
    if terminal is None:
        raise ValueError("a sign-on needs a terminal")
    if wanted and can_renew(case):
        objection = renew(case)
        if objection is not None:
            return decline(case, objection)
    if terminal.signed_on is not wanted:
        change_terminal(case, signed_on=wanted)
    case.passed("sign", terminal.id, "signed on" if wanted else "signed off")
    return conclude(case, State.ACCEPTED, Answer(reason=Reason.APPROVED, rrn=case.rrn))


def exchange(event: RequestArrived, facts: Facts) -> Decision:
    """Hand new working keys to a terminal."""
    case = Case(event, facts)
    objection = climb(case, SIGN) or renew(case)
    if objection is not None:
        return decline(case, objection)
    return conclude(case, State.ACCEPTED, Answer(reason=Reason.APPROVED, rrn=case.rrn))


def echo(event: RequestArrived, facts: Facts) -> Decision:
    """Answer an echo test: yes, we are here.

    It leaves no record. There is nothing that a repeat could do twice, its answer follows from the
    request key alone (the reference number is derived from it), and line tests of many idle
    terminals should cost no commit. But one that bears a MAC, or owes one, must bear a right one,
    and a wrong one counts: it would be a way to guess at keys without end.
    """
    request = event.request
    answer = Answer(reason=Reason.APPROVED, rrn=request.rrn or facts.fresh.rrn)
    here = Check("echo", request.terminal_id, True, "here")
    if not concerns(request, facts):
        return answered(event, answer, here)
    case = Case(event, facts)
    objection = mac(case)
    if objection is None:
        return answered(event, answer, *case.trail, here, sealed_with=case.sealing)
    refused = Answer(reason=objection, rrn=answer.rrn)
    told = reply(event, refused, None, case.sealing)
    return Decision(tuple(case.records), (told, *case.tells), tuple(case.trail))


def unbuilt(event: RequestArrived, facts: Facts) -> Decision:
    """A kind of transaction that is not served, or not known at all: refused, remembered, without
    any effect.
    """
    case = Case(event, facts)
    objection = climb(case, UNBUILT)
    if objection is None:
        kind = event.request.kind
        said, remedy = "is not served", "nothing, on this host"
        if kind is Kind.UNKNOWN:
            said, remedy = "the dialect gives this code no meaning", "a code of the dialect's table"
        saw = f"{kind} {event.request.network_code or event.request.code}".strip()
        objection = case.objected("kind", saw, said, Reason.TRANSACTION_INVALID, remedy)
    return decline(case, objection)
