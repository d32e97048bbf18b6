"""Answers: response type, echoes, and what the host adds."""

from __future__ import annotations

import pytest

from switch.model.words import Reason
from switch.money import Money
from tests.wire_messages import (
    CODECS,
    MAPPERS,
    NOW,
    SALE_87,
    SALE_93,
    SALE_HYPERCOM,
    TRACK2,
    approved,
    read,
    sale,
)


def test_answer_to_a_purchase() -> None:
    """Response type, echoes, and what the host adds."""
    reply = MAPPERS["iso87-ascii"].answer(SALE_87, read("iso87-ascii", SALE_87), approved(), NOW)
    echoed = {key: SALE_87[key] for key in ("2", "3", "4", "7", "11", "12", "13", "25", "32")}
    assert reply == {
        **echoed,
        "t": "0210",
        "15": "1124",
        "37": "632800000123",
        "38": "A1B2C3",
        "39": "00",
        "41": "DEMO0001",
        "42": "DEMOMERCHANT001",
        "49": "840",
    }


@pytest.mark.parametrize(
    ("mti", "answer"),
    [("0201", "0210"), ("0421", "0430"), ("0401", "0410"), ("0800", "0810"), ("0220", "0230")],
)
def test_answers_drop_the_repeat(mti: str, answer: str) -> None:
    """INV-25: 0421 is answered by 0430."""
    fields = {**SALE_87, "t": mti, "70": "001"}
    reply = MAPPERS["iso87-ascii"].answer(fields, read("iso87-ascii", fields), approved(), NOW)
    assert reply["t"] == answer


def test_answers_of_1993_have_codes_by_kind() -> None:
    """Action codes: 000 for a purchase, 400 for a reversal, 800 for network management."""
    wanted = {"1200": "000", "1420": "400", "1804": "800", "1500": "500"}
    for mti, code in wanted.items():
        fields = {**SALE_93, "t": mti, "24": "801" if mti == "1804" else "200"}
        reply = MAPPERS["iso93-ascii"].answer(fields, read("iso93-ascii", fields), approved(), NOW)
        assert reply["39"] == code
        assert reply["15"] == "261124"


def test_partial_approval_states_the_amount() -> None:
    """The approved amount stands in DE 4; 1993 tells the original one in DE 30."""
    answer = approved(reason=Reason.PARTIAL, amount=Money(1000, "840"))
    for name, code in (("iso87-binary", "10"), ("iso93-binary", "002")):
        fields = sale(name)
        reply = MAPPERS[name].answer(fields, read(name, fields), answer, NOW)
        assert (reply["4"], reply["39"]) == ("000000001000", code)
        told = MAPPERS[name].read_answer(fields, CODECS[name].decode(CODECS[name].encode(reply)))
        assert told.matches
        assert told.approved
        assert told.answer is not None
        assert told.answer.amount == Money(1000, "840")
        assert ("30" in reply) is (name == "iso93-binary")


@pytest.mark.parametrize("minor", [123456, -500])
def test_balance_in_an_answer(minor: int) -> None:
    """DE 54 carries the available balance, with its sign."""
    fields = {**SALE_87, "t": "0100", "3": "310000"}
    request = read("iso87-ascii", fields)
    answer = approved(balance=Money(minor, "840"))
    reply = MAPPERS["iso87-ascii"].answer(fields, request, answer, NOW)
    assert reply["54"] == f"0002840{'D' if minor < 0 else 'C'}{abs(minor):012d}"
    told = MAPPERS["iso87-ascii"].read_answer(fields, reply)
    assert told.answer is not None
    assert told.answer.balance == Money(minor, "840")


def test_host_sets_the_clock_of_terminals_that_have_none() -> None:
    """Hypercom: date and time come from the host; a terminal's own are echoed."""
    request = read("hypercom", SALE_HYPERCOM)
    reply = MAPPERS["hypercom"].answer(SALE_HYPERCOM, request, approved(), NOW)
    assert (reply["12"], reply["13"]) == ("100112", "1124")
    own = {**SALE_HYPERCOM, "12": "235959", "13": "0101"}
    reply = MAPPERS["hypercom"].answer(own, read("hypercom", own), approved(), NOW)
    assert (reply["12"], reply["13"]) == ("235959", "0101")


def test_text_and_extra_fields_of_an_answer() -> None:
    """Texts are cut to their field; extras go to the field of their name, secrets nowhere."""
    extra = {"merchant_category": "5411", "track2": TRACK2, "nonsense": "x"}
    answer = approved(text="Thank you for shopping with us", extra=extra)
    reply = MAPPERS["iso87-ascii"].answer(SALE_87, read("iso87-ascii", SALE_87), answer, NOW)
    assert reply["44"] == "Thank you for shopping wi"
    assert reply["18"] == "5411"
    assert "35" not in reply
