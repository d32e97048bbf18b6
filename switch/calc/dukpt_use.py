"""What is done with the keys of one DUKPT transaction: PIN blocks, MACs and data in one go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from switch.calc.calculator import Calculator, Given, Input, Outcome, optional, secret
from switch.calc.dukpt import FROM, initial_key_of
from switch.calc.inputs import InputRefused
from switch.calc.mac import data_of
from switch.calc.pinblock import cipher_of, fill_of
from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.ciphers import cbc_decrypt, cbc_encrypt
from switch.keys.mac import mac
from switch.keys.pin_cipher import decipher, encipher
from switch.keys.steps import Steps
from switch.model.ksn import parse

_SIDES: Final = ("request", "response")
_SIDE: Final = optional("side", "Made by the terminal, or by the host.", "request", _SIDES)
_PAN: Final = Input("pan", "The card number.")
_TDES: Final = "--bdk 0123456789ABCDEFFEDCBA9876543210 --ksn FFFF9876543210E00001"
_AES: Final = "--bdk FEDCBA9876543210F1F1F1F1F1F1F1F1 --ksn 123456789012345600000001"


def _key(given: Given, purpose: str, steps: Steps) -> tuple[bytearray, bool]:
    """The key for a purpose, and whether it is AES."""
    ksn = parse(given.text("ksn").strip())
    ik = initial_key_of(given, ksn, steps)
    if ksn.aes:
        return dukpt_aes.working_key(ik, ksn, purpose, steps=steps), True
    return dukpt_tdes.working_key(ik, ksn, purpose, steps=steps), False


def _pin(given: Given, steps: Steps) -> Outcome:
    """A PIN into its block, or out of it."""
    key, aes = _key(given, "pin", steps)
    block_format = int(given.text("format") or (4 if aes else 0))
    if aes != (block_format == 4):
        raise InputRefused("--format", "AES keys take format 4, TDES keys the others")
    cipher, pan = cipher_of(block_format, key), given.digits("pan")
    if given.one_of("pin", "block") == "block":
        found = decipher(cipher, block_format, given.hex("block"), pan, steps=steps)
        return Outcome({"PIN": found})
    pin = given.digits("pin")
    fill = fill_of(given, block_format, len(pin))
    return Outcome({"PIN block": encipher(cipher, block_format, pin, pan, fill, steps=steps)})


def _mac(given: Given, steps: Steps) -> Outcome:
    key, aes = _key(given, f"mac_{given.choice('side', _SIDES)}", steps)
    scheme = given.text("scheme") or ("cmac-aes" if aes else "x9.19")
    return Outcome({"mac": mac(scheme, key, data_of(given), steps=steps)})


def _data(run: Callable[..., bytearray], name: str) -> Callable[[Given, Steps], Outcome]:
    def through(given: Given, steps: Steps) -> Outcome:
        key, aes = _key(given, f"data_{given.choice('side', _SIDES)}", steps)
        iv = given.hex("iv") if given.has("iv") else None
        return Outcome({name: run("AES" if aes else "TDES", key, given.hex("data"), iv)})

    return through


_DATA: Final = (
    *FROM,
    _SIDE,
    Input("data", "Whole blocks, hex."),
    optional("iv", "First block of CBC, hex [zeros]."),
)
CALCULATORS: Final = (
    Calculator(
        "pin",
        "A PIN block under a transaction's PIN key: made of a PIN, or taken apart.",
        (
            *FROM,
            _PAN,
            secret("pin", "The PIN, to make a block.", required=False),
            optional("block", "The enciphered block, hex, to take apart."),
            optional(
                "format", "Of ISO 9564-1 [0 of TDES, 4 of AES].", "", ("0", "1", "2", "3", "4")
            ),
            optional("fill", "Random nibbles of formats 1, 3 and 4, hex [random]."),
        ),
        _pin,
        f"{_TDES} --pin 1234 --pan 4012345678909",
    ),
    Calculator(
        "mac",
        "A MAC under a transaction's MAC key.",
        (
            *FROM,
            _SIDE,
            optional("scheme", "As of calc mac schemes [x9.19 of TDES, cmac-aes of AES]."),
            optional("data", "What is covered, hex."),
            optional("ascii", "What is covered, as text instead of hex."),
        ),
        _mac,
        f"{_TDES} --ascii 4012345678909D987",
    ),
    Calculator(
        "encipher",
        "Data under a transaction's data key, CBC.",
        _DATA,
        _data(cbc_encrypt, "enciphered"),
        f"{_AES} --data 34303132333435363738393039443938",
    ),
    Calculator(
        "decipher",
        "Data back out of a transaction's data key, CBC.",
        _DATA,
        _data(cbc_decrypt, "clear"),
        f"{_AES} --data E5AFA5B408A3310E3D779C8A9A2AE294",
    ),
)
