"""The operations of PIN-block vectors: ISO 9564-1 formats 0 to 4, clear, under keys, translated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.calc.case import Case, CaseFailed
from switch.calc.vectors import Operation
from switch.keys.ciphers import BlockCipher
from switch.keys.pin_block import decode, decode_pin4, encode, encode_pin4, pan_field
from switch.keys.pin_cipher import decipher, encipher, translate
from switch.keys.steps import Steps


def _encode(case: Case) -> None:
    """The block comes out, and gives the PIN back."""
    block_format, pin, pan = _format(case, "format"), case.digits("pin"), case.digits("pan", "")
    case.expect("pin_block", encode(block_format, pin, pan, case.text("fill", "")))
    case.verify(decode(block_format, case.hex("pin_block"), pan) == pin, "pin_block")


def _decode(case: Case) -> None:
    block_format, block = _format(case, "format"), case.hex("pin_block")
    case.expect("pin", decode(block_format, block, case.digits("pan", "")))


def _format4_pin_field(case: Case) -> None:
    pin = case.digits("pin")
    case.expect("pin_field", encode_pin4(pin, case.text("random")))
    case.verify(decode_pin4(case.hex("pin_field")) == pin, "pin_field")


def _format4_pin_field_decode(case: Case) -> None:
    case.expect("pin", decode_pin4(case.hex("pin_field")))


def _format4_pan_field(case: Case) -> None:
    case.expect("pan_field", pan_field(case.digits("pan")))


def _encipher_format4(case: Case) -> None:
    format4(case, BlockCipher("AES", case.hex("key")))


def format4(case: Case, cipher: BlockCipher) -> None:
    """The enciphered block and what lies on the way to it, and the PIN back."""
    pin, pan, steps = case.digits("pin"), case.digits("pan"), Steps()
    case.expect("pin_block_enc", encipher(cipher, 4, pin, pan, case.text("random"), steps=steps))
    case.expect_step("pin_field", steps, "PIN field")
    case.expect_step("pan_field", steps, "PAN field")
    case.expect_step("block_a", steps, "block A = AES(key, PIN field)")
    case.expect_step("block_b", steps, "block B = block A XOR PAN field")
    case.verify(decipher(cipher, 4, case.hex("pin_block_enc"), pan) == pin, "pin_block_enc")


def _decipher_format4(case: Case) -> None:
    cipher = BlockCipher("AES", case.hex("key"))
    case.expect("pin", decipher(cipher, 4, case.hex("pin_block_enc"), case.digits("pan")))


def _encipher_tdes(case: Case) -> None:
    cipher, block_format = BlockCipher("TDES", case.hex("key")), _format(case, "format")
    pin, pan, fill = case.digits("pin"), case.digits("pan", ""), case.text("fill", "")
    case.expect("pin_block", encode(block_format, pin, pan, fill))
    case.expect("pin_block_enc", encipher(cipher, block_format, pin, pan, fill))
    given = case.hex("pin_block_enc")
    case.verify(decipher(cipher, block_format, given, pan) == pin, "pin_block_enc")


def _translate(case: Case) -> None:
    """The block under the other key; source and destination hold the PIN of the case."""
    pan, pin = case.digits("pan"), case.digits("pin")
    source_format, target_format = (
        _format(case, "source_format"),
        _format(case, "destination_format"),
    )
    source = _cipher(source_format, case.hex("source_key"))
    target = _cipher(target_format, case.hex("destination_key"))
    fill = case.text("destination_random" if target_format == 4 else "destination_fill", "")
    block = case.hex("source_block")
    made = translate(source, [source_format], block, pan, target, target_format, lambda _: fill)
    case.expect("destination_block", made)
    case.verify(decipher(source, source_format, block, pan) == pin, "source_block")
    case.verify(decipher(target, target_format, made, pan) == pin, "destination_block")


def _cipher(block_format: int, key: bytes) -> BlockCipher:
    return BlockCipher("AES" if block_format == 4 else "TDES", key)


def _format(case: Case, name: str) -> int:
    text = case.text(name)
    if text not in ("0", "1", "2", "3", "4"):
        raise CaseFailed(f"{name} is none of 0, 1, 2, 3, 4")
    return int(text)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "encode": _encode,
    "decode": _decode,
    "format4_pin_field": _format4_pin_field,
    "format4_pin_field_decode": _format4_pin_field_decode,
    "format4_pan_field": _format4_pan_field,
    "encipher_format4": _encipher_format4,
    "decipher_format4": _decipher_format4,
    "encipher_tdes": _encipher_tdes,
    "translate": _translate,
}
