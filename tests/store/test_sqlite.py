"""The SQLite adapter: what the contract does not say, because only a file has it."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from switch.model.records import next_version
from switch.model.words import Delivery
from switch.store import sqlite
from switch.store.columns import SHELVES
from switch.store.port import (
    Change,
    Committed,
    Conflict,
    StoreBroken,
    StoreRefused,
    StoreUnavailable,
)
from switch.store.sqlite import SqliteStore
from switch.store.sqlite_open import OpenOptions
from switch.store.sqlite_statements import scan_query, scan_range

Opener = Callable[..., SqliteStore]
QUICK = OpenOptions(busy_timeout_s=0.05)


@contextmanager
def held_by_another_program(database: Path, lock: str = "IMMEDIATE") -> Iterator[None]:
    """Another program's write transaction."""
    other = apsw.Connection(str(database))
    other.execute(f"BEGIN {lock}")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def tamper(database: Path, *statements: str) -> None:
    """What somebody with a SQL shell and bad intentions would do."""
    other = apsw.Connection(str(database))
    for trigger in ("journal_is_never_changed", "journal_is_never_shortened"):
        other.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in statements:
        other.execute(statement)
    other.close()


@pytest.fixture
def filled(open_sqlite: Opener, make: Any) -> SqliteStore:
    """A store with three accounts, the first one changed once, and a transaction."""
    store = open_sqlite()
    first = make.account("a")
    store.append([Change("one", 1, (first, make.account("b"))), Change("two", 2, ())])
    store.append([Change("three", 3, (next_version(first, balance_minor=9), make.account("c")))])
    store.append([Change("four", 4, (make.transaction(),))])
    return store


def test_files_are_private(open_sqlite: Opener, database: Path, make: Any) -> None:
    """SR-GEN-04: every file with mode 0600, the folder with 0700, whatever the umask."""
    before = os.umask(0)
    try:
        store = open_sqlite()
        store.append([Change("x", 1, (make.account(),))])
    finally:
        os.umask(before)
    assert stat.S_IMODE(database.parent.stat().st_mode) == 0o700
    names = {path.name: stat.S_IMODE(path.stat().st_mode) for path in database.parent.iterdir()}
    assert {"switch.db", "switch.db-wal", "switch.db.lock"} <= names.keys()
    assert set(names.values()) == {0o600}


def test_everything_is_there_after_reopening(
    filled: SqliteStore, open_sqlite: Opener, make: Any
) -> None:
    """Records, journal and the end of the chain survive; the next append continues it."""
    rows = list(filled.journal())
    filled.close()
    again = open_sqlite()
    assert list(again.journal()) == rows
    assert again.load([make.transaction().key])[make.transaction().key] == make.transaction()
    assert again.append([Change("more", 5, (make.account("d"),))]) == Committed(5)
    assert again.verify() == []


def test_settings_that_durability_rests_on(open_sqlite: Opener) -> None:
    """WAL with a sync at every commit, and no memory map, which would turn read errors into
    signals.
    """
    connection = open_sqlite()._connection
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    assert connection.pragma("mmap_size") == 0
    assert connection.pragma("wal_autocheckpoint") == 0


def test_the_journal_refuses_change(filled: SqliteStore) -> None:
    """Append-only by trigger: an honest mistake in a SQL shell changes nothing."""
    for statement in ("UPDATE journal SET body = x'00'", "DELETE FROM journal"):
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            filled._connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE journal SET body = CAST(replace(body, 'two', '2') AS BLOB) WHERE sequence = 2",
            "row 2 was changed",
        ),
        ("UPDATE journal SET hash = zeroblob(32) WHERE sequence = 2", "row 2 was changed"),
        ("DELETE FROM journal WHERE sequence = 2", "row 2 is missing"),
        ("DELETE FROM journal WHERE sequence = 4", "transaction T1/000001: the journal does not"),
        ("UPDATE record SET state = 'declined' WHERE kind = 1", "look-up columns differ"),
        ("UPDATE record SET delivery = NULL WHERE kind = 1", "look-up columns differ"),
        ("UPDATE record SET stan = '1' WHERE id = 'c'", "account c: its look-up columns differ"),
        ("UPDATE record SET version = 3 WHERE id = 'a'", "account a: the journal holds another"),
        ("UPDATE record SET start = start + 1 WHERE id = 'b'", "account b: the journal does not"),
        ("UPDATE record SET length = length - 1 WHERE id = 'b'", "account b: the journal does not"),
        ("DELETE FROM record WHERE id = 'b'", "account b: version 0 is held"),
        (
            "UPDATE record SET version = 1, sequence = 1 WHERE id = 'a'",
            "account a: ",
        ),
    ],
)
def test_verify_names_what_was_tampered_with(
    filled: SqliteStore, database: Path, statement: str, said: str
) -> None:
    """The chain guards the journal, the journal guards the records."""
    tamper(database, statement)
    faults = filled.verify()
    assert any(said in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE record SET delivery = 'failed' WHERE kind = 1", "look-up columns differ"),
        ("UPDATE record SET version = 1 WHERE kind = 1", "holds another record or version"),
        ("UPDATE record SET sent = sent - 1 WHERE kind = 1", "says elsewhere"),
        (
            "UPDATE record SET sent = NULL, version = 1, delivery = 'pending' WHERE kind = 1",
            "version 1 is held, the journal's last one is 2",
        ),
    ],
)
def test_verify_guards_what_was_sent(
    open_sqlite: Opener, database: Path, make: Any, statement: str, said: str
) -> None:
    """The note that an answer was sent is held against the row of the journal that says so."""
    store = open_sqlite()
    first = make.transaction(delivery=Delivery.PENDING)
    store.append([Change("request", 1, (first,))])
    store.append([Change("delivery", 2, (), (next_version(first, delivery=Delivery.SENT),))])
    assert store.verify() == []
    tamper(database, statement)
    faults = store.verify()
    assert any(said in fault for fault in faults), faults


