"""The rungs about amounts: form, limits, funds; what is approved where not all may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.copies import replace
from switch.model.records import Account, Card, Key, Terminal
from switch.model.settings import Authorization
from switch.model.trail import Counted
from switch.model.words import Flow, Kind, Reason, State
from switch.money import CURRENCIES, Money
from tests.core.conftest import Shop

if TYPE_CHECKING:
    from switch.model.request import Request

POOR = "4000000000009995"


@pytest.mark.parametrize(
    "amount", [None, Money(0, "840"), Money(-1, "840"), Money(1, "000"), Money(1, "USD")]
)
def test_an_amount_that_cannot_be(shop: Shop, amount: Money | None) -> None:
    """M-21: absent, zero, negative, of no currency."""
    assert shop.ask(shop.purchase(amount=amount)).reason is Reason.AMOUNT_INVALID
    assert shop.postings == []


def test_a_card_pays_in_its_own_currency(shop: Shop) -> None:
    """There is no exchange of currencies here."""
    answer = shop.ask(shop.purchase(amount=Money(100, "978")))
    assert answer.reason is Reason.CURRENCY_UNSUPPORTED
    assert shop.trail["limits"] == (False, "the card is kept in USD")


@pytest.mark.parametrize(("minor", "approved"), [(500, True), (501, False)])
def test_the_limit_of_one_transaction(shop: Shop, minor: int, approved: bool) -> None:
    """At the limit is within it."""
    shop.change(Card, "token-0010", per_transaction_limit_minor=500)
    answer = shop.ask(shop.purchase(minor=minor))
    assert answer.approved is approved
    assert approved or answer.reason is Reason.LIMIT_EXCEEDED


@pytest.mark.parametrize(("minor", "approved"), [(1_500, True), (1_501, False)])
def test_funds_are_balance_less_holds_plus_credit(shop: Shop, minor: int, approved: bool) -> None:
    """INV-40: to the last unit and not beyond."""
    shop.change(Account, "a-poor", held_minor=500, credit_limit_minor=1_000)
    assert shop.ask(shop.purchase(minor=minor, pan=POOR)).approved is approved


@pytest.mark.parametrize("flow", [Flow.REQUEST, Flow.ADVICE])
@pytest.mark.parametrize("kind", [Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH])
def test_zero_is_no_amount_to_pay(shop: Shop, kind: Kind, flow: Flow) -> None:
    """M-21: whatever moves or holds money wants an amount above zero; it says so."""
    request = shop.purchase(minor=0, kind=kind, flow=flow, amount_other=Money(0, "840"))
    assert shop.ask(request).reason is Reason.AMOUNT_INVALID
    assert shop.remedy == "an amount above zero"


@given(st.sampled_from(sorted(CURRENCIES)), st.integers(1, 999_999_999_999))
def test_amounts_are_minor_units_of_their_currency(currency: str, minor: int) -> None:
    """INV-82, INV-60: the exponent is the currency's, for people; the arithmetic knows none."""
    shop = Shop()
    shop.put(Account(id="a-other", kind="cardholder", currency=currency, balance_minor=minor))
    shop.change(Card, "token-0010", account="a-other", currency=currency)
    assert shop.ask(shop.purchase(amount=Money(minor, currency))).approved
    assert shop.trail["funds"] == (True, "enough")
    assert shop.balance("a-other") == 0
    assert shop.balance(f"merchant:M1:{currency}") == minor


def cashback(shop: Shop, minor: int, cash: Money | None, key: str = "K1", **more: Any) -> Request:
    """A purchase of which a part is handed out in notes."""
    return shop.purchase(key, minor, kind=Kind.CASHBACK, amount_other=cash, **more)


@pytest.mark.parametrize(
    ("cash", "reason"),
    [
        (Money(1, "840"), Reason.APPROVED),
        (Money(300, ""), Reason.APPROVED),
        (Money(1_000, "840"), Reason.APPROVED),
        (Money(1_001, "840"), Reason.AMOUNT_INVALID),
        (Money(0, "840"), Reason.AMOUNT_INVALID),
        (Money(-1, "840"), Reason.AMOUNT_INVALID),
        (Money(300, "978"), Reason.AMOUNT_INVALID),
        (None, Reason.AMOUNT_INVALID),
    ],
)
def test_the_cash_part_is_a_part(shop: Shop, cash: Money | None, reason: Reason) -> None:
    """Of the total, in its currency; an absent currency is the terminal's (INV-82)."""
    assert shop.ask(cashback(shop, 1_000, cash)).reason is reason
    if reason is Reason.APPROVED:
        assert cash is not None
        assert shop.transaction("K1").amount_other == Money(cash.minor, "840")
        assert shop.balance("merchant:M1:840") == 1_000


