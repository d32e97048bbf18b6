"""Who asks: the checks on terminal, merchant and sign-on, and whether a reversal came first.

Owns the rungs about the sender; each objection says what would have changed it. Refuses to look at
cards and money.
"""

from __future__ import annotations

from typing import Any, Final

from switch.core.case import Case, Objection
from switch.core.enrolment import enrol_terminal
from switch.core.naming import currency_of, merchant_of
from switch.model.copies import replace
from switch.model.records import Merchant, Terminal, next_version
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
                "terminal",
                "",
                "the message names no terminal",
                Reason.TERMINAL_UNKNOWN,
                "the id of a terminal of this house",
            )
        if not case.settings.enrol_unknown:
            return case.objected(
                "terminal",
                request.terminal_id,
                "unknown",
                Reason.TERMINAL_UNKNOWN,
                "to add the terminal, or to switch enrolment on",
            )
        found = enrol_terminal(case)
    case.terminal = found
    if case.amount is not None and not case.amount.currency:
        case.amount = Money(case.amount.minor, currency_of(request, found, case.settings))
    if case.other is not None and not case.other.currency:
        case.other = Money(case.other.minor, currency_of(request, found, case.settings))
    if found.status != "active" and case.unforced:
        return case.objected(
            "terminal",
            found.id,
            f"is {found.status}",
            Reason.TERMINAL_INACTIVE,
            "to set the terminal active",
        )
    case.passed("terminal", found.id, "known")
    return None


def change_terminal(case: Case, **changes: Any) -> None:
    """Store the terminal with other values, in one record with its enrolment where it is new."""
    terminal = case.terminal
    if terminal is None:
        raise ValueError("only a known terminal can change")
    for place, record in enumerate(case.records):
        if record is terminal:
            case.terminal = replace(terminal, **changes)
            case.records[place] = case.terminal
            return
    case.terminal = next_version(terminal, **changes)
    case.records.append(case.terminal)


def merchant(case: Case) -> Objection:
    """The merchant is known and the terminal is his (M-19)."""
    owner = merchant_of(case.request, case.terminal, case.settings)
    if case.terminal is not None and case.terminal.merchant_id != owner:
        return case.objected(
            "merchant",
            owner,
            "the terminal belongs to another merchant",
            Reason.MERCHANT_UNKNOWN,
            f"the terminal's own merchant, {case.terminal.merchant_id}, or none",
        )
    found = case.merchant or case.facts.find(Merchant, owner)
    if found is None:
        return case.objected(
            "merchant", owner, "unknown", Reason.MERCHANT_UNKNOWN, "to add the merchant"
        )
    case.merchant = found
    if found.status != "active" and case.unforced:
        return case.objected(
            "merchant",
            owner,
            f"is {found.status}",
            Reason.MERCHANT_INACTIVE,
            "to set the merchant active",
        )
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
            "signed_on",
            case.request.terminal_id,
            "has not signed on",
            Reason.NOT_SIGNED_ON,
            "a sign-on of the terminal before it",
        )
    case.passed("signed_on", case.terminal.id, "signed on")
    return None


def original(case: Case) -> Objection:
    """No reversal of this very request came before it (INV-22, M-27)."""
    known = case.reference
    if known is not None and known.is_tombstone:
        return case.objected(
            "original",
            known.id,
            "was reversed before it arrived",
            Reason.REVERSED_BEFORE_SEEN,
            "a new request under a name of its own",
        )
    case.trail.append(NEVER_REVERSED)
    return None
