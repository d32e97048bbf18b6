"""What a virtual terminal and its language speak about: who it is, what it is asked to do, what it
sends, what it hears.

Plain frozen data and one protocol. Refuses to know fields, bytes' shapes and sockets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Protocol

from switch.model.words import EntryMode, Flow, Kind
from switch.money import Money
from switch.values import Pan
from switch_tools.cards import CardInHand
from switch_tools.terminal_lines import Entry, Sent


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the terminal is. ``zone`` is where its clock on the wall hangs."""

    terminal_id: str
    merchant_id: str
    zone: tzinfo = UTC


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


@dataclass(frozen=True, slots=True)
class Times:
    """Date and time as digits: transmission in UTC (MMDDhhmmss), local as hhmmss and MMDD."""

    transmitted_at: str
    local_time: str
    local_date: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request in fields (which hold card data) and in bytes."""

    fields: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a message of the host says about our request.

    ``ours``: every field that must be echoed is there and equal. Where it is not, ``differs`` names
    the fields, ``said`` says what it was, and nothing else counts. ``final``: the host did decide.
    ``totals`` are the host's, in its answer to a reconciliation.
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
        self, sent: Sent, original: Entry | None, pan: Pan | None, *, repeat: bool
    ) -> Outgoing:
        """The request that a journal line tells of. Raises EncodeError."""

    def hear(self, outgoing: Outgoing, body: bytes) -> Heard:
        """What a message of the host says to it. Never raises for bytes that are no answer."""
