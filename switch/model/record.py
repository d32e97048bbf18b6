"""What all that is remembered keeps to. Each record is versioned; a change is a new version and a
new row of the journal.

``version`` is 1 for a record that did not exist. A record appended with version ``n`` demands that
the store holds version ``n - 1`` (nothing, for 1); else the append is a conflict and nothing of it
is kept. Records are encoded as JSON by ``msgspec``: only plain data in here, PANs only sealed
(SR-PAN-03), never track, CVV, PIN or PIN block (SR-SAD-01).

What has its default is left out of the JSON, which makes each purchase cheaper. A default is
therefore part of the format and never changes.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, NamedTuple, TypeVar

from msgspec import Struct

from switch.model.copies import replace


class Key(NamedTuple):
    """Names one record: its table and its id."""

    table: str
    id: str


_new: Final = tuple.__new__


def key_of(table: str, record_id: str) -> Key:
    """``Key(table, record_id)`` at a third of the price: every look-up of a decision makes one."""
    return _new(Key, (table, record_id))


class Record(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Base: identity and version."""

    TABLE: ClassVar[str] = ""
    id: str
    version: int = 1

    @property
    def key(self) -> Key:
        """Where it lives."""
        return _new(Key, (self.TABLE, self.id))


R = TypeVar("R", bound=Record)


def next_version(record: R, **changes: Any) -> R:
    """The record's successor: ``changes`` applied, version one higher."""
    return replace(record, version=record.version + 1, **changes)
