"""The vault's inner room: what a block may be opened for, what is kept, what is overwritten."""

from __future__ import annotations

import os
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys import dukpt_aes
from switch.keys.key_block import unwrap, wrap
from switch.keys.key_block_header import Header
from switch.keys.known_keys import is_published
from switch.keys.master import MasterKey
from switch.keys.permissions import permitted
from switch.keys.port import KeyBlockRefused, KeyMisused, KeyRefused, KeySpec, VaultError
from switch.keys.vault_cache import Kept, OpenKey
from switch.keys.vault_room import VaultRoom
from switch.model.ksn import parse
from switch.model.security import KeyUse
from tests.keys.vault_kit import AES_BDK, AES_KSN, BDK, KSN, all_specs, new_vault

SPEC = KeySpec("P0", "T", 16, "B")
MASTER = bytes(range(1, 33))


def room(master: bytes = MASTER) -> VaultRoom:
    """An inner room."""
    return VaultRoom(MasterKey(bytearray(master)), os.urandom)


def sealed(inner: VaultRoom, spec: KeySpec = SPEC, value: bytes = b"") -> KeyUse:
    """A key of these attributes."""
    clear = bytearray(value or os.urandom(spec.length))
    return KeyUse("a.key", inner.sealed(spec, clear).block)


@pytest.mark.parametrize("spec", all_specs(), ids=str)
def test_a_key_opens_for_what_it_may_do(spec: KeySpec) -> None:
    """From its own block, whatever its name says."""
    inner = room()
    key = KeyUse("issuer.demo.pvk", sealed(inner, spec).block)
    assert inner.looked_at(key).spec == spec
    assert inner.looked_at(key).may == permitted(spec)
    for operation in ("check a MAC", "open a key block", "decipher a PIN block"):
        if operation in permitted(spec):
            assert inner.opened(key, operation).spec == spec
        else:
            with pytest.raises(KeyMisused, match=f"must not {operation}"):
                inner.opened(key, operation)


def test_a_block_opens_under_its_own_master_key_only() -> None:
    """SR-KEY-12: without the master key the store's keys are useless; the error names the key."""
    first, second = room(), room(MASTER[::-1])
    key = sealed(first)
    assert room().looked_at(key).spec == SPEC
    with pytest.raises(KeyBlockRefused, match=r"key a\.key: the key block does not open"):
        second.looked_at(key)


@given(st.data())
@settings(max_examples=40)
def test_a_block_with_any_character_changed_does_not_open(data: st.DataObject) -> None:
    """SR-KEY-02: usage, mode, exportability and key are bound by the MAC."""
    inner = room()
    key = sealed(inner)
    at = data.draw(st.integers(0, len(key.block) - 1))
    char = data.draw(st.sampled_from("0123456789ABCDEFNX").filter(lambda c: c != key.block[at]))
    changed = KeyUse("a.key", key.block[:at] + char + key.block[at + 1 :])
    with pytest.raises(KeyBlockRefused):
        inner.looked_at(changed)


def test_a_block_opens_under_its_own_name_only() -> None:
    """Whoever can write to the store cannot put a terminal's key in another's place, or a key in
    an issuer's: not before it was opened, and not while it is kept. The error is that of a block
    that was changed (SR-KEY-04).
    """
    inner = room()
    block = inner.sealed(SPEC, bytearray(BDK), name="terminal.T1.tpk").block
    other, own = KeyUse("terminal.T2.tpk", block), KeyUse("terminal.T1.tpk", block)
    for _ in range(2):
        with pytest.raises(KeyBlockRefused, match=r"key terminal\.T2\.tpk: the key block does not"):
            inner.opened(other, "decipher a PIN block")
        with pytest.raises(KeyBlockRefused):
            inner.looked_at(other)
        assert inner.opened(own, "decipher a PIN block").value == BDK
    assert [name for name, _ in inner.tests()] == [own.name]
    with pytest.raises(KeyBlockRefused):
        inner.looked_at(KeyUse(own.name, block.replace("T1", "T2")))
    with pytest.raises(KeyRefused, match="cannot be headed like this"):
        inner.sealed(SPEC, bytearray(BDK), name="terminal.Zürich.tpk")


def test_the_mark_is_bound_by_the_key_that_the_block_is_under() -> None:
    """SR-KEY-09: no field of the block says it, so none can be changed."""
    inner = room()
    test, live = (sealed(inner, KeySpec("P0", "T", 16, "B", "E", m)) for m in ("test", "live"))
    assert test.block[:16] == live.block[:16]
    assert inner.looked_at(test).spec.mark == "test"
    assert inner.looked_at(live).spec.mark == "live"


