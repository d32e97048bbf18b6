"""DUKPT with TDES, held against the values that ANSI X9.24-1:2009 A.4 prints (dukpt_tdes.json)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys.ciphers import BlockCipher, CipherName, Key
from switch.keys.dukpt_tdes import (
    PURPOSES,
    TdesDevice,
    future_keys,
    initial_key,
    purpose_key,
    transaction_key,
    working_key,
)
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps
from switch.model.ksn import KsnRefused, next_counter, parse

BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
IK = bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A")
KSN = parse("FFFF9876543210E00001")

# Counter and transaction key, dt-d001 to dt-d023.
TRANSACTION_KEYS = [
    ("E00001", "042666B49184CFA368DE9628D0397BC9"),
    ("E00002", "C46551CEF9FD24B0AA9AD834130D3BC7"),
    ("E00003", "0DF3D9422ACA56E547676D07AD6BADFA"),
    ("E00008", "27F66D5244FF62E1AA6F6120EDEB4280"),
    ("E00014", "658488507721B3F14737FA93F923CBD2"),
    ("EFF800", "F9CDFEBF4F5B1D9EB3EC12454527E176"),
    ("EFF801", "5BEE92627E97825C911BF619DF72CA3B"),
    ("EFFA00", "2B9E2CE7C2750337E10B54D2989EA6AF"),
    ("F00000", "AA4D58DB653EC74A48C75F2F047DD2B5"),
]
# Of dt-d001: purpose and key.
PURPOSE_KEYS = [
    ("pin", "042666B49184CF5C68DE9628D0397B36"),
    ("mac_request", "042666B4918430A368DE9628D03984C9"),
    ("mac_response", "042666B46E84CFA368DE96282F397BC9"),
    ("data_request", "448D3F076D8304036A55A3D7E0055A78"),
    ("data_response", "AD7BFC8B06AD3A08A560B4105CF8D9E5"),
]
counters = st.sets(st.integers(0, 20), min_size=1, max_size=10).map(
    lambda bits: sum(1 << bit for bit in bits)
)


@pytest.mark.parametrize(
    "ksn", ["FFFF9876543210E00001", "9876543210E00001", "FFFF9876543210E00000"]
)
def test_the_initial_key_is_that_of_the_standard(ksn: str) -> None:
    """dt-d001, dt-d030: ten bytes or eight, and whatever the counter is."""
    assert initial_key(BDK, parse(ksn)) == IK


@pytest.mark.parametrize(("tail", "key"), TRANSACTION_KEYS)
def test_transaction_keys_are_those_of_the_standard(tail: str, key: str) -> None:
    """The register before any variant."""
    assert transaction_key(IK, parse(f"FFFF9876543210{tail}")) == bytes.fromhex(key)


@pytest.mark.parametrize(("purpose", "key"), PURPOSE_KEYS)
def test_each_purpose_has_its_key(purpose: str, key: str) -> None:
    """SR-PIN-07: PIN, MAC and data, requests and responses apart."""
    assert working_key(IK, KSN, purpose) == bytes.fromhex(key)
    assert TdesDevice(IK, KSN).key(1, purpose) == bytes.fromhex(key)


@pytest.mark.parametrize("tail", ["E00000", "E007FF", "EFFFFF", "FFFFFF"])  # dt-d054 to dt-d057
def test_a_counter_that_cannot_be_gives_no_key(tail: str) -> None:
    """M-15: refused before anything is derived, by the plain function and by the kept device."""
    ksn = parse(f"FFFF9876543210{tail}")
    with pytest.raises(KsnRefused):
        transaction_key(IK, ksn)
    with pytest.raises(KsnRefused):
        TdesDevice(IK, ksn).key(ksn.counter, "pin")


def test_what_is_no_key_of_this_scheme_is_refused() -> None:
    """Lengths, a serial number of the other scheme, a purpose that does not exist."""
    aes = parse("123456789012345600000001")
    with pytest.raises(KeyRefused, match="8 bytes: 16 are right"):
        initial_key(BDK[:8], KSN)
    with pytest.raises(KeyRefused, match="24 bytes: 16 are right"):
        transaction_key(IK + IK[:8], KSN)
    with pytest.raises(KeyRefused, match="12 bytes are of AES DUKPT"):
        initial_key(BDK, aes)
    with pytest.raises(KeyRefused, match="12 bytes are of AES DUKPT"):
        TdesDevice(IK, aes)
    with pytest.raises(KeyRefused, match="no such purpose"):
        purpose_key(IK, "mac")


@settings(max_examples=40)
@given(st.lists(counters, min_size=1, max_size=12))
def test_a_kept_way_gives_what_the_whole_way_gives(asked: list[int]) -> None:
    """Counters in any order: the cache is never seen in a result."""
    device = TdesDevice(IK, KSN)
    for counter in asked:
        assert device.transaction_key(counter) == transaction_key(IK, KSN.at(counter))


def test_a_kept_way_follows_a_device_in_order() -> None:
    """The counters that a device sends one after the other, over a gap as well."""
    device = TdesDevice(IK, KSN)
    counter = 0x7F0
    for _ in range(40):
        counter = next_counter(counter, aes=False)
        assert device.transaction_key(counter) == transaction_key(IK, KSN.at(counter))


@settings(max_examples=60)
@given(
    st.sets(st.tuples(counters, st.sampled_from(PURPOSES)), min_size=2, max_size=8),
    st.binary(min_size=16, max_size=16),
)
def test_no_two_serial_numbers_or_purposes_give_one_key(
    asked: set[tuple[int, str]], ik: bytes
) -> None:
    """INV-71: a key is of one transaction and of one purpose."""
    device = TdesDevice(ik, KSN)
    made = {bytes(device.key(counter, purpose)) for counter, purpose in asked}
    assert len(made) == len(asked)


@given(st.integers(0, (1 << 59) - 1), st.integers(0, (1 << 59) - 1))
@settings(max_examples=60)
def test_no_two_devices_have_one_initial_key(one: int, other: int) -> None:
    """The 59 bits left of the counter decide."""
    first, second = (parse(f"{each << 21:020X}") for each in (one, other))
    assert (initial_key(BDK, first) == initial_key(BDK, second)) == (one == other)


def test_the_future_keys_are_those_of_single_bits() -> None:
    """dt-d001, dt-d002, dt-d006, dt-d023: counters with one 1 bit are loaded registers."""
    registers = future_keys(IK, KSN)
    assert len(registers) == 21
    known = dict(TRANSACTION_KEYS)
    for bit, tail in ((0, "E00001"), (1, "E00002"), (3, "E00008"), (20, "F00000")):
        assert registers[bit] == bytes.fromhex(known[tail])


def test_a_wiped_device_holds_and_gives_no_key() -> None:
    """SR-KEY-13: what was kept of the way is overwritten."""
    device = TdesDevice(IK, KSN)
    device.key(7, "pin")
    nodes = list(device._path._nodes)
    kept = [node.key for node in nodes]
    assert len(kept) == 4
    halves = [node._masked_right for node in nodes[:-1]]
    assert all(any(half) for half in halves)
    device.wipe()
    assert [set(key) for key in kept] == [{0}] * 4
    assert [set(half) for half in halves] == [{0}] * 3
    with pytest.raises(KeyRefused, match="were wiped"):
        device.key(7, "pin")


def test_ciphers_of_a_kept_way_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two for each key that is walked on from, whatever is derived from it later: each further one
    would be another copy of the key.
    """
    made = []

    def counted(name: CipherName, key: Key) -> BlockCipher:
        made.append(name)
        return BlockCipher(name, key)

    monkeypatch.setattr("switch.keys.dukpt_tdes.BlockCipher", counted)
    device = TdesDevice(IK, KSN)
    for counter in (0b10, 0b11, 0b100, 0b1000):
        device.key(counter, "pin")
    assert len(made) == 2 * 2  # of the initial key and of that of 0b10


