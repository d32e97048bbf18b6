"""What opens and what does not: damage, foreign schemas, half-made files, faulty libraries."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from switch.store import sqlite_errors
from switch.store.columns import SHELVES
from switch.store.port import Change, StoreRefused, StoreUnavailable
from switch.store.sqlite import SqliteStore
from switch.store.sqlite_migrate import Migration, shipped_migrations
from switch.store.sqlite_open import PAGE_SIZE, OpenOptions

Opener = Callable[..., SqliteStore]
NEXT = f"{len(shipped_migrations()) + 1:04d}"
MORE = Migration.of(f"{NEXT}_more.sql", "CREATE TABLE more (x); CREATE TABLE most (y);")


@pytest.fixture
def closed(open_sqlite: Opener, database: Path, make: Any) -> Path:
    """A database of some dozens of pages, closed, so that all is in the one file."""
    store = open_sqlite()
    payer, payee = make.account("payer"), make.account("payee")
    store.append([Change("open", 1, (payer, payee))])
    for number in range(90):
        change, payer, payee = make.purchase(number, payer, payee)
        store.append([change])
    store.close()
    return database


def refused(database: Path, match: str, **options: Any) -> None:
    """Opening is refused with these words, and not a byte of the folder's databases changes."""
    before = {path: path.read_bytes() for path in database.parent.glob("*.db")}
    with pytest.raises(StoreRefused, match=match):
        SqliteStore(database, options=OpenOptions(**options))
    assert {path: path.read_bytes() for path in database.parent.glob("*.db")} == before


def everything(store: SqliteStore) -> list[object]:
    """All that the store can serve."""
    records = [record for table in SHELVES for record in store.scan(table)]
    return [*store.journal(), *records, *store.unfinished(), *store.verify()]


