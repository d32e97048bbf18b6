"""switch.selfcheck: sound books are found sound, and each rule finds what breaks it (INV-96)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import trio

from switch.model.copies import replace
from switch.model.records import (
    Account,
    Batch,
    Card,
    Configured,
    Difference,
    Entry,
    Hold,
    Key,
    Posting,
    Record,
    Reference,
    Terminal,
    Transaction,
    UploadItem,
    next_version,
)
from switch.model.settings import DialectPolicy
from switch.model.words import Delivery, Kind, Reason, State
from switch.money import Money
from switch.selfcheck.rules import MOST_FINDINGS, RULES
from switch.selfcheck.run import Report, selfcheck
from switch.store.memory import MemoryStore
from switch.store.port import Change
from switch.store.sqlite import SqliteStore
from switch.store.sqlite_reader import SqliteReader
from tests.memory_view import MemoryView
from tests.server_room import SETTINGS, Room, purchase, room

R = TypeVar("R", bound=Record)
POLICY = DialectPolicy("toy", totals="hypercom-63", upload=True)
DAY_US = 86_400_000_000
SALE, TIPPED, PREAUTH, COMPLETION, REFUND = (f"T1|{n:06d}" for n in (1, 2, 3, 4, 5))
VOIDED, VOID, OPEN, CLOSE, AGAIN = (f"T1|{n:06d}" for n in (6, 7, 8, 10, 12))


def follower(stan: int, kind: Kind, of: int, minor: int, **more: Any) -> Any:
    """A message that acts upon the transaction with that number."""
    return purchase(stan, minor, kind=kind, original=f"T1|ref|{of:06d}", **more)


def close(stan: int, totals: str) -> Any:
    """A reconciliation."""
    return purchase(stan, kind=Kind.RECONCILIATION, amount=None, pan=None, captures=False,
                    totals=totals, reference="")  # fmt: skip


def day() -> list[Any]:
    """A terminal's day: of each kind one, a close out of balance, an upload, a second close."""
    claimed = "sales_number=3;sales_amount=3600;refunds_number=1;refunds_amount=300"
    return [
        purchase(1, 10_00),
        purchase(2, 20_00),
        purchase(3, 50_00, kind=Kind.PREAUTH, captures=False),
        follower(4, Kind.COMPLETION, 3, 5_00),
        follower(5, Kind.REFUND, 1, 3_00),
        purchase(6, 4_00),
        follower(7, Kind.VOID, 6, 4_00, captures=False),
        purchase(8, 6_00, captures=False),
        follower(9, Kind.TIP_ADJUST, 2, 22_00, captures=False),
        close(10, claimed),
        follower(11, Kind.BATCH_UPLOAD, 1, 9_00, captures=False, item=Kind.PURCHASE),
        close(12, claimed),
        purchase(13, 1_00),
    ]


@pytest.fixture(scope="module")
def lived() -> MemoryStore:
    """A store in which all of that has happened."""

    async def live() -> Room:
        settings = replace(SETTINGS, policies={"toy": POLICY})
        it = room(settings=settings)
        for request in day():
            it.submit(request)
            while it.engine.in_flight:
                await it.engine.work()
            it.engine.report(request.request_key, Delivery.SENT)
            await it.engine.work()
        assert it.outside.reasons == [
            *[Reason.APPROVED] * 9,
            Reason.RECONCILE_MISMATCH,
            *[Reason.APPROVED] * 3,
        ]
        return it

    store = trio.run(live).store.inner
    assert isinstance(store, MemoryStore)
    return store


@pytest.fixture
def store(lived: MemoryStore) -> MemoryStore:
    """A copy of it, to be spoilt."""
    copy = MemoryStore()
    for row in lived.journal():
        copy._chain(row.body)
    copy._records.update(lived._records)
    return copy


def checked(store: MemoryStore, **options: Any) -> Report:
    """The report on a store."""
    return selfcheck(MemoryView(store), policies={"toy": POLICY.totals}.get, **options)


def broken(report: Report) -> set[str]:
    """The rules that something was found against."""
    return {rule.name for rule in RULES if report.findings.violations[rule.name]}


def of(store: MemoryStore, kind: type[R], record_id: str) -> R:
    """The record as it is stored."""
    record = store.load([Key(kind.TABLE, record_id)])[Key(kind.TABLE, record_id)]
    assert isinstance(record, kind), record_id
    return record


def sets(store: MemoryStore, kind: type[R], record_id: str, **changes: Any) -> None:
    """Store something else of a record, journal and all: a defect, not damage."""
    adds(store, next_version(of(store, kind, record_id), **changes))


