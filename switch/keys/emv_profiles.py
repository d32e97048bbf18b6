"""Profiles of chip cards: which way of deriving, padding and answering a scheme's cards use, by
name, and which one a card says that it uses.

Owns the table. Each line is public knowledge of a scheme's cryptogram version number (CVN), the
byte of the issuer application data (tag 9F10) that names it. Refuses to calculate.

A profile's name carries the CVN as its scheme writes it: decimal, except Visa's ``22``, which is 22
in hex. Mastercard's 16, 17, 20 and 21 are 10, 11, 14 and 15 in hex.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from switch.keys import emv_tags as tags
from switch.keys.emv_cryptogram import TagsMissing
from switch.keys.port import KeyRefused

AUTO: Final = "auto"
# What most cards make a cryptogram over, in this order (EMV book 2, 8.1.1, table 26); the issuer
# application data, or a part of it, follows.
_USUAL: Final = (
    tags.AMOUNT,
    tags.OTHER_AMOUNT,
    tags.TERMINAL_COUNTRY,
    tags.VERIFICATION_RESULTS,
    tags.CURRENCY,
    tags.DATE,
    tags.KIND,
    tags.UNPREDICTABLE,
    tags.INTERCHANGE_PROFILE,
    tags.COUNTER,
)
# Of contactless Visa cards.
_SHORT: Final = (tags.AMOUNT, tags.UNPREDICTABLE, tags.COUNTER)
_LONGEST_ISSUER_DATA: Final = 32


class NoProfile(KeyRefused):
    """A card's issuer application data names no version that is in the table."""

    def __init__(self) -> None:
        super().__init__(
            f"no chip profile fits the card's brand and the version in {tags.ISSUER_DATA}: name one"
        )


@dataclass(frozen=True, slots=True)
class Messaging:
    """How issuer scripts are secured.

    ``session``: ``visa_sm`` or ``pboc`` (keys from the ATC), ``common`` (from the cryptogram).
    ``covers``: what the MAC takes in besides the command: ``transaction`` (ATC and cryptogram
    between header and data), ``chain`` (cryptogram, later the MAC before, in front). ``counting``:
    with each command of an answer the cryptogram that keys come from is one higher. ``pin``: what a
    PIN change enciphers, and how: ``visa``, ``mastercard``, ``emv``.
    """

    session: str
    covers: str
    pin: str
    counting: bool = False
    mac_bytes: int = 8


@dataclass(frozen=True, slots=True)
class Profile:
    """One way of making and answering cryptograms.

    ``option``: of deriving the card's key. ``session``: method of session keys. ``tags``: what the
    cryptogram is made over, in order; ``issuer_data``: which bytes of 9F10 follow, as (start, end)
    pairs, all where there are none. ``response``: method 1 or 2, under ``response_key``: ``card``
    or ``session``.
    ``layout``: how 9F10 is laid out, by name (``LAYOUTS``); ``cvn``: the version that it bears.
    """

    name: str
    layout: str
    cvn: int
    session: str
    messaging: Messaging
    option: str = "A"
    tags: tuple[str, ...] = _USUAL
    issuer_data: tuple[tuple[int, int], ...] = ()
    padding: int = 2
    response: int = 1
    response_key: str = "session"

    def part_of(self, issuer_data: bytes) -> bytes:
        """What of 9F10 the cryptogram is made over. Raises TagsMissing where it is too short."""
        parts = self._parts(len(issuer_data))
        if not parts:
            raise TagsMissing((tags.ISSUER_DATA,))
        return b"".join([issuer_data[start:end] for start, end in parts])

    def takes(self, issuer_data: bytes) -> bool:
        """Whether 9F10 is long enough, and not too long."""
        return bool(self._parts(len(issuer_data)))

    def _parts(self, size: int) -> tuple[tuple[int, int], ...]:
        """Where the parts are in 9F10 of that size; nowhere in one of a wrong size."""
        parts = self.issuer_data or ((0, size),)
        if parts == _WITH_COUNTERS and size >= _LONG_COUNTERS:
            parts = _WITH_LONG_COUNTERS
        shortest = max(LAYOUTS[self.layout].shortest, parts[-1][1])
        return parts if shortest <= size <= _LONGEST_ISSUER_DATA else ()


@dataclass(frozen=True, slots=True)
class Layout:
    """How the issuer application data of a family of cards is laid out: its first bytes, where the
    cryptogram version number stands, and a card's data as a test card would give it.

    ``example`` has zero where the version stands.
    """

    starts: bytes
    cvn_at: int
    shortest: int
    example: bytes


def _layout(example: str, cvn_at: int, shortest: int, starts: int = 0) -> Layout:
    data = bytes.fromhex(example)
    return Layout(data[:starts], cvn_at, shortest, data)


