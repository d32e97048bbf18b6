"""Mapping, for every dialect: what a terminal says is what the host hears, and the other way."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.copies import replace
from switch.model.events import Moment
from switch.model.request import Answer, Request
from switch.model.words import APPROVALS, EntryMode, Flow, Kind, Reason
from switch.money import CURRENCIES, Money
from switch.values import ChipData, Pan, PinBlock, Track2
from switch.wire.codec import Codec
from switch.wire.dialect import Dialect, load_dialect, shipped_dialects
from switch.wire.mapping import Mapper
from switch.wire.semantics import TOTALS

DIALECTS = [load_dialect(name) for name in shipped_dialects()]
NOW = Moment(wall_us=1_795_514_472_000_000, mono_ns=0)
MESSAGE_TYPES = [f"{version}{number}" for version in "01289" for number in range(100, 1000)]
PANS = ("4761739001010010", "5413330089010434", "374245455400126", "6200000000000005")

ids = st.text("ABCXYZ019|% -", min_size=1, max_size=8).map(str.strip).filter(bool)


@dataclass(frozen=True, repr=False)
class Side:
    """A dialect with all that reads and writes it; prints as its name."""

    dialect: Dialect
    mapper: Mapper
    codec: Codec

    def __repr__(self) -> str:
        return self.dialect.name


SIDES = [
    Side(dialect, Mapper(dialect), Codec(dialect.layout))
    for dialect in DIALECTS
    if not dialect.reading_only
]


def numbers(length: int) -> st.SearchStrategy[str]:
    """Digit strings of one length, not all zero."""
    return st.integers(1, 10**length - 1).map(lambda number: f"{number:0{length}d}")


@st.composite
def times(draw: st.DrawFn) -> tuple[str, str, str]:
    """Transmission time, local date and local time that clocks can show."""
    date = f"{draw(st.integers(1, 12)):02}{draw(st.integers(1, 28)):02}"
    hour, minute, second = (
        draw(st.integers(0, 23)),
        draw(st.integers(0, 59)),
        draw(st.integers(0, 59)),
    )
    clock = f"{hour:02}{minute:02}{second:02}"
    return date + clock, date, clock


def spoken(side: Side) -> list[tuple[Kind, Flow, bool]]:
    """Every (kind, flow, captures) that a dialect has a message for."""
    flows = {"0": Flow.REQUEST, "2": Flow.ADVICE}
    return sorted(
        {
            (rule.kind, rule.flow or flows[mti[2]], rule.captures)
            for rule in side.dialect.transactions
            for mti in rule.messages
        }
    )


@st.composite
def requests(draw: st.DrawFn, side: Side, wanted: Kind | None = None) -> Request:
    """Something that a terminal may ask for in a dialect, with all that the dialect can carry."""
    kind, flow, captures = draw(
        st.sampled_from([line for line in spoken(side) if wanted in (None, line[0])])
    )
    sent, date, clock = draw(times())
    of_1993 = side.dialect.version == "1"
    request = Request(
        dialect=side.dialect.name,
        kind=kind,
        flow=flow,
        captures=captures,
        repeat=draw(st.booleans()),
        request_key="",
        terminal_id=draw(ids),
        merchant_id=draw(ids),
        acquirer_id=draw(st.just("") | numbers(6)),
        stan=draw(numbers(6)),
        transmitted_at=sent,
        local_time="26" + date + clock if of_1993 else clock,
        local_date="" if of_1993 else date,
        invoice=draw(st.just("") | numbers(6)),
    )
    if kind.is_network:
        return request
    return _with_money(draw, request, side)


def _with_money(draw: st.DrawFn, request: Request, side: Side) -> Request:
    currency = draw(st.sampled_from(["", *sorted(CURRENCIES)]))
    amount = Money(draw(st.integers(1, 10**12 - 1)), currency)
    if request.kind is Kind.RECONCILIATION:
        hypercom = side.dialect.policy.totals == "hypercom-63"
        return replace(
            request,
            totals=draw(numbers(90)) if hypercom else f"{TOTALS[0]}={draw(numbers(10))}",
            batch_number=draw(numbers(6)) if hypercom else "",
        )
    if request.kind is Kind.REVERSAL:
        return replace(request, amount=amount)
    if request.kind in (Kind.FILE_ACTION, Kind.BATCH_UPLOAD):
        return request
    number = draw(st.sampled_from(PANS))
    track = Track2(f"{number}=4912201{draw(numbers(8))}")
    modes = side.dialect.entry_modes
    assert modes is not None
    cash = request.kind is Kind.CASHBACK
    return replace(
        request,
        amount=amount,
        amount_other=Money(amount.minor // 2, currency) if cash and currency else None,
        pan=Pan(number),
        track2=draw(st.none() | st.just(track)),
        expiry="4912",
        entry_mode=draw(st.sampled_from(sorted(set(modes.codes.values()) | {EntryMode.UNKNOWN}))),
        card_sequence=draw(st.just("") | numbers(3)),
        pin_block=draw(st.none() | st.binary(min_size=8, max_size=8).map(_pin)),
        chip=draw(
            st.none() | st.just(ChipData(f"9F020600000000100095050000000000{_tag_5a(number)}"))
        ),
        rrn=draw(st.just("") | numbers(12)),
        approval_code=draw(st.just("") | numbers(6)),
    )


def _pin(data: bytes) -> PinBlock:
    return PinBlock(data.hex().upper())


def _tag_5a(number: str) -> str:
    value = number + "F" * (len(number) & 1)
    return f"5A{len(value) // 2:02X}{value}"


def meaning(request: Request) -> Request:
    """A request without its names and codes, which are made by reading."""
    return replace(
        request,
        request_key="",
        reference="",
        original="",
        message_type="",
        code="",
        network_code="",
        problems=(),
    )


def over_the_wire(side: Side, fields: dict[str, str]) -> dict[str, str]:
    """Encoded and decoded, as it travels."""
    received = side.codec.decode(side.codec.encode(fields))
    assert received == fields
    return received


@pytest.mark.parametrize("side", SIDES, ids=repr)
@given(st.data())
def test_what_a_terminal_says_is_what_the_host_hears(side: Side, data: st.DataObject) -> None:
    """Every kind, flow and repeat that a dialect can say: same meaning, no problem, safe names."""
    said = data.draw(requests(side))
    fields = over_the_wire(side, side.mapper.compose(said))
    heard = side.mapper.request(fields)
    assert meaning(heard) == meaning(said)
    assert [p for p in heard.problems if said.kind not in (Kind.REVERSAL, Kind.BATCH_UPLOAD)] == []
    assert heard.request_key.count("|") == len(side.dialect.identity.request_key)
    first = side.mapper.request(side.mapper.compose(replace(said, repeat=False)))
    assert (first.request_key, first.reference) == (heard.request_key, heard.reference)


@pytest.mark.parametrize("side", SIDES, ids=repr)
@given(st.data())
def test_reversal_names_its_original(side: Side, data: st.DataObject) -> None:
    """A reversal's ``original`` is its original's ``reference``, repeats and all."""
    original = side.mapper.request(
        over_the_wire(side, side.mapper.compose(data.draw(requests(side, Kind.PURCHASE))))
    )
    reversal = replace(
        data.draw(requests(side, Kind.REVERSAL)),
        terminal_id=original.terminal_id,
        original=original.reference,
        code=original.code,
    )
    if side.dialect.name == "hypercom":
        reversal = replace(reversal, stan=original.stan, invoice=original.invoice)
    if data.draw(st.booleans()) and side.dialect.name != "hypercom":
        reversal = replace(reversal, amount=Money(500, "840"), amount_remaining=Money(200, "840"))
    heard = side.mapper.request(over_the_wire(side, side.mapper.compose(reversal)))
    assert heard.kind is Kind.REVERSAL
    assert heard.original == original.reference
    assert heard.reference != original.reference
    assert (heard.amount, heard.amount_remaining) == (reversal.amount, reversal.amount_remaining)
    assert heard.code.split("/")[0] == original.code.split("/")[0]
    assert heard.problems == ()


@pytest.mark.parametrize("side", SIDES, ids=repr)
@given(st.data())
def test_what_the_host_says_is_what_the_terminal_hears(side: Side, data: st.DataObject) -> None:
    """Any answer to any request can be written, matches, and is read as it was meant."""
    said = data.draw(requests(side).filter(lambda request: request.flow is not Flow.NOTIFICATION))
    fields = side.mapper.compose(said)
    request = side.mapper.request(fields)
    reason = data.draw(st.sampled_from(list(Reason)))
    answer = Answer(
        reason=reason,
        rrn=said.rrn or data.draw(numbers(12)),
        approval_code=data.draw(st.just("") | numbers(6)),
        settlement_date="261124",
        text=data.draw(st.text("abc ", max_size=30)),
    )
    reply = over_the_wire(side, side.mapper.answer(fields, request, answer, NOW))
    told = side.mapper.read_answer(fields, reply)
    assert told.matches, told.differs
    assert told.answer is not None
    assert told.answer.rrn == answer.rrn
    assert told.answer.approval_code == answer.approval_code
    assert told.words
    table = {**side.dialect.responses, **side.dialect.responses_for.get(said.kind, {})}
    assert told.reason is not None
    assert table[told.reason] == table[reason] == told.response_code
    assert told.approved == (reason in APPROVALS)


@pytest.mark.parametrize("side", SIDES, ids=repr)
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
