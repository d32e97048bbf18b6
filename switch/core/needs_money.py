"""What a payment needs to know: card, accounts, and what the vault says of its PIN.

Owns the look-ups of purchases and their like, demanded or advised. Refuses to judge.
"""

from __future__ import annotations

from switch.core.ledger import (
    account_key,
    card_account,
    merchant_account,
    opening_account,
    suspense_account,
)
from switch.core.naming import currency_of, merchant_of, rrn_name
from switch.core.needs import Needs, missing, unnamed_merchant
from switch.model.events import RequestArrived
from switch.model.facts import Facts, VerdictNeed
from switch.model.records import Card, Terminal, key_of
from switch.model.words import Flow


def of_payment(event: RequestArrived, facts: Facts) -> Needs:
    """The accounts that it may move money between, and what the vault says of its PIN."""
    request, settings = event.request, facts.settings
    wanted = unnamed_merchant(request, facts)
    terminal = facts.find(Terminal, request.terminal_id) if request.terminal_id else None
    owner = merchant_of(request, terminal, settings)
    currency = currency_of(request, terminal, settings)
    card = facts.find(Card, event.pan_token) if event.pan_token else None
    if card is not None:
        wanted.append(account_key(card.account))
    elif event.card_sealed:
        wanted.append(account_key(card_account(event.pan_token)))
        wanted.append(account_key(opening_account(settings.default_currency)))
    wanted.append(key_of("reference", rrn_name(request, owner, request.rrn or facts.fresh.rrn)))
    if request.captures:
        wanted.append(account_key(merchant_account(owner, currency)))
        if request.flow is not Flow.REQUEST:
            wanted.append(account_key(suspense_account(currency)))
    needs = missing(facts.rows, wanted)
    if not needs and request.pin_block is not None and "pin" not in facts.verdicts:
        return (VerdictNeed("pin"),)
    return needs
