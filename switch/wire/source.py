"""Writes Python source for the compiler: lines and a namespace of constants. The one place that
executes source.

Owns the promise that nothing of a layout's text gets into source: a line is a template of ours,
filled with integers and with names that this module made; strings, tables and functions travel in
the namespace. Anything else is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

_NAME: Final = re.compile(r"[a-z]{1,3}(?:_?[0-9]{1,7})?")
_CONSTANT: Final = re.compile(r"C[0-9]{1,6}")


class Refused(ValueError):
    """Raised by generated code and field decoders: this message is not for the fast path."""


class Source:
    """One function under construction."""

    def __init__(self, argument: str) -> None:
        self._head = f"def made({_name(argument)}):"
        self._lines: list[str] = []
        self._space: dict[str, Any] = {"Refused": Refused, "__builtins__": {"len": len}}
        self._known: dict[int, str] = {}

    def constant(self, value: object) -> str:
        """A name that stands for ``value`` in the source; the same object has one name."""
        name = self._known.get(id(value))
        if name is None:
            name = f"C{len(self._known)}"
            self._known[id(value)] = name
            self._space[name] = value
        return name

    def line(self, template: str, *parts: int | str, indent: int = 0) -> None:
        """One line: ``template`` with each ``{}`` filled by an integer, a variable or constant
        name, or an expression of :meth:`expression`."""
        self._lines.append("    " * (indent + 1) + expression(template, *parts))

    @property
    def text(self) -> str:
        """The source so far, for tests and curiosity."""
        return "\n".join([self._head, *self._lines]) + "\n"

    def build(self) -> Callable[[Any], Any]:
        """Execute the definition and give the function."""
        exec(compile(self.text, "<compiled layout>", "exec"), self._space)  # noqa: S102
        made: Callable[[Any], Any] = self._space["made"]
        return made


class Expression(str):
    """A piece of source made by :func:`expression`."""

    __slots__ = ()


def expression(template: str, *parts: int | str) -> Expression:
    """``template`` with integers, names and other expressions filled in; ``ValueError`` for
    anything else."""
    return Expression(template.format(*map(_part, parts)))


def joined(separator: str, items: list[str]) -> Expression:
    """Names or expressions with ``separator`` between them; one item gets a trailing comma after
    ``", "``."""
    text = separator.join(str(_part(item)) for item in items)
    return Expression(text + "," if len(items) == 1 and separator == ", " else text)


def _part(part: int | str) -> int | str:
    if isinstance(part, Expression) or type(part) is int:
        return part
    if isinstance(part, str) and (_NAME.fullmatch(part) or _CONSTANT.fullmatch(part)):
        return part
    raise ValueError("only integers, names and expressions get into source")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("not a name of ours")
    return text