def test_people_see_the_version_that_was_sent(open_sqlite: Opener, make: Any) -> None:
    """The view for a SQL shell shows the delivery too."""
    store = open_sqlite()
    first = make.transaction(delivery=Delivery.PENDING)
    store.append([Change("request", 1, (first,))])
    store.append([Change("delivery", 2, (), (next_version(first, delivery=Delivery.SENT),))])
    shown = "SELECT body ->> '$.delivery', body ->> '$.version' FROM current_record"
    assert store._connection.execute(shown).fetchall() == [("sent", 2)]


def test_verify_finds_a_record_put_back_to_an_older_version(
    filled: SqliteStore, database: Path
) -> None:
    """A whole, valid but stale version: only the sum over all versions tells."""
    start = next(filled.journal()).body.index(b'{"id":"a"')
    old = next(filled.journal()).body[start:].split(b"]")[0]
    tamper(
        database,
        f"UPDATE record SET version = 1, sequence = 1, start = {start}, length = {len(old)} "
        "WHERE id = 'a'",
    )
    assert filled.verify() == ["account a: version 1 is held, the journal's last one is 2"]


def test_a_cut_tail_is_refused_at_the_start(
    filled: SqliteStore, open_sqlite: Opener, database: Path
) -> None:
    """S-07: records that point at rows which are gone."""
    filled.close()
    tamper(database, "DELETE FROM journal WHERE sequence >= 3")
    with pytest.raises(StoreRefused, match="content check failed"):
        open_sqlite()


def test_another_writer_of_the_journal_breaks_the_store(
    filled: SqliteStore, database: Path, make: Any
) -> None:
    """Somebody wrote behind our back: nothing is kept, and the store says so from then on."""
    tamper(database, "INSERT INTO journal VALUES (5, '1', x'00', x'00', x'00')")
    record = make.account("z")
    for _ in range(2):
        with pytest.raises(StoreBroken, match="another program wrote"):
            filled.append([Change("x", 1, (record,))])


def test_lock_of_another_program(filled: SqliteStore, open_sqlite: Opener, make: Any) -> None:
    """S-08: waits, then nothing is kept and nothing half done; works again by itself."""
    filled.close()
    store = open_sqlite(options=QUICK)
    record = make.account("z")
    with held_by_another_program(store._path):
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable, match="locked by another program"):
            store.append([Change("x", 1, (record,))])
        assert time.monotonic() - begun >= QUICK.busy_timeout_s
        assert store.load([record.key]) == {record.key: None}  # reading goes on
    assert store.append([Change("x", 1, (record,))]) == Committed(5)
    assert store.verify() == []


def test_a_lock_that_is_let_go_in_time_is_waited_for(
    filled: SqliteStore, database: Path, make: Any
) -> None:
    """S-08: within the five seconds of the default nobody notices but by the delay."""
    import threading

    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with held_by_another_program(database):
            holding.set()
            done.wait(0.3)

    other = threading.Thread(target=hold)
    other.start()
    holding.wait()
    assert filled.append([Change("x", 1, (make.account("z"),))]) == Committed(5)
    other.join()


