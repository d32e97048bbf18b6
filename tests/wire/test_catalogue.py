"""Each dialect speaks each kind of the catalogue, or says by name that it does not."""

from __future__ import annotations

import pytest

from switch.errors import EncodeError
from switch.model.copies import replace
from switch.model.request import Request
from switch.model.words import EntryMode, Flow, Kind
from switch.money import Money
from switch.values import Pan
from switch.wire.dialect import load_dialect
from switch.wire.map_message import base_of
from tests.wire_messages import MAPPERS, PAN, SALE_87, SPEAKING, read, sale

R, A, N = Flow.REQUEST, Flow.ADVICE, Flow.NOTIFICATION
CATALOGUE = [kind for kind in Kind if kind is not Kind.UNKNOWN]
BOTH = {
    Kind.PURCHASE,
    Kind.CASH,
    Kind.CASHBACK,
    Kind.REFUND,
    Kind.VOID,
    Kind.PREAUTH,
    Kind.INCREMENT,
    Kind.COMPLETION,
    Kind.REVERSAL,
    Kind.RECONCILIATION,
}
# What a dialect has besides BOTH, and what of BOTH it has not.
ALONE = {Kind.BALANCE: {R}, Kind.VERIFICATION: {R}, Kind.TIP_ADJUST: {A}}
NETWORK = {kind for kind in Kind if kind.is_network}
OWN: dict[str, dict[Kind, set[Flow]]] = {
    "iso87": {
        **{kind: {R, N} for kind in NETWORK},
        Kind.BATCH_UPLOAD: {A},
        Kind.FILE_ACTION: {R},
    },
    "iso93": {
        **{kind: {R, A} for kind in NETWORK},
        Kind.BATCH_UPLOAD: set(),
        Kind.FILE_ACTION: {R},
    },
    "hypercom": {
        **{kind: {R} for kind in NETWORK},
        Kind.COMPLETION: {A},
        Kind.BATCH_UPLOAD: {A},
        Kind.FILE_ACTION: set(),
    },
}
ORIGINALS = {
    "iso87": "DEMO0001|0200|000122|1124095900",
    "iso93": "DEMO0001|1200|000122|261124105900",
    "hypercom": "DEMO0001|000122|000007",
}


def family(name: str) -> str:
    """The table that a dialect belongs to."""
    return name.split("-", maxsplit=1)[0]


def flows(name: str, kind: Kind) -> set[Flow]:
    """The flows in which a dialect has a kind."""
    return OWN[family(name)].get(kind, ALONE.get(kind, {R, A}))


def asked(name: str, kind: Kind, flow: Flow) -> Request:
    """A request of that kind, with all that it can need."""
    first = read(name, sale(name))
    card = kind in (Kind.REFUND, *BOTH - {Kind.VOID, Kind.COMPLETION, Kind.INCREMENT}, *ALONE)
    points = kind in (Kind.VOID, Kind.INCREMENT, Kind.COMPLETION, Kind.TIP_ADJUST, Kind.REFUND)
    points |= kind in (Kind.REVERSAL, Kind.BATCH_UPLOAD)
    closes = kind is Kind.RECONCILIATION
    money = not (kind.is_network or closes or kind is Kind.FILE_ACTION)
    plain = kind in (Kind.REVERSAL, Kind.RECONCILIATION)
    return Request(
        dialect=name,
        kind=kind,
        flow=flow,
        captures=kind not in (Kind.PREAUTH, Kind.INCREMENT),
        request_key="",
        terminal_id=first.terminal_id,
        merchant_id=first.merchant_id,
        stan="000123",
        invoice="000007",
        transmitted_at=first.transmitted_at,
        local_time=first.local_time,
        local_date=first.local_date,
        amount=Money(1234, "840") if money else None,
        pan=Pan(PAN) if card and not plain else None,
        entry_mode=EntryMode.MANUAL if card and not plain else EntryMode.UNKNOWN,
        original=ORIGINALS[family(name)] if points else "",
        rrn="632800000122" if points else "",
        batch_number="000003" if closes else "",
        totals=closing(name) if closes else "",
        item=Kind.PURCHASE if kind is Kind.BATCH_UPLOAD else None,
    )


def closing(name: str) -> str:
    """Totals of one sale."""
    if name == "hypercom":
        return "sales_number=1;sales_amount=1234;refunds_number=0;refunds_amount=0"
    return "debits_number=1;debits_amount=1234;net_amount=-1234"


@pytest.mark.parametrize("kind", CATALOGUE)
@pytest.mark.parametrize("name", SPEAKING)
def test_each_kind_is_spoken_or_refused_by_name(name: str, kind: Kind) -> None:
    """In each flow of the table the host hears what was said, without a problem; in each other one
    the terminal is told that there is no such message.
    """
    for flow in (R, A, N):
        request = asked(name, kind, flow)
        if flow in flows(name, kind):
            heard = MAPPERS[name].request(MAPPERS[name].compose(request))
            assert (heard.kind, heard.flow, heard.problems) == (kind, flow, ())
        else:
            with pytest.raises(EncodeError, match=f"{name} has no {flow} for {kind}"):
                MAPPERS[name].compose(request)


