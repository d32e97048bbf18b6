"""The errors that isoswitch raises on purpose.

A decline is a value, never an exception (see ``switch.model.request.Answer``); what is raised here
is somebody's mistake: bytes that do not parse, a file that does not check, a command that cannot be
done. Each error says where, what and what to do, and none ever prints the message that it is about:
messages hold card numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


class IsoswitchError(Exception):
    """Base of all deliberate errors: something that a person can act upon."""


class ConfigError(IsoswitchError):
    """A configuration, dialect or spec file was refused.

    ``where`` is ``file:line`` as far as known, so that editors can jump to it.
    """

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


_PLACES: Final = {
    "h": "header",
    "t": "message type",
    "p": "primary bitmap",
    "1": "secondary bitmap",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a message is wrong: field, byte offset, reason, cure.

    ``field`` is ``"t"`` (message type), ``"p"`` (primary bitmap), ``"1"`` (secondary bitmap), a
    decimal field number or ``None`` (framing, trailing bytes). ``element`` narrows it: ``"2.len"``,
    ``"2.data"``, ``"p"``, ``"length"``, ``"end"``. ``offset`` is the first byte of the element at
    fault, ``at`` the exact byte (for missing bytes: the end of the input); both count from the
    first byte handed to the decoder.
    """

    field: str | None
    element: str
    offset: int
    at: int
    reason: str
    hint: str = ""

    @property
    def place(self) -> str:
        """The field, in words for people."""
        if self.field is None:
            return "message"
        return _PLACES.get(self.field) or f"field {self.field}"

    def __str__(self) -> str:
        text = f"{self.place} at byte {self.offset}: {self.reason}"
        return f"{text} ({self.hint})" if self.hint else text


class DecodeError(IsoswitchError):
    """Bytes that are no message of the dialect: the fault, and what had been decoded before it.

    ``partial`` holds the fields read so far and may hold card data: print it only through
    ``wire.describe``.
    """

    def __init__(self, fault: Fault, partial: dict[str, str] | None = None) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.partial: dict[str, str] = {} if partial is None else partial


class EncodeError(IsoswitchError):
    """A message that the dialect cannot write: the field and the reason, never the value."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"field {field}: {reason}")
        self.field = field
        self.reason = reason
