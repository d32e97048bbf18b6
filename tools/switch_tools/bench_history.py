"""A store that has been in use for long: made cards, terminals with purchases and closed batches.

Owns what a bench terminal sends, in words, and the quick way to a long past: the core decides every
request and the store appends every record, in big groups and without asking the store for what is
known already.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from itertools import count, islice
from random import Random
from typing import Final

from switch.core.batches import posting_ids
from switch.core.step import step
from switch.core.totals import Item, fold, written
from switch.errors import IsoswitchError
from switch.model.copies import replace
from switch.model.events import RequestArrived
from switch.model.facts import Decision, ScanNeed
from switch.model.records import (
    Account,
    Card,
    Key,
    Merchant,
    Posting,
    Record,
    Terminal,
    Transaction,
    key_of,
    next_version,
)
from switch.model.request import Request
from switch.model.words import Delivery, Kind
from switch.server.world import CardSeed, World
from switch.store.port import Change, Committed
from switch.store.sqlite import SqliteStore
from switch.values import Pan
from switch_tools.bench_bare import ORIGIN, Bare
from switch_tools.bench_samples import ASCII
from switch_tools.bench_world import MOST_TERMINALS, card_numbers, terminal_names

BATCH_ITEMS: Final = 200  # purchases of a terminal from one close to the next
GROUP: Final = 4096  # decisions in one append
_KEPT: Final = (Account.TABLE, Card.TABLE, Merchant.TABLE, Terminal.TABLE)
_STAN: Final = "987654"
_OPENING_MINOR: Final = 100_000_000


class Tills:
    """What the terminals send, in words: each counts its trace numbers and what its batch holds."""

    def __init__(self, bare: Bare, cards: int) -> None:
        self.names = terminal_names()
        self.cards = [Pan(number) for number in islice(card_numbers(), cards)]
        self._purchases = {}
        self._closes = {}
        self._stans = dict.fromkeys(self.names, 0)
        self._items = dict.fromkeys(self.names, 0)
        self._rrns = count(1)
        self._random = Random(cards)  # noqa: S311 - the same cards every time, no secret
        for name in self.names:
            fields = {**ASCII.request, "11": _STAN, "41": name}
            close = {key: fields[key] for key in ("7", "11", "12", "13", "41", "42")}
            self._purchases[name] = replace(bare.mapper.request(fields), track2=None)
            self._closes[name] = bare.mapper.request({"t": "0500", **close})
        self.policy = bare.admission.settings.policies[ASCII.dialect].totals
        self.first = self._purchases[self.names[0]].request_key.replace(_STAN, "000001")

    def purchase(self, terminal: str) -> Request:
        """The next purchase there, with any of the cards."""
        self._items[terminal] += 1
        request = self._numbered(self._purchases[terminal], terminal)
        rrn = f"{next(self._rrns):012d}"
        return replace(request, rrn=rrn, pan=self._random.choice(self.cards))

    def close(self, terminal: str) -> Request:
        """The close of its batch, in balance."""
        sale = self._purchases[terminal].amount
        assert sale is not None
        items = [
            Item(str(number), str(number), Kind.PURCHASE, sale.minor, sale.currency)
            for number in range(self._items[terminal])
        ]
        self._items[terminal] = 0
        request = self._numbered(self._closes[terminal], terminal)
        return replace(request, totals=written(fold(self.policy, items)))

    def _numbered(self, request: Request, terminal: str) -> Request:
        self._stans[terminal] = number = self._stans[terminal] % 999_999 + 1
        stan = f"{number:06d}"
        return replace(
            request,
            request_key=request.request_key.replace(_STAN, stan),
            reference=request.reference.replace(_STAN, stan),
            stan=stan,
        )


class _Known:
    """``switch.model.facts.Rows`` of somebody who has written every row himself."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._rows: dict[Key, Record | None] = {}
        self._open: defaultdict[str, dict[str, Transaction]] = defaultdict(dict)

    def has(self, _key: Key) -> bool:
        """Whatever is asked for is known."""
        return True

    def get(self, key: Key) -> Record | None:
        """The row; what was there before the first decision is read once."""
        if key not in self._rows and key.table in _KEPT:
            self._rows.update(self._store.load([key]))
        return self._rows.get(key)

    def has_scan(self, _need: ScanNeed) -> bool:
        """Open batches are known, other scans come to nothing."""
        return True

    def scan(self, need: ScanNeed) -> tuple[Record, ...]:
        """The transactions of an open batch."""
        items = self._open[dict(need.equal).get("batch", "")]
        return tuple([items[key] for key in sorted(items)])

    def keep(self, records: Iterable[Record]) -> None:
        """What a later decision may ask for: the world, and what is in open batches."""
        for record in records:
            if record.TABLE in _KEPT or isinstance(record, Posting):
                self._rows[record.key] = record
            elif isinstance(record, Transaction) and record.batch:
                self._open[record.batch][record.id] = record

    def forget(self, batch: str) -> None:
        """A batch that is closed is asked for no more."""
        for item in self._open.pop(batch, {}).values():
            for name in posting_ids(item):
                self._rows.pop(key_of(Posting.TABLE, name), None)


