"""What else happens to the machine: time, restarts, deliveries, operators, closes and uploads.

Owns these, and messages that arrive while one commit is under way. Judges nothing but what is said.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from switch.core.holds import timer
from switch.model.copies import replace
from switch.model.effects import Told
from switch.model.events import DeliveryReported, OperatorCommand, Recovered, TimerFired
from switch.model.records import Hold, Transaction
from switch.model.request import Answer, Request
from switch.model.words import Delivery, Flow, Kind, Reason
from switch.money import Money
from switch.values import Pan
from tests.core_reference import BEARERS, CARDS, CORRECTIONS, CURRENCIES, MERCHANTS, TERMINALS
from tests.core_rules import FOLLOWERS, HOUR_US, PAYMENTS, PICK, Saying
from tests.reference_batches import written


class Housed(Saying):
    """A house around the messages."""

    # -- time

    @rule(hours=st.sampled_from([1, 9, 25, 49, 121]), late=st.booleans())
    def later(self, hours: int, late: bool) -> None:
        """The clock moves on. Timers may look late: the time of a hold's end counts (INV-43)."""
        self.pass_time(hours * HOUR_US)
        if not late:
            self.ring()
            self.house.expire()

    @precondition(lambda self: self.made)
    @rule(pick=PICK)
    def stray_timer(self, pick: int) -> None:
        """A timer that looks at anything, at any time: it ends what is over, and nothing else."""
        key = self.made[pick % len(self.made)].request_key
        self.decide(TimerFired(self.moment, "hold", key))
        self.house.expire(key)

    @rule(day=st.sampled_from(["", "same", "next", "far"]))
    def cut_over(self, day: str) -> None:
        """An operator moves the business date; saying it twice moves it once (INV-54, S-02)."""
        today = self.business_date
        named = {"same": {"date": today}, "far": {"date": "20991231"}}.get(day, {})
        for _ in range(2):
            assert self._told("cutover", named) is (day != "far")
            assert not named or self.business_date == today
        self.keep_time()

    def _told(self, name: str, arguments: dict[str, str]) -> bool:
        command = OperatorCommand(self.moment, name, "model", arguments, 1)
        (told,) = [one for one in self.decide(command).effects if isinstance(one, Told)]
        return told.ok

    @rule(
        who=st.sampled_from([*CARDS, *TERMINALS, "M1", "M2"]),
        status=st.sampled_from(["", "", "", "blocked", "lost", "stolen", "expired"]),
    )
    def administer(self, who: str, status: str) -> None:
        """An operator sets a card, a terminal or a merchant active, or not; mostly for the better,
        so that most of the day something works.
        """
        if who in CARDS:
            status = status or "active"
            assert self._told("cards.set", {"card": f"token-{who[-4:]}", "status": status})
            self.house.status[who] = status
            return
        for other in [who] if status else sorted({who, *self.house.idle}):
            table = "terminals.set" if other in TERMINALS else "merchants.set"
            word = "inactive" if status else "active"
            assert self._told(table, {"id": other, "status": word})
        if status:
            self.house.idle.add(who)
        else:
            self.house.idle.clear()

    # -- deliveries and restarts

    @precondition(lambda self: self.made)
    @rule(
        pick=PICK,
        delivery=st.sampled_from([Delivery.SENT, Delivery.FAILED, Delivery.UNKNOWN]),
    )
    def report(self, pick: int, delivery: Delivery) -> None:
        """What became of an answer; a failure takes the approval back where the dialect says so
        (INV-23).
        """
        request = self.made[pick % len(self.made)] if pick % 2 else self.made[-1]
        key = request.request_key
        known = self.transaction(key)
        fails = (
            delivery is Delivery.FAILED
            and known.delivery is Delivery.PENDING
            and self.policy.failed_delivery_reverses
            and request.flow is Flow.REQUEST
        )
        undone = fails and self.house.undelivered(self.house.items[key])
        self.decide(DeliveryReported(self.moment, key, delivery))
        order = (Delivery.PENDING, Delivery.FAILED, Delivery.UNKNOWN, Delivery.SENT)
        best = max(known.delivery, delivery, key=order.index)
        assert self.transaction(key).delivery is best
        if undone:
            rrn = self.answers[key].rrn
            self.answers[key] = Answer(reason=Reason.ALREADY_REVERSED, rrn=rrn)

    @rule()
    def restart(self) -> None:
        """Timers and all that is in the air are gone; what is not final is fed to the core again,
        open holds get their timers; a second start finds nothing new (INV-03, P-04).
        """
        self.timers = {}
        for _ in range(2):
            for record in list(self.store.values()):
                if isinstance(record, Transaction) and record.delivery is Delivery.PENDING:
                    self.decide(Recovered(self.moment, record.id))
        assert not any(record.delivery is Delivery.PENDING for record in self.of(Transaction))
        for hold in self.of(Hold):
            if hold.state == "open":
                due = timer(hold, self.now_us)
                self.timers[due.name, due.subject] = self.now_us + int(due.delay_s * 1_000_000)

    @precondition(lambda self: any(request.reference for request in self.made))
    @rule(pick=PICK, late=st.booleans())
    def renewed(self, pick: int, late: bool) -> None:
        """A repeat that bears another name: the same answer. If a reversal of that name came first,
        it meant this one (INV-20).
        """
        named = [one for one in self.made if one.reference and one.kind in BEARERS]
        if not named:
            return
        request = named[-1 - pick % len(named)]
        self.number += 1
        name = f"{request.terminal_id}:renewed-{self.number}"
        if late and self.house.buried:
            name = min(self.house.buried)
        answer, _ = self.ask(replace(request, reference=name, repeat=True))
        assert answer == self.answers[request.request_key]
        self.house.renew(self.house.items[request.request_key], name)

    # -- closes

    def a_close(self, terminal: str, shift: int, number: str = "") -> Request:
        """A reconciliation that is right, or wrong by so much."""
        batch = self.house.batch_of(terminal)
        totals = dict(self.house.totals(batch, CURRENCIES[terminal]))
        if totals and shift:
            totals[list(totals)[shift % len(totals)]] += shift
        return self.make(Kind.RECONCILIATION, terminal, totals=written(totals), batch_number=number)

    @rule(terminal=st.sampled_from(TERMINALS), shift=st.sampled_from([0, 0, 1, -5]))
    def close(self, terminal: str, shift: int) -> None:
        """A close; the same again under another key gets the same answer (INV-51, M-34)."""
        request = self.a_close(terminal, shift)
        answer = self.send(request)
        again = self.make(Kind.RECONCILIATION, terminal, totals=request.totals)
        repeated = self.send(again)
        if shift == 0 and answer.approved:
            assert repeated.approved
            own = self.house.closed.get(self.house.batch_of(terminal))
            assert own is None or repeated.text == answer.text

    @rule(
        terminal=st.sampled_from(TERMINALS),
        left_out=st.integers(0, 4),
        altered=st.integers(0, 4),
        extra=st.booleans(),
        twice=st.booleans(),
        backwards=st.booleans(),
    )
    def disagree(
        self,
        terminal: str,
        left_out: int,
        altered: int,
        extra: bool,
        twice: bool,
        backwards: bool,
    ) -> None:
        """A close out of balance, the upload of all items but one, with one altered and one extra,
        in any order and as often as it likes; then the second close (INV-52, M-35).
        """
        wrong = self.a_close(terminal, 7)
        self.send(wrong)
        items = self._uploads(terminal, left_out, altered, extra=extra)
        for request in reversed(items) if backwards else items:
            self.send(self.make(Kind.BATCH_UPLOAD, terminal, **request))
            if twice:
                self.send(self.make(Kind.BATCH_UPLOAD, terminal, **request))
        self.send(self.make(Kind.RECONCILIATION, terminal, totals=wrong.totals))

    def _uploads(
        self, terminal: str, left_out: int, altered: int, *, extra: bool
    ) -> list[dict[str, Any]]:
        batch = self.house.batch_of(terminal)
        found: list[dict[str, Any]] = []
        sales = [item for item in self.house.members(batch) if item.kind not in CORRECTIONS]
        for place, item in enumerate(sales):
            minor = item.open + (3 if place == altered else 0)
            if place != left_out and minor:
                kind = Kind.REFUND if item.kind is Kind.REFUND else item.kind
                name = item.request.reference
                money = Money(minor, item.currency)
                found.append({"original": name, "amount": money, "item": kind})
        if extra:
            name = f"{terminal}:alien-{self.number}"
            money = Money(77, CURRENCIES[terminal])
            found.append({"original": name, "amount": money, "item": Kind.PURCHASE})
        return found

    @rule(terminal=st.sampled_from(TERMINALS), pick=PICK, minor=st.integers(1, 900))
    def upload_stray(self, terminal: str, pick: int, minor: int) -> None:
        """An uploaded item at any time, of anything."""
        found = self._pick(pick)
        name = f"{terminal}:alien-{self.number}" if found is None else found.request.reference
        number = CURRENCIES[terminal] if found is None else found.currency or "840"
        item = Kind.PURCHASE if pick % 3 else Kind.REFUND
        shape = {"original": name, "amount": Money(minor, number), "item": item}
        self.send(self.make(Kind.BATCH_UPLOAD, terminal, **shape))

    # -- at once

    @rule(
        terminal=st.sampled_from(TERMINALS),
        picks=st.lists(st.tuples(PICK, st.integers(1, 400)), min_size=1, max_size=4),
        place=st.integers(0, 4),
        shift=st.sampled_from([0, 0, 1]),
        copies=st.booleans(),
    )
    def in_flight(
        self,
        terminal: str,
        picks: list[tuple[int, int]],
        place: int,
        shift: int,
        copies: bool,
    ) -> None:
        """Messages and a close that arrive while one commit is under way: each ends up in exactly
        one batch, and whoever comes twice is answered twice and decided once (M-25, M-36).
        """
        requests = [self._any(terminal, pick, minor) for pick, minor in picks]
        requests.insert(min(place, len(requests)), self.a_close(terminal, shift))
        if copies:
            requests.append(requests[0])
        decisions = self.decide_together([self.arrived(request) for request in requests])
        for number, (request, decision) in enumerate(zip(requests, decisions, strict=True)):
            answer = self.answer_of(request, decision)
            if copies and number == len(requests) - 1:
                assert answer == self.answers[request.request_key]
            else:
                self.judge(request, answer)

    def _any(self, terminal: str, pick: int, minor: int) -> Request:
        found = self._pick(pick)
        if found is not None and found.request.terminal_id in MERCHANTS:
            if pick % 3:
                kind = FOLLOWERS[pick % len(FOLLOWERS)]
                return self.a_follower(found, kind, 100, Flow.REQUEST, final=True, shape=15)
            where, original = found.request.terminal_id, found.request.reference
            return self.make(Kind.REVERSAL, where, original=original)
        pan = list(CARDS)[pick % len(CARDS)]
        number = CARDS[pan].currency
        return self.make(
            PAYMENTS[pick % len(PAYMENTS)],
            terminal,
            captures=True,
            reference=f"{terminal}:{self.number + 1}",
            pan=Pan(pan),
            amount=Money(minor, number),
            amount_other=Money(minor, number),
        )

    # -- at the end

    def teardown(self) -> None:
        """INV-20, INV-21: whatever came, all of it can be taken back, in some order; then nothing
        is in effect and nothing is held.
        """
        if not hasattr(self, "house"):
            return
        left = [item for item in self.house.items.values() if item.kind in BEARERS]
        while left:
            refused = []
            for item in left:
                where, original = item.request.terminal_id, item.request.reference
                if where in MERCHANTS:
                    answer = self.send(self.make(Kind.REVERSAL, where, original=original))
                    refused += [] if answer.approved else [item]
            assert len(refused) < len(left)
            left = refused
        assert not [item for item in self.house.items.values() if item.hold and item.hold.is_open]
        self.everything_holds()
        for item in self.house.items.values():
            assert not item.open or item.kind is Kind.REVERSAL
