"""How keys come into being in the vault, and what may be told of them."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.check_value import check_value
from switch.keys.ciphers import xor
from switch.keys.clear_keys import has_odd_parity
from switch.keys.mac import SCHEMES
from switch.keys.master import MasterKey
from switch.keys.permissions import SM4_ALGORITHM, UNIONPAY_USAGE, kind
from switch.keys.port import KeyBlockRefused, KeyMisused, KeyRefused, KeySpec, KeyVault, VaultError
from switch.keys.vault import SoftwareVault
from switch.keys.vault_keys import WORKING
from switch.model.ksn import parse
from switch.model.security import KeyUse
from tests.keys.vault_kit import (
    AES_BDK,
    AES_KSN,
    BDK,
    KSN,
    all_specs,
    made,
    new_vault,
    sealed,
)

VAULT = new_vault()
KEEPER: KeyVault = VAULT


def clear_of(key: KeyUse) -> bytes:
    """A key's value, as a test knows it: on a sheet of one component."""
    return bytes(VAULT.sheet(key, 1)[0].value)


@pytest.mark.parametrize("spec", all_specs(), ids=str)
def test_a_made_key_is_what_was_asked_for(spec: KeySpec) -> None:
    """Attributes come back from the block; two keys are never the same; the check value fits."""
    first, second = VAULT.make_key(spec), VAULT.make_key(spec)
    key = KeyUse("a.key", first.block)
    assert first.block[0] == "D"
    assert first.block != second.block
    assert first.check_value != second.check_value
    assert VAULT.attributes(key) == first.attributes == spec
    assert VAULT.key_check_value(key) == first.check_value
    assert len(first.check_value) == {"A": 10, SM4_ALGORITHM: 8}.get(spec.algorithm, 6)
    if spec.mark == "test":
        value = clear_of(key)
        assert check_value(kind(spec), value).hex().upper() == first.check_value
        assert spec.algorithm not in "TD" or has_odd_parity(value)


def test_the_next_generation_is_of_the_same_attributes() -> None:
    """Rotation: another key to take its place."""
    for spec in (KeySpec("P0", "T", 24, "B", "S"), KeySpec("M6", "A", 32, "C", "N", "live")):
        first = VAULT.make_key(spec)
        second = VAULT.next_generation(KeyUse("a.key", first.block))
        assert second.attributes == spec
        assert second.check_value != first.check_value


def test_keys_bear_the_name_that_they_were_made_for() -> None:
    """The next generation, working keys of a terminal, entered keys: another name opens none."""
    spec = KeySpec("P0", "T", 16, "B")
    first = KeyUse("acquirer.pin", VAULT.make_key(spec, "acquirer.pin").block)
    ticket = VAULT.begin_components(spec, 2, "acquirer.entered")
    for number, component in enumerate((BDK, bytes(range(16)))):
        told = check_value("TDES", component).hex()
        VAULT.add_component(ticket, f"officer {number}", bytearray(component), told)
    tpk = VAULT.working_keys("tdes-2", ("tpk",), terminal="T1")["tpk"]
    for name, block in (
        ("acquirer.pin", VAULT.next_generation(first).block),
        ("acquirer.entered", VAULT.finish_components(ticket).block),
        ("terminal.T1.tpk", tpk.block),
        ("acquirer.clear", VAULT.import_clear(spec, bytearray(BDK), "acquirer.clear").block),
    ):
        assert VAULT.attributes(KeyUse(name, block)).usage == "P0"
        with pytest.raises(KeyBlockRefused):
            VAULT.attributes(KeyUse("another.name", block))


def test_a_dropped_entry_is_no_key_any_more() -> None:
    """Its ticket is that of nobody."""
    ticket = VAULT.begin_components(KeySpec("P0", "T", 16, "B"), 2)
    VAULT.drop_components(ticket)
    with pytest.raises(VaultError):
        VAULT.add_component(ticket, "officer", bytearray(BDK), "08D7B4")


def test_the_keys_of_a_live_base_key_are_live() -> None:
    """SR-KEY-09: an initial key is marked as what it comes from."""
    for mark in ("live", "test"):
        made_key = VAULT.initial_key(made(VAULT, "B0", mark=mark), KSN)
        assert made_key.attributes == KeySpec("B1", "T", 16, "X", "E", mark)


def test_a_generator_that_gives_weak_keys_makes_none() -> None:
    """SR-KEY-10, SR-KEY-11: the key is refused, and it does not try for ever."""
    vault = SoftwareVault(MasterKey(bytearray(os.urandom(32))), bytes)
    with pytest.raises(VaultError, match="weak keys only"):
        vault.make_key(KeySpec("P0", "T", 16, "B"))


