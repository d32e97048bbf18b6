"""Messages that are not worked on: broken ones, incomplete ones, answers sent to the wrong side.

Owns their answers. They leave no record and have no effect: what names them cannot be trusted
(INV-06). Whether the MAC of an incomplete one is right is not asked, for nothing depends on it; its
answer bears one, or a terminal that owes MACs would take it for no answer at all.
"""

from __future__ import annotations

from switch.core.replies import alert, answered
from switch.core.sealing import concerns, unjudged
from switch.model.effects import Silence
from switch.model.events import BrokenArrived, RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.request import Answer
from switch.model.trail import Check


def broken(event: BrokenArrived, _facts: Facts) -> Decision:
    """A frame that is no good message (M-01..M-05). The session, which knows the bytes, has told
    the log already.
    """
    problem = event.problem
    answer = Answer(reason=problem.reason, rrn=event.request.rrn)
    return answered(event, answer, Check("fields", problem.place, False, problem.said))


def incomplete(event: RequestArrived, facts: Facts) -> Decision:
    """A message that parsed and lacks, or garbles, something that its type demands (M-06, M-20,
    M-21).
    """
    request = event.request
    trail = [Check("fields", item.place, False, item.said) for item in request.problems]
    problem = request.problems[0]
    answer = Answer(reason=problem.reason, rrn=request.rrn or facts.fresh.rrn)
    seal = unjudged(request, facts) if concerns(request, facts) else None
    decision = answered(event, answer, *trail, sealed_with=seal)
    told = alert(
        event, "message.rejected", field=problem.place, element=problem.name, reason=problem.said
    )
    return Decision((), (*decision.effects, told), decision.trail)


def stray(event: RequestArrived, _facts: Facts) -> Decision:
    """An answer, sent to a switch that asked nothing of a terminal (M-07): ignored, never routed,
    never matched.
    """
    silence = Silence(event.origin, "an answer to nothing that was asked")
    check = Check("flow", event.request.message_type, False, "an answer; nothing was asked")
    return Decision((), (silence, alert(event, "mti.unexpected")), (check,))
