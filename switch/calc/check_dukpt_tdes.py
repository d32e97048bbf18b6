"""The operations of TDES DUKPT vectors (ANSI X9.24-1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.calc.case import Case, CaseFailed
from switch.calc.vectors import Operation
from switch.keys.ciphers import BlockCipher, tdes_cbc_decrypt, tdes_cbc_encrypt
from switch.keys.dukpt_tdes import PURPOSES, TdesDevice, initial_key, purpose_key, transaction_key
from switch.keys.mac import mac, mac_fits
from switch.keys.pin_block import decode, encode
from switch.keys.pin_cipher import decipher, encipher
from switch.model.ksn import TDES_COUNTERS, next_counter, parse

_ALL_OF_IT: Final = "x9.19:8"  # the vectors give whole MACs


def _transaction(case: Case) -> None:
    """Every key of a transaction, and what is done with each."""
    ksn = parse(case.text("ksn"))
    ik = initial_key(case.hex("bdk"), ksn)
    case.expect("ik", ik)
    key = transaction_key(ik, ksn)
    case.expect("txn_key", key)
    device = TdesDevice(ik, ksn.at(0))
    for purpose in PURPOSES:
        case.expect(f"{purpose}_key", purpose_key(key, purpose))
        case.expect(f"{purpose}_key", device.key(ksn.counter, purpose))
    _pin(case, purpose_key(key, "pin"))
    for side in ("request", "response"):
        _mac(case, side, purpose_key(key, f"mac_{side}"))
        _data(case, side, purpose_key(key, f"data_{side}"))


def _pin(case: Case, key: bytearray) -> None:
    pin, pan, block_format = case.digits("pin"), case.digits("pan"), _format(case)
    cipher = BlockCipher("TDES", key)
    case.expect("pin_block_clear", encode(block_format, pin, pan))
    case.expect("pin_block_enc", encipher(cipher, block_format, pin, pan))
    case.verify(decode(block_format, case.hex("pin_block_clear"), pan) == pin, "pin_block_clear")
    given = case.hex("pin_block_enc")
    case.verify(decipher(cipher, block_format, given, pan) == pin, "pin_block_enc")


def _mac(case: Case, side: str, key: bytearray) -> None:
    data = case.hex("mac_data")
    for name, scheme in ((f"mac_{side}", _ALL_OF_IT), (f"cmac_{side}", "cmac-tdes")):
        case.expect(name, mac(scheme, key, data))
        case.verify(mac_fits(scheme, key, data, case.hex(name)), name)


def _data(case: Case, side: str, key: bytearray) -> None:
    name, clear = f"data_{side}_enc", case.hex("data_padded")
    case.expect(name, tdes_cbc_encrypt(key, clear))
    case.verify(tdes_cbc_decrypt(key, case.hex(name)) == clear, name)


def _decrypt_pin(case: Case) -> None:
    key = _purpose(case, "pin")
    pan, block_format, cipher = case.digits("pan"), _format(case), BlockCipher("TDES", key)
    block = case.hex("pin_block_enc")
    pin = decipher(cipher, block_format, block, pan)
    case.expect("pin", pin)
    case.verify(encipher(cipher, block_format, pin, pan) == block, "pin_block_enc")


def _decrypt_data(case: Case) -> None:
    variant = case.text("key_variant")
    if variant not in PURPOSES:
        raise CaseFailed(f"key_variant is none of {', '.join(PURPOSES)}")
    key, iv, enciphered = _purpose(case, variant), case.hex("iv"), case.hex("ciphertext")
    clear = tdes_cbc_decrypt(key, enciphered, iv)
    case.expect("plaintext", clear)
    case.verify(tdes_cbc_encrypt(key, clear, iv) == enciphered, "ciphertext")


def _purpose(case: Case, purpose: str) -> bytearray:
    ksn = parse(case.text("ksn"))
    return purpose_key(transaction_key(initial_key(case.hex("bdk"), ksn), ksn), purpose)


def _initial_key(case: Case) -> None:
    ksn = parse(case.text("ksn"))
    case.expect("ksn_10", str(ksn))
    case.expect("ik", initial_key(case.hex("bdk"), ksn))


def advance(case: Case) -> None:
    """What follows a counter that a device can have; its first one is zero."""
    ksn = parse(case.text("ksn"))
    if ksn.counter:
        ksn.checked()
    case.expect("next_ksn", str(ksn.advanced()))


def _ksn_count(case: Case) -> None:
    """How many counters follow one another from zero to the last."""
    ksn = parse(case.text("ksn"))
    if ksn.counter:
        raise CaseFailed("ksn has a counter other than zero")
    count, counter = 0, 0
    while counter < ksn.last:
        counter = next_counter(counter, aes=False)
        count += 1
    case.expect("last_ksn", str(ksn.at(counter)))
    case.expect("valid_counters", count)
    case.verify(count == TDES_COUNTERS, "valid_counters")


def _derive_txn_key(case: Case) -> None:
    ksn = parse(case.text("ksn"))
    case.expect("txn_key", transaction_key(initial_key(case.hex("bdk"), ksn), ksn))


def _format(case: Case) -> int:
    if case.text("pin_block_format") != "0":
        raise CaseFailed("pin_block_format is not 0")
    return 0


OPERATIONS: Final[Mapping[str, Operation]] = {
    "transaction": _transaction,
    "decrypt_pin": _decrypt_pin,
    "decrypt_data": _decrypt_data,
    "initial_key": _initial_key,
    "ksn_advance": advance,
    "ksn_count": _ksn_count,
    "derive_txn_key": _derive_txn_key,
}
