"""Receipts fit their paper, state what matters and never show a whole card number."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.words import Kind
from switch.money import Money
from switch_tools.receipt import WIDTH, Facts, receipt

PURCHASE = Facts(
    kind=Kind.PURCHASE,
    at="2026-11-24 10:00:00",
    terminal_id="DEMO0001",
    merchant_id="DEMOMERCHANT001",
    stan="000002",
    verdict="APPROVED",
    code="00",
    rrn="632810000002",
    approval_code="A1B2C3",
    card="visa 476173******0010",
    amount=Money(1234, "840"),
    approved=True,
)


def test_an_approved_purchase_states_what_a_card_holder_checks() -> None:
    """Merchant, terminal, time, numbers, masked card, amount in the currency's decimals,
    verdict."""
    text = receipt(PURCHASE, "customer")
    for word in (
        "CUSTOMER COPY",
        "DEMOMERCHANT001",
        "DEMO0001",
        "2026-11-24 10:00:00",
        "000002",
        "632810000002",
        "visa 476173******0010",
        "12.34 USD",
        "APPROVED",
        "code 00",
        "A1B2C3",
    ):
        assert word in text


def test_only_the_merchant_keeps_a_signature() -> None:
    """And only of an approved purchase."""
    assert "Signature" in receipt(PURCHASE, "merchant")
    assert "Signature" not in receipt(PURCHASE, "customer")
    declined = replace(PURCHASE, verdict="DECLINED", approved=False)
    assert "Signature" not in receipt(declined, "merchant")


@pytest.mark.parametrize(
    ("kind", "signed"),
    [
        (Kind.CASH, True),
        (Kind.CASHBACK, True),
        (Kind.PREAUTH, True),
        (Kind.COMPLETION, True),
        (Kind.REFUND, True),
        (Kind.VOID, False),
        (Kind.REVERSAL, False),
        (Kind.BALANCE, False),
        (Kind.TIP_ADJUST, False),
    ],
)
def test_what_moves_money_towards_a_card_is_signed(kind: Kind, signed: bool) -> None:
    """A void, a reversal, an inquiry and a tip (signed for on the first receipt) are not."""
    assert ("Signature" in receipt(replace(PURCHASE, kind=kind), "merchant")) is signed


def test_there_is_room_for_a_tip_where_it_is_wanted() -> None:
    """On the merchant's copy of an approved sale, and nowhere else."""
    facts = replace(PURCHASE, tip_line=True)
    assert "Tip ...." in receipt(facts, "merchant")
    assert "Total ...." in receipt(facts, "merchant")
    assert "Tip" not in receipt(facts, "customer")
    assert "Tip" not in receipt(replace(facts, approved=False), "merchant")


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REVERSAL])
def test_what_takes_something_back_is_marked(kind: Kind) -> None:
    """In large, on both copies; not when it was declined."""
    for copy in ("merchant", "customer"):
        assert "*** " in receipt(replace(PURCHASE, kind=kind), copy)
        assert "*** " not in receipt(replace(PURCHASE, kind=kind, approved=False), copy)


@pytest.mark.parametrize("kind", [Kind.SIGN_ON, Kind.SIGN_OFF, Kind.ECHO])
def test_what_no_card_holder_takes_part_in_has_no_copies(kind: Kind) -> None:
    """A sign-on slip is nobody's merchant copy."""
    text = receipt(replace(PURCHASE, kind=kind, amount=None, card=""), "merchant")
    assert "COPY" not in text
    assert "MERCHANT COPY" in receipt(PURCHASE, "merchant")


def test_the_amount_has_the_decimals_of_its_currency() -> None:
    """Yen have none, dinars of Kuwait three."""
    assert "500 JPY" in receipt(replace(PURCHASE, amount=Money(500, "392")), "merchant")
    assert "1.234 KWD" in receipt(replace(PURCHASE, amount=Money(1234, "414")), "merchant")


words = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=90)


@given(merchant=words, said=words, note=st.lists(words, max_size=30).map(" ".join))
def test_no_line_is_wider_than_the_paper(merchant: str, said: str, note: str) -> None:
    """Whatever a host says, or a merchant is called."""
    facts = replace(PURCHASE, merchant_id=merchant, said=said, notes=(note,))
    text = receipt(facts, "merchant")
    assert max(len(line) for line in text.splitlines()) <= WIDTH


def test_a_chip_s_receipt_names_application_and_cryptogram() -> None:
    """EMV book 4, 11.4: on both copies, above the amount."""
    chip = (("Application", "VISA"), ("AID", "A0000000031010"), ("ARQC", "7519D404DE56DA33"))
    for copy in ("merchant", "customer"):
        lines = receipt(replace(PURCHASE, chip=chip), copy).splitlines()
        shown = [line.split() for line in lines]
        for name, value in chip:
            assert shown.index([name, value]) < shown.index(["AMOUNT", "12.34", "USD"])


def test_whose_pin_was_verified_does_not_sign() -> None:
    """And the paper says so, never the PIN."""
    for copy in ("merchant", "customer"):
        text = receipt(replace(PURCHASE, pin_verified=True), copy)
        assert "PIN VERIFIED" in text
        assert "Signature" not in text
