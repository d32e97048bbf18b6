"""What a decision may know. The engine fetches facts first; the core asks only for what its plan
has named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from switch.model.effects import Effect
from switch.model.records import Key, Record, key_of
from switch.model.settings import DialectPolicy, Settings
from switch.model.trail import Trail

R = TypeVar("R", bound=Record)


class VerdictNeed(Struct, frozen=True, gc=False):
    """A question for the vault, asked after the rows are there. Those of one plan are put in its
    order, and behind a verdict that is not one of PASSING the plan is asked again first.

    ``keys`` are names of keys whose rows were fetched before: of ``mac`` the MAC key; of ``pin``
    the key that the block is under and the one that verifies the PIN; of ``cryptogram`` the
    issuer's master key; of ``card_verification`` the CVK; of ``working_keys`` none.
    """

    question: str
    keys: tuple[str, ...] = ()


class Verdict(Struct, frozen=True, gc=False):
    """The vault's answer: a value without a truth value, so that it must be matched and cannot be
    ignored.

    ``outcome``: ``good``, ``bad``, ``absent`` (there is nothing to check), ``unknown_key`` (there
    is no such key), ``unusable`` (the key must not do this), ``block_invalid`` (of a PIN block),
    ``incomplete`` (of chip data), ``made`` (of working keys). ``said`` is for people, and what the
    doctor found.

    ``data``: ``former`` says how many exchanges back the key lies that fitted; ``atc`` of a
    cryptogram as digits, ``cryptogram`` as ``ARQC``, ``TC`` or ``AAC``, ``amount`` in minor units
    as digits (empty where the cryptogram is over none); of working keys by role
    the block, and with ``_check`` behind it its check value (``_usage``, ``_algorithm``, ``_mode``,
    ``_exportability``, ``_length``, ``_mark``: what the block says).
    """

    outcome: str
    said: str = ""
    data: dict[str, str] = {}

    def __bool__(self) -> bool:
        raise TypeError("a verdict has no truth value: match its outcome")


PASSING: Final = frozenset(("good", "made"))  # outcomes behind which all goes on as planned


class ScanNeed(Struct, frozen=True, gc=False):
    """All records of a table whose look-up columns have these values, such as
    ``ScanNeed("transaction", (("terminal_id", "DEMO0001"), ("batch", "DEMO0001|000001")))``. For
    rare work only: a close, an upload.
    """

    table: str
    equal: tuple[tuple[str, str], ...]


Need = Key | VerdictNeed | ScanNeed


class Fresh(Struct, frozen=True, gc=False):
    """New names for this decision, from an injected source; derivable from (seed, request key)."""

    rrn: str
    approval_code: str
    lot: int = 0  # 0..999_999, for scripted chance


@runtime_checkable
class Rows(Protocol):
    """Records by key, as earlier decisions of the same batch left them (the working set)."""

    def has(self, key: Key) -> bool:
        """Whether the key was fetched (the record itself may be absent)."""

    def get(self, key: Key) -> Record | None:
        """The record, or ``None`` where the store has none. ``KeyError`` for a key that was never
        fetched.
        """

    def has_scan(self, need: ScanNeed) -> bool:
        """Whether the scan was made for this batch of decisions."""

    def scan(self, need: ScanNeed) -> tuple[Record, ...]:
        """The records in order of id, those of earlier decisions of the batch included.
        ``KeyError`` for a scan that was never made.
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
    minutes: Mapping[str, int] = {}  # minute of the day now, by time zone; looked up when asked

    def find(self, kind: type[R], record_id: str) -> R | None:
        """The record of that type and id; ``None`` where there is none."""
        record = self.rows.get(key_of(kind.TABLE, record_id))
        if record is not None and not isinstance(record, kind):
            raise TypeError(f"{record.key} is no {kind.__name__}")
        return record

    def found(self, kind: type[R], **equal: str) -> tuple[R, ...]:
        """The records of a scan that the plan has named, in order of id."""
        records = self.rows.scan(ScanNeed(kind.TABLE, tuple(equal.items())))
        return tuple([record for record in records if isinstance(record, kind)])


class Decision(Struct, frozen=True, gc=False):
    """Records to store in one transaction, effects to let loose afterwards, and why."""

    records: tuple[Record, ...] = ()
    effects: tuple[Effect, ...] = ()
    trail: Trail = ()
