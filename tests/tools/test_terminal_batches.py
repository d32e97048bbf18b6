"""Whatever goes wrong on the line, the batches of a virtual terminal and of its host are the
same."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field

import trio
import trio.testing
from hypothesis import event, given, settings
from hypothesis import strategies as st

from switch.core.totals import Item, disagreements, fold, read
from switch.errors import IsoswitchError
from switch.model.words import Kind
from switch.money import Money
from switch.wire.framer import Framer
from switch_tools.terminal_engine import VirtualTerminal
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_model import Wish
from tests.tools.terminal_fakes import VISA, FakeHost, JsonLanguage, terminal

FAULTS = ("none", "request lost", "cut before", "busy", "answer lost", "cut after", "twice")
POLICIES = ("iso-74-97", "hypercom-63")


@dataclass
class Acquirer(FakeHost):
    """A host that keeps batches as it should, by the same rules of counting, on a line that does
    not do what it should. ``plan`` holds the faults of the next messages."""

    policy: str = "iso-74-97"
    decided: dict[str, str] = field(default_factory=dict)  # code by STAN
    items: dict[str, Item] = field(default_factory=dict)  # of the open batch, by STAN
    standing: dict[str, int] = field(default_factory=dict)  # what a transaction brought, as it is
    undone: set[str] = field(default_factory=set)  # reversed, perhaps before it came
    closed: list[bool] = field(default_factory=list)  # whether at once in balance

    async def _answer(self, stream: trio.abc.Stream, framer: Framer, said: dict[str, str]) -> bool:
        fault = self.plan.pop(0) if self.plan else "none"
        if fault in ("request lost", "cut before"):
            return fault == "request lost"
        code = "96" if fault == "busy" else self._once(said)
        if fault in ("answer lost", "cut after"):
            return fault == "answer lost"
        framed = framer.encode(json.dumps({"stan": said["stan"], "code": code}).encode())
        await stream.send_all(framed * (2 if fault == "twice" else 1))
        return True

    def _once(self, said: dict[str, str]) -> str:
        stan = said["stan"]
        if stan not in self.decided:
            self.decided[stan] = self._decide(Kind(said["kind"]), said)
        return self.decided[stan]

    def _decide(self, kind: Kind, said: dict[str, str]) -> str:
        stan, of = said["stan"], said["original"]
        amount = 0 if said["amount"] == "None" else int(said["amount"])
        if kind is Kind.RECONCILIATION:
            return self._close(read(said["totals"]))
        if kind is Kind.REVERSAL:
            return self._reverse(stan, of, said["remaining"])
        if stan in self.undone:
            return "12"
        match kind:
            case Kind.PURCHASE | Kind.COMPLETION:
                self._book(stan, stan, kind, amount)
            case Kind.REFUND:
                self._book(stan, stan, kind, -amount)
            case Kind.VOID:
                if not self.standing.get(of):
                    return "12"
                self._book(stan, of, kind, -self.standing[of])
            case Kind.TIP_ADJUST:
                self._book(stan, of, kind, amount - self.standing[of])
        return "00"

    def _reverse(self, stan: str, of: str, remaining: str) -> str:
        if of in self.standing and self.decided[of] == "00":
            left = 0 if remaining == "None" else int(remaining)
            stands = self.standing.get(of, 0)
            self._book(stan, of, Kind.REVERSAL, (left if stands > 0 else -left) - stands)
        self.undone.add(of)
        return "00"

    def _book(self, stan: str, of: str, kind: Kind, minor: int) -> None:
        self.items[stan] = Item(stan, of, kind, minor, "840")
        self.standing[stan] = minor
        if of != stan:  # what it is about stands otherwise now, and so does what that was about
            self.standing[of] = self.standing.get(of, 0) + minor
            behind = self.items.get(of)
            if behind is not None and behind.of != of:
                self.standing[behind.of] = self.standing.get(behind.of, 0) + minor

    def _close(self, claimed: dict[str, int]) -> str:
        faults = disagreements(self.policy, claimed, fold(self.policy, self.items.values()))
        self.closed.append(not faults)
        if faults:
            return "95"
        self.items = {}
        return "00"


WISHES = {
    "buy": Wish(kind=Kind.PURCHASE, card=VISA, amount=Money(1000, "840")),
    "buy unread": Wish(kind=Kind.PURCHASE, card=VISA, amount=Money(1100, "840"), wait=False),
    "buy offline": Wish(kind=Kind.PURCHASE, card=VISA, amount=Money(1200, "840"), advice=True),
    "refund": Wish(kind=Kind.REFUND, card=VISA, amount=Money(300, "840")),
    "void": Wish(kind=Kind.VOID),
    "tip": Wish(kind=Kind.TIP_ADJUST, amount=Money(50, "840")),
    "reverse": Wish(kind=Kind.REVERSAL),
    "reverse in part": Wish(kind=Kind.REVERSAL, remaining=Money(100, "840")),
    "hold": Wish(kind=Kind.PREAUTH, card=VISA, amount=Money(5000, "840")),
    "complete": Wish(kind=Kind.COMPLETION, amount=Money(4000, "840")),
}
Step = tuple[str, float]  # what, and how long until the power goes
steps = st.tuples(
    st.sampled_from([*WISHES, "buy", "buy", "settle", "repeat"]),
    st.sampled_from([1e9, 1e9, 1e9, 1e9, 0.0, 5.0, 35.0, 45.0]),
)
faults = st.lists(st.sampled_from((*FAULTS, "none", "none")), max_size=16)


@settings(max_examples=min(2_000, 4 * settings().max_examples))
@given(
    script=st.lists(steps, min_size=1, max_size=12),
    plan=faults,
    policy=st.sampled_from(POLICIES),
)
def test_an_honest_terminal_is_in_balance_once_faults_stop(
    script: list[Step], plan: list[str], policy: str
) -> None:
    """INV-28, INV-51, M-34, M-36: lost and doubled messages, hang-ups, a busy host, power cuts in
    the middle of anything; every close that the host hears is in balance at once."""
    host = Acquirer(plan=plan, policy=policy)
    journal = Journal()
    clock = trio.testing.MockClock(autojump_threshold=0)
    trio.run(_play, host, journal, script, clock=clock)
    assert host.closed
    assert all(host.closed)
    assert journal.owed() == []
    assert journal.batch == 1 + len(host.closed)
    event(f"{len(host.closed)} closes")


async def _play(host: Acquirer, journal: Journal, script: list[Step]) -> None:
    language = JsonLanguage(host.policy)
    async with trio.open_nursery() as nursery:
        host.nursery = nursery
        for what, power_s in script:
            device = terminal(host, journal, language=language)  # a fresh start, the old journal
            with trio.move_on_after(power_s), suppress(IsoswitchError):
                await _act(device, what)
            await device.close()
        host.plan = []
        await terminal(host, journal, language=language).flush()
        await terminal(host, journal, language=language).settle()
        nursery.cancel_scope.cancel()


async def _act(device: VirtualTerminal, what: str) -> None:
    if what == "settle":
        await device.settle()
    elif what == "repeat":
        await device.repeat()
    else:
        await device.do(WISHES[what])
