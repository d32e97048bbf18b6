"""``isoswitch batches``: batches, what they hold, where terminal and host differ, who is owed what.

Owns the commands' options. Reads a second view of the store: the switch may be running or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click

from switch.cli_control import data_option, json_option
from switch.data_folder import STORE_NAME, state_folder
from switch.inquiry import batch_find, batch_report, batch_text
from switch.store.sqlite_reader import SqliteReader

Outer = tuple[Path | None, bool]  # --data and --json, where they stand before the subcommand

EPILOG = """\b
Examples:
  isoswitch batches --terminal DEMO0001
  isoswitch batches show DEMO0001/1
  isoswitch batches positions --json"""


def reading(data: Path | None) -> SqliteReader:
    """A second view of the store in the data folder."""
    return SqliteReader((data or state_folder()) / STORE_NAME)


def say(told: object, lines: Iterable[str], *, as_json: bool) -> None:
    """Print one or the other."""
    click.echo(json.dumps(told) if as_json else "\n".join(lines))


@click.group(invoke_without_command=True, epilog=EPILOG, short_help="Show batches and positions.")
@click.option("--terminal", metavar="ID", default="", help="Only this terminal's.")
@click.option("--open/--closed", "is_open", default=None, help="Only open ones, or closed ones.")
@data_option
@json_option
@click.pass_context
def batches(
    ctx: click.Context, terminal: str, is_open: bool | None, data: Path | None, as_json: bool
) -> None:
    """List batches: state, settlement date, net for the merchant, differences.

    A terminal's current batch is listed as soon as anything was captured into it.
    """
    ctx.obj = data, as_json
    if ctx.invoked_subcommand is not None:
        return
    closed = None if is_open is None else not is_open
    with reading(data) as reader, reader.snapshot():
        found = batch_find.batches(reader, terminal=terminal, closed=closed)
        told = [batch_report.brief(one) for one in found]
    say(told, batch_text.listing(told), as_json=as_json)


@batches.command(epilog="Example: isoswitch batches show DEMO0001/1 --json")
@click.argument("batch")
@data_option
@json_option
@click.pass_obj
def show(outer: Outer, batch: str, data: Path | None, as_json: bool) -> None:
    """Show BATCH: totals of terminal and host side by side, items, differences, postings.

    BATCH is TERMINAL/NUMBER, or a terminal's id for its current batch.
    """
    with reading(data or outer[0]) as reader, reader.snapshot():
        told = batch_report.full(batch_find.batch(reader, batch))
    say(told, batch_text.page(told), as_json=as_json or outer[1])


@batches.command(epilog="Example: isoswitch batches positions")
@data_option
@json_option
@click.pass_obj
def positions(outer: Outer, data: Path | None, as_json: bool) -> None:
    """Show what each merchant is owed: captured, settled; what is in suspense and in difference."""
    with reading(data or outer[0]) as reader, reader.snapshot():
        told = [batch_report.position(one) for one in batch_find.positions(reader)]
    say(told, batch_text.standing(told), as_json=as_json or outer[1])
