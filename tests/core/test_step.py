"""``plan`` and ``step``: total, staged, deterministic; impossible pairs are a defect."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from switch.core.step import ImpossibleEvent, step
from switch.core.table import IMPOSSIBLE, PLANS, REVERSED, STIMULI, TRANSITIONS, UPON, rows
from switch.model.copies import replace
from switch.model.events import (
    DeliveryReported,
    Event,
    LinkChanged,
    Moment,
    OperatorCommand,
    Recovered,
    TimerFired,
    UpstreamAnswered,
)
from switch.model.facts import Decision, VerdictNeed
from switch.model.records import Key
from switch.model.request import Answer
from switch.model.words import Delivery, Flow, Kind, Reason, State
from switch.values import PinBlock
from tests.core.keyed import secure

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.conftest import Shop

NOW = Moment(1, 1)


def test_the_table_is_total() -> None:
    """Each pair is in exactly one place: the table, the reversals' table, or IMPOSSIBLE."""
    for state, stimulus in product(State, STIMULI):
        pair = (state, stimulus)
        places = [
            pair in TRANSITIONS,
            state in UPON.get(stimulus, ()),
            pair in IMPOSSIBLE,
        ]
        assert places.count(True) == 1, pair


def test_the_tables_hold_nothing_else() -> None:
    """No unknown pair, a plan for every stimulus, and the printed table is complete."""
    every = {(state, stimulus) for state in State for stimulus in STIMULI}
    assert set(TRANSITIONS) | IMPOSSIBLE | {(s, name) for name in UPON for s in UPON[name]} == every
    assert set(PLANS) == set(STIMULI)
    printed = {(state, stimulus): name for state, stimulus, name in rows()}
    assert set(printed) == every
    assert printed[State.NEW, Kind.PURCHASE] == "authorization.authorize"
    assert printed[State.APPROVED, REVERSED] == "reversal.undo"
    assert printed[State.NEW, REVERSED] == "impossible"


def event_for(stimulus: str, shop: Shop) -> Event:
    """An event of that stimulus about the transaction K1."""
    match stimulus:
        case "delivery":
            return DeliveryReported(NOW, "K1", Delivery.SENT)
        case "recovery":
            return Recovered(NOW, "K1")
        case "timer":
            return TimerFired(NOW, "any", "K1")
        case "hold_timer":
            return TimerFired(NOW, "hold", "K1")
        case "upstream_answer":
            return UpstreamAnswered(NOW, "K1", Answer(reason=Reason.APPROVED), "link")
        case "link":
            return LinkChanged(NOW, "link", True)
        case "command":
            return OperatorCommand(NOW, "status", "somebody")
        case "stray_answer":
            return shop.arrived(shop.purchase(flow=Flow.ANSWER))
        case _:
            return shop.arrived(
                shop.purchase(kind=Kind(stimulus), original="ref-K0", code=stimulus)
            )


LIVE = sorted(set(STIMULI) - {*UPON, "broken", "incomplete"})


@pytest.mark.parametrize("stimulus", LIVE)
def test_every_pair_is_decided_or_called_a_defect(
    another_shop: Callable[[], Shop], stimulus: str
) -> None:
    """An event of each sort upon a transaction in each state: a decision, or ImpossibleEvent."""
    of_a_request = stimulus in set(Kind) and stimulus != Kind.ECHO
    looked_up = of_a_request or stimulus in {"delivery", "recovery", "hold_timer"}
    for state in State:
        shop = another_shop()
        if state is not State.NEW:
            shop.ask(shop.purchase())
            kind = Kind(stimulus) if of_a_request else Kind.PURCHASE
            change: dict[str, Any] = {
                "state": state,
                "kind": kind,
                "code": stimulus,
                "original": "ref-K0",
            }
            shop.put(replace(shop.transaction("K1"), **change))
        event = event_for(stimulus, shop)
        if (state if looked_up else State.NEW, stimulus) in IMPOSSIBLE:
            with pytest.raises(ImpossibleEvent):
                shop.decide(event)
        else:
            assert isinstance(shop.decide(event), Decision)


def test_an_event_of_no_known_type_is_a_defect(shop: Shop) -> None:
    """The engine answers 96; nothing is guessed (INV-06)."""
    with pytest.raises(ImpossibleEvent, match="no event that the core knows"):
        shop.decide(Event(NOW))


