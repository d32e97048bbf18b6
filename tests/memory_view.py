"""A second look at a memory store, for what reads through one: lists, selfcheck."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Self, TypeVar

from switch.model.records import Key, Record, Transaction
from switch.store.journal import time_of
from switch.store.port import Store

R = TypeVar("R", bound=Record)


class MemoryView:
    """``switch.store.port.View`` and ``switch.selfcheck.rules.Source`` on a memory store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, keys: Iterable[Key]) -> Mapping[Key, Record | None]:
        return self._store.load(keys)

    def absent(self, keys: Iterable[Key]) -> set[Key]:
        return {key for key, record in self._store.load(keys).items() if record is None}

    def find_all(self, kind: type[R], **equal: str) -> Iterator[R]:
        found = self._store.scan(kind.TABLE, **equal)
        return (record for record in found if isinstance(record, kind))

    def page(self, kind: type[R], after: str, count: int) -> list[R]:
        return [record for record in self.find_all(kind) if record.id > after][:count]

    def followers(self) -> Iterator[Transaction]:
        found = [one for one in self.find_all(Transaction) if one.original_key]
        return iter(sorted(found, key=lambda one: (one.original_key, one.id)))

    def unfinished(self) -> Iterator[Key]:
        return self._store.unfinished()

    def head(self) -> tuple[int, int]:
        rows = list(self._store.journal())
        return (rows[-1].sequence, time_of(rows[-1].body)) if rows else (0, 0)

    def verify(self) -> list[str]:
        return self._store.verify()

    def snapshot(self) -> AbstractContextManager[None]:
        return nullcontext()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        pass
