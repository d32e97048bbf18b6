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
    """Names and subjects by due time, one of each: a hold that is opened again and again has one
    timer (INV-95).
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str, str]] = []
        self._order = count()
        self._set: dict[tuple[str, str], int] = {}  # which of the heap counts; the others fall out

    def __len__(self) -> int:
        return len(self._set)

    def set(self, effect: SetTimer, now: Moment) -> None:
        """Let ``TimerFired(name, subject)`` happen ``delay_s`` from now, in place of the one of
        that name and subject that was set before.
        """
        due_ns = now.mono_ns + int(effect.delay_s * SECOND_NS)
        order = self._set[effect.name, effect.subject] = next(self._order)
        heapq.heappush(self._heap, (due_ns, order, effect.name, effect.subject))

    def is_due(self, now: Moment) -> bool:
        """Whether one may have run out by now."""
        return bool(self._heap) and self._heap[0][0] <= now.mono_ns

    def due(self, now: Moment, most: int) -> list[TimerFired]:
        """Take out those that have run out by now, so many at most."""
        fired: list[TimerFired] = []
        while len(fired) < most and self.is_due(now):
            _, order, name, subject = heapq.heappop(self._heap)
            if self._set.get((name, subject)) == order:
                del self._set[name, subject]
                fired.append(TimerFired(now, name, subject))
        return fired
