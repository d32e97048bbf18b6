"""Rows of the fault scenarios about cards, amounts and what acts upon what came before, against the
real program: what is answered, what it does to the books, and that nothing secret is written.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from switch.data_folder import STORE_NAME
from switch.model.records import Hold, Merchant, Posting, Terminal, Transaction
from switch.model.words import Kind, Reason
from switch.store.sqlite_reader import SqliteReader
from switch_tools.terminal_engine import Outcome, Result, VirtualTerminal
from switch_tools.terminal_model import Wish
from tests.end_to_end.tills import CARDS, till, usd
from tests.small_world import small_world

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Dialled, HostProcess

Dial = Callable[..., "Dialled"]

DIALECTS = ("iso87-ascii", "iso93-binary", "hypercom")
PAN = b"164761739001010010"
TRACK = "4761739001010010=49121011234500000000"
SERVICE_DATA = "1011234500000000"  # what a track holds besides number and expiry


def _frame(peer: Dialled, stan: int, old: bytes, new: bytes, **fields: str) -> bytes:
    """A purchase in which some bytes are others, as no encoder would write them."""
    body = peer.purchase(stan, **fields)[2:]
    assert old in body
    body = body.replace(old, new, 1)
    return len(body).to_bytes(2, "big") + body


def _said(peer: Dialled, frame: bytes) -> str:
    peer.send(frame)
    answer = peer.receive()
    assert answer is not None
    return answer["39"]


def _postings(host: HostProcess, terminal: str) -> list[Posting]:
    with SqliteReader(host.data / STORE_NAME) as reader:
        return [one for one in reader.find_all(Posting) if one.id.startswith(f"{terminal}|")]


def _gained(posting: Posting) -> int:
    """What a posting brought the merchant."""
    return sum(one.amount_minor for one in posting.entries if one.account.startswith("merchant:"))


def _written(host: HostProcess) -> bytes:
    """Whatever the switch has written so far."""
    return b"".join(path.read_bytes() for path in host.data.iterdir() if path.is_file())


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("164761739001010011", "14"),
        ("074761739", "14"),
        ("2047617390010100101234", "30"),
        ("16476173900101001A", "30"),
        ("16ABCDEFGHIJKLMNOP", "30"),
    ],
    ids=["check digit", "too short", "too long", "one letter", "letters"],
)
def test_a_card_number_that_is_none(town: HostProcess, dial: Dial, number: str, code: str) -> None:
    """M-17: 14 or 30, no effect; whatever it was, it is nowhere in clear."""
    peer = dial(town)
    assert _said(peer, _frame(peer, 1, PAN, number.encode())) == code
    assert _postings(town, peer.terminal) == []
    assert peer.buy(2)["39"] == "00"
    town.await_log("transaction")
    assert number[2:].encode() not in town.log_path.read_bytes()


def _month(back: int) -> str:
    """YYMM of so many months ago."""
    now = datetime.now(UTC)
    months = now.year * 12 + now.month - 1 - back
    return f"{months // 12 % 100:02d}{months % 12 + 1:02d}"


@pytest.mark.parametrize(
    ("back", "expiry", "code"),
    [(1, "", "54"), (0, "", "00"), (-1, "", "00"), (0, "3013", "30"), (0, "3000", "30")],
    ids=["last month", "this month", "next month", "month 13", "month 0"],
)
def test_an_expiry(town: HostProcess, dial: Dial, back: int, expiry: str, code: str) -> None:
    """M-18: 54 from the month after it; up to its last moment the card is good; month 13 is 30."""
    peer = dial(town)
    assert peer.buy(1, de14=expiry or _month(back))["39"] == code
    assert len(_postings(town, peer.terminal)) == (code == "00")


def test_no_expiry_is_left_to_the_issuers_record(town: HostProcess, dial: Dial) -> None:
    """M-18: DE 14 absent: the profile does not demand it, the card's own date decides."""
    peer = dial(town)
    assert peer.buy(1, de14="")["39"] == "00"
    assert peer.buy(2, de14="", de2="4000000000000069")["39"] == "54"


