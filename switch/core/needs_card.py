"""What the vault is asked about a card: its PIN, its cryptogram, its verification value.

Owns these questions, their keys' rows, and when they are asked: never of a message whose sender is
in doubt (M-08). Refuses to judge.
"""

from __future__ import annotations

from switch.core import chips, verification
from switch.core.needs import READY, Needs, missing
from switch.core.pins import VERIFYING
from switch.core.proof import is_proven
from switch.core.terms import Refusal, key_name, key_row, terms_of
from switch.model.events import RequestArrived
from switch.model.facts import Facts, VerdictNeed
from switch.model.records import Card, Key, Transaction
from switch.model.request import Request
from switch.model.security import Security, issuer_key
from switch.model.words import Flow

_NEWCOMER: Card = Card(id="", pan_sealed="", account="", currency="", pin_method="house")


def of_card(event: RequestArrived, facts: Facts) -> Needs:
    """What the vault says of the card, once the rows of its keys are there."""
    request = event.request
    if request.pin_block is None and not _has_card_data(request):
        return READY
    card, security = _card(event, facts), terms_of(request, facts)
    if card is None:
        return READY
    rows = missing(facts.rows, _rows(request, card, security))
    if rows:
        return rows
    if security is not None and not is_proven(event, facts, security):
        return READY
    return _unasked(_questions(request, card, security), facts)


def rows_of_card(event: RequestArrived, facts: Facts) -> list[Key]:
    """The rows that ``of_card`` will want, to be fetched together with others."""
    request = event.request
    if request.pin_block is None and not _has_card_data(request):
        return []
    card = _card(event, facts)
    return [] if card is None else _rows(request, card, terms_of(request, facts))


def of_repeat(event: RequestArrived, first: Transaction, facts: Facts) -> Needs:
    """A repeat's own cryptogram, where the first one's was right: the chip is answered again."""
    request = event.request
    if request.chip is None or not event.pan_token or not chips.was_right(first):
        return READY
    card, security = facts.find(Card, event.pan_token), terms_of(request, facts)
    if card is None or not chips.is_checked(request, card):
        return READY
    if security is not None and not is_proven(event, facts, security):
        return READY
    need = _cryptogram(card)
    rows = missing(facts.rows, [key_row(name) for name in need.keys])
    return rows or _unasked([need], facts)


def _has_card_data(request: Request) -> bool:
    return (
        request.chip is not None
        or request.card_verification is not None
        or request.track2 is not None
    )


def _card(event: RequestArrived, facts: Facts) -> Card | None:
    """The card that the message names, if there may be something to ask of it; or the one that is
    about to be enrolled under its number: the PIN of that is the house's test PIN.
    """
    request, settings = event.request, facts.settings
    if request.pan is None or not event.pan_token:
        return None
    card = facts.find(Card, event.pan_token)
    if card is None and settings.enrol_unknown and settings.enrol_issuer and event.card_sealed:
        card = _NEWCOMER
    if card is None or (request.pin_block is None and not (card.chip or card.verification)):
        return None
    return card


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


def _rows(request: Request, card: Card, security: Security | None) -> list[Key]:
    """Of the keys that the questions are asked with, and of those that make issuer scripts."""
    questions = _questions(request, card, security)
    if not questions:
        return []
    names = [name for need in questions for name in need.keys]
    if card.scripts and chips.is_checked(request, card):
        names += [issuer_key(card.issuer, role) for role in chips.SCRIPTING]
    return [key_row(name) for name in names]


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


def _unasked(questions: list[VerdictNeed], facts: Facts) -> Needs:
    verdicts = facts.verdicts
    return tuple([need for need in questions if need.question not in verdicts])
