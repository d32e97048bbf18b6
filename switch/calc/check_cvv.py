"""The operations of card-verification vectors: CVV, iCVV, CVV2, dCVV, CVC3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.calc.case import Case, CaseFailed
from switch.calc.vectors import Operation
from switch.keys.card_verification import (
    SERVICE_CODES,
    card_verification_value,
    cvc3,
    decimalized,
    dynamic_value,
    fits,
    initial_vector,
    made_for,
)
from switch.keys.emv_keys import card_key


def _made(case: Case, kind: str) -> None:
    """The value comes out, by itself and as that kind of value, and verifies."""
    key, pan, expiry, code = _inputs(case)
    if SERVICE_CODES[kind] not in ("", code):
        raise CaseFailed(f"service_code is not that of {kind}")
    case.expect("decimalized", decimalized(key, pan, expiry, code))
    case.expect("cvv", card_verification_value(key, pan, expiry, code))
    case.expect("cvv", made_for(key, pan, expiry, code, kind))
    _verified(case, kind)


def _verified(case: Case, kind: str) -> None:
    key, pan, expiry, code = _inputs(case)
    case.verify(fits(key, pan, expiry, code, case.digits("cvv"), kind), "cvv")


def _inputs(case: Case) -> tuple[bytes, str, str, str]:
    code = case.digits("service_code")
    return case.hex("cvk"), case.digits("pan"), case.digits("expiry"), code


def _dcvv(case: Case) -> None:
    master, pan, sequence = case.hex("imk_dcvv"), case.digits("pan"), case.digits("psn")
    option, counter = case.text("mk_option"), case.text("atc")
    expiry, code = case.digits("expiry"), case.digits("service_code")
    made = dynamic_value(master, pan, sequence, expiry, code, counter, option=option)
    case.expect("dcvv", made)
    key = card_key(master, pan, sequence, option)
    case.expect("card_key", key)
    # The same by its parts: the CVV of the PAN whose first digits are the counter.
    altered = counter + pan[len(counter) :]
    case.expect("altered_pan", altered)
    case.verify(fits(key, altered, expiry, code, case.digits("dcvv")), "dcvv")


def _cvc3(case: Case) -> None:
    key = card_key(
        case.hex("imk_cvc3"), case.digits("pan"), case.digits("psn"), case.text("mk_option")
    )
    case.expect("card_key", key)
    track = case.hex("track_data")
    case.expect("iv_cvc3", initial_vector(key, track))
    made = cvc3(key, track, case.hex("atc"), case.hex("unpredictable_number"))
    case.expect("cvc3", made)
    case.expect_end("cvc3_published", made)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "cvv": lambda case: _made(case, "cvv"),
    "icvv": lambda case: _made(case, "icvv"),
    "cvv2": lambda case: _made(case, "cvv2"),
    "cvv_verify": lambda case: _verified(case, "cvv"),
    "dcvv": _dcvv,
    "cvc3": _cvc3,
}
