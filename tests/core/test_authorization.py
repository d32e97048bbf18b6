"""Purchases demanded and advised, captured and held."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.records import Account, Card, Hold, Key
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money
from tests.core.conftest import Shop

POOR = "4000000000009995"


def test_a_purchase_moves_its_amount_from_the_card_to_the_merchant(shop: Shop) -> None:
    """INV-01, INV-60: one decision holds the answer, the posting and both accounts."""
    answer = shop.ask(shop.purchase(minor=1_234))
    assert answer.reason is Reason.APPROVED
    assert answer.approval_code
    assert answer.rrn
    assert shop.balance("a-visa") == 100_000 - 1_234
    assert shop.balance("merchant:M1:840") == 1_234
    (posting,) = shop.postings
    assert [entry.amount_minor for entry in posting.entries] == [-1_234, 1_234]
    assert posting.transaction == "K1"
    assert {record.TABLE for record in shop.last.records} == {
        "transaction",
        "reference",
        "posting",
        "account",
    }


def test_the_transaction_keeps_what_a_repeat_and_a_reversal_will_need(shop: Shop) -> None:
    """Answer, open amount, sealed card and trail; never a clear card number."""
    shop.ask(shop.purchase())
    kept = shop.transaction("K1")
    assert kept.state is State.APPROVED
    assert kept.amount_open == Money(1_000, "840")
    assert (kept.pan_token, kept.pan_sealed) == ("token-0010", "sealed")
    assert kept.account == "a-visa"
    assert kept.trail == shop.last.trail
    assert "4761739001010010" not in repr(kept)


def test_the_terminals_own_reference_number_stays(shop: Shop) -> None:
    """DE 37 assigned by the sender is answered and kept as it came."""
    assert shop.ask(shop.purchase(rrn="633812345678")).rrn == "633812345678"
    assert shop.transaction("K1").rrn == "633812345678"


def test_a_purchase_that_does_not_capture_holds_the_money(shop: Shop) -> None:
    """01xx: nothing is posted, the amount is set aside (INV-40, INV-41)."""
    assert shop.ask(shop.purchase(captures=False)).approved
    assert shop.balance("a-visa") == 100_000
    assert shop.held("a-visa") == 1_000
    assert shop.postings == []
    hold = shop.store[Key("hold", "K1")]
    assert isinstance(hold, Hold)
    assert hold.amount_minor == 1_000
    assert hold.expires_us == 1 + 7 * 86_400 * 1_000_000


def test_held_money_cannot_be_spent(shop: Shop) -> None:
    """INV-40 counts holds."""
    assert shop.ask(shop.purchase("K1", 900, POOR, captures=False)).approved
    assert shop.ask(shop.purchase("K2", 101, POOR)).reason is Reason.FUNDS_INSUFFICIENT
    assert shop.ask(shop.purchase("K3", 100, POOR)).approved


def test_a_decline_has_no_effect_and_is_remembered(shop: Shop) -> None:
    """A declined purchase leaves its transaction and its reference, and no money moves."""
    answer = shop.ask(shop.purchase(minor=1_001, pan=POOR))
    assert answer.reason is Reason.FUNDS_INSUFFICIENT
    assert answer.approval_code == ""
    assert shop.balance("a-poor") == 1_000
    assert shop.transaction("K1").state is State.DECLINED
    assert shop.transaction("K1").amount_open is None
    assert {record.TABLE for record in shop.last.records} == {"transaction", "reference"}


@pytest.mark.parametrize(
    ("changes", "account"),
    [
        ({}, "a-visa"),
        ({"status": "stolen"}, "a-visa"),
        ({"expiry": "0101"}, "a-visa"),
        ({"per_transaction_limit_minor": 1}, "a-visa"),
        ({"currency": "978"}, "suspense:840"),
    ],
)
def test_an_advice_is_posted_whatever_business_says(
    shop: Shop, changes: dict[str, object], account: str
) -> None:
    """What has happened is recorded, on suspense where the card cannot bear it."""
    shop.change(Card, "token-0010", **changes)
    answer = shop.ask(shop.purchase(flow=Flow.ADVICE, approval_code="OFF123"))
    assert answer.reason is Reason.APPROVED
    assert answer.approval_code == "OFF123"
    assert shop.transaction("K1").state is State.ACCEPTED
    assert shop.transaction("K1").account == account
    assert shop.balance("merchant:M1:840") == 1_000


def test_an_advice_never_takes_an_account_below_its_limit(shop: Shop) -> None:
    """INV-40 holds under advices too: what the account cannot bear goes to suspense."""
    assert shop.ask(shop.purchase(minor=5_000, pan=POOR, flow=Flow.ADVICE)).approved
    assert shop.balance("a-poor") == 1_000
    assert shop.balance("suspense:840") == -5_000


def test_an_advice_of_an_unknown_card_goes_to_suspense(shop: Shop) -> None:
    """The merchant is owed the money; whose it is will be found out."""
    assert shop.ask(shop.purchase(pan="4111111111111111", flow=Flow.ADVICE)).approved
    assert shop.balance("suspense:840") == -1_000


def test_an_advice_that_names_no_card_goes_to_suspense(shop: Shop) -> None:
    """It happened; nobody says with what."""
    assert shop.ask(shop.purchase(flow=Flow.ADVICE)).approved
    request = shop.request(
        Kind.PURCHASE, "K2", flow=Flow.ADVICE, captures=True, amount=Money(300, "840")
    )
    assert shop.ask(request).approved
    assert shop.transaction("K2").account == "suspense:840"


def test_an_advice_enrols_the_card_of_a_test_range(shop: Shop) -> None:
    """Demo world: first sight may be an advice; no opening balance, no posting of one."""
    shop.enrol()
    assert shop.ask(shop.purchase(pan="4111111111111111", flow=Flow.ADVICE)).approved
    assert Key("card", "token-1111") in shop.store
    assert {posting.kind for posting in shop.postings} == {"purchase"}


def test_an_advice_without_capture_holds_only_what_can_be_held(shop: Shop) -> None:
    """0120: a hold on the card where it can bear it, else the record alone."""
    assert shop.ask(shop.purchase("K1", 800, POOR, captures=False, flow=Flow.ADVICE)).approved
    assert shop.held("a-poor") == 800
    assert shop.ask(shop.purchase("K2", 800, POOR, captures=False, flow=Flow.ADVICE)).approved
    assert shop.held("a-poor") == 800
    assert shop.transaction("K2").amount_open is None


def test_an_advice_of_a_card_that_may_not_be_kept_is_refused(shop: Shop) -> None:
    """SR-SAD-05 is no business reason: such a number is not recorded, not even its token."""
    request = shop.purchase(pan="6011000990139424", flow=Flow.ADVICE)
    assert shop.ask(request).reason is Reason.PAN_NOT_TEST
    assert shop.transaction("K1").pan_token == ""
    assert shop.transaction("K1").pan_sealed == ""


def test_the_day_is_counted_and_limited(shop: Shop) -> None:
    """A daily limit counts what was approved that business date, and starts anew the next."""
    shop.change(Card, "token-0010", daily_limit_minor=2_500)
    assert shop.ask(shop.purchase("K1")).approved
    assert shop.ask(shop.purchase("K2")).approved
    assert shop.ask(shop.purchase("K3")).reason is Reason.LIMIT_EXCEEDED
    shop.business_date = "20261125"
    assert shop.ask(shop.purchase("K4")).approved
    card = shop.store[Key("card", "token-0010")]
    assert isinstance(card, Card)
    assert (card.day, card.day_spent_minor, card.day_count) == ("20261125", 1_000, 1)


def test_a_card_of_a_test_range_is_enrolled_with_its_opening_balance(shop: Shop) -> None:
    """Demo world: card, account and the posting of its balance are in one decision."""
    shop.enrol(balance=50_000, daily=10_000)
    request = shop.purchase(pan="4111111111111111", expiry="4912")
    assert shop.ask(request).approved
    assert shop.told == ["card.enrolled"]
    card = shop.store[Key("card", "token-1111")]
    assert isinstance(card, Card)
    assert (card.version, card.expiry, card.day_spent_minor) == (1, "4912", 1_000)
    assert card.pan_sealed == "card-sealed"
    assert shop.balance(card.account) == 49_000
    assert {posting.kind for posting in shop.postings} == {"opening", "purchase"}
    assert sum(entry.amount_minor for post in shop.postings for entry in post.entries) == 0


def test_a_card_is_enrolled_once_even_if_its_first_purchase_is_declined(shop: Shop) -> None:
    """The second purchase finds the card and its account."""
    shop.enrol(balance=500)
    first = shop.purchase("K1", pan="4111111111111111")
    assert shop.ask(first).reason is Reason.FUNDS_INSUFFICIENT
    assert shop.ask(shop.purchase("K2", 500, "4111111111111111")).approved
    assert shop.told == []
    assert shop.balance("card:token-1111") == 0


def test_no_card_is_enrolled_where_no_test_range_is_configured(shop: Shop) -> None:
    """Enrolment is for test cards only."""
    shop.enrol(test_ranges=())
    assert shop.ask(shop.purchase(pan="4111111111111111")).reason is Reason.CARD_UNKNOWN


def test_an_absent_currency_means_the_terminals(shop: Shop) -> None:
    """INV-82."""
    assert shop.ask(shop.purchase(amount=Money(700, ""))).approved
    assert shop.transaction("K1").amount == Money(700, "840")
    assert shop.balance("merchant:M1:840") == 700


def test_twelve_nines_do_not_overflow(shop: Shop) -> None:
    """M-21: the greatest amount that a message can hold is arithmetic like any other."""
    request = shop.purchase(minor=999_999_999_999, flow=Flow.ADVICE)
    assert shop.ask(request).approved
    assert shop.balance("suspense:840") == -999_999_999_999


def test_an_account_in_another_currency_is_never_moved(shop: Shop) -> None:
    """An account kept in another currency is a defect of the data: no approval (INV-06)."""
    shop.change(Account, "a-visa", currency="978")
    with pytest.raises(ValueError, match="kept in 978"):
        shop.decide(shop.arrived(shop.purchase()))


@pytest.mark.parametrize("kind", [Kind.CASH, Kind.CASHBACK])
@pytest.mark.parametrize("flow", [Flow.REQUEST, Flow.ADVICE])
def test_cash_is_owed_to_the_merchant_who_hands_it_out(shop: Shop, kind: Kind, flow: Flow) -> None:
    """INV-60: the whole amount, cash part included, in one posting of its kind."""
    request = shop.purchase(kind=kind, flow=flow, amount_other=Money(400, "840"))
    assert shop.ask(request).approved
    assert (shop.balance("a-visa"), shop.balance("merchant:M1:840")) == (99_000, 1_000)
    (posting,) = shop.postings
    assert posting.kind == kind


@pytest.mark.parametrize("kind", [Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH])
def test_what_is_not_captured_is_held(shop: Shop, kind: Kind) -> None:
    """0100 with processing code 00, 01 or 09 may capture or not: the dialect says which."""
    other = Money(400, "840")
    request = shop.purchase(kind=kind, captures=False, amount_other=other)
    assert shop.ask(request).approved
    assert (shop.held("a-visa"), shop.postings) == (1_000, [])
    assert shop.transaction("K1").amount_other == other


@pytest.mark.parametrize("flow", [Flow.REQUEST, Flow.ADVICE])
def test_a_pre_authorization_never_captures(shop: Shop, flow: Flow) -> None:
    """Whatever a dialect says of its code: money that is set aside is not posted."""
    assert shop.ask(shop.purchase(kind=Kind.PREAUTH, captures=True, flow=flow)).approved
    kept = shop.transaction("K1")
    assert (kept.captures, shop.held("a-visa"), shop.postings) == (False, 1_000, [])


@pytest.mark.parametrize("kind", [Kind.CASH, Kind.CASHBACK, Kind.PREAUTH])
@pytest.mark.parametrize("status", ["blocked", "lost", "stolen", "expired"])
def test_an_advice_of_any_kind_asks_nothing_of_the_card(
    shop: Shop, kind: Kind, status: str
) -> None:
    """It has happened: posted or held, whatever the card's state; a demand is refused."""
    shop.change(Card, "token-0010", status=status)
    other = Money(400, "840")
    advice = shop.purchase(kind=kind, flow=Flow.ADVICE, amount_other=other)
    assert shop.ask(advice).approved
    assert shop.transaction("K1").state is State.ACCEPTED
    assert shop.transaction("K1").account == "a-visa"
    assert not shop.ask(shop.purchase("K2", kind=kind, amount_other=other)).approved


