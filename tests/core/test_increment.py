"""More money under the hold of an authorization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.core.increment import MOST
from switch.model.copies import replace
from switch.model.records import Card
from switch.model.request import Request
from switch.model.settings import Authorization
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money

if TYPE_CHECKING:
    from tests.core.conftest import Shop

POOR = "4000000000009995"
DAY_US = 86_400_000_000


def preauth(shop: Shop, minor: int = 1_000, **more: Any) -> None:
    """An authorization that holds."""
    assert shop.ask(shop.purchase("K1", minor, kind=Kind.PREAUTH, captures=False, **more)).approved


def more(shop: Shop, minor: int, key: str = "I1", **shape: Any) -> Request:
    """An increment of it."""
    return shop.follower(Kind.INCREMENT, key, minor=minor, **shape)


def test_the_hold_grows_and_lasts_longer(shop: Shop) -> None:
    """INV-40, INV-41, INV-43: one hold, under the authorization's key, for as long again."""
    preauth(shop)
    first = shop.hold("K1")
    shop.wall_us += DAY_US
    answer = shop.ask(more(shop, 500))
    assert answer.approved
    assert answer.approval_code
    longer = shop.hold("K1")
    assert (longer.amount_minor, longer.expires_us) == (1_500, first.expires_us + DAY_US)
    assert shop.held("a-visa") == 1_500
    assert shop.transaction("K1").amount_open == Money(1_500, "840")
    assert shop.transaction("I1").amount_open == Money(500, "840")
    assert shop.transaction("I1").batch == ""
    assert shop.postings == []


def test_a_hold_that_is_none_of_a_preauthorization_gets_its_own_time(shop: Shop) -> None:
    """An authorization without the mark is held for less."""
    shop.settings = replace(shop.settings, authorization=Authorization(hold_s=100))
    shop.ask(shop.purchase(captures=False))
    shop.wall_us += 50_000_000
    shop.ask(more(shop, 500))
    assert shop.hold("K1").expires_us == shop.wall_us + 100_000_000


def test_a_demand_is_judged_by_funds_and_limits(shop: Shop) -> None:
    """INV-40: what is not there is not set aside; an advice adds nothing then."""
    preauth(shop, 800, pan=POOR)
    assert shop.ask(more(shop, 201)).reason is Reason.FUNDS_INSUFFICIENT
    assert shop.remedy == "at most 2.00 USD"
    assert shop.ask(more(shop, 201, "I2", flow=Flow.ADVICE)).approved
    assert shop.transaction("I2").amount_open is None
    assert shop.held("a-poor") == 800
    assert shop.ask(more(shop, 200, "I3", flow=Flow.ADVICE)).approved
    assert shop.held("a-poor") == 1_000


def test_the_day_counts_it_and_gives_it_back(shop: Shop) -> None:
    """A daily limit is for holds and increments alike."""
    shop.change(Card, "token-0010", daily_limit_minor=1_500)
    preauth(shop)
    assert shop.ask(more(shop, 501)).reason is Reason.LIMIT_EXCEEDED
    assert shop.ask(more(shop, 500, "I2")).approved
    assert shop.ask(shop.reversal("R1", "I2")).approved
    assert shop.ask(more(shop, 500, "I3")).approved


def test_its_reversal_gives_back_its_own_part(shop: Shop) -> None:
    """INV-20, INV-41: no more and no less; in part, too."""
    preauth(shop)
    shop.ask(more(shop, 500))
    shop.ask(more(shop, 200, "I2"))
    assert shop.ask(shop.reversal("R1", "I1")).approved
    assert shop.held("a-visa") == 1_200
    assert shop.transaction("I1").state is State.REVERSED
    assert shop.transaction("R1").undid is Kind.INCREMENT
    assert shop.ask(shop.reversal("R2", "I2", amount_remaining=Money(50, "840"))).approved
    assert shop.held("a-visa") == 1_050
    assert shop.transaction("I2").state is State.PARTLY_REVERSED


