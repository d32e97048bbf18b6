"""The store in memory: for tests and the simulated world. Forgets everything with the process.

Owns dictionaries and keeps the same promises as the durable adapters, journal and hash chain
included. Refuses to write anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from switch.model.copies import replace
from switch.model.records import Key, Record, Transaction
from switch.model.words import Delivery
from switch.store.columns import SHELVES, is_unfinished, shelf_for
from switch.store.fold import fold
from switch.store.journal import GENESIS, chain_faults, link, records_in, sent_in
from switch.store.port import Change, Committed, Conflict, JournalRow, Unknown


class MemoryStore:
    """``switch.store.port.Store`` and ``Notes`` on dictionaries."""

    def __init__(self, writer: str = "1") -> None:
        self._writer = writer
        self._records: dict[tuple[str, str], Record] = {}
        self._journal: list[JournalRow] = []
        self._notes: dict[str, str] = {}

    def load(self, keys: Iterable[Key]) -> Mapping[Key, Record | None]:
        """The current version of each record, ``None`` where there is none."""
        found: dict[Key, Record | None] = {}
        for key in keys:
            shelf_for(key.table, {})
            found[key] = self._records.get(key)
        return found

    def append(self, changes: Sequence[Change]) -> Committed | Conflict | Unknown:
        """Keep all or nothing."""
        folded = fold(changes)
        if isinstance(folded, Conflict):
            return folded
        stale = []
        for key, newest in folded.newest.items():
            held = self._records.get(key)
            if newest.first_version != (1 if held is None else held.version + 1):
                stale.append(Key(*key))
        if stale:
            return Conflict(tuple(stale))
        for body in folded.bodies:
            self._chain(body)
        self._records.update((key, newest.record) for key, newest in folded.newest.items())
        return Committed(len(self._journal))

    def _chain(self, body: bytes) -> None:
        previous = self._journal[-1].hash if self._journal else GENESIS
        sequence = len(self._journal) + 1
        row = JournalRow(sequence, self._writer, previous, link(previous, body), body)
        self._journal.append(row)

    def scan(self, table: str, **equal: str) -> Iterator[Record]:
        """All records of a table whose look-up columns equal the given values, in order of id."""
        shelf_for(table, equal)
        held = sorted(
            (key, record)
            for key, record in self._records.items()
            if key[0] == table
            and all(getattr(record, name) == value for name, value in equal.items())
        )
        return iter([record for _, record in held])

    def unfinished(self) -> Iterator[Key]:
        """Keys of transactions that recovery must look at."""
        return iter([record.key for record in self._records.values() if is_unfinished(record)])

    def journal(self, after: int = 0) -> Iterator[JournalRow]:
        """Rows of the journal with a sequence above ``after``, in order."""
        return iter(self._journal[max(after, 0) :])

    def verify(self) -> list[str]:
        """The chain, and that each record equals its newest journalled version."""
        faults = list(chain_faults(self._journal))
        newest: dict[tuple[str, str], Record] = {}
        for row in self._journal:
            for table, record_id, _, text in records_in(row.body):
                newest[table, record_id] = SHELVES[table].decode(text)
            for record_id in sent_in(row.body):
                key = (Transaction.TABLE, record_id)
                newest[key] = replace(newest[key], version=2, delivery=Delivery.SENT)
        keys = newest.keys() | self._records.keys()
        differing = [key for key in keys if newest.get(key) != self._records.get(key)]
        return faults + [f"{table} {name}: differs from the journal" for table, name in differing]

    def meta_get(self, name: str) -> str | None:
        """The note, ``None`` where there is none."""
        return self._notes.get(name)

    def meta_set(self, name: str, value: str) -> None:
        """Write or replace the note."""
        self._notes[name] = value

    def close(self) -> None:
        """Nothing to let go of."""
