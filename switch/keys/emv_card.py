"""A chip card's side of a transaction: a test card that makes cryptograms and knows its issuer's
answers, with the very functions that the issuer uses.

Owns what a card holds and says. Refuses to hold an issuer's master key longer than it takes to
derive the card's, and to count: who keeps the card says which transaction of it this is. For test
cards only; real ones do this in silicon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from switch import tlv
from switch.keys import emv_tags as tags
from switch.keys.ciphers import Key, Uncopied, wipe
from switch.keys.emv_chip import (
    ChipTransaction,
    cryptogram_input,
    read_chip,
    response_key,
    transaction_of,
)
from switch.keys.emv_cryptogram import application_cryptogram, information_of
from switch.keys.emv_keys import card_key, session_key
from switch.keys.emv_profiles import PROFILES, Profile, issuer_data_of
from switch.keys.emv_response import told_by_issuer
from switch.keys.emv_script import CardMoment, Command, commands_in, opened
from switch.keys.port import KeyRefused

LAST_COUNTER: Final = 0xFFFF  # of transactions: a card that has reached it is worn out
_APPLICATIONS: Final = {  # the first application of each family's registered provider
    "visa-0": "A0000000031010",
    "visa-2": "A0000000031010",
    "mchip": "A0000000041010",
    "pboc": "A000000333010101",
    "ccd": "F0000000000001",  # a house's own, unregistered
}


class ChipCard(Uncopied):
    """What is in a test card: its profile, its sequence number and the keys derived for it."""

    __slots__ = ("_cryptogram", "_integrity", "_pan", "profile", "sequence")
    profile: Profile
    sequence: str

    def __init__(
        self, profile: str, pan: str, sequence: str, master: Key, integrity_master: Key = b""
    ) -> None:
        """``profile`` by name, but not ``auto``: a card knows what it is. ``sequence``: two digits
        or empty. ``master`` is the issuer's key for cryptograms, ``integrity_master`` the one for
        the MACs of issuer scripts, where the card is to take any. Raises KeyRefused.
        """
        if profile not in PROFILES:
            raise KeyRefused(f"{profile!r} is no profile of a card: {', '.join(PROFILES)}")
        self.profile = PROFILES[profile]
        self.sequence = sequence or "00"
        self._pan = pan
        option = self.profile.option
        self._cryptogram = card_key(master, pan, sequence, option)
        self._integrity = bytearray()
        if integrity_master:
            self._integrity = card_key(integrity_master, pan, sequence, option)

    def chip_data(self, terminal: TerminalData, counter: int, kind: str = "ARQC") -> bytes:
        """The chip data of a transaction, BER-TLV, with the card's cryptogram of that kind.
        ``counter`` is the application transaction counter, 1 to 65535. Raises KeyRefused.
        """
        if not 0 < counter <= LAST_COUNTER:
            raise KeyRefused(f"a card counts its transactions from 1 to {LAST_COUNTER}")
        said = terminal.values() | {
            tags.INTERCHANGE_PROFILE: b"\x18\x00",
            tags.APPLICATION: bytes.fromhex(_APPLICATIONS[self.profile.layout]),
            tags.SEQUENCE: bytes.fromhex(self.sequence),
            tags.ISSUER_DATA: issuer_data_of(self.profile),
            tags.COUNTER: counter.to_bytes(2, "big"),
            tags.INFORMATION: bytes((information_of(kind),)),
        }
        return tlv.build([(tags.CRYPTOGRAM, self.cryptogram(said)), *said.items()])

    def cryptogram(self, values: Mapping[str, bytes]) -> bytes:
        """The cryptogram over values by tag. Raises KeyRefused where one that it needs is not
        there.
        """
        data = cryptogram_input(self.profile, values)
        key = session_key(
            self.profile.session,
            self._cryptogram,
            values[tags.COUNTER],
            values.get(tags.UNPREDICTABLE, b""),
        )
        try:
            return application_cryptogram(key, data, self.profile.padding)
        finally:
            wipe(key)

    def hears(self, chip: bytes, answer: bytes) -> Heard:
        """What the card makes of an answer's chip data. ``chip`` is its own of the same
        transaction. Raises KeyRefused for an answer that is no BER-TLV.
        """
        values = read_chip(answer)
        own = transaction_of(read_chip(chip), self.profile.name, self._pan)
        return Heard(
            authentic=self._authentic(own, values.get(tags.ISSUER_AUTHENTICATION)),
            told=values.get(tags.ISSUER_AUTHENTICATION, b""),
            commands=self._commands(own, answer),
        )

    def _authentic(self, own: ChipTransaction, value: bytes | None) -> bool | None:
        if value is None:
            return None
        key = response_key(self._cryptogram, own)
        try:
            return told_by_issuer(self.profile.response, key, own.cryptogram, value) is not None
        finally:
            wipe(key)

    def _commands(self, own: ChipTransaction, answer: bytes) -> tuple[Command, ...] | None:
        raw = list(commands_in(tlv.parse(answer)))
        if not raw:
            return ()
        if not self._integrity:
            return None
        moment = CardMoment(self._integrity, own.atc, own.cryptogram)
        found = opened(self.profile.messaging, moment, raw)
        return None if found is None else tuple(found)

    def wipe(self) -> None:
        """Overwrite the keys; the card is of no use any more."""
        wipe(self._cryptogram, self._integrity)

    def __repr__(self) -> str:
        return f"ChipCard({self.profile.name})"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a card makes of an answer. ``authentic``: whether the response cryptogram is the
    issuer's, ``None`` where there is none; ``told``: tag 91; ``commands``: those of issuer scripts,
    ``None`` where a MAC is wrong.
    """

    authentic: bool | None
    told: bytes
    commands: tuple[Command, ...] | None


