"""The slip that a virtual terminal prints when it settles.

Owns its layout: totals as the terminal has them, beside the host's where they differ.
"""

from __future__ import annotations

from collections.abc import Iterator

from switch.core import totals
from switch.money import Money
from switch_tools.receipt import WIDTH, pair, wrapped
from switch_tools.terminal_outcome import Result, Settled
from switch_tools.terminal_report import differing, standing_of

_VERDICTS = {
    "balanced": "IN BALANCE",
    "differences": "CLOSED WITH DIFFERENCES",
    "out_of_balance": "OUT OF BALANCE",
    "declined": "NOT CLOSED",
}


def settlement_slip(settled: Settled) -> str:
    """The slip as text, at most ``WIDTH`` characters a line, with a final newline."""
    sent, answered = settled.close.sent, settled.close.answered
    code = "" if answered is None else f"code {answered.code}"
    lines = [
        "=" * WIDTH,
        pair("SETTLEMENT", f"BATCH {settled.batch:06d}"),
        pair("Merchant", sent.merchant_id),
        pair("Terminal", sent.terminal_id),
        pair("Time", sent.at[:19].replace("T", " ")),
        pair("STAN", sent.stan),
        "-" * WIDTH,
        *_totals(settled),
        "-" * WIDTH,
        pair(_VERDICTS[standing_of(settled)], code),
        *_notes(settled),
        "=" * WIDTH,
    ]
    return "\n".join(lines) + "\n"


def _totals(settled: Settled) -> Iterator[str]:
    ours, theirs = totals.read(settled.claimed), totals.read(settled.counted)
    wrong = differing(settled)
    shown = [name for name, value in ours.items() if value or name in wrong]
    if not shown:
        yield pair("Totals", "none")
    for name in shown:
        yield pair(name.replace("_", " ").capitalize(), _written(settled, name, ours[name]))
        if name in wrong:
            yield pair("  the host has", _written(settled, name, theirs.get(name, 0)))


def _written(settled: Settled, name: str, value: int) -> str:
    is_amount = name.endswith("_amount") and settled.currency
    return str(Money(value, settled.currency)) if is_amount else str(value)


def _notes(settled: Settled) -> Iterator[str]:
    """Sentences that a person has to read."""
    if settled.paid:
        many = len(settled.paid)
        yield from wrapped(f"{many} that {'was' if many == 1 else 'were'} owed went out first.")
    if settled.uploads:
        taken = sum(outcome.result is Result.APPROVED for outcome in settled.uploads)
        yield from wrapped(f"Items uploaded: {taken} of {len(settled.uploads)}.")
    if settled.closed:
        if not settled.balanced:
            yield from wrapped("The host lists the differences: isoswitch batches.")
        yield from wrapped("The next batch has begun.")
    else:
        heard = [outcome.heard.said for outcome in settled.closes if outcome.heard is not None]
        said = f" ({heard[-1]})" if heard else ""
        yield from wrapped(f"The batch stays open{said}: settle again.")
