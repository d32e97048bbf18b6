"""What each check of a risk rule looks at, and what it says when the rule fires.

Owns one plain function per check: it reads the case and gives a ``Finding``, or ``None`` where the
rule has nothing against it. Refuses to decide what follows, which is the rule's mode, and to move
any counter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from switch.core.case import Case
from switch.core.rules_windows import (
    Seen,
    free_for_one,
    free_for_sum,
    in_words,
    total,
    within,
)
from switch.model.records import Tally, Window
from switch.model.risk_rules import RiskCheck, RiskRule
from switch.model.trail import Counted
from switch.model.words import EntryMode, Kind
from switch.money import CURRENCIES, Money

# A member of an enumeration costs a look-up each time; these are asked of every payment.
_MANUAL: Final = EntryMode.MANUAL
_FALLBACK: Final = EntryMode.FALLBACK
CONTACTLESS: Final = frozenset({EntryMode.CONTACTLESS_CHIP, EntryMode.CONTACTLESS_MAGSTRIPE})


class Finding(NamedTuple):
    """A rule fires: what it saw, why that is too much, and what would have passed, in words."""

    saw: str
    said: str
    remedy: str


def row_id(rule: RiskRule, subject: str) -> str:
    """The id of the window or tally that a rule keeps of a card, terminal or merchant."""
    return f"{rule.per}:{subject}|{rule.name}"


def subject(case: Case, rule: RiskRule) -> str:
    """Whom the rule counts by; empty where neither the message nor its original names a card."""
    if rule.per == "card":
        return case.card_token
    return case.request.terminal_id if rule.per == "terminal" else case.merchant_id


def minor_in(amount: Money | None, rule: RiskRule) -> int:
    """The amount as the rule sums it up: what is in another currency counts as nothing."""
    return amount.minor if amount is not None and amount.currency == rule.currency else 0


def seen_lately(case: Case, rule: RiskRule, subject: str) -> tuple[Window | None, Seen]:
    """A velocity rule's record of the subject, and what of it is still in the window."""
    window = case.facts.find(Window, row_id(rule, subject))
    if window is None:
        return None, ()
    return window, within(window.seen, case.event.moment.wall_us, rule.window_us)


def unproven(case: Case) -> bool:
    """Contactless, and no PIN says that it is the cardholder who holds the card there."""
    return case.request.entry_mode in CONTACTLESS and case.request.pin_block is None


def _listed(case: Case, _rule: RiskRule) -> Finding:
    """Whoever is named; the rule was asked for no other reason."""
    pan = case.request.pan
    saw = f"{'no card' if pan is None else pan.masked}, {case.request.terminal_id}"
    return Finding(f"{saw}, {case.merchant_id}", "is on a deny list", "to be taken off the list")


def _amount(case: Case, rule: RiskRule) -> Finding | None:
    return _above(case.amount, rule, "an amount", "")


def _keyed(case: Case, rule: RiskRule) -> Finding | None:
    if case.request.entry_mode is not _MANUAL:
        return None
    return _above(case.amount, rule, "keyed", "the card read by chip, contactless or stripe")


def _fallback(case: Case, rule: RiskRule) -> Finding | None:
    if case.request.entry_mode is not _FALLBACK:
        return None
    return _above(case.amount, rule, "the stripe of a chip card", "the chip")


def _contactless(case: Case, rule: RiskRule) -> Finding | None:
    if not unproven(case):
        return None
    return _above(case.amount, rule, "contactless without PIN", "the chip in contact, or a PIN")


def _refund_without_sale(case: Case, _rule: RiskRule) -> Finding | None:
    if case.original is not None:
        return None
    return Finding("no sale of ours", "a refund belongs to a sale", "to name the sale it refunds")


def _cash(case: Case, rule: RiskRule) -> Finding | None:
    kind = case.request.kind
    part = case.amount if kind is Kind.CASH else case.other if kind is Kind.CASHBACK else None
    return None if part is None else _above(part, rule, "cash", "")


def _above(amount: Money | None, rule: RiskRule, what: str, instead: str) -> Finding | None:
    """Fires above the limit; a limit of zero lets nothing pass, whatever its currency."""
    limit = rule.limit_minor
    if limit and (amount is None or amount.currency != rule.currency or amount.minor <= limit):
        return None
    saw = what if amount is None else f"{what}, {amount}"
    if not limit:
        return Finding(saw, "is not taken", instead)
    most = str(Money(limit, rule.currency))
    return Finding(saw, f"above {most}", f"at most {most}" + (f", or {instead}" if instead else ""))


