"""What a virtual terminal says of each kind is what a host of the dialect reads, in all of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from switch.core.totals import POLICIES, read
from switch.errors import EncodeError
from switch.model.request import Answer, Request
from switch.model.words import EntryMode, Flow, Kind, Reason
from switch.money import Money
from switch.values import Pan
from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect, shipped_dialects
from switch.wire.mapping import Mapper
from switch_tools.terminal_lines import Answered, Entry, Sent, stan_of
from switch_tools.terminal_messages import Messages
from tests.tools.test_terminal_messages import MOMENT

DIALECTS = [name for name in shipped_dialects() if not load_dialect(name).reading_only]
TERMINALS = {name: Messages(load_dialect(name)) for name in DIALECTS}
HOSTS = {name: (Codec(load_dialect(name).layout), Mapper(load_dialect(name))) for name in DIALECTS}
NOW = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
PAN = Pan("4761739001010010")
YES = Answered(number=7, at="", approved=True, rrn="632810000001", approval_code="123456")

dialects = pytest.mark.parametrize("name", DIALECTS)


def sent(name: str, kind: Kind, number: int, **more: object) -> Sent:
    """A line of the journal, as the books would write it."""
    terminal = TERMINALS[name]
    times = terminal.times(NOW, UTC)
    told = {Kind.RECONCILIATION, Kind.BATCH_UPLOAD}
    values = {
        "number": number,
        "stan": stan_of(number),
        "at": NOW.isoformat(),
        "kind": kind,
        "dialect": name,
        "terminal_id": "DEMO0001",
        "merchant_id": "DEMOMERCHANT001",
        "transmitted_at": times.transmitted_at,
        "local_time": times.local_time,
        "local_date": times.local_date,
        "invoice": "" if kind is Kind.RECONCILIATION else "000042",
        "amount_minor": 1234,
        "currency": "840",
        "expiry": "4912",
        "flow": Flow.REQUEST if kind in told else terminal.flow(kind, advice=False),
        **more,
    }
    return Sent(**values)  # type: ignore[arg-type]


def heard(name: str, line: Sent, original: Entry | None = None, pan: Pan | None = PAN) -> Request:
    """What the host reads of it."""
    codec, mapper = HOSTS[name]
    return mapper.request(
        codec.decode(TERMINALS[name].write(line, original, pan, repeat=False).body)
    )


@dialects
@pytest.mark.parametrize(
    "kind", [Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH, Kind.REFUND]
)
@pytest.mark.parametrize("mode", [EntryMode.MANUAL, EntryMode.MAGSTRIPE, EntryMode.CHIP])
def test_what_begins_with_a_card_arrives(name: str, kind: Kind, mode: EntryMode) -> None:
    """Kind, amounts, entry mode; the host finds nothing wrong. What captures says so."""
    cash = 500 if kind is Kind.CASHBACK else None
    request = heard(name, sent(name, kind, 7, entry_mode=mode, other_minor=cash, partial=True))
    assert request.problems == ()
    assert (request.kind, request.flow, request.entry_mode) == (kind, Flow.REQUEST, mode)
    assert request.amount == Money(1234, "840")
    assert request.amount_other == (None if cash is None else Money(500, "840"))
    assert request.captures is (kind is not Kind.PREAUTH)
    assert request.partial_capable


@dialects
@pytest.mark.parametrize("kind", [Kind.BALANCE, Kind.VERIFICATION])
def test_an_inquiry_needs_no_amount(name: str, kind: Kind) -> None:
    """There is none to state."""
    request = heard(name, sent(name, kind, 7, amount_minor=None))
    assert request.problems == ()
    assert (request.kind, request.amount) == (kind, None)


@dialects
@pytest.mark.parametrize(
    ("kind", "first"),
    [
        (Kind.VOID, Kind.PURCHASE),
        (Kind.VOID, Kind.REFUND),
        (Kind.REFUND, Kind.PURCHASE),
        (Kind.TIP_ADJUST, Kind.PURCHASE),
        (Kind.INCREMENT, Kind.PREAUTH),
        (Kind.COMPLETION, Kind.PREAUTH),
        (Kind.REVERSAL, Kind.PURCHASE),
        (Kind.REVERSAL, Kind.VOID),
    ],
)
def test_a_follower_names_its_original(name: str, kind: Kind, first: Kind) -> None:
    """By reference or by the host's number, in whatever way the dialect has."""
    before = sent(name, first, 7)
    bought = heard(name, before)
    tip = 200 if kind is Kind.TIP_ADJUST else None
    stan = 7 if kind is Kind.REVERSAL and TERMINALS[name].reversals_keep_stan else 8
    line = sent(name, kind, stan, original=7, other_minor=tip, original_minor=1000)
    request = heard(name, line, Entry(before, answered=YES))
    assert request.problems == ()
    assert request.kind is kind
    assert request.original == bought.reference or request.rrn == YES.rrn
    assert request.amount_other == (None if tip is None else Money(200, "840"))


