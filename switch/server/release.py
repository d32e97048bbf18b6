"""Lets effects loose once their records are durable, and refuses what could not be decided.

Owns the way of each effect to whom it concerns, and that none raises into the engine. Decides
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from switch.model.effects import Discharge, Effect, Forward, Reply, SetTimer, Silence, Tell, Told
from switch.model.events import (
    BrokenArrived,
    DeliveryReported,
    Event,
    OperatorCommand,
    Recovered,
    RequestArrived,
    TimerFired,
)
from switch.model.request import Answer
from switch.model.words import Delivery, Flow, Reason
from switch.server.clock import Clock
from switch.server.ports import EventLog, Outlet
from switch.server.tickets import UNKNOWN_OUTCOME
from switch.server.timers import Timers

UNANSWERED: Final = (Flow.ANSWER, Flow.NOTIFICATION)
RETRY_S: Final = 1.0  # a timer that could not be worked off comes back after this
WHAT: Final[dict[type[Event], str]] = {
    RequestArrived: "request",
    BrokenArrived: "broken",
    DeliveryReported: "delivery",
    TimerFired: "timer",
    Recovered: "recovered",
    OperatorCommand: "command",
}
_LATE: Final = "too late for an approval"

_REFUSED: Final[dict[Reason | None, str]] = {
    Reason.STORE_UNAVAILABLE: "nothing was kept, the store is not available: status says why",
    Reason.INTERNAL: "nothing was kept, for a defect of isoswitch; the log says where",
}


def what(event: Event) -> str:
    """The event's name in journal and log."""
    return WHAT.get(type(event), "event")


class Release:
    """Where effects go. ``again`` takes back a delivery report that could not be stored, ``told``
    hears what became of a command."""

    def __init__(
        self,
        outlet: Outlet,
        log: EventLog,
        timers: Timers,
        clock: Clock,
        again: Callable[[Event], None],
        told: Callable[[Told], None],
    ) -> None:
        self._outlet = outlet
        self._log = log
        self._timers = timers
        self._clock = clock
        self._again = again
        self._told = told

    def effect(self, effect: Effect) -> None:
        """Let one effect loose."""
        try:
            match effect:
                case Reply():
                    self._outlet.reply(effect)
                case Tell():
                    self._log.tell(effect.event, effect.level, **effect.data)
                case Silence():
                    self._outlet.silence(effect)
                case Told():
                    self._told(effect)
                case SetTimer():
                    self._timers.set(effect, self._clock.now())
                case Forward() | Discharge():
                    self._log.tell("route.absent", "error", route=effect.route)
                case _:
                    self._log.tell("effect.unknown", "error", effect=type(effect).__name__)
        except Exception as failure:
            self._log.bug("internal.error", failure, stage="effect")

    def late(self, effect: Effect) -> None:
        """Let one effect loose whose request is past its deadline: no approval is sent any more,
        the terminal has given up and may have said so (INV-05). A repeat hears it."""
        if not (isinstance(effect, Reply) and effect.answer.approved):
            self.effect(effect)
            return
        key, connection = effect.request.request_key, effect.origin.connection
        self.effect(Silence(effect.origin, _LATE))
        self._log.tell("answer.overdue", "error", request=key, connection=connection)
        if effect.track:
            self._again(DeliveryReported(self._clock.now(), key, Delivery.FAILED, _LATE))

    def refuse(self, event: Event, reason: Reason | None) -> None:
        """Answer without a decision (``None``: say nothing). Nothing of it is kept."""
        match event:
            case RequestArrived() | BrokenArrived():
                self._refuse_request(event, reason)
            case TimerFired() if reason is not Reason.INTERNAL:
                self._timers.set(SetTimer(event.name, event.subject, RETRY_S), self._clock.now())
            case DeliveryReported() if reason is not Reason.INTERNAL:
                self._again(event)
            case OperatorCommand():
                self._told(Told(event.ticket, False, _REFUSED.get(reason, UNKNOWN_OUTCOME)))
            case _:
                self._log.tell("event.lost", "error", what=what(event))

    def _refuse_request(self, event: RequestArrived | BrokenArrived, reason: Reason | None) -> None:
        request, origin = event.request, event.origin
        if reason is None or request.flow in UNANSWERED:
            self._outlet.silence(Silence(origin, "not decided"))
            return
        self._outlet.reply(Reply(origin, request, Answer(reason=reason), track=False))
        self._log.tell(
            "request.refused",
            "warning",
            reason=reason.value,
            request=request.request_key,
            connection=origin.connection,
        )
