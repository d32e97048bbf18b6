"""The job that the writer does per batch: append the changes, settle a doubtful outcome, load what
the next batch wants.

Owns INV-07: an unknown outcome is resolved by reading back, never by repeating and never by
assuming. Runs in the writer's thread; shares nothing with the loop but the queue of wishes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from switch.model.facts import ScanNeed
from switch.model.records import Key, Record, Transaction
from switch.model.words import Delivery
from switch.store.port import (
    Change,
    Committed,
    Conflict,
    Store,
    StoreBroken,
    StoreUnavailable,
    Unknown,
)


class Commit(Enum):
    """What became of an append."""

    DURABLE = "durable"
    STALE = "stale"  # nothing kept, other versions in the store: decide again on fresh rows
    UNKNOWN = "unknown"  # and it could not be read back either
    DEFECT = "defect"  # nothing kept, and it is our fault


@dataclass(frozen=True, slots=True)
class Done:
    """Outcome of a job. ``stale``: rows to forget; ``rows``: those that were wished for, as they
    are now."""

    result: Commit
    rows: Mapping[Key, Record | None] = field(default_factory=dict)
    stale: tuple[Key, ...] = ()
    defect: Exception | None = None


def delivery_change(records: Iterable[Record], at_us: int) -> Change:
    """What delivery reports led to, as one row of the journal.

    That an answer was sent changes nothing else of its transaction; such ones the journal just
    names.
    """
    others, sent = [], []
    for record in records:
        if (
            record.version == 2
            and isinstance(record, Transaction)
            and record.delivery is Delivery.SENT
        ):
            sent.append(record)
        else:
            others.append(record)
    return Change("delivery", at_us, tuple(others), tuple(sent))


def append_and_load(store: Store, changes: Sequence[Change], wishes: deque[Key]) -> Done:
    """Append all changes in one transaction, then load what was wished for meanwhile.

    Raises StoreUnavailable (nothing is kept) and StoreBroken.
    """
    defect: Exception | None = None
    try:
        outcome = store.append(changes)
    except (StoreUnavailable, StoreBroken):
        raise
    except Exception as failure:
        outcome, defect = Unknown(), failure
    match outcome:
        case Committed():
            return Done(Commit.DURABLE, _wished(store, wishes))
        case Conflict(keys):
            return Done(Commit.STALE, stale=keys)
        case Unknown():
            return _read_back(store, changes, defect)


def load_all(store: Store, keys: set[Key], wishes: deque[Key]) -> Mapping[Key, Record | None]:
    """Load rows of this batch, and what was wished for meanwhile. Raises StoreUnavailable."""
    while wishes:
        keys.add(wishes.popleft())
    return store.load(keys)


def scan_all(store: Store, need: ScanNeed) -> list[Record]:
    """All records that a decision asked for by their columns. Raises StoreUnavailable."""
    return list(store.scan(need.table, **dict(need.equal)))


def _wished(store: Store, wishes: deque[Key]) -> Mapping[Key, Record | None]:
    keys = set()
    while wishes:
        keys.add(wishes.popleft())
    if not keys:
        return {}
    try:
        return store.load(keys)
    except StoreUnavailable:
        return {}  # the batch that needs them will ask again and hear it


def _read_back(store: Store, changes: Sequence[Change], defect: Exception | None) -> Done:
    latest: dict[Key, Record] = {
        record.key: record for change in changes for record in (*change.records, *change.sent)
    }
    try:
        found = store.load(latest)
    except StoreUnavailable:
        return Done(Commit.UNKNOWN, defect=defect)
    kept = sum(found[key] == record for key, record in latest.items())
    if kept == len(latest):
        return Done(Commit.DURABLE, defect=defect)
    if kept:
        raise StoreBroken(f"an append was kept in part: {kept} of {len(latest)} records")
    result = Commit.STALE if defect is None else Commit.DEFECT
    return Done(result, stale=_keys(latest), defect=defect)


def _keys(records: Iterable[Key]) -> tuple[Key, ...]:
    return tuple(records)
