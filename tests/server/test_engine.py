"""switch.server.engine: batches, durable before visible, faults of the store, defects of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
import trio
import trio.testing

from switch.core.step import plan as core_plan
from switch.core.step import step as core_step
from switch.model.effects import Reply, SetTimer, Silence
from switch.model.events import (
    BrokenArrived,
    DeliveryReported,
    Event,
    Moment,
    Origin,
    RequestArrived,
    TimerFired,
)
from switch.model.facts import Decision, Facts
from switch.model.records import Account, Card, Key, Record, Terminal, Transaction
from switch.model.request import Request
from switch.model.settings import DialectPolicy, Settings
from switch.model.words import Delivery, Flow, Kind, Reason
from switch.money import Money
from switch.server.clock import FreshNames
from switch.server.engine import Engine, EngineLimits
from switch.server.world import CardSeed, MerchantSeed, TerminalSeed, World, seed
from switch.server.writer import InlineWriter, Job, Writer
from switch.store.memory import MemoryStore
from switch.store.port import (
    Change,
    Committed,
    Conflict,
    JournalRow,
    StoreBroken,
    StoreUnavailable,
    Unknown,
)
from switch.values import Pan

T = TypeVar("T")
PAN = Pan("4761739001010010")
WORLD = World(
    merchants=(MerchantSeed("SHOP", "Shop", "5411", "active", "840", "UTC"),),
    terminals=(TerminalSeed("T1", "SHOP", "active", "840", "UTC"),),
    cards=(CardSeed("visa", PAN, "4912", "active", "840", 100_00, 0, 0, 0),),
)
SETTINGS = Settings(test_ranges=("4761739",), policies={"toy": DialectPolicy("toy")})


class FakeVault:
    """Tokens and seals that show nothing and cost nothing."""

    def token(self, pan: Pan) -> str:
        return f"token-{hash(pan):x}"

    def seal(self, pan: Pan, row_id: str) -> str:
        return f"sealed-{hash((pan, row_id)):x}"

    def open(self, sealed: str, row_id: str) -> Pan:
        raise AssertionError("a decision opens no seal")


class FakeClock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.mono_ns = 0

    def now(self) -> Moment:
        return Moment(1_795_000_000_000_000 + self.mono_ns // 1000, self.mono_ns)


Outcome = Committed | Conflict | Unknown


class FaultyStore:
    """A memory store with a list of faults to come, one for each append."""

    def __init__(self) -> None:
        self.inner = MemoryStore()
        self.faults: list[Callable[[Sequence[Change]], Outcome] | None] = []
        self.mute = False
        self.appended: list[Sequence[Change]] = []
        self.loads = 0

    def load(self, keys: Iterable[Key]) -> Mapping[Key, Record | None]:
        if self.mute:
            raise StoreUnavailable("mute")
        self.loads += 1
        return self.inner.load(keys)

    def append(self, changes: Sequence[Change]) -> Outcome:
        fault = self.faults.pop(0) if self.faults else None
        outcome = self.inner.append(changes) if fault is None else fault(changes)
        if isinstance(outcome, Committed):
            self.appended.append(changes)
        return outcome

    def scan(self, table: str, **equal: str) -> Iterator[Record]:
        return self.inner.scan(table, **equal)

    def unfinished(self) -> Iterator[Key]:
        return self.inner.unfinished()

    def journal(self, after: int = 0) -> Iterator[JournalRow]:
        return self.inner.journal(after)

    def verify(self) -> list[str]:
        return self.inner.verify()

    def close(self) -> None:
        self.inner.close()

    # What can go wrong with an append.

    def full(self, changes: Sequence[Change]) -> Outcome:
        raise StoreUnavailable("no space left on device")

    def broken(self, changes: Sequence[Change]) -> Outcome:
        raise StoreBroken("sync failed")

    def stale(self, changes: Sequence[Change]) -> Outcome:
        return Conflict(tuple(record.key for change in changes for record in change.records))

    def kept_but_unknown(self, changes: Sequence[Change]) -> Outcome:
        self.inner.append(changes)
        return Unknown()

    def lost_and_unknown(self, changes: Sequence[Change]) -> Outcome:
        return Unknown()

    def kept_and_mute(self, changes: Sequence[Change]) -> Outcome:
        self.inner.append(changes)
        self.mute = True
        return Unknown()


@dataclass
class Outside:
    """What the engine says: replies with the number of appends that were durable by then."""

    store: FaultyStore
    replies: list[tuple[str, Reason, int]] = field(default_factory=list)
    silences: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    transactions: list[str] = field(default_factory=list)
    answers: list[object] = field(default_factory=list)

    def reply(self, effect: Reply) -> None:
        self.answers.append(effect.answer)
        durable = len(self.store.appended)
        self.replies.append((effect.request.stan, effect.answer.reason, durable))

    def silence(self, effect: Silence) -> None:
        self.silences.append(effect.why)

    def flush(self) -> None:
        pass

    def tell(self, event: str, level: str = "info", **data: object) -> None:
        self.told.append(event)

    def bug(self, event: str, failure: BaseException, **data: object) -> None:
        self.told.append(f"{event} {failure}")

    def transaction(
        self, arrived: RequestArrived | BrokenArrived, decision: Decision, took_us: int, batch: int
    ) -> None:
        self.transactions.append(arrived.request.stan)

    @property
    def reasons(self) -> list[Reason]:
        return [reason for _, reason, _ in self.replies]


@dataclass
class Room:
    """An engine on a memory store."""

    engine: Engine
    store: FaultyStore
    outside: Outside
    clock: FakeClock

    def balance(self) -> int:
        """Of the one card."""
        (account,) = [
            row
            for row in self.store.scan("account")
            if isinstance(row, Account) and row.kind == "cardholder"
        ]
        return account.balance_minor

    def submit(self, *requests: Request) -> None:
        for number, request in enumerate(requests, 1):
            self.engine.submit(arrived(request, number, self.clock.now()))


def room(
    *,
    limits: EngineLimits | None = None,
    settings: Settings = SETTINGS,
    step: Callable[[Event, Facts], Decision] = core_step,
    writer: Callable[[FaultyStore], Writer] = InlineWriter,
    world: World = WORLD,
) -> Room:
    """A fresh one, with the world in the store."""
    store = FaultyStore()
    seed(store, world=world, vault=FakeVault(), at_us=0)
    store.appended.clear()
    outside, clock = Outside(store), FakeClock()
    engine = Engine(
        writer=writer(store),
        vault=FakeVault(),
        settings=settings,
        outlet=outside,
        log=outside,
        clock=clock,
        names=FreshNames(b"seed"),
        limits=limits,
        plan=core_plan,
        step=step,
    )
    return Room(engine, store, outside, clock)


def purchase(stan: int, minor: int = 10_00, **changes: object) -> Request:
    """A purchase of terminal T1."""
    number = f"{stan:06d}"
    fields: dict[str, object] = {
        "dialect": "toy",
        "kind": Kind.PURCHASE,
        "flow": Flow.REQUEST,
        "captures": True,
        "message_type": "0200",
        "code": "000000",
        "request_key": f"T1|{number}",
        "reference": f"T1|ref|{number}",
        "terminal_id": "T1",
        "merchant_id": "SHOP",
        "stan": number,
        "local_time": "120000",
        "local_date": "1124",
        "amount": Money(minor, "840"),
        "pan": PAN,
        "expiry": "4912",
    }
    return Request(**{**fields, **changes})  # type: ignore[arg-type]


def arrived(request: Request, exchange: int = 1, moment: Moment | None = None) -> RequestArrived:
    """The event of a request."""
    return RequestArrived(moment or Moment(0, 0), Origin(1, exchange, "shop", "peer"), request)


async def test_a_batch_is_one_append_and_is_durable_before_it_is_seen() -> None:
    """INV-01: all replies of a batch leave after the one commit that holds them."""
    it = room()
    it.submit(*(purchase(stan, 1_00) for stan in range(1, 6)))
    await it.engine.work()
    assert it.outside.reasons == [Reason.APPROVED] * 5
    assert {durable for _, _, durable in it.outside.replies} == {1}
    assert len(it.store.appended) == 1
    assert it.balance() == 95_00
    assert it.outside.transactions == [f"{stan:06d}" for stan in range(1, 6)]


async def test_later_decisions_of_a_batch_see_the_earlier_ones() -> None:
    """Two debits of one account in one batch: the second finds what the first left."""
    it = room()
    it.submit(purchase(1, 60_00), purchase(2, 60_00))
    await it.engine.work()
    assert it.outside.reasons == [Reason.APPROVED, Reason.FUNDS_INSUFFICIENT]
    assert it.balance() == 40_00


async def test_the_same_request_twice_in_a_batch_has_one_effect() -> None:
    """M-25: on two connections at once; both answers are equal."""
    it = room()
    it.submit(purchase(1), purchase(1))
    await it.engine.work()
    assert it.outside.reasons == [Reason.APPROVED] * 2
    assert it.outside.answers[0] == it.outside.answers[1]
    assert it.balance() == 90_00


async def test_a_full_disk_is_a_decline_and_leaves_no_trace() -> None:
    """S-05: 96, no approval, no effect; works again by itself, and a repeat is a new request."""
    it = room()
    it.store.faults = [it.store.full]
    it.submit(purchase(1))
    await it.engine.work()
    assert it.outside.reasons == [Reason.STORE_UNAVAILABLE]
    assert not it.engine.healthy
    assert it.balance() == 100_00
    it.submit(purchase(1))
    await it.engine.work()
    assert it.outside.reasons[1:] == [Reason.APPROVED]
    assert it.engine.healthy
    assert it.balance() == 90_00
    assert [name for name in it.outside.told if name.startswith("store")] == [
        "store.unavailable",
        "store.recovered",
    ]


async def test_a_failed_sync_comes_through_and_nothing_is_said() -> None:
    """S-06: the process must stop; no answer leaves."""
    it = room()
    it.store.faults = [it.store.broken]
    it.submit(purchase(1))
    with pytest.raises(StoreBroken):
        await it.engine.work()
    assert it.outside.replies == []


async def test_a_conflict_is_decided_again_on_fresh_rows() -> None:
    """Another writer was faster: once more, then 96."""
    it = room()
    it.store.faults = [it.store.stale]
    it.submit(purchase(1))
    await it.engine.work()
    assert it.outside.reasons == [Reason.APPROVED]
    it.store.faults = [it.store.stale, it.store.stale]
    it.submit(purchase(2))
    await it.engine.work()
    assert it.outside.reasons[1:] == [Reason.STORE_UNAVAILABLE]
    assert it.balance() == 90_00


async def test_an_unknown_outcome_is_read_back() -> None:
    """INV-07: kept: told once; lost: decided again, with one effect."""
    it = room()
    it.store.faults = [it.store.kept_but_unknown]
    it.submit(purchase(1))
    await it.engine.work()
    it.store.faults = [it.store.lost_and_unknown]
    it.submit(purchase(2))
    await it.engine.work()
    assert it.outside.reasons == [Reason.APPROVED] * 2
    assert it.balance() == 80_00


async def test_an_outcome_that_cannot_be_read_back_is_met_with_silence() -> None:
    """INV-07: neither success nor failure is assumed; the repeat finds the stored answer."""
    it = room()
    it.store.faults = [it.store.kept_and_mute]
    it.submit(purchase(1))
    await it.engine.work()
    assert it.outside.replies == []
    assert it.outside.silences == ["not decided"]
    it.store.mute = False
    it.submit(purchase(1))
    await it.engine.work()
    assert it.outside.reasons == [Reason.APPROVED]
    assert it.balance() == 90_00


async def test_a_defect_in_a_handler_costs_that_request_alone() -> None:
    """P-12: 96 for it, the others are decided, and it is no part of what is stored."""

    def planted(event: Event, facts: Facts) -> Decision:
        if isinstance(event, RequestArrived) and event.request.stan == "000002":
            raise ZeroDivisionError("planted")
        return core_step(event, facts)

    it = room(step=planted)
    it.submit(purchase(1), purchase(2), purchase(3))
    await it.engine.work()
    reasons = {stan: reason for stan, reason, _ in it.outside.replies}
    assert reasons == {
        "000001": Reason.APPROVED,
        "000002": Reason.INTERNAL,
        "000003": Reason.APPROVED,
    }
    assert "internal.error planted" in it.outside.told
    assert it.balance() == 80_00
    assert it.store.load([Key("transaction", "T1|000002")]) == {
        Key("transaction", "T1|000002"): None
    }


async def test_a_record_that_cannot_be_stored_does_not_take_the_batch_with_it() -> None:
    """P-12: an append that fails for a defect is done again request by request."""
    it = room()

    def planted(changes: Sequence[Change]) -> Outcome:
        if any("000002" in record.id for change in changes for record in change.records):
            raise TypeError("planted")
        return it.store.inner.append(changes)

    it.store.faults = [planted] * 10
    it.submit(purchase(1), purchase(2), purchase(3))
    await it.engine.work()
    reasons = {stan: reason for stan, reason, _ in it.outside.replies}
    assert reasons == {
        "000001": Reason.APPROVED,
        "000002": Reason.INTERNAL,
        "000003": Reason.APPROVED,
    }
    assert it.balance() == 80_00


async def test_beyond_the_limit_requests_are_answered_busy_at_once() -> None:
    """S-09: in-flight work is bounded; the answer does not wait for the store."""
    it = room(limits=EngineLimits(in_flight=3))
    it.submit(*(purchase(stan) for stan in range(1, 6)))
    assert it.outside.reasons == [Reason.BUSY] * 2
    await it.engine.work()
    assert it.outside.reasons[2:] == [Reason.APPROVED] * 3
    assert it.engine.in_flight == 0


async def test_delivery_reports_ride_in_the_next_batch() -> None:
    """INV-23 without a commit of its own: one journal row for all reports of a batch."""
    it = room()
    it.submit(purchase(1), purchase(2))
    await it.engine.work()
    it.engine.report("T1|000001", Delivery.SENT)
    it.engine.report("T1|000002", Delivery.UNKNOWN)
    it.submit(purchase(3))
    await it.engine.work()
    assert [change.what for change in it.store.appended[1]] == ["request", "delivery"]
    found = it.store.load([Key("transaction", f"T1|00000{n}") for n in (1, 2, 3)])
    rows = [row for row in found.values() if isinstance(row, Transaction)]
    assert [row.delivery for row in rows] == [
        Delivery.SENT,
        Delivery.UNKNOWN,
        Delivery.PENDING,
    ]


async def test_delivery_reports_without_traffic_are_stored_at_the_next_tick() -> None:
    """They do not wait for a customer."""
    it = room()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.engine.run)
        it.submit(purchase(1))
        await trio.testing.wait_all_tasks_blocked()
        it.engine.report("T1|000001", Delivery.SENT)
        await trio.testing.wait_all_tasks_blocked()
        assert not it.engine.idle
        it.engine.tick(it.clock.now())
        await trio.testing.wait_all_tasks_blocked()
        assert it.engine.idle
        nursery.cancel_scope.cancel()
    assert len(it.store.appended) == 2


async def test_reports_that_could_not_be_stored_are_tried_again() -> None:
    """A full disk loses no knowledge."""
    it = room()
    it.submit(purchase(1))
    await it.engine.work()
    it.engine.report("T1|000001", Delivery.SENT)
    it.store.faults = [it.store.full]
    await it.engine.work()
    assert not it.engine.idle
    await it.engine.work()
    assert it.engine.idle
    assert list(it.store.unfinished()) == []


async def test_recovery_feeds_what_is_not_final_to_the_same_step() -> None:
    """P-04: an answer whose delivery nobody stored is unknown; then nothing is open."""
    it = room()
    it.submit(*(purchase(stan, 1_00) for stan in range(1, 8)))
    await it.engine.work()
    second = room(limits=EngineLimits(batch=3))
    second.store.inner = it.store.inner
    counts = await second.engine.recover()
    assert counts["unfinished"] == 7
    assert list(second.store.unfinished()) == []
    rows = [row for row in second.store.scan("transaction") if isinstance(row, Transaction)]
    assert {row.delivery for row in rows} == {Delivery.UNKNOWN}
    assert second.outside.replies == []


async def test_recovery_that_cannot_be_stored_refuses_the_start() -> None:
    """The ports stay shut."""
    it = room()
    it.submit(purchase(1))
    await it.engine.work()
    it.store.faults = [it.store.full]
    with pytest.raises(StoreUnavailable):
        await it.engine.recover()


async def test_new_settings_decide_what_comes_after_them() -> None:
    """P-08: a request is decided by what was in force when it came."""
    it = room()
    it.submit(purchase(1))
    it.engine.use(Settings(version=2, test_ranges=("9",), policies=SETTINGS.policies))
    it.submit(purchase(2))
    await it.engine.work()
    assert it.outside.reasons == [Reason.APPROVED, Reason.PAN_NOT_TEST]


async def test_a_job_between_batches_is_seen_by_the_next_one() -> None:
    """A reload's world is written by the one writer."""
    it = room()
    blocked = WORLD.cards[0].__class__("visa", PAN, "4912", "blocked", "840", 100_00, 0, 0, 0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.engine.run)
        it.submit(purchase(1))
        await trio.testing.wait_all_tasks_blocked()
        world = World(WORLD.merchants, WORLD.terminals, (blocked,))
        counts = await it.engine.between(
            lambda store: seed(store, world=world, vault=FakeVault(), at_us=1)
        )
        assert counts == {"card": 1}
        it.submit(purchase(2))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert it.outside.reasons == [Reason.APPROVED, Reason.CARD_BLOCKED]
    assert it.balance() == 90_00


