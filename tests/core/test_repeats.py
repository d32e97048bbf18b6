"""Repeats are answered, not redone; the same key with other content is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.model.copies import replace
from switch.model.effects import Reply, SetTimer
from switch.model.records import Key, Reference, Terminal
from switch.model.words import Delivery, Flow, Kind, Reason, State
from switch.money import Money
from switch.values import Pan
from tests.core.closing import HYPERCOM, close

if TYPE_CHECKING:
    from tests.core.conftest import Shop

POOR = "4000000000009995"


@pytest.mark.parametrize("repeat", [False, True])
@pytest.mark.parametrize("minor", [1_000, 200_000])
def test_the_same_request_twice(shop: Shop, repeat: bool, minor: int) -> None:
    """M-22, M-23, INV-02, INV-11: equal answers, approval or decline; one effect."""
    request = shop.purchase(minor=minor)
    first = shop.ask(request)
    after = dict(shop.store)
    again = replace(request, repeat=repeat, message_type="0201" if repeat else "0200")
    assert shop.ask(again) == first
    assert shop.last.records == ()
    assert shop.store == after
    assert shop.trail["duplicate"] == (True, f"a repeat; answered as before: {first.reason}")


def test_a_repeat_hears_the_first_answer_whatever_has_become_of_the_terminal(shop: Shop) -> None:
    """INV-02: terminal, merchant, sign-on and card are not asked again."""
    first = shop.ask(shop.purchase())
    shop.change(Terminal, "T1", status="inactive")
    shop.demand_signon()
    assert shop.ask(shop.purchase()) == first


def test_a_declined_request_stays_declined(shop: Shop) -> None:
    """INV-02: even when the reason for the decline has gone."""
    shop.demand_signon()
    first = shop.ask(shop.purchase())
    assert first.reason is Reason.NOT_SIGNED_ON
    shop.ask(shop.request(Kind.SIGN_ON, "S1"))
    assert shop.ask(shop.purchase()) == first


OTHER_CONTENT: dict[str, dict[str, Any]] = {
    "amount": {"amount": Money(1_001, "840")},
    "currency": {"amount": Money(1_000, "978")},
    "card": {"pan": Pan(POOR)},
    "code": {"code": "003000"},
    "no amount": {"amount": None},
    "no card": {"pan": None},
    "kind": {"kind": Kind.REFUND},
    "original": {"original": "ref-K0"},
}


@pytest.mark.parametrize("change", OTHER_CONTENT.values(), ids=OTHER_CONTENT)
def test_the_same_key_with_other_content(shop: Shop, change: dict[str, Any]) -> None:
    """M-24, INV-12: 94, no effect, an alert; and the first answer still stands."""
    request = shop.purchase()
    first = shop.ask(request)
    after = dict(shop.store)
    assert shop.ask(replace(request, **change)).reason is Reason.DUPLICATE_MISMATCH
    assert shop.last.records == ()
    assert shop.told == ["duplicate.mismatch"]
    assert shop.store == after
    assert shop.ask(request) == first


def test_an_absent_currency_in_the_repeat_is_the_same_content(shop: Shop) -> None:
    """INV-82 holds for repeats as well."""
    first = shop.ask(shop.purchase())
    assert shop.ask(shop.purchase(amount=Money(1_000, ""))) == first


def test_a_card_that_was_not_kept_cannot_be_compared(shop: Shop) -> None:
    """SR-SAD-05: the repeat of such a request gets its first answer and still leaves no token."""
    request = shop.purchase(pan="6011000990139424")
    first = shop.ask(request)
    assert shop.ask(request) == first
    assert first.reason is Reason.PAN_NOT_TEST


def test_the_delivery_of_a_repeated_answer_is_watched_until_one_got_through(shop: Shop) -> None:
    """INV-23: a report is asked for as long as it can tell something new."""
    shop.ask(shop.purchase())
    shop.ask(shop.purchase())
    (reply,) = shop.last.effects
    assert isinstance(reply, Reply)
    assert reply.track
    shop.deliver("K1", Delivery.SENT)
    shop.ask(shop.purchase())
    (reply,) = shop.last.effects
    assert isinstance(reply, Reply)
    assert not reply.track


def test_a_repeat_under_a_renewed_reference_can_be_reversed_by_either(shop: Shop) -> None:
    """INV-10: what may be renewed in a repeat is not in its key, but a reversal may name it."""
    shop.ask(shop.purchase())
    shop.ask(shop.purchase(reference="ref-renewed"))
    assert shop.ask(shop.request(Kind.REVERSAL, "R1", original="ref-renewed")).approved
    assert shop.balance("a-visa") == 100_000


def test_a_reversal_of_the_renewed_reference_that_overtook_the_repeat(shop: Shop) -> None:
    """INV-20: first answer lost, repeat delayed, reversal of the repeat first; net effect zero."""
    first = shop.ask(shop.purchase())
    renewed = shop.request(Kind.REVERSAL, "R1", original="ref-renewed")
    assert shop.ask(renewed).reason is Reason.APPROVED_NO_ORIGINAL
    assert shop.ask(shop.purchase(reference="ref-renewed")) == first
    assert shop.transaction("K1").state is State.REVERSED
    assert shop.balance("a-visa") == 100_000
    shop.ask(shop.purchase(reference="ref-renewed"))
    assert shop.balance("a-visa") == 100_000


def test_a_reference_that_another_transaction_bears_is_left_to_it(shop: Shop) -> None:
    """A repeat takes nobody else's name."""
    shop.ask(shop.purchase("K1"))
    shop.ask(shop.purchase("K2"))
    shop.ask(shop.purchase("K1", reference="ref-K2"))
    reference = shop.store[Key("reference", "ref-K2")]
    assert isinstance(reference, Reference)
    assert reference.transaction == "K2"


