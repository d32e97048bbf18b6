"""What was authorized is captured, and its hold resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.model.copies import replace
from switch.model.records import Card, Key
from switch.model.request import Request
from switch.model.settings import Authorization
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money
from switch.values import Pan

if TYPE_CHECKING:
    from tests.core.conftest import Shop

POOR = "4000000000009995"
FLOWS = [Flow.REQUEST, Flow.ADVICE]


def preauth(shop: Shop, minor: int = 1_000, **more: Any) -> None:
    """An authorization that holds."""
    assert shop.ask(shop.purchase("K1", minor, kind=Kind.PREAUTH, captures=False, **more)).approved


def done(shop: Shop, minor: int, key: str = "C1", **more: Any) -> Request:
    """A completion of it."""
    return shop.follower(Kind.COMPLETION, key, minor=minor, **more)


def books(shop: Shop, account: str = "a-visa") -> tuple[int, int, int]:
    """The card's balance and holds, the merchant's balance."""
    return shop.balance(account), shop.held(account), shop.balance("merchant:M1:840")


def counted(shop: Shop) -> tuple[int, int]:
    """The card's counters of the day."""
    card = shop.store[Key("card", "token-0010")]
    assert isinstance(card, Card)
    return card.day_spent_minor, card.day_count


@pytest.mark.parametrize("flow", FLOWS)
def test_below_at_and_above(shop: Shop, flow: Flow) -> None:
    """M-30: above: 61, the hold as it was; below: the rest is released."""
    preauth(shop)
    assert shop.ask(done(shop, 1_001, "C0", flow=flow)).reason is Reason.LIMIT_EXCEEDED
    assert shop.remedy == "at most 10.00 USD"
    assert books(shop) == (100_000, 1_000, 0)
    assert shop.ask(done(shop, 600, flow=flow)).approved
    assert books(shop) == (99_400, 0, 600)
    first = shop.transaction("K1")
    assert (first.state, first.completed_minor) == (State.COMPLETED, 600)
    assert shop.hold("K1").state == "completed"
    kept = shop.transaction("C1")
    assert kept.original_key == "K1"
    assert kept.batch == "T1|000001"
    assert kept.settlement_date == shop.business_date
    assert kept.answer.approval_code == first.answer.approval_code


def test_at_the_amount_nothing_is_left(shop: Shop) -> None:
    """M-30."""
    preauth(shop)
    assert shop.ask(done(shop, 1_000)).approved
    assert books(shop) == (99_000, 0, 1_000)


def test_the_tolerance_is_the_configurations(shop: Shop) -> None:
    """INV-42: so much more than was authorized, and not a cent beyond."""
    shop.settings = replace(
        shop.settings, authorization=Authorization(completion_tolerance_bp=1_500)
    )
    preauth(shop)
    assert shop.ask(done(shop, 1_151)).reason is Reason.LIMIT_EXCEEDED
    assert shop.ask(done(shop, 1_150, "C2")).approved
    assert books(shop) == (98_850, 0, 1_150)


def test_what_is_beyond_the_hold_must_be_there(shop: Shop) -> None:
    """INV-40: a demand is refused; what has happened goes to suspense, and says so."""
    tolerant = Authorization(completion_tolerance_bp=2_000)
    shop.settings = replace(shop.settings, authorization=tolerant)
    preauth(shop, 900, pan=POOR)
    assert shop.ask(done(shop, 1_001)).reason is Reason.FUNDS_INSUFFICIENT
    assert shop.remedy == "at most 10.00 USD"
    assert shop.ask(done(shop, 1_001, "C2", flow=Flow.ADVICE)).approved
    assert "on suspense" in shop.trail["completion"][1]
    assert shop.balance("suspense:840") == -1_001
    assert books(shop, "a-poor") == (1_000, 0, 1_001)
    assert shop.ask(shop.reversal("R1", "C2")).approved
    assert books(shop, "a-poor") == (1_000, 900, 0)
    assert shop.balance("suspense:840") == 0


@pytest.mark.parametrize("flow", FLOWS)
def test_a_second_completion_is_a_duplicate(shop: Shop, flow: Flow) -> None:
    """M-31: no effect, whatever its amount."""
    preauth(shop)
    shop.ask(done(shop, 600))
    before = books(shop)
    assert shop.ask(done(shop, 100, "C2", flow=flow)).reason is Reason.DUPLICATE
    assert shop.remedy
    assert books(shop) == before


