"""Finds the line of a key in a TOML text, so that a refusal can say ``file:line``.

Owns a small scanner of table headers and keys. Refuses to be a parser: ``tomllib`` parses, this
only points. A path that is not there (a missing key) points at the nearest thing that is: its
table's header, or line 1.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from switch.errors import ConfigError

Path = tuple[str | int, ...]

_NAME: Final = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEY: Final = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")
_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_PIECE: Final = re.compile(_NAME)
_AT_LINE: Final = re.compile(r" \(at line (\d+), column \d+\)$")
_QUOTED: Final = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')


def line_of(text: str, path: Sequence[str | int]) -> int:
    r"""Line (from 1) of the key path, as pydantic's ``loc`` names it: ``("listener", 1, "port")``.

    >>> line_of("[a]\nx = 1\n[[b]]\ny = 2\n[[b]]\ny = 3\n", ("b", 1, "y"))
    6
    """
    wanted = tuple(path)
    best, best_depth = 1, 0
    for place, line in _places(text):
        depth = _common(place, wanted)
        if depth == len(place) and depth > best_depth:
            best, best_depth = line, depth
    return best


def parse(text: str, name: str) -> dict[str, Any]:
    """``tomllib.loads`` whose complaint is a ConfigError with file and line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as failure:
        said = str(failure)
        found = _AT_LINE.search(said)
        line = int(found[1]) if found else text.count("\n") + 1
        reason = _AT_LINE.sub("", said)
        raise ConfigError(f"{name}:{line}", f"this is no TOML: {reason}") from None


def _common(one: Path, other: Path) -> int:
    depth = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        depth += 1
    return depth


def _places(text: str) -> Iterable[tuple[Path, int]]:
    """Every table header and key with its line; arrays of tables are numbered."""
    table: Path = ()
    counts: dict[Path, int] = {}
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        header = _HEADER.match(line)
        key = _KEY.match(line)
        if header and not key:
            table = _table(_names(header[2]), header[1] == "[[", counts)
            yield table, at + 1
        elif key:
            yield table + tuple(_names(key[1])), at + 1
            at = _end_of_value(lines, at, key.end())
        at += 1


def _names(dotted: str) -> list[str]:
    return [piece.strip("\"'") for piece in _PIECE.findall(dotted)]


def _table(names: Sequence[str], is_array: bool, counts: dict[Path, int]) -> Path:
    """The path of a header; names of arrays of tables on the way get the number of their last
    element."""
    path: Path = ()
    for place, name in enumerate(names):
        path = (*path, name)
        last = place == len(names) - 1
        if last and is_array:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _end_of_value(lines: Sequence[str], at: int, column: int) -> int:
    """Index of the last line of the value that begins there: it may be a long string or an open
    bracket."""
    value = lines[at][column:].strip()
    for quotes in ('"""', "'''"):
        if value.startswith(quotes):
            rest = value[3:]
            while quotes not in rest and at + 1 < len(lines):
                at += 1
                rest = lines[at]
            return at
    depth = _depth(value)
    while depth > 0 and at + 1 < len(lines):
        at += 1
        depth += _depth(lines[at])
    return at


def _depth(piece: str) -> int:
    bare = _QUOTED.sub("", piece).partition("#")[0]
    return sum(bare.count(mark) for mark in "[{") - sum(bare.count(mark) for mark in "]}")
