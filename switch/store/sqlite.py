"""The store on SQLite, through apsw: one file, one connection, one thread, group commit.

Owns the statements and what a failure of them means. Refuses to be shared: one process holds the
file (S-15), one thread the object.

Every append is one transaction and one sync, whatever its size. A record's JSON is written once,
into the journal; the table ``record`` holds each record's version, where its JSON stands, and the
columns of look-ups. Nearly every transaction comes to nothing more than that its answer was sent:
this is noted there, with the row of the journal that says so, beside the first version's JSON.
Versions are checked by the statements themselves: one that meets another version changes no row,
and the count of changed rows tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import apsw

from switch.model.records import Key, Record, Transaction
from switch.store.columns import SHELVES, Shelf, shelf_for
from switch.store.fold import Folded, fold
from switch.store.journal import GENESIS, link
from switch.store.lockfile import LockFile
from switch.store.port import (
    Change,
    Committed,
    Conflict,
    JournalRow,
    StoreBroken,
    StoreRefused,
    StoreUnavailable,
    Unknown,
)
from switch.store.sqlite_errors import RESTORE, translated
from switch.store.sqlite_open import OpenOptions, open_database
from switch.store.sqlite_rows import DamagedRecord, load_records, scan_records
from switch.store.sqlite_statements import (
    HEAD,
    HEAD_OF_WRITER,
    JOURNAL,
    NOTE,
    SET_NOTE,
    UNFINISHED,
    VERSION,
    writes,
)
from switch.store.sqlite_verify import journal_rows, verify

# Of the write-ahead log, 16 MB: after so many pages the database file is brought up to date.
CHECKPOINT_PAGES: Final = 2000
KEY_CHECK: Final = "master_key_check"  # the note that names the master key


class SqliteStore:
    """``switch.store.port.Store`` and ``Notes`` on one SQLite file.

    ``key_check`` is the check value of the master key: the first one given is noted, another one
    later is refused. ``writer`` names this process in the journal's chain. Raises StoreRefused,
    StoreUnavailable.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        writer: str = "1",
        key_check: str = "",
        options: OpenOptions | None = None,
    ) -> None:
        self._path = path = Path(path)
        self._writer = writer
        self._broken: StoreBroken | None = None
        self._closed = False
        self._wal_pages = 0
        self._checkpoint_at = CHECKPOINT_PAGES
        self._sequence = 0
        self._head = GENESIS
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as failure:
            raise StoreRefused(f"{path.parent}: cannot be made: {failure.strerror}") from None
        self._lock = LockFile(path.with_name(f"{path.name}.lock"))
        try:
            self._connection = open_database(path, options or OpenOptions())
            self._connection.set_wal_hook(self._committed)
            self._read_head()
            self._check_key(key_check)
        except BaseException:
            self._let_go()
            raise

    def load(self, keys: Iterable[Key]) -> Mapping[Key, Record | None]:
        """The current version of each record, ``None`` where there is none."""
        self._refuse_broken()
        try:
            return load_records(self._connection, keys)
        except apsw.Error as failure:
            raise self._said(failure) from None
        except DamagedRecord as damaged:
            raise self._damaged(damaged) from None

    def append(self, changes: Sequence[Change]) -> Committed | Conflict | Unknown:
        """Keep all or nothing, durable on return."""
        self._refuse_broken()
        if not changes:
            return Committed(self._sequence)
        folded = fold(changes)
        if isinstance(folded, Conflict):
            return folded
        rows = self._chained(folded.bodies)
        statements = writes(folded.newest.values(), self._sequence + 1)
        try:
            self._checkpoint_if_due()
            if not self._transact(statements, len(folded.newest), rows):
                return Conflict(self._stale(folded))
        except apsw.Error as failure:
            raise self._said(failure) from None
        self._sequence, self._head = rows[-1][0], rows[-1][3]
        return Committed(self._sequence)

    def scan(self, table: str, **equal: str) -> Iterator[Record]:
        """All records of a table whose look-up columns equal the given values, in order of id."""
        return self._scan(shelf_for(table, equal), equal)

    def unfinished(self) -> Iterator[Key]:
        """Keys of transactions that recovery must look at."""
        return (Key(Transaction.TABLE, record_id) for (record_id,) in self._rows(UNFINISHED))

    def journal(self, after: int = 0) -> Iterator[JournalRow]:
        """Rows of the journal with a sequence above ``after``, in order."""
        self._refuse_broken()
        try:
            yield from journal_rows(self._connection, after)
        except apsw.Error as failure:
            raise self._said(failure) from None

    def verify(self) -> list[str]:
        """Pages, hash chain, each record against the journal: what is wrong, empty when sound."""
        self._refuse_broken()
        try:
            return verify(self._connection)
        except (apsw.CorruptError, apsw.NotADBError) as failure:
            return [f"integrity check: {failure}"]
        except apsw.Error as failure:
            raise self._said(failure) from None

    def meta_get(self, name: str) -> str | None:
        """The note, ``None`` where there is none."""
        rows = self._rows(NOTE, (name,))
        return rows[0][0] if rows else None

    def meta_set(self, name: str, value: str) -> None:
        """Write or replace the note; durable on return."""
        self._rows(SET_NOTE, (name, value))

    def close(self) -> None:
        """Bring the database file up to date and let go of it. Raises StoreBroken for a failed
        sync.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if self._broken is None:
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
                # Nothing is left to copy: SQLite may tidy up its log.
                self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        except apsw.Error as failure:
            error = self._said(failure)
            if isinstance(error, StoreBroken):
                raise error from None
            # What the log holds is durable, the next start takes it over.
        finally:
            self._let_go()

    def _let_go(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.close()
        self._lock.release()

    # -- writing ------------------------------------------------------------------------------

    def _chained(self, bodies: Sequence[bytes]) -> list[tuple[int, str, bytes, bytes, bytes]]:
        rows = []
        head = self._head
        for sequence, body in enumerate(bodies, self._sequence + 1):
            previous, head = head, link(head, body)
            rows.append((sequence, self._writer, previous, head, body))
        return rows

    def _transact(
        self,
        statements: Mapping[str, list[tuple[Any, ...]]],
        records: int,
        rows: list[tuple[int, str, bytes, bytes, bytes]],
    ) -> bool:
        """One transaction; False, with nothing kept, where a record has another version."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            before = connection.total_changes()
            for statement, bindings in statements.items():
                connection.executemany(statement, bindings)
            if connection.total_changes() - before != records:
                return False
            connection.executemany(JOURNAL, rows)
            connection.execute("COMMIT")
            return True
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _stale(self, folded: Folded) -> tuple[Key, ...]:
        """The records whose version in the store is not the one that the append builds upon."""
        stale = []
        for (table, record_id), newest in folded.newest.items():
            rows = self._connection.execute(VERSION, (record_id, SHELVES[table].number)).fetchall()
            held = rows[0][0] if rows else 0
            if held != newest.first_version - 1:
                stale.append(Key(table, record_id))
        return tuple(stale)

    def _committed(self, connection: apsw.Connection, name: str, pages: int) -> int:
        """SQLite's hook after each commit: how long the write-ahead log has become."""
        del connection, name
        if pages < self._wal_pages:  # it began anew
            self._checkpoint_at = CHECKPOINT_PAGES
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _checkpoint_if_due(self) -> None:
        """Copy the log into the database file; here, because SQLite's own way hides a failed sync.

        A write that fails or a reader in the way leaves all in the log, where it is safe: it is
        tried again later.
        """
        if self._wal_pages < self._checkpoint_at:
            return
        self._checkpoint_at = self._wal_pages + CHECKPOINT_PAGES
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error as failure:
            if isinstance(translated(failure, self._path), StoreBroken):
                raise

    # -- reading ------------------------------------------------------------------------------

    def _scan(self, shelf: Shelf, equal: Mapping[str, str]) -> Iterator[Record]:
        self._refuse_broken()
        try:
            yield from scan_records(self._connection, shelf, equal)
        except apsw.Error as failure:
            raise self._said(failure) from None
        except DamagedRecord as damaged:
            raise self._damaged(damaged) from None

    def _rows(self, query: str, bindings: tuple[str, ...] = ()) -> list[Any]:
        self._refuse_broken()
        try:
            return self._connection.execute(query, bindings).fetchall()
        except apsw.Error as failure:
            raise self._said(failure) from None

    def _damaged(self, damaged: DamagedRecord) -> StoreBroken:
        self._broken = StoreBroken(
            f"{self._path}: a record of table {damaged} cannot be read; {RESTORE}"
        )
        return self._broken

    def _read_head(self) -> None:
        """Where the journal ends, and what this writer's next row is chained to."""
        rows = self._rows(HEAD)
        self._sequence = rows[0][0] if rows else 0
        rows = self._rows(HEAD_OF_WRITER, (self._writer,))
        self._head = rows[0][0] if rows else GENESIS

    def _check_key(self, key_check: str) -> None:
        noted = self.meta_get(KEY_CHECK)
        if not key_check or noted == key_check:
            return
        if noted is not None:
            raise StoreRefused(
                f"{self._path}: sealed under the master key {noted}, but {key_check} was given: "
                "put the right master key file back"
            )
        self.meta_set(KEY_CHECK, key_check)

    # -- failure ------------------------------------------------------------------------------

    def _refuse_broken(self) -> None:
        if self._broken is not None:
            raise self._broken

    def _said(self, failure: apsw.Error) -> StoreUnavailable | StoreBroken:
        """Our error for SQLite's; a broken store stays broken."""
        error = translated(failure, self._path)
        if isinstance(error, StoreBroken):
            self._broken = error
        return error
