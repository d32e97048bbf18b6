"""May this card be used: card and expiry of our own issuer.

Owns the rungs about cards. Each is a plain function: it notes what it saw and said, and returns the
reason of its objection, with what would have changed it, or ``None``. Refuses to look at money.
Nothing sensitive is noted: a card number only masked.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from switch.core.case import Case, Objection, outside_ranges
from switch.core.enrolment import enrol_card
from switch.model.records import Card
from switch.model.words import Reason
from switch.values import Pan

_STATUS: Final = {
    "blocked": Reason.CARD_BLOCKED,
    "lost": Reason.CARD_LOST,
    "stolen": Reason.CARD_STOLEN,
    "expired": Reason.CARD_EXPIRED,
}
_TEST_CARD: Final = "a card of the test ranges"
_CENTURY_MONTHS: Final = 1200


def card(case: Case) -> Objection:
    """A well-formed number of a range that is served; a card that is known or enrolled, active."""
    pan = case.request.pan
    if pan is None:
        return case.objected(
            "card", "", "the message names no card", Reason.PAN_INVALID, "a card number or track 2"
        )
    saw = pan.masked
    if outside_ranges(case.request, case.settings):
        return case.objected(
            "card", saw, "in none of the test ranges", Reason.PAN_NOT_TEST, _TEST_CARD
        )
    found = case.facts.find(Card, case.event.pan_token)
    if found is None:
        if not is_card_number(pan):
            said = "12 to 19 digits with a check digit that fits make a card number"
            return case.objected("card", saw, said, Reason.PAN_INVALID, "a number that was issued")
        found = enrol_card(case, pan)
        if found is None:
            remedy = "to add the card, or to switch enrolment on"
            return case.objected("card", saw, "no card of ours", Reason.CARD_UNKNOWN, remedy)
    case.card = found
    if found.status != "active":
        reason = _STATUS.get(found.status, Reason.CARD_BLOCKED)
        return case.objected("card", saw, f"is {found.status}", reason, "to set the card active")
    case.passed("card", saw, "known, active")
    return None


def is_card_number(pan: Pan) -> bool:
    """Whether a PAN can be one at all (ISO/IEC 7812); asked of cards that we do not know yet."""
    return 12 <= pan.length <= 19 and pan.luhn_ok


def card_of_advice(case: Case) -> Objection:
    """The card of what has already happened: whatever is wrong with it, only a number that may not
    be kept is refused.
    """
    pan = case.request.pan
    if outside_ranges(case.request, case.settings):
        saw = "" if pan is None else pan.masked
        return case.objected(
            "card", saw, "in none of the test ranges", Reason.PAN_NOT_TEST, _TEST_CARD
        )
    if pan is None:
        case.passed("card", "", "none named")
        return None
    case.card = case.facts.find(Card, case.event.pan_token)
    if case.card is None and is_card_number(pan):
        case.card = enrol_card(case, pan)
    case.passed("card", pan.masked, "no card of ours" if case.card is None else "known")
    return None


@lru_cache(maxsize=1024)
def expired(expiry: str, now: str) -> bool:
    """Whether a card has expired: it is good to the end of its month. Both are YYMM; fifty years
    either way are told apart.

    >>> (
    ...     expired("2610", "2611"),
    ...     expired("2611", "2611"),
    ...     expired("0101", "9911"),
    ...     expired("9911", "0101"),
    ... )
    (True, False, False, True)
    """
    months = int(expiry[:2]) * 12 + int(expiry[2:]) - int(now[:2]) * 12 - int(now[2:])
    return months % _CENTURY_MONTHS >= _CENTURY_MONTHS // 2


def is_month(expiry: str) -> bool:
    """Whether a text is a month as YYMM."""
    return len(expiry) == 4 and expiry.isascii() and expiry.isdigit() and "01" <= expiry[2:] <= "12"


def expiry(case: Case) -> Objection:
    """The card is good to the last moment of its month, by the issuer's record and by what was
    presented (M-18).
    """
    presented, recorded = case.request.expiry, "" if case.card is None else case.card.expiry
    now = case.facts.local_yymm
    if presented and not is_month(presented):
        return case.objected(
            "expiry", presented, "is no month", Reason.FORMAT_ERROR, "year and month, as YYMM"
        )
    if recorded and expired(recorded, now):
        return case.objected(
            "expiry",
            recorded,
            f"over, it is {now}",
            Reason.CARD_EXPIRED,
            f"an issuer's record good to {now} or later",
        )
    if presented and expired(presented, now):
        return case.objected(
            "expiry",
            presented,
            f"over, it is {now}",
            Reason.CARD_EXPIRED,
            f"a card good to {now} or later",
        )
    if presented and recorded and presented != recorded:
        case.passed("expiry", presented, f"good, though the issuer's record says {recorded}")
    else:
        case.passed("expiry", presented or recorded, "good" if presented or recorded else "none")
    return None
