"""``isoswitch bench``: figures of this machine, in ratios that can be compared.

Owns the command and the page that it prints. How each figure is come by stands beside it; nothing
is asserted.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import click

from switch_tools import bench_codec, bench_stages, bench_whole
from switch_tools.bench_codec import CodecFigure
from switch_tools.bench_stages import JournalFigure, StageFigure
from switch_tools.bench_whole import WholeFigure


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    rounds: int
    whole_rounds: int
    window_s: float
    purchases: int


FULL: Final = Effort(rounds=15, whole_rounds=7, window_s=2.0, purchases=6000)
QUICK: Final = Effort(rounds=3, whole_rounds=2, window_s=0.5, purchases=640)


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one run."""

    machine: str
    effort: Effort
    codec: list[CodecFigure]
    stages: list[StageFigure]
    journal: list[JournalFigure]
    whole: list[WholeFigure]


def run(folder: Path, effort: Effort) -> Report:
    """Measure everything; stores are made in the folder."""
    codec = bench_codec.measure(effort.rounds)
    stages, journal = bench_stages.measure(folder, effort.purchases)
    whole = bench_whole.measure(folder, effort.whole_rounds, effort.window_s)
    return Report(_machine(), effort, codec, stages, journal, whole)


def _machine() -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"


def page(report: Report) -> Iterator[str]:
    """The report as lines of text."""
    yield f"isoswitch bench: {report.machine}"
    yield ""
    yield from _codec(report)
    yield ""
    yield from _journal(report)
    yield ""
    yield from _whole(report)
    yield ""
    yield from _stages(report)


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
        f"{decide['plan and look up']:.1f} us (CPU, in process, batches of {bench_stages.BATCH})."
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
    most = report.whole[-1]
    rest_us = most.server_us - sum(it.us for it in report.stages)
    yield (
        f"Where the time goes: CPU of one purchase, the rooms called in process in batches of "
        f"{bench_stages.BATCH};"
    )
    yield f"the rest is what the whole at {most.terminals} terminals takes beyond them."
    rows = [("stage", "us", "share")]
    everything = [(it.stage, it.us) for it in report.stages]
    everything.append(("sockets, loop, threads, cold caches", rest_us))
    rows += [(name, f"{us:.1f}", f"{us / most.server_us:.0%}") for name, us in everything]
    rows.append(("whole", f"{most.server_us:.1f}", "100%"))
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


@click.command(epilog="Example: isoswitch bench --quick")
@click.option("--quick", is_flag=True, help="A few seconds; the figures are rough.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the stores are made and removed: the disk to measure [the temporary folder].",
)
def bench(quick: bool, as_json: bool, data: Path | None) -> None:
    """Measure codec, decisions, journal and whole durable purchases on this machine."""
    with tempfile.TemporaryDirectory(prefix="isoswitch-bench-", dir=data) as folder:
        report = run(Path(folder), QUICK if quick else FULL)
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
        return
    for line in page(report):
        click.echo(line)
