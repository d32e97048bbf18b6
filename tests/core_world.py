"""The way of an event through the core in a test: plan, fetch, step, store, as the engine does it.

Owns a dict for a store, holding the world of ``core_reference``. Judges versions and look-ups only.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from switch.core.leads import Handler, handlers, leads_of
from switch.core.step import plan, step, stimulus_of
from switch.core.table import UPON
from switch.model.effects import Reply
from switch.model.events import Event, Moment, Origin, RequestArrived
from switch.model.facts import Decision, Facts, Fresh, Need, ScanNeed
from switch.model.records import Account, Card, Key, Merchant, Record, Terminal, Transaction
from switch.model.request import Answer, Request
from switch.model.settings import DialectPolicy, Settings
from switch.model.words import Flow, Kind, State
from tests.core_reference import CARDS, MERCHANTS

HERE = Origin(1, 1, "model", "192.0.2.9")
NOW = Moment(1_000_000, 1)


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
    """A store, and the core over it."""

    def __init__(self) -> None:
        super().__init__()
        self.store: dict[Key, Record] = {}
        self.number = 0
        self.policy = DialectPolicy("model")
        self.settings = Settings()

    def open_with(self, policy: DialectPolicy) -> None:
        """Two merchants, three terminals, three cards with opening balances."""
        self.policy = policy
        self.settings = Settings(policies={"model": self.policy})
        opening = Account(
            id="opening:840",
            kind="opening",
            currency="840",
            balance_minor=-sum(balance for balance, *_ in CARDS.values()),
        )
        world: list[Record] = [opening]
        world += [Merchant(id=name, currency="840") for name in ("M1", "M2")]
        world += [Terminal(id=t, merchant_id=m, currency="840") for t, m in MERCHANTS.items()]
        for pan, (balance, credit, once, daily) in CARDS.items():
            account = f"card-{pan[-4:]}"
            world.append(
                Account(
                    id=account,
                    kind="cardholder",
                    currency="840",
                    balance_minor=balance,
                    credit_limit_minor=credit,
                )
            )
            world.append(
                Card(
                    id=f"token-{pan[-4:]}",
                    pan_sealed="sealed",
                    account=account,
                    currency="840",
                    per_transaction_limit_minor=once,
                    daily_limit_minor=daily,
                )
            )
        self.store = {record.key: record for record in world}

    def decide(self, event: Event) -> Decision:
        """Plan, fetch, step, store."""
        key = event.request.request_key if isinstance(event, RequestArrived) else ""
        rows = Rows(self.store)
        fresh = Fresh(f"R{key}", f"C{key}")
        facts = Facts(rows, self.settings, self.policy, fresh, "20261124", "2611")
        for _ in range(6):
            needs = plan(event, facts)
            if not needs:
                break
            for need in needs:
                rows.fetch(need)
        decision = step(event, facts)
        held_to_the_diagram(event, decision, self.store)
        for record in decision.records:
            known = self.store.get(record.key)
            assert record.version == (0 if known is None else known.version) + 1
            assert record.TABLE != "posting" or known is None, "a posting was overwritten (INV-61)"
            self.store[record.key] = record
        assert len({record.key for record in decision.records}) == len(decision.records)
        return decision

    def ask(self, request: Request) -> tuple[Answer, Decision]:
        """The answer to a request."""
        token = f"token-{request.pan.last4}" if request.pan else ""
        decision = self.decide(RequestArrived(NOW, HERE, request, token, "sealed"))
        (reply,) = [effect for effect in decision.effects if isinstance(effect, Reply)]
        assert reply.track is False or Key("transaction", request.request_key) in self.store
        return reply.answer, decision

    def make(self, kind: Kind, terminal: str, **more: Any) -> Request:
        """A request with a key of its own."""
        self.number += 1
        return Request(
            dialect="model",
            kind=kind,
            request_key=f"{terminal}/{self.number}",
            terminal_id=terminal,
            merchant_id=MERCHANTS[terminal],
            **{"flow": Flow.REQUEST, "code": kind.value, **more},
        )

    def of(self, kind: type[Any]) -> Iterator[Any]:
        """All records of a type."""
        return (record for record in self.store.values() if isinstance(record, kind))

    def transaction(self, key: str) -> Transaction:
        """The transaction of that key."""
        record = self.store[Key("transaction", key)]
        assert isinstance(record, Transaction)
        return record
