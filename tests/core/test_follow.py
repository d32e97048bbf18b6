"""How the original of a message is found, and what must fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.model.copies import replace
from switch.model.records import Key, Reference, Terminal
from switch.model.request import Request
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money
from switch.values import Pan

if TYPE_CHECKING:
    from tests.core.conftest import Shop

POOR = "4000000000009995"
KINDS = (Kind.INCREMENT, Kind.COMPLETION, Kind.VOID, Kind.TIP_ADJUST)


def about(shop: Shop, kind: Kind, key: str = "F1", **more: Any) -> Request:
    """A follower of that kind with an amount that its original allows."""
    minor = None if kind is Kind.VOID else 1_000
    return shop.follower(kind, key, minor=minor, **more)


def prepared(shop: Shop, kind: Kind, **more: Any) -> None:
    """An original that the kind can act upon."""
    held = kind in (Kind.INCREMENT, Kind.COMPLETION)
    first = Kind.PREAUTH if held else Kind.PURCHASE
    assert shop.ask(shop.purchase(kind=first, captures=not held, **more)).approved


@pytest.mark.parametrize("kind", [*KINDS, Kind.REFUND])
@pytest.mark.parametrize("own", [True, False])
def test_an_original_is_found_by_its_reference_number(shop: Shop, kind: Kind, own: bool) -> None:
    """Under the terminal's name where it assigned the number, under the merchant's where we did."""
    prepared(shop, kind, rrn="000000000007" if own else "")
    number = shop.transaction("K1").rrn
    assert shop.ask(about(shop, kind, original="", rrn=number)).approved
    assert shop.transaction("F1").original_key == "K1"
    assert shop.transaction("F1").rrn == number


def test_a_number_of_ours_is_good_at_another_terminal_of_the_merchant(shop: Shop) -> None:
    """A completion at the desk of what was authorized at the bar; a void only where it was made."""
    shop.put(Terminal(id="T2", merchant_id="M1", currency="840"))
    prepared(shop, Kind.COMPLETION)
    number = shop.transaction("K1").rrn
    there: dict[str, Any] = {"original": "", "rrn": number, "terminal_id": "T2"}
    assert shop.ask(about(shop, Kind.COMPLETION, **there)).approved
    shop.ask(shop.purchase("K2"))
    there["rrn"] = shop.transaction("K2").rrn
    assert shop.ask(about(shop, Kind.VOID, "F2", **there)).reason is Reason.NOT_FOUND
    assert shop.remedy == "terminal T1"
    assert shop.ask(about(shop, Kind.REFUND, "F3", **there)).approved


def test_a_reference_that_is_named_goes_before_the_number(shop: Shop) -> None:
    """A terminal that numbers all its messages gives a number of its own besides."""
    prepared(shop, Kind.VOID)
    shop.ask(shop.purchase("K2", rrn="000000000008"))
    assert shop.ask(about(shop, Kind.VOID, rrn="000000000008")).approved
    assert shop.transaction("K1").state is State.VOIDED
    assert shop.transaction("K2").state is State.APPROVED


@pytest.mark.parametrize("kind", KINDS)
def test_what_acts_upon_nothing_is_refused(shop: Shop, kind: Kind) -> None:
    """M-06: neither reference nor number; 25 for a name that is not known. No effect."""
    assert shop.ask(about(shop, kind, "F1", original="")).reason is Reason.FORMAT_ERROR
    assert shop.remedy
    assert shop.ask(about(shop, kind, "F2", original="ref-none")).reason is Reason.NOT_FOUND
    assert shop.ask(about(shop, kind, "F3", original="", rrn="9")).reason is Reason.NOT_FOUND
    assert shop.remedy
    assert shop.postings == []


@pytest.mark.parametrize("kind", [*KINDS, Kind.REFUND])
def test_what_was_reversed_before_it_came_cannot_be_acted_upon(shop: Shop, kind: Kind) -> None:
    """INV-22: the tombstone stands for its transaction."""
    shop.ask(shop.reversal("R1", "K1"))
    assert shop.ask(about(shop, kind)).reason is Reason.ALREADY_REVERSED
    assert shop.remedy


@pytest.mark.parametrize("kind", [*KINDS, Kind.REFUND])
@pytest.mark.parametrize("flow", [Flow.REQUEST, Flow.ADVICE])
def test_another_card_or_merchant_does_not_fit(shop: Shop, kind: Kind, flow: Flow) -> None:
    """Nobody acts upon somebody else's transaction, whatever he claims has happened."""
    prepared(shop, kind)
    before = dict(shop.store)
    other = about(shop, kind, "F1", pan=Pan(POOR), flow=flow)
    assert shop.ask(other).reason is Reason.NOT_FOUND
    assert shop.transaction("F1").original_key == ""
    shop.put(Terminal(id="T9", merchant_id="M2", currency="840"))
    other = about(shop, kind, "F2", terminal_id="T9", merchant_id="M2", flow=flow)
    assert shop.ask(other).reason is Reason.NOT_FOUND
    assert shop.remedy == "merchant M1"
    assert all(shop.store[key] == record for key, record in before.items())


