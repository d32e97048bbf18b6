"""How a card is read: the stripe, or a chip that makes a real cryptogram and judges the answer.

Owns what a terminal tells a chip about a transaction, and what comes of the chip's judgement. The
chip itself is ``switch.keys.emv_card``'s. Refuses to keep a card's keys longer than its
transaction.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from msgspec import structs

from switch import tlv
from switch.keys.emv_card import ChipCard, TerminalData
from switch.keys.emv_profiles import AUTO
from switch.keys.emv_script import Command
from switch.keys.port import KeyRefused
from switch.model.words import EntryMode, Flow, Kind
from switch.values import ChipData, Pan
from switch_tools.cards import CardError, CardInHand, Personal
from switch_tools.terminal_lines import Sent
from switch_tools.terminal_model import Checked, Presented
from switch_tools.terminal_wallet import Wallet

_CHIP: Final = frozenset({EntryMode.CHIP, EntryMode.CONTACTLESS_CHIP})
_STRIPE: Final = frozenset({EntryMode.MAGSTRIPE, EntryMode.FALLBACK})
# EMV's transaction type, as ISO 8583 has it in front of the processing code.
_TYPES: Final = {
    Kind.CASH: "01",
    Kind.CASHBACK: "09",
    Kind.REFUND: "20",
    Kind.BALANCE: "31",
    Kind.VERIFICATION: "38",
}
_ONLINE_PIN: Final = bytes.fromhex("020300")  # the PIN goes to the issuer, enciphered
_FOR_COUNTRIES: Final = 900  # below it a currency has the number of its country (ISO 4217)
_SOME_COUNTRY: Final = "250"
_UNPREDICTABLE_BYTES: Final = 4
_CRYPTOGRAM: Final = "9F26"
# What a card of a brand is where the configuration leaves it to the card.
_USUAL: Final = (
    ("4", "visa-cvn18"),
    (("62", "81"), "pboc"),
    (("2", "5", "6"), "mastercard-cvn20"),
    ("", "emv-common"),
)
# Applications by name, as a receipt shows them.
LABELS: Final = {
    "A0000000031010": "VISA",
    "A0000000041010": "MASTERCARD",
    "A000000333010101": "UNIONPAY",
    "F0000000000001": "HOUSE CARD",
}
# Commands of issuer scripts by instruction (EMV book 3, 6.5).
_COMMANDS: Final = {
    0x16: "card block",
    0x18: "application unblock",
    0x1E: "application block",
    0x24: "PIN change or unblock",
    0xDA: "put data",
}


class ChipReader:
    """Reads cards. ``random_bytes`` gives the unpredictable number."""

    def __init__(
        self, wallet: Wallet | None = None, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._wallet = Wallet() if wallet is None else wallet
        self._random_bytes = random_bytes

    def read(self, card: CardInHand, line: Sent, presented: Presented) -> tuple[Sent, Presented]:
        """The line with what a chip says, and what else there is at the first transmission: the
        stripe, or the card that waits for the answer. A card of which nothing is known but its
        number gives nothing but that. Raises CardWornOut, CardError.
        """
        personal = card.personal
        line = structs.replace(line, sequence=personal.sequence)
        if line.entry_mode in _STRIPE:
            return line, replace(presented, track2=card.stripe)
        if line.entry_mode not in _CHIP or not personal.profile:
            return line, presented
        inserted = InsertedCard(card.pan, personal)
        atc = self._wallet.next_atc(f"{card.pan.masked}/{personal.sequence}")
        chip = inserted.says(self._told(line), atc, offline=line.flow is Flow.ADVICE)
        if presented.faults.cryptogram:
            chip = _spoilt(chip)
        return structs.replace(line, chip=chip.hex().upper()), replace(presented, card=inserted)

    def _told(self, line: Sent) -> TerminalData:
        currency = line.currency or "000"
        country = currency if int(currency) < _FOR_COUNTRIES else _SOME_COUNTRY
        told = TerminalData(
            amount_minor=line.amount_minor or 0,
            other_minor=line.other_minor or 0,
            currency=currency,
            country=country,
            date=line.at[2:4] + line.local_date,
            unpredictable=self._random_bytes(_UNPREDICTABLE_BYTES),
            kind=_TYPES.get(line.kind, "00"),
        )
        return replace(told, cardholder=_ONLINE_PIN) if line.pin else told


class InsertedCard:
    """A test card in the reader, for one transaction (``terminal_model.Listener``)."""

    def __init__(self, pan: Pan, personal: Personal) -> None:
        """Raises CardError where its issuer's key is not known."""
        master, integrity = personal.keys.get("imk_ac"), personal.keys.get("imk_smi")
        if master is None:
            said = "its issuer's key imk_ac is not in the configuration"
            raise CardError(f"the chip of card {pan} cannot be used: {said}")
        profile = _profile(pan, personal.profile)
        try:
            self._card = ChipCard(
                profile,
                pan.reveal(),
                personal.sequence,
                bytearray.fromhex(master.reveal()),
                b"" if integrity is None else bytearray.fromhex(integrity.reveal()),
            )
        except KeyRefused as failure:
            raise CardError(f"the chip of card {pan} cannot be used: {failure}") from None
        self._said = b""

    @property
    def profile(self) -> str:
        """How it makes cryptograms, by name."""
        return self._card.profile.name

    def says(self, told: TerminalData, atc: int, *, offline: bool) -> bytes:
        """The chip data of the transaction (BER-TLV): a cryptogram that asks the issuer, or where
        it was approved ``offline`` one that certifies it.
        """
        self._said = self._card.chip_data(told, atc, "TC" if offline else "ARQC")
        return self._said

    def hears(self, answer: ChipData | None) -> Checked:
        """What the card makes of the answer; its keys are overwritten then."""
        try:
            data = b"" if answer is None else bytes.fromhex(answer.reveal())
            heard = self._card.hears(self._said, data)
        except KeyRefused:
            return Checked(cryptogram="wrong")
        finally:
            self._card.wipe()
        words = {True: "verified", False: "wrong", None: "missing"}
        return Checked(
            cryptogram=words[heard.authentic],
            scripts=("a script whose MAC is wrong: not carried out",)
            if heard.commands is None
            else tuple(_words(command) for command in heard.commands),
        )


def chip_facts(line: Sent) -> dict[str, str]:
    """What of a chip's data may be shown (hex): application, cryptogram and what it is, counter,
    verification results.
    """
    if not line.chip:
        return {}
    items = tlv.parse(bytes.fromhex(line.chip))
    tags = {"aid": "84", "cryptogram": _CRYPTOGRAM, "atc": "9F36", "tvr": "95"}
    found = {name: tlv.find(items, tag) for name, tag in tags.items()}
    shown = {name: value.hex().upper() for name, value in found.items() if value is not None}
    return {"asked": "TC" if line.flow is Flow.ADVICE else "ARQC", **shown}


def _profile(pan: Pan, name: str) -> str:
    if name != AUTO:
        return name
    return next(usual for heads, usual in _USUAL if pan.starts_with(heads))


def _spoilt(chip: bytes) -> bytes:
    """The same with one bit of the cryptogram turned over."""
    items = [(item.tag, item.value) for item in tlv.parse(chip)]
    return tlv.build(
        (tag, bytes((value[0] ^ 1,)) + value[1:] if tag == _CRYPTOGRAM else value)
        for tag, value in items
    )


def _words(command: Command) -> str:
    name = _COMMANDS.get(command.header[1], "a command")
    return f"{name} ({command.header.hex().upper()}), its MAC is right"
