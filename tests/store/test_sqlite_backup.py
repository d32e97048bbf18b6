"""Backups: whole and sound or not there, from a store that is being written or one that is not."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from switch.store import sqlite_backup
from switch.store.columns import SHELVES
from switch.store.port import Change, StoreRefused
from switch.store.sqlite import SqliteStore
from switch.store.sqlite_backup import PARTIAL, Backup, back_up, inspect, restore
from switch.store.sqlite_migrate import Migration, shipped_migrations
from switch.store.sqlite_open import OpenOptions

Opener = Callable[..., SqliteStore]


def fill(store: SqliteStore, make: Any, start: int, count: int) -> None:
    """So many purchases."""
    payer, payee = make.account(f"payer{start}"), make.account(f"payee{start}")
    store.append([Change("open", 1, (payer, payee))])
    for number in range(start, start + count):
        change, payer, payee = make.purchase(number, payer, payee)
        store.append([change])


def everything(store: SqliteStore) -> list[object]:
    """All that a store holds."""
    records = [record for table in SHELVES for record in store.scan(table)]
    return [*store.journal(), *records, store.meta_get("master_key_check")]


@pytest.fixture
def store(open_sqlite: Opener, make: Any) -> SqliteStore:
    """A store in use, whose newest rows are in its write-ahead log."""
    opened = open_sqlite(key_check="ABC")
    fill(opened, make, 0, 60)
    return opened


def names(folder: Path) -> set[str]:
    """What is in a folder."""
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("stopped", [False, True])
def test_a_backup_becomes_the_same_store(
    store: SqliteStore, database: Path, tmp_path: Path, make: Any, stopped: bool
) -> None:
    """Beside the writer or after its stop: every record, row and note; what came later is not."""
    expected = everything(store)
    if stopped:
        store.close()
    target = tmp_path / "monday.db"
    made = back_up(database, target)
    assert made == Backup(61, 1_790_000_000_000_059, "ABC")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert names(tmp_path) == {database.parent.name, "monday.db"}
    if not stopped:
        fill(store, make, 100, 5)
    assert inspect(target) == made
    fresh = tmp_path / "fresh" / "switch.db"
    fresh.parent.mkdir()
    restore(target, fresh)
    assert names(fresh.parent) == {"switch.db"}
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o600
    again = SqliteStore(fresh, key_check="ABC")
    assert everything(again) == expected
    assert again.verify() == []
    assert again.meta_get("backup") is None
    fill(again, make, 200, 5)
    again.close()


def test_a_writer_that_goes_on_is_not_held_up(
    store: SqliteStore, database: Path, tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed during the copy belongs to the next one; this one stays one moment."""
    really = sqlite_backup._marked

    def meanwhile(copy: apsw.Connection, path: Path) -> Backup:
        fill(store, make, 300, 5)
        return really(copy, path)

    monkeypatch.setattr(sqlite_backup, "_marked", meanwhile)
    made = back_up(database, tmp_path / "monday.db")
    assert made.sequence == 61
    assert inspect(tmp_path / "monday.db") == made


def test_nothing_is_written_over(store: SqliteStore, database: Path, tmp_path: Path) -> None:
    """Yesterday's backup is not lost to a typing error."""
    target = tmp_path / "monday.db"
    target.write_bytes(b"precious")
    with pytest.raises(StoreRefused, match="is there already: name another file"):
        back_up(database, target)
    assert target.read_bytes() == b"precious"


def test_where_it_cannot_be_written(store: SqliteStore, database: Path, tmp_path: Path) -> None:
    """The sentence names the file; the store has nothing to do with it."""
    with pytest.raises(StoreRefused, match=r"nowhere/monday\.db: cannot be written: No such"):
        back_up(database, tmp_path / "nowhere" / "monday.db")
    with pytest.raises(StoreRefused, match="there is no store"):
        back_up(tmp_path / "none.db", tmp_path / "monday.db")
    assert names(tmp_path) == {database.parent.name}


