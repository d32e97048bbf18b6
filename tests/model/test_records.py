"""Records: versions, keys, and that they survive their way through JSON."""

from __future__ import annotations

import msgspec
import pytest

from switch.model.records import (
    RECORD_TYPES,
    Account,
    Entry,
    Key,
    Posting,
    Record,
    Reference,
    Transaction,
    next_version,
)
from switch.model.request import Answer
from switch.model.trail import Check
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money
from switch.values import SENSITIVE_TYPES

TRANSACTION = Transaction(
    id="K1",
    state=State.APPROVED,
    kind=Kind.PURCHASE,
    flow=Flow.REQUEST,
    captures=True,
    dialect="test",
    message_type="0200",
    code="000000",
    terminal_id="T1",
    merchant_id="M1",
    stan="000001",
    rrn="R1",
    amount=Money(1_000, "840"),
    answer=Answer(reason=Reason.APPROVED, rrn="R1", approval_code="A1"),
    trail=(Check("funds", "10.00 USD", True, "enough"),),
)


def test_a_change_is_a_new_version() -> None:
    """Nothing is overwritten: the old version stays what it was."""
    after = next_version(TRANSACTION, state=State.REVERSED)
    assert (after.version, after.state) == (2, State.REVERSED)
    assert (TRANSACTION.version, TRANSACTION.state) == (1, State.APPROVED)
    with pytest.raises(AttributeError):
        TRANSACTION.state = State.REVERSED  # type: ignore[misc]


@pytest.mark.parametrize(
    "record",
    [
        TRANSACTION,
        Posting(id="P", transaction="K1", kind="purchase", entries=(Entry("a", -1, "840"),)),
        Reference(id="ref", reversed_by=("R1", "R2")),
        Account(id="a", kind="cardholder", currency="840"),
    ],
)
def test_records_come_back_from_json_as_they_went(record: Record) -> None:
    """The store and the journal keep them so."""
    text = msgspec.json.encode(record)
    assert msgspec.json.decode(text, type=type(record)) == record


def test_tables_are_told_apart() -> None:
    """Each type has a table of its own, and a key names both."""
    tables = [kind.TABLE for kind in RECORD_TYPES]
    assert len(set(tables)) == len(tables)
    assert all(tables)
    assert TRANSACTION.key == Key("transaction", "K1")


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_no_record_can_hold_what_must_not_rest(kind: type[Record]) -> None:
    """SR-SAD-01, SR-PAN-03: no field of a record has a sensitive type."""
    names = {sensitive.__name__ for sensitive in SENSITIVE_TYPES}
    for field in msgspec.structs.fields(kind):
        assert not any(name in str(field.type) for name in names), field.name


@pytest.mark.parametrize(
    ("reference", "tombstone"),
    [
        (Reference(id="r"), False),
        (Reference(id="r", reversed_by=("R",)), True),
        (Reference(id="r", transaction="K", reversed_by=("R",)), False),
    ],
)
def test_a_tombstone_has_reversals_and_no_transaction(
    reference: Reference, tombstone: bool
) -> None:
    """INV-22."""
    assert reference.is_tombstone is tombstone


def test_what_is_available() -> None:
    """INV-40: balance less holds plus credit limit."""
    account = Account(
        id="a",
        kind="cardholder",
        currency="840",
        balance_minor=100,
        held_minor=30,
        credit_limit_minor=7,
    )
    assert account.available_minor == 77
