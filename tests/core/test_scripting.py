"""Scripted rules over the decisions: who matches, what becomes of the answer, what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.core.scripting import CHECK, fill
from switch.core.scripting_match import lot
from switch.model.copies import replace
from switch.model.effects import Reply
from switch.model.events import Origin
from switch.model.records import Key, Tally
from switch.model.request import Answer, Problem, Request
from switch.model.scripts import (
    DIVISIBLE,
    FORCIBLE,
    LOTS,
    AmountTest,
    Behaviour,
    FieldTest,
    Script,
    book_of,
)
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money
from switch.values import Pan
from tests.core.conftest import POOR, VISA

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.conftest import Shop

MAGIC = AmountTest((951_000,))
MUTE = Behaviour(silent=True)


def scripted(shop: Shop, *rules: Script) -> None:
    """Put the rules into force."""
    shop.settings = replace(shop.settings, scripts=book_of(rules))


def rule(name: str = "a", **more: Any) -> Script:
    """A decline, unless told otherwise."""
    return Script(**{"name": name, "place": "x.toml:1", "reason": Reason.SCRIPTED, **more})


def replies(shop: Shop) -> list[Reply]:
    """Of the last decision."""
    return [effect for effect in shop.last.effects if isinstance(effect, Reply)]


def asked(shop: Shop, request: Request, listener: str = "test") -> Answer:
    """The answer to a request that came by that listener."""
    event = replace(shop.arrived(request), origin=Origin(1, 1, listener, "192.0.2.1"))
    shop.decide(event)
    (reply,) = replies(shop)
    assert reply.request is request
    return reply.answer


def test_a_scripted_decline_moves_nothing_and_is_remembered(shop: Shop) -> None:
    """INV-02, INV-40: declined under its key with the rule's name; a repeat hears the same."""
    scripted(shop, rule(amount=MAGIC, reason=Reason.FUNDS_INSUFFICIENT))
    answer = shop.ask(shop.purchase("K1", 951_00))
    assert answer.reason is Reason.FUNDS_INSUFFICIENT
    known = shop.transaction("K1")
    assert (known.state, known.rule, known.answer) == (State.DECLINED, "a", answer)
    assert known.trail[0].name == CHECK
    assert not known.trail[0].ok
    assert "x.toml:1" in known.trail[0].remedy
    assert not shop.postings
    assert shop.balance("a-visa") == 100_000
    scripted(shop)
    assert shop.ask(shop.purchase("K1", 951_00, repeat=True)) == answer


def test_other_amounts_are_decided_as_always(shop: Shop, another_shop: Callable[[], Shop]) -> None:
    """A rule that is not met leaves no trace."""
    other = another_shop()
    scripted(other, rule(amount=MAGIC))
    request = shop.purchase("K1")
    assert other.decide(other.arrived(request)) == shop.decide(shop.arrived(request))


def test_an_amount_means_the_same_in_every_currency(shop: Shop) -> None:
    """951 yen, 951.00 dollars, 951.000 dinar; an amount without a currency has the terminal's."""
    scripted(shop, rule(amount=MAGIC))
    for key, money in [
        ("K1", Money(951_00, "840")),
        ("K2", Money(951, "392")),
        ("K3", Money(951_000, "414")),
        ("K4", Money(951_00, "")),
    ]:
        assert shop.ask(shop.purchase(key, amount=money)).reason is Reason.SCRIPTED
    assert shop.transaction("K4").amount == Money(951_00, "840")


CONDITIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"kinds": (Kind.PURCHASE,)}, {"kind": Kind.SIGN_ON}),
    ({"flows": (Flow.REQUEST,)}, {"flow": Flow.ADVICE}),
    ({"dialects": ("test",)}, {"dialect": "other"}),
    ({"terminals": ("T1",)}, {"terminal_id": "T9"}),
    ({"merchants": ("M1",)}, {"merchant_id": "M2"}),
    ({"pans": (Pan(VISA),)}, {"pan": Pan(POOR)}),
    ({"prefixes": ("4761",)}, {"pan": Pan(POOR)}),
    ({"pans": (Pan(VISA),)}, {"pan": None}),
    ({"amount": AmountTest(low=5_000, high=15_000)}, {"amount": Money(16_00, "840")}),
    ({"amount": AmountTest(low=5_000, high=15_000)}, {"amount": None}),
    ({"currency": "840"}, {"amount": Money(10_00, "978")}),
    ({"fields": (FieldTest("x", "present", low=1),)}, {"rules": ("b",)}),
]


