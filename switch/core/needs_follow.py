"""What a message needs to know that acts upon an earlier transaction: that transaction, and what
changes with it.

Owns the look-ups of followers, stage by stage: the names of the original, the original, what that
one had acted upon itself, then the rows that change. Refuses to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from switch.core import needs_money
from switch.core.follow import goes_on, original_of, pointers, reference_of
from switch.core.ledger import account_key, merchant_account, suspense_account
from switch.core.needs import (
    READY,
    Needs,
    missing,
    of_holding,
    of_pricing,
    of_undoing,
    unnamed_merchant,
)
from switch.core.needs_card import of_card
from switch.model.events import RequestArrived
from switch.model.facts import Facts
from switch.model.records import Card, Key, Reference, Transaction, key_of
from switch.model.words import Kind


def named_original(event: RequestArrived) -> list[Key]:
    """The reference under which the message points at its original, if it does."""
    original = event.request.original
    return [key_of("reference", original)] if original else []


def of_reversal(event: RequestArrived, facts: Facts) -> Needs:
    """The original, and the rows that change when it is taken back."""
    request = event.request
    wanted = unnamed_merchant(request, facts)
    reference = facts.find(Reference, request.original) if request.original else None
    if reference is None or not reference.transaction:
        return missing(facts.rows, wanted)
    wanted.append(key_of("transaction", reference.transaction))
    needs = missing(facts.rows, wanted)
    if needs:
        return needs
    original = facts.find(Transaction, reference.transaction)
    return READY if original is None else missing(facts.rows, of_undoing(original, facts))


def of_follower(event: RequestArrived, facts: Facts) -> Needs:
    """The original by the names that the message gives, and what its kind changes with it; without
    an original what a payment needs, where the kind can do without.
    """
    request, rows = event.request, facts.rows
    wanted = unnamed_merchant(request, facts)
    wanted += [key_of("reference", name) for name in pointers(request, facts)]
    needs = missing(rows, wanted)
    if needs:
        return needs
    reference = reference_of(request, facts)
    if reference is None or not reference.transaction:
        alone = request.kind in _ALONE
        return needs_money.of_payment(event, facts) if alone else of_card(event, facts)
    needs = missing(rows, [key_of("transaction", reference.transaction)])
    if needs:
        return needs
    first = facts.find(Transaction, reference.transaction)
    if first is not None and goes_on(request, first):
        needs = missing(rows, [key_of("transaction", first.original_key)])
        if needs:
            return needs
    original = original_of(request, facts)
    if original is not None:
        needs = missing(rows, list(dict.fromkeys(_CHANGES[request.kind](original, facts))))
    return needs or of_card(event, facts)


def _of_increment(original: Transaction, _facts: Facts) -> list[Key]:
    return of_holding(original) if not original.captures else _card(original)


def _of_completion(original: Transaction, facts: Facts) -> list[Key]:
    wanted = of_holding(original) + _card_account(original, facts)
    if original.amount is not None:
        currency = original.amount.currency
        wanted.append(account_key(merchant_account(original.merchant_id, currency)))
        wanted.append(account_key(suspense_account(currency)))
    return wanted


def _of_void(original: Transaction, facts: Facts) -> list[Key]:
    return of_undoing(original, facts) + _card(original)


def _of_refund(original: Transaction, _facts: Facts) -> list[Key]:
    return of_holding(original)


def _of_adjust(original: Transaction, facts: Facts) -> list[Key]:
    return of_pricing(original, facts)


def _card(original: Transaction) -> list[Key]:
    return [key_of("card", original.pan_token)] if original.pan_token else []


def _card_account(original: Transaction, facts: Facts) -> list[Key]:
    """The account of the original's card, once the card is there."""
    for key in _card(original):
        if facts.rows.has(key):
            card = facts.find(Card, key.id)
            return [] if card is None else [account_key(card.account)]
    return []


# Kinds that may act upon nothing of ours.
_ALONE: Final = frozenset({Kind.REFUND, Kind.COMPLETION})
_CHANGES: Final[dict[Kind, Callable[[Transaction, Facts], list[Key]]]] = {
    Kind.INCREMENT: _of_increment,
    Kind.COMPLETION: _of_completion,
    Kind.VOID: _of_void,
    Kind.REFUND: _of_refund,
    Kind.TIP_ADJUST: _of_adjust,
}