def adds(store: MemoryStore, *records: Record) -> None:
    """Store records."""
    *_, last = store.journal()
    store.append([Change("defect", _time(store), records)])
    assert len(list(store.journal())) == last.sequence + 1


def _time(store: MemoryStore) -> int:
    return MemoryView(store).head()[1]


def account_of_the_card(store: MemoryStore) -> str:
    """Its id."""
    (card,) = (one for one in store.scan("card") if isinstance(one, Card))
    return card.account


def test_sound_books_are_found_sound(store: MemoryStore) -> None:
    """Every rule has looked at something, and nothing was found."""
    report = checked(store)
    assert report.data()["ok"] is True, report.data()
    assert {rule.name: report.findings.examined[rule.name] > 0 for rule in RULES} == {
        rule.name: rule.name not in ("names", "delivery", "keys", "devices") for rule in RULES
    }
    kinds = {one.kind for one in store.scan("transaction") if isinstance(one, Transaction)}
    assert len(kinds) == 8


def test_an_empty_store_is_sound() -> None:
    """Before the first start of anything."""
    assert checked(MemoryStore()).sound


Spoil = Callable[[MemoryStore], None]
SPOILT: list[tuple[str, str, Spoil]] = [
    ("zero", "comes to 0.01 USD, not to zero", lambda s: adds(
        s, Posting(id=f"{SALE}#x", transaction=SALE, kind="x",
                   entries=(Entry("merchant:SHOP:840", 1, "840"),)))),
    ("zero", "all accounts together come to 5.00 USD", lambda s: adds(
        s, Account(id="new", kind="suspense", currency="840", balance_minor=5_00))),
    ("balances", "its balance is 0.07 USD more", lambda s: sets(
        s, Account, "merchant:SHOP:840",
        balance_minor=of(s, Account, "merchant:SHOP:840").balance_minor + 7)),
    ("balances", "there is no account nobody", lambda s: adds(
        s, Posting(id=f"{SALE}#x", transaction=SALE, kind="x",
                   entries=(Entry("nobody", 1, "840"), Entry("nobody", -1, "840"))))),
    ("balances", "is kept in 840, not 978", lambda s: adds(
        s, Posting(id=f"{SALE}#x", transaction=SALE, kind="x",
                   entries=(Entry("suspense:840", 0, "978"), Entry("opening:840", 0, "978"))))),
    ("held", "1.00 USD more is held", lambda s: sets(
        s, Account, account_of_the_card(s),
        held_minor=of(s, Account, account_of_the_card(s)).held_minor + 1_00)),
    ("held", "there is no account gone", lambda s: sets(s, Hold, OPEN, account="gone")),
    ("limits", "is 10.00 USD below its limit", lambda s: sets(
        s, Account, account_of_the_card(s), credit_limit_minor=
        -of(s, Account, account_of_the_card(s)).available_minor - 10_00)),
    ("posted", "there is no transaction T1|lost", lambda s: adds(
        s, Posting(id="T1|lost", transaction="T1|lost", kind="x", entries=()))),
    ("posted", "belongs to no transaction", lambda s: adds(
        s, Posting(id="x", transaction="", kind="purchase", entries=()))),
    ("posted", "its transaction was declined", lambda s: adds(
        s, replace(of(s, Transaction, SALE), id="T1|no", version=1, state=State.DECLINED,
                   amount_open=None, batch="", settlement_date="", refunded_minor=0),
        Posting(id="T1|no", transaction="T1|no", kind="purchase", entries=()))),
    ("posted", "transaction T1|bare has no posting", lambda s: adds(
        s, replace(of(s, Transaction, SALE), id="T1|bare", version=1, refunded_minor=0))),
    ("positions", "got -1.00 USD more by postings", lambda s: sets(
        s, Transaction, TIPPED, amount_open=Money(23_00, "840"),
        changed=(("", 20_00), ("x", 23_00)))),
    ("holds", "is open, its transaction is reversed", lambda s: sets(
        s, Transaction, OPEN, state=State.REVERSED, amount_open=Money(0, "840"))),
    ("holds", "has 6.00 USD, its transaction 5.00 USD", lambda s: sets(
        s, Transaction, OPEN, amount_open=Money(5_00, "840"))),
    ("holds", "is expired and still has 6.00 USD", lambda s: sets(s, Hold, OPEN, state="expired")),
    ("holds", "and has no open hold", lambda s: sets(s, Hold, OPEN, state="expired")),
    ("holds", "there is no transaction T1|nobody", lambda s: sets(
        s, Hold, OPEN, transaction="T1|nobody")),
    ("holds", "s after its end", lambda s: sets(
        s, Hold, OPEN, expires_us=_time(s) - DAY_US)),
    ("states", "is forwarded", lambda s: sets(s, Transaction, SALE, state=State.FORWARDED)),
    ("states", "is voided and has 10.00 USD", lambda s: sets(
        s, Transaction, SALE, state=State.VOIDED)),
    ("states", "has 11.00 USD in effect, of 10.00 USD", lambda s: sets(
        s, Transaction, SALE, amount_open=Money(11_00, "840"))),
    ("states", "has -0.01 USD in effect", lambda s: sets(
        s, Transaction, SALE, amount_open=Money(-1, "840"))),
    ("completed", "4.00 USD completed by its own word, 5.00 USD", lambda s: sets(
        s, Transaction, PREAUTH, completed_minor=4_00)),
    ("completed", "5.00 USD completed, at most 4.99 USD", lambda s: sets(
        s, Transaction, PREAUTH, authorized_minor=4_99)),
    ("completed", "100 minor units more are counted", lambda s: sets(
        s, Transaction, SALE, completed_minor=1_00)),
    ("refunded", "2.00 USD refunded by its own word, 3.00 USD", lambda s: sets(
        s, Transaction, SALE, refunded_minor=2_00)),
    ("refunded", "refunded, at most 2.00 USD", lambda s: sets(
        s, Transaction, SALE, amount_open=Money(2_00, "840"))),
    ("refunded", "100 minor units more are counted", lambda s: sets(
        s, Transaction, TIPPED, refunded_minor=1_00)),
    ("captured", "is captured and in no batch", lambda s: sets(
        s, Transaction, SALE, batch="", settlement_date="")),
    ("captured", "date ''", lambda s: sets(s, Transaction, SALE, settlement_date="")),
    ("captured", "of another terminal than its own", lambda s: sets(
        s, Transaction, SALE, batch="T2|000001")),
    ("batches", "was closed with", lambda s: sets(
        s, Batch, "T1|000001", counted="sales_number=1;sales_amount=1")),
    ("batches", "was closed with nonsense", lambda s: sets(
        s, Batch, "T1|000001", counted="nonsense")),
    ("batches", "its transactions come to", lambda s: sets(
        s, Transaction, SALE, batch="T1|000002")),
    ("batches", "was closed by 'T1|x', which is not there", lambda s: sets(
        s, Batch, "T1|000001", closed_by="T1|x")),
    ("batches", "is closed and its terminal's current", lambda s: sets(
        s, Terminal, "T1", batch_number=1)),
    ("batches", "is out_of_balance, the terminal's is T1|000002", lambda s: sets(
        s, Batch, "T1|000001", state="out_of_balance")),
    ("batches", "was never closed, the terminal's is T1|000003", lambda s: sets(
        s, Terminal, "T1", batch_number=3)),
    ("batches", "there is no terminal T7", lambda s: adds(
        s, replace(of(s, Transaction, SALE), id="T7|1", version=1, terminal_id="T7",
                   batch="T7|000001", refunded_minor=0))),
    ("differences", "of it is posted", lambda s: sets(
        s, Difference, "T1|000001|0001", posting="")),
    ("differences", "of it is posted", lambda s: sets(
        s, Difference, "T1|000001|0001", claimed_minor=1)),
    ("differences", "there is no batch T1|000009", lambda s: adds(
        s, Difference(id="T1|000009|0001", batch="T1|000009", classified="missing_at_host"))),
    ("differences", "there is no batch T1|000009", lambda s: adds(
        s, UploadItem(id="T1|000009|x", batch="T1|000009", original="x"))),
    ("delivery", "nobody has said what became of its answer", lambda s: adds(
        s, replace(of(s, Transaction, CLOSE), id="T1|late", version=1,
                   delivery=Delivery.PENDING, decided_us=_time(s) - DAY_US))),
    ("references", "leads to T1|gone, which is not there", lambda s: adds(
        s, Reference(id="r", transaction="T1|gone"))),
    ("references", "leads to T1|gone, which is not there", lambda s: adds(
        s, Reference(id="r", reversed_by=("T1|gone",)))),
    ("references", "leads nowhere", lambda s: adds(s, Reference(id="r"))),
    ("references", "acted upon T1|gone, which is not there", lambda s: sets(
        s, Transaction, VOID, original_key="T1|gone")),
    ("names", "posting x of T1|000001", lambda s: adds(
        s, Posting(id="x", transaction=SALE, kind="x", entries=()))),
    ("names", "of terminal T9", lambda s: sets(s, Transaction, CLOSE, terminal_id="T9")),
    ("names", "hold x of", lambda s: adds(
        s, Hold(id="x", transaction=OPEN, account=account_of_the_card(s), amount_minor=0,
                currency="840", state="expired"))),
    ("names", "difference x of", lambda s: adds(
        s, Difference(id="x", batch="T1|000001", classified="totals_differ"))),
    ("names", "uploaded item x of", lambda s: adds(
        s, UploadItem(id="x", batch="T1|000001", original="x"))),
    ("names", "batch x of", lambda s: adds(
        s, Batch(id="x", terminal_id="T1", merchant_id="SHOP", number="9"))),
    ("world", "there is no merchant NOBODY", lambda s: sets(
        s, Terminal, "T1", merchant_id="NOBODY")),
    ("world", "there is no account gone", lambda s: sets(
        s, Card, next(s.scan("card")).id, account="gone")),
    ("world", "there is no terminal T9", lambda s: adds(s, Configured(id="terminal|T9"))),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "said", "spoil"), SPOILT)
