"""PINs: a PIN that is there must be verified, and may be wrong only so often (INV-70, INV-72).

Owns the check, and the tries that a card has left: they are in the card's record, which is stored
in the commit of the very answer, so that they hold over connections, batches and restarts. With
three tries, wrong PINs are answered ``pin.wrong``, ``pin.wrong``, ``pin.tries_exceeded``; from
then on the right one is refused as well, until an operator resets them (``cards.reset_pin``). A
right one before that resets them. A block that holds no PIN is no try, but one of the terminal's
failures (M-11).
"""

from __future__ import annotations

from typing import Final

from switch.core.case import Case, Objection
from switch.core.devices import use_up
from switch.core.proof import refuse
from switch.core.terms import Refusal, is_missing, key_name, no_key
from switch.model.facts import Verdict
from switch.model.records import Card
from switch.model.trail import Counted
from switch.model.words import Reason

TRIES: Final = 3  # SR-PIN-06
LEFT: Final = "card.pin_tries_left"
VERIFYING: Final = {"visa-pvv": "pvk", "ibm-3624": "ibm", "house": ""}  # key role, by method
_SAW: Final = "enciphered PIN block"
_A_KEY: Final = "keys that this PIN can be verified with, or a message without PIN"


def pin(case: Case) -> Objection:
    """Right, and not after too many wrong ones."""
    if case.request.pin_block is None:
        return None
    unverifiable = _unverifiable(case)
    if unverifiable is not None:
        return refuse(case, unverifiable)
    verdict = case.facts.verdicts.get("pin", Verdict("absent", "the vault was not asked"))
    card = case.card
    if verdict.outcome == "block_invalid":
        said = verdict.said or "the block does not decipher to a PIN"
        remedy = "a PIN block under the terminal's PIN key, for this card"
        return refuse(
            case, Refusal("pin", _SAW, said, Reason.PIN_BLOCK_INVALID, remedy, counts=True)
        )
    if card is None or verdict.outcome not in ("good", "bad"):
        return _without_key(case, verdict)
    if case.request.ksn and not case.proven:
        use_up(case)
    return _tried(case, card, verdict)


def _without_key(case: Case, verdict: Verdict) -> Objection:
    """The vault could not judge; where the PIN's own key is not there, what the message could be
    under instead.
    """
    said, remedy, security = verdict.said or verdict.outcome, _A_KEY, case.security
    assert security is not None  # or nobody had asked
    name = key_name(case.request, security, "tpk")
    if isinstance(name, str) and verdict.outcome == "unknown_key" and is_missing(name, case.facts):
        refusal = no_key(name, case.facts, security, case.request.ksn)
        said, remedy = f"no key {name}: {refusal.said}", refusal.remedy
    return case.objected("pin", _SAW, f"cannot be verified: {said}", Reason.KEY_UNKNOWN, remedy)


def _tried(case: Case, card: Card, verdict: Verdict) -> Objection:
    """A PIN was read: what it does to the tries."""
    left = card.pin_tries_left
    if left <= 0:
        return _exceeded(case, "too many wrong ones before")
    if verdict.outcome == "good":
        if left < TRIES:
            _leave(case, left, TRIES)
        case.passed("pin", _SAW, "right")
        return None
    _leave(case, left, left - 1)
    if left == 1:
        return _exceeded(case, "wrong, and the last try")
    said = f"wrong, {left - 1} left"
    return case.objected("pin", _SAW, said, Reason.PIN_WRONG, "the right PIN")


def _exceeded(case: Case, said: str) -> Reason:
    remedy = "to reset the card's PIN tries"
    return case.objected("pin", _SAW, said, Reason.PIN_TRIES_EXCEEDED, remedy)


def _leave(case: Case, before: int, after: int) -> None:
    case.card_changes["pin_tries_left"] = after
    case.counted.append(Counted(LEFT, before, after, TRIES))


def _unverifiable(case: Case) -> Refusal | None:
    """Why there is no asking the vault."""
    card, security = case.card, case.security
    if security is None:
        said = "cannot be verified: the terminal has no keys"
        remedy = "a PIN key for the terminal, or a message without PIN"
        return Refusal("pin", _SAW, said, Reason.KEY_UNKNOWN, remedy)
    if card is not None and card.pin_method not in VERIFYING:
        said, remedy = "cannot be verified: the card has no PIN", "a card with a PIN"
        return Refusal("pin", _SAW, said, Reason.KEY_UNKNOWN, remedy)
    if case.request.pan is None:
        said, remedy = "cannot be verified without a card number", "a message that names the card"
        return Refusal("pin", _SAW, said, Reason.KEY_UNKNOWN, remedy)
    name = key_name(case.request, security, "tpk")
    if isinstance(name, Refusal):
        return name._replace(check="pin")
    return None
