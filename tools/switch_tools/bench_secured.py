"""Whole durable purchases with PIN, MAC and chip beside those without: the same switch, the same
loopback, variants in turn.

Owns the rounds. The purchases of a window are made before it, and the MACs of its answers checked
behind it, so that only the switch's work is in its CPU time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from switch_tools.bench_rounds import ratio
from switch_tools.bench_secured_world import PLAIN, VARIANTS, configuration
from switch_tools.bench_whole import SETTLE_S, Load, running_switch, server_cpu_ns
from switch_tools.bench_world import MOST_TERMINALS

LOAD: Final = "switch_tools.bench_secured_load"
WARM_UP: Final = 2  # windows of each variant, after which functions are compiled and rows cached


@dataclass(frozen=True, slots=True)
class SecuredFigure:
    """A variant. ``times``: server CPU time of one purchase over that of one without PIN and MAC,
    round by round.
    """

    variant: str
    purchases: int
    per_second: float
    server_us: float
    times: float


def measure(
    folder: Path,
    rounds: int,
    each: int,
    warm_up: int = WARM_UP,
    terminals: int = MOST_TERMINALS,
) -> list[SecuredFigure]:
    """All variants in turn, in each round ``each`` purchases of each terminal; each round begins
    with another variant, so that none always comes behind the same one.
    """
    server_us: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    per_second: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    purchases = 0
    with running_switch(folder, configuration()) as (pid, port):
        load = Load(port, LOAD, str(terminals))
        try:
            for number in range(warm_up + rounds):
                turn = number % len(VARIANTS)
                for variant in VARIANTS[turn:] + VARIANTS[:turn]:
                    load.ask(variant=variant, each=each, ready=False)
                    before_ns = server_cpu_ns(pid)
                    figures = load.ask(variant=variant, each=each, ready=True)
                    time.sleep(SETTLE_S)
                    took_us = (server_cpu_ns(pid) - before_ns) / 1000
                    if number >= warm_up:
                        purchases = figures["purchases"] * rounds
                        server_us[variant].append(took_us / figures["purchases"])
                        per_second[variant].append(figures["purchases"] / figures["seconds"])
        finally:
            load.close()
    return [
        SecuredFigure(
            variant,
            purchases,
            median(per_second[variant]),
            median(server_us[variant]),
            ratio(server_us[variant], server_us[PLAIN]),
        )
        for variant in VARIANTS
    ]
