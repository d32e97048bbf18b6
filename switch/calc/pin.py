"""``isoswitch calc pin``: PIN verification values, natural PINs, offsets."""

from __future__ import annotations

from typing import Final

from switch.calc.calculator import Calculator, Given, Input, Outcome, optional, secret
from switch.calc.inputs import InputRefused
from switch.keys.pin_check import (
    TABLE,
    natural_pin,
    offset_fits,
    pin_of_offset,
    pin_offset,
    pvv_fits,
    validation_data,
    visa_pvv,
)
from switch.keys.steps import Steps

_PVK: Final = secret("pvk", "The PIN verification key, hex.")
_PIN: Final = secret("pin", "The PIN.")
_PAN: Final = Input("pan", "The card number.")
_INDEX: Final = optional("pvki", "Index of the key, one digit.", "1")
_IBM: Final = (
    _PVK,
    optional("validation", "Validation data, 16 hex digits."),
    optional("pan", "The card number, to make validation data of."),
    optional("start", "First digit of the card number that is used, from 0.", "0"),
    optional("digits", "How many digits of it.", "16"),
    optional("pad", "What fills them up to 16, one hex digit.", "F"),
    optional("table", "Decimalization table, 16 digits.", TABLE),
)
_PVV_EXAMPLE: Final = "--pvk 0123456789ABCDEFFEDCBA9876543210 --pan 1122334455667788 --pin 4524"
_IBM_EXAMPLE: Final = (
    "--pvk 0123456789ABCDEFFEDCBA9876543210 --validation 1122334455667788 --table 1234567890123456"
)


def _index(given: Given) -> int:
    text = given.digits("pvki")
    if len(text) != 1:
        raise InputRefused("--pvki", "one digit is right")
    return int(text)


def _pvv(given: Given, steps: Steps) -> Outcome:
    pan, pin = given.digits("pan"), given.digits("pin")
    return Outcome({"PVV": visa_pvv(given.key("pvk"), pan, _index(given), pin, steps=steps)})


def _pvv_check(given: Given, _steps: Steps) -> Outcome:
    pan, pin = given.digits("pan"), given.digits("pin")
    good = pvv_fits(given.key("pvk"), pan, _index(given), pin, given.digits("pvv"))
    return Outcome({"PIN": "fits" if good else "does not fit"}, good)


def _validation(given: Given) -> bytes:
    if given.one_of("validation", "pan") == "validation":
        return given.hex("validation")
    start, length = given.number("start"), given.number("digits")
    return validation_data(given.digits("pan"), start, length, given.text("pad").upper())


def _natural(given: Given, steps: Steps) -> Outcome:
    data, table = _validation(given), given.text("table")
    made = natural_pin(given.key("pvk"), data, given.number("length"), table, steps=steps)
    return Outcome({"natural PIN": made})


def _offset(given: Given, steps: Steps) -> Outcome:
    data, pin, table = _validation(given), given.digits("pin"), given.text("table")
    return Outcome({"offset": pin_offset(given.key("pvk"), data, pin, table, steps=steps)})


def _from_offset(given: Given, _steps: Steps) -> Outcome:
    data, offset, table = _validation(given), given.digits("offset"), given.text("table")
    return Outcome({"PIN": pin_of_offset(given.key("pvk"), data, offset, table)})


def _offset_check(given: Given, _steps: Steps) -> Outcome:
    data, pin, offset = _validation(given), given.digits("pin"), given.digits("offset")
    good = offset_fits(given.key("pvk"), data, pin, offset, given.text("table"))
    return Outcome({"PIN": "fits" if good else "does not fit"}, good)


_OFFSET: Final = Input("offset", "The offset.")
CALCULATORS: Final = (
    Calculator("pvv", "Visa's PVV.", (_PVK, _PAN, _INDEX, _PIN), _pvv, _PVV_EXAMPLE),
    Calculator(
        "pvv-check",
        "Say whether a PIN fits a PVV.",
        (_PVK, _PAN, _INDEX, _PIN, Input("pvv", "The PVV, four digits.")),
        _pvv_check,
        f"{_PVV_EXAMPLE} --pvv 8523",
    ),
    Calculator(
        "natural",
        "IBM 3624: the natural PIN.",
        (*_IBM, optional("length", "Digits of the PIN.", "4")),
        _natural,
        _IBM_EXAMPLE,
    ),
    Calculator(
        "offset",
        "IBM 3624: the offset of a chosen PIN.",
        (*_IBM, _PIN),
        _offset,
        f"{_IBM_EXAMPLE} --pin 5635",
    ),
    Calculator(
        "offset-check",
        "IBM 3624: say whether a PIN fits an offset.",
        (*_IBM, _PIN, _OFFSET),
        _offset_check,
        f"{_IBM_EXAMPLE} --pin 5635 --offset 1111",
    ),
    Calculator(
        "from-offset",
        "IBM 3624: the PIN that an offset stands for.",
        (*_IBM, _OFFSET),
        _from_offset,
        f"{_IBM_EXAMPLE} --offset 1111",
    ),
)
