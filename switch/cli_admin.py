"""``isoswitch cards``, ``terminals`` and ``merchants``: list, add, set.

Owns options and how answers are printed. Changes go to the running switch as events; lists of
terminals and merchants read the store, whether the switch runs or not, and cards are listed by the
switch, which alone can show their numbers masked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from switch.cli_control import data_option, json_option, send
from switch.cli_open import open_states
from switch.data_folder import STORE_NAME, state_folder
from switch.keys.emv_profiles import NAMES as PROFILES
from switch.model.records import Merchant, Record, Terminal
from switch.money import CURRENCIES, Money
from switch.store.sqlite_reader import SqliteReader

F = TypeVar("F", bound=Callable[..., None])
RULE: Final = """\
What is set here stays over restarts and reloads, until the configuration file says another value
for the same thing than it did the last time: then that one counts."""

_CURRENCY: Final = click.option("--currency", metavar="CODE", help="ISO 4217, such as USD.")
_ZONE: Final = click.option("--zone", metavar="ZONE", help="Time zone, such as Europe/Berlin.")
_ACTIVE: Final = click.option("--status", metavar="WORD", help="active or inactive.")
_MERCHANT_OPTIONS: Final = (
    click.option("--name", metavar="TEXT", help="For people and receipts."),
    click.option("--category", metavar="MCC", help="Merchant category code."),
    _ACTIVE,
    _CURRENCY,
    _ZONE,
)
_PARTIAL: Final = click.option(
    "--partial-approval",
    metavar="yes|no",
    help="Whether it takes an approval for less than it asked for.",
)
_SECURITY: Final = click.option(
    "--security", metavar="NAME", help="The [[security]] that it keeps to. Empty: none."
)
_CARD_OPTIONS: Final = (
    click.option("--name", metavar="NAME", help="By which it can be called."),
    click.option("--expiry", metavar="YYMM", help="Empty: not checked."),
    click.option("--status", metavar="WORD", help="active, blocked, lost, stolen or expired."),
    click.option("--balance", metavar="AMOUNT", help="What its account is to hold, by a posting."),
    click.option("--credit-limit", metavar="AMOUNT", help="How far below zero it may go."),
    click.option("--per-transaction-limit", metavar="AMOUNT", help="0: none."),
    click.option("--daily-limit", metavar="AMOUNT", help="0: none."),
    click.option("--cash-limit", metavar="AMOUNT", help="Of the cash part of one. 0: none."),
    click.option("--issuer", metavar="NAME", help="Whose keys judge it: those of issuer.NAME."),
    click.option("--sequence", metavar="NN", help="PAN sequence number."),
    click.option("--chip", type=click.Choice(("", *PROFILES)), help="Empty: it has none."),
    click.option("--verification", metavar="yes|no", help="Whether CVV and CVV2 are checked."),
)


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, in the order in which the help shows them."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _say(
    ctx: click.Context,
    command: str,
    data: Path | None,
    as_json: bool,
    **arguments: str | None,
) -> None:
    """Send the words that were given and print what became of them."""
    given = {name: value for name, value in arguments.items() if value is not None}
    answer = send(ctx, data, command, as_json, arguments=given)
    if answer is not None:
        shown = f"{answer['card']}: " if "card" in answer else ""
        click.echo(f"{shown}{answer['said']}")


def _table(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> None:
    """Columns as wide as what stands in them."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _letters(currency: str) -> str:
    return CURRENCIES.get(currency, (currency, 2))[0]


def _stored(data: Path | None, kind: type[Record]) -> list[dict[str, Any]]:
    """All records of a type as plain data."""
    with SqliteReader((data or state_folder()) / STORE_NAME) as reader:
        return [
            {name: getattr(record, name) for name in record.__struct_fields__ if name != "version"}
            for record in reader.find_all(kind)
        ]


# -- merchants


@click.group()
def merchants() -> None:
    """List, add and change merchants."""


@merchants.command("list", epilog="Example: isoswitch merchants list --json")
@data_option
@json_option
def merchants_list(data: Path | None, as_json: bool) -> None:
    """All merchants of the store, whether the switch runs or not."""
    found = _stored(data, Merchant)
    if as_json:
        click.echo(json.dumps(found))
        return
    _table(
        [
            (
                row["id"],
                row["status"],
                _letters(row["currency"]),
                row["zone"],
                row["category"],
                row["name"],
            )
            for row in found
        ],
        ("merchant", "status", "currency", "zone", "category", "name"),
    )


@merchants.command(
    "add", epilog='Example: isoswitch merchants add SHOP000000002 --name "Corner shop"'
)
@click.argument("id")
@_options(*_MERCHANT_OPTIONS)
@data_option
@json_option
@click.pass_context
def merchants_add(
    ctx: click.Context, /, data: Path | None, as_json: bool, **given: str | None
) -> None:
    """Add the merchant ID: in the house's currency and zone unless told otherwise."""
    _say(ctx, "merchants.add", data, as_json, **given)


@merchants.command(
    "set", epilog=f"Example: isoswitch merchants set SHOP1 --status inactive\n\n{RULE}"
)
@click.argument("id")
@_options(*_MERCHANT_OPTIONS)
@data_option
@json_option
@click.pass_context
def merchants_set(
    ctx: click.Context, /, data: Path | None, as_json: bool, **given: str | None
) -> None:
    """Change what is named of the merchant ID."""
    _say(ctx, "merchants.set", data, as_json, **given)


# -- terminals


@click.group()
def terminals() -> None:
    """List, add and change terminals; show what is open at one."""


terminals.add_command(open_states)


