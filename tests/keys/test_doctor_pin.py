"""The PIN block doctor: each mistake of a terminal, made on purpose, and the sentence for it, which
tells nothing of the PIN.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys.ciphers import BlockCipher, xor
from switch.keys.doctor_keys import KnownKey, static_keys, transaction_keys
from switch.keys.doctor_pin import pin_doctor
from switch.keys.dukpt_tdes import TdesDevice, initial_key, purpose_key
from switch.keys.pin_block import NO_PAN, encode, encode_pin4, fill_for, pan_field
from switch.keys.pin_cipher import encipher
from switch.model.ksn import parse

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
OTHER = bytes.fromhex("B0F2C1DCF4A76E0B92C4D37A0E15621F")
AES = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
KSN = parse("FFFF9876543210E00005")
PAN = "5413330089601109"
PIN = "804937"
ANOTHER_FORMAT = "the terminal makes blocks of another format than this switch takes"
OTHER_DIGITS = "the terminal takes other digits of the card number than ISO 9564-1 says"
OTHER_CIPHERING = "the terminal enciphers otherwise than ISO 9564-1 says"
ANOTHER_KEY = "the terminal takes another key than this switch expects"


def block_of(form: int, pan: str, key: bytes | bytearray = KEY, pin: str = PIN) -> bytes:
    """A block under a TDES key, or of format 4 under an AES key."""
    cipher = BlockCipher("AES" if form == 4 else "TDES", key)
    return encipher(cipher, form, pin, pan, fill_for(form, len(pin), lambda n: bytes(range(n))))


def asked(block: bytes, formats: tuple[int, ...] = (0,)) -> str:
    """What is said of a block that was to be under the static key."""
    known = [KnownKey("terminal.T1.tak", "TDES", OTHER)]
    return pin_doctor(static_keys("TDES", KEY, known), block, PAN, formats)


@pytest.mark.parametrize(
    ("block", "formats", "said"),
    [
        (block_of(3, PAN), (0,), f"in format 3: {ANOTHER_FORMAT}"),
        (block_of(1, ""), (0, 3), f"in format 1: {ANOTHER_FORMAT}"),
        (block_of(2, ""), (0, 3), f"in format 2: {ANOTHER_FORMAT}"),
        (block_of(0, PAN), (3,), f"in format 0: {ANOTHER_FORMAT}"),
        (
            block_of(0, f"{PAN}0"),
            (0,),
            f"with the last 12 digits of the card number, check digit included: {OTHER_DIGITS}",
        ),
        (
            block_of(3, f"{PAN[:12]}0"),
            (0, 3),
            f"with the first 12 digits of the card number: {OTHER_DIGITS}",
        ),
        (block_of(0, NO_PAN), (0,), f"without a card number: {OTHER_DIGITS}"),
        (block_of(0, PAN, OTHER), (0,), f"under terminal.T1.tak: {ANOTHER_KEY}"),
        (
            block_of(3, PAN, OTHER),
            (0,),
            f"under terminal.T1.tak, in format 3: {ANOTHER_KEY}",
        ),
        (
            block_of(0, PAN, KEY[:8]),
            (0,),
            f"under the left half of the key alone: {ANOTHER_KEY}",
        ),
        (
            block_of(0, PAN, KEY[8:] + KEY[:8]),
            (0,),
            f"under the key with its halves swapped: {ANOTHER_KEY}",
        ),
    ],
)
def test_a_mistake_is_named(block: bytes, formats: tuple[int, ...], said: str) -> None:
    """One sentence for each."""
    assert asked(block, formats) == f"it would be a PIN block {said}"


@pytest.mark.parametrize(
    ("pan", "said"),
    [
        (PAN[:-1], "with the card number without its check digit"),
        (PAN[-13:-1], "with the 12 digits left of the check digit alone"),
        (PAN[-12:], "with the last 12 digits of the card number alone"),
        ("0", "without a card number"),
    ],
)
def test_other_digits_in_format_4_are_named(pan: str, said: str) -> None:
    """It binds the whole card number."""
    found = pin_doctor(static_keys("AES", AES), block_of(4, pan, AES), PAN, (0, 3, 4))
    assert found == f"it would be a PIN block {said}: {OTHER_DIGITS}"


@pytest.mark.parametrize(
    ("purpose", "counter", "said"),
    [
        ("mac_request", 5, "under the transaction's key for MACs of requests"),
        ("data_request", 5, "under the transaction's key for data of requests"),
        ("pin", 6, "under the key of counter 6, 1 ahead"),
        ("pin", 3, "under the key of counter 3, 2 behind"),
    ],
)
def test_another_key_of_a_device_is_named(purpose: str, counter: int, said: str) -> None:
    """The MAC variant, or a counter that is off."""
    device = TdesDevice(initial_key(KEY, KSN), KSN)
    block = block_of(0, PAN, device.key(counter, purpose))
    found = pin_doctor(transaction_keys(KEY, KSN, "pin"), block, PAN, (0,))
    assert found == f"it would be a PIN block {said}: {ANOTHER_KEY}"


def clear_of(form: int, cipher: BlockCipher) -> bytes:
    """What a terminal enciphers: of format 4 its PIN field."""
    fill = fill_for(form, len(PIN), lambda n: bytes(range(n)))
    return encode_pin4(PIN, fill) if cipher.name == "AES" else encode(form, PIN, PAN, fill)


@pytest.mark.parametrize("form", [0, 2, 3])
def test_a_tdes_block_that_was_not_enciphered_is_named(form: int) -> None:
    """It came in clear, or was deciphered where it is to be enciphered."""
    tdes = BlockCipher("TDES", KEY)
    clear = clear_of(form, tdes)
    assert asked(clear, (form,)) == (
        "it would be a PIN block as it came, without deciphering it: "
        "the terminal sends PINs in clear"
    )
    assert asked(bytes(tdes.decrypt(clear)), (form,)) == (
        "it would be a PIN block enciphered once more, as one that was deciphered instead: "
        f"{OTHER_CIPHERING}"
    )


def test_a_block_of_format_4_that_was_not_enciphered_twice_is_named() -> None:
    """Not at all, or once: its PIN field alone, or PIN field and PAN field in one."""
    aes = BlockCipher("AES", AES)
    field = clear_of(4, aes)
    for block, said in (
        (field, "as it came, without deciphering it: the terminal sends PINs in clear"),
        (aes.encrypt(field), f"deciphered once, without a card number: {OTHER_CIPHERING}"),
        (
            aes.encrypt(xor(field, pan_field(PAN))),
            f"deciphered once, PIN field and PAN field in one: {OTHER_CIPHERING}",
        ),
    ):
        found = pin_doctor(static_keys("AES", AES), bytes(block), PAN, (0, 3, 4))
        assert found == f"it would be a PIN block {said}"


def test_the_key_that_a_device_is_loaded_with_is_named() -> None:
    """The initial key, taken for the transaction's: with the variant of PINs, or as it is."""
    loaded = initial_key(KEY, KSN)
    for key, said in (
        (purpose_key(loaded, "pin"), "under the initial key with the variant"),
        (loaded, "under the initial key itself"),
    ):
        found = pin_doctor(transaction_keys(KEY, KSN, "pin"), block_of(0, PAN, key), PAN, (0,))
        assert found == f"it would be a PIN block {said}: {ANOTHER_KEY}"


def test_nothing_is_said_where_nothing_fits() -> None:
    """Or where the block is right after all; a block of no cipher's length is told."""
    assert asked(bytes(8)) == ""
    assert asked(block_of(0, PAN)) == ""
    assert asked(bytes(16)) == ""
    assert asked(bytes(7)) == "a PIN block has 8 or 16 bytes, this one has 7"


@settings(max_examples=60)
@given(
    st.text("0123456789", min_size=4, max_size=12),
    st.sampled_from([0, 1, 2, 3]),
    st.sampled_from([PAN, f"{PAN}0", NO_PAN]),
    st.sampled_from([KEY, OTHER]),
)
def test_a_sentence_tells_nothing_of_the_pin(pin: str, form: int, pan: str, key: bytes) -> None:
    """SR-PIN-03: whatever PIN, length and block: all there is to say is a format, a way of taking
    the card number, and a key.
    """
    block = block_of(form, pan, key, pin)
    found = asked(block)
    numbers = set(re.findall(r"[0-9]+", found.replace("terminal.T1.tak", "").replace("9564-1", "")))
    assert numbers <= {"0", "1", "2", "3", "12"}
    assert block.hex().upper() not in found.upper()
