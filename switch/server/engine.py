"""The engine: one loop, one writer, no locks.

Owns the order of decisions, the batch (whatever arrived while the last commit was under way) and
the rule that nothing is visible before it is durable. Refuses to know bytes, sockets and what a
decision means: ``plan`` names the facts, ``step`` decides, the store keeps, and only then do the
effects come loose.

Delivery reports (INV-23) cost no commit of their own while there is traffic: they ride in the next
batch, and as one row of the journal. After a crash an answer whose report had not been stored
counts as ``unknown``, which is what it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final, TypeVar

import outcome
import trio

from switch.core.step import plan as core_plan
from switch.core.step import step as core_step
from switch.keys.port import Vault
from switch.model.effects import Told
from switch.model.events import (
    BrokenArrived,
    DeliveryReported,
    Event,
    Moment,
    OperatorCommand,
    Recovered,
    RequestArrived,
)
from switch.model.facts import Decision, Facts, Need
from switch.model.records import Day, Record
from switch.model.settings import Settings
from switch.model.words import Delivery, Reason
from switch.server.admission import Admission, Entry
from switch.server.clock import Clock, FreshNames
from switch.server.commit import Commit, append_and_load, delivery_change
from switch.server.fetch import Fetcher
from switch.server.limits import EngineLimits
from switch.server.ports import EventLog, Outlet
from switch.server.profile import MacCover
from switch.server.recovery import business_day, hold_timers
from switch.server.release import Release, what
from switch.server.tickets import Tickets
from switch.server.timers import Timers
from switch.server.verdicts import Verdicts
from switch.server.working import UnknownRowError, WorkingSet
from switch.server.writer import Job, Writer
from switch.store.port import Change, StoreUnavailable

T = TypeVar("T")
NO_COVERS: Final[Mapping[str, MacCover]] = MappingProxyType({})


class Engine:
    """Decides events in order of arrival and lets effects loose once their records are durable."""

    def __init__(
        self,
        *,
        writer: Writer,
        vault: Vault,
        settings: Settings,
        outlet: Outlet,
        log: EventLog,
        clock: Clock,
        names: FreshNames,
        limits: EngineLimits | None = None,
        covers: Mapping[str, MacCover] = NO_COVERS,
        plan: Callable[[Event, Facts], tuple[Need, ...]] = core_plan,
        step: Callable[[Event, Facts], Decision] = core_step,
    ) -> None:
        self._writer = writer
        self._outlet = outlet
        self._log = log
        self._clock = clock
        self._limits = limits or EngineLimits()
        self._step = step
        self._rows = WorkingSet(self._limits.rows)
        self._inbox: deque[Entry] = deque()
        self._deliveries: deque[DeliveryReported] = deque()
        self._in_hand = 0
        self._wake = trio.Event()
        self._between: deque[Callable[[], Awaitable[None]]] = deque()
        self.timers = Timers()
        self.trouble = ""  # why requests are answered with 96
        self.decided = 0
        self._admission = Admission(vault, settings, names, self._rows)
        self._verdicts = Verdicts(vault, covers)
        self._fetcher = Fetcher(writer, self._rows, plan, self._verdicts.answer, self._defect)
        self._tickets = Tickets()
        self._release = Release(outlet, log, self.timers, clock, self.submit, self._tickets.told)

    # -- what comes in

    def submit(self, event: Event) -> None:
        """Take an event. A request beyond the in-flight limit is answered ``busy`` at once and not
        decided."""
        if isinstance(event, DeliveryReported):
            if len(self._deliveries) < self._limits.deliveries:
                self._deliveries.append(event)
            return
        if len(self._inbox) + self._in_hand >= self._limits.in_flight and isinstance(
            event, RequestArrived | BrokenArrived
        ):
            self._release.refuse(event, Reason.BUSY)
            self._outlet.flush()
            return
        try:
            entry = self._admission.entry(event)
            self._fetcher.wish(entry)
        except Exception as failure:
            self._log.bug("internal.error", failure, stage="admit")
            self._release.refuse(event, Reason.INTERNAL)
            self._outlet.flush()
            return
        self._inbox.append(entry)
        self._wake.set()

    async def command(self, name: str, who: str, arguments: dict[str, str]) -> Told:
        """An operator's command, decided in its turn like any event; what became of it."""

        def submit(ticket: int) -> None:
            self.submit(OperatorCommand(self._clock.now(), name, who, arguments, ticket))

        return await self._tickets.ask(submit)

    def use(
        self,
        settings: Settings,
        limits: EngineLimits | None = None,
        covers: Mapping[str, MacCover] = NO_COVERS,
    ) -> None:
        """A reloaded configuration: it decides events that come from now on (P-08)."""
        self._admission.use(settings)
        self._verdicts.covers = covers
        self._limits = limits or self._limits
        self._rows.limit = self._limits.rows

    @property
    def settings(self) -> Settings:
        """What is in force."""
        return self._admission.settings

    @property
    def in_flight(self) -> int:
        """Events taken and not yet answered."""
        return len(self._inbox) + self._in_hand

    @property
    def idle(self) -> bool:
        """Whether nothing is left to decide or to store."""
        return not self._inbox and not self._in_hand and not self._deliveries

    # -- the loop

    async def run(self) -> None:
        """Work until cancelled. ``StoreBroken`` comes through: the process must stop."""
        while True:
            if not (self._inbox or self._between or self.timers.is_due(self._clock.now())):
                self._wake = trio.Event()
                await self._wake.wait()
            while self._between:
                await self._between.popleft()()
            await self.work()
            self._rows.trim()

    async def work(self) -> None:
        """One batch: all that is waiting, up to the limit, and the delivery reports.

        Timers take the room that is left, and an eighth at least: ten thousand holds that end
        together, or ended while nothing ran, hold up no terminal.
        """
        batch = self._limits.batch
        for event in self.timers.due(
            self._clock.now(), max(batch // 8, batch - len(self._inbox), 1)
        ):
            self.submit(event)
        entries = self._taken()
        entries += [
            self._admission.entry(self._deliveries.popleft())
            for _ in range(min(len(self._deliveries), self._limits.in_flight))
        ]
        if not entries:
            return
        self._in_hand = len(entries)
        try:
            await self._batch(entries)
        finally:
            self._in_hand = 0

    def _taken(self) -> list[Entry]:
        """The events of a batch. A command closes its batch: it may move the business date, and
        what came behind it belongs to the new one (INV-54)."""
        inbox, entries = self._inbox, list[Entry]()
        for _ in range(min(len(inbox), self._limits.batch)):
            entries.append(inbox.popleft())
            if isinstance(entries[-1].event, OperatorCommand):
                break
        return entries

    def tick(self, now: Moment) -> None:
        """Called a few times a second: wakes the loop for timers and for reports that found no
        traffic to ride with."""
        if self._deliveries or self.timers.is_due(now):
            self._wake.set()

    async def between(self, job: Job[T]) -> T:
        """Run a job on the store between two batches; every row is asked for anew afterwards."""
        done = trio.Event()
        box: list[outcome.Outcome[T]] = []

        async def turn() -> None:
            box.append(await outcome.acapture(self._writer.run, job))
            self._rows.forget()
            done.set()

        self._between.append(turn)
        self._wake.set()
        await done.wait()
        return box[0].unwrap()

    async def recover(self) -> dict[str, int]:
        """Feed what is not final to the same ``step``, before any port opens (P-04). Returns
        counts."""
        self._admission.cut_over(await self._writer.run(business_day))
        now = self._clock.now()
        for timer in await self._writer.run(partial(hold_timers, now_us=now.wall_us)):
            self.timers.set(timer, now)
        keys = await self._writer.run(lambda store: list(store.unfinished()))
        size = self._limits.batch
        for start in range(0, len(keys), size):
            moment = self._clock.now()
            await self._batch(
                [
                    self._admission.entry(Recovered(moment, key.id))
                    for key in keys[start : start + size]
                ]
            )
            self._rows.trim()
        if self.trouble:
            raise StoreUnavailable("the store went away during recovery")
        return {"unfinished": len(keys), "timers": len(self.timers)}

    async def _batch(self, entries: list[Entry]) -> None:
        for last in (False, True):
            try:
                await self._fetcher.fetch(entries, anew=last)
                changes = await self._decide(entries)
                result = await self._commit(changes) if changes else Commit.DURABLE
            except StoreUnavailable as failure:
                self._rows.drop()
                self._unhealthy(str(failure))
                return self._refuse_all(entries, Reason.STORE_UNAVAILABLE)
            if result is Commit.DURABLE:
                self._rows.keep()
                return self._let_go(entries)
            self._rows.drop()
            if result is Commit.UNKNOWN:
                # Neither success nor failure may be assumed, nor told: the repeat finds out.
                self._rows.forget()
                self._unhealthy("the outcome of a commit could not be read back")
                return self._refuse_all(entries, None)
            if result is Commit.DEFECT:
                return await self._one_by_one(entries)
            if last:
                return self._refuse_all(entries, Reason.STORE_UNAVAILABLE)
        return None

    async def _one_by_one(self, entries: list[Entry]) -> None:
        """One bad apple spoilt the append: everybody else gets a decision (P-12)."""
        if len(entries) == 1:
            self._refuse_all(entries, Reason.INTERNAL)
            return
        for entry in entries:
            await self._batch([entry])

    async def _decide(self, entries: Sequence[Entry]) -> list[Change]:
        changes: list[Change] = []
        delivered: list[Record] = []
        for entry in entries:
            entry.decision = None
            if entry.refused is not None:
                continue
            event = entry.event
            try:
                if entry.asked and self._rows.has_changed(entry.asked):
                    # An earlier decision of this batch has put other keys in place.
                    await self._fetcher.fetch([entry], anew=True)
                    if entry.refused is not None:
                        continue
                try:
                    decision = self._step(event, entry.facts)
                except UnknownRowError:  # an earlier decision of this batch opened a new question
                    await self._fetcher.fetch([entry])
                    decision = self._step(event, entry.facts)
            except StoreUnavailable:
                raise
            except Exception as failure:
                self._defect(entry, failure)
                continue
            entry.decision = decision
            if not decision.records:
                continue
            self._rows.write(decision.records)
            if isinstance(event, DeliveryReported):
                delivered += decision.records
            else:
                changes.append(Change(what(event), event.moment.wall_us, decision.records))
        if delivered:
            changes.append(delivery_change(delivered, self._clock.now().wall_us))
        return changes

    async def _commit(self, changes: Sequence[Change]) -> Commit:
        append = partial(append_and_load, changes=changes, wishes=self._fetcher.wishes)
        done = await self._fetcher.job(append)
        if done.defect is not None:
            self._log.bug("internal.error", done.defect, stage="append")
        self._rows.forget(done.stale)
        self._rows.learn(done.rows)
        if done.result is Commit.DURABLE and self.trouble:
            self.trouble = ""
            self._log.tell("store.recovered", "warning")
        return done.result

    # -- what goes out

    def _let_go(self, entries: Sequence[Entry]) -> None:
        too_old_ns = self._clock.now().mono_ns - int(self._limits.answer_s * 1e9)
        for entry in entries:
            if entry.refused is not None:
                self._release.refuse(entry.event, entry.refused)
            elif entry.decision is not None:
                late = entry.event.moment.mono_ns < too_old_ns
                release = self._release.late if late else self._release.effect
                for effect in entry.decision.effects:
                    release(effect)
        self._outlet.flush()
        self.decided += len(entries)
        now_ns = self._clock.now().mono_ns
        for entry in entries:
            event = entry.event
            if entry.decision is not None and isinstance(event, RequestArrived | BrokenArrived):
                took_us = (now_ns - event.moment.mono_ns) // 1000
                self._log.transaction(event, entry.decision, took_us, len(entries))
            elif entry.decision is not None and isinstance(event, OperatorCommand):
                self._cut_over(entry.decision)

    def _cut_over(self, decision: Decision) -> None:
        """A business date that a command has moved is that of all events not decided yet."""
        for day in decision.records:
            if isinstance(day, Day):
                self._admission.cut_over(day.date)
                for entry in self._inbox:
                    self._admission.renew(entry)

    def _defect(self, entry: Entry, failure: Exception) -> None:
        self._log.bug("internal.error", failure, stage="decide", request=_request_key(entry.event))
        entry.decision = None
        entry.refused = Reason.INTERNAL

    def _refuse_all(self, entries: Sequence[Entry], reason: Reason | None) -> None:
        for entry in entries:
            self._release.refuse(entry.event, entry.refused or reason)
        self._outlet.flush()

    def _unhealthy(self, why: str) -> None:
        if not self.trouble:
            self.trouble = why
            self._log.tell("store.unavailable", "error", why=why)

    def report(self, request_key: str, delivery: Delivery, why: str = "") -> None:
        """What became of an answer's bytes, from the connection that carried it."""
        self.submit(DeliveryReported(self._clock.now(), request_key, delivery, why))


def _request_key(event: Event) -> str:
    match event:
        case RequestArrived(request=request) | BrokenArrived(request=request):
            return request.request_key
        case DeliveryReported(request_key=key) | Recovered(request_key=key):
            return key
        case _:
            return ""
