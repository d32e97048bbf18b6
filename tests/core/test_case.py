"""How a decision is written down: batch, settlement date, reference number, links, remedies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.core.case import Case, conclude
from switch.model.copies import replace
from switch.model.records import Key, Reference, Terminal, Transaction
from switch.model.request import Answer
from switch.model.trail import Counted
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money

if TYPE_CHECKING:
    from switch.model.request import Request
    from tests.core.conftest import Shop


def found(shop: Shop, name: str) -> str:
    """Whom a reference names; nothing where there is none."""
    record = shop.store.get(Key("reference", name))
    return record.transaction if isinstance(record, Reference) else ""


@pytest.mark.parametrize("kind", [Kind.PURCHASE, Kind.CASH, Kind.CASHBACK])
@pytest.mark.parametrize("flow", [Flow.REQUEST, Flow.ADVICE])
def test_what_captures_belongs_to_a_batch(shop: Shop, kind: Kind, flow: Flow) -> None:
    """INV-50: the terminal's current batch and the business date, in the commit that captures."""
    shop.change(Terminal, "T1", batch_number=7)
    shop.ask(shop.purchase(kind=kind, flow=flow, amount_other=Money(100, "840")))
    kept = shop.transaction("K1")
    assert (kept.batch, kept.settlement_date) == ("T1|000007", "20261124")


def test_a_batch_once_set_stays(shop: Shop) -> None:
    """INV-50: whatever becomes of terminal, day and transaction."""
    shop.ask(shop.purchase())
    shop.change(Terminal, "T1", batch_number=2)
    shop.business_date = "20261125"
    shop.ask(shop.reversal())
    kept = shop.transaction("K1")
    assert (kept.state, kept.batch, kept.settlement_date) == (
        State.REVERSED,
        "T1|000001",
        "20261124",
    )


def test_a_reversal_is_an_item_of_its_own_batch_and_day(shop: Shop) -> None:
    """INV-54: it counts when it happens."""
    shop.ask(shop.purchase())
    shop.change(Terminal, "T1", batch_number=2)
    shop.business_date = "20261125"
    shop.ask(shop.reversal())
    kept = shop.transaction("R1")
    assert (kept.batch, kept.settlement_date) == ("T1|000002", "20261125")


@pytest.mark.parametrize(
    ("minor", "more"),
    [
        (100_001, {}),
        (1_000, {"captures": False}),
        (1_000, {"kind": Kind.PREAUTH}),
        (0, {"kind": Kind.VERIFICATION}),
    ],
)
def test_what_captures_nothing_belongs_to_none(
    shop: Shop, minor: int, more: dict[str, Any]
) -> None:
    """Declines, holds and inquiries."""
    shop.ask(shop.purchase(minor=minor, **{"captures": True, **more}))
    kept = shop.transaction("K1")
    assert (kept.batch, kept.settlement_date) == ("", "")


@pytest.mark.parametrize("merchant_id", ["M1", ""])
@pytest.mark.parametrize("captures", [True, False])
def test_an_approval_is_found_by_our_number_under_its_merchant(
    shop: Shop, merchant_id: str, captures: bool
) -> None:
    """Named or not: the number is ours, and every terminal of the merchant may use it."""
    answer = shop.ask(shop.purchase(merchant_id=merchant_id, captures=captures))
    assert found(shop, f"M1|rrn|{answer.rrn}") == "K1"


@pytest.mark.parametrize("merchant_id", ["M1", ""])
def test_an_approval_is_found_by_its_terminals_own_number(shop: Shop, merchant_id: str) -> None:
    """A number that the sender assigned is unique for its terminal only."""
    shop.ask(shop.purchase(rrn="633812345678", merchant_id=merchant_id))
    assert found(shop, "T1|rrn|633812345678") == "K1"
    assert found(shop, "M1|rrn|633812345678") == ""


def test_a_number_that_comes_again_means_the_newer_one(shop: Shop) -> None:
    """Numbers wrap; that is what the terminal means by it from now on."""
    for key in ("K1", "K2"):
        shop.ask(shop.purchase(key, rrn="000000000001"))
    assert found(shop, "T1|rrn|000000000001") == "K2"
    record = shop.store[Key("reference", "T1|rrn|000000000001")]
    assert record.version == 2


