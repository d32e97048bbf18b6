"""Closing a batch: in balance, out of balance, again; what the merchant is owed."""

from __future__ import annotations

import pytest

from switch.core import differences
from switch.core.batches import batch_name
from switch.core.totals import read
from switch.model.copies import replace
from switch.model.records import Key, Terminal, UploadItem
from switch.model.settings import DialectPolicy, Settlement
from switch.model.words import Flow, Reason, State
from tests.core.closing import (
    HYPERCOM,
    a_close,
    batch,
    close,
    found,
    sum_of_all,
    terminal,
    upload,
)
from tests.core.conftest import Shop


@pytest.fixture
def till(shop: Shop) -> Shop:
    """A shop whose dialect states sales and refunds and has an upload."""
    shop.policy = DialectPolicy("test", totals="hypercom-63", upload=True)
    return shop


def test_a_close_in_balance_closes_the_batch_and_opens_the_next(till: Shop) -> None:
    """M-34, INV-51: approved, the merchant's position posted, the next batch current."""
    till.ask(till.purchase("K1", 1_000))
    till.ask(till.purchase("K2", 250))
    answer = close(till, "S1", HYPERCOM.format(2, 1_250))
    assert answer.reason is Reason.APPROVED
    assert answer.settlement_date == "261124"
    assert answer.text == "000001 closed: 2 items"
    closed = batch(till, 1)
    assert (closed.state, closed.closed_by, closed.settlement_date) == ("closed", "S1", "20261124")
    assert terminal(till).batch_number == 2
    assert till.balance("merchant:M1:840") == 0
    assert till.balance("payable:M1:840") == 1_250
    assert till.transaction("K1").batch == closed.id
    till.ask(till.purchase("K3"))
    assert till.transaction("K3").batch == batch_name("T1", 2)


def test_the_same_close_again_gets_the_same_answer(till: Shop) -> None:
    """M-34: under its own key, and under another one when its answer was lost."""
    till.ask(till.purchase("K1", 1_000))
    claim = HYPERCOM.format(1, 1_000)
    first = close(till, "S1", claim, batch_number="000007")
    assert close(till, "S1", claim, batch_number="000007") == first
    again = close(till, "S2", claim, batch_number="000007")
    assert replace(again, rrn=first.rrn) == first
    assert terminal(till).batch_number == 2
    assert till.balance("payable:M1:840") == 1_000


def test_the_next_batch_with_the_same_totals_is_no_repeat(till: Shop) -> None:
    """What was captured since, or another batch number of the terminal, makes it a new close."""
    claim = HYPERCOM.format(1, 1_000)
    till.ask(till.purchase("K1", 1_000))
    close(till, "S1", claim, batch_number="000007")
    till.ask(till.purchase("K2", 1_000))
    assert close(till, "S2", claim, batch_number="000008").approved
    assert terminal(till).batch_number == 3
    assert till.balance("payable:M1:840") == 2_000
    assert close(till, "S3", claim, batch_number="000009").reason is Reason.RECONCILE_MISMATCH


def test_empty_batches_close(till: Shop) -> None:
    """Nothing captured, nothing claimed: in balance, and nothing is posted."""
    zero = HYPERCOM.format(0, 0)
    assert close(till, "S1", zero, batch_number="000001").approved
    assert close(till, "S2", zero, batch_number="000002").approved
    assert terminal(till).batch_number == 3
    assert till.postings == []


def test_out_of_balance_keeps_both_sides_and_adjusts_nothing(till: Shop) -> None:
    """INV-52: mismatch, the batch stays open, no total is adjusted by itself."""
    till.ask(till.purchase("K1", 1_000))
    before = till.postings
    answer = close(till, "S1", HYPERCOM.format(1, 900))
    assert answer.reason is Reason.RECONCILE_MISMATCH
    assert answer.text == "host: 1 item, upload"
    assert answer.extra == {"totals": HYPERCOM.format(1, 1_000)}
    kept = batch(till, 1)
    assert kept.state == "out_of_balance"
    assert read(kept.claimed)["sales_amount"] == 900
    assert read(kept.counted)["sales_amount"] == 1_000
    assert till.transaction("S1").state is State.DECLINED
    assert terminal(till).batch_number == 1
    assert till.postings == before
    assert close(till, "S2", HYPERCOM.format(1, 1_000)).text == "000001 closed: 1 item"
    assert found(till) == []


