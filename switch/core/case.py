"""The working notes of one decision about a request: what was asked, by whom, what was found.

Owns how a decision is written down: the transaction record, its reference, the reply. Refuses to
judge: checks do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from switch.core.batches import batch_id
from switch.core.ledger import Book
from switch.core.naming import captures, rrn_name, stated
from switch.core.replies import UNANSWERED, reply
from switch.core.sealing import sealing
from switch.model.copies import replace
from switch.model.effects import Effect
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import (
    Card,
    Key,
    Merchant,
    Record,
    Reference,
    Terminal,
    Transaction,
    key_of,
    next_version,
)
from switch.model.request import Answer, Request
from switch.model.security import ChipOrder, KeyOrder, Sealing, Security
from switch.model.settings import DialectPolicy, Settings
from switch.model.trail import Check, Counted
from switch.model.words import Delivery, Flow, Kind, Reason, State
from switch.money import Money

# Kinds that a later message can point at. A reversal or a batch upload may carry the very numbers
# of its original, and must not take its place.
BEARS_REFERENCE: Final = frozenset(
    {
        Kind.PURCHASE,
        Kind.CASH,
        Kind.CASHBACK,
        Kind.BALANCE,
        Kind.VERIFICATION,
        Kind.PREAUTH,
        Kind.INCREMENT,
        Kind.COMPLETION,
        Kind.VOID,
        Kind.REFUND,
        Kind.TIP_ADJUST,
    }
)
# Items of a batch although they capture nothing new: each corrects what was captured (INV-50).
_CORRECTIONS: Final = frozenset({Kind.VOID, Kind.REVERSAL, Kind.TIP_ADJUST})
_CAPTURES_ANEW: Final = frozenset({Kind.COMPLETION, Kind.REFUND})
_TAKEN: Final = frozenset({State.APPROVED, State.PARTIAL, State.ACCEPTED})


class ImpossibleEvent(Exception):
    """An event that cannot happen in that state, or a policy that cannot be: a defect of ours,
    never the sender's.
    """


class Case:
    """One request on its way to a decision. Checks read it, add to ``trail`` and fill in what they
    find.
    """

    __slots__ = (
        "amount",
        "book",
        "captures",
        "card",
        "card_changes",
        "card_record",
        "chip",
        "counted",
        "event",
        "facts",
        "flags",
        "granted",
        "key",
        "keys",
        "merchant",
        "original",
        "other",
        "policy",
        "proven",
        "records",
        "reference",
        "request",
        "rule",
        "security",
        "settings",
        "tells",
        "terminal",
        "trail",
        "undid",
        "unforced",
        "unproven",
        "upon_approval",
    )

    def __init__(self, event: RequestArrived, facts: Facts) -> None:
        request = event.request
        self.event = event
        self.facts = facts
        self.request = request
        self.key = request.request_key
        self.settings: Settings = facts.settings
        self.policy: DialectPolicy = facts.policy
        self.amount = request.amount
        self.other = request.amount_other  # the cash part of a purchase with cash back; a tip
        self.granted: Money | None = None  # where less than the amount may be approved
        self.captures = captures(request)
        # A demand may be refused for business reasons; what has already happened at the terminal is
        # only recorded.
        self.unforced = request.flow is Flow.REQUEST and request.kind is not Kind.REVERSAL
        self.reference = (
            facts.find(Reference, request.reference)
            if request.reference and request.kind in BEARS_REFERENCE
            else None
        )
        self.terminal: Terminal | None = None
        self.merchant: Merchant | None = None
        self.card: Card | None = None
        self.card_record: Card | None = None  # the card as it is to be stored, where it changes
        # What the checks change of the card whatever comes of the request: PIN tries, its counter.
        self.card_changes: dict[str, Any] = {}
        self.original: Transaction | None = None  # what it acts upon, as it was found
        self.undid: Kind | None = None  # what a void or reversal has taken back
        self.trail: list[Check] = []
        self.counted: list[Counted] = []
        self.flags: list[str] = []
        self.rule = ""
        # What wants to know of an approval, and of its amount where that is not what was asked.
        self.upon_approval: Callable[[Case, Money | None], None] | None = None
        self.security: Security | None = None  # what the terminal keeps to; None: nothing
        self.proven = False  # its MAC is right
        self.unproven = False  # nothing says that the terminal has sent it
        self.chip: ChipOrder | None = None
        self.keys: KeyOrder | None = None
        self.records: list[Record] = []
        self.tells: list[Effect] = []
        self.book = Book(facts)

    @property
    def rrn(self) -> str:
        """The reference number of the answer: the sender's own where it assigned one."""
        return self.request.rrn or self.facts.fresh.rrn

    @property
    def merchant_id(self) -> str:
        """The merchant that was found, or the one that was named. What acts upon a transaction is
        its merchant's, for so is the money, even if the terminal has changed hands since.
        """
        if self.original is not None:
            return self.original.merchant_id
        return self.request.merchant_id if self.merchant is None else self.merchant.id

    @property
    def card_token(self) -> str:
        """The token of the card that is named, or else of the original's."""
        token = self.event.pan_token
        return self.original.pan_token if not token and self.original is not None else token

    @property
    def sealing(self) -> Sealing | None:
        """What the vault adds to the answer."""
        if self.security is None and self.chip is None:
            return None
        return sealing(self.request, self.facts, self.security, self.chip, self.keys)

    def passed(self, name: str, saw: str, said: str) -> None:
        """Note a check that has nothing against it."""
        self.trail.append(noted(name, saw, said))

    def objected(self, name: str, saw: str, said: str, reason: Reason, remedy: str = "") -> Reason:
        """Note the objection, and what would have changed it; returns its reason."""
        self.trail.append(Check(name, saw, False, said, remedy))
        return reason


