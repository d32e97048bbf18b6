"""The vault's questions about PINs.

Owns the way of a PIN inside: out of its enciphered block, against what is known of the card or into
another block, and gone. Refuses to show one (SR-PIN-03), to count tries, and to say why a block was
refused (SR-PIN-04). ``port.PinVault`` says what the questions mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from switch.keys.ciphers import BlockCipher, wipe
from switch.keys.house_pin import HousePin
from switch.keys.permissions import misused, need_one_mark
from switch.keys.pin_block import REFUSED, fill_for
from switch.keys.pin_check import (
    check_reference,
    offset_fits,
    pin_offset,
    pvv_fits,
    validation_data,
    visa_pvv,
)
from switch.keys.pin_cipher import decipher_one_of, translate
from switch.keys.port import KeyMisused, KeyRefused, PinBlockRefused, Translation
from switch.keys.vault_cache import OpenKey
from switch.keys.vault_room import VaultRoom
from switch.model.facts import Verdict
from switch.model.ksn import KsnRefused
from switch.model.security import KeyUse
from switch.values import Pan, Pin, PinBlock

METHODS: Final = ("visa-pvv", "ibm-3624", "house")
_GOOD: Final = Verdict("good")
_BAD: Final = Verdict("bad", "the PIN is not the card's")
_INVALID: Final = Verdict("block_invalid", REFUSED)
_USAGES: Final = {"visa-pvv": "V2", "ibm-3624": "V1"}
_NATURAL: Final = "0000"  # the offset of a card whose PIN is the natural one
_VALIDATION_DIGITS: Final = 16
_TDES_BLOCK_DIGITS: Final = 16


class PinDesk:
    """``switch.keys.port.PinVault`` in software."""

    __slots__ = ("_house", "_room")

    def __init__(self, room: VaultRoom, house: HousePin) -> None:
        self._room = room
        self._house = house

    def keep_house_pin(self, pin: Pin) -> None:
        """The test PIN of this world."""
        self._house.keep(pin.reveal())

    def check_pin(
        self,
        pin_key: KeyUse,
        block: PinBlock,
        pan: Pan,
        method: str,
        reference: str,
        verification_key: KeyUse | None,
        *,
        formats: tuple[int, ...] = (0, 3, 4),
        ksn: str = "",
    ) -> Verdict:
        """``good``, ``bad`` or ``block_invalid``."""
        digits, enciphered = pan.reveal(), block.reveal()
        fits = self._verifier(pin_key, method, reference, verification_key, digits)
        try:
            cipher = self._pin_cipher(pin_key, ksn, "decipher a PIN block", enciphered)
            try:
                pin = decipher_one_of(cipher, formats, _bytes(enciphered), digits)[1]
            finally:
                _release(cipher, ksn)
        except (PinBlockRefused, KsnRefused):
            return _INVALID
        return _GOOD if fits(pin) else _BAD

    def pin_reference(
        self,
        pin: Pin,
        pan: Pan,
        method: str,
        verification_key: KeyUse | None,
        *,
        key_index: int = 1,
    ) -> str:
        """Key index and PVV, the offset, or nothing."""
        if method == "house":
            return ""
        found = self._verification_key(method, verification_key, "make a PIN reference")
        if found.spec.mark != "test":
            raise KeyMisused("a PIN in clear meets keys marked test only")
        clear, digits = pin.reveal(), pan.reveal()
        if method == "visa-pvv":
            return f"{key_index}{visa_pvv(found.cipher, digits, key_index, clear)}"
        return pin_offset(found.cipher, _validation(digits), clear)

    def translate_pin(
        self,
        source: KeyUse,
        block: PinBlock,
        pan: Pan,
        destination: KeyUse,
        destination_format: int,
        *,
        formats: tuple[int, ...] = (0, 3, 4),
        ksn: str = "",
        destination_ksn: str = "",
    ) -> Translation:
        """The same PIN for the same card: ``made``, or ``block_invalid``."""
        need_one_mark(
            source.name,
            self._room.looked_at(source).spec.mark,
            destination.name,
            self._room.looked_at(destination).spec.mark,
        )
        enciphered = block.reveal()
        wide = "0" * (2 * _TDES_BLOCK_DIGITS if destination_format == 4 else _TDES_BLOCK_DIGITS)
        try:
            target = self._pin_cipher(destination, destination_ksn, "encipher a PIN block", wide)
        except KsnRefused as refused:
            raise KeyRefused(str(refused)) from None
        try:
            cipher = self._pin_cipher(source, ksn, "decipher a PIN block", enciphered)
            try:
                made = translate(
                    cipher,
                    formats,
                    _bytes(enciphered),
                    pan.reveal(),
                    target,
                    destination_format,
                    lambda length: fill_for(destination_format, length, self._room.random_bytes),
                )
            finally:
                _release(cipher, ksn)
        except (PinBlockRefused, KsnRefused):
            return Translation("block_invalid")
        finally:
            _release(target, destination_ksn)
        return Translation("made", PinBlock(made.hex().upper()))

    def _pin_cipher(self, key: KeyUse, ksn: str, operation: str, block: str) -> BlockCipher:
        """The cipher of a PIN key, or of a transaction's: of AES DUKPT the length of the block says
        of which kind. Raises KsnRefused.
        """
        if not ksn:
            return self._room.opened(key, operation).cipher
        bdk = self._room.looked_at(key).spec.algorithm
        algorithm = "A" if bdk == "A" and len(block) != _TDES_BLOCK_DIGITS else "T"
        made = self._room.transaction_key(key, ksn, "pin", algorithm)
        try:
            return BlockCipher("AES" if algorithm == "A" else "TDES", made)
        finally:
            wipe(made)

    def _verifier(
        self,
        pin_key: KeyUse,
        method: str,
        reference: str,
        verification_key: KeyUse | None,
        pan: str,
    ) -> Callable[[str], bool]:
        """How a PIN is held against what is known of the card: made before the block is opened, so
        that what is wrong with keys is told whatever the block is.
        """
        mark = self._room.looked_at(pin_key).spec.mark
        if method == "house":
            if not self._house.known:
                raise KeyRefused("this world has no test PIN")
            need_one_mark(pin_key.name, mark, "the test PIN of this world", "test")
            return self._house.fits
        found = self._verification_key(method, verification_key, "verify a PIN")
        assert verification_key is not None
        need_one_mark(pin_key.name, mark, verification_key.name, found.spec.mark)
        if method == "visa-pvv":
            index, pvv = _pvv(reference)
            return lambda pin: pvv_fits(found.cipher, pan, index, pin, pvv)
        offset, validation = reference or _NATURAL, _validation(pan)
        check_reference(offset, len(offset), "offset")
        return lambda pin: offset_fits(found.cipher, validation, pin, offset)

    def _verification_key(
        self, method: str, verification_key: KeyUse | None, operation: str
    ) -> OpenKey:
        usage = _USAGES.get(method)
        if usage is None:
            raise KeyRefused(f"a PIN is verified by {', '.join(METHODS)}")
        if verification_key is None:
            raise KeyRefused(f"{method} needs a verification key")
        found = self._room.opened(verification_key, operation)
        if found.spec.usage != usage:
            raise misused(verification_key.name, found.spec, f"{operation} by {method}")
        return found

    def __repr__(self) -> str:
        return "PinDesk()"


def _pvv(reference: str) -> tuple[int, str]:
    """Key index and PVV of a card's reference."""
    if len(reference) != 5 or not (reference.isascii() and reference.isdigit()):
        raise KeyRefused("the card's reference for visa-pvv is no key index and PVV, five digits")
    return int(reference[0]), reference[1:]


def _validation(pan: str) -> bytes:
    """The first 16 digits of the PAN, F behind a shorter one. Which digits these are, and the
    table, are fixed: to choose them would be to ask for the PIN digit by digit (SR-PIN-03).
    """
    return validation_data(pan, 0, min(len(pan), _VALIDATION_DIGITS))


def _bytes(enciphered: str) -> bytes:
    """A block that is no hex is no block of any length."""
    try:
        return bytes.fromhex(enciphered)
    except ValueError:
        return b""


def _release(cipher: BlockCipher, ksn: str) -> None:
    """A transaction's cipher goes with its use; a PIN key's own is kept."""
    if ksn:
        cipher.wipe()
