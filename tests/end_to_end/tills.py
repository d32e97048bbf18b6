"""Virtual terminals in the process of a test, which speak to a real switch."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from switch.cli import main
from switch.keys.master import MasterKey
from switch.keys.vault import SoftwareVault
from switch.money import Money
from switch.wire.dialect import load_dialect
from switch_tools.cards import demo_cards
from switch_tools.terminal_engine import Patience, VirtualTerminal
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_link import Address, Link, dial
from switch_tools.terminal_messages import Messages
from switch_tools.terminal_model import Identity

if TYPE_CHECKING:
    from tests.end_to_end.conftest import HostProcess

MERCHANT = "DEMOMERCHANT001"
CARDS = demo_cards()
PATIENCE = Patience(answer_s=30.0, reversal_s=30.0, reversal_tries=5, pause_s=0.05)
_NUMBERS = count(1)


@dataclass(slots=True)
class Twice:
    """A line on which each request arrives twice."""

    link: Link

    async def send(self, body: bytes) -> None:
        """Send, and again."""
        await self.link.send(body)
        await self.link.send(body)

    async def receive(self) -> bytes:
        """The next message."""
        return await self.link.receive()

    async def close(self) -> None:
        """Let go of the connection."""
        await self.link.close()


def till(
    host: HostProcess,
    dialect_name: str,
    terminal_id: str = "",
    *,
    journal: Journal | None = None,
    twice: bool = False,
) -> VirtualTerminal:
    """A terminal of the demo merchant: one that nobody has seen yet, or the one of that id. It
    finds the switch wherever it listens at the time.
    """
    dialect = load_dialect(dialect_name)

    async def dial_now() -> Link | Twice:
        address = Address("127.0.0.1", host.ports[dialect_name])
        link = await dial(address, dialect.framing)
        return Twice(link) if twice else link

    return VirtualTerminal(
        Identity(terminal_id or f"TILL{next(_NUMBERS):04d}", MERCHANT),
        Messages(dialect),
        Journal() if journal is None else journal,
        SoftwareVault(MasterKey(bytearray(os.urandom(32))), os.urandom),
        dial_now,
        patience=PATIENCE,
    )


def usd(amount: str) -> Money:
    """Dollars."""
    return Money.parse(amount, "840")


def asked(host: HostProcess, *arguments: str) -> Any:
    """What a command of ``isoswitch`` says about the switch, for programs."""
    done = CliRunner(catch_exceptions=False).invoke(
        main, [*arguments, "--data", str(host.data), "--json"]
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)
