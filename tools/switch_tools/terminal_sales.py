"""``isoswitch terminal purchase, cash, balance, verify, preauth``: what begins with a card.

Owns the commands and their options.
"""

from __future__ import annotations

from typing import Any

import click

from switch.model.words import Kind
from switch.money import Money
from switch_tools.terminal_acting import (
    ADVICE,
    CARD,
    CURRENCY,
    ENTRIES,
    REPEAT,
    asked,
    card_and_money,
    options,
    repeated,
)
from switch_tools.terminal_model import Wish
from switch_tools.terminal_options import Options, terminal_options
from switch_tools.terminal_presenting import Presenting, presented, presenting_options

_AMOUNT = click.option("--amount", metavar="12.34", help="How much it is.")
_STAN = click.option("--stan", metavar="N", help="Which one to repeat.")
_PARTIAL = click.option("--partial", is_flag=True, help="An approval for less will do.")
_APPROVAL = click.option(
    "--approval-code", default="", metavar="CODE", help="Given by voice, for an --advice."
)


@click.command(epilog="Example: isoswitch terminal purchase --card visa --amount 12.34")
@options(*CARD)
@presenting_options
@options(_AMOUNT, CURRENCY)
@click.option("--cashback", metavar="5.00", help="Cash for the card holder, on top.")
@options(_PARTIAL, ADVICE, _APPROVAL, *REPEAT, _STAN)
@click.option("--tip-line", is_flag=True, help="Leave room for a tip on the receipt.")
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
    entry: str,
    amount: str | None,
    currency: str,
    cashback: str | None,
    partial: bool,
    advice: bool,
    approval_code: str,
    repeat: bool,
    stan: str | None,
    tip_line: bool,
    fault: str | None,
    presenting: Presenting,
) -> None:
    """Buy something, perhaps with cash back."""
    kind = Kind.PURCHASE if cashback is None else Kind.CASHBACK
    if repeat:
        repeated(options, kind, stan, presented(presenting, None))
    held, (goods, cash) = card_and_money(options, card, expiry, currency, amount, cashback)
    if held is None or goods is None:
        raise click.UsageError("a purchase needs --card and --amount")
    wish = Wish(
        kind=kind,
        card=held,
        amount=goods if cash is None else Money(goods.minor + cash.minor, goods.currency),
        cash=cash,
        entry_mode=ENTRIES[entry],
        advice=advice,
        partial=partial,
        approval_code=approval_code,
        wait=fault != "no-read",
        presented=presented(presenting, held),
    )
    asked(options, wish, tip_line=tip_line)


@click.command(epilog="Example: isoswitch terminal cash --card visa --amount 50")
@options(*CARD)
@presenting_options
@options(_AMOUNT, CURRENCY, _PARTIAL, ADVICE, _APPROVAL, *REPEAT, _STAN)
@terminal_options
def cash(options: Options, **asked_for: Any) -> None:
    """Hand out cash."""
    _pay(options, Kind.CASH, "cash", **asked_for)


@click.command(epilog="Example: isoswitch terminal preauth --card visa --amount 200")
@options(*CARD)
@presenting_options
@options(_AMOUNT, CURRENCY, _PARTIAL, ADVICE, _APPROVAL, *REPEAT, _STAN)
@terminal_options
def preauth(options: Options, **asked_for: Any) -> None:
    """Set an amount aside, to complete it later."""
    _pay(options, Kind.PREAUTH, "a pre-authorization", **asked_for)


def _pay(
    options: Options,
    kind: Kind,
    what: str,
    *,
    card: str | None,
    expiry: str,
    entry: str,
    amount: str | None,
    currency: str,
    partial: bool,
    advice: bool,
    approval_code: str,
    repeat: bool,
    stan: str | None,
    presenting: Presenting,
) -> None:
    if repeat:
        repeated(options, kind, stan, presented(presenting, None))
    held, (money,) = card_and_money(options, card, expiry, currency, amount)
    if held is None or money is None:
        raise click.UsageError(f"{what} needs --card and --amount")
    wish = Wish(
        kind=kind,
        card=held,
        amount=money,
        entry_mode=ENTRIES[entry],
        advice=advice,
        partial=partial,
        approval_code=approval_code,
        presented=presented(presenting, held),
    )
    asked(options, wish)


@click.command(epilog="Example: isoswitch terminal balance --card visa")
@options(*CARD)
@presenting_options
@options(*REPEAT, _STAN)
@terminal_options
def balance(options: Options, **asked_for: Any) -> None:
    """Ask for the card's balance."""
    _inquire(options, Kind.BALANCE, **asked_for)


@click.command(epilog="Example: isoswitch terminal verify --card visa")
@options(*CARD)
@presenting_options
@options(*REPEAT, _STAN)
@terminal_options
def verify(options: Options, **asked_for: Any) -> None:
    """Ask whether the card is good; no money moves."""
    _inquire(options, Kind.VERIFICATION, **asked_for)


def _inquire(
    options: Options,
    kind: Kind,
    *,
    card: str | None,
    expiry: str,
    entry: str,
    repeat: bool,
    stan: str | None,
    presenting: Presenting,
) -> None:
    if repeat:
        repeated(options, kind, stan, presented(presenting, None))
    held, _ = card_and_money(options, card, expiry, "")
    if held is None:
        raise click.UsageError("an inquiry needs --card")
    shown = presented(presenting, held)
    asked(options, Wish(kind=kind, card=held, entry_mode=ENTRIES[entry], presented=shown))