Objection = Reason | None


@lru_cache(maxsize=4096)
def noted(name: str, saw: str, said: str) -> Check:
    """A passed check. The same few come again with every message, so they are made once."""
    return Check(name, saw, True, said)


def decline(case: Case, reason: Reason) -> Decision:
    """Refuse, and remember that it was refused."""
    answer = Answer(reason=reason, rrn=case.rrn)
    return _beside(case, answer) if case.unproven else conclude(case, State.DECLINED, answer)


def unproven_key(request: Request) -> Key:
    """Where the newest message is kept that bore a request's key and could not prove its sender."""
    return key_of(Transaction.TABLE, f"{request.request_key}|unproven")


def _beside(case: Case, answer: Answer) -> Decision:
    """Refuse what may have come from anybody. It takes nobody's key or reference, and no card is
    kept of it.
    """
    request, now_us, trail = case.request, case.event.moment.wall_us, tuple(case.trail)
    key = unproven_key(request)
    known = case.facts.find(Transaction, key.id)
    refused = Transaction(
        id=key.id,
        version=1 if known is None else known.version + 1,
        state=State.DECLINED,
        kind=request.kind,
        flow=request.flow,
        captures=case.captures,
        dialect=request.dialect,
        message_type=request.message_type,
        code=request.code,
        terminal_id=request.terminal_id,
        merchant_id=case.merchant_id,
        stan=request.stan,
        rrn=answer.rrn,
        amount=case.amount,
        entry_mode=request.entry_mode,
        answer=answer,
        delivery=Delivery.SENT,  # nobody resolves what became of its answer
        received_us=now_us,
        decided_us=now_us,
        business_date=case.facts.business_date,
        trail=trail,
        settings_version=case.settings.version,
        counted=tuple(case.counted),
    )
    told = reply(case.event, answer, refused.delivery, case.sealing)
    return Decision((refused, *case.records), (told, *case.tells), trail)


