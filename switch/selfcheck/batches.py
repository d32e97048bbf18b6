"""The batches of a store: closed ones against their transactions, differences against postings.

Owns the count of one terminal's closed batches at a time. Reads and tells; changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from switch.core import totals
from switch.core.batches import CLOSED, batch_id
from switch.core.differences import MERCHANT
from switch.core.ledger import payable_account, suspense_account
from switch.core.totals import Item, Totals
from switch.model.records import (
    Batch,
    Difference,
    Key,
    Posting,
    Terminal,
    Transaction,
    UploadItem,
)
from switch.money import Money
from switch.selfcheck.rules import Findings, Source
from switch.store.columns import is_named_well

PolicyOf = Callable[[str], str | None]  # a dialect's name -> its totals policy, if it is known


class Batches:
    """The checks of batches, fed by the pass over transactions."""

    def __init__(self, source: Source, findings: Findings, policy_of: PolicyOf) -> None:
        self._source = source
        self._findings = findings
        self._policy_of = policy_of
        self._items: defaultdict[str, list[Item]] = defaultdict(list)

    def item(self, transaction: Transaction, items: Iterable[Item]) -> None:
        """A transaction of a batch, and what it moved."""
        self._items[transaction.batch] += items

    def terminal(self, terminal_id: str) -> None:
        """All transactions of the terminal were seen: count its batches."""
        key = Key(Terminal.TABLE, terminal_id)
        terminal = self._source.load([key])[key]
        if isinstance(terminal, Terminal):
            records = {one.id: one for one in self._source.find_all(Batch, terminal_id=terminal.id)}
            for record in records.values():
                self._batch(record, terminal)
            self._unrecorded(terminal, records)
        elif self._items:
            said = f"batch {min(self._items)}: there is no terminal {terminal_id}"
            self._findings.against("batches", said)
        self._items.clear()

    def _batch(self, record: Batch, terminal: Terminal) -> None:
        findings = self._findings
        findings.examined["batches"] += 1
        if not is_named_well(record):
            findings.against("names", f"batch {record.id} of terminal {record.terminal_id}")
        current = batch_id(terminal)
        if record.state != CLOSED:
            if record.id != current:
                said = f"batch {record.id} is {record.state}, the terminal's is {current}"
                findings.against("batches", said)
            return
        if record.id == current:
            findings.against("batches", f"batch {record.id} is closed and its terminal's current")
        key = Key(Transaction.TABLE, record.closed_by)
        closing = self._source.load([key])[key]
        if not isinstance(closing, Transaction):
            said = f"batch {record.id} was closed by {record.closed_by!r}, which is not there"
            findings.against("batches", said)
            return
        policy = self._policy_of(closing.dialect)
        if policy is not None:
            self._counted(record, terminal, policy)

    def _counted(self, record: Batch, terminal: Terminal, policy: str) -> None:
        """The totals that were counted at the close against those of now (INV-51)."""
        found = totals.by_currency(policy, self._items[record.id])
        currencies = {terminal.currency, *found}  # the terminal's may have changed since
        if any(_same(record.counted, found, currency) for currency in currencies):
            return
        now = totals.written_by_currency(found, terminal.currency) or "nothing"
        said = f"batch {record.id} was closed with {record.counted or 'nothing'}"
        self._findings.against("batches", f"{said}, its transactions come to {now}")

    def _unrecorded(self, terminal: Terminal, records: dict[str, Batch]) -> None:
        current = batch_id(terminal)
        for name in sorted(set(self._items) - set(records) - {current}):
            said = f"batch {name} was never closed, the terminal's is {current}"
            self._findings.against("batches", said)

    def differences(self) -> None:
        """Each difference names a batch that is there, and is posted as it says (INV-52)."""
        for one in self._source.find_all(Difference):
            self._findings.examined["differences"] += 1
            if not is_named_well(one):
                self._findings.against("names", f"difference {one.id} of {one.batch}")
            self._difference(one)
        for item in self._source.find_all(UploadItem):
            self._findings.examined["differences"] += 1
            if not is_named_well(item):
                self._findings.against("names", f"uploaded item {item.id} of {item.batch}")
            if self._source.absent([Key(Batch.TABLE, item.batch)]):
                said = f"uploaded item {item.id}: there is no batch {item.batch}"
                self._findings.against("differences", said)

    def _difference(self, one: Difference) -> None:
        batch, posting = Key(Batch.TABLE, one.batch), Key(Posting.TABLE, one.posting)
        rows = self._source.load([batch, posting])
        record, moved = rows[batch], rows[posting]
        if not isinstance(record, Batch):
            said = f"difference {one.id}: there is no batch {one.batch}"
            self._findings.against("differences", said)
            return
        gap = one.claimed_minor - one.counted_minor
        target = (
            payable_account(record.merchant_id, one.currency)
            if one.rule == MERCHANT
            else suspense_account(one.currency)
        )
        entries = moved.entries if isinstance(moved, Posting) else ()
        posted = sum(entry.amount_minor for entry in entries if entry.account == target)
        if posted != gap:
            said = f"difference {one.id} is {Money(gap, one.currency)} for {one.rule}"
            posted_text = Money(posted, one.currency)
            self._findings.against("differences", f"{said}, {posted_text} of it is posted")


def _same(counted: str, found: dict[str, Totals], own: str) -> bool:
    """Whether totals that were written down are those found, all that are zero left out."""
    try:
        noted = totals.read_by_currency(counted, own)
    except ValueError:
        return False
    return _some(noted) == _some(found)


def _some(sums: dict[str, Totals]) -> dict[str, Totals]:
    kept = {
        currency: {name: value for name, value in found.items() if value}
        for currency, found in sums.items()
    }
    return {currency: found for currency, found in kept.items() if found}
