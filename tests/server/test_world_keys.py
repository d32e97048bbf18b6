"""Configured test keys and PINs become records once, and again where the configuration says others;
what was done at the running switch outlives a restart.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from switch.keys.master import MasterKey
from switch.keys.port import KeyRefused, KeySpec
from switch.keys.vault import SoftwareVault
from switch.model.records import Card, Configured, Key, Record, SealedKey, next_version
from switch.model.security import KeyUse
from switch.server.world import CardSeed, World, seed
from switch.server.world_keys import KeySeed
from switch.store.memory import MemoryStore
from switch.store.port import Change
from switch.values import ClearKey, Pin
from tests.leaks import leaks
from tests.server_room import PAN

# Keys of the vectors: pv-d005, pv-d006 (pin_verification.json).
PVK, OTHER = "29C8326751586D679B671508C413AED3", "2A58611A7AD60D46C7E99BCDB0610E02"
NAME = "issuer.demo.pvk"
SPEC = KeySpec("V2", "T", 16, "C")
VAULT = SoftwareVault(MasterKey(bytearray(range(32))), os.urandom)
TOKEN = VAULT.token(PAN)


def world(value: str = PVK, pin: str = "4711", spec: KeySpec = SPEC) -> World:
    """A key that verifies PINs, and a card with one."""
    card = CardSeed("visa", PAN, "4912", "active", "840", 100_00, 0, 0, 0)
    card = replace(card, issuer="demo", pin=Pin(pin), pin_method="visa-pvv", pin_key=NAME)
    card = replace(card, sequence="01", chip="visa-cvn10", verification=True)
    return World(cards=(card,), keys=(KeySeed(NAME, spec, ClearKey(value)),))


def write(store: MemoryStore, given: World) -> dict[str, int]:
    """A start or a reload with that configuration."""
    return seed(store, world=given, vault=VAULT, at_us=7)


def of(store: MemoryStore, kind: type[Any], record_id: str) -> Any:
    """The record as it is stored."""
    key = Key(kind.TABLE, record_id)
    return store.load([key])[key]


def sets(store: MemoryStore, record: Record, **changes: object) -> None:
    """What a command does."""
    store.append([Change("command", 8, (next_version(record, **changes),))])


def test_a_key_becomes_a_block_and_a_pin_a_reference() -> None:
    """SR-KEY-02, SR-SAD-01: neither is anywhere in the store or its journal; the vault's own
    reference is the card's.
    """
    store = MemoryStore()
    assert write(store, world()) == {
        "key": 1,
        "configured": 2,
        "card": 1,
        "account": 2,
        "posting": 1,
    }
    key, card = of(store, SealedKey, NAME), of(store, Card, TOKEN)
    assert (key.usage, key.mark, key.check_value, key.made_by) == (
        "V2",
        "test",
        "38A0D8",
        "configuration",
    )
    assert (card.issuer, card.sequence, card.chip, card.verification) == (
        "demo",
        "01",
        "visa-cvn10",
        True,
    )
    use = KeyUse(NAME, key.block)
    assert card.pin_reference == VAULT.pin_reference(Pin("4711"), PAN, "visa-pvv", use)
    assert not any(leaks(row.body, [PVK]) for row in store.journal())
    told = b"".join(row.body for row in store.journal())
    assert b'"4711"' not in told
    assert b"Pin" not in told


def test_the_same_configuration_is_written_once() -> None:
    """The block of a key is another each time it is made; what counts is the key in it."""
    store = MemoryStore()
    write(store, world())
    before = of(store, SealedKey, NAME)
    assert write(store, world()) == {}
    assert of(store, SealedKey, NAME) == before


def test_another_key_in_the_configuration_takes_its_place_and_the_pins_follow() -> None:
    """A test key is replaced at once, without overlap: it is the world that is another."""
    store = MemoryStore()
    write(store, world())
    first = of(store, Card, TOKEN).pin_reference
    assert write(store, world(OTHER)) == {"key": 1, "configured": 2, "card": 1}
    key, card = of(store, SealedKey, NAME), of(store, Card, TOKEN)
    assert (key.generation, key.former, key.changed_by) == (2, (), "configuration")
    use = KeyUse(NAME, key.block)
    second = VAULT.pin_reference(Pin("4711"), PAN, "visa-pvv", use)
    assert card.pin_reference == second != first


def test_another_pin_in_the_configuration_is_the_cards() -> None:
    """What is compared is the reference."""
    store = MemoryStore()
    write(store, world())
    before = of(store, Card, TOKEN).pin_reference
    assert write(store, world(pin="0815")) == {"configured": 1, "card": 1}
    assert of(store, Card, TOKEN).pin_reference != before


@pytest.mark.parametrize("how", ["rotated", "destroyed", "live"])
def test_what_was_done_with_a_key_at_the_running_switch_outlives_a_restart(how: str) -> None:
    """The configuration says the same as the last time, so it has no say; where its key is gone, a
    PIN's reference stays as it is, and the switch starts.
    """
    store = MemoryStore()
    write(store, world())
    reference = of(store, Card, TOKEN).pin_reference
    made = VAULT.make_key(replace(SPEC, mark="live" if how == "live" else "test"))
    changes: dict[str, dict[str, Any]] = {
        "rotated": {"block": made.block, "check_value": made.check_value, "generation": 2},
        "destroyed": {"block": "", "state": "destroyed"},
        "live": {"block": made.block, "check_value": made.check_value, "mark": "live"},
    }
    sets(store, of(store, SealedKey, NAME), **changes[how])
    stored = of(store, SealedKey, NAME)
    write(store, world())
    assert of(store, SealedKey, NAME) == stored
    if how == "rotated":
        use = KeyUse(NAME, made.block)
        reference = VAULT.pin_reference(Pin("4711"), PAN, "visa-pvv", use)
    assert of(store, Card, TOKEN).pin_reference == reference


def test_a_key_that_the_vault_does_not_take_is_refused_and_nothing_is_written() -> None:
    """SR-KEY-10: two equal halves are single DES."""
    store = MemoryStore()
    with pytest.raises(KeyRefused):
        write(store, world("0123456789ABCDEF" * 2))
    assert of(store, SealedKey, NAME) is None
    assert list(store.journal()) == []


def test_the_configuration_remembers_a_key_by_its_check_value_alone() -> None:
    """SR-KEY-08."""
    store = MemoryStore()
    write(store, world())
    values = of(store, Configured, f"key|{NAME}").values
    assert values["check_value"] == "38A0D8"
    assert set(values) == {
        *("usage", "algorithm", "mode", "exportability", "mark", "length", "check_value"),
    }


def test_the_pin_of_the_house_goes_to_the_vault() -> None:
    """Of cards that are enrolled: nothing of it is stored."""
    kept: list[Pin] = []

    class Noting(SoftwareVault):
        def __init__(self) -> None:
            super().__init__(MasterKey(bytearray(range(32))), os.urandom)
            self.keep_house_pin = kept.append  # type: ignore[assignment]

    seed(MemoryStore(), world=World(house_pin=Pin("1234")), vault=Noting(), at_us=0)
    assert kept == [Pin("1234")]