@pytest.mark.parametrize(
    ("minor", "more"),
    [
        (100_001, {}),
        (0, {"kind": Kind.VERIFICATION}),
        (900, {"pan": "4111111111111111", "flow": Flow.ADVICE, "captures": False}),
    ],
)
def test_what_puts_nothing_into_effect_is_not_found_by_number(
    shop: Shop, minor: int, more: dict[str, Any]
) -> None:
    """There is nothing that a void or completion could act upon."""
    shop.ask(shop.purchase(minor=minor, rrn="000000000001", **more))
    assert found(shop, "T1|rrn|000000000001") == ""


def concluded(shop: Shop, request: Request, original: Transaction) -> Transaction:
    """A transaction that acts upon another, as its handler would write it down."""
    rows = shop.no_rows()
    names = (request.reference, f"T1|rrn|{request.rrn}")
    rows.fetched |= {*shop.store, *(Key("reference", name) for name in names)}
    case = Case(shop.arrived(request), shop.facts(rows, request.request_key))
    case.original, case.undid = original, original.kind
    case.counted.append(Counted("mine", 1, 2))
    case.flags.append("odd")
    case.rule = "rule"
    answer = Answer(reason=Reason.APPROVED, rrn=case.rrn)
    decision = conclude(case, State.APPROVED, answer, Money(5, "840"), "a-visa")
    shop.put(*decision.records)
    return shop.transaction(request.request_key)


def test_a_follower_names_what_it_acted_upon(shop: Shop) -> None:
    """Links, counters, flags and the deciding rule are kept with the transaction."""
    shop.ask(shop.purchase())
    original = shop.transaction("K1")
    kept = concluded(shop, shop.purchase("K2", kind=Kind.COMPLETION, rrn="9"), original)
    assert (kept.original_key, kept.undid) == ("K1", Kind.PURCHASE)
    assert kept.counted == (Counted("mine", 1, 2),)
    assert (kept.flags, kept.rule) == (("odd",), "rule")
    assert kept.captures
    assert found(shop, "T1|rrn|9") == "K2"


def test_a_follower_under_its_originals_number_leaves_it_to_it(shop: Shop) -> None:
    """Terminals point with the original's number; it goes on meaning the original, until it is
    completed.
    """
    shop.ask(shop.purchase(rrn="000000000001", captures=False))
    original = shop.transaction("K1")
    for key, kind, means in (("K2", Kind.INCREMENT, "K1"), ("K3", Kind.COMPLETION, "K3")):
        request = shop.purchase(key, kind=kind, rrn="000000000001")
        assert concluded(shop, request, original).rrn == original.rrn
        assert found(shop, "T1|rrn|000000000001") == means


def test_every_objection_of_the_ladder_says_what_would_have_passed(shop: Shop) -> None:
    """For `explain`: each decline of a payment, whatever its cause, has a remedy."""
    shop.put(
        Terminal(id="T2", merchant_id="M1", currency="840", status="inactive"),
        Terminal(id="T3", merchant_id="GONE", currency="840"),
    )
    base = shop.purchase()
    asked: list[tuple[Request, Reason]] = [
        (replace(base, terminal_id=""), Reason.TERMINAL_UNKNOWN),
        (replace(base, terminal_id="T9"), Reason.TERMINAL_UNKNOWN),
        (replace(base, terminal_id="T2"), Reason.TERMINAL_INACTIVE),
        (replace(base, merchant_id="M2"), Reason.MERCHANT_UNKNOWN),
        (replace(base, terminal_id="T3", merchant_id=""), Reason.MERCHANT_UNKNOWN),
        (replace(base, pan=None), Reason.PAN_INVALID),
        (shop.purchase(pan="4761739001010011"), Reason.PAN_INVALID),
        (shop.purchase(pan="6011000990139424"), Reason.PAN_NOT_TEST),
        (shop.purchase(pan="4111111111111111"), Reason.CARD_UNKNOWN),
        (replace(base, expiry="9999"), Reason.FORMAT_ERROR),
        (replace(base, expiry="2610"), Reason.CARD_EXPIRED),
        (replace(base, amount=None), Reason.AMOUNT_INVALID),
        (replace(base, amount=Money(1, "000")), Reason.AMOUNT_INVALID),
        (replace(base, amount=Money(1, "978")), Reason.CURRENCY_UNSUPPORTED),
        (replace(base, amount=Money(100_001, "840")), Reason.FUNDS_INSUFFICIENT),
    ]
    for number, (request, reason) in enumerate(asked):
        named = replace(request, request_key=f"A{number}", reference=f"ref-A{number}")
        assert shop.ask(named).reason is reason
        assert shop.last.trail[-1].ok is False
        assert shop.remedy, reason