@pytest.mark.parametrize("name", SPEAKING)
def test_the_policy_tells_what_the_core_must_know(name: str) -> None:
    """INV-53: which totals are stated, and whether there is a batch upload (1993 has none)."""
    policy = load_dialect(name).policy
    assert policy.totals == ("hypercom-63" if name == "hypercom" else "iso-74-97")
    assert policy.upload is ("93" not in name)
    assert policy.upload is bool(flows(name, Kind.BATCH_UPLOAD))


@pytest.mark.parametrize("name", SPEAKING)
def test_repeats_of_every_message_are_known(name: str) -> None:
    """INV-25: x0 and x1 (1993: also 2 and 3, 4 and 5) are one exchange under one key."""
    mapper = MAPPERS[name]
    for base in load_dialect(name).messages:
        repeat = f"{base[:3]}{int(base[3]) + 1}"
        first, again = (mapper.request({**sale(name), "t": mti}) for mti in (base, repeat))
        assert base_of(repeat) == base
        assert (first.repeat, again.repeat) == (False, True)
        assert (first.request_key, first.kind) == (again.request_key, again.kind)


@pytest.mark.parametrize("name", SPEAKING)
def test_every_entry_mode_has_a_code(name: str) -> None:
    """Keyed, swiped, dipped, tapped, fallen back, online, stored, scanned: each can be said."""
    modes = load_dialect(name).entry_modes
    assert modes is not None
    assert set(modes.codes.values()) == set(EntryMode)


def test_authorizations_hold_and_do_not_capture() -> None:
    """0100 with 00 waits for its 0220; the same 0200 captures at once."""
    request = asked("iso87-ascii", Kind.PURCHASE, R)
    for captures, mti in ((True, "0200"), (False, "0100")):
        fields = MAPPERS["iso87-ascii"].compose(replace(request, captures=captures))
        assert fields["t"] == mti
        assert read("iso87-ascii", fields).captures is captures


@pytest.mark.parametrize("name", SPEAKING)
def test_a_follower_needs_no_card_where_it_names_its_original(name: str) -> None:
    """A void, completion, increment or tip goes by its original's name or number; without either
    there must be a card.
    """
    for kind in (Kind.VOID, Kind.COMPLETION, Kind.TIP_ADJUST, Kind.INCREMENT):
        fields = MAPPERS[name].compose(asked(name, kind, A))
        card = {number: fields.pop(number, None) for number in ("2", "14", "22", "35", "55")}
        assert card["35"] is card["55"] is None
        assert read(name, fields).problems == ()
        bare = {number: fields[number] for number in fields if number not in ("37", "56", "90")}
        named = {problem.name for problem in read(name, bare).problems}
        assert "pan" in named or read(name, bare).kind is not kind


def test_an_uploaded_item_must_say_which_it_is() -> None:
    """0320 names its item in DE 90 or DE 37."""
    fields = MAPPERS["iso87-ascii"].compose(asked("iso87-ascii", Kind.BATCH_UPLOAD, A))
    assert fields["90"].startswith("0200000122")
    del fields["90"]
    assert read("iso87-ascii", fields).problems == ()
    del fields["37"]
    (problem,) = read("iso87-ascii", fields).problems
    assert problem.said == "is missing (or 37)"


def test_a_void_without_its_accounts_keeps_those_of_its_original() -> None:
    """The processing code of a follower is its own; the accounts behind it are the original's."""
    request = asked("iso87-ascii", Kind.VOID, R)
    fields = MAPPERS["iso87-ascii"].compose(replace(request, code="003010"))
    assert fields["3"] == "023010"


def test_what_must_be_named_is_asked_for() -> None:
    """An increment that names nothing would be a second pre-authorization: it is not composed."""
    for name, missing in (("iso87-ascii", "original_stan"), ("hypercom", "rrn")):
        request = asked(name, Kind.INCREMENT, R)
        lost = replace(request, original="", rrn="")
        with pytest.raises(EncodeError, match=f"incremental_authorization by its {missing}"):
            MAPPERS[name].compose(lost)
        assert MAPPERS[name].named(lost).reference == MAPPERS[name].named(request).reference
        assert MAPPERS[name].named(lost).kind is Kind.INCREMENT


@pytest.mark.parametrize("value", ["PX", "P ", "7", "loyalty", "Partial"])
def test_other_contents_are_no_indicators(value: str) -> None:
    """A house that keeps something else in that field does not take partial approvals by chance."""
    request = read("iso87-ascii", {**SALE_87, "63": value})
    assert (request.partial_capable, request.final, request.last_item) == (False, True, False)


def test_indicators_of_a_terminal() -> None:
    """P: takes partial approvals; M: more completions follow; L: the last item."""
    request = read("iso87-ascii", {**SALE_87, "63": "PML"})
    assert (request.partial_capable, request.final, request.last_item) == (True, False, True)
    assert read("iso93-ascii", {**sale("iso93-ascii"), "124": "P"}).partial_capable
    assert read("hypercom", {**sale("hypercom"), "63": "P"}).partial_capable