def test_one_missing_one_extra_one_differing(till: Shop) -> None:
    """M-35, must-show 5: each sent twice, the three named by class, posted, and no more."""
    for key, minor in (("K1", 1_000), ("K2", 2_000), ("K3", 3_000)):
        till.ask(till.purchase(key, minor))
    claim = HYPERCOM.format(3, 1_000 + 2_500 + 700)
    assert close(till, "S1", claim).reason is Reason.RECONCILE_MISMATCH
    for turn in ("a", "b"):
        assert upload(till, f"U1{turn}", "K1", 1_000).approved
        assert upload(till, f"U2{turn}", "K2", 2_500).approved
        assert upload(till, f"U9{turn}", "GHOST", 700).approved
    kept = [record for record in till.store.values() if isinstance(record, UploadItem)]
    assert [record.version for record in kept] == [1, 1, 1]
    answer = close(till, "S2", claim)
    assert answer.reason is Reason.APPROVED
    assert answer.text == "000001 closed: 3 differ"
    assert [
        (f.classified, f.transaction, f.claimed_minor, f.counted_minor) for f in found(till)
    ] == [
        ("missing_at_host", "", 700, 0),
        ("missing_at_terminal", "K3", 0, 3_000),
        ("amount_differs", "K2", 2_500, 2_000),
    ]
    assert {record.rule for record in found(till)} == {"suspense"}
    assert batch(till, 1).state == "closed"
    assert till.balance("payable:M1:840") == 6_000
    assert till.balance("suspense:840") == 700 - 3_000 + 500
    assert till.balance("difference:840") == -till.balance("suspense:840")
    assert sum_of_all(till) == 0
    assert {record.posting for record in found(till)} <= {record.id for record in till.postings}


def test_the_rule_of_a_class_decides_where_it_is_posted(till: Shop) -> None:
    """INV-52: by the recorded rule, to the merchant here."""
    rules = {differences.MISSING_AT_HOST: "merchant"}
    till.settings = replace(till.settings, settlement=Settlement(differences=rules))
    close(till, "S1", HYPERCOM.format(1, 700))
    upload(till, "U1", "GHOST", 700)
    close(till, "S2", HYPERCOM.format(1, 700))
    assert [record.rule for record in found(till)] == ["merchant"]
    assert till.balance("payable:M1:840") == 700
    assert till.balance("difference:840") == -700


def test_a_close_without_the_upload_that_it_owes_is_refused_again(till: Shop) -> None:
    """The second close compares items, so it waits for them where the terminal claims to have
    some; one that claims none has nothing to send.
    """
    till.ask(till.purchase("K1", 1_000))
    claim = HYPERCOM.format(2, 2_000)
    for key in ("S1", "S2"):
        assert close(till, key, claim).reason is Reason.RECONCILE_MISMATCH
    assert close(till, "S3", HYPERCOM.format(0, 0)).approved
    assert [record.classified for record in found(till)] == ["missing_at_terminal"]


def test_a_dialect_without_upload_closes_upon_the_same_claim_again(till: Shop) -> None:
    """INV-53: it says that there is no upload; the second close leaves one difference."""
    till.policy = DialectPolicy("test", totals="iso-74-97")
    till.ask(till.purchase("K1", 1_000))
    claim = "debits_number=2;debits_amount=1500;net_amount=-1500"
    first = close(till, "S1", claim)
    assert (first.reason, first.text) == (Reason.RECONCILE_MISMATCH, "host: 1 item, no upload")
    other = "debits_number=2;debits_amount=1400;net_amount=-1400"
    assert close(till, "S2", other).reason is Reason.RECONCILE_MISMATCH
    assert close(till, "S3", other).approved
    (record,) = found(till)
    assert (record.classified, record.claimed_minor, record.counted_minor) == (
        "totals_differ",
        1_400,
        1_000,
    )
    assert (till.balance("payable:M1:840"), till.balance("suspense:840")) == (1_000, 400)


def test_totals_that_differ_though_all_items_agree_leave_a_difference(till: Shop) -> None:
    """A batch that closes out of balance never does so without a word."""
    till.ask(till.purchase("K1", 1_000))
    close(till, "S1", HYPERCOM.format(2, 1_000))
    upload(till, "U1", "K1", 1_000)
    assert close(till, "S2", HYPERCOM.format(2, 1_000)).approved
    (record,) = found(till)
    assert (record.classified, record.posting) == ("totals_differ", "")


def test_an_item_that_comes_again_with_another_amount_counts_as_the_later_one(till: Shop) -> None:
    """The terminal corrects itself; it is still one item."""
    till.ask(till.purchase("K1", 1_000))
    close(till, "S1", HYPERCOM.format(1, 900))
    upload(till, "U1", "K1", 900)
    upload(till, "U2", "K1", 950)
    close(till, "S2", HYPERCOM.format(1, 950))
    assert [record.claimed_minor for record in found(till)] == [950]


