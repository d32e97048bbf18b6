"""DUKPT with AES, held against the test vectors of ANSI X9.24-3 (dukpt_aes.json)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys.dukpt_aes import (
    KEY_TYPES,
    PURPOSES,
    USAGES,
    AesDevice,
    derivation_data,
    derivation_key,
    initial_key,
    intermediate_keys,
    update_key,
    working_key,
)
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps
from switch.model.ksn import KsnRefused, of_initial_key_id, parse

BDK = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
IK = bytes.fromhex("1273671EA26AC29AFA4D1084127652A1")
DEVICE = of_initial_key_id("1234567890123456")
KSN = DEVICE.at(1)

# da-d036 to da-d038: base derivation key and initial key.
INITIAL_KEYS = [
    (BDK.hex(), IK.hex()),
    (
        "FEDCBA9876543210F1F1F1F1F1F1F1F1FEDCBA9876543210",
        "5B6DEE2B5B7FABFFA32591F35BF8F23DD9329AE85131E584",
    ),
    (
        "FEDCBA9876543210F1F1F1F1F1F1F1F1FEDCBA9876543210F1F1F1F1F1F1F1F1",
        "CE9CE0C101D1138F97FB6CAD4DF045A7083D4EAE2D35A31789D01CCF0949550F",
    ),
]
# da-d001, da-d002, da-d055: usage, type and key at counter 1.
WORKING_KEYS = [
    ("pin", "AES128", "AF8CB133A78F8DC2D1359F18527593FB"),
    ("mac_generate", "AES128", "A2DC23DE6FDE0824A2BC321E08E4B8B7"),
    ("mac_verify", "AES128", "DBB463945B286C07CD3AD82EE96FD9C9"),
    ("mac_both", "AES128", "85675439D18D7F1158BD8E3EAA3D502B"),
    ("data_encrypt", "AES128", "A35C412EFD41FDB98B69797C02DCD08F"),
    ("data_decrypt", "AES128", "16292C6EA8F64C5420A0584BFBC577BE"),
    ("data_both", "AES128", "A308E080DD15A1B741F1721BF67DE11C"),
    ("key_encryption", "AES128", "36A724B7BEFA5A25F5E7B5782A4554A2"),
    ("key_derivation", "AES128", "30E54D3C69B22501A7FC43969D81D5C0"),
    ("pin", "TDES2", "630C706D9546E47D4449313F61C4D4AB"),
    ("mac_generate", "TDES2", "5D8FD787E8A796D07035FFCA9B5800BB"),
    ("mac_generate", "HMAC128", "27D99DA9C091C20DEC0D1C56244ADF8C"),
]
# da-d039 to da-d044.
DERIVATION_DATA = [
    ("initial_key", "AES128", 0, 1, "01018001000200801234567890123456"),
    ("pin", "AES128", 1, 1, "01011000000200809012345600000001"),
    ("pin", "AES256", 1, 2, "01021000000401009012345600000001"),
    ("mac_generate", "TDES2", 1, 1, "01012000000000809012345600000001"),
    ("key_derivation", "AES128", 0x8000, 1, "01018000000200809012345600008000"),
    ("mac_generate", "HMAC128", 3, 1, "01012000000500809012345600000003"),
]
# da-d045: the registers of the counters 1, 2, 4 and 80000000.
REGISTERS = [
    (0, "4F21B565BAD9835E112B6465635EAE44"),
    (1, "2F34D68DE10F68D38091A73B9E7C437C"),
    (2, "0EEFC7ADA628BA68878DA9165A8A1887"),
    (31, "9DC56486499A2E857FDEFC4740641EA8"),
]
counters = st.sets(st.integers(0, 31), min_size=1, max_size=16).map(
    lambda bits: sum(1 << bit for bit in bits)
)


@pytest.mark.parametrize(("bdk", "ik"), INITIAL_KEYS)
def test_the_initial_key_is_that_of_the_standard(bdk: str, ik: str) -> None:
    """Of the base derivation key's own length; the counter is not looked at."""
    assert initial_key(bytes.fromhex(bdk), DEVICE) == bytes.fromhex(ik)
    assert initial_key(bytes.fromhex(bdk), KSN) == bytes.fromhex(ik)


