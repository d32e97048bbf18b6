"""Virtual terminals with keys, in the process of a test, which speak to a real switch of the demo
world. Their keys come from the demo world's test keys as a key-injection room would derive them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from switch.config import demo_config
from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.master import MasterKey
from switch.keys.vault import SoftwareVault
from switch.model.ksn import parse
from switch.model.words import EntryMode, Kind
from switch.values import Pan, Pin, luhn_ok
from switch.wire.dialect import load_dialect, shipped_dialects
from switch_tools.cards import CardInHand, demo_cards
from switch_tools.terminal_chip import ChipReader
from switch_tools.terminal_engine import Outcome, Patience, VirtualTerminal
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_keys import AES_DUKPT, TDES_DUKPT, TMK, Fresh, KeyRing
from switch_tools.terminal_lines import Sent, stan_of
from switch_tools.terminal_link import Address, Wire, dial
from switch_tools.terminal_messages import Messages
from switch_tools.terminal_model import Faults, Identity, Presented, Wish
from switch_tools.terminal_security import Guard, Manner
from switch_tools.terminal_wallet import Wallet
from tests.end_to_end.tills import MERCHANT, asked, usd

if TYPE_CHECKING:
    from tests.end_to_end.conftest import HostProcess

WRITING = [name for name in shipped_dialects() if not load_dialect(name).reading_only]
DUKPT = (TDES_DUKPT, AES_DUKPT)
CHIP_CARDS = ("chip-visa", "chip-mastercard", "chip-unionpay")
PATIENCE = Patience(answer_s=30.0, reversal_s=30.0, reversal_tries=3, pause_s=0.05)
KEYS = {key.name: key for key in demo_config().key}
_DEVICES = count(1)
_CARDS = count(1)
_WALLETS: dict[Path, Wallet] = {}


def fresh_device(slot: str) -> Fresh:
    """The initial key of a device of the demo world that nobody has met."""
    number = next(_DEVICES)
    if slot == AES_DUKPT:
        serial = parse(f"12345678{number:08X}00000000")
        bdk = bytes.fromhex(KEYS["bdk.12345678"].value.reveal())
        return Fresh(slot, "A", dukpt_aes.initial_key(bdk, serial), str(serial))
    serial = parse(f"FFFF987654{number << 21:010X}")
    bdk = bytes.fromhex(KEYS["bdk.FFFF987654"].value.reveal())
    return Fresh(slot, "T", dukpt_tdes.initial_key(bdk, serial), str(serial))


def fresh_card() -> CardInHand:
    """A card that the demo world enrols on first sight; its PIN is the world's."""
    stem = f"424242{next(_CARDS):09d}"
    digits = next(stem + digit for digit in "0123456789" if luhn_ok(stem + digit))
    return CardInHand("", Pan(digits), "4912")


@dataclass(slots=True)
class SecuredTill:
    """One terminal. ``spoil`` changes the next answers on their way."""

    host: HostProcess
    dialect_name: str
    terminal_id: str
    keys: KeyRing
    spoil: Callable[[bytes], bytes] | None = None
    device: VirtualTerminal = field(init=False)

    def __post_init__(self) -> None:
        self.secure(Manner())

    def secure(self, manner: Manner) -> None:
        """From now on secure messages in that manner."""
        dialect = load_dialect(self.dialect_name)
        journal = Journal()
        journal.next_number = 20 * next(_DEVICES)  # a STAN that nobody has in this second
        self.messages = Messages(dialect, Guard(dialect, self.keys, manner))
        self.device = VirtualTerminal(
            Identity(self.terminal_id, MERCHANT),
            self.messages,
            journal,
            SoftwareVault(MasterKey(bytearray(b"\x11" * 32)), os.urandom),
            self._dial,
            patience=PATIENCE,
            chips=ChipReader(_WALLETS.setdefault(self.host.data, Wallet())),
            keys=self.keys,
        )

    messages: Messages = field(init=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.device.close()

    async def _dial(self) -> Wire:
        framing = load_dialect(self.dialect_name).framing
        link = await dial(Address("127.0.0.1", self.host.ports[self.dialect_name]), framing)
        return link if self.spoil is None else _Spoilt(link, self.spoil)

    async def buy(
        self,
        card: CardInHand | str,
        pin: str = "",
        entry: EntryMode = EntryMode.CHIP,
        faults: Faults | None = None,
        *,
        advice: bool = False,
        **more: Any,
    ) -> Outcome:
        """A purchase of 12.34; ``more`` are parts of what is presented."""
        held = demo_cards()[card] if isinstance(card, str) else card
        presented = Presented(pin=Pin(pin) if pin else None, faults=faults or Faults(), **more)
        wish = Wish(
            kind=Kind.PURCHASE,
            card=held,
            amount=usd("12.34"),
            entry_mode=entry,
            advice=advice,
            presented=presented,
        )
        return await self.device.do(wish)

    def explained(self, outcome: Outcome) -> dict[str, Any]:
        """What the switch says to it."""
        said: dict[str, Any] = asked(
            self.host, "explain", "--terminal", self.terminal_id, "--stan", outcome.entry.stan
        )
        return said


@dataclass(slots=True)
class _Spoilt:
    """A line that changes answers."""

    wire: Wire
    spoil: Callable[[bytes], bytes]

    async def send(self, body: bytes) -> None:
        """Send one message."""
        await self.wire.send(body)

    async def receive(self) -> bytes:
        """The next message, spoilt."""
        return self.spoil(await self.wire.receive())

    async def close(self) -> None:
        """Let go of the connection."""
        await self.wire.close()


def secured_till(
    host: HostProcess, dialect: str, *slots: str, terminal_id: str = ""
) -> SecuredTill:
    """A terminal whose slots are filled: initial keys of a new device each, and DEMO0001's master
    key.
    """
    keys = KeyRing(None, MasterKey(bytearray(b"\x22" * 32)))
    for slot in slots:
        if slot == TMK:
            value = KEYS["terminal.DEMO0001.tmk"].value.reveal()
            keys.put(Fresh(TMK, "T", bytearray.fromhex(value)))
        else:
            keys.put(fresh_device(slot))
    name = terminal_id or f"SEC{next(_DEVICES):05d}"
    return SecuredTill(host, dialect, name, keys)


def purchase_line(till: SecuredTill, number: int = 1) -> Sent:
    """What a journal says of a purchase of 12.34, for whoever sends messages by himself."""
    times = till.messages.times(datetime.now(UTC), UTC)
    return Sent(
        number=number,
        stan=stan_of(number),
        at=datetime.now(UTC).isoformat(),
        kind=Kind.PURCHASE,
        dialect=till.dialect_name,
        terminal_id=till.terminal_id,
        merchant_id=MERCHANT,
        transmitted_at=times.transmitted_at,
        local_time=times.local_time,
        local_date=times.local_date,
        invoice=f"{number:06d}",
        amount_minor=1234,
        currency="840",
        expiry="4912",
    )


def reason(outcome: Outcome) -> str:
    """Why it was answered as it was; empty without an answer."""
    return "" if outcome.heard is None else outcome.heard.reason


def check(said: dict[str, Any], name: str) -> dict[str, Any]:
    """One check of an explanation."""
    found: dict[str, Any] = next(one for one in said["checks"] if one["name"] == name)
    return found
