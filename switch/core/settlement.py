"""Reconciliation: a terminal states the totals of its batch, and the batch is closed or is not.

Owns the close. In balance: the batch's record, the terminal's next batch number and the posting of
the merchant's position are one commit (INV-51). Out of balance: what was claimed and counted is
kept, nothing is adjusted, the batch stays open (INV-52); the second close leaves the differences.
Refuses to know which totals a dialect states (``totals``) and how differences are found
(``differences``).

A close that comes again under another key, because its answer was lost, gets the same answer
(M-34): when the batch before was closed on the same claim under the same batch number of the
terminal, and nothing was captured since.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from switch.core import differences, totals
from switch.core.batches import (
    CLOSED,
    OUT_OF_BALANCE,
    batch_id,
    batch_name,
    items_of,
)
from switch.core.case import Case, ImpossibleEvent, conclude, decline
from switch.core.differences import Found
from switch.core.ladder import SENDER, Sort, climb
from switch.core.ledger import merchant_account, payable_account
from switch.core.parties import change_terminal
from switch.core.totals import Item, Totals
from switch.model.copies import replace
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Batch, Posting, Terminal, Transaction, UploadItem
from switch.model.request import Answer
from switch.model.words import Reason, State
from switch.money import Money

CLOSE: Final = Sort("close", SENDER)


class Count(NamedTuple):
    """A batch as it stands: ``totals`` by currency, ``claimed`` as the terminal states them."""

    name: str
    terminal: Terminal
    record: Batch | None
    transactions: tuple[Transaction, ...]
    items: tuple[Item, ...]
    totals: dict[str, Totals]
    claimed: Totals

    @property
    def ours(self) -> Totals:
        """Our totals in the terminal's currency, the only ones that a message can state."""
        return self.totals[self.terminal.currency]

    @property
    def is_second(self) -> bool:
        """Whether a close before this one found the batch out of balance."""
        return self.record is not None and self.record.state == OUT_OF_BALANCE

    @property
    def counted(self) -> str:
        """Our totals as a batch's record keeps them."""
        return totals.written_by_currency(self.totals, self.terminal.currency)


def settle(event: RequestArrived, facts: Facts) -> Decision:
    """Decide a reconciliation that is the first of its key."""
    case = Case(event, facts)
    objection = climb(case, CLOSE)
    if objection is not None:
        return decline(case, objection)
    try:
        claimed = totals.read(event.request.totals)
    except ValueError:
        said = "totals are written name=integer"
        return decline(case, case.objected("totals", "", said, Reason.FORMAT_ERROR))
    count = _count(case, claimed)
    again = _answered_before(case, count)
    if again is not None:
        return again
    faults = totals.disagreements(case.policy.totals, claimed, count.ours)
    _tell(case, count, faults)
    if not faults:
        return _close(case, count, ())
    if count.is_second:
        found = _differences(case, count)
        if found:
            return _close(case, count, found)
    return _keep_open(case, count)


def _count(case: Case, claimed: Totals) -> Count:
    terminal, facts = case.terminal, case.facts
    if terminal is None:
        raise ValueError("a close needs a terminal")
    name = batch_id(terminal)
    record = facts.find(Batch, name)
    if record is not None and record.state == CLOSED:
        raise ImpossibleEvent(f"batch {name} is closed and still the terminal's current one")
    transactions = facts.found(Transaction, terminal_id=terminal.id, batch=name)
    items = tuple(items_of(transactions, lambda posting: facts.find(Posting, posting)))
    policy = case.policy.totals
    sums = {terminal.currency: totals.fold(policy, ()), **totals.by_currency(policy, items)}
    return Count(name, terminal, record, transactions, items, sums, claimed)


def _answered_before(case: Case, count: Count) -> Decision | None:
    """The answer of the close before, where this is the same one again (M-34)."""
    terminal, facts = count.terminal, case.facts
    before = facts.find(Batch, batch_name(terminal.id, terminal.batch_number - 1))
    if before is None or before.state != CLOSED or count.transactions or count.record is not None:
        return None
    first = facts.find(Transaction, before.closed_by)
    if first is None:
        raise ImpossibleEvent(f"batch {before.id} was closed by nobody")
    same = totals.read(before.claimed) == count.claimed
    if not same or first.batch_number != case.request.batch_number:
        return None
    case.passed("batch", before.id, "was closed on this very claim, and nothing is new since")
    return conclude(case, State.ACCEPTED, replace(first.answer, rrn=case.rrn))