@pytest.mark.parametrize(("usage", "key_type", "key"), WORKING_KEYS)
def test_working_keys_are_those_of_the_standard(usage: str, key_type: str, key: str) -> None:
    """SR-PIN-07: a key for each usage."""
    assert working_key(IK, KSN, usage, key_type) == bytes.fromhex(key)
    assert AesDevice(IK, KSN).key(1, usage, key_type) == bytes.fromhex(key)


@pytest.mark.parametrize(("purpose", "usage"), PURPOSES.items())
def test_the_purposes_of_both_schemes_are_usages_of_this_one(purpose: str, usage: str) -> None:
    """A request is made by the device: it generates its MAC and enciphers its data."""
    assert working_key(IK, KSN, purpose) == working_key(IK, KSN, usage, "AES128")


@pytest.mark.parametrize(("usage", "key_type", "counter", "block", "data"), DERIVATION_DATA)
def test_derivation_data_is_that_of_the_standard(
    usage: str, key_type: str, counter: int, block: int, data: str
) -> None:
    """Version, block, usage, type, length, device, counter."""
    made = derivation_data(usage, key_type, DEVICE.at(counter), block)
    assert made == bytes.fromhex(data)


def test_the_keys_of_a_new_device_are_those_of_the_standard() -> None:
    """da-d045: the registers right after loading."""
    keys = intermediate_keys(IK, DEVICE)
    assert len(keys) == 32
    for place, key in REGISTERS:
        assert keys[place] == bytes.fromhex(key)


def test_the_update_key_walks_all_bits() -> None:
    """da-d046, da-d047: the counter that no transaction has."""
    assert [key.hex().upper() for key in update_key(IK, DEVICE)] == [
        "36C6EBBCC0536FC91C1D50660D4F82AE",
        "9A9770AEE1ACD1B13473D0463A1883B9",
    ]
    assert update_key(IK, DEVICE, "TDES2")[1].hex().upper() == "4744A5ECBC62B5C4BB76FBEAE1E244A3"


@pytest.mark.parametrize("counter", [0, 0x1FFFF, 0xFFFFFFFF, 0xFFFF0001])
def test_a_counter_that_cannot_be_gives_no_key(counter: int) -> None:
    """M-15, da-d087 to da-d089."""
    with pytest.raises(KsnRefused):
        working_key(IK, DEVICE.at(counter), "pin")
    with pytest.raises(KsnRefused):
        derivation_key(IK, DEVICE.at(counter))


@pytest.mark.parametrize("key_type", ["AES192", "AES256", "HMAC192", "HMAC256"])
def test_a_working_key_is_never_stronger_than_the_one_it_comes_from(key_type: str) -> None:
    """da-d092 to da-d094."""
    with pytest.raises(KeyRefused, match=f"type {key_type} would be stronger than the AES128"):
        working_key(IK, KSN, "mac_generate", key_type)


def test_what_is_no_key_of_this_scheme_is_refused() -> None:
    """Lengths, a serial number of the other scheme, names that do not exist, misplaced usages."""
    with pytest.raises(KeyRefused, match="20 bytes: 16, 24 or 32 are right"):
        initial_key(bytes(20), KSN)
    with pytest.raises(KeyRefused, match="8 or 10 bytes are of TDES DUKPT"):
        initial_key(BDK, parse("FFFF9876543210E00001"))
    with pytest.raises(KeyRefused, match="no such usage"):
        working_key(IK, KSN, "pins")
    with pytest.raises(KeyRefused, match="no such type"):
        working_key(IK, KSN, "pin", "AES512")
    with pytest.raises(KeyRefused, match="from a base derivation key"):
        working_key(IK, KSN, "initial_key")
    with pytest.raises(KeyRefused, match="makes MACs only"):
        working_key(IK, KSN, "pin", "HMAC128")


