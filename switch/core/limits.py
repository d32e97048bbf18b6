"""May this amount be paid: its form, the card's limits, the funds of its account, and how much of
it where not all may.

Owns the rungs about amounts, partial approval and the card's counters of the day. Each rung notes
what it saw and said, and returns the reason of its objection, with what would have changed it, or
``None``. Refuses to move money.
"""

from __future__ import annotations

from typing import Final

from switch.core.case import Case, Objection
from switch.model.copies import replace
from switch.model.records import Card
from switch.model.trail import Counted
from switch.model.words import Kind, Reason
from switch.money import CURRENCIES, Money

# Kinds that may be approved for less than was asked. Cash may not: a drawer or a dispenser gives
# what was asked for, or nothing.
_PARTABLE: Final = frozenset({Kind.PURCHASE, Kind.CASHBACK, Kind.PREAUTH})
DAY_AMOUNT: Final = "card.day_amount"
DAY_COUNT: Final = "card.day_count"


def amount(case: Case) -> Objection:
    """An amount above zero in a currency that exists; an absent currency is the terminal's (M-21,
    INV-82). The cash part of a purchase is some or all of it.
    """
    asked = case.amount
    if asked is None:
        return _malformed(case, "", "the message names none", "an amount")
    if asked.currency not in CURRENCIES:
        remedy = "the numeric code of an ISO 4217 currency"
        return _malformed(case, str(asked), "there is no such currency", remedy)
    if asked.minor <= 0:
        return _malformed(case, str(asked), "must be above zero", "an amount above zero")
    if case.request.kind is Kind.CASHBACK:
        return _cash_part(case, asked)
    case.passed("amount", str(asked), "well formed")
    return None


def _cash_part(case: Case, asked: Money) -> Objection:
    part = case.other
    if part is None:
        if not case.unforced:
            case.passed(
                "amount", str(asked), "well formed, though it does not say how much is cash"
            )
            return None
        return _malformed(case, str(asked), "does not say how much of it is cash", "the cash part")
    saw = f"{asked}, {part} of it cash"
    if part.currency != asked.currency or not 0 < part.minor <= asked.minor:
        return _malformed(case, saw, "is no part of it", "a cash part from it, above zero")
    case.passed("amount", saw, "well formed")
    return None


def no_amount(case: Case) -> Objection:
    """An inquiry is about no amount: none, or zero (M-21)."""
    asked = case.amount
    if asked is None:
        case.passed("amount", "", "none, and none is needed")
        return None
    if asked.currency not in CURRENCIES:
        remedy = "the numeric code of an ISO 4217 currency"
        return _malformed(case, str(asked), "there is no such currency", remedy)
    if asked.minor:
        return _malformed(
            case, str(asked), "an inquiry moves no money", "an amount of zero, or none"
        )
    case.passed("amount", str(asked), "zero, as it must be")
    return None


def _malformed(case: Case, saw: str, said: str, remedy: str) -> Reason:
    return case.objected("amount", saw, said, Reason.AMOUNT_INVALID, remedy)


def limits(case: Case) -> Objection:
    """The card's currency, its limits for cash, for one transaction and for a business day."""
    asked, holder = case.amount, case.card
    if asked is None or holder is None:
        raise ValueError("limits are judged after card and amount")
    currency = asked.currency
    if holder.currency != currency:
        letters = CURRENCIES[holder.currency][0]
        return case.objected(
            "limits",
            str(asked),
            f"the card is kept in {letters}",
            Reason.CURRENCY_UNSUPPORTED,
            f"an amount in {letters}",
        )
    cash, once, daily = (
        holder.cash_limit_minor,
        holder.per_transaction_limit_minor,
        holder.daily_limit_minor,
    )
    if cash:
        objection = _cash(case, asked, cash)
        if objection is not None:
            return objection
    if once and _wanted(case, asked) > once:
        said = f"above {Money(once, currency)} for one transaction"
        remedy = f"at most {Money(once, currency)}"
        if not _part(case, "limits", str(asked), said, once):
            return case.objected("limits", str(asked), said, Reason.LIMIT_EXCEEDED, remedy)
    if daily:
        objection = _daily(case, holder, asked)
        if objection is not None:
            return objection
    case.passed("limits", "", "within" if daily or once or cash else "none set")
    return None


