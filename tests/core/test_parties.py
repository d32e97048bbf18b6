"""Who may ask: terminals, merchants, sign-on; enrolment on first sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.model.records import Key, Merchant, Terminal
from switch.model.words import Flow, Kind, Reason, State

if TYPE_CHECKING:
    from tests.core.conftest import Shop


@pytest.mark.parametrize("kind", [Kind.PURCHASE, Kind.REVERSAL, Kind.SIGN_ON])
def test_an_unknown_terminal_creates_nothing_of_its_own(shop: Shop, kind: Kind) -> None:
    """M-19: refused, and neither terminal nor merchant appears."""
    before = set(shop.store)
    request = shop.request(kind, "K1", terminal_id="NOBODY", merchant_id="", original="ref-K0")
    assert shop.ask(request).reason is Reason.TERMINAL_UNKNOWN
    assert {key.table for key in set(shop.store) - before} == {"transaction"}


def test_a_terminal_with_another_merchants_id(shop: Shop) -> None:
    """M-19."""
    assert shop.ask(shop.purchase(merchant_id="M2")).reason is Reason.MERCHANT_UNKNOWN
    assert shop.trail["merchant"] == (False, "the terminal belongs to another merchant")


def test_a_terminal_whose_merchant_is_gone(shop: Shop) -> None:
    """M-19: the merchant must be known."""
    shop.put(Terminal(id="T9", merchant_id="GONE", currency="840"))
    request = shop.purchase(terminal_id="T9", merchant_id="")
    assert shop.ask(request).reason is Reason.MERCHANT_UNKNOWN


def test_a_message_need_not_name_its_merchant(shop: Shop) -> None:
    """Then it is the terminal's own."""
    assert shop.ask(shop.purchase(merchant_id="")).approved
    assert shop.transaction("K1").merchant_id == "M1"
    assert shop.balance("merchant:M1:840") == 1_000


def test_a_message_must_name_its_terminal(shop: Shop) -> None:
    """Nothing can be taken on behalf of nobody."""
    assert shop.ask(shop.purchase(terminal_id="")).reason is Reason.TERMINAL_UNKNOWN


@pytest.mark.parametrize(
    ("table", "record_id", "reason"),
    [
        (Terminal, "T1", Reason.TERMINAL_INACTIVE),
        (Merchant, "M1", Reason.MERCHANT_INACTIVE),
    ],
)
def test_inactive_parties_ask_in_vain_but_their_past_is_taken(
    shop: Shop, table: type, record_id: str, reason: Reason
) -> None:
    """INV-21: reversals and advices of what has happened are not refused for business reasons."""
    assert shop.ask(shop.purchase("K1")).approved
    shop.change(table, record_id, status="inactive")
    assert shop.ask(shop.purchase("K2")).reason is reason
    assert shop.ask(shop.purchase("K3", flow=Flow.ADVICE)).approved
    assert shop.ask(shop.reversal("R1", "K1")).approved
    assert shop.balance("a-visa") == 99_000


def test_an_unknown_terminal_is_enrolled_where_the_world_says_so(shop: Shop) -> None:
    """Demo world: the device keeps its own merchant id, and the log says so."""
    shop.enrol()
    request = shop.purchase(terminal_id="T7", merchant_id="NEWSHOP")
    assert shop.ask(request).approved
    assert shop.told == ["terminal.enrolled"]
    terminal = shop.store[Key("terminal", "T7")]
    assert isinstance(terminal, Terminal)
    assert terminal.merchant_id == "NEWSHOP"
    assert Key("merchant", "NEWSHOP") in shop.store
    assert shop.ask(shop.purchase("K2", terminal_id="T7", merchant_id="NEWSHOP")).approved
    assert shop.told == []


def test_a_newcomer_without_a_merchant_joins_the_one_for_newcomers(shop: Shop) -> None:
    """A message without DE 42."""
    shop.enrol()
    assert shop.ask(shop.purchase(terminal_id="T7", merchant_id="")).approved
    assert shop.transaction("K1").merchant_id == "M1"


def test_a_newcomer_signs_on_in_one_decision(shop: Shop) -> None:
    """Enrolment and sign-on are one version of one record."""
    shop.enrol()
    assert shop.ask(shop.request(Kind.SIGN_ON, "S1", terminal_id="T7")).approved
    terminal = shop.store[Key("terminal", "T7")]
    assert isinstance(terminal, Terminal)
    assert (terminal.version, terminal.signed_on) == (1, True)


def test_signed_off_terminals_ask_in_vain(shop: Shop) -> None:
    """M-37: 91 until the next sign-on; reversals and advices are taken all the same."""
    shop.demand_signon()
    assert shop.ask(shop.purchase("K1")).reason is Reason.NOT_SIGNED_ON
    assert shop.ask(shop.request(Kind.SIGN_ON, "S1")).approved
    assert shop.ask(shop.purchase("K2")).approved
    assert shop.ask(shop.request(Kind.SIGN_OFF, "S2")).approved
    assert shop.ask(shop.purchase("K3")).reason is Reason.NOT_SIGNED_ON
    assert shop.ask(shop.purchase("K4", flow=Flow.ADVICE)).approved
    assert shop.ask(shop.reversal("R1", "K2")).approved
    assert shop.transaction("K2").state is State.REVERSED


def test_sign_on_is_not_asked_for_where_the_dialect_does_not(shop: Shop) -> None:
    """The default."""
    assert shop.ask(shop.purchase()).approved
    assert "signed_on" not in shop.trail
