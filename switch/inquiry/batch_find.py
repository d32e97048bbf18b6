"""Finding batches, positions and what is open at a terminal, in a second view of the store.

Owns which records belong together, and how a batch that nobody has tried to close yet is counted.
Refuses to judge and to print.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from switch.core import totals
from switch.core.batches import CLOSED, OPEN, batch_id, batch_name, items_of
from switch.core.totals import Item
from switch.errors import ConfigError, IsoswitchError
from switch.model.records import (
    Account,
    Batch,
    Difference,
    Hold,
    Posting,
    Reference,
    Terminal,
    Transaction,
    UploadItem,
)
from switch.model.words import Delivery, Kind
from switch.store.sqlite_reader import SqliteReader
from switch.wire.dialect import load_dialect

POSITIONS: Final = ("merchant", "payable", "suspense", "difference")
_UNCERTAIN: Final = (Delivery.PENDING, Delivery.UNKNOWN)


class UnknownBatchError(IsoswitchError):
    """There is no such batch, or no such terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A batch with all that belongs to it. ``batch.state`` is open where nobody has tried to close
    it; its totals are then counted here, by the policy of the terminal's dialect.
    """

    batch: Batch
    currency: str
    items: Sequence[tuple[Item, Transaction]]
    uploaded: Sequence[UploadItem] = ()
    differences: Sequence[Difference] = ()
    postings: Sequence[Posting] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStates:
    """What is open at one terminal."""

    terminal: Terminal
    batch: Found
    holds: Sequence[tuple[Hold, Transaction]]
    undelivered: Sequence[Transaction]
    tombstones: Sequence[tuple[Reference, Transaction]]


def batches(
    reader: SqliteReader, *, terminal: str = "", closed: bool | None = None
) -> Iterator[Found]:
    """Batches, terminal by terminal, oldest first: those with a record, and each terminal's current
    one if anything is in it. ``closed``: only closed ones, only others, or all.
    """
    for one in _terminals(reader, terminal):
        records = sorted(reader.find_all(Batch, terminal_id=one.id), key=lambda batch: batch.id)
        for record in records:
            if closed is None or closed is (record.state == CLOSED):
                yield _with_differences(reader, record, one)
        current = batch_id(one)
        if not closed and current not in {record.id for record in records}:
            found = _unrecorded(reader, one)
            if found.items:
                yield found


def batch(reader: SqliteReader, name: str) -> Found:
    """One batch with its items, uploads, differences and postings.

    ``name`` is ``TERMINAL|NUMBER`` or, easier to type, ``TERMINAL/NUMBER``; a terminal alone means
    its current batch. Raises UnknownBatchError.
    """
    terminal_id, _, number = name.replace("/", "|").partition("|")
    terminal = _terminal(reader, terminal_id)
    if number and not (number.isascii() and number.isdecimal()):
        raise UnknownBatchError(
            f"{name!r} is no batch: write {terminal_id}/{batch_id(terminal)[-6:]}"
        )
    wanted = batch_name(terminal_id, int(number)) if number else batch_id(terminal)
    record = reader.find(Batch, wanted)
    if record is None:
        if wanted != batch_id(terminal):
            current = batch_id(terminal).replace("|", "/")
            raise UnknownBatchError(f"there is no batch {name!r}: the current one is {current}")
        return _unrecorded(reader, terminal)
    key = record.closed_by
    return Found(
        batch=record,
        currency=terminal.currency,
        items=_items(reader, terminal_id, wanted),
        uploaded=list(reader.find_all(UploadItem, batch=wanted)),
        differences=list(reader.find_all(Difference, batch=wanted)),
        postings=list(reader.find_all(Posting, transaction=key)) if key else (),
    )


def positions(reader: SqliteReader) -> list[Account]:
    """The accounts that a settlement moves money between, in order of name."""
    accounts = (one for one in reader.find_all(Account) if one.kind in POSITIONS)
    return sorted(accounts, key=lambda one: (POSITIONS.index(one.kind), one.id))


def open_states(reader: SqliteReader, terminal_id: str) -> OpenStates:
    """What is open at a terminal: one pass over its transactions. Raises UnknownBatchError."""
    terminal = _terminal(reader, terminal_id)
    holds, undelivered, tombstones = [], [], []
    for transaction in reader.find_all(Transaction, terminal_id=terminal_id):
        if transaction.delivery in _UNCERTAIN:
            undelivered.append(transaction)
        if transaction.amount_open is not None and not transaction.captures:
            hold = reader.find(Hold, transaction.id)
            if hold is not None and hold.state == OPEN:
                holds.append((hold, transaction))
        if transaction.kind is Kind.REVERSAL and not transaction.original_key:
            reference = reader.find(Reference, transaction.original)
            if reference is not None and reference.is_tombstone:
                tombstones.append((reference, transaction))
    return OpenStates(
        terminal=terminal,
        batch=batch(reader, terminal_id),
        holds=sorted(holds, key=lambda pair: pair[0].expires_us),
        undelivered=sorted(undelivered, key=lambda one: one.received_us),
        tombstones=sorted(tombstones, key=lambda pair: pair[1].received_us),
    )


def _terminals(reader: SqliteReader, terminal_id: str) -> Iterator[Terminal]:
    if terminal_id:
        yield _terminal(reader, terminal_id)
    else:
        yield from reader.find_all(Terminal)


def _terminal(reader: SqliteReader, terminal_id: str) -> Terminal:
    terminal = reader.find(Terminal, terminal_id)
    if terminal is None:
        raise UnknownBatchError(
            f"there is no terminal {terminal_id!r}: isoswitch terminals list shows those that are"
        )
    return terminal


def _with_differences(reader: SqliteReader, record: Batch, terminal: Terminal) -> Found:
    found = list(reader.find_all(Difference, batch=record.id))
    return Found(batch=record, currency=terminal.currency, items=(), differences=found)


def _unrecorded(reader: SqliteReader, terminal: Terminal) -> Found:
    """The current batch, counted as a close would count it now."""
    name = batch_id(terminal)
    items = _items(reader, terminal.id, name)
    policy = _policy(items[-1][1].dialect) if items else "none"
    sums = totals.by_currency(policy, [item for item, _ in items])
    record = Batch(
        id=name,
        terminal_id=terminal.id,
        merchant_id=terminal.merchant_id,
        number=f"{terminal.batch_number:06d}",
        counted=totals.written_by_currency(sums, terminal.currency),
    )
    return Found(batch=record, currency=terminal.currency, items=items)


def _items(reader: SqliteReader, terminal_id: str, name: str) -> list[tuple[Item, Transaction]]:
    members = {
        one.id: one for one in reader.find_all(Transaction, terminal_id=terminal_id, batch=name)
    }
    items = items_of(members.values(), lambda posting: reader.find(Posting, posting))
    pairs = [(item, members[item.key]) for item in items]
    return sorted(pairs, key=lambda pair: (pair[1].received_us, pair[0].key))


def _policy(dialect: str) -> str:
    """The totals policy of a dialect; none where it is not at hand (a house's own file)."""
    try:
        return load_dialect(dialect).policy.totals
    except ConfigError:
        return "none"
