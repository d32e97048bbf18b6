"""A day of many terminals: each does its steps, chance is the same each time, they wait for each
other, and what ended otherwise than expected is told with its line."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import trio

from switch_tools.cards import CardInHand
from switch_tools.terminal_day import Day, read_day
from switch_tools.terminal_day_cast import LossyDial, Player
from switch_tools.terminal_day_play import PlayedDay, play_day
from switch_tools.terminal_day_report import day_json, day_lines, exit_code, step_line, summary
from tests.tools.terminal_fakes import VISA, FakeHost, running_host, terminal


@pytest.fixture
async def fake() -> AsyncIterator[FakeHost]:
    """A host whose tasks end with the test."""
    async with running_host() as host:
        yield host


def day_of(*scripts: str) -> Day:
    """One terminal for each list of steps: T1, T2 ..."""
    cast = [
        f'[[terminal]]\nid = "T{number}"\nsteps = [\n{steps}\n]\n'
        for number, steps in enumerate(scripts, start=1)
    ]
    return read_day("\n".join(cast), "day.toml")


def player(host: FakeHost, day: Day, place: int, seed: int = 7) -> Player:
    """A terminal of the script in front of the made-up host."""
    line = LossyDial(host.dial)
    device = terminal(host)
    device._exchange._dial = line
    cards: Sequence[CardInHand] = (VISA,)
    return Player(
        name=day.cast[place].id,
        device=device,
        dialect="json",
        steps=day.cast[place].steps,
        cards=cards,
        held={"visa": VISA},
        currency="840",
        rng=random.Random(f"{seed}/{place}"),
        line=line,
    )


async def played(host: FakeHost, day: Day, **options: Any) -> PlayedDay:
    """The day, with all its terminals."""
    players = [player(host, day, place) for place in range(len(day.cast))]
    return await play_day(day, players, **options)


BUY = '{ do = "purchase", card = "visa", amount = "1.00", expect = "approved" },'


async def test_what_is_expected_is_held_against_what_is(fake: FakeHost) -> None:
    """Result, reason and code; each difference in words, at its line, and exit code 1."""
    fake.plan = ["00", "51", "51"]
    day = day_of(
        f'{BUY}\n{BUY}\n{{ do = "purchase", amount = "1", expect = "declined", code = "05" }},'
    )
    done = await played(fake, day)
    assert [step.result for step in done.steps] == ["approved", "declined", "declined"]
    assert [(step.place, step.wrong) for step in done.unmet] == [
        ("day.toml:5", "expected result approved, is declined"),
        ("day.toml:6", "expected code 05, is 51"),
    ]
    assert exit_code(done) == 1
    lines = list(day_lines(day, done))
    assert "day.toml:5: T1 purchase: expected result approved, is declined" in lines
    assert lines[-1] == "2 not as expected"


async def test_a_name_points_at_a_transaction_of_before(fake: FakeHost) -> None:
    """``as`` and ``of``; without ``of`` the last that fits is meant."""
    steps = """
      { do = "purchase", amount = "1.00", as = "first" },
      { do = "purchase", amount = "2.00" },
      { do = "void", of = "first" },
      { do = "void" },
    """
    await played(fake, day_of(steps))
    assert [seen["original"] for seen in fake.seen] == ["", "", "000001", "000002"]


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_a_message_can_be_lost_on_its_way(
    fake: FakeHost, autojump_clock: object, lost: str
) -> None:
    """The terminal gives up at once and reverses; the host has seen the request, or not."""
    steps = f'{{ do = "purchase", amount = "1.00", lose = "{lost}", expect = "no_answer" }}, {BUY}'
    done = await played(fake, day_of(steps))
    assert done.unmet == ()
    seen = ["reversal", "purchase"] if lost == "request" else ["purchase", "reversal", "purchase"]
    assert fake.kinds == seen
    told = summary(done)[0]
    assert (told["no_answer"], told["reversed"], told["approved"]) == (1, 1, 1)


async def test_terminals_wait_for_each_other(fake: FakeHost, autojump_clock: object) -> None:
    """Nobody settles before all have sold; a loop may wait each time anew."""
    steps = f"""
      {{ do = "loop", times = 2, steps = [
        {BUY}
        {{ do = "wait", for = "noon" }},
        {{ do = "settle", expect = "balanced" }},
        {{ do = "wait", for = "one o'clock" }},
      ] }},
    """
    done = await played(fake, day_of(steps, steps, steps))
    assert done.unmet == ()
    kinds = fake.kinds
    assert kinds[:3] == ["purchase"] * 3
    assert sorted(kinds[3:6]) == ["reconciliation"] * 3
    assert kinds[6:9] == ["purchase"] * 3
    assert [one["settled"] for one in summary(done)] == [["balanced", "balanced"]] * 3


async def test_nobody_waits_for_one_who_went_home(fake: FakeHost, autojump_clock: object) -> None:
    """A terminal whose host is gone ends its day; the others go on."""
    fake.refuse = 1
    waiting = f'{BUY} {{ do = "wait", for = "noon" }}, {{ do = "settle", expect = "balanced" }},'
    done = await played(fake, day_of(waiting, waiting))
    assert sorted(step.result for step in done.steps) == ["approved", "balanced", "stopped"]
    assert len(done.unmet) == 1
    assert "the day ends: cannot connect" in done.unmet[0].wrong


async def test_thinking_takes_no_time_but_the_terminals_own(
    fake: FakeHost, autojump_clock: object
) -> None:
    """Virtual by default: the clock of the terminal goes on. At speed 1 the world's does."""
    day = day_of('{ do = "think", seconds = [60, 120] },')
    start = trio.current_time()
    done = await played(fake, day)
    assert trio.current_time() == start
    assert 60 <= done.players[0].ahead.total_seconds() <= 120
    done = await played(fake, day, speed=1.0)
    assert 60 <= trio.current_time() - start <= 120
    assert done.players[0].ahead.total_seconds() == 0


