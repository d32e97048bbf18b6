"""What became of an answer, and what a restart makes of it."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from switch.model.copies import replace
from switch.model.records import Terminal
from switch.model.words import Delivery, Flow, Kind, Reason, State
from tests.core.closing import HYPERCOM, close

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.conftest import Shop

PENDING, FAILED, UNKNOWN, SENT = (
    Delivery.PENDING,
    Delivery.FAILED,
    Delivery.UNKNOWN,
    Delivery.SENT,
)


def test_an_answer_is_pending_until_reported(shop: Shop) -> None:
    """INV-23."""
    shop.ask(shop.purchase())
    assert shop.transaction("K1").delivery is PENDING
    shop.deliver("K1", SENT)
    assert shop.transaction("K1").delivery is SENT


def test_knowledge_only_grows(another_shop: Callable[[], Shop]) -> None:
    """INV-23: reports of several copies, in every order, end in the best that is known."""
    for order in permutations((FAILED, UNKNOWN, SENT)):
        shop = another_shop()
        shop.ask(shop.purchase())
        best = PENDING
        for delivery in order:
            shop.deliver("K1", delivery)
            best = max(best, delivery, key=(PENDING, FAILED, UNKNOWN, SENT).index)
            assert shop.transaction("K1").delivery is best


def test_a_report_that_tells_nothing_new_writes_nothing(shop: Shop) -> None:
    """No row of the journal for it."""
    shop.ask(shop.purchase())
    shop.deliver("K1", SENT)
    assert shop.deliver("K1", FAILED).records == ()


@pytest.mark.parametrize("reverses", [False, True])
def test_why_an_answer_could_not_be_sent_is_kept(shop: Shop, reverses: bool) -> None:
    """For explain; until a repeat has the answer, for then it was delivered."""
    shop.policy = replace(shop.policy, failed_delivery_reverses=reverses)
    shop.ask(shop.purchase())
    shop.deliver("K1", FAILED, "field 64: longer than 8")
    assert shop.transaction("K1").undelivered == "field 64: longer than 8"
    shop.deliver("K1", SENT)
    assert shop.transaction("K1").undelivered == ""


def test_a_delivery_that_may_have_succeeded_has_no_such_reason(shop: Shop) -> None:
    """Nothing is kept with the answers that get through."""
    shop.ask(shop.purchase())
    shop.deliver("K1", UNKNOWN, "whatever")
    assert shop.transaction("K1").undelivered == ""


def test_a_failed_delivery_is_held_by_default(shop: Shop) -> None:
    """INV-23: the approval stands until the terminal speaks."""
    first = shop.ask(shop.purchase())
    shop.deliver("K1", FAILED)
    assert shop.balance("a-visa") == 99_000
    assert shop.ask(shop.purchase()) == first


@pytest.mark.parametrize("captures", [True, False])
def test_a_failed_delivery_is_reversed_once_where_the_dialect_chooses_so(
    shop: Shop, captures: bool
) -> None:
    """INV-23: undone in one decision; a repeat is then declined, INV-02's one exception."""
    shop.policy = replace(shop.policy, failed_delivery_reverses=True)
    shop.ask(shop.purchase(captures=captures))
    shop.deliver("K1", FAILED)
    assert (shop.balance("a-visa"), shop.held("a-visa")) == (100_000, 0)
    assert shop.transaction("K1").state is State.REVERSED
    assert shop.transaction("K1").trail[-1].name == "delivery"
    assert shop.deliver("K1", FAILED).records == ()
    again = [shop.ask(shop.purchase(captures=captures)) for _ in range(2)]
    assert {answer.reason for answer in again} == {Reason.ALREADY_REVERSED}
    assert shop.ask(shop.reversal()).reason is Reason.APPROVED
    assert shop.balance("a-visa") == 100_000


def test_what_was_taken_back_stays_no_item_when_the_decline_arrives(shop: Shop) -> None:
    """INV-51, INV-53: the batch is counted without it, whatever becomes of later answers."""
    shop.policy = replace(shop.policy, failed_delivery_reverses=True, totals="hypercom-63")
    shop.ask(shop.purchase())
    shop.deliver("K1", FAILED)
    assert not shop.ask(shop.purchase()).approved
    shop.deliver("K1", SENT)
    assert close(shop, "C1", HYPERCOM.format(0, 0)).approved
    assert (shop.balance("merchant:M1:840"), shop.balance("payable:M1:840")) == (0, 0)


def test_a_repeat_under_way_keeps_a_failure_from_reversing(shop: Shop) -> None:
    """M-25 with a dead connection: the other copy of the approval may have got through."""
    shop.policy = replace(shop.policy, failed_delivery_reverses=True)
    first = shop.ask(shop.purchase())
    assert shop.ask(shop.purchase()) == first
    shop.deliver("K1", FAILED)
    assert shop.balance("a-visa") == 99_000
    shop.deliver("K1", SENT)
    assert shop.transaction("K1").delivery is SENT


