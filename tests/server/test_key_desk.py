"""switch.server.key_desk: what is done with test keys, what is written down, what leaves in clear,
with the vault and the core behind it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio

from switch.keys.ciphers import xor
from switch.keys.dukpt_tdes import initial_key
from switch.keys.key_block import unwrap
from switch.keys.port import KeySpec
from switch.model.events import OperatorCommand
from switch.model.ksn import parse
from switch.model.records import SealedKey
from switch.model.security import KeyUse
from switch.server.desk import Desk
from switch.server.key_words import SHAPES
from tests.key_counter import BDK, KEK, KSN, NEW, OTHER, PVK, Counter
from tests.leaks import leaks
from tests.memory_view import MemoryView


async def test_a_test_key_is_made_by_one_person() -> None:
    """One person, no token; journalled before it is told (SR-AUD-07)."""
    counter = Counter()
    said = await counter.says("keys.generate", name=NEW, algorithm="tdes-2")
    assert (said["ok"], said["usage"], said["mark"]) == (True, "P0", "test")
    key = counter.key(NEW)
    assert key is not None
    assert key.check_value == said["check_value"]
    assert key.made_by == "uid 7"
    assert counter.vault.attributes(KeyUse(NEW, key.block)) == KeySpec("P0", "T", 16, "B")
    assert counter.deeds == [("keys.generate", NEW, "permitted", ())]
    commands = [e.name for e in counter.heard if isinstance(e, OperatorCommand)]
    assert commands == ["keys.deed", "keys.install"]


async def test_a_key_in_clear_goes_to_the_vault_and_nowhere_else() -> None:
    """SR-KEY-01, SR-KEY-13: no event, record, log line or answer has it, in any dress."""
    counter = Counter()
    said = await counter.says(
        "keys.import", name="issuer.b.pvk", algorithm="tdes-2", value=f"{OTHER[:16]} {OTHER[16:]}"
    )
    assert said["ok"]
    assert leaks(counter.written() + json.dumps(said).encode(), [OTHER]) == []
    key = counter.key("issuer.b.pvk")
    assert key is not None
    assert counter.vault.key_check_value(KeyUse(key.id, key.block)) == said["check_value"]


@pytest.mark.parametrize(
    ("command", "words", "why"),
    [
        ("keys.generate", {"name": NEW}, "algorithm is missing"),
        ("keys.generate", {"algorithm": "tdes-2"}, "name is missing"),
        ("keys.generate", {"name": NEW, "algorithm": "rot-13"}, "algorithm is one of tdes-2"),
        ("keys.generate", {"name": "issuer.x.tpk", "algorithm": "tdes-2"}, "no key is called that"),
        ("keys.generate", {"name": "bdk.FFFF987654", "algorithm": "tdes-2"}, "is a key"),
        ("keys.generate", {"name": NEW, "algorithm": "tdes-2", "usage": "B0"}, "is for P0"),
        ("keys.generate", {"name": NEW, "algorithm": "des"}, "has algorithm"),
        ("keys.generate", {"name": NEW, "algorithm": "tdes-2", "mood": "good"}, "no argument"),
        ("keys.import", {"name": NEW, "algorithm": "tdes-2"}, "in clear (test keys), as a block"),
        ("keys.import", {"name": NEW, "algorithm": "tdes-2", "value": "xy"}, "is hex digits"),
        ("keys.import", {"name": NEW, "algorithm": "tdes-3", "value": OTHER}, "bytes"),
        (
            "keys.import",
            {"name": NEW, "algorithm": "tdes-2", "value": OTHER, "live": "yes"},
            "never in clear",
        ),
        ("keys.import", {"name": NEW, "block": "D01", "kek": "zone.b.zmk"}, "no key zone.b.zmk"),
        ("keys.import", {"name": NEW, "block": "B0", "kek": "zone.bank.zmk"}, "key block"),
        ("keys.export", {"name": NEW, "kek": "zone.bank.zmk"}, f"there is no key {NEW}"),
        ("keys.export", {"name": "issuer.demo.pvk", "kek": "bdk.FFFF987654"}, "must not"),
        (
            "keys.export",
            {"name": "issuer.demo.pvk", "kek": "zone.bank.zmk", "form": "paper"},
            "form is tr31 or cryptogram",
        ),
        ("keys.rotate", {"name": NEW}, "there is no key"),
        ("keys.rotate", {"name": "issuer.demo.pvk", "overlap_s": "soon"}, "is a number"),
        ("keys.state", {"name": "issuer.demo.pvk", "state": "asleep"}, "is one of"),
        ("keys.destroy", {"name": NEW}, "there is no key"),
        ("keys.sheet", {"name": "issuer.demo.pvk", "count": "99"}, "1 to"),
        ("keys.initial_key", {"ksn": "123456789012345600000000"}, "no base derivation key"),
        ("keys.initial_key", {"ksn": "FFFF98765432"}, "no base derivation key"),
        ("keys.inject", {"name": "bdk.FFFF987654", "algorithm": "A"}, "is a key of algorithm T"),
        ("keys.components", {"step": "jump"}, "step is one of begin, add, drop"),
        ("keys.components", {"step": "add", "ticket": "x", "check_value": "00"}, "no components"),
        ("keys.approve", {"id": "x"}, "an officer approves"),
    ],
)
async def test_what_cannot_be_done_is_refused_and_written_down(
    command: str, words: dict[str, str], why: str
) -> None:
    """SR-AUD-01: what, why and by whom; nothing is changed, no secret is repeated."""
    counter = Counter()
    before = {key.id: key for key in counter.room.store.scan("key")}
    said = await counter.says(command, **words)
    assert not said["ok"]
    assert why in said["error"]
    assert {key.id: key for key in counter.room.store.scan("key")} == before
    assert counter.outcomes[-1] in ("refused", "failed")
    assert leaks(counter.written() + json.dumps(said).encode(), [OTHER, BDK, PVK, KEK]) == []


async def test_a_key_in_the_place_of_a_name_is_not_repeated() -> None:
    """A slip of the hand on the command line must not end in the log."""
    counter = Counter()
    for command in ("keys.rotate", "keys.generate", "keys.sheet"):
        words = {"name": OTHER} | ({"algorithm": "tdes-2"} if command == "keys.generate" else {})
        said = await counter.says(command, **words)
        assert not said["ok"]
        assert OTHER not in json.dumps(said)
    assert leaks(counter.written(), [OTHER]) == []


async def test_a_rotated_key_leaves_the_one_before_for_a_while() -> None:
    """The overlap is the core's to keep; another key is in the block."""
    counter = Counter()
    before = counter.key("issuer.demo.pvk")
    said = await counter.says("keys.rotate", name="issuer.demo.pvk", overlap_s="60")
    key = counter.key("issuer.demo.pvk")
    assert key is not None
    assert before is not None
    assert said["generation"] == key.generation == 2
    (former,) = key.former
    assert (former.block, former.check_value) == (before.block, before.check_value)
    assert former.until_us == counter.room.clock.now().wall_us + 60_000_000
    assert key.check_value != before.check_value
    assert counter.vault.attributes(KeyUse(key.id, key.block)) == KeySpec("V2", "T", 16, "C")