def test_what_breaks_a_rule_is_found_and_named(
    store: MemoryStore, rule: str, said: str, spoil: Spoil
) -> None:
    """A defect is not only seen, it is told which record and why."""
    spoil(store)
    report = checked(store)
    assert not report.sound
    assert any(said in finding for finding in report.findings.said(rule)), report.data()


def test_every_rule_can_be_broken() -> None:
    """No rule is there for show; ``store`` is broken by damage, below, keys and devices in
    ``test_secured``.
    """
    assert {rule for rule, _, _ in SPOILT} | {"store", "keys", "devices"} == {
        rule.name for rule in RULES
    }
    assert all(rule.cites and rule.promise for rule in RULES)


def test_a_changed_journal_stops_the_rest(store: MemoryStore) -> None:
    """What a damaged store says of the rest means nothing."""
    row = store._journal[3]
    store._journal[3] = replace(row, body=row.body.replace(b'"at_us":', b'"at_us":1'))
    report = checked(store)
    assert broken(report) == {"store"}
    assert report.findings.examined["zero"] == 0


def test_the_tolerance_of_completions_is_the_callers(store: MemoryStore) -> None:
    """INV-42: the store does not know the configuration."""
    sets(store, Transaction, PREAUTH, authorized_minor=4_00)
    assert "completed" in broken(checked(store, tolerance_bp=2_499))
    assert "completed" not in broken(checked(store, tolerance_bp=2_500))