@pytest.mark.parametrize("kind", [Kind.CASH, Kind.CASHBACK])
def test_cash_that_the_card_cannot_bear_goes_to_suspense(shop: Shop, kind: Kind) -> None:
    """INV-40: the merchant gave it out; whose loss it is will be found out."""
    other = Money(400, "840")
    request = shop.purchase("K1", 5_000, POOR, kind=kind, flow=Flow.ADVICE, amount_other=other)
    assert shop.ask(request).approved
    assert (shop.balance("a-poor"), shop.balance("suspense:840")) == (1_000, -5_000)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 900),
            st.sampled_from([Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH]),
            st.sampled_from([Flow.REQUEST, Flow.ADVICE]),
            st.booleans(),
        ),
        max_size=10,
    )
)
def test_whatever_is_paid_the_books_balance(
    asked: list[tuple[int, Kind, Flow, bool]],
) -> None:
    """INV-40, INV-41, INV-60: legs sum to zero, balances are their fold, holds add up, no account
    passes its limit.
    """
    shop = Shop()
    for number, (minor, kind, flow, captures) in enumerate(asked):
        cash = Money((minor + 1) // 2, "840")
        shop.ask(
            shop.purchase(
                f"K{number}",
                minor,
                POOR,
                kind=kind,
                flow=flow,
                captures=captures,
                amount_other=cash,
            )
        )
    moved: dict[str, int] = {}
    for posting in shop.postings:
        assert sum(entry.amount_minor for entry in posting.entries) == 0
        for entry in posting.entries:
            moved[entry.account] = moved.get(entry.account, 0) + entry.amount_minor
    held = sum(record.amount_minor for record in shop.store.values() if isinstance(record, Hold))
    accounts = [record for record in shop.store.values() if isinstance(record, Account)]
    for account in accounts:
        opening = {"a-poor": 1_000, "a-visa": 100_000, "opening:840": -101_000}
        assert account.balance_minor == opening.get(account.id, 0) + moved.get(account.id, 0)
        assert account.held_minor == (held if account.id == "a-poor" else 0)
        assert account.kind != "cardholder" or account.available_minor >= 0
    assert sum(account.balance_minor for account in accounts) == 0
