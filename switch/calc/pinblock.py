"""``isoswitch calc pinblock``: ISO 9564-1 PIN blocks in clear and under keys."""

from __future__ import annotations

import secrets
from typing import Final

from switch.calc.calculator import Calculator, Given, Input, Outcome, chosen, optional, secret
from switch.keys.ciphers import BlockCipher
from switch.keys.pin_block import (
    decode,
    decode_pin4,
    encode,
    encode_pin4,
    fill_for,
    pan_field,
)
from switch.keys.pin_cipher import decipher, encipher, translate
from switch.keys.steps import Steps

_FORMATS: Final = ("0", "1", "2", "3", "4")
_FORMAT: Final = chosen("format", "Of ISO 9564-1.", _FORMATS)
_PIN: Final = secret("pin", "The PIN, 4 to 12 digits.")
_PAN: Final = optional("pan", "The card number; formats 1 and 2 have none.")
_FILL: Final = optional("fill", "Random nibbles of formats 1, 3 and 4, hex [random].")
_KEY: Final = secret("key", "The PIN key, hex: TDES, or AES for format 4.")
_CARD: Final = "5555555551234567"
_TDES: Final = "12345678123456781234567812345678"


def fill_of(given: Given, block_format: int, pin_length: int) -> str:
    """The random nibbles that were given, or fresh ones."""
    if given.has("fill"):
        return given.text("fill").strip().upper()
    return fill_for(block_format, pin_length, secrets.token_bytes)


def format_of(given: Given, name: str = "format") -> int:
    """The format that was chosen."""
    return int(given.choice(name, _FORMATS))


def cipher_of(block_format: int, key: bytearray) -> BlockCipher:
    """The cipher that serves a format (SR-PIN-05)."""
    return BlockCipher("AES" if block_format == 4 else "TDES", key)


def _encode(given: Given, steps: Steps) -> Outcome:
    block_format, pin, pan = format_of(given), given.digits("pin"), given.digits("pan")
    fill = fill_of(given, block_format, len(pin))
    if block_format != 4:
        return Outcome({"PIN block": encode(block_format, pin, pan, fill, steps=steps)})
    fields = {"PIN field": encode_pin4(pin, fill), "PAN field": pan_field(pan)}
    return Outcome({**fields})


def _decode(given: Given, steps: Steps) -> Outcome:
    block_format, block, pan = format_of(given), given.hex("block"), given.digits("pan")
    steps.note("PIN field" if block_format == 4 else "PIN block", block)
    if block_format == 4:
        return Outcome({"PIN": decode_pin4(block)})
    return Outcome({"PIN": decode(block_format, block, pan)})


def _encipher(given: Given, steps: Steps) -> Outcome:
    block_format, pin, pan = format_of(given), given.digits("pin"), given.digits("pan")
    cipher = cipher_of(block_format, given.key("key"))
    fill = fill_of(given, block_format, len(pin))
    return Outcome({"PIN block": encipher(cipher, block_format, pin, pan, fill, steps=steps)})


def _decipher(given: Given, steps: Steps) -> Outcome:
    block_format, block, pan = format_of(given), given.hex("block"), given.digits("pan")
    cipher = cipher_of(block_format, given.key("key"))
    return Outcome({"PIN": decipher(cipher, block_format, block, pan, steps=steps)})


def _translate(given: Given, _steps: Steps) -> Outcome:
    source, target = format_of(given, "source-format"), format_of(given, "destination-format")
    made = translate(
        cipher_of(source, given.key("source")),
        [source],
        given.hex("block"),
        given.digits("pan"),
        cipher_of(target, given.key("destination")),
        target,
        lambda pin_length: fill_of(given, target, pin_length),
    )
    return Outcome({"PIN block": made})


CALCULATORS: Final = (
    Calculator(
        "encode",
        "A PIN block in clear; of format 4 its two fields.",
        (_FORMAT, _PIN, _PAN, _FILL),
        _encode,
        f"--format 0 --pin 1234 --pan {_CARD}",
    ),
    Calculator(
        "decode",
        "The PIN in a clear block; of format 4 in its PIN field.",
        (_FORMAT, secret("block", "The clear block, hex."), _PAN),
        _decode,
        f"--format 0 --block 041261AAAAEDCBA9 --pan {_CARD}",
    ),
    Calculator(
        "encipher",
        "A PIN block under a key.",
        (_FORMAT, _KEY, _PIN, _PAN, _FILL),
        _encipher,
        f"--format 0 --key {_TDES} --pin 1234 --pan 1234567890120",
    ),
    Calculator(
        "decipher",
        "The PIN in an enciphered block.",
        (_FORMAT, _KEY, Input("block", "The enciphered block, hex."), _PAN),
        _decipher,
        f"--format 0 --key {_TDES} --block 3C0CA40863092C3A --pan 1234567890120",
    ),
    Calculator(
        "translate",
        "The same PIN under another key and in another format, as far as PCI PIN allows.",
        (
            chosen("source-format", "The format that the block has.", _FORMATS),
            secret("source", "The key that it is under, hex."),
            Input("block", "The block, hex."),
            _PAN,
            chosen("destination-format", "The format that it is to have.", _FORMATS),
            secret("destination", "The key that it is to be under, hex."),
            _FILL,
        ),
        _translate,
        "--source-format 0 --source 0123456789ABCDEFFEDCBA9876543210 --block 2A3D408A1977DDE9 "
        "--pan 4111111111111111 --destination-format 0 "
        "--destination B0F2C1DCF4A76E0B92C4D37A0E15621F",
    ),
)