@pytest.mark.parametrize("kind", [*KINDS, Kind.REFUND])
def test_a_follower_whose_reversal_came_first_has_no_effect(shop: Shop, kind: Kind) -> None:
    """INV-20, INV-22: tombstones are kept for followers too."""
    prepared(shop, kind)
    before = shop.transaction("K1")
    assert shop.ask(shop.reversal("R1", "F1")).reason is Reason.APPROVED_NO_ORIGINAL
    assert shop.ask(about(shop, kind)).reason is Reason.REVERSED_BEFORE_SEEN
    assert shop.transaction("K1") == before


@pytest.mark.parametrize("kind", [*KINDS, Kind.REFUND])
def test_what_was_declined_cannot_be_acted_upon(shop: Shop, kind: Kind) -> None:
    """There is nothing; neither has an advice of it happened."""
    shop.ask(shop.purchase(minor=200_000))
    for key, flow in (("F1", Flow.REQUEST), ("F2", Flow.ADVICE)):
        assert shop.ask(about(shop, kind, key, flow=flow)).reason is Reason.NOT_FOUND
        assert shop.remedy == "an original that was approved"


@pytest.mark.parametrize("kind", [*KINDS, Kind.REFUND])
def test_a_repeat_gets_the_same_answer_and_other_content_none(shop: Shop, kind: Kind) -> None:
    """INV-02, INV-12: also for what acts upon something else."""
    prepared(shop, kind)
    request = about(shop, kind)
    first = shop.ask(request)
    before = dict(shop.store)
    assert shop.ask(replace(request, repeat=True)) == first
    other = replace(request, original="ref-K9")
    assert shop.ask(other).reason is Reason.DUPLICATE_MISMATCH
    assert shop.store == before


@pytest.mark.parametrize("kind", [Kind.INCREMENT, Kind.COMPLETION, Kind.REFUND, Kind.TIP_ADJUST])
def test_an_amount_must_be_one_in_the_originals_currency(shop: Shop, kind: Kind) -> None:
    """M-21: 13 for zero, for none, for another currency."""
    prepared(shop, kind)
    for number, amount in enumerate((None, Money(0, "840"), Money(500, "978"))):
        request = replace(about(shop, kind, f"F{number}"), amount=amount)
        assert shop.ask(request).reason is Reason.AMOUNT_INVALID
        assert shop.remedy
    assert shop.transaction("K1").version == 1


def test_the_number_of_an_authorization_means_its_completion_from_then_on(shop: Shop) -> None:
    """Who voids or tips by that number means the sale; another completion the authorization."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH, captures=False))
    number = shop.transaction("K1").rrn
    named: dict[str, Any] = {"original": "", "rrn": number}
    part = shop.follower(Kind.COMPLETION, "C1", minor=400, final=False, **named)
    assert shop.ask(part).approved
    reference = shop.store[Key("reference", f"T1|rrn|{number}")]
    assert isinstance(reference, Reference)
    assert reference.transaction == "C1"
    part = shop.follower(Kind.COMPLETION, "C2", minor=300, final=False, **named)
    assert shop.ask(part).approved
    assert shop.transaction("C2").original_key == "K1"
    assert shop.ask(shop.follower(Kind.INCREMENT, "I1", minor=50, **named)).approved
    assert shop.transaction("I1").original_key == "K1"
    assert shop.ask(shop.follower(Kind.VOID, "V1", **named)).approved
    assert shop.transaction("V1").original_key == "C2"


def test_the_number_of_what_was_reversed_means_what_it_acted_upon(shop: Shop) -> None:
    """A refund whose answer was lost is reversed; who voids by the number that it shared means the
    sale. Who names the refund by its own data means the refund.
    """
    shop.ask(shop.purchase())
    number = shop.transaction("K1").rrn
    named: dict[str, Any] = {"original": "", "rrn": number}
    assert shop.ask(shop.follower(Kind.REFUND, "F1", minor=100, **named)).approved
    assert shop.ask(shop.reversal("R1", "F1")).approved
    exact = shop.follower(Kind.VOID, "V1", original="ref-F1")
    assert shop.ask(exact).reason is Reason.ALREADY_REVERSED
    assert shop.ask(shop.follower(Kind.VOID, "V2", **named)).approved
    assert shop.transaction("V2").original_key == "K1"


def test_a_signed_off_terminal_acts_upon_nothing_new(shop: Shop) -> None:
    """M-37: a demand waits for the next sign-on; what has happened is taken."""
    prepared(shop, Kind.VOID)
    shop.demand_signon()
    assert shop.ask(about(shop, Kind.VOID)).reason is Reason.NOT_SIGNED_ON
    assert shop.ask(about(shop, Kind.VOID, "F2", flow=Flow.ADVICE)).approved
