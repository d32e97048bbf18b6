"""The cards that a person holds to the virtual terminal: by the names of the demo world, or by
number; and what is written on them by their issuer.

Owns how a card is named on a command line, and the stripe and the verification codes of a test card
whose issuer's test keys stand in the configuration. Refuses to know balances, limits and what an
issuer would say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from switch.config import Card, Config, demo_config
from switch.keys.card_verification import made_for
from switch.values import CardVerification, ClearKey, Pan, Track2
from switch_tools.terminal_refusal import TerminalError

DEFAULT_EXPIRY: Final = "4912"
SHORTEST_PAN: Final = 8
LONGEST_PAN: Final = 19
# On a stripe: international, with a chip or without; every transaction is authorized normally.
_WITH_CHIP: Final = "201"
_WITHOUT_CHIP: Final = "101"
_NO_PVV: Final = "00000"

IssuerKeys = Mapping[str, ClearKey]


class CardError(TerminalError):
    """A card that cannot be held to the terminal."""


@dataclass(frozen=True, slots=True)
class Personal:
    """What the issuer put on a test card. ``profile`` says how its chip makes cryptograms; empty:
    it has no chip. ``keys`` are the issuer's, by role (``switch.model.security``).
    """

    sequence: str = ""
    profile: str = ""
    keys: IssuerKeys = field(default_factory=dict, repr=False)

    @property
    def service_code(self) -> str:
        """That of the stripe."""
        return _WITH_CHIP if self.profile else _WITHOUT_CHIP


@dataclass(frozen=True, slots=True)
class CardInHand:
    """One card: its name (empty for one given by number), number and expiry (YYMM)."""

    name: str
    pan: Pan
    expiry: str
    personal: Personal = field(default_factory=Personal, compare=False)

    @property
    def label(self) -> str:
        """What a receipt may show."""
        return f"{self.name} {self.pan.masked}".strip()

    @property
    def stripe(self) -> Track2 | None:
        """Track 2 with the right CVV behind an empty PVV; ``None`` where the issuer's key is not
        known.
        """
        code = self._verification("cvv")
        if code is None:
            return None
        service = self.personal.service_code
        return Track2(f"{self.pan.reveal()}={self.expiry}{service}{_NO_PVV}{code.reveal()}")

    @property
    def cvv2(self) -> CardVerification:
        """The code in print on the back. Raises CardError where the issuer's key is not known."""
        code = self._verification("cvv2")
        if code is None:
            said = "its issuer's key is not in the configuration: give the code itself"
            raise CardError(f"the CVV2 of {self.label} is not known: {said}")
        return code

    def _verification(self, kind: str) -> CardVerification | None:
        key = self.personal.keys.get("cvk")
        if key is None:
            return None
        service = self.personal.service_code
        cvk = bytearray.fromhex(key.reveal())
        return CardVerification(made_for(cvk, self.pan.reveal(), self.expiry, service, kind))


def demo_cards() -> dict[str, CardInHand]:
    """The cards of the demo world by name."""
    config = demo_config()
    return _by_name(config.card, issuer_keys(config))


def issuer_keys(config: Config) -> dict[str, IssuerKeys]:
    """The test keys of the issuers of a world: by issuer, then by role."""
    found: dict[str, dict[str, ClearKey]] = {}
    for key in config.key:
        kind, _, rest = key.name.partition(".")
        issuer, _, role = rest.rpartition(".")
        if kind == "issuer":
            found.setdefault(issuer, {})[role] = key.value
    return dict(found)


def find_card(
    text: str,
    expiry: str = "",
    cards: Iterable[Card] | None = None,
    issuers: Mapping[str, IssuerKeys] | None = None,
) -> CardInHand:
    """The card that ``text`` names, or whose number it is; ``expiry`` (YYMM) overrides the card's
    own. Without ``cards`` (and their ``issuers``) those of the demo world are meant.

    A wrong check digit is let through: what a host says to it is worth a test. Raises CardError,
    which shows no digits.

    >>> find_card("visa").label
    'visa 476173******0010'
    """
    if expiry and not (len(expiry) == 4 and expiry.isdecimal() and expiry.isascii()):
        raise CardError("an expiry is written YYMM, such as 3012")
    known = demo_cards() if cards is None else _by_name(cards, issuers or {})
    card = known.get(text.lower())
    if card is not None:
        return CardInHand(card.name, card.pan, expiry or card.expiry, card.personal)
    digits = text.replace(" ", "")
    if not (digits.isascii() and digits.isdecimal()):
        shown = repr(text[:24]) if text.isalpha() else "that"
        raise CardError(f"there is no card {shown}: use {', '.join(known)}, or a test number")
    if not SHORTEST_PAN <= len(digits) <= LONGEST_PAN:
        limits = f"{SHORTEST_PAN} to {LONGEST_PAN}"
        raise CardError(f"a card number has {limits} digits, this one has {len(digits)}")
    named = next((card for card in known.values() if card.pan == Pan(digits)), None)
    if named is None:
        return CardInHand("", Pan(digits), expiry or DEFAULT_EXPIRY)
    return CardInHand(named.name, named.pan, expiry or named.expiry, named.personal)


def _by_name(cards: Iterable[Card], issuers: Mapping[str, IssuerKeys]) -> dict[str, CardInHand]:
    return {
        card.name.lower(): CardInHand(
            card.name,
            card.pan,
            card.expiry,
            Personal(card.sequence, card.chip, issuers.get(card.issuer, {})),
        )
        for card in cards
    }
