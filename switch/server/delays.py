"""Wakes connections whose scripted answers are due: one task, whatever the number of answers.

Owns the order in time. Refuses to know what is due: the session does. Precise to the scheduler's
turn; nobody else waits meanwhile.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import trio

from switch.server.clock import Clock

SECOND_NS = 1_000_000_000


class Delays:
    """Connections by the time at which they want to be woken. ``wake`` gets a connection's
    number."""

    def __init__(self, clock: Clock, wake: Callable[[int], None]) -> None:
        self._clock = clock
        self._wake = wake
        self._heap: list[tuple[int, int]] = []
        self._news = trio.Event()

    def note(self, due_ns: int, number: int) -> None:
        """Wake that connection at that monotonic time."""
        heapq.heappush(self._heap, (due_ns, number))
        self._news.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._news = trio.Event()
            left_ns = self._work()
            with trio.move_on_after(float("inf") if left_ns is None else left_ns / SECOND_NS):
                await self._news.wait()

    def _work(self) -> int | None:
        """Wake who is due; how long it is to the next, ``None`` for nobody."""
        while self._heap:
            left_ns = self._heap[0][0] - self._clock.now().mono_ns
            if left_ns > 0:
                return left_ns
            self._wake(heapq.heappop(self._heap)[1])
        return None
