"""Timers as data: what effects have set, in order of time, on the monotonic clock (INV-80).

Owns the heap. Refuses to sleep: the server asks what is due.
"""

from __future__ import annotations

import heapq
from itertools import count

from switch.model.effects import SetTimer
from switch.model.events import Moment, TimerFired

SECOND_NS = 1_000_000_000


class Timers:
    """Names and subjects by due time."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str, str]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap)

    def set(self, effect: SetTimer, now: Moment) -> None:
        """Let ``TimerFired(name, subject)`` happen ``delay_s`` from now."""
        due_ns = now.mono_ns + int(effect.delay_s * SECOND_NS)
        heapq.heappush(self._heap, (due_ns, next(self._order), effect.name, effect.subject))

    @property
    def next_due_ns(self) -> int | None:
        """When the first one runs out, in monotonic nanoseconds."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: Moment) -> list[TimerFired]:
        """Take out all that have run out by now."""
        fired = []
        while self._heap and self._heap[0][0] <= now.mono_ns:
            _, _, name, subject = heapq.heappop(self._heap)
            fired.append(TimerFired(now, name, subject))
        return fired
