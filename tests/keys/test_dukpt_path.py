"""The way to a counter: what is kept of it, and that what is dropped is overwritten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from switch.keys.dukpt_path import Path
from switch.keys.steps import Steps


class Spot:
    """A key on the way that is its own counter; notes where it was walked on to, and its end."""

    def __init__(self, counter: int, log: list[str]) -> None:
        self.counter = counter
        self.log = log

    def child(self, counter: int, _steps: Steps | None) -> Spot:
        """One step down, noted."""
        self.log.append(f"{self.counter:b}>{counter:b}")
        return Spot(counter, self.log)

    def wipe(self) -> None:
        """Noted."""
        self.log.append(f"-{self.counter:b}")


def test_the_next_counter_costs_the_steps_it_does_not_share() -> None:
    """A step or two, and what is no longer on the way is overwritten at once."""
    log: list[str] = []
    path = Path(Spot(0, log))
    walks = []
    for counter in (0b1011, 0b1100, 0b1101, 0b10000, 0b1101):
        assert path.at(counter).counter == counter
        walks.append(" ".join(log))
        log.clear()
    assert walks == [
        "0>1000 1000>1010 1010>1011",
        "-1011 -1010 1000>1100",
        "1100>1101",
        "-1101 -1100 -1000 0>10000",
        "-10000 0>1000 1000>1100 1100>1101",
    ]


@given(st.lists(st.integers(1, 255), min_size=1, max_size=20))
def test_a_way_holds_the_beginnings_of_its_counter_and_nothing_else(asked: list[int]) -> None:
    """Whatever was asked for before: each 1 bit of the newest counter is one key that is kept."""
    log: list[str] = []
    path = Path(Spot(0, log))
    for counter in asked:
        path.at(counter)
        kept = [spot.counter for spot in path._nodes]
        bits = [bit for bit in (128, 64, 32, 16, 8, 4, 2, 1) if counter & bit]
        assert kept == [sum(bits[:count]) for count in range(len(bits) + 1)]
    made = sum(">" in each for each in log)
    ended = sum(each.startswith("-") for each in log)
    assert made - ended == len(path._nodes) - 1


def test_who_wants_to_see_the_steps_sees_them_all() -> None:
    """A kept way is walked again from its beginning."""
    log: list[str] = []
    path = Path(Spot(0, log))
    path.at(0b11)
    log.clear()
    assert path.at(0b11, Steps()).counter == 0b11
    assert log == ["-11", "-10", "0>10", "10>11"]
    path.at(1)
    log.clear()
    assert path.at(1, Steps()).counter == 1
    assert log == ["-1", "0>1"]