async def test_timers_come_back_as_events() -> None:
    """A time-out is one more event; one that could not be worked off is tried again."""
    fired: list[str] = []

    def planted(event: Event, facts: Facts) -> Decision:
        if isinstance(event, TimerFired):
            fired.append(event.subject)
            return Decision()
        return Decision(effects=(SetTimer("t", "subject", 5.0),))

    it = room(step=planted)
    it.submit(purchase(1))
    await it.engine.work()
    await it.engine.work()
    assert fired == []
    it.clock.mono_ns = 5_000_000_000
    it.engine.tick(it.clock.now())
    await it.engine.work()
    await it.engine.work()
    assert fired == ["subject"]


async def test_the_hot_path_hands_over_once_per_batch_under_load() -> None:
    """Rows that the next batch wants are loaded behind the commit under way, not by another job."""
    jobs: list[str] = []
    meanwhile: list[Request] = []

    class Counting(InlineWriter):
        async def run(self, job: Job[T]) -> T:
            jobs.append("job")
            if it.engine._writing and meanwhile:
                it.submit(*meanwhile)
                meanwhile.clear()
            return await super().run(job)

    it = room(writer=Counting)
    meanwhile += [purchase(2, 1), purchase(3, 1)]
    it.submit(purchase(1, 1))
    await it.engine.work()
    jobs.clear()
    await it.engine.work()
    assert jobs == ["job"]
    assert it.outside.reasons == [Reason.APPROVED] * 3


