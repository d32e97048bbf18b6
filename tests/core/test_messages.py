"""Broken and incomplete messages, and answers sent to the wrong side: no record, no effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.model.effects import Reply, Silence
from switch.model.events import BrokenArrived, Moment, Origin
from switch.model.facts import VerdictNeed
from switch.model.request import Problem
from switch.model.security import KeyUse, MacOrder
from switch.model.words import Flow, Kind, Reason
from tests.core.keyed import MAC, secure, tdes

if TYPE_CHECKING:
    from tests.core.conftest import Shop

HERE = Origin(1, 1, "test", "192.0.2.1")
PROBLEM = Problem("stan", "field 11", Reason.FORMAT_ERROR, "is missing")


def test_a_broken_message_is_answered_and_leaves_no_trace(shop: Shop) -> None:
    """M-01..M-05, INV-06: format.error, nothing journalled, nothing tracked."""
    request = shop.request(Kind.UNKNOWN, "")
    decision = shop.decide(BrokenArrived(Moment(1, 1), HERE, request, PROBLEM))
    assert decision.records == ()
    (reply,) = decision.effects
    assert isinstance(reply, Reply)
    assert reply.answer.reason is Reason.FORMAT_ERROR
    assert not reply.track
    assert shop.trail["fields"] == (False, "is missing")


@pytest.mark.parametrize("kind", [Kind.PURCHASE, Kind.REVERSAL, Kind.ECHO, Kind.UNKNOWN])
def test_an_incomplete_message_is_refused_whatever_it_wants(shop: Shop, kind: Kind) -> None:
    """M-06: named in the trail and in the log, not journalled; its key cannot be trusted."""
    request = shop.request(kind, "K1", problems=(PROBLEM,))
    assert shop.ask(request).reason is Reason.FORMAT_ERROR
    assert shop.last.records == ()
    assert shop.told == ["message.rejected"]
    assert shop.last.trail[0].saw == "field 11"


@pytest.mark.parametrize("mac", [MAC, ""])
@pytest.mark.parametrize("ksn", ["", tdes(1)])
def test_the_answer_to_an_incomplete_message_bears_a_mac(shop: Shop, mac: str, ksn: str) -> None:
    """Or a terminal that owes MACs would not believe it, and never hear what was wrong. Its own is
    not asked about, and no failure is counted: nothing depends on it.
    """
    secure(shop, mac="required")
    request = shop.purchase(problems=(PROBLEM,), mac=mac, ksn=ksn)
    _, rounds = shop.judge(shop.arrived(request))
    assert not [need for some in rounds for need in some if isinstance(need, VerdictNeed)]
    assert shop.ask(request).reason is Reason.FORMAT_ERROR
    assert shop.last.records == ()
    (reply,) = [effect for effect in shop.last.effects if isinstance(effect, Reply)]
    assert reply.sealing is not None
    name = "bdk.FFFF987654" if ksn else "terminal.T1.tak"
    assert reply.sealing.mac == MacOrder(KeyUse(name, f"block of {name}"), ksn)


@pytest.mark.parametrize(
    "change",
    [{"terminal_id": ""}, {"terminal_id": "T9"}, {"message_type": "0800"}, {"ksn": "FFFF98765"}],
)
def test_who_owes_no_mac_gets_none(shop: Shop, change: dict[str, Any]) -> None:
    """Nobody's terminal, another message type, a key serial number that is none."""
    secure(shop, mac="required")
    request = shop.purchase(problems=(PROBLEM,), **change)
    assert shop.ask(request).reason is Reason.FORMAT_ERROR
    (reply,) = [effect for effect in shop.last.effects if isinstance(effect, Reply)]
    assert reply.sealing is None


def test_every_problem_is_in_the_trail_and_the_first_is_answered(shop: Shop) -> None:
    """M-06, M-21: several things may be wrong at once."""
    bad_amount = Problem("amount", "field 4", Reason.AMOUNT_INVALID, "is no number")
    request = shop.purchase(problems=(bad_amount, PROBLEM))
    assert shop.ask(request).reason is Reason.AMOUNT_INVALID
    assert [check.saw for check in shop.last.trail] == ["field 4", "field 11"]


def test_an_answer_is_ignored(shop: Shop) -> None:
    """M-07: silence, an event, no record, even under the key of a transaction that we know."""
    shop.ask(shop.purchase())
    before = dict(shop.store)
    decision = shop.decide(shop.arrived(shop.purchase(flow=Flow.ANSWER)))
    assert isinstance(decision.effects[0], Silence)
    assert shop.told == ["mti.unexpected"]
    assert shop.store == before


@pytest.mark.parametrize("flow", [Flow.NOTIFICATION, Flow.ANSWER])
def test_who_wants_no_answer_gets_none_even_if_broken(shop: Shop, flow: Flow) -> None:
    """A reply to a broken response would be answered in turn, for ever."""
    request = shop.request(Kind.UNKNOWN, "", flow=flow)
    decision = shop.decide(BrokenArrived(Moment(1, 1), HERE, request, PROBLEM))
    assert isinstance(decision.effects[0], Silence)


def test_a_notification_is_recorded_without_an_answer(shop: Shop) -> None:
    """x14x: taken like an advice."""
    decision = shop.decide(shop.arrived(shop.purchase(flow=Flow.NOTIFICATION)))
    assert isinstance(decision.effects[0], Silence)
    assert shop.balance("a-visa") == 99_000