async def test_chance_is_the_same_each_time(fake: FakeHost) -> None:
    """From the seed and a terminal's place, and not from who is served first."""
    steps = """
      { do = "mix", times = 30, steps = [
        { do = "purchase", weight = 4, amount = ["1.00", "90.00"] },
        { do = "void" }, { do = "refund" }, { do = "balance" },
      ] },
    """
    day = day_of(steps, steps)
    told = []
    for _ in range(2):
        fake.seen.clear()
        done = await played(fake, day)
        told.append(
            [[step.do for step in done.steps if step.terminal == name] for name in ("T1", "T2")]
        )
    amounts = {seen["amount"] for seen in fake.seen if seen["kind"] == "purchase"}
    assert told[0] == told[1]
    assert told[0][0] != told[0][1]
    assert len(amounts) > 10
    assert all(100 <= int(amount) <= 9000 for amount in amounts)


async def test_what_chance_finds_nothing_for_is_skipped(fake: FakeHost) -> None:
    """A void in an empty batch by chance is nothing; as a step of its own it is a mistake."""
    by_chance = '{ do = "mix", steps = [ { do = "void" } ] }, { do = "void", expect = "skipped" },'
    done = await played(fake, day_of(by_chance))
    assert [step.result for step in done.steps] == ["skipped"] * 2
    assert done.unmet == ()
    done = await played(fake, day_of('{ do = "void" },'))
    assert done.unmet[0].wrong == "the journal holds nothing to void"


async def test_a_name_that_was_not_given_yet_points_at_nothing(fake: FakeHost) -> None:
    """Not at whatever came last; in a settlement nothing is closed then."""
    steps = """
      { do = "purchase", amount = "1.00" },
      { do = "void", of = "late" },
      { do = "settle", forget = ["late"] },
      { do = "purchase", amount = "1.00", as = "late" },
    """
    done = await played(fake, day_of(steps))
    assert [step.result for step in done.steps] == ["approved", "skipped", "skipped", "approved"]
    assert [step.wrong for step in done.unmet] == ["nothing is called 'late' yet"] * 2
    assert fake.kinds == ["purchase", "purchase"]


async def test_repeats_flushes_and_cash_back(fake: FakeHost, autojump_clock: object) -> None:
    """Steps that are no single request: the last again, what is owed, goods and cash in one."""
    steps = """
      { do = "purchase", amount = "20.00", cashback = "5.00", as = "it" },
      { do = "repeat", of = "it", expect = "approved" },
      { do = "preauth", amount = "9.00" },
      { do = "flush" },
      { do = "signon" },
    """
    done = await played(fake, day_of(steps))
    assert done.unmet == ()
    assert fake.kinds == [
        "purchase_with_cashback",
        "purchase_with_cashback repeat",
        "pre_authorization",
        "sign_on",
    ]
    assert (fake.seen[0]["amount"], fake.seen[0]["other"]) == ("2500", "500")


async def test_a_batch_can_be_wrong_on_purpose(fake: FakeHost) -> None:
    """``forget``, ``claim_extra``, ``claim_amount``; how it ended is held against ``expect``."""
    steps = """
      { do = "purchase", amount = "1.00", as = "a" },
      { do = "purchase", amount = "2.00", as = "b" },
      { do = "settle", expect = "balanced", forget = ["a"], claim_extra = [
        "7.00",
      ], claim_amount = { b = "2.50" } },
    """
    fake.plan = ["00", "00", "95"]
    done = await played(fake, day_of(steps))
    assert "debits_amount=950" in fake.seen[2]["totals"]
    assert done.unmet[0].wrong == "expected balanced, is differences"


async def test_the_day_is_told_as_data(fake: FakeHost) -> None:
    """Counts for each terminal; with ``--report`` each step, with its outcome."""
    day = day_of(f'{BUY} {{ do = "settle" }},')
    done = await played(fake, day)
    told = day_json(day, done, whole=True)
    assert told["exit"] == 0
    assert told["terminals"][0]["settled"] == ["balanced"]
    assert [step["do"] for step in told["steps"]] == ["purchase", "settle"]
    assert told["steps"][0]["outcome"]["pan"] == "476173******0010"
    assert told["steps"][1]["settled"]["claimed"]["debits_amount"] == 100
    assert "steps" not in day_json(day, done, whole=False)
    assert step_line(done.steps[0]).split()[:3] == ["T1", "purchase", "approved"]
