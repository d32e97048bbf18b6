"""Tip adjusts: a sale of the open batch gets another total, once the guest has signed.

Owns what an adjust does to its sale by the state of that one. Its amount is the new total: at least
the sale's own, at most so much more as the configuration allows. The difference is posted, and the
sale counts with its new total from then on. A demand that the card's account cannot bear is
refused; what has happened is borne by suspense then, with all of the sale (``pricing``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.core import follow
from switch.core.amounts import in_effect
from switch.core.case import Case
from switch.core.follow import Upon, refuse
from switch.core.increment import MOST
from switch.core.ledger import in_words, suspense_account
from switch.core.pricing import reprice
from switch.core.undoing import repriced
from switch.core.void import closed
from switch.model.events import RequestArrived
from switch.model.facts import Decision, Facts
from switch.model.records import Transaction, next_version
from switch.model.words import Kind, Reason, State
from switch.money import Money

ADJUSTABLE: Final = frozenset({Kind.PURCHASE, Kind.CASHBACK, Kind.COMPLETION})
_WHOLE_BP: Final = 10_000  # basis points


def adjust(event: RequestArrived, facts: Facts) -> Decision:
    """Decide a tip adjust, or take note of one."""
    return follow.decide(event, facts, ON_ADJUST)


def change(case: Case, sale: Transaction) -> Decision:
    """Let the sale have the new total."""
    if sale.kind not in ADJUSTABLE or not sale.captures or sale.amount_open is None:
        said = f"a {sale.kind.value} that captured nothing has no tip"
        return refuse(case, said, Reason.TRANSACTION_INVALID, "a sale, or a completion")
    wrong = closed(case, sale) or follow.wrong_amount(case, sale) or _out_of_bounds(case, sale)
    if wrong is not None:
        return wrong
    total, first = _amount(case), _first(sale)
    price = reprice(case.book, case.facts, sale, total.minor)
    moved_off = price.account == suspense_account(total.currency) != sale.account
    if moved_off and case.unforced:
        free = case.book.account(sale.account, total.currency).available_minor
        most = Money(in_effect(sale) + max(0, free), total.currency)
        said = "the card's account cannot bear it"
        return refuse(case, said, Reason.FUNDS_INSUFFICIENT, f"a total of at most {most}")
    case.book.post(
        case.key,
        price.moves,
        total.currency,
        transaction=case.key,
        kind=case.request.kind.value,
        at_us=case.event.moment.wall_us,
        corrects=sale.id,
    )
    after = next_version(
        sale,
        amount_open=total,
        account=price.account,
        changed=(*(sale.changed or (("", first),)), (case.key, total.minor)),
    )
    case.records.append(after)
    case.other = case.other or Money(total.minor - first, total.currency)
    _recount(case, sale, total.minor, price.account)
    said = f"now {total}, {case.other} of it tip, on {in_words(price.account)}"
    case.passed("tip", f"{sale.amount_open} before", said)
    return follow.approve(case, total, price.account, follow.code_of(case, sale))


def _first(sale: Transaction) -> int:
    """The sale's own total, without tips."""
    return sale.changed[0][1] if sale.changed else in_effect(sale)


def _out_of_bounds(case: Case, sale: Transaction) -> Decision | None:
    """The refusal of a total that is none: below the sale's own, below what was refunded of it, or
    with too much of a tip.
    """
    total, first = _amount(case), _first(sale)
    most = first * (_WHOLE_BP + case.settings.authorization.tip_tolerance_bp) // _WHOLE_BP
    least = max(first, sale.refunded_minor)
    lowest, highest = Money(least, total.currency), Money(most, total.currency)
    if total.minor < least:
        said = f"a total of {total} is below {lowest}"
        remedy = f"a total from {lowest} to {highest}"
        return refuse(case, said, Reason.AMOUNT_INVALID, remedy)
    if total.minor > most:
        said = f"a total of {total} is above {highest}"
        return refuse(case, said, Reason.LIMIT_EXCEEDED, f"a total of at most {highest}")
    if len(sale.changed) > MOST:
        said = f"was adjusted {MOST} times"
        return refuse(case, said, Reason.TRANSACTION_INVALID, "a reversal of one of them")
    return None


def _recount(case: Case, sale: Transaction, total: int, account: str) -> None:
    if case.card is not None:
        card = repriced(case.card, sale, case.facts.business_date, total, account)
        if card is not None:
            case.card_record = next_version(card)


def _amount(case: Case) -> Money:
    if case.amount is None:
        raise ValueError("a tip adjust needs an amount")
    return case.amount


def partly(case: Case, _sale: Transaction) -> Decision:
    """What remains was stated by the reversal."""
    remedy = "a sale of its own"
    return refuse(case, "was reversed in part", Reason.ALREADY_REVERSED, remedy)


def held_only(case: Case, _sale: Transaction) -> Decision:
    """An authorization captures nothing itself."""
    remedy = "a tip adjust of its completion"
    return refuse(case, "captured nothing", Reason.TRANSACTION_INVALID, remedy)


ON_ADJUST: Final[Mapping[State, Upon]] = {
    State.APPROVED: change,
    State.PARTIAL: change,
    State.ACCEPTED: change,
    State.PARTLY_REVERSED: partly,
    State.SETTLED: change,
    State.COMPLETED: held_only,
    State.EXPIRED: held_only,
    State.DECLINED: follow.declined_before,
    State.REVERSED: follow.reversed_before,
    State.VOIDED: follow.reversed_before,
}
