"""Facts: what is read must have been fetched, and a verdict must be matched."""

from __future__ import annotations

import pytest

from switch.model.facts import Facts, Fresh, ScanNeed, Verdict
from switch.model.records import Account, Key, Record, Reference
from switch.model.settings import DialectPolicy, Settings


class OneRow:
    """Rows that answer every question with the same record."""

    def __init__(self, record: Record | None) -> None:
        self.record = record

    def has(self, key: Key) -> bool:
        return True

    def get(self, key: Key) -> Record | None:
        return self.record

    def has_scan(self, need: ScanNeed) -> bool:
        return True

    def scan(self, need: ScanNeed) -> tuple[Record, ...]:
        return () if self.record is None else (self.record,)


def facts_with(record: Record | None) -> Facts:
    """Facts whose rows are that record."""
    rows = OneRow(record)
    return Facts(rows, Settings(), DialectPolicy("t"), Fresh("", ""), "20261124", "2611")


def test_a_record_is_found_by_type_and_id() -> None:
    """``None`` where there is none."""
    account = Account(id="a", kind="cardholder", currency="840")
    assert facts_with(account).find(Account, "a") is account
    assert facts_with(None).find(Account, "a") is None


def test_a_record_of_another_type_is_a_defect() -> None:
    """Never handed on as something it is not."""
    with pytest.raises(TypeError, match="is no Account"):
        facts_with(Reference(id="a")).find(Account, "a")


@pytest.mark.parametrize("outcome", ["good", "bad", ""])
def test_a_verdict_has_no_truth_value(outcome: str) -> None:
    """INV-72: `if verdict:` would take a bad one for a good one."""
    with pytest.raises(TypeError, match="match its outcome"):
        bool(Verdict(outcome))
