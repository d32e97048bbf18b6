"""What a purchase pays for trail, postings, risk rules and scripted rules: with and without, in
turn.

Owns the variants. What production code has no switch for is left out by standing in for the
function that does it, for as long as the variant runs. Each variant has a store of its own.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from statistics import median
from typing import Any, Final

from switch.config_triggers import TABLE as TRIGGERS
from switch.core import authorization
from switch.core import case as core_case
from switch.core.case import Case
from switch.core.ledger import Book
from switch.model.events import RequestArrived
from switch.model.facts import Facts
from switch_tools.bench_bare import BATCH, DECIDE, JOURNAL, PLAN, Bare, MadeClock, Stopwatch
from switch_tools.bench_rounds import ratio
from switch_tools.bench_world import MERCHANT

STAGES: Final = (PLAN, DECIDE, JOURNAL)
WARM_UP: Final = 16  # batches, after which sliding windows hold what they hold later on
STEP_S: Final = 360.0  # between purchases of a card: ten in an hour


@dataclass(frozen=True, slots=True)
class CostFigure:
    """A variant: CPU microseconds of a purchase in plan, step and append together, and how many
    times as much as the plain one.
    """

    variant: str
    plan_us: float
    step_us: float
    append_us: float
    times: float


@dataclass(frozen=True, slots=True)
class Variant:
    """What is added to the configuration, and what stands in while it runs."""

    name: str
    more: str = ""
    without: Callable[[], AbstractContextManager[None]] = nullcontext


class _Unposted(Book):
    """Accounts move, and no posting tells why."""

    def transfer(self, *arguments: Any, **_: Any) -> None:
        """The two accounts."""
        _, source, target, amount_minor, currency = arguments
        self._move(source, currency, -amount_minor, 0)
        self._move(target, currency, amount_minor, 0)


class _Unmoved(Book):
    """Nothing moves: funds are looked at and stay."""

    def transfer(self, *_: Any, **__: Any) -> None:
        """Nothing."""


@contextmanager
def _standing_in(owner: object, **values: object) -> Iterator[None]:
    before = {name: getattr(owner, name) for name in values}
    for name, value in values.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


class _Untold(list[Any]):
    """A trail that takes nothing."""

    def append(self, _: object) -> None:
        """Dropped."""


class _Untrailed(Case):
    """Checks say what they say, and nothing of it is noted."""

    __slots__ = ()

    def __init__(self, event: RequestArrived, facts: Facts) -> None:
        super().__init__(event, facts)
        self.trail = _Untold()

    def passed(self, name: str, saw: str, said: str) -> None:
        """Nothing."""


def _toml(rules: Sequence[dict[str, Any]]) -> str:
    """The rules as a configuration has them: what they say is written alike in JSON and TOML."""
    lines = ["", "[[terminal]]", 'id = "DEMO0008"', f'merchant = "{MERCHANT}"']  # one names it
    for rule in rules:
        lines += ["", "[[risk]]", *(f"{name} = {json.dumps(said)}" for name, said in rule.items())]
    return "\n".join(lines) + "\n"


def _velocity(per: str, window_s: int) -> str:
    rule = {"name": f"{per}-velocity", "check": "velocity", "per": per, "window_s": window_s}
    return _toml([{**rule, "amount": "1000000.00"}])


def variants() -> Sequence[Variant]:
    """The plain purchase first."""
    demo = tomllib.loads(resources.files("switch").joinpath("demo.toml").read_text("utf-8"))
    rules: list[dict[str, Any]] = demo["risk"]
    every = [{**rule, "on": True} for rule in rules]
    return (
        Variant("plain purchase"),
        Variant("without trail", without=lambda: _standing_in(authorization, Case=_Untrailed)),
        Variant("without postings", without=lambda: _standing_in(core_case, Book=_Unposted)),
        Variant(
            "without postings and accounts",
            without=lambda: _standing_in(core_case, Book=_Unmoved),
        ),
        Variant("with the demo's risk rules", _toml(rules)),
        Variant("with all of them switched on", _toml(every)),
        Variant("velocity by card, 10 in its window", _velocity("card", 3600)),
        Variant("velocity by merchant, over 1000 in its window", _velocity("merchant", 86400)),
        Variant(f"with the magic amounts of {TRIGGERS}", "\n[scripting]\nmagic_amounts = true\n"),
    )


class _Run:
    """One variant on its store."""

    def __init__(self, variant: Variant, folder: Path) -> None:
        folder.mkdir()
        self._variant = variant
        self._bare = Bare(folder, variant.more, MadeClock(STEP_S))
        self.us: dict[str, list[float]] = {stage: [] for stage in STAGES}

    def batch(self) -> None:
        """One purchase of each terminal, after one that the interpreter warms up with again."""
        bare = self._bare
        with self._variant.without():
            for _ in range(2):
                frames = [bytes(buyer.next_frame()) for buyer in bare.buyers[:BATCH]]
                bare.watch = Stopwatch()
                bare.batch(frames)
        for stage, noted in self.us.items():
            noted.append(bare.watch.cpu_ns[stage] / BATCH / 1000)

    def warm_up(self) -> None:
        """Until functions are compiled, rows known and windows full."""
        for _ in range(WARM_UP):
            self.batch()
        for noted in self.us.values():
            noted.clear()

    @property
    def total_us(self) -> list[float]:
        """Of all stages, round by round."""
        return [sum(some) for some in zip(*self.us.values(), strict=True)]

    def close(self) -> None:
        """Let go of the store."""
        self._bare.close()


def measure(folder: Path, rounds: int) -> list[CostFigure]:
    """All variants in turn, a batch each in each round."""
    every = variants()
    runs = [_Run(variant, folder / str(place)) for place, variant in enumerate(every)]
    try:
        for run in runs:
            run.warm_up()
        for _ in range(rounds):
            for run in runs:
                run.batch()
    finally:
        for run in runs:
            run.close()
    plain = runs[0].total_us
    return [
        CostFigure(
            variant.name,
            median(run.us[PLAN]),
            median(run.us[DECIDE]),
            median(run.us[JOURNAL]),
            ratio(run.total_us, plain),
        )
        for variant, run in zip(every, runs, strict=True)
    ]
