"""Totals by policy: each is recomputed here from the course of a day, by other means (INV-53)."""

from __future__ import annotations

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
from tests.core.day_book import SALES, DayBook

ISO, HYPERCOM = "iso-74-97", "hypercom-63"
STATED = tuple(name for name in POLICIES if name != "none")


@st.composite
def days(draw: st.DrawFn) -> DayBook:
    """Any day of sales, refunds, tips, voids, whole and partial reversals, reversals of voids."""
    book = DayBook()
    for _ in range(draw(st.integers(0, 12))):
        act = draw(st.sampled_from(("sale", "refund", "old", "tip", "void", "unvoid", "reverse")))
        amount = draw(st.integers(1, 5_000))
        key, alive = book.key("K"), book.open_tickets()
        voided = [ticket for ticket in book.tickets if ticket.void_key]
        if act == "sale":
            book.sale(key, amount, draw(st.sampled_from(SALES)))
        elif act == "refund":
            book.refund(key, amount)
        elif act == "old":
            book.old(key, amount)
        elif act == "unvoid" and voided:
            book.unvoid(key, voided[-1])
        elif alive:
            ticket = draw(st.sampled_from(alive))
            if act == "tip" and ticket.sign > 0 and not ticket.elsewhere:
                book.tip(key, ticket, amount)
            elif act == "void":
                book.void(key, ticket)
            elif act == "reverse":
                book.reverse(key, ticket, draw(st.integers(1, ticket.left)))
    return book


@given(days(), st.sampled_from(STATED))
def test_each_policy_counts_what_the_shopkeeper_counts(book: DayBook, policy: str) -> None:
    """INV-53: ``iso-74-97`` shows both sides, with ``hypercom-63`` a voided sale vanishes, with
    ``cup-48`` its void counts on the other side.
    """
    assert fold(policy, book.items) == book.totals(policy)


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
