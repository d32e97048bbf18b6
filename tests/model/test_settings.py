"""What an order of checks must hold."""

from __future__ import annotations

import pytest

from switch.model.settings import CHECK_NAMES, INDISPENSABLE, DialectPolicy, order_faults
from switch.model.words import Reason


def test_the_default_order_can_be_used() -> None:
    """A dialect that says nothing gets an order without faults."""
    assert list(order_faults(DialectPolicy("any").checks)) == []
    assert DialectPolicy("any").missing_original in set(Reason)


@pytest.mark.parametrize("name", sorted(INDISPENSABLE))
def test_what_guards_money_cannot_be_left_out(name: str) -> None:
    """Order is a dialect's choice; safety is not."""
    order = tuple(check for check in CHECK_NAMES if check != name)
    assert f"the check {name!r} cannot be left out" in list(order_faults(order))


@pytest.mark.parametrize("name", sorted(set(CHECK_NAMES) - INDISPENSABLE))
def test_the_others_can(name: str) -> None:
    """Sign-on, expiry and the place of the PIN check are choices."""
    assert not list(order_faults(tuple(check for check in CHECK_NAMES if check != name)))


@pytest.mark.parametrize(
    ("order", "fault"),
    [
        ((*CHECK_NAMES, "mood"), "there is no check 'mood'"),
        ((*CHECK_NAMES, "card"), "the check 'card' is named twice"),
        (tuple(reversed(CHECK_NAMES)), "the check 'funds' must come after 'card'"),
        # A follower without a card has its original's.
        (tuple(reversed(CHECK_NAMES)), "the check 'card' must come after 'original'"),
    ],
)
def test_faults_are_sentences(order: tuple[str, ...], fault: str) -> None:
    """They go straight into the refusal of a dialect file."""
    assert fault in list(order_faults(order))
