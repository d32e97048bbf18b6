"""Commands about keys, and about the security of terminals and cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switch.core.admin import COMMANDS, KEY_COMMANDS
from switch.model.effects import Tell, Told
from switch.model.events import Moment, OperatorCommand
from switch.model.records import Card, FormerKey, Key, SealedKey, Terminal
from tests.core.keyed import secure

if TYPE_CHECKING:
    from tests.core.conftest import Shop

PVK = "issuer.house.pvk"
MADE = {
    "name": PVK,
    "block": "D0112V2TC00E0000",
    "usage": "V2",
    "algorithm": "T",
    "mode": "C",
    "exportability": "E",
    "length": "16",
    "check_value": "08D7B4",
}


def say(shop: Shop, name: str, at_us: int = 1, /, **words: str) -> Told:
    """A command, and what was told."""
    shop.decide(OperatorCommand(Moment(at_us, 1), name, "ann, bob", words, 1))
    return next(effect for effect in shop.last.effects if isinstance(effect, Told))


def key(shop: Shop, name: str = PVK) -> SealedKey:
    """The key as it is stored."""
    record = shop.store[Key("key", name)]
    assert isinstance(record, SealedKey)
    return record


def install(shop: Shop, **more: str) -> Told:
    """A key under a name that has none."""
    return say(shop, "keys.install", **{**MADE, **more})


def test_a_key_is_installed_with_its_attributes(shop: Shop) -> None:
    """SR-KEY-14: who, when, check value, state; told to the log as well, the block is not."""
    told = install(shop)
    assert told.ok
    assert told.data["check_value"] == "08D7B4"
    assert key(shop) == SealedKey(
        id=PVK,
        block=MADE["block"],
        usage="V2",
        algorithm="T",
        mode="C",
        exportability="E",
        length=16,
        check_value="08D7B4",
        made_by="ann, bob",
        made_us=1,
    )
    logged = [effect for effect in shop.last.effects if isinstance(effect, Tell)]
    assert {"key.changed", "operator.changed"} == {tell.event for tell in logged}
    assert MADE["block"] not in repr(shop.last.effects)
    assert MADE["block"] not in repr(shop.last.trail)
    assert not install(shop).ok


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "issuer.house.pin"}, "no name of a key"),
        ({"name": ""}, "no name of a key"),
        ({"block": ""}, "key block"),
        ({"block": "D" * 3_000}, "key block"),
        ({"usage": ""}, "usage is missing"),
        ({"usage": "P0"}, "usage V2"),
        ({"check_value": ""}, "check_value is missing"),
        ({"mark": "blue"}, "mark"),
        ({"length": "long"}, "length"),
        ({"state": "destroyed"}, "state"),
    ],
)
def test_what_cannot_be_installed(shop: Shop, wrong: dict[str, str], said: str) -> None:
    """Each refusal says what is wrong; nothing is stored (SR-KEY-03: a name has its usages)."""
    told = install(shop, **wrong)
    assert not told.ok
    assert said in told.said
    assert not [found for found in shop.store if found.table == "key"]


def test_a_rotation_keeps_the_key_before_for_the_overlap(shop: Shop) -> None:
    """Former keys are accepted until their time has come."""
    install(shop)
    words = {**MADE, "block": "D0112V2TC00E0001", "check_value": "AABBCC"}
    assert say(shop, "keys.rotate", 1_000_000, **words, overlap_s="60").ok
    found = key(shop)
    assert (found.generation, found.check_value, found.changed_by) == (2, "AABBCC", "ann, bob")
    assert found.former == (FormerKey(MADE["block"], "08D7B4", 61_000_000),)
    assert say(shop, "keys.rotate", 2_000_000, **{**words, "block": "D2"}).ok
    assert [former.block for former in key(shop).former] == [MADE["block"]]


@pytest.mark.parametrize(
    "wrong", [{"mark": "live"}, {"overlap_s": "-1"}, {"overlap_s": "99999999"}, {"usage": "B0"}]
)
def test_what_cannot_be_rotated(shop: Shop, wrong: dict[str, str]) -> None:
    """SR-KEY-09: test and live never mix under one name."""
    assert not say(shop, "keys.rotate", **MADE).ok
    install(shop)
    before = key(shop)
    assert not say(shop, "keys.rotate", **{**MADE, **wrong}).ok
    assert key(shop) == before


def test_destroying_is_final(shop: Shop) -> None:
    """SR-KEY-14: the block is gone, with those before it; the name may be used again."""
    install(shop)
    say(shop, "keys.rotate", **MADE, overlap_s="60")
    assert say(shop, "keys.destroy", 9, name=PVK).ok
    gone = key(shop)
    assert (gone.block, gone.former, gone.state, gone.changed_us) == ("", (), "destroyed", 9)
    assert gone.check_value == "08D7B4"
    assert not say(shop, "keys.state", name=PVK, state="active").ok
    assert not say(shop, "keys.rotate", **MADE).ok
    assert say(shop, "keys.destroy", name=PVK).data["changed"] is False
    assert not say(shop, "keys.destroy", name="issuer.none.pvk").ok
    assert install(shop).ok
    assert (key(shop).generation, key(shop).state) == (3, "active")


def test_states(shop: Shop) -> None:
    """A key can wait, work, rest."""
    assert not say(shop, "keys.state", name=PVK, state="active").ok
    install(shop, state="pre_active")
    for state in ("active", "deactivated", "active"):
        assert say(shop, "keys.state", name=PVK, state=state).ok
        assert key(shop).state == state
    assert say(shop, "keys.state", name=PVK, state="active").data["changed"] is False
    assert not say(shop, "keys.state", name=PVK, state="destroyed").ok


def test_keys_are_no_operators_to_give() -> None:
    """What the desk offers operators has no command that stores a key block."""
    assert not {name for name in COMMANDS if name.startswith("keys.")}
    assert {"keys.install", "keys.rotate", "keys.state", "keys.destroy"} <= set(KEY_COMMANDS)


def test_the_security_of_a_terminal_is_set_by_name(shop: Shop) -> None:
    """Only to one that is configured."""
    secure(shop)
    assert say(shop, "terminals.set", id="T1", security="").ok
    assert not say(shop, "terminals.set", id="T1", security="none such").ok
    assert say(shop, "terminals.set", id="T1", security="s").ok
    terminal = shop.store[Key("terminal", "T1")]
    assert isinstance(terminal, Terminal)
    assert terminal.security == "s"


def test_a_terminal_is_unlocked(shop: Shop) -> None:
    """SR-PIN-06: an operator says that its failures are explained."""
    shop.change(Terminal, "T1", crypto_failures=20, crypto_failures_us=7)
    assert say(shop, "terminals.unlock", id="T1").ok
    terminal = shop.store[Key("terminal", "T1")]
    assert isinstance(terminal, Terminal)
    assert (terminal.crypto_failures, terminal.crypto_failures_us) == (0, 0)
    assert say(shop, "terminals.unlock", id="T1").data["changed"] is False
    assert not say(shop, "terminals.unlock", id="T9").ok


CARD_WORDS: dict[str, Any] = {
    "issuer": "demo",
    "sequence": "01",
    "pin_method": "ibm-3624",
    "pin_reference": "1234",
    "chip": "visa-cvn18",
    "verification": "yes",
}


def test_how_a_card_is_secured(shop: Shop) -> None:
    """Each word of it can be set, and is refused where it cannot be."""
    assert say(shop, "cards.set", card="token-0010", **CARD_WORDS).ok
    card = shop.store[Key("card", "token-0010")]
    assert isinstance(card, Card)
    found = {name: getattr(card, name) for name in CARD_WORDS}
    assert found == {**CARD_WORDS, "verification": True}
    for word in ({"sequence": "1"}, {"pin_method": "guess"}, {"pin_reference": "12"}):
        assert not say(shop, "cards.set", card="token-0010", **word).ok


def test_pin_tries_are_reset(shop: Shop) -> None:
    """M-12: an operator lets the PIN be tried again."""
    assert say(shop, "cards.reset_pin", card="token-0010").data["changed"] is False
    shop.change(Card, "token-0010", pin_tries_left=0)
    assert say(shop, "cards.reset_pin", card="token-0010").ok
    card = shop.store[Key("card", "token-0010")]
    assert isinstance(card, Card)
    assert card.pin_tries_left == 3
    assert not say(shop, "cards.reset_pin", card="token-none").ok
