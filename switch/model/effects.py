"""What a decision causes outside: seen only after its records are durable. Effects never raise into
the engine.
"""

from __future__ import annotations

from msgspec import Struct

from switch.model.events import Origin
from switch.model.request import Answer, Request
from switch.model.scripts import Behaviour
from switch.model.security import Sealing


class Effect(Struct, frozen=True, gc=False):
    """Base."""


class Reply(Effect, frozen=True):
    """Answer the request that came from ``origin``. ``track`` asks for a DeliveryReported event."""

    origin: Origin
    request: Request
    answer: Answer
    track: bool = True
    behaviour: Behaviour | None = None  # what a scripted rule wants done to the answer
    sealing: Sealing | None = None  # what the vault adds when it is written


class Silence(Effect, frozen=True):
    """Say nothing to ``origin``, on purpose; the exchange is over."""

    origin: Origin
    why: str


class Forward(Effect, frozen=True):
    """Send the request upstream over ``route``."""

    request_key: str
    route: str
    request: Request


class Discharge(Effect, frozen=True):
    """Send an obligation (a reversal or an advice that the switch owes)."""

    obligation: str
    route: str


class SetTimer(Effect, frozen=True):
    """Raise TimerFired(name, subject) after ``delay_s``."""

    name: str
    subject: str
    delay_s: float


class Told(Effect, frozen=True):
    """What became of an operator's command: ``said`` in words, ``data`` for programs. Never
    sensitive.
    """

    ticket: int
    ok: bool
    said: str
    data: dict[str, object] = {}


class Tell(Effect, frozen=True):
    """A log event and a counter: stable ``event`` name, ``level``, plain data. Never sensitive."""

    event: str
    level: str = "info"
    data: dict[str, object] = {}
