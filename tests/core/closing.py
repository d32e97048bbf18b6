"""What the tests of closes say to a shop, and ask of it afterwards."""

from __future__ import annotations

from typing import Any

from switch.core.batches import batch_name
from switch.model.records import Batch, Difference, Key, Terminal
from switch.model.request import Answer, Request
from switch.model.words import Kind
from switch.money import Money
from tests.core.conftest import Shop

HYPERCOM = "sales_number={};sales_amount={};refunds_number=0;refunds_amount=0"


def close(shop: Shop, key: str, totals: str = "", **more: Any) -> Answer:
    """The answer to a reconciliation."""
    return shop.ask(a_close(shop, key, totals, **more))


def a_close(shop: Shop, key: str, totals: str = "", **more: Any) -> Request:
    """A reconciliation that states these totals."""
    return shop.request(Kind.RECONCILIATION, key, code="920000", totals=totals, **more)


def upload(shop: Shop, key: str, of: str, minor: int, **more: Any) -> Answer:
    """The answer to one uploaded item."""
    shape = {"original": f"ref-{of}", "amount": Money(minor, "840"), "item": Kind.PURCHASE}
    return shop.ask(shop.request(Kind.BATCH_UPLOAD, key, **{**shape, **more}))


def batch(shop: Shop, number: int) -> Batch:
    """The record of the terminal's batch of that number."""
    record = shop.store[Key("batch", batch_name("T1", number))]
    assert isinstance(record, Batch)
    return record


def terminal(shop: Shop) -> Terminal:
    """The terminal as it is now."""
    record = shop.store[Key("terminal", "T1")]
    assert isinstance(record, Terminal)
    return record


def found(shop: Shop) -> list[Difference]:
    """All differences, in order."""
    return sorted(
        (record for record in shop.store.values() if isinstance(record, Difference)),
        key=lambda record: record.id,
    )


def sum_of_all(shop: Shop) -> int:
    """What all postings together come to; zero, or INV-60 is broken."""
    return sum(entry.amount_minor for posting in shop.postings for entry in posting.entries)
