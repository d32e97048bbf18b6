"""A day of many terminals as a script: what is in the file, checked whole when it is read.

Owns the notation and refusals with file and line. Refuses to know how it is played. The notation in
short, as ``isoswitch terminal run --help`` and ``--example`` tell it:

``[[terminal]]`` is one device (or ``count`` of them): ``id``, ``dialect``, ``cards`` and its
``steps``, its own or those of ``play``, a name in ``[plays]``. A step says in ``do`` what is done:
a command of ``isoswitch terminal``, or ``repeat``, ``think``, ``wait`` (for all others that wait
for the same), ``loop``, ``mix`` (weighted chance). ``as`` gives a transaction a name, ``of`` points
at one; ``expect``, ``reason`` and ``code`` say how it must end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from switch.errors import ConfigError
from switch.toml_lines import parse
from switch_tools.terminal_day_checks import faults_of
from switch_tools.terminal_day_lines import line_in
from switch_tools.terminal_day_words import Cast, Step

LIMIT_BYTES: Final = 1_000_000
_AT: Final = re.compile(r" - at `\$(.*)`$")
_PIECE: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\[\.\.\.\]")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written."""

    terminal: list[Cast]
    title: str = ""
    seed: int = 1
    plays: dict[str, list[Step]] = {}


@dataclass(frozen=True, slots=True)
class Day:
    """A script that was checked. ``name`` is the file's, ``lines`` has the line of each terminal
    and step by its identity in memory."""

    name: str
    title: str
    seed: int
    cast: tuple[Cast, ...]
    plays: Mapping[str, list[Step]]
    lines: Mapping[int, int]

    def steps_of(self, cast: Cast) -> list[Step]:
        """What a terminal does."""
        return self.plays[cast.play] if cast.play else cast.steps

    def place(self, thing: Step | Cast) -> str:
        """``file:line`` of a step or a terminal."""
        return f"{self.name}:{self.lines[id(thing)]}"


def load_day(path: Path) -> Day:
    """Read a script. Raises ConfigError with file, line and reason."""
    try:
        data = path.read_bytes()
    except OSError as failure:
        raise ConfigError(str(path), f"cannot be read: {failure.strerror}") from None
    if len(data) > LIMIT_BYTES:
        raise ConfigError(str(path), f"is larger than {LIMIT_BYTES} bytes")
    try:
        return read_day(data.decode(), str(path))
    except UnicodeDecodeError:
        raise ConfigError(str(path), "is not UTF-8") from None


def read_day(text: str, name: str) -> Day:
    """The script in a text; ``name`` is what refusals call it. Raises ConfigError."""
    table = parse(text, name)
    try:
        file = msgspec.convert(table, _File)
    except msgspec.ValidationError as failure:
        said, found = _split(str(failure))
        raise ConfigError(f"{name}:{line_in(text, _known(table, found))}", said) from None
    lines = {id(thing): line_in(text, path) for path, thing in _things(file)}
    day = Day(name, file.title, file.seed, tuple(file.terminal), file.plays, lines)
    for path, said in faults_of(day.cast, day.plays):
        raise ConfigError(f"{name}:{line_in(text, path)}", said)
    return day


def _things(file: _File) -> Iterator[tuple[tuple[str | int, ...], Step | Cast]]:
    for place, cast in enumerate(file.terminal):
        yield ("terminal", place), cast
        yield from _below(("terminal", place, "steps"), cast.steps)
    for name, steps in file.plays.items():
        yield from _below(("plays", name), steps)


def _below(
    path: tuple[str | int, ...], steps: list[Step]
) -> Iterator[tuple[tuple[str | int, ...], Step]]:
    for place, step in enumerate(steps):
        yield (*path, place), step
        yield from _below((*path, place, "steps"), step.steps)


def _split(said: str) -> tuple[str, list[str | int]]:
    """What is wrong, and where: msgspec tells a path such as ``$.terminal[0].steps[2].do``."""
    found = _AT.search(said)
    path: list[str | int] = []
    if found is not None:
        said = said[: found.start()]
        for key, number in _PIECE.findall(found[1]):
            path.append(key or (int(number) if number else "..."))
    return f"{'.'.join(map(str, path)) or 'the script'}: {said}", path


def _known(table: Any, path: list[str | int]) -> list[str | int]:
    """The path as far as it leads; a play's name, which msgspec does not tell, ends it."""
    known: list[str | int] = []
    for key in path:
        try:
            table = table[key]
        except (KeyError, IndexError, TypeError):
            break
        known.append(key)
    return known
