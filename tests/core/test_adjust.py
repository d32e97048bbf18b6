"""A sale of the open batch gets another total."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from switch.core.increment import MOST
from switch.model.copies import replace
from switch.model.records import Card, Key, Terminal
from switch.model.request import Request
from switch.model.settings import Authorization
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money
from switch.values import Pan
from tests.core.conftest import VISA

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.conftest import Shop

POOR = "4000000000009995"
FLOWS = [Flow.REQUEST, Flow.ADVICE]


def tip(shop: Shop, total: int, key: str = "A1", of: str = "K1", **more: Any) -> Request:
    """An adjust of it to a new total."""
    return shop.follower(Kind.TIP_ADJUST, key, of, minor=total, **more)


@pytest.mark.parametrize("flow", FLOWS)
def test_the_difference_is_posted(shop: Shop, flow: Flow) -> None:
    """INV-61: a correction that names the sale; the sale counts with its new total."""
    first = shop.ask(shop.purchase())
    answer = shop.ask(tip(shop, 1_150, flow=flow))
    assert answer.approved
    assert answer.approval_code == first.approval_code
    assert (shop.balance("a-visa"), shop.balance("merchant:M1:840")) == (98_850, 1_150)
    sale = shop.transaction("K1")
    assert (sale.amount, sale.amount_open) == (Money(1_000, "840"), Money(1_150, "840"))
    kept = shop.transaction("A1")
    assert (kept.amount, kept.amount_other) == (Money(1_150, "840"), Money(150, "840"))
    assert (kept.original_key, kept.batch) == ("K1", "T1|000001")
    assert shop.postings[-1].corrects == "K1"
    assert [abs(entry.amount_minor) for entry in shop.postings[-1].entries] == [150, 150]


@pytest.mark.parametrize("flow", FLOWS)
def test_bounds(shop: Shop, flow: Flow) -> None:
    """No less than the sale itself, no more than the configured share beyond."""
    shop.settings = replace(shop.settings, authorization=Authorization(tip_tolerance_bp=1_000))
    shop.ask(shop.purchase())
    assert shop.ask(tip(shop, 999, "A0", flow=flow)).reason is Reason.AMOUNT_INVALID
    assert shop.remedy == "a total from 10.00 USD to 11.00 USD"
    assert shop.ask(tip(shop, 1_101, "A1", flow=flow)).reason is Reason.LIMIT_EXCEEDED
    assert shop.remedy == "a total of at most 11.00 USD"
    assert shop.ask(tip(shop, 1_100, "A2", flow=flow)).approved
    assert shop.ask(tip(shop, 1_101, "A3", flow=flow)).reason is Reason.LIMIT_EXCEEDED
    assert shop.ask(tip(shop, 1_000, "A4", flow=flow)).approved
    assert shop.balance("a-visa") == 99_000


def test_after_the_close(shop: Shop) -> None:
    """INV-51, INV-54: a closed batch keeps its totals."""
    shop.ask(shop.purchase())
    shop.change(Terminal, "T1", batch_number=2)
    assert shop.ask(tip(shop, 1_100)).reason is Reason.BATCH_CLOSED
    assert shop.balance("a-visa") == 99_000


def test_what_has_no_tip(shop: Shop) -> None:
    """Cash, an authorization, a refund; what was taken back, in whole or in part."""
    shop.ask(shop.purchase("K1", kind=Kind.CASH))
    assert shop.ask(tip(shop, 1_000, "A1")).reason is Reason.TRANSACTION_INVALID
    shop.ask(shop.purchase("K2", kind=Kind.PREAUTH, captures=False))
    assert shop.ask(tip(shop, 1_000, "A2", "K2")).reason is Reason.TRANSACTION_INVALID
    shop.ask(shop.follower(Kind.COMPLETION, "C2", "K2", minor=900))
    assert shop.ask(tip(shop, 1_000, "A3", "K2")).reason is Reason.TRANSACTION_INVALID
    assert shop.remedy == "a tip adjust of its completion"
    assert shop.ask(tip(shop, 1_000, "A4", "C2")).approved
    shop.ask(shop.purchase("K3"))
    shop.ask(shop.reversal("R1", "K3", amount_remaining=Money(500, "840")))
    assert shop.ask(tip(shop, 550, "A5", "K3")).reason is Reason.ALREADY_REVERSED
    shop.ask(shop.reversal("R2", "K3"))
    assert shop.ask(tip(shop, 550, "A6", "K3")).reason is Reason.ALREADY_REVERSED
    assert shop.remedy


def test_a_card_that_cannot_bear_it(shop: Shop) -> None:
    """INV-40: a demand is refused; what has happened is borne by suspense, with all of the sale,
    until it is taken back.
    """
    shop.ask(shop.purchase(minor=900, pan=POOR))
    assert shop.ask(tip(shop, 1_001)).reason is Reason.FUNDS_INSUFFICIENT
    assert shop.remedy == "a total of at most 10.00 USD"
    assert shop.ask(tip(shop, 1_001, "A2", flow=Flow.ADVICE)).approved
    assert (shop.balance("a-poor"), shop.balance("suspense:840")) == (1_000, -1_001)
    assert shop.balance("merchant:M1:840") == 1_001
    assert sum(entry.amount_minor for entry in shop.postings[-1].entries) == 0
    assert shop.ask(shop.reversal("R1", "A2")).approved
    assert (shop.balance("a-poor"), shop.balance("suspense:840")) == (100, 0)
    assert shop.balance("merchant:M1:840") == 900


def test_its_reversal_restores_the_total_before(shop: Shop) -> None:
    """INV-20: one of several, the last or not."""
    shop.ask(shop.purchase())
    shop.ask(tip(shop, 1_100, "A1"))
    shop.ask(tip(shop, 1_200, "A2"))
    assert shop.ask(shop.reversal("R1", "A2")).approved
    assert shop.transaction("K1").amount_open == Money(1_100, "840")
    assert shop.transaction("A2").state is State.REVERSED
    assert shop.transaction("R1").undid is Kind.TIP_ADJUST
    assert shop.ask(shop.reversal("R2", "A1")).approved
    assert shop.transaction("K1").amount_open == Money(1_000, "840")
    assert shop.transaction("K1").state is State.APPROVED


def test_in_any_order_only_what_was_not_reversed_counts(
    another_shop: Callable[[], Shop],
) -> None:
    """INV-20: two adjusts and the reversal of one of them, in every order."""
    for order in permutations(("A1", "A2", "R1")):
        shop = another_shop()
        shop.ask(shop.purchase())
        for key in order:
            if key == "R1":
                assert shop.ask(shop.reversal("R1", "A1")).approved
            else:
                shop.ask(tip(shop, {"A1": 1_200, "A2": 1_100}[key], key))
        assert shop.balance("merchant:M1:840") == 1_100, order


def test_an_adjust_is_taken_back_whole(shop: Shop) -> None:
    """INV-26: another adjust is there for another total."""
    shop.ask(shop.purchase())
    shop.ask(tip(shop, 1_100))
    part = shop.reversal("R1", "A1", amount_remaining=Money(1_050, "840"))
    assert shop.ask(part).reason is Reason.AMOUNT_INVALID


def test_a_reversal_of_the_sale_takes_the_tip_with_it(shop: Shop) -> None:
    """INV-20, INV-26: stated with its tip or without; an adjust of it has nothing left then."""
    shop.ask(shop.purchase())
    shop.ask(tip(shop, 1_200))
    assert shop.ask(shop.reversal("R0", amount=Money(1_201, "840"))).reason is Reason.AMOUNT_INVALID
    assert shop.ask(shop.reversal("R1", amount=Money(1_200, "840"))).approved
    assert shop.ask(shop.reversal("R2", "A1")).approved
    assert (shop.balance("a-visa"), shop.balance("merchant:M1:840")) == (100_000, 0)


def test_what_a_partial_reversal_says_remains(shop: Shop) -> None:
    """INV-26: whatever was adjusted before; its reversal changes nothing then."""
    shop.ask(shop.purchase())
    shop.ask(tip(shop, 1_200))
    assert shop.ask(shop.reversal("R1", amount_remaining=Money(1_100, "840"))).approved
    assert shop.ask(shop.reversal("R2", "A1")).approved
    assert shop.balance("merchant:M1:840") == 1_100


def test_a_completion_with_a_tip(shop: Shop) -> None:
    """INV-42: the tip is none of what was authorized; reversed, the hold is as it was."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH, captures=False))
    shop.ask(shop.follower(Kind.COMPLETION, "C1", minor=1_000))
    assert shop.ask(tip(shop, 1_200, of="C1")).approved
    assert shop.transaction("K1").completed_minor == 1_000
    shop.ask(shop.reversal("R1", "C1", amount_remaining=Money(1_100, "840")))
    assert shop.transaction("K1").completed_minor == 1_000
    assert shop.ask(shop.reversal("R2", "C1")).approved
    assert (shop.balance("a-visa"), shop.held("a-visa")) == (100_000, 1_000)


