"""The terminal's ear: which answers are answers to what was sent (INV-16)."""

from __future__ import annotations

import pytest

from switch.model.words import Reason
from switch.money import Money
from switch.wire.dialect import load_dialect
from switch.wire.map_message import answer_to
from tests.wire_messages import MAPPERS, NOW, SALE_87, SPEAKING, approved, sale


@pytest.mark.parametrize("name", SPEAKING)
def test_each_echoed_field_must_be_equal(name: str) -> None:
    """INV-16: an answer that differs in any echoed field is not ours, and nothing of it counts."""
    mapper, fields = MAPPERS[name], sale(name)
    reply = mapper.answer(fields, mapper.request(fields), approved(), NOW)
    assert mapper.read_answer(fields, reply).approved
    for number in load_dialect(name).messages[fields["t"]].echo:
        if number not in fields:
            continue
        for spoiled in ({k: v for k, v in reply.items() if k != number}, {**reply, number: "9"}):
            told = mapper.read_answer(fields, spoiled)
            assert not told.matches
            assert told.differs == (number,)
            assert told.answer is None
            assert not told.approved
    assert mapper.read_answer(fields, {**reply, "t": fields["t"]}).differs == ("t",)
    silent = {k: v for k, v in reply.items() if k != "39"}
    assert mapper.read_answer(fields, silent).differs == ("39",)


def test_partial_amount_is_never_more_than_was_asked() -> None:
    """INV-16: an answer for more money than was asked is not ours."""
    mapper = MAPPERS["iso87-ascii"]
    answer = approved(reason=Reason.PARTIAL, amount=Money(9999, "840"))
    reply = mapper.answer(SALE_87, mapper.request(SALE_87), answer, NOW)
    assert mapper.read_answer(SALE_87, reply).differs == ("4",)


def test_codes_that_no_table_knows() -> None:
    """An unknown response code is no approval and no error."""
    mapper = MAPPERS["iso87-ascii"]
    reply = mapper.answer(SALE_87, mapper.request(SALE_87), approved(), NOW)
    told = mapper.read_answer(SALE_87, {**reply, "39": "ZZ"})
    assert told.matches
    assert told.reason is None
    assert not told.approved


@pytest.mark.parametrize("name", SPEAKING)
def test_every_dialect_says_by_what_an_answer_is_known(name: str) -> None:
    """INV-16: trace number and terminal at least; in whatever message, known or not, an answer that
    differs there is somebody else's.
    """
    dialect = load_dialect(name)
    match = dialect.identity.answer_match
    assert {dialect.places["stan"].field, dialect.places["terminal_id"].field} <= set(match)
    for mti in (*dialect.messages, f"{dialect.version}620"):
        sent = {"t": mti, **dict.fromkeys(match, "1")}
        reply = {**sent, "t": answer_to(mti), "39": "00"}
        for number in match:
            told = MAPPERS[name].read_answer(sent, {**reply, number: "2"})
            assert told.differs == (number,)