@dialects
def test_a_partial_reversal_says_what_remains(name: str) -> None:
    """INV-26: in its own element, or as the amount beside the original one."""
    before = sent(name, Kind.PURCHASE, 7)
    stan = 7 if TERMINALS[name].reversals_keep_stan else 8
    line = sent(name, Kind.REVERSAL, stan, original=7, remaining_minor=500)
    request = heard(name, line, Entry(before, answered=YES))
    assert request.problems == ()
    assert request.amount_remaining == Money(500, "840")


@dialects
def test_totals_arrive_as_they_were_stated(name: str) -> None:
    """INV-53: by name, a net amount with its sign; the batch's number beside."""
    policy = POLICIES[TERMINALS[name].totals_policy]
    stated = {total: 7 + place for place, total in enumerate(policy.names)}
    if "net_amount" in stated:
        stated["net_amount"] = -1234
    text = ";".join(f"{total}={value}" for total, value in stated.items())
    line = sent(name, Kind.RECONCILIATION, 9, totals=text, amount_minor=None, batch=12)
    request = heard(name, line, pan=None)
    assert request.problems == ()
    assert request.kind is Kind.RECONCILIATION
    assert stated.items() <= read(request.totals).items()
    assert request.batch_number.lstrip("0") == "12"
    again = sent(
        name, Kind.RECONCILIATION, 10, totals=text, amount_minor=None, batch=12, after_upload=True
    )
    assert heard(name, again, pan=None).kind is Kind.RECONCILIATION


@dialects
def test_the_totals_of_the_host_are_heard(name: str) -> None:
    """Out of balance it may say what it has counted."""
    terminal = TERMINALS[name]
    names = POLICIES[terminal.totals_policy].names
    text = ";".join(f"{total}=1" for total in names)
    line = sent(name, Kind.RECONCILIATION, 9, totals=text, amount_minor=None)
    outgoing = terminal.write(line, None, None, repeat=False)
    codec, mapper = HOSTS[name]
    fields = codec.decode(outgoing.body)
    theirs = {"totals": text.replace("=1", "=2")}
    answer = Answer(reason=Reason.RECONCILE_MISMATCH, rrn="632810000009", extra=theirs)
    body = codec.encode(mapper.answer(fields, mapper.request(fields), answer, MOMENT))
    told = terminal.hear(outgoing, body)
    assert told.ours
    assert told.reason == Reason.RECONCILE_MISMATCH
    assert set(read(told.totals).values()) == {2}


@pytest.mark.parametrize("name", [name for name in DIALECTS if TERMINALS[name].uploads])
@pytest.mark.parametrize(
    "item", [Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.COMPLETION, Kind.REFUND, Kind.VOID]
)
def test_an_uploaded_item_says_what_it_is(name: str, item: Kind) -> None:
    """INV-52: kind, amount and which transaction; its own STAN is another."""
    before = sent(name, item, 7)
    line = sent(name, Kind.BATCH_UPLOAD, 9, original=7, amount_minor=999, last_item=True)
    request = heard(name, line, Entry(before, answered=YES))
    assert request.problems == ()
    assert (request.kind, request.item, request.stan) == (Kind.BATCH_UPLOAD, item, "000009")
    assert request.amount == Money(999, "840")
    assert request.original == heard(name, before).reference or request.rrn == YES.rrn


@dialects
def test_an_advice_is_one_where_it_was_asked_for(name: str) -> None:
    """The flow is the dialect's: a tip is told, a purchase asked for; what it lacks is refused."""
    terminal = TERMINALS[name]
    assert terminal.flow(Kind.PURCHASE, advice=False) is Flow.REQUEST
    assert terminal.flow(Kind.TIP_ADJUST, advice=False) is Flow.ADVICE
    line = sent(name, Kind.PURCHASE, 7, flow=terminal.flow(Kind.PURCHASE, advice=True))
    assert heard(name, line).flow is Flow.ADVICE
    with pytest.raises(EncodeError, match="has no advice of balance inquiry"):
        terminal.flow(Kind.BALANCE, advice=True)
    with pytest.raises(EncodeError, match="has no unknown"):
        terminal.flow(Kind.UNKNOWN, advice=False)