def test_blocks_of_another_version_do_not_open_here() -> None:
    """The vault's own keys are AES keys: only version D is theirs, whatever else is written."""
    inner = room()
    for version in "ABC":
        block = wrap(bytes(range(16)), Header(version, "P0", "T", "B"), BDK, bytes(6))
        with pytest.raises(KeyBlockRefused):
            inner.looked_at(KeyUse("a.key", block))


def test_no_published_key_is_marked_live() -> None:
    """SR-KEY-09, with any parity; marked test it is welcome."""
    inner = room()
    for value in (BDK, bytes(byte ^ 1 for byte in BDK)):
        assert inner.looked_at(sealed(inner, SPEC, value)).value == value
        with pytest.raises(KeyRefused, match="published test key"):
            sealed(inner, KeySpec("P0", "T", 16, "B", "E", "live"), value)
        assert is_published(value)
    assert not is_published(os.urandom(16))


def test_a_key_is_overwritten_when_it_was_sealed_or_refused() -> None:
    """SR-KEY-13."""
    inner = room()
    good = bytearray(BDK)
    inner.sealed(SPEC, good)
    assert not any(good)
    for wrong in (bytearray(b"\x11" * 16), bytearray(BDK[:8])):
        with pytest.raises(KeyRefused):
            inner.sealed(SPEC, wrong)
        assert not any(wrong)


def test_what_goes_is_overwritten() -> None:
    """The least recently used first, each with its ciphers; a closed room opens nothing."""
    kept: Kept[OpenKey] = Kept(2)
    keys = [OpenKey(SPEC, bytearray(os.urandom(16))) for _ in range(3)]
    macs = [key.mac_key("x9.19") for key in keys]
    ciphers = [key.cipher for key in keys]
    for number in (0, 1):
        assert kept.get(number, partial(keys.__getitem__, number)) is keys[number]
    assert kept.get(0, lambda: keys[2]) is keys[0]
    assert kept.get(2, lambda: keys[2]) is keys[2]
    assert len(kept) == 2
    assert [any(key.value) for key in keys] == [True, False, True]
    with pytest.raises(KeyRefused, match="wiped"):
        macs[1].mac(b"")
    with pytest.raises(KeyRefused, match="wiped"):
        ciphers[1].encrypt(bytes(8))
    assert macs[0].mac(b"") == keys[0].mac_key("x9.19").mac(b"")
    kept.wipe()
    assert not any(any(key.value) for key in keys)
    assert len(kept) == 0


def test_what_is_kept_of_a_destroyed_key_is_overwritten() -> None:
    """SR-KEY-14: the key, the devices under it, what the doctor knows; of others nothing. The block
    opens again where it comes again: whether it may is the store's to say.
    """
    inner = room()
    spec = KeySpec("B0", "T", 16, "X")
    gone, stays = sealed(inner, spec, BDK), sealed(inner, spec)
    for key in (gone, stays):
        inner.transaction_key(key, KSN, "pin", "T")
    opened, other = inner.looked_at(gone), inner.looked_at(stays)
    inner.forget(gone.block)
    assert not any(opened.value)
    assert any(other.value)
    assert (len(inner._opened), len(inner._devices)) == (1, 1)
    assert [key for _, key in inner.tests()] == [other]
    assert inner.looked_at(gone).value == BDK


def test_a_destroyed_keys_devices_go_and_those_of_others_stay() -> None:
    """SR-KEY-14: by the block of their base derivation key."""
    inner = room()
    spec = KeySpec("B0", "T", 16, "X")
    gone, stays = sealed(inner, spec, BDK), sealed(inner, spec)
    for key in (gone, stays):
        inner.transaction_key(key, KSN, "pin", "T")
    inner.forget(gone.block)
    inner.forget(gone.block)  # what is not there is forgotten already
    assert {name[1] for name in inner._devices._rows if isinstance(name, tuple)} == {stays.block}


