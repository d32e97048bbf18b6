"""Working keys by message: handed out under the terminal's master key, taken up, and the ones of
before still accepted for a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from switch.keys.master import MasterKey
from switch.model.words import Kind
from switch_tools.terminal_keys import TAK, TMK, TPK, Fresh, KeyRing
from switch_tools.terminal_model import Wish
from switch_tools.terminal_outcome import Result, StillOwed
from switch_tools.terminal_security import Manner
from tests.end_to_end.secured_tills import (
    WRITING,
    SecuredTill,
    check,
    fresh_card,
    reason,
    secured_till,
)

if TYPE_CHECKING:
    from tests.end_to_end.conftest import HostProcess

DEMO = "DEMO0001"  # the terminal of the demo world that has a master key


@pytest.fixture(scope="module")
def _town(
    host_class: type[HostProcess], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HostProcess]:
    """The demo world for this module alone: its chip cards count on, its terminals' keys change."""
    host = host_class(tmp_path_factory.mktemp("town") / "data")
    host.shared = True
    yield host.start()
    host.kill()


def copied(ring: KeyRing) -> KeyRing:
    """A terminal that missed what comes now."""
    other = KeyRing(None, MasterKey(bytearray(b"\x33" * 32)))
    other.put(*(Fresh(slot.name, slot.algorithm, ring.key(slot.name)) for slot in ring.slots))
    return other


async def exchanged(till: SecuredTill) -> dict[str, str]:
    """Ask for new keys: their check values."""
    done = await till.device.do(Wish(kind=Kind.KEY_EXCHANGE))
    assert done.result is Result.APPROVED
    return {slot.name: slot.check_value for slot in till.keys.slots}


@pytest.mark.trio
@pytest.mark.parametrize("dialect", WRITING)
async def test_traffic_goes_on_under_new_keys_and_old_ones_are_accepted(
    town: HostProcess, dialect: str
) -> None:
    """SR-KEY-14: PIN and MAC under the first keys, then under the second; a terminal that still has
    the first ones is understood for the overlap, and the trail says so.
    """
    async with secured_till(town, dialect, TMK, terminal_id=DEMO) as till:
        first = await exchanged(till)
        assert (await till.buy("chip-visa", "1234")).result is Result.APPROVED
        late = SecuredTill(town, dialect, DEMO, copied(till.keys))
        second = await exchanged(till)
        assert first[TMK] == second[TMK]
        assert not {first[TPK], first[TAK]} & {second[TPK], second[TAK]}

        new = await till.buy("chip-visa", "1234")
        assert new.heard is not None
        assert (new.result, new.heard.checked.mac) == (Result.APPROVED, "verified")
        async with late:
            old = await late.buy(fresh_card(), "1234")
        assert old.result is Result.APPROVED
        said = late.explained(old)
        assert "key before" in check(said, "mac")["said"]
        assert check(said, "pin")["passed"]


@pytest.mark.trio
async def test_a_terminal_with_wrong_keys_gets_on_by_an_exchange(town: HostProcess) -> None:
    """M-08: the host refuses what it sends, the terminal believes nothing that it hears and owes a
    reversal; new keys, and both go on.
    """
    async with secured_till(town, "iso87-ascii", TMK, terminal_id=DEMO) as till:
        await exchanged(till)
        till.keys.put(*(Fresh(name, "T", bytearray(range(16))) for name in (TPK, TAK)))
        refused = await till.buy(fresh_card(), "1234")
        assert (refused.result, refused.why) == (Result.OWED, "the answer's MAC is wrong")
        assert till.explained(refused)["outcome"]["reason"] == "mac.invalid"
        with pytest.raises(StillOwed, match="MAC is wrong"):
            await till.buy(fresh_card(), "1234")
        await exchanged(till)
        assert (await till.buy(fresh_card(), "1234")).result is Result.APPROVED
        assert till.device.journal.owed() == []


@pytest.mark.trio
async def test_keys_under_another_master_key_are_not_taken(town: HostProcess) -> None:
    """The terminal says why, and keeps what it has."""
    async with secured_till(town, "iso87-ascii", TMK, terminal_id=DEMO) as till:
        await exchanged(till)
        kept = {slot.name: slot.check_value for slot in till.keys.slots if slot.name != TMK}
        till.keys.put(Fresh(TMK, "T", bytearray(range(16))))
        done = await till.device.do(Wish(kind=Kind.KEY_EXCHANGE))
        assert done.result is Result.NO_ANSWER
        assert "does not open under the terminal's master key" in done.why
        assert kept == {slot.name: slot.check_value for slot in till.keys.slots if slot.name != TMK}


@pytest.mark.trio
async def test_a_terminal_without_a_master_key_gets_none(town: HostProcess) -> None:
    """The host has nothing to hand keys out under: declined, not approved with nothing."""
    async with secured_till(town, "iso87-ascii", terminal_id="NOKEYS01") as till:
        till.secure(Manner())
        done = await till.device.do(Wish(kind=Kind.KEY_EXCHANGE))
        assert done.result is Result.DECLINED
        assert reason(done) == "key.unknown" or done.heard is not None
