"""``isoswitch explain``: what happened to a transaction, and why.

Owns the command's options. Reads a second view of the store: the switch may be running or not.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from switch.cli_control import data_option, json_option
from switch.data_folder import STORE_NAME, state_folder
from switch.inquiry.explain import explain as explanation_of
from switch.inquiry.explain_find import find, history
from switch.inquiry.explain_text import text
from switch.store.sqlite_reader import SqliteReader

EPILOG = """\b
Examples:
  isoswitch explain --last
  isoswitch explain --terminal DEMO0001 --stan 000123
  isoswitch explain --rrn 632810001234 --json"""


@click.command(epilog=EPILOG)
@click.option("--stan", metavar="N", default="", help="Of the message, as the terminal sent it.")
@click.option("--rrn", metavar="N", default="", help="Retrieval reference number.")
@click.option("--terminal", metavar="ID", default="", help="The terminal's id.")
@click.option("--key", metavar="KEY", default="", help="The request key, as the log has it.")
@click.option(
    "--last", metavar="N", type=click.IntRange(1, 1000), is_flag=False, flag_value=1, default=None,
    help="The last N that fit [1].",
)  # fmt: skip
@data_option
@json_option
def explain(
    stan: str,
    rrn: str,
    terminal: str,
    key: str,
    last: int | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Tell what happened to a transaction: checks, rule, counters, postings, links, delivery.

    Of several that fit, the newest is told, and the very last where nothing is asked for. What
    would have changed the outcome is said where it was declined.
    """
    with SqliteReader((data or state_folder()) / STORE_NAME) as reader, reader.snapshot():
        chosen = find(reader, key=key, stan=stan, rrn=rrn, terminal=terminal, limit=last or 1)
        told = [explanation_of(history(reader, item)) for item in chosen]
    if as_json:
        stories = [asdict(item) for item in told]
        document = stories[0] if last is None else stories
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    click.echo("\n".join(text(item) for item in told), nl=False)
