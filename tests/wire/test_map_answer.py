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
    SPEAKING,
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


@pytest.mark.parametrize("name", SPEAKING)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_balance_too_large_for_its_place_is_left_out(name: str, sign: int) -> None:
    """An account may come to more than twelve digits; the inquiry is answered all the same, without
    the balance, and by one unit less with it.
    """
    fields = {**sale(name), "t": "1100" if "93" in name else "0100", "3": "310000"}
    request = read(name, fields)
    for minor, told in ((10**12, False), (10**12 - 1, True)):
        answer = approved(balance=Money(sign * minor, "840"))
        reply = MAPPERS[name].answer(fields, request, answer, NOW)
        assert CODECS[name].decode(CODECS[name].encode(reply)) == reply
        assert ("54" in reply) is told


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


def test_a_response_code_that_a_rule_sets() -> None:
    """It counts instead of the reason's own."""
    request = read("iso87-ascii", SALE_87)
    answer = approved(reason=Reason.SCRIPTED, code="77")
    assert MAPPERS["iso87-ascii"].answer(SALE_87, request, answer, NOW)["39"] == "77"


@pytest.mark.parametrize(
    ("name", "value", "field", "written"),
    [
        ("48", "thank you", "48", "thank you"),
        ("terminal_id", "OTHER", "41", "OTHER   "),
        ("merchant_category", "42", "18", "0042"),
        ("stan", "7", "11", "000007"),
        ("original_stan", "7", "90", "0" * 4 + "000007" + "0" * 32),
        ("amount_remaining", "500", "95", "0" * 9 + "500" + "0" * 12 + "C00000000" * 2),
        ("response_text", "x" * 30, "44", "x" * 25),
    ],
)
def test_further_fields_by_meaning_or_number(
    name: str, value: str, field: str, written: str
) -> None:
    """They go to their place, filled to its length, over what is echoed there."""
    request = read("iso87-ascii", SALE_87)
    reply = MAPPERS["iso87-ascii"].answer(SALE_87, request, approved(extra={name: value}), NOW)
    assert reply[field] == written
    CODECS["iso87-ascii"].encode(reply)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("2", "4000000000009995"),
        ("card_verification", "123"),
        ("126", "123"),
        ("52", "00" * 8),
        ("stan", "seven"),
        ("amount", "1" * 13),
        ("original_stan", "1234567"),
        ("999", "x"),
        ("t", "0210"),
    ],
)
def test_what_must_not_or_cannot_be_told_is_left_out(name: str, value: str) -> None:
    """Nothing sensitive, nothing that does not fit: the answer goes without it."""
    request = read("iso87-ascii", SALE_87)
    plain = MAPPERS["iso87-ascii"].answer(SALE_87, request, approved(), NOW)
    told = MAPPERS["iso87-ascii"].answer(SALE_87, request, approved(extra={name: value}), NOW)
    assert told == plain


def test_partial_approval_and_balance_share_an_element() -> None:
    """1987: DE 54 tells what was asked for (type 57) beside the balance; both are found again."""
    answer = approved(reason=Reason.PARTIAL, amount=Money(1000, "840"), balance=Money(250, "840"))
    for name in ("iso87-ascii", "hypercom"):
        fields = sale(name)
        reply = MAPPERS[name].answer(fields, read(name, fields), answer, NOW)
        assert reply["54"] == "0057840C000000001234" + "0002840C000000000250"
        told = MAPPERS[name].read_answer(fields, CODECS[name].decode(CODECS[name].encode(reply)))
        assert told.answer is not None
        assert told.answer.balance == Money(250, "840")
        assert told.answer.amount == Money(1000, "840")


def test_the_settlement_date_has_as_many_digits_as_the_dialect() -> None:
    """DE 15: MMDD in 1987, YYMMDD in 1993, and so the terminal hears it."""
    for name, date in (("iso87-ascii", "1124"), ("iso93-ascii", "261124"), ("hypercom", "1124")):
        fields = sale(name)
        told = MAPPERS[name].read_answer(
            fields, MAPPERS[name].answer(fields, read(name, fields), approved(), NOW)
        )
        assert told.answer is not None
        assert told.answer.settlement_date == date