def _cash(case: Case, asked: Money, limit: int) -> Objection:
    """What is handed out in notes has a limit of its own. Without its cash part a purchase is
    none.
    """
    kind = case.request.kind
    part = asked if kind is Kind.CASH else case.other if kind is Kind.CASHBACK else None
    if part is None or part.minor <= limit:
        return None
    most = Money(limit, asked.currency)
    said = f"above {most} in cash"
    if _part(case, "limits", f"{part} in cash", said, asked.minor - part.minor):
        return None
    remedy = f"at most {most} in cash"
    return case.objected("limits", f"{part} in cash", said, Reason.LIMIT_EXCEEDED, remedy)


def _daily(case: Case, holder: Card, asked: Money) -> Objection:
    currency, limit = asked.currency, holder.daily_limit_minor
    spent = spent_today(holder, case.facts.business_date)
    if spent + _wanted(case, asked) <= limit:
        return None
    left = limit - spent
    said = f"with {Money(spent, currency)} before above {Money(limit, currency)} a day"
    if _part(case, "limits", str(asked), said, left):
        return None
    case.counted.append(Counted(DAY_AMOUNT, spent, spent, limit, currency))
    later = "the next business date"
    remedy = f"at most {Money(left, currency)}, or {later}" if left > 0 else later
    return case.objected("limits", str(asked), said, Reason.LIMIT_EXCEEDED, remedy)


def funds(case: Case) -> Objection:
    """Balance less holds plus credit limit covers the amount (INV-40)."""
    asked, holder = case.amount, case.card
    if asked is None or holder is None:
        raise ValueError("funds are judged after card and amount")
    account = case.book.account(holder.account, asked.currency)
    available = Money(account.available_minor, account.currency)
    if available.minor < _wanted(case, asked):
        if _part(case, "funds", str(available), "not enough", available.minor):
            return None
        remedy = f"at most {available}" if available.minor > 0 else "money in the account"
        return case.objected(
            "funds", str(available), "not enough", Reason.FUNDS_INSUFFICIENT, remedy
        )
    case.passed("funds", str(available), "enough")
    return None


def _wanted(case: Case, asked: Money) -> int:
    """What is still to be approved: all of it, or what an earlier rung has left of it."""
    return asked.minor if case.granted is None else case.granted.minor


def _part(case: Case, name: str, saw: str, said: str, most: int) -> bool:
    """Approve ``most`` minor units instead, where terminal and configuration allow it. Of a
    purchase with cash back only the goods are: there is no cash without them, and no odd cash.
    """
    asked = case.amount
    if asked is None or not _takes_less(case):
        return False
    if case.request.kind is Kind.CASHBACK and case.other is not None:
        most = min(most, asked.minor - case.other.minor)
    if most <= 0:
        return False
    case.granted = Money(min(most, _wanted(case, asked)), asked.currency)
    case.passed(name, saw, f"{said}; {case.granted} of {asked} may be approved")
    return True


def _takes_less(case: Case) -> bool:
    terminal = case.terminal
    return (
        case.settings.authorization.partial_approval
        and case.request.kind in _PARTABLE
        and (case.request.partial_capable or (terminal is not None and terminal.partial_approval))
    )


def spent_today(holder: Card, business_date: str) -> int:
    """What the card's daily limit has been charged with on that business date."""
    return holder.day_spent_minor if holder.day == business_date else 0


def count_day(case: Case, holder: Card, minor: int) -> None:
    """One more on the card's day, where the card has a limit for it."""
    limit = holder.daily_limit_minor
    if not limit:
        return
    today = case.facts.business_date
    spent = spent_today(holder, today)
    number = holder.day_count if holder.day == today else 0
    case.counted += (
        Counted(DAY_AMOUNT, spent, spent + minor, limit, holder.currency),
        Counted(DAY_COUNT, number, number + 1),
    )
    is_new = case.card_record is not None
    case.card_record = replace(
        holder,
        version=holder.version if is_new else holder.version + 1,
        day=today,
        day_spent_minor=spent + minor,
        day_count=number + 1,
    )
