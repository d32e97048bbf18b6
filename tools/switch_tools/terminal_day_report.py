"""What is told of a day: a line for each terminal, each expectation that was not met, as text or as
JSON.

Owns counting and layout. Refuses to know how a day is played.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from switch.model.words import Kind
from switch_tools.terminal_day import Day
from switch_tools.terminal_day_cast import Player
from switch_tools.terminal_day_play import Played, PlayedDay
from switch_tools.terminal_engine import Outcome
from switch_tools.terminal_outcome import Result
from switch_tools.terminal_report import as_json, settled_json

_COUNTS: Final = ("steps", "approved", "declined", "no_answer", "reversed", "voided", "skipped")
_SHORT: Final = {"balanced": "in balance", "out_of_balance": "out of balance"}


def exit_code(played: PlayedDay) -> int:
    """0 where all was as expected, else 1."""
    return 1 if played.unmet else 0


def summary(played: PlayedDay) -> list[dict[str, Any]]:
    """Counts for each terminal, in the order of the script."""
    steps: dict[tuple[str, str], list[Played]] = {
        (player.dialect, player.name): [] for player in played.players
    }
    for step in played.steps:
        steps[step.dialect, step.terminal].append(step)
    return [_counts(player, steps[player.dialect, player.name]) for player in played.players]


def day_json(day: Day, played: PlayedDay, *, whole: bool) -> dict[str, Any]:
    """The day as plain data; ``whole``: with each step."""
    data: dict[str, Any] = {
        "title": day.title,
        "exit": exit_code(played),
        "terminals": summary(played),
        "unmet": [_unmet(step) for step in played.unmet],
    }
    if whole:
        data["steps"] = [_step(step) for step in played.steps]
    return data


def step_line(step: Played) -> str:
    """One step in one line."""
    mark = "NOT SO" if step.wrong else ""
    said = f"{step.terminal:<16} {step.do:<9} {step.result:<14} {step.said}"
    return f"{said}  {mark}".rstrip()


def day_lines(day: Day, played: PlayedDay) -> Iterator[str]:
    """The summary for people."""
    if day.title:
        yield day.title
    rows = [["terminal", "dialect", *(name.replace("_", " ") for name in _COUNTS), "settled"]]
    for told in summary(played):
        settled = ", ".join(_SHORT.get(one, one) for one in told["settled"]) or "-"
        rows.append(
            [told["terminal"], told["dialect"], *(str(told[name]) for name in _COUNTS), settled]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
    yield ""
    for step in played.unmet:
        yield f"{step.place}: {step.terminal} {step.do}: {step.wrong}"
    unmet = len(played.unmet)
    yield f"{unmet} not as expected" if unmet else "all as expected"


def _counts(player: Player, steps: Iterable[Played]) -> dict[str, Any]:
    counts = dict.fromkeys(_COUNTS, 0)
    settled = []
    unmet = 0
    for step in steps:
        counts["steps"] += 1
        unmet += bool(step.wrong)
        if step.settled is not None:
            settled.append(step.result)
        if step.result in ("skipped", "no_answer"):
            counts[step.result] += 1
        if step.outcome is not None:
            counts["approved"] += step.outcome.result is Result.APPROVED
            counts["declined"] += step.outcome.result is Result.DECLINED
            counts["reversed"] += _takes_back(step.outcome, Kind.REVERSAL)
            counts["voided"] += _takes_back(step.outcome, Kind.VOID)
    return {
        "terminal": player.name,
        "dialect": player.dialect,
        **counts,
        "settled": settled,
        "unmet": unmet,
    }


def _takes_back(outcome: Outcome, kind: Kind) -> bool:
    """Whether something was taken back by it, or after it."""
    done = outcome.reversal or outcome
    return done.entry.sent.kind is kind and done.result is Result.APPROVED


def _unmet(step: Played) -> dict[str, Any]:
    return {"terminal": step.terminal, "place": step.place, "do": step.do, "said": step.wrong}


def _step(step: Played) -> dict[str, Any]:
    told: dict[str, Any] = {
        "terminal": step.terminal,
        "dialect": step.dialect,
        "place": step.place,
        "do": step.do,
        "result": step.result,
        "said": step.said,
        "wrong": step.wrong,
    }
    if step.outcome is not None:
        told["outcome"] = as_json(step.outcome)
    if step.settled is not None:
        told["settled"] = settled_json(step.settled)
    return told
