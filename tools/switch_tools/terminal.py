"""``isoswitch terminal``: a point-of-sale terminal on the command line.

Owns the commands and what they print. What a terminal does is ``terminal_engine``'s, what its
options mean ``terminal_options``'.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import click
import msgspec
import trio

from switch.errors import ConfigError, EncodeError
from switch.model.words import Kind
from switch.money import Money, MoneyError
from switch_tools import terminal_report as report
from switch_tools.cards import CardError, find_card
from switch_tools.receipt import has_copies, receipt
from switch_tools.terminal_engine import Outcome, VirtualTerminal
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_options import Options, build, place_of, terminal_options

EPILOG: Final = """\b
Exit codes: 0 approved, 1 declined, 2 wrong usage, 3 no answer (what may have been
approved is reversed, or its reversal is owed and goes out before anything new),
4 no connection, 5 the journal cannot be used.

\b
Against `isoswitch serve`:
  isoswitch terminal signon
  isoswitch terminal purchase --card visa --amount 12.34
  isoswitch terminal reverse"""

T = TypeVar("T")
EXIT_INTERRUPTED: Final = 130  # as shells have it for SIGINT

Act = Callable[[VirtualTerminal], Awaitable[Outcome]]


@click.group(epilog=EPILOG)
def terminal() -> None:
    """A virtual terminal: sign on, buy, reverse.

    It keeps its own STAN counter and journal, and does what a device does: a purchase without an
    answer is reversed, and the reversal is repeated until it is answered, by the next command if
    need be.
    """


@terminal.command(epilog="Example: isoswitch terminal signon --dialect hypercom")
@terminal_options
def signon(options: Options) -> None:
    """Sign on."""
    _run(options, lambda device: device.network(Kind.SIGN_ON))


@terminal.command(epilog="Example: isoswitch terminal signoff")
@terminal_options
def signoff(options: Options) -> None:
    """Sign off."""
    _run(options, lambda device: device.network(Kind.SIGN_OFF))


@terminal.command(epilog="Example: isoswitch terminal echo --to 127.0.0.1:8583 --timeout 3")
@terminal_options
def echo(options: Options) -> None:
    """Ask whether the host is there."""
    _run(options, lambda device: device.network(Kind.ECHO))


@terminal.command(epilog="Example: isoswitch terminal purchase --card visa --amount 12.34")
@click.option("--card", metavar="NAME|PAN", help="A card by its name, or a test number.")
@click.option("--expiry", default="", metavar="YYMM", help="Overrides the card's expiry.")
@click.option("--amount", metavar="12.34", help="What it costs.")
@click.option("--currency", default="", help="ISO 4217 code [the terminal's].")
@click.option(
    "--repeat", is_flag=True, help="Send the last purchase (or --stan) again, as a repeat."
)
@click.option("--stan", metavar="N", help="Which purchase to repeat.")
@click.option(
    "--fault",
    type=click.Choice(["no-read"]),
    help="no-read: send and hang up; the answer is not read.",
)
@terminal_options
def purchase(
    options: Options,
    card: str | None,
    expiry: str,
    amount: str | None,
    currency: str,
    repeat: bool,
    stan: str | None,
    fault: str | None,
) -> None:
    """Buy something."""
    if repeat:
        _run(options, lambda device: device.repeat(stan, Kind.PURCHASE))
        return
    if card is None or amount is None:
        raise click.UsageError("a purchase needs --card and --amount")
    try:
        place = place_of(options)
        held = find_card(card, expiry, place.cards)
        money = Money.parse(amount, currency or place.currency)
    except (CardError, ConfigError, MoneyError) as failure:
        raise click.UsageError(str(failure)) from None
    _run(options, lambda device: device.purchase(held, money, wait=fault != "no-read"))


@terminal.command(epilog="Example: isoswitch terminal reverse --stan 000002")
@click.option("--stan", metavar="N", help="Which purchase to reverse [the last approved one].")
@click.option(
    "--repeat", is_flag=True, help="Send the last reversal (or --stan) again, as a repeat."
)
@terminal_options
def reverse(options: Options, stan: str | None, repeat: bool) -> None:
    """Undo a purchase."""
    if repeat:
        _run(options, lambda device: device.repeat(stan, Kind.REVERSAL))
    else:
        _run(options, lambda device: device.reverse(stan))


@terminal.command(epilog="Example: isoswitch terminal settle")
@terminal_options
def settle(options: Options) -> None:
    """Send the reversals that are owed, and nothing else."""

    async def act(device: VirtualTerminal) -> list[Outcome]:
        return await device.settle()

    outcomes = _play(options, act)
    if options.as_json:
        click.echo(msgspec.json.encode([report.as_json(outcome) for outcome in outcomes]))
        return
    for outcome in outcomes:
        _print(options, outcome)
    if not outcomes:
        click.echo("nothing is owed")


@terminal.command(epilog="Example: isoswitch terminal journal")
@terminal_options
def journal(options: Options) -> None:
    """List what the terminal's journal holds; talks to nobody."""

    async def act(device: VirtualTerminal) -> Journal:
        return device.journal

    entries = _play(options, act).entries.values()
    if options.as_json:
        click.echo(msgspec.json.encode([report.entry_json(entry) for entry in entries]))
        return
    for entry in entries:
        click.echo(report.entry_line(entry))


def _run(options: Options, act: Act) -> None:
    """Do one thing, print it, and exit with its code."""
    outcome = _play(options, act)
    _print(options, outcome)
    click.get_current_context().exit(report.exit_code(outcome))


def _print(options: Options, outcome: Outcome) -> None:
    if options.as_json:
        click.echo(msgspec.json.encode(report.as_json(outcome)))
        return
    facts = report.facts(outcome)
    both = options.copy == "both" and has_copies(facts.kind)
    copies = ("merchant", "customer") if both else (options.copy,)
    for copy in copies:
        click.echo(receipt(facts, copy), nl=False)


def _play(options: Options, act: Callable[[VirtualTerminal], Awaitable[T]]) -> T:
    """Let a terminal act. What cannot be asked for is wrong usage (2), whoever notices it."""
    try:
        device = build(options)
        try:
            return _acted_out(device, act)
        finally:
            device.journal.close()
    except (ConfigError, EncodeError) as failure:
        raise click.UsageError(str(failure)) from None


def _acted_out(device: VirtualTerminal, act: Callable[[VirtualTerminal], Awaitable[T]]) -> T:
    """Run it to its end. Control-C is a power cut: the journal knows what has to be made good."""
    try:
        return trio.run(_acted, device, act)
    except* KeyboardInterrupt:
        click.echo("\ninterrupted: what may have been approved is reversed next time", err=True)
    raise SystemExit(EXIT_INTERRUPTED)


async def _acted(device: VirtualTerminal, act: Callable[[VirtualTerminal], Awaitable[T]]) -> T:
    try:
        return await act(device)
    finally:
        await device.close()
