"""What the plans of all kinds share: which rows are missing, whose merchant it is, what an undoing
touches.

Owns the look-ups that more than one kind of request makes. What a kind wants besides is in its own
``needs_*`` module; ``plans`` puts them together. Every function returns rows to fetch, of which
those that are there already are left out.
"""

from __future__ import annotations

from switch.core.delivery import undoes
from switch.core.ledger import account_key, merchant_account
from switch.core.naming import merchant_of, rrn_name
from switch.core.undo import in_effect
from switch.model.events import DeliveryReported, Event, Recovered, RequestArrived
from switch.model.facts import Facts, Need, Rows
from switch.model.records import Key, Terminal, Transaction, key_of
from switch.model.request import Request
from switch.model.words import Delivery

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
    return missing(facts.rows, of_undoing(known))


def of_undoing(original: Transaction) -> list[Key]:
    """The rows that change when the transaction is taken back."""
    if not in_effect(original) or original.amount_open is None:
        return []
    wanted = [account_key(original.account)]
    if original.captures:
        currency = original.amount_open.currency
        wanted.append(account_key(merchant_account(original.merchant_id, currency)))
    else:
        wanted.append(key_of("hold", original.id))
    if original.pan_token:
        wanted.append(key_of("card", original.pan_token))
    return wanted
