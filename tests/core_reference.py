"""The world of the stateful model, and the ground of its reference: plain bookkeeping by the rules.

Owns three cards' and more worth of money, what each transaction is to the reference, who may ask
at all and what a name means. Written from the invariants, without a line of the core: the machines
of ``tests/properties`` hold the two side by side. Upon it stand ``reference_payments``,
``reference_undoing``, ``reference_followers`` and ``reference_batches``, whose ``House`` is all.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from switch.model.request import Request
from switch.model.words import Flow, Kind


class Plastic(NamedTuple):
    """A card as it was issued; amounts in minor units, 0: no limit."""

    balance: int
    credit: int = 0
    once: int = 0
    daily: int = 0
    cash: int = 0
    currency: str = "840"
    expiry: str = ""  # YYMM


CARDS = {
    "4761739001010010": Plastic(5_000),
    "5413330089010434": Plastic(300, credit=400),
    "374245455400126": Plastic(9_000, once=700, daily=1_500),
    "4000000000009995": Plastic(2_000, cash=200, expiry="2611"),
    "36070500001020": Plastic(3_000, currency="978"),
}
STRANGER = "4111111111111111"
MERCHANTS = {"T1": "M1", "T2": "M1", "T3": "M2"}
TERMINALS = tuple(MERCHANTS)
CURRENCIES = {"T1": "840", "T2": "840", "T3": "978"}
TAKES_LESS = "T2"  # takes an approval for less than it asked for
TOLERANCE_BP = 1_000  # of completions
TIP_BP = 2_000
HOLD_S, PREAUTH_S = 2 * 86_400, 5 * 86_400
SECOND_US = 1_000_000

SALES = (Kind.PURCHASE, Kind.CASH, Kind.CASHBACK)
BEARERS = frozenset(Kind) - {
    *(Kind.SIGN_ON, Kind.SIGN_OFF, Kind.ECHO, Kind.KEY_EXCHANGE, Kind.CUTOVER),
    *(Kind.REVERSAL, Kind.RECONCILIATION, Kind.BATCH_UPLOAD, Kind.FILE_ACTION, Kind.UNKNOWN),
}
CORRECTIONS = frozenset({Kind.VOID, Kind.REVERSAL, Kind.TIP_ADJUST})
GONE = ("reversed", "voided")


@dataclass(eq=False)
class Hold:
    """Money set aside. ``why`` it ended: completed, reversed, expired; ``by``: the last word."""

    minor: int
    until_us: int
    account: str
    why: str = ""  # empty: open
    by: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still holds."""
        return not self.why


@dataclass(eq=False)
class Item:
    """One request as the reference sees it. ``value``: what is in effect; None: it never did
    anything. ``moved``: what the merchant got by its own hand, for the batch.
    """

    request: Request
    demanded: bool
    captures: bool
    merchant: str
    asked: int
    currency: str
    day: str
    state: str = "declined"  # taken, partly, completed, expired, reversed, voided
    reason: str = ""
    value: int | None = None
    granted: int = 0
    account: str = ""
    about: Item | None = None
    hold: Hold | None = None
    authorized: int = 0
    completed: int = 0  # of it
    counts: int = 0  # of a completion: what of it is the authorization's
    refunded: int = 0
    increments: dict[str, int] = field(default_factory=dict)
    totals: list[tuple[str, int]] = field(default_factory=list)  # of a sale, led by its own
    moved: int = 0
    batch: str = ""
    rrn: str = ""

    @property
    def key(self) -> str:
        """Its request key."""
        return self.request.request_key

    @property
    def kind(self) -> Kind:
        """What it asked for."""
        return self.request.kind

    @property
    def pan(self) -> str:
        """The card that it named, or else its original's."""
        return pan_of(self.request) or ("" if self.about is None else self.about.pan)

    @property
    def open(self) -> int:
        """What is in effect."""
        return self.value or 0


def pan_of(request: Request) -> str:
    """The card's number, for the books of a test."""
    return "" if request.pan is None else request.pan.reveal()


def card_account(pan: str) -> str:
    """The account of one of our cards."""
    return f"card-{pan[-4:]}"


