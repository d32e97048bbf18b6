"""How records are read out of the database: by name, by columns, in whichever connection.

Owns the way from rows to records, for the one writer and for read-only views alike. Lets SQLite's
errors through (``apsw.Error``) and those of decoding (``msgspec.MsgspecError``): what they mean is
for the caller to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import apsw

from switch.model.copies import replace
from switch.model.records import Key, Record, Transaction
from switch.model.words import Delivery
from switch.store.columns import SHELVES, Shelf, shelf_for
from switch.store.sqlite_statements import (
    FOLLOWERS,
    IS_THERE,
    LOAD,
    SCAN_PAGE,
    scan_query,
    scan_range,
)

BY_NUMBER: Final = {shelf.number: shelf for shelf in SHELVES.values()}


class DamagedRecord(Exception):
    """The JSON of a record of the named table cannot be read."""


def load_records(connection: apsw.Connection, keys: Iterable[Key]) -> Mapping[Key, Record | None]:
    """The current version of each record, ``None`` where there is none. Raises DamagedRecord."""
    wanted = list(keys)
    found: dict[Key, Record | None] = dict.fromkeys(wanted)
    asked = [(key.id, shelf_for(key.table, {}).number) for key in wanted]
    for number, record_id, text, sent in _read_many(connection, asked):
        shelf = BY_NUMBER[number]
        found[Key(shelf.table, record_id)] = decoded(shelf, text, sent)
    return found


def scan_records(
    connection: apsw.Connection, shelf: Shelf, equal: Mapping[str, str], after: str = ""
) -> Iterator[Record]:
    """All records with these values in their columns, in order of id, from behind ``after`` on,
    read page by page. Raises DamagedRecord.
    """
    query = scan_query(shelf, equal)
    start, end = scan_range(shelf, equal)
    if after:
        start = max(start, _behind(after))
    values = tuple(equal.values())
    while True:
        page: list[Any] = connection.execute(query, (start, end, *values)).fetchall()
        for _, text, sent in page:
            yield decoded(shelf, text, sent)
        if len(page) < SCAN_PAGE:
            return
        start = _behind(page[-1][0])


def _behind(name: str) -> str:
    """The very next name that could be."""
    return f"{name}\0"


def followers(connection: apsw.Connection) -> Iterator[Record]:
    """Transactions that acted upon another one, those upon the same side by side. Raises
    DamagedRecord.
    """
    shelf, last = SHELVES[Transaction.TABLE], ("", "")
    while True:
        page: list[Any] = connection.execute(FOLLOWERS, last).fetchall()
        for _, _, text, sent in page:
            yield decoded(shelf, text, sent)
        if len(page) < SCAN_PAGE:
            return
        last = page[-1][:2]


def absent(connection: apsw.Connection, keys: Iterable[Key]) -> set[Key]:
    """Those of the keys that no record has; none of them is read."""
    wanted = set(keys)
    asked = [(key.id, shelf_for(key.table, {}).number) for key in wanted]
    rows: list[Any] = connection.executemany(IS_THERE, asked).fetchall()
    return wanted - {Key(BY_NUMBER[number].table, record_id) for number, record_id in rows}


def decoded(shelf: Shelf, text: bytes, sent: int | None) -> Record:
    """The record of which this is the JSON; ``sent`` is the row that says that its answer was sent,
    which made it version 2. Raises DamagedRecord.
    """
    try:
        record = shelf.decode(text)
    except ValueError:  # of msgspec
        raise DamagedRecord(shelf.table) from None
    if sent is None or not isinstance(record, Transaction) or record.version > 1:
        return record
    return replace(record, version=2, delivery=Delivery.SENT)


def _read_many(connection: apsw.Connection, asked: list[tuple[str, int]]) -> list[Any]:
    """In one read transaction, else each row would take and drop the locks anew."""
    if connection.in_transaction:
        return connection.executemany(LOAD, asked).fetchall()
    connection.execute("BEGIN")
    try:
        return connection.executemany(LOAD, asked).fetchall()
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