async def test_a_destroyed_key_is_gone_and_its_name_free() -> None:
    """SR-KEY-14: final; whoever wants it back makes another one."""
    counter = Counter()
    assert (await counter.says("keys.destroy", name="issuer.demo.pvk"))["state"] == "destroyed"
    key = counter.key("issuer.demo.pvk")
    assert key is not None
    assert (key.block, key.former) == ("", ())
    assert "no key" in (await counter.says("keys.sheet", name="issuer.demo.pvk"))["error"]
    assert (await counter.says("keys.generate", name="issuer.demo.pvk", algorithm="tdes-2"))["ok"]


async def test_a_key_can_be_taken_out_of_use_and_put_back() -> None:
    """State alone changes."""
    counter = Counter()
    for state in ("deactivated", "active"):
        said = await counter.says("keys.state", name="issuer.demo.pvk", state=state)
        assert said["state"] == state
    assert [deed["said"] for deed in await said_of(counter)] == ["deactivated", "active"]


async def said_of(counter: Counter) -> list[dict[str, Any]]:
    """What is listed of what was done with keys."""
    deeds: list[dict[str, Any]] = (await counter.says("keys.deeds"))["deeds"]
    return deeds


async def test_the_trail_says_what_was_made_of_a_key() -> None:
    """SR-AUD-07: the check value of each generation, and how long the one before is accepted."""
    counter = Counter()
    made = await counter.says("keys.generate", name=NEW, algorithm="tdes-2")
    other = await counter.says("keys.rotate", name=NEW, overlap_s="60")
    assert [deed["said"] for deed in await said_of(counter)] == [
        f"check value {made['check_value']}",
        f"check value {other['check_value']}, the one before for 60 s more",
    ]


@pytest.mark.parametrize(("given", "shown"), [("52315364", "52315364: "), (OTHER, "")])
async def test_what_was_not_approved_is_named_in_the_trail(given: str, shown: str) -> None:
    """By its id; what is no id might be a secret in the wrong place."""
    counter = Counter()
    said = await counter.says("keys.approve", id=given)
    assert "an officer approves" in said["error"]
    (deed,) = await said_of(counter)
    assert deed["said"] == f"{shown}{said['error']}"


