"""``kill -9`` at random moments under load: nothing acknowledged is lost, nothing is done twice
(S-01).

Many virtual terminals buy, reverse and repeat against a real switch that is killed again and again;
some of them lose power themselves. In the end the terminals' journals and the store must tell the
same story. ``ISOSWITCH_KILLS`` and ``ISOSWITCH_SEED`` in the environment make it longer, or another
one.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

from switch.keys.master import load_or_create
from switch.keys.vault import SoftwareVault
from switch.model.records import Account, Posting, Transaction
from switch.model.words import Kind, State
from switch.money import Money
from switch.store.sqlite import SqliteStore
from switch.wire.dialect import load_dialect
from switch_tools.cards import demo_cards
from switch_tools.terminal_engine import Outcome, Patience, StillOwed, VirtualTerminal
from switch_tools.terminal_journal import Entry, Journal
from switch_tools.terminal_link import Address, Link, LinkError, dial
from switch_tools.terminal_messages import Messages
from switch_tools.terminal_model import Identity

if TYPE_CHECKING:
    from tests.end_to_end.conftest import HostProcess

KILLS = int(os.environ.get("ISOSWITCH_KILLS", "8"))
SEED = int(os.environ.get("ISOSWITCH_SEED", "8583"))
TERMINALS = 16
DIALECTS = ("iso87-ascii", "iso87-binary", "iso93-ascii", "hypercom")
NAMES = ("visa", "mastercard", "amex", "unionpay", "poor")
CARDS = demo_cards()
LANGUAGES = {name: Messages(load_dialect(name)) for name in DIALECTS}
PATIENCE = Patience(answer_s=10.0, reversal_s=10.0, reversal_tries=2, pause_s=0.05)
RETRY_S = 0.3


@dataclass(slots=True)
class Shop:
    """One terminal that never stops buying, and loses power now and then."""

    number: int
    parent: Path
    host: HostProcess
    closing: trio.Event
    tried: Counter[str] = field(default_factory=Counter)
    rng: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self.rng.seed(f"{SEED}/{self.number}")

    @property
    def folder(self) -> Path:
        """Its journal's folder."""
        return self.parent / f"terminal-{self.number}"

    async def run(self) -> None:
        """Trade until closing time, then settle what is owed."""
        while not self.closing.is_set():
            await self._powered(self._day)
        await self._powered(self._settle)

    async def _powered(self, act: Callable[[VirtualTerminal], Awaitable[None]]) -> None:
        """A fresh process, as it were: all that it knows is in its journal."""
        journal = Journal(self.folder)
        device = self._device(journal)
        try:
            await act(device)
        finally:
            with trio.CancelScope(shield=True):
                await device.close()
            journal.close()

    def _device(self, journal: Journal) -> VirtualTerminal:
        dialect = load_dialect(DIALECTS[self.number % len(DIALECTS)])

        async def dial_now() -> Link:
            address = Address("127.0.0.1", self.host.ports[dialect.name])
            return await dial(address, dialect.framing)

        vault = SoftwareVault(load_or_create(self.folder / "terminal.key"), os.urandom)
        identity = Identity(f"CRASH{self.number:03d}", "DEMOMERCHANT001")
        return VirtualTerminal(
            identity,
            LANGUAGES[dialect.name],
            journal,
            vault,
            dial_now,
            patience=PATIENCE,
            rng=self.rng,
        )

    async def _day(self, device: VirtualTerminal) -> None:
        with trio.move_on_after(self.rng.uniform(0.2, 3.0)):  # and then the power goes
            while not self.closing.is_set():
                try:
                    await self._deal(device)
                except (LinkError, StillOwed):
                    await trio.sleep(RETRY_S)

    async def _deal(self, device: VirtualTerminal) -> None:
        await device.flush()
        dice = self.rng.random()
        bought = any(entry.approved and entry.moves_money for entry in device.journal.newest())
        if dice < 0.15 and bought:
            self.tried["reverse"] += 1
            await device.reverse()
        elif dice < 0.3 and bought:
            self.tried["repeat"] += 1
            _same_as_before(await device.repeat(kind=Kind.PURCHASE))
        else:
            self.tried["purchase"] += 1
            card = CARDS[self.rng.choice(NAMES)]
            await device.purchase(card, Money(self.rng.randint(1, 500), "840"))

    async def _settle(self, device: VirtualTerminal) -> None:
        while True:
            try:
                await device.flush()
                return
            except (LinkError, StillOwed):
                await trio.sleep(RETRY_S)


def _same_as_before(outcome: Outcome) -> None:
    """INV-02: a repeat is told what the first was told, across every crash in between."""
    first, again = outcome.entry.answered, outcome.heard
    if first is not None and first.approved and again is not None and not outcome.entry.undone:
        assert (again.code, again.approval_code, again.rrn) == (
            first.code,
            first.approval_code,
            first.rrn,
        )