def test_an_advice_and_a_request_are_two_keys_and_each_its_own_repeat(shop: Shop) -> None:
    """INV-11: an advice sent three times is posted once."""
    request = shop.purchase("A1", flow=Flow.ADVICE)
    first = shop.ask(request)
    for _ in range(2):
        assert shop.ask(request) == first
    assert len(shop.postings) == 1


def test_the_reversal_that_overtook_counts_in_the_batch_of_what_it_takes_back(shop: Shop) -> None:
    """INV-51, INV-54: a reversal of a batch that is closed by now gains no posting."""
    shop.policy = replace(shop.policy, totals="hypercom-63")
    shop.ask(shop.request(Kind.REVERSAL, "R1", original="ref-renewed"))
    assert close(shop, "C1", HYPERCOM.format(0, 0)).approved
    shop.ask(shop.purchase())
    shop.ask(shop.purchase(reference="ref-renewed"))
    assert shop.transaction("K1").state is State.REVERSED
    assert {posting.transaction for posting in shop.postings} == {"K1"}
    assert shop.balance("a-visa") == 100_000
    assert close(shop, "C2", HYPERCOM.format(0, 0)).approved
    assert shop.balance("payable:M1:840") == 0


def test_a_renewed_reference_after_the_close_leaves_the_closed_batch_alone(shop: Shop) -> None:
    """INV-51, INV-52: the close has settled what the terminal did not count; people are told."""
    shop.policy = replace(shop.policy, totals="hypercom-63")
    first = shop.ask(shop.purchase())
    shop.ask(shop.request(Kind.REVERSAL, "R1", original="ref-renewed"))
    assert close(shop, "C1", HYPERCOM.format(1, 1_000)).approved
    before = [shop.balance(name) for name in ("a-visa", "merchant:M1:840", "payable:M1:840")]
    assert shop.ask(shop.purchase(reference="ref-renewed")) == first
    assert shop.told == ["reversal.after_close"]
    after = [shop.balance(name) for name in ("a-visa", "merchant:M1:840", "payable:M1:840")]
    assert after == before
    assert shop.ask(shop.request(Kind.REVERSAL, "R2", original="ref-renewed")).approved
    assert shop.balance("a-visa") == 100_000
    assert shop.transaction("R2").batch != shop.transaction("K1").batch


def test_a_hold_that_a_renewed_reference_opens_again_is_looked_at(shop: Shop) -> None:
    """INV-43: the completion was reversed before its repeat came; its hold must still expire."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH))
    completion = shop.follower(Kind.COMPLETION, "C1", minor=1_000)
    shop.ask(completion)
    shop.ask(shop.request(Kind.REVERSAL, "R1", original="ref-renewed"))
    shop.ask(replace(completion, reference="ref-renewed"))
    assert shop.hold("K1").state == "open"
    assert [effect for effect in shop.last.effects if isinstance(effect, SetTimer)]


def test_a_partial_reversal_repeated_with_another_rest(shop: Shop) -> None:
    """INV-12, INV-26: what is to remain is content, too; the first answer stands."""
    shop.ask(shop.purchase())
    partial = shop.reversal(amount_remaining=Money(400, "840"))
    first = shop.ask(partial)
    for rest in (Money(700, "840"), None):
        other = replace(partial, amount_remaining=rest)
        assert shop.ask(other).reason is Reason.DUPLICATE_MISMATCH
        assert shop.balance("a-visa") == 99_600
    assert shop.ask(partial) == first


@pytest.mark.parametrize("stated", [(1, 1_000), (2, 5_000)])
def test_a_close_repeated_with_other_totals(shop: Shop, stated: tuple[int, int]) -> None:
    """INV-12, INV-51: in balance or not, other totals under the same key are no repeat."""
    shop.policy = replace(shop.policy, totals="hypercom-63")
    shop.ask(shop.purchase())
    first = close(shop, "C1", HYPERCOM.format(*stated))
    after = dict(shop.store)
    other = close(shop, "C1", HYPERCOM.format(3, 3_000))
    assert other.reason is Reason.DUPLICATE_MISMATCH
    assert shop.store == after
    assert close(shop, "C1", HYPERCOM.format(*stated)) == first
