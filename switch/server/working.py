"""The working set: what decisions of a batch read and write, over what is known of the store.

Owns the cache of committed records and the uncommitted changes of the batch under way. Refuses to
fetch: the engine brings rows. Written only by the engine's task, so there is no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from switch.model.facts import ScanNeed
from switch.model.records import Key, Record

DEFAULT_ROWS: Final = 8192


class UnknownRowError(KeyError):
    """A row was read that nobody fetched: the engine plans again, fetches it and repeats the
    step."""


class _Rows(dict[Key, Record | None]):
    """Rows by key, where one that is missing is an error with a name."""

    def __missing__(self, key: Key) -> Record | None:
        raise UnknownRowError(key)


class WorkingSet:
    """Rows by key, as earlier decisions of the same batch left them (``switch.model.facts.Rows``).

    One object serves every batch: ``write`` notes a decision's records, ``keep`` makes them known
    for good after the commit, ``drop`` forgets them after a failed one. That a record is absent is
    known as well: nobody else writes.

    ``has`` and ``get`` are asked thirty times a message and so are the dictionary's own; what the
    batch has changed is in there, and what was known before lies beside it until the commit.
    """

    has: Callable[[Key], bool]
    """Whether the row is known, present or absent."""
    get: Callable[[Key], Record | None]
    """The row, ``None`` for one known to be absent. Raises UnknownRowError where the store was not
    asked yet."""

    def __init__(self, limit: int = DEFAULT_ROWS) -> None:
        self.limit = limit
        self._rows = _Rows()
        self._before: dict[Key, Record | None] = {}  # as committed, of changed rows if known
        self._changed: set[Key] = set()
        self._scans: dict[ScanNeed, set[Key]] = {}  # of the batch under way
        self.has = self._rows.__contains__
        self.get = self._rows.__getitem__

    def learn(self, rows: Mapping[Key, Record | None]) -> None:
        """Rows fresh from the store."""
        if not self._changed:
            self._rows.update(rows)
            return
        for key, row in rows.items():
            known = self._before if key in self._changed else self._rows
            known[key] = row

    def learn_scan(self, need: ScanNeed, records: Iterable[Record]) -> None:
        """What a scan of the store has found. It holds until the batch ends: nobody else writes."""
        found = {record.key: record for record in records}
        self.learn(found)
        self._scans[need] = set(found)

    def has_scan(self, need: ScanNeed) -> bool:
        """Whether the scan was made for the batch under way."""
        return need in self._scans

    def scan(self, need: ScanNeed) -> tuple[Record, ...]:
        """The records as earlier decisions of the batch left them, in order of id."""
        if need not in self._scans:
            raise UnknownRowError(need)
        keys = self._scans[need] | {key for key in self._changed if key.table == need.table}
        rows = [self._rows[key] for key in sorted(keys)]
        return tuple(
            row
            for row in rows
            if row is not None and all(getattr(row, name) == value for name, value in need.equal)
        )

    def write(self, records: Iterable[Record]) -> None:
        """What a decision wants to store."""
        rows, changed = self._rows, self._changed
        for record in records:
            key = record.key
            if key not in changed:
                changed.add(key)
                if key in rows:
                    # Taken out and put in again: a changed row is young again.
                    self._before[key] = rows.pop(key)
            rows[key] = record

    def has_changed(self, keys: Iterable[Key]) -> bool:
        """Whether a decision of the batch under way has written one of these rows."""
        return not self._changed.isdisjoint(keys)

    def keep(self) -> None:
        """The changes are durable."""
        self._before.clear()
        self._changed.clear()
        self._scans.clear()

    def drop(self) -> None:
        """The append failed: nothing was said, nothing is kept."""
        for key in self._changed:
            del self._rows[key]
        self._rows.update(self._before)
        self.keep()

    def trim(self) -> None:
        """Forget the oldest rows beyond the limit; between batches only, for a batch relies on its
        rows."""
        surplus = len(self._rows) - self.limit
        if surplus > 0:
            for key in [key for key, _ in zip(self._rows, range(surplus), strict=False)]:
                del self._rows[key]

    def forget(self, keys: Iterable[Key] | None = None) -> None:
        """Another writer may have changed these rows (all, for ``None``): the store has to be asked
        again."""
        for key in list(self._rows) if keys is None else keys:
            if key in self._changed:
                self._before.pop(key, None)
            else:
                self._rows.pop(key, None)

    def __len__(self) -> int:
        return len(self._rows)
