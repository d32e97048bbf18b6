"""Where the time of a purchase goes, and what its journal costs: one process, no sockets.

Owns these figures. ``bench_bare`` is the switch that they are taken of.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

from switch_tools.bench_bare import BATCH, JOURNAL, Bare, Stopwatch

GROUPS: Final = (1, 16, 64)
WARM_UP: Final = 128


@dataclass(frozen=True, slots=True)
class StageFigure:
    """CPU microseconds of one purchase in one stage, in batches of 64."""

    stage: str
    us: float


@dataclass(frozen=True, slots=True)
class JournalFigure:
    """Durable appends in groups of so many purchases."""

    group: int
    cpu_us: float
    per_second: float


def measure(folder: Path, purchases: int) -> tuple[list[StageFigure], list[JournalFigure]]:
    """So many purchases in each size of group: the stages at 64, the journal at all."""
    bare = Bare(folder)
    stages: list[StageFigure] = []
    journal: list[JournalFigure] = []
    try:
        for group in GROUPS:
            tellers = cycle(bare.buyers)
            batches = max(4, purchases // group)
            for _ in range(max(1, WARM_UP // group)):
                bare.batch([bytes(next(tellers).next_frame()) for _ in range(group)])
            bare.watch = Stopwatch()
            for _ in range(batches):
                bare.batch([bytes(next(tellers).next_frame()) for _ in range(group)])
            done = batches * group
            watch = bare.watch
            cpu_us = watch.cpu_ns[JOURNAL] / done / 1000
            journal.append(JournalFigure(group, cpu_us, done * 1e9 / watch.wall_ns[JOURNAL]))
            if group == BATCH:
                stages = [StageFigure(name, ns / done / 1000) for name, ns in watch.cpu_ns.items()]
    finally:
        bare.close()
    return stages, journal
