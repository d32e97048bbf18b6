"""``isoswitch keys``: keys of the running switch, from generation to destruction.

Owns the commands and their options; how they ask is ``cli_keys_ask``. The switch decides; nothing
here touches the store.
"""

from __future__ import annotations

import json
from typing import Any, Final

import click

from switch.cli_control import json_option
from switch.cli_keys_ask import (
    COMMON,
    FROM_FILE,
    SPEC,
    asked,
    moment,
    options,
    pages,
    read_secret,
    say,
    sheet_lines,
    spec_words,
    table,
)
from switch.model.key_roles import SIZES, Size
from switch.server.officers import new_token, token_hash

_KINDS: Final = {size: name for name, size in SIZES.items()}
EPILOG: Final = """\b
Names say whose a key is: bdk.FFFF987654, terminal.DEMO0001.tmk (tpk, tak, tdk),
zone.NAME.zmk (zpk, zak), issuer.NAME.pvk (ibm, cvk, imk_ac, imk_smi, imk_smc).

\b
Examples:
  isoswitch keys generate terminal.DEMO0002.tmk
  isoswitch keys sheet terminal.DEMO0002.tmk --components 2
  isoswitch keys rotate issuer.demo.cvk --overlap 3600
  isoswitch keys import bdk.0011223344 --clear < component.txt"""


@click.group(epilog=EPILOG, short_help="Make, move, rotate and destroy keys.")
def keys() -> None:
    """Keys of a running switch: make, import, export, list, rotate, destroy, print.

    A test key is one person's to handle. A live key takes two officers ([[officer]] in the
    configuration): one asks, another one approves. Every command is written down in the store,
    refused ones as well.
    """


# -- keys that come


@keys.command(epilog="Example: isoswitch keys generate zone.bank.zpk --algorithm aes-128")
@click.argument("name")
@options(*SPEC, *COMMON)
@click.pass_context
def generate(ctx: click.Context, /, name: str, **given: Any) -> None:
    """Make a new key called NAME, by the system's generator."""
    say(asked(ctx, "keys.generate", given, name=name, **spec_words(given)))


@keys.command(
    "import",
    epilog="Example: isoswitch keys import zone.bank.zpk --kek zone.bank.zmk --block D0112P0...",
)
@click.argument("name")
@click.option("--clear", is_flag=True, help="A test key in clear, asked for or from --from-file.")
@click.option("--block", metavar="TEXT", help="A key block (TR-31) under --kek.")
@click.option("--cryptogram", metavar="HEX", help="A bare cryptogram under --kek; with --legacy.")
@click.option("--kek", metavar="NAME", help="The key-encrypting key that both sides have.")
@click.option("--check-value", metavar="HEX", help="Of a cryptogram's key.")
@click.option("--legacy", is_flag=True, help="Take what binds nothing: versions A, C, cryptograms.")
@options(FROM_FILE, *SPEC, *COMMON)
@click.pass_context
def import_key(ctx: click.Context, /, name: str, **given: Any) -> None:
    """Take in the key NAME: in clear (test keys), as a key block or as a cryptogram.

    A live key, or one that nobody may see whole, is entered with "isoswitch keys components".
    """
    secrets = (
        {"value": read_secret("The key, in hex", given["from_file"])} if given["clear"] else None
    )
    words = {word: given[word] for word in ("block", "cryptogram", "kek", "check_value", "legacy")}
    say(asked(ctx, "keys.import", given, secrets, name=name, **words, **spec_words(given)))


@keys.group()
def components() -> None:
    """Enter a key in components, each by another person; the vault XORs them."""


@components.command(
    epilog="Example: isoswitch keys components begin zone.bank.zmk --count 3 --live"
)
@click.argument("name")
@click.option("--count", type=click.IntRange(1, 9), default=2, show_default=True)
@options(*SPEC, *COMMON)
@click.pass_context
def begin(ctx: click.Context, /, name: str, **given: Any) -> None:
    """Announce the components of the key NAME; says the ticket for them."""
    words = {"step": "begin", "name": name, "count": given["count"], **spec_words(given)}
    answer = asked(ctx, "keys.components", given, **words)
    if answer is not None:
        click.echo(f"{answer['said']}: isoswitch keys components add {answer['ticket']}")


