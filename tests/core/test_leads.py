"""Where transitions lead is declared as data, and every decision of these tests is held to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.core import authorization, holds, inquiry, network, reversal
from switch.core.leads import LEADS, Leads, edges, handlers, leads_of
from switch.core.table import STIMULI, TRANSITIONS, UPON
from switch.model.copies import replace
from switch.model.records import Terminal, Transaction, next_version
from switch.model.words import Flow, Kind, State
from tests.core_world import held_to_the_diagram

if TYPE_CHECKING:
    from tests.core.conftest import Shop


def test_every_handler_of_the_table_is_declared_and_no_other() -> None:
    """A new handler is not in the diagram by accident, nor an old one by neglect."""
    used = {*TRANSITIONS.values(), *(one for upon in UPON.values() for one in upon.values())}
    assert set(LEADS) == used


def test_pairs_come_in_order_and_whole() -> None:
    """State by state, stimulus by stimulus: all that can happen, once."""
    pairs = [(state, stimulus) for state, stimulus, _ in handlers()]
    every = [(state, stimulus) for state in State for stimulus in STIMULI]
    assert pairs == [pair for pair in every if pair in set(pairs)]
    assert len(pairs) == len(set(pairs))
    assert set(TRANSITIONS) <= set(pairs)


def test_the_diagram_shows_changes_that_can_come_about() -> None:
    """From new outwards; nothing that no path leads to, nothing that stays as it is."""
    found = list(edges())
    reached = {State.NEW, *(edge.target for edge in found)}
    assert {edge.state for edge in found} <= reached
    assert all(edge.state is not edge.target for edge in found)
    assert (State.NEW, Kind.PURCHASE, "authorization.authorize", State.PARTIAL) in found
    assert (State.APPROVED, "hold_timer", "holds.look", State.EXPIRED) in found
    assert not [edge for edge in found if edge.state is State.DECLINED]
    assert State.FORWARDED not in reached


@pytest.mark.parametrize(
    ("leads", "before", "after", "allowed"),
    [
        (Leads((State.REVERSED,)), State.APPROVED, State.REVERSED, True),
        (Leads((State.REVERSED,)), State.APPROVED, State.EXPIRED, False),
        (Leads((State.REVERSED,)), State.APPROVED, State.APPROVED, False),
        (Leads((State.REVERSED,), stays=True), State.APPROVED, State.APPROVED, True),
        (Leads((State.REVERSED,), of=(State.PARTIAL,)), State.APPROVED, State.REVERSED, False),
        (Leads((State.REVERSED,), of=(State.PARTIAL,)), State.PARTIAL, State.REVERSED, True),
    ],
)
def test_what_is_declared_is_allowed(
    leads: Leads, before: State, after: State, allowed: bool
) -> None:
    """A target, from any state or from those that are named; the same state if it may stay."""
    assert leads.allows(before, after) is allowed


def test_a_handler_that_nobody_declared_is_an_error() -> None:
    """It cannot be drawn."""
    with pytest.raises(KeyError):
        leads_of(reversal.accept)
    assert leads_of(network.unbuilt).to == (State.DECLINED,)
    assert leads_of(holds.look).targets(State.DECLINED) == ()
    assert leads_of(reversal.leave).targets(State.VOIDED) == ()


@pytest.mark.parametrize("own", [True, False])
def test_a_decision_that_strays_is_found(shop: Shop, own: bool) -> None:
    """The guard over all tests of the core can fail: for the transaction and for its original."""
    shop.ask(shop.purchase())
    event = shop.arrived(shop.purchase() if own else shop.reversal())
    decision, _ = shop.judge(event)
    strayed: dict[str, Any] = {"state": State.SETTLED}
    wrong: Transaction = next_version(shop.transaction("K1"), **strayed)
    with pytest.raises(AssertionError, match="does not declare it"):
        held_to_the_diagram(event, replace(decision, records=(wrong,)), shop.store)


def seen(shop: Shop, key: str) -> State:
    """Where the transaction is."""
    return shop.transaction(key).state


def test_each_declared_target_of_a_payment_comes_about(shop: Shop) -> None:
    """No arrow of the diagram is there for nothing: payments, inquiries, holds that expire."""
    shop.change(Terminal, "T1", partial_approval=True)
    poor, month_us = "4000000000009995", 31 * 86_400 * 1_000_000
    asked = {
        "approved": shop.purchase("approved"),
        "partial": shop.purchase("partial", 1_001, poor),
        "accepted": shop.purchase("accepted", flow=Flow.ADVICE),
        "declined": shop.purchase("declined", 0),
    }
    for request in asked.values():
        shop.ask(request)
    assert {seen(shop, key) for key in asked} == set(LEADS[authorization.authorize].to)
    inquiries = {
        "good": shop.purchase("good", 0, kind=Kind.BALANCE),
        "noted": shop.purchase("noted", 0, kind=Kind.BALANCE, flow=Flow.ADVICE),
        "refused": shop.purchase("refused", 1, kind=Kind.BALANCE),
    }
    for request in inquiries.values():
        shop.ask(request)
    assert {seen(shop, key) for key in inquiries} == set(LEADS[inquiry.inquire].to)
    held = ("whole", "rest")
    for key in held:
        shop.ask(shop.purchase(key, kind=Kind.PREAUTH))
    shop.put(replace(shop.transaction("rest"), completed_minor=1))
    shop.wall_us = month_us
    for key in held:
        shop.fire(key)
    assert {seen(shop, key) for key in held} == set(LEADS[holds.look].to)
