"""What a decision may know. The engine fetches facts first; the core asks only for what its plan
has named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from switch.model.effects import Effect
from switch.model.records import Key, Record, key_of
from switch.model.settings import DialectPolicy, Settings
from switch.model.trail import Trail

R = TypeVar("R", bound=Record)


class VerdictNeed(Struct, frozen=True, gc=False):
    """A question for the vault: ``mac``, ``pin``, ``cryptogram``. Asked after the rows are there,
    in that order.
    """

    question: str


class Verdict(Struct, frozen=True, gc=False):
    """The vault's answer: a value without a truth value, so that it must be matched and cannot be
    ignored.
    """

    outcome: str  # good, bad, absent, unknown_key, ...
    said: str = ""

    def __bool__(self) -> bool:
        raise TypeError("a verdict has no truth value: match its outcome")


Need = Key | VerdictNeed


class Fresh(Struct, frozen=True, gc=False):
    """New names for this decision, from an injected source; derivable from (seed, request key)."""

    rrn: str
    approval_code: str


@runtime_checkable
class Rows(Protocol):
    """Records by key, as earlier decisions of the same batch left them (the working set)."""

    def has(self, key: Key) -> bool:
        """Whether the key was fetched (the record itself may be absent)."""

    def get(self, key: Key) -> Record | None:
        """The record, or ``None`` where the store has none. ``KeyError`` for a key that was never
        fetched.
        """


class Facts(Struct, frozen=True, gc=False):
    """All that ``plan`` and ``step`` may read besides the event."""

    rows: Rows
    settings: Settings
    policy: DialectPolicy
    fresh: Fresh
    business_date: str  # YYYYMMDD in the house zone, looked up by the engine
    local_yymm: str  # year and month now in the zone that card expiry is judged in
    verdicts: Mapping[str, Verdict] = {}

    def find(self, kind: type[R], record_id: str) -> R | None:
        """The record of that type and id; ``None`` where there is none."""
        record = self.rows.get(key_of(kind.TABLE, record_id))
        if record is not None and not isinstance(record, kind):
            raise TypeError(f"{record.key} is no {kind.__name__}")
        return record


class Decision(Struct, frozen=True, gc=False):
    """Records to store in one transaction, effects to let loose afterwards, and why."""

    records: tuple[Record, ...] = ()
    effects: tuple[Effect, ...] = ()
    trail: Trail = ()
