"""``isoswitch terminal``: a point-of-sale terminal on the command line.

Owns the group of commands, and those without a card. What a terminal does is ``terminal_engine``'s,
what its options mean ``terminal_options``'.
"""

from __future__ import annotations

from typing import Final

import click
import msgspec

from switch.model.words import Kind
from switch_tools import (
    terminal_closing,
    terminal_followers,
    terminal_key_commands,
    terminal_run,
    terminal_sales,
)
from switch_tools import terminal_report as report
from switch_tools.terminal_acting import asked, play
from switch_tools.terminal_engine import VirtualTerminal
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_model import Wish
from switch_tools.terminal_options import Options, terminal_options

EPILOG: Final = """\b
Exit codes: 0 approved, 1 declined, 2 wrong usage, 3 no answer (what may have been
approved is reversed, or what is owed goes out before anything new), 4 no
connection, 5 the journal cannot be used.

\b
Against `isoswitch serve`:
  isoswitch terminal signon
  isoswitch terminal purchase --card visa --amount 12.34
  isoswitch terminal inject
  isoswitch terminal purchase --card visa --amount 12.34 --entry chip --pin 1234
  isoswitch terminal void
  isoswitch terminal settle"""


@click.group(epilog=EPILOG)
def terminal() -> None:
    """A virtual terminal: it does what a device at a counter does.

    It keeps its own STAN counter, journal and batch. A request without an answer is reversed, and
    the reversal is repeated until it is answered, by the next command if need be; advices are
    repeated in the same way.
    """


@terminal.command(epilog="Example: isoswitch terminal signon --dialect hypercom")
@terminal_options
def signon(options: Options) -> None:
    """Sign on."""
    asked(options, Wish(kind=Kind.SIGN_ON))


@terminal.command(epilog="Example: isoswitch terminal signoff")
@terminal_options
def signoff(options: Options) -> None:
    """Sign off."""
    asked(options, Wish(kind=Kind.SIGN_OFF))


@terminal.command(epilog="Example: isoswitch terminal echo --to 127.0.0.1:8583 --timeout 3")
@terminal_options
def echo(options: Options) -> None:
    """Ask whether the host is there."""
    asked(options, Wish(kind=Kind.ECHO))


@terminal.command(epilog="Example: isoswitch terminal cutover")
@terminal_options
def cutover(options: Options) -> None:
    """Tell the host that a business day ends."""
    asked(options, Wish(kind=Kind.CUTOVER))


@terminal.command(epilog="Example: isoswitch terminal journal")
@terminal_options
def journal(options: Options) -> None:
    """List what the terminal's journal holds; talks to nobody."""

    async def act(device: VirtualTerminal) -> Journal:
        return device.journal

    entries = play(options, act).entries.values()
    if options.as_json:
        click.echo(msgspec.json.encode([report.entry_json(entry) for entry in entries]))
        return
    for entry in entries:
        click.echo(report.entry_line(entry))


for _command in (
    terminal_sales.purchase,
    terminal_sales.cash,
    terminal_sales.balance,
    terminal_sales.verify,
    terminal_sales.preauth,
    terminal_followers.increment,
    terminal_followers.complete,
    terminal_followers.void,
    terminal_followers.refund,
    terminal_followers.tip,
    terminal_followers.reverse,
    terminal_closing.settle,
    terminal_closing.flush,
    terminal_run.run,
    terminal_key_commands.inject,
    terminal_key_commands.keys,
):
    terminal.add_command(_command)
