"""What is wrong with a message though it parsed, and what can be said of one that did not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from switch.errors import Fault
from switch.model.request import Answer
from switch.model.words import Flow, Kind, Reason
from switch.wire.dialect import load_dialect
from tests.wire_messages import (
    CODECS,
    MAPPERS,
    NOW,
    SALE_87,
    SPEAKING,
    read,
    sale,
)


def required() -> Iterator[tuple[str, str]]:
    """Each dialect with each field that its purchase must have."""
    for name in SPEAKING:
        for number in load_dialect(name).messages[sale(name)["t"]].required:
            yield name, number


@pytest.mark.parametrize(("name", "number"), list(required()))
def test_missing_field_is_named(name: str, number: str) -> None:
    """M-06: each mandatory field in turn; named by number and name, echoed only if present."""
    fields = sale(name)
    del fields[number]
    request = read(name, fields)
    found = [problem for problem in request.problems if f"field {number} " in problem.place]
    assert [(problem.reason, problem.said) for problem in found] == [
        (Reason.FORMAT_ERROR, "is missing")
    ]
    assert load_dialect(name).field_name(number) in found[0].place
    answer = Answer(reason=Reason.FORMAT_ERROR)
    reply = MAPPERS[name].answer(fields, request, answer, NOW)
    assert number not in reply
    CODECS[name].encode(reply)


@pytest.mark.parametrize("name", SPEAKING)
def test_card_data_is_mandatory_in_one_form(name: str) -> None:
    """M-06: without DE 2, track 2 and chip data there is no card."""
    fields = sale(name)
    del fields["2"]
    (problem,) = read(name, fields).problems
    assert (problem.name, problem.said) == ("pan", "is missing (or 35 or 55)")


WRONG = [
    ({"4": "000000000000"}, "amount", Reason.AMOUNT_INVALID),
    ({"49": "999"}, "currency", Reason.FORMAT_ERROR),
    ({"14": "4913"}, "expiry", Reason.FORMAT_ERROR),
    ({"14": "4900"}, "expiry", Reason.FORMAT_ERROR),
    ({"13": "1131"}, "local_date", Reason.FORMAT_ERROR),
    ({"12": "246000"}, "local_time", Reason.FORMAT_ERROR),
    ({"7": "1324101010"}, "transmitted_at", Reason.FORMAT_ERROR),
    ({"4": "XYZ"}, "amount", Reason.FORMAT_ERROR),
]


@pytest.mark.parametrize(("changes", "name", "reason"), WRONG)
def test_values_that_cannot_be(changes: dict[str, str], name: str, reason: Reason) -> None:
    """M-18, M-21: zero amount, unknown currency, month 13, dates and times that no clock shows."""
    (problem,) = read("iso87-ascii", {**SALE_87, **changes}).problems
    assert (problem.name, problem.reason) == (name, reason)


def test_amounts_at_the_edge() -> None:
    """M-21: twelve nines are an amount; zero is one where an account is only verified."""
    assert read("iso87-ascii", {**SALE_87, "4": "9" * 12}).problems == ()
    verification = {**SALE_87, "t": "0100", "3": "380000", "4": "0" * 12}
    assert read("iso87-ascii", verification).problems == ()
    del verification["4"]
    assert read("iso87-ascii", verification).problems == ()


@pytest.mark.parametrize("mti", ["1200", "0600", "0900", "0208"])
def test_unknown_message_types(mti: str) -> None:
    """M-01: another version, class or function is a format error, in the matching response."""
    fields = {**SALE_87, "t": mti}
    request = read("iso87-ascii", fields)
    assert request.kind is Kind.UNKNOWN
    assert request.problems[0].reason is Reason.FORMAT_ERROR
    reply = MAPPERS["iso87-ascii"].answer(fields, request, Answer(reason=Reason.FORMAT_ERROR), NOW)
    assert reply["t"] == mti[:2] + str(int(mti[2]) | 1) + mti[3]
    assert reply["39"] == "30"


@pytest.mark.parametrize("mti", ["0210", "0110", "0430", "0810"])
def test_answers_are_seen_as_answers(mti: str) -> None:
    """M-07: a response sent by a terminal is no request, whatever it lacks."""
    request = read("iso87-ascii", {"t": mti, "11": "000123"})
    assert request.flow is Flow.ANSWER
    assert request.problems == ()


FAULT = Fault("48", "48.len", 61, 61, "length is not digits")


def test_broken_message_with_a_type() -> None:
    """M-02..M-05: the fault is told with field and offset. What was read may be shifted, so that no
    value of it is taken for what its field says.
    """
    partial = {k: SALE_87[k] for k in ("t", "2", "3", "4", "7", "11")}
    found = MAPPERS["iso87-ascii"].broken(partial, FAULT)
    assert found is not None
    request, problem = found
    assert (request.kind, request.flow) == (Kind.PURCHASE, Flow.REQUEST)
    assert (request.pan, request.amount, request.stan) == (None, None, "")
    assert (problem.reason, problem.place) == (Reason.FORMAT_ERROR, "field 48")
    assert "byte 61" in problem.said
    assert request.problems == (problem,)
    reply = MAPPERS["iso87-ascii"].answer(partial, request, Answer(reason=problem.reason), NOW)
    assert reply["t"] == "0210"
    assert {"12", "41"}.isdisjoint(reply)


@pytest.mark.parametrize("fields", [{}, {"t": "0210"}, {"t": "0820", "70": "001"}, {"t": "0240"}])
def test_broken_messages_that_nobody_answers(fields: dict[str, str]) -> None:
    """M-01: no type, an answer, an advice without answer, a notification: silence."""
    assert MAPPERS["iso87-ascii"].broken(fields, FAULT) is None


def test_broken_message_of_unknown_type_is_answered() -> None:
    """M-01: the response class can be formed from the type alone."""
    found = MAPPERS["iso87-ascii"].broken({"t": "0900"}, replace(FAULT, field=None))
    assert found is not None
    assert found[1].place == "message"
    assert found[0].kind is Kind.UNKNOWN
