"""Closed vocabularies: kinds of transaction, flows, states, reasons, entry modes."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a message asks for, whatever its message type and processing code were."""

    SIGN_ON = "sign_on"
    SIGN_OFF = "sign_off"
    ECHO = "echo"
    KEY_EXCHANGE = "key_exchange"
    CUTOVER = "cutover"
    PURCHASE = "purchase"
    CASH = "cash"
    CASHBACK = "purchase_with_cashback"
    BALANCE = "balance_inquiry"
    VERIFICATION = "account_verification"
    PREAUTH = "pre_authorization"
    INCREMENT = "incremental_authorization"
    COMPLETION = "completion"
    VOID = "void"
    REFUND = "refund"
    TIP_ADJUST = "tip_adjust"
    REVERSAL = "reversal"
    RECONCILIATION = "reconciliation"
    BATCH_UPLOAD = "batch_upload"
    FILE_ACTION = "file_action"
    UNKNOWN = "unknown"

    @property
    def is_network(self) -> bool:
        """Network management: no card, no money."""
        return self in _NETWORK


_NETWORK = frozenset(
    {Kind.SIGN_ON, Kind.SIGN_OFF, Kind.ECHO, Kind.KEY_EXCHANGE, Kind.CUTOVER},
)


class Flow(StrEnum):
    """What the sender expects: a decision (request) or an acknowledgement (advice)."""

    REQUEST = "request"
    ADVICE = "advice"
    NOTIFICATION = "notification"
    ANSWER = "answer"


class EntryMode(StrEnum):
    """How the card's data came in."""

    UNKNOWN = "unknown"
    MANUAL = "manual"
    MAGSTRIPE = "magstripe"
    CHIP = "chip"
    CONTACTLESS_CHIP = "contactless_chip"
    CONTACTLESS_MAGSTRIPE = "contactless_magstripe"
    FALLBACK = "fallback"
    ECOMMERCE = "ecommerce"
    STORED = "credential_on_file"
    QR = "qr"


class State(StrEnum):
    """Of one transaction. A final state is never left (transaction-invariants, head)."""

    NEW = "new"  # nothing is known under this key
    FORWARDED = "forwarded"  # waits for an upstream
    APPROVED = "approved"
    PARTIAL = "partial"
    DECLINED = "declined"
    ACCEPTED = "accepted"  # an advice, a reversal or a network message that was taken
    PARTLY_REVERSED = "partly_reversed"
    REVERSED = "reversed"
    COMPLETED = "completed"
    EXPIRED = "expired"
    VOIDED = "voided"
    SETTLED = "settled"


class Delivery(StrEnum):
    """What became of an answer's bytes (INV-23)."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why an answer is what it is. A dialect maps each reason to a response code; the name is what
    stays.
    """

    APPROVED = "approved"
    PARTIAL = "partial"
    APPROVED_NO_ORIGINAL = "approved.no_original"  # a reversal whose original was never seen
    FORMAT_ERROR = "format.error"
    TRANSACTION_INVALID = "transaction.invalid"
    AMOUNT_INVALID = "amount.invalid"
    PAN_INVALID = "pan.invalid"
    PAN_NOT_TEST = "pan.not_test"
    CARD_UNKNOWN = "card.unknown"
    CARD_EXPIRED = "card.expired"
    CARD_BLOCKED = "card.blocked"
    CARD_LOST = "card.lost"
    CARD_STOLEN = "card.stolen"
    FUNDS_INSUFFICIENT = "funds.insufficient"
    LIMIT_EXCEEDED = "limit.exceeded"
    VELOCITY_EXCEEDED = "velocity.exceeded"
    CURRENCY_UNSUPPORTED = "currency.unsupported"
    ENTRY_MODE_REFUSED = "entry_mode.refused"
    RISK_REFUSED = "risk.refused"
    REFERRAL = "referral"
    TERMINAL_UNKNOWN = "terminal.unknown"
    TERMINAL_INACTIVE = "terminal.inactive"
    MERCHANT_UNKNOWN = "merchant.unknown"
    MERCHANT_INACTIVE = "merchant.inactive"
    NOT_SIGNED_ON = "not.signed_on"
    DUPLICATE = "duplicate"  # it was done before, under another key: a second completion
    DUPLICATE_MISMATCH = "duplicate.mismatch"
    NOT_FOUND = "not_found"
    REVERSED_BEFORE_SEEN = "reversed.before_seen"
    ALREADY_REVERSED = "already.reversed"
    HOLD_EXPIRED = "hold.expired"
    BATCH_CLOSED = "batch.closed"
    RECONCILE_MISMATCH = "reconcile.mismatch"
    MAC_INVALID = "mac.invalid"
    KSN_REPLAY = "ksn.replay"
    KSN_INVALID = "ksn.invalid"
    KEY_UNKNOWN = "key.unknown"
    PIN_WRONG = "pin.wrong"
    PIN_TRIES_EXCEEDED = "pin.tries_exceeded"
    PIN_BLOCK_INVALID = "pin.block_invalid"
    CRYPTOGRAM_INVALID = "cryptogram.invalid"
    CARD_VERIFICATION_INVALID = "card_verification.invalid"
    UPSTREAM_UNAVAILABLE = "upstream.unavailable"
    NO_ROUTE = "no_route"
    BUSY = "busy"
    SCRIPTED = "scripted"  # a rule of the configuration said no
    STORE_UNAVAILABLE = "store.unavailable"
    INTERNAL = "internal"


APPROVALS = frozenset({Reason.APPROVED, Reason.PARTIAL, Reason.APPROVED_NO_ORIGINAL})
