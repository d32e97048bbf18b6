"""Totals: one vocabulary of integers, whatever a dialect carries them in (INV-53)."""

from __future__ import annotations

import pytest

from switch.errors import EncodeError
from switch.model.copies import replace
from switch.model.request import Answer, Request
from switch.model.words import Flow, Kind, Reason
from switch.wire.dialect import load_dialect
from switch.wire.mapping import Mapper
from switch.wire.semantics import TOTALS
from tests.wire_messages import CODECS, MAPPERS, NOW, SALE_87, SALE_93, SALE_HYPERCOM, read

CLOSE_87 = {**SALE_87, "t": "0500"}
CLOSE_93 = {**SALE_93, "t": "1500", "24": "500"}
CLOSE_HYPERCOM = {**SALE_HYPERCOM, "t": "0500", "3": "920000", "60": "000003"}
FOUR = "sales_number=2;sales_amount=1234;refunds_number=1;refunds_amount=500"
GROUPS = "002000000001234" + "001000000000500" + "0" * 60


def closing(name: str, totals: str) -> Request:
    """A close with such totals."""
    base = {"iso87-ascii": CLOSE_87, "iso93-binary": CLOSE_93, "hypercom": CLOSE_HYPERCOM}[name]
    return replace(read(name, base), totals=totals)


def test_elements_are_integers_by_name() -> None:
    """Counts and amounts without their zeros; what is not stated is not there."""
    fields = {**CLOSE_87, "74": "0000000002", "76": "0000000000", "86": "0000000000001234"}
    request = read("iso87-ascii", fields)
    assert request.totals == "credits_number=2;debits_number=0;credits_amount=1234"
    assert read("iso87-ascii", CLOSE_87).totals == ""


@pytest.mark.parametrize(("written", "minor"), [("C", 500), ("D", -500)])
def test_the_net_amount_has_its_sign(written: str, minor: int) -> None:
    """DE 97: C is above zero, D below."""
    value = f"{written}{500:016d}"
    for name, close in (("iso87-ascii", CLOSE_87), ("iso93-binary", CLOSE_93)):
        assert read(name, {**close, "97": value}).totals == f"net_amount={minor}"
        fields = MAPPERS[name].compose(closing(name, f"net_amount={minor}"))
        assert fields["97"] == value
        assert CODECS[name].decode(CODECS[name].encode(fields)) == fields


def test_ninety_digits_are_sales_and_refunds() -> None:
    """DE 63 of the Hypercom family: count and amount of sales, of refunds, and four pairs more."""
    request = read("hypercom", {**CLOSE_HYPERCOM, "63": GROUPS})
    assert (request.totals, request.batch_number) == (FOUR, "000003")
    assert request.problems == ()
    assert MAPPERS["hypercom"].compose(request)["63"] == GROUPS


def test_pairs_that_others_leave_empty_are_told_where_they_are_not() -> None:
    """Debit cards and authorizations have pairs of their own."""
    debit = GROUPS[:30] + "001000000000070" + "0" * 45
    totals = read("hypercom", {**CLOSE_HYPERCOM, "63": debit}).totals
    assert totals == f"{FOUR};debit_sales_number=1;debit_sales_amount=70"
    assert MAPPERS["hypercom"].compose(closing("hypercom", totals))["63"] == debit


@pytest.mark.parametrize("length", [30, 45, 60, 90])
def test_pairs_at_the_end_may_be_left_out(length: int) -> None:
    """Older terminals send sales and refunds alone."""
    assert read("hypercom", {**CLOSE_HYPERCOM, "63": GROUPS[:length]}).totals == FOUR


@pytest.mark.parametrize("value", ["", "15", "x" * 90, "0" * 15, "0" * 91, "0" * 105])
def test_what_is_no_totals_is_a_problem(value: str) -> None:
    """M-20: such a close is refused for its format, not counted as empty."""
    request = read("hypercom", {**CLOSE_HYPERCOM, "63": value})
    assert request.totals == ""
    (problem,) = request.problems
    assert (problem.name, problem.reason) == ("totals", Reason.FORMAT_ERROR)
    assert problem.said == "holds no totals"


