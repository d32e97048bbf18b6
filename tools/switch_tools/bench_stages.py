"""Where the time of a purchase goes: the rooms of the switch called in turn, in one process.

Owns the taking apart of one batch into stages: the same functions that the server calls, without
sockets, threads and event loop. Decisions and journal are measured with the same parts.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import msgspec

from switch.config import load_config
from switch.core.step import plan, step
from switch.errors import IsoswitchError
from switch.keys.master import load_or_create
from switch.keys.vault import SoftwareVault
from switch.model.effects import Reply
from switch.model.events import DeliveryReported, Event, Origin, RequestArrived
from switch.model.facts import Decision
from switch.model.records import Key, Record
from switch.model.words import Delivery
from switch.server.admission import Admission, Entry
from switch.server.assemble import Assembler, Overrides
from switch.server.clock import FreshNames, SystemClock
from switch.server.commit import delivery_change
from switch.server.log import transaction_line
from switch.server.working import UnknownRowError, WorkingSet
from switch.server.world import seed
from switch.store.port import Change, Committed
from switch.store.sqlite import SqliteStore
from switch.wire.framer import Frame, Framer
from switch_tools.bench_world import bench_codec, buyers, configuration, sign_on

GROUPS: Final = (1, 16, 64)
BATCH: Final = 64
WARM_UP: Final = 128
DESCRIPTORS: Final = 1000
ORIGIN: Final = Origin(0, 0, "bench", "in process")


@dataclass(frozen=True, slots=True)
class StageFigure:
    """CPU microseconds of one purchase in one stage, in batches of 64."""

    stage: str
    us: float


@dataclass(frozen=True, slots=True)
class JournalFigure:
    """Durable appends in groups of so many purchases."""

    group: int
    cpu_us: float
    per_second: float


class Stopwatch:
    """Nanoseconds by stage: ``lap`` charges what passed since the last lap."""

    def __init__(self) -> None:
        self.cpu_ns: Counter[str] = Counter()
        self.wall_ns: Counter[str] = Counter()
        self.start()

    def start(self) -> None:
        """From now."""
        self._cpu_ns, self._wall_ns = time.process_time_ns(), time.perf_counter_ns()

    def lap(self, stage: str) -> None:
        """Up to now it was this stage."""
        cpu_ns, wall_ns = time.process_time_ns(), time.perf_counter_ns()
        self.cpu_ns[stage] += cpu_ns - self._cpu_ns
        self.wall_ns[stage] += wall_ns - self._wall_ns
        self._cpu_ns, self._wall_ns = cpu_ns, wall_ns


class Bare:
    """A switch without sockets: the parts of the server in their order, one batch at a time."""

    def __init__(self, folder: Path) -> None:
        config = folder / "stages.toml"
        config.write_text(configuration(), encoding="utf-8")
        ready = Assembler(Overrides(), DESCRIPTORS).plan(load_config(config))
        profile = ready.ports[0].profile
        vault = SoftwareVault(load_or_create(folder / "stages.key"), os.urandom)
        self._clock = SystemClock()
        self._codec, self._mapper = profile.codec, profile.mapper
        self._framer = Framer(profile.framing)
        self._store = SqliteStore(folder / "stages.db")
        self._rows = WorkingSet()
        self._admission = Admission(vault, ready.settings, FreshNames(b"bench"), self._rows)
        self._log_line = msgspec.json.Encoder(enc_hook=str).encode
        self._reports: list[DeliveryReported] = []
        self.watch = Stopwatch()
        seed(self._store, world=ready.world, vault=vault, at_us=self._clock.now().wall_us)
        codec = bench_codec()
        self.buyers = buyers(codec)
        self.batch([sign_on(codec, buyer.terminal) for buyer in self.buyers])

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def batch(self, frames: Sequence[bytes]) -> None:
        """One batch of requests, from their bytes to those of their answers."""
        watch = self.watch
        watch.start()
        read = [self._read(frame) for frame in frames]
        watch.lap("frame and decode")
        requests = [self._mapper.request(fields) for _, fields in read]
        watch.lap("map to meaning")
        now = self._clock.now()
        entries = [self._entry(RequestArrived(now, ORIGIN, request)) for request in requests]
        watch.lap("token and seal of the PAN")
        self._look_up(entries)
        watch.lap("plan and look up")
        changes = [Change("request", now.wall_us, self._decide(entry)) for entry in entries]
        watch.lap("decide")
        changes += self._delivered()
        watch.lap("delivery reports")
        self._append(changes)
        watch.lap("journal, synced")
        replies = [_reply(entry.decision) for entry in entries]
        answers = [
            self._mapper.answer(fields, reply.request, reply.answer, now)
            for (_, fields), reply in zip(read, replies, strict=True)
        ]
        watch.lap("map the answer")
        for (frame, _), answer in zip(read, answers, strict=True):
            self._framer.encode(self._codec.encode(answer), frame)
        watch.lap("encode and frame")
        for entry in entries:
            if isinstance(entry.event, RequestArrived) and entry.decision is not None:
                self._log_line(transaction_line(entry.event, entry.decision, 0, len(entries), {}))
        watch.lap("log line")
        self._reports = [
            DeliveryReported(now, request.request_key, Delivery.SENT) for request in requests
        ]
        self._rows.trim()

    def _read(self, data: bytes) -> tuple[Frame, dict[str, str]]:
        self._framer.receive_data(data)
        frame = self._framer.next_frame()
        assert frame is not None
        return frame, self._codec.decode(frame.body)

    def _entry(self, event: Event) -> Entry:
        return self._admission.entry(event)

    def _look_up(self, entries: Sequence[Entry]) -> None:
        waiting = list(entries)
        while waiting:
            needs = {id(entry): plan(entry.event, entry.facts) for entry in waiting}
            waiting = [entry for entry in waiting if needs[id(entry)]]
            keys = {need for some in needs.values() for need in some if isinstance(need, Key)}
            self._rows.learn(self._store.load(keys))

    def _decide(self, entry: Entry) -> tuple[Record, ...]:
        try:
            entry.decision = step(entry.event, entry.facts)
        except UnknownRowError:  # an earlier decision of this batch opened a new question
            self._look_up([entry])
            entry.decision = step(entry.event, entry.facts)
        self._rows.write(entry.decision.records)
        return entry.decision.records

    def _delivered(self) -> list[Change]:
        """What became of the answers of the batch before, as one row of the journal."""
        entries = [self._entry(report) for report in self._reports]
        self._look_up(entries)
        records = [record for entry in entries for record in self._decide(entry)]
        return [delivery_change(records, self._clock.now().wall_us)] if records else []

    def _append(self, changes: Sequence[Change]) -> None:
        if not isinstance(self._store.append(changes), Committed):
            raise IsoswitchError("the store of the bench did not keep an append")
        self._rows.keep()


def _reply(decision: Decision | None) -> Reply:
    effects = () if decision is None else decision.effects
    reply = next((effect for effect in effects if isinstance(effect, Reply)), None)
    if reply is None or not reply.answer.approved:
        raise IsoswitchError("the bench got no approval")
    return reply


def measure(folder: Path, purchases: int) -> tuple[list[StageFigure], list[JournalFigure]]:
    """So many purchases in each size of group: the stages at 64, the journal at all."""
    bare = Bare(folder)
    stages: list[StageFigure] = []
    journal: list[JournalFigure] = []
    try:
        for group in GROUPS:
            tellers = cycle(bare.buyers)
            batches = max(4, purchases // group)
            for _ in range(max(1, WARM_UP // group)):
                bare.batch([bytes(next(tellers).next_frame()) for _ in range(group)])
            bare.watch = Stopwatch()
            for _ in range(batches):
                bare.batch([bytes(next(tellers).next_frame()) for _ in range(group)])
            done = batches * group
            synced = "journal, synced"
            watch = bare.watch
            cpu_us = watch.cpu_ns[synced] / done / 1000
            journal.append(JournalFigure(group, cpu_us, done * 1e9 / watch.wall_ns[synced]))
            if group == BATCH:
                stages = [StageFigure(name, ns / done / 1000) for name, ns in watch.cpu_ns.items()]
    finally:
        bare.close()
    return stages, journal
