"""What a calculator is: a name, the inputs it asks for, and a function of the key room behind it.

Owns the description, from which the command line makes commands, and the reading of inputs by name.
Refuses to calculate and to print.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from switch.calc.inputs import InputRefused, choice, decimal, hex_bytes, number
from switch.keys.steps import Steps

Value: TypeAlias = bytes | bytearray | str | int | list[str]


class Input(NamedTuple):
    """One input. ``required`` ones have no default; ``secret`` ones are keys and PINs."""

    name: str
    about: str
    required: bool = True
    secret: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """Results by name, in order. ``good`` is false where a check said no."""

    values: dict[str, Value]
    good: bool = True

    def __repr__(self) -> str:
        return f"Outcome({', '.join(self.values)})"


class Given:
    """The inputs as text, read by name."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def has(self, name: str) -> bool:
        """Whether it was given, or has a default."""
        return bool(self._texts.get(name))

    def text(self, name: str) -> str:
        """As it was given; empty if it was not."""
        return self._texts.get(name, "")

    def hex(self, name: str) -> bytes:
        """Bytes of hex; none if it was not given."""
        return hex_bytes(_flag(name), self.text(name))

    def key(self, name: str) -> bytearray:
        """A key in hex, for the caller to overwrite."""
        return bytearray(self.hex(name))

    def digits(self, name: str) -> str:
        """Decimal digits; empty if it was not given."""
        return decimal(_flag(name), self.text(name)) if self.has(name) else ""

    def number(self, name: str) -> int:
        """A whole number; 0 if it was not given."""
        return number(_flag(name), self.text(name)) if self.has(name) else 0

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of the choices."""
        return choice(_flag(name), self.text(name), choices)

    def one_of(self, *names: str) -> str:
        """The name of the one input among these that was given. Raises InputRefused."""
        given = [name for name in names if self.has(name)]
        if len(given) != 1:
            flags = " or ".join(map(_flag, names))
            raise InputRefused(flags, f"{len(given)} of them are given: exactly one is right")
        return given[0]


class Calculator(NamedTuple):
    """One calculator. ``example`` is a command line that works, behind topic and name."""

    name: str
    about: str
    inputs: tuple[Input, ...]
    run: Callable[[Given, Steps], Outcome]
    example: str


def secret(name: str, about: str, *, required: bool = True) -> Input:
    """An input that nobody else should see."""
    return Input(name, about, required=required, secret=True)


def optional(name: str, about: str, default: str = "", choices: tuple[str, ...] = ()) -> Input:
    """An input that need not be given."""
    return Input(name, about, required=False, default=default, choices=choices)


def chosen(name: str, about: str, choices: tuple[str, ...]) -> Input:
    """One of several words."""
    return Input(name, about, choices=choices)


def _flag(name: str) -> str:
    return f"--{name}"