def test_below_what_was_refunded_there_is_no_total(shop: Shop) -> None:
    """INV-44."""
    shop.ask(shop.purchase())
    shop.ask(tip(shop, 1_200))
    shop.ask(shop.follower(Kind.REFUND, "F1", minor=1_150))
    assert shop.ask(tip(shop, 1_100, "A2")).reason is Reason.AMOUNT_INVALID
    assert shop.remedy == "a total from 11.50 USD to 12.00 USD"
    assert shop.ask(tip(shop, 1_150, "A3")).approved


def test_the_day_counts_the_tip(shop: Shop) -> None:
    """And forgets it again."""
    shop.change(Card, "token-0010", daily_limit_minor=5_000)
    shop.ask(shop.purchase())
    shop.ask(tip(shop, 1_200))
    card = shop.store[Key("card", "token-0010")]
    assert isinstance(card, Card)
    assert (card.day_spent_minor, card.day_count) == (1_200, 1)
    shop.ask(shop.reversal("R1", "A1"))
    card = shop.store[card.key]
    assert isinstance(card, Card)
    assert (card.day_spent_minor, card.day_count) == (1_000, 1)


def test_the_day_counts_what_the_card_bears(shop: Shop) -> None:
    """INV-40: a sale that goes to suspense is off the card's day, and on it when it comes back."""
    token = f"token-{POOR[-4:]}"
    shop.change(Card, token, daily_limit_minor=5_000)
    spent = []
    for request in (
        shop.purchase(minor=900, pan=POOR),
        tip(shop, 1_001, flow=Flow.ADVICE),
        shop.reversal("R1", "A1"),
    ):
        assert shop.ask(request).approved
        card = shop.store[Key("card", token)]
        assert isinstance(card, Card)
        spent.append(card.day_spent_minor)
    assert spent == [900, 0, 900]


