"""The operations of SM vectors: SM4 by mode, its MACs, keys and PIN block, SM3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.calc.case import Case, CaseFailed
from switch.calc.check_mac import unionpay
from switch.calc.vectors import Operation
from switch.keys.ciphers import (
    BlockCipher,
    cbc_decrypt,
    cbc_encrypt,
    counter_mode,
    sm4_decrypt,
    sm4_encrypt,
)
from switch.keys.mac import mac, mac_fits
from switch.keys.pin_block import encode_wide
from switch.keys.pin_cipher import decipher, encipher, translate
from switch.keys.sm import sm3, unwrap_sm4_key, wrap_sm4_key

_MOST_ROUNDS: Final = 10_000_000
_ISO: Final = {1: "sm4-cbc", 3: "sm4-iso9797-3"}


def _sm4(case: Case) -> None:
    mode, key, clear = case.text("mode"), case.hex("key"), case.hex("plaintext")
    if mode == "ECB":
        case.expect("ciphertext", sm4_encrypt(key, clear))
        case.verify(sm4_decrypt(key, case.hex("ciphertext")) == clear, "ciphertext")
    elif mode == "CBC":
        iv = case.hex("iv")
        case.expect("ciphertext", cbc_encrypt("SM4", key, clear, iv))
        case.verify(cbc_decrypt("SM4", key, case.hex("ciphertext"), iv) == clear, "ciphertext")
    elif mode == "CTR":
        iv = case.hex("iv")
        case.expect("ciphertext", counter_mode("SM4", key, clear, iv))
        case.verify(counter_mode("SM4", key, case.hex("ciphertext"), iv) == clear, "ciphertext")
    else:
        raise CaseFailed("mode is none of ECB, CBC, CTR")


def _sm4_iterated(case: Case) -> None:
    """The block enciphered again and again under one key."""
    rounds = case.number("iterations")
    if not 1 <= rounds <= _MOST_ROUNDS:
        raise CaseFailed(f"iterations: 1 to {_MOST_ROUNDS} are right")
    cipher = BlockCipher("SM4", case.hex("key"))
    block = bytearray(case.hex("plaintext"))
    for _ in range(rounds):
        block = cipher.encrypt(block)
    case.expect("ciphertext", block)


def _sm4_iso9797(case: Case) -> None:
    scheme = _ISO.get(case.number("algorithm"))
    if scheme is None:
        raise CaseFailed("algorithm is neither 1 nor 3")
    _made(case, f"{scheme}/{case.number('padding')}", second=case.hex("key2", ""))


def _sm4_cbc_mac(case: Case) -> None:
    _made(case, f"sm4-cbc/{case.number('padding')}", iv=case.hex("iv"))


def _sm4_cbc_mac_verify(case: Case) -> None:
    _verified(case, f"sm4-cbc/{case.number('padding')}", iv=case.hex("iv"))


def _made(case: Case, scheme: str, *, second: bytes = b"", iv: bytes | None = None) -> None:
    made = mac(scheme, case.hex("key"), case.hex("data"), second=second, iv=iv)
    case.expect("mac", made)
    case.expect_start("mac_published", made)
    _verified(case, scheme, second=second, iv=iv)


def _verified(case: Case, scheme: str, *, second: bytes = b"", iv: bytes | None = None) -> None:
    key, data, given = case.hex("key"), case.hex("data"), case.hex("mac")
    case.verify(mac_fits(scheme, key, data, given, second=second, iv=iv), "mac")


def _sm4_key_unwrap(case: Case) -> None:
    master, cryptogram = case.hex("tmk"), case.hex("key_enc")
    key = unwrap_sm4_key(master, cryptogram, case.hex("kcv"))
    case.expect("key", key)
    case.verify(wrap_sm4_key(master, key) == cryptogram, "key_enc")


def _sm4_pin_block(case: Case) -> None:
    pin, pan = case.digits("pin"), case.digits("pan")
    cipher = BlockCipher("SM4", case.hex("key"))
    case.expect("pin_block", encode_wide(pin, pan))
    case.expect("pin_block_enc", encipher(cipher, 0, pin, pan))
    case.verify(decipher(cipher, 0, case.hex("pin_block_enc"), pan) == pin, "pin_block_enc")


def _sm4_pin_block_decode(case: Case) -> None:
    cipher = BlockCipher("SM4", case.hex("key"))
    case.expect("pin", decipher(cipher, 0, case.hex("pin_block_enc"), case.digits("pan")))


def _translate(case: Case) -> None:
    """From TDES to SM4 or back; the other way round must give the first block again."""
    source, target = _cipher(case, "source"), _cipher(case, "destination")
    pin, pan, block = case.digits("pin"), case.digits("pan"), case.hex("source_block")
    made = translate(source, [0], block, pan, target, 0, lambda _: "")
    case.expect("destination_block", made)
    case.verify(translate(target, [0], made, pan, source, 0, lambda _: "") == block, "source_block")
    case.verify(decipher(source, 0, block, pan) == pin, "pin")


def _cipher(case: Case, side: str) -> BlockCipher:
    key, wanted = case.hex(f"{side}_key"), case.text(f"{side}_format")
    if wanted == "TDES-0":
        return BlockCipher("TDES", key)
    if wanted == "SM4-X9.8":
        return BlockCipher("SM4", key)
    raise CaseFailed(f"{side}_format is neither TDES-0 nor SM4-X9.8")


OPERATIONS: Final[Mapping[str, Operation]] = {
    "sm4": _sm4,
    "sm4_iterated": _sm4_iterated,
    "sm4_iso9797": _sm4_iso9797,
    "sm4_cmac": lambda case: _made(case, "sm4-cmac"),
    "sm4_cbc_mac": _sm4_cbc_mac,
    "sm4_cbc_mac_verify": _sm4_cbc_mac_verify,
    "unionpay_sm4_ecb": lambda case: unionpay(case, "unionpay-sm4"),
    "unionpay_sm4_ecb_verify": lambda case: _verified(case, "unionpay-sm4"),
    "sm4_key_unwrap": _sm4_key_unwrap,
    "sm4_pin_block": _sm4_pin_block,
    "sm4_pin_block_decode": _sm4_pin_block_decode,
    "translate": _translate,
    "sm3": lambda case: case.expect("digest", sm3(case.hex("data"))),
    "hmac_sm3": lambda case: _made(case, "hmac-sm3"),
}