async def test_a_key_goes_out_and_comes_in_under_a_shared_key() -> None:
    """TR-31 both ways: the block that leaves opens under the shared key, and can be taken in."""
    counter = Counter()
    said = await counter.says("keys.export", name="issuer.demo.pvk", kek="zone.bank.zmk")
    assert bytes(unwrap(bytes.fromhex(KEK), said["text"]).key).hex().upper() == PVK
    assert leaks(json.dumps(said).encode() + counter.written(), [PVK, KEK]) == []
    back = await counter.says(
        "keys.import", name="issuer.two.pvk", block=said["text"], kek="zone.bank.zmk"
    )
    assert back["check_value"] == said["check_value"]


async def test_a_bare_cryptogram_is_for_who_says_so() -> None:
    """SR-KEY-02: only with ``legacy``, under a key that is for it, with a check value that fits."""
    counter = Counter()
    await counter.says(
        "keys.import", name="zone.old.zmk", algorithm="tdes-2", usage="K0", value=KEK
    )
    await counter.says(
        "keys.import", name="issuer.two.pvk", algorithm="tdes-2", exportability="S", value=OTHER
    )
    words = {"name": "issuer.two.pvk", "kek": "zone.old.zmk", "form": "cryptogram"}
    assert not (await counter.says("keys.export", **words))["ok"]
    said = await counter.says("keys.export", **words, legacy="yes")
    assert (said["form"], len(said["text"])) == ("cryptogram", 32)
    take = {
        "name": "issuer.three.pvk",
        "algorithm": "tdes-2",
        "cryptogram": said["text"],
        "kek": "zone.old.zmk",
        "check_value": said["check_value"],
    }
    assert not (await counter.says("keys.import", **take))["ok"]
    assert not (await counter.says("keys.import", **{**take, "check_value": "0000"}, legacy="yes"))[
        "ok"
    ]
    assert (await counter.says("keys.import", **take, legacy="yes"))["ok"]


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_a_sheet_has_components_that_make_the_key(count: int) -> None:
    """For whoever owns the socket; with check values, and nothing of it in event, record or log."""
    counter = Counter()
    said = await counter.says("keys.sheet", name="issuer.demo.pvk", count=str(count))
    parts = [bytearray.fromhex(part["value"]) for part in said["components"]]
    whole = bytearray(16)
    for part in parts:
        whole = xor(whole, part)
    assert len(parts) == count
    assert whole.hex().upper() == PVK
    assert said["check_value"] == "38A0D8"
    assert ("key" in said) == (count == 1)
    assert leaks(counter.written(), [PVK, *(part.hex().upper() for part in parts)]) == []
    assert counter.deeds == [("keys.sheet", "issuer.demo.pvk", "permitted", ())]


async def test_the_initial_key_of_a_device_can_be_injected() -> None:
    """The base key is found by the key serial number; the key is that of ANSI X9.24-1."""
    counter = Counter()
    said = await counter.says("keys.initial_key", ksn=KSN.lower())
    expected = initial_key(bytes.fromhex(BDK), parse(KSN)).hex().upper()
    assert (said["key"], said["ksn"]) == (expected, KSN)
    assert leaks(counter.written(), [expected]) == []
    under = await counter.says("keys.initial_key", ksn=KSN, kek="zone.bank.zmk")
    assert "key" not in under
    assert bytes(unwrap(bytes.fromhex(KEK), under["text"]).key).hex().upper() == expected


async def test_a_terminal_gets_its_key_made_once() -> None:
    """``keys.inject``: made where there is none, the same one when asked again."""
    counter = Counter()
    first = await counter.says("keys.inject", name="terminal.T1.tmk", algorithm="T")
    again = await counter.says("keys.inject", name="terminal.T1.tmk", algorithm="T")
    assert first["key"] == again["key"]
    assert first["check_value"] == again["check_value"]
    assert leaks(counter.written(), [first["key"]]) == []
    key = counter.key("terminal.T1.tmk")
    assert key is not None
    assert (key.usage, key.algorithm) == ("K1", "T")


