"""What was done with keys, as a record: once, named, with its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switch.core.admin import COMMANDS, KEY_COMMANDS
from switch.core.admin_deeds import COMMAND, OUTCOMES
from switch.model.effects import Told
from switch.model.events import Moment, OperatorCommand
from switch.model.records import Key, KeyDeed

if TYPE_CHECKING:
    from tests.core.conftest import Shop

WORDS = {
    "id": "0001",
    "what": "keys.export",
    "key": "zone.bank.zpk",
    "officers": "alice,bob",
    "outcome": "permitted",
    "said": "under zone.bank.zmk",
}


def say(shop: Shop, /, ticket: int = 1, **words: str) -> list[object]:
    """A deed is told of; the effects."""
    shop.decide(OperatorCommand(Moment(7, 1), COMMAND, "uid 7", {**WORDS, **words}, ticket))
    return list(shop.last.effects)


def test_a_deed_is_kept_with_who_when_and_what(shop: Shop) -> None:
    """SR-AUD-02: and nothing else is said of it, to the log neither; the desk tells."""
    assert say(shop) == [Told(1, True, "written down", {"id": "0001"})]
    assert shop.store[Key("key_deed", "0001")] == KeyDeed(
        id="0001",
        at_us=7,
        what="keys.export",
        name="zone.bank.zpk",
        who="uid 7",
        officers=("alice", "bob"),
        outcome="permitted",
        said="under zone.bank.zmk",
    )
    assert say(shop, 0, id="0002", officers="") == []
    deed = shop.store[Key("key_deed", "0002")]
    assert isinstance(deed, KeyDeed)
    assert deed.officers == ()


@pytest.mark.parametrize(
    ("words", "why"),
    [({"id": ""}, "a number of its own"), ({"outcome": "done"}, "is one of permitted")],
)
def test_what_is_no_deed_is_refused(shop: Shop, words: dict[str, str], why: str) -> None:
    """Nothing is kept of it."""
    (told,) = say(shop, 1, **words)
    assert isinstance(told, Told)
    assert not told.ok
    assert why in told.said
    assert not [key for key in shop.store if key.table == "key_deed"]


def test_a_deed_is_written_once(shop: Shop) -> None:
    """What is written down stays as it was."""
    say(shop)
    (told,) = say(shop, outcome="refused")
    assert isinstance(told, Told)
    assert not told.ok
    deed = shop.store[Key("key_deed", "0001")]
    assert isinstance(deed, KeyDeed)
    assert deed.outcome == "permitted"


def test_every_outcome_can_be_written(shop: Shop) -> None:
    """And no operator's line can."""
    for number, outcome in enumerate(OUTCOMES):
        (told,) = say(shop, id=f"1{number}", outcome=outcome)
        assert isinstance(told, Told)
        assert told.ok
    assert COMMAND in KEY_COMMANDS
    assert COMMAND not in COMMANDS
