"""``isoswitch terminal run``: plays a script of many terminals at once.

Owns the command and its options. The notation is ``terminal_day``'s, playing
``terminal_day_play``'s.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import click
import msgspec
import trio

from switch.errors import ConfigError
from switch_tools import terminal_day_report as report
from switch_tools.terminal_acting import EXIT_INTERRUPTED
from switch_tools.terminal_day import Day, load_day
from switch_tools.terminal_day_cast import Player, World, players_of
from switch_tools.terminal_day_example import EXAMPLE
from switch_tools.terminal_day_play import Played, PlayedDay, play_day
from switch_tools.terminal_options import state_folder
from switch_tools.terminal_wallet import Wallet

_EPILOG: Final = """\b
Write a script, play it against `isoswitch serve`:
  isoswitch terminal run --example > morning.toml
  isoswitch terminal run morning.toml --report

\b
Exit codes: 0 all as expected, 1 an expectation was not met, 2 the script cannot be
played, 5 a journal cannot be used."""


def _print_example(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(EXAMPLE, nl=False)
        context.exit()


@click.command(epilog=_EPILOG)
@click.argument("script", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Hosts, terminals, merchants and cards of this configuration, not the demo world's.",
)
@click.option(
    "--to",
    multiple=True,
    metavar="[DIALECT=]HOST:PORT",
    help="Where the terminals (of a dialect) call [the dialect's first listener].",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the terminals' journals [in the user's state directory].",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder of the switch that injects keys [the user's state directory].",
)
@click.option("--fresh", is_flag=True, help="Terminals without a past, and without a journal.")
@click.option(
    "--speed",
    type=click.FloatRange(0, 1000),
    default=0.0,
    show_default=True,
    help="How long thinking takes: 1 as it is written, 0 no time but the terminal's own.",
)
@click.option("--seed", type=int, help="Another seed than the script's.")
@click.option("--report", "whole", is_flag=True, help="Tell each step as it ends.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--example",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_example,
    help="Print a script that explains itself.",
)
def run(
    script: Path,
    config: Path | None,
    to: tuple[str, ...],
    state: Path | None,
    data: Path | None,
    fresh: bool,
    speed: float,
    seed: int | None,
    whole: bool,
    as_json: bool,
) -> None:
    """Play a day of many terminals at once, and say what was not as expected."""
    if fresh and state is not None:
        raise click.UsageError("--fresh has no --state")
    addresses = {name: text for name, _, text in (_split(one) for one in to)}
    folder = None if fresh else state or state_folder()
    wallet = Wallet(folder)
    world = World(config=config, to=addresses, state=folder, seed=seed, data=data, wallet=wallet)
    try:
        day = load_day(script)
        players = players_of(day, world)
    except ConfigError as failure:
        raise click.UsageError(str(failure)) from None
    played = _played(day, players, speed, tell=whole and not as_json)
    if as_json:
        click.echo(msgspec.json.encode(report.day_json(day, played, whole=whole)))
    else:
        for line in report.day_lines(day, played):
            click.echo(line)
    click.get_current_context().exit(report.exit_code(played))


def _played(day: Day, players: list[Player], speed: float, *, tell: bool) -> PlayedDay:
    def heard(step: Played) -> None:
        if tell:
            click.echo(report.step_line(step))

    try:
        return trio.run(partial(play_day, day, players, speed=speed, heard=heard))
    except* KeyboardInterrupt:
        click.echo("\ninterrupted: what may have been approved is reversed next time", err=True)
    raise SystemExit(EXIT_INTERRUPTED)


def _split(text: str) -> tuple[str, str, str]:
    """Dialect, separator, address; without a dialect the address is for all."""
    name, separator, address = text.partition("=")
    return (name, separator, address) if separator else ("", "", text)
