"""Is the database what it should be? Pages, hash chain, and each record against the journal.

Owns the checks; reads only. Refuses to repair.

That no record is stale or missing follows from a sum: each record points at a version that the
journal really holds, a record's versions in the journal count from 1, so the versions of all
records add up to the number of versions in the journal exactly if each record is the newest. Which
row says that an answer was sent is held against the journal by a sum of hashes. Only where a sum
is wrong are the culprits looked for by name, which takes memory for every record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import apsw
import msgspec
from msgspec.structs import astuple, fields

from switch.model.records import Transaction
from switch.store.columns import SHELVES, Shelf
from switch.store.journal import chain_faults, count_records, records_in, sent_in
from switch.store.port import JournalRow

MOST_FAULTS: Final = 20  # a damaged database may have millions; the first ones tell

_COLUMNS: Final = sorted({name for shelf in SHELVES.values() for name in shelf.columns})

_DELIVERY: Final = 2 + _COLUMNS.index("delivery")  # among id, version and columns

_ALL_RECORDS: Final = (
    "SELECT kind, substr(journal.body, start + 1, length), sent, id, version, "  # noqa: S608, own
    + ", ".join(f'"{name}"' for name in _COLUMNS)
    + " FROM record LEFT JOIN journal USING (sequence)"
)


def _glance(shelf: Shelf) -> Callable[[bytes], msgspec.Struct]:
    """A decoder of a record's id, version and columns, in the order of ``_ALL_RECORDS``, that skips
    the rest of its JSON: several times as fast as decoding the record.
    """
    # What a record leaves out of its JSON has its default.
    defaults = {item.name: item.default for item in fields(shelf.kind)}
    read: list[Any] = [("id", str), ("version", int, 1)]
    read += [
        (name, str, defaults[name]) if name in shelf.columns else (name, str | None, None)
        for name in _COLUMNS
    ]
    # What is no column of this table must be NULL, even if the record has a field of that name.
    unread = {name: f"-{name}" for name in _COLUMNS if name not in shelf.columns}
    kind = msgspec.defstruct(shelf.table, read, kw_only=True, rename=unread)
    return msgspec.json.Decoder(kind).decode


_GLANCES: Final = {shelf.number: (shelf.table, _glance(shelf)) for shelf in SHELVES.values()}


class _Tally:
    """What a whole journal comes to, counted while it is read for another reason."""

    def __init__(self) -> None:
        self.versions = 0
        self.sent = 0  # sum of hashes of who was sent, and by which row

    def of(self, rows: Iterable[JournalRow]) -> Iterator[JournalRow]:
        """The rows, each counted once it was looked at."""
        for row in rows:
            yield row
            try:
                versions, sent = count_records(row.body)
            except msgspec.MsgspecError:
                continue  # counts for nothing: the sums tell
            self.versions += versions
            self.sent += sum(hash((record_id, row.sequence)) for record_id in sent)


def verify(connection: apsw.Connection) -> list[str]:
    """Everything that is wrong, at most MOST_FAULTS of each sort; empty when sound.

    One check rests on the other: what damaged pages or rows say about the rest means nothing.
    """
    tally = _Tally()
    return (
        integrity_faults(connection)
        or content_faults(connection, tally)
        or [*_first(_not_newest(connection, tally)), *_first(_sent_elsewhere(connection, tally))]
    )


def integrity_faults(connection: apsw.Connection) -> list[str]:
    """SQLite's own check of every page, index and constraint."""
    rows = connection.execute(f"PRAGMA integrity_check({MOST_FAULTS})").fetchall()
    return [] if rows == [("ok",)] else [f"integrity check: {text}" for (text,) in rows]


def content_faults(connection: apsw.Connection, tally: _Tally | None = None) -> list[str]:
    """The chain, and so each byte of the journal; each record against the row that it points at.
    ``tally`` counts what goes by.
    """
    rows = journal_rows(connection)
    chain = chain_faults(rows if tally is None else tally.of(rows))
    return [*_first(chain), *_first(_record_faults(connection))]


def journal_rows(connection: apsw.Connection, after: int = 0) -> Iterator[JournalRow]:
    """Rows of the journal in order, fetched in pages so that no read stays open in between."""
    while True:
        page: list[Any] = connection.execute(
            "SELECT sequence, writer, previous, hash, body FROM journal "
            "WHERE sequence > ? ORDER BY sequence LIMIT 256",
            (after,),
        ).fetchall()
        if not page:
            return
        for row in page:
            yield JournalRow(*row)
        after = page[-1][0]


def _first(faults: Iterator[str]) -> list[str]:
    return [fault for fault, _ in zip(faults, range(MOST_FAULTS), strict=False)]


def _record_faults(connection: apsw.Connection) -> Iterator[str]:
    for kind, text, sent, *row in connection.execute(_ALL_RECORDS):
        table, glance = _GLANCES.get(kind) or (f"of unknown kind {kind}", None)
        try:
            found = None if glance is None else astuple(glance(text or b""))
        except msgspec.MsgspecError:
            found = None
        if found is not None and sent is not None and found[1] == 1:
            found = (found[0], 2, *found[2:_DELIVERY], "sent", *found[_DELIVERY + 1 :])
        if found == tuple(row):
            continue
        record_id, version, *_ = row
        if found is None:
            yield f"{table} {record_id}: the journal does not hold it"
        elif found[:2] != (record_id, version):
            yield f"{table} {record_id}: the journal holds another record or version in its place"
        else:
            yield f"{table} {record_id}: its look-up columns differ from the journal"


def _not_newest(connection: apsw.Connection, tally: _Tally) -> Iterator[str]:
    """The records that are older than the journal's last word on them, or gone."""
    held_versions = connection.execute("SELECT total(version) FROM record").get
    if held_versions == tally.versions:
        return
    newest = {
        (table, record_id): version
        for row in journal_rows(connection)
        for table, record_id, version in _versions_in(row.body)
    }
    held = {
        (_GLANCES[kind][0], record_id): version
        for kind, record_id, version in connection.execute("SELECT kind, id, version FROM record")
        if kind in _GLANCES
    }
    for key in sorted(newest.keys() | held.keys()):
        if newest.get(key, 0) != held.get(key, 0):
            table, record_id = key
            yield (
                f"{table} {record_id}: version {held.get(key, 0)} is held, "
                f"the journal's last one is {newest.get(key, 0)}"
            )


def _versions_in(body: bytes) -> Iterator[tuple[str, str, int]]:
    for table, record_id, version, _ in records_in(body):
        yield table, record_id, version
    for record_id in sent_in(body):
        yield Transaction.TABLE, record_id, 2


def _sent_elsewhere(connection: apsw.Connection, tally: _Tally) -> Iterator[str]:
    """Transactions that name another row than the one which says that their answer was sent."""
    noted = "SELECT id, sent FROM record WHERE sent IS NOT NULL"
    if sum(map(hash, connection.execute(noted))) == tally.sent:
        return
    right = {
        (record_id, row.sequence)
        for row in journal_rows(connection)
        for record_id in sent_in(row.body)
    }
    for record_id, _ in sorted(right.symmetric_difference(connection.execute(noted))):
        yield f"transaction {record_id}: the journal says elsewhere that its answer was sent"
