"""What the virtual terminal's journal consists of: its lines, and the entry that they add up to.

Owns the format. It evolves by fields with defaults, which are left out, so that a journal of an
older release can be read. Refuses to know files, messages and clear card numbers: a PAN rests
sealed and masked, track data not at all (SR-SAD-01).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from switch.model.words import EntryMode, Flow, Kind, Reason

STANS: Final = 999_999

# What a terminal takes from or gives to a card: each of them can be reversed.
MONEY: Final = frozenset(
    {
        Kind.PURCHASE,
        Kind.CASH,
        Kind.CASHBACK,
        Kind.PREAUTH,
        Kind.INCREMENT,
        Kind.COMPLETION,
        Kind.VOID,
        Kind.REFUND,
        Kind.TIP_ADJUST,
    }
)
# What a batch consists of, before anything is taken back.
CAPTURES: Final = frozenset({Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.COMPLETION, Kind.REFUND})
HOLDS: Final = frozenset({Kind.PREAUTH, Kind.INCREMENT})
SETTLES: Final = frozenset({Kind.RECONCILIATION, Kind.BATCH_UPLOAD})


class _Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", omit_defaults=True):
    """Base."""


class Sent(_Line, frozen=True, kw_only=True, tag="sent"):
    """A request is about to leave. ``number`` counts from 1 for ever; the STAN is derived from it
    and wraps.

    ``original`` is the number of the request that it is about. ``pan_sealed`` is sealed for ``row``
    (see the vault). ``queued``: it is kept, and has not left yet; its first ``Repeated`` is its
    first transmission.
    """

    number: int
    stan: str
    at: str  # ISO 8601, UTC
    kind: Kind
    dialect: str
    terminal_id: str
    merchant_id: str
    transmitted_at: str = ""
    local_time: str = ""
    local_date: str = ""
    invoice: str = ""
    amount_minor: int | None = None
    currency: str = ""
    card: str = ""
    pan_masked: str = ""
    pan_sealed: str = ""
    expiry: str = ""
    original: int = 0
    flow: Flow = Flow.REQUEST
    queued: bool = False
    batch: int = 1
    entry_mode: EntryMode = EntryMode.MANUAL
    other_minor: int | None = None  # the cash part; the tip
    remaining_minor: int | None = None  # of a partial reversal: what is left afterwards
    original_minor: int | None = None  # what the original was approved for
    rrn: str = ""  # of an original that this journal does not hold
    approval_code: str = ""  # given by voice, or by the terminal itself
    partial: bool = False  # an approval for less will do
    final: bool = True  # of a completion: nothing more follows
    totals: str = ""  # of a reconciliation
    after_upload: bool = False  # of a reconciliation: the items were uploaded
    last_item: bool = False  # of an upload
    invented: bool = False  # it never left: a tester put it into the batch
    sequence: str = ""  # PAN sequence number
    chip: str = ""  # what the card said (EMV tags in hex, no card number among them)
    pin: bool = False  # a PIN was entered

    @property
    def row(self) -> str:
        """What the PAN is sealed for."""
        return f"{self.terminal_id}/{self.number}"


class Repeated(_Line, frozen=True, kw_only=True, tag="repeated"):
    """The request is about to leave again, as a repeat."""

    number: int
    at: str


class Answered(_Line, frozen=True, kw_only=True, tag="answered"):
    """The request's answer was heard in time, before the terminal gave it up."""

    number: int
    at: str
    approved: bool
    code: str = ""
    reason: str = ""
    approval_code: str = ""
    rrn: str = ""
    amount_minor: int | None = None  # the amount approved, where it is not the one asked for
    final: bool = True  # False: the host could not decide, and may do so when it is asked again
    totals: str = ""  # the host's, in its answer to a reconciliation


class Abandoned(_Line, frozen=True, kw_only=True, tag="abandoned"):
    """The terminal waits no longer. From here on an answer is late, and late answers are no
    approvals."""

    number: int
    at: str
    why: str


class Altered(_Line, frozen=True, kw_only=True, tag="altered"):
    """A tester made the terminal's books wrong: it forgot the entry, or has another amount."""

    number: int
    at: str
    forgotten: bool = False
    claimed_minor: int | None = None