@pytest.mark.parametrize("flow", FLOWS)
def test_of_a_reversed_authorization(shop: Shop, flow: Flow) -> None:
    """M-31: already.reversed, no effect; of a voided one too."""
    preauth(shop)
    shop.ask(shop.reversal())
    assert shop.ask(done(shop, 100, flow=flow)).reason is Reason.ALREADY_REVERSED
    shop.ask(shop.purchase("K2", kind=Kind.PREAUTH, captures=False))
    shop.ask(shop.follower(Kind.VOID, "V1", "K2"))
    assert shop.ask(done(shop, 1, "C2", of="K2", flow=flow)).reason is Reason.ALREADY_REVERSED
    assert books(shop) == (100_000, 0, 0)


@pytest.mark.parametrize("looked", [True, False])
def test_a_demand_after_expiry_is_refused(shop: Shop, looked: bool) -> None:
    """M-31, INV-43: hold.expired, no effect, whether its timer has looked or not."""
    preauth(shop)
    shop.wall_us = shop.hold("K1").expires_us
    if looked:
        shop.fire("K1")
    before = books(shop)
    assert shop.ask(done(shop, 100)).reason is Reason.HOLD_EXPIRED
    assert shop.remedy
    assert books(shop) == before


@pytest.mark.parametrize("looked", [True, False])
@pytest.mark.parametrize("flow", FLOWS)
def test_expiry_after_a_part_was_completed(shop: Shop, flow: Flow, looked: bool) -> None:
    """M-31, INV-43: whether its timer has looked or not makes no difference to the next part."""
    preauth(shop)
    shop.ask(done(shop, 300, final=False))
    shop.wall_us = shop.hold("K1").expires_us
    if looked:
        shop.fire("K1")
    told = flow is Flow.ADVICE
    answer = shop.ask(done(shop, 200, "C2", flow=flow, final=False))
    assert answer.reason is (Reason.APPROVED if told else Reason.HOLD_EXPIRED)
    assert books(shop) == ((99_500, 0, 500) if told else (99_700, 0 if looked else 700, 300))
    assert shop.ask(done(shop, 600, "C3", flow=flow)).approved is False


@pytest.mark.parametrize("looked", [True, False])
@pytest.mark.parametrize("spent", [True, False])
def test_an_advice_after_expiry_is_a_new_decision(shop: Shop, looked: bool, spent: bool) -> None:
    """INV-43: never a silent posting: on the card if it can bear it, else on suspense, and told."""
    preauth(shop, pan=POOR)
    shop.wall_us = shop.hold("K1").expires_us
    if looked:
        shop.fire("K1")
        if spent:
            shop.ask(shop.purchase("K2", 500, POOR, merchant_id="M1"))
    spent = spent and looked
    held = (shop.balance("a-poor"), shop.balance("merchant:M1:840"))
    assert shop.ask(done(shop, 600, flow=Flow.ADVICE)).approved
    assert "completion.after_expiry" in shop.told
    assert "new decision" in shop.trail["expiry"][1]
    assert shop.balance("suspense:840") == (-600 if spent else 0)
    assert shop.balance("a-poor") == held[0] - (0 if spent else 600)
    assert shop.balance("merchant:M1:840") == held[1] + 600
    assert (shop.hold("K1").state, shop.held("a-poor")) == ("expired", 0)
    assert shop.transaction("K1").state is State.COMPLETED
    again = done(shop, 1, "C2", flow=Flow.ADVICE)
    assert shop.ask(again).reason is Reason.DUPLICATE
    assert shop.ask(shop.reversal("R1", "C1")).approved
    assert (shop.balance("a-poor"), shop.held("a-poor")) == (held[0], 0)
    assert shop.transaction("K1").state is State.EXPIRED


def test_an_advice_after_expiry_stays_within_what_was_authorized(shop: Shop) -> None:
    """M-30: expiry makes nothing larger."""
    preauth(shop)
    shop.wall_us = shop.hold("K1").expires_us
    answer = shop.ask(done(shop, 1_001, flow=Flow.ADVICE))
    assert answer.reason is Reason.LIMIT_EXCEEDED