@pytest.mark.parametrize(
    ("name", "totals", "said"),
    [
        ("iso87-ascii", "sales_number=1", "no element for 'sales_number'"),
        ("iso87-ascii", "credits_number=x", "name=integer"),
        ("iso87-ascii", "credits_number=-1", "does not fit"),
        ("iso87-ascii", f"credits_number={10**10}", "does not fit"),
        ("iso93-binary", f"net_amount=-{10**16}", "does not fit"),
        ("hypercom", "sales_number=1000", "the sales do not fit"),
        ("hypercom", "refunds_amount=-1", "the refunds do not fit"),
        ("hypercom", "net_amount=1", "no place for net_amount"),
    ],
)
def test_what_cannot_be_stated(name: str, totals: str, said: str) -> None:
    """A terminal is told what its dialect has no room for."""
    with pytest.raises(EncodeError, match=said):
        MAPPERS[name].compose(closing(name, totals))


def test_the_host_tells_its_totals() -> None:
    """An answer out of balance carries the host's totals in the same elements, and the settlement
    code where the dialect has one (1987: DE 66).
    """
    wanted = {
        "iso87-ascii": ("debits_number=3;debits_amount=900;net_amount=-900", "2"),
        "iso93-binary": ("debits_number=3;debits_amount=900;net_amount=-900", ""),
        "hypercom": (FOUR, ""),
    }
    for name, (totals, code) in wanted.items():
        request = closing(name, totals)
        fields = MAPPERS[name].compose(request)
        answer = Answer(reason=Reason.RECONCILE_MISMATCH, extra={"totals": totals})
        reply = MAPPERS[name].answer(fields, request, answer, NOW)
        told = MAPPERS[name].read_answer(fields, CODECS[name].decode(CODECS[name].encode(reply)))
        assert told.matches
        assert (told.totals, told.reason) == (totals, Reason.RECONCILE_MISMATCH)
        assert told.answer is not None
        assert told.answer.extra.get("settlement_code", "") == code


@pytest.mark.parametrize(
    ("reason", "code"),
    [(Reason.APPROVED, "1"), (Reason.RECONCILE_MISMATCH, "2"), (Reason.TERMINAL_UNKNOWN, "3")],
)
def test_settlement_codes(reason: Reason, code: str) -> None:
    """DE 66 of 1987: in balance, out of balance, error."""
    request = read("iso87-ascii", CLOSE_87)
    reply = MAPPERS["iso87-ascii"].answer(CLOSE_87, request, Answer(reason=reason), NOW)
    assert reply["66"] == code
    assert load_dialect("iso87-ascii").in_words("settlement_code", code)
    sale = MAPPERS["iso87-ascii"].answer(
        SALE_87, read("iso87-ascii", SALE_87), Answer(reason=reason), NOW
    )
    assert "66" not in sale


def test_an_answer_never_fails_for_its_totals() -> None:
    """What does not fit into the element is left out; the answer goes."""
    request = closing("hypercom", FOUR)
    fields = MAPPERS["hypercom"].compose(request)
    for totals in ("sales_number=1000", "nonsense", "net_amount=1"):
        answer = Answer(reason=Reason.APPROVED, extra={"totals": totals})
        assert "63" not in MAPPERS["hypercom"].answer(fields, request, answer, NOW)


def test_every_total_of_the_standard_has_an_element() -> None:
    """Whatever of them a terminal states comes through, in each dialect that carries them apart."""
    for name in ("iso87-ascii", "iso87-binary", "iso93-ascii", "iso93-binary"):
        mapper = Mapper(load_dialect(name))
        places = load_dialect(name).places
        totals = ";".join(f"{total}={k}" for k, total in enumerate(TOTALS, 1) if total in places)
        first = read(name, {**(CLOSE_93 if "93" in name else CLOSE_87)})
        request = replace(first, kind=Kind.RECONCILIATION, flow=Flow.ADVICE, totals=totals)
        assert mapper.request(mapper.compose(request)).totals == totals
        assert len(totals.split(";")) == len(TOTALS)
