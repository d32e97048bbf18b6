"""Which records belong to a transaction's story, found in a store on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from switch.inquiry.explain_find import NotFoundError, find, history
from switch.model.copies import replace
from switch.model.words import Kind
from switch.store.port import Change
from switch.store.sqlite import SqliteStore
from switch.store.sqlite_reader import SqliteReader
from tests.inquiry.test_explain import SALE

BACK = replace(
    SALE, id="DEMO0001|R1", kind=Kind.REVERSAL, original_key=SALE.id, stan="000124", rrn="1"
)
ELSEWHERE = replace(
    BACK,
    id="DEMO0002|F1",
    terminal_id="DEMO0002",
    kind=Kind.REFUND,
    received_us=BACK.received_us + 1,
)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[SqliteReader]:
    """A store with a sale and what acted upon it."""
    store = SqliteStore(tmp_path / "switch.db")
    store.append([Change("x", 1, (SALE, BACK, ELSEWHERE))])
    with SqliteReader(tmp_path / "switch.db") as opened:
        yield opened
    store.close()


def test_what_acted_upon_it_at_any_terminal_belongs_to_it(reader: SqliteReader) -> None:
    """A merchant's other till may refund or complete; the oldest comes first."""
    found = history(reader, SALE)
    assert [item.id for item in found.followers] == [BACK.id, ELSEWHERE.id]
    assert history(reader, ELSEWHERE).original == SALE


def test_a_transaction_is_found_by_any_of_its_numbers(reader: SqliteReader) -> None:
    """By key, by number, by terminal; what nobody has is an error that says what was asked."""
    assert find(reader, key=SALE.id) == [SALE]
    assert find(reader, stan="123") == [SALE]
    assert find(reader, rrn=SALE.rrn, terminal="DEMO0001") == [SALE]
    assert {item.id for item in find(reader, terminal="DEMO0001", limit=9)} == {SALE.id, BACK.id}
    with pytest.raises(NotFoundError, match="no transaction with stan 000999"):
        find(reader, stan="999")
