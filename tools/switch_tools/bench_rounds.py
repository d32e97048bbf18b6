"""Measuring in turn: A B C, A B C ..., so that a machine whose speed drifts drifts for all of them.

Owns rounds, medians and ratios. Refuses to know what is measured. Time is CPU time of this process
(all its threads), because wall time on a shared machine says little.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Final

Job = Callable[[int], None]
"""Does its work so many times."""
SLICE_S: Final = (
    0.05  # of each job in each round: long beside the clock's grain, short beside drift
)


def cpu_us(job: Job, count: int) -> float:
    """CPU microseconds of one piece of the job's work, over ``count`` pieces."""
    start = time.process_time_ns()
    job(count)
    return (time.process_time_ns() - start) / count / 1000


def in_turn(
    jobs: Mapping[str, Job], rounds: int, slice_s: float = SLICE_S
) -> dict[str, list[float]]:
    """CPU microseconds a piece, by job, one figure a round."""
    counts = {name: _count(job, slice_s) for name, job in jobs.items()}
    figures: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            figures[name].append(cpu_us(job, counts[name]))
    return figures


def _count(job: Job, slice_s: float) -> int:
    """How many pieces fill a slice; finding out warms the job up."""
    count = 16
    while (took_s := cpu_us(job, count) * count / 1e6) < slice_s / 4:
        count *= 2
    return max(1, int(count * slice_s / took_s))


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios round by round."""
    return median(a / b for a, b in zip(above, below, strict=True))