@settings(max_examples=60)
@given(st.sampled_from([16, 24, 32]), st.lists(counters, min_size=1, max_size=10), st.data())
def test_a_kept_way_gives_what_the_whole_way_gives(
    length: int, asked: list[int], data: st.DataObject
) -> None:
    """Counters in any order, all lengths: the cache is never seen in a result."""
    ik = data.draw(st.binary(min_size=length, max_size=length))
    device = AesDevice(ik, DEVICE)
    for counter in asked:
        assert device.derivation_key(counter) == derivation_key(ik, DEVICE.at(counter))
        assert device.key(counter, "pin") == working_key(ik, DEVICE.at(counter), "pin")


@settings(max_examples=60)
@given(st.sets(st.tuples(counters, st.sampled_from(sorted(USAGES))), min_size=2, max_size=10))
def test_no_two_serial_numbers_or_usages_give_one_key(asked: set[tuple[int, str]]) -> None:
    """INV-71: a key is of one transaction and of one usage."""
    device = AesDevice(IK, DEVICE)
    asked = {(counter, usage) for counter, usage in asked if usage != "initial_key"}
    made = {bytes(device.key(counter, usage)) for counter, usage in asked}
    assert len(made) == len(asked)


@given(st.sampled_from(sorted(KEY_TYPES)), counters)
@settings(max_examples=40)
def test_a_key_is_as_long_as_its_type_says(key_type: str, counter: int) -> None:
    """Under AES-256 every type is weak enough."""
    key = working_key(bytes(range(32)), DEVICE.at(counter), "mac_generate", key_type)
    assert len(key) * 8 == KEY_TYPES[key_type].bits


def test_a_wiped_device_holds_and_gives_no_key() -> None:
    """SR-KEY-13: what was kept of the way is overwritten."""
    device = AesDevice(IK, DEVICE)
    device.key(7, "pin")
    kept = [node.key for node in device._path._nodes]
    assert len(kept) == 4
    device.wipe()
    assert [set(key) for key in kept] == [{0}] * 4
    with pytest.raises(KeyRefused, match="were wiped"):
        device.key(7, "pin")


def test_the_way_that_is_kept_is_bounded() -> None:
    """At most sixteen steps and the initial key, and of an update 32 until the next counter."""
    device = AesDevice(IK, DEVICE)
    for counter in (0xFFFF0000, 0xFFFF, 0x55555555, 1):
        device.derivation_key(counter)
        assert len(device._path._nodes) == counter.bit_count() + 1 <= 17
    device.update_key()
    device.derivation_key(1)
    assert len(device._path._nodes) == 2


def test_single_calculations_show_the_steps_that_a_device_shows() -> None:
    """Initial key, derivation key, working key, update key."""
    device = AesDevice(IK, DEVICE)
    notebooks = [Steps() for _ in range(7)]
    initial, single, kept, transaction, way, update, devices_update = notebooks
    initial_key(BDK, KSN, steps=initial)
    assert [line.name for line in initial.lines] == [
        "derivation data of the initial key (IK)",
        "initial key (IK)",
    ]
    assert initial.find("initial key (IK)") == IK.hex().upper()
    working_key(IK, DEVICE.at(3), "pin", steps=single)
    device.key(3, "pin", steps=kept)
    assert single.lines == kept.lines
    derivation_key(IK, DEVICE.at(3), steps=transaction)
    device.derivation_key(3, steps=way)
    assert transaction.lines == way.lines == single.lines[:4]
    update_key(IK, DEVICE, steps=update)
    device.update_key(steps=devices_update)
    assert update.lines == devices_update.lines
    assert len(update.lines) == 2 * 33
    assert update.find("key at counter FFFFFFFF") == "36C6EBBCC0536FC91C1D50660D4F82AE"


def test_the_steps_show_derivation_data_and_keys() -> None:
    """A calculator shows each block; a printed device shows its name."""
    steps = Steps()
    device = AesDevice(IK, DEVICE)
    device.key(1, "pin", steps=steps)
    shown = {line.name: line.value for line in steps.lines}
    assert shown == {
        "derivation data of the key at counter 00000001": "01018000000200809012345600000001",
        "key at counter 00000001": "4F21B565BAD9835E112B6465635EAE44",
        "derivation data of the pin key": "01011000000200809012345600000001",
        "pin key": "AF8CB133A78F8DC2D1359F18527593FB",
    }
    assert repr(device) == "AesDevice(123456789012345600000000)"