class Ground:
    """Money, days, names, senders."""

    def __init__(self, *, demand_signon: bool, missing: str, now_us: int, day: str) -> None:
        self.demand_signon = demand_signon
        self.missing = missing
        self.now_us = now_us
        self.day = day
        self.month = day[2:6]
        self.items: dict[str, Item] = {}
        self.names: dict[str, Item] = {}
        self.buried: set[str] = set()
        self.money: dict[str, int] = defaultdict(int)
        for pan, plastic in CARDS.items():
            self.money[card_account(pan)] = plastic.balance
            self.money[f"opening:{plastic.currency}"] -= plastic.balance
        self.status = dict.fromkeys(CARDS, "active")
        self.idle: set[str] = set()  # terminals and merchants that are inactive
        self.signed_on: set[str] = set()
        self.batch_number = dict.fromkeys(TERMINALS, 1)
        self.spent: dict[str, tuple[str, int]] = {}  # by card: a day and what was spent on it

    # -- money

    def held(self, account: str) -> int:
        """INV-41: the fold of the open holds."""
        holds = [item.hold for item in self.items.values() if item.hold and item.hold.is_open]
        return sum(hold.minor for hold in holds if hold.account == account)

    def available(self, account: str) -> int:
        """What the account may still spend."""
        plastic = _ACCOUNTS[account]
        return self.money[account] + plastic.credit - self.held(account)

    def bears(self, account: str, currency: str, minor: int) -> bool:
        """Whether the account can give so much; suspense can give anything."""
        if account.startswith("suspense:"):
            return True
        plastic = _ACCOUNTS.get(account)
        return (
            plastic is not None
            and plastic.currency == currency
            and minor <= self.available(account)
        )

    def bearer(self, pan: str, currency: str, minor: int) -> str:
        """The card's account where it can bear it; empty where it cannot."""
        account = card_account(pan) if pan in CARDS else ""
        return account if account and self.bears(account, currency, minor) else ""

    def pay(self, by: Item, of: Item, moves: dict[str, int]) -> None:
        """Move money; what the merchant of ``of`` gets by it is ``by``'s in its batch."""
        assert sum(moves.values()) == 0
        for account, minor in moves.items():
            self.money[account] += minor
        by.moved += moves.get(merchant_account(of), 0)

    def count(self, item: Item, minor: int) -> None:
        """So much more, or less, of the card's day, if it is still the one that the sale or the
        authorization was counted on. What is counted is what the card bears.
        """
        if item.kind is Kind.COMPLETION and item.about is not None:
            item = item.about
        day, spent = self.spent.get(item.pan, ("", 0))
        if day == item.day == self.day:
            self.spent[item.pan] = (day, spent + minor)

    @staticmethod
    def is_cards(item: Item, account: str) -> bool:
        """Whether the account is the one of the item's own card."""
        root = item.about if item.kind is Kind.COMPLETION and item.about is not None else item
        return account == card_account(root.pan)

    def spend(self, pan: str, minor: int) -> None:
        """More on the card's day."""
        if CARDS[pan].daily:
            self.spent[pan] = (self.day, self.spent_today(pan) + minor)

    def spent_today(self, pan: str) -> int:
        """What the card's daily limit has been charged with."""
        day, spent = self.spent.get(pan, ("", 0))
        return spent if day == self.day else 0

    # -- names and senders

    def sender(self, request: Request) -> str:
        """Why the sender may not ask; who only tells is not asked for its state (M-19, M-37)."""
        terminal, merchant = request.terminal_id, request.merchant_id
        demanded = self.is_demand(request)
        if terminal not in MERCHANTS:
            return "terminal.unknown"
        if demanded and terminal in self.idle:
            return "terminal.inactive"
        if merchant and merchant != MERCHANTS[terminal]:
            return "merchant.unknown"
        if demanded and MERCHANTS[terminal] in self.idle:
            return "merchant.inactive"
        return ""

    def asker(self, request: Request) -> str:
        """As ``sender``; a demand also wants a sign-on, and no reversal before it (INV-22)."""
        reason = self.sender(request)
        off = self.demand_signon and request.terminal_id not in self.signed_on
        if not reason and self.is_demand(request) and off:
            reason = "not.signed_on"
        if not reason and request.reference in self.buried:
            reason = "reversed.before_seen"
        return reason

    @staticmethod
    def is_demand(request: Request) -> bool:
        """Whether it wants a decision; what has happened is only told."""
        return request.flow is Flow.REQUEST and request.kind is not Kind.REVERSAL

    def batch_of(self, terminal: str) -> str:
        """The terminal's current batch."""
        return f"{terminal}|{self.batch_number[terminal]:06d}"

    def enter(self, request: Request, *, captures: bool) -> Item:
        """A new item, declined so far."""
        amount = request.amount
        item = Item(
            request,
            self.is_demand(request),
            captures,
            request.merchant_id or MERCHANTS.get(request.terminal_id, ""),
            0 if amount is None else amount.minor,
            "" if amount is None else amount.currency or CURRENCIES.get(request.terminal_id, ""),
            self.day,
        )
        self.items[item.key] = item
        return item

    def conclude(
        self, item: Item, reason: str, value: int | None = None, *, taken: bool = False
    ) -> str:
        """Answer it. What was taken is in the terminal's batch if it captures or corrects; what
        has put something into effect can be found by its number (INV-50).
        """
        request = item.request
        item.reason = reason or "approved"
        item.rrn = request.rrn or f"R{item.key}"
        if taken or reason in ("", "partial"):
            item.state, item.value = "taken", value
            if item.captures or item.kind in CORRECTIONS:
                item.batch = self.batch_of(request.terminal_id)
        if item.kind in BEARERS and request.reference:
            self.names[request.reference] = item
            self.buried.discard(request.reference)
        if item.kind in BEARERS and item.value is not None:
            shared = item.about is not None and item.about.rrn == item.rrn
            if not shared or item.kind in (Kind.COMPLETION, Kind.REFUND):
                owner = request.terminal_id if request.rrn else item.merchant
                self.names[f"{owner}|rrn|{item.rrn}"] = item
        return item.reason


_ACCOUNTS = {card_account(pan): plastic for pan, plastic in CARDS.items()}


def merchant_account(item: Item) -> str:
    """What the house owes the item's merchant."""
    return f"merchant:{item.merchant}:{item.currency}"


def suspense(currency: str) -> str:
    """Where what is nobody's goes."""
    return f"suspense:{currency}"
