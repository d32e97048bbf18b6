"""A stateful model of the core: any messages in any order, against bookkeeping written another way.

The machine drives ``plan`` and ``step`` over a dict for a store, as the engine does: several
terminals and cards, purchases, repeats, reversals in any order, the same keys with other content,
sign-on and sign-off, reports of deliveries, restarts, broken messages. Beside it a ``Ledger`` of a
few dozen lines keeps what must be true, from the rules alone and without a line of the core. After
every step the two are compared and the store is audited.
"""

from __future__ import annotations

from collections import defaultdict
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

from switch.model.copies import replace
from switch.model.effects import Silence
from switch.model.events import (
    BrokenArrived,
    DeliveryReported,
    Recovered,
    RequestArrived,
)
from switch.model.records import (
    Account,
    Card,
    Hold,
    Key,
    Posting,
    Terminal,
    Transaction,
)
from switch.model.request import Answer, Problem, Request
from switch.model.settings import DialectPolicy
from switch.model.words import Delivery, Flow, Kind, Reason
from switch.money import Money
from switch.values import Pan
from tests.core_reference import CARDS, STRANGER, TERMINALS, Ledger
from tests.core_world import HERE, NOW, CoreWorld

PICK = st.integers(0, 10**6)  # of what was made before
PROBLEM = Problem("stan", "field 11", Reason.FORMAT_ERROR, "is missing")


class Core(CoreWorld, RuleBasedStateMachine):
    """Messages in any order; the store and the reference must agree after each."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.made: list[Request] = []  # every request that left a record
        self.named: list[tuple[str, str]] = []  # terminal and reference of what may be reversed

    @initialize(demand_signon=st.booleans(), reverses=st.booleans())
    def open(self, demand_signon: bool, reverses: bool) -> None:
        """Two merchants, three terminals, three cards with opening balances."""
        self.open_with(
            DialectPolicy("model", signon_required=demand_signon, failed_delivery_reverses=reverses)
        )

    # -- rules

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
        expected = self.ledger.buy(
            request.request_key,
            reference,
            pan,
            minor,
            terminal,
            demanded=flow is Flow.REQUEST,
            captured=captures,
            demand_signon=self.policy.signon_required,
        )
        assert answer.reason == expected
        self.ledger.answers[request.request_key] = answer

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
        remaining = None if share is None else int(self.ledger.left(reference) * share)
        request = self.make(
            Kind.REVERSAL,
            terminal,
            flow=flow,
            original=reference,
            amount_remaining=None if remaining is None else Money(remaining, "840"),
        )
        answer, _ = self.ask(request)
        assert answer.reason == self.ledger.reverse(reference, remaining or 0)
        self.ledger.answers[request.request_key] = answer
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
                {"amount": Money(10**9, "840")},
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
        kind=st.sampled_from([Kind.FILE_ACTION, Kind.KEY_EXCHANGE, Kind.UNKNOWN]),
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
            self.ledger.take_back(key, 0)
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
@pytest.mark.timeout(900)
def test_core_model_for_long() -> None:
    """The same machine, for minutes."""
    long = settings(max_examples=3_000, stateful_step_count=80, deadline=None)
    run_state_machine_as_test(Core, settings=long)
