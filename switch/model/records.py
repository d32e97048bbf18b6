"""What is remembered. Each record is versioned; a change is a new version and a new row of the
journal.

``version`` is 1 for a record that did not exist. A record appended with version ``n`` demands that
the store holds version ``n - 1`` (nothing, for 1); else the append is a conflict and nothing of it
is kept. Records are encoded as JSON by ``msgspec``: only plain data in here, PANs only sealed
(SR-PAN-03), never track, CVV, PIN or PIN block (SR-SAD-01).

What has its default is left out of the JSON, which makes each purchase cheaper. A default is
therefore part of the format and never changes.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, NamedTuple, TypeVar

from msgspec import Struct

from switch.model.copies import replace
from switch.model.request import Answer
from switch.model.trail import Counted, Trail
from switch.model.words import Delivery, EntryMode, Flow, Kind, State
from switch.money import Money


class Key(NamedTuple):
    """Names one record: its table and its id."""

    table: str
    id: str


_new: Final = tuple.__new__


def key_of(table: str, record_id: str) -> Key:
    """``Key(table, record_id)`` at a third of the price: every look-up of a decision makes one."""
    return _new(Key, (table, record_id))


class Record(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Base: identity and version."""

    TABLE: ClassVar[str] = ""
    id: str
    version: int = 1

    @property
    def key(self) -> Key:
        """Where it lives."""
        return _new(Key, (self.TABLE, self.id))


R = TypeVar("R", bound=Record)


def next_version(record: R, **changes: Any) -> R:
    """The record's successor: ``changes`` applied, version one higher."""
    return replace(record, version=record.version + 1, **changes)


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
    crypto_failures: int = 0
    partial_approval: bool = False  # takes an approval for less than it asked for


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
    values: dict[str, str] = {}


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
)
