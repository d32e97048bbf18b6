"""Second opinions: DUKPT, PIN blocks and PIN verification held against pydukpt and psec."""

from __future__ import annotations

from collections.abc import Iterator
from warnings import catch_warnings, simplefilter

import pydukpt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psec import pin as psec_pin
from psec import pinblock as psec_block

from switch.keys import pin_block, pin_check
from switch.keys.ciphers import BlockCipher
from switch.keys.dukpt_tdes import PURPOSES, TdesDevice, initial_key, working_key
from switch.keys.pin_cipher import decipher, encipher
from switch.keys.port import PinBlockRefused
from switch.model.ksn import Ksn, KsnRefused, parse

THEIR_KEYS = {
    "pin": pydukpt.pin_key,
    "mac_request": pydukpt.mac_request_key,
    "mac_response": pydukpt.mac_response_key,
    "data_request": pydukpt.data_request_key,
    "data_response": pydukpt.data_response_key,
}
keys = st.binary(min_size=16, max_size=16)
counters = st.sets(st.integers(0, 20), min_size=1, max_size=10).map(
    lambda bits: sum(1 << bit for bit in bits)
)
devices = st.integers(0, (1 << 59) - 1).map(lambda number: parse(f"{number << 21:020X}"))
pins = st.text("0123456789", min_size=4, max_size=12)
pans = st.text("0123456789", min_size=13, max_size=19)
tables = st.text("0123456789", min_size=16, max_size=16)


@pytest.fixture(autouse=True)
def _their_short_keys_are_theirs() -> Iterator[None]:
    """Both libraries hand TDES keys of 16 bytes to a primitive that warns of them."""
    with catch_warnings():
        simplefilter("ignore")
        yield


@settings(max_examples=60)
@given(keys, devices, counters)
def test_tdes_dukpt_agrees(bdk: bytes, device: Ksn, counter: int) -> None:
    """Initial key and the keys of all purposes."""
    ksn = device.at(counter)
    theirs = pydukpt.derive_ipek(bdk, ksn.to_bytes())
    assert initial_key(bdk, ksn) == theirs
    their_key = pydukpt.derive_key(theirs, ksn.to_bytes())
    for purpose in PURPOSES:
        assert working_key(theirs, ksn, purpose) == THEIR_KEYS[purpose](their_key)


@settings(max_examples=20)
@given(keys, devices, counters, st.integers(1, 30))
def test_a_device_that_counts_on_agrees(bdk: bytes, device: Ksn, start: int, count: int) -> None:
    """The kept way over many transactions in order, and the counters themselves."""
    ksn = device.at(start)
    ik = initial_key(bdk, ksn)
    kept = TdesDevice(ik, ksn)
    for _ in range(count):
        their_key = pydukpt.derive_key(bytes(ik), ksn.to_bytes())
        assert kept.key(ksn.counter, "pin") == pydukpt.pin_key(their_key)
        if ksn.exhausted:
            with pytest.raises(pydukpt.KSNExhaustedError):
                pydukpt.next_ksn(ksn.to_bytes())
            with pytest.raises(KsnRefused):
                ksn.advanced()
            return
        theirs = pydukpt.next_ksn(ksn.to_bytes())
        ksn = ksn.advanced()
        assert ksn.to_bytes() == theirs


@given(pins, pans)
def test_pin_blocks_agree(pin: str, pan: str) -> None:
    """Formats 0, 2 and 3, both ways; the other side's random fill is read, ours as well."""
    assert pin_block.encode(0, pin, pan) == psec_block.encode_pinblock_iso_0(pin, pan)
    assert pin_block.encode(2, pin) == psec_block.encode_pinblock_iso_2(pin)
    assert pin_block.decode(3, psec_block.encode_pinblock_iso_3(pin, pan), pan) == pin
    ours = pin_block.encode(3, pin, pan, "B" * (14 - len(pin)))
    assert psec_block.decode_pinblock_iso_3(ours, pan) == pin


@given(st.sampled_from([0, 2, 3]), st.binary(min_size=8, max_size=8), pans)
def test_the_same_blocks_are_refused(form: int, block: bytes, pan: str) -> None:
    """Strictness: what one side takes the other takes, with the same PIN; length and control nibble
    are made right, so that the rest is reached.
    """
    block = bytes([form << 4 | 4 + block[0] % 9]) + block[1:]
    theirs = {
        0: lambda: psec_block.decode_pinblock_iso_0(block, pan),
        2: lambda: psec_block.decode_pinblock_iso_2(block),
        3: lambda: psec_block.decode_pinblock_iso_3(block, pan),
    }
    try:
        found: str | None = pin_block.decode(form, block, pan)
    except PinBlockRefused:
        found = None
    try:
        their_pin: str | None = theirs[form]()
    except ValueError:
        their_pin = None
    assert found == their_pin


@given(
    st.sampled_from([16, 24, 32]).flatmap(lambda n: st.binary(min_size=n, max_size=n)), pins, pans
)
def test_format_4_agrees(key: bytes, pin: str, pan: str) -> None:
    """Each side opens what the other made."""
    cipher = BlockCipher("AES", key)
    assert decipher(cipher, 4, psec_block.encipher_pinblock_iso_4(key, pin, pan), pan) == pin
    ours = encipher(cipher, 4, pin, pan, "0123456789ABCDEF")
    assert psec_block.decipher_pinblock_iso_4(key, ours, pan) == pin
    assert pin_block.pan_field(pan) == psec_block.encode_pan_field_iso_4(pan)


@given(keys, pans, st.integers(0, 9), st.text("0123456789", min_size=4, max_size=4))
def test_the_pvv_agrees(key: bytes, pan: str, index: int, pin: str) -> None:
    """All keys, cards and PINs."""
    theirs = psec_pin.generate_visa_pvv(key, str(index), pin, pan)
    assert pin_check.visa_pvv(key, pan, index, pin) == theirs


@given(keys, st.text("0123456789", min_size=16, max_size=19), pins, tables, st.integers(0, 3))
def test_natural_pin_and_offset_agree(
    key: bytes, pan: str, pin: str, table: str, start: int
) -> None:
    """All ways of making validation data that both sides know."""
    length = 13
    data = pin_check.validation_data(pan, start, length, "D")
    theirs = psec_pin.generate_ibm3624_offset(key, table, pin, pan, start, length, "D")
    assert pin_check.pin_offset(key, data, pin, table) == theirs
    assert psec_pin.generate_ibm3624_pin(key, table, theirs, pan, start, length, "D") == pin
