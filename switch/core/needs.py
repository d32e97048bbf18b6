"""What the plans of all kinds share: which rows are missing, whose merchant it is, what an undoing
touches.

Owns the look-ups that more than one kind of request makes. What a kind wants besides is in its own
``needs_*`` module; ``plans`` puts them together. Every function returns rows to fetch, of which
those that are there already are left out.
"""

from __future__ import annotations

from typing import Final

from switch.core.amounts import in_effect
from switch.core.delivery import undoes
from switch.core.ledger import account_key, merchant_account, suspense_account
from switch.core.naming import merchant_of, rrn_name
from switch.model.events import DeliveryReported, Event, Recovered, RequestArrived
from switch.model.facts import Facts, Need, Rows
from switch.model.records import Card, Key, Terminal, Transaction, key_of
from switch.model.request import Request
from switch.model.words import Delivery, Kind

Needs = tuple[Need, ...]
READY: Needs = ()


def missing(rows: Rows, wanted: list[Key]) -> Needs:
    """Those of the rows that were not fetched yet."""
    has = rows.has
    return tuple([key for key in wanted if not has(key)])


def of_nothing(_event: Event, _facts: Facts) -> Needs:
    """The event says it all."""
    return READY


def of_sender(event: RequestArrived, facts: Facts) -> Needs:
    """The terminal and merchant that a message names were looked up; one that it does not name is
    the terminal's own.
    """
    return missing(facts.rows, unnamed_merchant(event.request, facts))


def unnamed_merchant(request: Request, facts: Facts) -> list[Key]:
    """The merchant's row, where the message names none and so it was not fetched with the
    terminal's.
    """
    if request.merchant_id or not request.terminal_id:
        return []
    owner = merchant_of(request, facts.find(Terminal, request.terminal_id), facts.settings)
    return [key_of("merchant", owner)]


def by_rrn(request: Request, facts: Facts) -> Key:
    """The row of the reference number that the transaction will be found by, if it is approved.
    Who owns the number may be known only when the terminal is.
    """
    terminal = facts.find(Terminal, request.terminal_id) if request.terminal_id else None
    owner = merchant_of(request, terminal, facts.settings)
    return key_of("reference", rrn_name(request, owner, request.rrn or facts.fresh.rrn))


def of_transaction(event: DeliveryReported | Recovered, facts: Facts) -> Needs:
    """The transaction; for a failed delivery that takes it back, its accounts as well."""
    wanted = missing(facts.rows, [key_of("transaction", event.request_key)])
    if wanted or not isinstance(event, DeliveryReported):
        return wanted
    if event.delivery is not Delivery.FAILED:
        return READY
    known = facts.find(Transaction, event.request_key)
    if known is None or not undoes(known, facts):
        return READY
    return missing(facts.rows, of_undoing_itself(known, facts))


def of_undoing_itself(known: Transaction, facts: Facts) -> list[Key]:
    """The rows that change when the transaction is taken back in its own batch, and its terminal,
    which says whether that one is still open.
    """
    own = [key_of("terminal", known.terminal_id)] if known.batch else []
    return own + of_undoing(known, facts)


def of_undoing(original: Transaction, facts: Facts) -> list[Key]:
    """The rows that change when the transaction is taken back, stage by stage: what it acted upon
    changes with it.
    """
    parent = of_parent(original, facts)
    if parent is None:
        return [key_of("transaction", original.original_key)]
    wanted = of_holding(original) if in_effect(original) else []
    for found in parent:
        wanted += of_holding(found)
        if original.kind is Kind.VOID:
            wanted += _before(found, facts)
        if original.kind in _REPRICES:
            wanted += of_pricing(found, facts)
    if original.kind is Kind.REFUND and original.amount_open is not None:
        wanted.append(account_key(suspense_account(original.amount_open.currency)))
    return list(dict.fromkeys(wanted))


# Kinds whose undoing changes what they acted upon, and those that change its price.
_ACTS_UPON: Final = frozenset(
    {Kind.INCREMENT, Kind.COMPLETION, Kind.REFUND, Kind.VOID, Kind.TIP_ADJUST}
)
_REPRICES: Final = frozenset({Kind.VOID, Kind.TIP_ADJUST})


def of_parent(original: Transaction, facts: Facts) -> tuple[Transaction, ...] | None:
    """What the transaction acted upon, if it did; ``None`` where that was not fetched yet."""
    if not original.original_key or original.kind not in _ACTS_UPON:
        return ()
    if not facts.rows.has(key_of("transaction", original.original_key)):
        return None
    found = facts.find(Transaction, original.original_key)
    return () if found is None else (found,)


def _before(found: Transaction, facts: Facts) -> list[Key]:
    """What a voided transaction had acted upon, and the card that it was counted on."""
    if not found.original_key:
        return []
    wanted = [key_of("transaction", found.original_key)]
    if facts.rows.has(wanted[0]):
        first = facts.find(Transaction, found.original_key)
        if first is not None and first.pan_token:
            wanted.append(key_of("card", first.pan_token))
    return wanted


def of_holding(original: Transaction) -> list[Key]:
    """The rows that say what a transaction holds: its account, its merchant's or its hold, and the
    card whose day it is counted on.
    """
    wanted = [account_key(original.account)] if original.account else []
    if not original.captures:
        wanted.append(key_of("hold", original.id))
    elif original.amount_open is not None:
        currency = original.amount_open.currency
        wanted.append(account_key(merchant_account(original.merchant_id, currency)))
    if original.pan_token:
        wanted.append(key_of("card", original.pan_token))
    return wanted


def of_pricing(sale: Transaction, facts: Facts) -> list[Key]:
    """The accounts that may bear a sale whose amount changes."""
    wanted = of_holding(sale)
    if sale.amount_open is not None:
        wanted.append(account_key(suspense_account(sale.amount_open.currency)))
    token = sale.pan_token
    if token and facts.rows.has(key_of("card", token)):
        card = facts.find(Card, token)
        if card is not None:
            wanted.append(account_key(card.account))
    return wanted
