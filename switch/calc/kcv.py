"""``isoswitch calc kcv``: check values, parity, components, and whether a key is fit for use."""

from __future__ import annotations

import secrets
from typing import Final

from switch.calc.calculator import Calculator, Given, Input, Outcome, chosen, optional, secret
from switch.calc.inputs import InputRefused, hex_bytes
from switch.keys.check_value import METHODS, USUAL, KeyKind, check_value, check_value_fits
from switch.keys.ciphers import CIPHERS, odd_parity, xor
from switch.keys.clear_keys import combine, has_odd_parity, refuse_unfit
from switch.keys.steps import Steps

_KINDS: Final[tuple[KeyKind, ...]] = (*CIPHERS, "HMAC")
_KIND: Final = chosen("cipher", "What the key is for.", tuple(USUAL))
_KEY: Final = secret("key", "The key, hex.")
_METHOD: Final = optional("method", "How [the usual one of the cipher].", "", METHODS)
_DOUBLE: Final = "0123456789ABCDEFFEDCBA9876543210"


def kind_of(given: Given) -> KeyKind:
    """The kind of key that was chosen."""
    named = given.choice("cipher", tuple(USUAL))
    return next(kind for kind in _KINDS if kind == named)


def _value(given: Given, steps: Steps) -> Outcome:
    length = given.number("length")
    made = check_value(kind_of(given), given.key("key"), given.text("method"), length, steps=steps)
    return Outcome({"check value": made})


def _check(given: Given, _steps: Steps) -> Outcome:
    good = check_value_fits(
        kind_of(given), given.key("key"), given.hex("kcv"), given.text("method")
    )
    return Outcome({"check value": "fits" if good else "does not fit"}, good)


def _parity(given: Given, steps: Steps) -> Outcome:
    key = given.key("key")
    steps.note("key", key)
    found = "odd in every byte" if has_odd_parity(key) else "not odd in every byte"
    return Outcome({"parity": found, "with odd parity": odd_parity(key)})


def _combine(given: Given, steps: Steps) -> Outcome:
    """The components one after the other; all of their check values, and the key's."""
    kind = kind_of(given)
    texts = given.text("components").replace(",", " ").split()
    parts = [bytearray(hex_bytes(f"--components, {n}", text)) for n, text in enumerate(texts, 1)]
    key = combine(parts)
    for place, part in enumerate(parts, 1):
        steps.note(f"check value of component {place}", check_value(kind, part))
    return Outcome({"key": key, "check value": check_value(kind, key)})


def _split(given: Given, steps: Steps) -> Outcome:
    """All but the last are random; the last makes the key of them."""
    kind, key, count = kind_of(given), given.key("key"), given.number("count")
    if not 2 <= count <= 9:
        raise InputRefused("--count", "2 to 9 components are right")
    parts = [bytearray(secrets.token_bytes(len(key))) for _ in range(count - 1)]
    last = key
    for part in parts:
        last = xor(last, part)
    steps.note("check value of the key", check_value(kind, key))
    values: dict[str, bytes | bytearray | str | int | list[str]] = {}
    for place, part in enumerate([*parts, last], 1):
        values[f"component {place}"] = part
        values[f"check value {place}"] = check_value(kind, part)
    return Outcome(values)


def _fit(given: Given, _steps: Steps) -> Outcome:
    single = given.text("single-des") == "yes"
    refuse_unfit(kind_of(given), given.key("key"), single_des=single)
    return Outcome({"key": "is neither weak nor too short"})


CALCULATORS: Final = (
    Calculator(
        "value",
        "The check value of a key.",
        (_KIND, _KEY, _METHOD, optional("length", "Bytes of it [the usual number].")),
        _value,
        f"--cipher TDES --key {_DOUBLE}",
    ),
    Calculator(
        "check",
        "Say whether a check value is the key's.",
        (_KIND, _KEY, _METHOD, Input("kcv", "The check value, hex.")),
        _check,
        f"--cipher TDES --key {_DOUBLE} --kcv 08D7B4",
    ),
    Calculator("parity", "Parity of a DES key.", (_KEY,), _parity, "--key 1A2B3C4D5F0A1B2C"),
    Calculator(
        "combine",
        "Make a key of its components.",
        (_KIND, secret("components", "Two or more, hex, with spaces or commas between them.")),
        _combine,
        f"--cipher TDES --components {_DOUBLE},{'0F' * 16}",
    ),
    Calculator(
        "split",
        "Take a key apart into random components.",
        (_KIND, _KEY, optional("count", "How many components.", "2")),
        _split,
        f"--cipher TDES --key {_DOUBLE} --count 3",
    ),
    Calculator(
        "fit",
        "Say whether a key may come into use: not weak, not single DES, no equal halves.",
        (_KIND, _KEY, optional("single-des", "Let 8 bytes pass.", "no", ("yes", "no"))),
        _fit,
        f"--cipher TDES --key {_DOUBLE}",
    ),
)
