"""Disks that fail: every write and every sync of an append in turn (S-05, S-06)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from switch.model.records import Account, Key, Record
from switch.store import sqlite
from switch.store.port import Change, Committed, StoreBroken, StoreRefused, StoreUnavailable
from switch.store.sqlite import SqliteStore
from switch.store.sqlite_open import OpenOptions
from tests.store.disks import FailingDisk

ENOUGH = 400  # more operations than any append below has: the loops must end before


@dataclass
class Shop:
    """Purchases on a store, and what they must have left behind."""

    make: Any
    store: SqliteStore
    accounts: dict[str, Account] = field(default_factory=dict)
    kept: dict[Key, Record] = field(default_factory=dict)
    number: int = 0

    def open_accounts(self) -> None:
        payer, payee = self.make.account("payer"), self.make.account("payee")
        self.store.append([Change("open", 1, (payer, payee))])
        self._note(Change("open", 1, (payer, payee)))

    def buy(self, count: int = 8) -> Any:
        """Purchases in one append; noted only when acknowledged."""
        changes = []
        payer, payee = self.accounts["payer"], self.accounts["payee"]
        for number in range(self.number, self.number + count):
            change, payer, payee = self.make.purchase(number, payer, payee)
            changes.append(change)
        outcome = self.store.append(changes)
        assert isinstance(outcome, Committed)
        self.number += count
        for change in changes:
            self._note(change)
        return outcome

    def _note(self, change: Change) -> None:
        for record in change.records:
            self.kept[record.key] = record
            if isinstance(record, Account):
                self.accounts[record.id] = record

    def check(self) -> None:
        """What was acknowledged is there, and nothing else."""
        assert self.store.load(self.kept) == self.kept
        assert len(list(self.store.scan("transaction"))) == self.number
        assert self.store.verify() == []


@pytest.fixture
def disk() -> Iterator[FailingDisk]:
    """A disk that works until told otherwise."""
    with FailingDisk() as failing:
        yield failing


@pytest.fixture
def shop(database: Path, disk: FailingDisk, make: Any) -> Iterator[Shop]:
    """A shop on that disk. Checkpoints come often, so that their writes and syncs are met too."""
    opened = Shop(make, SqliteStore(database, options=on(disk)))
    opened.open_accounts()
    yield opened
    disk.trouble.ends()
    opened.store.close()


@pytest.fixture(autouse=True)
def frequent_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few appends apart."""
    monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 12)


def on(disk: FailingDisk) -> OpenOptions:
    """How to open a store on the disk."""
    return OpenOptions(vfs=disk.name, exclusive=True)


@pytest.mark.parametrize("kind", ["write", "full"])
def test_a_write_that_fails_keeps_nothing_and_passes(
    shop: Shop, disk: FailingDisk, kind: str
) -> None:
    """S-05, S-06: at each write in turn, for as long as it lasts: StoreUnavailable, nothing kept;
    the very same append works when the disk does.
    """
    for after in range(ENOUGH):
        disk.trouble.plan(kind, after)
        try:
            shop.buy()
        except StoreUnavailable:
            shop.check()
            with pytest.raises(StoreUnavailable, match="nothing was kept"):
                shop.buy()
            disk.trouble.ends()
            shop.buy()
            shop.check()
            continue
        if not disk.trouble.failed:
            break  # the append has fewer writes than this
        shop.check()  # the checkpoint failed, not the append
    else:
        pytest.fail("no append got through")
    assert after > 10


@pytest.mark.parametrize("kind", ["write", "full"])
def test_acknowledged_data_survive_a_crash_during_trouble(
    database: Path, disk: FailingDisk, make: Any, kind: str
) -> None:
    """After a failed write the process dies: the next one finds what was acknowledged, no more."""
    shop = Shop(make, SqliteStore(database, options=on(disk)))
    shop.open_accounts()
    for after in range(ENOUGH):
        disk.trouble.plan(kind, after)
        try:
            shop.buy()
        except StoreUnavailable:
            crash(shop.store)
            disk.trouble.ends()
            shop.store = SqliteStore(database, options=on(disk))
            shop.check()
            continue
        if not disk.trouble.failed:
            break
    disk.trouble.ends()
    shop.store.close()


def test_a_sync_that_fails_stops_the_store_for_good(
    database: Path, disk: FailingDisk, make: Any
) -> None:
    """S-06: at each sync in turn: StoreBroken, from then on too, and no second try of the sync.
    The next start finds all that was acknowledged; what was not is there whole or not at all.
    """
    met = 0
    shop = Shop(make, SqliteStore(database, options=on(disk)))
    shop.open_accounts()
    for _ in range(30):
        disk.trouble.plan("sync", met % 3, once=True)
        try:
            shop.buy()
        except StoreBroken:
            met += 1
            syncs = disk.trouble.seen["sync"]
            for use in (shop.buy, shop.check, lambda: list(shop.store.unfinished())):
                with pytest.raises(StoreBroken, match="what is on the disk is not known"):
                    use()
            crash(shop.store)
            assert disk.trouble.seen["sync"] == syncs
            shop.store = SqliteStore(database, options=on(disk))
            settle(shop)
            shop.check()
        else:
            disk.trouble.ends()
    assert met > 5
    shop.store.close()


def test_a_sync_that_fails_while_closing_is_said(shop: Shop, disk: FailingDisk) -> None:
    """S-06: the checkpoint at the end is no exception."""
    shop.buy()
    disk.trouble.plan("sync", 0)
    with pytest.raises(StoreBroken):
        shop.store.close()


def test_a_full_disk_while_closing_loses_nothing(
    shop: Shop, disk: FailingDisk, database: Path, make: Any
) -> None:
    """S-05: what the log holds is durable, the next start takes it over."""
    shop.buy()
    disk.trouble.plan("full", 0)
    shop.store.close()
    disk.trouble.ends()
    shop.store = SqliteStore(database, options=on(disk))
    shop.check()


@pytest.mark.parametrize("kind", ["write", "full", "sync"])
def test_a_first_start_on_a_bad_disk(
    database: Path, disk: FailingDisk, make: Any, kind: str
) -> None:
    """Each operation of making the database fails once: refused or unavailable, and the next start
    begins as if nothing had been.
    """
    for after in range(ENOUGH):
        disk.trouble.plan(kind, after, once=True)
        try:
            store = SqliteStore(database, options=on(disk))
        except (StoreUnavailable, StoreRefused):
            continue
        break
    else:
        pytest.fail("no start got through")
    disk.trouble.ends()
    assert after > 0
    assert store.verify() == []
    store.close()


def crash(store: SqliteStore) -> None:
    """What a dying process leaves: no checkpoint, no tidying; the kernel lets go of the lock."""
    store._connection.close()
    store._lock.release()


def settle(shop: Shop) -> None:
    """An append whose sync failed may be there after all, whole: take it over as recovery would."""
    found = len(list(shop.store.scan("transaction")))
    assert found in {shop.number, shop.number + 8}
    if found > shop.number:
        payer, payee = shop.accounts["payer"], shop.accounts["payee"]
        for number in range(shop.number, found):
            change, payer, payee = shop.make.purchase(number, payer, payee)
            shop._note(change)
        shop.number = found