LAYOUTS: Final[dict[str, Layout]] = {
    # Length 06, key index, CVN, CVR (length 03 and three bytes); issuer's own data may follow.
    "visa-0": _layout("06 01 00 03A0A000", 2, 7, starts=1),
    # Length 1F, CVN, key index, CVR of five bytes, issuer's own data.
    "visa-2": _layout("1F 00 01 A000000000" + "00" * 24, 1, 32, starts=1),
    # Key index, CVN, CVR of six bytes, data authentication code, counters of 8 or 16 bytes.
    "mchip": _layout("01 00 A00003220000 0000 0000000000000000", 1, 8),
    # Length 07, key index, CVN, CVR (length 03 and three bytes), algorithm (01 is TDES).
    "pboc": _layout("07 01 00 03A0A000 01", 2, 8, starts=1),
    # Length 0F, common core identifier (format A, version 5 is TDES), key index, CVR of five bytes,
    # counters of eight bytes; length 0F, issuer's own data.
    "ccd": _layout("0F 00 01 A000000000 0000000000000000 0F" + "00" * 15, 1, 32, starts=1),
}
_WITH_COUNTERS: Final = ((2, 8), (10, 18))
_WITH_LONG_COUNTERS: Final = ((2, 8), (10, 26))
_LONG_COUNTERS: Final = 26  # bytes of issuer application data whose counters take 16 of them

_VISA: Final = Messaging(session="visa_sm", covers="transaction", pin="visa")
_VISA_COMMON: Final = Messaging(session="common", covers="transaction", pin="visa")
_MCHIP: Final = Messaging(session="common", covers="transaction", pin="mastercard", counting=True)
_PBOC: Final = Messaging(session="pboc", covers="transaction", pin="visa", mac_bytes=4)
_CORE: Final = Messaging(session="common", covers="chain", pin="emv")

_TABLE: Final = (
    Profile("visa-cvn10", "visa-0", 0x0A, "none", _VISA, issuer_data=((3, 7),), padding=1,
            response_key="card"),
    # Contactless: a short list, and one byte of the CVR.
    Profile("visa-cvn17", "visa-0", 0x11, "none", _VISA, tags=_SHORT,
            issuer_data=((4, 5),), padding=1, response_key="card"),
    Profile("visa-cvn18", "visa-0", 0x12, "common", _VISA, option="B", response=2),
    Profile("visa-cvn22", "visa-2", 0x22, "common", _VISA_COMMON, option="B", response=2),
    Profile("mastercard-cvn16", "mchip", 0x10, "mastercard", _MCHIP, issuer_data=((2, 8),),
            response_key="card"),
    Profile("mastercard-cvn17", "mchip", 0x11, "mastercard", _MCHIP, issuer_data=_WITH_COUNTERS,
            response_key="card"),
    Profile("mastercard-cvn20", "mchip", 0x14, "common", _MCHIP, issuer_data=((2, 8),)),
    Profile("mastercard-cvn21", "mchip", 0x15, "common", _MCHIP, issuer_data=_WITH_COUNTERS),
    Profile("pboc", "pboc", 0x01, "pboc", _PBOC, issuer_data=((3, 7),)),
    Profile("emv-common", "ccd", 0xA5, "common", _CORE, option="B", response=2),
)  # fmt: skip
PROFILES: Final[dict[str, Profile]] = {profile.name: profile for profile in _TABLE}
NAMES: Final = (AUTO, *PROFILES)

_BY_VERSION: Final = {(profile.layout, profile.cvn): profile for profile in _TABLE}
# Which layouts the cards of a brand may have, by the first digits of the PAN; the first that fits.
_BRANDS: Final[tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = (
    (("4",), ("visa-0", "visa-2")),
    (("62", "81"), ("pboc",)),
    (("2", "5", "6"), ("mchip",)),
)


def profile_of(name: str, issuer_data: bytes = b"", pan: str = "") -> Profile:
    """The profile of that name; for ``auto`` the one that brand and issuer application data name.

    A brand is told by the first digits of ``pan``: 4 is Visa, 62 and 81 UnionPay, other numbers
    that begin with 2, 5 or 6 Mastercard and Maestro. Cards of the common core say so themselves,
    whatever their brand. Raises KeyRefused for a name that is none, NoProfile where the data names
    no version in the table, TagsMissing where there is no data.

    >>> profile_of("auto", bytes.fromhex("06011203A0B800"), "4").name
    'visa-cvn18'
    """
    if name != AUTO:
        try:
            return PROFILES[name]
        except KeyError:
            known = ", ".join(NAMES)
            raise KeyRefused(f"there is no chip profile {name!r}: there are {known}") from None
    if not issuer_data:
        raise TagsMissing((tags.ISSUER_DATA,))
    for layout in ("ccd", *_layouts_of(pan)):
        found = _by_layout(layout, issuer_data)
        if found is not None:
            return found
    raise NoProfile


def _layouts_of(pan: str) -> tuple[str, ...]:
    return next((layouts for heads, layouts in _BRANDS if pan.startswith(heads)), ())


def _by_layout(name: str, issuer_data: bytes) -> Profile | None:
    shape = LAYOUTS[name]
    if len(issuer_data) < shape.shortest or not issuer_data.startswith(shape.starts):
        return None
    return _BY_VERSION.get((name, issuer_data[shape.cvn_at]))


def issuer_data_of(profile: Profile) -> bytes:
    """Issuer application data as a test card of the profile gives it: a first transaction that the
    card wants to take online.

    >>> issuer_data_of(PROFILES["visa-cvn10"]).hex().upper()
    '06010A03A0A000'
    """
    shape = LAYOUTS[profile.layout]
    data = bytearray(shape.example)
    data[shape.cvn_at] = profile.cvn
    return bytes(data)