def test_strangers_without_enrolment(
    make_host: Callable[..., HostProcess], dial: Dial, tmp_path: Path
) -> None:
    """M-19: 58 for a terminal, 03 for a merchant, 03 for a known terminal with the id of another
    merchant; nothing is created. M-21: twelve nines overflow nothing: there is not that much.
    """
    file = tmp_path / "shop.toml"
    other = '\n[[merchant]]\nid = "OTHERMERCHANT01"\n'
    file.write_text(small_world("1000.00") + other)
    host = make_host("--config", str(file)).start()
    peer = dial(host)
    assert peer.buy(1, de41="NOBODY01")["39"] == "58"
    assert peer.buy(2, de42="NOSUCHMERCHANT1")["39"] == "03"
    assert peer.buy(3, de42="OTHERMERCHANT01")["39"] == "03"
    assert peer.buy(4, de4="999999999999")["39"] == "51"
    with SqliteReader(host.data / STORE_NAME) as reader:
        assert [one.id for one in reader.find_all(Terminal)] == ["DEMO0001"]
        assert len(list(reader.find_all(Merchant))) == 2
    assert _postings(host, "DEMO0001") == _postings(host, "NOBODY01") == []
    assert peer.buy(5)["39"] == "00"


@pytest.mark.parametrize(
    ("track", "code"),
    [
        ("37" + TRACK.replace("=", "0"), "30"),
        ("38" + TRACK + "1", "30"),
        ("37" + TRACK.replace("4761739001010010", "5413330089010434"), "14"),
        ("37" + TRACK, "00"),
    ],
    ids=["no separator", "too long", "another card", "good"],
)
def test_a_track(town: HostProcess, dial: Dial, track: str, code: str) -> None:
    """M-20: 30 or 14; no byte of a track is in any log or store, whatever became of it."""
    peer = dial(town)
    frame = _frame(peer, 1, b"37" + TRACK.encode(), track.encode(), de35=TRACK, de22="022")
    assert _said(peer, frame) == code
    assert len(_postings(town, peer.terminal)) == (code == "00")
    town.await_log("transaction")
    assert SERVICE_DATA.encode() not in _written(town)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ((b"000000001000", b"000000000000"), "13"),
        ((b"000000001000", b"00000000100A"), "30"),
        ((b"000000001000", b"        1000"), "30"),
        ((b"840", b"000"), "30"),
    ],
    ids=["zero", "a letter", "blanks", "no such currency"],
)
def test_an_amount_that_is_none(
    town: HostProcess, dial: Dial, changed: tuple[bytes, bytes], code: str
) -> None:
    """M-21: 13 or 30, no effect."""
    peer = dial(town)
    assert _said(peer, _frame(peer, 1, *changed)) == code
    assert _postings(town, peer.terminal) == []


def test_zero_is_an_amount_for_an_account_verification_only(town: HostProcess, dial: Dial) -> None:
    """M-21."""
    peer = dial(town)
    assert peer.buy(1, de3="330000", de4="000000000000")["39"] == "00"
    assert peer.buy(2, de3="010000", de4="000000000000")["39"] == "13"
    assert _postings(town, peer.terminal) == []


class Case:
    """A terminal, and what the switch remembers of it."""

    def __init__(self, host: HostProcess, dialect: str) -> None:
        self.host = host
        self.dialect = dialect
        self.device: VirtualTerminal = till(host, dialect)

    async def buy(self, amount: str, kind: Kind = Kind.PURCHASE) -> str:
        """Something that is approved; its STAN."""
        wish = Wish(kind=kind, card=CARDS["visa"], amount=usd(amount))
        outcome = await self.device.do(wish)
        assert outcome.result is Result.APPROVED
        return outcome.entry.stan

    async def do(self, kind: Kind, amount: str = "", **more: Any) -> Outcome:
        """Something about it."""
        return await self.device.do(Wish(kind=kind, amount=usd(amount) if amount else None, **more))

    async def refused(self, reason: Reason, kind: Kind, amount: str = "", **more: Any) -> None:
        """Something that is declined for that reason, and moves nothing."""
        before = self.moved()
        assert (await self.do(kind, amount, **more)).result is Result.DECLINED
        assert self.last().answer.reason is reason
        assert self.moved() == before

    def transactions(self) -> list[Transaction]:
        """All of the terminal's, in the order of their decisions."""
        with SqliteReader(self.host.data / STORE_NAME) as reader:
            found = reader.find_all(Transaction, terminal_id=self.device.identity.terminal_id)
            return sorted(found, key=lambda one: one.decided_us)

    def last(self) -> Transaction:
        """The newest."""
        return self.transactions()[-1]

    def first(self) -> Transaction:
        """The oldest."""
        return self.transactions()[0]

    def moved(self) -> list[tuple[str, int]]:
        """What was posted and what is held for the terminal."""
        terminal = self.device.identity.terminal_id
        with SqliteReader(self.host.data / STORE_NAME) as reader:
            holds = [
                (one.state, one.amount_minor)
                for one in reader.find_all(Hold)
                if one.transaction.startswith(f"{terminal}|")
            ]
        return holds + [(one.kind, _gained(one)) for one in _postings(self.host, terminal)]

    def in_effect(self) -> int:
        """What is left of the first one, in minor units."""
        left = self.first().amount_open
        return 0 if left is None else left.minor


