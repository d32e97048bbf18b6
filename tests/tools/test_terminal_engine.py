"""What a person can ask of a virtual terminal: sign on, buy, repeat, reverse, and nothing that
makes no sense."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest
import trio

from switch.errors import EncodeError
from switch.keys.master import MasterKey
from switch.model.words import Kind
from switch.money import Money
from switch_tools.terminal_books import TerminalError
from switch_tools.terminal_engine import Outcome, Result
from switch_tools.terminal_journal import Entry, Journal
from switch_tools.terminal_keys import TPK, KeyRing
from switch_tools.terminal_link import CannotConnect
from tests.tools.terminal_fakes import PATIENCE, PRICE, VISA, FakeHost, running_host, terminal


@pytest.fixture
async def fake() -> AsyncIterator[FakeHost]:
    """A host whose tasks end with the test."""
    async with running_host() as host:
        yield host


async def test_a_purchase_is_approved(fake: FakeHost, autojump_clock: object) -> None:
    """The answer is kept, and the journal says approved."""
    device = terminal(fake)
    outcome = await device.purchase(VISA, PRICE)
    assert outcome.result is Result.APPROVED
    assert outcome.entry.approved
    assert outcome.entry.answered is not None
    assert outcome.entry.answered.approval_code == "123456"
    assert fake.kinds == ["purchase"]


async def test_stans_count_up_and_one_connection_serves_all(
    fake: FakeHost, autojump_clock: object
) -> None:
    """Sign-on, echo, purchase, sign-off over one connection, STANs 1 to 4."""
    device = terminal(fake)
    await device.network(Kind.SIGN_ON)
    await device.network(Kind.ECHO)
    await device.purchase(VISA, PRICE)
    await device.network(Kind.SIGN_OFF)
    assert [seen["stan"] for seen in fake.seen] == ["000001", "000002", "000003", "000004"]
    assert fake.dialled == 1


async def test_a_decline_is_no_reason_to_reverse(fake: FakeHost, autojump_clock: object) -> None:
    """Nothing is owed after a clear no."""
    fake.plan = ["51"]
    device = terminal(fake)
    outcome = await device.purchase(VISA, PRICE)
    assert outcome.result is Result.DECLINED
    assert device.journal.owed() == []
    assert fake.kinds == ["purchase"]


async def test_a_host_that_is_not_there_leaves_no_trace(
    fake: FakeHost, autojump_clock: object
) -> None:
    """Nothing was sent, so nothing is owed and no STAN is used up."""
    fake.refuse = 1
    device = terminal(fake)
    with pytest.raises(CannotConnect):
        await device.purchase(VISA, PRICE)
    assert device.journal.entries == {}


async def test_what_cannot_be_written_is_refused_before_it_is_kept(
    fake: FakeHost, autojump_clock: object
) -> None:
    """Else the terminal would owe the reversal of something that it cannot say."""
    device = terminal(fake)
    with pytest.raises(EncodeError):
        await device.purchase(VISA, Money(666, "840"))
    assert device.journal.entries == {}
    assert fake.seen == []


async def test_a_person_can_reverse_the_last_purchase_or_any(
    fake: FakeHost, autojump_clock: object
) -> None:
    """By STAN or without; what is undone cannot be undone again, what was declined not at all."""
    fake.plan = ["00", "00", "51"]
    device = terminal(fake)
    for _ in range(3):
        await device.purchase(VISA, PRICE)
    assert (await device.reverse()).result is Result.APPROVED
    assert fake.seen[-1]["original"] == "000002"
    assert (await device.reverse("1")).result is Result.APPROVED
    assert fake.seen[-1]["original"] == "000001"
    with pytest.raises(TerminalError, match="holds nothing to reverse"):
        await device.reverse()
    with pytest.raises(TerminalError, match="000003 has nothing to reverse"):
        await device.reverse("000003")
    with pytest.raises(TerminalError, match="holds no STAN 77"):
        await device.reverse("77")


async def test_a_stan_that_came_round_means_its_newest_bearer(
    fake: FakeHost, autojump_clock: object
) -> None:
    """STANs wrap after 999999; leading zeros may be left out."""
    journal = Journal()
    device = terminal(fake, journal)
    sent = (await device.network(Kind.ECHO)).entry.sent
    newer = msgspec.structs.replace(sent, number=1_000_000)
    journal.entries[newer.number] = Entry(newer)
    again = await device.repeat("1")
    assert again.entry.number == 1_000_000


async def test_a_reversal_with_no_host_in_reach_is_not_begun(
    fake: FakeHost, autojump_clock: object
) -> None:
    """A person may try again; nothing is owed that was never asked of the host."""
    device = terminal(fake)
    await device.purchase(VISA, PRICE)
    await device.close()
    fake.refuse = 1
    with pytest.raises(CannotConnect):
        await device.reverse()
    assert device.journal.owed() == []
    assert (await device.reverse()).result is Result.APPROVED


async def test_a_repeat_is_the_same_request_again(fake: FakeHost, autojump_clock: object) -> None:
    """M-23: same STAN, marked as a repeat; the first answer stays what it was."""
    device = terminal(fake)
    first = await device.purchase(VISA, PRICE)
    outcome = await device.repeat()
    assert outcome.result is Result.APPROVED
    assert outcome.repeat
    assert fake.seen[1] == {**fake.seen[0], "repeat": "True"}
    assert outcome.entry == replace(first.entry, repeats=1)


async def test_a_repeat_can_bring_the_answer_that_was_missed(
    fake: FakeHost, autojump_clock: object
) -> None:
    """Sent without reading the answer, then asked again: the purchase is approved, and nothing is
    owed."""
    device = terminal(fake)
    unread = await device.purchase(VISA, PRICE, wait=False)
    assert unread.result is Result.UNREAD
    assert device.journal.owed() != []
    await device.close()
    outcome = await device.repeat()
    assert outcome.result is Result.APPROVED
    assert device.journal.owed() == []


async def test_network_messages_are_never_reversed(fake: FakeHost, autojump_clock: object) -> None:
    """No answer to a sign-on is no answer, and that is all."""
    fake.plan = ["silence"]
    device = terminal(fake)
    outcome: Outcome = await device.network(Kind.SIGN_ON)
    assert outcome.result is Result.NO_ANSWER
    assert outcome.reversal is None
    assert fake.kinds == ["sign_on"]


async def test_an_answer_that_is_not_to_be_trusted_is_none(
    fake: FakeHost, autojump_clock: object
) -> None:
    """INV-72 from the terminal's side: nothing better is waited for; the purchase is reversed, and
    the reversal goes on until its own answer is to be trusted.
    """
    fake.plan = ["66", "66", "00"]
    device = terminal(fake)
    started = trio.current_time()
    outcome = await device.purchase(VISA, PRICE)
    assert (outcome.result, outcome.why) == (Result.NO_ANSWER, "the answer's MAC is wrong")
    assert outcome.reversal is not None
    assert outcome.reversal.result is Result.APPROVED
    assert fake.kinds == ["purchase", "reversal", "reversal repeat"]
    assert trio.current_time() - started < PATIENCE.answer_s
    assert not outcome.entry.approved


async def test_keys_of_an_exchange_are_taken_up(fake: FakeHost, autojump_clock: object) -> None:
    """Those of a trusted answer; of one that is not, those of before stay."""
    keys = KeyRing(None, MasterKey(bytearray(b"\x01" * 32)))
    device = terminal(fake, keys=keys)
    fake.plan = ["66"]
    assert (await device.network(Kind.KEY_EXCHANGE)).result is Result.NO_ANSWER
    assert not keys.has(TPK)
    assert (await device.network(Kind.KEY_EXCHANGE)).result is Result.APPROVED
    assert keys.key(TPK) == bytes(range(16))
