"""The configured world: written once, renewed where the configuration changed, and only there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from switch.model.records import (
    Account,
    Card,
    Configured,
    Key,
    Merchant,
    Record,
    Terminal,
    next_version,
)
from switch.server.world import World, seed
from switch.store.memory import MemoryStore
from switch.store.port import Change
from tests.server_room import PAN, WORLD, FakeVault, fake_vault

TOKEN = FakeVault().token(PAN)


def write(store: MemoryStore, world: World = WORLD) -> dict[str, int]:
    """A start or a reload with that configuration."""
    return seed(store, world=world, vault=fake_vault(), at_us=7)


def of(store: MemoryStore, kind: type[Any], record_id: str) -> Any:
    """The record as it is stored."""
    key = Key(kind.TABLE, record_id)
    return store.load([key])[key]


def sets(store: MemoryStore, record: Record, **changes: object) -> None:
    """An operator's change."""
    store.append([Change("command", 8, (next_version(record, **changes),))])


def terminal(**changes: object) -> World:
    """The world with another terminal."""
    return replace(WORLD, terminals=(replace(WORLD.terminals[0], **changes),))  # type: ignore[arg-type]


def card(**changes: object) -> World:
    """The world with another card."""
    return replace(WORLD, cards=(replace(WORLD.cards[0], **changes),))  # type: ignore[arg-type]


def test_the_same_configuration_is_written_once() -> None:
    """A restart writes nothing; each thing configured is remembered as it was said."""
    store = MemoryStore()
    assert write(store) == {
        "merchant": 1,
        "terminal": 1,
        "card": 1,
        "configured": 3,
        "account": 2,
        "posting": 1,
    }
    assert write(store) == {}
    assert of(store, Configured, "terminal|T1").values == {
        "merchant_id": "SHOP",
        "status": "active",
        "currency": "840",
        "zone": "UTC",
        "partial_approval": "False",
        "security": "",
    }
    assert sum(one.balance_minor for one in store.scan("account")) == 0  # type: ignore[attr-defined]


def test_what_an_operator_set_outlives_a_restart() -> None:
    """The configuration says the same as the last time, so it has no say."""
    store = MemoryStore()
    write(store)
    sets(store, of(store, Terminal, "T1"), status="inactive")
    sets(store, of(store, Merchant, "SHOP"), name="Corner shop")
    sets(store, of(store, Card, TOKEN), status="lost")
    account = of(store, Card, TOKEN).account
    sets(store, of(store, Account, account), credit_limit_minor=5_00)
    assert write(store) == {}
    assert of(store, Terminal, "T1").status == "inactive"
    assert of(store, Card, TOKEN).status == "lost"
    assert of(store, Account, account).credit_limit_minor == 5_00


def test_a_changed_value_of_the_configuration_is_applied_and_no_other() -> None:
    """Its newer word counts for that value; what an operator set besides stays."""
    store = MemoryStore()
    write(store)
    sets(store, of(store, Terminal, "T1"), status="inactive", zone="Asia/Tokyo")
    assert write(store, terminal(zone="Europe/Berlin")) == {"terminal": 1, "configured": 1}
    found = of(store, Terminal, "T1")
    assert (found.status, found.zone) == ("inactive", "Europe/Berlin")
    sets(store, of(store, Card, TOKEN), status="lost", name="mine")
    write(store, card(status="blocked"))
    assert (of(store, Card, TOKEN).status, of(store, Card, TOKEN).name) == ("blocked", "mine")


def test_the_configuration_can_take_a_value_back() -> None:
    """Said, changed and said again: each time it differs from the last time."""
    store = MemoryStore()
    write(store)
    write(store, terminal(status="inactive"))
    write(store)
    assert of(store, Terminal, "T1").status == "active"


def test_a_thing_that_was_there_before_takes_the_configurations_values() -> None:
    """A terminal that was enrolled, or stored by an older program, and is configured now."""
    store = MemoryStore()
    newcomer = Terminal(id="T1", merchant_id="SHOP", currency="978", signed_on=True)
    store.append([Change("request", 1, (newcomer,))])
    write(store)
    found = of(store, Terminal, "T1")
    assert (found.currency, found.signed_on) == ("840", True)


def test_a_lower_credit_limit_ends_where_the_account_has_come_to() -> None:
    """INV-40: an account in use is never left below its limit."""
    store = MemoryStore()
    write(store, card(credit_limit_minor=80_00))
    account = of(store, Account, of(store, Card, TOKEN).account)
    sets(store, account, held_minor=150_00)
    write(store, card(credit_limit_minor=10_00))
    after = of(store, Account, account.id)
    assert (after.credit_limit_minor, after.available_minor) == (50_00, 0)
