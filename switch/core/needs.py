"""Which facts a decision needs: named stage by stage, because one row tells which come next.

Owns the look-ups. Every function returns the needs that are not there yet; none means ready. Each
stage names only rows that the previous ones led to, so planning ends after at most four rounds.
What an earlier decision of the same batch wrote is read like any other row.
"""

from __future__ import annotations

from switch.core.case import BEARS_REFERENCE
from switch.core.delivery import undoes
from switch.core.ledger import (
    account_key,
    card_account,
    merchant_account,
    opening_account,
    suspense_account,
)
from switch.core.naming import currency_of, merchant_of
from switch.core.undo import in_effect
from switch.model.events import DeliveryReported, Event, Recovered, RequestArrived
from switch.model.facts import Facts, Need, Rows, VerdictNeed
from switch.model.records import Card, Key, Reference, Terminal, Transaction, key_of
from switch.model.request import Request
from switch.model.words import Delivery, Flow, Kind

Needs = tuple[Need, ...]
READY: Needs = ()
_SENDER_MATTERS = frozenset({Kind.SIGN_ON, Kind.SIGN_OFF, Kind.PURCHASE, Kind.REVERSAL})


def of_nothing(_event: Event, _facts: Facts) -> Needs:
    """The event says it all."""
    return READY


def of_request(event: RequestArrived, facts: Facts) -> Needs:
    """What is known under the request's own names; then what its kind wants."""
    request, rows = event.request, facts.rows
    kind = request.kind
    wanted = [key_of("transaction", request.request_key)]
    if kind is Kind.REVERSAL:
        if request.original:
            wanted.append(key_of("reference", request.original))
    elif request.reference and kind in BEARS_REFERENCE:
        wanted.append(key_of("reference", request.reference))
    if kind in _SENDER_MATTERS and request.terminal_id:
        wanted.append(key_of("terminal", request.terminal_id))
        if request.merchant_id:
            wanted.append(key_of("merchant", request.merchant_id))
    if kind is Kind.PURCHASE and event.pan_token:
        wanted.append(key_of("card", event.pan_token))
    missing = _missing(rows, wanted)
    if missing:
        return missing
    known = facts.find(Transaction, request.request_key)
    if known is not None:
        return _of_repeat(request, known, facts)
    if kind in _SENDER_MATTERS:
        if kind is Kind.PURCHASE:
            return _of_purchase(event, facts)
        if kind is Kind.REVERSAL and request.original:
            return _of_reversal(request, facts)
        return _missing(rows, _merchant(request, facts))
    return READY


def of_transaction(event: DeliveryReported | Recovered, facts: Facts) -> Needs:
    """The transaction; for a failed delivery that takes it back, its accounts as well."""
    missing = _missing(facts.rows, [key_of("transaction", event.request_key)])
    if missing or not isinstance(event, DeliveryReported):
        return missing
    if event.delivery is not Delivery.FAILED:
        return READY
    known = facts.find(Transaction, event.request_key)
    if known is None or not undoes(known, facts):
        return READY
    return _missing(facts.rows, _undo(known))


def _missing(rows: Rows, wanted: list[Key]) -> Needs:
    has = rows.has
    return tuple([key for key in wanted if not has(key)])


def _merchant(request: Request, facts: Facts) -> list[Key]:
    if request.merchant_id or not request.terminal_id:
        return []
    owner = merchant_of(request, facts.find(Terminal, request.terminal_id), facts.settings)
    return [key_of("merchant", owner)]


def _of_purchase(event: RequestArrived, facts: Facts) -> Needs:
    """The accounts that it may move money between, and what the vault says of its PIN."""
    request, settings = event.request, facts.settings
    wanted = _merchant(request, facts)
    terminal = facts.find(Terminal, request.terminal_id) if request.terminal_id else None
    owner = merchant_of(request, terminal, settings)
    currency = currency_of(request, terminal, settings)
    card = facts.find(Card, event.pan_token) if event.pan_token else None
    if card is not None:
        wanted.append(account_key(card.account))
    elif event.card_sealed:
        wanted.append(account_key(card_account(event.pan_token)))
        wanted.append(account_key(opening_account(settings.default_currency)))
    if request.captures:
        wanted.append(account_key(merchant_account(owner, currency)))
        if request.flow is not Flow.REQUEST:
            wanted.append(account_key(suspense_account(currency)))
    missing = _missing(facts.rows, wanted)
    if not missing and request.pin_block is not None and "pin" not in facts.verdicts:
        return (VerdictNeed("pin"),)
    return missing


def _of_reversal(request: Request, facts: Facts) -> Needs:
    wanted = _merchant(request, facts)
    reference = facts.find(Reference, request.original)
    if reference is None or not reference.transaction:
        return _missing(facts.rows, wanted)
    wanted.append(key_of("transaction", reference.transaction))
    missing = _missing(facts.rows, wanted)
    if missing:
        return missing
    original = facts.find(Transaction, reference.transaction)
    return READY if original is None else _missing(facts.rows, _undo(original))


def _of_repeat(request: Request, known: Transaction, facts: Facts) -> Needs:
    """A repeat needs nothing more, unless it bears another name and a reversal of that name came
    first.
    """
    if request.kind not in BEARS_REFERENCE or request.reference in ("", known.reference):
        return READY
    reference = facts.find(Reference, request.reference)
    if reference is None or not reference.is_tombstone:
        return READY
    return _missing(facts.rows, _undo(known))


def _undo(original: Transaction) -> list[Key]:
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