def conclude(
    case: Case, state: State, answer: Answer, amount_open: Money | None = None, account: str = ""
) -> Decision:
    """The decision: the transaction with its answer, everything else that the case has gathered,
    the reply.

    ``amount_open`` is what the transaction put into effect on ``account``. What has put something
    into effect can be pointed at by its reference number, so the plan of its kind must have named
    that one's row (``Wants.found``).
    """
    if case.upon_approval is not None and answer.approved:
        case.upon_approval(case, answer.amount)
    trail = tuple(case.trail)
    request, event, facts = case.request, case.event, case.facts
    kind, terminal = request.kind, case.terminal
    in_batch = terminal is not None and state in _TAKEN and (case.captures or kind in _CORRECTIONS)
    keeps_card = case.card is not None or not outside_ranges(request, case.settings)
    transaction = Transaction(
        id=case.key,
        state=state,
        kind=kind,
        flow=request.flow,
        captures=case.captures,
        dialect=request.dialect,
        message_type=request.message_type,
        code=request.code,
        terminal_id=request.terminal_id,
        merchant_id=case.merchant_id,
        stan=request.stan,
        rrn=answer.rrn,
        reference=request.reference,
        original=request.original,
        stated=stated(request),
        amount=case.amount,
        amount_open=amount_open,
        pan_token=case.card_token if keeps_card else "",
        pan_sealed=event.pan_sealed if keeps_card else "",
        account=account,
        entry_mode=request.entry_mode,
        batch_number=request.batch_number,
        invoice=request.invoice,
        local_time=request.local_date + request.local_time,
        answer=answer,
        # Who wants no answer has nothing outstanding: there is no delivery to wait for.
        delivery=Delivery.SENT if request.flow in UNANSWERED else Delivery.PENDING,
        received_us=event.moment.wall_us,
        decided_us=event.moment.wall_us,
        business_date=facts.business_date,
        trail=trail,
        settings_version=case.settings.version,
        amount_other=case.other,
        batch=batch_id(terminal) if in_batch and terminal is not None else "",
        settlement_date=facts.business_date if in_batch else "",
        original_key="" if case.original is None else case.original.id,
        undid=case.undid,
        counted=tuple(case.counted),
        flags=tuple(case.flags),
        rule=case.rule,
    )
    records: list[Record] = [transaction]
    if kind in BEARS_REFERENCE:
        if request.reference:
            records.append(bearing(case.reference, request.reference, case.key))
        if amount_open is not None and not _shares_number(case, answer.rrn):
            name = rrn_name(request, case.merchant_id, answer.rrn)
            records.append(bearing(facts.find(Reference, name), name, case.key))
    records += case.book.records()
    records += case.records
    if case.card_record is not None:
        records.append(case.card_record)
    if case.card_changes:
        _change_card(case, records)
    told = reply(event, answer, transaction.delivery, case.sealing)
    return Decision(tuple(records), (told, *case.tells), trail)


def _change_card(case: Case, records: list[Record]) -> None:
    """Let the changes of the checks be in the one version of the card that is stored."""
    card = case.card
    if card is None:
        raise ValueError("only a known card can change")
    for place, record in enumerate(records):
        if isinstance(record, Card) and record.id == card.id:
            records[place] = replace(record, **case.card_changes)
            return
    records.append(next_version(card, **case.card_changes))


def _shares_number(case: Case, rrn: str) -> bool:
    """Whether it came under its original's own reference number, which goes on meaning that one;
    but for completions and refunds, which are what a later void or tip means by it.
    """
    if case.original is None or case.request.kind in _CAPTURES_ANEW:
        return False
    return case.original.rrn == rrn


def outside_ranges(request: Request, settings: Settings) -> bool:
    """Whether the card is none that this world may hold: then not even its token is kept
    (SR-SAD-05).
    """
    ranges, pan = settings.test_ranges, request.pan
    return bool(ranges) and pan is not None and not pan.starts_with(ranges)


def bearing(known: Reference | None, reference: str, key: str) -> Reference:
    """The reference, now borne by the transaction ``key``.

    A tombstone keeps the names of the reversals that made it. A reference that some other
    transaction bore belongs to the newer one from now on: that is what the terminal means by it.
    """
    if known is None:
        return Reference(id=reference, transaction=key)
    reversed_by = known.reversed_by if known.transaction in ("", key) else ()
    return Reference(
        id=reference, version=known.version + 1, transaction=key, reversed_by=reversed_by
    )
