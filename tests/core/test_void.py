"""A sale, a refund or a hold is cancelled before its batch is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.model.copies import replace
from switch.model.records import Card, Key, Terminal
from switch.model.request import Request
from switch.model.settings import Authorization
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money

if TYPE_CHECKING:
    from tests.core.conftest import Shop

POOR = "4000000000009995"
SALES = [Kind.PURCHASE, Kind.CASH, Kind.CASHBACK]


def void(shop: Shop, key: str = "V1", of: str = "K1", **more: Any) -> Request:
    """A void of it."""
    return shop.follower(Kind.VOID, key, of, **more)


def close(shop: Shop) -> None:
    """The terminal's batch is closed: the next one is open."""
    shop.change(Terminal, "T1", batch_number=2)


@pytest.mark.parametrize("kind", SALES)
@pytest.mark.parametrize("flow", [Flow.REQUEST, Flow.ADVICE])
def test_in_the_open_batch(shop: Shop, kind: Kind, flow: Flow) -> None:
    """M-32, INV-44: 00; all of it goes back by a posting that names what it corrects."""
    other = Money(100, "840") if kind is Kind.CASHBACK else None
    first = shop.ask(shop.purchase(kind=kind, amount_other=other))
    answer = shop.ask(void(shop, minor=1_000, flow=flow))
    assert answer.approved
    assert answer.approval_code == first.approval_code
    assert shop.balance("a-visa") == 100_000
    assert shop.balance("merchant:M1:840") == 0
    assert shop.transaction("K1").state is State.VOIDED
    assert shop.transaction("K1").amount_open == Money(0, "840")
    kept = shop.transaction("V1")
    assert (kept.original_key, kept.undid) == ("K1", kind)
    assert kept.batch == "T1|000001"
    assert shop.postings[-1].corrects == "K1"


@pytest.mark.parametrize("flow", [Flow.REQUEST, Flow.ADVICE])
def test_after_the_close(shop: Shop, flow: Flow) -> None:
    """M-32: batch.closed, no effect."""
    shop.ask(shop.purchase())
    close(shop)
    assert shop.ask(void(shop, flow=flow)).reason is Reason.BATCH_CLOSED
    assert "refund" in shop.remedy
    assert shop.balance("a-visa") == 99_000
    assert shop.transaction("K1").state is State.APPROVED


def test_twice(shop: Shop) -> None:
    """A repeat gets the same answer, a second void is a duplicate; one effect."""
    shop.ask(shop.purchase())
    first = shop.ask(void(shop))
    assert shop.ask(void(shop)) == first
    assert shop.ask(void(shop, "V2")).reason is Reason.DUPLICATE
    assert shop.remedy
    assert len(shop.postings) == 2


@pytest.mark.parametrize("minor", [None, 0, 1_000, 600])
def test_what_is_stated_is_its_amount_or_what_is_left_of_it_or_none(
    shop: Shop, minor: int | None
) -> None:
    """A void is whole: of a sale that was reversed in part it takes what is left."""
    shop.ask(shop.purchase())
    shop.ask(shop.reversal("R1", amount_remaining=Money(600, "840")))
    assert shop.ask(void(shop, minor=minor)).approved
    assert shop.transaction("V1").amount_open == Money(600, "840")
    assert shop.balance("a-visa") == 100_000


@pytest.mark.parametrize("amount", [Money(999, "840"), Money(1_001, "840"), Money(1_000, "978")])
def test_a_part_is_refused(shop: Shop, amount: Money) -> None:
    """13: a partial reversal is for that."""
    shop.ask(shop.purchase())
    assert shop.ask(void(shop, amount=amount)).reason is Reason.AMOUNT_INVALID
    assert "10.00 USD" in shop.remedy
    assert shop.balance("a-visa") == 99_000


def test_a_hold_is_given_back_at_any_time(shop: Shop) -> None:
    """A cancellation: it is in no batch, so no close stands against it."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH, captures=False))
    shop.ask(shop.follower(Kind.INCREMENT, "I1", minor=500))
    close(shop)
    assert shop.ask(void(shop)).approved
    assert shop.held("a-visa") == 0
    assert (shop.hold("K1").state, shop.hold("K1").ended_by) == ("reversed", "V1")
    assert shop.transaction("K1").state is State.VOIDED
    assert shop.postings == []


def test_what_holds_nothing_any_more(shop: Shop) -> None:
    """A completed authorization (its completion can be voided), an expired one."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH, captures=False))
    shop.ask(shop.follower(Kind.COMPLETION, "C1", minor=600))
    assert shop.ask(void(shop)).reason is Reason.TRANSACTION_INVALID
    assert shop.remedy == "a void of its completion"
    shop.ask(shop.purchase("K2", captures=False))
    shop.wall_us = shop.hold("K2").expires_us
    shop.fire("K2")
    assert shop.ask(void(shop, "V2", "K2")).reason is Reason.HOLD_EXPIRED
    shop.ask(shop.purchase("K3", 5_000, POOR, captures=False, flow=Flow.ADVICE))
    assert shop.ask(void(shop, "V3", "K3")).reason is Reason.NOT_FOUND