def test_master_key_of_another_store_is_refused(open_sqlite: Opener) -> None:
    """SR-KEY-12: the store notes the check value of the first key and takes no other."""
    open_sqlite(key_check="0123456789").close()
    open_sqlite(key_check="0123456789").close()
    open_sqlite().close()
    with pytest.raises(StoreRefused, match="sealed under the master key 0123456789"):
        open_sqlite(key_check="9876543210")
    open_sqlite(key_check="0123456789").close()


def test_the_log_is_taken_over_and_stays_short(
    open_sqlite: Opener, database: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints keep the write-ahead log near its bound; nothing is lost over them."""
    monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 20)
    store = open_sqlite()
    payer, payee = make.account("payer"), make.account("payee")
    store.append([Change("open", 1, (payer, payee))])
    for number in range(200):
        change, payer, payee = make.purchase(number, payer, payee)
        assert isinstance(store.append([change]), Committed)
    wal = database.with_name("switch.db-wal")
    assert wal.stat().st_size < 60 * 8192
    assert store.verify() == []
    store.close()
    assert not wal.exists() or wal.stat().st_size == 0
    assert open_sqlite().load([payer.key]) == {payer.key: payer}


def test_a_reader_in_the_way_only_delays_the_checkpoint(
    open_sqlite: Opener, database: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that reads for long makes the log grow, and does not stop payments."""
    monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 5)
    store = open_sqlite()
    store.append([Change("open", 1, (make.account("a"),))])
    reader = apsw.Connection(str(database))
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM journal").fetchall() == [(1,)]
    for number in range(50):
        store.append([Change("x", 1, (make.account(f"n{number}"),))])
    assert reader.execute("SELECT count(*) FROM journal").fetchall() == [(1,)]
    reader.close()
    for number in range(50, 60):
        store.append([Change("x", 1, (make.account(f"n{number}"),))])
    assert store._wal_pages < 50
    assert store.verify() == []


@pytest.mark.parametrize(
    ("table", "equal", "way"),
    [
        ("account", {}, "record_few (kind=? AND id>? AND id<?)"),
        ("terminal", {"merchant_id": "M"}, "record_few (kind=? AND id>? AND id<?)"),
        ("transaction", {"terminal_id": "T", "batch": "T|1"}, "PRIMARY KEY (id>? AND id<?)"),
        ("posting", {"transaction": "T|1"}, "PRIMARY KEY (id>? AND id<?)"),
        ("transaction", {"original_key": "T|1"}, "record_follower (original_key=?"),
        ("hold", {"state": "open"}, "record_open_hold (id>? AND id<?)"),
        ("upload_item", {"batch": "T|1"}, "record_few (kind=? AND id>? AND id<?)"),
    ],
)
def test_scans_use_their_index(
    filled: SqliteStore, table: str, equal: dict[str, str], way: str
) -> None:
    """An index that the planner does not take is only a cost."""
    shelf = SHELVES[table]
    plan = filled._connection.execute(
        f"EXPLAIN QUERY PLAN {scan_query(shelf, equal)}",
        (*scan_range(shelf, equal), *equal.values()),
    ).fetchall()
    assert way in str(plan), plan
    assert "TEMP B-TREE" not in str(plan)


def test_recovery_uses_its_index(filled: SqliteStore) -> None:
    """P-04: the start must not read every transaction that ever was."""
    from switch.store.sqlite_statements import UNFINISHED

    plan = filled._connection.execute(f"EXPLAIN QUERY PLAN {UNFINISHED}").fetchall()
    assert any("record_unfinished" in str(step) for step in plan), plan


def test_scan_goes_on_while_records_are_appended(open_sqlite: Opener, make: Any) -> None:
    """No read stays open between pages: the append in the middle neither waits nor is lost."""
    store = open_sqlite()
    store.append([Change("x", 1, tuple(make.account(f"{n:04d}") for n in range(600)))])
    scan = store.scan("account")
    seen = [next(scan)]
    store.append([Change("y", 2, (make.account("9999"),))])
    seen += scan
    assert [record.id for record in seen] == [f"{n:04d}" for n in range(600)] + ["9999"]


def test_unfinished_come_in_order_of_their_last_change(open_sqlite: Opener, make: Any) -> None:
    """The oldest doubt is resolved first."""
    store = open_sqlite()
    names = ["z", "a", "m"]
    for name in names:
        pending = make.transaction(name, delivery=Delivery.PENDING)
        store.append([Change("x", 1, (pending,))])
    assert [key.id for key in store.unfinished()] == names


def test_conflict_names_every_stale_record(filled: SqliteStore, make: Any) -> None:
    """The engine drops exactly these rows and decides again."""
    stale = make.account("a"), make.account("b", version=5)
    outcome = filled.append([Change("x", 1, (make.account("new"), *stale))])
    assert outcome == Conflict(tuple(record.key for record in stale))
