"""An operator's commands: what they write, what they refuse, and that saying them again is safe."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.effects import Tell, Told
from switch.model.events import Moment, OperatorCommand
from switch.model.facts import Decision
from switch.model.records import Account, Card, Key, Merchant, Posting, Terminal
from switch.model.words import Reason
from tests.core.conftest import VISA, Shop

TOKEN = "token-0010"


def said(shop: Shop, command: str, /, **arguments: str) -> Told:
    """Let an operator say it; what it is told."""
    event = OperatorCommand(Moment(shop.wall_us, 1), command, "uid 0", arguments, 7)
    (told,) = [effect for effect in shop.decide(event).effects if isinstance(effect, Told)]
    assert told.ticket == 7
    return told


def refused(shop: Shop, command: str, /, **arguments: str) -> str:
    """It is refused, nothing is written; why."""
    told = said(shop, command, **arguments)
    assert not told.ok
    assert shop.last.records == ()
    return told.said


def of(shop: Shop, kind: type[Any], record_id: str) -> Any:
    """The record as it is stored."""
    return shop.store[Key(kind.TABLE, record_id)]


def sums(shop: Shop) -> int:
    """Of all balances."""
    return sum(one.balance_minor for one in shop.store.values() if isinstance(one, Account))


def test_a_new_terminal_takes_its_merchants_currency_and_zone(shop: Shop) -> None:
    """What is not said comes from the merchant, and a purchase works at once."""
    shop.minutes = {"Asia/Tokyo": 1}
    assert said(shop, "merchants.add", id="M9", currency="JPY", zone="Asia/Tokyo", name="Nine").ok
    told = said(shop, "terminals.add", id="T9", merchant="M9", partial_approval="yes")
    assert told.ok
    assert told.data == {
        "id": "T9",
        "merchant_id": "M9",
        "currency": "392",
        "zone": "Asia/Tokyo",
        "partial_approval": True,
        "changed": True,
    }
    assert of(shop, Terminal, "T9") == Terminal(
        id="T9", merchant_id="M9", currency="392", zone="Asia/Tokyo", partial_approval=True
    )
    assert of(shop, Merchant, "M9").name == "Nine"
    assert [one.data for one in shop.last.effects if isinstance(one, Tell)] == [
        {"who": "uid 0", "command": "terminals.add"}
    ]


def test_a_terminal_that_is_set_inactive_gets_no_approval(shop: Shop) -> None:
    """The command counts for the very next request, and can be taken back."""
    assert said(shop, "terminals.set", id="T1", status="inactive").ok
    assert shop.ask(shop.purchase("K1")).reason is Reason.TERMINAL_INACTIVE
    assert said(shop, "terminals.set", id="T1", status="active").ok
    assert shop.ask(shop.purchase("K2")).reason is Reason.APPROVED
    assert of(shop, Terminal, "T1").version == 3


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("terminals.add", {"id": "T1", "merchant": "M1"}, "is there already: use set"),
        ("terminals.add", {"id": "T2"}, "belongs to a merchant: name it"),
        ("terminals.add", {"id": "T2", "merchant": "M7"}, "no merchant 'M7': add it first"),
        ("terminals.add", {"id": " T2", "merchant": "M1"}, "cannot be an id: write 1 to 16"),
        ("terminals.add", {"id": "", "merchant": "M1"}, "cannot be an id"),
        ("terminals.add", {"id": "T2", "merchant": "M1", "zone": "Mars"}, "unknown time zone"),
        ("terminals.set", {"id": "T7", "status": "active"}, "no terminal 'T7': list shows"),
        ("terminals.set", {"id": "T1"}, "say what to set: there are merchant, status"),
        ("terminals.set", {"id": "T1", "merchant": "M7"}, "no merchant 'M7'"),
        ("terminals.set", {"id": "T1", "status": "off"}, "status: 'off' is none of active"),
        ("terminals.set", {"id": "T1", "colour": "red"}, "no 'colour' to set: there are merchant"),
        ("terminals.set", {"id": "T1", "partial_approval": "perhaps"}, "write yes or no"),
        ("merchants.add", {"id": "M1"}, "is there already"),
        ("merchants.add", {"id": "M" * 16}, "write 1 to 15"),
        ("merchants.add", {"id": "M3", "currency": "ZZZ"}, "currency: unknown currency 'ZZZ'"),
        ("merchants.add", {"id": "M3", "name": "Caf\u00e9"}, "printable ASCII"),
        ("merchants.set", {"id": "M3", "name": "x"}, "there is no merchant 'M3'"),
        ("cards.add", {"card": TOKEN}, "is there already: use set"),
        ("cards.add", {"card": "new", "balance": "1.234"}, "balance: '1.234' has 3 decimals"),
        ("cards.add", {"card": "new", "balance": "-5"}, "is no amount: write 12.34"),
        ("cards.add", {"card": "new", "currency": "ZZZ"}, "currency: unknown currency"),
        ("cards.add", {"card": "new", "expiry": "3013"}, "is no expiry: write YYMM"),
        ("cards.add", {"card": "new", "expiry": "\u0663\u0660\u0661\u0662"}, "is no expiry: write"),
        ("cards.add", {"card": "new", "expiry": "\u00b2\u00b2\u00b2\u00b2"}, "is no expiry: write"),
        ("cards.set", {"card": "other", "status": "lost"}, "there is no such card: list shows"),
        ("cards.set", {"card": TOKEN}, "say what to set: there are name, expiry, status"),
        ("cards.set", {"card": TOKEN, "currency": "978"}, "currency of a card stays"),
        ("cards.set", {"card": TOKEN, "status": "eaten"}, "none of active, blocked, lost, stolen"),
        ("cards.set", {"card": TOKEN, "mood": "x"}, "there is no 'mood' to set: there are name"),
        ("cards.sell", {"card": TOKEN}, "there is no command 'cards.sell'"),
    ],
)
def test_what_is_refused_says_what_to_do(
    shop: Shop, name: str, arguments: dict[str, str], why: str
) -> None:
    """Nothing is written, and the sentence names what was wrong and what may be said instead."""
    assert why in refused(shop, name, **arguments)


def test_a_new_card_starts_with_a_posting(shop: Shop) -> None:
    """INV-60: money comes from the account of opening balances, and the books stay at zero."""
    before = sums(shop)
    told = said(
        shop,
        "cards.add",
        card="new",
        pan_sealed="sealed-new",
        name="gold",
        balance="250",
        credit_limit="50.5",
        daily_limit="100",
        expiry="4912",
    )
    assert told.ok
    assert told.data == {"card": "new", "account": "card:new", "changed": True}
    card, account = of(shop, Card, "new"), of(shop, Account, "card:new")
    assert (card.name, card.daily_limit_minor, card.pan_sealed) == ("gold", 100_00, "sealed-new")
    assert (account.balance_minor, account.credit_limit_minor) == (250_00, 50_50)
    assert sums(shop) == before
    (posting,) = [one for one in shop.last.records if isinstance(one, Posting)]
    assert (posting.kind, posting.transaction) == ("opening", "")
    assert sum(entry.amount_minor for entry in posting.entries) == 0


def test_a_card_without_money_has_an_account_and_no_posting(shop: Shop) -> None:
    """There is nothing to post."""
    assert said(shop, "cards.add", card="new").ok
    assert of(shop, Account, "card:new") == Account(
        id="card:new", kind="cardholder", currency="840"
    )
    assert not [one for one in shop.last.records if isinstance(one, Posting)]


def test_a_balance_is_never_written_over(shop: Shop) -> None:
    """INV-61: the difference is a posting of its own, each time; all others stay."""
    assert said(shop, "cards.set", card=TOKEN, balance="900").ok
    assert said(shop, "cards.set", card=TOKEN, balance="1200").ok
    postings = [one for one in shop.store.values() if isinstance(one, Posting)]
    moved = [one.entries[1].amount_minor for one in postings if one.kind == "adjustment"]
    assert sorted(moved) == [-100_00, 300_00]
    assert of(shop, Account, "a-visa").balance_minor == 1_200_00
    assert of(shop, Account, "adjustment:840").balance_minor == -200_00
    assert sums(shop) == 0


def test_a_blocked_card_is_declined(shop: Shop) -> None:
    """The command counts for the very next request."""
    assert said(shop, "cards.set", card=TOKEN, status="blocked").ok
    assert shop.ask(shop.purchase("K1", pan=VISA)).reason is Reason.CARD_BLOCKED


def test_no_command_brings_an_account_below_its_limit(shop: Shop) -> None:
    """INV-40: what is held must stay covered by balance and credit limit."""
    shop.change(Account, "a-visa", held_minor=300_00)
    why = refused(shop, "cards.set", card=TOKEN, balance="250", credit_limit="20")
    assert "300.00 USD of the account is held" in why
    assert "30.00 USD short" in why
    assert said(shop, "cards.set", card=TOKEN, balance="250", credit_limit="50").ok


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("terminals.set", {"id": "T1", "status": "inactive", "zone": "UTC"}),
        ("merchants.set", {"id": "M1", "category": "5411"}),
        ("cards.set", {"card": TOKEN, "balance": "5", "credit_limit": "7", "status": "lost"}),
        ("cards.set", {"card": TOKEN, "cash_limit": "40"}),
    ],
)
def test_saying_it_again_changes_nothing(shop: Shop, name: str, arguments: dict[str, str]) -> None:
    """S-02: an operator whose answer was lost says it again."""
    assert said(shop, name, **arguments).data["changed"] is True
    before = dict(shop.store)
    again = said(shop, name, **arguments)
    assert again.ok
    assert again.data["changed"] is False
    assert shop.store == before


def test_where_nobody_waits_nobody_is_told(shop: Shop) -> None:
    """A command without a ticket leaves its records and its line in the log."""
    event = OperatorCommand(Moment(1, 1), "terminals.set", "uid 0", {"id": "T1", "zone": "UTC"})
    assert shop.decide(event).effects == ()
    event = OperatorCommand(Moment(1, 1), "cards.set", "uid 0", {"card": TOKEN, "name": "x"})
    assert [type(effect) for effect in shop.decide(event).effects] == [Tell]


_AMOUNTS = st.integers(0, 10**9).map(lambda minor: f"{minor // 100}.{minor % 100:02d}")


@given(st.lists(st.tuples(st.sampled_from(["balance", "credit_limit"]), _AMOUNTS), max_size=8))
def test_the_books_stay_at_zero_whatever_is_said(steps: list[tuple[str, str]]) -> None:
    """INV-60, INV-40: after any commands about money the sum over all accounts is unchanged and no
    account is below its limit.
    """
    shop = Shop()
    shop.change(Account, "a-visa", held_minor=100_00)
    for name, amount in steps:
        said(shop, "cards.set", card=TOKEN, **{name: amount})
        assert sums(shop) == 0
        assert of(shop, Account, "a-visa").available_minor >= 0


def test_a_decision_is_a_value(shop: Shop) -> None:
    """An unknown command is refused, not raised."""
    event = OperatorCommand(Moment(1, 1), "nonsense", "uid 0")
    assert isinstance(shop.decide(event), Decision)
