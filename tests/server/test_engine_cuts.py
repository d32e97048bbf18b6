"""The process is killed at any operation of its store: closes, uploads, a cutover (S-02)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from switch.model.copies import replace
from switch.model.events import Event, OperatorCommand
from switch.model.records import RECORD_TYPES, Key, Record, Transaction
from switch.model.request import Request
from switch.model.settings import DialectPolicy
from switch.model.words import Delivery, Kind
from switch.money import Money
from switch.store.sqlite import SqliteStore
from switch.store.sqlite_open import OpenOptions
from tests.server_room import SETTINGS, Room, arrived, purchase, room
from tests.store.disks import Operation, RecordingDisk, after_kills

State = dict[Key, Record]
SETTLING = replace(
    SETTINGS, policies={"toy": DialectPolicy("toy", totals="hypercom-63", upload=True)}
)
EMPTY: dict[str, Any] = {
    "amount": None,
    "pan": None,
    "reference": "",
    "captures": False,
    "expiry": "",
}


def close(stan: int, sales: int, minor: int) -> Request:
    """A reconciliation that states so many sales."""
    totals = f"sales_number={sales};sales_amount={minor};refunds_number=0;refunds_amount=0"
    more = {**EMPTY, "kind": Kind.RECONCILIATION, "code": "920000", "totals": totals}
    return purchase(stan, **more)


def upload(stan: int, of: int, minor: int) -> Request:
    """An uploaded item."""
    more = {**EMPTY, "kind": Kind.BATCH_UPLOAD, "item": Kind.PURCHASE}
    money = Money(minor, "840")
    return purchase(stan, **{**more, "original": f"T1|ref|{of:06d}", "amount": money})


WRONG, RIGHT = close(3, 5, 50_00), close(12, 1, 10_00)
# What came before, and what is cut short.
DAY: dict[str, Request | str] = {
    "sale 1": purchase(1),
    "sale 2": purchase(2),
    "close out of balance": WRONG,
    "upload": upload(4, 1, 10_00),
    "upload of another amount": upload(5, 2, 9_00),
    "second close": close(6, 5, 50_00),
    "sale 3": purchase(11),
    "close in balance": RIGHT,
    "cutover": "cutover",
}


def state(store: SqliteStore) -> State:
    """All that is there, but for what is known of deliveries: a start writes that anew."""
    found: State = {}
    for kind in RECORD_TYPES:
        for record in store.scan(kind.TABLE):
            if isinstance(record, Transaction):
                record = replace(record, version=1, delivery=Delivery.PENDING)  # noqa: PLW2901
            found[record.key] = record
    return found


async def act(it: Room, what: Request | str) -> object:
    """Do it; the answer, or what an operator's command has moved."""
    event: Event = (
        OperatorCommand(it.clock.now(), what, "uid 0")
        if isinstance(what, str)
        else arrived(what, 1, it.clock.now())
    )
    it.engine.submit(event)
    await it.engine.work()
    return it.outside.answers[-1] if isinstance(what, Request) else what


class Recorded:
    """A day on a disk that remembers, and where in it each act begins and ends."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "switch.db"
        SqliteStore(self.database).close()
        self.start = {"switch.db": self.database.read_bytes()}
        self.log: list[Operation] = []
        self.spans: dict[str, tuple[int, int]] = {}
        self.states: dict[str, tuple[State, State]] = {}
        self.answers: dict[str, object] = {}

    async def play(self) -> None:
        """The whole day, without any mishap."""
        with RecordingDisk("cut-short") as disk:
            options = OpenOptions(vfs=disk.name, exclusive=True)
            store = SqliteStore(self.database, options=options)
            it = room(settings=SETTLING, inner=store)
            for name, what in DAY.items():
                begin, before = len(disk.log), state(store)
                self.answers[name] = await act(it, what)
                self.spans[name] = (begin, len(disk.log))
                self.states[name] = (before, state(store))
            self.log = list(disk.log)
            store._connection.close()
            store._lock.release()

    def cuts(self, name: str, folder: Path) -> Iterator[SqliteStore]:
        """The store as a kill leaves it, at each operation of that act."""
        begin, end = self.spans[name]
        for number, files in after_kills(self.start, self.log[:end]):
            if number >= begin:
                place = folder / f"{number}"
                place.mkdir()
                for file, content in files.items():
                    (place / file).write_bytes(content)
                store = SqliteStore(place / "switch.db")
                yield store
                store.close()


@pytest.mark.parametrize(
    "name",
    [
        "close out of balance",
        "upload",
        "upload of another amount",
        "second close",
        "close in balance",
        "cutover",
    ],
)
async def test_a_kill_at_any_operation_leaves_all_or_nothing(tmp_path: Path, name: str) -> None:
    """S-02, INV-03, INV-51: the act happened wholly or not at all, the store is sound, and the same
    again gives the same answer and leads to the same books.
    """
    day = Recorded(tmp_path)
    await day.play()
    before, after = day.states[name]
    assert before != after
    seen = set()
    for store in day.cuts(name, tmp_path):
        assert store.verify() == []
        found = state(store)
        assert found in (before, after)
        seen.add(found == after)
        it = room(settings=SETTLING, inner=store)
        await it.engine.recover()
        assert await act(it, DAY[name]) == day.answers[name]
        assert state(store) == after
        await act(it, DAY[name])
        assert state(store) == after
    assert seen == {False, True}
