"""Entering a key in components: full-length parts from different persons that give it when they are
XORed (SR-KEY-06).

Owns what was entered and is not yet a key, bounded and overwritten like a key. Refuses to say
anything of a component but whether its check value fits, and to let one person enter two of a live
key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from switch.keys.check_value import check_value_fits
from switch.keys.ciphers import wipe
from switch.keys.clear_keys import combine
from switch.keys.known_keys import is_published
from switch.keys.permissions import check_spec, kind
from switch.keys.port import KeyRefused, KeySpec

PENDING: Final = 16  # keys that are being entered at a time
MOST: Final = 9  # components of a key
_TICKET_BYTES: Final = 8
_SHORTEST_CHECK: Final = 2  # bytes of a check value


@dataclass(slots=True)
class _Entry:
    spec: KeySpec
    name: str
    count: int
    officers: list[str]
    components: list[bytearray]

    def __repr__(self) -> str:
        return f"_Entry({len(self.components)} of {self.count})"


class ComponentDesk:
    """Keys that are being entered, by ticket."""

    __slots__ = ("_entries", "_random_bytes")

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._entries: dict[str, _Entry] = {}

    def begin(self, spec: KeySpec, count: int, name: str = "") -> str:
        """A ticket for the entry of a key. Raises KeyRefused."""
        check_spec(spec)
        least = 1 if spec.mark == "test" else 2
        if not least <= count <= MOST:
            raise KeyRefused(
                f"a {spec.mark} key is entered in {least} to {MOST} components, not {count}"
            )
        if len(self._entries) >= PENDING:
            raise KeyRefused(f"{PENDING} keys are being entered already: finish or drop one")
        ticket = self._random_bytes(_TICKET_BYTES).hex()
        if ticket in self._entries:
            raise KeyRefused("the generator gave the same ticket twice: no key can be entered")
        self._entries[ticket] = _Entry(spec, name, count, [], [])
        return ticket

    def add(self, ticket: str, officer: str, value: bytearray, check_value: str) -> int:
        """Take a component and overwrite ``value``: how many are missing. Raises KeyRefused."""
        try:
            entry = self._entry(ticket)
            spec = entry.spec
            if not officer:
                raise KeyRefused("a component comes from a person with a name")
            if len(entry.components) >= entry.count:
                raise KeyRefused("all components of this key were entered: finish or drop it")
            if spec.mark == "live" and officer in entry.officers:
                raise KeyRefused(
                    f"{officer} has entered a component of this key: the next one comes from "
                    "another person"
                )
            if len(value) != spec.length:
                raise KeyRefused(
                    f"the component has {len(value)} bytes: like its key it has {spec.length}"
                )
            if not check_value_fits(kind(spec), value, check_bytes(check_value)):
                raise KeyRefused("the component does not fit its check value: it was mistyped")
            if spec.mark == "live" and (len(set(value)) == 1 or is_published(value)):
                raise KeyRefused(
                    "the component has equal bytes only, or is a published test key: it hides "
                    "nothing of a live key from whoever enters the others"
                )
            entry.components.append(bytearray(value))
            entry.officers.append(officer)
            return entry.count - len(entry.components)
        finally:
            wipe(value)

    def finish(self, ticket: str) -> tuple[KeySpec, str, bytearray]:
        """Attributes, name and the key, for the caller to overwrite. Raises KeyRefused."""
        entry = self._entry(ticket)
        missing = entry.count - len(entry.components)
        if missing:
            raise KeyRefused(f"{missing} of {entry.count} components of this key are missing")
        parts = entry.components
        try:
            value = combine(parts) if len(parts) > 1 else bytearray(parts[0])
            return entry.spec, entry.name, value
        finally:
            self.drop(ticket)

    def drop(self, ticket: str) -> None:
        """Overwrite and forget what was entered."""
        entry = self._entries.pop(ticket, None)
        if entry is not None:
            wipe(*entry.components)

    def wipe(self) -> None:
        """Overwrite and forget all."""
        for ticket in list(self._entries):
            self.drop(ticket)

    def _entry(self, ticket: str) -> _Entry:
        entry = self._entries.get(ticket)
        if entry is None:
            raise KeyRefused("no key is being entered under this ticket")
        return entry

    def __repr__(self) -> str:
        return f"ComponentDesk({len(self._entries)} keys)"


def check_bytes(check_value: str) -> bytes:
    """A check value as a person typed it."""
    try:
        given = bytes.fromhex(check_value)
    except ValueError:
        given = b""
    if len(given) < _SHORTEST_CHECK:
        raise KeyRefused(f"a check value is hex of {_SHORTEST_CHECK} bytes or more")
    return given
