"""Card verification values: CVV of the stripe, iCVV of the chip, CVV2 as typed.

Owns the check that a demand must pass and an advice is noted with. A card says whether its values
are checked at all; a message says by its entry mode which of them it has. Refuses to know them.
"""

from __future__ import annotations

from typing import Final

from switch.core.case import Case, Objection
from switch.model.facts import Verdict
from switch.model.records import Card
from switch.model.request import Request
from switch.model.security import issuer_key
from switch.model.words import EntryMode, Reason

CHECK: Final = "card_verification"
KEY: Final = "cvk"
_READ: Final = frozenset(
    {EntryMode.MAGSTRIPE, EntryMode.FALLBACK, EntryMode.CHIP, EntryMode.CONTACTLESS_CHIP}
)


def is_checked(request: Request, card: Card | None) -> bool:
    """Whether there is a value that an issuer of ours checks."""
    if card is None or not card.verification or not card.issuer:
        return False
    return request.card_verification is not None or (
        request.track2 is not None and request.entry_mode in _READ
    )


def card_verification(case: Case) -> Objection:
    """The value is the issuer's. A track need not have room for one."""
    card, request = case.card, case.request
    if card is None or not card.verification or not is_checked(request, card):
        return None
    saw = request.entry_mode.value
    verdict = case.facts.verdicts.get(CHECK, Verdict("absent", "the vault was not asked"))
    said = f": {verdict.said}" if verdict.said else ""
    if verdict.outcome == "good":
        case.passed(CHECK, saw, "right")
        return None
    if verdict.outcome == "bad":
        remedy = "the value that the issuer has given the card"
        return case.objected(
            CHECK, saw, f"is wrong{said}", Reason.CARD_VERIFICATION_INVALID, remedy
        )
    remedy = f"a key {issuer_key(card.issuer, KEY)}"
    said = f"cannot be checked: {verdict.said or verdict.outcome}"
    return case.objected(CHECK, saw, said, Reason.KEY_UNKNOWN, remedy)


def noted(case: Case) -> Objection:
    """What has happened has, whatever value it came with."""
    if is_checked(case.request, case.card):
        verdict = case.facts.verdicts.get(CHECK, Verdict("absent"))
        case.passed(CHECK, case.request.entry_mode.value, f"{verdict.outcome}, noted")
    return None