def test_late_timers_and_links_change_nothing(shop: Shop) -> None:
    """INV-16: what nobody waits for changes no decision."""
    shop.ask(shop.purchase())
    before = dict(shop.store)
    for stimulus in ("timer", "upstream_answer", "link"):
        decision = shop.decide(event_for(stimulus, shop))
        assert (decision.records, decision.effects) == ((), ())
    assert shop.store == before


def test_the_plan_goes_stage_by_stage(shop: Shop) -> None:
    """First what the message names, then what those rows lead to; a MAC is asked about before a PIN
    (M-08), and as soon as its key is there."""
    secure(shop)
    request = shop.purchase(merchant_id="", pin_block=PinBlock("0" * 16), mac="00" * 8)
    event = shop.arrived(request)
    _, rounds = shop.judge(event)
    assert rounds == [
        (
            Key("transaction", "K1"),
            Key("reference", "ref-K1"),
            Key("terminal", "T1"),
            Key("card", "token-0010"),
            Key("key", "terminal.T1.tak"),
            Key("key", "terminal.T1.tpk"),
        ),
        (
            Key("account", "a-visa"),
            Key("merchant", "M1"),
            Key("account", "merchant:M1:840"),
            Key("key", "issuer.demo.pvk"),
            Key("reference", "M1|rrn|RK1"),
            VerdictNeed("mac", ("terminal.T1.tak",)),
        ),
        (VerdictNeed("pin", ("terminal.T1.tpk", "issuer.demo.pvk")),),
    ]


def test_a_repeat_asks_for_no_accounts(shop: Shop) -> None:
    """Hot rows are not looked up for what will not move."""
    shop.ask(shop.purchase())
    _, rounds = shop.judge(shop.arrived(shop.purchase()))
    assert len(rounds) == 1
    assert not any(isinstance(need, Key) and need.table == "account" for need in rounds[0])


def test_a_reversal_finds_its_original_by_reference(shop: Shop) -> None:
    """Its own rows, then the bearer of the name, then what the bearer moved."""
    shop.ask(shop.purchase())
    _, rounds = shop.judge(shop.arrived(shop.reversal()))
    assert [need for stage in rounds[1:] for need in stage] == [
        Key("transaction", "K1"),
        Key("account", "a-visa"),
        Key("account", "merchant:M1:840"),
        Key("card", "token-0010"),
    ]


def test_equal_requests_of_one_batch_have_one_effect(shop: Shop) -> None:
    """M-25, INV-13: the second is planned before the first is decided, and sees it all the same."""
    first, second = shop.batch(shop.purchase(), shop.purchase())
    assert first == second
    assert shop.balance("a-visa") == 99_000


def test_two_debits_of_one_batch_share_one_balance(shop: Shop) -> None:
    """INV-40: the second sees what the first has left."""
    poor = "4000000000009995"
    answers = shop.batch(shop.purchase("K1", 600, poor), shop.purchase("K2", 600, poor))
    assert [answer.reason for answer in answers] == [Reason.APPROVED, Reason.FUNDS_INSUFFICIENT]


def test_a_reversal_in_the_batch_of_its_original(shop: Shop) -> None:
    """INV-20: in either order."""
    shop.batch(shop.purchase("K1"), shop.reversal("R1", "K1"))
    shop.batch(shop.reversal("R2", "K2"), shop.purchase("K2"))
    assert shop.balance("a-visa") == 100_000
    assert shop.transaction("K1").state is State.REVERSED
    assert shop.transaction("K2").answer.reason is Reason.REVERSED_BEFORE_SEEN


def test_newcomers_of_one_batch_are_enrolled_once(shop: Shop) -> None:
    """Two first purchases of one card at one new terminal."""
    shop.enrol(balance=5_000)
    request = shop.purchase(pan="4111111111111111", terminal_id="T7", merchant_id="NEW")
    answers = shop.batch(request, replace(request, request_key="K2", reference="ref-K2"))
    assert [answer.reason for answer in answers] == [Reason.APPROVED] * 2
    assert shop.balance("card:token-1111") == 3_000


def test_a_step_without_its_facts_does_not_guess(shop: Shop) -> None:
    """A row that nobody fetched is an error, so the engine plans again."""
    from_nowhere = shop.facts(shop.no_rows())
    with pytest.raises(KeyError):
        step(shop.arrived(shop.purchase()), from_nowhere)