async def test_components_make_a_key_inside_the_vault() -> None:
    """SR-KEY-06: each confirmed by its check value; the exclusive or is never outside."""
    counter = Counter()
    begun = await counter.says(
        "keys.components", step="begin", name=NEW, algorithm="tdes-2", count="2"
    )
    ticket = begun["ticket"]
    parts = {PVK: "38A0D8", OTHER: ""}
    pair = counter.vault.import_clear(KeySpec("V2", "T", 16, "C"), bytearray.fromhex(OTHER))
    parts[OTHER] = pair.check_value
    wrong = await counter.says(
        "keys.components", step="add", ticket=ticket, check_value="000000", component=PVK
    )
    assert "check value" in wrong["error"]
    said: dict[str, Any] = {}
    for component, check in parts.items():
        said = await counter.says(
            "keys.components", step="add", ticket=ticket, check_value=check, component=component
        )
    key = counter.key(NEW)
    assert key is not None
    assert said["check_value"] == key.check_value
    whole = xor(bytes.fromhex(PVK), bytes.fromhex(OTHER))
    made = counter.vault.import_clear(KeySpec("P0", "T", 16, "B"), whole)
    assert made.check_value == key.check_value
    assert leaks(counter.written(), [PVK, OTHER]) == []
    gone = await counter.says(
        "keys.components", step="add", ticket=ticket, check_value="38A0D8", component=PVK
    )
    assert "no components are awaited" in gone["error"]


async def test_components_can_be_given_up() -> None:
    """What was entered is forgotten."""
    counter = Counter()
    begun = await counter.says("keys.components", step="begin", name=NEW, algorithm="tdes-2")
    assert (await counter.says("keys.components", step="drop", ticket=begun["ticket"]))["ok"]
    assert not (await counter.says("keys.components", step="drop", ticket=begun["ticket"]))["ok"]


# -- the trail


async def test_nothing_is_done_that_cannot_be_written_down() -> None:
    """SR-AUD-07: no key is shown, none is kept."""
    counter = Counter()
    counter.room.store.faults = [counter.room.store.full] * 8
    said = await counter.says("keys.sheet", name="issuer.demo.pvk", count="1")
    assert not said["ok"]
    assert "components" not in said
    counter.room.store.faults = [counter.room.store.full] * 8
    said = await counter.says("keys.generate", name=NEW, algorithm="tdes-2")
    assert not said["ok"]
    assert counter.key(NEW) is None


async def test_what_the_core_refuses_after_all_is_written_down_as_failed() -> None:
    """Between the look and the decision somebody else was there."""
    counter = Counter()
    told: list[str] = []
    inner = counter.room.engine.command

    async def command(name: str, who: str, words: dict[str, str]) -> Any:
        told.append(name)
        if name == "keys.rotate":
            words = {**words, "overlap_s": "-1"}
        return await inner(name, who, words)

    counter.room.engine.command = command  # type: ignore[assignment, method-assign]
    said = await counter.says("keys.rotate", name="bdk.FFFF987654")
    assert not said["ok"]
    assert counter.outcomes[-2:] == ["permitted", "failed"]
    assert told == ["keys.deed", "keys.rotate", "keys.deed"]


async def test_lists_tell_what_may_be_told() -> None:
    """SR-KEY-08, SR-KEY-14: check values, never blocks; deeds in order of time."""
    counter = Counter()
    await counter.says("keys.rotate", name="issuer.demo.pvk")
    keys = (await counter.says("keys.list"))["keys"]
    assert [key["name"] for key in keys] == ["bdk.FFFF987654", "issuer.demo.pvk", "zone.bank.zmk"]
    assert keys[1]["former"][0]["check_value"] == "38A0D8"
    blocks = [key.block for key in counter.room.store.scan("key") if isinstance(key, SealedKey)]
    assert not any(block in json.dumps(keys) for block in blocks)
    (deed,) = (await counter.says("keys.deeds"))["deeds"]
    assert (deed["what"], deed["outcome"], deed["who"]) == ("keys.rotate", "permitted", "uid 7")


@pytest.mark.parametrize(
    "line",
    [
        {"arguments": "nonsense"},
        {"arguments": {"name": 5}},
        {"arguments": {}, "secrets": ["x"]},
        {"arguments": {"name": "x" * 4_001}},
        {"arguments": {}, "secrets": {"value": "0" * 401}},
    ],
)
@pytest.mark.parametrize("command", [*SHAPES, "keys.approve", "keys.list"])
async def test_lines_that_are_no_texts_are_refused(command: str, line: dict[str, Any]) -> None:
    """INV-95: few, short texts."""
    counter = Counter()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(counter.room.engine.run)
        said = await counter.desk.answer(command, line, "uid 7")
        nursery.cancel_scope.cancel()
    assert not said["ok"]


async def test_only_the_desk_gives_key_commands_to_the_core() -> None:
    """An operator's line cannot install a block, nor write a deed."""
    counter = Counter()
    desk = Desk(counter.room.engine, counter.vault, lambda: MemoryView(counter.room.store.inner))
    assert not [name for name in desk.names if name.startswith("keys.")]
    assert "keys.install" not in counter.desk.names
    assert "keys.deed" not in counter.desk.names
