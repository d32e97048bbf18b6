"""Who waits for what becomes of a command: a number goes in with the event, the answer comes out
with its effect.

Owns the numbers and the waiting tasks. Refuses to know commands.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import trio

from switch.model.effects import Told

UNKNOWN_OUTCOME = (
    "whether this was kept is not known: look with list, then say it again where it was not"
)


class Tickets:
    """Numbers of commands under way. An answer that nobody waits for any more is dropped."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._waiting: dict[int, tuple[trio.Event, list[Told]]] = {}

    async def ask(self, submit: Callable[[int], None]) -> Told:
        """Let ``submit`` send the event with a fresh number, and wait for what it is told."""
        ticket = next(self._numbers)
        come, box = trio.Event(), list[Told]()
        self._waiting[ticket] = (come, box)
        try:
            submit(ticket)
            await come.wait()
        finally:
            del self._waiting[ticket]
        return box[0]

    def told(self, told: Told) -> None:
        """The answer is there; a second one changes nothing."""
        if told.ticket in self._waiting:
            come, box = self._waiting[told.ticket]
            box.append(told)
            come.set()