def test_an_advice_may_leave_its_cash_part_out(shop: Shop) -> None:
    """What has happened is recorded; a part that cannot be is refused all the same."""
    assert shop.ask(cashback(shop, 1_000, None, flow=Flow.ADVICE)).approved
    refused = shop.ask(cashback(shop, 1_000, Money(1_001, "840"), "K2", flow=Flow.ADVICE))
    assert refused.reason is Reason.AMOUNT_INVALID


@pytest.mark.parametrize(
    ("kind", "minor", "cash", "approved"),
    [
        (Kind.CASH, 200, None, True),
        (Kind.CASH, 201, None, False),
        (Kind.CASHBACK, 900, 200, True),
        (Kind.CASHBACK, 900, 201, False),
        (Kind.PURCHASE, 900, None, True),
    ],
)
def test_the_limit_for_cash(
    shop: Shop, kind: Kind, minor: int, cash: int | None, approved: bool
) -> None:
    """All of a cash advance, the cash part of a purchase; never the goods."""
    shop.change(Card, "token-0010", cash_limit_minor=200)
    other = None if cash is None else Money(cash, "840")
    answer = shop.ask(shop.purchase(minor=minor, kind=kind, amount_other=other))
    assert answer.approved is approved
    if not approved:
        assert answer.reason is Reason.LIMIT_EXCEEDED
        assert shop.remedy == "at most 2.00 USD in cash"


@pytest.mark.parametrize(
    ("limit", "minor", "remedy"),
    [
        ({"per_transaction_limit_minor": 500}, 501, "at most 5.00 USD"),
        ({"daily_limit_minor": 500}, 501, "at most 5.00 USD, or the next business date"),
        (
            {"daily_limit_minor": 500, "day": "20261124", "day_spent_minor": 500},
            1,
            "the next business date",
        ),
        ({"currency": "978"}, 1, "an amount in EUR"),
        ({}, 100_001, "at most 1000.00 USD"),
        ({"account": "a-empty"}, 1, "money in the account"),
    ],
)
def test_an_objection_says_what_would_have_passed(
    shop: Shop, limit: dict[str, object], minor: int, remedy: str
) -> None:
    """For whoever asks why: the greatest amount that would have done, or what else would."""
    shop.change(Card, "token-0010", **limit)
    assert not shop.ask(shop.purchase(minor=minor)).approved
    assert shop.remedy == remedy


def test_the_counters_of_the_day_are_told(shop: Shop) -> None:
    """Before and after, with the limit: moved by an approval, looked at by a decline."""
    shop.change(Card, "token-0010", daily_limit_minor=1_500)
    shop.ask(shop.purchase("K1"))
    assert shop.transaction("K1").counted == (
        Counted("card.day_amount", 0, 1_000, 1_500, "840"),
        Counted("card.day_count", 0, 1),
    )
    shop.ask(shop.purchase("K2"))
    assert shop.transaction("K2").counted == (
        Counted("card.day_amount", 1_000, 1_000, 1_500, "840"),
    )
    shop.ask(shop.purchase("K3", 500, flow=Flow.ADVICE))
    assert shop.transaction("K3").counted[1] == Counted("card.day_count", 1, 2)


def test_a_card_without_a_daily_limit_is_not_written(shop: Shop) -> None:
    """No counter, no record: a plain purchase stays cheap."""
    shop.ask(shop.purchase())
    assert shop.transaction("K1").counted == ()
    assert "card" not in {record.TABLE for record in shop.last.records}


# -- partial approval


def takes_less(shop: Shop) -> None:
    """A terminal that hands over goods for a part."""
    shop.change(Terminal, "T1", partial_approval=True)


