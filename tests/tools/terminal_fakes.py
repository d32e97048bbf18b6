"""A made-up host with messages of JSON, so that only the virtual terminal's own rules are tried."""

from __future__ import annotations

import json
import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import trio
import trio.testing

from switch.errors import EncodeError
from switch.keys.master import MasterKey
from switch.keys.vault import SoftwareVault
from switch.model.words import Flow, Kind
from switch.money import Money
from switch.values import Pan
from switch.wire.framer import Framer
from switch.wire.framing import Framing
from switch_tools.cards import CardInHand
from switch_tools.terminal_engine import Patience, VirtualTerminal
from switch_tools.terminal_journal import Entry, Journal
from switch_tools.terminal_keys import TPK, Fresh, KeyRing
from switch_tools.terminal_lines import Sent
from switch_tools.terminal_link import CannotConnect, Link
from switch_tools.terminal_model import NOTHING, Heard, Identity, Outgoing, Presented, Times

FRAMING = Framing()
VISA = CardInHand("visa", Pan("4761739001010010"), "4912")
PRICE = Money(1234, "840")
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
PATIENCE = Patience(answer_s=30, reversal_s=10, reversal_tries=3, pause_s=1)


class JsonLanguage:
    """A dialect of JSON: kind, STAN, amount, whether it is a repeat, and the original's STAN.

    10 approves 5.00 of whatever was asked for, 66 bears a wrong MAC, 95 finds a batch out of
    balance, 96 decides nothing. The answer to a key exchange brings a key.
    """

    name = "json"
    reversals_keep_stan = False

    def __init__(self, totals_policy: str = "iso-74-97", *, uploads: bool = True) -> None:
        self.totals_policy = totals_policy
        self.uploads = uploads

    def flow(self, kind: Kind, *, advice: bool) -> Flow:
        return Flow.ADVICE if advice or kind is Kind.TIP_ADJUST else Flow.REQUEST

    def times(self, now: datetime, zone: tzinfo) -> Times:
        return Times(now.strftime("%m%d%H%M%S"), now.strftime("%H%M%S"), now.strftime("%m%d"))

    def draft(self, sent: Sent, original: Entry | None, pan: Pan | None) -> None:
        self.write(sent, original, pan, repeat=False)

    def write(
        self,
        sent: Sent,
        original: Entry | None,
        pan: Pan | None,
        *,
        repeat: bool,
        presented: Presented = NOTHING,
    ) -> Outgoing:
        if sent.amount_minor == 666:
            raise EncodeError("4", "does not fit")
        fields = {
            "kind": sent.kind.value,
            "stan": sent.stan,
            "amount": str(sent.amount_minor),
            "pan": "" if pan is None else pan.last4,
            "repeat": str(repeat),
            "original": "" if original is None else original.stan,
            "flow": sent.flow.value,
            "other": str(sent.other_minor),
            "remaining": str(sent.remaining_minor),
            "before": str(sent.original_minor),
            "entry": sent.entry_mode.value,
            "final": str(sent.final),
            "last": str(sent.last_item),
            "batch": str(sent.batch),
            "totals": sent.totals,
            "again": str(sent.after_upload),
            "rrn": sent.rrn,
        }
        return Outgoing(fields, json.dumps(fields).encode())

    def hear(self, outgoing: Outgoing, body: bytes) -> Heard:
        answer = json.loads(body)
        if answer["stan"] != outgoing.fields["stan"]:
            return Heard(ours=False, said=f"answer to STAN {answer['stan']}", differs=("11",))
        code = answer["code"]
        return Heard(
            ours=True,
            said=code,
            approved=code in ("00", "10"),
            final=code != "96",
            code=code,
            reason="reconcile.mismatch" if code == "95" else "",
            approval_code="123456" if code in ("00", "10") else "",
            rrn=f"6328{answer['stan'].rjust(8, '0')}",
            amount=Money(500, "840") if code == "10" else None,
            balance=Money(7700, "840") if outgoing.fields["kind"] == "balance_inquiry" else None,
            totals=answer.get("totals", ""),
            untrusted="the answer's MAC is wrong" if code == "66" else "",
            keys=(Fresh(TPK, "T", bytearray(range(16))),)
            if outgoing.fields["kind"] == "key_exchange"
            else (),
        )


@dataclass
class FakeHost:
    """Answers by a plan: for each message the codes to answer with (in order), or what to do
    instead.

    ``"silence"``: nothing; ``"hang up"``: closes; ``"late"``: answers to another STAN first, then
    silence.
    """

    plan: list[str] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)
    refuse: int = 0
    totals: str = ""
    dialled: int = 0
    on_message: Callable[[dict[str, str]], None] | None = None

    def __post_init__(self) -> None:
        self.nursery: trio.Nursery | None = None

    async def dial(self) -> Link:
        await trio.lowlevel.checkpoint()
        self.dialled += 1
        if self.refuse:
            self.refuse -= 1
            raise CannotConnect("cannot connect to the fake host")
        ours, theirs = trio.testing.memory_stream_pair()
        assert self.nursery is not None
        self.nursery.start_soon(self._serve, theirs)
        return Link(ours, FRAMING)

    async def _serve(self, stream: trio.abc.Stream) -> None:
        framer = Framer(FRAMING)
        try:
            async for data in stream:
                framer.receive_data(bytes(data))
                while (frame := framer.next_frame()) is not None:
                    if not await self._answer(stream, framer, json.loads(frame.body)):
                        await stream.aclose()
                        return
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    async def _answer(self, stream: trio.abc.Stream, framer: Framer, said: dict[str, str]) -> bool:
        self.seen.append(said)
        if self.on_message is not None:
            self.on_message(said)
        what = self.plan.pop(0) if self.plan else "00"
        if what == "hang up":
            return False
        answer = {"stan": said["stan"], "code": what, "totals": self.totals}
        if what == "late":
            answer = {"stan": "999999", "code": "00"}
        if what != "silence":
            await stream.send_all(framer.encode(json.dumps(answer).encode()))
        return True

    @property
    def kinds(self) -> list[str]:
        """What came, in short: ``purchase``, ``reversal``, ``reversal repeat``."""
        return [
            seen["kind"] + (" repeat" if seen["repeat"] == "True" else "") for seen in self.seen
        ]


@asynccontextmanager
async def running_host() -> AsyncIterator[FakeHost]:
    """A host whose tasks end with the block."""
    host = FakeHost()
    async with trio.open_nursery() as nursery:
        host.nursery = nursery
        yield host
        nursery.cancel_scope.cancel()


VAULT = SoftwareVault(MasterKey(bytearray(os.urandom(32))), os.urandom)


def terminal(
    host: FakeHost,
    journal: Journal | None = None,
    patience: Patience = PATIENCE,
    language: JsonLanguage | None = None,
    keys: KeyRing | None = None,
) -> VirtualTerminal:
    """A terminal in front of it."""
    return VirtualTerminal(
        Identity("DEMO0001", "DEMOMERCHANT001"),
        JsonLanguage() if language is None else language,
        Journal() if journal is None else journal,
        VAULT,
        host.dial,
        patience=patience,
        now=lambda: NOW,
        rng=random.Random(7),
        keys=keys,
    )
