"""The working set: what decisions of a batch read and write, over what is known of the store.

Owns the cache of committed records and the uncommitted changes of the batch under way. Refuses to
fetch: the engine brings rows. Written only by the engine's task, so there is no lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from switch.model.records import Key, Record

DEFAULT_ROWS: Final = 8192


class UnknownRowError(KeyError):
    """A row was read that nobody fetched: the engine plans again, fetches it and repeats the
    step."""


class WorkingSet:
    """Rows by key, as earlier decisions of the same batch left them (``switch.model.facts.Rows``).

    One object serves every batch: ``write`` notes a decision's records, ``keep`` makes them known
    for good after the commit, ``drop`` forgets them after a failed one. That a record is absent is
    known as well: nobody else writes.
    """

    def __init__(self, limit: int = DEFAULT_ROWS) -> None:
        self.limit = limit
        self._known: dict[Key, Record | None] = {}
        self._changed: dict[Key, Record] = {}

    def has(self, key: Key) -> bool:
        """Whether the row is known, present or absent."""
        return key in self._changed or key in self._known

    def get(self, key: Key) -> Record | None:
        """The row, ``None`` for one known to be absent. Raises UnknownRowError where the store was
        not asked yet."""
        row = self._changed.get(key)
        if row is not None:
            return row
        try:
            return self._known[key]
        except KeyError:
            raise UnknownRowError(key) from None

    def learn(self, rows: Mapping[Key, Record | None]) -> None:
        """Rows fresh from the store."""
        self._known.update(rows)

    def write(self, records: Iterable[Record]) -> None:
        """What a decision wants to store."""
        for record in records:
            self._changed[record.key] = record

    def keep(self) -> None:
        """The changes are durable."""
        known = self._known
        for key, record in self._changed.items():
            known.pop(key, None)  # a changed row is young again
            known[key] = record
        self._changed = {}

    def drop(self) -> None:
        """The append failed: nothing was said, nothing is kept."""
        self._changed = {}

    def trim(self) -> None:
        """Forget the oldest rows beyond the limit; between batches only, for a batch relies on its
        rows."""
        surplus = len(self._known) - self.limit
        if surplus > 0:
            for key in [key for key, _ in zip(self._known, range(surplus), strict=False)]:
                del self._known[key]

    def forget(self, keys: Iterable[Key] | None = None) -> None:
        """Another writer may have changed these rows (all, for ``None``): the store has to be asked
        again."""
        if keys is None:
            self._known = {}
            return
        for key in keys:
            self._known.pop(key, None)

    def __len__(self) -> int:
        return len(self._known)
