"""The transactions of a store: their states, what acted upon them, what they are captured in.

Owns one pass over all transactions in the order of their names, which is terminal by terminal, and
one over those that acted upon another. Keeps at most the items of one terminal's closed batches.
Reads and tells; changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import groupby, islice
from typing import Final

from switch.core.amounts import authorized, completed_by, granted, in_effect
from switch.core.batches import items_of, posting_ids
from switch.model.records import (
    Hold,
    Key,
    Posting,
    Record,
    Reference,
    Transaction,
)
from switch.model.words import Delivery, Kind, State
from switch.money import Money
from switch.selfcheck.batches import Batches
from switch.selfcheck.books import HOLDING, PAGE, SALES, Books, own_postings
from switch.selfcheck.postings import Postings
from switch.selfcheck.rules import Findings, Source
from switch.store.columns import is_named_well

PENDING_US: Final = 60_000_000  # a report of delivery rides with the next commit
WHOLE_BP: Final = 10_000
_UNDECIDED: Final = frozenset({State.NEW, State.FORWARDED, State.SETTLED})
_ENDED: Final = frozenset(
    {State.DECLINED, State.REVERSED, State.VOIDED, State.EXPIRED, State.COMPLETED}
)
_HOLDS: Final = (SALES - {Kind.COMPLETION}) | {Kind.PREAUTH}
_CAPTURES: Final = SALES | {Kind.REFUND}

Rows = Mapping[Key, Record | None]


class Transactions:
    """The passes over one store's transactions."""

    def __init__(
        self, source: Source, findings: Findings, books: Books, batches: Batches, tolerance_bp: int
    ) -> None:
        self._source = source
        self._findings = findings
        self._books = books
        self._batches = batches
        self._tolerance_bp = tolerance_bp
        self._counted: Counter[str] = Counter()  # minor units, less what followers come to

    def all(self) -> None:
        """Each transaction by itself, with its postings and its hold; and all postings."""
        postings = Postings(self._source, self._books)
        everything = self._source.find_all(Transaction)
        for terminal_id, transactions in groupby(everything, lambda one: one.terminal_id):
            while page := list(islice(transactions, PAGE)):
                self._page(page, postings)
            self._batches.terminal(terminal_id)
        postings.rest()

    def _page(self, page: list[Transaction], postings: Postings) -> None:
        captured = [one for one in page if one.batch]
        wanted = {Key(Posting.TABLE, name) for one in captured for name in posting_ids(one)}
        wanted.update(Key(Hold.TABLE, one.id) for one in page if _holds(one))
        wanted.update(own_postings(page))
        rows = postings.beside(page)
        rows |= self._source.load(wanted - rows.keys())
        for key in own_postings(page):
            if rows[key] is None:
                self._findings.against("posted", f"transaction {key.id} has no posting")
        for one in page:
            self._state(one)
            self._hold(one, rows)
            self._captured(one)
            self._books.effect(one)
            if one.kind is not Kind.COMPLETION:
                self._counted["completed"] += one.completed_minor
            self._counted["refunded"] += one.refunded_minor
        for one in captured:
            self._batches.item(one, items_of([one], _posting_of(rows)))
        self._linked(page)
        self._findings.examined["states"] += len(page)

    def _state(self, one: Transaction) -> None:
        findings, minor = self._findings, in_effect(one)
        if not is_named_well(one):
            findings.against("names", f"transaction {one.id} of terminal {one.terminal_id}")
        if one.state in _UNDECIDED:
            findings.against("states", f"transaction {one.id} is {one.state}")
        if minor and one.state in _ENDED:
            said = f"transaction {one.id} is {one.state} and has {one.amount_open} in effect"
            findings.against("states", said)
        most = max(granted(one), one.authorized_minor, *(total for _, total in one.changed), 0)
        # A void need not state what it took back, which may include a tip.
        if minor < 0 or (minor > most and one.kind is not Kind.VOID):
            said = f"transaction {one.id} has {one.amount_open} in effect"
            findings.against("states", f"{said}, of {one.amount}")

    def _hold(self, one: Transaction, rows: Rows) -> None:
        if _holds(one):
            hold = rows[Key(Hold.TABLE, one.id)]
            if not isinstance(hold, Hold) or hold.state != "open":
                said = f"transaction {one.id} is {one.state} with {one.amount_open} in effect"
                self._findings.against("holds", f"{said}, and has no open hold")

    def _captured(self, one: Transaction) -> None:
        """A batch of its own terminal, and a date; both or none (INV-50)."""
        findings = self._findings
        findings.examined["captured"] += 1
        if one.kind in _CAPTURES and one.captures and in_effect(one) and not one.batch:
            findings.against("captured", f"transaction {one.id} is captured and in no batch")
        if bool(one.batch) != bool(one.settlement_date):
            said = f"transaction {one.id} has batch {one.batch!r}, date {one.settlement_date!r}"
            findings.against("captured", said)
        if one.batch and one.batch.rpartition("|")[0] != one.terminal_id:
            said = f"transaction {one.id} is in batch {one.batch}"
            findings.against("captured", f"{said}, of another terminal than its own")

    def _linked(self, page: list[Transaction]) -> None:
        named = {Key(Transaction.TABLE, one.original_key): one for one in page if one.original_key}
        for key in sorted(self._source.absent(named)):
            said = f"transaction {named[key].id} acted upon {key.id}, which is not there"
            self._findings.against("references", said)

    def followers(self) -> None:
        """What acted upon each transaction: completions and refunds as they were counted."""
        by_original = groupby(self._source.followers(), lambda one: one.original_key)
        for original_key, group in by_original:
            sums: Counter[str] = Counter()
            for one in group:
                sums["completed"] += _completed(one)
                sums["refunded"] += in_effect(one) if one.kind is Kind.REFUND else 0
            self._counted.subtract(sums)
            key = Key(Transaction.TABLE, original_key)
            original = self._source.load([key])[key]
            if isinstance(original, Transaction):
                self._followed(original, sums)
        for name in ("completed", "refunded"):
            if self._counted[name]:
                said = f"{self._counted[name]} minor units more are counted than there are"
                self._findings.against(name, said)

    def _followed(self, original: Transaction, sums: Counter[str]) -> None:
        findings = self._findings
        if original.kind is not Kind.COMPLETION:
            findings.examined["completed"] += 1
            most = authorized(original) * (WHOLE_BP + self._tolerance_bp) // WHOLE_BP
            self._counts("completed", original, original.completed_minor, sums["completed"], most)
        findings.examined["refunded"] += 1
        most = in_effect(original)
        self._counts("refunded", original, original.refunded_minor, sums["refunded"], most)

    def _counts(self, name: str, one: Transaction, noted: int, found: int, most: int) -> None:
        currency = "" if one.amount is None else one.amount.currency
        said = f"transaction {one.id}: {Money(noted, currency)} {name}"
        if noted != found:
            said = f"{said} by its own word, {Money(found, currency)} by what acted upon it"
            self._findings.against(name, said)
        elif noted > most:
            self._findings.against(name, f"{said}, at most {Money(most, currency)} can be")

    def unfinished(self, now_us: int) -> None:
        """Answers of which nobody has said for a while what became of them (INV-23)."""
        keys = self._source.unfinished()
        while page := list(islice(keys, PAGE)):
            for one in self._source.load(page).values():
                if isinstance(one, Transaction) and one.delivery is Delivery.PENDING:
                    self._pending(one, now_us)

    def _pending(self, one: Transaction, now_us: int) -> None:
        self._findings.examined["delivery"] += 1
        age_us = now_us - one.decided_us
        if age_us > PENDING_US:
            said = f"transaction {one.id}: for {age_us // 1_000_000} s nobody has said"
            self._findings.against("delivery", f"{said} what became of its answer")

    def references(self) -> None:
        """Original references and tombstones lead to transactions that are there."""
        references = self._source.find_all(Reference)
        while page := list(islice(references, PAGE)):
            named = {
                Key(Transaction.TABLE, name): reference
                for reference in page
                for name in (reference.transaction, *reference.reversed_by)
                if name
            }
            for key in sorted(self._source.absent(named)):
                said = f"reference {named[key].id} leads to {key.id}, which is not there"
                self._findings.against("references", said)
            for reference in page:
                if not (reference.transaction or reference.reversed_by):
                    said = f"reference {reference.id} leads nowhere"
                    self._findings.against("references", said)
            self._findings.examined["references"] += len(page)


def _holds(one: Transaction) -> bool:
    """Whether it must have an open hold: an authorization with something in effect."""
    is_hold = one.kind in _HOLDS and not one.captures and one.state in HOLDING
    return is_hold and in_effect(one) > 0


def _completed(one: Transaction) -> int:
    """What a follower has completed of its authorization; nothing if it did not come about."""
    if one.kind is not Kind.COMPLETION or one.state in (State.DECLINED, State.REVERSED):
        return 0
    return completed_by(one)


def _posting_of(rows: Rows) -> Callable[[str], Posting | None]:
    """The postings among the rows, by name."""

    def find(name: str) -> Posting | None:
        row = rows[Key(Posting.TABLE, name)]
        return row if isinstance(row, Posting) else None

    return find
