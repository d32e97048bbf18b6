"""The order of checks is the dialect's, within what must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.core.case import ImpossibleEvent
from switch.core.ladder import ADVICE, DEMAND, REVERSAL, Sort, ladder
from switch.model.copies import replace
from switch.model.settings import CHECK_NAMES, SECURING
from switch.model.words import Reason

if TYPE_CHECKING:
    from tests.core.conftest import Shop


def test_a_check_that_no_dialect_can_name_is_a_defect() -> None:
    """Whoever makes a sort of message of his own cannot hide a check from the order."""
    with pytest.raises(ValueError, match="mood"):
        Sort("mine", {**DEMAND.checks, "mood": DEMAND.checks["card"]})


def test_the_order_is_the_dialects(shop: Shop) -> None:
    """Two things are wrong; which is told depends on the order alone."""
    request = shop.purchase(pan="4111111111111111", amount=None)
    assert shop.ask(request).reason is Reason.CARD_UNKNOWN
    order = ("fields", "terminal", "merchant", "duplicate", "original")
    other = (*order, "amount", "card", "limits", "funds")
    shop.policy = replace(shop.policy, checks=other)
    assert shop.ask(replace(request, request_key="K2")).reason is Reason.AMOUNT_INVALID


@pytest.mark.parametrize("checks", [("mood",), CHECK_NAMES[1:], (*CHECK_NAMES, "fields")])
def test_an_order_that_cannot_be_is_a_defect(shop: Shop, checks: tuple[str, ...]) -> None:
    """INV-06: dialects are checked when loaded; here it is too late for anything but 96."""
    shop.policy = replace(shop.policy, checks=checks)
    with pytest.raises(ImpossibleEvent, match="order of checks"):
        shop.decide(shop.arrived(shop.purchase()))


def test_a_pin_is_always_judged() -> None:
    """INV-72: left out of the order, it comes in its own place, as all that secures a message."""
    without = tuple(name for name in CHECK_NAMES if name not in SECURING)
    assert ladder(without, DEMAND) == ladder(CHECK_NAMES, DEMAND)
    assert "pin" in [check.__name__ for check in ladder(without, DEMAND)]


def test_business_is_not_asked_about_what_has_happened() -> None:
    """INV-21: reversals and advices meet none of the checks that only demands must pass."""
    business = {"signed_on", "expiry", "limits", "funds"}
    for sort in (ADVICE, REVERSAL):
        names = {check.__name__ for check in ladder(CHECK_NAMES, sort)}
        assert not names & business
