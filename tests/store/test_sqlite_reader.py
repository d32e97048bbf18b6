"""The read-only view: beside a running switch, after a stop or a kill, and where there is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from switch.model.records import Account, Key, Transaction, next_version
from switch.model.words import Delivery, State
from switch.store.columns import SHELVES
from switch.store.port import Change, StoreBroken, StoreRefused
from switch.store.sqlite import SqliteStore
from switch.store.sqlite_migrate import Migration, shipped_migrations
from switch.store.sqlite_open import OpenOptions
from switch.store.sqlite_reader import SqliteReader

Opener = Callable[..., SqliteStore]


def fill(store: SqliteStore, make: Any, count: int = 40) -> None:
    """Two accounts, so many purchases, and the delivery of each second answer."""
    payer, payee = make.account("payer"), make.account("payee")
    store.append([Change("open", 1, (payer, payee))])
    for number in range(count):
        change, payer, payee = make.purchase(number, payer, payee)
        store.append([change])


def test_it_shows_what_the_store_shows(open_sqlite: Opener, database: Path, make: Any) -> None:
    """Beside the writer and after its stop: the same records, rows, notes and verdict."""
    store = open_sqlite(key_check="abc")
    fill(store, make)
    pending = make.transaction("T9|1", delivery=Delivery.PENDING)
    store.append([Change("request", 9, (pending, make.transaction("T9|2", delivery="pending")))])
    store.append([Change("delivery", 10, (), (next_version(pending, delivery=Delivery.SENT),))])
    expected = {table: list(store.scan(table)) for table in SHELVES}
    journal = list(store.journal())
    unfinished = list(store.unfinished())
    for stopped in (False, True):
        if stopped:
            store.close()
        with SqliteReader(database) as reader:
            assert {table: list(reader.scan(table)) for table in SHELVES} == expected
            assert list(reader.journal()) == journal
            assert list(reader.unfinished()) == unfinished == [Key("transaction", "T9|2")]
            assert reader.verify() == []
            assert reader.meta_get("master_key_check") == "abc"
            assert reader.meta_get("nothing") is None
            assert reader.find(Account, "payer") in expected["account"]
            assert reader.find(Account, "nobody") is None
            assert list(reader.find_all(Transaction, terminal_id="nobody")) == []


def test_the_newest_transaction_comes_first(
    store_with_changes: SqliteStore, database: Path
) -> None:
    """Each once and as it is now, also where its decision lies long back."""
    with SqliteReader(database) as reader:
        found = list(reader.newest())
    assert [one.id for one in found] == [f"T|{number:04d}" for number in reversed(range(200))]
    assert found[-1].state is State.REVERSED
    assert found[-1].version == 2


@pytest.fixture
def store_with_changes(open_sqlite: Opener, make: Any) -> SqliteStore:
    """Two hundred transactions, two a row, then a change of the first one."""
    store = open_sqlite()
    made = [make.transaction(f"T|{number:04d}") for number in range(200)]
    for number in range(0, 200, 2):
        store.append([Change("request", number, tuple(made[number : number + 2]))])
    store.append([Change("request", 999, (next_version(made[0], state=State.REVERSED),))])
    return store


def test_pages_follow_each_other(open_sqlite: Opener, database: Path, make: Any) -> None:
    """Each record once, whatever the page; the last page may be short or empty."""
    names = [f"{number:04d}" for number in range(600)]
    open_sqlite().append([Change("x", 1, tuple(make.account(name) for name in names))])
    with SqliteReader(database) as reader:
        for size in (1, 7, 300, 601):
            found, after = list[str](), ""
            while page := reader.page(Account, after, size):
                assert len(page) <= size
                found += [one.id for one in page]
                after = found[-1]
            assert found == names


def test_a_snapshot_stands_still(open_sqlite: Opener, database: Path, make: Any) -> None:
    """The writer goes on; within the snapshot nothing moves, behind it everything has."""
    store = open_sqlite()
    store.append([Change("x", 1, (make.account("a"),))])
    with SqliteReader(database) as reader:
        with reader.snapshot():
            store.append([Change("x", 2, (make.account("b"),))])
            assert [one.id for one in reader.scan("account")] == ["a"]
            assert reader.load([Key("account", "b")]) == {Key("account", "b"): None}
        assert [one.id for one in reader.scan("account")] == ["a", "b"]


def test_it_reads_what_a_killed_switch_left_in_its_log(
    open_sqlite: Opener, database: Path, make: Any
) -> None:
    """A write-ahead log that nobody has brought in is read, and is left as it is."""
    child = os.fork()
    if not child:
        store = SqliteStore(database)
        store.append([Change("x", 1, (make.account("a"),))])
        os._exit(0)
    os.waitpid(child, 0)
    log = database.with_name("switch.db-wal")
    before = log.read_bytes()
    assert before
    with SqliteReader(database) as reader:
        assert [one.id for one in reader.scan("account")] == ["a"]
    assert log.read_bytes() == before
    assert [one.id for one in open_sqlite().scan("account")] == ["a"]


def test_it_cannot_write(open_sqlite: Opener, database: Path) -> None:
    """Not even by mistake."""
    open_sqlite()
    with SqliteReader(database) as reader, pytest.raises(apsw.ReadOnlyError):
        reader._connection.execute("DELETE FROM note")


def test_where_there_is_no_store(tmp_path: Path, database: Path) -> None:
    """The sentence says what is missing and what to name; nothing is made."""
    with pytest.raises(StoreRefused, match="there is no store: name the data folder"):
        SqliteReader(database)
    assert list(tmp_path.iterdir()) == []
    other = tmp_path / "other.db"
    apsw.Connection(str(other)).execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreRefused, match="no database of isoswitch"):
        SqliteReader(other)
    other.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreRefused, match="damaged"):
        SqliteReader(other)


def test_an_older_or_newer_schema_is_refused(database: Path) -> None:
    """S-14: a view never migrates; the sentence says what to start."""
    shipped = shipped_migrations()
    SqliteStore(database, options=OpenOptions(migrations=shipped[:1])).close()
    with pytest.raises(StoreRefused, match="older isoswitch: start the switch once"):
        SqliteReader(database)
    more = Migration.of(f"{len(shipped) + 1:04d}_more.sql", "CREATE TABLE more (x)")
    SqliteStore(database, options=OpenOptions(migrations=(*shipped, more))).close()
    with pytest.raises(StoreRefused, match="made by a newer isoswitch"):
        SqliteReader(database)


def test_a_record_that_cannot_be_read(open_sqlite: Opener, database: Path, make: Any) -> None:
    """S-07: told as damage with the cure, and without what the record holds."""
    open_sqlite().append([Change("x", 1, (make.account("a"),))])
    other = apsw.Connection(str(database))
    other.execute("UPDATE record SET start = start + 1")
    other.close()
    with SqliteReader(database) as reader:
        assert reader.verify() != []
        for read in (lambda: list(reader.scan("account")), lambda: reader.find(Account, "a")):
            with pytest.raises(StoreBroken, match="a record cannot be read; move the database"):
                read()
