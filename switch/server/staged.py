"""Answers that a scripted rule plays with: held back, sent twice, cut short, left out; and what
becomes of the connection then.

Owns what waits and what is due. Refuses to send and to ask a clock: the driver comes back when the
time is there. A report on an answer says what was handed over (INV-23), script or not: nothing of
one that is left out, nobody knows how much of one that is cut short.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import Final, NamedTuple

from switch.model.scripts import Behaviour
from switch.model.words import Delivery
from switch.server.outbox import Outbox
from switch.server.ports import Report

_LEFT_OUT: Final = "a scripted rule left it out"
_CLOSED: Final = "a scripted rule closed the connection"
MILLISECOND_NS = 1_000_000


class _Held(NamedTuple):
    due_ns: int
    order: int
    behaviour: Behaviour
    data: bytes
    key: str


class Stage:
    """The scripted answers of one connection."""

    __slots__ = ("_held", "_order", "_outbox", "_report", "closes", "resets")

    def __init__(self, outbox: Outbox, report: Report) -> None:
        self._outbox = outbox
        self._report = report
        self._held: list[_Held] = []
        self._order = count()
        self.closes = False  # the connection is to be closed when what is laid out is sent
        self.resets = False  # the same, at once and with a reset

    def __len__(self) -> int:
        return len(self._held)

    @property
    def next_due_ns(self) -> int | None:
        """When the first answer that is held back is due."""
        return self._held[0].due_ns if self._held else None

    def put(self, data: bytes, key: str, behaviour: Behaviour, now_ns: int) -> None:
        """Take an answer; ``key`` is the request key to report on, or empty."""
        due_ns = now_ns + behaviour.delay_ms * MILLISECOND_NS
        heapq.heappush(self._held, _Held(due_ns, next(self._order), behaviour, data, key))

    def play(self, now_ns: int) -> None:
        """Do what is due."""
        while self._held and self._held[0].due_ns <= now_ns:
            self._play(heapq.heappop(self._held), now_ns)

    def _play(self, held: _Held, now_ns: int) -> None:
        done = held.behaviour
        if self.closes or done.reset or done.silent:
            if held.key:
                self._report(held.key, Delivery.FAILED, _LEFT_OUT if done.silent else _CLOSED)
        else:
            size = len(held.data)
            end = size if done.truncate_to < 0 else min(done.truncate_to, size - 1)
            self._outbox.lay_out(held.data[:end], held.key, now_ns, whole=end == size)
            for _ in range(done.copies - 1):
                self._outbox.lay_out(held.data, "", now_ns)
        self.resets = self.resets or done.reset
        self.closes = self.closes or done.close or done.reset

    def lost(self) -> None:
        """The connection is gone: nothing of what is held back was handed over."""
        for held in self._held:
            if held.key:
                self._report(held.key, Delivery.FAILED)
        self._held.clear()