def test_findings_are_bounded(store: MemoryStore) -> None:
    """INV-95: a million of the same are counted, not kept."""
    count = MOST_FINDINGS + 5
    adds(store, *(Reference(id=f"r{number}") for number in range(count)))
    found = checked(store).findings
    assert found.violations["references"] == count
    assert len(found.said("references")) == MOST_FINDINGS


def test_a_terminal_with_another_currency_is_no_finding(store: MemoryStore) -> None:
    """INV-51: its old batches were counted in the currency that it had."""
    sets(store, Terminal, "T1", currency="978")
    assert checked(store).sound


@pytest.fixture
def durable(lived: MemoryStore, tmp_path: Path) -> Iterator[SqliteStore]:
    """The same on SQLite."""
    kept = SqliteStore(tmp_path / "data" / "switch.db")
    for record in lived._records.values():
        for version in range(1, record.version + 1):
            kept.append([Change("copy", _time(lived), (replace(record, version=version),))])
    yield kept
    kept.close()


def test_a_store_on_disk_is_checked_beside_its_writer(durable: SqliteStore) -> None:
    """The same rules over the read-only view, live and stopped; what breaks them is seen there."""
    path = durable._path
    policies = {"toy": POLICY.totals}.get
    for stopped in (False, True):
        if stopped:
            durable.close()
        with SqliteReader(path) as reader, reader.snapshot():
            report = selfcheck(reader, policies=policies)
        assert report.sound, report.data()
        assert report.findings.examined["states"] == len(day())
    again = SqliteStore(path)
    tampered = again.load([Key("account", "merchant:SHOP:840")])
    (account,) = tampered.values()
    assert isinstance(account, Account)
    again.append([Change("x", 1, (next_version(account, balance_minor=1),))])
    again.close()
    with SqliteReader(path) as reader, reader.snapshot():
        assert "balances" in broken(selfcheck(reader, policies=policies))
