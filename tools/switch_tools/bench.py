"""``isoswitch bench``: figures of this machine, in ratios that can be compared.

Owns the command and the page that it prints. How each figure is come by stands beside it; nothing
is asserted.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from switch_tools import (
    bench_codec,
    bench_costs,
    bench_keys,
    bench_secured,
    bench_stages,
    bench_store,
    bench_timing,
    bench_whole,
)
from switch_tools.bench_bare import BATCH
from switch_tools.bench_codec import CodecFigure
from switch_tools.bench_costs import CostFigure
from switch_tools.bench_history import BATCH_ITEMS
from switch_tools.bench_keys import KeysFigure
from switch_tools.bench_secured import SecuredFigure
from switch_tools.bench_stages import JournalFigure, StageFigure
from switch_tools.bench_store import StoreReport
from switch_tools.bench_timing import TimingFigure
from switch_tools.bench_vault import COVERED, DEVICES
from switch_tools.bench_whole import WholeFigure
from switch_tools.bench_world import MOST_TERMINALS

PARTS: Final = ("codec", "stages", "whole", "costs", "keys", "secured", "timing", "store")


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure, and on how much."""

    rounds: int
    whole_rounds: int
    window_s: float
    purchases: int
    cost_rounds: int
    store_rounds: int
    transactions: int
    cards: int
    secured_rounds: int
    secured_each: int  # purchases of each terminal in a window
    timing_rounds: int


