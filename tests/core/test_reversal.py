"""Reversals: once, in any order with their originals, always answered."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from switch.core.case import ImpossibleEvent
from switch.core.reversal import NAMED_LIMIT
from switch.model.copies import replace
from switch.model.records import Card, Hold, Key, Reference, Terminal, Transaction
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money
from switch.values import Pan

if TYPE_CHECKING:
    from tests.core.conftest import Shop

POOR = "4000000000009995"


def test_a_reversal_and_two_repeats_of_it(shop: Shop) -> None:
    """M-26, INV-61: 00 each time, undone once, by a posting that names what it corrects."""
    shop.ask(shop.purchase())
    request = shop.reversal()
    answers = [shop.ask(request) for _ in range(3)]
    assert {answer.reason for answer in answers} == {Reason.APPROVED}
    assert answers[0] == answers[1] == answers[2]
    assert shop.balance("a-visa") == 100_000
    assert shop.balance("merchant:M1:840") == 0
    purchase, correction = shop.postings
    assert correction.corrects == purchase.id
    assert shop.transaction("K1").state is State.REVERSED
    assert shop.transaction("K1").amount_open == Money(0, "840")


def test_a_second_reversal_with_a_key_of_its_own(shop: Shop) -> None:
    """INV-21: 0420 after 0400 is answered and has no further effect."""
    shop.ask(shop.purchase())
    shop.ask(shop.reversal("R1"))
    assert shop.ask(shop.reversal("R2", flow=Flow.ADVICE)).reason is Reason.APPROVED
    assert shop.balance("a-visa") == 100_000
    assert len(shop.postings) == 2


def test_an_original_that_comes_after_its_reversal(shop: Shop) -> None:
    """M-27, INV-22: 00 and a tombstone; then the original is declined without effect."""
    answer = shop.ask(shop.reversal(flow=Flow.ADVICE))
    assert answer.reason is Reason.APPROVED_NO_ORIGINAL
    tomb = shop.store[Key("reference", "ref-K1")]
    assert isinstance(tomb, Reference)
    assert tomb.is_tombstone
    assert shop.ask(shop.purchase()).reason is Reason.REVERSED_BEFORE_SEEN
    assert shop.ask(shop.purchase()).reason is Reason.REVERSED_BEFORE_SEEN
    assert shop.postings == []
    assert shop.ask(shop.reversal("R2")).reason is Reason.APPROVED


def test_an_advised_original_is_held_up_by_a_tombstone_too(shop: Shop) -> None:
    """INV-20: whatever the original is."""
    shop.ask(shop.reversal())
    answer = shop.ask(shop.purchase(flow=Flow.ADVICE))
    assert answer.reason is Reason.REVERSED_BEFORE_SEEN
    assert shop.postings == []


def test_a_dialect_may_answer_otherwise_for_a_missing_original(shop: Shop) -> None:
    """INV-22: 25 instead of 00, with the same tombstone."""
    shop.policy = replace(shop.policy, missing_original="not_found")
    assert shop.ask(shop.reversal()).reason is Reason.NOT_FOUND
    assert shop.ask(shop.purchase()).reason is Reason.REVERSED_BEFORE_SEEN


@pytest.mark.parametrize("captures", [True, False])
def test_any_order_of_any_number_of_messages(
    another_shop: Callable[[], Shop], captures: bool
) -> None:
    """INV-20: purchase twice, reversal twice, another reversal, in every order: net effect zero."""
    for order in sorted(set(permutations(("K1", "K1", "R1", "R1", "R2")))):
        shop = another_shop()
        for key in order:
            if key == "K1":
                shop.ask(shop.purchase(captures=captures))
            else:
                assert shop.ask(shop.reversal(key)).approved
        assert shop.balance("a-visa") == 100_000, order
        assert shop.held("a-visa") == 0 if not captures else True, order
        assert sum(shop.balance(name) for name in ("a-visa", "merchant:M1:840")) == 100_000


def test_a_declined_original_needs_no_undoing(shop: Shop) -> None:
    """INV-21: yes, and no effect."""
    shop.ask(shop.purchase(minor=2_000, pan=POOR))
    assert shop.ask(shop.reversal()).reason is Reason.APPROVED
    assert shop.postings == []
    assert shop.transaction("K1").state is State.DECLINED


def test_a_hold_is_released_once(shop: Shop) -> None:
    """INV-42: reversed is a final state of a hold."""
    shop.ask(shop.purchase(captures=False))
    shop.ask(shop.reversal())
    hold = shop.store[Key("hold", "K1")]
    assert isinstance(hold, Hold)
    assert (hold.state, hold.amount_minor) == ("reversed", 0)
    assert shop.held("a-visa") == 0


def test_an_advice_is_reversed_where_it_was_posted(shop: Shop) -> None:
    """From suspense, for that is who bore it."""
    shop.ask(shop.purchase(minor=5_000, pan=POOR, flow=Flow.ADVICE))
    assert shop.ask(shop.reversal()).approved
    assert shop.balance("suspense:840") == 0
    assert shop.balance("a-poor") == 1_000


def test_partial_reversals_leave_what_they_say(shop: Shop) -> None:
    """M-29, INV-26: the rest equals what was stated; a third that would raise it is refused."""
    shop.ask(shop.purchase())
    assert shop.ask(shop.reversal("R1", amount_remaining=Money(600, "840"))).approved
    assert shop.transaction("K1").state is State.PARTLY_REVERSED
    assert shop.balance("a-visa") == 99_400
    assert shop.ask(shop.reversal("R2", amount_remaining=Money(250, "840"))).approved
    assert shop.balance("merchant:M1:840") == 250
    answer = shop.ask(shop.reversal("R3", amount_remaining=Money(251, "840")))
    assert answer.reason is Reason.AMOUNT_INVALID
    assert shop.balance("merchant:M1:840") == 250
    assert shop.ask(shop.reversal("R4")).approved
    assert shop.balance("a-visa") == 100_000


def test_a_hold_is_lessened_by_a_partial_reversal(shop: Shop) -> None:
    """INV-41: the hold is what is left of the authorization."""
    shop.ask(shop.purchase(captures=False))
    shop.ask(shop.reversal(amount_remaining=Money(400, "840")))
    hold = shop.store[Key("hold", "K1")]
    assert isinstance(hold, Hold)
    assert (hold.state, hold.amount_minor) == ("open", 400)
    assert shop.held("a-visa") == 400


@pytest.mark.parametrize("remaining", [Money(1_001, "840"), Money(-1, "840"), Money(10, "978")])
def test_what_cannot_remain_is_refused(shop: Shop, remaining: Money) -> None:
    """M-29: 13, no effect."""
    shop.ask(shop.purchase())
    answer = shop.ask(shop.reversal(amount_remaining=remaining))
    assert answer.reason is Reason.AMOUNT_INVALID
    assert shop.balance("a-visa") == 99_000


@pytest.mark.parametrize("amount", [Money(1_001, "840"), Money(1_000, "978")])
def test_more_than_was_approved_cannot_be_taken_back(shop: Shop, amount: Money) -> None:
    """INV-21: the one business reason, 13."""
    shop.ask(shop.purchase())
    assert shop.ask(shop.reversal(amount=amount)).reason is Reason.AMOUNT_INVALID
    assert shop.balance("a-visa") == 99_000


def test_a_reversal_with_another_card_is_not_of_this_purchase(shop: Shop) -> None:
    """Another cardholder's purchase is never undone."""
    shop.ask(shop.purchase())
    assert shop.ask(shop.reversal(pan=Pan(POOR))).reason is Reason.NOT_FOUND
    assert shop.ask(shop.reversal("R2", pan=Pan("4761739001010010"))).reason is Reason.APPROVED


