"""The store's port: what every adapter promises, and the answers it can give.

Owns the promises only. One contract suite (``tests/store/test_contract.py``) holds every adapter to
them; refuses to know how an adapter keeps them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TypeVar

from msgspec import Struct

from switch.errors import IsoswitchError
from switch.model.records import Key, Record, Transaction

R = TypeVar("R", bound=Record)


class StoreUnavailable(IsoswitchError):
    """Nothing of the append was kept: disk full, locked, write error. Works again by itself when
    the cause is gone.
    """


class StoreBroken(IsoswitchError):
    """The store cannot be trusted any more (a failed sync, a damaged page): the process must stop
    with exit code 70.
    """


class StoreRefused(IsoswitchError):
    """The store does not open: schema of another version, second process, failed integrity check,
    wrong master key.
    """


@dataclass(frozen=True, slots=True)
class Committed:
    """All records are durable."""

    sequence: int  # of the last journal row


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing was kept: these keys had another version than expected."""

    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """The outcome of the commit is not known: read back by key, never repeat blindly (INV-07)."""


@dataclass(frozen=True, slots=True)
class Change:
    """The records of one decision, kept together as one row of the journal.

    ``what`` names the event, ``at_us`` is its wall time. All changes of one append are one
    transaction, one sync. ``sent`` holds transactions in version 2 that differ from version 1 in
    that and in their delivery alone, which is ``sent``: nearly all answers come to this, so the
    journal just names them.
    """

    what: str
    at_us: int
    records: tuple[Record, ...]
    sent: tuple[Transaction, ...] = ()


class JournalRow(Struct, frozen=True, gc=False):
    """One row of the hash-chained journal: ``hash = SHA-256(0x01 || previous || SHA-256(0x00 ||
    body))``.

    ``previous`` is the hash of the same writer's row before (32 zero bytes for its first). ``body``
    is JSON without white space, its fields in the order of their declaration:
    ``{"what":...,"at_us":...,"records":[["account",{...}],...]}``. A last field ``"sent":["id",
    ...]`` names transactions whose first version got ``"delivery":"sent"`` and became version 2.
    """

    sequence: int
    writer: str
    previous: bytes
    hash: bytes
    body: bytes


class Store(Protocol):
    """One durable memory, used from one thread.

    Reads see all that was committed. A record that the store was never given is ``None`` in
    ``load``, never an error; a table that no record type has is the caller's mistake and raises
    ``KeyError``.
    """

    def load(self, keys: Iterable[Key]) -> Mapping[Key, Record | None]:
        """The current version of each record, ``None`` where there is none. Raises
        StoreUnavailable.
        """

    def append(self, changes: Sequence[Change]) -> Committed | Conflict | Unknown:
        """Keep all or nothing, durable on return. Raises StoreUnavailable (nothing kept) or
        StoreBroken.

        A record of version ``n`` demands that the store holds version ``n - 1`` (nothing, for 1),
        else ``Conflict``. One append may hold several versions of a record if they follow each
        other: the journal keeps all, ``load`` gives the last. Each change is one row of the
        journal, in order; no changes, no row.
        """

    def scan(self, table: str, **equal: str) -> Iterator[Record]:
        """All records of a table whose look-up columns equal the given values, in order of id.

        ``switch.store.columns`` names the columns of each table; another one raises ``KeyError``.
        By a column that names begin with (``LEADING`` there) it finds only records named so.
        The iterator sees the store as it is when each page of it is read, so it may be used while
        appends go on.
        """

    def unfinished(self) -> Iterator[Key]:
        """Keys of transactions that recovery must look at: not final, or delivery still pending."""

    def journal(self, after: int = 0) -> Iterator[JournalRow]:
        """Rows of the journal with a sequence above ``after``, in order."""

    def verify(self) -> list[str]:
        """Integrity and hash chain: a list of what is wrong, empty when sound."""

    def close(self) -> None:
        """Let go of everything. Idempotent."""


class View(Protocol):
    """A read-only second look at a store that somebody else may be writing; belongs to one thread
    and is used in a ``with``. Raises StoreUnavailable and StoreBroken like the store.
    """

    def load(self, keys: Iterable[Key]) -> Mapping[Key, Record | None]:
        """The current version of each record, ``None`` where there is none."""

    def find_all(self, kind: type[R], **equal: str) -> Iterator[R]:
        """All records of a type whose look-up columns equal the given values, in order of id."""

    def page(self, kind: type[R], after: str, count: int) -> list[R]:
        """So many records of a type at most, in order of id, from behind that id on."""

    def snapshot(self) -> AbstractContextManager[None]:
        """All reads within see the store as it is now."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Notes(Protocol):
    """A few durable texts about the store itself, such as the check value of its master key. No
    records, no journal.
    """

    def meta_get(self, name: str) -> str | None:
        """The note, ``None`` where there is none. Raises StoreUnavailable."""

    def meta_set(self, name: str, value: str) -> None:
        """Write or replace the note; durable on return. Raises StoreUnavailable or StoreBroken."""
