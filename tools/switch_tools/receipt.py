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
    Kind.PURCHASE: "PURCHASE",
    Kind.REVERSAL: "REVERSAL",
}
_OF_NO_CARD_HOLDER: Final = frozenset({Kind.SIGN_ON, Kind.SIGN_OFF, Kind.ECHO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a receipt says. ``at`` is local date and time for people; ``verdict`` the line that
    matters, such as APPROVED.

    ``card`` is masked already (``switch.values.mask_pan``); ``notes`` are sentences printed under
    the verdict.
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
    original_stan: str = ""
    notes: tuple[str, ...] = ()


def has_copies(kind: Kind) -> bool:
    """Whether a card holder takes part, who gets a copy; a sign-on is a slip of the device's."""
    return kind not in _OF_NO_CARD_HOLDER


def receipt(facts: Facts, copy: str) -> str:
    """One copy (``merchant`` or ``customer``) as text, at most ``WIDTH`` characters a line, with a
    final newline; sign-on and its like have no copies."""
    title = _TITLES.get(facts.kind, facts.kind.value.upper().replace("_", " "))
    lines = [
        "=" * WIDTH,
        _pair(title, f"{copy.upper()} COPY" if has_copies(facts.kind) else ""),
        _pair("Merchant", facts.merchant_id),
        _pair("Terminal", facts.terminal_id),
        _pair("Time", facts.at),
        _pair("STAN", facts.stan),
    ]
    optional = (
        ("Original STAN", facts.original_stan),
        ("RRN", facts.rrn),
        ("Card", facts.card),
    )
    lines += [_pair(name, value) for name, value in optional if value]
    lines.append("-" * WIDTH)
    if facts.amount is not None:
        lines.append(_pair("AMOUNT", str(facts.amount)))
    lines.append(_pair(facts.verdict, f"code {facts.code}" if facts.code else ""))
    if facts.said:
        lines.append(_pair("", facts.said))
    if facts.approval_code:
        lines.append(_pair("Approval code", facts.approval_code))
    for note in facts.notes:
        lines += _wrapped(note)
    signed = facts.kind is Kind.PURCHASE and facts.verdict == "APPROVED" and not facts.notes
    if copy == "merchant" and signed:
        lines += ["", "Signature " + "." * (WIDTH - 10)]
    lines.append("=" * WIDTH)
    return "\n".join(lines) + "\n"


def _pair(left: str, right: str) -> str:
    """Two words at the two margins; what would not fit beside goes below."""
    if len(left) + 1 + len(right) > WIDTH:
        return f"{left}\n{right[:WIDTH].rjust(WIDTH)}"
    return f"{left}{right.rjust(WIDTH - len(left))}".rstrip()


def _wrapped(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".lstrip()[:WIDTH]
    return lines
