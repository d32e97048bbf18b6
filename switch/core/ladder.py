"""The ladder of checks: plain functions in a tuple, read top to bottom, first objection stands.

Owns which check is asked of what sort of message. The order is the dialect's
(``DialectPolicy.checks``), as data; what secures a message is always judged, named or not. Refuses
to decide what an objection leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from switch.core import chips, devices, limits, parties, pins, proof, risk, rules, verification
from switch.core.case import Case, ImpossibleEvent, Objection
from switch.model.settings import CHECK_NAMES, order_faults, whole_order

Check = Callable[[Case], Objection]


class Sort:
    """A sort of message: the checks that it is asked, by the names that dialects order them by.

    A handler that asks other questions makes a sort of its own, mostly of the sets below.
    """

    __slots__ = ("checks", "name")

    def __init__(self, name: str, checks: Mapping[str, Check]) -> None:
        strange = set(checks).difference(CHECK_NAMES)
        if strange:
            raise ValueError(f"no dialect can order the checks {sorted(strange)} of {name}")
        self.name = name
        self.checks = dict(checks)

    def __repr__(self) -> str:
        return f"Sort({self.name!r})"


ANYBODY: Final[dict[str, Check]] = {
    "fields": parties.fields,
    "mac": proof.mac,
    "duplicate": parties.duplicate,
    "ksn": devices.ksn,
}
SENDER: Final[dict[str, Check]] = {
    **ANYBODY,
    "terminal": parties.terminal,
    "merchant": parties.merchant,
}
# Who asks for something new, and does not tell what has happened already.
DEMANDER: Final[dict[str, Check]] = {
    **SENDER,
    "signed_on": parties.signed_on,
    "original": parties.original,
}
CARDHOLDER: Final[dict[str, Check]] = {
    "card": risk.card,
    "expiry": risk.expiry,
    "card_verification": verification.card_verification,
    "cryptogram": chips.cryptogram,
    "pin": pins.pin,
}
# What a card's data say where nothing is decided upon them.
NOTED: Final[dict[str, Check]] = {
    "card_verification": verification.noted,
    "cryptogram": chips.noted,
}
# Of the card of what has happened already.
TOLD_OF_CARD: Final[dict[str, Check]] = {"card": risk.card_of_advice, **NOTED}

DEMAND: Final = Sort(
    "demand",
    {
        **DEMANDER,
        **CARDHOLDER,
        "amount": limits.amount,
        "risk": rules.risk,
        "limits": limits.limits,
        "funds": limits.funds,
    },
)
ADVICE: Final = Sort(
    "advice",
    {
        **SENDER,
        "original": parties.original,
        **TOLD_OF_CARD,
        "amount": limits.amount,
        "risk": rules.risk,
    },
)
INQUIRY: Final = Sort(
    "inquiry",
    {**DEMANDER, **CARDHOLDER, "amount": limits.no_amount, "risk": rules.risk},
)
NOTE: Final = Sort("note", {**SENDER, "original": parties.original, **TOLD_OF_CARD})
REVERSAL: Final = Sort("reversal", SENDER)
SIGN: Final = Sort("sign", SENDER)
UNBUILT: Final = Sort("unbuilt", ANYBODY)


@lru_cache(maxsize=256)
def ladder(order: tuple[str, ...], sort: Sort) -> tuple[Check, ...]:
    """The checks of that sort of message, in the dialect's order. ImpossibleEvent for a name that
    is no check.
    """
    for fault in order_faults(order):
        raise ImpossibleEvent(f"the dialect's order of checks cannot be used: {fault}")
    return tuple(sort.checks[name] for name in whole_order(order) if name in sort.checks)


def climb(case: Case, sort: Sort) -> Objection:
    """Run the checks; the first objection, or ``None``."""
    for check in ladder(case.policy.checks, sort):
        objection = check(case)
        if objection is not None:
            return objection
    return None
