"""Any day at one till, with closes in between: the books of till and host agree at each."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from switch.core.totals import POLICIES, written
from switch.model.records import Account, Batch, Entry, Posting, Transaction
from switch.model.request import Answer
from switch.model.settings import DialectPolicy
from switch.model.words import Kind, Reason
from switch.money import Money
from switch.values import Pan
from tests.core.closing import a_close, terminal
from tests.core.conftest import VISA, Shop
from tests.core.day_book import DayBook, Ticket

AMOUNTS = st.integers(1, 900)


class Till(RuleBasedStateMachine):
    """What the till does, it also writes down; the close compares."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.book = DayBook()
        self.closed: dict[str, Batch] = {}
        self.settled = 0

    @initialize(policy=st.sampled_from([name for name in POLICIES if name != "none"]))
    def open_till(self, policy: str) -> None:
        """A dialect of that policy."""
        self.policy = policy
        self.shop.policy = DialectPolicy("test", totals=policy, upload=True)

    def send(self, kind: Kind, key: str, **more: Any) -> Answer:
        """One request that bears a reference of its own."""
        return self.shop.ask(self.shop.request(kind, key, reference=f"ref-{key}", **more))

    @rule(minor=AMOUNTS, kind=st.sampled_from((Kind.PURCHASE, Kind.CASH)))
    def sell(self, minor: int, kind: Kind) -> None:
        """A sale, as far as the card bears it."""
        key = self.book.key("K")
        if self.shop.ask(self.shop.purchase(key, minor, kind=kind)).approved:
            self.book.sale(key, minor, kind)

    @rule(minor=AMOUNTS)
    def refund(self, minor: int) -> None:
        """A refund that names no sale."""
        key = self.book.key("K")
        if self.send(Kind.REFUND, key, pan=Pan(VISA), amount=Money(minor, "840")).approved:
            self.book.refund(key, minor)

    @rule(minor=AMOUNTS)
    def advise(self, minor: int) -> None:
        """What the till could not ask before: it has happened."""
        key = self.book.key("K")
        advice = self.shop.purchase(key, minor, pan=VISA, flow="advice")
        assert self.shop.ask(advice).approved
        self.book.sale(key, minor)

    def _alive(self, data: st.DataObject) -> Ticket:
        return data.draw(st.sampled_from(self.book.open_tickets()))

    @precondition(lambda self: self.book.open_tickets())
    @rule(data=st.data(), tip=st.integers(1, 180))
    def tip(self, data: st.DataObject, tip: int) -> None:
        """A tip, where the host allows it."""
        ticket, key = self._alive(data), self.book.key("T")
        total = Money(ticket.left + tip, "840")
        if self.send(Kind.TIP_ADJUST, key, original=f"ref-{ticket.key}", amount=total).approved:
            self.book.tip(key, ticket, tip)

    @precondition(lambda self: self.book.open_tickets())
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        """INV-44: of the open batch only."""
        ticket, key = self._alive(data), self.book.key("V")
        answer = self.send(Kind.VOID, key, original=f"ref-{ticket.key}")
        if ticket.elsewhere:
            assert answer.reason is Reason.BATCH_CLOSED
        elif answer.approved:
            self.book.void(key, ticket)

    @precondition(lambda self: any(ticket.void_key for ticket in self.book.tickets))
    @rule(data=st.data())
    def reverse_a_void(self, data: st.DataObject) -> None:
        """The answer to the void was lost."""
        voided = [ticket for ticket in self.book.tickets if ticket.void_key]
        ticket, key = data.draw(st.sampled_from(voided)), self.book.key("R")
        if self.shop.ask(self.shop.reversal(key, of=ticket.void_key)).approved:
            self.book.unvoid(key, ticket)

    @precondition(lambda self: self.book.open_tickets())
    @rule(data=st.data(), whole=st.booleans())
    def reverse(self, data: st.DataObject, whole: bool) -> None:
        """A whole or a partial reversal, of this batch or an earlier one (INV-54)."""
        ticket, key = self._alive(data), self.book.key("R")
        part = ticket.left if whole else data.draw(st.integers(1, ticket.left))
        rest = Money(ticket.left - part, "840") if part < ticket.left else None
        reversal = self.shop.reversal(key, of=ticket.key, amount_remaining=rest)
        if self.shop.ask(reversal).approved:
            self.book.reverse(key, ticket, part)

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        """In balance if and only if the totals are the till's own."""
        stated = self.book.totals(self.policy)
        name = data.draw(st.sampled_from(sorted(stated)))
        wrong = {**stated, name: stated[name] + data.draw(st.integers(1, 50))}
        before = terminal(self.shop).batch_number
        refused = self.shop.ask(self._closing(wrong))
        assert refused.reason is Reason.RECONCILE_MISMATCH
        assert terminal(self.shop).batch_number == before
        assert self.shop.ask(self._closing(stated)).approved
        assert terminal(self.shop).batch_number == before + 1
        self.settled += sum(item.minor for item in self.book.items)
        self.book.next_batch()
        assert self.shop.balance("payable:M1:840") == self.settled
        assert self.shop.balance("merchant:M1:840") == 0
        for record in self.shop.store.values():
            if isinstance(record, Batch) and record.state == "closed":
                self.closed.setdefault(record.id, record)

    def _closing(self, totals: dict[str, int]) -> Any:
        number = f"{terminal(self.shop).batch_number:06d}"
        return a_close(self.shop, self.book.key("S"), written(totals), batch_number=number)

    @invariant()
    def a_closed_batch_never_changes(self) -> None:
        """INV-50, INV-51."""
        for name, record in self.closed.items():
            assert self.shop.store[record.key] is record, name

    @invariant()
    def the_sum_is_zero(self) -> None:
        """INV-60: over all accounts, and within each posting."""
        accounts = [one for one in self.shop.store.values() if isinstance(one, Account)]
        assert sum(one.balance_minor for one in accounts) == 0
        for record in self.shop.store.values():
            if isinstance(record, Posting):
                assert _sum(record.entries) == 0

    @invariant()
    def what_captures_is_in_one_batch(self) -> None:
        """INV-50, M-36: each posting on a merchant's account belongs to a transaction with a batch
        and a settlement date.
        """
        for record in self.shop.store.values():
            if isinstance(record, Posting) and record.kind not in ("settlement", "difference"):
                moved = [one for one in record.entries if one.account.startswith("merchant:")]
                owner = self.shop.store.get(_key(record.transaction))
                if moved:
                    assert isinstance(owner, Transaction)
                    assert owner.batch
                    assert owner.settlement_date == "20261124"


def _sum(entries: tuple[Entry, ...]) -> int:
    return sum(entry.amount_minor for entry in entries)


def _key(transaction: str) -> Any:
    return ("transaction", transaction)


TestTill = Till.TestCase
TestTill.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