@dataclass(slots=True)
class Verdict:
    """The store after it all, beside what every terminal remembers."""

    entries: dict[tuple[str, str], Entry]  # purchases by terminal and STAN
    transactions: dict[tuple[str, str], Transaction]
    postings: list[Posting]
    accounts: list[Account]

    @classmethod
    def read(cls, data: Path, folders: list[Path]) -> Verdict:
        """Open journals and store. The store must pass its own checks."""
        entries: dict[tuple[str, str], Entry] = {}
        for folder in folders:
            journal = Journal(folder)
            for entry in journal.entries.values():
                if entry.sent.kind is Kind.PURCHASE:
                    entries[entry.sent.terminal_id, entry.stan] = entry
            assert journal.owed() == []
            journal.close()
        store = SqliteStore(data / "switch.db")
        try:
            assert store.verify() == []
            purchases = [
                record
                for record in store.scan("transaction")
                if isinstance(record, Transaction) and record.kind is Kind.PURCHASE
            ]
            transactions = {(record.terminal_id, record.stan): record for record in purchases}
            assert len(transactions) == len(purchases), "a STAN was decided twice"
            postings = [one for one in store.scan("posting") if isinstance(one, Posting)]
            accounts = [one for one in store.scan("account") if isinstance(one, Account)]
        finally:
            store.close()
        return cls(entries, transactions, postings, accounts)

    def approvals(self) -> Iterator[tuple[Entry, Transaction]]:
        """What terminals were told is approved, reversed since or not, with its transaction."""
        for name, entry in self.entries.items():
            if entry.answered is not None and entry.answered.approved:
                assert name in self.transactions, f"{name} was approved and is lost"
                yield entry, self.transactions[name]

    def nothing_lost(self) -> None:
        """INV-03: each approval that a terminal heard is there, with the very numbers that it
        heard."""
        for entry, transaction in self.approvals():
            answered = entry.answered
            assert answered is not None
            assert transaction.rrn == answered.rrn
            assert transaction.answer.approval_code == answered.approval_code
            assert transaction.amount == Money(entry.sent.amount_minor or 0, "840")
            expected = State.REVERSED if entry.undone else State.APPROVED
            assert transaction.state is expected

    def nothing_left_over(self) -> None:
        """INV-28: what is in effect at the host is approved at its terminal."""
        for name, transaction in self.transactions.items():
            in_effect = transaction.amount_open is not None and transaction.amount_open.minor > 0
            assert in_effect == self.entries[name].approved, name

    def nothing_doubled(self) -> None:
        """INV-20: one posting for each approval, one more for its reversal, none for anything
        else."""
        done = Counter(posting.transaction for posting in self.postings)
        undone = Counter(posting.corrects for posting in self.postings if posting.corrects)
        for transaction in self.transactions.values():
            approved = transaction.state in (State.APPROVED, State.REVERSED)
            assert done[transaction.id] == int(approved), transaction.id
            assert undone[transaction.id] == int(transaction.state is State.REVERSED)

    def money_adds_up(self) -> None:
        """INV-60: balances are the fold of postings, and postings the fold of what terminals
        approved."""
        fold: Counter[str] = Counter()
        for posting in self.postings:
            assert sum(entry.amount_minor for entry in posting.entries) == 0
            for entry in posting.entries:
                fold[entry.account] += entry.amount_minor
        assert {account.id: account.balance_minor for account in self.accounts} == {
            account.id: fold[account.id] for account in self.accounts
        }
        taken = sum(e.sent.amount_minor or 0 for e in self.entries.values() if e.approved)
        earned = sum(a.balance_minor for a in self.accounts if a.kind == "merchant")
        assert earned == taken


@pytest.mark.parametrize(
    "kills",
    [KILLS, pytest.param(8 * KILLS, marks=[pytest.mark.deep, pytest.mark.timeout(900)])],
    ids=["some", "many"],
)
async def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice(
    make_host: Callable[..., HostProcess], tmp_path: Path, kills: int
) -> None:
    """S-01, M-23, INV-02, INV-03, INV-20, INV-28, INV-60: after many kills terminals and store
    agree."""
    host = make_host()
    rng = random.Random(SEED)
    closing = trio.Event()
    await trio.to_thread.run_sync(host.start)
    shops = [Shop(number, tmp_path, host, closing) for number in range(TERMINALS)]
    async with trio.open_nursery() as nursery:
        for shop in shops:
            nursery.start_soon(shop.run)
        for _ in range(kills):
            await trio.sleep(rng.uniform(0.05, 0.8))
            await trio.to_thread.run_sync(host.kill)
            await trio.to_thread.run_sync(host.start)
        await trio.sleep(0.5)
        closing.set()
    assert await trio.to_thread.run_sync(host.stop) == 0

    tried = sum((shop.tried for shop in shops), Counter())
    assert min(tried["purchase"], tried["reverse"], tried["repeat"]) > kills
    verdict = Verdict.read(host.data, [shop.folder for shop in shops])
    assert len(list(verdict.approvals())) > kills
    verdict.nothing_lost()
    verdict.nothing_left_over()
    verdict.nothing_doubled()
    verdict.money_adds_up()
