"""Holds: their arithmetic, and their end when their time has come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.core import holds
from switch.core.ledger import Book
from switch.model.copies import replace
from switch.model.effects import SetTimer
from switch.model.records import Account, Hold, next_version
from switch.model.settings import Authorization
from switch.model.words import Flow, Kind, Reason, State
from switch.money import Money
from tests.core.conftest import Shop

DAY_US = 86_400 * 1_000_000
HOUR_US = 3_600 * 1_000_000


def a_book(shop: Shop) -> Book:
    """Working copies of the accounts of a shop."""
    rows = shop.no_rows()
    rows.fetched |= set(shop.store)
    return Book(shop.facts(rows))


def held(book: Book) -> int:
    """What is set aside on the rich card's account."""
    return book.account("a-visa", "840").held_minor


@given(
    st.integers(1, 10**12),
    st.lists(
        st.tuples(st.sampled_from(["lessen", "extend", "release"]), st.integers(-5, 10**12)),
        max_size=8,
    ),
)
def test_account_and_hold_agree_whatever_is_done(minor: int, steps: list[tuple[str, int]]) -> None:
    """INV-41: the account holds exactly what its hold says; a refused step changes neither."""
    book = a_book(Shop())
    hold = holds.open_hold(book, "K1", "a-visa", Money(minor, "840"), 1, 60)
    for what, by in steps:
        before = (hold.amount_minor, held(book))
        try:
            match what:
                case "lessen":
                    hold = holds.lessen(book, hold, by)
                case "extend":
                    hold = holds.extend(book, hold, by, 0)
                case _:
                    hold = holds.release(book, hold, holds.REVERSED)
        except ValueError:
            assert (hold.amount_minor, held(book)) == before
        assert held(book) == hold.amount_minor >= 0
        assert (hold.amount_minor == 0) is (hold.state != holds.OPEN)


@pytest.mark.parametrize("by", [0, -1, 100, 101])
def test_a_part_is_less_than_all(shop: Shop, by: int) -> None:
    """Who gives all back says why it ends; nobody gives back nothing."""
    book = a_book(shop)
    hold = holds.open_hold(book, "K1", "a-visa", Money(100, "840"), 1, 60)
    with pytest.raises(ValueError, match="of 100 in the open hold K1"):
        holds.lessen(book, hold, by)


def test_a_hold_is_resolved_once(shop: Shop) -> None:
    """INV-42: what has ended neither ends again, nor shrinks, nor grows."""
    book = a_book(shop)
    hold = holds.open_hold(book, "K1", "a-visa", Money(100, "840"), 1, 60)
    ended = holds.release(book, hold, holds.COMPLETED)
    assert (ended.state, ended.amount_minor, held(book)) == ("completed", 0, 0)
    with pytest.raises(ValueError, match="the completed hold K1"):
        holds.release(book, ended, holds.EXPIRED)
    with pytest.raises(ValueError, match="the completed hold K1"):
        holds.lessen(book, ended, 1)
    with pytest.raises(ValueError, match="the completed hold K1"):
        holds.extend(book, ended, 1, 0)
    with pytest.raises(ValueError, match="the open hold K1 cannot become open"):
        holds.release(book, hold, holds.OPEN)
    assert held(book) == 0


@pytest.mark.parametrize(("until_us", "expires_us"), [(5, 60_000_001), (70_000_000, 70_000_000)])
def test_an_extended_hold_ends_no_earlier(shop: Shop, until_us: int, expires_us: int) -> None:
    """More money under the same hold; its end only moves back."""
    hold = holds.open_hold(a_book(shop), "K1", "a-visa", Money(100, "840"), 1, 60)
    longer = holds.extend(a_book(shop), hold, 50, until_us)
    assert (longer.amount_minor, longer.expires_us, longer.version) == (150, expires_us, 2)