def test_parts_add_up_to_what_was_authorized(shop: Shop) -> None:
    """INV-42: the hold keeps the rest until the final one, or until nothing is left."""
    preauth(shop)
    assert shop.ask(done(shop, 300, final=False)).approved
    assert books(shop) == (99_700, 700, 300)
    assert shop.transaction("K1").state is State.APPROVED
    assert shop.ask(done(shop, 701, "C2")).reason is Reason.LIMIT_EXCEEDED
    assert shop.ask(done(shop, 200, "C3", final=False)).approved
    assert shop.ask(done(shop, 100, "C4")).approved
    assert books(shop) == (99_400, 0, 600)
    assert shop.transaction("K1").completed_minor == 600


def test_the_last_part_resolves_the_hold_though_more_was_announced(shop: Shop) -> None:
    """INV-42: nothing is left to hold."""
    preauth(shop)
    shop.ask(done(shop, 400, final=False))
    assert shop.ask(done(shop, 600, "C2", final=False)).approved
    assert shop.hold("K1").state == "completed"
    assert shop.ask(done(shop, 1, "C3", final=False)).reason is Reason.DUPLICATE


def test_increments_can_be_completed(shop: Shop) -> None:
    """INV-42: pre-authorized and increments, at once."""
    preauth(shop)
    shop.ask(shop.follower(Kind.INCREMENT, "I1", minor=500))
    assert shop.ask(done(shop, 1_501)).reason is Reason.LIMIT_EXCEEDED
    assert shop.ask(done(shop, 1_500, "C2")).approved
    assert books(shop) == (98_500, 0, 1_500)


def test_a_part_that_was_reversed_cannot_be_completed(shop: Shop) -> None:
    """INV-26, INV-42: the authorization is what remains of it."""
    preauth(shop)
    shop.ask(shop.reversal("R1", amount_remaining=Money(400, "840")))
    assert shop.ask(done(shop, 401)).reason is Reason.LIMIT_EXCEEDED
    assert shop.ask(done(shop, 400, "C2")).approved


def test_a_partial_approval_can_be_completed_as_far_as_it_went(shop: Shop) -> None:
    """INV-42: not up to what was asked for."""
    preauth(shop, 5_000, pan=POOR, partial_capable=True)
    assert shop.ask(done(shop, 1_001)).reason is Reason.LIMIT_EXCEEDED
    assert shop.ask(done(shop, 1_000, "C2")).approved


def test_its_reversal_opens_the_hold_again(shop: Shop) -> None:
    """INV-20: what resolved the hold did not happen, so it can be completed still."""
    preauth(shop)
    shop.ask(done(shop, 600))
    assert shop.ask(shop.reversal("R1", "C1")).approved
    assert books(shop) == (100_000, 1_000, 0)
    assert (shop.hold("K1").state, shop.transaction("K1").state) == ("open", State.APPROVED)
    assert shop.transaction("K1").completed_minor == 0
    assert [effect for effect in shop.last.effects if "SetTimer" in type(effect).__name__]
    assert shop.ask(done(shop, 700, "C2")).approved
    assert books(shop) == (99_300, 0, 700)


def test_the_hold_is_opened_again_with_what_is_there(shop: Shop) -> None:
    """INV-40: the cardholder has spent what was released, so not all can be set aside again."""
    preauth(shop, pan=POOR)
    shop.ask(done(shop, 600))
    shop.ask(shop.purchase("K2", 300, POOR))
    assert shop.ask(shop.reversal("R1", "C1")).approved
    assert books(shop, "a-poor") == (700, 700, 300)
    assert shop.ask(done(shop, 701, "C2")).reason is Reason.FUNDS_INSUFFICIENT
    assert shop.ask(done(shop, 700, "C3")).approved


@pytest.mark.parametrize("order", [("C1", "C2"), ("C2", "C1")])
def test_parts_are_reversed_in_any_order(shop: Shop, order: tuple[str, str]) -> None:
    """INV-20, INV-42: the final one has resolved the hold as long as it stands itself."""
    preauth(shop)
    shop.ask(done(shop, 300, "C1", final=False))
    shop.ask(done(shop, 200, "C2"))
    assert shop.ask(shop.reversal("R1", order[0])).approved
    held = {"C1": 0, "C2": 700}[order[0]]
    assert shop.held("a-visa") == held
    assert shop.ask(shop.reversal("R2", order[1])).approved
    assert books(shop) == (100_000, 1_000, 0)


