"""The way of an event through the core in a test: plan, fetch, step, store, as the engine does it.

Owns a dict for a store, holding the world of ``core_reference``, a virtual clock and its timers.
Judges versions and look-ups only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from switch.core.leads import Handler, handlers, leads_of
from switch.core.step import plan, step, stimulus_of
from switch.core.table import UPON
from switch.model.effects import Reply, SetTimer
from switch.model.events import Event, Moment, Origin, RequestArrived, TimerFired
from switch.model.facts import Decision, Facts, Fresh, Need, ScanNeed
from switch.model.records import (
    Account,
    Card,
    Day,
    Key,
    Merchant,
    Record,
    Terminal,
    Transaction,
)
from switch.model.request import Answer, Request
from switch.model.settings import Authorization, DialectPolicy, Settings, Settlement
from switch.model.words import Flow, Kind, State
from tests.core_reference import (
    CARDS,
    CURRENCIES,
    HOLD_S,
    MERCHANTS,
    PREAUTH_S,
    TAKES_LESS,
    TIP_BP,
    TOLERANCE_BP,
    Plastic,
)

HERE = Origin(1, 1, "model", "192.0.2.9")
START_US = 1_795_510_800_000_000  # 2026-11-24 09:00 UTC


@cache
def _handlers() -> dict[tuple[State, str], Handler]:
    return {(state, stimulus): handler for state, stimulus, handler in handlers()}


def held_to_the_diagram(event: Event, decision: Decision, store: dict[Key, Record]) -> None:
    """Each change of a transaction's state is one that its handler declares (core/leads.py).
    ``store`` is what was known before.
    """
    handler = _handlers()
    stimulus, subject = stimulus_of(event)
    for record in decision.records:
        if not isinstance(record, Transaction):
            continue
        known = store.get(record.key)
        before = known.state if isinstance(known, Transaction) else State.NEW
        if record.id == f"{subject}|unproven":
            assert record.state is State.DECLINED
            continue
        if record.id == subject:
            allowed = leads_of(handler[before, stimulus]).allows(before, record.state)
        else:
            allowed = any(
                leads_of(handler[before, upon]).allows(before, record.state)
                for upon in UPON
                if (before, upon) in handler
            )
        assert allowed, (
            f"{stimulus} has made {before} of {record.kind} {record.id} {record.state}: "
            "core/leads.py does not declare it"
        )


class Rows:
    """Only what was fetched can be read."""

    def __init__(self, store: dict[Key, Record]) -> None:
        self.store = store
        self.fetched: set[Key] = set()
        self.scanned: set[ScanNeed] = set()

    def fetch(self, need: Need) -> None:
        """A row, or a scan and the rows that it finds. Asking twice is a defect of the plan."""
        if isinstance(need, ScanNeed):
            assert need not in self.scanned, f"{need} is asked for twice"
            self.scanned.add(need)
            self.fetched |= {record.key for record in self._found(need)}
        else:
            assert isinstance(need, Key), f"nobody here answers {need}"
            assert need not in self.fetched, f"{need} is asked for twice"
            self.fetched.add(need)

    def has(self, key: Key) -> bool:
        return key in self.fetched

    def get(self, key: Key) -> Record | None:
        if key not in self.fetched:
            raise KeyError(key)
        return self.store.get(key)

    def has_scan(self, need: ScanNeed) -> bool:
        return need in self.scanned

    def scan(self, need: ScanNeed) -> tuple[Record, ...]:
        if need not in self.scanned:
            raise KeyError(need)
        return self._found(need)

    def _found(self, need: ScanNeed) -> tuple[Record, ...]:
        return tuple(
            self.store[key]
            for key in sorted(self.store)
            if key.table == need.table
            and all(getattr(self.store[key], name) == value for name, value in need.equal)
        )


class CoreWorld:
    """A store, the core over it, a clock that moves when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.store: dict[Key, Record] = {}
        self.number = 0
        self.policy = DialectPolicy("model")
        self.settings = Settings()
        self.now_us = START_US
        self.timers: dict[tuple[str, str], int] = {}  # due at that wall time

    def open_with(self, policy: DialectPolicy, settlement: Settlement | None = None) -> None:
        """Merchants, terminals, and cards with opening balances."""
        self.policy = policy
        numbers = Authorization(
            hold_s=HOLD_S,
            preauthorization_hold_s=PREAUTH_S,
            completion_tolerance_bp=TOLERANCE_BP,
            tip_tolerance_bp=TIP_BP,
        )
        self.settings = Settings(
            policies={"model": self.policy},
            authorization=numbers,
            settlement=settlement or Settlement(),
        )
        world: list[Record] = [Merchant(id=name, currency="840") for name in ("M1", "M2")]
        world += [
            Terminal(id=t, merchant_id=m, currency=CURRENCIES[t], partial_approval=t == TAKES_LESS)
            for t, m in MERCHANTS.items()
        ]
        opened: dict[str, int] = {}
        for pan, plastic in CARDS.items():
            world += _card(pan, plastic)
            opened[plastic.currency] = opened.get(plastic.currency, 0) - plastic.balance
        world += [
            Account(id=f"opening:{unit}", kind="opening", currency=unit, balance_minor=minor)
            for unit, minor in opened.items()
        ]
        self.store = {record.key: record for record in world}

    @property
    def moment(self) -> Moment:
        """Now."""
        return Moment(self.now_us, self.now_us * 1_000)

    @property
    def calendar_day(self) -> str:
        """Today by the calendar, YYYYMMDD."""
        return f"{datetime.fromtimestamp(self.now_us / 1e6, UTC):%Y%m%d}"

    @property
    def business_date(self) -> str:
        """Never before the date that the house has cut over to."""
        day = self.store.get(Key("day", "house"))
        return max(self.calendar_day, day.date if isinstance(day, Day) else "")

    def facts(self, event: Event, rows: Rows) -> Facts:
        """What is known besides rows."""
        key = event.request.request_key if isinstance(event, RequestArrived) else ""
        fresh, month = Fresh(f"R{key}", f"C{key}"), self.calendar_day[2:6]
        return Facts(rows, self.settings, self.policy, fresh, self.business_date, month)

    def decide(self, event: Event) -> Decision:
        """Plan, fetch, step, store."""
        rows = Rows(self.store)
        self._fetch(event, rows)
        return self._keep(event, step(event, self.facts(event, rows)))

    def decide_together(self, events: list[Event]) -> list[Decision]:
        """All arrived while one commit was under way: planned together, then decided in order over
        the same rows, where each sees what the ones before it wrote. Who misses a row that only
        they led to is planned again.
        """
        rows = Rows(self.store)
        for event in events:
            self._fetch(event, rows)
        decisions = []
        for event in events:
            try:
                decision = step(event, self.facts(event, rows))
            except KeyError:
                self._fetch(event, rows)
                decision = step(event, self.facts(event, rows))
            decisions.append(self._keep(event, decision))
            rows.fetched |= {record.key for record in decision.records}
        return decisions

    def _fetch(self, event: Event, rows: Rows) -> None:
        for _ in range(8):
            needs = plan(event, self.facts(event, rows))
            if not needs:
                return
            for need in needs:
                rows.fetch(need)
        raise AssertionError("the plan does not come to an end")

    def _keep(self, event: Event, decision: Decision) -> Decision:
        held_to_the_diagram(event, decision, self.store)
        for record in decision.records:
            known = self.store.get(record.key)
            assert record.version == (0 if known is None else known.version) + 1
            assert record.TABLE != "posting" or known is None, "a posting was overwritten (INV-61)"
            self.store[record.key] = record
        assert len({record.key for record in decision.records}) == len(decision.records)
        for effect in decision.effects:
            if isinstance(effect, SetTimer):
                due_us = self.now_us + int(effect.delay_s * 1_000_000)
                self.timers[effect.name, effect.subject] = due_us
        return decision

    def ring(self) -> None:
        """Every timer that is due runs out, again and again until none is."""
        while due := sorted(key for key, at_us in self.timers.items() if at_us <= self.now_us):
            for name, subject in due:
                del self.timers[name, subject]
                self.decide(TimerFired(self.moment, name, subject))

    def arrived(self, request: Request) -> RequestArrived:
        """The request, as the engine hands it to the core."""
        token = f"token-{request.pan.last4}" if request.pan else ""
        return RequestArrived(self.moment, HERE, request, token, "sealed")

    def ask(self, request: Request) -> tuple[Answer, Decision]:
        """The answer to a request; to what wants none, the one that is kept."""
        decision = self.decide(self.arrived(request))
        return self.answer_of(request, decision), decision

    def answer_of(self, request: Request, decision: Decision) -> Answer:
        """What is told, or would be."""
        if request.flow is Flow.NOTIFICATION:
            assert not any(isinstance(effect, Reply) for effect in decision.effects)
            return self.transaction(request.request_key).answer
        (reply,) = [effect for effect in decision.effects if isinstance(effect, Reply)]
        assert reply.track is False or Key("transaction", request.request_key) in self.store
        return reply.answer

    def make(self, kind: Kind, terminal: str, **more: Any) -> Request:
        """A request with a key of its own."""
        self.number += 1
        return Request(
            dialect="model",
            kind=kind,
            request_key=f"{terminal}/{self.number}",
            terminal_id=terminal,
            **{
                "merchant_id": MERCHANTS.get(terminal, "M1"),
                "flow": Flow.REQUEST,
                "code": kind.value,
                **more,
            },
        )

    def of(self, kind: type[Any]) -> Iterator[Any]:
        """All records of a type."""
        return (record for record in self.store.values() if isinstance(record, kind))

    def transaction(self, key: str) -> Transaction:
        """The transaction of that key."""
        record = self.store[Key("transaction", key)]
        assert isinstance(record, Transaction)
        return record


def _card(pan: str, plastic: Plastic) -> list[Record]:
    account = Account(
        id=f"card-{pan[-4:]}",
        kind="cardholder",
        currency=plastic.currency,
        balance_minor=plastic.balance,
        credit_limit_minor=plastic.credit,
    )
    card = Card(
        id=f"token-{pan[-4:]}",
        pan_sealed="sealed",
        account=account.id,
        currency=plastic.currency,
        expiry=plastic.expiry,
        per_transaction_limit_minor=plastic.once,
        daily_limit_minor=plastic.daily,
        cash_limit_minor=plastic.cash,
    )
    return [account, card]
