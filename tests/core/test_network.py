"""Sign-on, sign-off, echo, and what is not served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.core.network import unbuilt
from switch.core.table import TRANSITIONS
from switch.model.effects import Reply
from switch.model.records import Key, Terminal
from switch.model.words import Flow, Kind, Reason, State

if TYPE_CHECKING:
    from tests.core.conftest import Shop


def signed_on(shop: Shop) -> bool:
    """Whether the terminal is."""
    terminal = shop.store[Key("terminal", "T1")]
    assert isinstance(terminal, Terminal)
    return terminal.signed_on


def test_sign_on_and_off(shop: Shop) -> None:
    """M-37: approved, and the terminal's record says which it was."""
    assert shop.ask(shop.request(Kind.SIGN_ON, "S1")).reason is Reason.APPROVED
    assert signed_on(shop)
    assert shop.ask(shop.request(Kind.SIGN_OFF, "S2")).reason is Reason.APPROVED
    assert not signed_on(shop)
    assert shop.transaction("S2").state is State.ACCEPTED


def test_a_belated_repeat_of_a_sign_on_does_not_sign_on_again(shop: Shop) -> None:
    """INV-02: it gets its first answer, and changes nothing."""
    first = shop.ask(shop.request(Kind.SIGN_ON, "S1"))
    shop.ask(shop.request(Kind.SIGN_OFF, "S2"))
    assert shop.ask(shop.request(Kind.SIGN_ON, "S1")) == first
    assert not signed_on(shop)


def test_signing_on_twice_leaves_the_terminal_as_it_is(shop: Shop) -> None:
    """The second changes no row of the terminal."""
    shop.ask(shop.request(Kind.SIGN_ON, "S1"))
    shop.ask(shop.request(Kind.SIGN_ON, "S2"))
    assert {record.TABLE for record in shop.last.records} == {"transaction"}


def test_an_echo_leaves_no_trace_and_repeats_itself(shop: Shop) -> None:
    """M-37: no record, hence no commit; its answer follows from its key."""
    shop.demand_signon()
    request = shop.request(Kind.ECHO, "E1", terminal_id="WHOEVER")
    first = shop.ask(request)
    assert first.reason is Reason.APPROVED
    assert shop.last.records == ()
    assert shop.ask(request) == first
    (reply,) = shop.last.effects
    assert isinstance(reply, Reply)
    assert not reply.track


UNBUILT = sorted(kind for kind in Kind if TRANSITIONS[State.NEW, kind] is unbuilt)


def test_only_these_are_not_served() -> None:
    """Files are changed when an upstream is there."""
    assert set(UNBUILT) == {Kind.FILE_ACTION, Kind.UNKNOWN}


@pytest.mark.parametrize("kind", UNBUILT)
@pytest.mark.parametrize("flow", [Flow.REQUEST, Flow.ADVICE])
def test_what_is_not_served_is_refused_by_name(shop: Shop, kind: Kind, flow: Flow) -> None:
    """M-37: `transaction.invalid`, no effect, and a trail that says why."""
    request = shop.purchase(flow=flow)
    answer = shop.ask(shop.request(kind, "K1", flow=flow, pan=request.pan, amount=request.amount))
    assert answer.reason is Reason.TRANSACTION_INVALID
    ok, said = shop.trail["kind"]
    assert not ok
    assert said == (
        "the dialect gives this code no meaning" if kind is Kind.UNKNOWN else "is not served"
    )
    assert {record.TABLE for record in shop.last.records} == {"transaction"}
    assert shop.postings == []


def test_network_kinds_carry_no_money() -> None:
    """The catalogue says which they are."""
    network = {kind for kind in Kind if kind.is_network}
    assert network == {
        Kind.SIGN_ON,
        Kind.SIGN_OFF,
        Kind.ECHO,
        Kind.KEY_EXCHANGE,
        Kind.CUTOVER,
    }
