"""What every adapter promises (``switch.store.port``). Runs over each of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switch.model.records import Account, Batch, Hold, Key, Posting, Record, Terminal, next_version
from switch.model.words import Delivery, State
from switch.store.journal import GENESIS, link, records_in
from switch.store.memory import MemoryStore
from switch.store.port import Change, Committed, Conflict, Notes, Store
from switch.store.sqlite import SqliteStore
from switch.values import Pan
from switch.wire.map_names import plain


def change(*records: Record, what: str = "test", at_us: int = 7) -> Change:
    """A change of these records."""
    return Change(what, at_us, records)


def test_absent_records_are_none(store: Store) -> None:
    """``load`` answers for every key asked, with ``None`` where nothing was ever stored."""
    keys = [Key("transaction", "nobody"), Key("account", "nobody")]
    assert store.load(keys) == dict.fromkeys(keys)
    assert store.load([]) == {}


def test_loaded_equals_stored(store: Store, make: Any) -> None:
    """A record comes back equal in every field, nested values and types included."""
    records: list[Record] = [make.transaction(), make.account(), make.account("é'\"\\☃")]
    assert store.append([change(*records)]) == Committed(1)
    loaded = store.load([record.key for record in records])
    assert loaded == {record.key: record for record in records}


def test_a_new_version_replaces_the_old_one(store: Store, make: Any) -> None:
    """``load`` gives the last version that was committed."""
    first = make.account()
    second = next_version(first, balance_minor=5)
    store.append([change(first)])
    store.append([change(second)])
    assert store.load([first.key]) == {first.key: second}


def test_a_sent_answer_is_named_and_not_written_again(store: Store, make: Any) -> None:
    """INV-23: version 2 comes back whole, the journal's row holds the id alone, all is sound."""
    first = make.transaction(delivery=Delivery.PENDING)
    second = next_version(first, delivery=Delivery.SENT)
    store.append([change(first)])
    assert list(store.unfinished()) == [first.key]
    assert store.append([Change("delivery", 8, (), (second,))]) == Committed(2)
    assert store.load([first.key]) == {first.key: second}
    assert list(store.scan("transaction", delivery="sent")) == [second]
    assert list(store.unfinished()) == []
    *_, row = store.journal()
    assert row.body == b'{"what":"delivery","at_us":8,"records":[],"sent":["T1/000001"]}'
    third = next_version(second, state=State.REVERSED)
    store.append([change(third)])
    assert store.load([first.key]) == {first.key: third}
    assert store.verify() == []


def test_sent_within_one_append(store: Store, make: Any) -> None:
    """A transaction may be decided, sent and changed again in one append, in that order."""
    one = make.transaction("T1/000001", delivery=Delivery.PENDING)
    two = make.transaction("T1/000002", delivery=Delivery.PENDING)
    sent = [next_version(each, delivery=Delivery.SENT) for each in (one, two)]
    third = next_version(sent[1], state=State.REVERSED)
    store.append([change(one, two), Change("delivery", 8, (), tuple(sent)), change(third)])
    assert store.load([one.key, two.key]) == {one.key: sent[0], two.key: third}
    assert store.verify() == []


@pytest.mark.parametrize("version", [1, 3])
def test_only_a_first_version_is_noted_as_sent(store: Store, make: Any, version: int) -> None:
    """Whatever else there was in between would be lost: a conflict, and nothing is kept."""
    first = make.transaction(delivery=Delivery.PENDING)
    store.append([change(first)])
    if version == 3:
        store.append([change(next_version(first))])
    wrong = make.transaction(version=version)
    assert store.append([Change("delivery", 8, (), (wrong,))]) == Conflict((first.key,))
    nobody = make.transaction("nobody", version=2)
    assert store.append([Change("delivery", 8, (), (nobody,))]) == Conflict((nobody.key,))
    assert store.verify() == []


@pytest.mark.parametrize("version", [1, 3, 0])
def test_another_version_is_a_conflict_and_nothing_is_kept(
    store: Store, make: Any, version: int
) -> None:
    """All or nothing: one stale record keeps back its neighbours and the journal's row."""
    held = make.account("held")
    store.append([change(held)])
    stale = make.account("held", version=version)
    fresh = make.account("fresh")
    assert store.append([change(fresh), change(stale)]) == Conflict((held.key,))
    assert store.load([held.key, fresh.key]) == {held.key: held, fresh.key: None}
    assert len(list(store.journal())) == 1
    assert store.append([change(fresh)]) == Committed(2)


def test_a_first_version_must_be_1(store: Store, make: Any) -> None:
    """An update of nothing is a conflict, not an insert."""
    record = make.account(version=2)
    assert store.append([change(record)]) == Conflict((record.key,))


