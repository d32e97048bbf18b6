"""What is remembered of payments: transactions, money, parties, batches. ``RECORD_TYPES`` names all
there are.

Owns their shapes; ``record`` says what all records keep to, ``key_records`` holds those of keys and
devices. PANs are there only sealed (SR-PAN-03), track, CVV, PIN and PIN block never (SR-SAD-01).
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from switch.model.key_records import Device, FormerKey, KeyDeed, SealedKey
from switch.model.record import Key, Record, key_of, next_version
from switch.model.request import Answer
from switch.model.trail import Counted, Trail
from switch.model.words import Delivery, EntryMode, Flow, Kind, State
from switch.money import Money

__all__ = [
    "RECORD_TYPES",
    "Account",
    "Batch",
    "Card",
    "Configured",
    "Day",
    "Device",
    "Difference",
    "Entry",
    "FormerKey",
    "Hold",
    "Key",
    "KeyDeed",
    "Merchant",
    "Obligation",
    "Posting",
    "Record",
    "Reference",
    "SealedKey",
    "Tally",
    "Terminal",
    "Transaction",
    "UploadItem",
    "Window",
    "key_of",
    "next_version",
]


class Transaction(Record, frozen=True, kw_only=True):
    """One decided request under its request key, with the answer that every repeat gets.

    ``amount_open`` is what is still in effect: the approved amount less what was reversed (INV-26);
    of a sale with what a tip added, of an authorization what its hold sets aside. Of an increment
    it is its part of that hold, of a void what it took back, of a tip adjust the new total: these
    three act upon another transaction, whose ``amount_open`` says what is in effect.
    ``pan_sealed`` is sealed with ``id`` as associated data; ``pan_token`` is the keyed hash for
    look-ups, and its original's where the message acted upon one and names no card.
    """

    TABLE: ClassVar[str] = "transaction"
    state: State
    kind: Kind
    flow: Flow
    captures: bool
    dialect: str
    message_type: str
    code: str
    terminal_id: str
    merchant_id: str
    stan: str
    rrn: str
    reference: str = ""
    original: str = ""
    amount: Money | None = None
    amount_open: Money | None = None
    pan_token: str = ""
    pan_sealed: str = ""
    account: str = ""
    entry_mode: EntryMode = EntryMode.UNKNOWN
    batch_number: str = ""
    invoice: str = ""
    local_time: str = ""
    answer: Answer
    delivery: Delivery = Delivery.PENDING
    received_us: int = 0
    decided_us: int = 0
    business_date: str = ""  # YYYYMMDD
    trail: Trail = ()
    settings_version: int = 0
    amount_other: Money | None = None  # the cash part of a purchase with cash back; a tip
    # The batch that captured it (id of a Batch) and the date it settles on, YYYYMMDD: set in the
    # commit that captures it, and never changed (INV-50). Void, refund and reversal have their own.
    batch: str = ""
    settlement_date: str = ""
    original_key: str = ""  # request key of the transaction that this one acted upon
    undid: Kind | None = None  # of a void or reversal: the kind of what it took back
    completed_minor: int = 0  # of a pre-authorization: captured so far (INV-42)
    refunded_minor: int = 0  # of a captured transaction: refunded so far (INV-44)
    # Of an authorization that something acted upon: what may be completed in all (INV-42), with
    # increments and less partial reversals. 0: what was approved.
    authorized_minor: int = 0
    # What changed its amount and can still be taken back, oldest first: request key and minor
    # units. Of an authorization its increments with their parts; of a sale its tip adjusts with the
    # new totals, led by ("", the total before).
    changed: tuple[tuple[str, int], ...] = ()
    counted: tuple[Counted, ...] = ()  # counters before and after
    flags: tuple[str, ...] = ()  # names of risk rules that only flag
    rule: str = ""  # the scripted rule or the risk rule that decided
    stated: str = ""  # totals of a reconciliation, or minor units that a partial reversal leaves
    undelivered: str = ""  # why not a byte of the answer left, where that is known


class Reference(Record, frozen=True, kw_only=True):
    """Under an original reference: the transaction that bears it, or the tombstone of a reversal
    that came first.

    ``transaction`` is the request key of the bearer (empty for a tombstone), ``reversed_by`` the
    request keys of the reversals that named it.
    """

    TABLE: ClassVar[str] = "reference"
    transaction: str = ""
    reversed_by: tuple[str, ...] = ()

    @property
    def is_tombstone(self) -> bool:
        """A reversal was seen, its original was not (INV-22)."""
        return not self.transaction and bool(self.reversed_by)


class Entry(Struct, frozen=True, gc=False):
    """One leg of a posting; the legs of a posting sum to zero per currency (INV-60)."""

    account: str
    amount_minor: int
    currency: str


class Posting(Record, frozen=True, kw_only=True):
    """Append-only (INV-61): a correction is a new posting that names what it corrects."""

    TABLE: ClassVar[str] = "posting"
    transaction: str
    kind: str
    entries: tuple[Entry, ...]
    corrects: str = ""
    business_date: str = ""
    posted_us: int = 0


class Account(Record, frozen=True, kw_only=True):
    """A ledger account in one currency. ``balance_minor`` is the fold over its postings,
    ``held_minor`` over its holds.

    ``credit_limit_minor``: how far below zero the balance may go (INV-40).
    """

    TABLE: ClassVar[str] = "account"
    kind: str  # cardholder, merchant, payable, suspense, difference, fees, opening
    currency: str
    balance_minor: int = 0
    held_minor: int = 0
    credit_limit_minor: int = 0

    @property
    def available_minor(self) -> int:
        """What may still be spent."""
        return self.balance_minor - self.held_minor + self.credit_limit_minor


class Hold(Record, frozen=True, kw_only=True):
    """Money set aside by an authorization; resolved once (INV-42)."""

    TABLE: ClassVar[str] = "hold"
    transaction: str
    account: str
    amount_minor: int
    currency: str
    state: str = "open"  # open, completed, reversed, expired
    expires_us: int = 0
    ended_by: str = ""  # request key of the final completion or the void that ended it


class Card(Record, frozen=True, kw_only=True):
    """A card of our own issuer. ``id`` is the PAN's keyed token; ``pan_sealed`` is sealed with it
    as associated data.
    """

    TABLE: ClassVar[str] = "card"
    pan_sealed: str
    name: str = ""
    account: str
    expiry: str = ""  # YYMM, empty: not checked
    status: str = "active"  # active, blocked, lost, stolen, expired
    currency: str
    per_transaction_limit_minor: int = 0  # 0: none
    daily_limit_minor: int = 0
    day: str = ""  # business date of the counters
    day_spent_minor: int = 0
    day_count: int = 0
    pin_tries_left: int = 3
    atc_seen: int = -1
    cash_limit_minor: int = 0  # per transaction, cash part; 0: none
    issuer: str = ""  # whose keys judge it: issuer.NAME.*; empty: nobody's
    sequence: str = ""  # PAN sequence number, two digits
    # How its PIN is verified: visa-pvv, ibm-3624, house (the test PIN of this world); empty: not.
    pin_method: str = ""
    pin_reference: str = ""  # key index and PVV, or the offset
    chip: str = ""  # the profile by which its cryptograms are made; empty: they are not checked
    verification: bool = False  # whether CVV, CVV2 and the like are checked
    scripts: tuple[str, ...] = ()  # issuer scripts that wait for its next chip transaction


class Merchant(Record, frozen=True, kw_only=True):
    """A card acceptor."""

    TABLE: ClassVar[str] = "merchant"
    name: str = ""
    category: str = ""
    status: str = "active"
    currency: str
    zone: str = "UTC"


class Terminal(Record, frozen=True, kw_only=True):
    """A point of service. ``id`` is its terminal id; ``signed_on`` is what the last sign-on or
    sign-off left.
    """

    TABLE: ClassVar[str] = "terminal"
    merchant_id: str
    status: str = "active"
    signed_on: bool = False
    currency: str
    zone: str = "UTC"
    batch_number: int = 1
    ksn_seen: str = ""
    crypto_failures: int = 0  # in the window that began at crypto_failures_us (SR-PIN-06)
    partial_approval: bool = False  # takes an approval for less than it asked for
    security: str = ""  # the name of what it keeps to (switch.model.security); empty: nothing
    crypto_failures_us: int = 0


class Batch(Record, frozen=True, kw_only=True):
    """One terminal's batch: its totals are the fold over its transactions (INV-51).

    ``id`` is ``TERMINAL|NNNNNN``. The record is made by the first attempt to close it; until then a
    batch is the number in its terminal's record. Totals are ``name=integer`` joined by semicolons;
    those of other currencies than the terminal's bear the currency's number: ``978.net_amount=-5``.
    """

    TABLE: ClassVar[str] = "batch"
    terminal_id: str
    merchant_id: str
    number: str
    state: str = "open"  # open, out_of_balance, closed
    settlement_date: str = ""  # YYYYMMDD
    claimed: str = ""  # the terminal's totals, at the last close
    counted: str = ""  # ours
    closed_by: str = ""  # request key of the reconciliation that closed it
    closed_us: int = 0


class UploadItem(Record, frozen=True, kw_only=True):
    """One transaction as the terminal has it, uploaded after a close out of balance (INV-52).

    ``id`` is the batch's id and the name of the original, so an item that comes twice is one.
    """

    TABLE: ClassVar[str] = "upload_item"
    batch: str
    original: str
    transaction: str = ""  # request key of ours, empty: we have none
    kind: str = ""
    amount: Money | None = None
    stan: str = ""
    rrn: str = ""


class Difference(Record, frozen=True, kw_only=True):
    """What terminal and host did not agree on, and the rule by which it was posted (INV-52)."""

    TABLE: ClassVar[str] = "difference"
    batch: str
    classified: str  # missing_at_host, missing_at_terminal, amount_differs, totals_differ
    transaction: str = ""
    original: str = ""
    claimed_minor: int = 0
    counted_minor: int = 0
    currency: str = ""
    rule: str = ""
    posting: str = ""


class Day(Record, frozen=True, kw_only=True):
    """The house's business day where an operator has cut over: never before ``date`` (YYYYMMDD).
    ``id`` is ``house``.
    """

    TABLE: ClassVar[str] = "day"
    date: str = ""
    moved_us: int = 0  # when the last cutover by hand was


class Window(Record, frozen=True, kw_only=True):
    """What a velocity rule has seen of one subject: (wall time in microseconds, minor units),
    oldest first. ``id`` is ``SUBJECT|RULE``.
    """

    TABLE: ClassVar[str] = "window"
    seen: tuple[tuple[int, int], ...] = ()


class Tally(Record, frozen=True, kw_only=True):
    """How often something has happened: the nth time of a scripted rule, contactless in a row."""

    TABLE: ClassVar[str] = "tally"
    count: int = 0
    amount_minor: int = 0
    day: str = ""


class Configured(Record, frozen=True, kw_only=True):
    """What the configuration said of a card, terminal or merchant when it was last applied. A value
    that an operator has set since stays until the configuration says another one.

    ``id`` is ``TABLE|ID`` of the record, ``values`` are by name, as text.
    """

    TABLE: ClassVar[str] = "configured"
    values: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each record its own


class Obligation(Record, frozen=True, kw_only=True):
    """A message that the switch owes somebody: durable in the same commit as the answer that caused
    it (INV-24).
    """

    TABLE: ClassVar[str] = "obligation"
    transaction: str
    route: str
    kind: str  # reversal, advice
    state: str = "open"  # open, sent, answered, parked
    tries: int = 0
    next_try_us: int = 0
    body: str = ""


RECORD_TYPES: tuple[type[Record], ...] = (
    Transaction,
    Reference,
    Posting,
    Account,
    Hold,
    Card,
    Merchant,
    Terminal,
    Batch,
    Obligation,
    UploadItem,
    Difference,
    Day,
    Window,
    Tally,
    Configured,
    SealedKey,
    Device,
    KeyDeed,
)