def test_when_a_hold_is_open_and_when_it_counts_as_expired() -> None:
    """INV-43: from the instant of expiry on, whether or not its timer has looked."""
    hold = Hold(
        id="K1", transaction="K1", account="a", amount_minor=1, currency="840", expires_us=100
    )
    ended = next_version(hold, state=holds.EXPIRED)
    assert (holds.is_open(hold, 99), holds.has_expired(hold, 99)) == (True, False)
    assert (holds.is_open(hold, 100), holds.has_expired(hold, 100)) == (False, True)
    assert (holds.is_open(ended, 99), holds.has_expired(ended, 99)) == (False, True)
    assert (holds.is_open(None, 1), holds.has_expired(None, 1)) == (False, False)
    completed = next_version(hold, state=holds.COMPLETED)
    assert (holds.is_open(completed, 99), holds.has_expired(completed, 200)) == (False, False)


@given(st.integers(0, 40 * DAY_US), st.integers(0, 40 * DAY_US))
def test_a_timer_looks_within_the_hour(expires_us: int, now_us: int) -> None:
    """INV-80: a step of the wall clock delays the end by an hour at most; never a time gone by."""
    hold = Hold(
        id="K1",
        transaction="K1",
        account="a",
        amount_minor=1,
        currency="840",
        expires_us=expires_us,
    )
    set_ = holds.timer(hold, now_us)
    assert (set_.name, set_.subject) == (holds.TIMER, "K1")
    assert 0 <= set_.delay_s <= 3_600
    rest_us = expires_us - now_us
    assert set_.delay_s == pytest.approx(min(3_600, max(0, rest_us / 1_000_000)))


@pytest.mark.parametrize(
    ("kind", "flow", "days"),
    [
        (Kind.PURCHASE, Flow.REQUEST, 7),
        (Kind.CASH, Flow.REQUEST, 7),
        (Kind.PREAUTH, Flow.REQUEST, 30),
        (Kind.PREAUTH, Flow.ADVICE, 30),
    ],
)
def test_how_long_a_hold_lasts(shop: Shop, kind: Kind, flow: Flow, days: int) -> None:
    """INV-43: seven days, thirty for a pre-authorization; the timer looks after an hour."""
    shop.wall_us = 5
    assert shop.ask(shop.purchase(kind=kind, flow=flow, captures=False)).approved
    assert shop.hold("K1").expires_us == 5 + days * DAY_US
    assert SetTimer("hold", "K1", 3_600.0) in shop.last.effects
    assert shop.held("a-visa") == 1_000


def test_durations_are_configured(shop: Shop) -> None:
    """A hold shorter than the hour is looked at when its time comes."""
    shop.settings = replace(
        shop.settings, authorization=Authorization(hold_s=60, preauthorization_hold_s=90)
    )
    shop.ask(shop.purchase("K1", captures=False))
    assert SetTimer("hold", "K1", 60.0) in shop.last.effects
    shop.ask(shop.purchase("K2", kind=Kind.PREAUTH))
    assert SetTimer("hold", "K2", 90.0) in shop.last.effects


def test_an_expired_hold_releases_its_rest_once(shop: Shop) -> None:
    """INV-43, INV-41: before its time the timer is set again; then the money is free, once."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH))
    shop.wall_us = 1 + 30 * DAY_US - 1
    early = shop.fire("K1")
    assert (early.records, early.effects) == ((), (SetTimer("hold", "K1", 1e-6),))
    shop.wall_us += 1
    shop.fire("K1")
    assert (shop.hold("K1").state, shop.hold("K1").amount_minor) == ("expired", 0)
    assert shop.held("a-visa") == 0
    assert shop.transaction("K1").state is State.EXPIRED
    assert shop.transaction("K1").amount_open == Money(0, "840")
    assert shop.transaction("K1").trail[-1].name == "expiry"
    assert shop.postings == []
    again = shop.fire("K1")
    assert (again.records, again.effects) == ((), ())


def test_a_repeat_after_expiry_gets_the_first_answer(shop: Shop) -> None:
    """INV-02: what was told stands, and holds nothing anew."""
    request = shop.purchase(kind=Kind.PREAUTH)
    first = shop.ask(request)
    shop.wall_us = 31 * DAY_US
    shop.fire("K1")
    assert shop.ask(request) == first
    assert shop.held("a-visa") == 0


def test_a_reversal_after_expiry_has_nothing_to_take_back(shop: Shop) -> None:
    """INV-21, INV-42: yes, and no effect."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH))
    shop.wall_us = 31 * DAY_US
    shop.fire("K1")
    assert shop.ask(shop.reversal()).reason is Reason.APPROVED
    assert (shop.held("a-visa"), shop.transaction("K1").state) == (0, State.EXPIRED)