def test_the_test_keys_that_the_doctor_may_try_are_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So many and no more; one that comes again is new again."""
    monkeypatch.setattr("switch.keys.vault_room.TESTS", 3)
    inner = room()
    keys = [KeyUse(f"key.{at}", sealed(inner).block) for at in range(4)]
    for key in keys[:3]:
        inner.looked_at(key)
    assert [name for name, _ in inner.tests()] == ["key.2", "key.1", "key.0"]
    inner._opened.drop(lambda name: name == keys[0].block)
    inner.looked_at(keys[0])
    inner.looked_at(keys[3])
    assert [name for name, _ in inner.tests()] == ["key.3", "key.0", "key.2"]


def test_what_was_made_is_told_with_its_check_value() -> None:
    """SR-KEY-08, in capitals, beside the attributes."""
    told = room().sealed(SPEC, bytearray(BDK))
    assert (told.check_value, told.attributes) == ("08D7B4", SPEC)


@pytest.mark.parametrize("length", [16, 24, 32])
def test_transaction_keys_are_as_strong_as_their_base_key(length: int) -> None:
    """AES and HMAC keys of its length, TDES keys of two parts; under TDES only TDES."""
    inner, value = room(), os.urandom(length)
    aes = sealed(inner, KeySpec("B0", "A", length, "X"), value)
    ksn = parse(AES_KSN)
    initial = dukpt_aes.initial_key(value, ksn)
    for algorithm, key_type in (
        ("A", f"AES{8 * length}"),
        ("H", f"HMAC{8 * length}"),
        ("T", "TDES2"),
    ):
        expected = dukpt_aes.working_key(initial, ksn, "mac_request", key_type)
        assert inner.transaction_key(aes, AES_KSN, "mac_request", algorithm) == expected
    with pytest.raises(KeyMisused, match="derive a key of algorithm D"):
        inner.transaction_key(aes, AES_KSN, "mac_request", "D")
    tdes = sealed(inner, KeySpec("B0", "T", 16, "X"), BDK)
    for algorithm in "AHD":
        with pytest.raises(KeyMisused, match=f"derive a key of algorithm {algorithm}"):
            inner.transaction_key(tdes, KSN, "mac_request", algorithm)


def test_a_closed_room_holds_nothing() -> None:
    """SR-KEY-13: keys, devices and the protection keys are overwritten; nothing is made either."""
    inner = room()
    key, bdk = sealed(inner), sealed(inner, KeySpec("B0", "T", 16, "X"), BDK)
    opened = inner.looked_at(key)
    inner.transaction_key(bdk, KSN, "pin", "T")
    protection = list(inner._protection.values())
    assert all(any(each) for each in (*protection, opened.value))
    inner.close()
    inner.close()
    assert not any(any(each) for each in (*protection, opened.value))
    assert len(inner._devices) == len(inner._opened) == 0
    with pytest.raises(VaultError, match="closed"):
        inner.looked_at(key)
    with pytest.raises(VaultError, match="closed"):
        sealed(inner)


def test_a_closed_vault_opens_no_key() -> None:
    """Card numbers are still found: their keys are the library's."""
    vault = new_vault()
    key = KeyUse("a.key", vault.make_key(KeySpec("M3", "T", 16, "C")).block)
    ticket = vault.begin_components(SPEC, 1)
    assert vault.make_mac(key, "x9.19", b"")
    vault.close()
    with pytest.raises(VaultError, match="closed"):
        vault.make_mac(key, "x9.19", b"")
    with pytest.raises(KeyRefused, match="ticket"):
        vault.finish_components(ticket)


@pytest.mark.parametrize(("bdk", "algorithm", "ksn"), [(BDK, "T", KSN), (AES_BDK, "A", AES_KSN)])
def test_a_devices_way_is_kept_by_device_and_base_key(bdk: bytes, algorithm: str, ksn: str) -> None:
    """Two base keys never share a device; each key handed out is the caller's to overwrite."""
    inner = room()
    spec = KeySpec("B0", algorithm, 16, "X")
    first, second = sealed(inner, spec, bdk), sealed(inner, spec)
    keys = [bytes(inner.transaction_key(key, ksn, "pin", algorithm)) for key in (first, second)]
    assert keys[0] != keys[1]
    taken = inner.transaction_key(first, ksn, "pin", algorithm)
    taken[:] = bytes(len(taken))
    assert bytes(inner.transaction_key(first, ksn, "pin", algorithm)) == keys[0]
    assert len(inner._devices) == 2


def test_own_blocks_hide_how_long_their_key_is() -> None:
    """AES keys of all lengths give blocks of one length; so do TDES keys."""
    inner = room()
    for algorithm, lengths in (("A", (16, 24, 32)), ("T", (16, 24))):
        blocks = {
            len(sealed(inner, KeySpec("P0", algorithm, length, "B")).block) for length in lengths
        }
        assert len(blocks) == 1


def test_padding_comes_from_the_injected_source() -> None:
    """SR-KEY-11; in a made-up world it repeats, and with it the block."""
    asked: list[int] = []

    def source(length: int) -> bytes:
        asked.append(length)
        return bytes(length)

    inner = VaultRoom(MasterKey(bytearray(MASTER)), source)
    blocks = {inner.sealed(SPEC, bytearray(BDK)).block for _ in range(2)}
    assert len(blocks) == 1
    assert asked == [14, 14]
    with MasterKey(bytearray(MASTER)).derived("key block test 1", 32) as kbpk:
        opened = unwrap(kbpk, blocks.pop())
    assert bytes(opened.key + opened.padding) == BDK + bytes(14)
