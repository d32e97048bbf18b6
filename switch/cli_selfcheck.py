"""``isoswitch selfcheck``: is everything true that a store by itself can show?

Owns options and how the report is printed. Reads a second view of the store: the switch may be
running or not.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from switch.cli_control import data_option, json_option
from switch.data_folder import STORE_NAME, state_folder
from switch.selfcheck.rules import MOST_FINDINGS, RULES
from switch.selfcheck.run import Report
from switch.selfcheck.run import selfcheck as check
from switch.store.sqlite_reader import SqliteReader


@click.command(
    epilog="Examples: isoswitch selfcheck   |   isoswitch selfcheck --data ./data --json"
)
@click.option(
    "--tolerance",
    metavar="PERCENT",
    type=click.FloatRange(0, 100),
    default=0,
    help="How far completions may exceed what was authorized, as configured [0].",
)
@data_option
@json_option
@click.pass_context
def selfcheck(ctx: click.Context, tolerance: float, data: Path | None, as_json: bool) -> None:
    """Check every invariant that the store by itself can show, each with its id.

    Works while the switch runs, on one moment of its store, and when it is stopped. Ends with 1
    where something does not hold. Nothing is repaired: a finding is a defect, or damage.
    """
    with SqliteReader((data or state_folder()) / STORE_NAME) as reader, reader.snapshot():
        report = check(reader, tolerance_bp=round(tolerance * 100))
    if as_json:
        click.echo(json.dumps(report.data()))
    else:
        _print(report)
    ctx.exit(0 if report.sound else 1)


def _print(report: Report) -> None:
    found = report.findings
    width = max(len(rule.name) for rule in RULES)
    for rule in RULES:
        violations = found.violations[rule.name]
        word = f"{violations} WRONG" if violations else "ok"
        cites = ", ".join(rule.cites)
        click.echo(f"{rule.name:<{width}}  {word:<8}  {rule.promise} ({cites})")
        for said in found.said(rule.name):
            click.echo(f"    {said}")
        if violations > MOST_FINDINGS:
            click.echo(f"    and {violations - MOST_FINDINGS} more")
    if report.sound:
        click.echo(f"all is well as of journal row {report.sequence}")
    elif found.violations["store"]:
        click.echo("the store itself is damaged; the other rules were not checked")
    else:
        click.echo(f"{found.violations.total()} findings as of journal row {report.sequence}")
