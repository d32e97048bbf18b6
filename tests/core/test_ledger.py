"""Double entry within one decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.core.ledger import Book, account_key
from switch.model.records import Account, Posting

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.conftest import Shop

NAMES = ("a", "b", "merchant:M:840", "suspense:840")
MOVES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(0, 10**12)), max_size=8
)


def book_of(shop: Shop) -> Book:
    """A book whose rows are fetched: `a` is known, the others are new."""
    shop.put(Account(id="a", version=7, kind="cardholder", currency="840", balance_minor=5))
    rows = shop.no_rows()
    rows.fetched |= {account_key(name) for name in NAMES}
    return Book(shop.facts(rows))


def test_balances_are_the_fold_of_postings(another_shop: Callable[[], Shop]) -> None:
    """INV-60: legs sum to zero; each account has one new version, however often it was moved."""

    @given(MOVES)
    def fold(moves: list[tuple[str, str, int]]) -> None:
        book = book_of(another_shop())
        for number, (source, target, minor) in enumerate(moves):
            book.transfer(
                f"P{number}", source, target, minor, "840", transaction="K", kind="test", at_us=0
            )
        folded = {name: 5 if name == "a" else 0 for name in NAMES}
        for record in book.records():
            if isinstance(record, Posting):
                assert sum(entry.amount_minor for entry in record.entries) == 0
                for entry in record.entries:
                    folded[entry.account] += entry.amount_minor
        accounts = [record for record in book.records() if isinstance(record, Account)]
        assert len({account.id for account in accounts}) == len(accounts)
        for account in accounts:
            assert account.balance_minor == folded[account.id]
            assert account.version == (8 if account.id == "a" else 1)

    fold()


def test_an_unused_account_is_empty_and_of_its_kind(shop: Shop) -> None:
    """Reading makes no record."""
    book = book_of(shop)
    assert book.account("merchant:M:840", "840").kind == "merchant"
    assert book.account("b", "840").kind == "cardholder"
    assert book.account("b", "840").available_minor == 0
    assert book.records() == []


def test_currencies_do_not_mix(shop: Shop) -> None:
    """INV-60: per currency."""
    with pytest.raises(ValueError, match="kept in 840, not 978"):
        book_of(shop).hold("a", "978", 1)
