"""The end of a virtual terminal's day: what it states, what it uploads, and that a settlement which
was interrupted is gone on with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from switch.core.totals import read
from switch.model.words import Kind
from switch.money import Money
from switch_tools.terminal_engine import StillOwed, VirtualTerminal
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_model import Wish
from switch_tools.terminal_slip import settlement_slip
from switch_tools.terminal_targets import TerminalError
from switch_tools.terminal_wrong import Wrong, claim_wrongly
from tests.tools.terminal_fakes import VISA, FakeHost, JsonLanguage, running_host, terminal


@pytest.fixture
async def fake() -> AsyncIterator[FakeHost]:
    """A host whose tasks end with the test."""
    async with running_host() as host:
        yield host


def usd(minor: int) -> Money:
    """Dollars in cents."""
    return Money(minor, "840")


async def busy_day(device: VirtualTerminal) -> None:
    """Sales of 10, 20 (voided), 30 (reversed to 5), 40 (reversed), 50 with a tip of 4, a refund of
    7 on the first, a completion of 60, an advice of 8; a decline and a balance besides."""
    await device.purchase(VISA, usd(1000))
    await device.do(Wish(kind=Kind.REFUND, amount=usd(700)))
    await device.purchase(VISA, usd(2000))
    await device.do(Wish(kind=Kind.VOID))
    await device.purchase(VISA, usd(3000))
    await device.reverse(remaining=usd(500))
    await device.purchase(VISA, usd(4000))
    await device.reverse()
    await device.purchase(VISA, usd(5000))
    await device.do(Wish(kind=Kind.TIP_ADJUST, amount=usd(400)))
    await device.do(Wish(kind=Kind.PREAUTH, card=VISA, amount=usd(9000)))
    await device.do(Wish(kind=Kind.COMPLETION, amount=usd(6000)))
    await device.do(Wish(kind=Kind.PURCHASE, card=VISA, amount=usd(800), advice=True))
    await device.do(Wish(kind=Kind.BALANCE, card=VISA))


async def test_totals_show_what_was_taken_back_where_the_policy_does(fake: FakeHost) -> None:
    """INV-53, iso-74-97: void and reversals beside the sales, a tip in its sale."""
    device = terminal(fake)
    await busy_day(device)
    settled = await device.settle()
    assert settled.balanced
    assert read(settled.claimed) == {
        "credits_number": 1,
        "credits_reversal_number": 0,
        "debits_number": 7,
        "debits_reversal_number": 3,
        "credits_amount": 700,
        "credits_reversal_amount": 0,
        "debits_amount": 1000 + 2000 + 3000 + 4000 + 5400 + 6000 + 800,
        "debits_reversal_amount": 2000 + 2500 + 4000,
        "net_amount": 700 - 1000 - 500 - 5400 - 6000 - 800,
    }


@pytest.mark.parametrize("policy", ["iso-74-97", "hypercom-63"])
async def test_a_reversed_tip_takes_the_tip_and_not_its_sale(fake: FakeHost, policy: str) -> None:
    """Its message states the new total of the sale; what goes is the tip."""
    device = terminal(fake, language=JsonLanguage(policy))
    await device.purchase(VISA, usd(5000))
    await device.do(Wish(kind=Kind.TIP_ADJUST, amount=usd(400)))
    await device.reverse("2")
    assert device.journal.entries[1].in_effect_minor == 5000
    totals = read((await device.settle()).claimed)
    assert totals.get("debits_amount", totals.get("sales_amount")) == 5000


async def test_what_was_taken_back_vanishes_where_the_policy_says_so(fake: FakeHost) -> None:
    """INV-53, hypercom-63: sales as they are in the end."""
    device = terminal(fake, language=JsonLanguage("hypercom-63"))
    await busy_day(device)
    told = list(read((await device.settle()).claimed).values())
    assert told == [5, 1000 + 500 + 5400 + 6000 + 800, 1, 700]


async def test_in_balance_the_next_batch_begins(fake: FakeHost) -> None:
    """M-34: what was sold before is not stated again."""
    device = terminal(fake)
    await device.purchase(VISA, usd(1000))
    assert (await device.settle()).batch == 1
    await device.purchase(VISA, usd(300))
    settled = await device.settle()
    assert settled.batch == 2
    assert read(settled.claimed)["debits_amount"] == 300
    assert [seen["batch"] for seen in fake.seen] == ["1", "1", "2", "2"]


async def test_what_is_owed_goes_out_before_the_close(
    fake: FakeHost, autojump_clock: object
) -> None:
    """A sale without an answer is reversed first, and counts for nothing."""
    device = terminal(fake)
    await device.do(Wish(kind=Kind.PURCHASE, card=VISA, amount=usd(1000), wait=False))
    settled = await device.settle()
    assert fake.kinds == ["purchase", "reversal", "reconciliation"]
    assert len(settled.paid) == 1
    assert read(settled.claimed)["net_amount"] == 0


async def test_out_of_balance_every_item_is_uploaded_and_the_close_comes_again(
    fake: FakeHost,
) -> None:
    """INV-52: each item once, the last one marked, then the same totals once more."""
    device = terminal(fake)
    await device.purchase(VISA, usd(1000))
    await device.purchase(VISA, usd(2000))
    await device.do(Wish(kind=Kind.VOID))
    fake.plan = ["95"]
    settled = await device.settle()
    assert settled.closed
    assert not settled.balanced
    kinds = ["reconciliation", *["batch_upload"] * 3, "reconciliation"]
    assert fake.kinds[3:] == kinds
    uploads = [(seen["original"], seen["amount"], seen["last"]) for seen in fake.seen[4:7]]
    assert uploads == [
        ("000001", "1000", "False"),
        ("000002", "2000", "False"),
        ("000003", "2000", "True"),
    ]
    assert [fake.seen[k]["again"] for k in (3, 7)] == ["False", "True"]
    assert fake.seen[3]["totals"] == fake.seen[7]["totals"]
    assert "CLOSED WITH DIFFERENCES" in settlement_slip(settled)


async def test_without_upload_the_same_totals_are_stated_again(fake: FakeHost) -> None:
    """INV-53: a dialect without batch upload has nothing else to say."""
    device = terminal(fake, language=JsonLanguage(uploads=False))
    await device.purchase(VISA, usd(1000))
    fake.plan = ["95"]
    settled = await device.settle()
    assert settled.closed
    assert fake.kinds == ["purchase", "reconciliation", "reconciliation"]


async def test_a_batch_that_stays_out_of_balance_stays_open(fake: FakeHost) -> None:
    """95 to the second close as well: the terminal goes on selling, and settles anew later."""
    device = terminal(fake)
    await device.purchase(VISA, usd(1000))
    fake.plan = ["95", "00", "95"]
    settled = await device.settle()
    assert not settled.closed
    assert "OUT OF BALANCE" in settlement_slip(settled)
    await device.purchase(VISA, usd(1000))
    settled = await device.settle()
    assert settled.balanced
    assert settled.batch == 1
    assert read(settled.claimed)["debits_amount"] == 2000


async def test_a_close_that_is_refused_closes_nothing(fake: FakeHost) -> None:
    """30, say: no upload, no next batch."""
    device = terminal(fake)
    fake.plan = ["30"]
    settled = await device.settle()
    assert not settled.closed
    assert fake.kinds == ["reconciliation"]
    assert "NOT CLOSED" in settlement_slip(settled)
    assert device.journal.batch == 1


async def test_nothing_new_is_captured_while_a_close_is_unanswered(
    fake: FakeHost, autojump_clock: object
) -> None:
    """M-36 as a terminal keeps it: the host may have closed the batch, so the close comes first, as
    its repeat."""
    device = terminal(fake)
    fake.plan = ["silence"] * 3
    with pytest.raises(StillOwed, match="reconciliation under STAN 000001"):
        await device.settle()
    outcome = await device.purchase(VISA, usd(1000))
    assert outcome.entry.sent.batch == 2
    assert fake.kinds == ["reconciliation", *["reconciliation repeat"] * 3, "purchase"]


@pytest.mark.parametrize("cut", range(1, 12))
async def test_a_settlement_goes_on_where_the_power_went(
    fake: FakeHost, tmp_path: Path, autojump_clock: object, cut: int
) -> None:
    """S-02 at the terminal: after any number of messages the power goes. Each item is uploaded
    under one STAN, however often; the totals do not change; the batch is closed once."""
    journal = Journal(tmp_path)
    for minor in (1000, 2000, 3000):
        await terminal(fake, journal).purchase(VISA, usd(minor))
    fake.seen.clear()
    power = trio.CancelScope()

    def out_of_balance(said: dict[str, str]) -> None:
        """The first close always, and a power cut once."""
        fake.plan = ["95"] if said["again"] == "False" and said["totals"] else ["00"]
        if len(fake.seen) == cut:
            power.cancel()

    fake.on_message = out_of_balance
    with power:
        await terminal(fake, journal).settle()
    journal.close()

    again = Journal(tmp_path)
    device = terminal(fake, again)
    if again.batch == 1:
        await device.flush()
    again.close()
    assert again.batch == 2
    stans: dict[str, set[str]] = {}
    for seen in fake.seen:
        stans.setdefault(f"{seen['kind']} {seen['original']} {seen['again']}", set()).add(
            seen["stan"]
        )
    assert sorted(stans) == [
        "batch_upload 000001 False",
        "batch_upload 000002 False",
        "batch_upload 000003 False",
        "reconciliation  False",
        "reconciliation  True",
    ]
    assert all(len(numbers) == 1 for numbers in stans.values())
    assert {seen["totals"] for seen in fake.seen if seen["totals"]} == {fake.seen[0]["totals"]}


async def test_one_currency_can_be_stated(fake: FakeHost) -> None:
    """Totals in yen and dollars are no totals."""
    device = terminal(fake)
    await device.purchase(VISA, usd(1000))
    await device.purchase(VISA, Money(1000, "392"))
    with pytest.raises(TerminalError, match="2 currencies"):
        await device.settle()


# -- books that a tester made wrong ----------------------------------------------------------------


async def test_a_tester_can_make_the_books_wrong(fake: FakeHost) -> None:
    """M-35: one item forgotten, one with another amount, one that never was: in totals and
    uploads alike, and durable."""
    device = terminal(fake)
    for minor in (1000, 2000, 3000):
        await device.purchase(VISA, usd(minor))
    wrong = Wrong(forgotten=["1"], amounts=[("2", usd(2500))], extra=[usd(700)], card=VISA)
    claim_wrongly(device, wrong)
    fake.plan = ["95"]
    settled = await device.settle()
    assert read(settled.claimed)["debits_amount"] == 2500 + 3000 + 700
    uploads = [(seen["original"], seen["amount"]) for seen in fake.seen[4:7]]
    assert uploads == [("000002", "2500"), ("000003", "3000"), ("000004", "700")]


async def test_only_what_is_in_the_batch_can_be_wrong(fake: FakeHost) -> None:
    """A settled item is nothing to forget, and a purchase that never was needs a card."""
    device = terminal(fake)
    await device.purchase(VISA, usd(1000))
    await device.settle()
    with pytest.raises(TerminalError, match="STAN 000001 has nothing in the open batch"):
        claim_wrongly(device, Wrong(forgotten=["1"]))
    with pytest.raises(TerminalError, match="needs a card"):
        claim_wrongly(device, Wrong(extra=[usd(700)]))


async def test_what_was_invented_is_never_sent_by_itself(
    fake: FakeHost, autojump_clock: object
) -> None:
    """It is neither owed nor repeated: only an upload tells of it."""
    device = terminal(fake)
    claim_wrongly(device, Wrong(extra=[usd(700)], card=VISA))
    assert await device.flush() == []
    assert fake.seen == []


async def test_the_slip_names_what_differs(fake: FakeHost) -> None:
    """Ours, and below it the host's where it told another; amounts in the currency."""
    device = terminal(fake)
    await device.purchase(VISA, usd(1000))
    fake.plan = ["95"]
    fake.totals = "debits_number=2;debits_amount=1300"
    slip = settlement_slip(await device.settle())
    assert "Debits amount                  10.00 USD" in slip
    assert "  the host has                 13.00 USD" in slip
    assert "Items uploaded: 1 of 1." in slip
    assert all(len(line) <= 40 for line in slip.splitlines())


async def test_an_empty_batch_can_be_closed(fake: FakeHost) -> None:
    """Nothing sold is in balance too; one item paid is told in the singular."""
    settled = await terminal(fake).settle()
    assert settled.balanced
    assert settled.close.approved
    assert "Totals" in settlement_slip(settled)
