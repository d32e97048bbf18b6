"""The operations of AES DUKPT vectors (ANSI X9.24-3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.calc.case import Case, CaseFailed
from switch.calc.check_dukpt_tdes import advance
from switch.calc.check_pin_blocks import format4
from switch.calc.vectors import Operation
from switch.keys.ciphers import BlockCipher, aes_cbc_decrypt, aes_cbc_encrypt
from switch.keys.dukpt_aes import (
    KEY_TYPES,
    USAGES,
    AesDevice,
    derivation_data,
    derivation_key,
    initial_key,
    intermediate_keys,
    update_key,
    working_key,
)
from switch.keys.mac import SCHEMES, mac, mac_fits
from switch.keys.pin_cipher import decipher
from switch.model.ksn import Ksn, from_legacy, of_initial_key_id, parse

# Fields of ``working_keys``, in the order of their usages.
_KEYS: Final = {
    "pin_key": "pin",
    "mac_generate_key": "mac_generate",
    "mac_verify_key": "mac_verify",
    "mac_both_key": "mac_both",
    "data_encrypt_key": "data_encrypt",
    "data_decrypt_key": "data_decrypt",
    "data_both_key": "data_both",
    "key_encryption_key": "key_encryption",
    "key_derivation_key": "key_derivation",
}
_OF_HMAC: Final = ("mac_generate_key", "mac_verify_key", "mac_both_key")
# The short names that the files have for usages.
_SHORT: Final = {
    "pin": "pin",
    "mac_gen": "mac_generate",
    "key_deriv": "key_derivation",
    "key_deriv_ik": "initial_key",
}
_NUMBERS: Final = {f"{number:04X}": name for name, number in USAGES.items()}


def _working_keys(case: Case) -> None:
    """Every usage of one type; by itself, and from a device that keeps its way."""
    ksn, ik = _initial(case)
    case.expect("derivation_key", derivation_key(ik, ksn))
    key_type = _key_type(case, "working_key_type")
    device = AesDevice(ik, ksn)
    for field in _OF_HMAC if key_type.startswith("HMAC") else _KEYS:
        case.expect(field, working_key(ik, ksn, _KEYS[field], key_type))
        case.expect(field, device.key(ksn.counter, _KEYS[field], key_type))


def _initial_key(case: Case) -> None:
    ksn = of_initial_key_id(case.text("ikid"))
    case.expect("ik", initial_key(case.hex("bdk"), ksn))


def _derivation_data(case: Case) -> None:
    usage = _NUMBERS.get(case.text("usage"))
    if usage is None or usage != _SHORT.get(case.text("usage_name")):
        raise CaseFailed("usage is none, or not the one that usage_name says")
    ksn = of_initial_key_id(case.text("ikid"))
    if usage == "initial_key":
        case.expect_none("counter")
    else:
        counter = case.hex("counter")
        if len(counter) != 4:
            raise CaseFailed("counter has not 4 bytes")
        ksn = ksn.at(int.from_bytes(counter, "big"))
    block, key_type = case.number("block_counter"), _key_type(case, "key_type")
    if block != -(-KEY_TYPES[key_type].bits // 128):
        raise CaseFailed("block_counter is not that of the key's last block")
    case.expect("derivation_data", derivation_data(usage, key_type, ksn, block))


def _intermediate_registers(case: Case) -> None:
    ksn = of_initial_key_id(case.text("ikid"))
    keys = intermediate_keys(initial_key(case.hex("bdk"), ksn), ksn)
    case.expect("registers", [key.hex().upper() for key in keys])


def _update_key(case: Case) -> None:
    ksn = of_initial_key_id(case.text("ikid"))
    ik = initial_key(case.hex("bdk"), ksn)
    case.expect("ik", ik)
    derived, made = update_key(ik, ksn, _key_type(case, "key_type"))
    case.expect("derivation_key", derived)
    case.expect("update_key", made)


def _pin_block4(case: Case) -> None:
    key = _pin_key(case)
    case.expect("pin_key", key)
    format4(case, BlockCipher("AES", key))


def _decrypt_pin_block4(case: Case) -> None:
    cipher = BlockCipher("AES", _pin_key(case))
    case.expect("pin", decipher(cipher, 4, case.hex("pin_block_enc"), case.digits("pan")))


def _mac_and_data(case: Case) -> None:
    ksn = parse(case.text("ksn"))
    ik = initial_key(case.hex("bdk"), ksn)
    case.expect("derivation_key", derivation_key(ik, ksn))
    data, clear, iv = case.hex("data"), case.hex("data_padded"), case.hex("iv")
    scheme = f"hmac-{case.text('hmac_hash').lower().replace('-', '')}"
    if scheme not in SCHEMES:
        raise CaseFailed("hmac_hash is no hash")
    if not clear.startswith(data):
        raise CaseFailed("data_padded does not begin with data")
    for side in ("request", "response"):
        key = working_key(ik, ksn, f"mac_{side}", _key_type(case, "cmac_key_type"))
        _mac(case, f"cmac_{side}", "cmac-aes", key, data)
        key = working_key(ik, ksn, f"mac_{side}", _key_type(case, "hmac_key_type"))
        if side == "request":
            case.expect("hmac_request_key", key)
        _mac(case, f"hmac_{side}", scheme, key, data)
        key = working_key(ik, ksn, f"data_{side}", _key_type(case, "data_key_type"))
        name = f"data_{side}_enc"
        case.expect(name, aes_cbc_encrypt(key, clear, iv))
        case.verify(aes_cbc_decrypt(key, case.hex(name), iv) == clear, name)


def _mac(case: Case, name: str, scheme: str, key: bytearray, data: bytes) -> None:
    case.expect(name, mac(scheme, key, data))
    case.verify(mac_fits(scheme, key, data, case.hex(name)), name)


def _derive_working_key(case: Case) -> None:
    usage = _SHORT.get(case.text("usage"))
    if usage is None:
        raise CaseFailed(f"usage is none of {', '.join(_SHORT)}")
    key_type = _key_type(case, "working_key_type")
    ksn = parse(case.text("ksn"))
    ik = initial_key(case.hex("bdk"), ksn)
    case.expect("key", working_key(ik, ksn, usage, key_type))


def _legacy_ksn_mapping(case: Case) -> None:
    ksn = from_legacy(case.text("ksn_80"))
    case.expect("ikid", ksn.device[:16])
    case.expect("counter", f"{ksn.counter:08X}")


def _initial(case: Case) -> tuple[Ksn, bytearray]:
    ksn = parse(case.text("ksn"))
    ik = initial_key(case.hex("bdk"), ksn)
    case.expect("ik", ik)
    return ksn, ik


def _pin_key(case: Case) -> bytearray:
    ksn = parse(case.text("ksn"))
    ik = initial_key(case.hex("bdk"), ksn)
    return working_key(ik, ksn, "pin", _key_type(case, "working_key_type"))


def _key_type(case: Case, name: str) -> str:
    key_type = case.text(name)
    if key_type not in KEY_TYPES:
        raise CaseFailed(f"{name} is none of {', '.join(KEY_TYPES)}")
    return key_type


OPERATIONS: Final[Mapping[str, Operation]] = {
    "working_keys": _working_keys,
    "initial_key": _initial_key,
    "derivation_data": _derivation_data,
    "intermediate_registers": _intermediate_registers,
    "update_key": _update_key,
    "pin_block4": _pin_block4,
    "mac_and_data": _mac_and_data,
    "ksn_advance": advance,
    "derive_working_key": _derive_working_key,
    "decrypt_pin_block4": _decrypt_pin_block4,
    "legacy_ksn_mapping": _legacy_ksn_mapping,
}
