"""Facts before decisions: rounds of plan and look-up until every event of a batch has what it asked
for.

Owns the rounds, the questions for the vault and the rows that waiting events wish for. Refuses to
decide and to store: it reads through the writer's jobs, so that reads and commits keep one order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar

from switch.model.copies import replace
from switch.model.events import Event
from switch.model.facts import Facts, Need, ScanNeed, Verdict, VerdictNeed
from switch.model.records import Key
from switch.server.admission import Entry
from switch.server.commit import load_all, scan_all
from switch.server.working import WorkingSet
from switch.server.writer import Job, Writer

T = TypeVar("T")
PLAN_ROUNDS: Final = 12  # a plan that still wants more after so many look-ups is a bug

PlanFunction = Callable[[Event, Facts], tuple[Need, ...]]


class Fetcher:
    """Brings facts. ``defect`` hears of an event whose plan raised, or came to no end."""

    def __init__(
        self,
        writer: Writer,
        rows: WorkingSet,
        plan: PlanFunction,
        defect: Callable[[Entry, Exception], None],
    ) -> None:
        self._writer = writer
        self._rows = rows
        self._plan = plan
        self._defect = defect
        self._scans: set[ScanNeed] = set()
        self.wishes: deque[Key] = deque()
        self.writing = False

    def wish(self, entry: Entry) -> None:
        """What an event that has just come will want is loaded by the writer right behind the
        commit under way. Raises what its plan raises.
        """
        if self.writing:
            needs = self._plan(entry.event, entry.facts)
            self.wishes.extend(need for need in needs if isinstance(need, Key))

    async def fetch(self, entries: Sequence[Entry]) -> None:
        """All events together, round by round. Raises StoreUnavailable."""
        waiting = entries
        for _ in range(PLAN_ROUNDS):
            missing: set[Key] = set()
            wanting = [
                entry for entry in waiting if entry.refused is None and self._wants(entry, missing)
            ]
            if missing:
                load = partial(load_all, keys=missing, wishes=self.wishes)
                self._rows.learn(await self.job(load))
            while self._scans:
                need = self._scans.pop()
                self._rows.learn_scan(need, await self.job(partial(scan_all, need=need)))
            if not wanting:
                return
            waiting = wanting
        for entry in waiting:
            self._defect(entry, RuntimeError("the plan of this event does not come to an end"))

    def _wants(self, entry: Entry, missing: set[Key]) -> bool:
        try:
            needs = self._plan(entry.event, entry.facts)
        except Exception as failure:
            self._defect(entry, failure)
            return False
        questions = {}
        for need in needs:
            if isinstance(need, VerdictNeed):
                questions[need.question] = Verdict("absent", "no key module answers this yet")
            elif isinstance(need, ScanNeed):
                self._scans.add(need)
            elif not self._rows.has(need):
                missing.add(need)
        if questions:
            facts = entry.facts
            entry.facts = replace(facts, verdicts={**facts.verdicts, **questions})
        return bool(needs)

    async def job(self, job: Job[T]) -> T:
        """One job of the writer. The rows that events wish for meanwhile are loaded with it."""
        self.writing = True
        try:
            return await self._writer.run(job)
        finally:
            self.writing = False
            self.wishes.clear()
