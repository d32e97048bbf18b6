"""Who asks: the checks on terminal, merchant and sign-on, and whether a reversal came first.

Owns enrolment of terminals on first sight. Refuses to look at cards and money.
"""

from __future__ import annotations

from typing import Final

from switch.core.case import Case, Objection, alert
from switch.core.naming import currency_of, merchant_of
from switch.model.records import Merchant, Terminal
from switch.model.trail import Check
from switch.model.words import Reason
from switch.money import Money

COMPLETE: Final = Check("fields", "", True, "all there and well formed")
FIRST: Final = Check("duplicate", "", True, "the first of its key")
NEVER_REVERSED: Final = Check("original", "", True, "no reversal was seen before it")


def fields(case: Case) -> Objection:
    """A message with faults never gets here: nothing else of it can be trusted, so it is refused
    before any other check.
    """
    case.trail.append(COMPLETE)
    return None


def duplicate(case: Case) -> Objection:
    """A repeat never gets here: the transition table answers it."""
    case.trail.append(FIRST)
    return None


def terminal(case: Case) -> Objection:
    """The terminal is known, or enrolled on first sight where the configuration says so (M-19)."""
    request = case.request
    found = case.facts.find(Terminal, request.terminal_id) if request.terminal_id else None
    if found is None:
        if not request.terminal_id:
            return case.objected(
                "terminal", "", "the message names no terminal", Reason.TERMINAL_UNKNOWN
            )
        if not case.settings.enrol_unknown:
            return case.objected(
                "terminal", request.terminal_id, "unknown", Reason.TERMINAL_UNKNOWN
            )
        found = _enrol(case)
    case.terminal = found
    if case.amount is not None and not case.amount.currency:
        case.amount = Money(case.amount.minor, currency_of(request, found, case.settings))
    if found.status != "active" and case.unforced:
        return case.objected("terminal", found.id, f"is {found.status}", Reason.TERMINAL_INACTIVE)
    case.passed("terminal", found.id, "known")
    return None


def _enrol(case: Case) -> Terminal:
    """A device on the desk: it keeps the merchant id that it came with, so that it need not be set
    up anew.
    """
    settings, request = case.settings, case.request
    owner = merchant_of(request, None, settings)
    if case.facts.find(Merchant, owner) is None:
        case.merchant = Merchant(
            id=owner, name="enrolled", currency=settings.default_currency, zone=settings.house_zone
        )
        case.records.append(case.merchant)
    newcomer = Terminal(
        id=request.terminal_id,
        merchant_id=owner,
        currency=settings.default_currency,
        zone=settings.house_zone,
    )
    case.records.append(newcomer)
    case.tells.append(alert(case.event, "terminal.enrolled", merchant=owner))
    case.trail.append(Check("enrolment", newcomer.id, True, "terminal enrolled on first sight"))
    return newcomer


def merchant(case: Case) -> Objection:
    """The merchant is known and the terminal is his (M-19)."""
    owner = merchant_of(case.request, case.terminal, case.settings)
    if case.terminal is not None and case.terminal.merchant_id != owner:
        return case.objected(
            "merchant", owner, "the terminal belongs to another merchant", Reason.MERCHANT_UNKNOWN
        )
    found = case.merchant or case.facts.find(Merchant, owner)
    if found is None:
        return case.objected("merchant", owner, "unknown", Reason.MERCHANT_UNKNOWN)
    case.merchant = found
    if found.status != "active" and case.unforced:
        return case.objected("merchant", owner, f"is {found.status}", Reason.MERCHANT_INACTIVE)
    case.passed("merchant", owner, "known, and the terminal's own")
    return None


def signed_on(case: Case) -> Objection:
    """A signed-off terminal asks for nothing new (M-37). What it did while off line, and what it
    undoes, is still taken.
    """
    if not case.policy.signon_required:
        return None
    if case.terminal is None or not case.terminal.signed_on:
        return case.objected(
            "signed_on", case.request.terminal_id, "has not signed on", Reason.NOT_SIGNED_ON
        )
    case.passed("signed_on", case.terminal.id, "signed on")
    return None


def original(case: Case) -> Objection:
    """No reversal of this very request came before it (INV-22, M-27)."""
    known = case.reference
    if known is not None and known.is_tombstone:
        return case.objected(
            "original", known.id, "was reversed before it arrived", Reason.REVERSED_BEFORE_SEEN
        )
    case.trail.append(NEVER_REVERSED)
    return None
