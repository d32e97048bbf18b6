"""What a decision causes outside: seen only after its records are durable. Effects never raise into
the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.model.events import Origin
from switch.model.request import Answer, Request


@dataclass(frozen=True, slots=True)
class Effect:
    """Base."""


@dataclass(frozen=True, slots=True)
class Reply(Effect):
    """Answer the request that came from ``origin``. ``track`` asks for a DeliveryReported event."""

    origin: Origin
    request: Request
    answer: Answer
    track: bool = True


@dataclass(frozen=True, slots=True)
class Silence(Effect):
    """Say nothing to ``origin``, on purpose; the exchange is over."""

    origin: Origin
    why: str


@dataclass(frozen=True, slots=True)
class Forward(Effect):
    """Send the request upstream over ``route``."""

    request_key: str
    route: str
    request: Request


@dataclass(frozen=True, slots=True)
class Discharge(Effect):
    """Send an obligation (a reversal or an advice that the switch owes)."""

    obligation: str
    route: str


@dataclass(frozen=True, slots=True)
class SetTimer(Effect):
    """Raise TimerFired(name, subject) after ``delay_s``."""

    name: str
    subject: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class Tell(Effect):
    """A log event and a counter: stable ``event`` name, ``level``, plain data. Never sensitive."""

    event: str
    level: str = "info"
    data: dict[str, object] = field(default_factory=dict)
