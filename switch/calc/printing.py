"""How a calculation is shown: steps nibble by nibble, results in one piece to be copied.

Owns both forms, for people and for programs. Refuses to decide what is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from switch.calc.calculator import Outcome, Value
from switch.keys.steps import Steps

_NIBBLES: Final = 32  # of a line
_GROUP: Final = 8
_HEX: Final = re.compile(r"[0-9A-F]+")


def shown(value: Value) -> str:
    """A result as text; bytes in upper-case hex."""
    if isinstance(value, bytes | bytearray):
        return value.hex().upper()
    return ", ".join(value) if isinstance(value, list) else str(value)


def as_text(outcome: Outcome, steps: Steps | None) -> str:
    """Steps, then results; lines end without spaces."""
    lines: list[str] = []
    if steps is not None and steps.lines:
        lines += _columns([(line.name, nibbles(line.value)) for line in steps.lines])
        lines.append("")
    lines += _columns([(name, [shown(value)]) for name, value in outcome.values.items()])
    return "\n".join(line.rstrip() for line in lines)


def as_object(outcome: Outcome, steps: Steps) -> dict[str, Any]:
    """The same for programs."""
    return {
        "ok": outcome.good,
        "result": {name: shown(value) for name, value in outcome.values.items()},
        "steps": [{"name": line.name, "value": line.value} for line in steps.lines],
    }


def nibbles(value: str) -> list[str]:
    """Hex digits apart from each other, eight a group, 32 a line; other text as it is.

    >>> nibbles("041261AAAAEDCBA9")
    ['0 4 1 2 6 1 A A  A A E D C B A 9']
    """
    if not _HEX.fullmatch(value):
        return [value]
    rows = [value[at : at + _NIBBLES] for at in range(0, len(value), _NIBBLES)]
    return ["  ".join(" ".join(group) for group in _groups(row)) for row in rows]


def _groups(row: str) -> Iterator[str]:
    for at in range(0, len(row), _GROUP):
        yield row[at : at + _GROUP]


def _columns(rows: list[tuple[str, list[str]]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return [
        f"{name if place == 0 else '':<{width}}  {line}"
        for name, lines in rows
        for place, line in enumerate(lines or [""])
    ]
