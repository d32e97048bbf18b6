"""How a calculation shows its work: each intermediate block, by name, in hex.

Owns the notebook that calculations write into when they are given one. On the live path they are
given none, so a key or PIN block is written down only where a person asked a calculator for it.
"""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One line of a calculation: what it is, and its value as a person would write it."""

    name: str
    value: str


class Steps:
    """A notebook. Shows its number of lines and nothing of them when it is printed."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: list[Step] = []

    def note(self, name: str, value: bytes | bytearray | memoryview | str) -> None:
        """Write a line; bytes as upper-case hex.

        >>> steps = Steps()
        >>> steps.note("zero block", bytes(8))
        >>> steps.lines[0].value
        '0000000000000000'
        """
        self.lines.append(Step(name, value if isinstance(value, str) else value.hex().upper()))

    def find(self, name: str) -> str:
        """The value of the last line of that name; empty where there is none."""
        return next((line.value for line in reversed(self.lines) if line.name == name), "")

    def __repr__(self) -> str:
        return f"Steps({len(self.lines)} lines)"
