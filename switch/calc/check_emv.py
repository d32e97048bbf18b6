"""The operations of EMV vectors: card and session keys, cryptograms, answers to them, scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.calc.case import Case, CaseFailed
from switch.calc.vectors import Operation
from switch.keys.check_value import check_value
from switch.keys.ciphers import tdes_encrypt
from switch.keys.emv_cryptogram import (
    application_cryptogram,
    check_cryptogram,
    cryptogram_data,
)
from switch.keys.emv_keys import card_data, card_key, common, emv2000, session_key
from switch.keys.emv_profiles import profile_of
from switch.keys.emv_response import response_cryptogram, response_mac, told_by_issuer
from switch.keys.emv_script import pin_change, script_mac, visa_pin_block
from switch.keys.emv_tags import ISSUER_DATA
from switch.keys.mac_padding import pad
from switch.keys.pin_block import encode

_TREES: Final = ((8, 4), (16, 2))  # heights and branches that a counter of two bytes needs
# First digit of the cards of a brand: with it the version in 9F10 names the profile.
_BRANDS: Final = {"Visa": "4", "Mastercard": "5"}


def _cryptogram(case: Case) -> None:
    """Card key, session key, cryptogram and its check, and every answer to it."""
    case.note_only("scheme")
    card, session = _keys(case, "imk_ac")
    case.expect("icc_mk", card)
    case.expect("icc_mk_kcv", check_value("TDES", card))
    case.expect("session_key", session)
    case.expect("session_key_kcv", check_value("TDES", session))
    if case.has("icc_mk_without_parity"):
        block = card_data(case.digits("pan"), case.digits("psn"), case.text("mk_option"))
        inverted = bytes(byte ^ 0xFF for byte in block)
        case.expect("icc_mk_without_parity", tdes_encrypt(case.hex("imk_ac"), block + inverted))
    if case.has("tags"):
        values = _values(case)
        _same_counter(case, values)
        case.expect("ac_data", cryptogram_data(values, values))
    data, padding = case.hex("ac_data"), case.number("padding")
    if case.has("atc") and case.hex("atc") not in data:
        raise CaseFailed("atc is not in ac_data, where every scheme has it")
    made = application_cryptogram(session, data, padding)
    case.expect("arqc", made)
    case.verify(check_cryptogram(session, data, padding, case.hex("arqc")), "arqc")
    number = 1
    while case.has(f"arpc_{number}") or number == 1:
        _answer(case, f"arpc_{number}", {"icc_mk": card, "session_key": session}, made)
        number += 1


def _answer(case: Case, name: str, keys: Mapping[str, bytearray], cryptogram: bytes) -> None:
    answer = Case(case.inner(name))
    key = keys.get(answer.text("key"))
    if key is None:
        raise CaseFailed(f"{name}: key is none of {', '.join(keys)}")
    method = answer.number("method")
    made, told, more = _arpc(answer, method, key, cryptogram)
    answer.expect("arpc", made)
    # The card's side of the same: what it finds in tag 91.
    tag = answer.hex("arpc") + told + more
    answer.verify(told_by_issuer(method, key, cryptogram, tag) == told, f"{name}: arpc")
    answer.close()
    case.verify(True, name)


def _arpc(
    case: Case, method: int, key: bytes | bytearray, cryptogram: bytes
) -> tuple[bytes, bytes, bytes]:
    """The answer's cryptogram, what it tells, and what the issuer adds."""
    if method == 1:
        code = case.hex("arc")
        return response_cryptogram(key, cryptogram, code), code, b""
    if method == 2:
        status, more = case.hex("csu"), case.hex("proprietary_auth_data")
        return response_mac(key, cryptogram, status, more), status, more
    raise CaseFailed("method is neither 1 nor 2")


def _keys(case: Case, master: str) -> tuple[bytearray, bytearray]:
    """The card's key and the session key."""
    key = case.hex(master)
    card = card_key(key, case.digits("pan"), case.digits("psn"), case.text("mk_option", "A"))
    return card, _session(case, card)


def _session(case: Case, card: bytearray) -> bytearray:
    method = case.text("session_key_method")
    if case.has("diversification"):
        start = case.hex("diversification")
        return common(card, start) if method == "common" else session_key(method, card, start)
    return session_key(method, card, case.hex("atc", ""), case.hex("unpredictable_number", ""))


