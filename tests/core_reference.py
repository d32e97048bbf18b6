"""What must be true of purchases and reversals, by the rules alone: plain bookkeeping.

Owns a world of three cards and three terminals and a ledger of it. Knows no line of the core; the
stateful model holds the two side by side.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from switch.model.request import Answer

CARDS = {
    # number: (balance, credit limit, limit of one transaction, of a day)
    "4761739001010010": (5_000, 0, 0, 0),
    "5413330089010434": (300, 400, 0, 0),
    "374245455400126": (9_000, 0, 700, 1_500),
}
STRANGER = "4111111111111111"
TERMINALS = ("T1", "T2", "T3")  # the third belongs to the second merchant
MERCHANTS = {"T1": "M1", "T2": "M1", "T3": "M2"}


@dataclass
class Purchase:
    """One purchase as the reference sees it."""

    minor: int
    bearer: str  # whose money it was: a card's number, or "suspense"
    merchant: str
    left: int  # still in effect
    captured: bool


@dataclass
class Ledger:
    """Plain bookkeeping: who has spent what, which names were reversed, what was answered."""

    bought: dict[str, Purchase] = field(default_factory=dict)
    bears: dict[str, str] = field(default_factory=dict)  # name -> key
    buried: set[str] = field(default_factory=set)  # names that were reversed before they were seen
    taken_back: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    answers: dict[str, Answer] = field(default_factory=dict)
    signed_on: set[str] = field(default_factory=set)

    def spent(self, bearer: str) -> int:
        """What of the bearer's money is gone or set aside."""
        return sum(item.left for item in self.bought.values() if item.bearer == bearer)

    def objection(self, pan: str, minor: int, terminal: str, demand_signon: bool) -> str:
        """Why a demand must be declined, or nothing; in the default order of checks."""
        if demand_signon and terminal not in self.signed_on:
            return "not.signed_on"
        if pan not in CARDS:
            return "card.unknown"
        balance, credit, once, daily = CARDS[pan]
        if minor == 0:
            return "amount.invalid"
        if once and minor > once:
            return "limit.exceeded"
        if daily and self.spent(pan) + minor > daily:
            return "limit.exceeded"
        if self.spent(pan) + minor > balance + credit:
            return "funds.insufficient"
        return ""

    def bearer(self, pan: str, minor: int) -> str:
        """Who bears an advice."""
        if pan not in CARDS:
            return "suspense"
        balance, credit, _, _ = CARDS[pan]
        return pan if self.spent(pan) + minor <= balance + credit else "suspense"

    def buy(
        self,
        key: str,
        name: str,
        pan: str,
        minor: int,
        terminal: str,
        *,
        demanded: bool,
        captured: bool,
        demand_signon: bool,
    ) -> str:
        """Enter a purchase, demanded or advised; what must be answered."""
        if demanded:
            bearer = pan
            reason = self.objection(pan, minor, terminal, demand_signon)
        else:
            bearer = self.bearer(pan, minor)
            reason = "" if minor else "amount.invalid"
        if name in self.buried and reason != "not.signed_on":
            reason = "reversed.before_seen"
        nowhere = bearer == "suspense" and not captured
        self.buried.discard(name)
        self.bears[name] = key
        left = 0 if reason or nowhere else minor
        self.bought[key] = Purchase(minor, bearer, MERCHANTS[terminal], left, captured)
        return reason or "approved"

    def left(self, name: str) -> int:
        """What is in effect of the purchase of that name."""
        key = self.bears.get(name)
        return 0 if key is None else self.bought[key].left

    def reverse(self, name: str, remaining: int) -> str:
        """Enter a reversal down to ``remaining``; what must be answered."""
        key = self.bears.get(name)
        if key is None:
            self.buried.add(name)
            return "approved.no_original"
        if remaining > self.bought[key].left:
            return "amount.invalid"
        self.take_back(key, remaining)
        return "approved"

    def take_back(self, key: str, remaining: int) -> None:
        """Leave that much in effect."""
        self.taken_back[key] += self.bought[key].left - remaining
        self.bought[key].left = remaining
