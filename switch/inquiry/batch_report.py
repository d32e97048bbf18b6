"""Batches, merchant positions and open states as plain data, for programs.

Owns the shapes that ``--json`` prints; ``batch_text`` tells the same to a person. Amounts are given
twice, in minor units and in words. Decides nothing: everything was stored by the close, or is
counted as a close would count it now.
"""

from __future__ import annotations

from typing import Any

from switch.core import totals
from switch.core.batches import CLOSED
from switch.core.differences import WORDS
from switch.core.totals import Item
from switch.inquiry.batch_find import Found, OpenStates
from switch.inquiry.explain import when
from switch.model.records import Account, Difference, Hold, Transaction, UploadItem
from switch.money import CURRENCIES, Money

Data = dict[str, Any]


def brief(found: Found) -> Data:
    """One line of a list: where a batch stands and what it comes to for the merchant."""
    batch = found.batch
    sums = totals.read_by_currency(batch.counted, found.currency)
    return {
        "batch": batch.id,
        "terminal": batch.terminal_id,
        "merchant": batch.merchant_id,
        "number": batch.number,
        "state": batch.state,
        "settlement_date": batch.settlement_date,
        "closed": when(batch.closed_us) if batch.closed_us else "",
        "net": [money(totals.net(sums[currency]), currency) for currency in sorted(sums)],
        "differences": len(found.differences),
    }


def full(found: Found) -> Data:
    """Everything about one batch. ``totals``: claimed by the terminal and counted by the host, side
    by side; ``claimed`` is null where nothing was stated.
    """
    batch = found.batch
    sums = totals.read_by_currency(batch.counted, found.currency)
    counted = sums.pop(found.currency, {})
    claimed = totals.read(batch.claimed)
    names = [*counted, *(name for name in claimed if name not in counted)]
    return {
        **brief(found),
        "closed_by": batch.closed_by,
        "currency": _letters(found.currency),
        "totals": [
            {"name": name, "claimed": claimed.get(name), "counted": counted.get(name)}
            for name in names
        ],
        "other_currencies": [
            {"currency": _letters(currency), "counted": found_sums}
            for currency, found_sums in sums.items()
        ],
        "items": [_item(item, transaction) for item, transaction in found.items],
        "uploaded": [_uploaded(item) for item in found.uploaded],
        "differences": [_difference(item, found) for item in found.differences],
        "postings": [
            {
                "id": posting.id,
                "kind": posting.kind,
                "entries": [
                    {"account": entry.account, **money(entry.amount_minor, entry.currency)}
                    for entry in posting.entries
                ],
            }
            for posting in found.postings
        ],
    }


def position(account: Account) -> Data:
    """A ledger account of the settlement. ``of`` is the merchant, empty for the house's own."""
    subject = account.id.split(":")[1] if account.kind in ("merchant", "payable") else ""
    return {
        "account": account.id,
        "kind": account.kind,
        "of": subject,
        **money(account.balance_minor, account.currency),
    }


def opened(states: OpenStates) -> Data:
    """What is open at one terminal."""
    terminal = states.terminal
    return {
        "terminal": terminal.id,
        "merchant": terminal.merchant_id,
        "status": terminal.status,
        "signed_on": terminal.signed_on,
        "batch": {**brief(states.batch), "items": len(states.batch.items)},
        "holds": [_hold(hold, transaction) for hold, transaction in states.holds],
        "undelivered": [
            {"delivery": one.delivery.value, **_known(one)} for one in states.undelivered
        ],
        "tombstones": [
            {"reference": reference.id, "reversed_by": _known(transaction)}
            for reference, transaction in states.tombstones
        ],
    }


def money(minor: int, currency: str) -> Data:
    """An amount for programs and for people.

    >>> money(1234, "840")
    {'minor': 1234, 'currency': 'USD', 'amount': '12.34 USD'}
    """
    return {
        "minor": minor,
        "currency": _letters(currency),
        "amount": str(Money(minor, currency)),
    }


def _letters(currency: str) -> str:
    return CURRENCIES.get(currency, (currency, 2))[0]


def _known(transaction: Transaction) -> Data:
    return {
        "kind": transaction.kind.value,
        "stan": transaction.stan,
        "rrn": transaction.rrn,
        "at": when(transaction.received_us),
        "stated": "" if transaction.amount is None else str(transaction.amount),
        "request_key": transaction.id,
    }


def _item(item: Item, transaction: Transaction) -> Data:
    return {
        **money(item.minor, item.currency),
        **_known(transaction),
        "state": transaction.state.value,
        "corrects": "" if item.of == item.key else item.of,
    }


def _uploaded(item: UploadItem) -> Data:
    amount = item.amount
    return {
        "name": item.id.removeprefix(f"{item.batch}|"),
        "kind": item.kind,
        "stated": "" if amount is None else str(amount),
        "request_key": item.transaction,
    }


def _difference(item: Difference, found: Found) -> Data:
    known = {transaction.id: transaction for _, transaction in found.items}.get(item.transaction)
    return {
        "class": item.classified,
        "said": WORDS.get(item.classified, item.classified),
        "request_key": item.transaction,
        "original": item.original,
        "stan": "" if known is None else known.stan,
        "rrn": "" if known is None else known.rrn,
        "claimed": money(item.claimed_minor, item.currency),
        "counted": money(item.counted_minor, item.currency),
        "difference": money(item.claimed_minor - item.counted_minor, item.currency),
        "rule": item.rule,
        "posting": item.posting,
    }


def _hold(hold: Hold, transaction: Transaction) -> Data:
    return {
        **money(hold.amount_minor, hold.currency),
        "expires": when(hold.expires_us) if hold.expires_us else "",
        **_known(transaction),
    }


def is_closed(told: Data) -> bool:
    """Whether a batch told by ``brief`` or ``full`` is closed."""
    return bool(told["state"] == CLOSED)
