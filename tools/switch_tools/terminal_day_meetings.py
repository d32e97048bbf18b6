"""Where the terminals of a day wait for each other.

Owns who is expected where, and that nobody waits for one who went home.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import trio

from switch_tools.terminal_day_words import Step


@dataclass(slots=True)
class Meeting:
    """A point where all wait who ever come to it."""

    expected: int
    waiting: int = 0
    open: trio.Event = field(default_factory=trio.Event)

    def leave(self) -> None:
        """One of them will not come any more."""
        self.expected -= 1
        self._look()

    async def wait(self) -> None:
        """Wait until the others are there."""
        self.waiting += 1
        gate = self.open
        self._look()
        await gate.wait()

    def _look(self) -> None:
        if self.waiting and self.waiting >= self.expected:
            self.waiting = 0
            gate, self.open = self.open, trio.Event()
            gate.set()


def meetings_of(scripts: Iterable[Sequence[Step]]) -> dict[str, Meeting]:
    """All points where terminals wait, by name; each expects those whose script comes to it."""
    meetings: dict[str, Meeting] = {}
    for steps in scripts:
        for name in waits(steps):
            meetings.setdefault(name, Meeting(0)).expected += 1
    return meetings


def waits(steps: Sequence[Step]) -> set[str]:
    """The names of all points where a script waits."""
    found = {step.for_ for step in steps if step.for_}
    return found.union(*(waits(step.steps) for step in steps))
