"""The operations of check-value vectors: check values by method, odd parity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.calc.case import Case, CaseFailed
from switch.calc.vectors import Operation
from switch.keys.check_value import USUAL, KeyKind, check_value, check_value_fits
from switch.keys.ciphers import odd_parity
from switch.keys.clear_keys import has_odd_parity


def _kcv(case: Case) -> None:
    kind, method, key = _kind(case), case.text("method"), case.hex("key")
    made = check_value(kind, key, method, case.number("length", 0))
    case.expect("length", len(made))
    case.expect("kcv", made)
    case.verify(check_value_fits(kind, key, case.hex("kcv"), method), "kcv")


def _kcv_verify(case: Case) -> None:
    found = case.hex("kcv")
    if case.number("length", len(found)) != len(found):
        raise CaseFailed("kcv has not the length that length says")
    fits = check_value_fits(_kind(case), case.hex("key"), found, case.text("method"))
    case.verify(fits, "kcv")


def _odd_parity(case: Case) -> None:
    """The key comes out with odd parity, as the same key: its check value stays."""
    key = case.hex("key")
    adjusted = odd_parity(key)
    case.expect("adjusted", adjusted)
    case.verify(has_odd_parity(adjusted), "adjusted")
    case.verify(check_value_fits("TDES", adjusted, check_value("TDES", key)), "adjusted")


def _kind(case: Case) -> KeyKind:
    wanted = case.text("cipher")
    kinds: tuple[KeyKind, ...] = ("TDES", "AES", "SM4", "HMAC")
    found = next((kind for kind in kinds if kind == wanted), None)
    if found is None:
        raise CaseFailed(f"cipher is none of {', '.join(USUAL)}")
    return found


OPERATIONS: Final[Mapping[str, Operation]] = {
    "kcv": _kcv,
    "kcv_verify": _kcv_verify,
    "odd_parity": _odd_parity,
}
