"""switch.server.working: what decisions of a batch see."""

from __future__ import annotations

import pytest

from switch.model.facts import Rows
from switch.model.records import Key, Merchant, next_version
from switch.server.working import UnknownRowError, WorkingSet

A = Merchant(id="A", currency="840")


def test_a_row_that_nobody_fetched_is_an_error_of_its_own() -> None:
    """The engine tells it from a defect."""
    rows = WorkingSet()
    assert isinstance(rows, Rows)
    assert not rows.has(A.key)
    with pytest.raises(UnknownRowError):
        rows.get(A.key)
    rows.learn({A.key: None})
    assert rows.has(A.key)
    assert rows.get(A.key) is None


def test_later_decisions_see_what_earlier_ones_wrote_until_it_is_dropped() -> None:
    """A failed append drops the working set: nothing is kept."""
    rows = WorkingSet()
    rows.learn({A.key: A})
    changed = next_version(A, name="new")
    rows.write([changed])
    assert rows.get(A.key) is changed
    rows.drop()
    assert rows.get(A.key) is A
    rows.write([changed])
    rows.keep()
    rows.drop()
    assert rows.get(A.key) is changed


def test_the_oldest_rows_go_first_and_changed_ones_are_young() -> None:
    """INV-95: the cache is bounded."""
    rows = WorkingSet(limit=3)
    keys = [Key("merchant", str(n)) for n in range(4)]
    rows.learn(dict.fromkeys(keys))
    rows.write([Merchant(id="0", currency="840")])
    rows.keep()
    rows.trim()
    assert len(rows) == 3
    assert [rows.has(key) for key in keys] == [True, False, True, True]


def test_rows_that_another_writer_changed_are_asked_for_again() -> None:
    """After a conflict."""
    rows = WorkingSet()
    rows.learn({A.key: A, Key("merchant", "B"): None})
    rows.forget([A.key])
    assert not rows.has(A.key)
    rows.forget()
    assert len(rows) == 0


def test_what_is_forgotten_within_a_batch_is_gone_after_it_was_dropped() -> None:
    """A conflict: the row that was built upon is stale, a row learnt meanwhile is not."""
    rows = WorkingSet()
    other = Merchant(id="B", currency="840")
    rows.learn({A.key: A, other.key: None})
    rows.write([next_version(A), other, next_version(other)])
    rows.forget([A.key])
    rows.learn({other.key: other})
    assert rows.get(other.key) == next_version(other)
    rows.drop()
    assert not rows.has(A.key)
    assert rows.get(other.key) is other


def test_a_new_row_is_unknown_again_once_it_was_dropped() -> None:
    """Nobody has asked the store for it."""
    rows = WorkingSet()
    rows.write([A])
    rows.forget()
    assert rows.get(A.key) is A
    rows.drop()
    assert not rows.has(A.key)
