"""switch.server.desk: card numbers come in once, go no further, and leave masked."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from typing import Any

import pytest
import trio

from switch.keys.master import MasterKey
from switch.keys.vault import SoftwareVault
from switch.model.events import Event, OperatorCommand
from switch.model.records import Card
from switch.server import desk as desk_module
from switch.server.desk import Desk
from switch.server.world import CardSeed, World, seed
from switch.values import Pan
from tests.memory_view import MemoryView
from tests.server_room import PAN, WORLD, Room, room

NEW = "4761739001010028"
OUTSIDER = "5413330089010434"


class Counter:
    """A desk in front of an engine that notes what it is asked."""

    def __init__(self, world: World = WORLD) -> None:
        self.vault = vault = SoftwareVault(MasterKey(bytearray(range(32))), os.urandom)
        self.room: Room = room(world=world, vault=vault)
        self.heard: list[Event] = []
        inner = self.room.engine.submit

        def submit(event: Event) -> None:
            self.heard.append(event)
            inner(event)

        self.room.engine.submit = submit  # type: ignore[method-assign]
        view = lambda: MemoryView(self.room.store.inner)  # noqa: E731
        self.desk = Desk(self.room.engine, vault, view)

    async def says(self, command: str, /, **arguments: Any) -> dict[str, Any]:
        """What the operator hears, as it goes over the socket."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.room.engine.run)
            line = {"command": command, "arguments": arguments}
            said = await self.desk.answer(command, line, "uid 7")
            nursery.cancel_scope.cancel()
        return dict(json.loads(json.dumps(said)))


def with_luhn(digits: str) -> str:
    """The digits with the check digit that fits."""
    return next(number for end in range(10) if Pan(number := f"{digits}{end}").luhn_ok)


async def test_a_new_card_is_sealed_before_anything_else_sees_it() -> None:
    """SR-PAN-03: neither event, journal nor answer holds its number; the vault opens it again."""
    counter = Counter()
    number = with_luhn(NEW[:-1])
    said = await counter.says("cards.add", card=number, name="gold", balance="12.50")
    assert said["ok"]
    assert said["card"] == f"{number[:6]}******{number[-4:]}"
    (command,) = [event for event in counter.heard if isinstance(event, OperatorCommand)]
    assert command.who == "uid 7"
    assert number not in repr(command)
    assert number not in json.dumps(said)
    assert not any(number.encode() in row.body for row in counter.room.store.journal())
    listed = await counter.says("cards.list")
    assert {row["name"]: row["balance_minor"] for row in listed["cards"]} == {
        "gold": 12_50,
        "visa": 100_00,
    }


@pytest.mark.parametrize("meant", ["visa", "4761739001010010"])
async def test_a_card_is_called_by_name_or_number(meant: str) -> None:
    """The answer names it masked, either way."""
    counter = Counter()
    said = await counter.says("cards.set", card=meant, status="lost")
    assert (said["ok"], said["card"], said["changed"]) == (True, "476173******0010", True)
    (card,) = [row for row in counter.room.store.scan("card") if isinstance(row, Card)]
    assert card.status == "lost"


async def test_names_that_are_no_one_cards() -> None:
    """The sentence says what to give instead. A file may name a card as an operator
    has named another one.
    """
    twin = replace(WORLD.cards[0], pan=Pan(with_luhn(NEW[:-1])))
    counter = Counter()
    seed(counter.room.store, world=World(cards=(twin,)), vault=counter.vault, at_us=0)
    said = await counter.says("cards.set", card="visa", status="lost")
    assert said["error"] == "2 cards are called 'visa': give the number of the one meant"
    said = await counter.says("cards.set", card="gold", status="lost")
    assert said["error"] == "no card is called 'gold': cards list shows those that are"


@pytest.mark.parametrize("meant", ["4761 7390 0101 0010", "4761-7390-0101-0010"])
async def test_a_number_may_be_written_with_gaps(meant: str) -> None:
    """As it stands on the card."""
    said = await Counter().says("cards.set", card=meant, status="lost")
    assert (said["ok"], said["card"]) == (True, PAN.masked)


