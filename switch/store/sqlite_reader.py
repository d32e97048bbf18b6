"""A second, read-only view of a store: for people who ask while the switch runs, or when it is
stopped.

Owns a connection of its own, which takes no lock that a writer waits for, writes nothing and
migrates nothing. Refuses to be trusted with decisions: what it shows may be old by the time it is
read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import apsw
import msgspec

from switch.model.records import Key, Record, Transaction
from switch.store.columns import shelf_for
from switch.store.journal import records_in, time_of
from switch.store.port import JournalRow, StoreBroken, StoreRefused, StoreUnavailable
from switch.store.sqlite_errors import RESTORE, refuse_faulty_library, translated
from switch.store.sqlite_migrate import pending, shipped_migrations
from switch.store.sqlite_rows import (
    DamagedRecord,
    absent,
    followers,
    load_records,
    scan_records,
)
from switch.store.sqlite_statements import NEWEST_ROW, NOTE, UNFINISHED
from switch.store.sqlite_verify import journal_rows, verify

R = TypeVar("R", bound=Record)
T = TypeVar("T")
BUSY_S: Final = 5.0
_NEWEST: Final = (
    "SELECT sequence, body FROM journal WHERE sequence < ? ORDER BY sequence DESC LIMIT 64"
)
_END: Final = 2**62


class SqliteReader:
    """Reads of ``switch.store.port.Store``, over a file that another process may be writing.

    Use it in a ``with``. Raises StoreRefused where there is no store, or none of this program's
    schema, and StoreUnavailable or StoreBroken as the store itself does. Belongs to one thread.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = path = Path(path)
        refuse_faulty_library()
        if not path.is_file():
            raise StoreRefused(
                f"{path}: there is no store: name the data folder of a switch that was started once"
            )
        try:
            self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        except apsw.Error as failure:
            raise self._refused(failure) from None
        try:
            self._accept()
        except apsw.Error as failure:
            self._connection.close()
            raise self._refused(failure) from None
        except BaseException:
            self._connection.close()
            raise

    def _accept(self) -> None:
        connection = self._connection
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        connection.set_busy_timeout(int(BUSY_S * 1000))
        if pending(connection, self._path, shipped_migrations()):
            raise StoreRefused(
                f"{self._path}: its schema is that of an older isoswitch: start the switch once, "
                "it brings the store up to date"
            )

    def _refused(self, failure: apsw.Error) -> StoreRefused:
        return StoreRefused(str(translated(failure, self._path)))

    def load(self, keys: Iterable[Key]) -> Mapping[Key, Record | None]:
        """The current version of each record, ``None`` where there is none."""
        with self._translated():
            return load_records(self._connection, keys)

    def find(self, kind: type[R], record_id: str) -> R | None:
        """The record of that type and id, ``None`` where there is none."""
        record = self.load([Key(kind.TABLE, record_id)])[Key(kind.TABLE, record_id)]
        return record if isinstance(record, kind) else None

    def scan(self, table: str, **equal: str) -> Iterator[Record]:
        """All records of a table whose look-up columns equal the given values, in order of id."""
        return self._through(scan_records(self._connection, shelf_for(table, equal), equal))

    def find_all(self, kind: type[R], **equal: str) -> Iterator[R]:
        """``scan``, by the record's type."""
        return (record for record in self.scan(kind.TABLE, **equal) if isinstance(record, kind))

    def page(self, kind: type[R], after: str, count: int) -> list[R]:
        """So many records of a type at most, in order of id, from behind that id on."""
        records = scan_records(self._connection, shelf_for(kind.TABLE, {}), {}, after)
        found = islice(self._through(records), count)
        return [record for record in found if isinstance(record, kind)]

    def newest(self) -> Iterator[Transaction]:
        """Transactions as they are now, each once, from the one that was decided last backwards."""
        return self._through(self._backwards())

    def _backwards(self) -> Iterator[Transaction]:
        before = _END
        while True:
            page: list[Any] = self._connection.execute(_NEWEST, (before,)).fetchall()
            if not page:
                return
            for _, body in page:
                decided = [
                    Key(table, name)
                    for table, name, version, _ in records_in(body)
                    if table == Transaction.TABLE and version == 1
                ]
                found = load_records(self._connection, decided)
                for key in reversed(decided):
                    record = found[key]
                    if isinstance(record, Transaction):
                        yield record
            before = page[-1][0]

    def followers(self) -> Iterator[Transaction]:
        """Transactions that acted upon another one, those upon the same side by side."""
        found = self._through(followers(self._connection))
        return (record for record in found if isinstance(record, Transaction))

    def absent(self, keys: Iterable[Key]) -> set[Key]:
        """Those of the keys that no record has. Cheaper than to load them."""
        with self._translated():
            return absent(self._connection, keys)

    def head(self) -> tuple[int, int]:
        """Sequence and wall time in microseconds of the journal's newest row; zeros for none."""
        with self._translated():
            rows: list[Any] = self._connection.execute(NEWEST_ROW).fetchall()
            return (rows[0][0], time_of(rows[0][1])) if rows else (0, 0)

    def unfinished(self) -> Iterator[Key]:
        """Keys of transactions that are not final, or whose answer may not be out."""
        with self._translated():
            rows: list[Any] = self._connection.execute(UNFINISHED).fetchall()
        return iter([Key(Transaction.TABLE, record_id) for (record_id,) in rows])

    def journal(self, after: int = 0) -> Iterator[JournalRow]:
        """Rows of the journal with a sequence above ``after``, in order."""
        return self._through(journal_rows(self._connection, after))

    def verify(self) -> list[str]:
        """Integrity, hash chain, records against the journal: what is wrong, empty when sound."""
        try:
            return verify(self._connection)
        except (apsw.CorruptError, apsw.NotADBError) as failure:
            return [f"integrity check: {failure}"]
        except apsw.Error as failure:
            raise translated(failure, self._path) from None

    def meta_get(self, name: str) -> str | None:
        """The note, ``None`` where there is none."""
        with self._translated():
            rows: list[Any] = self._connection.execute(NOTE, (name,)).fetchall()
        return rows[0][0] if rows else None

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads within see the store as it is now, whatever is committed meanwhile.

        The writer goes on; its write-ahead log cannot be brought back until this ends.
        """
        with self._translated():
            self._connection.execute("BEGIN")
            self._connection.execute(NOTE, ("",)).fetchall()  # now, not at the next read
        try:
            yield
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def copy_into(self, target: apsw.Connection) -> None:
        """One moment of the whole database; the writer goes on meanwhile. Raises apsw.Error, which
        is nearly always the target's.
        """
        with target.backup("main", self._connection, "main") as copy:
            copy.step(-1)

    def close(self) -> None:
        """Let go of the file. Idempotent."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _through(self, records: Iterator[T]) -> Iterator[T]:
        with self._translated():
            yield from records

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as failure:
            raise self._said(failure) from None
        except (DamagedRecord, msgspec.MsgspecError):
            raise StoreBroken(f"{self._path}: a record cannot be read; {RESTORE}") from None

    def _said(self, failure: apsw.Error) -> StoreUnavailable | StoreBroken:
        return translated(failure, self._path)