def test_an_upload_where_nothing_is_out_of_balance_is_only_acknowledged(till: Shop) -> None:
    """A closed batch never changes, an open one waits for no item."""
    till.ask(till.purchase("K1", 1_000))
    close(till, "S1", HYPERCOM.format(1, 1_000))
    assert upload(till, "U1", "K1", 5).approved
    assert not [record for record in till.store.values() if isinstance(record, UploadItem)]


def test_a_closed_batch_never_changes(till: Shop) -> None:
    """INV-50, INV-54: a reversal after the close counts in the batch in which it happens."""
    till.ask(till.purchase("K1", 1_000))
    close(till, "S1", HYPERCOM.format(1, 1_000))
    closed, first = batch(till, 1), till.transaction("K1")
    till.business_date = "20261125"
    till.ask(till.reversal("R1", of="K1"))
    after = till.transaction("K1")
    assert batch(till, 1) == closed
    assert (after.batch, after.settlement_date) == (first.batch, "20261124")
    back = till.transaction("R1")
    assert (back.batch, back.settlement_date) == (batch_name("T1", 2), "20261125")
    claim = "sales_number=0;sales_amount=0;refunds_number=1;refunds_amount=1000"
    assert close(till, "S2", claim).approved
    assert till.balance("payable:M1:840") == 0
    assert till.balance("merchant:M1:840") == 0


def test_requests_in_flight_end_in_exactly_one_batch(till: Shop) -> None:
    """M-36: whatever is decided together with a close is in the one batch or in the next."""
    answers = till.batch(
        till.purchase("K1", 1_000),
        a_close(till, "S1", HYPERCOM.format(1, 1_000)),
        till.purchase("K2", 500),
        a_close(till, "S2", HYPERCOM.format(1, 500)),
    )
    assert [answer.reason for answer in answers] == [Reason.APPROVED] * 4
    assert [till.transaction(key).batch for key in ("K1", "K2")] == [
        batch_name("T1", 1),
        batch_name("T1", 2),
    ]
    assert till.balance("payable:M1:840") == 1_500
    assert terminal(till).batch_number == 3


def test_no_stated_totals_close_on_the_hosts_count(till: Shop) -> None:
    """Only what was stated is compared."""
    till.ask(till.purchase("K1", 1_000))
    assert close(till, "S1").approved
    assert batch(till, 1).claimed == ""
    assert read(batch(till, 1).counted)["sales_number"] == 1


def test_totals_that_cannot_be_read_are_a_format_error(till: Shop) -> None:
    """Nothing of it is believed."""
    assert close(till, "S1", "sales_number=x").reason is Reason.FORMAT_ERROR
    assert terminal(till).batch_number == 1


def test_other_currencies_are_settled_on_the_hosts_count(till: Shop) -> None:
    """A message states totals in the terminal's currency; INV-60 holds in each."""
    till.change(Terminal, "T1", currency="978")
    till.ask(till.purchase("K1", 1_000))
    assert close(till, "S1", HYPERCOM.format(0, 0)).approved
    assert till.balance("payable:M1:840") == 1_000
    assert "840.sales_amount=1000" in batch(till, 1).counted


def test_a_terminal_that_is_new_may_close_its_empty_batch(till: Shop) -> None:
    """M-19: enrolled and closed in one commit, in one version of its record."""
    till.enrol()
    assert close(till, "S1", HYPERCOM.format(0, 0), terminal_id="T9").approved
    record = till.store[Key("terminal", "T9")]
    assert isinstance(record, Terminal)
    assert (record.version, record.batch_number) == (1, 2)


def test_an_unknown_terminal_closes_nothing(till: Shop) -> None:
    """M-19."""
    assert close(till, "S1", terminal_id="T9").reason is Reason.TERMINAL_UNKNOWN
    assert upload(till, "U1", "K1", 5, terminal_id="T9").reason is Reason.TERMINAL_UNKNOWN


def test_an_advised_close_is_the_same_thing(till: Shop) -> None:
    """0520 closes like 0500."""
    till.ask(till.purchase("K1", 1_000))
    assert close(till, "S1", HYPERCOM.format(1, 1_000), flow=Flow.ADVICE).approved
    assert batch(till, 1).state == "closed"


def test_a_terminal_that_changed_hands_takes_back_at_its_old_merchants_cost(till: Shop) -> None:
    """INV-51, INV-53: the reversal is an item of the merchant whose sale it takes back."""
    till.ask(till.purchase("K1", 1_000))
    till.change(Terminal, "T1", merchant_id="M2")
    assert till.ask(till.reversal("R1", "K1", merchant_id="M2")).approved
    assert close(till, "S1", HYPERCOM.format(0, 0), merchant_id="M2").approved
    accounts = ("merchant:M1:840", "merchant:M2:840", "payable:M1:840", "payable:M2:840")
    assert [till.balance(name) for name in accounts] == [0, 0, 0, 0]
