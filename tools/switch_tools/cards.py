"""The cards that a person holds to the virtual terminal: by the names of the demo world, or by
number.

Owns how a card is named on a command line. Refuses to know balances, limits and what an issuer
would say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from switch.config import Card, demo_config
from switch.errors import IsoswitchError
from switch.values import Pan

DEFAULT_EXPIRY: Final = "4912"
SHORTEST_PAN: Final = 8
LONGEST_PAN: Final = 19


class CardError(IsoswitchError):
    """A card that cannot be held to the terminal."""


@dataclass(frozen=True, slots=True)
class CardInHand:
    """One card: its name (empty for one given by number), number and expiry (YYMM)."""

    name: str
    pan: Pan
    expiry: str

    @property
    def label(self) -> str:
        """What a receipt may show."""
        return f"{self.name} {self.pan.masked}".strip()


def demo_cards() -> dict[str, CardInHand]:
    """The cards of the demo world by name."""
    return _by_name(demo_config().card)


def find_card(text: str, expiry: str = "", cards: Iterable[Card] | None = None) -> CardInHand:
    """The card that ``text`` names, or whose number it is; ``expiry`` (YYMM) overrides the card's
    own.

    A wrong check digit is let through: what a host says to it is worth a test. Raises CardError,
    which shows no digits.

    >>> find_card("visa").label
    'visa 476173******0010'
    """
    if expiry and not (len(expiry) == 4 and expiry.isdecimal() and expiry.isascii()):
        raise CardError("an expiry is written YYMM, such as 3012")
    known = demo_cards() if cards is None else _by_name(cards)
    card = known.get(text.lower())
    if card is not None:
        return CardInHand(card.name, card.pan, expiry or card.expiry)
    digits = text.replace(" ", "")
    if not (digits.isascii() and digits.isdecimal()):
        shown = repr(text[:24]) if text.isalpha() else "that"
        raise CardError(f"there is no card {shown}: use {', '.join(known)}, or a test number")
    if not SHORTEST_PAN <= len(digits) <= LONGEST_PAN:
        limits = f"{SHORTEST_PAN} to {LONGEST_PAN}"
        raise CardError(f"a card number has {limits} digits, this one has {len(digits)}")
    named = next((card for card in known.values() if card.pan == Pan(digits)), None)
    own = named.expiry if named else DEFAULT_EXPIRY
    return CardInHand(named.name if named else "", Pan(digits), expiry or own)


def _by_name(cards: Iterable[Card]) -> dict[str, CardInHand]:
    return {card.name.lower(): CardInHand(card.name, card.pan, card.expiry) for card in cards}
