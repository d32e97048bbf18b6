"""Commands through the engine: events with a ticket, the business date, and what a start loads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
import trio
import trio.testing

from switch.core.step import step as core_step
from switch.model.effects import SetTimer, Told
from switch.model.events import Event, OperatorCommand, RequestArrived, TimerFired
from switch.model.facts import Decision, Facts
from switch.model.records import Account, Day, Hold, Key, Terminal, Transaction, next_version
from switch.store.port import Change
from tests.server_room import Room, arrived, purchase, room

T = TypeVar("T")


async def meanwhile(it: Room, call: Callable[[], Awaitable[T]]) -> T:
    """The call's result, with the engine running beside it."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(it.engine.run)
        result = await call()
        nursery.cancel_scope.cancel()
    return result


async def told(it: Room, name: str, **arguments: str) -> Told:
    """What an operator hears."""
    return await meanwhile(it, lambda: it.engine.command(name, "uid 0", arguments))


def stored(it: Room, kind: type[T], record_id: str) -> T:
    """The record in the store."""
    key = Key(kind.TABLE, record_id)  # type: ignore[attr-defined]
    record = it.store.inner.load([key])[key]
    assert isinstance(record, kind)
    return record


async def test_a_command_is_decided_and_durable_before_it_is_told() -> None:
    """INV-01 holds for commands: the record is in the store when the operator hears of it."""
    it = room()
    said = await told(it, "terminals.set", id="T1", status="inactive")
    assert said.ok
    assert stored(it, Terminal, "T1").status == "inactive"
    (change,) = it.store.appended[-1]
    assert change.what == "command"


async def test_a_refusal_is_told_and_keeps_nothing() -> None:
    """The sentence comes from the core."""
    it = room()
    said = await told(it, "terminals.set", id="T9", status="inactive")
    assert not said.ok
    assert "no terminal 'T9'" in said.said
    assert it.store.appended == []


async def test_two_commands_hear_each_its_own() -> None:
    """Tickets are not mixed up, whatever comes first."""
    it = room()
    heard: dict[str, str] = {}

    async def ask(name: str) -> None:
        heard[name] = (await it.engine.command("terminals.set", "x", {"id": name})).said

    async def both() -> None:
        async with trio.open_nursery() as nursery:
            for name in ("A", "B", "C"):
                nursery.start_soon(ask, name)

    await meanwhile(it, both)
    assert all(f"{name!r}" in said for name, said in heard.items())
    assert len(heard) == 3


async def test_a_store_that_is_away_is_told() -> None:
    """P-09: nothing was kept, and the operator is not left waiting."""
    it = room()
    it.store.faults = [it.store.full]
    said = await told(it, "terminals.set", id="T1", status="inactive")
    assert (said.ok, "nothing was kept" in said.said) == (False, True)
    assert stored(it, Terminal, "T1").status == "active"


async def test_a_defect_is_told() -> None:
    """P-12: the operator hears of a defect of ours as well."""

    def broken(event: Event, facts: Facts) -> Decision:
        raise RuntimeError("planted")

    said = await told(room(step=broken), "terminals.set", id="T1", status="inactive")
    assert (said.ok, "a defect of isoswitch" in said.said) == (False, True)


async def test_an_operator_who_went_away_holds_nobody() -> None:
    """What nobody waits for any more is dropped; the next command is answered."""
    it = room()

    async def impatient() -> None:
        with trio.move_on_after(0):
            await it.engine.command("terminals.set", "x", {"id": "T1", "status": "inactive"})
        await trio.testing.wait_all_tasks_blocked()

    await meanwhile(it, impatient)
    assert stored(it, Terminal, "T1").status == "inactive"
    assert (await told(it, "terminals.set", id="T1", status="active")).ok


