"""What happens. A time-out, a dead link, a restart, an operator's command is one more event, not
another code path.
"""

from __future__ import annotations

from msgspec import Struct

from switch.model.request import Answer, Problem, Request
from switch.model.words import Delivery
from switch.values import Carried


class Moment(Struct, frozen=True, gc=False):
    """When: wall clock in microseconds since 1970 UTC (for people, calendars) and monotonic
    nanoseconds (for durations).
    """

    wall_us: int
    mono_ns: int


class Origin(Struct, frozen=True, gc=False):
    """Where from: names the connection and the exchange on it, so that the answer finds its way
    back.

    ``connection`` 0 means that nobody listens (recovery, simulation).
    """

    connection: int
    exchange: int
    listener: str
    peer: str


class Event(Struct, frozen=True, gc=False):
    """Base: every event says when it happened."""

    moment: Moment


class RequestArrived(Event, frozen=True):
    """A message of a terminal, mapped. The engine adds token and seal of the PAN before the core
    sees it.
    """

    origin: Origin
    request: Request
    pan_token: str = ""
    pan_sealed: str = ""  # sealed with request.request_key as associated data
    card_sealed: str = ""  # sealed with pan_token as associated data, for enrolment
    carried: Carried | None = None  # the message's bytes, where it bears a MAC


class BrokenArrived(Event, frozen=True):
    """A frame that is no good message of the dialect, but whose message type could be read
    (M-01..M-05).

    ``request`` holds what could be mapped; ``problem`` says what is wrong. Decided without any
    effect.
    """

    origin: Origin
    request: Request
    problem: Problem


class DeliveryReported(Event, frozen=True):
    """What became of an answer's bytes (INV-23), and why none left where that is known."""

    request_key: str
    delivery: Delivery
    why: str = ""


class TimerFired(Event, frozen=True):
    """A timer set by an effect ran out."""

    name: str
    subject: str  # the request key or obligation id that it was set for


class Recovered(Event, frozen=True):
    """At start: a transaction that is not final, loaded from the store."""

    request_key: str


class UpstreamAnswered(Event, frozen=True):
    """A network or issuer answered a forwarded request."""

    request_key: str
    answer: Answer
    link: str


class LinkChanged(Event, frozen=True):
    """An upstream link came up or went down."""

    link: str
    up: bool


class OperatorCommand(Event, frozen=True):
    """An administrative command, from the control socket or the HTTP port."""

    name: str
    who: str
    arguments: dict[str, str] = {}
    ticket: int = 0  # names the exchange that waits for its Told effect; 0: nobody waits
