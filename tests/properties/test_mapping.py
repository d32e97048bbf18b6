"""Mapping, for every dialect: what a terminal says is what the host hears, and the other way."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.model.copies import replace
from switch.model.events import Moment
from switch.model.request import Answer, Request
from switch.model.words import APPROVALS, Flow, Kind, Reason
from switch.money import CURRENCIES, Money
from tests.wire_requests import SIDES, Side, meaning, numbers, requests, totals

NOW: Final = Moment(wall_us=1_795_514_472_000_000, mono_ns=0)
MESSAGE_TYPES: Final = [f"{version}{number}" for version in "01289" for number in range(100, 1000)]

each_side = pytest.mark.parametrize("side", SIDES, ids=repr)
money = st.builds(Money, st.integers(1, 10**12 - 1), st.sampled_from(sorted(CURRENCIES)))


@each_side
@settings(max_examples=100)
@given(st.data())
def test_what_a_terminal_says_is_what_the_host_hears(side: Side, data: st.DataObject) -> None:
    """Every kind, flow and repeat that a dialect can say: same meaning, no problem, safe names
    (INV-10, INV-25).
    """
    said = data.draw(requests(side))
    fields = side.over_the_wire(said)
    heard = side.mapper.request(fields)
    assert meaning(heard) == meaning(said)
    assert heard.problems == ()
    assert heard.request_key.count("|") == len(side.dialect.identity.request_key)
    assert int(fields["t"][3]) % 2 == said.repeat
    first = side.mapper.request(side.over_the_wire(replace(said, repeat=False)))
    assert (first.request_key, first.reference) == (heard.request_key, heard.reference)
    assert side.mapper.named(said) == replace(heard, problems=())


@each_side
@settings(max_examples=60)
@given(st.data())
def test_what_points_at_a_transaction_bears_its_name(side: Side, data: st.DataObject) -> None:
    """The ``original`` of a reversal, full or partial, of a follower and of an uploaded item is its
    original's ``reference``, repeats and all.
    """
    original = side.mapper.request(
        side.over_the_wire(data.draw(requests(side, Kind.PURCHASE).filter(lambda r: r.captures)))
    )
    wanted = [Kind.REVERSAL]
    if side.dialect.policy.upload:
        wanted.append(Kind.BATCH_UPLOAD)
    if not side.keeps_numbers:
        wanted += [Kind.VOID, Kind.REFUND, Kind.COMPLETION, Kind.TIP_ADJUST, Kind.INCREMENT]
    follower = replace(
        data.draw(requests(side, *wanted)),
        terminal_id=original.terminal_id,
        invoice=original.invoice,
        original=original.reference,
        code=original.code,
    )
    if follower.kind is Kind.BATCH_UPLOAD:
        follower = replace(follower, item=Kind.PURCHASE)
    if follower.kind is Kind.REVERSAL and side.keeps_numbers:
        follower = replace(follower, stan=original.stan)
    elif follower.stan == original.stan:
        follower = replace(follower, stan=f"{999_999 - int(original.stan) or 1:06d}")
    heard = side.mapper.request(side.over_the_wire(follower))
    assert heard.kind is follower.kind
    assert heard.original == original.reference
    assert heard.reference != original.reference
    assert (heard.amount, heard.amount_remaining) == (follower.amount, follower.amount_remaining)
    assert heard.code.split("/")[0][2:] == original.code.split("/")[0][2:]
    if follower.kind in (Kind.REVERSAL, Kind.BATCH_UPLOAD):
        assert heard.code.split("/")[0] == original.code.split("/")[0]
    assert heard.problems == ()


@each_side
@settings(max_examples=100)
@given(st.data())
def test_what_the_host_says_is_what_the_terminal_hears(side: Side, data: st.DataObject) -> None:
    """Any answer to any request can be written, matches, and is read as it was meant."""
    said = data.draw(requests(side).filter(lambda request: request.flow is not Flow.NOTIFICATION))
    fields = side.mapper.compose(said)
    request = side.mapper.request(fields)
    answer = data.draw(answers(side, said))
    reply = side.codec.decode(side.codec.encode(side.mapper.answer(fields, request, answer, NOW)))
    told = side.mapper.read_answer(fields, reply)
    assert told.matches, told.differs
    assert told.answer is not None
    assert told.answer.rrn == answer.rrn
    assert told.answer.approval_code == answer.approval_code
    assert told.answer.balance == answer.balance
    assert told.answer.settlement_date
    assert answer.settlement_date.endswith(told.answer.settlement_date)
    assert told.totals == (answer.extra.get("totals") or said.totals * (said.totals == told.totals))
    if answer.reason is Reason.PARTIAL:
        assert told.answer.amount == answer.amount
    assert told.words
    table = {**side.dialect.responses, **side.dialect.responses_for.get(said.kind, {})}
    assert told.reason is not None
    assert table[told.reason] == table[answer.reason] == told.response_code
    assert told.approved == (answer.reason in APPROVALS)


@st.composite
def answers(draw: st.DrawFn, side: Side, said: Request) -> Answer:
    """Anything that a host may say to a request."""
    reason = draw(st.sampled_from(list(Reason)))
    has_card = said.pan is not None and said.amount is not None
    amount = said.amount
    if reason is Reason.PARTIAL:
        partial = has_card and amount is not None and amount.minor > 1 and amount.currency
        if not partial:
            reason = Reason.APPROVED
    extra = {}
    if said.kind is Kind.RECONCILIATION and draw(st.booleans()):
        extra["totals"] = draw(totals(side))
    return Answer(
        reason=reason,
        rrn=said.rrn or draw(numbers(12)),
        approval_code=draw(st.just("") | numbers(6)),
        amount=Money(draw(st.integers(1, amount.minor - 1)), amount.currency)
        if reason is Reason.PARTIAL and amount is not None
        else None,
        balance=draw(st.none() | money | money.map(lambda value: -value)),
        settlement_date="261124",
        text=draw(st.text("abc ", max_size=30)),
        extra=extra,
    )


@each_side
@settings(max_examples=60)
@given(st.data())
def test_any_message_of_the_layout_can_be_mapped(side: Side, data: st.DataObject) -> None:
    """Whatever decodes is mapped, broken or whole, and nothing sensitive shows."""
    fields = side.mapper.compose(data.draw(requests(side)))
    kind = data.draw(st.sampled_from([fields["t"], *MESSAGE_TYPES]))
    left_out = data.draw(st.lists(st.sampled_from(list(fields))))
    fields = {key: value for key, value in fields.items() if key not in left_out} | {"t": kind}
    request = side.mapper.request(fields)
    shown = repr(request)
    for number, value in fields.items():
        shape = None if number == "t" else side.dialect.layout.fields[int(number)]
        if shape is not None and shape.sensitive and len(value) > 4:
            assert value not in shown
    side.codec.encode(side.mapper.answer(fields, request, Answer(reason=Reason.FORMAT_ERROR), NOW))
