"""All published values of DUKPT and PINs, both ways: what the standard gives is made and is
verified, what it refuses is refused.
"""

from __future__ import annotations

from typing import Any

import pytest

from switch.errors import IsoswitchError
from switch.keys import dukpt_aes, dukpt_tdes, pin_block, pin_check
from switch.keys.ciphers import BlockCipher, CipherName
from switch.keys.pin_cipher import decipher, encipher, translate
from switch.keys.port import KeyRefused
from switch.model.ksn import AES_COUNTERS, TDES_COUNTERS, from_legacy, of_initial_key_id, parse
from tests.keys.vector_files import cases

WORKING_KEYS = {
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
CIPHER_OF: dict[str, CipherName] = {"4": "AES"}


def raw(text: str) -> bytes:
    """The bytes of a field."""
    return bytes.fromhex(text)


def tdes(key: str) -> BlockCipher:
    """A ready TDES cipher."""
    return BlockCipher("TDES", raw(key))


def aes(key: str) -> BlockCipher:
    """A ready AES cipher."""
    return BlockCipher("AES", raw(key))


def run(check: Any, case: dict[str, Any]) -> None:
    """The case's values are made; or, of a negative one, refused."""
    if case.get("negative"):
        with pytest.raises(IsoswitchError):
            check(case)
    else:
        check(case)


@pytest.mark.parametrize("case", cases("dukpt_tdes"))
def test_tdes_dukpt(case: dict[str, Any]) -> None:
    """Keys of every purpose, PIN blocks under them, counters."""
    run(globals()[f"tdes_{case['op']}"], case)


@pytest.mark.parametrize("case", cases("dukpt_aes"))
def test_aes_dukpt(case: dict[str, Any]) -> None:
    """Keys of every usage and type, PIN blocks under them, counters."""
    run(globals()[f"aes_{case['op']}"], case)


@pytest.mark.parametrize("case", cases("pin_blocks"))
def test_pin_blocks(case: dict[str, Any]) -> None:
    """Every format, in clear and under keys."""
    run(globals()[f"block_{case['op']}"], case)


@pytest.mark.parametrize("case", cases("pin_verification"))
def test_pin_verification(case: dict[str, Any]) -> None:
    """PVV and offset, made and compared."""
    run(globals()[f"check_{case['op']}"], case)


def tdes_transaction(case: dict[str, Any]) -> None:
    """The whole chain of one transaction."""
    ksn = parse(case["ksn"])
    ik = dukpt_tdes.initial_key(raw(case["bdk"]), ksn)
    assert ik == raw(case["ik"])
    key = dukpt_tdes.transaction_key(ik, ksn)
    assert key == raw(case["txn_key"])
    for purpose in dukpt_tdes.PURPOSES:
        assert dukpt_tdes.purpose_key(key, purpose) == raw(case[f"{purpose}_key"])
    if "pin_block_enc" in case:
        cipher = tdes(case["pin_key"])
        form, block = int(case["pin_block_format"]), raw(case["pin_block_enc"])
        assert pin_block.encode(form, case["pin"], case["pan"]) == raw(case["pin_block_clear"])
        assert encipher(cipher, form, case["pin"], case["pan"]) == block
        assert decipher(cipher, form, block, case["pan"]) == case["pin"]


def tdes_decrypt_pin(case: dict[str, Any]) -> None:
    """From base derivation key to PIN."""
    ksn = parse(case["ksn"])
    ik = dukpt_tdes.initial_key(raw(case["bdk"]), ksn)
    cipher = BlockCipher("TDES", dukpt_tdes.working_key(ik, ksn, "pin"))
    form, block = int(case["pin_block_format"]), raw(case["pin_block_enc"])
    assert decipher(cipher, form, block, case["pan"]) == case["pin"]


def tdes_decrypt_data(case: dict[str, Any]) -> None:
    """Track data under the data or PIN variant, in CBC written out."""
    ksn = parse(case["ksn"])
    ik = dukpt_tdes.initial_key(raw(case["bdk"]), ksn)
    cipher = BlockCipher("TDES", dukpt_tdes.working_key(ik, ksn, case["key_variant"]))
    data = raw(case["ciphertext"])
    chain = raw(case["iv"]) + data[:-8]
    clear = bytes(a ^ b for a, b in zip(cipher.decrypt(data), chain, strict=True))
    assert clear == raw(case["plaintext"])


def tdes_initial_key(case: dict[str, Any]) -> None:
    """Eight bytes are led by FFFF."""
    ksn = parse(case["ksn"])
    assert str(ksn) == case["ksn_10"]
    assert dukpt_tdes.initial_key(raw(case["bdk"]), ksn) == raw(case["ik"])


def tdes_ksn_advance(case: dict[str, Any]) -> None:
    """The next counter."""
    assert str(parse(case["ksn"]).advanced()) == case["next_ksn"]


def tdes_ksn_count(case: dict[str, Any]) -> None:
    """How many there are, and the last."""
    ksn = parse(case["ksn"])
    assert case["valid_counters"] == TDES_COUNTERS < AES_COUNTERS
    assert str(ksn.at(ksn.last)) == case["last_ksn"]


def tdes_derive_txn_key(case: dict[str, Any]) -> None:
    """Negative only."""
    ksn = parse(case["ksn"])
    dukpt_tdes.transaction_key(dukpt_tdes.initial_key(raw(case["bdk"]), ksn), ksn)


def aes_working_keys(case: dict[str, Any]) -> None:
    """Every usage that the case has, from the plain function and from a kept device."""
    ksn, key_type = parse(case["ksn"]), case["working_key_type"]
    ik = dukpt_aes.initial_key(raw(case["bdk"]), ksn)
    assert ik == raw(case["ik"])
    assert dukpt_aes.derivation_key(ik, ksn) == raw(case["derivation_key"])
    device = dukpt_aes.AesDevice(ik, ksn)
    asked = {field: usage for field, usage in WORKING_KEYS.items() if field in case}
    assert asked
    for field, usage in asked.items():
        assert dukpt_aes.working_key(ik, ksn, usage, key_type) == raw(case[field])
        assert device.key(ksn.counter, usage, key_type) == raw(case[field])


def aes_initial_key(case: dict[str, Any]) -> None:
    """Of all three lengths."""
    made = dukpt_aes.initial_key(raw(case["bdk"]), of_initial_key_id(case["ikid"]))
    assert made == raw(case["ik"])


def aes_derivation_data(case: dict[str, Any]) -> None:
    """The names of usages there are shorter than ours: they are told by number."""
    usage = next(
        name for name, number in dukpt_aes.USAGES.items() if number == int(case["usage"], 16)
    )
    ksn = of_initial_key_id(case["ikid"]).at(int(case["counter"] or "0", 16))
    made = dukpt_aes.derivation_data(usage, case["key_type"], ksn, case["block_counter"])
    assert made == raw(case["derivation_data"])


def aes_intermediate_registers(case: dict[str, Any]) -> None:
    """All 32."""
    device = of_initial_key_id(case["ikid"])
    ik = dukpt_aes.initial_key(raw(case["bdk"]), device)
    made = dukpt_aes.intermediate_keys(ik, device)
    assert [key.hex().upper() for key in made] == case["registers"]


def aes_update_key(case: dict[str, Any]) -> None:
    """All bits walked."""
    device = of_initial_key_id(case["ikid"])
    made = dukpt_aes.update_key(raw(case["ik"]), device, case["key_type"])
    assert [key.hex().upper() for key in made] == [case["derivation_key"], case["update_key"]]


def aes_pin_block4(case: dict[str, Any]) -> None:
    """From base derivation key to PIN block, and back."""
    ksn = parse(case["ksn"])
    ik = dukpt_aes.initial_key(raw(case["bdk"]), ksn)
    key = dukpt_aes.working_key(ik, ksn, "pin", case["working_key_type"])
    assert key == raw(case["pin_key"])
    block_encipher_format4({**case, "key": key.hex()})


def aes_mac_and_data(case: dict[str, Any]) -> None:
    """The keys; the MACs under them are of ``mac.json``."""
    ksn = parse(case["ksn"])
    ik = dukpt_aes.initial_key(raw(case["bdk"]), ksn)
    assert dukpt_aes.derivation_key(ik, ksn) == raw(case["derivation_key"])
    made = dukpt_aes.working_key(ik, ksn, "mac_request", case["hmac_key_type"])
    assert made == raw(case["hmac_request_key"])


def aes_ksn_advance(case: dict[str, Any]) -> None:
    """The next counter."""
    tdes_ksn_advance(case)


def aes_derive_working_key(case: dict[str, Any]) -> None:
    """Negative only; "mac_gen" is the name of the vectors."""
    ksn = parse(case["ksn"])
    ik = dukpt_aes.initial_key(raw(case["bdk"]), ksn)
    usage = {"mac_gen": "mac_generate"}.get(case["usage"], case["usage"])
    dukpt_aes.working_key(ik, ksn, usage, case["working_key_type"])


def aes_decrypt_pin_block4(case: dict[str, Any]) -> None:
    """Negative only."""
    ksn = parse(case["ksn"])
    ik = dukpt_aes.initial_key(raw(case["bdk"]), ksn)
    key = dukpt_aes.working_key(ik, ksn, "pin", case["working_key_type"])
    decipher(BlockCipher("AES", key), 4, raw(case["pin_block_enc"]), case["pan"])


def aes_legacy_ksn_mapping(case: dict[str, Any]) -> None:
    """Identifier and counter."""
    assert str(from_legacy(case["ksn_80"])) == case["ikid"] + case["counter"]


def block_encode(case: dict[str, Any]) -> None:
    """Both ways."""
    form, pan = int(case["format"]), case.get("pan", "")
    made = pin_block.encode(form, case["pin"], pan, case.get("fill", ""))
    assert made == raw(case["pin_block"])
    assert pin_block.decode(form, made, pan) == case["pin"]


def block_decode(case: dict[str, Any]) -> None:
    """Negative only."""
    pin_block.decode(int(case["format"]), raw(case["pin_block"]), case.get("pan", ""))


def block_format4_pan_field(case: dict[str, Any]) -> None:
    """The whole PAN."""
    assert pin_block.pan_field(case["pan"]) == raw(case["pan_field"])


def block_format4_pin_field(case: dict[str, Any]) -> None:
    """Both ways."""
    assert pin_block.encode_pin4(case["pin"], case["random"]) == raw(case["pin_field"])
    assert pin_block.decode_pin4(raw(case["pin_field"])) == case["pin"]


def block_format4_pin_field_decode(case: dict[str, Any]) -> None:
    """Negative only."""
    pin_block.decode_pin4(raw(case["pin_field"]))


def block_encipher_format4(case: dict[str, Any]) -> None:
    """Both ways."""
    block = raw(case["pin_block_enc"])
    assert encipher(aes(case["key"]), 4, case["pin"], case["pan"], case["random"]) == block
    assert decipher(aes(case["key"]), 4, block, case["pan"]) == case["pin"]


def block_decipher_format4(case: dict[str, Any]) -> None:
    """Negative only."""
    decipher(aes(case["key"]), 4, raw(case["pin_block_enc"]), case["pan"])


def block_encipher_tdes(case: dict[str, Any]) -> None:
    """Both ways."""
    form, block = int(case["format"]), raw(case["pin_block_enc"])
    assert encipher(tdes(case["key"]), form, case["pin"], case["pan"]) == block
    assert decipher(tdes(case["key"]), form, block, case["pan"]) == case["pin"]


def block_translate(case: dict[str, Any]) -> None:
    """The random part is fixed by the case."""
    source, target = case["source_format"], case["destination_format"]
    made = translate(
        BlockCipher(CIPHER_OF.get(source, "TDES"), raw(case["source_key"])),
        [int(source)],
        raw(case["source_block"]),
        case["pan"],
        BlockCipher(CIPHER_OF.get(target, "TDES"), raw(case["destination_key"])),
        int(target),
        lambda _length: case.get("destination_fill") or case.get("destination_random") or "",
    )
    assert made == raw(case["destination_block"])


def check_visa_pvv(case: dict[str, Any]) -> None:
    """Made and compared."""
    of = raw(case["pvk"]), case["pan"], int(case["pvki"]), case["pin"]
    assert pin_check.visa_pvv(*of) == case["pvv"]
    check_visa_pvv_verify(case)


def check_visa_pvv_verify(case: dict[str, Any]) -> None:
    """Refused where it does not fit."""
    of = raw(case["pvk"]), case["pan"], int(case["pvki"]), case["pin"]
    if not pin_check.pvv_fits(*of, case["pvv"]):
        raise KeyRefused("does not fit")


def check_ibm3624(case: dict[str, Any]) -> None:
    """Made and compared; validation data from the PAN where the case says how."""
    data, table = raw(case["validation_data"]), case["decimalization_table"]
    if "pan_start" in case:
        how = case["pan_start"], case["pan_length"], case["pan_pad"]
        assert pin_check.validation_data(case["pan"], *how) == data
    length = case.get("pin_length", 4)
    assert pin_check.natural_pin(raw(case["pvk"]), data, length, table) == case["natural_pin"]
    assert pin_check.pin_offset(raw(case["pvk"]), data, case["pin"], table) == case["offset"]
    assert pin_check.pin_of_offset(raw(case["pvk"]), data, case["offset"], table) == case["pin"]
    check_ibm3624_verify(case)


def check_ibm3624_verify(case: dict[str, Any]) -> None:
    """Refused where it does not fit."""
    data, table = raw(case["validation_data"]), case["decimalization_table"]
    if not pin_check.offset_fits(raw(case["pvk"]), data, case["pin"], case["offset"], table):
        raise KeyRefused("does not fit")


def check_ibm3624_decimalize(case: dict[str, Any]) -> None:
    """That step alone."""
    made = pin_check.decimalize(
        raw(case["encrypted_validation_data"]), case["decimalization_table"]
    )
    assert made == case["decimalized"]
    assert made[: case["pin_length"]] == case["natural_pin"]
