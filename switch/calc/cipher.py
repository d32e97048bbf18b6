"""``isoswitch calc cipher``: TDES, AES and SM4 as such."""

from __future__ import annotations

from typing import Final

from switch.calc.calculator import Calculator, Given, Input, Outcome, chosen, optional, secret
from switch.calc.inputs import InputRefused
from switch.keys.ciphers import (
    CIPHERS,
    BlockCipher,
    CipherName,
    cbc_decrypt,
    cbc_encrypt,
    counter_mode,
    xor,
)
from switch.keys.steps import Steps

MODES: Final = ("ECB", "CBC", "CTR")
INPUTS: Final = (
    chosen("cipher", "The cipher.", CIPHERS),
    secret("key", "The key, hex."),
    Input("data", "What goes in, hex, whole blocks but for CTR."),
    optional("mode", "How blocks follow one another.", "ECB", MODES),
    optional("iv", "First block of CBC [zeros], first counter of CTR, hex."),
)
_EXAMPLE: Final = "--cipher TDES --key 0123456789ABCDEFFEDCBA9876543210 --data 0000000000000000"


def run(given: Given, cipher: CipherName, *, forward: bool) -> Outcome:
    """The data through the cipher."""
    key, data = given.key("key"), given.hex("data")
    mode = given.choice("mode", MODES)
    iv = given.hex("iv") if given.has("iv") else None
    if mode == "ECB":
        if iv is not None:
            raise InputRefused("--iv", "ECB has none: leave it out, or say --mode CBC")
        made = BlockCipher(cipher, key)
        out = made.encrypt(data) if forward else made.decrypt(data)
    elif mode == "CBC":
        out = (cbc_encrypt if forward else cbc_decrypt)(cipher, key, data, iv)
    else:
        if iv is None:
            raise InputRefused("--iv", "CTR begins with a counter: give the first one")
        out = counter_mode(cipher, key, data, iv)
    return Outcome({"enciphered" if forward else "clear": out})


def _cipher(given: Given) -> CipherName:
    named = given.choice("cipher", CIPHERS)
    return next(name for name in CIPHERS if name == named)


def _encipher(given: Given, _steps: Steps) -> Outcome:
    return run(given, _cipher(given), forward=True)


def _decipher(given: Given, _steps: Steps) -> Outcome:
    return run(given, _cipher(given), forward=False)


def _xor(given: Given, _steps: Steps) -> Outcome:
    return Outcome({"xor": xor(given.hex("left"), given.hex("right"))})


CALCULATORS: Final = (
    Calculator("encipher", "Encipher data.", INPUTS, _encipher, _EXAMPLE),
    Calculator("decipher", "Decipher data.", INPUTS, _decipher, _EXAMPLE),
    Calculator(
        "xor",
        "Combine two values bit by bit.",
        (Input("left", "Hex."), Input("right", "Hex, of the same length.")),
        _xor,
        "--left 0F0F --right 00FF",
    ),
)
