"""Text that a person or a file brings, as values that the key room takes.

Owns the reading of hex, digits and numbers, and refusals that say which input, what is wrong and
what would be right. A refusal never repeats the input: it may be a key or a PIN.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

from switch.errors import IsoswitchError

_HEX: Final = re.compile(r"[0-9A-Fa-f]*\Z")
_SPACES: Final = re.compile(r"[\s:_-]+")


class InputRefused(IsoswitchError):
    """An input is not what it has to be: says which, what is wrong and what would be right."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")


def hex_bytes(name: str, text: str) -> bytes:
    """Bytes of hex digits; spaces, colons, dashes and line ends between them are let pass.

    >>> hex_bytes("data", "01 23:ab").hex()
    '0123ab'
    """
    digits = _SPACES.sub("", text)
    if not _HEX.match(digits):
        at = next(place for place, char in enumerate(digits, 1) if not _HEX.match(char))
        raise InputRefused(name, f"character {at} is no hex digit: 0 to 9 and A to F are right")
    if len(digits) % 2:
        raise InputRefused(name, f"{len(digits)} hex digits: two for each byte are right")
    return bytes.fromhex(digits)


def decimal(name: str, text: str, lengths: Container[int] | None = None, said: str = "") -> str:
    """Decimal digits. ``said``: the right lengths in words."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        raise InputRefused(name, "only the digits 0 to 9 are right")
    if lengths is not None and len(digits) not in lengths:
        raise InputRefused(name, f"{len(digits)} digits: {said} are right")
    return digits


def number(name: str, text: str) -> int:
    """A whole number, not negative."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise InputRefused(name, "a whole number is right, such as 4")
    return int(digits)


def choice(name: str, text: str, choices: tuple[str, ...]) -> str:
    """One of the choices, whatever the case of its letters."""
    chosen = {known.lower(): known for known in choices}.get(text.strip().lower())
    if chosen is None:
        raise InputRefused(name, f"there is no such choice: {', '.join(choices)} are right")
    return chosen
