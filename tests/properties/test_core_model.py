"""A stateful model of the core: any messages in any order, against bookkeeping written another way.

The machine drives ``plan`` and ``step`` over a dict for a store, as the engine does: several
terminals and cards, purchases, repeats, reversals in any order, the same keys with other content,
sign-on and sign-off, reports of deliveries, restarts, broken messages. Beside it a ``Ledger`` of a
few dozen lines keeps what must be true, from the rules alone and without a line of the core. After
every step the two are compared and the store is audited.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from switch.core.step import plan, step
from switch.model.effects import Reply, Silence
from switch.model.events import (
    BrokenArrived,
    DeliveryReported,
    Event,
    Moment,
    Origin,
    Recovered,
    RequestArrived,
)
from switch.model.facts import Decision, Facts, Fresh
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
from switch.model.request import Answer, Problem, Request
from switch.model.settings import DialectPolicy, Settings
from switch.model.words import Delivery, Flow, Kind, Reason
from switch.money import Money
from switch.values import Pan

CARDS = {
    # number: (balance, credit limit, limit of one transaction, of a day)
    "4761739001010010": (5_000, 0, 0, 0),
    "5413330089010434": (300, 400, 0, 0),
    "374245455400126": (9_000, 0, 700, 1_500),
}
STRANGER = "4111111111111111"
TERMINALS = ("T1", "T2", "T3")  # the third belongs to the second merchant
MERCHANTS = {"T1": "M1", "T2": "M1", "T3": "M2"}
HERE = Origin(1, 1, "model", "192.0.2.9")
PICK = st.integers(0, 10**6)  # of what was made before
NOW = Moment(1_000_000, 1)
PROBLEM = Problem("stan", "field 11", Reason.FORMAT_ERROR, "is missing")


# -- the reference: what must be true, by the rules alone
# -------------------------------------------


@dataclass
class Purchase:
    """One purchase as the reference sees it."""

    approved: bool
    minor: int
    bearer: str  # whose money it was: a card's number, or "suspense"
    merchant: str
    left: int  # still in effect
    captured: bool


@dataclass
class Ledger:
    """Plain bookkeeping: who has spent what, which names were reversed, what was answered."""

    bought: dict[str, Purchase] = field(default_factory=dict)
    bears: dict[str, str] = field(default_factory=dict)  # name -> key
    buried: set[str] = field(default_factory=set)  # names that were reversed before they were seen
    taken_back: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    answers: dict[str, Answer] = field(default_factory=dict)
    signed_on: set[str] = field(default_factory=set)

    def spent(self, bearer: str) -> int:
        """What of the bearer's money is gone or set aside."""
        return sum(item.left for item in self.bought.values() if item.bearer == bearer)

    def objection(self, pan: str, minor: int, terminal: str, demand_signon: bool) -> str:
        """Why a demand must be declined, or nothing; in the default order of checks."""
        if demand_signon and terminal not in self.signed_on:
            return "not.signed_on"
        if pan not in CARDS:
            return "card.unknown"
        balance, credit, once, daily = CARDS[pan]
        if minor == 0:
            return "amount.invalid"
        if once and minor > once:
            return "limit.exceeded"
        if daily and self.spent(pan) + minor > daily:
            return "limit.exceeded"
        if self.spent(pan) + minor > balance + credit:
            return "funds.insufficient"
        return ""

    def bearer(self, pan: str, minor: int) -> str:
        """Who bears an advice."""
        if pan not in CARDS:
            return "suspense"
        balance, credit, _, _ = CARDS[pan]
        return pan if self.spent(pan) + minor <= balance + credit else "suspense"


# -- the machine
# ------------------------------------------------------------------------------------


class Rows:
    """Only what was fetched can be read."""

    def __init__(self, store: dict[Key, Record]) -> None:
        self.store = store
        self.fetched: set[Key] = set()

    def has(self, key: Key) -> bool:
        return key in self.fetched

    def get(self, key: Key) -> Record | None:
        if key not in self.fetched:
            raise KeyError(key)
        return self.store.get(key)


