"""Is the database what it should be? Pages, hash chain, and each record against the journal.

Owns the checks; reads only. Refuses to repair.

That no record is stale or missing follows from a sum: each record points at a version that the
journal really holds, a record's versions in the journal count from 1, so the versions of all
records add up to the number of versions in the journal exactly if each record is the newest. Only
where the sum is wrong are the culprits looked for by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import apsw
import msgspec

from switch.store.columns import SHELVES
from switch.store.journal import chain_faults, records_in
from switch.store.port import JournalRow

MOST_FAULTS: Final = 20  # a damaged database may have millions; the first ones tell

_SHELVES: Final = {shelf.number: shelf for shelf in SHELVES.values()}
_COLUMNS: Final = sorted({name for shelf in SHELVES.values() for name in shelf.columns})

# Records whose JSON in the journal does not begin with their id and version or does not end where
# it should. Compared as bytes inside SQLite; what it finds is looked at again, because it may write
# a rare character in another way.
_SUSPECT_POINTERS: Final = """
    WITH pointed AS (
        SELECT record.kind, record.id, record.version, record.start, record.length, journal.body,
               CAST('{"id":' || json_quote(record.id) || ',"version":' || record.version || ','
                    AS BLOB) AS opening
        FROM record LEFT JOIN journal USING (sequence)
    )
    SELECT kind, id, version, substr(body, start + 1, length) FROM pointed
    WHERE substr(body, start + 1, length(opening)) IS NOT opening
       OR substr(body, start + length, 2) IS NOT CAST('}]' AS BLOB)
"""

_ALL_RECORDS: Final = (
    "SELECT kind, id, version, substr(journal.body, start + 1, length), "  # noqa: S608, own names
    + ", ".join(f'"{name}"' for name in _COLUMNS)
    + " FROM record LEFT JOIN journal USING (sequence)"
)


def verify(connection: apsw.Connection) -> list[str]:
    """Everything that is wrong, at most about MOST_FAULTS of each sort; empty when sound."""
    faults = integrity_faults(connection)
    if faults:
        return faults  # what else would be read from such pages means nothing
    return [*_first(chain_faults(journal_rows(connection))), *_first(_record_faults(connection))]


def integrity_faults(connection: apsw.Connection) -> list[str]:
    """SQLite's own check of every page, index and constraint."""
    rows = connection.execute(f"PRAGMA integrity_check({MOST_FAULTS})").fetchall()
    return [] if rows == [("ok",)] else [f"integrity check: {text}" for (text,) in rows]


def quick_faults(connection: apsw.Connection) -> list[str]:
    """What a start looks at besides ``integrity_faults``: the chain, so each byte of the journal,
    and the pointers to it.

    ``verify`` looks at the copied columns and for stale records as well, at several times the cost.
    """
    return [*_first(chain_faults(journal_rows(connection))), *_first(_pointer_faults(connection))]


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


def _pointer_faults(connection: apsw.Connection) -> Iterator[str]:
    for kind, record_id, version, text in connection.execute(_SUSPECT_POINTERS):
        fault = _fault(kind, record_id, version, text)
        if fault:
            yield fault


def _record_faults(connection: apsw.Connection) -> Iterator[str]:
    held = 0
    for kind, record_id, version, text, *copies in connection.execute(_ALL_RECORDS):
        held += version
        fault = _fault(kind, record_id, version, text, copies)
        if fault:
            yield fault
    written = sum(len(records_in(row.body)) for row in journal_rows(connection))
    if held != written:
        yield from _not_newest(connection)


def _fault(
    kind: int, record_id: str, version: int, text: bytes | None, copies: list[Any] | None = None
) -> str:
    """What is wrong with a record, given the JSON that it points at; empty when nothing is."""
    shelf = _SHELVES.get(kind)
    if shelf is None:
        return f"record {record_id}: there is no kind {kind}"
    place = f"{shelf.table} {record_id}"
    try:
        record = shelf.decode(text or b"")
    except msgspec.MsgspecError:
        return f"{place}: the journal does not hold it"
    if (record.id, record.version) != (record_id, version):
        return f"{place}: the journal holds another record or version in its place"
    if copies is not None:
        expected = dict(zip(shelf.columns, shelf.values(record), strict=True))
        if copies != [expected.get(name) for name in _COLUMNS]:
            return f"{place}: its look-up columns differ from the journal"
    return ""


def _not_newest(connection: apsw.Connection) -> Iterator[str]:
    """Name the records that are older than the journal's last word on them, or gone."""
    newest = {
        (table, record_id): version
        for row in journal_rows(connection)
        for table, record_id, version, _ in records_in(row.body)
    }
    held = {
        (_SHELVES[kind].table, record_id): version
        for kind, record_id, version in connection.execute("SELECT kind, id, version FROM record")
        if kind in _SHELVES
    }
    for key in sorted(newest.keys() | held.keys()):
        if newest.get(key, 0) != held.get(key, 0):
            table, record_id = key
            yield (
                f"{table} {record_id}: version {held.get(key, 0)} is held, "
                f"the journal's last one is {newest.get(key, 0)}"
            )
