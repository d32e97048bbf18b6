"""What a message means, without field numbers: the request that the core decides and the answer
that goes back.
"""

from __future__ import annotations

from msgspec import Struct

from switch.model.words import APPROVALS, EntryMode, Flow, Kind, Reason
from switch.money import Money
from switch.values import CardVerification, ChipData, Pan, PinBlock, Track1, Track2


class Problem(Struct, frozen=True, gc=False):
    """Something that the wire found wrong with a message that still parsed (M-06, M-20, M-21).

    ``name`` is the semantic name of the element, ``place`` what to print for a person (``field
    41``).
    """

    name: str
    place: str
    reason: Reason
    said: str


class Request(Struct, frozen=True, gc=False, kw_only=True):
    """One message of a terminal in words.

    The three identities (design, section 3): ``request_key`` names the request, so a repeat is
    answered and not redone; ``reference`` is the name under which a later reversal, completion or
    void can point at it; ``original`` is the name that this message points at. All are made by the
    dialect's mapping, and all begin with the terminal's identity.
    """

    dialect: str
    kind: Kind
    flow: Flow
    repeat: bool = False
    captures: bool = False
    partial_capable: bool = False
    message_type: str = ""  # the MTI as text, for people
    code: str = ""  # processing / function code as text: part of what must not change in a repeat
    request_key: str
    reference: str = ""
    original: str = ""
    terminal_id: str = ""
    merchant_id: str = ""
    acquirer_id: str = ""
    stan: str = ""
    rrn: str = ""
    batch_number: str = ""
    invoice: str = ""
    transmitted_at: str = ""  # digits as sent: MMDDhhmmss, UTC
    local_time: str = ""  # digits as sent: hhmmss or YYMMDDhhmmss, in the terminal's zone
    local_date: str = ""  # digits as sent: MMDD
    amount: Money | None = None
    amount_other: Money | None = None  # cash-back part of amount
    amount_original: Money | None = None
    amount_remaining: Money | None = None  # of a partial reversal: what is left afterwards (INV-26)
    pan: Pan | None = None
    track1: Track1 | None = None
    track2: Track2 | None = None
    expiry: str = ""  # YYMM
    card_sequence: str = ""
    card_verification: CardVerification | None = None
    entry_mode: EntryMode = EntryMode.UNKNOWN
    pin_block: PinBlock | None = None
    ksn: str = ""
    security_info: str = ""
    mac: str = ""
    chip: ChipData | None = None
    approval_code: str = ""
    network_code: str = ""
    totals: str = ""  # reconciliation totals, ``name=integer`` joined by semicolons
    final: bool = True  # of a completion: nothing more follows, the rest of the hold is released
    last_item: bool = False  # of a batch upload: the sender says that this is the last one
    item: Kind | None = None  # of a batch upload: what the transaction is that it tells of
    # Rules of the configuration whose conditions on the message's fields are met (scripting).
    rules: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


class Answer(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What is told to the terminal. Stored with the transaction; a repeat gets the very same
    (INV-02).
    """

    reason: Reason
    code: str = ""  # a response code that a scripted rule sets, whatever the reason maps to
    rrn: str = ""
    approval_code: str = ""
    amount: Money | None = None  # the amount approved, where it must be stated
    balance: Money | None = None
    settlement_date: str = ""  # YYMMDD
    text: str = ""
    extra: dict[str, str] = {}  # further semantic fields, never sensitive

    @property
    def approved(self) -> bool:
        """Whether the terminal may hand over the goods."""
        return self.reason in APPROVALS