def test_a_weak_key_is_followed_by_another() -> None:
    """One may come up; it is not taken, and the next one is."""
    given = [bytes(16), BDK]
    vault = SoftwareVault(
        MasterKey(bytearray(os.urandom(32))),
        lambda size: given.pop(0) if given and size == 16 else os.urandom(size),
    )
    assert vault.make_key(KeySpec("P0", "T", 16, "B")).check_value == "08D7B4"
    assert not given


def test_attributes_that_do_not_go_together_make_no_key() -> None:
    """Neither by generation nor by any other way in."""
    wrong = KeySpec("P0", "T", 16, "X")
    ways: list[Callable[[], object]] = [
        lambda: VAULT.make_key(wrong),
        lambda: VAULT.import_clear(wrong, bytearray(BDK)),
        lambda: VAULT.begin_components(wrong, 2),
        lambda: VAULT.import_cryptogram(made(VAULT, "K0"), wrong, BDK, "0000", legacy=True),
    ]
    for way in ways:
        with pytest.raises(KeyRefused, match="mode of use"):
            way()


@given(st.binary(min_size=16, max_size=16))
@settings(max_examples=30)
def test_a_clear_test_key_comes_in_and_is_overwritten(value: bytes) -> None:
    """The caller's buffer too, also where it is refused."""
    clear = bytearray(value)
    try:
        taken = VAULT.import_clear(KeySpec("D0", "T", 16, "B"), clear)
    except KeyRefused:
        taken = None
    assert clear == bytes(16)
    if taken is not None:
        assert clear_of(KeyUse("a.key", taken.block)) == value


def test_no_clear_key_is_marked_live() -> None:
    """SR-KEY-06."""
    clear = bytearray(os.urandom(16))
    with pytest.raises(KeyMisused, match="only be marked test"):
        VAULT.import_clear(KeySpec("D0", "T", 16, "B", mark="live"), clear)
    assert clear == bytes(16)


@pytest.mark.parametrize(
    ("spec", "value", "said"),
    [
        (KeySpec("P0", "T", 16, "B"), "11" * 16, "equal bytes"),
        (KeySpec("P0", "A", 16, "B"), "00" * 16, "equal bytes"),
        (KeySpec("P0", "T", 16, "B"), "0123456789ABCDEF" * 2, "single DES"),
        (KeySpec("P0", "T", 16, "B"), "0123456789ABCDEF0022446688AACCEE", "equal, which leaves"),
        (KeySpec("P0", "T", 16, "B"), "0101010101010101FEDCBA9876543210", "weak"),
        (
            KeySpec("P0", "T", 24, "B"),
            "0123456789ABCDEFFEDCBA98765432100123456789ABCDEF",
            "16 bytes",
        ),
        (KeySpec(UNIONPAY_USAGE, "D", 8, "C"), "01FE01FE01FE01FE", "weak"),
        (KeySpec("P0", "T", 16, "B"), "0123456789ABCDEF", "8 bytes"),
        (KeySpec("P0", "A", 32, "B"), "0123456789ABCDEFFEDCBA9876543210", "16 bytes"),
    ],
)
def test_weak_keys_are_refused(spec: KeySpec, value: str, said: str) -> None:
    """SR-KEY-10: the text says the rule, never the key."""
    with pytest.raises(KeyRefused, match=said) as caught:
        VAULT.import_clear(spec, bytearray.fromhex(value))
    assert value not in str(caught.value).upper()


@pytest.mark.parametrize("working", list(WORKING))
@pytest.mark.parametrize("form", ["tr31", "cryptogram"])
def test_working_keys_are_of_one_kind(working: str, form: str) -> None:
    """A key for each role; exportable as they will be handed out; the MAC key fits its scheme."""
    for scheme in ("", *SCHEMES):
        if scheme == "sm4-iso9797-3":
            continue
        keys = VAULT.working_keys(working, ("tpk", "tak", "tdk"), mac_scheme=scheme, form=form)
        assert [keys[role].attributes.usage for role in ("tpk", "tdk")] == ["P0", "D0"]
        for key in keys.values():
            assert key.attributes.exportability == ("E" if form == "tr31" else "S")
            assert key.attributes.mark == "test"
        size = WORKING[working].size
        assert (keys["tpk"].attributes.algorithm, keys["tpk"].attributes.length) == tuple(size)
        if scheme:
            tak = KeyUse("tak", keys["tak"].block)
            assert VAULT.make_mac(tak, scheme, b"data")