@components.command(epilog="Example: isoswitch keys components add 3F9A --check-value 08D7B4")
@click.argument("ticket")
@click.option("--check-value", metavar="HEX", required=True, help="Of this component.")
@options(FROM_FILE, *COMMON)
@click.pass_context
def add(ctx: click.Context, /, ticket: str, **given: Any) -> None:
    """Enter one component; the last one makes the key."""
    secrets = {"component": read_secret("The component, in hex", given["from_file"])}
    words = {"step": "add", "ticket": ticket, "check_value": given["check_value"]}
    say(asked(ctx, "keys.components", given, secrets, **words))


@components.command(epilog="Example: isoswitch keys components drop 3F9A")
@click.argument("ticket")
@options(*COMMON)
@click.pass_context
def drop(ctx: click.Context, /, ticket: str, **given: Any) -> None:
    """Forget the components that were entered."""
    say(asked(ctx, "keys.components", given, step="drop", ticket=ticket))


# -- keys that are there


@keys.command("list", epilog="Example: isoswitch keys list --json")
@options(*COMMON)
@click.pass_context
def list_keys(ctx: click.Context, /, **given: Any) -> None:
    """All keys: what they are and their check values, never more."""
    rows = list(pages(ctx, "keys.list", "keys", given))
    if given["as_json"]:
        click.echo(json.dumps(rows))
        return
    heads = ("key", "usage", "is", "mark", "state", "generation", "check value", "former until")
    table([heads, *(_key_row(row) for row in rows)])


def _key_row(row: dict[str, Any]) -> tuple[str, ...]:
    until = row["former"][0]["until_us"] if row["former"] else 0
    return (
        row["name"],
        f"{row['usage']} {row['mode']}",
        _KINDS.get(Size(row["algorithm"], row["length"]), row["algorithm"]),
        row["mark"],
        row["state"],
        str(row["generation"]),
        row["check_value"],
        moment(until) if until else "",
    )


@keys.command(epilog="Example: isoswitch keys deeds --json")
@options(*COMMON)
@click.pass_context
def deeds(ctx: click.Context, /, **given: Any) -> None:
    """What was done with keys, and what was refused: when, by whom."""
    rows = list(pages(ctx, "keys.deeds", "deeds", given))
    if given["as_json"]:
        click.echo(json.dumps(rows))
        return
    heads = ("time", "command", "key", "outcome", "who", "officers", "said")
    table([heads, *(_deed_row(row) for row in rows)])


def _deed_row(row: dict[str, Any]) -> tuple[str, ...]:
    officers = ", ".join(row["officers"])
    return (
        moment(row["at_us"]),
        row["what"],
        row["name"],
        row["outcome"],
        row["who"],
        officers,
        row["said"],
    )


@keys.command(epilog="Example: isoswitch keys rotate terminal.DEMO0001.tmk --overlap 0")
@click.argument("name")
@click.option(
    "--overlap",
    type=click.IntRange(0),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="How long the key before is still accepted.",
)
@options(*COMMON)
@click.pass_context
def rotate(ctx: click.Context, /, name: str, **given: Any) -> None:
    """Put a new key in the place of NAME."""
    say(asked(ctx, "keys.rotate", given, name=name, overlap_s=given["overlap"]))


@keys.command(epilog="Example: isoswitch keys deactivate terminal.DEMO0001.tmk")
@click.argument("name")
@options(*COMMON)
@click.pass_context
def deactivate(ctx: click.Context, /, name: str, **given: Any) -> None:
    """Take the key NAME out of use for the time being."""
    say(asked(ctx, "keys.state", given, name=name, state="deactivated"))


@keys.command(epilog="Example: isoswitch keys activate terminal.DEMO0001.tmk")
@click.argument("name")
@options(*COMMON)
@click.pass_context
def activate(ctx: click.Context, /, name: str, **given: Any) -> None:
    """Put the key NAME into use again."""
    say(asked(ctx, "keys.state", given, name=name, state="active"))


