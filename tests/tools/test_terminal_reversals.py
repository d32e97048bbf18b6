"""A virtual terminal without an answer does what a device does: reversals until answered, across
power cuts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from switch.model.words import Kind
from switch_tools.terminal_engine import Result, StillOwed
from switch_tools.terminal_file import JOURNAL_NAME
from switch_tools.terminal_journal import Journal
from tests.tools.terminal_fakes import PATIENCE, PRICE, VISA, FakeHost, running_host, terminal


@pytest.fixture
async def fake() -> AsyncIterator[FakeHost]:
    """A host whose tasks end with the test."""
    async with running_host() as host:
        yield host


async def test_no_answer_is_reversed_until_it_is_answered(
    fake: FakeHost, autojump_clock: object
) -> None:
    """First as a reversal, then as its repeats with the same STAN (INV-25); only an answer ends
    it."""
    fake.plan = ["silence", "silence", "hang up", "00"]
    device = terminal(fake)
    outcome = await device.purchase(VISA, PRICE)
    assert fake.kinds == ["purchase", "reversal", "reversal repeat", "reversal repeat"]
    assert {seen["stan"] for seen in fake.seen[1:]} == {"000002"}
    assert {seen["original"] for seen in fake.seen[1:]} == {"000001"}
    assert {seen["pan"] for seen in fake.seen} == {"0010"}
    assert outcome.result is Result.NO_ANSWER
    assert outcome.reversal is not None
    assert outcome.reversal.result is Result.APPROVED
    assert outcome.reversal.tries == 3
    assert not outcome.entry.approved
    assert device.journal.owed() == []


async def test_a_host_that_could_not_decide_is_asked_again(
    fake: FakeHost, autojump_clock: object
) -> None:
    """U-12: 96 to a reversal ends nothing; 25 does."""
    fake.plan = ["silence", "96", "25"]
    device = terminal(fake)
    outcome = await device.purchase(VISA, PRICE)
    assert fake.kinds == ["purchase", "reversal", "reversal repeat"]
    assert outcome.reversal is not None
    assert outcome.reversal.result is Result.DECLINED
    assert device.journal.owed() == []


async def test_an_answer_to_something_else_is_no_answer(
    fake: FakeHost, autojump_clock: object
) -> None:
    """INV-16: what does not echo our fields changes nothing, however approving it is."""
    fake.plan = ["late"]
    device = terminal(fake)
    outcome = await device.purchase(VISA, PRICE)
    assert outcome.result is Result.NO_ANSWER
    assert [heard.said for heard in outcome.ignored] == ["answer to STAN 999999"]
    assert outcome.ignored[0].differs == ("11",)
    assert not outcome.entry.approved
    assert fake.kinds == ["purchase", "reversal"]


async def test_a_time_out_of_nothing_gives_up_at_once(
    fake: FakeHost, autojump_clock: object
) -> None:
    """``--timeout 0``: for seeing a reversal without a fault of the network."""
    device = terminal(fake, patience=replace(PATIENCE, answer_s=0))
    outcome = await device.purchase(VISA, PRICE)
    assert outcome.result is Result.NO_ANSWER
    assert outcome.reversal is not None
    assert outcome.reversal.result is Result.APPROVED
    assert not outcome.entry.approved


async def test_what_stays_unanswered_blocks_everything_new(
    fake: FakeHost, autojump_clock: object
) -> None:
    """A bounded number of tries, then the reversal is owed; the next purchase sends it first."""
    fake.plan = ["silence"] * 4
    device = terminal(fake)
    outcome = await device.purchase(VISA, PRICE)
    assert outcome.result is Result.OWED
    fake.plan = ["silence"] * 3
    with pytest.raises(StillOwed, match="STAN 000001 is not answered"):
        await device.purchase(VISA, PRICE)
    outcome = await device.purchase(VISA, PRICE)
    assert outcome.result is Result.APPROVED
    assert fake.kinds[-2:] == ["reversal repeat", "purchase"]


async def test_a_power_cut_while_waiting_is_made_good_at_the_next_start(
    fake: FakeHost, tmp_path: Path, autojump_clock: object
) -> None:
    """The request was on the disk before it left, so the new process knows what to reverse, card
    included."""
    fake.plan = ["silence"]
    journal = Journal(tmp_path)
    with trio.move_on_after(5):
        await terminal(fake, journal).purchase(VISA, PRICE)
    journal.close()

    again = Journal(tmp_path)
    device = terminal(fake, again)
    outcome = await device.purchase(VISA, PRICE)
    again.close()
    assert outcome.result is Result.APPROVED
    assert fake.kinds == ["purchase", "reversal", "purchase"]
    assert fake.seen[1]["pan"] == "0010"
    assert fake.seen[1]["amount"] == "1234"
    assert again.entries[1].undone


async def test_a_reversal_that_may_have_left_leaves_again_as_a_repeat(
    fake: FakeHost, tmp_path: Path, autojump_clock: object
) -> None:
    """INV-25, S-03: also after a restart, and with the STAN of the first."""
    fake.plan = ["silence", "silence"]
    journal = Journal(tmp_path)
    with trio.move_on_after(35):
        await terminal(fake, journal).purchase(VISA, PRICE)
    journal.close()

    again = Journal(tmp_path)
    settled = await terminal(fake, again).flush()
    again.close()
    assert [outcome.result for outcome in settled] == [Result.APPROVED]
    assert fake.kinds == ["purchase", "reversal", "reversal repeat"]
    assert fake.seen[1]["stan"] == fake.seen[2]["stan"]


async def test_the_journal_holds_what_leaves_before_it_leaves(
    fake: FakeHost, tmp_path: Path, autojump_clock: object
) -> None:
    """Whatever the host sees is on the disk already, first sending or repeat."""
    path = tmp_path / JOURNAL_NAME

    def look(said: dict[str, str]) -> None:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        mine = [line for line in lines if line["number"] == int(said["stan"])]
        expected = "repeated" if said["repeat"] == "True" else "sent"
        assert mine[-1]["what"] == expected

    fake.on_message = look
    fake.plan = ["silence", "silence"]
    journal = Journal(tmp_path)
    outcome = await terminal(fake, journal).purchase(VISA, PRICE)
    journal.close()
    assert outcome.reversal is not None
    assert outcome.reversal.result is Result.APPROVED
    assert len(fake.seen) == 3


async def test_no_clear_card_number_rests(
    fake: FakeHost, tmp_path: Path, autojump_clock: object
) -> None:
    """SR-PAN-03, SR-SAD-01: the folder holds the number masked and sealed only."""
    fake.plan = ["silence"]
    journal = Journal(tmp_path)
    await terminal(fake, journal).purchase(VISA, PRICE)
    journal.close()
    data = (tmp_path / JOURNAL_NAME).read_bytes()
    assert b"4761739001010010" not in data
    assert b"476173******0010" in data


async def test_the_original_of_a_reversal_stays_undone_whatever_comes_late(
    fake: FakeHost, autojump_clock: object
) -> None:
    """A repeat of a purchase that was given up may be answered with anything: the goods stay in the
    shop."""
    fake.plan = ["silence"]
    device = terminal(fake)
    outcome = await device.purchase(VISA, PRICE)
    again = await device.repeat(outcome.entry.stan)
    assert again.result is Result.APPROVED
    assert not again.entry.approved


async def test_an_unanswered_reversal_repeats_until_it_is(
    fake: FakeHost, autojump_clock: object
) -> None:
    """``reverse --repeat`` of an open reversal goes on with it; of a closed one asks once more."""
    device = terminal(fake)
    await device.purchase(VISA, PRICE)
    fake.plan = ["silence"] * 3
    assert (await device.reverse()).result is Result.OWED
    assert (await device.repeat(kind=Kind.REVERSAL)).result is Result.APPROVED
    assert (await device.repeat(kind=Kind.REVERSAL)).result is Result.APPROVED
    assert fake.kinds[-2:] == ["reversal repeat", "reversal repeat"]
    assert not device.journal.entries[1].approved
