"""Every kind of transaction at a virtual terminal: what it is about, what it states, and what
follows when no answer comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from switch.model.words import EntryMode, Kind
from switch.money import Money
from switch_tools.terminal_engine import Result, StillOwed, VirtualTerminal
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_model import Wish
from switch_tools.terminal_targets import TerminalError
from tests.tools.terminal_fakes import PRICE, VISA, FakeHost, running_host, terminal

HOLD = Wish(kind=Kind.PREAUTH, card=VISA, amount=Money(10_000, "840"))


@pytest.fixture
async def fake() -> AsyncIterator[FakeHost]:
    """A host whose tasks end with the test."""
    async with running_host() as host:
        yield host


def usd(minor: int) -> Money:
    """Dollars in cents."""
    return Money(minor, "840")


async def bought(device: VirtualTerminal, minor: int = 1234) -> str:
    """Buy something; its STAN."""
    outcome = await device.purchase(VISA, usd(minor))
    assert outcome.result is Result.APPROVED
    return outcome.entry.stan


@pytest.mark.parametrize(
    "kind", [Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH, Kind.BALANCE, Kind.VERIFICATION]
)
async def test_what_begins_with_a_card_says_how_it_was_read(fake: FakeHost, kind: Kind) -> None:
    """Kind, amount, cash part and entry mode are told as they were wished."""
    wish = Wish(
        kind=kind, card=VISA, amount=usd(2500), cash=usd(500), entry_mode=EntryMode.CONTACTLESS_CHIP
    )
    outcome = await terminal(fake).do(wish)
    assert outcome.result is Result.APPROVED
    told = fake.seen[0]
    assert (told["kind"], told["flow"]) == (kind.value, "request")
    assert (told["amount"], told["other"], told["pan"]) == ("2500", "500", "0010")
    assert told["entry"] == "contactless_chip"


async def test_a_balance_is_heard_and_not_kept(fake: FakeHost) -> None:
    """It is printed; the journal has no use for it."""
    outcome = await terminal(fake).do(Wish(kind=Kind.BALANCE, card=VISA))
    assert outcome.heard is not None
    assert outcome.heard.balance == usd(7700)


@pytest.mark.parametrize(
    "kind", [Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH, Kind.REFUND]
)
async def test_a_request_that_moves_money_is_reversed_without_an_answer(
    fake: FakeHost, autojump_clock: object, kind: Kind
) -> None:
    """INV-28: it may have been approved; nobody at the counter knows."""
    fake.plan = ["silence"]
    outcome = await terminal(fake).do(Wish(kind=kind, card=VISA, amount=PRICE))
    assert outcome.result is Result.NO_ANSWER
    assert fake.kinds == [kind.value, "reversal"]
    assert fake.seen[1]["original"] == "000001"


@pytest.mark.parametrize("kind", [Kind.BALANCE, Kind.VERIFICATION])
async def test_an_inquiry_without_an_answer_leaves_nothing_to_undo(
    fake: FakeHost, autojump_clock: object, kind: Kind
) -> None:
    """No money moves, so there is nothing to reverse and nothing owed."""
    fake.plan = ["silence"]
    device = terminal(fake)
    outcome = await device.do(Wish(kind=kind, card=VISA))
    assert outcome.result is Result.NO_ANSWER
    assert outcome.reversal is None
    assert fake.kinds == [kind.value]
    assert device.journal.owed() == []


async def test_a_void_without_an_answer_is_reversed_and_its_sale_stands(
    fake: FakeHost, autojump_clock: object
) -> None:
    """The terminal does not know of the void, so the sale counts on either side."""
    device = terminal(fake)
    await bought(device)
    fake.plan = ["silence"]
    outcome = await device.do(Wish(kind=Kind.VOID))
    assert outcome.result is Result.NO_ANSWER
    assert fake.kinds == ["purchase", "void", "reversal"]
    assert fake.seen[2]["original"] == "000002"
    assert device.journal.entries[1].approved


# -- what is about something that was before -------------------------------------------------------


async def test_a_void_takes_the_last_sale_of_the_batch_with_all_that_stands(fake: FakeHost) -> None:
    """Its amount is what is in effect, its card that of the sale; then nothing is left to void."""
    device = terminal(fake)
    await bought(device, 900)
    outcome = await device.do(Wish(kind=Kind.VOID))
    told = fake.seen[1]
    assert (told["original"], told["amount"], told["pan"]) == ("000001", "900", "0010")
    assert outcome.original is not None
    assert outcome.original.voided
    with pytest.raises(TerminalError, match="nothing to void"):
        await device.do(Wish(kind=Kind.VOID))
    again = await device.do(Wish(kind=Kind.VOID, stan="1"))  # a tester may insist
    assert again.result is Result.APPROVED


async def test_a_refund_states_what_is_left_and_then_there_is_no_more(fake: FakeHost) -> None:
    """INV-44: 3.00 of 12.34, then the rest; a third one has nothing to be about."""
    device = terminal(fake)
    await bought(device)
    await device.do(Wish(kind=Kind.REFUND, amount=usd(300)))
    await device.do(Wish(kind=Kind.REFUND))
    assert [seen["amount"] for seen in fake.seen] == ["1234", "300", "934"]
    with pytest.raises(TerminalError, match="nothing to refund"):
        await device.do(Wish(kind=Kind.REFUND))


async def test_a_refund_to_a_card_names_no_sale(fake: FakeHost) -> None:
    """Without STAN and RRN it stands for itself, even with a sale in the journal."""
    device = terminal(fake)
    await bought(device)
    await device.do(Wish(kind=Kind.REFUND, card=VISA, amount=usd(300)))
    assert fake.seen[1]["original"] == ""


async def test_a_number_of_the_host_names_a_transaction_as_well(fake: FakeHost) -> None:
    """By RRN; one that the journal does not know wants card and amount, and is sent as it is."""
    device = terminal(fake)
    await bought(device)
    await device.do(Wish(kind=Kind.REFUND, rrn="632800000001", amount=usd(100)))
    assert fake.seen[1]["original"] == "000001"
    with pytest.raises(TerminalError, match="say --card and --amount too"):
        await device.do(Wish(kind=Kind.REFUND, rrn="632899999999"))
    await device.do(Wish(kind=Kind.REFUND, rrn="632899999999", card=VISA, amount=usd(100)))
    assert (fake.seen[2]["original"], fake.seen[2]["rrn"]) == ("", "632899999999")


async def test_a_tip_states_the_new_total_and_is_told_until_answered(
    fake: FakeHost, autojump_clock: object
) -> None:
    """An advice: the same again as its repeat, never a reversal (INV-25). A second tip replaces the
    first."""
    device = terminal(fake)
    await bought(device, 1000)
    fake.plan = ["silence", "00", "00"]
    await device.do(Wish(kind=Kind.TIP_ADJUST, amount=usd(150)))
    assert fake.kinds == ["purchase", "tip_adjust", "tip_adjust repeat"]
    await device.do(Wish(kind=Kind.TIP_ADJUST, amount=usd(200)))
    told = [(seen["amount"], seen["other"], seen["before"]) for seen in fake.seen[1:]]
    assert told == [("1150", "150", "1000")] * 2 + [("1200", "200", "1150")]
    assert device.journal.entries[1].in_effect_minor == 1200


async def test_a_pre_authorization_is_raised_and_completed_once(fake: FakeHost) -> None:
    """INV-42 as a terminal sees it: 100 and 20 more, 90 captured, more to follow; then the rest."""
    device = terminal(fake)
    await device.do(HOLD)
    await device.do(Wish(kind=Kind.INCREMENT, amount=usd(2_000)))
    await device.do(Wish(kind=Kind.COMPLETION, amount=usd(9_000), final=False))
    outcome = await device.do(Wish(kind=Kind.COMPLETION))
    told = [(seen["amount"], seen["before"], seen["final"]) for seen in fake.seen[1:]]
    assert told == [
        ("2000", "10000", "True"),
        ("9000", "12000", "False"),
        ("3000", "12000", "True"),
    ]
    assert outcome.original is not None
    assert outcome.original.completed
    with pytest.raises(TerminalError, match="nothing to complete"):
        await device.do(Wish(kind=Kind.COMPLETION))


async def test_a_partial_reversal_states_what_remains(fake: FakeHost) -> None:
    """INV-26: twelve dollars of which five remain; the rest is reversed later."""
    device = terminal(fake)
    stan = await bought(device, 1200)
    outcome = await device.reverse(remaining=usd(500))
    assert (fake.seen[1]["amount"], fake.seen[1]["remaining"]) == ("1200", "500")
    assert outcome.original is not None
    assert outcome.original.in_effect_minor == 500
    await device.reverse(stan)
    assert (fake.seen[2]["amount"], fake.seen[2]["remaining"]) == ("500", "None")
    assert device.journal.entries[1].undone


async def test_an_unanswered_partial_reversal_is_repeated_as_it_was(
    fake: FakeHost, autojump_clock: object
) -> None:
    """What is repeated is what may have been done: the same remainder."""
    device = terminal(fake)
    await bought(device, 1200)
    fake.plan = ["silence", "silence", "00"]
    await device.reverse(remaining=usd(500))
    assert [seen["remaining"] for seen in fake.seen[1:]] == ["500"] * 3
    assert fake.kinds[1:] == ["reversal", "reversal repeat", "reversal repeat"]


async def test_a_void_is_reversed_only_by_its_number(fake: FakeHost) -> None:
    """Without a number the last sale is meant; a reversed void brings its sale back."""
    device = terminal(fake)
    first = await bought(device, 100)
    await bought(device, 200)
    await device.do(Wish(kind=Kind.VOID))
    assert (await device.reverse()).entry.sent.original == int(first)
    await device.reverse("3")
    assert device.journal.entries[2].approved
    assert not device.journal.entries[1].approved


async def test_an_approval_for_less_is_what_the_books_take(fake: FakeHost) -> None:
    """Asked for 12.34, approved 5.00: what stands, and what a refund can be about, is 5.00."""
    fake.plan = ["10"]
    device = terminal(fake)
    outcome = await device.do(Wish(kind=Kind.PURCHASE, card=VISA, amount=PRICE, partial=True))
    assert outcome.entry.in_effect_minor == 500
    await device.do(Wish(kind=Kind.VOID))
    assert fake.seen[1]["amount"] == "500"


# -- what was decided offline ----------------------------------------------------------------------

OFFLINE = Wish(kind=Kind.PURCHASE, card=VISA, amount=PRICE, advice=True, approval_code="OFF001")


async def test_an_offline_sale_is_kept_before_it_is_told(
    fake: FakeHost, tmp_path: Path, autojump_clock: object
) -> None:
    """No host: the sale is in the journal and owed; its first transmission is no repeat, even after
    a restart (INV-25)."""
    fake.refuse = 3
    journal = Journal(tmp_path)
    outcome = await terminal(fake, journal).do(OFFLINE)
    journal.close()
    assert outcome.result is Result.TOLD_LATER
    assert fake.seen == []

    again = Journal(tmp_path)
    fake.plan = ["silence", "00", "00"]
    await bought(terminal(fake, again))
    again.close()
    assert fake.kinds == ["purchase", "purchase repeat", "purchase"]
    assert [seen["flow"] for seen in fake.seen] == ["advice", "advice", "request"]
    assert again.entries[1].approved


async def test_an_advice_that_stays_unanswered_blocks_everything_new(
    fake: FakeHost, autojump_clock: object
) -> None:
    """As an owed reversal does; a sign-on goes through."""
    device = terminal(fake)
    fake.plan = ["silence"] * 6
    await device.do(OFFLINE)
    with pytest.raises(StillOwed, match="advice of STAN 000001 is not answered"):
        await device.do(OFFLINE)
    assert (await device.network(Kind.SIGN_ON)).result is Result.APPROVED
    assert [one.result for one in await device.flush()] == [Result.APPROVED]


async def test_an_advice_can_be_reversed_once_it_is_answered(
    fake: FakeHost, autojump_clock: object
) -> None:
    """Its answer comes first, then its reversal."""
    device = terminal(fake)
    fake.plan = ["silence"] * 3
    await device.do(OFFLINE)
    await device.flush()
    await device.reverse()
    assert fake.kinds[-2:] == ["purchase repeat", "reversal"]
    assert not device.journal.entries[1].approved


async def test_repeat_goes_on_with_an_advice(fake: FakeHost, autojump_clock: object) -> None:
    """``--repeat`` of something that is told means to insist on its answer."""
    device = terminal(fake)
    fake.plan = ["silence"] * 3
    await device.do(OFFLINE)
    assert (await device.repeat(kind=Kind.PURCHASE)).result is Result.APPROVED
    assert fake.kinds == ["purchase", *["purchase repeat"] * 3]


async def test_a_power_cut_amid_an_advice_leaves_it_owed(
    fake: FakeHost, tmp_path: Path, autojump_clock: object
) -> None:
    """S-03: it may have left, so it leaves again as its repeat."""
    fake.plan = ["silence"]
    journal = Journal(tmp_path)
    with trio.move_on_after(5):
        await terminal(fake, journal).do(OFFLINE)
    journal.close()
    again = Journal(tmp_path)
    await terminal(fake, again).flush()
    again.close()
    assert fake.kinds == ["purchase", "purchase repeat"]
    assert again.owed() == []
