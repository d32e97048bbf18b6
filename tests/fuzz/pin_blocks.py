"""Fuzz target: any bytes as a PIN block, any text as a PIN and as a PAN (ISO 9564-1).

Owns what must hold: a block has a PIN of 4 to 12 digits, and is made of it again nibble by nibble,
or is refused in the one text of all refusals (SR-PIN-04).
"""

from __future__ import annotations

from typing import Final

from switch.keys.ciphers import BlockCipher
from switch.keys.pin_block import (
    FORMATS,
    PIN_LENGTHS,
    REFUSED,
    decode,
    decode_pin4,
    decode_wide,
    encode,
    encode_pin4,
    encode_wide,
)
from switch.keys.pin_cipher import FORMATS_OF, decipher, decipher_one_of, encipher
from switch.keys.port import KeyRefused, PinBlockRefused

# Length of the PAN, PAN, then the block. Values of ISO 9564-1 examples and of the PIN vectors.
SEEDS: Final = (
    b"\x105432101234567891" + bytes.fromhex("041215FEDCBA9876"),
    b"\x105432101234567890" + bytes.fromhex("341215AB89EFCD23"),
    b"\x00" + bytes.fromhex("141234FFFFFFFFFF"),
    b"\x00" + bytes.fromhex("241234FFFFFFFFFF"),
    b"\x00" + bytes.fromhex("2412A4FFFFFFFFFF"),  # no PIN
    b"\x00" + bytes.fromhex("441234AAAAAAAAAA2F69ADDE2E9E7ACE"),
    b"\x136222021234567890123" + bytes.fromhex("041234FFFFFFFFFFFFFFEDCBA9876FED"),
    b"\x131234567890123456789" + bytes.fromhex("28B41FDDD29B743E93124BD8E32D921E"),
)
_CIPHERS: Final = (
    BlockCipher("TDES", bytes.fromhex("12345678123456781234567812345678")),
    BlockCipher("AES", bytes.fromhex("00112233445566778899AABBCCDDEEFF")),
    BlockCipher("SM4", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")),
)


def fuzz_one(data: bytes) -> None:
    """The first byte says how long the PAN is that follows it; the rest is the block."""
    size = data[0] % 24 if data else 0
    pan = data[1 : 1 + size].decode("latin-1")
    block = data[1 + size :]
    for block_format in FORMATS[:4]:
        _clear(block_format, block, pan)
    _clear4(block)
    _wide(block, pan)
    _enciphered(block, pan)
    _encoded(block.decode("latin-1"), pan)


def _pin(pin: str) -> str:
    assert len(pin) in PIN_LENGTHS
    assert pin.isascii()
    assert pin.isdigit()
    return pin


def _check_text(error: PinBlockRefused) -> None:
    assert str(error) == REFUSED


def _check_silent(error: KeyRefused, pin: str) -> None:
    assert len(pin) < 4 or pin not in str(error)


def _clear(block_format: int, block: bytes, pan: str) -> None:
    try:
        pin = _pin(decode(block_format, block, pan))
    except PinBlockRefused as error:
        _check_text(error)
        return
    fill = ""
    if block_format == 1:
        fill = block.hex().upper()[2 + len(pin) :]
    elif block_format == 3:
        plain = int(f"0000{pan[-13:-1]}", 16)
        fill = f"{int(block.hex(), 16) ^ plain:016X}"[2 + len(pin) :]
    assert encode(block_format, pin, pan, fill) == block


def _clear4(block: bytes) -> None:
    try:
        pin = _pin(decode_pin4(block))
    except PinBlockRefused as error:
        _check_text(error)
        return
    assert encode_pin4(pin, block[8:].hex().upper()) == block


def _wide(block: bytes, pan: str) -> None:
    try:
        pin = _pin(decode_wide(block, pan))
    except PinBlockRefused as error:
        _check_text(error)
        return
    assert encode_wide(pin, pan) == block


def _enciphered(block: bytes, pan: str) -> None:
    for cipher in _CIPHERS:
        for block_format in FORMATS_OF[cipher.name]:
            try:
                _pin(decipher(cipher, block_format, block, pan))
            except PinBlockRefused as error:
                _check_text(error)
        try:
            found, pin = decipher_one_of(cipher, (0, 3, 1, 4), block, pan)
        except PinBlockRefused as error:
            _check_text(error)
        else:
            assert pin == decipher(cipher, found, block, pan)


def _encoded(pin: str, pan: str) -> None:
    """Text that is no PIN or no PAN makes no block; what makes one comes out of it."""
    for cipher, block_format, fill in (
        (_CIPHERS[0], 0, ""),
        (_CIPHERS[0], 2, ""),
        (_CIPHERS[1], 4, "2F69ADDE2E9E7ACE"),
        (_CIPHERS[2], 0, ""),
    ):
        try:
            made = encipher(cipher, block_format, pin, pan, fill)
        except KeyRefused as error:
            _check_silent(error, pin)
        else:
            assert decipher(cipher, block_format, made, pan) == pin