@keys.command(epilog="Example: isoswitch keys destroy zone.bank.zpk --yes")
@click.argument("name")
@click.confirmation_option(prompt="A destroyed key cannot be had again. Destroy it?")
@options(*COMMON)
@click.pass_context
def destroy(ctx: click.Context, /, name: str, **given: Any) -> None:
    """Destroy the key NAME, for good."""
    say(asked(ctx, "keys.destroy", given, name=name))


# -- keys that go


@keys.command(epilog="Example: isoswitch keys export zone.bank.zpk --kek zone.bank.zmk")
@click.argument("name")
@click.option("--kek", metavar="NAME", required=True, help="The key that both sides have.")
@click.option(
    "--form", type=click.Choice(["tr31", "cryptogram"]), default="tr31", show_default=True
)
@click.option("--legacy", is_flag=True, help="Give a cryptogram, which binds nothing to the key.")
@options(*COMMON)
@click.pass_context
def export(ctx: click.Context, /, name: str, **given: Any) -> None:
    """Hand out the key NAME under another one, as a key block (TR-31)."""
    words = {word: given[word] for word in ("kek", "form", "legacy")}
    answer = asked(ctx, "keys.export", given, name=name, **words)
    if answer is not None and "text" in answer:
        click.echo(answer["text"])
    say(answer)


@keys.command(epilog="Example: isoswitch keys sheet bdk.FFFF987654 --ksn FFFF9876543210E00000")
@click.argument("name")
@click.option("--ksn", metavar="HEX", help="Of a device: its initial key, from the base key NAME.")
@click.option("--components", type=click.IntRange(1, 9), default=2, show_default=True)
@options(*COMMON)
@click.pass_context
def sheet(ctx: click.Context, /, name: str, **given: Any) -> None:
    """Print a test key to be typed into a device: components that are XORed, check values."""
    words = {"name": name, "count": given["components"]}
    if given["ksn"]:
        answer = asked(ctx, "keys.initial_key", given, ksn=given["ksn"], **words)
    else:
        answer = asked(ctx, "keys.sheet", given, **words)
    if answer is not None:
        click.echo("\n".join(sheet_lines(name, answer)))


# -- officers


@keys.command(epilog="Example: isoswitch keys approve 5C1E88A0 --officer")
@click.argument("id")
@options(*COMMON)
@click.pass_context
def approve(ctx: click.Context, /, id: str, **given: Any) -> None:  # noqa: A002
    """Approve, as the second officer, what another one has asked for."""
    given["officer"] = True
    answer = asked(ctx, "keys.approve", given, id=id)
    if answer is not None and "text" in answer:
        click.echo(answer["text"])
    say(answer)


@keys.command(epilog="Example: isoswitch keys pending")
@options(*COMMON)
@click.pass_context
def pending(ctx: click.Context, /, **given: Any) -> None:
    """What waits for a second officer."""
    answer = asked(ctx, "keys.pending", given)
    if answer is not None and not answer["pending"]:
        click.echo("nothing waits for a second officer")
    for row in answer["pending"] if answer is not None else ():
        click.echo(
            f"{row['id']}  {row['command']} {row['key']}  asked by {row['officer']}, "
            f"{row['left_s']} s left"
        )


@keys.command(epilog="Example: isoswitch keys officer alice")
@click.argument("name")
@json_option
def officer(name: str, as_json: bool) -> None:
    """Make a token for the officer NAME: it is shown once, and its hash goes into the file."""
    token = new_token()
    if as_json:
        click.echo(
            json.dumps({"ok": True, "name": name, "token": token, "hash": token_hash(token)})
        )
        return
    click.echo(f"The token of {name}, shown this once; give it to {name} and to nobody else:\n")
    click.echo(f"  {token}\n")
    click.echo("For the configuration, which has no more than its hash:\n")
    click.echo(f'  [[officer]]\n  name = "{name}"\n  token_hash = "{token_hash(token)}"')
