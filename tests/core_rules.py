"""What terminals say to the machine: payments, inquiries, followers, reversals, repeats.

Owns how such messages are made up: with amounts at and around each limit, about anything that came
before or never came, by reference or by reference number. Judges nothing but answers.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from switch.model.copies import replace
from switch.model.effects import Silence
from switch.model.events import BrokenArrived
from switch.model.records import Transaction
from switch.model.request import Problem, Request
from switch.model.words import Flow, Kind, Reason
from switch.money import Money
from switch.values import Pan
from tests.core_audit import Audited
from tests.core_reference import CARDS, MERCHANTS, STRANGER, TERMINALS, Item, card_account
from tests.core_world import HERE

PICK = st.integers(0, 10**6)  # of what was made before
FLOWS = st.sampled_from([Flow.REQUEST, Flow.REQUEST, Flow.REQUEST, Flow.ADVICE, Flow.NOTIFICATION])
PAYMENTS = (Kind.PURCHASE, Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH)
FOLLOWERS = (Kind.INCREMENT, Kind.COMPLETION, Kind.VOID, Kind.REFUND, Kind.TIP_ADJUST)
_OF_A_SALE = (Kind.TIP_ADJUST, Kind.VOID, Kind.REFUND, Kind.TIP_ADJUST, Kind.REVERSAL)
# What is likely to be done about each kind.
APT = {
    Kind.PURCHASE: _OF_A_SALE,
    Kind.COMPLETION: _OF_A_SALE,
    Kind.PREAUTH: (Kind.COMPLETION, Kind.COMPLETION, Kind.INCREMENT, Kind.VOID, Kind.REVERSAL),
    Kind.INCREMENT: (Kind.COMPLETION, Kind.REVERSAL),
    Kind.REFUND: (Kind.VOID, Kind.REVERSAL),
}
INQUIRIES = (Kind.BALANCE, Kind.VERIFICATION)
TALK = (
    *(Kind.SIGN_ON, Kind.SIGN_ON, Kind.SIGN_ON, Kind.SIGN_OFF, Kind.CUTOVER),
    *(*INQUIRIES, Kind.BALANCE, Kind.FILE_ACTION, Kind.KEY_EXCHANGE, Kind.UNKNOWN),
)
ODD = (
    *("late", "late", "late", "other money", "terminal's money", "nothing", "very much"),
    *("all cash", "more cash", "no cash", "strange terminal", "another's terminal"),
    *("unnamed merchant", "strange card", "no card"),
)
THRIFTY = ("374245455400126", "374245455400126", "5413330089010434")  # with a limit or little money
HOUR_US = 3_600_000_000
# Delicate orders of what is done about a hold, as ``story`` has them: completed, then the money is
# spent or time passes, then the completion reversed; increased later; voided, spent, restored.
PLOTS: tuple[tuple[tuple[int, int, int, bool], ...], ...] = (
    ((0, 0, 50, True), (13, 0, 100, True), (4, 2, 100, True)),
    ((0, 0, 50, True), (12, 0, 30, True), (4, 2, 100, True)),
    ((12, 0, 120, True), (2, 0, 30, True)),
    ((3, 0, 100, True), (13, 0, 100, True), (0, 2, 100, True)),
)
PROBLEM = Problem("stan", "field 11", Reason.FORMAT_ERROR, "is missing")


class Saying(Audited):
    """Messages about money."""

    @rule(
        terminal=st.sampled_from(TERMINALS),
        pan=st.sampled_from(list(CARDS)),
        kind=st.sampled_from(PAYMENTS),
        minor=st.integers(1, 900),
        captures=st.booleans(),
        flow=FLOWS,
        odd=st.one_of(st.just(""), st.sampled_from(ODD)),
        partial=st.booleans(),
    )
    def payment(
        self,
        terminal: str,
        pan: str,
        kind: Kind,
        minor: int,
        captures: bool,
        flow: Flow,
        odd: str,
        partial: bool,
    ) -> None:
        """A payment; now and then an odd one, or one whose reversal has come before it."""
        number = CARDS[pan].currency
        other = Money(minor // 2, number)
        more: dict[str, Any] = {"reference": f"{terminal}:{self.number + 1}", "pan": Pan(pan)}
        match odd:
            case "late" if self.house.buried:
                more["reference"] = min(self.house.buried)
            case "other money":
                number = "840" if number == "978" else "978"
            case "terminal's money":
                number = ""
            case "nothing" | "very much":
                minor = 0 if odd == "nothing" else 10**12 - 1
            case "all cash" | "more cash":
                other = Money(minor + (odd == "more cash"), number)
            case "strange terminal":
                terminal = "T9"
            case "another's terminal" | "unnamed merchant":
                wrong = "M2" if MERCHANTS[terminal] == "M1" else "M1"
                more["merchant_id"] = wrong if odd == "another's terminal" else ""
            case "strange card" | "no card":
                more["pan"] = Pan(STRANGER) if odd == "strange card" else None
        if kind is Kind.CASHBACK and odd != "no cash":
            more["amount_other"] = other
        self.send(
            self.make(
                kind,
                terminal,
                flow=flow,
                captures=captures,
                amount=Money(minor, number),
                partial_capable=partial,
                **more,
            )
        )

    @rule(
        terminal=st.sampled_from(TERMINALS),
        pan=st.sampled_from(list(CARDS)),
        kind=st.sampled_from(PAYMENTS),
        more=st.integers(-1, 1),
        flow=st.sampled_from([Flow.REQUEST, Flow.ADVICE]),
        partial=st.booleans(),
    )
    def spend_all(
        self, terminal: str, pan: str, kind: Kind, more: int, flow: Flow, partial: bool
    ) -> None:
        """All that a limit or the funds still allow, or one less, or one more."""
        plastic, house = CARDS[pan], self.house
        bounds = [house.available(f"card-{pan[-4:]}")]
        bounds += [most for most in (plastic.once, plastic.cash) if most]
        bounds += [plastic.daily - house.spent_today(pan)] * (plastic.daily > 0)
        minor = max(2, min(bounds) + more)
        self.send(
            self.make(
                kind,
                terminal,
                flow=flow,
                captures=bool(minor % 2),
                reference=f"{terminal}:{self.number + 1}",
                pan=Pan(pan),
                amount=Money(minor, plastic.currency),
                amount_other=Money(minor // 2, plastic.currency),
                partial_capable=partial,
            )
        )

    @rule(
        pick=PICK,
        kind=st.sampled_from(FOLLOWERS),
        percent=st.sampled_from([0, 30, 50, 100, 100, 110, 111, 120, 121, 300]),
        flow=FLOWS,
        final=st.booleans(),
        shape=st.one_of(st.just(15), st.integers(0, 15)),
    )
    def follow(
        self, pick: int, kind: Kind, percent: int, flow: Flow, final: bool, shape: int
    ) -> None:
        """Something about what came before; mostly of its own terminal, card and currency."""
        found = self._pick(pick)
        if found is not None and pick % 3:
            apt = [one for one in APT.get(found.kind, (kind,)) if one is not Kind.REVERSAL]
            kind = apt[pick % len(apt)]
        self.send(self.a_follower(found, kind, percent, flow, final=final, shape=shape))

    @rule(
        terminal=st.sampled_from(TERMINALS),
        pan=st.sampled_from([*CARDS, *THRIFTY]),
        kind=st.sampled_from([Kind.PURCHASE, Kind.PREAUTH, Kind.PREAUTH, Kind.REFUND]),
        minor=st.integers(20, 400),
        plot=st.sampled_from([(), *PLOTS]),
        steps=st.lists(
            st.tuples(
                st.integers(0, 14),  # what
                st.integers(0, 9),  # about which
                st.sampled_from([30, 50, 100, 100, 110, 120]),
                st.booleans(),
            ),
            min_size=2,
            max_size=8,
        ),
    )
    def story(
        self,
        terminal: str,
        pan: str,
        kind: Kind,
        minor: int,
        plot: tuple[tuple[int, int, int, bool], ...],
        steps: list[tuple[int, int, int, bool]],
    ) -> None:
        """One payment, and all that may come of it: each step is about it or about a step."""
        first = self.make(
            Kind.PREAUTH if plot else kind,
            terminal,
            captures=True,
            reference=f"{terminal}:{self.number + 1}",
            pan=Pan(pan),
            amount=Money(minor, CARDS[pan].currency),
        )
        self.send(first)
        items = [self.house.items[first.request_key]]
        for what, about, percent, mark in (*plot, *steps):
            if what >= 12:
                self.meanwhile(pan, what, percent)
                continue
            found = items[about // 2 % len(items)]
            apt = APT.get(found.kind, (Kind.REVERSAL,))
            step = apt[what % len(apt)] if what < 10 else FOLLOWERS[about % len(FOLLOWERS)]
            if step is Kind.REVERSAL:
                self.send(self.a_reversal(found, None if mark else percent // 2))
                continue
            flow = Flow.REQUEST if about < 8 else Flow.ADVICE
            request = self.a_follower(found, step, percent, flow, final=mark, shape=15)
            self.send(request)
            items.append(self.house.items[request.request_key])

    def meanwhile(self, pan: str, what: int, percent: int) -> None:
        """Time passes, or the card is used for something else: up to all that it has."""
        if what == 12:
            self.pass_time(percent // 10 * HOUR_US)
            self.ring()
            self.house.expire()
            return
        minor = self.house.available(card_account(pan)) * min(percent, 100) // 100
        terminal = TERMINALS[percent % 3]
        self.send(
            self.make(
                Kind.PURCHASE,
                terminal,
                captures=True,
                flow=Flow.ADVICE,
                reference=f"{terminal}:{self.number + 1}",
                pan=Pan(pan),
                amount=Money(minor, CARDS[pan].currency),
            )
        )

    def pass_time(self, by_us: int) -> None:
        """The clock moves on, and with it what the reference knows of it."""
        self.now_us += by_us
        self.keep_time()

    def keep_time(self) -> None:
        """The reference has the core's day."""
        self.house.now_us = self.now_us
        self.house.day = self.business_date
        self.house.month = self.calendar_day[2:6]

    def a_reversal(self, found: Item, percent: int | None, **more: Any) -> Request:
        """The reversal of an item, whole or so that a share of it remains."""
        if percent is not None:
            remaining = Money(found.open * percent // 100, found.currency or "840")
            more["amount_remaining"] = remaining
        name = found.request.reference
        return self.make(Kind.REVERSAL, found.request.terminal_id, original=name, **more)

    def a_follower(
        self, found: Item | None, kind: Kind, percent: int, flow: Flow, *, final: bool, shape: int
    ) -> Request:
        """A follower of that item; of nothing where there is none."""
        terminal = TERMINALS[shape % 3] if found is None or shape < 2 else found.request.terminal_id
        more: dict[str, Any] = {"final": final, "flow": flow}
        if found is None:
            more |= {"original": f"{terminal}:unseen-{self.number}"} if shape % 2 else {}
            more |= {"pan": Pan(list(CARDS)[shape % 5]), "amount": Money(percent, "840")}
        else:
            by_number = shape % 3 == 1 and bool(found.rrn)
            name = {"rrn": found.rrn} if by_number else {"original": found.request.reference}
            whole = found.asked if kind is Kind.TIP_ADJUST else max(found.open, found.authorized)
            minor = whole * percent // 100
            more |= {**name, "amount": Money(minor, found.currency or "840")}
            if kind in (Kind.COMPLETION, Kind.REFUND) or shape % 2:
                more["pan"] = found.request.pan
        if kind is Kind.VOID and percent != 120:
            more["amount"] = None
        if shape == 2:
            more["pan"] = Pan("4761739001010010")
        if shape == 3 and more["amount"] is not None:
            more["amount"] = Money(more["amount"].minor, "978")
        return self.make(
            kind,
            terminal if terminal in MERCHANTS else "T1",
            captures=True,
            reference=f"{terminal}:{self.number + 1}",
            **more,
        )

    def _pick(self, pick: int) -> Item | None:
        items = [item for item in self.house.items.values() if item.request.reference]
        return items[pick % len(items)] if items and pick % 8 else None

    @rule(
        pick=PICK,
        terminal=st.sampled_from(TERMINALS),
        percent=st.sampled_from([None, None, None, 0, 50, 100, 150]),
        flow=FLOWS,
        stated=st.sampled_from([None, None, 100, 50, 200]),
    )
    def reverse(
        self, pick: int, terminal: str, percent: int | None, flow: Flow, stated: int | None
    ) -> None:
        """A reversal, in whole or down to a share of what is left; of something never seen, too."""
        found = self._pick(pick)
        if found is None:
            name = f"{terminal}:unseen-{self.number}"
            self.send(self.make(Kind.REVERSAL, terminal, flow=flow, original=name))
            return
        more: dict[str, Any] = {"flow": flow, "pan": found.request.pan if pick % 3 else None}
        if stated is not None:
            more["amount"] = Money(found.asked * stated // 100, found.currency or "840")
        if pick % 11 == 0:
            more["pan"] = Pan("4761739001010010")
        self.send(self.a_reversal(found, percent, **more))

    # -- the same again

    @precondition(lambda self: self.made)
    @rule(pick=PICK, repeat=st.booleans())
    def again(self, pick: int, repeat: bool) -> None:
        """The same request once more: the same answer, and nothing else (INV-02, INV-11)."""
        request = self.made[pick % len(self.made)]
        before = dict(self.store)
        answer, decision = self.ask(replace(request, repeat=repeat))
        assert answer == self.answers[request.request_key]
        for record in decision.records:  # all that may be noted is that a copy is under way
            known = before[record.key]
            assert isinstance(record, Transaction)
            assert isinstance(known, Transaction)
            assert replace(record, version=known.version, delivery=known.delivery) == known

    @precondition(lambda self: self.made)
    @rule(
        pick=PICK,
        change=st.sampled_from(
            [
                {"amount": Money(10**9, "840")},
                {"code": "another"},
                {"pan": Pan("6200000000000005")},
                {"kind": Kind.FILE_ACTION},
                {"original": "another"},
            ]
        ),
    )
    def other_content(self, pick: int, change: dict[str, Any]) -> None:
        """The same key with other content: refused, no effect, the first answer stands (INV-12)."""
        request = self.made[pick % len(self.made)]
        if change.items() <= {"kind": request.kind}.items():
            return
        changed = replace(request, **change, flow=Flow.REQUEST)
        answer, decision = self.ask(changed)
        assert answer.reason is Reason.DUPLICATE_MISMATCH
        assert decision.records == ()

    # -- around it

    @rule(
        terminal=st.sampled_from([*TERMINALS, *TERMINALS, "T9"]),
        kind=st.sampled_from(TALK),
        pan=st.sampled_from([*CARDS, STRANGER]),
        flow=st.sampled_from([Flow.REQUEST, Flow.REQUEST, Flow.ADVICE]),
    )
    def small_talk(self, terminal: str, kind: Kind, pan: str, flow: Flow) -> None:
        """Inquiries, sign-on and sign-off, a question for the date, and what is not served."""
        reference = f"{terminal}:{self.number + 1}"
        more = {"pan": Pan(pan), "flow": flow} if kind in INQUIRIES else {}
        self.send(self.make(kind, terminal, reference=reference, **more))

    @rule(
        terminal=st.sampled_from(TERMINALS),
        fault=st.sampled_from(["broken", "incomplete", "stray", "echo"]),
    )
    def unrecorded(self, terminal: str, fault: str) -> None:
        """What leaves no trace: broken and incomplete messages, stray answers (M-07), echoes."""
        before = dict(self.store)
        request = self.make(Kind.PURCHASE, terminal)
        match fault:
            case "broken":
                decision = self.decide(BrokenArrived(self.moment, HERE, request, PROBLEM))
            case "incomplete":
                decision = self.ask(replace(request, problems=(PROBLEM,)))[1]
            case "echo":
                decision = self.ask(replace(request, kind=Kind.ECHO))[1]
            case _:
                stray = self.arrived(replace(request, flow=Flow.ANSWER))
                decision = self.decide(stray)
                assert isinstance(decision.effects[0], Silence)
        assert decision.records == ()
        assert self.store == before