def _values(case: Case) -> dict[str, bytes]:
    tags = Case(case.inner("tags"))
    return {tag: tags.hex(tag) for tag in case.inner("tags")}


def _same_counter(case: Case, values: Mapping[str, bytes]) -> None:
    """ATC and unpredictable number stand in the tags as well, and must be the same there."""
    for field, tag in (("atc", "9F36"), ("unpredictable_number", "9F37")):
        if case.has(field) and case.hex(field) != values.get(tag):
            raise CaseFailed(f"{field} is not what tag {tag} has")


def _verify_arqc(case: Case) -> None:
    case.note_only("scheme")
    session = _keys(case, "imk_ac")[1]
    data, padding = case.hex("ac_data"), case.number("padding")
    case.verify(check_cryptogram(session, data, padding, case.hex("arqc")), "arqc")


def _ac_data(case: Case) -> None:
    """The data from tags alone: brand and 9F10 name the profile, which knows tags and padding."""
    values = _values(case)
    words = case.text("scheme").split()
    brand = _BRANDS.get(words[0]) if words else None
    if brand is None or ISSUER_DATA not in values:
        raise CaseFailed(f"scheme names none of {', '.join(_BRANDS)}, or tag {ISSUER_DATA} lacks")
    profile = profile_of("auto", values[ISSUER_DATA], brand)
    if not profile.name.startswith("-".join(words).lower()):
        raise CaseFailed(f"scheme is another one than tag {ISSUER_DATA} says")
    if tuple(values) != (*profile.tags, ISSUER_DATA):
        raise CaseFailed("tags are not those of the profile, in its order")
    data = cryptogram_data(values, profile.tags) + profile.part_of(values[ISSUER_DATA])
    case.expect("ac_data", data)
    case.expect("padded", pad(profile.padding, data, 8))


def _emv2000_session_key(case: Case) -> None:
    height, branches = case.number("height"), case.number("branch_factor")
    if (height, branches) not in _TREES:
        raise CaseFailed("height and branch_factor are not those of a tree of EMV 2000")
    key = emv2000(case.hex("icc_mk"), case.hex("atc"), height, branches, case.hex("iv"))
    case.expect("session_key", key)


def _script_mac(case: Case) -> None:
    card, session = _keys(case, "imk_smi")
    case.expect("icc_mk", card)
    case.expect("session_key", session)
    case.expect("mac", script_mac(session, case.hex("command")))


def _script_pin_change(case: Case) -> None:
    style, pin, current = case.text("style"), case.digits("pin"), case.digits("current_pin", "")
    integrity, confidentiality = _keys(case, "imk_smi")[1], _keys(case, "imk_smc")[1]
    case.expect("session_key_smi", integrity)
    case.expect("session_key_smc", confidentiality)
    card = bytearray()
    if style == "visa":
        card = card_key(case.hex("imk_ac"), case.digits("pan"), case.digits("psn"))
        case.expect("icc_mk_ac", card)
        case.expect("pin_block", visa_pin_block(pin, card, current))
    else:
        case.expect("pin_block", encode(2, pin))
    command = pin_change(style, confidentiality, pin, card=card, current=current)
    case.expect("enciphered", command.data)
    head = case.hex("command_header")
    if len(head) != 5:
        raise CaseFailed("command_header has not 5 bytes")
    case.expect("command_header", command.header + head[-1:])
    case.expect("mac", script_mac(integrity, head + command.data))


def _emv_mac(case: Case) -> None:
    case.expect("mac", script_mac(case.hex("session_key"), case.hex("data")))


def _ac(case: Case) -> None:
    made = application_cryptogram(
        case.hex("session_key"), case.hex("data"), case.number("padding", 2)
    )
    case.expect("ac", made)


def _arpc_alone(case: Case) -> None:
    method = 2 if case.has("csu") else 1
    made = _arpc(case, method, case.hex("session_key"), case.hex("arqc"))[0]
    case.expect("arpc", made)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "cryptogram": _cryptogram,
    "verify_arqc": _verify_arqc,
    "ac_data": _ac_data,
    "emv2000_session_key": _emv2000_session_key,
    "script_mac": _script_mac,
    "script_pin_change": _script_pin_change,
    "emv_mac": _emv_mac,
    "ac": _ac,
    "arpc": _arpc_alone,
}
