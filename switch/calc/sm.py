"""``isoswitch calc sm``: SM4 and SM3 of the UnionPay line. SM4 MACs are under ``calc mac``."""

from __future__ import annotations

from typing import Final

from switch.calc import cipher
from switch.calc.calculator import Calculator, Given, Input, Outcome, optional, secret
from switch.calc.mac import data_of
from switch.keys.check_value import check_value
from switch.keys.ciphers import BlockCipher
from switch.keys.pin_cipher import decipher, encipher, translate
from switch.keys.sm import sm3, unwrap_sm4_key, wrap_sm4_key
from switch.keys.steps import Steps

_KEY: Final = secret("key", "The SM4 key, hex, 16 bytes.")
_PAN: Final = Input("pan", "The card number.")
_INPUTS: Final = tuple(each for each in cipher.INPUTS if each.name != "cipher")
_SM4: Final = "0123456789ABCDEFFEDCBA9876543210"
_TMK: Final = "1234567890ABCDEFABCDEF0987654321"
_WORKING: Final = "F351D490994603795C6EBEE8FAEBB481"


def _encipher(given: Given, _steps: Steps) -> Outcome:
    return cipher.run(given, "SM4", forward=True)


def _decipher(given: Given, _steps: Steps) -> Outcome:
    return cipher.run(given, "SM4", forward=False)


def _sm3(given: Given, _steps: Steps) -> Outcome:
    return Outcome({"digest": sm3(data_of(given))})


def _wrap(given: Given, _steps: Steps) -> Outcome:
    key = given.key("key")
    wrapped = wrap_sm4_key(given.key("tmk"), key)
    return Outcome({"cryptogram": wrapped, "check value": check_value("SM4", key)})


def _unwrap(given: Given, _steps: Steps) -> Outcome:
    key = unwrap_sm4_key(given.key("tmk"), given.hex("cryptogram"), given.hex("kcv"))
    return Outcome({"key": key})


def _pinblock(given: Given, steps: Steps) -> Outcome:
    made = BlockCipher("SM4", given.key("key"))
    pan = given.digits("pan")
    if given.one_of("pin", "block") == "pin":
        block = encipher(made, 0, given.digits("pin"), pan, steps=steps)
        return Outcome({"PIN block": block})
    return Outcome({"PIN": decipher(made, 0, given.hex("block"), pan, steps=steps)})


def _translate(given: Given, _steps: Steps) -> Outcome:
    """From TDES, format 0, to SM4 or back: the block's length says which."""
    block = given.hex("block")
    names = ("TDES", "SM4") if len(block) == 8 else ("SM4", "TDES")
    source = BlockCipher("TDES" if names[0] == "TDES" else "SM4", given.key("source"))
    target = BlockCipher("SM4" if names[1] == "SM4" else "TDES", given.key("destination"))
    made = translate(source, [0], block, given.digits("pan"), target, 0, lambda _: "")
    return Outcome({f"PIN block under {names[1]}": made})


CALCULATORS: Final = (
    Calculator("encipher", "Encipher with SM4.", _INPUTS, _encipher, f"--key {_SM4} --data {_SM4}"),
    Calculator("decipher", "Decipher with SM4.", _INPUTS, _decipher, f"--key {_SM4} --data {_SM4}"),
    Calculator(
        "sm3",
        "The SM3 hash.",
        (optional("data", "Hex."), optional("ascii", "Text instead of hex.")),
        _sm3,
        "--ascii abc",
    ),
    Calculator(
        "wrap",
        "Encipher a working key under a terminal master key.",
        (secret("tmk", "The terminal master key, hex."), secret("key", "The working key, hex.")),
        _wrap,
        f"--tmk {_TMK} --key {_WORKING}",
    ),
    Calculator(
        "unwrap",
        "Take a working key out, if its check value fits.",
        (
            secret("tmk", "The terminal master key, hex."),
            Input("cryptogram", "The enciphered working key, hex."),
            Input("kcv", "Its check value, hex."),
        ),
        _unwrap,
        f"--tmk {_TMK} --cryptogram 3D66234C49E4296FF9C78D8BACBD6A76 --kcv 861E83E3",
    ),
    Calculator(
        "pinblock",
        "The 16-byte PIN block under SM4: made of a PIN, or taken apart.",
        (
            _KEY,
            _PAN,
            secret("pin", "The PIN, to make a block.", required=False),
            optional("block", "The enciphered block, hex, to take apart."),
        ),
        _pinblock,
        f"--key {_WORKING} --pin 123654 --pan 6212345678901234568",
    ),
    Calculator(
        "translate",
        "A PIN block from TDES to SM4 or back.",
        (
            secret("source", "The key that the block is under, hex."),
            Input("block", "The block, hex: 8 bytes are TDES, 16 are SM4."),
            _PAN,
            secret("destination", "The key that it is to be under, hex."),
        ),
        _translate,
        f"--source {_SM4} --block 2A084C604973D4AE --pan 6222021234567890123 --destination {_TMK}",
    ),
)
