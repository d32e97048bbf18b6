"""Money that goes from the merchant back to the card."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.model.copies import replace
from switch.model.records import Terminal
from switch.model.request import Request
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money
from switch.values import Pan
from tests.core.conftest import OUTSIDER, POOR, STRANGER, VISA, Shop


def refund(shop: Shop, minor: int, key: str = "F1", of: str = "K1", **more: Any) -> Request:
    """A refund of it."""
    return shop.follower(Kind.REFUND, key, of, minor=minor, **more)


def unlinked(shop: Shop, minor: int, key: str = "F1", pan: str = VISA, **more: Any) -> Request:
    """A refund to a card, of no sale that it names."""
    return refund(shop, minor, key, original="", pan=Pan(pan), **more)


@pytest.mark.parametrize("captures", [True, False])
def test_of_a_sale(shop: Shop, captures: bool) -> None:
    """M-33, INV-50: it is captured, whatever its message says, in a batch of its own; the sale
    remembers it.
    """
    shop.ask(shop.purchase())
    shop.change(Terminal, "T1", batch_number=2)
    assert shop.ask(refund(shop, 400, captures=captures)).approved
    assert shop.balance("a-visa") == 99_400
    assert shop.balance("merchant:M1:840") == 600
    assert shop.transaction("K1").refunded_minor == 400
    assert shop.transaction("K1").batch == "T1|000001"
    kept = shop.transaction("F1")
    assert (kept.original_key, kept.batch, kept.captures) == ("K1", "T1|000002", True)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=8), st.sampled_from([600, 1_000]))
def test_refunds_add_up_to_what_was_captured_at_most(parts: list[int], left: int) -> None:
    """M-33, INV-44: refused beyond the sum, with 13; what was reversed of the sale is not
    refunded.
    """
    shop = Shop()
    shop.ask(shop.purchase())
    shop.ask(shop.reversal("R1", amount_remaining=Money(left, "840")))
    given_back = 0
    for number, minor in enumerate(parts):
        flow = Flow.ADVICE if number % 2 else Flow.REQUEST
        answer = shop.ask(refund(shop, minor, f"F{number}", flow=flow))
        assert answer.approved is (given_back + minor <= left)
        if answer.approved:
            given_back += minor
        else:
            assert answer.reason is Reason.AMOUNT_INVALID
            assert shop.remedy
    assert shop.balance("a-visa") == 100_000 - left + given_back


def test_of_a_completion_and_of_its_authorization(shop: Shop) -> None:
    """The completion captured; the authorization did not."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH, captures=False))
    assert shop.ask(refund(shop, 100, "F0")).reason is Reason.TRANSACTION_INVALID
    shop.ask(shop.follower(Kind.COMPLETION, "C1", minor=600))
    assert shop.ask(refund(shop, 100)).reason is Reason.TRANSACTION_INVALID
    assert shop.remedy == "a refund of its completion"
    assert shop.ask(refund(shop, 601, "F2", of="C1")).reason is Reason.AMOUNT_INVALID
    assert shop.ask(refund(shop, 600, "F3", of="C1")).approved


def test_a_tip_is_refunded_with_the_sale(shop: Shop) -> None:
    """INV-44: captured is what the sale came to in the end."""
    shop.ask(shop.purchase())
    shop.ask(shop.follower(Kind.TIP_ADJUST, "A1", minor=1_200))
    assert shop.ask(refund(shop, 1_200)).approved
    assert shop.ask(shop.reversal("R1", "A1")).reason is Reason.AMOUNT_INVALID
    assert shop.remedy


def test_what_was_taken_back_is_not_refunded(shop: Shop) -> None:
    """A voided, a reversed sale; nor is a refund."""
    shop.ask(shop.purchase("K1"))
    shop.ask(shop.follower(Kind.VOID, "V1", "K1"))
    assert shop.ask(refund(shop, 1)).reason is Reason.ALREADY_REVERSED
    shop.ask(shop.purchase("K2"))
    shop.ask(shop.reversal("R1", "K2"))
    assert shop.ask(refund(shop, 1, "F2", "K2")).reason is Reason.ALREADY_REVERSED
    shop.ask(unlinked(shop, 5, "F3"))
    assert shop.ask(refund(shop, 1, "F4", "F3")).reason is Reason.TRANSACTION_INVALID


def test_a_refund_of_what_suspense_bore_goes_to_suspense(shop: Shop) -> None:
    """The cardholder never paid it."""
    shop.ask(shop.purchase(minor=5_000, pan=POOR, flow=Flow.ADVICE))
    assert shop.ask(refund(shop, 5_000)).approved
    assert (shop.balance("a-poor"), shop.balance("suspense:840")) == (1_000, 0)