def test_a_total_that_changes_nothing_posts_nothing(shop: Shop) -> None:
    """INV-60: no posting of zero."""
    shop.ask(shop.purchase())
    assert shop.ask(tip(shop, 1_000)).approved
    assert len(shop.postings) == 1


def test_a_record_does_not_grow_without_end(shop: Shop) -> None:
    """INV-95: so many adjusts are kept in mind."""
    shop.ask(shop.purchase())
    for number in range(MOST):
        assert shop.ask(tip(shop, 1_000 + number, f"A{number}")).approved
    assert shop.ask(tip(shop, 1_000, "LAST")).reason is Reason.TRANSACTION_INVALID
    assert shop.remedy


@pytest.mark.parametrize("named", [True, False])
def test_a_tip_on_a_completion_counts_on_the_card_of_its_authorization(
    shop: Shop, named: bool
) -> None:
    """INV-20: named by the completion or not, it is the same card; all of it is taken back."""
    shop.change(Card, "token-0010", daily_limit_minor=50_000)
    shop.ask(shop.purchase("K0", 500))
    shop.ask(shop.purchase("K1", kind=Kind.PREAUTH))
    more: dict[str, Any] = {"pan": Pan(VISA)} if named else {}
    shop.ask(shop.follower(Kind.COMPLETION, "C1", minor=1_000, **more))
    spent = []
    for request in (tip(shop, 1_150, of="C1"), shop.reversal("R1", "C1"), shop.reversal("R2")):
        assert shop.ask(request).approved
        card = shop.store[Key("card", "token-0010")]
        assert isinstance(card, Card)
        spent.append(card.day_spent_minor)
    assert spent == [1_650, 1_500, 500]