def test_versions_that_follow_each_other_in_one_append(store: Store, make: Any) -> None:
    """The last one is the record, the journal holds each in its own change."""
    first = make.account()
    second = next_version(first, balance_minor=1)
    third = next_version(second, balance_minor=2)
    assert store.append([change(first, second), change(third)]) == Committed(2)
    assert store.load([first.key]) == {first.key: third}
    versions = [version for row in store.journal() for _, _, version, _ in records_in(row.body)]
    assert versions == [1, 2, 3]
    fourth, fifth = next_version(third), next_version(next_version(third))
    assert store.append([change(fourth), change(fifth)]) == Committed(4)
    assert store.load([first.key]) == {first.key: fifth}


def test_versions_with_a_gap_in_one_append_are_a_conflict(store: Store, make: Any) -> None:
    """Versions of one record in one append count by one."""
    first = make.account()
    third = make.account(version=3)
    assert store.append([change(first), change(third)]) == Conflict((first.key,))
    assert store.load([first.key]) == {first.key: None}


def test_no_changes_and_changes_without_records(store: Store) -> None:
    """Nothing to keep is no row; a change without records is one, for the journal's readers."""
    assert store.append([]) == Committed(0)
    assert store.append([change(what="note")]) == Committed(1)
    assert [row.body for row in store.journal()] == [b'{"what":"note","at_us":7,"records":[]}']


def test_journal_is_chained_in_order(store: Store, make: Any) -> None:
    """Each row names the hash before it, and its own hash covers that and the body."""
    store.append([change(make.account("a")), change(make.account("b"), what='it\'s "b"')])
    store.append([change(make.account("c"))])
    rows = list(store.journal())
    assert [row.sequence for row in rows] == [1, 2, 3]
    head = GENESIS
    for row in rows:
        assert row.previous == head
        assert row.hash == link(head, row.body)
        head = row.hash
    assert list(store.journal(after=2)) == rows[2:]
    assert list(store.journal(after=99)) == []


def test_scan_selects_by_columns_in_order_of_id(store: Store, make: Any) -> None:
    """All conditions at once, over more records than one page holds."""
    records = [
        make.transaction(f"T{number % 3}/{number:03d}", rrn=str(number % 2), stan=f"{number:06d}")
        for number in range(600)
    ]
    store.append([change(*records)])
    ordered = sorted(records, key=lambda record: record.id)
    assert list(store.scan("transaction")) == ordered
    assert list(store.scan("transaction", rrn="1")) == [r for r in ordered if r.rrn == "1"]
    assert list(store.scan("transaction", rrn="1", stan="000003")) == [records[3]]
    assert list(store.scan("transaction", rrn="none")) == []
    assert list(store.scan("account")) == []


def test_scan_by_what_names_begin_with(store: Store, make: Any) -> None:
    """The transactions of a terminal, of one batch of it, and of a terminal whose id is escaped in
    names: all of them, and nobody else's.
    """
    terminals = ("T1", "T10", "T2", "T|1", "T%", "")
    records = [
        make.transaction(
            f"{plain(terminal)}|{number:03d}",
            terminal_id=terminal,
            batch=f"{terminal}|{number % 2:06d}",
        )
        for terminal in terminals
        for number in range(300)
    ]
    store.append([change(*records)])
    for terminal in terminals:
        own = [record for record in records if record.terminal_id == terminal]
        assert list(store.scan("transaction", terminal_id=terminal)) == own
        batch = f"{terminal}|000001"
        assert list(store.scan("transaction", batch=batch)) == own[1::2]
        assert list(store.scan("transaction", terminal_id=terminal, batch=batch)) == own[1::2]


def test_scan_for_followers_and_open_holds(store: Store, make: Any) -> None:
    """Who acted upon a transaction, and what is still set aside, over more than one page."""
    records = [
        make.transaction(f"T{number % 7}|{number:04d}", original_key="T9|1" * (number % 2))
        for number in range(1200)
    ]
    holds = [
        Hold(
            id=record.id,
            transaction=record.id,
            account="a",
            amount_minor=1,
            currency="840",
            state="open" if record.original_key else "expired",
        )
        for record in records
    ]
    store.append([change(*records, *holds)])
    followers = sorted((one for one in records if one.original_key), key=lambda one: one.id)
    assert list(store.scan("transaction", original_key="T9|1")) == followers
    assert list(store.scan("transaction", original_key="T9")) == []
    still_open = sorted((one for one in holds if one.state == "open"), key=lambda one: one.id)
    assert list(store.scan("hold", state="open")) == still_open
    assert len(list(store.scan("hold", state="expired"))) == 600
    assert list(store.scan("hold", state="open", transaction="T1|0001")) == [
        one for one in still_open if one.id == "T1|0001"
    ]