@pytest.mark.parametrize("damage", ["zeros", "noise", "a byte"])
def test_a_damaged_page_is_never_served(closed: Path, damage: str) -> None:
    """S-07: every page in turn. The start is refused with the check that failed and the cure; only
    a byte that belongs to nothing any more may change, for then nothing that is served does.
    """
    whole = closed.read_bytes()
    store = SqliteStore(closed)
    content = everything(store)
    store.close()
    missed, refusals = 0, []
    assert len(whole) > 20 * PAGE_SIZE
    noise = random.Random(7)
    for start in range(0, len(whole), PAGE_SIZE):
        page = whole[start : start + PAGE_SIZE]
        match damage:
            case "zeros":
                bad = bytes(PAGE_SIZE)
            case "noise":
                bad = noise.randbytes(PAGE_SIZE)
            case _:
                used = max(index for index, byte in enumerate(page) if byte)
                bad = page[:used] + bytes([page[used] ^ 0x55]) + page[used + 1 :]
        closed.write_bytes(whole[:start] + bad + whole[start + PAGE_SIZE :])
        try:
            store = SqliteStore(closed)
        except StoreRefused as refusal:
            refusals.append(str(refusal))
            continue
        missed += 1
        assert everything(store) == content
        store.close()
    assert all(re.search("damaged|check failed|no database of|another", r) for r in refusals)
    assert missed <= (len(whole) // PAGE_SIZE // 10 if damage == "a byte" else 0)


@pytest.mark.parametrize("kept", [0, 1, 99, PAGE_SIZE, -PAGE_SIZE, -1])
def test_a_shortened_file_is_refused(closed: Path, kept: int) -> None:
    """S-07: an empty file too, because a first start never leaves one."""
    closed.write_bytes(closed.read_bytes()[:kept])
    refused(closed, "damaged|check failed")


def test_a_log_without_its_database_is_refused(closed: Path) -> None:
    """Making a new database beside it would throw the log's commits away."""
    closed.rename(closed.with_name("elsewhere.db"))
    closed.with_name("switch.db-wal").write_bytes(b"x")
    refused(closed, "the database is missing but its log")


def test_a_first_start_that_was_cut_short_is_made_good(database: Path) -> None:
    """What is made under another name counts for nothing until it is in place."""
    database.parent.mkdir()
    database.with_name("switch.db.new").write_bytes(b"half")
    database.with_name("switch.db.new-journal").write_bytes(b"half")
    SqliteStore(database).close()
    assert {path.name for path in database.parent.iterdir()} == {"switch.db", "switch.db.lock"}


def test_a_foreign_database_is_refused(database: Path) -> None:
    """S-14: somebody named the wrong file; it stays what it is, journal mode included."""
    database.parent.mkdir()
    other = apsw.Connection(str(database))
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    refused(database, "no database of isoswitch")


def test_a_newer_schema_is_refused(closed: Path) -> None:
    """S-14: nothing is changed, the message says what to start."""
    steps = (*shipped_migrations(), MORE)
    SqliteStore(closed, options=OpenOptions(migrations=steps)).close()
    refused(closed, f"at step {len(steps)} .more.*made by a newer isoswitch")


def test_an_unknown_older_schema_is_refused(closed: Path) -> None:
    """S-14: a step whose checksum is not ours was never one of ours."""
    first, *rest = shipped_migrations()
    other = Migration.of("0001_other.sql", first.sql + "-- another comment")
    refused(closed, "step 1 .*not the one of this program", migrations=(other, *rest))


def test_an_older_schema_of_ours_is_brought_up_to_date(closed: Path) -> None:
    """Steps that the database lacks are applied once, and recorded."""
    steps = (*shipped_migrations(), MORE)
    for _ in range(2):
        store = SqliteStore(closed, options=OpenOptions(migrations=steps))
        rows = store._connection.execute("SELECT number, name, checksum FROM migration").fetchall()
        assert rows == [(step.number, step.name, step.checksum) for step in steps]
        assert store._connection.table_exists("main", "most")
        store.close()


def test_a_store_of_before_there_were_batches_is_brought_up_to_date(closed: Path) -> None:
    """Its transactions belong to no batch, and every record still agrees with the journal."""
    connection = apsw.Connection(str(closed))
    for statement in (
        "DROP INDEX record_follower",
        "DROP INDEX record_open_hold",
        "ALTER TABLE record DROP COLUMN batch",
        "ALTER TABLE record DROP COLUMN original_key",
        "DELETE FROM kind WHERE number > 10",
        "DELETE FROM migration WHERE number > 1",
    ):
        connection.execute(statement)
    connection.close()
    store = SqliteStore(closed)
    try:
        assert store.verify() == []
        assert len(list(store.scan("transaction", batch=""))) == 90
    finally:
        store.close()


def test_a_failing_step_leaves_the_schema_as_it_was(closed: Path) -> None:
    """S-02: a migration happens wholly or not at all."""
    bad = Migration.of(f"{NEXT}_bad.sql", "CREATE TABLE more (x); CREATE TABLE more (x);")
    with pytest.raises(StoreRefused, match="already exists"):
        SqliteStore(closed, options=OpenOptions(migrations=(*shipped_migrations(), bad)))
    store = SqliteStore(closed)
    assert not store._connection.table_exists("main", "more")
    store.close()


def test_steps_are_numbered_without_a_gap() -> None:
    """Files sort in the order of their numbers."""
    numbers = [step.number for step in shipped_migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_locked_for_good_at_the_start(closed: Path) -> None:
    """S-08: another program holds the file exclusively; the start gives up after the wait."""
    other = apsw.Connection(str(closed))
    other.pragma("locking_mode", "EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable, match="locked by another program"):
        SqliteStore(closed, options=OpenOptions(busy_timeout_s=0.05))
    other.execute("ROLLBACK")
    other.close()
    SqliteStore(closed).close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """The reason is said instead of a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreRefused, match="cannot be made"):
        SqliteStore(tmp_path / "file" / "switch.db")


@pytest.mark.parametrize(
    ("version", "faulty"),
    [
        ("3.6.23", False),
        ("3.7.0", True),
        ("3.40.1", True),
        ("3.44.5", True),
        ("3.44.6", False),
        ("3.44.7", True),
        ("3.50.6", True),
        ("3.50.7", False),
        ("3.51.2", True),
        ("3.51.3", False),
        ("3.54.1", False),
        ("4.0.0", False),
    ],
)
def test_libraries_with_the_wal_reset_fault_are_refused(
    database: Path, monkeypatch: pytest.MonkeyPatch, version: str, faulty: bool
) -> None:
    """SR-SUP-04: 3.7.0 to 3.51.2 but for the two that were patched."""
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)
    assert sqlite_errors.has_wal_reset_fault(version) is faulty
    if faulty:
        refused(database, f"SQLite {version} can lose committed transactions")
        assert not database.exists()


def test_a_disk_too_full_for_the_index_is_told_to_be_full(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-09: nothing was written and nothing is damaged; room is all that is lacking."""

    def full(*_: object) -> None:
        raise apsw.exception_for(apsw.SQLITE_IOERR_SHMSIZE)

    monkeypatch.setattr("switch.store.sqlite_open._accept", full)
    with pytest.raises(StoreUnavailable, match="make room on the disk"):
        SqliteStore(closed)