class Closed(_Line, frozen=True, kw_only=True, tag="closed"):
    """The batch is closed by the reconciliation of that number; the next one begins."""

    number: int
    at: str
    batch: int
    balanced: bool = True


class Head(_Line, frozen=True, kw_only=True, tag="head"):
    """First line of a journal that was shortened: the counters as they stood."""

    next_number: int
    batch: int


class Kept(_Line, frozen=True, kw_only=True, tag="kept"):
    """An entry that a shortened journal still holds, whole."""

    sent: Sent
    repeats: int = 0
    answered: Answered | None = None
    abandoned: bool = False
    altered: Altered | None = None


Line = Sent | Repeated | Answered | Abandoned | Altered | Closed | Head | Kept


@dataclass(frozen=True, slots=True)
class Entry:
    """One request and all that followed. ``reversal`` is the number of the last reversal that was
    sent for it, or 0.

    ``undone``: a full reversal was accepted. ``closed``: the last one was answered with something
    final, accepted or not. ``stands_minor`` is what partial reversals, tips and increments have
    made of the amount, ``None`` where there were none.
    """

    sent: Sent
    repeats: int = 0
    answered: Answered | None = None
    abandoned: bool = False
    altered: Altered | None = None
    reversal: int = 0
    undone: bool = False
    closed: bool = False
    stands_minor: int | None = None
    cut_back: bool = False  # reversed in part
    voided: bool = False
    completed: bool = False  # finally: nothing more can be captured
    completed_minor: int = 0
    refunded_minor: int = 0
    tip_minor: int = 0
    uploaded: bool = False

    @property
    def number(self) -> int:
        """Its place in the journal's count of requests."""
        return self.sent.number

    @property
    def stan(self) -> str:
        """Its system trace audit number."""
        return self.sent.stan

    @property
    def moves_money(self) -> bool:
        """Whether a reversal can be about it."""
        return self.sent.kind in MONEY

    @property
    def is_told(self) -> bool:
        """It states what has happened already: without an answer it is repeated, not reversed."""
        return self.sent.flow is Flow.ADVICE or self.sent.kind in SETTLES

    @property
    def open(self) -> bool:
        """The host has not decided as far as we know, and an answer to a repeat still counts."""
        return self.answered is None and not self.abandoned

    @property
    def was_approved(self) -> bool:
        """The card holder was told that it is approved, whatever came of it since."""
        return self.answered is not None and self.answered.approved

    @property
    def approved(self) -> bool:
        """The card holder was told that it is approved, and nothing has undone it since."""
        return self.was_approved and not self.undone and not self.voided

    @property
    def amount_minor(self) -> int:
        """What was approved, which may be less than what was asked for."""
        answered = self.answered
        if answered is not None and answered.amount_minor is not None:
            return answered.amount_minor
        return self.sent.amount_minor or 0

    @property
    def in_effect_minor(self) -> int:
        """What of it stands: nothing once it is undone, less after a partial reversal, more with a
        tip or an increment."""
        if not self.approved:
            return 0
        return self.amount_minor if self.stands_minor is None else self.stands_minor

    @property
    def settlement(self) -> str:
        """How a reconciliation was answered: ``balanced``, ``differs``, or empty where neither."""
        if self.sent.kind is not Kind.RECONCILIATION or self.answered is None:
            return ""
        if self.answered.approved:
            return "balanced"
        return "differs" if self.answered.reason == Reason.RECONCILE_MISMATCH else ""

    @property
    def owes_reversal(self) -> bool:
        """It may have been approved without our knowing, or its reversal was sent and is not
        answered (INV-28)."""
        unknown = (self.answered is None and not self.is_told) or self.reversal > 0
        return self.moves_money and unknown and not self.closed

    @property
    def owes_telling(self) -> bool:
        """It has to be repeated until it is answered with something final (INV-25)."""
        unanswered = self.answered is None or not self.answered.final
        return self.is_told and unanswered and not self.sent.invented


def stan_of(number: int) -> str:
    """The STAN of the n-th request.

    >>> stan_of(1), stan_of(999_999), stan_of(1_000_000)
    ('000001', '999999', '000001')
    """
    return f"{(number - 1) % STANS + 1:06d}"
