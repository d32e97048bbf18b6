"""Risk rules that remember: velocity in sliding windows, contactless payments in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.core.rules import wanted
from switch.core.rules_windows import MOST_SUMMED, within
from switch.model.copies import replace
from switch.model.records import Key, Record, Tally, Terminal, Transaction, Window
from switch.model.risk_rules import MOST_SEEN, Mode, Named, RiskCheck
from switch.model.trail import Counted
from switch.model.words import EntryMode, Flow, Kind, Reason
from switch.values import Pan
from tests.core.conftest import VISA
from tests.core.rule_book import MINUTE_US, objection, rule, use, windows

if TYPE_CHECKING:
    from tests.core.conftest import Shop

POOR = "4000000000009995"


def test_velocity_by_count(shop: Shop) -> None:
    """Three in ten minutes; the fourth is told when it may come again, and then it does."""
    use(shop, rule(RiskCheck.VELOCITY, count=3, window_us=10 * MINUTE_US))
    for number in range(3):
        shop.wall_us = (1 + number) * MINUTE_US
        assert shop.ask(shop.purchase(f"K{number}", 1)).reason is Reason.APPROVED
        assert shop.transaction(f"K{number}").counted == (
            Counted("the-rule", number, number + 1, 3),
        )
    shop.wall_us = 4 * MINUTE_US
    assert shop.ask(shop.purchase("K3", 1)).reason is Reason.RISK_REFUSED
    assert objection(shop) == (
        "3 before",
        "the-rule: at most 3 of a card in 10 minutes",
        "one more in 7 minutes",
    )
    assert shop.transaction("K3").counted == (Counted("the-rule", 3, 3, 3),)
    shop.wall_us = 11 * MINUTE_US - 1
    assert shop.ask(shop.purchase("K4", 1)).reason is Reason.RISK_REFUSED
    shop.wall_us = 11 * MINUTE_US
    assert shop.ask(shop.purchase("K5", 1)).reason is Reason.APPROVED


def test_velocity_by_amount(shop: Shop) -> None:
    """The sum in the window; the remedy says what is left now, and when the whole would pass."""
    use(shop, rule(RiskCheck.VELOCITY, amount_minor=1_000, window_us=10 * MINUTE_US))
    shop.wall_us = MINUTE_US
    assert shop.ask(shop.purchase("K1", 600)).reason is Reason.APPROVED
    shop.wall_us = 2 * MINUTE_US
    assert shop.ask(shop.purchase("K2", 401)).reason is Reason.RISK_REFUSED
    assert objection(shop) == (
        "6.00 USD before",
        "the-rule: at most 10.00 USD of a card in 10 minutes",
        "at most 4.00 USD now, or the whole amount in 9 minutes",
    )
    assert shop.ask(shop.purchase("K3", 400)).reason is Reason.APPROVED
    assert shop.transaction("K3").counted == (Counted("the-rule", 600, 1_000, 1_000, "840"),)
    assert shop.ask(shop.purchase("K4", 1)).reason is Reason.RISK_REFUSED
    assert objection(shop)[2] == "the whole amount in 9 minutes"
    assert shop.ask(shop.purchase("K5", 1_001)).reason is Reason.RISK_REFUSED
    assert objection(shop)[2] == ""


@pytest.mark.parametrize(
    ("per", "row", "other"),
    [
        ("card", "card:token-0010|the-rule", {"pan": POOR}),
        ("terminal", "terminal:T1|the-rule", {"terminal_id": "T2"}),
        ("merchant", "merchant:M1|the-rule", {"terminal_id": "T3", "merchant_id": "M2"}),
    ],
)
def test_velocity_is_kept_by_subject(shop: Shop, per: str, row: str, other: dict[str, Any]) -> None:
    """One card's, terminal's or merchant's purchases are not another's."""
    for name, owner in (("T2", "M1"), ("T3", "M2")):
        shop.put(Terminal(id=name, merchant_id=owner, currency="840"))
    use(shop, rule(RiskCheck.VELOCITY, per=per, count=1, window_us=MINUTE_US))
    assert shop.ask(shop.purchase("K1", 1)).reason is Reason.APPROVED
    assert windows(shop) == {row: ((1, 0),)}
    assert shop.ask(shop.purchase("K2", 1, **other)).reason is Reason.APPROVED
    assert shop.ask(shop.purchase("K3", 1)).reason is Reason.RISK_REFUSED


def test_only_approvals_count_and_a_reversal_gives_nothing_back(shop: Shop) -> None:
    """A decline leaves no trace in the window; a purchase that was taken back goes on counting."""
    use(shop, rule(RiskCheck.VELOCITY, count=2, window_us=MINUTE_US))
    assert shop.ask(shop.purchase("K1", 200_000)).reason is Reason.FUNDS_INSUFFICIENT
    assert not windows(shop)
    assert shop.ask(shop.purchase("K2", 1)).reason is Reason.APPROVED
    assert shop.ask(shop.reversal("R1", of="K2")).approved
    assert shop.ask(shop.purchase("K3", 1)).reason is Reason.APPROVED
    assert shop.ask(shop.purchase("K4", 1)).reason is Reason.RISK_REFUSED


def test_a_repeat_is_not_counted_again(shop: Shop) -> None:
    """INV-02: the same request, the same answer, one entry."""
    use(shop, rule(RiskCheck.VELOCITY, count=1, window_us=MINUTE_US))
    for _ in range(3):
        assert shop.ask(shop.purchase("K1", 1)).reason is Reason.APPROVED
    assert list(windows(shop).values()) == [((1, 0),)]


def test_requests_of_one_commit_count_in_order(shop: Shop) -> None:
    """Decided in one batch, the second sees what the first has counted."""
    use(shop, rule(RiskCheck.VELOCITY, count=1, window_us=MINUTE_US))
    answers = shop.batch(shop.purchase("K1", 1), shop.purchase("K2", 1))
    assert [answer.reason for answer in answers] == [Reason.APPROVED, Reason.RISK_REFUSED]


def test_advices_count_and_the_window_stays_bounded(shop: Shop) -> None:
    """INV-95: what cannot be refused is counted, and no more is kept than the rule counts to."""
    use(shop, rule(RiskCheck.VELOCITY, count=2, window_us=MINUTE_US))
    for number in range(5):
        shop.wall_us = number
        assert shop.ask(shop.purchase(f"K{number}", 1, flow=Flow.ADVICE)).approved
    assert list(windows(shop).values()) == [((3, 0), (4, 0))]
    assert shop.ask(shop.purchase("K9", 1)).reason is Reason.RISK_REFUSED


def test_a_window_of_amounts_is_bounded_too(shop: Shop) -> None:
    """INV-95: beyond its bound the oldest are joined, and the sum stays what it is."""
    full = tuple((at, 1) for at in range(MOST_SEEN))
    shop.put(Window(id="card:token-0010|the-rule", seen=full))
    both = {"amount_minor": 10_000, "count": MOST_SEEN, "mode": Mode.FLAG}
    use(shop, rule(RiskCheck.VELOCITY, window_us=MINUTE_US, **both))
    shop.wall_us = MOST_SEEN
    assert shop.ask(shop.purchase("K1", 7)).reason is Reason.APPROVED
    (seen,) = windows(shop).values()
    assert len(seen) == MOST_SEEN
    assert sum(minor for _, minor in seen) == MOST_SEEN + 7


def test_the_window_of_a_sum_alone_stays_short(shop: Shop) -> None:
    """INV-95: however busy a shop is, what is kept of it is short, and what is older than the
    window and a hundredth of it counts no more.
    """
    use(shop, rule(RiskCheck.VELOCITY, amount_minor=10_000, window_us=100 * MINUTE_US))
    for number in range(1_000):
        shop.wall_us = number * MINUTE_US // 4
        assert shop.ask(shop.purchase(f"K{number}", 1)).reason is Reason.APPROVED
        (seen,) = windows(shop).values()
        assert len(seen) <= MOST_SUMMED
        true = min(number + 1, 400)
        assert true <= sum(minor for _, minor in within(seen, shop.wall_us, 100 * MINUTE_US))
        assert sum(minor for _, minor in seen) <= true + 4


def test_what_is_approved_in_part_counts_as_much(shop: Shop) -> None:
    """The amount of the answer is what moves the counter, not what was asked for."""
    use(shop, rule(RiskCheck.VELOCITY, amount_minor=10_000, window_us=MINUTE_US))
    request = shop.purchase("K1", 1_500, pan=POOR, partial_capable=True)
    assert shop.ask(request).reason is Reason.PARTIAL
    assert list(windows(shop).values()) == [((1, 1_000),)]


@pytest.mark.parametrize("by", ["count", "amount"])
def test_contactless_in_a_row(shop: Shop, by: str) -> None:
    """Two taps or 3.00; the chip in contact begins the row anew, the stripe does not."""
    numbers = {"count": 2} if by == "count" else {"amount_minor": 300}
    use(shop, rule(RiskCheck.CONTACTLESS_CUMULATIVE, **numbers))

    def pay(key: str, entry: EntryMode) -> Reason:
        return shop.ask(shop.purchase(key, 150, entry_mode=entry)).reason

    tap = EntryMode.CONTACTLESS_CHIP
    assert [pay("K1", tap), pay("K2", tap), pay("K3", tap)] == [
        Reason.APPROVED,
        Reason.APPROVED,
        Reason.RISK_REFUSED,
    ]
    assert "chip in contact" in objection(shop)[2]
    assert pay("K4", EntryMode.MAGSTRIPE) is Reason.APPROVED
    assert pay("K5", tap) is Reason.RISK_REFUSED
    assert pay("K6", EntryMode.CHIP) is Reason.APPROVED
    (counted,) = shop.transaction("K6").counted
    assert (counted.before, counted.after) == ((2, 0) if by == "count" else (300, 0))
    assert pay("K7", tap) is Reason.APPROVED
    tally = shop.store[Key("tally", "card:token-0010|the-rule")]
    assert isinstance(tally, Tally)
    assert (tally.count, tally.amount_minor) == (1, 150)


def test_a_row_that_is_not_begun_is_not_written(shop: Shop) -> None:
    """A chip in contact costs nothing while nobody has tapped."""
    use(shop, rule(RiskCheck.CONTACTLESS_CUMULATIVE, count=2))
    assert shop.ask(shop.purchase("K1", 1, entry_mode=EntryMode.CHIP)).approved
    assert not [record for record in shop.store.values() if isinstance(record, Tally)]


def test_rules_of_others_need_no_row_and_rules_of_nobody_none_at_all(shop: Shop) -> None:
    """``wanted`` names what will be read, and nothing for a card that no rule is about."""
    event = shop.arrived(shop.purchase("K1", 1))
    rows = shop.no_rows()
    rows.fetched.add(Key("terminal", "T1"))
    assert wanted(event, shop.facts(rows)) == []
    velocity = rule(RiskCheck.VELOCITY, count=1, window_us=MINUTE_US)
    use(
        shop,
        velocity,
        replace(velocity, name="other", named=Named(terminals=frozenset({"T2"}))),
        replace(velocity, name="cash", kinds=(Kind.CASH,)),
        rule(RiskCheck.CONTACTLESS_CUMULATIVE, name="row", count=1),
        rule(RiskCheck.AMOUNT, name="amount"),
    )
    assert wanted(event, shop.facts(rows)) == [
        Key("window", "card:token-0010|the-rule"),
        Key("tally", "card:token-0010|row"),
    ]


def test_without_rules_nothing_is_noted(shop: Shop) -> None:
    """No rung in the trail, no record, no counter: a plain purchase costs what it did."""
    before: dict[Key, Record] = dict(shop.store)
    assert shop.ask(shop.purchase()).reason is Reason.APPROVED
    assert "risk" not in shop.trail
    kept = shop.transaction("K1")
    assert isinstance(kept, Transaction)
    assert (kept.counted, kept.flags, kept.rule) == ((), (), "")
    assert not {key.table for key in shop.store.keys() - before.keys()} & {"window", "tally"}


def test_a_dialect_may_leave_the_rules_out(shop: Shop) -> None:
    """Then they neither stop nor count."""
    use(shop, rule(RiskCheck.VELOCITY, count=1, window_us=MINUTE_US))
    shop.order("risk")
    for key in ("K1", "K2"):
        assert shop.ask(shop.purchase(key, 1)).reason is Reason.APPROVED
    assert not windows(shop)


def test_a_follower_that_names_no_card_is_held_to_the_rules_of_its_originals(shop: Shop) -> None:
    """Two refunds of a card in a while: leaving the card out of the message is no way around it."""
    use(shop, rule(RiskCheck.VELOCITY, kinds=(Kind.REFUND,), count=2, window_us=MINUTE_US))
    shop.ask(shop.purchase())
    asked = [shop.follower(Kind.REFUND, f"F{number}", minor=100) for number in range(3)]
    asked[1] = replace(asked[1], pan=Pan(VISA))
    assert [shop.ask(request).reason for request in asked] == [
        Reason.APPROVED,
        Reason.APPROVED,
        Reason.RISK_REFUSED,
    ]
    denied = Named(cards=frozenset({"token-0010"}))
    use(shop, rule(RiskCheck.DENY_LIST, kinds=(Kind.REFUND,), named=denied))
    assert shop.ask(shop.follower(Kind.REFUND, "F9", minor=100)).reason is Reason.RISK_REFUSED