async def test_what_comes_behind_a_cutover_is_of_the_new_day() -> None:
    """INV-54: requests that wait behind the command settle on the new date, those before it on the
    old one; a command ends its batch.
    """
    it = room()
    today = it.engine._admission.entry(TimerFired(it.clock.now(), "x", "y")).facts.business_date
    it.submit(purchase(1, 100))
    it.engine.submit(OperatorCommand(it.clock.now(), "cutover", "uid 0"))
    it.submit(purchase(2, 100))
    while it.engine.in_flight:
        await it.engine.work()
    day = stored(it, Day, "house").date
    assert day > today
    assert stored(it, Transaction, "T1|000001").business_date == today
    assert stored(it, Transaction, "T1|000002").business_date == day
    it.submit(purchase(3, 100))
    await it.engine.work()
    assert stored(it, Transaction, "T1|000003").business_date == day


async def test_a_cutover_that_was_not_kept_moves_nothing() -> None:
    """The date moves with the commit, not with the wish."""
    it = room()
    it.store.faults = [it.store.full]
    it.engine.submit(OperatorCommand(it.clock.now(), "cutover", "uid 0"))
    it.submit(purchase(1, 100))
    while it.engine.in_flight:
        await it.engine.work()
    assert stored(it, Transaction, "T1|000001").business_date == "20261118"


async def test_a_start_keeps_the_day_that_was_cut_over_to() -> None:
    """INV-54: the date is in the store, not in the process."""
    it = room()
    it.store.inner.append([Change("command", 1, (Day(id="house", date="20301231"),))])
    await it.engine.recover()
    it.submit(purchase(1, 100))
    await it.engine.work()
    assert stored(it, Transaction, "T1|000001").business_date == "20301231"


@pytest.mark.parametrize("away_s", [0, 3600, 400 * 86_400])
async def test_a_start_sets_the_timers_of_open_holds(away_s: int) -> None:
    """INV-43: a hold outlives the process that made it and ends by the wall clock, once; one that
    ran out while nothing ran ends at once.
    """
    it = room()
    (account,) = [
        one
        for one in it.store.scan("account")
        if isinstance(one, Account) and one.kind == "cardholder"
    ]
    now_us = it.clock.now().wall_us
    it.submit(purchase(1, 100, captures=False))
    await it.engine.work()
    original = stored(it, Transaction, "T1|000001")
    opened = stored(it, Hold, "T1|000001")
    it.clock.mono_ns += away_s * 1_000_000_000
    fired: list[TimerFired] = []

    def watched(event: Event, facts: Facts) -> Decision:
        if isinstance(event, TimerFired):
            fired.append(event)
        return core_step(event, facts)

    second = room(step=watched)
    second.store.inner = it.store.inner
    second.clock.mono_ns = it.clock.mono_ns
    counts = await second.engine.recover()
    assert counts["timers"] == 1
    end_us = opened.expires_us
    while second.clock.now().wall_us <= end_us + 3_600_000_000 or not fired:
        await second.engine.work()
        second.clock.mono_ns += 1_800_000_000_000
    assert stored(second, Hold, "T1|000001").state == "expired"
    assert stored(second, Account, account.id).held_minor == 0
    assert {(event.name, event.subject) for event in fired} == {("hold", original.id)}
    assert end_us > now_us


async def test_an_expired_hold_has_no_timer() -> None:
    """Only what still holds money is looked at."""
    it = room()
    it.submit(purchase(1, 100, captures=False))
    await it.engine.work()
    hold = stored(it, Hold, "T1|000001")
    ended = next_version(hold, state="completed", amount_minor=0)
    it.store.inner.append([Change("x", 1, (ended,))])
    second = room()
    second.store.inner = it.store.inner
    assert (await second.engine.recover())["timers"] == 0


async def test_the_timer_of_a_new_hold_is_set_with_it() -> None:
    """An approval without a timer would wait for the next start to expire."""
    it = room()
    moment = it.clock.now()
    entry = it.engine._admission.entry(arrived(purchase(1, 100, captures=False), 1, moment))
    await it.engine._fetcher.fetch([entry])
    assert isinstance(entry.event, RequestArrived)
    effects = core_step(entry.event, entry.facts).effects
    assert [one.subject for one in effects if isinstance(one, SetTimer)] == ["T1|000001"]