def test_a_reversal_of_the_authorization_gives_back_all(shop: Shop) -> None:
    """INV-20, INV-41: the increments with it; their own reversals find nothing then."""
    preauth(shop)
    shop.ask(more(shop, 500))
    assert shop.ask(shop.reversal("R1")).approved
    assert shop.held("a-visa") == 0
    assert shop.ask(shop.reversal("R2", "I1")).approved
    assert shop.held("a-visa") == 0
    assert shop.hold("K1").state == "reversed"


def test_a_partial_reversal_says_what_remains_whatever_was_added(shop: Shop) -> None:
    """INV-26: the reversal of an increment after it takes nothing more."""
    preauth(shop)
    shop.ask(more(shop, 500))
    assert shop.ask(shop.reversal("R1", amount_remaining=Money(300, "840"))).approved
    assert shop.ask(shop.reversal("R2", "I1")).approved
    assert shop.held("a-visa") == 300


def test_what_was_completed_of_it_is_not_given_back(shop: Shop) -> None:
    """INV-21, INV-42: an amount above what is left; after the completion's reversal it is."""
    preauth(shop)
    shop.ask(more(shop, 500))
    shop.ask(shop.follower(Kind.COMPLETION, "C1", minor=1_200, final=False))
    assert shop.ask(shop.reversal("R1", "I1")).reason is Reason.AMOUNT_INVALID
    assert shop.remedy == "the completion reversed first"
    assert shop.held("a-visa") == 300
    assert shop.ask(shop.reversal("R2", "C1")).approved
    assert shop.ask(shop.reversal("R3", "I1")).approved
    assert shop.held("a-visa") == 1_000


def test_the_last_of_a_hold_can_be_an_increment(shop: Shop) -> None:
    """All else was completed: without it the hold is resolved (INV-42)."""
    preauth(shop)
    shop.ask(more(shop, 500))
    shop.ask(shop.follower(Kind.COMPLETION, "C1", minor=1_000, final=False))
    assert shop.ask(shop.reversal("R1", "I1")).approved
    assert (shop.hold("K1").state, shop.held("a-visa")) == ("completed", 0)
    assert shop.transaction("K1").state is State.COMPLETED
    assert shop.ask(shop.reversal("R2", "C1")).approved
    assert (shop.hold("K1").amount_minor, shop.held("a-visa")) == (1_000, 1_000)


@pytest.mark.parametrize("looked", [True, False])
def test_after_expiry_nothing_is_added(shop: Shop, looked: bool) -> None:
    """INV-43: whether its timer has looked or not."""
    preauth(shop)
    shop.wall_us = shop.hold("K1").expires_us
    if looked:
        shop.fire("K1")
    assert shop.ask(more(shop, 500)).reason is Reason.HOLD_EXPIRED
    assert shop.remedy


def test_only_what_holds_can_be_increased(shop: Shop) -> None:
    """Not a captured sale, not a resolved hold, not an advice that holds nothing."""
    shop.ask(shop.purchase("K2"))
    assert shop.ask(more(shop, 1, "I1", of="K2")).reason is Reason.TRANSACTION_INVALID
    preauth(shop)
    shop.ask(shop.follower(Kind.COMPLETION, "C1", minor=10))
    assert shop.ask(more(shop, 1, "I2")).reason is Reason.DUPLICATE
    unborne = shop.purchase("K3", 5_000, POOR, captures=False, flow=Flow.ADVICE)
    assert shop.ask(unborne).approved
    assert shop.ask(more(shop, 1, "I3", of="K3")).reason is Reason.NOT_FOUND
    shop.ask(shop.purchase("K4", captures=False))
    shop.ask(shop.reversal("R1", "K4"))
    assert shop.ask(more(shop, 1, "I4", of="K4")).reason is Reason.ALREADY_REVERSED


def test_a_record_does_not_grow_without_end(shop: Shop) -> None:
    """INV-95: so many increments are kept in mind, then it takes another authorization."""
    preauth(shop)
    for number in range(MOST):
        assert shop.ask(more(shop, 1, f"I{number}")).approved
    assert shop.ask(more(shop, 1, "LAST")).reason is Reason.TRANSACTION_INVALID
    assert shop.held("a-visa") == 1_000 + MOST
