"""Receipts: what the virtual terminal prints for the merchant and for the card holder.

Owns layout and wording. Refuses to know how a transaction came about: it prints the facts that it
is given, and a card number only masked, in the one format of the house on both copies (SR-PAN-02).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from switch.model.words import Kind
from switch.money import Money

WIDTH: Final = 40

_TITLES: Final = {
    Kind.SIGN_ON: "SIGN-ON",
    Kind.SIGN_OFF: "SIGN-OFF",
    Kind.ECHO: "ECHO TEST",
    Kind.CASH: "CASH ADVANCE",
    Kind.CASHBACK: "PURCHASE + CASH",
    Kind.BALANCE: "BALANCE",
    Kind.VERIFICATION: "CARD CHECK",
    Kind.PREAUTH: "PRE-AUTHORIZATION",
    Kind.INCREMENT: "INCREMENT",
    Kind.TIP_ADJUST: "TIP",
    Kind.KEY_EXCHANGE: "NEW KEYS",
}
_OF_NO_CARD_HOLDER: Final = frozenset(
    {Kind.SIGN_ON, Kind.SIGN_OFF, Kind.ECHO, Kind.CUTOVER, Kind.KEY_EXCHANGE}
)
_SIGNED: Final = frozenset(
    {Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH, Kind.COMPLETION, Kind.REFUND}
)
_TAKES_BACK: Final = frozenset({Kind.VOID, Kind.REVERSAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a receipt says. ``at`` is local date and time for people; ``verdict`` the line that
    matters, such as APPROVED.

    ``card`` is masked already (``switch.values.mask_pan``); ``amounts`` are named parts and
    surroundings of the amount, such as CASH; ``approved`` is whether the host, or the terminal by
    itself, said yes; ``notes`` are sentences printed under the verdict. ``tip_line`` leaves room
    for a tip on the merchant's copy. ``chip`` is what a chip card wants on paper; whoever's PIN was
    verified does not sign.
    """

    kind: Kind
    at: str
    terminal_id: str
    merchant_id: str
    stan: str
    verdict: str
    code: str = ""
    said: str = ""
    rrn: str = ""
    approval_code: str = ""
    card: str = ""
    amount: Money | None = None
    amounts: tuple[tuple[str, Money], ...] = ()
    entry: str = ""
    batch: str = ""
    original_stan: str = ""
    approved: bool = False
    tip_line: bool = False
    notes: tuple[str, ...] = ()
    chip: tuple[tuple[str, str], ...] = ()
    pin_verified: bool = False


def has_copies(kind: Kind) -> bool:
    """Whether a card holder takes part, who gets a copy; a sign-on is a slip of the device's."""
    return kind not in _OF_NO_CARD_HOLDER


def receipt(facts: Facts, copy: str) -> str:
    """One copy (``merchant`` or ``customer``) as text, at most ``WIDTH`` characters a line, with a
    final newline; sign-on and its like have no copies."""
    title = _TITLES.get(facts.kind, facts.kind.value.upper().replace("_", " "))
    lines = [
        "=" * WIDTH,
        pair(title, f"{copy.upper()} COPY" if has_copies(facts.kind) else ""),
        pair("Merchant", facts.merchant_id),
        pair("Terminal", facts.terminal_id),
        pair("Time", facts.at),
        pair("STAN", facts.stan),
    ]
    optional = (
        ("Batch", facts.batch),
        ("Original STAN", facts.original_stan),
        ("RRN", facts.rrn),
        ("Card", facts.card),
        ("Entry", facts.entry),
    )
    lines += [pair(name, value) for name, value in (*optional, *facts.chip) if value]
    lines.append("-" * WIDTH)
    if facts.approved and facts.kind in _TAKES_BACK:
        lines.append(f"*** {title} ***".center(WIDTH).rstrip())
    if facts.amount is not None:
        lines.append(pair("AMOUNT", str(facts.amount)))
    lines += [pair(name, str(money)) for name, money in facts.amounts]
    lines.append(pair(facts.verdict, f"code {facts.code}" if facts.code else ""))
    if facts.said:
        lines.append(pair("", facts.said))
    if facts.approval_code:
        lines.append(pair("Approval code", facts.approval_code))
    if facts.pin_verified:
        lines.append("PIN VERIFIED")
    for note in facts.notes:
        lines += wrapped(note)
    if copy == "merchant" and facts.approved:
        lines += _to_fill_in(facts)
    lines.append("=" * WIDTH)
    return "\n".join(lines) + "\n"


def _to_fill_in(facts: Facts) -> list[str]:
    """Lines for the card holder's pen."""
    lines = []
    if facts.tip_line:
        lines += ["", "Tip " + "." * (WIDTH - 4), "", "Total " + "." * (WIDTH - 6)]
    if facts.kind in _SIGNED and not facts.pin_verified:
        lines += ["", "Signature " + "." * (WIDTH - 10)]
    return lines


def pair(left: str, right: str) -> str:
    """Two words at the two margins; what would not fit beside goes below."""
    if len(left) + 1 + len(right) > WIDTH:
        return f"{left}\n{right[:WIDTH].rjust(WIDTH)}"
    return f"{left}{right.rjust(WIDTH - len(left))}".rstrip()


def wrapped(text: str) -> list[str]:
    """A sentence in lines of the paper's width."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".lstrip()[:WIDTH]
    return lines
