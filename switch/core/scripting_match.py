"""Which scripted rule a request meets: kind, place, card, amount, how often, and by what chance.

Owns the order (the first rule that fires is the one) and the counting: a rule that asks for the nth
time counts each new request that meets its other conditions and that no earlier rule took. Refuses
to look at fields: the wire has done so (``Request.rules``), and to say what follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

from switch.core.naming import currency_of, merchant_of
from switch.model.events import RequestArrived
from switch.model.facts import Facts
from switch.model.records import Key, Tally, Terminal, key_of
from switch.model.request import Request
from switch.model.scripts import LOTS, AmountTest, Script, ScriptBook
from switch.model.trail import Counted
from switch.money import CURRENCIES, Money

_DECIMALS: Final = 3  # of a thousandth
_NO_CURRENCY: Final = ("", 2)


class Match(NamedTuple):
    """The rule that fires, if any; what was counted on the way to it."""

    rule: Script | None = None
    tallies: tuple[Tally, ...] = ()
    counted: tuple[Counted, ...] = ()


NO_MATCH: Final = Match()


def thousandths(amount: Money) -> int:
    """An amount in thousandths of its currency's main unit.

    >>> thousandths(Money(1234, "840")), thousandths(Money(12, "392"))
    (12340, 12000)
    """
    exponent = CURRENCIES.get(amount.currency, _NO_CURRENCY)[1]
    return amount.minor * int(10 ** (_DECIMALS - exponent))


def is_asleep(book: ScriptBook, request: Request) -> bool:
    """Whether surely no rule is met: the quick look that nearly every request passes."""
    if book.others:
        return False
    amount = request.amount
    if amount is None:
        return True
    return bool(amount.currency) and thousandths(amount) not in book.by_amount


def wanted(event: RequestArrived, facts: Facts) -> list[Key]:
    """The counters that the rules want to see, of all that may be reached. Needs the terminal."""
    keys = []
    for rule in _met(event, facts):
        if rule.counts:
            keys.append(key_of(Tally.TABLE, _tally_id(rule, event, facts)))
        elif rule.is_certain:
            break
    return keys


def match(event: RequestArrived, facts: Facts) -> Match:
    """The first rule that fires. Needs the terminal and the counters that ``wanted`` names."""
    tallies: list[Tally] = []
    counted: list[Counted] = []
    for rule in _met(event, facts):
        if rule.counts:
            tally = _counted(rule, event, facts)
            tallies.append(tally)
            limit = rule.every or max(rule.nth)
            name = f"{rule.name} per {rule.per}"
            counted.append(Counted(name, tally.count - 1, tally.count, limit))
            if not _is_its_turn(rule, tally.count):
                continue
        if rule.chance < LOTS and lot(facts.fresh.lot, rule.name) >= rule.chance:
            continue
        return Match(rule, tuple(tallies), tuple(counted))
    return Match(None, tuple(tallies), tuple(counted)) if tallies else NO_MATCH


def lot(drawn: int, rule: str) -> int:
    """The lot of one rule, from 0 to 999999: rules draw independently of each other.

    >>> lot(7, "flaky") == lot(7, "flaky") != lot(7, "other")
    True
    """
    digest = blake2b(f"{drawn}|{rule}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % LOTS


def _is_its_turn(rule: Script, count: int) -> bool:
    return count in rule.nth or (rule.every > 0 and count % rule.every == 0)


def _counted(rule: Script, event: RequestArrived, facts: Facts) -> Tally:
    """The rule's counter with this request."""
    tally_id = _tally_id(rule, event, facts)
    known = facts.find(Tally, tally_id)
    if known is None:
        return Tally(id=tally_id, count=1)
    return Tally(id=tally_id, version=known.version + 1, count=known.count + 1)


def _tally_id(rule: Script, event: RequestArrived, facts: Facts) -> str:
    match rule.per:
        case "card":
            subject = event.pan_token
        case "terminal":
            subject = event.request.terminal_id
        case "merchant":
            subject = merchant_of(event.request, _terminal(event, facts), facts.settings)
        case _:
            subject = ""
    return f"script|{rule.name}|{subject}"


def _terminal(event: RequestArrived, facts: Facts) -> Terminal | None:
    terminal_id = event.request.terminal_id
    return facts.find(Terminal, terminal_id) if terminal_id else None


def _met(event: RequestArrived, facts: Facts) -> Iterator[Script]:
    """The rules whose conditions are met, but for counting and chance, in order."""
    book, request = facts.settings.scripts, event.request
    if book is None:
        return
    terminal = _terminal(event, facts)
    amount = request.amount
    currency, value = "", None
    if amount is not None:
        currency = currency_of(request, terminal, facts.settings)
        value = thousandths(Money(amount.minor, currency))
    places = book.others if value is None else (*book.by_amount.get(value, ()), *book.others)
    merchant = merchant_of(request, terminal, facts.settings)
    for place in sorted(places):
        rule = book.rules[place]
        if (
            (not rule.kinds or request.kind in rule.kinds)
            and (not rule.flows or request.flow in rule.flows)
            and (not rule.listeners or event.origin.listener in rule.listeners)
            and (not rule.dialects or request.dialect in rule.dialects)
            and (not rule.terminals or request.terminal_id in rule.terminals)
            and (not rule.merchants or merchant in rule.merchants)
            and (not rule.currency or rule.currency == currency)
            and (rule.amount is None or (value is not None and _amounts_to(rule.amount, value)))
            and _has_card(rule, event)
            and (not rule.fields or rule.name in request.rules)
        ):
            yield rule


def _amounts_to(test: AmountTest, value: int) -> bool:
    return value in test.values if test.values else test.low <= value <= test.high


def _has_card(rule: Script, event: RequestArrived) -> bool:
    pan = event.request.pan
    if pan is None:
        return not (rule.pans or rule.prefixes or (rule.counts and rule.per == "card"))
    if not (rule.pans or rule.prefixes):
        return True
    return pan in rule.pans or (bool(rule.prefixes) and pan.starts_with(rule.prefixes))
