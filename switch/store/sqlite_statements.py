"""The SQL of the store's adapter on SQLite, and the bindings that an append needs.

Owns every statement on records and journal. Executes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from switch.model.records import Hold, Transaction
from switch.store.columns import LAST, SHELVES, Shelf, lead
from switch.store.fold import Newest

SCAN_PAGE: Final = 256  # rows that a scan reads at a time

LOAD: Final = (
    "SELECT kind, id, substr(journal.body, start + 1, length), sent "
    "FROM record JOIN journal USING (sequence) WHERE id = ? AND kind = ?"
)
JOURNAL: Final = (
    "INSERT INTO journal (sequence, writer, previous, hash, body) VALUES (?, ?, ?, ?, ?)"
)
HEAD: Final = "SELECT sequence FROM journal ORDER BY sequence DESC LIMIT 1"
HEAD_OF_WRITER: Final = "SELECT hash FROM journal WHERE writer = ? ORDER BY sequence DESC LIMIT 1"
UNFINISHED: Final = (
    "SELECT id FROM record WHERE kind = 1 "
    "AND (delivery = 'pending' OR state IN ('new', 'forwarded')) ORDER BY sequence"
)
SENT: Final = (
    "UPDATE record SET sent = ?, version = 2, delivery = 'sent' "
    "WHERE id = ? AND kind = 1 AND version = ?"
)
VERSION: Final = "SELECT version FROM record WHERE id = ? AND kind = ?"
IS_THERE: Final = "SELECT kind, id FROM record WHERE id = ? AND kind = ?"
NEWEST_ROW: Final = "SELECT sequence, body FROM journal ORDER BY sequence DESC LIMIT 1"
# Transactions that acted upon another, all upon one side by side.
FOLLOWERS: Final = (
    "SELECT original_key, id, substr(journal.body, start + 1, length), sent "  # noqa: S608, own
    "FROM record INDEXED BY record_follower JOIN journal USING (sequence) "
    "WHERE kind = 1 AND original_key <> '' AND (original_key, id) > (?, ?) "
    f"ORDER BY original_key, id LIMIT {SCAN_PAGE}"
)
NOTE: Final = "SELECT value FROM note WHERE name = ?"
SET_NOTE: Final = (
    "INSERT INTO note (name, value) VALUES (?, ?) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


class _Statements(NamedTuple):
    """Of one record type. An insert that meets a record, an update that meets another version:
    neither changes a row.
    """

    shelf: Shelf
    insert: str
    update: str


def _statements(shelf: Shelf) -> _Statements:
    columns = ["version", "sequence", "start", "length", "sent"]
    columns += [f'"{name}"' for name in shelf.columns]
    marks = ", ".join("?" * (len(columns) + 2))
    # The names are those of ``columns.py``: nothing from outside gets into a statement.
    insert = (
        f"INSERT INTO record ({', '.join(columns)}, id, kind) VALUES ({marks}) "  # noqa: S608
        "ON CONFLICT (id, kind) DO NOTHING"
    )
    # What was sent stays so in later versions.
    assignments = ", ".join(
        "sent = coalesce(?, sent)" if name == "sent" else f"{name} = ?" for name in columns
    )
    update = f"UPDATE record SET {assignments} WHERE id = ? AND kind = ? AND version = ?"  # noqa: S608
    return _Statements(shelf, insert, update)


_BY_TABLE: Final = {table: _statements(shelf) for table, shelf in SHELVES.items()}


def writes(newest: Iterable[Newest], first_sequence: int) -> dict[str, list[tuple[Any, ...]]]:
    """Statements with their bindings: together they change one row per record if all versions fit.

    ``first_sequence`` is the journal row of the first change.
    """
    found: dict[str, list[tuple[Any, ...]]] = {}
    for record, first_version, change, start, length, said in newest:
        shelf, insert, update = _BY_TABLE[record.TABLE]
        sequence = first_sequence + change
        sent = None if said < 0 else first_sequence + said
        if change < 0:
            found.setdefault(SENT, []).append((sent, record.id, first_version - 1))
            continue
        values = (record.version, sequence, start, length, sent, *shelf.values(record))
        if first_version == 1:
            found.setdefault(insert, []).append((*values, record.id, shelf.number))
        else:
            found.setdefault(update, []).append(
                (*values, record.id, shelf.number, first_version - 1)
            )
    return found


def scan_query(shelf: Shelf, equal: Mapping[str, str]) -> str:
    """A page of a table's records by id. Bindings: the range of ids, its end excluded, then a
    value per column.
    """
    # The partial indexes serve only queries that repeat their condition.
    few = "kind > 3 AND " if shelf.number > 3 else ""
    index, condition = _narrowed(shelf, equal)
    columns = "".join(f' AND "{name}" = ?' for name in equal)
    return (
        "SELECT id, substr(journal.body, start + 1, length), sent "  # noqa: S608
        f"FROM record {index}JOIN journal USING (sequence) "
        f"WHERE {few}kind = {shelf.number} AND id >= ? AND id < ?{condition}{columns} "
        f"ORDER BY id LIMIT {SCAN_PAGE}"
    )


def scan_range(shelf: Shelf, equal: Mapping[str, str]) -> tuple[str, str]:
    """The range of ids that a scan reads: all, unless a column tells what they begin with."""
    start = lead(shelf, equal)
    return start, start + LAST


def _narrowed(shelf: Shelf, equal: Mapping[str, str]) -> tuple[str, str]:
    """The partial index that holds what is asked for, and the condition that it was made with."""
    if shelf.kind is Transaction and equal.get("original_key"):
        return "INDEXED BY record_follower ", " AND original_key <> ''"
    if shelf.kind is Hold and equal.get("state") == "open":
        return "INDEXED BY record_open_hold ", " AND state = 'open'"
    return "", ""