class Past:
    """Writes a long past into the store of a bare switch, as fast as it goes. Every terminal closes
    its batch after so many ``items``.
    """

    def __init__(self, bare: Bare, tills: Tills, items: int = BATCH_ITEMS) -> None:
        self._items = items
        self._bare = bare
        self._tills = tills
        self._rows = _Known(bare.store)
        self._changes: list[Change] = []
        self._sent: list[Transaction] = []

    def write(self, purchases: int) -> tuple[int, float]:
        """At least so many purchases, in whole batches, all closed in balance; returns how many,
        and the seconds that it took.
        """
        start_s, done = time.perf_counter(), 0
        self._issue()
        while done < purchases:
            for _ in range(self._items):
                for terminal in self._tills.names:
                    self._decide(self._tills.purchase(terminal))
            for terminal in self._tills.names:
                known = self._rows.get(key_of(Terminal.TABLE, terminal))
                assert isinstance(known, Terminal)
                self._decide(self._tills.close(terminal))
                self._rows.forget(f"{terminal}|{known.batch_number:06d}")
            done += self._items * len(self._tills.names)
        self._append()
        self._bare.forget()
        return done, time.perf_counter() - start_s

    def _issue(self) -> None:
        """The cards beside those of the configuration, each with an account and money on it."""
        cards = [
            CardSeed(f"card {place}", pan, "4912", "active", "840", _OPENING_MINOR, 0, 0, 0)
            for place, pan in enumerate(self._tills.cards)
        ]
        self._bare.add(World(cards=cards[MOST_TERMINALS:]))

    def _decide(self, request: Request) -> None:
        now = self._bare.clock.now()
        entry = self._bare.admission.entry(RequestArrived(now, ORIGIN, request))
        decision = step(entry.event, replace(entry.facts, rows=self._rows))
        transaction = _approved(decision)
        self._rows.keep(decision.records)
        self._changes.append(Change("request", now.wall_us, decision.records))
        self._sent.append(next_version(transaction, delivery=Delivery.SENT))
        if len(self._changes) >= GROUP:
            self._append()

    def _append(self) -> None:
        now_us = self._bare.clock.now().wall_us
        changes = [*self._changes, Change("delivery", now_us, (), tuple(self._sent))]
        self._changes, self._sent = [], []
        if not isinstance(self._bare.store.append(changes), Committed):
            raise IsoswitchError("the store of the bench did not keep its past")


def _approved(decision: Decision) -> Transaction:
    transaction = decision.records[0]
    if not isinstance(transaction, Transaction) or not transaction.answer.approved:
        raise IsoswitchError(f"a purchase of the past was not approved: {decision.trail[-1:]}")
    return transaction