@pytest.fixture(params=DIALECTS)
async def case(town: HostProcess, request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    """A fresh terminal of the shared switch."""
    made = Case(town, request.param)
    yield made
    await made.device.close()


async def test_partial_reversals(case: Case) -> None:
    """M-29, INV-26: what remains is what DE 95 says; more than is in effect is 13. In hypercom a
    reversal bears its original's STAN: a second one is the first again, with other content.
    """
    await case.buy("100.00")
    assert (await case.do(Kind.REVERSAL, remaining=usd("60.00"))).result is Result.APPROVED
    assert case.in_effect() == 6_000
    if case.dialect == "hypercom":
        second = await case.do(Kind.REVERSAL, remaining=usd("25.00"))
        assert second.heard is not None
        assert (second.heard.code, case.in_effect()) == ("94", 6_000)
        return
    assert (await case.do(Kind.REVERSAL, remaining=usd("25.00"))).result is Result.APPROVED
    await case.refused(Reason.AMOUNT_INVALID, Kind.REVERSAL, remaining=usd("150.00"))
    assert case.in_effect() == 2_500
    assert [minor for _, minor in case.moved()] == [10_000, -4_000, -3_500]


@pytest.mark.parametrize("amount", ["60.00", "100.00"])
async def test_a_completion_ends_its_hold(case: Case, amount: str) -> None:
    """M-30: below, the rest is released; at, nothing is left."""
    await case.buy("100.00", Kind.PREAUTH)
    assert case.moved() == [("open", 10_000)]
    assert (await case.do(Kind.COMPLETION, amount)).result is Result.APPROVED
    assert case.moved() == [("completed", 0), ("completion", usd(amount).minor)]


async def test_a_completion_of_too_much(case: Case) -> None:
    """M-30: 61, the hold is as it was, and can be completed."""
    await case.buy("100.00", Kind.PREAUTH)
    await case.refused(Reason.LIMIT_EXCEEDED, Kind.COMPLETION, "100.01")
    assert case.moved() == [("open", 10_000)]
    assert (await case.do(Kind.COMPLETION, "100.00")).result is Result.APPROVED


async def test_a_completion_that_comes_too_late(case: Case) -> None:
    """M-31: a second one is a duplicate, one of a reversed authorization finds it taken back."""
    room = await case.buy("100.00", Kind.PREAUTH)
    assert (await case.do(Kind.COMPLETION, "80.00")).result is Result.APPROVED
    await case.refused(Reason.DUPLICATE, Kind.COMPLETION, "10.00", stan=room)
    car = await case.buy("50.00", Kind.PREAUTH)
    assert (await case.do(Kind.REVERSAL, stan=car)).result is Result.APPROVED
    await case.refused(Reason.ALREADY_REVERSED, Kind.COMPLETION, "10.00", stan=car)


async def test_a_void_before_and_after_the_close(case: Case) -> None:
    """M-32, INV-44: 00, then 12 and no effect."""
    lunch = await case.buy("10.00")
    dinner = await case.buy("20.00")
    assert (await case.do(Kind.VOID, stan=dinner)).result is Result.APPROVED
    assert (await case.device.settle()).balanced
    await case.refused(Reason.BATCH_CLOSED, Kind.VOID, stan=lunch)
    assert case.in_effect() == 1_000


async def test_refunds_that_add_up(case: Case) -> None:
    """M-33: what was captured goes back once, and not a cent more."""
    lunch = await case.buy("10.00")
    for amount in ("4.00", "5.00"):
        assert (await case.do(Kind.REFUND, amount, stan=lunch)).result is Result.APPROVED
    await case.refused(Reason.AMOUNT_INVALID, Kind.REFUND, "1.01", stan=lunch)
    assert (await case.do(Kind.REFUND, "1.00", stan=lunch)).result is Result.APPROVED
    assert case.first().refunded_minor == 1_000


async def test_a_close_in_balance_and_its_repeat(case: Case) -> None:
    """M-34, INV-51: closed, the next batch is open; said again it gets the same answer."""
    await case.buy("10.00")
    settled = await case.device.settle()
    assert settled.balanced
    (close,) = settled.closes
    before = case.moved()
    again = await case.device.repeat(close.entry.stan, Kind.RECONCILIATION)
    assert again.heard == close.heard
    assert case.moved() == before
    await case.buy("3.00")
    assert case.last().batch.endswith("|000002")
