"""``isoswitch terminal increment, complete, void, refund, tip, reverse``: what is about something
that was before.

Owns the commands and their options. Which transaction is meant is ``terminal_targets``'.
"""

from __future__ import annotations

import click

from switch.model.words import Kind
from switch_tools.terminal_acting import (
    ADVICE,
    CARD,
    CURRENCY,
    ENTRIES,
    FOLLOWS,
    REPEAT,
    asked,
    card_and_money,
    options,
    repeated,
)
from switch_tools.terminal_model import Wish
from switch_tools.terminal_options import Options, terminal_options
from switch_tools.terminal_presenting import Presenting, presented, presenting_options


@click.command(epilog="Example: isoswitch terminal increment --amount 50")
@click.option("--amount", metavar="12.34", help="How much is to be set aside besides.")
@options(CURRENCY, *FOLLOWS, *REPEAT)
@terminal_options
def increment(
    options: Options, amount: str | None, currency: str, stan: str | None, rrn: str, repeat: bool
) -> None:
    """Raise a pre-authorization."""
    if repeat:
        repeated(options, Kind.INCREMENT, stan)
    _, (money,) = card_and_money(options, None, "", currency, amount)
    if money is None:
        raise click.UsageError("an increment needs --amount")
    asked(options, Wish(kind=Kind.INCREMENT, amount=money, stan=stan, rrn=rrn))


@click.command(epilog="Example: isoswitch terminal complete --amount 180.50")
@click.option("--amount", metavar="12.34", help="What it came to [all that was set aside].")
@click.option("--more", is_flag=True, help="More completions follow: the rest stays set aside.")
@options(CURRENCY, ADVICE, *FOLLOWS, *REPEAT)
@terminal_options
def complete(
    options: Options,
    amount: str | None,
    more: bool,
    currency: str,
    advice: bool,
    stan: str | None,
    rrn: str,
    repeat: bool,
) -> None:
    """Capture what was pre-authorized, or less."""
    if repeat:
        repeated(options, Kind.COMPLETION, stan)
    _, (money,) = card_and_money(options, None, "", currency, amount)
    wish = Wish(
        kind=Kind.COMPLETION, amount=money, stan=stan, rrn=rrn, advice=advice, final=not more
    )
    asked(options, wish)


@click.command(epilog="Example: isoswitch terminal void --stan 000002")
@options(ADVICE, *FOLLOWS, *REPEAT)
@terminal_options
def void(options: Options, advice: bool, stan: str | None, rrn: str, repeat: bool) -> None:
    """Take back something of the open batch."""
    if repeat:
        repeated(options, Kind.VOID, stan)
    asked(options, Wish(kind=Kind.VOID, stan=stan, rrn=rrn, advice=advice))


@click.command(epilog="Example: isoswitch terminal refund --stan 000002 --amount 3.00")
@click.option("--amount", metavar="12.34", help="How much goes back [all that is left].")
@options(CURRENCY, ADVICE, *FOLLOWS, *CARD)
@presenting_options
@options(*REPEAT)
@terminal_options
def refund(
    options: Options,
    amount: str | None,
    currency: str,
    advice: bool,
    stan: str | None,
    rrn: str,
    card: str | None,
    expiry: str,
    entry: str,
    repeat: bool,
    presenting: Presenting,
) -> None:
    """Give money back: of a purchase, or to a --card without naming one."""
    if repeat:
        repeated(options, Kind.REFUND, stan, presented(presenting, None))
    held, (money,) = card_and_money(options, card, expiry, currency, amount)
    if held is not None and money is None:
        raise click.UsageError("a refund to a card needs --amount")
    wish = Wish(
        kind=Kind.REFUND,
        card=held,
        amount=money,
        entry_mode=ENTRIES[entry],
        advice=advice,
        stan=stan,
        rrn=rrn,
        presented=presented(presenting, held),
    )
    asked(options, wish)


@click.command(epilog="Example: isoswitch terminal tip --amount 2.00")
@click.option("--amount", metavar="12.34", help="How much the tip is.")
@options(CURRENCY, *FOLLOWS, *REPEAT)
@terminal_options
def tip(
    options: Options, amount: str | None, currency: str, stan: str | None, rrn: str, repeat: bool
) -> None:
    """Add a tip to a purchase of the open batch."""
    if repeat:
        repeated(options, Kind.TIP_ADJUST, stan)
    _, (money,) = card_and_money(options, None, "", currency, amount)
    if money is None:
        raise click.UsageError("a tip needs --amount")
    asked(options, Wish(kind=Kind.TIP_ADJUST, amount=money, stan=stan, rrn=rrn))


@click.command(epilog="Example: isoswitch terminal reverse --stan 000002")
@click.option("--stan", metavar="N", help="What to reverse [the last that is approved].")
@click.option(
    "--amount", metavar="REMAINING", help="Reverse in part: so much of it remains in effect."
)
@options(CURRENCY, *REPEAT)
@terminal_options
def reverse(
    options: Options, stan: str | None, amount: str | None, currency: str, repeat: bool
) -> None:
    """Undo a transaction, or a part of it."""
    if repeat:
        repeated(options, Kind.REVERSAL, stan)
    _, (remaining,) = card_and_money(options, None, "", currency, amount)
    asked(options, Wish(kind=Kind.REVERSAL, stan=stan, remaining=remaining))