class Core(RuleBasedStateMachine):
    """Messages in any order; the store and the reference must agree after each."""

    def __init__(self) -> None:
        super().__init__()
        self.store: dict[Key, Record] = {}
        self.ledger = Ledger()
        self.number = 0
        self.made: list[Request] = []  # every request that left a record
        self.named: list[tuple[str, str]] = []  # terminal and reference of what may be reversed
        self.demand_signon = False
        self.policy = DialectPolicy("model")

    @initialize(demand_signon=st.booleans(), reverses=st.booleans())
    def open(self, demand_signon: bool, reverses: bool) -> None:
        """Two merchants, three terminals, three cards with opening balances."""
        self.demand_signon = demand_signon
        self.policy = DialectPolicy(
            "model", signon_required=demand_signon, failed_delivery_reverses=reverses
        )
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

    # -- driving the core as the engine does
    # --------------------------------------------------------

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
            wanted = {need for need in needs if isinstance(need, Key)}
            assert len(wanted) == len(needs), "the model has no vault"
            assert not wanted & rows.fetched
            rows.fetched |= wanted
        decision = step(event, facts)
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

    def next_key(self) -> str:
        self.number += 1
        return str(self.number)

    def make(self, kind: Kind, terminal: str, **more: Any) -> Request:
        return Request(
            dialect="model",
            kind=kind,
            request_key=f"{terminal}/{self.next_key()}",
            terminal_id=terminal,
            merchant_id=MERCHANTS[terminal],
            **{"flow": Flow.REQUEST, "code": kind.value, **more},
        )

    # -- rules
    # --------------------------------------------------------------------------------------

    @rule(
        terminal=st.sampled_from(TERMINALS),
        pan=st.sampled_from([*CARDS, STRANGER]),
        minor=st.integers(0, 900),
        captures=st.booleans(),
        flow=st.sampled_from([Flow.REQUEST, Flow.REQUEST, Flow.ADVICE]),
        late=st.booleans(),
    )
    def purchase(
        self,
        terminal: str,
        pan: str,
        minor: int,
        captures: bool,
        flow: Flow,
        late: bool,
    ) -> None:
        """A new purchase; now and then one whose reversal has come before it."""
        reference = f"{terminal}:{self.number + 1}"
        if late and self.ledger.buried:
            reference = min(self.ledger.buried)
            terminal = reference[:2]
        else:
            self.named.append((terminal, reference))
        request = self.make(
            Kind.PURCHASE,
            terminal,
            flow=flow,
            captures=captures,
            reference=reference,
            pan=Pan(pan),
            amount=Money(minor, "840"),
        )
        answer, _ = self.ask(request)
        self.made.append(request)
        self.expect_purchase(request, pan, answer)

    @rule(
        terminal=st.sampled_from(TERMINALS),
        pan=st.sampled_from(list(CARDS)),
        more=st.integers(-1, 1),
        flow=st.sampled_from([Flow.REQUEST, Flow.ADVICE]),
    )
    def spend(self, terminal: str, pan: str, more: int, flow: Flow) -> None:
        """All that a limit or the funds still allow, or one less, or one more."""
        balance, credit, once, daily = CARDS[pan]
        spent = self.ledger.spent(pan)
        bounds = [
            balance + credit - spent,
            *([once] if once else []),
            *([daily - spent] * (daily > 0)),
        ]
        minor = max(1, min(bounds) + more)
        self.purchase(terminal, pan, minor, captures=True, flow=flow, late=False)

    def expect_purchase(self, request: Request, pan: str, answer: Answer) -> None:
        book, amount = self.ledger, request.amount
        assert amount is not None
        minor, name = amount.minor, request.reference
        bearer, reason = pan, ""
        if request.flow is Flow.REQUEST:
            reason = book.objection(pan, minor, request.terminal_id, self.demand_signon)
            if name in book.buried and reason != "not.signed_on":
                reason = "reversed.before_seen"
        else:
            bearer = book.bearer(pan, minor)
            if name in book.buried:
                reason = "reversed.before_seen"
            elif minor == 0:
                reason = "amount.invalid"
        assert answer.reason == (reason or "approved")
        held_nowhere = bearer == "suspense" and not request.captures
        book.buried.discard(name)
        book.bears[name] = request.request_key
        book.answers[request.request_key] = answer
        book.bought[request.request_key] = Purchase(
            approved=not reason,
            minor=minor,
            bearer=bearer,
            merchant=MERCHANTS[request.terminal_id],
            left=0 if reason or held_nowhere else minor,
            captured=request.captures,
        )

    @rule(
        pick=PICK,
        terminal=st.sampled_from(TERMINALS),
        share=st.sampled_from([None, None, 0.0, 0.5, 1.0, 1.5]),
        flow=st.sampled_from([Flow.REQUEST, Flow.ADVICE]),
    )
    def reverse(self, pick: int, terminal: str, share: float | None, flow: Flow) -> None:
        """A reversal, in whole or down to a share of what is left; of something never seen, too."""
        if pick % 4 and self.named:
            terminal, reference = self.named[pick % len(self.named)]
        else:
            reference = f"{terminal}:unseen-{self.number}"
            self.named.append((terminal, reference))
        book = self.ledger
        bought = book.bought.get(book.bears.get(reference, ""))
        left = 0 if bought is None else bought.left
        remaining = None if share is None else int(left * share)
        request = self.make(
            Kind.REVERSAL,
            terminal,
            flow=flow,
            original=reference,
            amount_remaining=None if remaining is None else Money(remaining, "840"),
        )
        answer, _ = self.ask(request)
        book.answers[request.request_key] = answer
        keep = remaining or 0
        if bought is None:
            assert answer.reason is Reason.APPROVED_NO_ORIGINAL
            book.buried.add(reference)
        elif bought.left and keep > bought.left:
            assert answer.reason is Reason.AMOUNT_INVALID
        elif bought.left:
            assert answer.reason is Reason.APPROVED
            book.taken_back[book.bears[reference]] += bought.left - keep
            bought.left = keep
        elif keep == 0:
            assert answer.reason is Reason.APPROVED
        self.made.append(request)

    @precondition(lambda self: self.made)
    @rule(pick=PICK, repeat=st.booleans())
    def again(self, pick: int, repeat: bool) -> None:
        """The same request once more: the same answer, and nothing else (INV-02, INV-11)."""
        request = self.made[pick % len(self.made)]
        before = dict(self.store)
        answer, decision = self.ask(replace(request, repeat=repeat))
        assert answer == self.ledger.answers[request.request_key]
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
                {"amount": Money(901, "840")},
                {"code": "another"},
                {"pan": Pan("6200000000000005")},
                {"kind": Kind.CASH},
            ]
        ),
    )
    def other_content(self, pick: int, change: dict[str, Any]) -> None:
        """The same key with other content: refused, no effect, the first answer stands (INV-12)."""
        request = self.made[pick % len(self.made)]
        answer, decision = self.ask(replace(request, **change))
        assert answer.reason is Reason.DUPLICATE_MISMATCH
        assert decision.records == ()

    @rule(
        terminal=st.sampled_from(TERMINALS),
        kind=st.sampled_from([Kind.SIGN_ON, Kind.SIGN_ON, Kind.SIGN_OFF]),
    )
    def sign(self, terminal: str, kind: Kind) -> None:
        """Sign on or off."""
        request = self.make(kind, terminal)
        answer, _ = self.ask(request)
        assert answer.approved
        self.ledger.answers[request.request_key] = answer
        if kind is Kind.SIGN_ON:
            self.ledger.signed_on.add(terminal)
        else:
            self.ledger.signed_on.discard(terminal)
        self.made.append(request)

    @rule(
        terminal=st.sampled_from(TERMINALS),
        kind=st.sampled_from([Kind.REFUND, Kind.RECONCILIATION, Kind.UNKNOWN]),
    )
    def unserved(self, terminal: str, kind: Kind) -> None:
        """What is not served: refused without effect."""
        request = self.make(kind, terminal, reference=f"{terminal}:u{self.number}")
        answer, _ = self.ask(request)
        assert answer.reason is Reason.TRANSACTION_INVALID
        self.ledger.answers[request.request_key] = answer
        self.made.append(request)

    @rule(
        terminal=st.sampled_from(TERMINALS),
        fault=st.sampled_from(["broken", "incomplete", "stray", "echo"]),
    )
    def unrecorded(self, terminal: str, fault: str) -> None:
        """What leaves no trace: broken and incomplete messages, stray answers, echoes."""
        before = dict(self.store)
        request = self.make(Kind.PURCHASE, terminal)
        match fault:
            case "broken":
                decision = self.decide(BrokenArrived(NOW, HERE, request, PROBLEM))
            case "incomplete":
                decision = self.ask(replace(request, problems=(PROBLEM,)))[1]
            case "echo":
                decision = self.ask(replace(request, kind=Kind.ECHO))[1]
            case _:
                stray = replace(request, flow=Flow.ANSWER)
                decision = self.decide(RequestArrived(NOW, HERE, stray))
                assert isinstance(decision.effects[0], Silence)
        assert decision.records == ()
        assert self.store == before

    @precondition(lambda self: self.made)
    @rule(
        pick=PICK,
        delivery=st.sampled_from([Delivery.SENT, Delivery.FAILED, Delivery.UNKNOWN]),
    )
    def report(self, pick: int, delivery: Delivery) -> None:
        """What became of an answer; a failure takes the approval back where the dialect says so."""
        request = self.made[pick % len(self.made)]
        key = request.request_key
        known = self.transaction(key)
        bought = self.ledger.bought.get(key)
        reverses = (
            delivery is Delivery.FAILED
            and known.delivery is Delivery.PENDING
            and self.policy.failed_delivery_reverses
            and request.flow is Flow.REQUEST
            and bought is not None
            and bought.left == bought.minor > 0
        )
        self.decide(DeliveryReported(NOW, key, delivery))
        order = (Delivery.PENDING, Delivery.FAILED, Delivery.UNKNOWN, Delivery.SENT)
        best = max(known.delivery, delivery, key=order.index)
        assert self.transaction(key).delivery is best
        if reverses and bought is not None:
            self.ledger.taken_back[key] += bought.left
            bought.left = 0
            first = self.ledger.answers[key]
            self.ledger.answers[key] = Answer(reason=Reason.ALREADY_REVERSED, rrn=first.rrn)

    @rule()
    def restart(self) -> None:
        """Everything pending is fed to the core again; a second recovery finds nothing (P-04)."""
        for _ in range(2):
            for record in list(self.store.values()):
                if isinstance(record, Transaction) and record.delivery is Delivery.PENDING:
                    self.decide(Recovered(NOW, record.id))
        assert not any(record.delivery is Delivery.PENDING for record in self.of(Transaction))

    # -- what must hold after every step
    # ------------------------------------------------------------

    def of(self, kind: type[Any]) -> Iterator[Any]:
        return (record for record in self.store.values() if isinstance(record, kind))

    def transaction(self, key: str) -> Transaction:
        record = self.store[Key("transaction", key)]
        assert isinstance(record, Transaction)
        return record

    @invariant()
    def money_is_conserved(self) -> None:
        """INV-60: every posting balances, and all accounts together hold nothing."""
        for posting in self.of(Posting):
            assert sum(entry.amount_minor for entry in posting.entries) == 0
            assert all(entry.amount_minor for entry in posting.entries)
        assert sum(account.balance_minor for account in self.of(Account)) == 0

    @invariant()
    def balances_are_the_fold_of_postings(self) -> None:
        """INV-60, INV-61: nothing but postings moves a balance."""
        folded: dict[str, int] = defaultdict(int)
        for pan, (balance, *_) in CARDS.items():
            folded[f"card-{pan[-4:]}"] = balance
            folded["opening:840"] -= balance
        for posting in self.of(Posting):
            for entry in posting.entries:
                folded[entry.account] += entry.amount_minor
        for account in self.of(Account):
            assert account.balance_minor == folded[account.id], account.id

    @invariant()
    def the_core_agrees_with_the_reference(self) -> None:
        """Cardholders, merchants and suspense hold what the plain bookkeeping says."""
        book = self.ledger.bought.values()
        for pan, (balance, *_) in CARDS.items():
            account = self.store.get(Key("account", f"card-{pan[-4:]}"))
            if not isinstance(account, Account):
                continue
            captured = sum(item.left for item in book if item.bearer == pan and item.captured)
            held = sum(item.left for item in book if item.bearer == pan and not item.captured)
            assert account.balance_minor == balance - captured
            assert account.held_minor == held
        for merchant in ("M1", "M2"):
            due = sum(item.left for item in book if item.merchant == merchant and item.captured)
            account = self.store.get(Key("account", f"merchant:{merchant}:840"))
            assert (account.balance_minor if isinstance(account, Account) else 0) == due

    @invariant()
    def no_account_passes_its_limit(self) -> None:
        """INV-40; and INV-41: the holds of an account are its open holds."""
        holds: dict[str, int] = defaultdict(int)
        for hold in self.of(Hold):
            assert hold.amount_minor >= 0
            assert (hold.state == "open") is (hold.amount_minor > 0)
            holds[hold.account] += hold.amount_minor
        for account in self.of(Account):
            assert account.held_minor == holds[account.id]
            if account.kind == "cardholder":
                assert account.available_minor >= 0

    @invariant()
    def terminals_and_days_are_counted(self) -> None:
        """Who has signed on, and what the daily limit of a card has been charged with."""
        for terminal in self.of(Terminal):
            assert terminal.signed_on is (terminal.id in self.ledger.signed_on)
        for pan, (*_, daily) in CARDS.items():
            card = self.store.get(Key("card", f"token-{pan[-4:]}"))
            if isinstance(card, Card) and daily:
                assert card.day_spent_minor == self.ledger.spent(pan)

    @invariant()
    def reversals_stay_within_what_was_approved(self) -> None:
        """INV-20, INV-26: 0 <= remaining <= approved, and what was taken back adds up."""
        for key, bought in self.ledger.bought.items():
            kept = self.transaction(key)
            left = 0 if kept.amount_open is None else kept.amount_open.minor
            assert left == bought.left
            assert 0 <= left <= bought.minor
            assert self.ledger.taken_back[key] <= bought.minor

    @invariant()
    def postings_and_transactions_belong_together(self) -> None:
        """INV-63, both ways: no posting without its transaction, none missing."""
        moved: dict[str, int] = defaultdict(int)
        for posting in self.of(Posting):
            assert Key("transaction", posting.transaction) in self.store
            assert not posting.corrects or Key("posting", posting.corrects) in self.store
            moved[posting.corrects or posting.id] += posting.entries[0].amount_minor * (
                -1 if posting.corrects else 1
            )
        for key, bought in self.ledger.bought.items():
            expected = bought.left if bought.captured else 0
            assert abs(moved[key]) == expected, key


TestCore = Core.TestCase
TestCore.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)


@pytest.mark.deep
def test_core_model_for_long() -> None:
    """The same machine, for minutes."""
    long = settings(max_examples=3_000, stateful_step_count=80, deadline=None)
    run_state_machine_as_test(Core, settings=long)
