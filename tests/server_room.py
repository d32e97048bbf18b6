"""An engine on a memory store, for tests: the faults that its store can have, what it said, what
it was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from switch.core.step import plan as core_plan
from switch.core.step import step as core_step
from switch.keys.port import Vault
from switch.model.effects import Reply, Silence
from switch.model.events import (
    BrokenArrived,
    Event,
    Moment,
    Origin,
    RequestArrived,
)
from switch.model.facts import Decision, Facts
from switch.model.records import Account, Key, Record
from switch.model.request import Request
from switch.model.settings import DialectPolicy, Settings
from switch.model.words import Flow, Kind, Reason
from switch.money import Money
from switch.server.clock import FreshNames
from switch.server.engine import Engine
from switch.server.limits import EngineLimits
from switch.server.world import CardSeed, MerchantSeed, TerminalSeed, World, seed
from switch.server.writer import InlineWriter, Writer
from switch.store.memory import MemoryStore
from switch.store.port import (
    Change,
    Committed,
    Conflict,
    JournalRow,
    Store,
    StoreBroken,
    StoreUnavailable,
    Unknown,
)
from switch.values import Pan

PAN = Pan("4761739001010010")
WORLD = World(
    merchants=(MerchantSeed("SHOP", "Shop", "5411", "active", "840", "UTC"),),
    terminals=(TerminalSeed("T1", "SHOP", "active", "840", "UTC"),),
    cards=(CardSeed("visa", PAN, "4912", "active", "840", 100_00, 0, 0, 0),),
)
SETTINGS = Settings(test_ranges=("4761739",), policies={"toy": DialectPolicy("toy")})


class FakeVault:
    """Tokens and seals that show nothing and cost nothing."""

    def token(self, pan: Pan) -> str:
        return f"token-{hash(pan):x}"

    def seal(self, pan: Pan, row_id: str) -> str:
        return f"sealed-{hash((pan, row_id)):x}"

    def open(self, sealed: str, row_id: str) -> Pan:
        raise AssertionError("a decision opens no seal")


def fake_vault() -> Vault:
    """One that is asked for tokens and seals alone."""
    return cast(Vault, FakeVault())


class FakeClock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.mono_ns = 0

    def now(self) -> Moment:
        return Moment(1_795_000_000_000_000 + self.mono_ns // 1000, self.mono_ns)


Outcome = Committed | Conflict | Unknown


class FaultyStore:
    """A memory store with a list of faults to come, one for each append."""

    def __init__(self, inner: Store | None = None) -> None:
        self.inner: Store = MemoryStore() if inner is None else inner
        self.faults: list[Callable[[Sequence[Change]], Outcome] | None] = []
        self.mute = False
        self.appended: list[Sequence[Change]] = []
        self.loads = 0

    def load(self, keys: Iterable[Key]) -> Mapping[Key, Record | None]:
        if self.mute:
            raise StoreUnavailable("mute")
        self.loads += 1
        return self.inner.load(keys)

    def append(self, changes: Sequence[Change]) -> Outcome:
        fault = self.faults.pop(0) if self.faults else None
        outcome = self.inner.append(changes) if fault is None else fault(changes)
        if isinstance(outcome, Committed):
            self.appended.append(changes)
        return outcome

    def scan(self, table: str, **equal: str) -> Iterator[Record]:
        return self.inner.scan(table, **equal)

    def unfinished(self) -> Iterator[Key]:
        return self.inner.unfinished()

    def journal(self, after: int = 0) -> Iterator[JournalRow]:
        return self.inner.journal(after)

    def verify(self) -> list[str]:
        return self.inner.verify()

    def close(self) -> None:
        self.inner.close()

    # What can go wrong with an append.

    def full(self, changes: Sequence[Change]) -> Outcome:
        raise StoreUnavailable("no space left on device")

    def broken(self, changes: Sequence[Change]) -> Outcome:
        raise StoreBroken("sync failed")

    def stale(self, changes: Sequence[Change]) -> Outcome:
        return Conflict(tuple(record.key for change in changes for record in change.records))

    def kept_but_unknown(self, changes: Sequence[Change]) -> Outcome:
        self.inner.append(changes)
        return Unknown()

    def lost_and_unknown(self, changes: Sequence[Change]) -> Outcome:
        return Unknown()

    def kept_and_mute(self, changes: Sequence[Change]) -> Outcome:
        self.inner.append(changes)
        self.mute = True
        return Unknown()


@dataclass
class Outside:
    """What the engine says: replies with the number of appends that were durable by then."""

    store: FaultyStore
    replies: list[tuple[str, Reason, int]] = field(default_factory=list)
    silences: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    transactions: list[str] = field(default_factory=list)
    answers: list[object] = field(default_factory=list)

    def reply(self, effect: Reply) -> None:
        self.answers.append(effect.answer)
        durable = len(self.store.appended)
        self.replies.append((effect.request.stan, effect.answer.reason, durable))

    def silence(self, effect: Silence) -> None:
        self.silences.append(effect.why)

    def flush(self) -> None:
        pass

    def tell(self, event: str, level: str = "info", **data: object) -> None:
        self.told.append(event)

    def bug(self, event: str, failure: BaseException, **data: object) -> None:
        self.told.append(f"{event} {failure}")

    def transaction(
        self, arrived: RequestArrived | BrokenArrived, decision: Decision, took_us: int, batch: int
    ) -> None:
        self.transactions.append(arrived.request.stan)

    @property
    def reasons(self) -> list[Reason]:
        return [reason for _, reason, _ in self.replies]


@dataclass
class Room:
    """An engine on a memory store."""

    engine: Engine
    store: FaultyStore
    outside: Outside
    clock: FakeClock

    def balance(self) -> int:
        """Of the one card."""
        (account,) = [
            row
            for row in self.store.scan("account")
            if isinstance(row, Account) and row.kind == "cardholder"
        ]
        return account.balance_minor

    def submit(self, *requests: Request) -> None:
        for number, request in enumerate(requests, 1):
            self.engine.submit(arrived(request, number, self.clock.now()))


def room(
    *,
    limits: EngineLimits | None = None,
    settings: Settings = SETTINGS,
    step: Callable[[Event, Facts], Decision] = core_step,
    writer: Callable[[FaultyStore], Writer] = InlineWriter,
    world: World = WORLD,
    vault: Vault | None = None,
    inner: Store | None = None,
) -> Room:
    """A fresh one, with the world in the store: one in memory, or ``inner``."""
    store = FaultyStore(inner)
    vault = vault or fake_vault()
    seed(store, world=world, vault=vault, at_us=0)
    store.appended.clear()
    outside, clock = Outside(store), FakeClock()
    engine = Engine(
        writer=writer(store),
        vault=vault,
        settings=settings,
        outlet=outside,
        log=outside,
        clock=clock,
        names=FreshNames(b"seed"),
        limits=limits,
        plan=core_plan,
        step=step,
    )
    return Room(engine, store, outside, clock)


def purchase(stan: int, minor: int = 10_00, **changes: object) -> Request:
    """A purchase of terminal T1."""
    number = f"{stan:06d}"
    fields: dict[str, object] = {
        "dialect": "toy",
        "kind": Kind.PURCHASE,
        "flow": Flow.REQUEST,
        "captures": True,
        "message_type": "0200",
        "code": "000000",
        "request_key": f"T1|{number}",
        "reference": f"T1|ref|{number}",
        "terminal_id": "T1",
        "merchant_id": "SHOP",
        "stan": number,
        "local_time": "120000",
        "local_date": "1124",
        "amount": Money(minor, "840"),
        "pan": PAN,
        "expiry": "4912",
    }
    return Request(**{**fields, **changes})  # type: ignore[arg-type]


def arrived(request: Request, exchange: int = 1, moment: Moment | None = None) -> RequestArrived:
    """The event of a request."""
    return RequestArrived(moment or Moment(0, 0), Origin(1, exchange, "shop", "peer"), request)
