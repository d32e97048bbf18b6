"""Finds the line of a step in a script, within lists and inline tables that run over many lines.

Owns a small scanner of values, on top of ``switch.toml_lines``, which knows headers and keys.
Refuses to be a parser: ``tomllib`` has parsed the text, this only points.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from switch.toml_lines import line_of

_BLANK: Final = re.compile(r"(?:\s|#[^\n]*)*")
_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL
)
_KEY: Final = re.compile(r"""([A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*=""")
_PLAIN: Final = re.compile(r"[^,\[\]{}\n#\"']+")


def line_in(text: str, path: Sequence[str | int]) -> int:
    r"""The line (from 1) of a key path, or of the nearest thing above it.

    >>> line_in('x = 1\nsteps = [\n  { do = "a" },\n  { do = "b", n = 1 },\n]\n', ("steps", 1, "n"))
    4
    """
    for depth in range(1, len(path) + 1):
        line = line_of(text, path[:depth])
        start = _value_at(text, line, path[depth - 1])
        if start >= 0:
            at = _within(text, start, path[depth:])
            return text.count("\n", 0, at) + 1
    return line_of(text, path)


def _value_at(text: str, line: int, key: str | int) -> int:
    """Where the value of a key begins, if the line has that key; else -1."""
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    found = _KEY.match(text, _BLANK.match(text, start).end())  # type: ignore[union-attr]
    return found.end() if found and found[1].strip("\"'") == key else -1


def _within(text: str, at: int, path: Sequence[str | int]) -> int:
    """Where the thing at the path begins, in the value that begins there or behind blanks."""
    at = _past_blank(text, at)
    if not path or text[at : at + 1] not in ("[", "{"):
        return at
    end = "]" if text[at] == "[" else "}"
    found, place = at, 0
    at = _past_blank(text, at + 1)
    while at < len(text) and text[at] != end:
        key = _KEY.match(text, at) if end == "}" else None
        value = at if key is None else _past_blank(text, key.end())
        name = place if key is None else key[1].strip("\"'")
        if name == path[0]:
            return _within(text, value, path[1:]) if len(path) > 1 else at
        at = _past_blank(text, _past_value(text, value))
        if text[at : at + 1] == ",":
            at = _past_blank(text, at + 1)
        place += 1
    return found


def _past_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return at if found is None else found.end()


def _past_value(text: str, at: int) -> int:
    """The end of the value that begins there."""
    depth = 0
    while at < len(text):
        string = _STRING.match(text, at)
        if string is not None:
            at = string.end()
        elif text[at] in "[{":
            depth, at = depth + 1, at + 1
        elif text[at] in "]}":
            if not depth:
                return at
            depth, at = depth - 1, at + 1
        elif depth:
            plain = _PLAIN.match(text, at)
            at = plain.end() if plain is not None else _past_comma(text, at)
        else:
            plain = _PLAIN.match(text, at)
            return at if plain is None else plain.end()
        if not depth:
            return at
    return at


def _past_comma(text: str, at: int) -> int:
    after = _past_blank(text, at)
    return after if after > at else at + 1
