"""The ladder of checks: plain functions in a tuple, read top to bottom, first objection stands.

Owns which check is asked of what sort of message. The order is the dialect's
(``DialectPolicy.checks``), as data; a PIN that is there is always judged, named or not. Refuses to
decide what an objection leads to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from switch.core import parties, risk
from switch.core.case import Case, ImpossibleEvent, Objection
from switch.model.settings import order_faults

Check = Callable[[Case], Objection]

PURCHASE: Final = "purchase"
ADVICE: Final = "advice"
REVERSAL: Final = "reversal"
SIGN: Final = "sign"
UNBUILT: Final = "unbuilt"

# Check by name -> the function for each sort of message that it is asked of.
_EVERY: Final = (PURCHASE, ADVICE, REVERSAL, SIGN, UNBUILT)
_KNOWN_SENDER: Final = (PURCHASE, ADVICE, REVERSAL, SIGN)
CHECKS: Final[dict[str, dict[str, Check]]] = {
    "fields": dict.fromkeys(_EVERY, parties.fields),
    "terminal": dict.fromkeys(_KNOWN_SENDER, parties.terminal),
    "merchant": dict.fromkeys(_KNOWN_SENDER, parties.merchant),
    "signed_on": {PURCHASE: parties.signed_on},
    "duplicate": dict.fromkeys(_EVERY, parties.duplicate),
    "original": dict.fromkeys((PURCHASE, ADVICE, UNBUILT), parties.original),
    "card": {PURCHASE: risk.card, ADVICE: risk.card_of_advice},
    "expiry": {PURCHASE: risk.expiry},
    "pin": {PURCHASE: risk.pin},
    "amount": {PURCHASE: risk.amount, ADVICE: risk.amount},
    "risk": {},
    "limits": {PURCHASE: risk.limits},
    "funds": {PURCHASE: risk.funds},
}


@lru_cache(maxsize=256)
def ladder(order: tuple[str, ...], sort: str) -> tuple[Check, ...]:
    """The checks of that sort of message, in the dialect's order. ImpossibleEvent for a name that
    is no check.
    """
    for fault in order_faults(order):
        raise ImpossibleEvent(f"the dialect's order of checks cannot be used: {fault}")
    if "pin" not in order:
        order = (*order, "pin")
    return tuple(CHECKS[name][sort] for name in order if sort in CHECKS[name])


def climb(case: Case, sort: str) -> Objection:
    """Run the checks; the first objection, or ``None``."""
    for check in ladder(case.policy.checks, sort):
        objection = check(case)
        if objection is not None:
            return objection
    return None
