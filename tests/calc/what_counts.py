"""What of a field takes part in a calculation, where it is not all of it: the honest list of
changes to a vector that nobody can feel.

``part_that_counts`` gives that part: two values with the same part are the same vector. Everything
that is not named here counts whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from switch.calc.case import ANNOTATIONS
from switch.keys.ciphers import odd_parity
from switch.keys.key_block_header import parse_header

# DES ignores the lowest bit of each byte of a key. Where a key comes out, it is compared whole.
TDES_KEYS: Final = {
    "cvv": ("cvk", "imk_dcvv", "imk_cvc3"),
    "dukpt_tdes": ("bdk",),
    "emv": ("imk_ac", "imk_smi", "imk_smc", "icc_mk", "session_key"),
    "kcv": ("key",),
    "mac": ("key", "key2"),
    "pin_blocks": ("key", "source_key", "destination_key"),
    "pin_verification": ("pvk",),
    "sm": ("source_key", "destination_key"),
    "tr31": ("kbpk",),
}
# Operations in which such a field is what comes out, or of another cipher.
OTHER_CIPHERS: Final = {"AES", "SM4", "HMAC"}
COMES_OUT: Final = {("cryptogram", "session_key"), ("cryptogram", "icc_mk"),
                    ("script_mac", "session_key"), ("script_mac", "icc_mk"),
                    ("emv2000_session_key", "session_key"),
                    ("emv2000_session_key", "icc_mk")}  # XORed in, parity and all  # fmt: skip
Case = dict[str, Any]


def _is_tdes_key(topic: str, case: Case, field: str) -> bool:
    if field not in TDES_KEYS.get(topic, ()) or (case["op"], field) in COMES_OUT:
        return False
    if case.get("cipher") in OTHER_CIPHERS or case["op"] in ("hmac", "encipher_format4"):
        return False
    if topic == "tr31":
        # Variants of a KBPK are made by XOR, and come out with its parity as it is.
        return case["version"] in ("B" if case["op"] == "kbpk_keys" else "ABC")
    formats = {"source_key": "source_format", "destination_key": "destination_format"}
    named = case.get(formats.get(field, ""), "")
    return named not in ("4", "SM4-X9.8")


def _twelve(_case: Case, pan: str) -> str:
    """Formats 0 and 3: the rightmost twelve without the check digit."""
    return pan[-13:-1]


def _card(case: Case, pan: str) -> str:
    """A card's key: the last 16 digits of PAN and sequence number, or a hash over all of them."""
    hashed = case.get("mk_option") == "B" and len(pan) > 16
    return pan if hashed else pan[-14:]


def _option(case: Case, option: str) -> str:
    """Options A and B are the same for card numbers of up to 16 digits."""
    return "" if option in "AB" and len(case["pan"]) <= 16 else option


def _altered(case: Case, pan: str) -> str:
    return _card(case, pan) + pan[4:]


def _validation(case: Case, pan: str) -> str:
    return pan[case["pan_start"] : case["pan_start"] + case["pan_length"]]


def _translated(case: Case, pan: str) -> str:
    return pan if "4" in (case["source_format"], case["destination_format"]) else pan[-13:-1]


def _looked_up(case: Case, table: str) -> str:
    """Of a decimalization table, what the digits of the enciphered block point at."""
    block = case["encrypted_validation_data"]
    digits = block if case["op"] == "ibm3624_decimalize" else block[: case["pin_length"]]
    return "".join(table[int(digit, 16)] for digit in digits)


def _decimal(case: Case, block: str) -> str:
    return "".join(case["decimalization_table"][int(digit, 16)] for digit in block)


def _diversified(case: Case, value: str) -> str:
    """EMV's common method puts F0 and 0F over the third byte."""
    common = case["session_key_method"] == "common"
    return value[:4] + value[6:] if common else value


def _issuer_data(case: Case, value: str) -> str:
    """What a profile takes of 9F10, and what tells the profile."""
    return {
        "Visa CVN10": value[:2] + value[4:14],  # not the key index
        "Mastercard": value[2:16],  # not the key index, nor what is behind the CVR
    }.get(case["scheme"], value)


def _header(case: Case, block: str) -> str:
    """Without a key the data behind the header means nothing."""
    return block[: parse_header(case["key_block"]).length]


PARTS: Final[dict[tuple[str, str, str], Callable[[Case, str], str]]] = {
    ("cvv", "dcvv", "pan"): _altered,
    ("cvv", "cvc3", "pan"): _card,
    ("cvv", "cvc3", "mk_option"): _option,
    ("cvv", "dcvv", "mk_option"): _option,
    ("dukpt_aes", "derivation_data", "ikid"): lambda case, ikid: (
        ikid if case["usage"] == "8001" else ikid[8:]
    ),
    ("dukpt_tdes", "transaction", "pan"): _twelve,
    ("dukpt_tdes", "decrypt_pin", "pan"): _twelve,
    ("emv", "cryptogram", "pan"): _card,
    ("emv", "cryptogram", "diversification"): _diversified,
    ("emv", "cryptogram", "scheme"): lambda _case, _text: "",
    ("emv", "cryptogram", "mk_option"): _option,
    ("emv", "ac_data", "9F10"): _issuer_data,
    ("emv", "script_mac", "pan"): _card,
    ("emv", "script_mac", "diversification"): _diversified,
    ("emv", "script_pin_change", "pan"): _card,
    ("emv", "script_pin_change", "diversification"): _diversified,
    ("pin_blocks", "encode", "pan"): _twelve,
    ("pin_blocks", "encipher_tdes", "pan"): _twelve,
    ("pin_blocks", "translate", "pan"): _translated,
    ("pin_verification", "visa_pvv", "pan"): lambda _case, pan: pan[-12:-1],
    ("pin_verification", "ibm3624", "pan"): _validation,
    ("pin_verification", "ibm3624", "pan_pad"): lambda case, pad: (
        pad if case["pan_length"] < 16 else ""
    ),
    ("pin_verification", "ibm3624", "decimalization_table"): _looked_up,
    ("pin_verification", "ibm3624_decimalize", "decimalization_table"): _looked_up,
    ("pin_verification", "ibm3624_decimalize", "encrypted_validation_data"): _decimal,
    ("sm", "sm4_pin_block", "pan"): _twelve,
    ("sm", "translate", "pan"): _twelve,
    ("tr31", "kbpk_keys", "version"): lambda _case, version: "A" if version == "C" else version,
    ("tr31", "parse_header", "key_block"): _header,
}


def part_that_counts(topic: str, case: Case, field: str, value: str) -> str:
    """The part of the value that the calculation feels."""
    part = PARTS.get((topic, case["op"], field))
    if part is not None:
        return part(case, value)
    if _is_tdes_key(topic, case, field):
        return odd_parity(bytes.fromhex(value)).hex()
    return value


def is_annotation(field: str) -> bool:
    """Whether a field says something of the case instead of the calculation."""
    return field in ANNOTATIONS
