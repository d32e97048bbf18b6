"""The switchboard: which connection an answer belongs to, and who may connect at all.

Owns the table of connections and the limits on them. Refuses to know sockets: a connection is
anything that can push what its session has laid out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Final, Protocol

from switch.model.effects import Reply, Silence
from switch.model.events import Event
from switch.model.words import Delivery
from switch.server.clock import Clock
from switch.server.ports import EventLog, Report
from switch.server.profile import Scripting
from switch.server.session import Session

_GONE: Final = "its connection was gone"
QUIET_NS: Final = 1_000_000_000  # one refusal a second is told, with how many there were


class Connection(Protocol):
    """One peer, over whatever transport."""

    session: Session
    source: str

    def push(self) -> None:
        """Hand what the session has laid out to the transport, as far as it takes it. Never
        raises."""

    def close(self, why: str) -> None:
        """Close at once. Idempotent."""


class Board:
    """Connections by number (``ports.Outlet``)."""

    def __init__(self, clock: Clock, log: EventLog, connections: int, per_source: int) -> None:
        self.connections: dict[int, Connection] = {}
        self._clock = clock
        self._log = log
        self._limit = connections
        self._per_source = per_source
        self._sources: dict[str, int] = {}
        self._total = 0
        self._numbers = count(1)
        self._dirty: dict[int, Connection] = {}
        self._refused = 0
        self._told_ns = -QUIET_NS
        self.submit: Callable[[Event], None] = _nobody
        self.report: Report = _nobody_cares
        self.later: Callable[[int, int], None] = _never

    def limit(self, connections: int, per_source: int) -> None:
        """New limits, for connections that come from now on."""
        self._limit = connections
        self._per_source = per_source

    # -- who may connect

    def admit(self, source: str, listener: str) -> int:
        """A number for a new connection of that address, or 0: close it at once (W-18, W-19).

        The place is taken at once, so that a handshake counts too; ``release`` gives it back if
        nothing comes of it.
        """
        of_source = self._sources.get(source, 0)
        total = self._total
        if total < self._limit and of_source < self._per_source:
            self._total += 1
            self._sources[source] = of_source + 1
            return next(self._numbers)
        self._refused += 1
        now_ns = self._clock.now().mono_ns
        if now_ns - self._told_ns >= QUIET_NS:
            why = "connections" if total >= self._limit else "per_source"
            self._log.tell(
                "conn.limit",
                "warning",
                listener=listener,
                source=source,
                limit=why,
                refused=self._refused,
            )
            self._told_ns, self._refused = now_ns, 0
        return 0

    def enter(self, number: int, connection: Connection) -> None:
        """The connection is open."""
        self.connections[number] = connection

    def release(self, source: str) -> None:
        """Give back the place of a connection that was admitted."""
        self._total -= 1
        left = self._sources[source] - 1
        if left:
            self._sources[source] = left
        else:
            del self._sources[source]

    def leave(self, number: int, why: str) -> None:
        """The connection is gone; what became of its answers is reported."""
        connection = self.connections.pop(number, None)
        if connection is None:
            return
        self._dirty.pop(number, None)
        self.release(connection.source)
        connection.session.gone(why)

    # -- what goes out

    def reply(self, effect: Reply) -> None:
        """Lay the answer out for its connection; nobody there: no byte was handed over (INV-23)."""
        number = effect.origin.connection
        connection = self.connections.get(number)
        if connection is None:
            if number and effect.track:
                self.report(effect.request.request_key, Delivery.FAILED, _GONE)
            return
        session = connection.session
        session.answer(effect, self._clock.now())
        self._dirty[number] = connection
        if effect.behaviour is not None and session.next_due_ns is not None:
            self.later(session.next_due_ns, number)

    def play(self, number: int) -> None:
        """The time of a scripted answer of that connection has come."""
        connection = self.connections.get(number)
        if connection is None:
            return
        session = connection.session
        session.play(self._clock.now())
        if session.next_due_ns is not None:
            self.later(session.next_due_ns, number)
        connection.push()

    def rescript(self, rules: Mapping[str, Scripting | None]) -> None:
        """Other scripted rules, by listener, for what comes over open connections from now on."""
        for connection in self.connections.values():
            connection.session.rescript(rules.get(connection.session.listener))

    def silence(self, effect: Silence) -> None:
        """The exchange is over without a word."""
        number = effect.origin.connection
        connection = self.connections.get(number)
        if connection is not None:
            connection.session.silence(effect.origin.exchange)
            self._dirty[number] = connection
        self._log.tell("request.silent", "info", connection=number, why=effect.why)

    def flush(self) -> None:
        """Push every connection that has something to say."""
        dirty, self._dirty = self._dirty, {}
        for connection in dirty.values():
            connection.push()

    def sweep(self) -> None:
        """Close what is overdue: called once a second."""
        now = self._clock.now()
        for connection in list(self.connections.values()):
            why = connection.session.overdue(now)
            if why:
                connection.close(why)

    @property
    def busy(self) -> bool:
        """Whether some connection still waits for an answer or has one to hand over."""
        return any(connection.session.busy for connection in self.connections.values())


def _nobody(_event: Event) -> None:
    """Events before the engine is there."""


def _nobody_cares(_request_key: str, _delivery: Delivery, _why: str = "") -> None:
    """Reports before the engine is there."""


def _never(_due_ns: int, _number: int) -> None:
    """Delays before there is somebody to keep them."""
