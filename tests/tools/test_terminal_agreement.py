"""Whatever goes wrong between a virtual terminal and a host, in the end both hold the same
approvals."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.money import Money
from switch.wire.framer import Framer
from switch_tools.terminal_books import TerminalError
from switch_tools.terminal_engine import VirtualTerminal
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_link import LinkError
from tests.tools.terminal_fakes import PATIENCE, VISA, FakeHost, terminal

FAULTS = ("none", "request lost", "cut before", "busy", "answer lost", "cut after", "twice")


@dataclass
class Bookkeeper(FakeHost):
    """A host that keeps books as it should, on a line that does not do what it should.

    Odd amounts are declined. ``plan`` holds the faults of the next messages.
    """

    decided: dict[str, str] = field(default_factory=dict)
    in_effect: set[str] = field(default_factory=set)
    buried: set[str] = field(default_factory=set)

    async def _answer(self, stream: trio.abc.Stream, framer: Framer, said: dict[str, str]) -> bool:
        fault = self.plan.pop(0) if self.plan else "none"
        if fault in ("request lost", "cut before"):
            return fault == "request lost"
        code = "96" if fault == "busy" else self._decide(said)
        if fault in ("answer lost", "cut after"):
            return fault == "answer lost"
        framed = framer.encode(json.dumps({"stan": said["stan"], "code": code}).encode())
        await stream.send_all(framed * (2 if fault == "twice" else 1))
        return True

    def _decide(self, said: dict[str, str]) -> str:
        stan = said["stan"]
        if said["kind"] == "reversal":
            self.buried.add(said["original"])
            self.in_effect.discard(said["original"])
            return "00"
        if stan not in self.decided:
            fine = stan not in self.buried and int(said["amount"]) % 2 == 0
            self.decided[stan] = "00" if fine else "51"
            if fine:
                self.in_effect.add(stan)
        return self.decided[stan]


Step = tuple[str, int, float]  # what, an amount, and how long until the power goes
steps = st.tuples(
    st.sampled_from(["buy", "buy", "buy unread", "repeat", "reverse"]),
    st.sampled_from([2, 4, 6, 7]),
    st.sampled_from([1e9, 1e9, 1e9, 0.0, 5.0, 35.0, 45.0]),
)
faults = st.lists(st.sampled_from(FAULTS), max_size=16)


@settings(max_examples=min(2_000, 4 * settings().max_examples))
@given(script=st.lists(steps, min_size=1, max_size=8), plan=faults, refuse=st.integers(0, 3))
def test_terminal_and_host_agree_once_faults_stop(
    script: list[Step], plan: list[str], refuse: int
) -> None:
    """INV-20, INV-28: lost and doubled messages, hang-ups, a busy host, power cuts: then one
    settling."""
    host = Bookkeeper(plan=plan, refuse=refuse)
    journal = Journal()
    clock = trio.testing.MockClock(autojump_threshold=0)
    trio.run(_play, host, journal, script, clock=clock)

    assert journal.owed() == []
    approved = {entry.stan for entry in journal.entries.values() if entry.approved}
    bought = {entry.stan for entry in journal.entries.values() if entry.moves_money}
    assert approved & bought == host.in_effect


async def _play(host: Bookkeeper, journal: Journal, script: list[Step]) -> None:
    async with trio.open_nursery() as nursery:
        host.nursery = nursery
        for what, amount, power_s in script:
            device = terminal(host, journal, PATIENCE)  # a fresh start with the old journal
            with trio.move_on_after(power_s), suppress(LinkError, TerminalError):
                await _act(device, what, amount)
            await device.close()
        host.plan = []
        host.refuse = 0
        await terminal(host, journal, PATIENCE).flush()
        nursery.cancel_scope.cancel()


async def _act(device: VirtualTerminal, what: str, amount: int) -> None:
    match what:
        case "repeat":
            await device.repeat()
        case "reverse":
            await device.reverse()
        case _:
            await device.purchase(VISA, Money(amount, "840"), wait=what == "buy")