def test_a_full_disk_leaves_nothing(
    store: SqliteStore, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-09: told as what it is, and no half file stays."""

    def full(*_: object) -> None:
        raise apsw.exception_for(apsw.SQLITE_FULL)

    monkeypatch.setattr("switch.store.sqlite_reader.SqliteReader.copy_into", full)
    with pytest.raises(StoreRefused, match=r"monday.db.partial: the disk is full.*make room"):
        back_up(database, tmp_path / "monday.db")
    assert names(tmp_path) == {database.parent.name}


@pytest.mark.parametrize("at", ["_marked", "_sound", "_in_place"])
def test_a_kill_in_the_middle_leaves_no_backup(
    store: SqliteStore, database: Path, tmp_path: Path, at: str
) -> None:
    """S-02: at whichever step; what is left is refused, and the next one is as good as any."""
    store.close()
    target = tmp_path / "monday.db"
    child = os.fork()
    if not child:
        setattr(sqlite_backup, at, lambda *_: os._exit(9))
        back_up(database, target)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert not target.exists()
    partial = target.with_name(target.name + PARTIAL)
    assert partial.exists()
    with pytest.raises(StoreRefused, match="was never finished"):
        inspect(partial)
    if at == "_marked":  # under whatever name
        partial.rename(tmp_path / "renamed.db")
        with pytest.raises(StoreRefused, match="no finished backup"):
            inspect(tmp_path / "renamed.db")
    made = back_up(database, target)
    assert inspect(target) == made


def test_a_kill_in_the_middle_of_a_restore(
    store: SqliteStore, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-02: there is no store yet, and the restore can be said again."""
    target = tmp_path / "monday.db"
    back_up(database, target)
    fresh = tmp_path / "fresh" / "switch.db"
    fresh.parent.mkdir()
    child = os.fork()
    if not child:
        sqlite_backup._in_place = lambda *_: os._exit(9)
        restore(target, fresh)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert not fresh.exists()
    restore(target, fresh)
    again = SqliteStore(fresh)
    assert again.verify() == []
    again.close()


def test_a_cut_or_changed_backup_is_refused(
    store: SqliteStore, database: Path, tmp_path: Path
) -> None:
    """S-07: each of its pages is looked at before it is trusted."""
    target = tmp_path / "monday.db"
    back_up(database, target)
    whole = target.read_bytes()
    bad = tmp_path / "bad.db"
    for kept in (0, 1, 99, 8192, len(whole) // 2, len(whole) - 8192, len(whole) - 1):
        bad.write_bytes(whole[:kept])
        with pytest.raises(StoreRefused):
            inspect(bad)
    for start in range(0, len(whole), 8192):
        bad.write_bytes(whole[:start] + bytes(8192) + whole[start + 8192 :])
        with pytest.raises(StoreRefused):
            inspect(bad)


def test_what_is_no_backup_is_refused(store: SqliteStore, database: Path, tmp_path: Path) -> None:
    """A store is none: it may be in use, and its newest rows elsewhere."""
    with pytest.raises(StoreRefused, match="there is no such file"):
        inspect(tmp_path / "none.db")
    store.close()
    with pytest.raises(StoreRefused, match="no finished backup: take one with isoswitch backup"):
        inspect(database)
    other = tmp_path / "other.db"
    apsw.Connection(str(other)).execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreRefused, match="no database of isoswitch"):
        inspect(other)
    other.write_text("[settings]\n" * 200)
    with pytest.raises(StoreRefused) as refused:
        inspect(other)
    assert str(refused.value) == f"{other}: is damaged, or no backup at all: name another"


def test_backups_of_other_versions_are_refused(
    store: SqliteStore, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-14: the sentence says which program to take."""
    target = tmp_path / "monday.db"
    back_up(database, target)
    shipped = shipped_migrations()
    more = Migration.of(f"{len(shipped) + 1:04d}_more.sql", "CREATE TABLE more (x)")
    monkeypatch.setattr(sqlite_backup, "shipped_migrations", lambda: (*shipped, more))
    with pytest.raises(StoreRefused, match="made by an older isoswitch: restore it with that"):
        inspect(target)
    monkeypatch.setattr(sqlite_backup, "shipped_migrations", lambda: shipped[:1])
    with pytest.raises(StoreRefused, match="made by a newer isoswitch"):
        inspect(target)


def test_an_empty_store_has_a_backup_too(database: Path, tmp_path: Path) -> None:
    """There is no newest row to name."""
    SqliteStore(database, options=OpenOptions()).close()
    assert back_up(database, tmp_path / "monday.db") == Backup(0, 0)
    assert inspect(tmp_path / "monday.db").sequence == 0
