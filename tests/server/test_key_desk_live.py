"""switch.server.key_desk: a live key takes two officers, whatever is to be done with it."""

from __future__ import annotations

import pytest

from switch.keys.port import KeySpec
from switch.model.security import KeyUse
from switch.server.officers import PENDING_S, new_token
from tests.key_counter import ALICE, BOB, NEW, Counter
from tests.leaks import leaks


async def test_a_live_key_takes_officers() -> None:
    """SR-KEY-07: none configured, none named, a token that is nobody's: each time refused."""
    words = {"name": NEW, "algorithm": "tdes-2", "live": "yes"}
    said = await Counter(officers=False).says("keys.generate", **words)
    assert "the configuration names none" in said["error"]
    counter = Counter()
    assert "give your token" in (await counter.says("keys.generate", **words))["error"]
    said = await counter.says("keys.generate", **words, token=new_token())
    assert "no officer has this token" in said["error"]
    assert counter.outcomes == ["refused", "refused"]
    assert counter.key(NEW) is None


async def test_two_officers_make_a_live_key() -> None:
    """One asks, another one approves; both are written down, and who made the key."""
    counter = Counter()
    words = {"name": NEW, "algorithm": "tdes-2", "live": "yes"}
    asked = await counter.says("keys.generate", **words, token=ALICE)
    assert asked["ok"]
    assert counter.key(NEW) is None
    (row,) = (await counter.says("keys.pending"))["pending"]
    assert (row["id"], row["command"], row["key"], row["officer"]) == (
        asked["pending"],
        "keys.generate",
        NEW,
        "alice",
    )
    for token in ("", new_token(), ALICE):
        said = await counter.says("keys.approve", id=asked["pending"], token=token)
        assert not said["ok"]
    assert counter.key(NEW) is None
    said = await counter.says("keys.approve", id=asked["pending"], token=BOB)
    assert (said["ok"], said["mark"]) == (True, "live")
    key = counter.key(NEW)
    assert key is not None
    assert key.made_by == "uid 7, officer alice, officer bob"
    assert counter.vault.attributes(KeyUse(NEW, key.block)).mark == "live"
    assert counter.outcomes == ["pending", "refused", "refused", "refused", "permitted"]
    assert counter.deeds[-1] == ("keys.generate", NEW, "permitted", ("alice", "bob"))
    assert (await counter.says("keys.pending"))["pending"] == []
    assert not any(token.encode() in counter.written() for token in (ALICE, BOB))


async def live_key(counter: Counter, name: str, **words: str) -> None:
    """A live key, by two officers."""
    asked = await counter.says(
        "keys.generate", name=name, algorithm="tdes-2", live="yes", token=ALICE, **words
    )
    assert (await counter.says("keys.approve", id=asked["pending"], token=BOB))["ok"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("keys.rotate", {}),
        ("keys.destroy", {}),
        ("keys.state", {"state": "deactivated"}),
        ("keys.export", {"kek": "zone.live.zmk"}),
        ("keys.initial_key", {"ksn": "AABBCCDDEE0000000000", "kek": "zone.live.zmk"}),
    ],
)
async def test_a_live_key_is_touched_by_two_officers_only(
    command: str, words: dict[str, str]
) -> None:
    """SR-KEY-07, whatever is to be done with it; the mark is the stored key's, not a word's."""
    counter = Counter()
    name = "bdk.AABBCCDDEE"
    await live_key(counter, name)
    await live_key(counter, "zone.live.zmk")
    said = await counter.says(command, name=name, **words)
    assert "give your token" in said["error"]
    asked = await counter.says(command, name=name, **words, token=BOB)
    assert "pending" in asked
    assert (await counter.says("keys.approve", id=asked["pending"], token=ALICE))["ok"]


@pytest.mark.parametrize(
    ("command", "words"),
    [("keys.export", {}), ("keys.initial_key", {"ksn": "AABBCCDDEE0000000000"})],
)
async def test_a_live_key_under_a_test_key_is_refused_at_once(
    command: str, words: dict[str, str]
) -> None:
    """SR-KEY-09: two officers or not, so no second one is asked."""
    counter = Counter()
    await live_key(counter, "bdk.AABBCCDDEE")
    given = {"name": "bdk.AABBCCDDEE", "kek": "zone.bank.zmk", **words}
    said = await counter.says(command, **given, token=BOB)
    assert "they never meet" in said["error"]
    assert (await counter.says("keys.pending"))["pending"] == []