def test_a_partial_reversal_leaves_the_hold_resolved(shop: Shop) -> None:
    """INV-26, INV-42: less was captured, and it was captured."""
    preauth(shop)
    shop.ask(done(shop, 600))
    assert shop.ask(shop.reversal("R1", "C1", amount_remaining=Money(250, "840"))).approved
    assert books(shop) == (99_750, 0, 250)
    assert shop.transaction("K1").completed_minor == 250
    assert shop.ask(shop.reversal("R2", "C1")).approved
    assert books(shop) == (100_000, 1_000, 0)


def test_a_reversed_authorization_is_not_brought_back(shop: Shop) -> None:
    """INV-20: both were reversed, in either order: nothing is left."""
    preauth(shop)
    shop.ask(done(shop, 600))
    assert shop.ask(shop.reversal("R1")).approved
    assert books(shop) == (99_400, 0, 600)
    assert shop.ask(shop.reversal("R2", "C1")).approved
    assert books(shop) == (100_000, 0, 0)


def test_after_its_time_the_hold_stays_gone(shop: Shop) -> None:
    """INV-43: a reversal lets nothing live longer."""
    preauth(shop)
    shop.ask(done(shop, 600))
    shop.wall_us = shop.hold("K1").expires_us
    assert shop.ask(shop.reversal("R1", "C1")).approved
    assert books(shop) == (100_000, 0, 0)
    assert shop.transaction("K1").state is State.EXPIRED


def test_an_advice_without_authorization_is_a_sale_made_off_line(shop: Shop) -> None:
    """It has happened: posted like any advice; a demand is refused with 25."""
    told = done(shop, 600, original="", flow=Flow.ADVICE, pan=Pan(POOR))
    assert shop.ask(told).approved
    assert books(shop, "a-poor") == (400, 0, 600)
    told = done(shop, 600, "C2", original="ref-none", flow=Flow.ADVICE, pan=Pan(POOR))
    assert shop.ask(told).approved
    assert shop.balance("suspense:840") == -600
    asked = done(shop, 1, "C3", original="ref-none", pan=Pan(POOR))
    assert shop.ask(asked).reason is Reason.NOT_FOUND
    assert shop.ask(shop.reversal("R1", "C2")).approved
    assert shop.balance("suspense:840") == 0


def test_an_authorization_that_was_only_told_and_not_held(shop: Shop) -> None:
    """Nothing is set aside, so its completion is a new decision as after expiry."""
    shop.ask(shop.purchase("K1", 5_000, POOR, captures=False, flow=Flow.ADVICE))
    assert shop.ask(done(shop, 700)).reason is Reason.HOLD_EXPIRED
    assert shop.last.trail[-1].said == "nothing was held for it"
    assert shop.ask(done(shop, 700, "C2", flow=Flow.ADVICE)).approved
    assert books(shop, "a-poor") == (300, 0, 700)


def test_a_captured_sale_cannot_be_completed(shop: Shop) -> None:
    """It holds nothing."""
    shop.ask(shop.purchase())
    assert shop.ask(done(shop, 100)).reason is Reason.TRANSACTION_INVALID
    assert shop.remedy


def test_the_day_counts_what_is_captured(shop: Shop) -> None:
    """What was released can be spent again on the same day; reversed, it is held again."""
    shop.change(Card, "token-0010", daily_limit_minor=1_500)
    preauth(shop)
    shop.ask(done(shop, 600))
    assert counted(shop) == (600, 1)
    shop.ask(shop.reversal("R1", "C1"))
    assert counted(shop) == (1_000, 1)


def test_the_card_is_not_asked_again(shop: Shop) -> None:
    """Its money was set aside: blocked since, or without a cent beside, it is completed."""
    preauth(shop, pan=POOR)
    shop.change(Card, "token-9995", status="blocked")
    assert shop.ask(done(shop, 1_000)).approved
    assert books(shop, "a-poor") == (0, 0, 1_000)