def _tell(case: Case, count: Count, faults: list[str]) -> None:
    said = f"{len(count.transactions)} transactions"
    if case.request.batch_number:
        said = f"{said}; the terminal calls it {case.request.batch_number}"
    case.passed("batch", count.name, said)
    saw = totals.written(count.claimed) or "none stated"
    said = f"counted {count.counted or 'nothing'}"
    if faults:
        said = f"{said}; {', '.join(faults)} differ"
        remedy = f"in balance with {totals.written(count.ours)}"
        case.objected("totals", saw, said, Reason.RECONCILE_MISMATCH, remedy)
    else:
        case.passed("totals", saw, said)


def _differences(case: Case, count: Count) -> list[Found]:
    """What the second close leaves; nothing where the terminal has something to send or to say
    first.
    """
    currency = count.terminal.currency
    whole = differences.of_totals(count.claimed, count.ours, currency)
    if not case.policy.upload:
        known = "" if count.record is None else count.record.claimed
        return [whole] if totals.read(known) == count.claimed else []
    uploaded = case.facts.found(UploadItem, batch=count.name)
    if not uploaded and any(count.claimed.values()):
        return []
    found = differences.compare(count.items, count.transactions, uploaded, currency)
    return found or [whole]


def _close(case: Case, count: Count, found: tuple[Found, ...] | list[Found]) -> Decision:
    """Close the batch, open the next one, post what the merchant is owed."""
    terminal, facts = count.terminal, case.facts
    _post_positions(case, count)
    differing = differences.post(case, count.name, case.merchant_id, found)
    day = facts.business_date
    case.records.append(
        _recorded(
            case, count, state=CLOSED, settlement_date=day, closed_us=case.event.moment.wall_us
        )
    )
    change_terminal(case, batch_number=terminal.batch_number + 1)
    number = f"{terminal.batch_number:06d}"
    said = f"{number} closed: {differing} differ" if differing else f"{number} closed: {_n(count)}"
    case.passed("close", count.name, f"closed for {day}")
    answer = Answer(reason=Reason.APPROVED, rrn=case.rrn, settlement_date=day[2:], text=said)
    return conclude(case, State.ACCEPTED, answer)


def _post_positions(case: Case, count: Count) -> None:
    """Settle the net of the batch's items, per merchant and currency (INV-53: from the ledger)."""
    merchants = {found.id: found.merchant_id for found in count.transactions}
    nets: dict[tuple[str, str], int] = {}
    for item in count.items:
        pair = merchants[item.key], item.currency
        nets[pair] = nets.get(pair, 0) + item.minor
    for number, ((merchant_id, currency), minor) in enumerate(sorted(nets.items()), 1):
        if not minor:
            continue
        case.book.transfer(
            f"{case.key}#settlement-{number}",
            merchant_account(merchant_id, currency),
            payable_account(merchant_id, currency),
            minor,
            currency,
            transaction=case.key,
            kind="settlement",
            at_us=case.event.moment.wall_us,
        )
        case.passed("position", merchant_id, f"settled {Money(minor, currency)}")


def _keep_open(case: Case, count: Count) -> Decision:
    """Out of balance: keep both sides' totals, change nothing else (INV-52)."""
    case.records.append(_recorded(case, count, state=OUT_OF_BALANCE))
    what = "upload" if case.policy.upload else "no upload"
    answer = Answer(
        reason=Reason.RECONCILE_MISMATCH,
        rrn=case.rrn,
        settlement_date=case.facts.business_date[2:],
        text=f"host: {_n(count)}, {what}",
        extra={"totals": totals.written(count.ours)} if count.ours else {},
    )
    return conclude(case, State.DECLINED, answer)


def _recorded(
    case: Case, count: Count, *, state: str, settlement_date: str = "", closed_us: int = 0
) -> Batch:
    """The batch's record as this attempt leaves it."""
    known = count.record
    return Batch(
        id=count.name,
        version=1 if known is None else known.version + 1,
        terminal_id=count.terminal.id,
        merchant_id=case.merchant_id,
        number=f"{count.terminal.batch_number:06d}",
        state=state,
        settlement_date=settlement_date,
        claimed=totals.written(count.claimed),
        counted=count.counted,
        closed_by=case.key if state == CLOSED else "",
        closed_us=closed_us,
    )


def _n(count: Count) -> str:
    """How many transactions, for the few places of an answer's text."""
    number = len(count.items)
    return "1 item" if number == 1 else f"{number} items"
