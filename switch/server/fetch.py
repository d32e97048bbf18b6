"""Facts before decisions: rounds of plan and look-up until every event of a batch has what it asked
for.

Owns the rounds, the questions for the vault and the rows that waiting events wish for. Refuses to
decide and to store: it reads through the writer's jobs, so that reads and commits keep one order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, TypeVar

from switch.core.terms import key_row
from switch.model.copies import replace
from switch.model.events import Event
from switch.model.facts import PASSING, Facts, Need, ScanNeed, Verdict, VerdictNeed
from switch.model.records import Key
from switch.server.admission import Entry
from switch.server.commit import load_all, scan_all
from switch.server.working import WorkingSet
from switch.server.writer import Job, Writer

T = TypeVar("T")
PLAN_ROUNDS: Final = 12  # a plan that still wants more after so many look-ups is a bug

PlanFunction = Callable[[Event, Facts], tuple[Need, ...]]
Asker = Callable[[VerdictNeed, Event, Facts], Verdict]


class Fetcher:
    """Brings facts. ``ask`` puts a question to the vault. ``defect`` hears of an event whose plan
    or question raised, or whose plan came to no end.
    """

    def __init__(
        self,
        writer: Writer,
        rows: WorkingSet,
        plan: PlanFunction,
        ask: Asker,
        defect: Callable[[Entry, Exception], None],
    ) -> None:
        self._writer = writer
        self._rows = rows
        self._plan = plan
        self._ask = ask
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

    async def fetch(self, entries: Sequence[Entry], *, anew: bool = False) -> None:
        """All events together, round by round; ``anew``: rows have changed, so that the vault is
        asked again. Raises StoreUnavailable.
        """
        for entry in entries if anew else ():
            entry.facts, entry.asked = replace(entry.facts, verdicts={}), ()
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
        """Whether the event wants anything more; the keys of its rows go into ``missing``. The
        vault is asked when all rows that the plan has named are there.
        """
        try:
            needs = self._plan(entry.event, entry.facts)
            questions: list[VerdictNeed] = []
            for need in needs:
                if isinstance(need, VerdictNeed):
                    questions.append(need)
                elif isinstance(need, ScanNeed):
                    self._scans.add(need)
                elif not self._rows.has(need):
                    missing.add(need)
            if questions and len(questions) == len(needs):
                self._ask_all(entry, questions)
        except Exception as failure:
            self._defect(entry, failure)
            return False
        return bool(needs)

    def _ask_all(self, entry: Entry, questions: Iterable[VerdictNeed]) -> None:
        """In the order of the plan, which is asked again behind the first that is not passed."""
        facts = entry.facts
        verdicts = dict(facts.verdicts)
        for need in questions:
            entry.asked += tuple(map(key_row, need.keys))
            verdict = verdicts[need.question] = self._ask(need, entry.event, facts)
            if verdict.outcome not in PASSING:
                break
        entry.facts = replace(facts, verdicts=verdicts)

    async def job(self, job: Job[T]) -> T:
        """One job of the writer. The rows that events wish for meanwhile are loaded with it."""
        self.writing = True
        try:
            return await self._writer.run(job)
        finally:
            self.writing = False
            self.wishes.clear()