def test_a_reversal_must_say_of_what(shop: Shop) -> None:
    """Without a reference there is nothing to undo and nothing to remember."""
    assert shop.ask(shop.request(Kind.REVERSAL, "R1")).reason is Reason.FORMAT_ERROR
    assert shop.last.records == ()


def test_many_reversals_do_not_make_a_record_grow(shop: Shop) -> None:
    """INV-95: the first few names are kept; every one is answered."""
    for number in range(NAMED_LIMIT + 3):
        assert shop.ask(shop.reversal(f"R{number}")).approved
    tomb = shop.store[Key("reference", "ref-K1")]
    assert isinstance(tomb, Reference)
    assert len(tomb.reversed_by) == NAMED_LIMIT
    assert shop.ask(shop.purchase()).reason is Reason.REVERSED_BEFORE_SEEN


def test_the_day_is_discounted(shop: Shop) -> None:
    """What was taken back on the same day can be spent again; another day counts anew."""
    shop.change(Card, "token-0010", daily_limit_minor=1_500)
    shop.ask(shop.purchase("K1"))
    shop.ask(shop.reversal("R1", "K1"))
    assert shop.ask(shop.purchase("K2")).approved
    shop.business_date = "20261125"
    shop.ask(shop.purchase("K3"))
    shop.ask(shop.reversal("R2", "K2"))
    assert shop.ask(shop.purchase("K4")).reason is Reason.LIMIT_EXCEEDED