def _contactless_cumulative(case: Case, rule: RiskRule) -> Finding | None:
    """In a row, since the card's chip was last read in contact or its PIN was right."""
    token = case.card_token
    if not token or not unproven(case):
        return None
    tally = case.facts.find(Tally, row_id(rule, token))
    count, amount = (0, 0) if tally is None else (tally.count, tally.amount_minor)
    remedy = "first one with the chip in contact, or with a PIN"
    if rule.count and count >= rule.count:
        case.counted.append(Counted(rule.name, count, count, rule.count))
        return Finding(f"{count} in a row before", f"at most {rule.count} without PIN", remedy)
    minor = minor_in(case.amount, rule)
    if rule.amount_minor and minor and amount + minor > rule.amount_minor:
        case.counted.append(Counted(rule.name, amount, amount, rule.amount_minor, rule.currency))
        left = rule.amount_minor - amount
        if left > 0:
            remedy = f"at most {Money(left, rule.currency)}, or {remedy}"
        most = Money(rule.amount_minor, rule.currency)
        saw = f"{Money(amount, rule.currency)} in a row before"
        return Finding(saw, f"at most {most} without PIN", remedy)
    return None


def _velocity(case: Case, rule: RiskRule) -> Finding | None:
    who = subject(case, rule)
    if not who:
        return None
    _, seen = seen_lately(case, rule, who)
    now_us, window_us = case.event.moment.wall_us, rule.window_us
    number = len(seen)
    if rule.count and number >= rule.count:
        case.counted.append(Counted(rule.name, number, number, rule.count))
        wait = in_words(free_for_one(seen, rule.count, window_us) - now_us)
        said = f"at most {rule.count} of a {rule.per} in {in_words(window_us)}"
        return Finding(f"{number} before", said, f"one more in {wait}")
    minor = minor_in(case.amount, rule)
    if not rule.amount_minor or not minor:
        return None
    before = total(seen)
    if before + minor <= rule.amount_minor:
        return None
    case.counted.append(Counted(rule.name, before, before, rule.amount_minor, rule.currency))
    most = Money(rule.amount_minor, rule.currency)
    remedies = []
    if before < rule.amount_minor:
        remedies.append(f"at most {Money(rule.amount_minor - before, rule.currency)} now")
    free_us = free_for_sum(seen, rule.amount_minor, minor, window_us)
    if free_us is not None:
        remedies.append(f"the whole amount in {in_words(free_us - now_us)}")
    saw = f"{Money(before, rule.currency)} before"
    said = f"at most {most} of a {rule.per} in {in_words(window_us)}"
    return Finding(saw, said, ", or ".join(remedies))


def _unusual_hour(case: Case, rule: RiskRule) -> Finding | None:
    settings, terminal = case.settings, case.terminal
    by_terminal = rule.zone == "terminal" and terminal is not None
    zone = terminal.zone if by_terminal and terminal is not None else settings.house_zone
    now = case.facts.minutes.get(zone)
    start, end = rule.minutes
    if now is None or not _between(now, start, end):
        return None
    said = f"between {_clock(start)} and {_clock(end)}"
    return Finding(f"{_clock(now)} in {zone}", said, f"from {_clock(end)} on")


def _between(now: int, start: int, end: int) -> bool:
    """Whether a minute of the day lies in a span that may lead over midnight."""
    return start <= now < end if start < end else now >= start or now < end


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _currency(case: Case, rule: RiskRule) -> Finding | None:
    amount = case.amount
    if amount is None or amount.currency in rule.currencies:
        return None
    taken = ", ".join(sorted(CURRENCIES[number][0] for number in rule.currencies))
    return Finding(str(amount), f"only {taken} is taken", f"an amount in {taken}")


CHECKS: Final[dict[RiskCheck, Callable[[Case, RiskRule], Finding | None]]] = {
    RiskCheck.DENY_LIST: _listed,
    RiskCheck.AMOUNT: _amount,
    RiskCheck.KEYED: _keyed,
    RiskCheck.FALLBACK: _fallback,
    RiskCheck.CONTACTLESS: _contactless,
    RiskCheck.CONTACTLESS_CUMULATIVE: _contactless_cumulative,
    RiskCheck.VELOCITY: _velocity,
    RiskCheck.UNUSUAL_HOUR: _unusual_hour,
    RiskCheck.REFUND_WITHOUT_SALE: _refund_without_sale,
    RiskCheck.CASH: _cash,
    RiskCheck.CURRENCY: _currency,
}
