"""Voids, refunds, completions, increments, tip adjusts and reversals of each, in any order.

Owns the algebra: what belongs to one another cancels out, whatever came between, and the books
agree with themselves after every step. Knows records and answers, not how they come about.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from switch.core.amounts import authorized, completed_by
from switch.core.batches import items_of
from switch.model.copies import replace
from switch.model.records import Account, Hold, Key, Posting, Transaction
from switch.model.request import Request
from switch.model.settings import Authorization
from switch.model.words import Delivery, Flow, Kind, Reason, State
from switch.money import Money
from switch.values import Pan
from tests.core.conftest import POOR, VISA, Shop

FIRST = (Kind.PURCHASE, Kind.CASH, Kind.PREAUTH)
FOLLOWERS = (Kind.INCREMENT, Kind.COMPLETION, Kind.VOID, Kind.REFUND, Kind.TIP_ADJUST)
FLOWS = st.sampled_from([Flow.REQUEST, Flow.REQUEST, Flow.ADVICE])
TOLERANCE_BP = 1_000
STEPS = st.lists(
    st.tuples(
        st.sampled_from([*FIRST, *FOLLOWERS, *FOLLOWERS, Kind.REVERSAL]),
        st.integers(0, 50),  # of what was made before
        st.sampled_from([50, 100, 100, 105, 115, 300]),
        FLOWS,
        st.booleans(),  # final, or captured
    ),
    max_size=14,
)


class Till:
    """A shop in which everything has a name, and can be asked for in any order."""

    def __init__(self, pan: str = VISA) -> None:
        self.shop = Shop()
        self.pan = pan
        numbers = Authorization(completion_tolerance_bp=TOLERANCE_BP, tip_tolerance_bp=2_000)
        self.shop.settings = replace(self.shop.settings, authorization=numbers)
        self.before = self.balances()
        self.made: list[Request] = []
        self.taken: set[str] = set()
        self.number = 0

    def balances(self) -> dict[str, tuple[int, int]]:
        """Balance and holds of each account that anything happened to."""
        accounts = (one for one in self.shop.store.values() if isinstance(one, Account))
        found = {one.id: (one.balance_minor, one.held_minor) for one in accounts}
        return {name: pair for name, pair in found.items() if pair != (0, 0)}

    def make(self, kind: Kind, **more: Any) -> Request:
        """A request of that kind with a name of its own."""
        self.number += 1
        request = self.shop.request(
            kind, f"K{self.number}", reference=f"ref-K{self.number}", **more
        )
        if kind is Kind.REVERSAL:
            request = replace(request, reference="")
        return request

    def step(self, kind: Kind, pick: int, minor: int, flow: Flow, mark: bool) -> Request:
        """One request, about what was made before where it has to be about something."""
        money = Money(minor, "840")
        if kind in FIRST or not self.made:
            kind = kind if kind in FIRST else Kind.PURCHASE
            captures = kind is not Kind.PREAUTH and mark
            shape = {"pan": Pan(self.pan), "amount": money, "captures": captures}
            return self.make(kind, flow=flow, **shape)
        likely = [one for one in self.made if pick % 7 == 0 or one.request_key in self.taken]
        target = (likely or self.made)[-1 - pick % len(likely or self.made)]
        shape = {"flow": flow, "original": target.reference, "final": mark}
        if kind is Kind.REVERSAL:
            known = self.kept(target)
            if not mark and known is not None and known.amount_open is not None:
                shape["amount_remaining"] = Money(known.amount_open.minor // 2, "840")
        elif kind is not Kind.VOID:
            shape["amount"] = money
        if kind in (Kind.COMPLETION, Kind.REFUND, Kind.TIP_ADJUST, Kind.VOID):
            shape["captures"] = True
        return self.make(kind, **shape)

    def do(self, request: Request) -> bool:
        """Whether it was taken. What may be pointed at is remembered."""
        taken = self.shop.ask(request).approved
        if request.kind is not Kind.REVERSAL:
            self.made.append(request)
        if taken:
            self.taken.add(request.request_key)
        return taken

    def kept(self, request: Request) -> Transaction | None:
        """The record of a request."""
        record = self.shop.store.get(Key("transaction", request.request_key))
        return record if isinstance(record, Transaction) else None

    def reversal(self, of: Request) -> Request:
        """A whole reversal."""
        return self.make(Kind.REVERSAL, original=of.reference)

    def of(self, *kinds: Kind) -> list[Transaction]:
        """All transactions of those kinds."""
        found = (one for one in self.shop.store.values() if isinstance(one, Transaction))
        return [one for one in found if one.kind in kinds]


def minor_of(money: Money | None) -> int:
    """An amount, or nothing."""
    return 0 if money is None else money.minor


def check(till: Till) -> None:
    """Everything that must hold after every step."""
    records = list(till.shop.store.values())
    accounts = [one for one in records if isinstance(one, Account)]
    holds = [one for one in records if isinstance(one, Hold)]
    postings = [one for one in records if isinstance(one, Posting)]
    folded: dict[str, int] = defaultdict(int)
    for posting in postings:
        assert sum(entry.amount_minor for entry in posting.entries) == 0  # INV-60
        assert not posting.corrects or Key("posting", posting.corrects) in till.shop.store
        for entry in posting.entries:
            folded[entry.account] += entry.amount_minor
    assert sum(one.balance_minor for one in accounts) == 0
    held: dict[str, int] = defaultdict(int)
    for hold in holds:
        assert (hold.state == "open") is (hold.amount_minor > 0)
        held[hold.account] += hold.amount_minor
        owner = till.shop.transaction(hold.transaction)
        assert minor_of(owner.amount_open) == hold.amount_minor  # INV-41
        assert hold.amount_minor <= max(0, authorized(owner) - owner.completed_minor)
    for account in accounts:
        start = till.before.get(account.id, (0, 0))[0]
        assert account.balance_minor == start + folded[account.id]
        assert account.held_minor == held[account.id]
        if account.kind == "cardholder":
            assert account.available_minor >= 0  # INV-40
    sales = till.of(*FIRST, Kind.COMPLETION)
    refunds = till.of(Kind.REFUND)
    due = sum(minor_of(one.amount_open) for one in sales if one.captures)
    due -= sum(minor_of(one.amount_open) for one in refunds)
    assert folded["merchant:M1:840"] == due
    batch = [one for one in till.of(*Kind) if one.batch]
    items = items_of(batch, {one.id: one for one in postings}.get)
    assert sum(item.minor for item in items) == due  # INV-53
    for sale in sales:
        given = [one for one in refunds if one.original_key == sale.id]
        assert sale.refunded_minor == sum(minor_of(one.amount_open) for one in given)
        assert sale.refunded_minor <= max(0, minor_of(sale.amount_open))  # INV-44
        taken = [one for one in till.of(Kind.COMPLETION) if one.original_key == sale.id]
        counted = [completed_by(one) for one in taken if one.state is not State.REVERSED]
        if not sale.captures:
            assert sale.completed_minor == sum(counted)
            tolerated = authorized(sale) * (10_000 + TOLERANCE_BP) // 10_000
            assert sale.completed_minor <= tolerated  # INV-42


@settings(max_examples=300, deadline=None)
@given(STEPS, st.sampled_from([VISA, POOR]), st.lists(st.integers(0, 50), max_size=3))
def test_the_books_agree_after_every_step(
    steps: list[tuple[Kind, int, int, Flow, bool]], pan: str, repeats: list[int]
) -> None:
    """INV-11, INV-40..44, INV-60: whatever comes, in whatever order; a repeat changes nothing."""
    till = Till(pan)
    asked = []
    for kind, pick, minor, flow, mark in steps:
        request = till.step(kind, pick, minor, flow, mark)
        event(f"{kind.value} {'taken' if till.do(request) else 'refused'}")
        check(till)
        asked.append(request)
    for pick in repeats:
        if asked:
            before = dict(till.shop.store)
            till.shop.ask(asked[pick % len(asked)])
            assert till.shop.store == before


@settings(max_examples=300, deadline=None)
@given(
    STEPS,
    st.integers(0, 5),
    st.sampled_from([*FIRST, *FOLLOWERS, *FOLLOWERS]),
    FLOWS,
    st.booleans(),
)
def test_anything_and_its_reversal_cancel_out(
    steps: list[tuple[Kind, int, int, Flow, bool]], pick: int, kind: Kind, flow: Flow, mark: bool
) -> None:
    """INV-20, INV-22: at any time, in either order, each any number of times: net effect zero."""
    till = Till()
    for step in steps:
        till.do(till.step(*step))
    before = till.balances()
    request = till.step(kind, pick, 100, flow, mark)
    taken = till.do(request)
    event(f"{request.kind.value} {'taken' if taken else 'refused'}")
    for reversal in (till.reversal(request), till.reversal(request)):
        assert till.shop.ask(reversal).reason is Reason.APPROVED
        assert till.shop.ask(reversal).reason is Reason.APPROVED
        check(till)
        assert till.balances() == before
    assert till.shop.ask(request).approved is taken
    late = till.step(kind, pick + 1, 100, flow, mark)
    assert till.shop.ask(till.reversal(late)).reason is Reason.APPROVED_NO_ORIGINAL
    assert not till.do(late)
    assert till.balances() == before


@settings(max_examples=300, deadline=None)
@given(STEPS, st.randoms(use_true_random=False))
def test_when_all_is_reversed_nothing_is_left(
    steps: list[tuple[Kind, int, int, Flow, bool]], random: Any
) -> None:
    """INV-20, INV-21: in any order; only what was built upon must wait for what stands on it."""
    till = Till()
    for step in steps:
        till.do(till.step(*step))
    left = list(till.made)
    while left:
        random.shuffle(left)
        refused = [one for one in left if not till.do(till.reversal(one))]
        check(till)
        assert len(refused) < len(left)
        left = refused
    assert till.balances() == till.before


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(0, 5), st.sampled_from([*FIRST, *FOLLOWERS, *FOLLOWERS]), st.booleans())
def test_an_approval_of_which_no_byte_left_has_no_effect(
    steps: list[tuple[Kind, int, int, Flow, bool]], pick: int, kind: Kind, mark: bool
) -> None:
    """INV-23: every kind, at any time; undone once, and a repeat is declined."""
    till = Till()
    till.shop.policy = replace(till.shop.policy, failed_delivery_reverses=True)
    for step in steps:
        till.do(till.step(*step))
    before = till.balances()
    request = till.step(kind, pick, 100, Flow.REQUEST, mark)
    taken = till.do(request)
    for _ in range(2):
        till.shop.deliver(request.request_key, Delivery.FAILED)
        check(till)
        assert till.balances() == before
    if taken:
        assert till.shop.ask(request).reason is Reason.ALREADY_REVERSED
