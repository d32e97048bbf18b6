"""The operations of MAC vectors: ISO 9797-1, X9.9, X9.19, CMAC, HMAC, UnionPay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.calc.case import Case, CaseFailed
from switch.calc.vectors import Operation
from switch.keys.mac import SCHEMES, mac, mac_fits
from switch.keys.mac_unionpay import FIRST, SECOND, XOR_RESULT
from switch.keys.steps import Steps


def _iso9797(case: Case) -> None:
    _made(case, _iso_scheme(case))


def _iso9797_verify(case: Case) -> None:
    _verified(case, _iso_scheme(case))


def _iso_scheme(case: Case) -> str:
    if case.text("cipher") != "TDES":
        raise CaseFailed("cipher is not TDES, the only one of this operation")
    return f"{_named('iso9797', str(case.number('algorithm')))}/{case.number('padding')}"


def _x9(case: Case, name: str) -> None:
    key, data = case.hex("key"), case.hex("data")
    case.expect("mac_full", mac(f"{name}:8", key, data))
    _made(case, name)


def _cmac_scheme(case: Case) -> str:
    return _named("cmac", case.text("cipher").lower())


def _hmac(case: Case) -> None:
    _made(case, _named("hmac", case.text("hash").lower().replace("-", "")))


def unionpay(case: Case, scheme: str) -> None:
    """The MAC, and what lies on the way to it."""
    steps = Steps()
    made = mac(scheme, case.hex("key"), case.hex("data"), steps=steps)
    case.expect_step("xor_result", steps, XOR_RESULT)
    case.expect_step("first_encryption", steps, FIRST)
    case.expect_step("second_encryption", steps, SECOND)
    case.expect("mac_ascii", made.decode("ascii"))
    _made(case, scheme)


def _made(case: Case, scheme: str) -> None:
    """The MAC comes out, and verifies."""
    key, data, second = case.hex("key"), case.hex("data"), case.hex("key2", "")
    made = mac(scheme, key, data, second=second)
    case.expect("mac", made)
    case.expect_start("mac_published", made)
    _verified(case, scheme)


def _verified(case: Case, scheme: str) -> None:
    key, data, second = case.hex("key"), case.hex("data"), case.hex("key2", "")
    case.verify(mac_fits(scheme, key, data, case.hex("mac"), second=second), "mac")


def _named(*parts: str) -> str:
    name = "-".join(parts)
    if name not in SCHEMES:
        raise CaseFailed("there is no such MAC: unknown algorithm, cipher or hash")
    return name


OPERATIONS: Final[Mapping[str, Operation]] = {
    "iso9797": _iso9797,
    "iso9797_verify": _iso9797_verify,
    "x9_9": lambda case: _x9(case, "x9.9"),
    "x9_9_verify": lambda case: _verified(case, "x9.9"),
    "x9_19": lambda case: _x9(case, "x9.19"),
    "x9_19_verify": lambda case: _verified(case, "x9.19"),
    "cmac": lambda case: _made(case, _cmac_scheme(case)),
    "cmac_verify": lambda case: _verified(case, _cmac_scheme(case)),
    "hmac": _hmac,
    "unionpay_ecb": lambda case: unionpay(case, "unionpay-ecb"),
    "unionpay_ecb_verify": lambda case: _verified(case, "unionpay-ecb"),
}
