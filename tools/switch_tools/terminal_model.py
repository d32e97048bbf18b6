"""What a virtual terminal and its language speak about: who it is, what it is asked to do, what it
sends, what it hears.

Plain frozen data and one protocol. Refuses to know fields, bytes' shapes and sockets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final, Protocol

from switch.model.words import EntryMode, Flow, Kind
from switch.money import Money
from switch.values import CardVerification, ChipData, Pan, Pin, Track2
from switch_tools.cards import CardInHand
from switch_tools.terminal_keys import Fresh
from switch_tools.terminal_lines import Entry, Sent


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the terminal is. ``zone`` is where its clock on the wall hangs."""

    terminal_id: str
    merchant_id: str
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What is to be wrong with a message on purpose, to see what a host says. ``padding`` is
    another method of ISO 9797-1 for the MAC's input, 1 to 3; 0 means the right one.
    """

    mac: bool = False
    padding: int = 0
    pin_block: bool = False
    replay_ksn: bool = False
    cryptogram: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What terminal and card found when they checked an answer: ``verified``, ``wrong``,
    ``missing``, or nothing where there was nothing to check. ``scripts`` are the issuer's commands
    to the card, in words.
    """

    mac: str = ""
    cryptogram: str = ""
    scripts: tuple[str, ...] = ()

    def under(self, mac: str) -> Checked:
        """The same, of an answer whose MAC is so."""
        return Checked(mac=mac, cryptogram=self.cryptogram, scripts=self.scripts)


class Listener(Protocol):
    """A chip card that waits for the answer to its transaction."""

    def hears(self, answer: ChipData | None) -> Checked:
        """What the card makes of it. Never raises for what a host has sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What is there when a request leaves for the first time and is kept by nobody (SR-SAD-01), and
    what is to be wrong with it. ``pin_format`` of ISO 9564-1; ``None``: the key's usual one.
    """

    pin: Pin | None = None
    pin_format: int | None = None
    track2: Track2 | None = None
    card_verification: CardVerification | None = None
    card: Listener | None = None
    faults: Faults = field(default_factory=Faults)


NOTHING: Final = Presented()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants from a terminal.

    ``stan`` or ``rrn`` names the transaction that it is about; without either the last one is meant
    that fits. ``amount`` is all of it, ``cash`` the part of it that is handed out; of a tip
    adjustment ``amount`` is the tip. Where the amount of a follower is left out, it is all that is
    left. ``remaining`` makes a reversal partial. ``advice``: the terminal has decided by itself and
    only tells the host, under ``approval_code`` if it has one. ``final``: no further completion
    follows. ``partial``: an approval for less will do. Without ``wait`` the answer is not read.
    """

    kind: Kind
    card: CardInHand | None = None
    amount: Money | None = None
    cash: Money | None = None
    entry_mode: EntryMode = EntryMode.MANUAL
    advice: bool = False
    stan: str | None = None
    rrn: str = ""
    remaining: Money | None = None
    final: bool = True
    partial: bool = False
    approval_code: str = ""
    wait: bool = True
    presented: Presented = NOTHING


@dataclass(frozen=True, slots=True)
class Times:
    """Date and time as digits: transmission in UTC (MMDDhhmmss), local as hhmmss and MMDD."""

    transmitted_at: str
    local_time: str
    local_date: str


@dataclass(frozen=True, slots=True)
class Secured:
    """How a request was secured, for its answer to be checked: by whose MAC key (a slot of the
    terminal's keys; empty: it bore no MAC) and key serial number, and by which card.
    """

    mac_slot: str = ""
    ksn: str = ""
    card: Listener | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request in fields (which hold card data) and in bytes."""

    fields: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    secured: Secured = field(default_factory=Secured)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a message of the host says about our request.

    ``ours``: every field that must be echoed is there and equal. Where it is not, ``differs`` names
    the fields, ``said`` says what it was, and nothing else counts. ``final``: the host did decide.
    ``totals`` are the host's, in its answer to a reconciliation. ``untrusted`` says why the answer
    counts as none: its MAC is wrong, or the card does not take it. ``keys`` are what a key exchange
    has brought.
    """

    ours: bool
    said: str
    differs: tuple[str, ...] = ()
    approved: bool = False
    final: bool = True
    code: str = ""
    reason: str = ""
    approval_code: str = ""
    rrn: str = ""
    amount: Money | None = None
    balance: Money | None = None
    settlement_date: str = ""
    totals: str = ""
    untrusted: str = ""
    checked: Checked = field(default_factory=Checked)
    keys: tuple[Fresh, ...] = ()


class Language(Protocol):
    """How a terminal talks: one dialect, both ways."""

    @property
    def name(self) -> str:
        """The dialect's name."""

    @property
    def reversals_keep_stan(self) -> bool:
        """Whether a reversal bears its original's STAN, and names it by that."""

    @property
    def totals_policy(self) -> str:
        """Which totals a reconciliation states (``switch.core.totals``)."""

    @property
    def uploads(self) -> bool:
        """Whether a batch out of balance can be uploaded."""

    def flow(self, kind: Kind, *, advice: bool) -> Flow:
        """Request or advice, as the dialect has it for that kind. Raises EncodeError where it has
        neither, or no advice though one is asked for."""

    def times(self, now: datetime, zone: tzinfo) -> Times:
        """Date and time as the messages carry them."""

    def write(
        self,
        sent: Sent,
        original: Entry | None,
        pan: Pan | None,
        *,
        repeat: bool,
        presented: Presented = NOTHING,
    ) -> Outgoing:
        """The request that a journal line tells of, about to leave: it uses up a counter where it
        is secured by one. Raises EncodeError, NoKey.
        """

    def draft(self, sent: Sent, original: Entry | None, pan: Pan | None) -> None:
        """See whether it can be written, for what leaves later. Raises EncodeError."""

    def hear(self, outgoing: Outgoing, body: bytes) -> Heard:
        """What a message of the host says to it. Never raises for bytes that are no answer."""
