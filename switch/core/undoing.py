"""The working notes of one taking-back: who takes back what, and what changes with it.

Owns how it is written down: the correcting posting, the card's counters, the next version of what
was taken back. Refuses to know what each kind of transaction takes with it: ``undo`` does.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from switch.core.amounts import in_effect
from switch.core.ledger import Book
from switch.core.limits import spent_today
from switch.model.copies import replace
from switch.model.effects import Effect
from switch.model.facts import Facts
from switch.model.records import Card, Hold, Record, Transaction, next_version
from switch.model.words import State
from switch.money import Money


class Undone(NamedTuple):
    """What was taken back, in its next version; the records and effects besides it; the account
    that got or gave the money.
    """

    after: Transaction
    records: list[Record]
    effects: list[Effect]
    account: str


class Undoing:
    """One taking-back on its way."""

    __slots__ = ("_card", "account", "at_us", "book", "by", "effects", "facts", "kind", "records")

    def __init__(self, facts: Facts, by: str, kind: str, at_us: int) -> None:
        self.facts: Final = facts
        self.by: Final = by
        self.kind: Final = kind
        self.at_us: Final = at_us
        self.book: Final = Book(facts)
        self.account = ""
        self._card: Card | None = None  # with its counters as this has left them
        self.records: list[Record] = []
        self.effects: list[Effect] = []

    def done(self, after: Transaction) -> Undone:
        """All that has come of it."""
        records = [*self.book.records(), *self.records]
        if self._card is not None:
            records.append(next_version(self._card))
        return Undone(after, records, self.effects, self.account)

    def parent(self, transaction: Transaction) -> Transaction | None:
        """What the transaction acted upon."""
        key = transaction.original_key
        return self.facts.find(Transaction, key) if key else None

    def hold(self, transaction: Transaction) -> Hold | None:
        """The hold of an authorization."""
        return self.facts.find(Hold, transaction.id)

    def post(self, of: Transaction, moves: dict[str, int], currency: str, corrects: str) -> None:
        """The correcting posting (INV-61), named after whoever takes back."""
        self.book.post(
            self.by if self.by != of.id else f"{self.by}#{self.kind}",
            moves,
            currency,
            transaction=self.by,
            kind=self.kind,
            at_us=self.at_us,
            corrects=corrects,
        )

    def recount(self, of: Transaction, minor: int, number: int = 0) -> None:
        """Let the counters of the transaction's card follow; it is one card in all of it."""
        card = self._card_of(of)
        if card is not None:
            self._card = recounted(card, of, self.facts.business_date, minor, number) or self._card

    def recount_repriced(self, sale: Transaction, minor: int, account: str) -> None:
        """The same of a sale that costs ``minor`` units from now on, borne by that account."""
        card = self._card_of(sale)
        if card is not None:
            today = self.facts.business_date
            self._card = repriced(card, sale, today, minor, account) or self._card

    def _card_of(self, of: Transaction) -> Card | None:
        if self._card is None and of.pan_token:
            return self.facts.find(Card, of.pan_token)
        return self._card


def lessened(transaction: Transaction, remaining_minor: int, **more: Any) -> Transaction:
    """The transaction with so much left in effect. What changed its amount before is forgotten by a
    partial reversal: that states what remains, whatever was there.
    """
    if transaction.amount_open is None:
        raise ValueError(f"transaction {transaction.id} has put nothing into effect")
    return next_version(
        transaction,
        state=State.PARTLY_REVERSED if remaining_minor else State.REVERSED,
        amount_open=Money(remaining_minor, transaction.amount_open.currency),
        changed=() if remaining_minor else transaction.changed,
        **more,
    )


def back_to(transaction: Transaction, remaining_minor: int) -> tuple[int, str]:
    """What is to be taken back, and its currency. ValueError unless it is some, and at most what is
    in effect.
    """
    back = in_effect(transaction) - remaining_minor
    if transaction.amount_open is None or not 0 < back <= in_effect(transaction):
        raise ValueError(f"{back} of {transaction.amount_open} cannot be taken back")
    return back, transaction.amount_open.currency


def repriced(card: Card, sale: Transaction, today: str, minor: int, account: str) -> Card | None:
    """``recounted`` for a sale that costs ``minor`` units from now on, borne by that account. What
    the card bears is counted: nothing of a sale that went to suspense, all of one that came back.
    """
    before = in_effect(sale) if sale.account == card.account else 0
    after = minor if account == card.account else 0
    return recounted(card, replace(sale, account=card.account), today, after - before, 0)


def recounted(card: Card, of: Transaction, today: str, minor: int, number: int) -> Card | None:
    """The card's counters with ``minor`` units and ``number`` transactions more, where its day is
    still the one that the transaction was counted on; ``None`` where nothing changes. The
    version is the caller's to raise.
    """
    if card.account != of.account or not card.daily_limit_minor or not (minor or number):
        return None
    if not card.day == of.business_date == today:
        return None
    return replace(
        card,
        day_spent_minor=max(0, spent_today(card, today) + minor),
        day_count=max(0, card.day_count + number),
    )