def test_of_a_completion_nothing_is_opened_again(shop: Shop) -> None:
    """The authorization was used: a new sale takes a new one."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH, captures=False))
    shop.ask(shop.follower(Kind.COMPLETION, "C1", minor=600))
    assert shop.ask(void(shop, of="C1")).approved
    assert (shop.balance("a-visa"), shop.held("a-visa")) == (100_000, 0)
    again = shop.follower(Kind.COMPLETION, "C2", minor=100)
    assert shop.ask(again).reason is Reason.DUPLICATE


def test_a_completion_that_was_voided_and_reversed(shop: Shop) -> None:
    """INV-20: unlike its void, its reversal says that it was not: the hold is open again."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH, captures=False))
    shop.ask(shop.follower(Kind.COMPLETION, "C1", minor=600))
    shop.ask(void(shop, of="C1"))
    assert shop.ask(shop.reversal("R1", "C1")).approved
    assert (shop.balance("a-visa"), shop.held("a-visa")) == (100_000, 1_000)
    assert shop.ask(shop.reversal("R2", "V1")).approved
    assert (shop.balance("a-visa"), shop.held("a-visa")) == (100_000, 1_000)


def test_a_refund_is_taken_back(shop: Shop) -> None:
    """The sale can be refunded again; after the close no more."""
    shop.ask(shop.purchase())
    shop.ask(shop.follower(Kind.REFUND, "F1", minor=400))
    assert shop.ask(void(shop, of="F1")).approved
    assert shop.balance("a-visa") == 99_000
    assert shop.transaction("K1").refunded_minor == 0
    assert shop.ask(shop.follower(Kind.REFUND, "F2", minor=1_000)).approved
    close(shop)
    assert shop.ask(void(shop, "V2", "F2")).reason is Reason.BATCH_CLOSED


def test_a_refund_that_was_spent(shop: Shop) -> None:
    """INV-40: a demand is refused; what has happened comes from suspense."""
    shop.ask(
        shop.follower(Kind.REFUND, "F1", original="", pan=shop.purchase(pan=POOR).pan, minor=500)
    )
    assert shop.ask(shop.purchase("K2", 1_400, POOR)).approved
    assert shop.ask(void(shop, of="F1")).reason is Reason.FUNDS_INSUFFICIENT
    assert shop.remedy
    assert shop.ask(void(shop, "V2", "F1", flow=Flow.ADVICE)).approved
    assert (shop.balance("a-poor"), shop.balance("suspense:840")) == (100, -500)
    assert shop.ask(shop.reversal("R1", "V2")).approved
    assert (shop.balance("a-poor"), shop.balance("suspense:840")) == (100, 0)
    assert shop.transaction("F1").state is State.APPROVED


def test_a_sale_with_refunds_is_not_voided(shop: Shop) -> None:
    """INV-44: its refunds first."""
    shop.ask(shop.purchase())
    shop.ask(shop.follower(Kind.REFUND, "F1", minor=400))
    assert shop.ask(void(shop)).reason is Reason.AMOUNT_INVALID
    assert shop.remedy
    shop.ask(void(shop, "V2", "F1"))
    assert shop.ask(void(shop, "V3")).approved
    assert shop.balance("a-visa") == 100_000


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.TIP_ADJUST, Kind.INCREMENT])
def test_what_cannot_be_voided(shop: Shop, kind: Kind) -> None:
    """A void, a tip adjust, an increment: a reversal takes them back."""
    held = kind is Kind.INCREMENT
    shop.ask(shop.purchase(captures=not held))
    minor = None if kind is Kind.VOID else 1_000
    assert shop.ask(shop.follower(kind, "F1", minor=minor)).approved
    assert shop.ask(void(shop, of="F1")).reason is Reason.TRANSACTION_INVALID
    assert shop.remedy == "a reversal of it"


def test_what_was_reversed_stays_so(shop: Shop) -> None:
    """INV-20: nothing is left to void."""
    shop.ask(shop.purchase())
    shop.ask(shop.reversal())
    assert shop.ask(void(shop)).reason is Reason.ALREADY_REVERSED
    assert shop.remedy


