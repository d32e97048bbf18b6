"""A shop for the tests of the core: a dict for a store, a terminal, cards, the engine's loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from switch.core.step import plan, step
from switch.model.copies import replace
from switch.model.effects import Reply, Tell
from switch.model.events import (
    DeliveryReported,
    Event,
    Moment,
    Origin,
    Recovered,
    RequestArrived,
    TimerFired,
)
from switch.model.facts import PASSING, Decision, Facts, Fresh, Verdict, VerdictNeed
from switch.model.records import (
    Account,
    Card,
    Hold,
    Key,
    Merchant,
    Posting,
    Record,
    Terminal,
    Transaction,
)
from switch.model.request import Answer, Request
from switch.model.settings import DialectPolicy, Settings
from switch.model.words import Delivery, Flow, Kind
from switch.money import Money
from switch.values import Pan
from tests.core_world import Rows, held_to_the_diagram

VISA, POOR, STRANGER = "4761739001010010", "4000000000009995", "4111111111111111"
OUTSIDER = "6011000990139424"
ORIGIN = Origin(1, 1, "test", "192.0.2.1")


class Shop:
    """A small world, and the way of an event through ``plan`` and ``step``."""

    def __init__(self) -> None:
        self.store: dict[Key, Record] = {}
        self.policy = DialectPolicy("test")
        self.settings = Settings(test_ranges=("4",))
        self.verdicts: dict[str, Verdict] = {}  # of the vault, by question
        self.said: dict[str, dict[str, Verdict]] = {}  # as well, of a single request by its key
        self.business_date = "20261124"
        self.month = "2611"
        self.minutes: dict[str, int] = {}  # of the day, by zone
        self.wall_us = 1
        self.last = Decision()
        self.put(
            Merchant(id="M1", currency="840"),
            Merchant(id="M2", currency="840"),
            Terminal(id="T1", merchant_id="M1", currency="840"),
            Account(id="opening:840", kind="opening", currency="840", balance_minor=-101_000),
            Account(id="a-visa", kind="cardholder", currency="840", balance_minor=100_000),
            Account(id="a-poor", kind="cardholder", currency="840", balance_minor=1_000),
            self.a_card(VISA, "a-visa"),
            self.a_card(POOR, "a-poor"),
        )

    @staticmethod
    def a_card(pan: str, account: str, **more: Any) -> Card:
        return Card(
            id=f"token-{pan[-4:]}",
            pan_sealed="sealed",
            account=account,
            currency="840",
            **{"expiry": "4912", **more},
        )

    def put(self, *records: Record) -> None:
        for record in records:
            self.store[record.key] = record

    def change(self, kind: type[Record], record_id: str, **changes: Any) -> None:
        self.put(replace(self.store[Key(kind.TABLE, record_id)], **changes))

    def enrol(self, balance: int = 0, daily: int = 0, **more: Any) -> None:
        """Let unknown terminals and cards in, as the demo world does."""
        self.settings = replace(
            self.settings,
            enrol_unknown=True,
            enrol_merchant="M1",
            enrol_balance_minor=balance,
            enrol_daily_limit_minor=daily,
            **more,
        )

    def order(self, *left_out: str) -> None:
        """Let the dialect leave checks out."""
        checks = tuple(name for name in self.policy.checks if name not in left_out)
        self.policy = replace(self.policy, checks=checks)

    def no_rows(self) -> Rows:
        """Rows of which none was fetched yet."""
        return Rows(self.store)

    def demand_signon(self) -> None:
        """A dialect whose terminals must sign on."""
        self.policy = replace(self.policy, signon_required=True)

    def facts(self, rows: Rows, key: str = "") -> Facts:
        settings = replace(self.settings, policies={"test": self.policy})
        fresh = Fresh(f"R{key}"[:12], "A00001")
        date, month = self.business_date, self.month
        return Facts(rows, settings, self.policy, fresh, date, month, minutes=self.minutes)

    def judge(self, event: Event) -> tuple[Decision, list[tuple[object, ...]]]:
        """Plan until ready, then decide; also the needs of every round."""
        rows = Rows(self.store)
        key = event.request.request_key if isinstance(event, RequestArrived) else ""
        rounds: list[tuple[object, ...]] = []
        facts = self._fetch(event, self.facts(rows, key), rows, rounds)
        decision = step(event, facts)
        assert decision == step(event, facts), "the same facts gave another decision"
        return decision, rounds

    def decide(self, event: Event) -> Decision:
        """Judge and store, as the engine does: a wrong version is a conflict."""
        decision, _ = self.judge(event)
        held_to_the_diagram(event, decision, self.store)
        keys = [record.key for record in decision.records]
        assert len(keys) == len(set(keys)), "two versions of one record in one decision"
        for record in decision.records:
            known = self.store.get(record.key)
            assert record.version == (known.version if known else 0) + 1, record
        self.put(*decision.records)
        self.last = decision
        return decision

    def batch(self, *requests: Request) -> list[Answer]:
        """Requests that arrived during one commit: all planned first, then decided in order.

        Rows are shared and show what earlier decisions wrote. Who misses one is planned again.
        """
        rows = Rows(self.store)
        waiting: list[tuple[Event, Facts]] = []
        for request in requests:
            event: Event = self.arrived(request)
            waiting.append((event, self._fetch(event, self.facts(rows, ""), rows, [])))
        answers = []
        for event, facts in waiting:
            try:
                decision = step(event, facts)
            except KeyError:
                decision = step(event, self._fetch(event, facts, rows, []))
            held_to_the_diagram(event, decision, self.store)
            for record in decision.records:
                known = self.store.get(record.key)
                assert record.version == (known.version if known else 0) + 1, record
            self.put(*decision.records)
            rows.fetched |= {record.key for record in decision.records}
            answers += [effect.answer for effect in decision.effects if isinstance(effect, Reply)]
        return answers

    def _fetch(
        self, event: Event, facts: Facts, rows: Rows, rounds: list[tuple[object, ...]]
    ) -> Facts:
        """What the plan asks for, round by round, as far as it was brought and put to the vault;
        the facts with what that said.
        """
        while needs := plan(event, facts):
            assert len(rounds) < 7, "the plan does not come to an end"
            questions = [need for need in needs if isinstance(need, VerdictNeed)]
            brought: list[object] = [need for need in needs if need not in questions]
            for need in needs:
                if not isinstance(need, VerdictNeed):
                    rows.fetch(need)
            for question in questions:
                brought.append(question)
                verdict = self._said(question, event, rows)
                facts = replace(facts, verdicts={**facts.verdicts, question.question: verdict})
                if verdict.outcome not in PASSING:
                    break
            rounds.append(tuple(brought))
        return facts

    def _said(self, need: VerdictNeed, event: Event, rows: Rows) -> Verdict:
        """The vault's answer. It is asked when the rows of its keys are there."""
        assert all(rows.has(Key("key", name)) for name in need.keys), need
        key = event.request.request_key if isinstance(event, RequestArrived) else ""
        verdicts = {**self.verdicts, **self.said.get(key, {})}
        return verdicts.get(need.question, Verdict("absent"))

    def arrived(self, request: Request) -> RequestArrived:
        token = f"token-{request.pan.last4}" if request.pan else ""
        sealed = "" if not token or Key("card", token) in self.store else "card-sealed"
        return RequestArrived(Moment(self.wall_us, 1), ORIGIN, request, token, "sealed", sealed)

    def ask(self, request: Request) -> Answer:
        """The answer to a request."""
        effects = self.decide(self.arrived(request)).effects
        (reply,) = [effect for effect in effects if isinstance(effect, Reply)]
        assert reply.request is request
        return reply.answer

    def request(self, kind: Kind, key: str, **more: Any) -> Request:
        return Request(
            **{
                "dialect": "test",
                "kind": kind,
                "flow": Flow.REQUEST,
                "message_type": "0200",
                "code": "000000",
                "request_key": key,
                "terminal_id": "T1",
                "merchant_id": "M1",
                "stan": "000001",
                **more,
            }
        )

    def purchase(
        self, key: str = "K1", minor: int = 1_000, pan: str = VISA, **more: Any
    ) -> Request:
        shape = {
            "pan": Pan(pan),
            "amount": Money(minor, "840"),
            "reference": f"ref-{key}",
            "captures": True,
        }
        return self.request(more.pop("kind", Kind.PURCHASE), key, **{**shape, **more})

    def reversal(self, key: str = "R1", of: str = "K1", **more: Any) -> Request:
        return self.request(Kind.REVERSAL, key, **{"original": f"ref-{of}", **more})

    def follower(self, kind: Kind, key: str, of: str = "K1", **more: Any) -> Request:
        """A message about an earlier one: without card, as most dialects allow."""
        minor = more.pop("minor", None)
        shape = {
            "original": f"ref-{of}",
            "reference": f"ref-{key}",
            "captures": kind is not Kind.INCREMENT,
            "amount": None if minor is None else Money(minor, "840"),
        }
        return self.request(kind, key, **{**shape, **more})

    def deliver(self, key: str, delivery: Delivery, why: str = "") -> Decision:
        return self.decide(DeliveryReported(Moment(2, 2), key, delivery, why))

    def fire(self, key: str, name: str = "hold") -> Decision:
        """A timer runs out, now."""
        return self.decide(TimerFired(Moment(self.wall_us, 1), name, key))

    def recover(self, key: str) -> Decision:
        return self.decide(Recovered(Moment(3, 3), key))

    def balance(self, account: str) -> int:
        record = self.store.get(Key("account", account))
        return record.balance_minor if isinstance(record, Account) else 0

    def held(self, account: str) -> int:
        record = self.store[Key("account", account)]
        assert isinstance(record, Account)
        return record.held_minor

    def transaction(self, key: str) -> Transaction:
        record = self.store[Key("transaction", key)]
        assert isinstance(record, Transaction)
        return record

    @property
    def remedy(self) -> str:
        """What would have changed the last decision."""
        return self.last.trail[-1].remedy

    def hold(self, key: str) -> Hold:
        record = self.store[Key("hold", key)]
        assert isinstance(record, Hold)
        return record

    @property
    def postings(self) -> list[Posting]:
        return [record for record in self.store.values() if isinstance(record, Posting)]

    @property
    def told(self) -> list[str]:
        """The events of the last decision that go to the log."""
        return [effect.event for effect in self.last.effects if isinstance(effect, Tell)]

    @property
    def trail(self) -> dict[str, tuple[bool, str]]:
        """The trail of the last decision, by name of check."""
        return {check.name: (check.ok, check.said) for check in self.last.trail}


@pytest.fixture
def shop() -> Shop:
    """A shop with one terminal of one merchant, a card with 1000.00 and one with 10.00."""
    return Shop()


@pytest.fixture
def another_shop() -> Callable[[], Shop]:
    """For tests that compare worlds."""
    return Shop
