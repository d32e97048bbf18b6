"""The counter at which the demonstration is played: a terminal, its line, its cards, and the switch
at the other end.

Owns doing one thing and showing what came of it. Refuses to know what is to be done.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from switch.keys.master import MasterKey
from switch.keys.vault import SoftwareVault
from switch.model.words import Kind
from switch.money import Money
from switch.wire.describe import describe
from switch.wire.dialect import Dialect, load_dialect
from switch.wire.explain import explain_bare
from switch_tools.cards import demo_cards
from switch_tools.demo_host import OwnHost
from switch_tools.demo_stage import Stage
from switch_tools.terminal_chip import ChipReader
from switch_tools.terminal_engine import Outcome, Patience, Result, Settled, VirtualTerminal
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_keys import KeyRing
from switch_tools.terminal_link import Address, dial
from switch_tools.terminal_messages import Messages
from switch_tools.terminal_model import Identity, Wish
from switch_tools.terminal_relay import Relay
from switch_tools.terminal_security import Guard
from switch_tools.terminal_slip import settlement_slip
from switch_tools.terminal_trace import field_lines
from switch_tools.terminal_wallet import Wallet
from switch_tools.terminal_wrong import Wrong, claim_wrongly

MERCHANT: Final = "DEMOMERCHANT001"
PATIENCE: Final = Patience(answer_s=5.0, reversal_s=5.0, reversal_tries=6, pause_s=0.2)
SHORT_S: Final = 0.7
KEY_BYTES: Final = 32
_SHOWN: Final = ("3", "70", "4", "39")  # what it is, for how much, and how it was answered


@dataclass(frozen=True, slots=True)
class Counter:
    """What a scene has at hand."""

    stage: Stage
    host: OwnHost
    relay: Relay
    device: VirtualTerminal

    async def do(self, kind: Kind, card: str = "", amount: str = "", **more: Any) -> Outcome:
        """Do one thing and show what the log says to it. ``more`` are parts of a ``Wish``."""
        return await self.show(await self.quietly(kind, card, amount, **more))

    async def quietly(self, kind: Kind, card: str = "", amount: str = "", **more: Any) -> Outcome:
        """The same without the log, which is still to be read."""
        held = demo_cards()[card] if card else None
        money = usd(amount) if amount else None
        return await self.device.do(Wish(kind=kind, card=held, amount=money, **more))

    async def show(self, outcome: Outcome, decisions: int = 1, *, trail: bool = False) -> Outcome:
        """What the log says to an outcome that took so many decisions."""
        self.stage.logged(await self.host.decisions(decisions), trail=trail)
        return outcome

    async def settle(self, wrong: Wrong, decisions: int) -> Settled:
        """Close the batch, with books that are wrong on purpose or not, and show the slip."""
        claim_wrongly(self.device, wrong)
        settled = await self.device.settle()
        self.stage.logged(await self.host.decisions(decisions))
        self.stage.paper(settlement_slip(settled))
        return settled

    async def ask(self, *arguments: str) -> str:
        """Run a command as a person would, show it, and return what it said."""
        code, said = await self.host.command(*arguments)
        self.stage.command(arguments, said)
        self.stage.expect("the command is content", code == 0)
        return said

    @contextmanager
    def impatient(self, *, answers: int = 0, requests: int = 0) -> Iterator[None]:
        """The line loses so many messages, and the terminal does not wait long."""
        self.relay.lose_answers, self.relay.lose_requests = answers, requests
        reversal_s = SHORT_S if answers > 1 else PATIENCE.reversal_s
        self.device.patience = replace(PATIENCE, answer_s=SHORT_S, reversal_s=reversal_s)
        yield
        self.device.patience = PATIENCE


def usd(amount: str) -> Money:
    """An amount of the demo world.

    >>> str(usd("12.34"))
    '12.34 USD'
    """
    return Money.parse(amount, "USD")


def terminal(
    dialect_name: str, terminal_id: str, port: int, folder: Path, stage: Stage
) -> VirtualTerminal:
    """A terminal of the demo world with a journal of its own, whose messages are shown."""
    dialect = load_dialect(dialect_name)
    master = MasterKey(bytearray(os.urandom(KEY_BYTES)))
    keys = KeyRing(folder / terminal_id, master)
    return VirtualTerminal(
        Identity(terminal_id, MERCHANT),
        Messages(dialect, Guard(dialect, keys)),
        Journal(folder / terminal_id),
        SoftwareVault(master, os.urandom),
        partial(dial, Address("127.0.0.1", port), dialect.framing),
        patience=PATIENCE,
        rng=random.Random(1),  # noqa: S311 - jitter of pauses
        watch=partial(_watched, stage, dialect),
        chips=ChipReader(Wallet(folder)),
        keys=keys,
    )


def _watched(stage: Stage, dialect: Dialect, ours: bool, body: bytes) -> None:
    told = describe(explain_bare(body, dialect.layout), dialect)["fields"]
    shown = [told[number].get("words") for number in _SHOWN if number in told]
    name = told["t"]["words"].partition(" (")[0]
    short = f"{told['t']['value']} {name}: {', '.join(filter(None, shown))}"
    stage.message(ours, short.rstrip(": "), field_lines(body, dialect))


def is_approved(outcome: Outcome | None) -> bool:
    """Whether the host said yes."""
    return outcome is not None and outcome.result is Result.APPROVED


def is_declined(outcome: Outcome, code: str) -> bool:
    """Whether the host said no, with that response code."""
    heard = outcome.heard
    return outcome.result is Result.DECLINED and heard is not None and heard.code == code
