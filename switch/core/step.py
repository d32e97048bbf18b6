"""The two functions of the core: ``plan`` names the facts that are missing, ``step`` decides.

Both are pure and synchronous: the same event and facts give the same needs and the same decision.
The engine fetches what ``plan`` names until it names nothing more, then calls ``step``, stores the
records of the decision and lets its effects loose. What is done about which event is in the
transition table; a pair that it calls impossible is a defect, told by ImpossibleEvent. Where the
configuration has scripted rules they may shape what the table makes of a request.
"""

from __future__ import annotations

from typing import Final

from switch.core import holds, scripting
from switch.core.case import ImpossibleEvent
from switch.core.table import (
    BROKEN,
    COMMAND,
    DELIVERED,
    HOLD,
    INCOMPLETE,
    LINK,
    PLANS,
    RECOVERED,
    STRAY,
    TIMER,
    TRANSITIONS,
    UPSTREAM,
)
from switch.model.events import (
    BrokenArrived,
    DeliveryReported,
    Event,
    LinkChanged,
    OperatorCommand,
    Recovered,
    RequestArrived,
    TimerFired,
    UpstreamAnswered,
)
from switch.model.facts import Decision, Facts, Need
from switch.model.records import Transaction
from switch.model.words import Flow, Kind, State

__all__ = ["ImpossibleEvent", "plan", "step", "stimulus_of"]

_STIMULUS: Final[dict[type[Event], str]] = {
    BrokenArrived: BROKEN,
    DeliveryReported: DELIVERED,
    Recovered: RECOVERED,
    TimerFired: TIMER,
    UpstreamAnswered: UPSTREAM,
    LinkChanged: LINK,
    OperatorCommand: COMMAND,
}


def plan(event: Event, facts: Facts) -> tuple[Need, ...]:
    """The facts to fetch next, in a fixed order; empty when ``step`` has all it needs.

    Call again after each fetch: a row tells which ones come after it. Ends after a handful of
    rounds.
    """
    if facts.settings.scripts is not None and isinstance(event, RequestArrived):
        return scripting.needs(event, facts, _plan)
    return _plan(event, facts)


def _plan(event: Event, facts: Facts) -> tuple[Need, ...]:
    return PLANS[stimulus_of(event)[0]](event, facts)


def step(event: Event, facts: Facts) -> Decision:
    """Decide. Raises ImpossibleEvent, or whatever a defect raises: the engine answers that request
    alone with 96.
    """
    if facts.settings.scripts is not None and isinstance(event, RequestArrived):
        return scripting.decide(event, facts, _step)
    return _step(event, facts)


def _step(event: Event, facts: Facts) -> Decision:
    stimulus, key = stimulus_of(event)
    transaction = None if key is None else facts.find(Transaction, key)
    state = State.NEW if transaction is None else transaction.state
    decide = TRANSITIONS.get((state, stimulus))
    if decide is None:
        raise ImpossibleEvent(f"{stimulus} cannot happen to a transaction that is {state}")
    return decide(event, facts)


def stimulus_of(event: Event) -> tuple[str, str | None]:
    """The stimulus, and the request key of the transaction that it acts upon."""
    if isinstance(event, RequestArrived):
        request = event.request
        if request.flow is Flow.ANSWER:
            return STRAY, None
        if request.problems:
            return INCOMPLETE, None
        if request.kind is Kind.ECHO:
            return request.kind, None
        return request.kind, request.request_key
    if isinstance(event, TimerFired) and event.name == holds.TIMER:
        return HOLD, event.subject
    stimulus = _STIMULUS.get(type(event))
    if stimulus is None:
        raise ImpossibleEvent(f"{type(event).__name__} is no event that the core knows")
    if isinstance(event, DeliveryReported | Recovered):
        return stimulus, event.request_key
    return stimulus, None