@dataclass(frozen=True, slots=True)
class TerminalData:
    """What a terminal tells a card about a transaction. Amounts in minor units; country and
    currency as ISO 3166-1 and 4217 number them, three digits; date YYMMDD; the rest as EMV book 3,
    annex A and book 4, annex A lay it out.
    """

    amount_minor: int
    currency: str
    country: str
    date: str
    unpredictable: bytes  # four bytes, from whoever has a generator
    other_minor: int = 0  # of the amount: cash back
    kind: str = "00"  # transaction type, the first two digits of the processing code
    verification: bytes = bytes.fromhex("0000008000")  # the amount is over the floor limit
    cardholder: bytes = bytes.fromhex("1F0300")  # no cardholder verification was asked for
    capabilities: bytes = bytes.fromhex("E0F8C8")
    terminal_type: str = "22"  # attended, online and offline

    def values(self) -> dict[str, bytes]:
        """By tag. Raises KeyRefused for an amount, number or date that has no room."""
        try:
            found = {
                tags.AMOUNT: bytes.fromhex(f"{self.amount_minor:012d}"),
                tags.OTHER_AMOUNT: bytes.fromhex(f"{self.other_minor:012d}"),
                tags.TERMINAL_COUNTRY: bytes.fromhex(self.country.rjust(4, "0")),
                tags.VERIFICATION_RESULTS: self.verification,
                tags.CURRENCY: bytes.fromhex(self.currency.rjust(4, "0")),
                tags.DATE: bytes.fromhex(self.date),
                tags.KIND: bytes.fromhex(self.kind),
                tags.UNPREDICTABLE: self.unpredictable,
                tags.CAPABILITIES: self.capabilities,
                tags.CARDHOLDER_RESULTS: self.cardholder,
                tags.TERMINAL_KIND: bytes.fromhex(self.terminal_type),
            }
        except ValueError:
            raise KeyRefused("a terminal tells a card amounts, numbers and a date in digits") from (
                None
            )
        return found
