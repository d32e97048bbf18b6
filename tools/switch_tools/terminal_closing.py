"""``isoswitch terminal settle, flush``: the end of a terminal's day.

Owns the commands and their options. How a batch is closed is ``terminal_settlement``'s.
"""

from __future__ import annotations

from typing import Final

import click
import msgspec

from switch_tools import terminal_report as report
from switch_tools.terminal_acting import card_and_money, first_card, play, show
from switch_tools.terminal_engine import Outcome, Settled, VirtualTerminal
from switch_tools.terminal_options import Options, terminal_options
from switch_tools.terminal_slip import settlement_slip
from switch_tools.terminal_wrong import Wrong, claim_wrongly

_SETTLE_EPILOG: Final = """\b
Exit codes: 0 in balance, 1 out of balance or not closed, 3 no answer (the next
command goes on with it), 4 no connection.

\b
To see a host find differences, let the terminal's books be wrong:
  isoswitch terminal settle --forget 000002 --claim-extra 7.50 --claim-amount 000004=9.99"""


@click.command(epilog=_SETTLE_EPILOG)
@click.option(
    "--forget",
    "forgotten",
    multiple=True,
    metavar="STAN",
    help="For testers: the terminal lost this item of its batch.",
)
@click.option(
    "--claim-extra",
    "extra",
    multiple=True,
    metavar="AMOUNT",
    help="For testers: the terminal has a purchase that the host never saw.",
)
@click.option(
    "--claim-amount",
    "amounts",
    multiple=True,
    metavar="STAN=AMOUNT",
    help="For testers: the terminal has another amount for this item.",
)
@click.option("--card", default="", metavar="NAME|PAN", help="Card of --claim-extra [the first].")
@terminal_options
def settle(
    options: Options,
    forgotten: tuple[str, ...],
    extra: tuple[str, ...],
    amounts: tuple[str, ...],
    card: str,
) -> None:
    """Close the batch: what is owed first, then the totals; out of balance, every item and the
    totals again."""
    split = [text.partition("=") for text in amounts]
    if not all(equals for _, equals, _ in split):
        raise click.BadParameter("write STAN=AMOUNT", param_hint="--claim-amount")
    _, claims = card_and_money(options, None, "", "", *(text for _, _, text in split))
    held, extras = card_and_money(options, card or first_card(options), "", "", *extra)
    wrong = Wrong(
        forgotten=forgotten,
        amounts=[(split[k][0], money) for k, money in enumerate(claims) if money is not None],
        extra=[money for money in extras if money is not None],
        card=held,
    )

    async def act(device: VirtualTerminal) -> Settled:
        claim_wrongly(device, wrong)
        return await device.settle()

    settled = play(options, act)
    if options.as_json:
        click.echo(msgspec.json.encode(report.settled_json(settled)))
    else:
        click.echo(settlement_slip(settled), nl=False)
    click.get_current_context().exit(report.settled_exit(settled))


@click.command(epilog="Example: isoswitch terminal flush")
@terminal_options
def flush(options: Options) -> None:
    """Send what is owed, and nothing else: reversals, advices, the rest of a settlement."""

    async def act(device: VirtualTerminal) -> list[Outcome]:
        return await device.flush()

    outcomes = play(options, act)
    if options.as_json:
        click.echo(msgspec.json.encode([report.as_json(outcome) for outcome in outcomes]))
        return
    for outcome in outcomes:
        show(options, outcome)
    if not outcomes:
        click.echo("nothing is owed")
