"""``isoswitch calc dukpt``: every key that a key serial number stands for, under TDES and AES.

Which of the two it is, the key serial number says: 10 bytes (8 of the older form) are TDES DUKPT
(ANSI X9.24-1), 12 are AES DUKPT (ANSI X9.24-3).
"""

from __future__ import annotations

from typing import Final

from switch.calc.calculator import Calculator, Given, Input, Outcome, Value, optional, secret
from switch.calc.inputs import InputRefused
from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.check_value import check_value
from switch.keys.ciphers import Key
from switch.keys.steps import Steps
from switch.model.ksn import Ksn, of_initial_key_id, parse, said

_KSN: Final = Input("ksn", "Key serial number, hex: 8, 10 or 12 bytes.")
FROM: Final = (
    secret("bdk", "The base derivation key, hex.", required=False),
    secret("ik", "The initial key, hex, where it is known.", required=False),
    _KSN,
)
_TYPE: Final = optional(
    "type", "AES: type of the working keys [that of the key].", "", tuple(dukpt_aes.KEY_TYPES)
)
_TDES: Final = "--bdk 0123456789ABCDEFFEDCBA9876543210 --ksn FFFF9876543210E00001"
_AES: Final = "--bdk FEDCBA9876543210F1F1F1F1F1F1F1F1 --ksn 123456789012345600000001"


def initial_key_of(given: Given, ksn: Ksn, steps: Steps | None = None) -> Key:
    """The initial key, as it was given or from the base derivation key."""
    if given.one_of("bdk", "ik") == "ik":
        return given.key("ik")
    return made_from(given.key("bdk"), ksn, steps)


def made_from(bdk: Key, ksn: Ksn, steps: Steps | None = None) -> bytearray:
    """The initial key, by TDES or AES as the key serial number is."""
    if ksn.aes:
        return dukpt_aes.initial_key(bdk, ksn, steps=steps)
    return dukpt_tdes.initial_key(bdk, ksn, steps=steps)


def _keys(given: Given, steps: Steps) -> Outcome:
    """All keys of one transaction."""
    ksn = parse(given.text("ksn").strip())
    ik = initial_key_of(given, ksn, steps)
    made = _aes_keys(given, ik, ksn, steps) if ksn.aes else _tdes_keys(ik, ksn, steps)
    return Outcome({"initial key": ik, "its check value": _check(ik, ksn), **made})


def _tdes_keys(ik: Key, ksn: Ksn, steps: Steps) -> dict[str, Value]:
    key = dukpt_tdes.transaction_key(ik, ksn, steps=steps)
    named = {
        f"{purpose.replace('_', ' ')} key": dukpt_tdes.purpose_key(key, purpose, steps=steps)
        for purpose in dukpt_tdes.PURPOSES
    }
    return {"transaction key": key, **named}


def _aes_keys(given: Given, ik: Key, ksn: Ksn, steps: Steps) -> dict[str, Value]:
    key = dukpt_aes.derivation_key(ik, ksn, steps=steps)
    key_type = given.text("type")
    only_macs = key_type.startswith("HMAC")
    values: dict[str, Value] = {"derivation key": key}
    for usage in dukpt_aes.USAGES:
        if usage != "initial_key" and (usage.startswith("mac") or not only_macs):
            own = Steps()
            made = dukpt_aes.working_key(ik, ksn, usage, key_type, steps=own)
            steps.lines += own.lines[-2:]  # the way to the derivation key is there already
            values[f"{usage.replace('_', ' ')} key"] = made
    return values


def _initial(given: Given, steps: Steps) -> Outcome:
    text = given.text("ksn").strip()
    ksn = of_initial_key_id(text) if given.text("aes") == "yes" and len(text) == 16 else parse(text)
    if given.text("aes") == "yes" and not ksn.aes:
        raise InputRefused("--ksn", "AES DUKPT has 24 hex digits, or 16 of the initial key ID")
    key = made_from(given.key("bdk"), ksn, steps)
    return Outcome({"initial key": key, "its check value": _check(key, ksn)})


def _ksn(given: Given, _steps: Steps) -> Outcome:
    """What a key serial number says."""
    ksn = parse(given.text("ksn").strip())
    full = str(ksn)
    values: dict[str, Value] = {
        "kind": "AES DUKPT (X9.24-3)" if ksn.aes else "TDES DUKPT (X9.24-1)",
        "key serial number": full,
        "base derivation key": full[:8] if ksn.aes else full[:10],
        "device, counter zero": ksn.device,
        "counter": f"{ksn.counter:08X}" if ksn.aes else f"{ksn.counter:06X}",
        "one bits in it": str(ksn.counter.bit_count()),
        "worth": said(ksn.worth, aes=ksn.aes),
        "next": "none: load a new initial key" if ksn.exhausted else str(ksn.advanced()),
    }
    return Outcome(values)


def _registers(given: Given, _steps: Steps) -> Outcome:
    """The keys of a device right after its initial key was loaded."""
    ksn = parse(given.text("ksn").strip()).at(0)
    ik = initial_key_of(given, ksn)
    keys = dukpt_aes.intermediate_keys(ik, ksn) if ksn.aes else dukpt_tdes.future_keys(ik, ksn)
    digits = 8 if ksn.aes else 6
    return Outcome({f"counter {1 << bit:0{digits}X}": key for bit, key in enumerate(keys)})


def _update(given: Given, steps: Steps) -> Outcome:
    ksn = parse(given.text("ksn").strip())
    if not ksn.aes:
        raise InputRefused("--ksn", "only AES DUKPT has update keys: 24 hex digits are right")
    ik = initial_key_of(given, ksn, steps)
    derived, made = dukpt_aes.update_key(ik, ksn, given.text("type"), steps=steps)
    return Outcome({"derivation key": derived, "update key": made})


def _check(key: Key, ksn: Ksn) -> bytes:
    return check_value("AES" if ksn.aes else "TDES", key)


CALCULATORS: Final = (
    Calculator("keys", "All keys of one transaction.", (*FROM, _TYPE), _keys, _TDES),
    Calculator(
        "initial",
        "The initial key of a device.",
        (
            secret("bdk", "The base derivation key, hex."),
            _KSN,
            optional("aes", "16 hex digits are an initial key ID of AES.", "no", ("yes", "no")),
        ),
        _initial,
        _AES,
    ),
    Calculator(
        "ksn", "What a key serial number says.", (_KSN,), _ksn, "--ksn FFFF9876543210E003FF"
    ),
    Calculator(
        "registers", "The keys that a device holds at its beginning.", FROM, _registers, _TDES
    ),
    Calculator(
        "update", "AES: the key that sends a new initial key.", (*FROM, _TYPE), _update, _AES
    ),
)