@pytest.mark.parametrize("command", ["cards.add", "cards.set"])
@pytest.mark.parametrize(
    "meant", ["x4761739001010010", "4761.7390.0101.0010 4761739001010010", "4761 7390 0101 0011"]
)
async def test_no_refusal_repeats_a_card_number(command: str, meant: str) -> None:
    """SR-PAN-01: whatever else is written around it."""
    said = await Counter().says(command, card=meant, status="lost")
    assert not said["ok"]
    assert not re.search("[0-9]{7}", re.sub("[ .-]", "", said["error"]))


async def test_short_digits_with_gaps_are_a_name() -> None:
    """Only what is as long as a card number is one."""
    said = await Counter().says("cards.set", card="12-34", status="lost")
    assert "no card is called '12-34'" in said["error"]


@pytest.mark.parametrize("command", ["cards.add", "cards.set"])
async def test_a_name_is_of_one_card_and_no_number(command: str) -> None:
    """Names are shown and call cards: neither another card's, nor digits that may be a number."""
    counter = Counter()
    number = with_luhn(NEW[:-1])
    if command == "cards.set":
        assert (await counter.says("cards.add", card=number))["ok"]
    counter.heard.clear()
    said = await counter.says(command, card=number, name="visa")
    assert said["error"] == "476173******0010 is called 'visa' already: take another name"
    for name in (number, f"no. {number}", "4711"):
        said = await counter.says(command, card=number, name=name)
        assert "it reads as a card number" in said["error"]
        assert number not in json.dumps(said)
    assert counter.heard == []
    assert (await counter.says(command, card=number, name="gold"))["ok"]
    assert (await counter.says("cards.set", card="gold", name="gold"))["ok"]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("4761739001010029", "the check digit of the card number does not fit"),
        ("47617390010", "has 12 to 19 digits, this one has 11"),
        (OUTSIDER, "541333******0434 is in none of settings.test_ranges (4761739)"),
        ("gold", "is named by its number"),
        ("", "is named by its number"),
    ],
)
async def test_what_cannot_be_added_is_refused_without_its_number(number: str, why: str) -> None:
    """SR-SAD-05, M-19: test ranges only; no sentence repeats the digits."""
    counter = Counter()
    said = await counter.says("cards.add", card=number)
    assert not said["ok"]
    assert why in said["error"]
    assert len(number) < 12 or number not in json.dumps(said)
    assert counter.heard == []


async def test_a_seal_from_outside_is_not_taken() -> None:
    """What is stored as sealed was sealed here."""
    counter = Counter()
    number = with_luhn(NEW[:-1])
    assert (await counter.says("cards.add", card=number, pan_sealed="forged"))["ok"]
    (command,) = [event for event in counter.heard if isinstance(event, OperatorCommand)]
    assert command.arguments["pan_sealed"] != "forged"


@pytest.mark.parametrize(
    "arguments",
    [
        {"card": 5},
        {"card": "x" * 201},
        {f"n{number}": "" for number in range(21)},
        {"x" * 201: ""},
    ],
)
async def test_arguments_that_are_no_texts_are_refused(arguments: dict[str, Any]) -> None:
    """INV-95: few, short texts; anything else never gets as far as the engine."""
    counter = Counter()
    said = await counter.says("cards.set", **arguments)
    assert "arguments are at most 20 texts" in said["error"]
    said = await counter.desk.answer("cards.set", {"arguments": "nonsense"}, "x")
    assert not said["ok"]
    assert counter.heard == []


async def test_cards_are_listed_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """INV-95: an answer is bounded; the next page begins where this one ends."""
    monkeypatch.setattr(desk_module, "PAGE", 2)
    numbers = [with_luhn(f"47617390010{number:04d}") for number in range(5)]
    seeds = [CardSeed(f"c{n}", Pan(digits), "", "active", "840", n, 0, 0, 0)
             for n, digits in enumerate(numbers)]  # fmt: skip
    counter = Counter(World(WORLD.merchants, WORLD.terminals, seeds))
    after, found, pages = "", list[str](), 0
    while True:
        said = await counter.says("cards.list", after=after)
        found += [row["name"] for row in said["cards"]]
        pages += 1
        after = said["next"]
        if not after:
            break
    assert sorted(found) == ["c0", "c1", "c2", "c3", "c4"]
    assert pages == 3


def test_the_public_test_number_is_in_the_rooms_range() -> None:
    """The tests above rely on it."""
    assert PAN.starts_with("4761739")
