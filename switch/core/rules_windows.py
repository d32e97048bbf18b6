"""Sliding windows: what was seen of one subject lately, exact to the microsecond and bounded.

Owns the arithmetic of velocity rules on ``((wall time in microseconds, minor units), ...)``, oldest
first. Something seen counts while it is younger than the window. Refuses to know rules and records.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from operator import itemgetter
from typing import Final

Seen = tuple[tuple[int, int], ...]
# A sum alone needs no list of everything: beyond so many it is kept by hundredths of the window.
MOST_SUMMED: Final = 128
_SLICES: Final = 100

_TIME: Final = itemgetter(0)
# Words for a while, longest first: microseconds and the word.
_WORDS: Final = (
    (86_400_000_000, "day"),
    (3_600_000_000, "hour"),
    (60_000_000, "minute"),
    (1_000_000, "second"),
)
_PLAIN: Final = 2  # below so many of a unit the next smaller one is more telling


def within(seen: Seen, now_us: int, window_us: int) -> Seen:
    """What is still younger than the window.

    >>> within(((10, 1), (20, 2), (30, 3)), now_us=60, window_us=40)
    ((30, 3),)
    """
    start = bisect_right(seen, now_us - window_us, key=_TIME)
    return seen[start:] if start else seen


def total(seen: Seen) -> int:
    """The sum of what was seen, in minor units."""
    return sum(minor for _, minor in seen)


def added(seen: Seen, at_us: int, minor: int, most: int) -> Seen:
    """With one more; of more than ``most`` the oldest are joined to the next younger one.

    Joined ones leave the window together, when the youngest of them does. A rule that counts to
    ``most`` or less stays exact; a sum may be too high for that while, and never is too low.

    >>> added(((10, 1), (20, 2)), 30, 3, most=2)
    ((20, 3), (30, 3))
    """
    if not seen or at_us >= seen[-1][0]:
        seen = (*seen, (at_us, minor))
    else:  # the wall clock was set back
        longer = list(seen)
        insort(longer, (at_us, minor), key=_TIME)
        seen = tuple(longer)
    surplus = len(seen) - most
    if surplus <= 0:
        return seen
    joined = (seen[surplus][0], total(seen[: surplus + 1]))
    return (joined, *seen[surplus + 1 :])


def thinned(seen: Seen, window_us: int) -> Seen:
    """What came in the same hundredth of the window as one, as young as the youngest of it. So a
    sum is never too low, and too high by what is older than the window by a hundredth at most.

    >>> thinned(((10, 1), (19, 2), (20, 3), (45, 4)), window_us=1_000)
    ((19, 3), (20, 3), (45, 4))
    """
    slice_us = max(1, window_us // _SLICES)
    kept: dict[int, tuple[int, int]] = {}
    for at_us, minor in seen:
        number = at_us // slice_us
        kept[number] = (at_us, minor + kept[number][1] if number in kept else minor)
    return tuple(kept.values())


def free_for_one(seen: Seen, count: int, window_us: int) -> int:
    """The wall time from which one more makes ``count`` at most, where it is more by now."""
    return seen[len(seen) - count][0] + window_us


def free_for_sum(seen: Seen, most: int, minor: int, window_us: int) -> int | None:
    """The wall time from which ``minor`` more makes a sum of ``most`` at most; ``None``: never."""
    left = total(seen) + minor
    for at_us, gone in seen:
        left -= gone
        if left <= most:
            return at_us + window_us
    return None


def in_words(span_us: int) -> str:
    """A while for people, rounded up.

    >>> in_words(31 * 60_000_000 - 1), in_words(1), in_words(3 * 3_600_000_000)
    ('31 minutes', '1 second', '3 hours')
    """
    for unit_us, word in _WORDS:
        if span_us >= _PLAIN * unit_us or word == "second":
            break
    number = -(-span_us // unit_us)
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