@pytest.mark.parametrize(
    ("changes", "minor", "granted"),
    [
        ({}, 1_500, 1_000),
        ({"per_transaction_limit_minor": 400}, 900, 400),
        ({"daily_limit_minor": 700}, 900, 700),
        ({"daily_limit_minor": 700, "per_transaction_limit_minor": 400}, 900, 400),
        ({"daily_limit_minor": 700, "day": "20261124", "day_spent_minor": 600}, 900, 100),
        ({"per_transaction_limit_minor": 2_000}, 5_000, 1_000),
    ],
)
@pytest.mark.parametrize("captures", [True, False])
def test_less_is_approved_where_less_is_allowed(
    shop: Shop, changes: dict[str, object], minor: int, granted: int, captures: bool
) -> None:
    """The least of what limits and funds allow: told, put into effect, and counted."""
    takes_less(shop)
    shop.change(Card, "token-9995", **changes)
    answer = shop.ask(shop.purchase(minor=minor, pan=POOR, captures=captures))
    assert (answer.reason, answer.amount) == (Reason.PARTIAL, Money(granted, "840"))
    assert answer.approval_code
    kept = shop.transaction("K1")
    assert kept.state is State.PARTIAL
    assert (kept.amount, kept.amount_open) == (Money(minor, "840"), Money(granted, "840"))
    if captures:
        assert shop.balance("a-poor") == 1_000 - granted
        assert shop.balance("merchant:M1:840") == granted
    else:
        assert shop.held("a-poor") == shop.hold("K1").amount_minor == granted
    for counted in kept.counted[:1]:
        assert counted.after - counted.before == granted


def test_a_repeat_of_a_part_gets_the_part(shop: Shop) -> None:
    """INV-02: the same approved amount, even if more could be approved now."""
    takes_less(shop)
    request = shop.purchase(minor=1_500, pan=POOR)
    first = shop.ask(request)
    shop.change(Account, "a-poor", balance_minor=9_000)
    assert shop.ask(request) == first


def test_a_reversal_of_a_part_takes_the_part_back(shop: Shop) -> None:
    """INV-20: stated with the amount that was asked for, it undoes what was approved."""
    takes_less(shop)
    shop.ask(shop.purchase(minor=1_500, pan=POOR))
    assert shop.ask(shop.reversal(amount=Money(1_500, "840"))).approved
    assert (shop.balance("a-poor"), shop.balance("merchant:M1:840")) == (1_000, 0)


def test_the_message_may_say_that_its_terminal_can(shop: Shop) -> None:
    """Whatever the terminal's record says."""
    answer = shop.ask(shop.purchase(minor=1_500, pan=POOR, partial_capable=True))
    assert answer.reason is Reason.PARTIAL


@pytest.mark.parametrize(
    ("kind", "setting", "able", "flow", "reason"),
    [
        (Kind.PURCHASE, False, True, Flow.REQUEST, Reason.FUNDS_INSUFFICIENT),
        (Kind.PURCHASE, True, False, Flow.REQUEST, Reason.FUNDS_INSUFFICIENT),
        (Kind.CASH, True, True, Flow.REQUEST, Reason.FUNDS_INSUFFICIENT),
        (Kind.PREAUTH, True, True, Flow.REQUEST, Reason.PARTIAL),
        (Kind.PURCHASE, True, True, Flow.ADVICE, Reason.APPROVED),
    ],
)
def test_who_gets_a_part(
    shop: Shop, kind: Kind, setting: bool, able: bool, flow: Flow, reason: Reason
) -> None:
    """Where terminal and configuration say so; never of cash, and never of what has happened."""
    shop.settings = replace(shop.settings, authorization=Authorization(partial_approval=setting))
    shop.change(Terminal, "T1", partial_approval=able)
    answer = shop.ask(shop.purchase(minor=1_500, pan=POOR, kind=kind, flow=flow))
    assert answer.reason is reason
    if flow is Flow.ADVICE:
        assert (answer.amount, shop.balance("suspense:840")) == (None, -1_500)


def test_nothing_is_no_part(shop: Shop) -> None:
    """An empty account declines, whatever the terminal can."""
    takes_less(shop)
    shop.change(Account, "a-poor", balance_minor=0)
    assert shop.ask(shop.purchase(pan=POOR)).reason is Reason.FUNDS_INSUFFICIENT


