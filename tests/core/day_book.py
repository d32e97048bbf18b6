"""A day at one till, kept as a shopkeeper would: tickets, and what became of each.

Owns the reckoning that tests hold the totals of the core against. It counts ticket by ticket and
knows nothing of items that merge.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.core.totals import Item
from switch.model.words import Kind

SALES = (Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.COMPLETION)


@dataclass
class Ticket:
    """One sale (sign 1) or refund (sign -1). ``gone`` was taken back before this batch."""

    key: str
    sign: int
    amount: int
    tips: int = 0
    reversed: list[int] = field(default_factory=list)
    voided: int = 0
    void_key: str = ""
    gone: int = 0
    elsewhere: bool = False  # it is an item of an earlier batch

    @property
    def left(self) -> int:
        """What is still in effect."""
        return self.amount + self.tips - self.gone - sum(self.reversed) - self.voided

    @property
    def taken_back(self) -> list[int]:
        """What was taken back in this batch, each time."""
        return [*self.reversed, *([self.voided] if self.voided else [])]


@dataclass
class DayBook:
    """The tickets, and the items that a host would have for them in the batch under way."""

    tickets: list[Ticket] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    number: int = 0

    def key(self, letter: str) -> str:
        """A fresh name."""
        self.number += 1
        return f"{letter}{self.number}"

    def open_tickets(self) -> list[Ticket]:
        """Those of which something is in effect."""
        return [ticket for ticket in self.tickets if ticket.left > 0]

    def sale(self, key: str, minor: int, kind: Kind = Kind.PURCHASE) -> None:
        """A sale."""
        self.tickets.append(Ticket(key, 1, minor))
        self._item(key, kind, key, minor)

    def refund(self, key: str, minor: int) -> None:
        """A refund."""
        self.tickets.append(Ticket(key, -1, minor))
        self._item(key, Kind.REFUND, key, -minor)

    def old(self, key: str, minor: int) -> None:
        """A sale of an earlier batch."""
        self.tickets.append(Ticket(key, 1, minor, elsewhere=True))

    def tip(self, key: str, ticket: Ticket, minor: int) -> None:
        """So much more on a sale."""
        ticket.tips += minor
        self._item(key, Kind.TIP_ADJUST, ticket.key, minor)

    def void(self, key: str, ticket: Ticket) -> None:
        """All that is left of it is cancelled."""
        self._item(key, Kind.VOID, ticket.key, -ticket.sign * ticket.left)
        ticket.voided, ticket.void_key = ticket.left, key

    def unvoid(self, key: str, ticket: Ticket) -> None:
        """The void is reversed."""
        self._item(key, Kind.REVERSAL, ticket.void_key, ticket.sign * ticket.voided)
        ticket.voided, ticket.void_key = 0, ""

    def reverse(self, key: str, ticket: Ticket, minor: int) -> None:
        """So much of it is reversed."""
        ticket.reversed.append(minor)
        self._item(key, Kind.REVERSAL, ticket.key, -ticket.sign * minor)

    def next_batch(self) -> None:
        """The batch is closed."""
        for ticket in self.tickets:
            ticket.gone += sum(ticket.taken_back)
            ticket.reversed, ticket.voided, ticket.void_key = [], 0, ""
            ticket.elsewhere = True
        self.items = []

    def _item(self, key: str, kind: Kind, of: str, minor: int) -> None:
        self.items.append(Item(key, of, kind, minor, "840"))

    def _of(self, sign: int, *, elsewhere: bool = False) -> list[Ticket]:
        return [t for t in self.tickets if t.sign == sign and t.elsewhere is elsewhere]

    def totals(self, policy: str) -> dict[str, int]:
        """What the till states at the end, by the policy's own words."""
        return {"hypercom-63": self._hypercom, "iso-74-97": self._iso, "cup-48": self._cup}[
            policy
        ]()

    def _hypercom(self) -> dict[str, int]:
        """What is left of each ticket; what takes back an item of an earlier batch is given back,
        or got back, in this one.
        """
        sales = [t.left for t in self._of(1) if t.left]
        refunds = [t.left for t in self._of(-1) if t.left]
        refunds += [part for t in self._of(1, elsewhere=True) for part in t.taken_back]
        sales += [part for t in self._of(-1, elsewhere=True) for part in t.taken_back]
        return {
            "sales_number": len(sales),
            "sales_amount": sum(sales),
            "refunds_number": len(refunds),
            "refunds_amount": sum(refunds),
        }

    def _iso(self) -> dict[str, int]:
        """Gross and what was taken back, side by side."""
        totals: dict[str, int] = {}
        for sign, side in ((-1, "credits"), (1, "debits")):
            tickets = self._of(sign)
            back = [part for t in self.tickets if t.sign == sign for part in t.taken_back]
            totals[f"{side}_number"] = len(tickets)
            totals[f"{side}_reversal_number"] = len(back)
            totals[f"{side}_amount"] = sum(t.amount + t.tips for t in tickets)
            totals[f"{side}_reversal_amount"] = sum(back)
        returned = totals["credits_amount"] - totals["credits_reversal_amount"]
        charged = totals["debits_amount"] - totals["debits_reversal_amount"]
        return {**totals, "net_amount": returned - charged}

    def _cup(self) -> dict[str, int]:
        """A void counts on the other side; what was reversed vanishes."""
        sides: dict[int, list[int]] = {1: [], -1: []}
        for ticket in self.tickets:
            if ticket.elsewhere:
                sides[-ticket.sign] += ticket.reversed
            else:
                kept = ticket.amount + ticket.tips - sum(ticket.reversed)
                sides[ticket.sign] += [kept] if kept else []
            sides[-ticket.sign] += [ticket.voided] if ticket.voided else []
        return {
            "credits_number": len(sides[-1]),
            "credits_amount": sum(sides[-1]),
            "debits_number": len(sides[1]),
            "debits_amount": sum(sides[1]),
        }
