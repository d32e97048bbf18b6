"""The PIN block doctor: when a block holds no PIN for the card, says with what it would.

Owns the mistakes that a terminal can make with a PIN block, in the order in which they are made,
and the sentence about the one that explains it. Refuses to show a PIN, its length or a block
(SR-PIN-03): it tells which way of reading gives a well-formed block, and nothing of what is in it.
Refuses to know whose keys it is given: the vault gives keys marked test only.

A finding is not a proof. A block of format 0 or 2 that fits by chance is one in millions; of format
3, one in a hundred thousand; of format 1, whose fill is free, one in some hundreds, so that format
1 is tried under the right key alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from switch.keys.ciphers import BlockCipher, CipherName, wipe, xor
from switch.keys.doctor_keys import TryKey
from switch.keys.pin_block import NO_PAN, decode, decode_pin4, known_pan_field
from switch.keys.pin_cipher import FORMATS_OF, decipher
from switch.keys.port import PinBlockRefused

_CIPHERS: Final[dict[str, CipherName]] = {"TDES": "TDES", "AES": "AES", "SM4": "SM4"}
_PAN_PART: Final = 12
_CALLED: Final = {
    "format": "the terminal makes blocks of another format than this switch takes",
    "pan": "the terminal takes other digits of the card number than ISO 9564-1 says",
    "key": "the terminal takes another key than this switch expects",
    "clear": "the terminal sends PINs in clear",
    "cipher": "the terminal enciphers otherwise than ISO 9564-1 says",
}


class _Way(NamedTuple):
    """A format, and the PAN that gives the digits which a terminal may have taken. ``of`` and
    ``said``: what is different, as behind "it would be a PIN block"; empty where nothing is.
    """

    format: int
    pan: str
    of: str = ""
    said: str = ""

    def __repr__(self) -> str:
        return f"_Way({self.format}, {self.said})"


def pin_doctor(keys: Iterable[TryKey], block: bytes, pan: str, formats: Sequence[int]) -> str:
    """With what the block would hold a PIN, one sentence; empty where nothing does.

    ``keys``: the right one first, then what may have been taken for it. ``formats``: those that are
    taken from this terminal.

    >>> from switch.keys.doctor_keys import static_keys
    >>> from switch.keys.pin_cipher import encipher
    >>> key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> block = encipher(BlockCipher("TDES", key), 3, "1234", "5555555551234567", "A" * 10)
    >>> pin_doctor(static_keys("TDES", key), block, "5555555551234567", (0,))
    'it would be a PIN block in format 3: the terminal makes blocks of another format than this \
switch takes'
    """
    if len(block) not in (8, 16):
        return f"a PIN block has 8 or 16 bytes, this one has {len(block)}"
    right = True
    for key in keys:
        name = _CIPHERS.get(key.kind)
        if name is not None:
            cipher = BlockCipher(name, key.value)
            try:
                found = _found(cipher, block, pan, formats, right=right)
            finally:
                cipher.wipe()
            if found is not None:
                return _sentence(key.said, found)
        right = False
    return ""


def _found(
    cipher: BlockCipher, block: bytes, pan: str, formats: Sequence[int], *, right: bool
) -> _Way | None:
    """The first way in which a block under the key is one."""
    if len(block) != cipher.block:
        return None
    for way in _ways(cipher, pan, formats, right=right):
        try:
            decipher(cipher, way.format, block, way.pan)
        except PinBlockRefused:
            continue
        return way
    return _enciphered(cipher, block, pan, formats) if right else None


def _enciphered(cipher: BlockCipher, block: bytes, pan: str, formats: Sequence[int]) -> _Way | None:
    """The way in which a block was not enciphered as it should be. Under SM4 none is tried."""
    tries = {"TDES": _enciphered_tdes, "AES": _enciphered_aes}.get(cipher.name)
    for form, field, of, said in () if tries is None else tries(cipher, block, pan, formats):
        try:
            decode_pin4(field) if form == 4 else decode(form, field, pan)
        except PinBlockRefused:
            continue
        finally:
            wipe(field)
        return _Way(form, pan, of, said)
    return None


_Field = tuple[int, bytearray, str, str]  # format, what may be a clear block, what is different


def _enciphered_tdes(
    cipher: BlockCipher, block: bytes, _pan: str, formats: Sequence[int]
) -> Iterator[_Field]:
    """Not at all, or with the cipher the wrong way round."""
    for form in formats:
        if form in FORMATS_OF[cipher.name] and form != 1:
            yield form, bytearray(block), "clear", "as it came, without deciphering it"
            turned = "enciphered once more, as one that was deciphered instead"
            yield form, cipher.encrypt(block), "cipher", turned


def _enciphered_aes(
    cipher: BlockCipher, block: bytes, pan: str, _formats: Sequence[int]
) -> Iterator[_Field]:
    """Not at all, or once instead of twice: the PIN field alone, or with the PAN field in it."""
    yield 4, bytearray(block), "clear", "as it came, without deciphering it"
    once = cipher.decrypt(block)
    try:
        yield 4, bytearray(once), "cipher", "deciphered once, without a card number"
        combined = xor(once, known_pan_field(pan)[0])
        yield 4, combined, "cipher", "deciphered once, PIN field and PAN field in one"
    finally:
        wipe(once)


def _ways(cipher: BlockCipher, pan: str, formats: Sequence[int], *, right: bool) -> Iterator[_Way]:
    """As it should be; in other formats; and, under the right key, with other digits of the PAN."""
    served = FORMATS_OF[cipher.name]
    usual = [each for each in formats if each in served]
    for each in usual:
        if each != 1 or right:
            yield _Way(each, pan)
    for each in served:
        if each not in usual and (each != 1 or right):
            yield _Way(each, pan, "format", f"in format {each}")
    if not right:
        return
    for each in usual or served:
        if each not in (1, 2):
            for said, part in _parts(each, pan):
                yield _Way(each, part, "pan", said)


def _parts(block_format: int, pan: str) -> Iterator[tuple[str, str]]:
    """Other digits of the PAN: what a terminal may have taken, and a PAN that gives them."""
    if block_format == 4:
        yield "with the card number without its check digit", pan[:-1]
        yield "with the 12 digits left of the check digit alone", pan[-1 - _PAN_PART : -1]
        yield "with the last 12 digits of the card number alone", pan[-_PAN_PART:]
    else:
        yield "with the last 12 digits of the card number, check digit included", f"{pan[-12:]}0"
        yield "with the first 12 digits of the card number", f"{pan[:_PAN_PART]}0"
    yield "without a card number", NO_PAN if block_format != 4 else "0"


def _sentence(key: str, way: _Way) -> str:
    """The key first, where it is another."""
    phrases = [phrase for phrase in (key, way.said) if phrase]
    if not phrases:
        return ""
    called = _CALLED["key" if key else way.of]
    return f"it would be a PIN block {', '.join(phrases)}: {called}"
