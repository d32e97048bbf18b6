"""PIN blocks under a key (ISO 9564-1): enciphered, deciphered, translated to another key or format.

Owns which format goes with which cipher (SR-PIN-05) and which may become which (SR-PIN-01). Refuses
to know whose keys these are, and to say why a block was refused (SR-PIN-04).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from switch.keys.ciphers import BlockCipher, wipe, xor
from switch.keys.pin_block import (
    REFUSED,
    decode,
    decode_pin4,
    decode_wide,
    encode,
    encode_pin4,
    encode_wide,
    known_pan_field,
    pan_field,
)
from switch.keys.port import KeyRefused, PinBlockRefused
from switch.keys.steps import Steps

# Which formats a cipher serves. SM4 has the widened format 0 of the UnionPay line (SR-KEY-10).
FORMATS_OF: Final[dict[str, tuple[int, ...]]] = {"TDES": (0, 1, 2, 3), "AES": (4,), "SM4": (0,)}
# Source and destination. Nothing comes from format 2, nothing goes to it, and format 1, which names
# no card, is never made of a block that does.
TRANSLATIONS: Final = frozenset(
    {(source, target) for source in (0, 3, 4) for target in (0, 3, 4)}
    | {(1, target) for target in (0, 1, 3, 4)}
)


def may_translate(source: int, target: int) -> bool:
    """Whether a block of one format may become one of another (SR-PIN-01).

    >>> may_translate(1, 4), may_translate(4, 1)
    (True, False)
    """
    return (source, target) in TRANSLATIONS


def encipher(
    cipher: BlockCipher,
    block_format: int,
    pin: str,
    pan: str = "",
    fill: str = "",
    *,
    steps: Steps | None = None,
) -> bytes:
    """A PIN block under a key: 8 bytes of TDES, 16 of AES and SM4. ``fill``: random nibbles in hex,
    as ``pin_block.fill_for`` gives them. Raises KeyRefused.

    ::

        formats 0 to 3   TDES(key, block)
        format 4         A = AES(key, PIN field), B = A XOR PAN field, AES(key, B)

    >>> tdes = BlockCipher("TDES", bytes.fromhex("12345678123456781234567812345678"))
    >>> encipher(tdes, 0, "1234", "1234567890120").hex().upper()
    '3C0CA40863092C3A'
    >>> aes = BlockCipher("AES", bytes.fromhex("00112233445566778899AABBCCDDEEFF"))
    >>> encipher(aes, 4, "1234", "1234567890123456789", "FFFFFFFFFFFFFFFF").hex().upper()
    '28B41FDDD29B743E93124BD8E32D921E'
    """
    _check_format(cipher, block_format)
    if cipher.name == "AES":
        return _encipher4(cipher, pin, pan, fill, steps)
    if cipher.name == "SM4":
        clear = encode_wide(pin, pan, steps=steps)
    else:
        clear = encode(block_format, pin, pan, fill, steps=steps)
    block = bytes(cipher.encrypt(clear))
    if steps is not None:
        steps.note("PIN block, enciphered", block)
    return block


def decipher(
    cipher: BlockCipher,
    block_format: int,
    block: bytes | bytearray,
    pan: str = "",
    *,
    steps: Steps | None = None,
) -> str:
    """The PIN in a block under a key. Raises PinBlockRefused with one text for all that can be
    wrong with block, key and PAN, KeyRefused for a format that the cipher does not serve.

    >>> tdes = BlockCipher("TDES", bytes.fromhex("12345678123456781234567812345678"))
    >>> decipher(tdes, 0, bytes.fromhex("3C0CA40863092C3A"), "1234567890120")
    '1234'
    """
    _check_format(cipher, block_format)
    fits = len(block) == cipher.block
    clear = cipher.decrypt(block if fits else bytes(cipher.block))
    if steps is not None:
        steps.note("block, deciphered once" if cipher.name == "AES" else "PIN block", clear)
    try:
        if cipher.name == "AES":
            return _decipher4(cipher, clear, pan, fits, steps)
        if cipher.name == "SM4":
            return decode_wide(clear if fits else b"", pan)
        return decode(block_format, clear if fits else b"", pan)
    finally:
        wipe(clear)


def decipher_one_of(
    cipher: BlockCipher, formats: Sequence[int], block: bytes | bytearray, pan: str = ""
) -> tuple[int, str]:
    """Format and PIN of a block that may have one of several formats. Those that the cipher does
    not serve are passed over; all others are tried, whichever fits. Raises PinBlockRefused.
    """
    found: tuple[int, str] | None = None
    for each in formats:
        if each in FORMATS_OF[cipher.name]:
            try:
                found = each, decipher(cipher, each, block, pan)
            except PinBlockRefused:
                continue
    if found is None:
        raise PinBlockRefused(REFUSED)
    return found


def translate(
    source: BlockCipher,
    source_formats: Sequence[int],
    block: bytes | bytearray,
    pan: str,
    target: BlockCipher,
    target_format: int,
    fill: Callable[[int], str],
) -> bytes:
    """The same PIN, for the same card, under another key and in another format. ``fill`` gives the
    random nibbles for a PIN of that many digits. Only as ``TRANSLATIONS`` allow: formats that must
    not become the target's are not tried at all. Raises PinBlockRefused, and KeyRefused where
    nothing may become the target's format.
    """
    allowed = [each for each in source_formats if may_translate(each, target_format)]
    if not allowed:
        raise KeyRefused(
            f"no PIN block of format {', '.join(map(str, source_formats)) or 'none'} may become "
            f"one of format {target_format}"
        )
    _check_format(target, target_format)
    pin = decipher_one_of(source, allowed, block, pan)[1]
    return encipher(target, target_format, pin, pan, fill(len(pin)))


def _encipher4(cipher: BlockCipher, pin: str, pan: str, fill: str, steps: Steps | None) -> bytes:
    pin_part, pan_part = encode_pin4(pin, fill), pan_field(pan)
    block_a = cipher.encrypt(pin_part)
    block_b = xor(block_a, pan_part)
    block = bytes(cipher.encrypt(block_b))
    if steps is not None:
        steps.note("PIN field", pin_part)
        steps.note("PAN field", pan_part)
        steps.note("block A = AES(key, PIN field)", block_a)
        steps.note("block B = block A XOR PAN field", block_b)
        steps.note("PIN block = AES(key, block B)", block)
    return block


def _decipher4(
    cipher: BlockCipher, block_b: bytearray, pan: str, fits: bool, steps: Steps | None
) -> str:
    pan_part, no_card = known_pan_field(pan)
    field = cipher.decrypt(xor(block_b, pan_part))
    if steps is not None:
        steps.note("PAN field", pan_part)
        steps.note("PIN field", field)
    try:
        return decode_pin4(field if fits and not no_card else b"")
    finally:
        wipe(field)


def _check_format(cipher: BlockCipher, block_format: int) -> None:
    served = FORMATS_OF[cipher.name]
    if block_format not in served:
        raise KeyRefused(
            f"under {cipher.name} keys a PIN block has format {' or '.join(map(str, served))}, "
            f"not {block_format}"
        )
