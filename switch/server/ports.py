"""What the engine needs of the rest of the server: somewhere to answer, and somewhere to tell.

Owns these small interfaces and the do-nothing log of tests. Refuses to know sockets and log
formats.
"""

from __future__ import annotations

from typing import Protocol

from switch.model.effects import Reply, Silence
from switch.model.events import BrokenArrived, RequestArrived
from switch.model.facts import Decision
from switch.model.words import Delivery


class Outlet(Protocol):
    """Takes answers to the connections that they belong to. Never raises: a dead connection is
    reported as an event."""

    def reply(self, effect: Reply) -> None:
        """Lay the answer out for its connection."""

    def silence(self, effect: Silence) -> None:
        """Close the exchange without a word."""

    def flush(self) -> None:
        """Hand everything laid out to the transports."""


class Report(Protocol):
    """Takes note of what became of an answer's bytes (INV-23)."""

    def __call__(self, request_key: str, delivery: Delivery, why: str = "", /) -> None:
        """``why`` not a byte was handed over, where that is known: no value of the message."""


class EventLog(Protocol):
    """The structured log. Both calls return at once, never block, never raise."""

    def tell(self, event: str, level: str = "info", **data: object) -> None:
        """One event with a stable name (``log_events``)."""

    def transaction(
        self, arrived: RequestArrived | BrokenArrived, decision: Decision, took_us: int, batch: int
    ) -> None:
        """The one line of a decision."""

    def bug(self, event: str, failure: BaseException, **data: object) -> None:
        """A defect of ours: where it happened, without frame locals and without card data
        (P-12)."""
