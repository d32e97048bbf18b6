"""A terminal's batches: their names, which one is current, and what belongs to one.

Owns the naming rule, and how the items of a batch are read from its transactions and the ledger;
moves no money. A batch is the number in its terminal's record until somebody first tries to close
it; only then is there a record of its own. Numbers only grow: after 999999 they have seven digits,
so that no name ever means two batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from switch.core.ledger import merchant_account
from switch.core.totals import CORRECTING, Item
from switch.model.facts import Facts, ScanNeed
from switch.model.records import Posting, Terminal, Transaction
from switch.model.words import State

OPEN: Final = "open"
OUT_OF_BALANCE: Final = "out_of_balance"
CLOSED: Final = "closed"
# Why a transaction was taken back in its own batch: no byte of its answer left (INV-23), or a
# reversal that came before had meant it by another name (INV-20).
UNDELIVERED: Final = "undelivered"
RENAMED: Final = "renamed"
TAKEN_BACK: Final = (UNDELIVERED, RENAMED)


def batch_name(terminal_id: str, number: int) -> str:
    """The id of a terminal's batch of that number.

    >>> batch_name("DEMO0001", 7)
    'DEMO0001|000007'
    """
    return f"{terminal_id}|{number:06d}"


def batch_id(terminal: Terminal) -> str:
    """The id of the batch that collects what the terminal captures now."""
    return f"{terminal.id}|{terminal.batch_number:06d}"


def members(terminal_id: str, name: str) -> ScanNeed:
    """The scan that finds all transactions of a batch."""
    return ScanNeed("transaction", (("terminal_id", terminal_id), ("batch", name)))


def uploads(name: str) -> ScanNeed:
    """The scan that finds what was uploaded for a batch."""
    return ScanNeed("upload_item", (("batch", name),))


def is_closed(transaction: Transaction, facts: Facts) -> bool:
    """Whether the batch that captured it is closed, and its totals must not change any more
    (INV-51). The plan has named its terminal.
    """
    if not transaction.batch:
        return False
    terminal = facts.find(Terminal, transaction.terminal_id)
    return terminal is None or batch_id(terminal) != transaction.batch


def posting_ids(transaction: Transaction) -> tuple[str, ...]:
    """The ids of the postings that a transaction of a batch may have made: its own, and the one
    that took it back without a message of its own to do so (``TAKEN_BACK``).
    """
    name = transaction.id
    if transaction.state is not State.REVERSED:
        return (name,)
    return (name, *[f"{name}#{kind}" for kind in TAKEN_BACK])


def items_of(
    transactions: Iterable[Transaction], posting: Callable[[str], Posting | None]
) -> list[Item]:
    """The items of a batch, from the ledger alone (INV-53): what each transaction's postings moved
    to its merchant. What moved nothing (the void of a hold) is no item.
    """
    found: list[Item] = []
    for transaction in transactions:
        sums: dict[str, int] = {}
        for posting_id in posting_ids(transaction):
            record = posting(posting_id)
            if record is None:
                continue
            for entry in record.entries:
                if entry.account == merchant_account(transaction.merchant_id, entry.currency):
                    sums[entry.currency] = sums.get(entry.currency, 0) + entry.amount_minor
        corrects = transaction.original_key if transaction.kind in CORRECTING else ""
        of = corrects or transaction.id
        found += [
            Item(transaction.id, of, transaction.kind, minor, currency)
            for currency, minor in sums.items()
            if minor
        ]
    return found
