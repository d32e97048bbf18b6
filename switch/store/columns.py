"""Which record types the store knows, their numbers on disk, and the columns that look-ups may use.

Owns the one table of it; adapters and the schema follow (``tests/store/test_columns.py`` holds them
together). Refuses to know what a record means: a column is a copy of an attribute, so that a
look-up need not read JSON.

Names begin with what they belong to: a transaction's with its terminal, a posting's and a hold's
with its transaction, what was uploaded with its batch. So a look-up by one of ``LEADING`` reads a
range of names and not the table, and no index has to be kept up for it. ``selfcheck`` tells names
that do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import msgspec

from switch.model.records import (
    RECORD_TYPES,
    Account,
    Batch,
    Card,
    Configured,
    Day,
    Device,
    Difference,
    Hold,
    KeyDeed,
    Merchant,
    Obligation,
    Posting,
    Record,
    Reference,
    SealedKey,
    Tally,
    Terminal,
    Transaction,
    UploadItem,
    Window,
)
from switch.model.words import Delivery, State

# The number on disk and the look-up columns of each record type. A number is never given to another
# type.
_DECLARED: Final[dict[type[Record], tuple[int, tuple[str, ...]]]] = {
    Transaction: (
        1,
        (
            "terminal_id",
            "stan",
            "rrn",
            "pan_token",
            "state",
            "delivery",
            "business_date",
            "batch",
            "original_key",
        ),
    ),
    Reference: (2, ()),
    Posting: (3, ("transaction", "business_date")),
    Account: (4, ()),
    Hold: (5, ("transaction", "account", "state")),
    Card: (6, ("account",)),
    Merchant: (7, ()),
    Terminal: (8, ("merchant_id",)),
    Batch: (9, ("terminal_id", "state")),
    Obligation: (10, ("transaction", "state")),
    UploadItem: (11, ("batch",)),
    Difference: (12, ("batch",)),
    Day: (13, ()),
    Window: (14, ()),
    Tally: (15, ()),
    Configured: (16, ()),
    SealedKey: (17, ()),
    Device: (18, ()),
    KeyDeed: (19, ()),
}

_END_OF_LEAD: Final = re.compile(r"[|%]")  # in a transaction's name both are escaped


def _terminal_of(value: str) -> str:
    """What the name of a terminal's transaction begins with, up to where it may be escaped."""
    return _END_OF_LEAD.split(value, maxsplit=1)[0].rstrip()


# What the name of a record begins with whose column has a value.
LEADING: Final[dict[type[Record], dict[str, Callable[[str], str]]]] = {
    Transaction: {"terminal_id": _terminal_of, "batch": _terminal_of},
    Posting: {"transaction": str},
    Hold: {"transaction": str},
    Batch: {"terminal_id": str},
    Obligation: {"transaction": str},
    UploadItem: {"batch": str},
    Difference: {"batch": str},
}

# Sorts behind whatever a name goes on with.
LAST: Final = "\U0010ffff"

# States that recovery must resolve even if nobody waits for an answer any more.
OPEN_STATES: Final = (State.NEW, State.FORWARDED)


@dataclass(frozen=True, slots=True)
class Shelf:
    """How one record type is kept."""

    table: str
    kind: type[Record]
    number: int
    columns: tuple[str, ...]
    leading: Mapping[str, Callable[[str], str]]
    values: Callable[[Record], tuple[str, ...]]  # of the columns, in their order
    decode: Callable[[bytes], Record]


def _values(columns: tuple[str, ...]) -> Callable[[Record], tuple[str, ...]]:
    if not columns:
        return lambda _record: ()
    if len(columns) == 1:
        get = attrgetter(columns[0])
        return lambda record: (get(record),)
    return attrgetter(*columns)


def _shelf(kind: type[Record]) -> Shelf:
    number, columns = _DECLARED[kind]
    return Shelf(
        table=kind.TABLE,
        kind=kind,
        number=number,
        columns=columns,
        leading=LEADING.get(kind, {}),
        values=_values(columns),
        decode=msgspec.json.Decoder(kind).decode,
    )


SHELVES: Final[dict[str, Shelf]] = {kind.TABLE: _shelf(kind) for kind in RECORD_TYPES}


def lead(shelf: Shelf, equal: Mapping[str, str]) -> str:
    """What the names of all records begin with that have these values in their columns.

    >>> lead(SHELVES["transaction"], {"batch": "DEMO0001|000007"})
    'DEMO0001'
    >>> lead(SHELVES["posting"], {"transaction": "DEMO0001|000007"})
    'DEMO0001|000007'
    """
    return max((of(equal[name]) for name, of in shelf.leading.items() if name in equal), default="")


def is_named_well(record: Record) -> bool:
    """Whether the record's name begins as ``LEADING`` promises, so that look-ups find it."""
    leading = LEADING.get(type(record), {})
    return all(record.id.startswith(of(getattr(record, name))) for name, of in leading.items())


def is_unfinished(record: Record) -> bool:
    """Whether recovery must look at the record: a transaction that is not final, or whose answer
    may not be out.
    """
    return isinstance(record, Transaction) and (
        record.delivery is Delivery.PENDING or record.state in OPEN_STATES
    )


def shelf_for(table: str, columns: Mapping[str, str]) -> Shelf:
    """The shelf of a table, after a look at the columns asked for. Raises KeyError for what nobody
    declared.
    """
    shelf = SHELVES.get(table)
    if shelf is None:
        raise KeyError(f"no record type has the table {table!r}")
    for name in columns:
        if name not in shelf.columns:
            offered = ", ".join(shelf.columns) or "none"
            raise KeyError(f"table {table!r} has no look-up column {name!r} (it has: {offered})")
    return shelf
