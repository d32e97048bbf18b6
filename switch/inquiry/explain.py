"""What happened to a transaction, in words: ``isoswitch explain``.

Owns the words for a stored decision: who asked what, which checks ran, what decided, what moved,
what it is linked to, what would have changed it. Reads records only and decides nothing; everything
that it says was stored with the decision, so it says the same in a year. Never a card number beyond
first six and last four: records hold no more in clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from switch.core.ledger import in_words
from switch.model.records import Batch, Difference, Hold, Posting, Reference, Transaction
from switch.model.trail import Check, Counted
from switch.model.words import Delivery, EntryMode, Kind, State
from switch.money import Money

_MICROSECONDS: Final = 1_000_000
DELIVERIES: Final = {
    Delivery.PENDING: "not known yet: the answer is on its way, or the switch was stopped",
    Delivery.SENT: "sent: all bytes of the answer were handed to the network",
    Delivery.FAILED: "failed: not a byte of the answer was handed to the network",
    Delivery.UNKNOWN: "unknown: the terminal may have the answer or not, until it speaks again",
}
_OPEN: Final = frozenset({State.APPROVED, State.PARTIAL, State.PARTLY_REVERSED, State.ACCEPTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A transaction and the records around it, as the store has them."""

    transaction: Transaction
    response_code: str = ""
    original: Transaction | None = None
    followers: Sequence[Transaction] = ()
    postings: Sequence[Posting] = ()
    hold: Hold | None = None
    batch: Batch | None = None
    differences: Sequence[Difference] = ()
    reference: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The story in parts, plain data for programs; ``lines`` tells it to a person."""

    what: dict[str, Any]
    outcome: dict[str, Any]
    checks: list[dict[str, Any]]
    decided_by: str
    would_have_changed_it: list[str]
    counters: list[dict[str, Any]]
    postings: list[dict[str, Any]]
    hold: dict[str, Any] | None
    links: list[dict[str, Any]]
    batch: dict[str, Any] | None
    delivery: str
    notes: list[str] = field(default_factory=list)


def explain(history: History) -> Explanation:
    """The explanation of one transaction."""
    transaction = history.transaction
    return Explanation(
        what=_what(transaction),
        outcome=_outcome(transaction, history.response_code),
        checks=[_check(check) for check in transaction.trail],
        decided_by=_decided_by(transaction),
        would_have_changed_it=_remedies(transaction),
        counters=[_counter(item) for item in transaction.counted],
        postings=[_posting(item) for item in history.postings],
        hold=None if history.hold is None else _hold(history.hold),
        links=_links(history),
        batch=_batch(history),
        delivery=_delivery(transaction),
        notes=_notes(history),
    )


def _delivery(transaction: Transaction) -> str:
    said = DELIVERIES[transaction.delivery]
    return f"{said}; {transaction.undelivered}" if transaction.undelivered else said


def when(at_us: int) -> str:
    """Microseconds since 1970 as a date and time in UTC.

    >>> when(1_795_514_400_000_000)
    '2026-11-24 10:00:00.000 UTC'
    """
    moment = datetime.fromtimestamp(at_us // _MICROSECONDS, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{at_us % _MICROSECONDS // 1000:03d} UTC"


def _what(transaction: Transaction) -> dict[str, Any]:
    said: dict[str, Any] = {
        "kind": transaction.kind.value,
        "flow": transaction.flow.value,
        "captures": transaction.captures,
        "dialect": transaction.dialect,
        "message_type": transaction.message_type,
        "code": transaction.code,
        "terminal": transaction.terminal_id,
        "merchant": transaction.merchant_id,
        "stan": transaction.stan,
        "rrn": transaction.rrn,
        "amount": _text(transaction.amount),
        "amount_other": _text(transaction.amount_other),
        "card": _card(transaction.trail),
        "entry_mode": _entry_mode(transaction),
        "invoice": transaction.invoice,
        "received": when(transaction.received_us),
        "business_date": transaction.business_date,
        "request_key": transaction.id,
        "settings_version": transaction.settings_version,
    }
    return {name: value for name, value in said.items() if value not in ("", None)}


def _entry_mode(transaction: Transaction) -> str:
    known = transaction.entry_mode is not EntryMode.UNKNOWN
    return transaction.entry_mode.value if known else ""


def _card(trail: Sequence[Check]) -> str:
    """The card as the checks saw it: masked."""
    return next((check.saw for check in trail if check.name == "card"), "")


def _outcome(transaction: Transaction, response_code: str) -> dict[str, Any]:
    answer = transaction.answer
    said: dict[str, Any] = {
        "approved": answer.approved,
        "reason": answer.reason.value,
        "response_code": answer.code or response_code,
        "state": transaction.state.value,
        "approval_code": answer.approval_code,
        "amount_approved": _text(answer.amount),
        "balance": _text(answer.balance),
        "in_effect": _text(transaction.amount_open),
        "settlement_date": transaction.settlement_date,
    }
    return {name: value for name, value in said.items() if value not in ("", None)}


def _text(amount: Money | None) -> str | None:
    return None if amount is None else str(amount)


def _check(check: Check) -> dict[str, Any]:
    return {"name": check.name, "passed": check.ok, "saw": check.saw, "said": check.said}


def _decided_by(transaction: Transaction) -> str:
    """The rule that decided, or the check whose objection stood."""
    if transaction.rule:
        return f"rule {transaction.rule}"
    objection = _objection(transaction)
    if objection is None:
        return "no check objected"
    # What a close notes of its differences, or an approval of its delivery, refused nothing.
    return "no check refused it" if transaction.answer.approved else f"check {objection.name}"


def _objection(transaction: Transaction) -> Check | None:
    """The first objection stands; what an approval notes later is about its delivery."""
    return next((check for check in transaction.trail if not check.ok), None)


def _remedies(transaction: Transaction) -> list[str]:
    objection = _objection(transaction)
    if objection is None or transaction.answer.approved:
        return []
    if objection.remedy:
        return [objection.remedy]
    return [f"if the check {objection.name} had not found that it {objection.said}"]


def _counter(item: Counted) -> dict[str, Any]:
    return {
        "name": item.name,
        "before": _measured(item.before, item.unit),
        "after": _measured(item.after, item.unit),
        "limit": _measured(item.limit, item.unit) if item.limit else None,
    }


def _measured(value: int, unit: str) -> str:
    return str(Money(value, unit)) if unit else str(value)


def _posting(posting: Posting) -> dict[str, Any]:
    return {
        "id": posting.id,
        "kind": posting.kind,
        "corrects": posting.corrects,
        "at": when(posting.posted_us),
        "entries": [
            {
                "account": in_words(entry.account),
                "amount": str(Money(entry.amount_minor, entry.currency)),
            }
            for entry in posting.entries
        ],
    }


def _hold(hold: Hold) -> dict[str, Any]:
    return {
        "amount": str(Money(hold.amount_minor, hold.currency)),
        "state": hold.state,
        "expires": when(hold.expires_us) if hold.expires_us else "",
    }


def _links(history: History) -> list[dict[str, Any]]:
    transaction = history.transaction
    links = []
    if history.original is not None:
        links.append(_link("acted upon", history.original))
    elif transaction.kind is Kind.REVERSAL and transaction.original:
        said = {"how": "acted upon", "request_key": transaction.original, "state": "not seen"}
        links.append(said)
    links += [_link("was acted upon by", item) for item in history.followers]
    return links


def _link(how: str, other: Transaction) -> dict[str, Any]:
    return {
        "how": how,
        "kind": other.kind.value,
        "stan": other.stan,
        "amount": _text(other.amount),
        "state": other.state.value,
        "reason": other.answer.reason.value,
        "at": when(other.received_us),
        "request_key": other.id,
    }


def _batch(history: History) -> dict[str, Any] | None:
    transaction, batch = history.transaction, history.batch
    if not transaction.batch:
        return None
    return {
        "id": transaction.batch,
        "state": "open" if batch is None else batch.state,
        "settlement_date": transaction.settlement_date,
        "differences": [
            {"classified": item.classified, "rule": item.rule} for item in history.differences
        ],
    }


def _notes(history: History) -> list[str]:
    transaction, reference = history.transaction, history.reference
    notes = []
    if transaction.flags:
        notes.append(f"flagged by {', '.join(transaction.flags)}")
    if transaction.completed_minor and transaction.amount is not None:
        done = Money(transaction.completed_minor, transaction.amount.currency)
        notes.append(f"{done} of it was completed")
    if transaction.refunded_minor and transaction.amount is not None:
        back = Money(transaction.refunded_minor, transaction.amount.currency)
        notes.append(f"{back} of it was refunded")
    if reference is not None and reference.transaction not in ("", transaction.id):
        notes.append("its reference now names a newer transaction of the terminal")
    if transaction.delivery is Delivery.UNKNOWN and transaction.state in _OPEN:
        notes.append("a repeat gets the same answer; a reversal takes it back")
    return notes
