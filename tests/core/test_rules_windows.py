"""Sliding windows: what they say equals a recount of everything that ever happened."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from switch.core.rules_windows import (
    Seen,
    added,
    free_for_one,
    free_for_sum,
    in_words,
    thinned,
    total,
    within,
)

EVENTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), min_size=1, max_size=60)
WINDOWS = st.integers(1, 60)


def history(steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Gaps and amounts as times and amounts."""
    at, made = 1_000, []
    for gap, minor in steps:
        at += gap
        made.append((at, minor))
    return made


def recount(events: list[tuple[int, int]], now: int, window: int) -> list[tuple[int, int]]:
    """The naive way: everything that ever happened, and is younger than the window."""
    return [item for item in events if now - item[0] < window]


@given(EVENTS, WINDOWS)
def test_a_window_equals_a_recount(steps: list[tuple[int, int]], window: int) -> None:
    """Number, sum and order, at every instant at which something happens, whatever was pruned."""
    seen: Seen = ()
    past: list[tuple[int, int]] = []
    for at, minor in history(steps):
        seen = within(seen, at, window)
        assert list(seen) == recount(past, at, window)
        seen = added(seen, at, minor, most=1_000)
        past.append((at, minor))
        assert total(seen) == sum(minor for _, minor in recount(past, at, window))


@given(EVENTS, WINDOWS, st.integers(1, 8))
def test_a_bounded_window_counts_on_to_its_bound(
    steps: list[tuple[int, int]], window: int, most: int
) -> None:
    """INV-95: it never holds more than its bound, counts up to it without a fault, and its sum is
    never too low.
    """
    seen: Seen = ()
    past: list[tuple[int, int]] = []
    for at, minor in history(steps):
        seen = within(seen, at, window)
        true = recount(past, at, window)
        assert min(len(seen), most) == min(len(true), most)
        assert total(seen) >= sum(minor for _, minor in true)
        seen = added(seen, at, minor, most)
        past.append((at, minor))
        assert len(seen) <= most
        assert list(seen) == sorted(seen, key=lambda item: item[0])


@given(EVENTS, st.integers(100, 1_000))
def test_a_thinned_window_sums_up_to_the_same_within_a_hundredth(
    steps: list[tuple[int, int]], window: int
) -> None:
    """Never too low, and never with what is older than the window by more than a hundredth of it,
    however often it is thinned.
    """
    seen: Seen = ()
    past = history(steps)
    for place, (at, minor) in enumerate(past):
        seen = thinned(added(within(seen, at, window), at, minor, most=1_000), window)
        counted = past[: place + 1]
        assert len(seen) <= 102
        assert total(seen) >= sum(minor for _, minor in recount(counted, at, window))
        longer = window + window // 100
        assert total(seen) <= sum(minor for _, minor in recount(counted, at, longer))


@given(EVENTS, WINDOWS, st.integers(0, 3))
def test_a_clock_that_was_set_back_keeps_the_order(
    steps: list[tuple[int, int]], window: int, where: int
) -> None:
    """P-05: what came with an earlier time stands where its time is, and nothing is lost."""
    events = history(steps)
    late = events.pop(min(where, len(events) - 1))
    seen: Seen = ()
    for at, minor in [*events, late]:
        seen = added(seen, at, minor, most=1_000)
    assert sorted(seen) == sorted([*events, late])
    assert [at for at, _ in seen] == sorted(at for at, _ in seen)
    now = max(at for at, _ in seen)
    assert sorted(within(seen, now, window)) == sorted(recount([*events, late], now, window))


@given(EVENTS, WINDOWS, st.integers(1, 20))
def test_the_wait_for_one_more_is_neither_too_short_nor_too_long(
    steps: list[tuple[int, int]], window: int, count: int
) -> None:
    """At the instant that is promised one more passes, a microsecond before it does not."""
    events = history(steps)
    now = events[-1][0]
    seen = within(tuple(events), now, window)
    assume(len(seen) >= count)
    free = free_for_one(seen, count, window)
    assert free > now
    assert len(within(seen, free, window)) < count
    assert len(within(seen, free - 1, window)) >= count


@given(EVENTS, WINDOWS, st.integers(0, 60), st.integers(1, 60))
def test_the_wait_for_an_amount(
    steps: list[tuple[int, int]], window: int, most: int, minor: int
) -> None:
    """The same for a sum; never, where the amount alone is too much."""
    events = history(steps)
    now = events[-1][0]
    seen = within(tuple(events), now, window)
    assume(total(seen) + minor > most)
    free = free_for_sum(seen, most, minor, window)
    if minor > most:
        assert free is None
        return
    assert free is not None
    assert total(within(seen, free, window)) + minor <= most
    assert total(within(seen, free - 1, window)) + minor > most


def test_a_while_in_words() -> None:
    """Rounded up, in the unit that says most."""
    second = 1_000_000
    assert in_words(0) == "0 seconds"
    assert in_words(59 * second) == "59 seconds"
    assert in_words(90 * second) == "90 seconds"
    assert in_words(121 * second) == "3 minutes"
    assert in_words(49 * 3600 * second) == "3 days"