async def test_cached_rows_are_bounded() -> None:
    """INV-95: rows are forgotten and asked for again, and decisions stay the same."""
    it = room(limits=EngineLimits(rows=4))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.engine.run)
        for stan in range(1, 11):
            it.submit(purchase(stan, 10_00))
            await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert it.outside.reasons == [Reason.APPROVED] * 10
    assert it.balance() == 0


async def test_the_demo_world_enrols_on_first_sight_and_says_so() -> None:
    """Unknown terminals and test-range cards; a configured world refuses them."""
    stranger = purchase(1, terminal_id="T9", merchant_id="", pan=Pan("4761731000000043"))
    it = room()
    it.submit(stranger)
    await it.engine.work()
    assert it.outside.reasons == [Reason.TERMINAL_UNKNOWN]
    settings = Settings(
        test_ranges=("476173",),
        enrol_unknown=True,
        enrol_merchant="SHOP",
        policies=SETTINGS.policies,
    )
    demo = room(settings=settings)
    demo.submit(stranger)
    await demo.engine.work()
    assert demo.outside.reasons == [Reason.APPROVED]
    assert {"terminal.enrolled", "card.enrolled"} <= set(demo.outside.told)
    found = {row.id for row in demo.store.scan("terminal") if isinstance(row, Terminal)}
    assert found == {"T1", "T9"}
    assert sum(isinstance(row, Card) for row in demo.store.scan("card")) == 2


async def test_a_report_for_a_transaction_that_is_not_there_is_told_and_forgotten() -> None:
    """A defect of ours must not come back for ever."""
    it = room()
    it.engine.submit(DeliveryReported(it.clock.now(), "nobody", Delivery.SENT))
    await it.engine.work()
    assert it.engine.idle
    assert "event.lost" in it.outside.told


async def test_a_job_between_batches_asked_for_during_a_batch_is_not_forgotten() -> None:
    """Its wake-up comes while the loop is busy; the loop must not go to sleep over it."""

    class Yielding(InlineWriter):
        async def run(self, job: Job[T]) -> T:
            await trio.lowlevel.checkpoint()
            return await super().run(job)

    it = room(writer=Yielding)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.engine.run)
        it.submit(purchase(1))
        while it.engine.in_flight and not it.engine._in_hand:
            await trio.lowlevel.checkpoint()
        with trio.fail_after(5):
            assert await it.engine.between(lambda store: 5) == 5
        nursery.cancel_scope.cancel()
