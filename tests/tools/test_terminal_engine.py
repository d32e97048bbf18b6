"""The virtual terminal behaves like a device: journal before wire, reversals until answered, no
late approvals.

The host is a made-up one with messages of JSON, so that only the terminal's own rules are tried.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing

from switch.errors import EncodeError
from switch.keys.master import MasterKey
from switch.keys.vault import SoftwareVault
from switch.model.words import Kind
from switch.money import Money
from switch.values import Pan
from switch.wire.framer import Framer
from switch.wire.framing import Framing
from switch_tools.cards import CardInHand
from switch_tools.terminal_books import TerminalError
from switch_tools.terminal_engine import Outcome, Patience, Result, StillOwed, VirtualTerminal
from switch_tools.terminal_journal import JOURNAL_NAME, Entry, Journal, Sent
from switch_tools.terminal_link import CannotConnect, Link
from switch_tools.terminal_model import Heard, Identity, Outgoing, Times

FRAMING = Framing()
VISA = CardInHand("visa", Pan("4761739001010010"), "4912")
PRICE = Money(1234, "840")
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
PATIENCE = Patience(answer_s=30, reversal_s=10, reversal_tries=3, pause_s=1)


class JsonLanguage:
    """A dialect of JSON: kind, STAN, amount, whether it is a repeat, and the original's STAN."""

    name = "json"
    reversals_keep_stan = False

    def times(self, now: datetime, zone: tzinfo) -> Times:
        return Times(now.strftime("%m%d%H%M%S"), now.strftime("%H%M%S"), now.strftime("%m%d"))

    def write(
        self, sent: Sent, original: Entry | None, pan: Pan | None, *, repeat: bool
    ) -> Outgoing:
        if sent.amount_minor == 666:
            raise EncodeError("4", "does not fit")
        fields = {
            "kind": sent.kind.value,
            "stan": sent.stan,
            "amount": str(sent.amount_minor),
            "pan": "" if pan is None else pan.last4,
            "repeat": str(repeat),
            "original": "" if original is None else original.stan,
        }
        return Outgoing(fields, json.dumps(fields).encode())

    def hear(self, outgoing: Outgoing, body: bytes) -> Heard:
        answer = json.loads(body)
        if answer["stan"] != outgoing.fields["stan"]:
            return Heard(ours=False, said=f"answer to STAN {answer['stan']}", differs=("11",))
        code = answer["code"]
        return Heard(
            ours=True,
            said=code,
            approved=code == "00",
            final=code != "96",
            code=code,
            approval_code="123456" if code == "00" else "",
            rrn="632810000001",
        )


@dataclass
class FakeHost:
    """Answers by a plan: for each message the codes to answer with (in order), or what to do
    instead.

    ``"silence"``: nothing; ``"hang up"``: closes; ``"late"``: answers to another STAN first, then
    silence.
    """

    plan: list[str] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)
    refuse: int = 0
    dialled: int = 0
    on_message: Callable[[dict[str, str]], None] | None = None

    def __post_init__(self) -> None:
        self.nursery: trio.Nursery | None = None

    async def dial(self) -> Link:
        await trio.lowlevel.checkpoint()
        self.dialled += 1
        if self.refuse:
            self.refuse -= 1
            raise CannotConnect("cannot connect to the fake host")
        ours, theirs = trio.testing.memory_stream_pair()
        assert self.nursery is not None
        self.nursery.start_soon(self._serve, theirs)
        return Link(ours, FRAMING)

    async def _serve(self, stream: trio.abc.Stream) -> None:
        framer = Framer(FRAMING)
        try:
            async for data in stream:
                framer.receive_data(bytes(data))
                while (frame := framer.next_frame()) is not None:
                    if not await self._answer(stream, framer, json.loads(frame.body)):
                        await stream.aclose()
                        return
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    async def _answer(self, stream: trio.abc.Stream, framer: Framer, said: dict[str, str]) -> bool:
        self.seen.append(said)
        if self.on_message is not None:
            self.on_message(said)
        what = self.plan.pop(0) if self.plan else "00"
        if what == "hang up":
            return False
        answer = {"stan": said["stan"], "code": what}
        if what == "late":
            answer = {"stan": "999999", "code": "00"}
        if what != "silence":
            await stream.send_all(framer.encode(json.dumps(answer).encode()))
        return True

    @property
    def kinds(self) -> list[str]:
        """What came, in short: ``purchase``, ``reversal``, ``reversal repeat``."""
        return [
            seen["kind"] + (" repeat" if seen["repeat"] == "True" else "") for seen in self.seen
        ]


@pytest.fixture
async def fake() -> AsyncIterator[FakeHost]:
    """A host whose tasks end with the test."""
    host = FakeHost()
    async with trio.open_nursery() as nursery:
        host.nursery = nursery
        yield host
        nursery.cancel_scope.cancel()


VAULT = SoftwareVault(MasterKey(bytearray(os.urandom(32))), os.urandom)


def terminal(
    host: FakeHost, journal: Journal | None = None, patience: Patience = PATIENCE
) -> VirtualTerminal:
    """A terminal in front of it."""
    return VirtualTerminal(
        Identity("DEMO0001", "DEMOMERCHANT001"),
        JsonLanguage(),
        Journal() if journal is None else journal,
        VAULT,
        host.dial,
        patience=patience,
        now=lambda: NOW,
        rng=random.Random(7),
    )


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
    settled = await terminal(fake, again).settle()
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


async def test_network_messages_are_never_reversed(fake: FakeHost, autojump_clock: object) -> None:
    """No answer to a sign-on is no answer, and that is all."""
    fake.plan = ["silence"]
    device = terminal(fake)
    outcome: Outcome = await device.network(Kind.SIGN_ON)
    assert outcome.result is Result.NO_ANSWER
    assert outcome.reversal is None
    assert fake.kinds == ["sign_on"]
