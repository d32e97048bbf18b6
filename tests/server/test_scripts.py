"""Scripted rules in a running engine: seeded chance, counters in the store, delays."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from switch.model.copies import replace
from switch.model.events import Moment
from switch.model.records import Key, Tally
from switch.model.scripts import Script, book_of
from switch.model.words import Reason
from switch.server.clock import FreshNames
from switch.server.delays import Delays
from tests.server_room import SETTINGS, Room, purchase, room


def scripted(**more: Any) -> Room:
    """An engine with one rule."""
    rule = Script(**{"name": "a", "reason": Reason.BUSY, **more})
    return room(settings=replace(SETTINGS, scripts=book_of([rule])))


async def reasons(house: Room, stans: range) -> dict[int, Reason]:
    """The answers to purchases of these numbers."""
    for stan in stans:
        house.submit(purchase(stan, 1))
        await house.engine.work()
    return {int(stan): reason for stan, reason, _ in house.outside.replies}


async def test_chance_is_reproducible_and_depends_on_the_request_alone() -> None:
    """The same seed and request keys, in whatever order: the same fires."""
    forth = await reasons(scripted(chance=500_000), range(1, 60))
    back = await reasons(scripted(chance=500_000), range(59, 0, -1))
    assert forth == back
    fired = sum(reason is Reason.BUSY for reason in forth.values())
    assert 10 < fired < 50
    other = await reasons(scripted(chance=500_000, name="b"), range(1, 60))
    assert other != forth, "another rule draws another lot"


def test_lots_are_derived_from_seed_and_key() -> None:
    """Within bounds, spread, and another seed draws others."""
    names, others = FreshNames(b"seed"), FreshNames(b"other")
    lots = [names.draw(f"T1|{n}", "20261124").lot for n in range(500)]
    assert lots == [FreshNames(b"seed").draw(f"T1|{n}", "20261124").lot for n in range(500)]
    assert lots != [others.draw(f"T1|{n}", "20261124").lot for n in range(500)]
    assert all(0 <= lot < 1_000_000 for lot in lots)
    assert 180 < sum(lot < 500_000 for lot in lots) < 320


async def test_counters_are_stored_with_the_decision_that_they_counted() -> None:
    """One commit; a failed one leaves the count where it was."""
    house = scripted(nth=(2,))
    house.submit(purchase(1))
    await house.engine.work()
    (change,) = house.store.appended[-1]
    assert Key("tally", "script|a|T1") in {record.key for record in change.records}
    house.store.faults = [house.store.full]
    house.submit(purchase(2))
    await house.engine.work()
    house.submit(purchase(3))
    await house.engine.work()
    assert house.outside.reasons[-2:] == [Reason.STORE_UNAVAILABLE, Reason.BUSY]
    (tally,) = house.store.scan("tally")
    assert isinstance(tally, Tally)
    assert tally.count == 2


async def test_a_reload_leaves_what_came_before_to_the_old_rules() -> None:
    """P-08: an event keeps the rules that were in force when it came."""
    house = scripted()
    house.submit(purchase(1, 1))
    house.engine.use(SETTINGS)
    house.submit(purchase(2, 1))
    await house.engine.work()
    assert house.outside.reasons == [Reason.BUSY, Reason.APPROVED]


class TrioClock:
    """The clock of trio, which a test can wind on."""

    def now(self) -> Moment:
        return Moment(0, round(trio.current_time() * 1e9))


@pytest.fixture
def autojump_clock() -> trio.testing.MockClock:
    """Time passes only when everybody waits."""
    return trio.testing.MockClock(autojump_threshold=0)


async def test_connections_are_woken_in_the_order_of_time(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Whatever the order in which they were noted, and a later note that is due sooner."""
    clock = TrioClock()
    woken: list[tuple[int, float]] = []
    start = trio.current_time()
    delays = Delays(clock, lambda number: woken.append((number, trio.current_time() - start)))
    at = clock.now().mono_ns
    delays.note(at + 3_000_000_000, 3)
    nursery.start_soon(delays.run)
    await trio.sleep(0.5)
    delays.note(at + 1_000_000_000, 1)
    delays.note(at + 2_000_000_000, 2)
    await trio.sleep(3)
    delays.note(at, 4)
    await trio.sleep(0.1)
    assert [number for number, _ in woken] == [1, 2, 3, 4]
    assert [when for _, when in woken] == pytest.approx([1, 2, 3, 3.5])