@pytest.mark.parametrize(
    ("minor", "cash", "balance", "granted"),
    [
        (1_500, 400, 1_200, 1_100),  # enough for the goods: all of them, and no cash
        (1_500, 400, 1_000, 1_000),  # for a part of the goods
        (1_500, 1_500, 1_000, 0),  # cash alone is never approved in part
        (1_500, 400, 1_500, 1_500),  # enough for all
    ],
)
def test_a_part_of_a_purchase_with_cash_back_is_goods(
    shop: Shop, minor: int, cash: int, balance: int, granted: int
) -> None:
    """No odd cash is handed out, and no cash without goods."""
    takes_less(shop)
    shop.change(Account, "a-poor", balance_minor=balance)
    answer = shop.ask(cashback(shop, minor, Money(cash, "840"), pan=POOR))
    assert shop.balance("a-poor") == balance - granted
    kept = shop.transaction("K1")
    if granted == minor:
        assert (answer.reason, kept.amount_other) == (Reason.APPROVED, Money(cash, "840"))
    elif granted:
        assert (answer.amount, kept.amount_other) == (Money(granted, "840"), None)
    else:
        assert answer.reason is Reason.FUNDS_INSUFFICIENT


def test_too_much_cash_leaves_the_goods(shop: Shop) -> None:
    """The limit for cash stops the cash; a terminal that takes less sells the goods."""
    takes_less(shop)
    shop.change(Card, "token-0010", cash_limit_minor=300)
    answer = shop.ask(cashback(shop, 1_500, Money(400, "840")))
    assert (answer.reason, answer.amount) == (Reason.PARTIAL, Money(1_100, "840"))


AMOUNTS = st.integers(1, 3_000)
LIMITS = st.one_of(st.just(0), st.integers(1, 3_000))


@given(
    asked=st.lists(st.tuples(AMOUNTS, st.integers(0, 1_000), st.booleans()), max_size=6),
    balance=st.integers(0, 5_000),
    credit=st.integers(0, 500),
    once=LIMITS,
    daily=LIMITS,
    cash=LIMITS,
    able=st.booleans(),
)
def test_no_limit_is_passed_and_no_money_lost(
    asked: list[tuple[int, int, bool]],
    balance: int,
    credit: int,
    once: int,
    daily: int,
    cash: int,
    able: bool,
) -> None:
    """INV-40, INV-60: whatever is asked, approved amounts keep within every limit, a part is the
    most that does, and the books balance.
    """
    shop = Shop()
    shop.change(Terminal, "T1", partial_approval=able)
    shop.change(Account, "a-poor", balance_minor=balance, credit_limit_minor=credit)
    shop.change(
        Card,
        "token-9995",
        per_transaction_limit_minor=once,
        daily_limit_minor=daily,
        cash_limit_minor=cash,
    )
    spent = 0
    for number, (minor, part, captures) in enumerate(asked):
        kind = Kind.CASHBACK if 0 < part <= minor else Kind.PURCHASE
        other = Money(part, "840") if kind is Kind.CASHBACK else None
        goods = minor - (other.minor if other else 0)
        answer = shop.ask(
            shop.purchase(
                f"K{number}", minor, POOR, kind=kind, captures=captures, amount_other=other
            )
        )
        bounds = [balance + credit - spent]
        bounds += [once] if once else []
        bounds += [daily - spent] if daily else []
        most = min(bounds)
        cash_fits = other is None or not cash or other.minor <= cash
        kept = shop.transaction(f"K{number}")
        granted = 0 if kept.amount_open is None else kept.amount_open.minor
        if minor <= most and cash_fits:
            assert (answer.reason, granted) == (Reason.APPROVED, minor)
        elif able and min(most, goods) > 0:
            assert (answer.reason, granted) == (Reason.PARTIAL, min(most, goods))
        else:
            assert (answer.approved, granted) == (False, 0)
        spent += granted
    account = shop.store[Key("account", "a-poor")]
    assert isinstance(account, Account)
    assert account.available_minor == balance + credit - spent >= 0
    assert account.balance_minor + shop.balance("merchant:M1:840") == balance
    assert shop.balance("merchant:M1:840") + account.held_minor == spent
