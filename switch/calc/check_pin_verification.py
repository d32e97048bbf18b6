"""The operations of PIN-verification vectors: Visa PVV, IBM 3624."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.calc.case import Case, CaseFailed
from switch.calc.vectors import Operation
from switch.keys.pin_check import (
    decimalize,
    natural_pin,
    offset_fits,
    pin_of_offset,
    pin_offset,
    pvv_fits,
    validation_data,
    visa_pvv,
)
from switch.keys.steps import Steps


def _visa_pvv(case: Case) -> None:
    steps = Steps()
    key, pan, index, pin = _pvv_inputs(case)
    case.expect("pvv", visa_pvv(key, pan, index, pin, steps=steps))
    case.expect_step("tsp", steps, "transformed security parameter")
    case.expect_step("encrypted_tsp", steps, "enciphered")
    _visa_pvv_verify(case)


def _visa_pvv_verify(case: Case) -> None:
    key, pan, index, pin = _pvv_inputs(case)
    case.verify(pvv_fits(key, pan, index, pin, case.digits("pvv")), "pvv")


def _pvv_inputs(case: Case) -> tuple[bytes, str, int, str]:
    index = case.digits("pvki")
    if len(index) != 1:
        raise CaseFailed("pvki is not one digit")
    return case.hex("pvk"), case.digits("pan"), int(index), case.digits("pin")


def _ibm3624(case: Case) -> None:
    """Natural PIN and offset; the offset verifies the PIN, and gives it back."""
    key, data, table = (
        case.hex("pvk"),
        case.hex("validation_data"),
        case.text("decimalization_table"),
    )
    pin, steps = case.digits("pin"), Steps()
    offset = pin_offset(key, data, pin, table, steps=steps)
    case.expect_step("encrypted_validation_data", steps, "enciphered")
    case.expect("natural_pin", natural_pin(key, data, case.number("pin_length"), table))
    case.expect("offset", offset)
    case.verify(offset_fits(key, data, pin, case.digits("offset"), table), "offset")
    case.verify(pin_of_offset(key, data, offset, table) == pin, "pin")
    if case.has("pan"):
        start, length = case.number("pan_start"), case.number("pan_length")
        made = validation_data(case.digits("pan"), start, length, case.text("pan_pad"))
        case.expect("validation_data", made)


def _ibm3624_verify(case: Case) -> None:
    key, data, table = (
        case.hex("pvk"),
        case.hex("validation_data"),
        case.text("decimalization_table"),
    )
    case.verify(offset_fits(key, data, case.digits("pin"), case.digits("offset"), table), "offset")


def _ibm3624_decimalize(case: Case) -> None:
    block = case.hex("encrypted_validation_data")
    digits = decimalize(block, case.text("decimalization_table"))
    case.expect("decimalized", digits)
    case.expect("natural_pin", digits[: case.number("pin_length")])


OPERATIONS: Final[Mapping[str, Operation]] = {
    "visa_pvv": _visa_pvv,
    "visa_pvv_verify": _visa_pvv_verify,
    "ibm3624": _ibm3624,
    "ibm3624_verify": _ibm3624_verify,
    "ibm3624_decimalize": _ibm3624_decimalize,
}
