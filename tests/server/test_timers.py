"""switch.server.timers: what runs out, in order, on the monotonic clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from switch.model.effects import SetTimer
from switch.model.events import Moment
from switch.server.timers import Timers


@given(st.lists(st.integers(0, 100), max_size=20), st.integers(-(10**15), 10**15))
def test_timers_fire_once_in_order_whatever_the_wall_clock_does(
    delays: list[int], wall_us: int
) -> None:
    """INV-80: durations are measured on the monotonic clock."""
    timers = Timers()
    for place, delay_s in enumerate(delays):
        timers.set(SetTimer("t", str(place), float(delay_s)), Moment(0, 0))
    fired = []
    for second in range(102):
        now = Moment(wall_us, second * 1_000_000_000)
        due = timers.due(now, 99)
        assert all(delays[int(event.subject)] == second for event in due)
        fired += [delays[int(event.subject)] for event in due]
    assert fired == sorted(delays)
    assert len(timers) == 0
    assert not timers.is_due(Moment(0, 10**18))


@given(st.lists(st.integers(0, 100), min_size=1, max_size=20))
def test_a_timer_that_is_set_anew_takes_the_place_of_the_one_before(delays: list[int]) -> None:
    """INV-95: one of a name and subject, however often its hold is opened again."""
    timers = Timers()
    for delay_s in delays:
        timers.set(SetTimer("hold", "K1", float(delay_s)), Moment(0, 0))
        assert len(timers) == 1
    fired = [s for s in range(102) for _ in timers.due(Moment(0, s * 1_000_000_000), 99)]
    assert fired == [delays[-1]]
    assert len(timers) == 0
    assert not timers.is_due(Moment(0, 10**18))