async def test_a_live_key_that_must_not_leave_is_refused_at_once() -> None:
    """SR-KEY-10: its exportability is known before a second officer is asked."""
    counter = Counter()
    await live_key(counter, "bdk.AABBCCDDEE", exportability="N")
    await live_key(counter, "zone.live.zmk")
    given = {"name": "bdk.AABBCCDDEE", "kek": "zone.live.zmk"}
    said = await counter.says("keys.export", **given, token=BOB)
    assert "exportability N" in said["error"]
    assert (await counter.says("keys.pending"))["pending"] == []


@pytest.mark.parametrize("command", ["keys.sheet", "keys.initial_key", "keys.inject"])
async def test_a_live_key_is_never_shown(command: str) -> None:
    """By no number of officers: it leaves under a key-encrypting key only."""
    counter = Counter()
    await live_key(counter, "bdk.AABBCCDDEE")
    words = {"name": "bdk.AABBCCDDEE"}
    if command == "keys.initial_key":
        words["ksn"] = "AABBCCDDEE0000000000"
    if command == "keys.inject":
        words["algorithm"] = "T"
    for token in ("", ALICE):
        said = await counter.says(command, **words, token=token)
        assert "is a live key" in said["error"]


async def test_components_of_a_live_key_come_from_different_officers() -> None:
    """SR-KEY-06: no person enters two of one key; each is known by the token."""
    counter = Counter()
    spec = {"name": NEW, "algorithm": "tdes-2", "live": "yes"}
    assert not (await counter.says("keys.components", step="begin", **spec))["ok"]
    begun = await counter.says("keys.components", step="begin", **spec, token=ALICE)
    enter = {"step": "add", "ticket": begun["ticket"]}
    part = {"check_value": counter_check(counter, FIRST), "component": FIRST}
    assert not (await counter.says("keys.components", **enter, **part))["ok"]
    assert (await counter.says("keys.components", **enter, **part, token=ALICE))["missing"] == 1
    part = {"check_value": counter_check(counter, SECOND), "component": SECOND}
    said = await counter.says("keys.components", **enter, **part, token=ALICE)
    assert not said["ok"]
    assert counter.key(NEW) is None
    assert (await counter.says("keys.components", **enter, **part, token=BOB))["mark"] == "live"
    assert leaks(counter.written(), [FIRST, SECOND]) == []


# Generated for this test; live keys are none that a standard prints.
FIRST, SECOND = "7A3B9D15C8F2E64A0D51B73E98C42F86", "1F85E3A2640BD97C5283F6ADB01C943E"


def counter_check(counter: Counter, component: str) -> str:
    """The check value of a component."""
    spec = KeySpec("P0", "T", 16, "B")
    return counter.vault.import_clear(spec, bytearray.fromhex(component)).check_value


async def test_what_waits_for_an_officer_ends() -> None:
    """An approval after its time approves nothing."""
    counter = Counter()
    words = {"name": NEW, "algorithm": "tdes-2", "live": "yes"}
    asked = await counter.says("keys.generate", **words, token=ALICE)
    counter.room.clock.mono_ns += PENDING_S * 1_000_000_000
    said = await counter.says("keys.approve", id=asked["pending"], token=BOB)
    assert "nothing waits under that id" in said["error"]
    assert counter.key(NEW) is None


async def test_what_is_approved_is_done_with_the_key_as_it_is_then() -> None:
    """Destroyed while it waited: there is nothing left to rotate."""
    counter = Counter()
    await live_key(counter, NEW)
    rotate = await counter.says("keys.rotate", name=NEW, token=ALICE)
    destroy = await counter.says("keys.destroy", name=NEW, token=ALICE)
    assert (await counter.says("keys.approve", id=destroy["pending"], token=BOB))["ok"]
    said = await counter.says("keys.approve", id=rotate["pending"], token=BOB)
    assert "there is no key" in said["error"]
