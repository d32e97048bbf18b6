"""What must hold of the store after every step, whatever came: the invariants by their ids.

Owns the machine's own state (the core's world, the reference, what was asked and answered) and the
audit of one against the other. Makes no messages: rules do.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from switch.model.records import (
    Account,
    Batch,
    Card,
    Difference,
    Hold,
    Key,
    Posting,
    Terminal,
    Transaction,
)
from switch.model.request import Answer, Request
from switch.model.settings import DialectPolicy, Settlement
from switch.model.words import Kind, State
from tests.core_reference import CARDS, TERMINALS, TOLERANCE_BP, Item, card_account
from tests.core_world import CoreWorld
from tests.reference_batches import Gap, House, Totals, parsed

CLASSES: Final = ("missing_at_host", "missing_at_terminal", "amount_differs", "totals_differ")
STATES: Final = {
    "declined": {State.DECLINED},
    "taken": {State.APPROVED, State.PARTIAL, State.ACCEPTED},
    "partly": {State.PARTLY_REVERSED},
    "completed": {State.COMPLETED},
    "expired": {State.EXPIRED},
    "reversed": {State.REVERSED},
    "voided": {State.VOIDED},
}


class Audited(CoreWorld, RuleBasedStateMachine):
    """The core and the reference side by side."""

    house: House

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Request] = []  # every request that left a record
        self.answers: dict[str, Answer] = {}
        self.homes: dict[str, tuple[str, str]] = {}  # batch and date of what was captured
        self.rows = 0

    @initialize(
        demand_signon=st.booleans(),
        reverses=st.booleans(),
        missing=st.sampled_from(["approved.no_original", "approved.no_original", "not_found"]),
        totals=st.sampled_from(["hypercom-63", "iso-74-97", "cup-48", "none"]),
        upload=st.booleans(),
        gaps_to=st.sampled_from(["suspense", "merchant"]),
    )
    def open(
        self,
        demand_signon: bool,
        reverses: bool,
        missing: str,
        totals: str,
        upload: bool,
        gaps_to: str,
    ) -> None:
        """A dialect's choices, and a house."""
        policy = DialectPolicy(
            "model",
            signon_required=demand_signon,
            missing_original=missing,
            failed_delivery_reverses=reverses,
            totals=totals,
            upload=upload,
        )
        self.open_with(policy, Settlement(differences=dict.fromkeys(CLASSES, gaps_to)))
        self.house = House(
            totals=totals,
            upload=upload,
            gaps_to=gaps_to,
            demand_signon=demand_signon,
            missing=missing,
            now_us=self.now_us,
            day=self.business_date,
        )
        if demand_signon:
            for terminal in TERMINALS:
                self.send(self.make(Kind.SIGN_ON, terminal))

    def send(self, request: Request) -> Answer:
        """Ask the core and the reference; they say the same."""
        answer, _ = self.ask(request)
        self.judge(request, answer)
        return answer

    def judge(self, request: Request, answer: Answer) -> None:
        """Hold an answer against the reference, which decides now."""
        reason = self.house.decide(request)
        assert answer.reason == reason, f"{answer.reason}, not {reason}: {request}"
        item = self.house.items[request.request_key]
        if reason == "partial":
            assert answer.amount is not None
            assert answer.amount.minor == item.granted < item.asked
        if request.kind is Kind.BALANCE and answer.balance is not None:
            assert answer.balance.minor == self.house.available(card_account(item.pan))
        self.made.append(request)
        self.answers[request.request_key] = answer

    # -- what must hold after every step

    @invariant()
    def everything_holds(self) -> None:
        """All of the following."""
        for audit in (
            self.money_is_conserved,
            self.balances_are_the_fold_of_postings,
            self.the_core_agrees_with_the_reference,
            self.holds_are_resolved_once,
            self.nothing_is_completed_or_refunded_beyond_its_amount,
            self.each_capture_has_one_batch_and_one_date,
            self.closed_batches_stay_as_they_were,
            self.terminals_and_days_are_counted,
            self.postings_and_transactions_belong_together,
        ):
            audit()

    def money_is_conserved(self) -> None:
        """INV-60: every posting balances in its currency, and so do all accounts together."""
        for posting in self.of(Posting):
            assert len({entry.currency for entry in posting.entries}) == 1
            assert sum(entry.amount_minor for entry in posting.entries) == 0
            assert all(entry.amount_minor for entry in posting.entries)
        sums: dict[str, int] = defaultdict(int)
        for account in self.of(Account):
            sums[account.currency] += account.balance_minor
        assert not any(sums.values())

    def balances_are_the_fold_of_postings(self) -> None:
        """INV-60, INV-61: nothing but postings moves a balance; the journal only grows."""
        folded: dict[str, int] = defaultdict(int)
        for pan, plastic in CARDS.items():
            folded[card_account(pan)] = plastic.balance
            folded[f"opening:{plastic.currency}"] -= plastic.balance
        for posting in self.of(Posting):
            for entry in posting.entries:
                folded[entry.account] += entry.amount_minor
        accounts = {account.id: account.balance_minor for account in self.of(Account)}
        assert {name: minor for name, minor in accounts.items() if minor} == {
            name: minor for name, minor in folded.items() if minor
        }
        assert len(self.store) >= self.rows
        self.rows = len(self.store)

    def the_core_agrees_with_the_reference(self) -> None:
        """Cardholders, merchants, suspense: each has what the plain bookkeeping says."""
        accounts = {account.id: account.balance_minor for account in self.of(Account)}
        ours = {name: minor for name, minor in self.house.money.items() if minor}
        assert {name: minor for name, minor in accounts.items() if minor} == ours
        for key, item in self.house.items.items():
            kept = self.transaction(key)
            assert kept.state in STATES[item.state], f"{key}: {kept.state}, not {item.state}"
            left = 0 if kept.amount_open is None else kept.amount_open.minor
            assert left == item.open, f"{key}: {left} in effect, not {item.open}"
            assert kept.refunded_minor == item.refunded
            if item.hold is not None:
                assert kept.completed_minor == item.completed

    def holds_are_resolved_once(self) -> None:
        """INV-40, INV-41, INV-43: no account passes its limit, its holds are its open holds, and
        each open hold has a timer that looks in time.
        """
        folded: dict[str, int] = defaultdict(int)
        for hold in self.of(Hold):
            assert hold.amount_minor >= 0
            assert (hold.state == "open") is (hold.amount_minor > 0)
            folded[hold.account] += hold.amount_minor
            ours = self.house.items[hold.id].hold
            assert ours is not None
            assert (hold.amount_minor, hold.state) == (ours.minor, ours.why or "open")
            assert hold.expires_us == ours.until_us
            if hold.state == "open":
                assert self.timers["hold", hold.id] <= max(hold.expires_us, self.now_us)
        for account in self.of(Account):
            assert account.held_minor == folded[account.id]
            if account.kind == "cardholder":
                assert account.available_minor >= 0

    def nothing_is_completed_or_refunded_beyond_its_amount(self) -> None:
        """INV-26, INV-42, INV-44."""
        for item in self.house.items.values():
            kept = self.transaction(item.key)
            counted = [one for one in self._about(item, Kind.COMPLETION) if one.state != "reversed"]
            assert item.completed == sum(one.counts for one in counted)
            if item.hold is not None:
                tolerated = item.authorized * (10_000 + TOLERANCE_BP) // 10_000
                assert kept.completed_minor <= tolerated
            refunds = sum(one.open for one in self._about(item, Kind.REFUND))
            assert kept.refunded_minor == refunds <= max(item.open, 0)

    def _about(self, item: Item, kind: Kind) -> list[Item]:
        return [
            one
            for one in self.house.items.values()
            if one.about is item and one.kind is kind and one.value is not None
        ]

    def each_capture_has_one_batch_and_one_date(self) -> None:
        """INV-50, INV-54: set in the commit that captures it, and never changed."""
        for kept in self.of(Transaction):
            assert kept.batch == self.house.items[kept.id].batch
            home = kept.batch, kept.settlement_date
            assert self.homes.setdefault(kept.id, home) == home
            assert bool(kept.batch) is bool(kept.settlement_date)

    def closed_batches_stay_as_they_were(self) -> None:
        """INV-51..53: totals are those of the items, for ever; each difference is kept once."""
        for batch in self.of(Batch):
            own = "978" if batch.terminal_id == "T3" else "840"
            if batch.state != "closed":
                assert self.house.drafts[batch.id] == parsed(batch.claimed)
                continue
            snapshot = self.house.closed[batch.id]
            assert _by_currency(batch.counted, own) == {k: v for k, v in snapshot.items() if v}
            for currency, totals in snapshot.items():
                assert self.house.totals(batch.id, currency) == totals
            gaps = sorted(
                Gap(one.classified, one.claimed_minor, one.counted_minor, one.currency)
                for one in self.of(Difference)
                if one.batch == batch.id
            )
            assert gaps == sorted(self.house.gaps[batch.id])

    def terminals_and_days_are_counted(self) -> None:
        """Who has signed on, which batch is open, what the daily limit of a card was charged."""
        for terminal in self.of(Terminal):
            assert terminal.signed_on is (terminal.id in self.house.signed_on)
            assert terminal.batch_number == self.house.batch_number[terminal.id]
        for pan, plastic in CARDS.items():
            card = self.store[Key("card", f"token-{pan[-4:]}")]
            assert isinstance(card, Card)
            if plastic.daily and card.day == self.business_date:
                assert card.day_spent_minor == self.house.spent_today(pan)

    def postings_and_transactions_belong_together(self) -> None:
        """INV-63, both ways: no posting without its transaction, none missing."""
        moved: dict[str, int] = defaultdict(int)
        for posting in self.of(Posting):
            assert Key("transaction", posting.transaction) in self.store
            assert not posting.corrects or Key("posting", posting.corrects) in self.store
            if posting.kind not in ("settlement", "difference"):
                moved[posting.transaction] += sum(
                    entry.amount_minor
                    for entry in posting.entries
                    if entry.account.startswith("merchant:")
                )
        for key, item in self.house.items.items():
            assert moved[key] == item.moved


def _by_currency(text: str, own: str) -> dict[str, Totals]:
    found: dict[str, Totals] = {}
    for name, minor in parsed(text).items():
        currency, dot, plain = name.partition(".")
        found.setdefault(currency if dot else own, {})[plain if dot else name] = minor
    return found
