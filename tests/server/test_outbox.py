"""switch.server.outbox: what became of each answer's bytes (INV-23)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from switch.model.words import Delivery
from switch.server.outbox import Outbox


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=8),
    st.integers(0, 80),
    st.booleans(),
)
def test_each_answer_is_sent_failed_or_unknown_as_its_bytes_went(
    sizes: list[int], taken: int, offered: bool
) -> None:
    """Whole: sent; not one byte: failed; anything else: unknown."""
    reports: dict[str, Delivery] = {}
    outbox = Outbox(reports.__setitem__)
    for place, size in enumerate(sizes):
        outbox.lay_out(b"x" * size, str(place), now_ns=place)
    total = sum(sizes)
    taken = min(taken, total)
    if offered:
        outbox.offering(total)
    outbox.handed_over(taken)
    outbox.lost()
    begin = 0
    for place, size in enumerate(sizes):
        end = begin + size
        if end <= taken:
            wanted = Delivery.SENT
        elif begin < taken or offered:
            wanted = Delivery.UNKNOWN
        else:
            wanted = Delivery.FAILED
        assert reports[str(place)] is wanted
        begin = end
    assert not outbox.data


def test_answers_that_nobody_asked_about_are_not_reported() -> None:
    """A keep-alive and an untracked answer have no key."""
    reports: dict[str, Delivery] = {}
    outbox = Outbox(reports.__setitem__)
    outbox.lay_out(b"abc", "", 0)
    assert outbox.oldest_ns == 0
    outbox.handed_over(3)
    assert not reports
    assert outbox.answers == 1
    assert outbox.oldest_ns is None