def test_the_unionpay_line_has_its_short_mac_key() -> None:
    """SR-KEY-10: 8 bytes by name, for its own MACs only."""
    made_keys = VAULT.working_keys("unionpay", ("tpk", "tak"), form="cryptogram", mark="live")
    tak = made_keys["tak"].attributes
    assert (tak.usage, tak.algorithm, tak.length, tak.mark) == (UNIONPAY_USAGE, "D", 8, "live")
    assert (made_keys["tpk"].attributes.length, made_keys["tpk"].attributes.mark) == (16, "live")
    with pytest.raises(KeyRefused):
        VAULT.working_keys("unionpay", ("tak",), mac_scheme="x9.9", mark="live")


def test_working_keys_that_nobody_knows_are_not_made() -> None:
    """Kind, role, scheme."""
    with pytest.raises(KeyRefused, match="tdes-2, tdes-3"):
        VAULT.working_keys("rot13", ("tpk",))
    with pytest.raises(KeyRefused, match="roles of working keys"):
        VAULT.working_keys("tdes-2", ("pin",))
    with pytest.raises(KeyRefused, match="no MAC scheme"):
        VAULT.working_keys("tdes-2", ("tak",), mac_scheme="guess")
    with pytest.raises(KeyRefused, match="no usage"):
        VAULT.working_keys("sm4", ("tak",), mac_scheme="sm4-iso9797-3")


def test_a_devices_initial_key_is_the_standards() -> None:
    """X9.24-1 annex A, X9.24-3 annex B; the block names the device."""
    tdes = VAULT.initial_key(sealed(VAULT, "B0", BDK), KSN)
    assert clear_of(KeyUse("ik", tdes.block)).hex().upper() == "6AC292FAA1315B4D858AB3A3D7D5933A"
    assert tdes.block[16:40] == "KS18FFFF9876543210E00000"
    short = VAULT.initial_key(sealed(VAULT, "B0", BDK), KSN[4:])
    assert short.check_value == tdes.check_value
    aes_bdk = sealed(VAULT, "B0", AES_BDK, "A")
    aes = VAULT.initial_key(aes_bdk, AES_KSN)
    for ksn in (AES_KSN, AES_KSN[:16]):
        aes = VAULT.initial_key(aes_bdk, ksn)
        assert clear_of(KeyUse("ik", aes.block)).hex().upper() == "1273671EA26AC29AFA4D1084127652A1"
        assert aes.block[16:36] == "IK141234567890123456"
    assert (aes.attributes.usage, aes.attributes.mode) == ("B1", "X")
    assert clear_of(KeyUse("ik", tdes.block)) == bytes(dukpt_tdes.initial_key(BDK, parse(KSN)))
    assert clear_of(KeyUse("ik", aes.block)) == bytes(
        dukpt_aes.initial_key(AES_BDK, parse(AES_KSN))
    )


def test_an_initial_key_comes_from_a_base_key_of_its_kind() -> None:
    """SR-KEY-03."""
    with pytest.raises(KeyMisused, match="must not derive an initial key"):
        VAULT.initial_key(made(VAULT, "B1"), KSN)
    with pytest.raises(KeyMisused, match="KSN of 24 digits"):
        VAULT.initial_key(sealed(VAULT, "B0", BDK), AES_KSN)
    with pytest.raises(KeyMisused, match="KSN of 20 digits"):
        VAULT.initial_key(sealed(VAULT, "B0", AES_BDK, "A"), KSN)
    with pytest.raises(KeyRefused, match="hex digits"):
        VAULT.initial_key(sealed(VAULT, "B0", BDK), "FFFF")


@pytest.mark.parametrize("count", range(1, 10))
def test_a_sheets_components_are_the_key(count: int) -> None:
    """They give it back when they are entered, each with its check value."""
    key = made(VAULT, "B0")
    parts = VAULT.sheet(key, count)
    assert len(parts) == count
    whole = bytearray(16)
    ticket = VAULT.begin_components(VAULT.attributes(key), count)
    for number, part in enumerate(parts):
        whole = xor(whole, part.value)
        VAULT.add_component(ticket, f"officer {number}", bytearray(part.value), part.check_value)
    assert whole == clear_of(key)
    entered = VAULT.finish_components(ticket)
    assert entered.check_value == VAULT.key_check_value(key)
    assert VAULT.attributes(KeyUse("any.name", entered.block)) == VAULT.attributes(key)


def test_only_exportable_test_keys_are_written_on_a_sheet() -> None:
    """SR-KEY-01: a live key never shows, in however many components."""
    for key in (made(VAULT, "B0", mark="live"), made(VAULT, "B0", exportability="N")):
        with pytest.raises(KeyMisused, match="key sheet"):
            VAULT.sheet(key, 2)
    for count in (0, 10):
        with pytest.raises(KeyRefused, match="1 to 9"):
            VAULT.sheet(made(VAULT, "B0"), count)
