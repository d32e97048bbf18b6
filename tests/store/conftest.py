"""What the tests of the store share: records to store, and both adapters behind one fixture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from switch.model.records import Account, Entry, Posting, Reference, Transaction, next_version
from switch.model.request import Answer
from switch.model.trail import Check
from switch.model.words import Delivery, Flow, Kind, Reason, State
from switch.money import Money
from switch.store.memory import MemoryStore
from switch.store.port import Change
from switch.store.sqlite import SqliteStore

AnyStore = MemoryStore | SqliteStore


class Makers:
    """Records with sensible content and whatever the test wants otherwise."""

    @staticmethod
    def transaction(record_id: str = "T1/000001", **wanted: Any) -> Transaction:
        content: dict[str, Any] = {
            "state": State.APPROVED,
            "kind": Kind.PURCHASE,
            "flow": Flow.REQUEST,
            "captures": True,
            "dialect": "iso87-ascii",
            "message_type": "0200",
            "code": "000000",
            "terminal_id": "DEMO0001",
            "merchant_id": "DEMOMERCHANT001",
            "stan": "000001",
            "rrn": "632917000001",
            "amount": Money(1234, "840"),
            "answer": Answer(reason=Reason.APPROVED, extra={"b": "2", "a": "1"}),
            "delivery": Delivery.SENT,
            "trail": (Check("card", "476173******0010", True, "active"),),
        }
        return Transaction(id=record_id, **{**content, **wanted})

    @staticmethod
    def account(record_id: str = "card/1", **wanted: Any) -> Account:
        content: dict[str, Any] = {"kind": "cardholder", "currency": "840"}
        return Account(id=record_id, **{**content, **wanted})

    def purchase(
        self, number: int, payer: Account, payee: Account
    ) -> tuple[Change, Account, Account]:
        """The change of one purchase of 1.00, and the two accounts after it."""
        name = f"T{number % 4}/{number:06d}"
        paid = next_version(payer, balance_minor=payer.balance_minor - 100)
        earned = next_version(payee, balance_minor=payee.balance_minor + 100)
        posting = Posting(
            id=f"{name}/1",
            transaction=name,
            kind="purchase",
            entries=(Entry(payer.id, -100, "840"), Entry(payee.id, 100, "840")),
        )
        records = (
            self.transaction(name, stan=f"{number:06d}", rrn=f"{number:012d}"),
            Reference(id=f"{name}/ref", transaction=name),
            posting,
            paid,
            earned,
        )
        return Change("request", 1_790_000_000_000_000 + number, records), paid, earned


@pytest.fixture
def make() -> Makers:
    """Records to store."""
    return Makers()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the test's database is or will be."""
    return tmp_path / "data" / "switch.db"


@pytest.fixture
def open_sqlite(database: Path) -> Iterator[Callable[..., SqliteStore]]:
    """Opens the test's database; whatever is still open at the end is closed."""
    opened: list[SqliteStore] = []

    def open_store(**options: Any) -> SqliteStore:
        opened.append(SqliteStore(database, **options))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, open_sqlite: Callable[..., SqliteStore]) -> AnyStore:
    """Each adapter in turn."""
    return MemoryStore() if request.param == "memory" else open_sqlite()
