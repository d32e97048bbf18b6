"""Totals by policy: each is recomputed here from the course of a day, by other means (INV-53)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.core.totals import (
    POLICIES,
    Item,
    by_currency,
    disagreements,
    fold,
    net,
    read,
    written,
)
from switch.model.words import Kind

ISO, HYPERCOM, CUP = "iso-74-97", "hypercom-63", "cup-48"
STATED = tuple(name for name in POLICIES if name != "none")


@dataclass
class Ticket:
    """One sale or refund of a day, and what became of it."""

    key: str
    sign: int
    amount: int
    tips: int = 0
    reversed: list[int] = field(default_factory=list)
    voided: int = 0
    elsewhere: bool = False  # it is an item of an earlier batch

    @property
    def left(self) -> int:
        return self.amount + self.tips - sum(self.reversed) - self.voided


@dataclass
class DayBook:
    """A day at one till: tickets, and the items that the host would have for it."""

    tickets: list[Ticket] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def add(self, kind: Kind, of: str, minor: int) -> str:
        key = f"K{len(self.items)}"
        self.items.append(Item(key, of or key, kind, minor, "840"))
        return key

    def sum_of(self, sign: int, *, elsewhere: bool = False) -> list[Ticket]:
        return [t for t in self.tickets if t.sign == sign and t.elsewhere is elsewhere]


@st.composite
def days(draw: st.DrawFn) -> DayBook:
    """Any day of sales, refunds, tips, voids, whole and partial reversals, reversals of voids."""
    book = DayBook()
    for _ in range(draw(st.integers(0, 12))):
        act = draw(st.sampled_from(("sale", "refund", "old", "tip", "void", "unvoid", "reverse")))
        alive = [ticket for ticket in book.tickets if ticket.left > 0]
        amount = draw(st.integers(1, 5_000))
        if act in ("sale", "refund"):
            sign = 1 if act == "sale" else -1
            kind = draw(st.sampled_from((Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.COMPLETION)))
            key = book.add(kind if sign > 0 else Kind.REFUND, "", sign * amount)
            book.tickets.append(Ticket(key, sign, amount))
        elif act == "old":
            book.tickets.append(
                Ticket(f"old{len(book.tickets)}", 1, amount, elsewhere=True),
            )
        elif act == "unvoid":
            voided = [ticket for ticket in book.tickets if ticket.voided]
            if voided:
                ticket = voided[-1]
                void = next(
                    item
                    for item in reversed(book.items)
                    if item.kind is Kind.VOID and item.of == ticket.key
                )
                book.add(Kind.REVERSAL, void.key, ticket.sign * ticket.voided)
                ticket.voided = 0
        elif alive:
            ticket = draw(st.sampled_from(alive))
            if act == "tip" and ticket.sign > 0 and not ticket.elsewhere:
                book.add(Kind.TIP_ADJUST, ticket.key, amount)
                ticket.tips += amount
            elif act == "void":
                book.add(Kind.VOID, ticket.key, -ticket.sign * ticket.left)
                ticket.voided = ticket.left
            elif act == "reverse":
                part = draw(st.integers(1, ticket.left))
                book.add(Kind.REVERSAL, ticket.key, -ticket.sign * part)
                ticket.reversed.append(part)
    return book


@given(days())
def test_hypercom_counts_what_is_left_of_each_ticket(book: DayBook) -> None:
    """A voided or reversed sale vanishes, a tip counts in its sale."""
    sales = [t.left for t in book.sum_of(1) if t.left]
    refunds = [t.left for t in book.sum_of(-1) if t.left]
    # What takes back an item of an earlier batch is given back in this one.
    for ticket in book.sum_of(1, elsewhere=True):
        refunds += ticket.reversed
        refunds += [ticket.voided] if ticket.voided else []
    assert fold(HYPERCOM, book.items) == {
        "sales_number": len(sales),
        "sales_amount": sum(sales),
        "refunds_number": len(refunds),
        "refunds_amount": sum(refunds),
    }


@given(days())
def test_iso_shows_both_sides_and_what_was_taken_back(book: DayBook) -> None:
    """Elements 74-77, 86-89 and 97: gross and reversals side by side."""
    totals = fold(ISO, book.items)
    for sign, side in ((1, "debits"), (-1, "credits")):
        tickets = book.sum_of(sign)
        back = [part for t in book.tickets if t.sign == sign for part in t.reversed]
        back += [t.voided for t in book.tickets if t.sign == sign and t.voided]
        assert totals[f"{side}_number"] == len(tickets)
        assert totals[f"{side}_amount"] == sum(t.amount + t.tips for t in tickets)
        assert totals[f"{side}_reversal_number"] == len(back)
        assert totals[f"{side}_reversal_amount"] == sum(back)
    given = totals["debits_amount"] - totals["debits_reversal_amount"]
    back_again = totals["credits_amount"] - totals["credits_reversal_amount"]
    assert totals["net_amount"] == back_again - given


@given(days())
def test_cup_counts_a_void_on_the_other_side(book: DayBook) -> None:
    """A voided sale stays a debit and its void is a credit; reversed ones vanish."""

    def kept(tickets: list[Ticket]) -> list[int]:
        sums = [t.amount + t.tips - sum(t.reversed) for t in tickets]
        return [minor for minor in sums if minor]

    charged, returned = kept(book.sum_of(1)), kept(book.sum_of(-1))
    for ticket in book.tickets:
        if ticket.voided:
            (returned if ticket.sign > 0 else charged).append(ticket.voided)
        if ticket.elsewhere:
            returned += ticket.reversed
    assert fold(CUP, book.items) == {
        "credits_number": len(returned),
        "credits_amount": sum(returned),
        "debits_number": len(charged),
        "debits_amount": sum(charged),
    }


@given(days(), st.sampled_from(STATED))
def test_the_net_is_what_the_ledger_moved(book: DayBook, policy: str) -> None:
    """INV-53: whatever a policy shows, its net is the sum of the items."""
    assert net(fold(policy, book.items)) == sum(item.minor for item in book.items)


@given(days(), st.sampled_from(STATED), st.data())
def test_totals_agree_with_themselves_and_with_nothing_else(
    book: DayBook, policy: str, data: st.DataObject
) -> None:
    """In balance exactly when every stated total is ours, less what was taken back."""
    ours = fold(policy, book.items)
    assert disagreements(policy, ours, ours) == []
    name = data.draw(st.sampled_from(tuple(ours)))
    by = data.draw(st.integers(1, 1_000))
    assert disagreements(policy, {**ours, name: ours[name] + by}, ours)
    stated = data.draw(st.sets(st.sampled_from(tuple(ours))))
    if policy != ISO:
        assert disagreements(policy, {name: ours[name] for name in stated}, ours) == []


def test_a_sale_that_was_taken_back_whole_may_be_shown_or_not() -> None:
    """A terminal that never saw the approval cannot know whether the host has the sale at all."""
    items = (
        Item("1", "1", Kind.PURCHASE, 700, "840"),
        Item("2", "1", Kind.REVERSAL, -700, "840"),
    )
    assert disagreements(ISO, fold(ISO, ()), fold(ISO, items)) == []
    assert disagreements(ISO, {"debits_number": 1}, fold(ISO, ())) == [
        "debits_number less debits_reversal_number"
    ]


def test_each_currency_has_totals_of_its_own() -> None:
    """INV-60: nothing is added across currencies."""
    items = (
        Item("1", "1", Kind.PURCHASE, 700, "978"),
        Item("2", "2", Kind.PURCHASE, 500, "840"),
    )
    sums = by_currency(HYPERCOM, items)
    assert {currency: totals["sales_amount"] for currency, totals in sums.items()} == {
        "840": 500,
        "978": 700,
    }


def test_where_a_dialect_states_none_nothing_is_compared() -> None:
    """The policy ``none``."""
    item = Item("1", "1", Kind.PURCHASE, 700, "840")
    assert fold("none", (item,)) == {}
    assert disagreements("none", {"debits_amount": 5}, {}) == []


@pytest.mark.parametrize("name", ["transfers_number", "inquiries_number", "authorizations_number"])
def test_what_captures_nothing_is_not_compared(name: str) -> None:
    """No policy counts it, so no claim of it can be wrong."""
    assert disagreements(ISO, {name: 9}, fold(ISO, ())) == []


@given(st.dictionaries(st.sampled_from(tuple(fold(ISO, ()))), st.integers()))
def test_totals_are_read_as_they_were_written(totals: dict[str, int]) -> None:
    """``name=integer`` joined by semicolons."""
    assert read(written(totals)) == totals
