"""One case of a vector file: what it gives, what it expects, and whether all of it was looked at.

Owns the reading of fields and the comparisons, and keeps count of both: a case in which nothing was
compared, or that bears a field which nothing asked for, has not passed. Refuses to calculate. Its
sentences never hold a value: the fields are keys, PINs and card numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from switch.calc.inputs import InputRefused, decimal, hex_bytes
from switch.errors import IsoswitchError
from switch.keys.steps import Steps

# What a case says about itself, not about the calculation.
ANNOTATIONS: Final = frozenset(
    {
        "id",
        "op",
        "negative",
        "error",
        "source",
        "published",
        "generated_by",
        "verified",
        "verified_by",
        "note",
    }
)


class CaseFailed(Exception):
    """The case did not come out as it says, or cannot be read."""


class NotVerified(IsoswitchError):
    """A verification said no, which is what a case with ``negative`` wants to see."""


class Case:
    """The fields of one case, read by name."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        self._looked_at: set[str] = set()
        self._compared = 0

    def has(self, name: str) -> bool:
        """Whether the case has the field."""
        return name in self._fields

    def text(self, name: str, default: str | None = None) -> str:
        """Text, as it stands."""
        value = self._get(name, default)
        if not isinstance(value, str):
            raise CaseFailed(f"{name} is no text")
        return value

    def hex(self, name: str, default: str | None = None) -> bytes:
        """Bytes in hex."""
        try:
            return hex_bytes(name, self.text(name, default))
        except InputRefused as refusal:
            raise CaseFailed(str(refusal)) from None

    def digits(self, name: str, default: str | None = None) -> str:
        """Decimal digits, or none at all."""
        text = self.text(name, default)
        try:
            return text and decimal(name, text)
        except InputRefused as refusal:
            raise CaseFailed(str(refusal)) from None

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number."""
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise CaseFailed(f"{name} is no whole number")
        return value

    def inner(self, name: str) -> dict[str, Any]:
        """An object, its fields in order."""
        value = self._get(name, None)
        if not isinstance(value, dict):
            raise CaseFailed(f"{name} is no object")
        return value

    def items(self, name: str) -> list[Any]:
        """A list."""
        value = self._get(name, None)
        if not isinstance(value, list):
            raise CaseFailed(f"{name} is no list")
        return value

    def note_only(self, *names: str) -> None:
        """These fields tell people something and take no part in the calculation."""
        self._looked_at.update(names)

    def expect(self, name: str, found: bytes | bytearray | str | int | list[Any]) -> None:
        """The field must be what came out; bytes in upper-case hex."""
        wanted = self._get(name, None)
        shown = found.hex().upper() if isinstance(found, bytes | bytearray) else found
        self._compare(name, wanted, shown)

    def expect_none(self, name: str) -> None:
        """The field must be there, with nothing in it."""
        if not self.has(name) or self._get(name, None) is not None:
            raise CaseFailed(f"{name} is not null")

    def expect_step(self, name: str, steps: Steps, line: str) -> None:
        """The field must be the value of that line of the calculation."""
        self.expect(name, steps.find(line))

    def expect_start(self, name: str, found: bytes | bytearray | str) -> None:
        """The field, if it is there, must be what the result begins with."""
        if not self.has(name):
            return
        shown = found if isinstance(found, str) else found.hex().upper()
        start = self.text(name)
        if not start:
            raise CaseFailed(f"{name} is empty")
        self._compare(name, start, shown[: len(start)])

    def expect_end(self, name: str, found: str) -> None:
        """The field, if it is there, must be what the result ends with."""
        if not self.has(name):
            return
        end = self.text(name)
        if not end:
            raise CaseFailed(f"{name} is empty")
        self._compare(name, end, found[-len(end) :])

    def verify(self, good: bool, what: str) -> None:
        """A verification: it must succeed, and must not in a case with ``negative``."""
        if not good:
            raise NotVerified(f"{what} does not verify")
        self._compared += 1

    def close(self) -> None:
        """At the end of a case that is to succeed: something was compared, nothing was left out."""
        if not self._compared:
            raise CaseFailed("nothing was compared")
        unknown = sorted(set(self._fields) - self._looked_at - ANNOTATIONS)
        if unknown:
            raise CaseFailed(f"this operation knows no field {', '.join(map(repr, unknown))}")

    def _get(self, name: str, default: Any) -> Any:
        self._looked_at.add(name)
        if name in self._fields:
            return self._fields[name]
        if default is None:
            raise CaseFailed(f"{name} is missing")
        return default

    def _compare(self, name: str, wanted: Any, found: Any) -> None:
        self._compared += 1
        if type(wanted) is type(found) and wanted == found:
            return
        if isinstance(wanted, str) and isinstance(found, str):
            at = sum(1 for _ in _common(wanted, found)) + 1
            raise CaseFailed(f"{name} comes out otherwise, from character {at} on")
        raise CaseFailed(f"{name} comes out otherwise")


def _common(left: str, right: str) -> list[str]:
    """The characters with which both begin."""
    same: list[str] = []
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        same.append(one)
    return same
