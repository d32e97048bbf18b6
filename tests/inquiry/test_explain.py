"""A stored decision told in words: every part of it, and nothing that it did not store."""

from __future__ import annotations

import json
from dataclasses import asdict

from switch.inquiry.explain import History, explain, when
from switch.inquiry.explain_text import text
from switch.model.copies import replace
from switch.model.records import Batch, Difference, Entry, Hold, Posting, Reference, Transaction
from switch.model.request import Answer
from switch.model.trail import Check, Counted
from switch.model.words import Delivery, EntryMode, Flow, Kind, Reason, State
from switch.money import Money

AT_US = 1_795_514_400_000_000

SALE = Transaction(
    id="DEMO0001|SHOP||0200|000123|1124|101112",
    state=State.APPROVED,
    kind=Kind.PURCHASE,
    flow=Flow.REQUEST,
    captures=True,
    dialect="iso87-ascii",
    message_type="0200",
    code="000000",
    terminal_id="DEMO0001",
    merchant_id="SHOP",
    stan="000123",
    rrn="632810000123",
    amount=Money(1234, "840"),
    amount_open=Money(1234, "840"),
    entry_mode=EntryMode.MANUAL,
    answer=Answer(reason=Reason.APPROVED, rrn="632810000123", approval_code="084843"),
    delivery=Delivery.SENT,
    received_us=AT_US,
    business_date="20261124",
    settlement_date="20261124",
    batch="DEMO0001|000001",
    trail=(
        Check("card", "476173******0010", True, "known, active"),
        Check("funds", "100.00 USD", True, "enough"),
    ),
    counted=(Counted("day amount", 0, 1234, 5000, "840"), Counted("velocity", 2, 3, 5)),
    flags=("night",),
)
REFUSED = replace(
    SALE,
    state=State.DECLINED,
    amount_open=None,
    batch="",
    answer=Answer(reason=Reason.FUNDS_INSUFFICIENT, rrn="632810000123"),
    trail=(
        Check("card", "476173******0010", True, "known, active"),
        Check("funds", "10.00 USD", False, "not enough", "at most 10.00 USD"),
    ),
    counted=(),
    flags=(),
)


def test_why_nothing_was_sent_stands_beside_the_delivery() -> None:
    """An answer that could not be written is not told in the log alone."""
    why = "field 64: the MAC has 16 bytes"
    failed = replace(SALE, delivery=Delivery.FAILED, undelivered=why)
    assert explain(History(transaction=failed)).delivery.endswith(f"handed to the network; {why}")
    assert why in text(explain(History(transaction=failed)))


def test_a_decline_names_the_check_that_decided_and_what_would_have_changed_it() -> None:
    """The first objection stands, with its remedy."""
    told = explain(History(transaction=REFUSED, response_code="51"))
    assert told.decided_by == "check funds"
    assert told.would_have_changed_it == ["at most 10.00 USD"]
    assert [(item["name"], item["passed"]) for item in told.checks] == [
        ("card", True),
        ("funds", False),
    ]
    page = text(told)
    assert page.startswith("purchase 12.34 USD at DEMO0001: DECLINED (51)\n")
    assert "NO  funds       10.00 USD: not enough" in page


def test_a_message_without_a_terminal_can_be_told() -> None:
    """What a refused message left out does not stop its explanation."""
    unknown = replace(REFUSED, terminal_id="")
    assert text(explain(History(transaction=unknown))).startswith(
        "purchase 12.34 USD at no named terminal: DECLINED"
    )


def test_an_objection_without_a_remedy_is_told_as_it_was() -> None:
    """What would have changed it is then its contrary."""
    check = Check("merchant", "SHOP", False, "is inactive")
    told = explain(History(transaction=replace(REFUSED, trail=(check,))))
    assert told.would_have_changed_it == ["if the check merchant had not found that it is inactive"]


def test_a_rule_that_decided_is_named() -> None:
    """A scripted or a risk rule stands before the check that carried it out."""
    told = explain(History(transaction=replace(REFUSED, rule="refuse-51")))
    assert told.decided_by == "rule refuse-51"