def test_a_terminal_that_uses_a_reference_again_means_the_newer_one(shop: Shop) -> None:
    """A counter that wrapped: the reversal undoes the last purchase that bore the name."""
    shop.ask(shop.purchase("K1", 100))
    shop.ask(shop.purchase("K2", 10, reference="ref-K1"))
    assert shop.ask(shop.reversal("R1", "K1")).approved
    assert shop.balance("a-visa") == 99_900
    assert shop.transaction("K2").state is State.REVERSED


def test_a_reference_without_its_transaction_is_a_defect(shop: Shop) -> None:
    """INV-06: damaged data ends in no approval, not in a guess."""
    shop.put(Reference(id="ref-K1", transaction="LOST"))
    with pytest.raises(ImpossibleEvent, match="not there"):
        shop.decide(shop.arrived(shop.reversal()))


def test_after_the_close_it_counts_in_the_day_and_batch_in_which_it_happens(shop: Shop) -> None:
    """INV-50, INV-54: what was captured stays where it was, the closed day unchanged."""
    shop.ask(shop.purchase())
    shop.change(Terminal, "T1", batch_number=2)
    shop.business_date = "20261125"
    posted = shop.postings[0]
    assert shop.ask(shop.reversal()).approved
    sale, kept = shop.transaction("K1"), shop.transaction("R1")
    assert (sale.batch, sale.settlement_date) == ("T1|000001", "20261124")
    assert (kept.batch, kept.settlement_date) == ("T1|000002", "20261125")
    assert (kept.original_key, kept.undid) == ("K1", Kind.PURCHASE)
    assert shop.postings[0] == posted
    assert shop.postings[1].business_date == "20261125"


@pytest.mark.parametrize("state", [State.DECLINED, State.EXPIRED, State.REVERSED])
def test_what_holds_nothing_is_left_alone(shop: Shop, state: State) -> None:
    """INV-21: answered with yes; nothing of the original changes, and nothing was undone."""
    shop.ask(shop.purchase())
    shop.change(Transaction, "K1", state=state)
    before = shop.transaction("K1")
    assert shop.ask(shop.reversal()).approved
    assert shop.transaction("K1") == before
    assert shop.transaction("R1").undid is None


def test_a_follower_that_came_under_a_reversed_name_is_undone_too(shop: Shop) -> None:
    """INV-20: a repeat of a refund under another name, which a reversal had named before."""
    shop.ask(shop.purchase())
    request = shop.follower(Kind.REFUND, "F1", minor=400)
    shop.ask(request)
    shop.ask(shop.reversal("R1", "F2"))
    assert shop.ask(replace(request, reference="ref-F2")).approved
    assert shop.balance("a-visa") == 99_000
    assert shop.transaction("K1").refunded_minor == 0


def test_every_refusal_says_what_would_have_passed(shop: Shop) -> None:
    """For `explain`: the amounts that can be, or the card."""
    shop.ask(shop.purchase())
    refused = [
        shop.reversal("R1", amount_remaining=Money(1_001, "840")),
        shop.reversal("R2", amount=Money(1_001, "840")),
        shop.reversal("R3", pan=Pan(POOR)),
    ]
    for request in refused:
        assert not shop.ask(request).approved
        assert shop.remedy
