"""Taking back what a transaction put into effect, in whole or in part.

Owns the arithmetic of INV-20 and INV-26 and the records that follow: a correcting posting or a
smaller hold, the day's counters, the transaction's new state. Refuses to know why: a terminal's
reversal and an answer that never left come here alike.
"""

from __future__ import annotations

from switch.core.ledger import Book, merchant_account
from switch.core.limits import spent_today
from switch.model.copies import replace
from switch.model.facts import Facts
from switch.model.records import Card, Hold, Record, Transaction, next_version
from switch.model.words import State
from switch.money import Money


def in_effect(transaction: Transaction) -> int:
    """What of the transaction is still in effect, in minor units."""
    return 0 if transaction.amount_open is None else transaction.amount_open.minor


def take_back(
    transaction: Transaction,
    facts: Facts,
    *,
    by: str,
    kind: str,
    at_us: int,
    remaining_minor: int = 0,
) -> tuple[Transaction, list[Record]]:
    """Leave ``remaining_minor`` of the transaction in effect; at most what is (the caller has
    checked).

    Returns the transaction's next version and the records besides it. ``by`` is the request key of
    whoever takes back.
    """
    open_minor = in_effect(transaction)
    back = open_minor - remaining_minor
    if transaction.amount_open is None or not 0 < back <= open_minor:
        raise ValueError(f"{back} of {open_minor} cannot be taken back")
    currency = transaction.amount_open.currency
    book = Book(facts)
    records: list[Record] = []
    if transaction.captures:
        book.transfer(
            by if by != transaction.id else f"{by}#{kind}",
            merchant_account(transaction.merchant_id, currency),
            transaction.account,
            back,
            currency,
            transaction=by,
            kind=kind,
            at_us=at_us,
            corrects=transaction.id,
        )
    else:
        book.hold(transaction.account, currency, -back)
        records.append(_lessened(facts, transaction, remaining_minor))
    records += book.records()
    records += _discounted(facts, transaction, back, remaining_minor)
    after = next_version(
        transaction,
        state=State.PARTLY_REVERSED if remaining_minor else State.REVERSED,
        amount_open=Money(remaining_minor, currency),
    )
    return after, records


def _lessened(facts: Facts, transaction: Transaction, remaining_minor: int) -> Hold:
    hold = facts.find(Hold, transaction.id)
    if hold is None:
        raise ValueError(f"transaction {transaction.id} has no hold")
    if remaining_minor:
        return next_version(hold, amount_minor=remaining_minor)
    return next_version(hold, amount_minor=0, state="reversed")


def _discounted(
    facts: Facts, transaction: Transaction, back: int, remaining_minor: int
) -> list[Record]:
    """The card's counters without what was taken back, where the day is still the same."""
    card = facts.find(Card, transaction.pan_token) if transaction.pan_token else None
    if card is None or card.account != transaction.account or not card.daily_limit_minor:
        return []
    if not card.day == transaction.business_date == facts.business_date:
        return []
    spent = max(0, spent_today(card, card.day) - back)
    count = card.day_count if remaining_minor else max(0, card.day_count - 1)
    return [
        replace(card, version=card.version + 1, day_spent_minor=spent, day_count=count),
    ]