@pytest.mark.parametrize("size", [0, 8, 15, 17, 24])
def test_a_key_of_another_length_is_told_by_its_name(size: int) -> None:
    """All keys of this scheme have 16 bytes."""
    for name, refused in (
        ("base derivation key", lambda: initial_key(bytes(size), KSN)),
        ("initial key", lambda: TdesDevice(bytes(size), KSN)),
        ("transaction key", lambda: purpose_key(bytes(size), "pin")),
    ):
        with pytest.raises(KeyRefused, match=f"^the {name} has {size} bytes: 16 are right"):
            refused()


def test_single_calculations_show_the_steps_that_a_device_shows() -> None:
    """From the initial key to the key of one purpose."""
    whole, transaction, device = Steps(), Steps(), Steps()
    working_key(IK, KSN.at(3), "mac_request", steps=whole)
    transaction_key(IK, KSN.at(3), steps=transaction)
    TdesDevice(IK, KSN).key(3, "mac_request", steps=device)
    assert whole.lines == device.lines
    assert transaction.lines == whole.lines[:4]
    assert transaction.find("key at counter 000003") == "0DF3D9422ACA56E547676D07AD6BADFA"
    alone = Steps()
    TdesDevice(IK, KSN).transaction_key(3, steps=alone)
    assert alone.lines == transaction.lines


def test_what_a_kept_way_gives_is_the_callers_own() -> None:
    """The caller overwrites its copy; the way stays good."""
    device = TdesDevice(IK, KSN)
    first = device.transaction_key(3)
    first[:] = bytes(16)
    assert device.transaction_key(3) == bytes.fromhex(dict(TRANSACTION_KEYS)["E00003"])


def test_the_way_that_is_kept_is_bounded() -> None:
    """At most ten steps and the initial key, however many counters were asked for."""
    device = TdesDevice(IK, KSN)
    for counter in (0x1FF800, 0x3FF, 0x155555 & 0x1FFC00, 1, 0x1FF800):
        device.transaction_key(counter)
        assert len(device._path._nodes) == counter.bit_count() + 1 <= 11


def test_the_steps_are_shown_whole_even_where_the_way_was_kept() -> None:
    """A calculator shows every register and key; a printed device and notebook show none."""
    device = TdesDevice(IK, KSN)
    device.transaction_key(3)
    steps = Steps()
    device.key(3, "pin", steps=steps)
    shown = {line.name: line.value for line in steps.lines}
    assert shown["key at counter 000002"] == "C46551CEF9FD24B0AA9AD834130D3BC7"
    assert shown["key at counter 000003"] == "0DF3D9422ACA56E547676D07AD6BADFA"
    assert shown["pin key"] == "0DF3D9422ACA561A47676D07AD6BAD05"
    assert [line.value for line in steps.lines if line.name == "KSN register"] == [
        "9876543210E00002",
        "9876543210E00003",
    ]
    assert repr(device) == "TdesDevice(FFFF9876543210E00000)"