def test_without_a_sale(shop: Shop) -> None:
    """To the card that it names; the merchant may owe it."""
    assert shop.ask(unlinked(shop, 500)).approved
    assert shop.balance("a-visa") == 100_500
    assert shop.balance("merchant:M1:840") == -500
    assert shop.transaction("F1").original_key == ""
    assert shop.trail["original"] == (True, "none of ours")


def test_without_a_sale_the_card_must_be_one(shop: Shop) -> None:
    """A demand needs a card of ours; an advice of another one waits in suspense."""
    assert shop.ask(unlinked(shop, 5, "F1", STRANGER)).reason is Reason.CARD_UNKNOWN
    assert shop.ask(unlinked(shop, 5, "F2", OUTSIDER)).reason is Reason.PAN_NOT_TEST
    assert shop.ask(refund(shop, 5, "F3", original="")).reason is Reason.PAN_INVALID
    euros = unlinked(shop, 5, "F4", amount=Money(5, "978"))
    assert shop.ask(euros).reason is Reason.CURRENCY_UNSUPPORTED
    assert shop.remedy == "an amount in USD"
    assert shop.ask(unlinked(shop, 5, "F5", STRANGER, flow=Flow.ADVICE)).approved
    assert shop.balance("suspense:840") == 5


def test_a_sale_that_is_named_must_be_there(shop: Shop) -> None:
    """25 for a demand; an advice has happened, and is taken as one without a sale."""
    lost = shop.follower(Kind.REFUND, "F1", "nothing", minor=5, pan=Pan(VISA))
    assert shop.ask(lost).reason is Reason.NOT_FOUND
    told = shop.follower(Kind.REFUND, "F2", "nothing", minor=5, pan=Pan(VISA), flow=Flow.ADVICE)
    assert shop.ask(told).approved
    assert shop.balance("a-visa") == 100_005


def test_a_number_of_its_own_is_no_sale(shop: Shop) -> None:
    """A terminal that numbers all its messages names nothing by it."""
    assert shop.ask(unlinked(shop, 5, rrn="000000000009")).approved
    assert shop.transaction("F1").original_key == ""


def test_its_reversal_gives_it_back(shop: Shop) -> None:
    """INV-20: in whole or in part; the sale can be refunded by so much again."""
    shop.ask(shop.purchase())
    shop.ask(refund(shop, 400))
    assert shop.ask(shop.reversal("R1", "F1", amount_remaining=Money(150, "840"))).approved
    assert shop.balance("a-visa") == 99_150
    assert shop.transaction("K1").refunded_minor == 150
    assert shop.transaction("F1").state is State.PARTLY_REVERSED
    assert shop.ask(shop.reversal("R2", "F1")).approved
    assert shop.balance("a-visa") == 99_000
    assert shop.transaction("K1").refunded_minor == 0


def test_a_reversal_of_what_was_spent_comes_from_suspense(shop: Shop) -> None:
    """INV-21, INV-40: it is not refused, and no account passes its limit."""
    shop.ask(unlinked(shop, 500, pan=POOR))
    shop.ask(shop.purchase("K2", 1_400, POOR))
    assert shop.ask(shop.reversal("R1", "F1")).approved
    assert (shop.balance("a-poor"), shop.balance("suspense:840")) == (100, -500)
    assert shop.balance("merchant:M1:840") == 1_400


def test_a_sale_is_not_reversed_beyond_its_refunds(shop: Shop) -> None:
    """INV-21, INV-44: an amount above what is left; down to what was refunded it is."""
    shop.ask(shop.purchase())
    shop.ask(refund(shop, 400))
    assert shop.ask(shop.reversal("R1")).reason is Reason.AMOUNT_INVALID
    assert "4.00 USD" in shop.remedy
    assert shop.ask(shop.reversal("R2", amount_remaining=Money(400, "840"))).approved
    assert shop.balance("a-visa") == 100_000
    shop.ask(shop.reversal("R3", "F1"))
    assert shop.ask(shop.reversal("R4")).approved
    assert (shop.balance("a-visa"), shop.balance("merchant:M1:840")) == (100_000, 0)


def test_what_names_no_card_has_its_originals(shop: Shop) -> None:
    """A completion without a card is refunded to the card of its authorization, and to no other."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH))
    completion = shop.follower(Kind.COMPLETION, "C1", minor=1_000)
    first = shop.ask(completion)
    assert shop.transaction("C1").pan_token == "token-0010"
    assert shop.ask(refund(shop, 100, "F1", "C1", pan=Pan(POOR))).reason is Reason.NOT_FOUND
    assert shop.ask(refund(shop, 100, "F2", "C1", pan=Pan(VISA))).approved
    assert shop.ask(completion) == first
    other = replace(completion, pan=Pan(POOR))
    assert shop.ask(other).reason is Reason.DUPLICATE_MISMATCH