@terminals.command("list", epilog="Example: isoswitch terminals list --json")
@data_option
@json_option
def terminals_list(data: Path | None, as_json: bool) -> None:
    """All terminals of the store, whether the switch runs or not."""
    found = _stored(data, Terminal)
    if as_json:
        click.echo(json.dumps(found))
        return
    _table(
        [
            (
                row["id"],
                row["merchant_id"],
                row["status"],
                "yes" if row["signed_on"] else "no",
                f"{row['batch_number']:06d}",
                _letters(row["currency"]),
                row["zone"],
            )
            for row in found
        ],
        ("terminal", "merchant", "status", "signed on", "batch", "currency", "zone"),
    )


@terminals.command("add", epilog="Example: isoswitch terminals add DEMO0042 --merchant SHOP1")
@click.argument("id")
@click.option("--merchant", metavar="ID", required=True, help="Whose it is.")
@_options(_ACTIVE, _CURRENCY, _ZONE, _PARTIAL, _SECURITY)
@data_option
@json_option
@click.pass_context
def terminals_add(
    ctx: click.Context, /, data: Path | None, as_json: bool, **given: str | None
) -> None:
    """Add the terminal ID: in its merchant's currency and zone unless told otherwise."""
    _say(ctx, "terminals.add", data, as_json, **given)


@terminals.command(
    "set", epilog=f"Example: isoswitch terminals set DEMO0042 --status inactive\n\n{RULE}"
)
@click.argument("id")
@click.option("--merchant", metavar="ID", help="Whose it is.")
@_options(_ACTIVE, _CURRENCY, _ZONE, _PARTIAL, _SECURITY)
@data_option
@json_option
@click.pass_context
def terminals_set(
    ctx: click.Context, /, data: Path | None, as_json: bool, **given: str | None
) -> None:
    """Change what is named of the terminal ID."""
    _say(ctx, "terminals.set", data, as_json, **given)


@terminals.command("unlock", epilog="Example: isoswitch terminals unlock DEMO0001")
@click.argument("id")
@data_option
@json_option
@click.pass_context
def terminals_unlock(
    ctx: click.Context, /, data: Path | None, as_json: bool, **given: str | None
) -> None:
    """Listen to the terminal ID again, whose MACs or PIN blocks were wrong too often."""
    _say(ctx, "terminals.unlock", data, as_json, **given)


# -- cards


@click.group()
def cards() -> None:
    """List, add and change cards of the built-in issuer. Test ranges only."""


@cards.command("list", epilog="Example: isoswitch cards list --json")
@data_option
@json_option
@click.pass_context
def cards_list(ctx: click.Context, data: Path | None, as_json: bool) -> None:
    """All cards of the running switch, by name, their numbers masked."""
    found = sorted(_cards(ctx, data, as_json), key=lambda row: (row["name"], row["card"]))
    if as_json:
        click.echo(json.dumps(found))
        return
    heads = ("card", "name", "status", "expiry", "balance", "held", "available", "daily limit")
    _table([_card_row(row) for row in found], heads)


def _cards(ctx: click.Context, data: Path | None, as_json: bool) -> Iterator[dict[str, Any]]:
    after = ""
    while True:
        answer = send(ctx, data, "cards.list", as_json, final=False, arguments={"after": after})
        assert answer is not None
        yield from answer["cards"]
        after = answer["next"]
        if not after:
            return


def _card_row(row: dict[str, Any]) -> tuple[str, ...]:
    amounts = [
        str(Money(row.get(f"{name}_minor", 0), row["currency"]))
        for name in ("balance", "held", "available", "daily_limit")
    ]
    if not row.get("daily_limit_minor"):
        amounts[-1] = "none"
    return (row["card"], row["name"], row["status"], row["expiry"], *amounts)


@cards.command(
    "add", epilog="Example: isoswitch cards add 4000000000009995 --name gold --balance 250.00"
)
@click.argument("card", metavar="NUMBER")
@_options(_CURRENCY, *_CARD_OPTIONS)
@data_option
@json_option
@click.pass_context
def cards_add(ctx: click.Context, /, data: Path | None, as_json: bool, **given: str | None) -> None:
    """Add the card with that NUMBER, which must be of a test range (settings.test_ranges)."""
    _say(ctx, "cards.add", data, as_json, **given)


@cards.command("set", epilog=f"Example: isoswitch cards set visa --status blocked\n\n{RULE}")
@click.argument("card", metavar="CARD")
@_options(*_CARD_OPTIONS)
@data_option
@json_option
@click.pass_context
def cards_set(ctx: click.Context, /, data: Path | None, as_json: bool, **given: str | None) -> None:
    """Change what is named of CARD: its name, or its number. A balance changes by a posting."""
    _say(ctx, "cards.set", data, as_json, **given)


@cards.command("reset-pin", epilog="Example: isoswitch cards reset-pin visa")
@click.argument("card", metavar="CARD")
@data_option
@json_option
@click.pass_context
def cards_reset_pin(
    ctx: click.Context, /, data: Path | None, as_json: bool, **given: str | None
) -> None:
    """Give CARD all its PIN tries again."""
    _say(ctx, "cards.reset_pin", data, as_json, **given)


@cards.command("script", epilog="Example: isoswitch cards script chip-visa pin-unblock")
@click.argument("card", metavar="CARD")
@click.argument("script", metavar="SCRIPT")
@data_option
@json_option
@click.pass_context
def cards_script(
    ctx: click.Context, /, data: Path | None, as_json: bool, **given: str | None
) -> None:
    """Let an issuer script wait for CARD: it goes out with its next chip transaction.

    SCRIPT is application-block, application-unblock, card-block, pin-unblock or
    put-data:TAG:VALUE (hex). An empty one, "", takes back all that wait.
    """
    _say(ctx, "cards.script", data, as_json, **given)
