"""What the configuration says of a record, beside what it said at the last time.

Owns the rule that a value is renewed only where these differ, so that what was set at the running
switch stays until the configuration says something new about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from switch.model.records import Configured, Key, Record, next_version

R = TypeVar("R", bound=Record)


def found(known: Mapping[Key, Record | None], kind: type[R], record_id: str) -> R | None:
    """The record of that type and id among those that were loaded."""
    record = known[Key(kind.TABLE, record_id)]
    return record if isinstance(record, kind) else None


def renewed(record: R, wanted: Mapping[str, Any]) -> Iterator[R]:
    """The record's successor if something of it is to change."""
    if any(getattr(record, name) != value for name, value in wanted.items()):
        yield next_version(record, **wanted)


def configured_key(key: Key) -> Key:
    """Where is kept what the configuration said of a record."""
    return Key(Configured.TABLE, f"{key.table}|{key.id}")


class Said:
    """What the configuration says of one record, beside what it said the last time."""

    def __init__(
        self, known: Mapping[Key, Record | None], key: Key, wanted: Mapping[str, Any]
    ) -> None:
        self._key = configured_key(key)
        self._wanted = wanted
        self._values = {name: str(value) for name, value in wanted.items()}
        self._before = found(known, Configured, self._key.id)

    def changed(self, *names: str) -> dict[str, Any]:
        """Those of the named values (all, if none is) that are others than the last time."""
        before = {} if self._before is None else self._before.values
        return {
            name: self._wanted[name]
            for name in names or self._wanted
            if before.get(name) != self._values[name]
        }

    def record(self) -> Iterator[Configured]:
        """To be kept for the next time, where it is new."""
        if self._before is None:
            yield Configured(id=self._key.id, values=self._values)
        elif self._before.values != self._values:
            yield next_version(self._before, values=self._values)
