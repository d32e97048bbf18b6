"""How the ``isoswitch terminal`` commands let a terminal act and print what came of it.

Owns options about cards and amounts that several commands share, printing, and exit codes. Refuses
to know what a terminal does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import reduce
from typing import Any, Final, TypeVar

import click
import msgspec
import trio

from switch.errors import ConfigError, EncodeError
from switch.model.words import EntryMode, Kind
from switch.money import Money, MoneyError
from switch_tools import terminal_report as report
from switch_tools.cards import CardError, CardInHand, find_card
from switch_tools.receipt import has_copies, receipt
from switch_tools.terminal_engine import Outcome, VirtualTerminal
from switch_tools.terminal_model import NOTHING, Presented, Wish
from switch_tools.terminal_options import Options, build, place_of

EXIT_INTERRUPTED: Final = 130  # as shells have it for SIGINT

ENTRIES: Final[dict[str, EntryMode]] = {
    "manual": EntryMode.MANUAL,
    "swipe": EntryMode.MAGSTRIPE,
    "chip": EntryMode.CHIP,
    "contactless": EntryMode.CONTACTLESS_CHIP,
    "fallback": EntryMode.FALLBACK,
    "ecommerce": EntryMode.ECOMMERCE,
}

T = TypeVar("T")
Act = Callable[[VirtualTerminal], Awaitable[Outcome]]
Command = Callable[..., Any]

CARD: Final = (
    click.option("--card", metavar="NAME|PAN", help="A card by its name, or a test number."),
    click.option("--expiry", default="", metavar="YYMM", help="Overrides the card's expiry."),
    click.option(
        "--entry",
        type=click.Choice(list(ENTRIES)),
        default="manual",
        show_default=True,
        help="How the card is read.",
    ),
)
CURRENCY: Final = click.option(
    "--currency", default="", help="ISO 4217 code of the amounts [the terminal's]."
)
REPEAT: Final = (
    click.option(
        "--repeat", is_flag=True, help="Send the last one (or --stan) again, as a repeat."
    ),
)
ADVICE: Final = click.option(
    "--advice", is_flag=True, help="It was decided offline: tell the host, do not ask."
)
FOLLOWS: Final = (
    click.option(
        "--stan", metavar="N", help="The transaction that it is about [the last that fits]."
    ),
    click.option("--rrn", default="", metavar="N", help="The same, by its retrieval reference."),
)


def options(*added: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Add several options, in the order of the help."""
    return lambda command: reduce(lambda done, option: option(done), reversed(added), command)


def card_and_money(
    chosen: Options, card: str | None, expiry: str, currency: str, *amounts: str | None
) -> tuple[CardInHand | None, list[Money | None]]:
    """What the command line names. Raises UsageError."""
    try:
        place = place_of(chosen)
        held = None if card is None else find_card(card, expiry, place.cards, place.issuers)
        unit = currency or place.currency
        return held, [None if text is None else Money.parse(text, unit) for text in amounts]
    except (CardError, ConfigError, MoneyError) as failure:
        raise click.UsageError(str(failure)) from None


def first_card(chosen: Options) -> str | None:
    """The name of the first card of the terminal's world. Raises UsageError."""
    try:
        return next((card.name for card in place_of(chosen).cards), None)
    except ConfigError as failure:
        raise click.UsageError(str(failure)) from None


def asked(chosen: Options, wish: Wish, *, tip_line: bool = False) -> None:
    """Do what is wished, print it, and exit with its code."""
    run(chosen, lambda device: device.do(wish), tip_line=tip_line)


def repeated(chosen: Options, kind: Kind, stan: str | None, shown: Presented = NOTHING) -> None:
    """Send the last request of that kind again, print what came, and exit with its code."""
    run(chosen, lambda device: device.repeat(stan, kind, shown))


def run(chosen: Options, act: Act, *, tip_line: bool = False) -> None:
    """Do one thing, print it, and exit with its code."""
    outcome = play(chosen, act)
    show(chosen, outcome, tip_line=tip_line)
    click.get_current_context().exit(report.exit_code(outcome))


def show(chosen: Options, outcome: Outcome, *, tip_line: bool = False) -> None:
    """One JSON object, or the copies of the receipt."""
    if chosen.as_json:
        click.echo(msgspec.json.encode(report.as_json(outcome)))
        return
    facts = replace(report.facts(outcome), tip_line=tip_line)
    both = chosen.copy == "both" and has_copies(facts.kind)
    copies = ("merchant", "customer") if both else (chosen.copy,)
    for copy in copies:
        click.echo(receipt(facts, copy), nl=False)


def play(chosen: Options, act: Callable[[VirtualTerminal], Awaitable[T]]) -> T:
    """Let a terminal act. What cannot be asked for is wrong usage (2), whoever notices it."""
    try:
        device = build(chosen)
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
