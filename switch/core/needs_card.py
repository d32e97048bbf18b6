"""What the vault is asked about a card: its PIN, its cryptogram, its verification value.

Owns these questions, their keys' rows, and when they are asked: never of a message whose sender is
in doubt (M-08). Refuses to judge.
"""

from __future__ import annotations

from switch.core import chips, verification
from switch.core.needs import READY, Needs, missing
from switch.core.pins import VERIFYING
from switch.core.proof import may_ask
from switch.core.terms import Refusal, key_name, key_row, other_set_rows, terms_of
from switch.model.events import RequestArrived
from switch.model.facts import Facts, VerdictNeed
from switch.model.records import Card, Key, Transaction
from switch.model.request import Request
from switch.model.security import Security, issuer_key
from switch.model.words import Flow

_NEWCOMER: Card = Card(id="", pan_sealed="", account="", currency="", pin_method="house")


def of_card(event: RequestArrived, facts: Facts) -> Needs:
    """What the vault says of the card, once the rows of its keys are there."""
    return with_card(event, facts, [])


def with_card(event: RequestArrived, facts: Facts, wanted: list[Key]) -> Needs:
    """The rows wanted, together with those of the card's keys; then what the vault says of it."""
    card = subject(event, facts)
    if card is None:
        return missing(facts.rows, wanted)
    security = terms_of(event.request, facts)
    asked = _questions(event.request, card, security)
    wanted += _rows(card, event.request, asked)
    return missing(facts.rows, wanted) or _behind_the_mac(asked, event, facts, security)


def subject(event: RequestArrived, facts: Facts) -> Card | None:
    """The card that the message names, if there is something that may be asked of it; or the one
    that is about to be enrolled under its number: the PIN of that is the house's test PIN.
    """
    request = event.request
    has_pin = request.pin_block is not None
    if not (
        has_pin
        or request.track2 is not None
        or request.chip is not None
        or request.card_verification is not None
    ):
        return None
    if request.pan is None or not event.pan_token:
        return None
    card = facts.find(Card, event.pan_token)
    if card is None and has_pin:
        settings = facts.settings
        enrols = settings.enrol_unknown and settings.enrol_issuer and event.card_sealed
        card = _NEWCOMER if enrols else None
    return card if card is not None and (has_pin or card.chip or card.verification) else None


def _rows(card: Card, request: Request, asked: list[VerdictNeed]) -> list[Key]:
    """Of the keys that the questions are asked with, and of those that make issuer scripts."""
    names = [name for need in asked for name in need.keys]
    if card.scripts and chips.is_checked(request, card):
        names += [issuer_key(card.issuer, role) for role in chips.SCRIPTING]
    return [key_row(name) for name in names]


def _behind_the_mac(
    asked: list[VerdictNeed], event: RequestArrived, facts: Facts, security: Security | None
) -> Needs:
    """What is asked when the rows are there: nothing, as long as the sender is in doubt (M-08)."""
    unasked = _unasked(asked, facts)
    if not unasked:
        return _of_no_key(event.request, facts)
    if security is not None and not may_ask(event, facts, security):
        return READY
    return unasked


def _of_no_key(request: Request, facts: Facts) -> Needs:
    """What else to look for where the PIN's key set is not there."""
    verdict = facts.verdicts.get("pin")
    if verdict is None or verdict.outcome != "unknown_key" or not request.ksn:
        return READY
    return missing(facts.rows, other_set_rows(request.ksn))


def of_repeat(event: RequestArrived, first: Transaction, facts: Facts) -> Needs:
    """A repeat's own cryptogram, where the first one's was right: the chip is answered again."""
    request = event.request
    if request.chip is None or not event.pan_token or not chips.was_right(first):
        return READY
    card, security = facts.find(Card, event.pan_token), terms_of(request, facts)
    if card is None or not chips.is_checked(request, card):
        return READY
    if security is not None and not may_ask(event, facts, security):
        return READY
    need = _cryptogram(card)
    rows = missing(facts.rows, [key_row(name) for name in need.keys])
    return rows or _unasked([need], facts)


def _questions(request: Request, card: Card, security: Security | None) -> list[VerdictNeed]:
    found = []
    if request.pin_block is not None and security is not None:
        found += _pin(request, card, security)
    if chips.is_checked(request, card):
        found.append(_cryptogram(card))
    if verification.is_checked(request, card):
        key = issuer_key(card.issuer, verification.KEY)
        found.append(VerdictNeed(verification.CHECK, (key,)))
    return found


def _pin(request: Request, card: Card, security: Security) -> list[VerdictNeed]:
    if request.flow is not Flow.REQUEST:
        return []  # what has happened is not verified any more
    name = key_name(request, security, "tpk")
    if isinstance(name, Refusal) or card.pin_method not in VERIFYING:
        return []
    role = VERIFYING[card.pin_method]
    if not role:
        return [VerdictNeed("pin", (name,))]
    return [VerdictNeed("pin", (name, issuer_key(card.issuer, role)))]


def _cryptogram(card: Card) -> VerdictNeed:
    return VerdictNeed(chips.CHECK, (issuer_key(card.issuer, chips.MASTER),))


def _unasked(asked: list[VerdictNeed], facts: Facts) -> Needs:
    verdicts = facts.verdicts
    return tuple([need for need in asked if need.question not in verdicts])