@pytest.mark.parametrize(("condition", "other"), CONDITIONS)
def test_each_condition_is_looked_at(
    shop: Shop, condition: dict[str, Any], other: dict[str, Any]
) -> None:
    """The rule fires where its condition is met, and only there."""
    scripted(shop, rule(reason=Reason.BUSY, **condition))
    met = shop.purchase("K1", rules=("a",))
    assert asked(shop, met).reason is Reason.BUSY
    event = shop.arrived(replace(met, **{"request_key": "K2", "reference": "r2", **other}))
    decision = shop.decide(event)
    assert [reply.answer.reason for reply in replies(shop)] != [Reason.BUSY]
    assert CHECK not in {check.name for check in decision.trail}


def test_the_merchant_may_be_the_terminals_own(shop: Shop) -> None:
    """A message that names no merchant has the one of its terminal."""
    scripted(shop, rule(merchants=("M1",)))
    assert shop.ask(shop.purchase("K1", merchant_id="")).reason is Reason.SCRIPTED


def test_the_listener_is_looked_at(shop: Shop) -> None:
    """A rule may be for one port alone."""
    scripted(shop, rule(listeners=("left",)))
    assert asked(shop, shop.purchase("K1"), "right").reason is Reason.APPROVED
    assert asked(shop, shop.purchase("K2"), "left").reason is Reason.SCRIPTED


def test_the_first_rule_that_fires_wins(shop: Shop) -> None:
    """In the order of the file, whether it waits for an exact amount or not."""
    wide = rule("wide", terminals=("T1",), reason=Reason.BUSY)
    exact = rule("exact", amount=MAGIC, reason=Reason.REFERRAL)
    scripted(shop, wide, exact)
    assert shop.ask(shop.purchase("K1", 951_00)).reason is Reason.BUSY
    scripted(shop, exact, wide)
    assert shop.ask(shop.purchase("K2", 951_00)).reason is Reason.REFERRAL


def test_the_nth_time_is_counted_per_subject_and_repeats_do_not_count(shop: Shop) -> None:
    """INV-02: a tally per card, kept as a record; the counter is told before and after."""
    scripted(shop, rule(nth=(2,), per="card", reason=Reason.BUSY))
    said = []
    for key, pan in [("K1", VISA), ("K2", POOR), ("K1", VISA), ("K3", VISA), ("K4", VISA)]:
        said.append(shop.ask(shop.purchase(key, 100, pan)).reason is Reason.BUSY)
    assert said == [False, False, False, True, False]
    tally = shop.store[Key("tally", "script|a|token-0010")]
    assert isinstance(tally, Tally)
    assert tally.count == 3
    (counted,) = shop.transaction("K3").counted
    assert (counted.name, counted.before, counted.after, counted.limit) == ("a per card", 1, 2, 2)


@pytest.mark.parametrize(("per", "subject"), [("terminal", "T1"), ("merchant", "M1"), ("all", "")])
def test_every_so_many_times(shop: Shop, per: str, subject: str) -> None:
    """Each third request of a terminal, a merchant, or of all."""
    scripted(shop, rule(every=3, per=per, reason=Reason.BUSY))
    said = [shop.ask(shop.purchase(f"K{n}", 100)).reason is Reason.BUSY for n in range(1, 7)]
    assert said == [False, False, True, False, False, True]
    assert Key("tally", f"script|a|{subject}") in shop.store


def test_a_rule_taken_by_an_earlier_one_does_not_count(shop: Shop) -> None:
    """Counters see only what reaches them."""
    scripted(shop, rule("first", amount=MAGIC), rule("second", nth=(1,), reason=Reason.BUSY))
    assert shop.ask(shop.purchase("K1", 951_00)).reason is Reason.SCRIPTED
    assert shop.ask(shop.purchase("K2")).reason is Reason.BUSY


def test_two_of_one_batch_are_counted_one_after_the_other(shop: Shop) -> None:
    """The second of a batch sees the count of the first."""
    scripted(shop, rule(nth=(2,), reason=Reason.BUSY))
    answers = shop.batch(shop.purchase("K1", 100), shop.purchase("K2", 100))
    assert [answer.reason for answer in answers] == [Reason.APPROVED, Reason.BUSY]


