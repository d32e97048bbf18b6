"""A switch without sockets: the rooms of the server called in turn, in one process.

Owns the taking apart of one batch into stages: the same functions that the server calls, without
sockets, threads and event loop. What is measured with it is for others to say.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from switch.config import load_config
from switch.core.step import plan, step
from switch.data_folder import MASTER_NAME, STORE_NAME
from switch.errors import IsoswitchError
from switch.keys.master import load_or_create
from switch.keys.vault import SoftwareVault
from switch.model.effects import Reply
from switch.model.events import DeliveryReported, Event, Moment, Origin, RequestArrived
from switch.model.facts import Decision, ScanNeed
from switch.model.records import Key, Record
from switch.model.request import Request
from switch.model.words import Delivery
from switch.server.admission import Admission, Entry
from switch.server.assemble import Assembler, Overrides
from switch.server.clock import Clock, FreshNames, SystemClock
from switch.server.commit import delivery_change, scan_all
from switch.server.log import transaction_line
from switch.server.working import UnknownRowError, WorkingSet
from switch.server.world import World, seed
from switch.store.port import Change, Committed
from switch.store.sqlite import SqliteStore
from switch.wire.framer import Frame, Framer
from switch_tools.bench_world import LISTENER, bench_codec, buyers, configuration, sign_on

BATCH: Final = 64
DESCRIPTORS: Final = 1000
ORIGIN: Final = Origin(0, 0, LISTENER, "in process")
DECODE: Final = "frame and decode"
MEANING: Final = "map to meaning"
SEAL: Final = "token and seal of the PAN"
PLAN: Final = "plan and look up"
DECIDE: Final = "decide"
DELIVERY: Final = "delivery reports"
JOURNAL: Final = "journal, synced"
ANSWER: Final = "map the answer"
ENCODE: Final = "encode and frame"
LOG: Final = "log line"


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


class MadeClock:
    """A clock that goes on by so much each time a batch comes, however fast batches are."""

    def __init__(self, step_s: float) -> None:
        self._step_ns = int(step_s * 1e9)
        self._now = SystemClock().now()

    def now(self) -> Moment:
        """The next moment."""
        now, step_ns = self._now, self._step_ns
        self._now = Moment(now.wall_us + step_ns // 1000, now.mono_ns + step_ns)
        return now


class Bare:
    """The parts of the server in their order, one batch at a time, on a store of its own.

    The folder is laid out as a switch's data folder is. ``more`` is added to the configuration of
    the bench.
    """

    def __init__(self, folder: Path, more: str = "", clock: Clock | None = None) -> None:
        config = folder / "bare.toml"
        config.write_text(configuration() + more, encoding="utf-8")
        ready = Assembler(Overrides(), DESCRIPTORS).plan(load_config(config))
        profile = ready.ports[0].profile
        self.vault = SoftwareVault(load_or_create(folder / MASTER_NAME), os.urandom)
        self.clock = clock or SystemClock()
        self.codec, self.mapper = profile.codec, profile.mapper
        self.store = SqliteStore(folder / STORE_NAME)
        self._framer = Framer(profile.framing)
        self._rows = WorkingSet()
        settings = ready.settings_with(self.vault.token)
        self.admission = Admission(self.vault, settings, FreshNames(b"bench"), self._rows)
        self._log_line = msgspec.json.Encoder(enc_hook=str).encode
        self._reports: list[DeliveryReported] = []
        self.watch = Stopwatch()
        self.add(ready.world)
        codec = bench_codec()
        self.buyers = buyers(codec)
        self.batch([sign_on(codec, buyer.terminal) for buyer in self.buyers])

    def add(self, world: World) -> None:
        """Write merchants, terminals and cards as a start does."""
        seed(self.store, world=world, vault=self.vault, at_us=self.clock.now().wall_us)

    def forget(self) -> None:
        """Somebody else has written: every row is asked for anew."""
        self._rows.forget()

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()

    def batch(self, frames: Sequence[bytes]) -> None:
        """One batch of requests, from their bytes to those of their answers."""
        watch = self.watch
        watch.start()
        read = [self._read(frame) for frame in frames]
        watch.lap(DECODE)
        requests = [self.mapper.request(fields) for _, fields in read]
        watch.lap(MEANING)
        now, entries = self._decided(requests)
        replies = [_reply(entry.decision) for entry in entries]
        answers = [
            self.mapper.answer(fields, reply.request, reply.answer, now)
            for (_, fields), reply in zip(read, replies, strict=True)
        ]
        watch.lap(ANSWER)
        for (frame, _), answer in zip(read, answers, strict=True):
            self._framer.encode(self.codec.encode(answer), frame)
        watch.lap(ENCODE)
        for entry in entries:
            if isinstance(entry.event, RequestArrived) and entry.decision is not None:
                self._log_line(transaction_line(entry.event, entry.decision, 0, len(entries), {}))
        watch.lap(LOG)
        self._rows.trim()

    def decide(self, requests: Sequence[Request]) -> None:
        """One batch of requests in words: decided, durable, and each approved."""
        self.watch.start()
        _, entries = self._decided(requests)
        for entry in entries:
            _reply(entry.decision)
        self._rows.trim()

    def _decided(self, requests: Sequence[Request]) -> tuple[Moment, list[Entry]]:
        """The decisions, durable; so are the delivery reports of the batch before."""
        watch, now = self.watch, self.clock.now()
        entries = [
            self.admission.entry(RequestArrived(now, ORIGIN, request)) for request in requests
        ]
        watch.lap(SEAL)
        self._look_up(entries)
        watch.lap(PLAN)
        changes = [Change("request", now.wall_us, self._decide(entry)) for entry in entries]
        watch.lap(DECIDE)
        changes += self._delivered(now)
        watch.lap(DELIVERY)
        if not isinstance(self.store.append(changes), Committed):
            raise IsoswitchError("the store of the bench did not keep an append")
        self._rows.keep()
        watch.lap(JOURNAL)
        self._reports = [
            DeliveryReported(now, request.request_key, Delivery.SENT) for request in requests
        ]
        return now, entries

    def _read(self, data: bytes) -> tuple[Frame, dict[str, str]]:
        self._framer.receive_data(data)
        frame = self._framer.next_frame()
        assert frame is not None
        return frame, self.codec.decode(frame.body)

    def _look_up(self, entries: Sequence[Entry]) -> None:
        waiting = list(entries)
        while waiting:
            needs = {id(entry): plan(entry.event, entry.facts) for entry in waiting}
            waiting = [entry for entry in waiting if needs[id(entry)]]
            wanted = {need for some in needs.values() for need in some}
            keys = {need for need in wanted if isinstance(need, Key)}
            self._rows.learn(self.store.load(keys))
            for scan in wanted - keys:
                if isinstance(scan, ScanNeed):
                    self._rows.learn_scan(scan, scan_all(self.store, scan))

    def _decide(self, entry: Entry) -> tuple[Record, ...]:
        try:
            entry.decision = step(entry.event, entry.facts)
        except UnknownRowError:  # an earlier decision of this batch opened a new question
            self._look_up([entry])
            entry.decision = step(entry.event, entry.facts)
        self._rows.write(entry.decision.records)
        return entry.decision.records

    def _delivered(self, now: Moment) -> list[Change]:
        """What became of the answers of the batch before, as one row of the journal."""
        entries = [self._entry(report) for report in self._reports]
        self._look_up(entries)
        records = [record for entry in entries for record in self._decide(entry)]
        return [delivery_change(records, now.wall_us)] if records else []

    def _entry(self, event: Event) -> Entry:
        return self.admission.entry(event)


def _reply(decision: Decision | None) -> Reply:
    effects = () if decision is None else decision.effects
    reply = next((effect for effect in effects if isinstance(effect, Reply)), None)
    if reply is None or not reply.answer.approved:
        raise IsoswitchError("the bench got no approval")
    return reply