FULL: Final = Effort(15, 7, 2.0, 6000, 60, 9, 1_000_000, 10_000, 10, 25, 400)
QUICK: Final = Effort(3, 2, 0.5, 640, 6, 2, 20_000, 1_000, 2, 10, 40)


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one run; empty where a part was not asked for."""

    machine: str
    effort: Effort
    codec: list[CodecFigure] = field(default_factory=list)
    stages: list[StageFigure] = field(default_factory=list)
    journal: list[JournalFigure] = field(default_factory=list)
    whole: list[WholeFigure] = field(default_factory=list)
    costs: list[CostFigure] = field(default_factory=list)
    keys: list[KeysFigure] = field(default_factory=list)
    secured: list[SecuredFigure] = field(default_factory=list)
    timing: list[TimingFigure] = field(default_factory=list)
    store: StoreReport | None = None


def run(folder: Path, effort: Effort, parts: Sequence[str] = PARTS) -> Report:
    """Measure these parts; stores are made in the folder."""
    found: dict[str, Any] = {}
    for part in PARTS:
        if part in parts:
            found |= _MEASURED[part](folder / part, effort)
    return Report(_machine(), effort, **found)


def _stages_and_journal(folder: Path, effort: Effort) -> dict[str, Any]:
    stages, journal = bench_stages.measure(_new(folder), effort.purchases)
    return {"stages": stages, "journal": journal}


# What each part adds to the report, measured in a folder of its own.
_MEASURED: Final[dict[str, Callable[[Path, Effort], dict[str, Any]]]] = {
    "codec": lambda _, effort: {"codec": bench_codec.measure(effort.rounds)},
    "stages": _stages_and_journal,
    "whole": lambda folder, effort: {
        "whole": bench_whole.measure(_new(folder), effort.whole_rounds, effort.window_s)
    },
    "costs": lambda folder, effort: {
        "costs": bench_costs.measure(_new(folder), effort.cost_rounds)
    },
    "keys": lambda folder, effort: {"keys": bench_keys.measure(_new(folder), effort.rounds)},
    "secured": lambda folder, effort: {
        "secured": bench_secured.measure(_new(folder), effort.secured_rounds, effort.secured_each)
    },
    "timing": lambda folder, effort: {
        "timing": bench_timing.measure(_new(folder), effort.timing_rounds)
    },
    "store": lambda folder, effort: {
        "store": bench_store.measure(
            _new(folder), effort.store_rounds, effort.transactions, effort.cards
        )
    },
}


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _machine() -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"


def page(report: Report) -> Iterator[str]:
    """The report as lines of text."""
    yield f"isoswitch bench: {report.machine}"
    told = (
        (_codec, report.codec),
        (_journal, report.journal),
        (_whole, report.whole),
        (_stages, report.stages),
        (_costs, report.costs),
        (_keys, report.keys),
        (_secured, report.secured),
        (_timing, report.timing),
        (_store, report.store),
    )
    for part, found in told:
        if found:
            yield ""
            yield from part(report)


def _codec(report: Report) -> Iterator[str]:
    yield "Codec beside pyiso8583: CPU microseconds an operation, on the same bytes."
    yield f"Medians of {report.effort.rounds} rounds taken in turn; ratios round by round."
    rows = [("message", "operation", "pyiso8583", "isoswitch", "times as fast")]
    for it in report.codec:
        message = f"{it.sample}, {it.elements} elements, {it.message_bytes} bytes"
        ours = (f"{it.reference_us:.1f}", f"{it.ours_us:.1f}", f"{it.times_as_fast:.1f}")
        rows.append((message, it.operation, *ours))
    yield from _table(rows, words=2)


def _journal(report: Report) -> Iterator[str]:
    decide = {it.stage: it.us for it in report.stages}
    yield (
        f"Decide one purchase: {decide['decide']:.1f} us, its plan and look-ups "
        f"{decide['plan and look up']:.1f} us (CPU, in process, batches of {BATCH})."
    )
    yield "Journal: durable appends (SQLite, WAL, synchronous=FULL) in groups of purchases."
    rows = [("group", "CPU us a purchase", "purchases a second")]
    rows += [(str(it.group), f"{it.cpu_us:.1f}", f"{it.per_second:.0f}") for it in report.journal]
    yield from _table(rows, words=0)


def _whole(report: Report) -> Iterator[str]:
    effort = report.effort
    yield "Whole durable purchases over loopback, each terminal with one under way at a time."
    yield (
        f"Medians of {effort.whole_rounds} windows of {effort.window_s:g} s. CPU of the server "
        "process, all threads, read from outside;"
    )
    yield (
        "times pyiso8583: over its CPU time for decoding the request and encoding the answer, "
        "round by round."
    )
    rows = [("terminals", "a second", "server CPU us", "times pyiso8583", "p50 ms", "p99 ms")]
    rows += [
        (
            str(it.terminals),
            f"{it.per_second:.0f}",
            f"{it.server_us:.0f}",
            f"{it.times_reference:.1f}",
            f"{it.p50_ms:.1f}",
            f"{it.p99_ms:.1f}",
        )
        for it in report.whole
    ]
    yield from _table(rows, words=0)


def _stages(report: Report) -> Iterator[str]:
    yield (
        f"Where the time goes: CPU of one purchase, the rooms called in process in batches of "
        f"{BATCH}."
    )
    everything = [(it.stage, it.us) for it in report.stages]
    whole_us = sum(us for _, us in everything)
    if report.whole:
        most = report.whole[-1]
        yield f"The rest is what the whole at {most.terminals} terminals takes beyond them."
        everything.append(("sockets, loop, threads, cold caches", most.server_us - whole_us))
        whole_us = most.server_us
    rows = [("stage", "us", "share")]
    rows += [(name, f"{us:.1f}", f"{us / whole_us:.0%}") for name, us in everything]
    rows.append(("whole", f"{whole_us:.1f}", "100%"))
    yield from _table(rows, words=1)


def _costs(report: Report) -> Iterator[str]:
    yield "What a purchase pays for what: CPU microseconds of one, in process, each variant on a"
    yield (
        f"store of its own. Medians of {report.effort.cost_rounds} rounds, a batch of {BATCH} of "
        "each variant in turn; ratios of the sum, round by round."
    )
    rows: list[tuple[str, ...]] = [("variant", "plan", "step", "append", "times the plain one")]
    for it in report.costs:
        figures = (f"{us:.1f}" for us in (it.plan_us, it.step_us, it.append_us))
        rows.append((it.variant, *figures, f"{it.times:.2f}"))
    yield from _table(rows, words=1)


def _keys(report: Report) -> Iterator[str]:
    yield "The key room: CPU microseconds of one, and how many that makes in a second of CPU time."
    yield (
        f"Medians of {report.effort.rounds} rounds taken in turn; ratios to the yardstick round by "
        "round. Under DUKPT"
    )
    yield (
        f"each is of another message, its derivation included, of {DEVICES} devices whose ways are "
        "kept; plain: one to ten"
    )
    yield f"steps from the initial key. MACs over {COVERED} bytes; one card, whose key is kept."
    rows = [("operation", "us", "a second", "times")]
    rows += [
        (it.operation, f"{it.us:.1f}", f"{it.per_second:.0f}", f"{it.times:.1f}")
        for it in report.keys
    ]
    yield from _table(rows, words=1)


def _secured(report: Report) -> Iterator[str]:
    effort = report.effort
    yield (
        f"Whole durable purchases over loopback, {MOST_TERMINALS} terminals with one under way at "
        "a time: MAC checked, PIN verified,"
    )
    yield (
        "chip cryptogram checked and answered, MAC of the answer made. CPU of the server process, "
        "all threads, read from outside;"
    )
    yield (
        f"medians of {effort.secured_rounds} rounds, all variants in turn, "
        f"{effort.secured_each} purchases of each terminal; ratios round by round."
    )
    yield "Requests are made before a window, the MACs of its answers checked behind it."
    rows = [("variant", "a second", "server CPU us", "times without")]
    rows += [
        (it.variant, f"{it.per_second:.0f}", f"{it.server_us:.0f}", f"{it.times:.2f}")
        for it in report.secured
    ]
    yield from _table(rows, words=1)


def _timing(report: Report) -> Iterator[str]:
    yield "Whether time tells why a PIN block is refused (the words are the same, or this fails)."
    yield (
        f"Nanoseconds by the clock; {report.effort.timing_rounds} rounds of all causes in turn, of "
        f"each the median of {bench_timing.CALLS} calls. How far the"
    )
    yield (
        "quartiles of a cause are from those of a block under another key, at most; noise: the "
        f"same of {len(bench_timing.CONTROLS)} more"
    )
    yield "measurements of that very block."
    rows = [("blocks", "wrong", "farthest", "causes", "refusal", "apart", "noise", "times noise")]
    rows += [
        (
            it.blocks,
            it.where,
            it.farthest,
            str(it.causes),
            f"{it.refusal_ns:.0f}",
            f"{it.difference_ns:.0f}",
            f"{it.noise_ns:.0f}",
            f"{it.times:.1f}",
        )
        for it in report.timing
    ]
    yield from _table(rows, words=3)


def _store(report: Report) -> Iterator[str]:
    store = report.store
    assert store is not None
    yield (
        f"A store with {store.transactions:,} transactions and {store.cards:,} cards "
        f"({store.store_mb:,.0f} MB) beside an empty one."
    )
    yield (
        f"Written through the store in {store.write_s:,.0f} s, in appends of thousands; batches of "
        f"{BATCH_ITEMS}, all closed."
    )
    yield (
        f"CPU milliseconds: medians of {report.effort.store_rounds} rounds (restart "
        f"{bench_store.RESTARTS}, selfcheck 1), both stores in turn; ratios round by round."
    )
    rows = [("what", "empty ms", "full ms", "times", "times by the clock")]
    rows += [
        (
            it.what,
            f"{it.empty_ms:.2f}",
            f"{it.full_ms:.2f}",
            f"{it.times:.2f}",
            f"{it.wall_times:.2f}",
        )
        for it in store.figures
    ]
    yield from _table(rows, words=1)


def _table(rows: Sequence[tuple[str, ...]], words: int) -> Iterator[str]:
    """Columns: the first ``words`` to the left, figures to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if column < words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield ("  " + "  ".join(cells)).rstrip()


@click.command(epilog="Examples: isoswitch bench --quick   |   isoswitch bench --only store")
@click.option("--quick", is_flag=True, help="A minute, and a small store; the figures are rough.")
@click.option(
    "--only", "parts", type=click.Choice(PARTS), multiple=True, help="This part; can be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the stores are made and removed: the disk to measure [the temporary folder].",
)
def bench(quick: bool, parts: tuple[str, ...], as_json: bool, data: Path | None) -> None:
    """Measure codec, decisions, journal and whole purchases on this machine; what trail, postings
    and rules cost; the key room, purchases with PIN, MAC and chip, the time of refused PIN blocks;
    and a store with a million transactions, which takes minutes and 5 GB of disk.
    """
    with tempfile.TemporaryDirectory(prefix="isoswitch-bench-", dir=data) as folder:
        report = run(Path(folder), QUICK if quick else FULL, parts or PARTS)
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
        return
    for line in page(report):
        click.echo(line)