@pytest.mark.parametrize("delivery", [UNKNOWN, SENT])
def test_what_may_have_arrived_is_never_reversed(shop: Shop, delivery: Delivery) -> None:
    """INV-23: a reset after the first byte proves nothing."""
    shop.policy = replace(shop.policy, failed_delivery_reverses=True)
    shop.ask(shop.purchase())
    shop.deliver("K1", delivery)
    shop.deliver("K1", FAILED)
    assert shop.balance("a-visa") == 99_000


def test_declines_advices_and_reversals_have_nothing_to_reverse(shop: Shop) -> None:
    """Only an approval of a demand can be taken back for want of delivery."""
    shop.policy = replace(shop.policy, failed_delivery_reverses=True)
    shop.ask(shop.purchase("K1", 200_000))
    shop.ask(shop.purchase("K2", flow=Flow.ADVICE))
    shop.ask(shop.reversal("R1", "K2"))
    for key in ("K1", "K2", "R1"):
        shop.deliver(key, FAILED)
        assert shop.transaction(key).delivery is FAILED
    assert shop.balance("a-visa") == 100_000


def test_after_a_restart_a_pending_delivery_is_unknown_and_held(shop: Shop) -> None:
    """S-01, P-04: recovery is an event; the approval stands and a repeat gets it."""
    shop.policy = replace(shop.policy, failed_delivery_reverses=True)
    first = shop.ask(shop.purchase())
    shop.recover("K1")
    assert shop.transaction("K1").delivery is UNKNOWN
    assert shop.balance("a-visa") == 99_000
    assert shop.ask(shop.purchase()) == first
    assert shop.recover("K1").records == ()


def test_a_notification_has_no_delivery_to_wait_for(shop: Shop) -> None:
    """Recovery has nothing to look at."""
    shop.decide(shop.arrived(shop.purchase(flow=Flow.NOTIFICATION)))
    assert shop.transaction("K1").delivery is SENT


def test_what_somebody_acted_upon_was_heard_of(shop: Shop) -> None:
    """INV-23: a terminal that completes, refunds or tips knows of the approval."""
    shop.policy = replace(shop.policy, failed_delivery_reverses=True)
    shop.ask(shop.purchase("K1", kind=Kind.PREAUTH, captures=False))
    shop.ask(shop.follower(Kind.COMPLETION, "C1", "K1", minor=100, final=False))
    shop.ask(shop.purchase("K2", kind=Kind.PREAUTH, captures=False))
    shop.ask(shop.follower(Kind.INCREMENT, "I2", "K2", minor=100))
    shop.ask(shop.purchase("K3"))
    shop.ask(shop.follower(Kind.REFUND, "F3", "K3", minor=100))
    shop.ask(shop.purchase("K4"))
    shop.ask(shop.follower(Kind.TIP_ADJUST, "A4", "K4", minor=1_100))
    before = {name: shop.balance(name) for name in ("a-visa", "merchant:M1:840")}
    for key in ("K1", "K2", "K3", "K4"):
        shop.deliver(key, FAILED)
        assert shop.transaction(key).delivery is FAILED
    assert before == {name: shop.balance(name) for name in before}
    assert shop.held("a-visa") == 2_000


def test_what_is_in_a_closed_batch_stays(shop: Shop) -> None:
    """INV-51: the terminal has closed its batch since; the totals of that one do not change."""
    shop.policy = replace(shop.policy, failed_delivery_reverses=True)
    shop.ask(shop.purchase())
    shop.change(Terminal, "T1", batch_number=2)
    shop.deliver("K1", FAILED)
    assert shop.balance("a-visa") == 99_000
    assert shop.transaction("K1").delivery is FAILED


@pytest.mark.parametrize(
    ("kind", "minor"),
    [
        (Kind.VOID, None),
        (Kind.REFUND, 400),
        (Kind.TIP_ADJUST, 1_100),
        (Kind.INCREMENT, 400),
        (Kind.COMPLETION, 400),
    ],
)
def test_followers_of_which_no_byte_left_are_undone(
    shop: Shop, kind: Kind, minor: int | None
) -> None:
    """INV-23: as if they had not come; a repeat is declined."""
    shop.policy = replace(shop.policy, failed_delivery_reverses=True)
    held = kind in (Kind.INCREMENT, Kind.COMPLETION)
    shop.ask(shop.purchase(captures=not held))
    shop.deliver("K1", SENT)
    before = (shop.balance("a-visa"), shop.held("a-visa"), shop.transaction("K1").state)
    request = shop.follower(kind, "F1", minor=minor)
    assert shop.ask(request).approved
    shop.deliver("F1", FAILED)
    after = (shop.balance("a-visa"), shop.held("a-visa"), shop.transaction("K1").state)
    assert after == before
    assert shop.transaction("F1").state is State.REVERSED
    assert shop.ask(request).reason is Reason.ALREADY_REVERSED
