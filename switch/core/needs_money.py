"""What a payment needs to know: card, accounts, and what the vault says of it.

Owns the look-ups of purchases and their like, demanded or advised, and of inquiries. Refuses to
judge.
"""

from __future__ import annotations

from switch.core.ledger import (
    account_key,
    card_account,
    merchant_account,
    opening_account,
    suspense_account,
)
from switch.core.naming import captures, currency_of, merchant_of
from switch.core.needs import Needs, unnamed_merchant
from switch.core.needs_card import with_card
from switch.model.events import RequestArrived
from switch.model.facts import Facts
from switch.model.records import Card, Key, Terminal, key_of
from switch.model.words import Flow


def of_payment(event: RequestArrived, facts: Facts) -> Needs:
    """The accounts that it may move money between, and what the vault says of the card."""
    request, settings = event.request, facts.settings
    terminal = facts.find(Terminal, request.terminal_id) if request.terminal_id else None
    owner = merchant_of(request, terminal, settings)
    wanted = of_cardholder(event, facts)
    if request.terminal_id and not request.merchant_id:
        wanted.append(key_of("merchant", owner))
    if captures(request):
        currency = currency_of(request, terminal, settings)
        wanted.append(account_key(merchant_account(owner, currency)))
        if request.flow is not Flow.REQUEST:
            wanted.append(account_key(suspense_account(currency)))
    return with_card(event, facts, wanted)


def of_inquiry(event: RequestArrived, facts: Facts) -> Needs:
    """The card's account, and what the vault says of the card: it moves nothing."""
    request = event.request
    wanted = unnamed_merchant(request, facts)
    wanted += of_cardholder(event, facts)
    return with_card(event, facts, wanted)


def of_cardholder(event: RequestArrived, facts: Facts) -> list[Key]:
    """The account of the card, or what is needed to make one."""
    card = facts.find(Card, event.pan_token) if event.pan_token else None
    if card is not None:
        return [account_key(card.account)]
    if not event.card_sealed:
        return []
    opening = opening_account(facts.settings.default_currency)
    return [account_key(card_account(event.pan_token)), account_key(opening)]