def test_scan_follows_changed_columns(store: Store, make: Any) -> None:
    """A look-up sees the newest version only."""
    before = make.transaction(state=State.APPROVED)
    store.append([change(before)])
    after = next_version(before, state=State.REVERSED)
    store.append([change(after)])
    assert list(store.scan("transaction", state="approved")) == []
    assert list(store.scan("transaction", state="reversed")) == [after]


def test_every_column_can_be_asked_for(store: Store, make: Any) -> None:
    """Each table has look-up columns of its own."""
    batch = Batch(id="T1|000001", terminal_id="T1", merchant_id="M1", number="1")
    terminal = Terminal(id="T1", merchant_id="M1", currency="840")
    posting = Posting(id="t|1#fee", transaction="t|1", kind="purchase", entries=())
    store.append([change(batch, terminal, posting)])
    assert list(store.scan("batch", terminal_id="T1", state="open")) == [batch]
    assert list(store.scan("terminal", merchant_id="M1")) == [terminal]
    assert list(store.scan("posting", transaction="t|1")) == [posting]


def test_what_nobody_declared_is_the_callers_mistake(store: Store) -> None:
    """A wrong table or column raises at once and says which ones there are."""
    with pytest.raises(KeyError, match="nothing"):
        store.scan("nothing")
    with pytest.raises(KeyError, match="trail"):
        store.scan("transaction", trail="x")
    with pytest.raises(KeyError, match="nothing"):
        store.load([Key("nothing", "x")])


@pytest.mark.parametrize(
    ("state", "delivery", "open_"),
    [
        (State.APPROVED, Delivery.SENT, False),
        (State.APPROVED, Delivery.PENDING, True),
        (State.DECLINED, Delivery.UNKNOWN, False),
        (State.FORWARDED, Delivery.SENT, True),
        (State.NEW, Delivery.FAILED, True),
    ],
)
def test_unfinished_are_those_that_recovery_must_see(
    store: Store, make: Any, state: State, delivery: Delivery, open_: bool
) -> None:
    """P-04: an answer that may not have left, or a decision that was never made."""
    record = make.transaction(state=state, delivery=delivery)
    store.append([change(record, make.account())])
    assert list(store.unfinished()) == ([record.key] if open_ else [])
    done = next_version(record, state=State.DECLINED, delivery=Delivery.SENT)
    store.append([change(done)])
    assert list(store.unfinished()) == []


def test_a_clear_card_number_cannot_be_stored(store: Store, make: Any) -> None:
    """SR-PAN-03: a record that carries a clear PAN does not encode, and nothing is kept."""
    leak = make.transaction(pan_sealed=Pan("4761739001010010"))
    with pytest.raises(TypeError):
        store.append([change(make.account(), leak)])
    assert list(store.journal()) == []
    assert store.load([leak.key]) == {leak.key: None}


def test_notes(store: Notes) -> None:
    """Notes can be written, replaced and are absent otherwise."""
    assert store.meta_get("colour") is None
    store.meta_set("colour", "blue")
    store.meta_set("colour", "green")
    assert store.meta_get("colour") == "green"


def test_a_sound_store_verifies_and_closes_twice(store: Store, make: Any) -> None:
    """Nothing wrong is an empty list; closing is idempotent."""
    account = make.account()
    store.append([change(make.transaction(), account), change(next_version(account))])
    assert store.verify() == []
    store.close()
    store.close()


_IDS = st.sampled_from(["a", "b", "c/é", 'd"'])
_ACCOUNTS = st.builds(
    lambda name, version, cents: Account(
        id=name, version=version, kind="k", currency="840", balance_minor=cents
    ),
    _IDS,
    st.integers(1, 4),
    st.integers(-5, 5),
)
_APPENDS = st.lists(st.lists(st.lists(_ACCOUNTS, max_size=3), max_size=3), max_size=8)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(appends=_APPENDS)
def test_the_adapters_agree(
    appends: list[list[list[Account]]], tmp_path: Path, database: Path
) -> None:
    """Whatever is appended, both give the same outcome, the same records and the same journal."""
    shutil.rmtree(database.parent, ignore_errors=True)
    memory, sqlite = MemoryStore(), SqliteStore(database)
    keys = [Key("account", name) for name in ("a", "b", "c/é", 'd"')]
    try:
        for append in appends:
            changes = [change(*records) for records in append]
            assert memory.append(changes) == sqlite.append(changes)
            assert memory.load(keys) == sqlite.load(keys)
        assert list(memory.journal()) == list(sqlite.journal())
        assert list(memory.scan("account")) == list(sqlite.scan("account"))
        assert memory.verify() == sqlite.verify() == []
    finally:
        sqlite.close()
