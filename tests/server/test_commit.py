"""switch.server.commit: an append, its doubtful outcomes, the look-ups behind it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import pytest

from switch.model.records import Key, Merchant, Record
from switch.server.commit import Commit, append_and_load
from switch.store.port import (
    Change,
    Committed,
    Conflict,
    Store,
    StoreBroken,
    StoreUnavailable,
    Unknown,
)

A = Merchant(id="A", currency="840")
B = Merchant(id="B", currency="840")
CHANGES = [Change("request", 1, (A,)), Change("request", 2, (B,))]


class Scripted:
    """A store that answers as told."""

    def __init__(
        self,
        outcome: Committed | Conflict | Unknown | Exception,
        *there: Record,
        mute: bool = False,
    ) -> None:
        self.outcome = outcome
        self.there = {record.key: record for record in there}
        self.mute = mute

    def append(self, changes: Sequence[Change]) -> Committed | Conflict | Unknown:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def load(self, keys: Iterable[Key]) -> Mapping[Key, Record | None]:
        if self.mute:
            raise StoreUnavailable("gone")
        return {key: self.there.get(key) for key in keys}


def run(store: Scripted, *wishes: Key) -> tuple[Commit, Mapping[Key, Record | None]]:
    """The result and the rows."""
    done = append_and_load(cast(Store, store), CHANGES, deque(wishes))
    return done.result, done.rows


def test_the_wishes_of_the_next_batch_are_loaded_behind_the_commit() -> None:
    """One hand-over per batch: a commit and the next look-ups."""
    assert run(Scripted(Committed(1), A), A.key, B.key) == (
        Commit.DURABLE,
        {A.key: A, B.key: None},
    )


def test_a_failed_look_up_does_not_undo_the_commit() -> None:
    """The batch that needs the rows asks again."""
    assert run(Scripted(Committed(1), mute=True), A.key) == (Commit.DURABLE, {})


@pytest.mark.parametrize(
    ("there", "result"),
    [((A, B), Commit.DURABLE), ((), Commit.STALE)],
)
def test_an_unknown_outcome_is_read_back(there: tuple[Record, ...], result: Commit) -> None:
    """INV-07: neither repeated blindly nor assumed to have failed."""
    assert run(Scripted(Unknown(), *there))[0] is result


def test_an_outcome_that_cannot_be_read_back_stays_unknown() -> None:
    """INV-07: nothing is told to anybody."""
    assert run(Scripted(Unknown(), mute=True))[0] is Commit.UNKNOWN


def test_half_an_append_breaks_the_store() -> None:
    """All or nothing was promised: the process stops."""
    with pytest.raises(StoreBroken, match="1 of 2"):
        run(Scripted(Unknown(), A))


def test_a_defect_in_the_append_is_read_back_too() -> None:
    """P-12: an exception nobody foresaw says nothing of the outcome."""
    assert run(Scripted(ValueError("planted")))[0] is Commit.DEFECT
    assert run(Scripted(ValueError("planted"), A, B))[0] is Commit.DURABLE


def test_refusals_of_the_store_come_through() -> None:
    """S-05, S-06."""
    with pytest.raises(StoreUnavailable):
        run(Scripted(StoreUnavailable("full")))
    with pytest.raises(StoreBroken):
        run(Scripted(StoreBroken("sync")))


def test_a_conflict_names_the_rows_to_ask_for_again() -> None:
    """Nothing was kept."""
    done = append_and_load(cast(Store, Scripted(Conflict((A.key,)))), CHANGES, deque())
    assert (done.result, done.stale) == (Commit.STALE, (A.key,))