def test_its_reversal_restores_the_sale(shop: Shop) -> None:
    """INV-20: as if it had not been voided: it can be voided again."""
    shop.ask(shop.purchase())
    shop.ask(void(shop))
    assert shop.ask(shop.reversal("R1", "V1")).approved
    assert shop.balance("a-visa") == 99_000
    assert shop.transaction("K1").state is State.APPROVED
    assert shop.transaction("R1").undid is Kind.VOID
    assert shop.ask(void(shop, "V2")).approved
    assert shop.ask(shop.reversal("R2", "V1")).approved
    assert shop.balance("a-visa") == 100_000


def test_a_void_is_taken_back_whole(shop: Shop) -> None:
    """INV-26: there is no half of a void."""
    shop.ask(shop.purchase())
    shop.ask(void(shop))
    part = shop.reversal("R1", "V1", amount_remaining=Money(500, "840"))
    assert shop.ask(part).reason is Reason.AMOUNT_INVALID
    assert shop.remedy


def test_a_restored_sale_that_the_card_cannot_bear_any_more(shop: Shop) -> None:
    """INV-21, INV-40: not refused, and no account passes its limit: suspense bears it."""
    shop.ask(shop.purchase(minor=800, pan=POOR))
    shop.ask(void(shop))
    shop.ask(shop.purchase("K2", 500, POOR))
    assert shop.ask(shop.reversal("R1", "V1")).approved
    assert (shop.balance("a-poor"), shop.balance("suspense:840")) == (500, -800)
    assert shop.ask(shop.reversal("R2", "K1")).approved
    assert (shop.balance("a-poor"), shop.balance("suspense:840")) == (500, 0)


def test_a_restored_hold(shop: Shop) -> None:
    """It holds again, with its increments; not after its time (INV-43)."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH, captures=False))
    shop.ask(shop.follower(Kind.INCREMENT, "I1", minor=500))
    shop.ask(void(shop))
    assert shop.ask(shop.reversal("R1", "V1")).approved
    assert shop.held("a-visa") == 1_500
    assert shop.transaction("K1").state is State.APPROVED
    shop.ask(void(shop, "V2"))
    shop.wall_us = shop.hold("K1").expires_us
    assert shop.ask(shop.reversal("R2", "V2")).approved
    assert shop.held("a-visa") == 0
    assert shop.transaction("K1").state is State.EXPIRED


def test_a_reversed_sale_is_not_restored(shop: Shop) -> None:
    """INV-20: void and sale were both reversed, in either order."""
    shop.ask(shop.purchase())
    shop.ask(void(shop))
    assert shop.ask(shop.reversal("R1", "K1")).approved
    assert shop.transaction("K1").state is State.REVERSED
    assert shop.ask(shop.reversal("R2", "V1")).approved
    assert shop.balance("a-visa") == 100_000


def test_a_refund_comes_back_only_if_its_sale_covers_it(shop: Shop) -> None:
    """INV-21, INV-44: an amount above what is left."""
    shop.ask(shop.purchase())
    shop.ask(shop.follower(Kind.REFUND, "F1", minor=700))
    shop.ask(void(shop, of="F1"))
    shop.ask(shop.follower(Kind.REFUND, "F2", minor=400))
    assert shop.ask(shop.reversal("R1", "V1")).reason is Reason.AMOUNT_INVALID
    assert shop.remedy
    shop.ask(shop.reversal("R2", "F2"))
    assert shop.ask(shop.reversal("R3", "V1")).approved
    assert shop.transaction("K1").refunded_minor == 700


def test_the_day_is_discounted_and_counted_again(shop: Shop) -> None:
    """What was voided on the same day can be spent again."""
    shop.change(Card, "token-0010", daily_limit_minor=1_500)
    shop.ask(shop.purchase())
    shop.ask(void(shop))
    assert shop.ask(shop.purchase("K2")).approved
    shop.ask(void(shop, "V2", "K2"))
    shop.ask(shop.reversal("R1", "V1"))
    card = shop.store[Key("card", "token-0010")]
    assert isinstance(card, Card)
    assert (card.day_spent_minor, card.day_count) == (1_000, 1)


def test_a_tipped_sale_goes_with_its_tip(shop: Shop) -> None:
    """Either amount may be stated; restored, it has its tip again."""
    shop.settings = replace(shop.settings, authorization=Authorization())
    shop.ask(shop.purchase())
    shop.ask(shop.follower(Kind.TIP_ADJUST, "A1", minor=1_200))
    assert shop.ask(void(shop, minor=1_200)).approved
    assert shop.balance("a-visa") == 100_000
    shop.ask(shop.reversal("R1", "V1"))
    assert shop.balance("merchant:M1:840") == 1_200
    shop.ask(void(shop, "V2", minor=1_000))
    shop.ask(shop.reversal("R2", "A1"))
    shop.ask(shop.reversal("R3", "V2"))
    assert shop.balance("merchant:M1:840") == 1_000
