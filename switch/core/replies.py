"""What goes back: an answer on its way, silence, and a warning in the log that names the request.

Owns their shapes. Refuses to decide what is said.
"""

from __future__ import annotations

from typing import Final

from switch.model.effects import Effect, Reply, Silence, Tell
from switch.model.events import BrokenArrived, RequestArrived
from switch.model.facts import Decision
from switch.model.request import Answer
from switch.model.security import Sealing
from switch.model.trail import Check
from switch.model.words import Delivery, Flow

UNANSWERED: Final = (Flow.ANSWER, Flow.NOTIFICATION)


def reply(
    event: RequestArrived | BrokenArrived,
    answer: Answer,
    delivery: Delivery | None,
    sealed_with: Sealing | None = None,
) -> Effect:
    """The answer on its way. ``delivery`` is what is known of it so far; ``None`` where nothing is
    remembered.
    """
    request = event.request
    if request.flow in UNANSWERED:
        return Silence(event.origin, f"a {request.flow.value} wants no answer")
    track = delivery is not None and delivery is not Delivery.SENT
    return Reply(event.origin, request, answer, track, sealing=sealed_with)


def answered(
    event: RequestArrived | BrokenArrived,
    answer: Answer,
    *trail: Check,
    sealed_with: Sealing | None = None,
) -> Decision:
    """An answer that leaves no trace in the store."""
    return Decision((), (reply(event, answer, None, sealed_with),), trail)


def alert(event: RequestArrived | BrokenArrived, name: str, /, **data: object) -> Tell:
    """A warning in the log that names the request."""
    request, origin = event.request, event.origin
    return Tell(
        name,
        "warning",
        {
            "listener": origin.listener,
            "connection": origin.connection,
            "peer": origin.peer,
            "request": request.request_key,
            "terminal": request.terminal_id,
            "stan": request.stan,
            "mti": request.message_type,
            **data,
        },
    )
