"""Chip cards: a demand's cryptogram is checked, an advice's noted, and the card answered.

Owns the check, the card's newest application transaction counter (ATC), and what its chip is told
in the answer: a response cryptogram wherever the request's was right, whether the payment is
approved or not, and the issuer scripts that wait for the card. An ATC is used once, and a card is
in one terminal at a time: a demand must come with a higher one than any that was right before. An
advice is never declined for its cryptogram, but the counter that it proves counts.

A script is taken off the card in the commit that orders it, so it is delivered once: an answer that
is lost has lost it, and the operator queues it again. A repeat is answered with a response
cryptogram if its own cryptogram is right and the first one's was; scripts it gets none.
"""

from __future__ import annotations

from typing import Final

from switch.core.case import Case, Objection
from switch.core.terms import key_use
from switch.model.facts import Facts, Verdict
from switch.model.records import Card, Transaction
from switch.model.request import Request
from switch.model.security import ChipOrder, KeyUse, issuer_key
from switch.model.words import Flow, Reason

CHECK: Final = "cryptogram"
MASTER: Final = "imk_ac"
SCRIPTING: Final = ("imk_smi", "imk_smc")
ONLINE: Final = "ARQC"
_OTHERWISE: Final = {"bad": "is not the card's", "incomplete": "lacks data"}  # no more was said
_REFUSED: Final = {
    "TC": ("the card has approved it off line (TC)", "an advice of it, or an ARQC"),
    "AAC": ("the card itself has declined (AAC)", "an ARQC, by which a card asks for approval"),
}


def is_checked(request: Request, card: Card | None) -> bool:
    """Whether there is a cryptogram that an issuer of ours can check."""
    return card is not None and bool(card.chip and card.issuer) and request.chip is not None


def cryptogram(case: Case) -> Objection:
    """The card has made it, now, and asks for approval."""
    card = case.card
    if case.request.chip is None or card is None or not is_checked(case.request, card):
        return None
    verdict = case.facts.verdicts.get(CHECK, Verdict("absent"))
    kind, atc = verdict.data.get("cryptogram", ""), _atc(verdict)
    saw = f"{kind or 'cryptogram'}, ATC {atc}"
    match verdict.outcome:
        case "good":
            return _taken(case, card, kind, atc)
        case "bad" | "incomplete":
            said = verdict.said or _OTHERWISE[verdict.outcome]
            remedy = "a cryptogram over the data of this message, by the keys of the card's issuer"
            return case.objected(CHECK, saw, said, Reason.CRYPTOGRAM_INVALID, remedy)
        case _:
            said = f"cannot be checked: {verdict.said or verdict.outcome}"
            remedy = f"a key {issuer_key(card.issuer, MASTER)}"
            return case.objected(CHECK, saw, said, Reason.KEY_UNKNOWN, remedy)


def _taken(case: Case, card: Card, kind: str, atc: int) -> Objection:
    saw = f"{kind}, ATC {atc}"
    if atc <= card.atc_seen:
        said = f"the card has been at ATC {card.atc_seen} already"
        remedy = f"an ATC above {card.atc_seen}, which a new transaction of the card has"
        return case.objected(CHECK, saw, said, Reason.CRYPTOGRAM_INVALID, remedy)
    case.card_changes["atc_seen"] = atc
    case.chip = _answer(case, card)
    if kind != ONLINE:
        said, remedy = _REFUSED.get(kind, ("is of no kind that asks for approval", "an ARQC"))
        return case.objected(CHECK, saw, said, Reason.CRYPTOGRAM_INVALID, remedy)
    case.passed(CHECK, saw, "right")
    return None


def noted(case: Case) -> Objection:
    """What has happened has: the cryptogram is evidence of it, or it is not."""
    card = case.card
    if case.request.chip is None or card is None or not is_checked(case.request, card):
        return None
    verdict = case.facts.verdicts.get(CHECK, Verdict("absent"))
    kind, atc = verdict.data.get("cryptogram", ""), _atc(verdict)
    saw = f"{kind or 'cryptogram'}, ATC {atc}"
    if verdict.outcome != "good":
        said = f"{verdict.outcome}, only noted"
        case.passed(CHECK, saw, f"{said}: {verdict.said}" if verdict.said else said)
        return None
    if atc > card.atc_seen:
        case.card_changes["atc_seen"] = atc
    case.passed(CHECK, saw, "right, noted")
    return None


def again(first: Transaction, facts: Facts) -> ChipOrder | None:
    """What the chip of a repeat is told: of the cryptogram alone, and only if both were right."""
    verdict = facts.verdicts.get(CHECK)
    if verdict is None or verdict.outcome != "good" or not was_right(first):
        return None
    card = facts.find(Card, first.pan_token)
    return None if card is None else _order(facts, card)


def was_right(first: Transaction) -> bool:
    """Whether a demand's cryptogram was checked and right."""
    return first.flow is Flow.REQUEST and any(
        check.name == CHECK and check.ok for check in first.trail
    )


def _answer(case: Case, card: Card) -> ChipOrder | None:
    """The order of the answer's chip data, with the scripts that wait and can be made."""
    order = _order(case.facts, card)
    if order is None or not card.scripts:
        return order
    keys = [_use(card, role, case.facts) for role in SCRIPTING]
    if None in keys:
        case.passed(
            "scripts", ", ".join(card.scripts), "wait: the issuer's script keys are missing"
        )
        return order
    case.card_changes["scripts"] = ()
    case.passed("scripts", ", ".join(card.scripts), "go to the card with this answer")
    found = tuple(key for key in keys if key is not None)
    return ChipOrder(order.key, order.profile, card.scripts, found, order.sequence)


def _order(facts: Facts, card: Card) -> ChipOrder | None:
    key = _use(card, MASTER, facts, facts.verdicts.get(CHECK))
    return None if key is None else ChipOrder(key, card.chip, sequence=card.sequence)


def _use(card: Card, role: str, facts: Facts, verdict: Verdict | None = None) -> KeyUse | None:
    return key_use(issuer_key(card.issuer, role), facts, verdict)


def _atc(verdict: Verdict) -> int:
    digits = verdict.data.get("atc", "")
    return int(digits) if digits.isdigit() else 0
