"""A store with a million transactions and ten thousand cards beside an empty one.

Owns both stores and what is done on either in turn: purchases, the close of a batch, ``explain``,
``selfcheck``, a restart of the whole process. The empty one holds what its configuration says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple, TypeVar

from switch.data_folder import STORE_NAME
from switch.inquiry.explain import explain
from switch.inquiry.explain_find import find, history
from switch.model.records import Transaction
from switch.selfcheck.run import selfcheck
from switch.store.sqlite_reader import SqliteReader
from switch_tools.bench_bare import BATCH, Bare
from switch_tools.bench_history import BATCH_ITEMS, Past, Tills
from switch_tools.bench_rounds import ratio
from switch_tools.bench_whole import running_switch, server_cpu_ns
from switch_tools.bench_world import MOST_TERMINALS

GROUPS: Final = 4  # of purchases, in a round
SINGLES: Final = 16
RESTARTS: Final = 2

T = TypeVar("T")
Taken = dict[str, tuple[float, float]]
"""CPU and wall milliseconds, by what was done."""


@dataclass(frozen=True, slots=True)
class StoreFigure:
    """One piece of work on either store: CPU milliseconds, and how many times as much on the full
    one, in CPU time and by the clock on the wall.
    """

    what: str
    empty_ms: float
    full_ms: float
    times: float
    wall_times: float


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What was measured, and on how much. ``write_s``: how long it took to write the past."""

    transactions: int = 0
    cards: int = 0
    store_mb: float = 0.0
    write_s: float = 0.0
    figures: tuple[StoreFigure, ...] = ()


class Asked(NamedTuple):
    """What a person knows of a transaction."""

    stan: str = ""
    rrn: str = ""
    terminal: str = ""


class Side:
    """One of the two stores."""

    def __init__(self, folder: Path, cards: int, transactions: int, items: int) -> None:
        self.folder = folder
        folder.mkdir()
        self._bare = Bare(folder)
        self._tills = Tills(self._bare, cards)
        self.written, self.write_s = 0, 0.0
        if transactions:
            self.written, self.write_s = Past(self._bare, self._tills, items).write(transactions)

    def in_process(self) -> Taken:
        """Decisions, and questions of people."""
        bare, tills = self._bare, self._tills
        names = tills.names
        groups = [[tills.purchase(name) for name in names[:BATCH]] for _ in range(GROUPS)]
        singles = [[tills.purchase(name)] for name in names[:SINGLES]]
        taken = {
            f"purchase, in batches of {BATCH}": _taken(bare.decide, groups, BATCH),
            "purchase, one at a time": _taken(bare.decide, singles),
        }
        last = names[-1]
        bare.decide([tills.close(last)])
        bare.decide([tills.purchase(last) for _ in range(BATCH_ITEMS)])
        close = tills.close(last)
        taken[f"close of a batch of {BATCH_ITEMS}"] = _taken(bare.decide, [[close]])
        for what, asked in self._questions().items():
            taken[f"explain {what}"] = _taken(self._explain, [asked])
        return taken

    def _questions(self) -> dict[str, Asked]:
        """An old and a new transaction, by what a person knows of it."""
        key = self._tills.first
        with SqliteReader(self._path) as reader:
            old = reader.find(Transaction, key)
            new = next(reader.newest())
        assert old is not None
        return {
            "--last": Asked(),
            "--rrn, of a new one": Asked(rrn=new.rrn),
            "--rrn, of the oldest": Asked(rrn=old.rrn),
            "--terminal --stan, of the oldest": Asked(old.stan, terminal=old.terminal_id),
        }

    @property
    def _path(self) -> Path:
        return self.folder / STORE_NAME

    @property
    def size_mb(self) -> float:
        """Of the database file."""
        return self._path.stat().st_size / 1e6

    def close(self) -> None:
        """Let go of the store, so that others may take it."""
        self._bare.close()

    def restart(self) -> tuple[float, float]:
        """From the start of the process until it is ready."""
        start_ns = time.perf_counter_ns()
        with running_switch(self.folder) as (pid, _):
            took_ns = time.perf_counter_ns() - start_ns
            return server_cpu_ns(pid) / 1e6, took_ns / 1e6

    def selfcheck(self) -> tuple[float, float]:
        """All rules."""
        return _taken(self._check, [None])

    def _check(self, _: None) -> None:
        with SqliteReader(self._path) as reader, reader.snapshot():
            assert selfcheck(reader).sound

    def _explain(self, asked: Asked) -> None:
        with SqliteReader(self._path) as reader, reader.snapshot():
            chosen = find(reader, stan=asked.stan, rrn=asked.rrn, terminal=asked.terminal, limit=1)
            for transaction in chosen:
                explain(history(reader, transaction))


def _taken(work: Callable[[T], None], done_to: Sequence[T], each: int = 1) -> tuple[float, float]:
    """CPU and wall milliseconds of one piece; each call does so many."""
    cpu_ns, wall_ns = time.process_time_ns(), time.perf_counter_ns()
    for it in done_to:
        work(it)
    cpu_ns, wall_ns = time.process_time_ns() - cpu_ns, time.perf_counter_ns() - wall_ns
    pieces = len(done_to) * each
    return cpu_ns / pieces / 1e6, wall_ns / pieces / 1e6


def measure(
    folder: Path, rounds: int, transactions: int, cards: int, items: int = BATCH_ITEMS
) -> StoreReport:
    """Both stores in turn, round by round. ``items``: of each batch in the past."""
    sides = [
        Side(folder / "empty", MOST_TERMINALS, 0, items),
        Side(folder / "full", cards, transactions, items),
    ]
    try:
        taken = [(sides[0].in_process(), sides[1].in_process()) for _ in range(rounds)]
    finally:
        for side in sides:
            side.close()
    full = sides[1]
    restarts = [tuple(side.restart() for side in sides) for _ in range(RESTARTS)]
    checks = [tuple(side.selfcheck() for side in sides)]
    figures = [
        _figure(what, [(empty[what], full[what]) for empty, full in taken]) for what in taken[0][0]
    ]
    figures += [_figure("restart, until ready", restarts), _figure("selfcheck", checks)]
    return StoreReport(full.written, cards, full.size_mb, full.write_s, tuple(figures))


def _figure(what: str, pairs: Sequence[tuple[tuple[float, float], ...]]) -> StoreFigure:
    empty, full = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    cpu = [figure[0] for figure in empty], [figure[0] for figure in full]
    wall = [figure[1] for figure in empty], [figure[1] for figure in full]
    return StoreFigure(
        what, median(cpu[0]), median(cpu[1]), ratio(cpu[1], cpu[0]), ratio(wall[1], wall[0])
    )
