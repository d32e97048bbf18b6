"""May this card pay this amount: card, expiry, PIN, amount, limits, funds of our own issuer.

Owns the risk ladder's rungs about cards and money. Each is a plain function: it notes what it saw
and said, and returns the reason of its objection or ``None``. Refuses to move money. Nothing
sensitive is noted: a card number only masked.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from switch.core.case import Case, Objection, alert, outside_ranges
from switch.core.ledger import card_account, opening_account
from switch.model.records import Account, Card
from switch.model.words import Reason
from switch.money import CURRENCIES, Money
from switch.values import Pan

_STATUS: Final = {
    "blocked": Reason.CARD_BLOCKED,
    "lost": Reason.CARD_LOST,
    "stolen": Reason.CARD_STOLEN,
}
_CENTURY_MONTHS: Final = 1200
# What the key module can say of a PIN, and what follows. Whatever is not here is no verification,
# hence no approval.
_PIN: Final = {
    "bad": (Reason.PIN_WRONG, "wrong"),
    "block_invalid": (Reason.PIN_BLOCK_INVALID, "the block does not decipher to a PIN"),
    "tries_exceeded": (Reason.PIN_TRIES_EXCEEDED, "too many wrong ones before"),
}


def card(case: Case) -> Objection:
    """A well-formed number of a range that is served; a card that is known or enrolled, active."""
    pan = case.request.pan
    if pan is None:
        return case.objected("card", "", "the message names no card", Reason.PAN_INVALID)
    saw = pan.masked
    if outside_ranges(case.request, case.settings):
        return case.objected("card", saw, "in none of the test ranges", Reason.PAN_NOT_TEST)
    found = case.facts.find(Card, case.event.pan_token)
    if found is None:
        if not is_card_number(pan):
            said = "12 to 19 digits with a check digit that fits make a card number"
            return case.objected("card", saw, said, Reason.PAN_INVALID)
        found = _enrol(case, pan)
        if found is None:
            return case.objected("card", saw, "no card of ours", Reason.CARD_UNKNOWN)
    case.card = found
    if found.status != "active":
        reason = _STATUS.get(found.status, Reason.CARD_BLOCKED)
        return case.objected("card", saw, f"is {found.status}", reason)
    case.passed("card", saw, "known, active")
    return None


def is_card_number(pan: Pan) -> bool:
    """Whether a PAN can be one at all (ISO/IEC 7812); asked of cards that we do not know yet."""
    return 12 <= pan.length <= 19 and pan.luhn_ok


def card_of_advice(case: Case) -> Objection:
    """The card of what has already happened: whatever is wrong with it, only a number that may not
    be kept is refused.
    """
    pan = case.request.pan
    if outside_ranges(case.request, case.settings):
        saw = "" if pan is None else pan.masked
        return case.objected("card", saw, "in none of the test ranges", Reason.PAN_NOT_TEST)
    if pan is None:
        case.passed("card", "", "none named")
        return None
    case.card = case.facts.find(Card, case.event.pan_token)
    if case.card is None and is_card_number(pan):
        case.card = _enrol(case, pan)
    case.passed("card", pan.masked, "no card of ours" if case.card is None else "known")
    return None


def _enrol(case: Case, pan: Pan) -> Card | None:
    """A card of a test range on first sight, with its opening balance as a posting."""
    settings, event = case.settings, case.event
    if not (settings.enrol_unknown and settings.test_ranges and event.card_sealed):
        return None
    account_id, currency = card_account(event.pan_token), settings.default_currency
    newcomer = Card(
        id=event.pan_token,
        pan_sealed=event.card_sealed,
        name="enrolled",
        account=account_id,
        expiry=case.request.expiry,
        currency=currency,
        per_transaction_limit_minor=settings.enrol_per_transaction_limit_minor,
        daily_limit_minor=settings.enrol_daily_limit_minor,
    )
    case.card_record = newcomer
    if settings.enrol_balance_minor and case.facts.find(Account, account_id) is None:
        case.book.transfer(
            "opening:" + account_id,
            opening_account(currency),
            account_id,
            settings.enrol_balance_minor,
            currency,
            transaction=case.key,
            kind="opening",
            at_us=event.moment.wall_us,
        )
    balance = Money(settings.enrol_balance_minor, currency)
    case.tells.append(alert(event, "card.enrolled", pan=pan.masked, balance=str(balance)))
    case.passed("enrolment", pan.masked, f"card enrolled on first sight with {balance}")
    return newcomer


@lru_cache(maxsize=1024)
def expired(expiry: str, now: str) -> bool:
    """Whether a card has expired: it is good to the end of its month. Both are YYMM; fifty years
    either way are told apart.

    >>> (
    ...     expired("2610", "2611"),
    ...     expired("2611", "2611"),
    ...     expired("0101", "9911"),
    ...     expired("9911", "0101"),
    ... )
    (True, False, False, True)
    """
    months = int(expiry[:2]) * 12 + int(expiry[2:]) - int(now[:2]) * 12 - int(now[2:])
    return months % _CENTURY_MONTHS >= _CENTURY_MONTHS // 2


def is_month(expiry: str) -> bool:
    """Whether a text is a month as YYMM."""
    return len(expiry) == 4 and expiry.isascii() and expiry.isdigit() and "01" <= expiry[2:] <= "12"


def expiry(case: Case) -> Objection:
    """The card is good to the last moment of its month, by the issuer's record and by what was
    presented (M-18).
    """
    presented, recorded = case.request.expiry, "" if case.card is None else case.card.expiry
    now = case.facts.local_yymm
    if presented and not is_month(presented):
        return case.objected("expiry", presented, "is no month", Reason.FORMAT_ERROR)
    if recorded and expired(recorded, now):
        return case.objected("expiry", recorded, f"over, it is {now}", Reason.CARD_EXPIRED)
    if presented and expired(presented, now):
        return case.objected("expiry", presented, f"over, it is {now}", Reason.CARD_EXPIRED)
    if presented and recorded and presented != recorded:
        case.passed("expiry", presented, f"good, though the issuer's record says {recorded}")
    else:
        case.passed("expiry", presented or recorded, "good" if presented or recorded else "none")
    return None


def pin(case: Case) -> Objection:
    """A PIN that is there must have been verified, else nothing is approved (INV-72)."""
    if case.request.pin_block is None:
        return None
    verdict = case.facts.verdicts.get("pin")
    outcome = "absent" if verdict is None else verdict.outcome
    if outcome == "good":
        case.passed("pin", "enciphered PIN block", "right")
        return None
    reason, said = _PIN.get(outcome, (Reason.KEY_UNKNOWN, "cannot be verified"))
    if verdict is not None and verdict.said:
        said = f"{said}: {verdict.said}"
    return case.objected("pin", "enciphered PIN block", said, reason)


def amount(case: Case) -> Objection:
    """An amount above zero in a currency that exists; an absent currency is the terminal's (M-21,
    INV-82).
    """
    asked = case.amount
    if asked is None:
        return case.objected("amount", "", "the message names none", Reason.AMOUNT_INVALID)
    if asked.currency not in CURRENCIES:
        return case.objected(
            "amount", str(asked), "there is no such currency", Reason.AMOUNT_INVALID
        )
    if asked.minor <= 0:
        return case.objected("amount", str(asked), "must be above zero", Reason.AMOUNT_INVALID)
    case.passed("amount", str(asked), "well formed")
    return None


def limits(case: Case) -> Objection:
    """The card's currency, its limit per transaction and per business day."""
    asked, holder = case.amount, case.card
    if asked is None or holder is None:
        raise ValueError("limits are judged after card and amount")
    if holder.currency != asked.currency:
        return case.objected(
            "limits",
            str(asked),
            f"the card is kept in {CURRENCIES[holder.currency][0]}",
            Reason.CURRENCY_UNSUPPORTED,
        )
    limit = holder.per_transaction_limit_minor
    if limit and asked.minor > limit:
        return case.objected(
            "limits",
            str(asked),
            f"above {Money(limit, asked.currency)} for one transaction",
            Reason.LIMIT_EXCEEDED,
        )
    limit = holder.daily_limit_minor
    if limit:
        spent = spent_today(holder, case.facts.business_date)
        if spent + asked.minor > limit:
            said = (
                f"with {Money(spent, asked.currency)} before above {Money(limit, asked.currency)}"
            )
            return case.objected("limits", str(asked), f"{said} a day", Reason.LIMIT_EXCEEDED)
    case.passed("limits", "", "within" if limit else "none set for a day")
    return None


def spent_today(holder: Card, business_date: str) -> int:
    """What the card's daily limit has been charged with on that business date."""
    return holder.day_spent_minor if holder.day == business_date else 0


def funds(case: Case) -> Objection:
    """Balance less holds plus credit limit covers the amount (INV-40)."""
    asked, holder = case.amount, case.card
    if asked is None or holder is None:
        raise ValueError("funds are judged after card and amount")
    account = case.book.account(holder.account, asked.currency)
    available = Money(account.available_minor, account.currency)
    if available.minor < asked.minor:
        return case.objected("funds", str(available), "not enough", Reason.FUNDS_INSUFFICIENT)
    case.passed("funds", str(available), "enough")
    return None