def test_chance_follows_the_lot_and_rules_draw_apart(shop: Shop) -> None:
    """The same lot, the same answer; a second rule is not the shadow of the first."""
    draws = range(2_000)
    half = {n for n in draws if lot(n, "a") < LOTS // 2}
    other = {n for n in draws if lot(n, "b") < LOTS // 2}
    assert 800 < len(half) < 1_200
    assert 300 < len(half & other) < 700
    scripted(shop, rule(chance=lot(0, "a") + 1))
    assert shop.ask(shop.purchase("K1")).reason is Reason.SCRIPTED
    scripted(shop, rule(chance=lot(0, "a")))
    assert shop.ask(shop.purchase("K2")).reason is Reason.APPROVED


def test_texts_are_filled_and_kept_for_repeats(shop: Shop) -> None:
    """INV-02: what a template made of the first answer is what every repeat gets."""
    texts = (("response_text", "HELLO {terminal_id} {stan} {amount} {currency}"),)
    scripted(shop, rule(reason=None, texts=texts))
    first = shop.ask(shop.purchase("K1"))
    assert first.approved
    assert first.extra == {"response_text": "HELLO T1 000001 10.00 USD"}
    scripted(shop)
    assert shop.ask(shop.purchase("K1")) == first
    known = shop.transaction("K1")
    assert (known.trail[0].name, known.trail[0].saw) == (CHECK, "a")


def test_only_a_rule_that_decided_is_named_as_such(shop: Shop) -> None:
    """What was refused for want of funds was not decided by a rule that delays the answer, nor by a
    forced approval that a reversal had forestalled.
    """
    scripted(shop, rule(reason=None, behaviour=MUTE))
    shop.ask(shop.purchase("K1", 200_000))
    shop.ask(shop.reversal("R2", "K2"))
    scripted(shop, rule(reason=Reason.APPROVED))
    assert shop.ask(shop.purchase("K2")).reason is Reason.REVERSED_BEFORE_SEEN
    shop.ask(shop.purchase("K3", 200_000))
    assert [shop.transaction(key).rule for key in ("K1", "K2", "K3")] == ["", "", "a"]


def test_behaviour_rides_on_the_first_answer_alone(shop: Shop) -> None:
    """Nothing of it is stored; a repeat gets it only where the rule is for repeats, too."""
    for repeats in (False, True):
        key = f"K{repeats}"
        scripted(shop, rule(reason=None, behaviour=MUTE, repeats=repeats))
        shop.ask(shop.purchase(key, 100))
        assert replies(shop)[0].behaviour == MUTE
        assert shop.transaction(key).state is State.APPROVED
        shop.ask(shop.purchase(key, 100, repeat=True))
        assert replies(shop)[0].behaviour == (MUTE if repeats else None)


def test_an_echo_can_be_scripted_and_leaves_no_transaction(shop: Shop) -> None:
    """Its counter is all that is kept."""
    scripted(shop, rule(kinds=(Kind.ECHO,), nth=(2,), reason=Reason.BUSY, behaviour=MUTE))
    echo = shop.request(Kind.ECHO, "E1", merchant_id="")
    assert shop.ask(echo).reason is Reason.APPROVED
    assert shop.ask(echo).reason is Reason.BUSY
    assert replies(shop)[0].behaviour == MUTE
    assert not replies(shop)[0].track
    assert Key("transaction", "E1") not in shop.store


def test_a_malformed_request_is_left_alone(shop: Shop) -> None:
    """What has no effect needs no script."""
    scripted(shop, rule(reason=Reason.BUSY))
    problem = Problem("stan", "stan", Reason.FORMAT_ERROR, "is missing")
    assert shop.ask(shop.purchase("K1", problems=(problem,))).reason is Reason.FORMAT_ERROR


def test_a_forced_approval_skips_what_a_card_may_not(shop: Shop) -> None:
    """INV-40: a blocked card pays; nothing passes the limit of its account."""
    scripted(shop, rule(reason=Reason.APPROVED))
    card = shop.a_card(POOR, "a-poor", status="blocked")
    shop.put(card)
    answer = shop.ask(shop.purchase("K1", 500, POOR))
    assert answer.approved
    assert answer.approval_code == "A00001"
    known = shop.transaction("K1")
    assert (known.state, known.flow) == (State.APPROVED, Flow.REQUEST)
    assert shop.balance("a-poor") == 500
    assert shop.ask(shop.purchase("K2", 5_000, POOR)).approved
    assert shop.balance("a-poor") == 500
    assert shop.balance("suspense:840") == -5_000
    assert shop.balance("merchant:M1:840") == 5_500


def test_a_forced_approval_still_minds_terminal_and_tombstone(shop: Shop) -> None:
    """INV-22: what was reversed before it came has no effect, and a stranger is no terminal."""
    scripted(shop, rule(reason=Reason.APPROVED, kinds=(Kind.PURCHASE,)))
    shop.ask(shop.reversal("R1", of="K1"))
    assert shop.ask(shop.purchase("K1")).reason is Reason.REVERSED_BEFORE_SEEN
    assert shop.ask(shop.purchase("K2", terminal_id="T9")).reason is Reason.TERMINAL_UNKNOWN
    assert not shop.postings


def test_a_forced_part_is_approved_and_can_be_reversed(shop: Shop) -> None:
    """INV-12, INV-26: the amount asked for stays the request's; what is in effect is the part."""
    scripted(shop, rule(reason=Reason.PARTIAL, percent=30, kinds=(Kind.PURCHASE,)))
    answer = shop.ask(shop.purchase("K1", 1_001))
    assert (answer.reason, answer.amount) == (Reason.PARTIAL, Money(300, "840"))
    known = shop.transaction("K1")
    assert (known.state, known.amount) == (State.PARTIAL, Money(1_001, "840"))
    assert shop.balance("a-visa") == 99_700
    assert shop.ask(shop.purchase("K1", 1_001)) == answer
    shop.ask(shop.reversal("R1", of="K1"))
    assert shop.balance("a-visa") == 100_000


@given(st.text(), st.dictionaries(st.sampled_from(["stan", "rrn"]), st.text()))
def test_templates_never_fail_and_know_no_other_name(text: str, values: dict[str, str]) -> None:
    """Whatever the text, the result has only it and the values."""
    assert isinstance(fill(text, values), str)
    assert fill(text.replace("{", "{{").replace("}", "}}"), values) == text


@pytest.mark.parametrize("kind", sorted(FORCIBLE))
@pytest.mark.parametrize("pan", [VISA, POOR])
def test_every_kind_that_can_be_forced_is_booked_in_balance(
    shop: Shop, kind: Kind, pan: str
) -> None:
    """INV-40, INV-60: approved whatever the card may; each posting sums to zero and no account
    passes its limit.
    """
    scripted(shop, rule(reason=Reason.APPROVED, kinds=tuple(FORCIBLE)))
    shop.put(shop.a_card(POOR, "a-poor", status="lost"))
    captures = kind is not Kind.PREAUTH
    other = Money(500, "840") if kind is Kind.CASHBACK else None
    request = shop.purchase("K1", 5_000, pan, kind=kind, captures=captures, amount_other=other)
    answer = shop.ask(request)
    assert (answer.reason, answer.approval_code) == (Reason.APPROVED, "A00001")
    known = shop.transaction("K1")
    assert (known.state, known.flow, known.kind) == (State.APPROVED, Flow.REQUEST, kind)
    assert all(sum(leg.amount_minor for leg in item.entries) == 0 for item in shop.postings)
    assert shop.balance("a-poor") >= 0
    assert shop.ask(replace(request, repeat=True)) == answer


@pytest.mark.parametrize("kind", sorted(DIVISIBLE))
def test_every_kind_that_can_be_forced_in_part(shop: Shop, kind: Kind) -> None:
    """INV-26: the part is what is in effect."""
    scripted(shop, rule(reason=Reason.PARTIAL, percent=50, kinds=tuple(DIVISIBLE)))
    captures = kind is not Kind.PREAUTH
    answer = shop.ask(shop.purchase("K1", 5_001, VISA, kind=kind, captures=captures))
    assert (answer.reason, answer.amount) == (Reason.PARTIAL, Money(2_500, "840"))
    known = shop.transaction("K1")
    assert (known.state, known.amount_open) == (State.PARTIAL, Money(2_500, "840"))
    shop.ask(shop.reversal("R1", of="K1"))
    assert shop.balance("a-visa") == 100_000
    assert shop.held("a-visa") == 0


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.ECHO])
def test_every_kind_can_be_declined_by_a_script(shop: Shop, kind: Kind) -> None:
    """Recorded as declined, without any effect on money."""
    scripted(shop, rule(kinds=(kind,)))
    known = shop.purchase("K0", 500)
    shop.ask(known)
    before = {key: record for key, record in shop.store.items() if key.table in ("account", "hold")}
    request = shop.purchase("K1", 500, kind=kind, original="ref-K0")
    assert shop.ask(request).reason is Reason.SCRIPTED
    assert shop.transaction("K1").state is State.DECLINED
    after = {key: record for key, record in shop.store.items() if key.table in ("account", "hold")}
    assert after == before