def test_an_approval_tells_counters_postings_batch_and_flags() -> None:
    """Counters before and after, each posting leg by leg, and no account by its card's token."""
    posting = Posting(
        id=SALE.id,
        transaction=SALE.id,
        kind="purchase",
        entries=(Entry("card:5f3cab", -1234, "840"), Entry("merchant:SHOP:840", 1234, "840")),
        posted_us=AT_US,
    )
    batch = Batch(
        id="DEMO0001|000001",
        terminal_id="DEMO0001",
        merchant_id="SHOP",
        number="000001",
        state="closed",
    )
    difference = Difference(
        id="d1", batch=batch.id, classified="amount_differs", rule="suspense", transaction=SALE.id
    )
    told = explain(
        History(transaction=SALE, postings=[posting], batch=batch, differences=[difference])
    )
    assert told.decided_by == "no check objected"
    assert "\nno check objected\n" in text(told)
    assert told.would_have_changed_it == []
    page = text(told)
    assert "day amount: 0.00 USD -> 12.34 USD of 50.00 USD" in page
    assert "velocity: 2 -> 3 of 5" in page
    assert "-12.34 USD  the card's account" in page
    assert "12.34 USD  merchant SHOP" in page
    assert "batch DEMO0001|000001, closed, settles 2026-11-24" in page
    assert "difference: amount_differs, suspense" in page
    assert "flagged by night" in page
    assert "5f3cab" not in page


def test_what_a_close_notes_of_its_differences_has_refused_nothing() -> None:
    """An approval with a note that is no praise was not decided by that note."""
    close = replace(SALE, trail=(Check("difference", "x", False, "missing at the host"),))
    told = explain(History(transaction=close))
    assert told.decided_by == "no check refused it"
    assert told.would_have_changed_it == []


def test_links_go_both_ways() -> None:
    """What it acted upon, and what has acted upon it."""
    void = replace(SALE, id="v", kind=Kind.VOID, stan="000124", original_key=SALE.id)
    of_sale = explain(History(transaction=replace(SALE, state=State.VOIDED), followers=[void]))
    assert "was acted upon by void 12.34 USD, STAN 000124, approved" in text(of_sale)
    of_void = explain(History(transaction=void, original=SALE))
    assert "acted upon purchase 12.34 USD, STAN 000123, approved" in text(of_void)


def test_a_reversal_whose_original_was_never_seen_says_so() -> None:
    """The tombstone is all there is (INV-22)."""
    reversal = replace(SALE, kind=Kind.REVERSAL, original="DEMO0001|0200|000009|1124101112")
    told = explain(History(transaction=reversal))
    assert told.links[0]["state"] == "not seen"
    assert "acted upon DEMO0001|0200|000009|1124101112: not seen" in text(told)


def test_holds_and_what_became_of_them_are_told() -> None:
    """Amount, state and instant of expiry; what was completed and refunded."""
    hold = Hold(
        id="h",
        transaction=SALE.id,
        account="card:5f3cab",
        amount_minor=1234,
        currency="840",
        expires_us=AT_US,
    )
    held = replace(SALE, completed_minor=1000, refunded_minor=200, delivery=Delivery.UNKNOWN)
    newer = Reference(id="r", transaction="another")
    page = text(explain(History(transaction=held, hold=hold, reference=newer)))
    assert "hold 12.34 USD, open, until 2026-11-24 10:00:00.000 UTC" in page
    assert "10.00 USD of it was completed" in page
    assert "2.00 USD of it was refunded" in page
    assert "its reference now names a newer transaction of the terminal" in page
    assert "a repeat gets the same answer; a reversal takes it back" in page


def test_the_story_is_plain_data() -> None:
    """``--json`` can print all of it."""
    story = asdict(explain(History(transaction=SALE, original=REFUSED)))
    assert json.loads(json.dumps(story)) == story
    assert story["what"]["card"] == "476173******0010"


def test_times_are_utc() -> None:
    """To the millisecond."""
    assert when(AT_US) == "2026-11-24 10:00:00.000 UTC"
