"""switch.server.engine: batches, durable before visible, recovery, reload."""

from __future__ import annotations

from typing import TypeVar

import trio
import trio.testing

from switch.core.step import step as core_step
from switch.model.effects import SetTimer
from switch.model.events import (
    Event,
    TimerFired,
)
from switch.model.facts import Decision, Facts
from switch.model.records import Card, Key, Terminal, Transaction
from switch.model.request import Request
from switch.model.settings import Settings
from switch.model.words import Delivery, Reason
from switch.server.limits import EngineLimits
from switch.server.world import World, seed
from switch.server.writer import InlineWriter, Job
from switch.values import Pan
from tests.server_room import PAN, SETTINGS, WORLD, fake_vault, purchase, room

T = TypeVar("T")


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
            lambda store: seed(store, world=world, vault=fake_vault(), at_us=1)
        )
        assert counts == {"card": 1, "configured": 1}
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


async def test_a_flood_of_timers_holds_up_no_request() -> None:
    """S-09, INV-43: many holds that end together leave room for terminals, and are all looked at
    without anybody waking the engine.
    """
    fired: list[str] = []

    def watched(event: Event, facts: Facts) -> Decision:
        if isinstance(event, TimerFired):
            fired.append(event.subject)
        return core_step(event, facts)

    it = room(step=watched, limits=EngineLimits(batch=8, in_flight=16))
    for number in range(100):
        it.engine.timers.set(SetTimer("hold", f"gone {number}", 0.0), it.clock.now())
    await it.engine.work()
    assert (len(fired), it.engine.in_flight) == (8, 0)
    it.submit(*(purchase(stan, 1) for stan in range(1, 13)))
    await it.engine.work()
    await it.engine.work()
    assert it.outside.reasons == [Reason.APPROVED] * 12
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.engine.run)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert len(fired) == len(set(fired)) == 100


async def test_the_hot_path_hands_over_once_per_batch_under_load() -> None:
    """Rows that the next batch wants are loaded behind the commit under way, not by another job."""
    jobs: list[str] = []
    meanwhile: list[Request] = []

    class Counting(InlineWriter):
        async def run(self, job: Job[T]) -> T:
            jobs.append("job")
            if it.engine._fetcher.writing and meanwhile:
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
