"""The process dies, the power goes: what was acknowledged is there, and the store is sound."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from switch.store import sqlite
from switch.store.port import Change, Committed
from switch.store.sqlite import SqliteStore
from switch.store.sqlite_open import OpenOptions
from tests.store.disks import Operation, RecordingDisk, after_power_cut

CUTS = 60  # moments at which the power goes
FATES = 2  # what may have become of unsynced writes, per moment
KILLS = 6


def purchases(make: Any, disk: RecordingDisk, database: Path, count: int) -> None:
    """Appends of growing size, each acknowledged in the disk's log with the journal's length."""
    store = SqliteStore(database, options=OpenOptions(vfs=disk.name, exclusive=True))
    payer, payee = make.account("payer"), make.account("payee")
    changes = [Change("open", 1, (payer, payee))]
    for number in range(count):
        change, payer, payee = make.purchase(number, payer, payee)
        changes.append(change)
        if len(changes) > number % 5:
            outcome = store.append(changes)
            assert isinstance(outcome, Committed)
            disk.acknowledge(outcome.sequence)
            changes = []
    store._connection.close()
    store._lock.release()


def test_power_loss(
    database: Path, tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-04: cut at any moment, unsynced writes lost, kept, torn or out of order: every acknowledged
    append is there, none in part, and the integrity check passes.
    """
    monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 15)
    SqliteStore(database).close()
    start = {"switch.db": database.read_bytes()}
    with RecordingDisk() as disk:
        purchases(make, disk, database, 90)
        log = list(disk.log)
    ends = {0, *(item.note for item in log)}
    assert sum(item.kind == "sync" and item.name == "switch.db" for item in log) > 2
    fate = random.Random(20261124)
    cuts = sorted(fate.sample(range(len(log) + 1), CUTS))
    for place, cut in enumerate(cuts):
        for chance in range(FATES):
            folder = tmp_path / f"cut-{place}-{chance}"
            folder.mkdir()
            for name, content in after_power_cut(start, log[:cut], fate).items():
                (folder / name).write_bytes(content)
            store = SqliteStore(folder / "switch.db")
            assert store.verify() == []
            rows = len(list(store.journal()))
            assert rows >= promised(log[:cut])
            assert rows in ends
            store.close()


def promised(log: list[Operation]) -> int:
    """Rows of the journal that were acknowledged so far."""
    return max((item.note for item in log if item.kind == "ack"), default=0)


def test_the_game_of_power_loss_can_be_lost(
    database: Path, tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``synchronous=NORMAL`` the same game finds lost appends: it would see a missing sync."""
    SqliteStore(database).close()
    start = {"switch.db": database.read_bytes()}
    real = SqliteStore._check_key

    def careless(store: SqliteStore, key_check: str) -> None:
        store._connection.pragma("synchronous", "NORMAL")
        real(store, key_check)

    monkeypatch.setattr(SqliteStore, "_check_key", careless)
    with RecordingDisk() as disk:
        purchases(make, disk, database, 20)
        log = list(disk.log)
    monkeypatch.undo()
    fate = random.Random(1)
    lost = 0
    for number in range(10):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, content in after_power_cut(start, log, fate).items():
            (folder / name).write_bytes(content)
        store = SqliteStore(folder / "switch.db")
        lost += len(list(store.journal())) < promised(log)
        store.close()
    assert lost > 0


_CHILD = """
import sys
from switch.model.records import Account, next_version
from switch.store import sqlite
from switch.store.port import Change

sqlite.CHECKPOINT_PAGES = 30
store = sqlite.SqliteStore(sys.argv[1])
accounts = {record.id: record for record in store.scan("account")}
for name in ("payer", "payee"):
    if name not in accounts:
        accounts[name] = Account(id=name, version=0, kind="test", currency="840")
while True:
    changes = []
    for _ in range(7):
        for name, cents in (("payer", -100), ("payee", 100)):
            record = accounts[name]
            accounts[name] = next_version(record, balance_minor=record.balance_minor + cents)
        changes.append(Change("pay", 1, tuple(accounts.values())))
    print(store.append(changes).sequence, flush=True)
"""


def test_sigkill(database: Path) -> None:
    """S-01 at the store's level: killed at random moments, each time the next start finds every
    acknowledged append, no half of one, and money that adds up.
    """
    moments = random.Random(9)
    for _ in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(database)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        acknowledged = 0
        for _ in range(moments.randint(1, 60)):
            acknowledged = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, whole_lines(child.stdout.read()))])
        child.wait()
        child.stdout.close()
        store = SqliteStore(database)
        rows = len(list(store.journal()))
        assert rows >= acknowledged
        assert rows % 7 == 0
        balances = {record.id: record for record in store.scan("account")}
        assert {name: record.version for name, record in balances.items()} == {
            "payer": rows,
            "payee": rows,
        }
        assert store.load([balances["payer"].key])[balances["payer"].key] == balances["payer"]
        assert store.verify() == []
        store.close()


def whole_lines(text: str) -> list[str]:
    """What the child had written to the end: a number cut short by the kill is no promise."""
    return text[: text.rfind("\n") + 1].split()