def test_after_a_partial_reversal_the_rest_expires(shop: Shop) -> None:
    """INV-26, INV-43: exactly what is left is released."""
    shop.ask(shop.purchase(minor=1_000, kind=Kind.PREAUTH))
    shop.ask(shop.reversal(amount_remaining=Money(300, "840")))
    assert shop.held("a-visa") == 300
    shop.wall_us = 31 * DAY_US
    shop.fire("K1")
    assert (shop.held("a-visa"), shop.transaction("K1").state) == (0, State.EXPIRED)


def test_what_was_completed_before_its_hold_expired_stays_captured(shop: Shop) -> None:
    """INV-42: only the rest, which nobody claimed, is released."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH))
    shop.ask(shop.follower(Kind.COMPLETION, "C1", minor=400, final=False))
    shop.wall_us = 31 * DAY_US
    shop.fire("K1")
    first = shop.transaction("K1")
    assert (first.state, first.completed_minor, shop.held("a-visa")) == (State.EXPIRED, 400, 0)
    assert shop.balance("a-visa") == 99_600


@pytest.mark.parametrize("key", ["K1", "K2", "nobody"])
def test_a_timer_of_what_is_not_open_changes_nothing(shop: Shop, key: str) -> None:
    """INV-16: reversed before, captured at once, or never heard of."""
    shop.ask(shop.purchase("K1", kind=Kind.PREAUTH))
    shop.ask(shop.reversal())
    shop.ask(shop.purchase("K2"))
    shop.wall_us = 40 * DAY_US
    before = dict(shop.store)
    assert shop.fire(key).effects == ()
    assert shop.store == before


def test_a_hold_without_a_transaction_is_a_defect_of_the_data(shop: Shop) -> None:
    """INV-06: nothing is guessed."""
    shop.ask(shop.purchase(kind=Kind.PREAUTH))
    shop.put(replace(shop.hold("K1"), transaction="gone"))
    shop.wall_us = 40 * DAY_US
    with pytest.raises((ValueError, KeyError), match="gone"):
        shop.fire("K1")


@given(
    st.lists(
        st.tuples(st.integers(1, 400), st.sampled_from([Kind.PREAUTH, Kind.PURCHASE])), max_size=8
    ),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 40 * DAY_US)), max_size=12),
)
def test_whatever_expires_when_no_account_passes_its_limit(
    asked: list[tuple[int, Kind]], looks: list[tuple[int, int]]
) -> None:
    """INV-40, INV-41: holds of the account add up to what it holds, at every instant."""
    shop = Shop()
    for number, (minor, kind) in enumerate(asked):
        shop.ask(shop.purchase(f"K{number}", minor, "4000000000009995", kind=kind, captures=False))
    for number, now_us in sorted(looks, key=lambda look: look[1]):
        shop.wall_us = now_us
        shop.fire(f"K{number}")
        open_holds = [record for record in shop.store.values() if isinstance(record, Hold)]
        account = next(
            record
            for record in shop.store.values()
            if isinstance(record, Account) and record.id == "a-poor"
        )
        assert account.held_minor == sum(hold.amount_minor for hold in open_holds)
        assert account.available_minor >= 0
        for hold in open_holds:
            if hold.state == "expired":
                assert hold.expires_us <= now_us
