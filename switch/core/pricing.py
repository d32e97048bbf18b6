"""What a captured transaction costs whom, when its amount changes after the fact.

Owns the rule that a transaction has one bearer: its card's account where that can bear all of it,
else suspense, so that no account passes its limit (INV-40). Raising an amount (a tip, the reversal
of a void) asks that question anew; lowering it back lets the card bear it again. Refuses to judge
whether the amount may change.
"""

from __future__ import annotations

from typing import NamedTuple

from switch.core.amounts import in_effect
from switch.core.ledger import Book, merchant_account, suspense_account
from switch.model.facts import Facts
from switch.model.records import Card, Transaction


class Price(NamedTuple):
    """Who bears the transaction at its new amount, and what each account gains by the change."""

    account: str
    moves: dict[str, int]


def reprice(book: Book, facts: Facts, sale: Transaction, minor: int) -> Price:
    """Let a captured transaction cost ``minor`` units from now on."""
    if sale.amount_open is None:
        raise ValueError(f"transaction {sale.id} was never posted")
    currency, before = sale.amount_open.currency, in_effect(sale)
    account = _bearer(book, facts, sale, minor)
    moves = {sale.account: before}
    moves[account] = moves.get(account, 0) - minor
    moves[merchant_account(sale.merchant_id, currency)] = minor - before
    return Price(account, moves)


def _bearer(book: Book, facts: Facts, sale: Transaction, minor: int) -> str:
    if sale.amount_open is None:
        raise ValueError(f"transaction {sale.id} was never posted")
    currency, before = sale.amount_open.currency, in_effect(sale)
    suspense = suspense_account(currency)
    account = sale.account if sale.account != suspense else card_account_of(facts, sale)
    if not account or book.account(account, currency).currency != currency:
        return suspense
    own = before if account == sale.account else 0
    bearable = minor <= max(own, own + book.account(account, currency).available_minor)
    return account if bearable else suspense


def card_account_of(facts: Facts, transaction: Transaction) -> str:
    """The account of the card that a transaction was made with; empty where it is none of ours."""
    token = transaction.pan_token
    card = facts.find(Card, token) if token else None
    return "" if card is None else card.account


def bears(book: Book, account: str, currency: str, minor: int) -> bool:
    """Whether an account can give so much in its own currency; suspense can give anything."""
    found = book.account(account, currency)
    if found.kind == "suspense":
        return True
    return found.currency == currency and minor <= found.available_minor
