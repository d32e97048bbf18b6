"""Keys that come from somebody else, and keys that go there."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys.check_value import check_value
from switch.keys.ciphers import aes_decrypt, tdes_decrypt, tdes_encrypt
from switch.keys.key_block import padding_length, wrap
from switch.keys.key_block_header import Header, OptionalBlock, padded, parse_header
from switch.keys.permissions import SM4_ALGORITHM, UNIONPAY_USAGE, kind, strength
from switch.keys.port import (
    KeyBlockRefused,
    KeyMisused,
    KeyRefused,
    KeySpec,
    MadeKey,
    VaultError,
)
from switch.model.security import KeyUse
from tests.keys.vault_kit import BDK, KSN, all_specs, made, new_vault, sealed

VAULT = new_vault()
TDES = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
AES = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F100112233445566778899AABBCCDDEEFF")
TDES_KBPK = sealed(VAULT, "K1", TDES)
AES_KBPK = sealed(VAULT, "K1", AES, "A")
TDES_KEK = sealed(VAULT, "K0", TDES)
AES_KEK = sealed(VAULT, "K0", AES, "A")
LIVE_KBPK = made(VAULT, "K1", "A", length=32, mark="live")
LIVE_KEK = made(VAULT, "K0", "A", length=32, mark="live")
TWO = ("anna", "bert")
PIN_KEY = KeySpec("P0", "T", 16, "B", "S")


def block(
    spec: KeySpec,
    value: bytes,
    kbpk: bytes = TDES,
    version: str = "B",
    optional: tuple[OptionalBlock, ...] = (),
) -> str:
    """A key block as somebody else makes it."""
    header = padded(
        Header(
            version,
            spec.usage,
            spec.algorithm,
            spec.mode,
            exportability=spec.exportability,
            optional=optional,
        )
    )
    return wrap(kbpk, header, value, os.urandom(padding_length(header, len(value))))


@pytest.mark.parametrize("spec", all_specs(), ids=str)
def test_a_key_goes_out_in_a_block_and_comes_back(spec: KeySpec) -> None:
    """Usage, algorithm, mode and exportability stay; the block bears the key's check value; under
    the AES key everything may leave, under the TDES key what is no stronger (SR-KEY-05).
    """
    key = KeyUse("a.key", VAULT.make_key(spec).block)
    if spec.mark == "live":
        out = VAULT.export_block(key, LIVE_KBPK, officers=TWO)
        assert VAULT.import_block(LIVE_KBPK, out.text).attributes == spec
        with pytest.raises(KeyMisused, match="never meet"):
            VAULT.export_block(key, AES_KBPK, officers=TWO)
        return
    for kek, version in ((AES_KBPK, "D"), (TDES_KBPK, "B")):
        if strength(spec) > strength(VAULT.attributes(kek)):
            with pytest.raises(KeyMisused, match="weaker"):
                VAULT.export_block(key, kek)
            continue
        out = VAULT.export_block(key, kek)
        assert (out.form, out.text[0], out.attributes) == ("tr31", version, spec)
        back = VAULT.import_block(kek, out.text)
        assert (back.attributes, back.check_value) == (spec, out.check_value)
        if spec.algorithm != "H":
            assert (parse_header(out.text).find("KC") or "")[2:] == out.check_value
        assert VAULT.export_block(key, kek, version=version).text[0] == version
        with pytest.raises(KeyRefused, match="has version"):
            VAULT.export_block(key, kek, version="A")
    with pytest.raises(KeyMisused, match="never meet"):
        VAULT.export_block(key, LIVE_KBPK)


@pytest.mark.parametrize("spec", all_specs(), ids=str)
def test_no_other_key_goes_around_a_key(spec: KeySpec) -> None:
    """SR-KEY-03: blocks under K1 keys, cryptograms under K0 keys, in a mode that allows it."""
    other = KeyUse("a.kek", VAULT.make_key(spec).block)
    key = made(VAULT, "P0", exportability="S", mark=spec.mark)
    blocks: list[Callable[[], object]] = [lambda: VAULT.export_block(key, other, officers=TWO)]
    cryptograms: list[Callable[[], object]] = [
        lambda: VAULT.export_cryptogram(key, other, legacy=True, officers=TWO)
    ]
    for usage, ways in (("K1", blocks), ("K0", cryptograms)):
        for way in ways:
            if spec.usage == usage and spec.mode in "EBN":
                assert way()
            else:
                with pytest.raises(KeyMisused, match=r"a\.kek is a .* must not make a key"):
                    way()
    wanted = KeySpec("P0", "T", 16, "B", "S", spec.mark)
    for usage, way in (
        ("K1", lambda: VAULT.import_block(other, block(PIN_KEY, os.urandom(16)))),
        ("K0", lambda: VAULT.import_cryptogram(other, wanted, bytes(16), "0000", legacy=True)),
    ):
        if spec.usage == usage and spec.mode in "DBN":
            with pytest.raises(KeyRefused):
                way()
        else:
            with pytest.raises(KeyMisused, match=r"a\.kek is a .* must not open a key"):
                way()


def test_exportability_is_kept_to() -> None:
    """N never, E in blocks only, S in cryptograms too (X9.143)."""
    for out, in_block, bare in (("N", False, False), ("E", True, False), ("S", True, True)):
        key = made(VAULT, "P0", exportability=out)
        ways = (
            (partial(VAULT.export_block, key, TDES_KBPK), in_block),
            (partial(VAULT.export_cryptogram, key, TDES_KEK, legacy=True), bare),
        )
        for way, allowed in ways:
            if allowed:
                assert way().attributes.exportability == out
            else:
                with pytest.raises(KeyMisused, match=f"^key {key.name} is .*exportability {out}"):
                    way()


def test_a_live_key_leaves_when_two_persons_say_so() -> None:
    """SR-KEY-07: two different ones with names, in either form; a test key needs none."""
    key = made(VAULT, "P0", exportability="S", mark="live")
    for officers in ((), ("anna",), ("anna", "anna"), ("anna", "")):
        with pytest.raises(KeyMisused, match="two different persons"):
            VAULT.export_block(key, LIVE_KBPK, officers=officers)
        with pytest.raises(KeyMisused, match="two different persons"):
            VAULT.export_cryptogram(key, LIVE_KEK, legacy=True, officers=officers)
    assert VAULT.export_block(key, LIVE_KBPK, officers=TWO).form == "tr31"
    bare = VAULT.export_cryptogram(key, LIVE_KEK, legacy=True, officers=TWO)
    assert bare.form == "cryptogram"


def test_obsolete_forms_need_the_option() -> None:
    """SR-KEY-02: blocks of version A and C, bare cryptograms; without it they are not looked at."""
    value = os.urandom(16)
    for version in "AC":
        text = block(PIN_KEY, value, version=version)
        with pytest.raises(
            KeyMisused, match=f"^key blocks of version {version} are .*--legacy.*SR-KEY-02"
        ):
            VAULT.import_block(TDES_KBPK, text)
        assert VAULT.import_block(TDES_KBPK, text, legacy=True).attributes == PIN_KEY
    assert VAULT.import_block(TDES_KBPK, block(PIN_KEY, value)).attributes == PIN_KEY
    check = check_value("TDES", value).hex()
    sent = bytes(tdes_encrypt(TDES, value))
    bare = "^a bare cryptogram binds nothing to its key: .*--legacy.*SR-KEY-02"
    with pytest.raises(KeyMisused, match=bare):
        VAULT.import_cryptogram(TDES_KEK, PIN_KEY, sent, check)
    with pytest.raises(KeyMisused, match=bare):
        VAULT.export_cryptogram(made(VAULT, "P0", exportability="S"), TDES_KEK)
    taken = VAULT.import_cryptogram(TDES_KEK, PIN_KEY, sent, check, legacy=True)
    assert (taken.attributes, taken.check_value) == (PIN_KEY, check.upper())


@given(st.text(max_size=130), st.sampled_from("ABCD"))
def test_whatever_block_comes_in_is_taken_or_refused(text: str, version: str) -> None:
    """Nothing but the vault's own errors."""
    for kek in (TDES_KBPK, AES_KBPK):
        for given_text in (text, version + text):
            with pytest.raises(VaultError):
                VAULT.import_block(kek, given_text, legacy=True)


@given(st.data())
@settings(max_examples=60)
def test_a_block_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    """SR-KEY-04: one error, whatever was changed."""
    text = VAULT.export_block(made(VAULT, "P0"), TDES_KBPK).text
    at = data.draw(st.integers(0, len(text) - 1))
    char = data.draw(st.sampled_from("0123456789ABCDEFK").filter(lambda c: c != text[at]))
    with pytest.raises(KeyBlockRefused) as caught:
        VAULT.import_block(TDES_KBPK, text[:at] + char + text[at + 1 :], legacy=True)
    with pytest.raises(KeyBlockRefused) as empty:
        VAULT.import_block(TDES_KBPK, "")
    assert str(caught.value) == str(empty.value)


@pytest.mark.parametrize(
    ("text", "legacy"),
    [(block(PIN_KEY, TDES, AES[:16], "D"), False), (block(PIN_KEY, TDES, AES[:16], "A"), True)],
)
def test_a_key_is_for_the_versions_of_its_cipher(text: str, legacy: bool) -> None:
    """A block of AES does not open under a TDES key of the same bytes, nor the other way."""
    version = text[0]
    right = sealed(VAULT, "K1", AES[:16], "A" if version == "D" else "T")
    other = sealed(VAULT, "K1", AES[:16], "T" if version == "D" else "A")
    with pytest.raises(KeyBlockRefused):
        VAULT.import_block(other, text, legacy=legacy)
    assert VAULT.import_block(right, text, legacy=legacy).attributes.usage == "P0"


def test_what_is_in_a_block_must_be_a_key_that_can_be() -> None:
    """Attributes that do not go together, a weak key, a key stronger than the one around it."""
    for spec, value, said in (
        (KeySpec("P0", "T", 16, "X"), TDES, "mode of use"),
        (KeySpec("Z0", "T", 16, "X"), TDES, "key usage"),
        (KeySpec("P0", "T", 8, "B"), TDES[:8], "not 8"),
        (KeySpec("P0", "T", 16, "B"), TDES[:8] * 2, "equal"),
    ):
        with pytest.raises(KeyRefused, match=said):
            VAULT.import_block(TDES_KBPK, block(spec, value))
    strong = block(KeySpec("P0", "A", 16, "B"), AES[:16])
    with pytest.raises(KeyMisused, match="128 bits of strength"):
        VAULT.import_block(TDES_KBPK, strong)
    sent = bytes(tdes_encrypt(TDES, AES[:16]))
    with pytest.raises(KeyMisused, match="128 bits of strength"):
        VAULT.import_cryptogram(TDES_KEK, KeySpec("P0", "A", 16, "B"), sent, "0000", legacy=True)


def test_a_check_value_in_a_block_must_be_the_keys() -> None:
    """KC with either method; what is no check value is wrong."""
    value = os.urandom(16)
    right = check_value("TDES", value).hex().upper()
    cmac = check_value("TDES", value, "cmac_zero_block", 5).hex().upper()
    for data in (f"00{right}", f"01{cmac}"):
        text = block(PIN_KEY, value, optional=(OptionalBlock("KC", data),))
        assert VAULT.import_block(TDES_KBPK, text).check_value == right
    for data in ("00000000", f"02{right}", f"01{right}", "00", "", "00GGGGGG", f"00{right}" * 9):
        text = block(PIN_KEY, value, optional=(OptionalBlock("KC", data),))
        with pytest.raises(KeyBlockRefused):
            VAULT.import_block(TDES_KBPK, text)


@pytest.mark.parametrize(("version", "taken"), [("00", True), ("12", True), ("c1", False)])
def test_a_component_is_not_taken_for_a_key(version: str, taken: bool) -> None:
    """X9.143: a key version that begins with c says that the block holds a component."""
    header = Header("B", "P0", "T", "B", version, "E")
    value = os.urandom(16)
    text = wrap(TDES, header, value, os.urandom(padding_length(header, 16)))
    if taken:
        check = check_value("TDES", value).hex().upper()
        assert VAULT.import_block(TDES_KBPK, text).check_value == check
    else:
        with pytest.raises(KeyRefused, match="holds a component"):
            VAULT.import_block(TDES_KBPK, text)


def test_an_initial_key_keeps_the_number_of_its_device() -> None:
    """KS through storage, out to a device's block and in again; a label does not stay."""
    made_key = VAULT.initial_key(sealed(VAULT, "B0", BDK), KSN)
    out = VAULT.export_block(KeyUse("ik", made_key.block), AES_KBPK)
    header = parse_header(out.text)
    assert header.find("KS") == "FFFF9876543210E00000"
    back = VAULT.import_block(AES_KBPK, out.text)
    assert parse_header(back.block).find("KS") == "FFFF9876543210E00000"
    assert parse_header(back.block).find("KC") is None
    labelled = block(PIN_KEY, os.urandom(16), optional=(OptionalBlock("LB", "PIN key 1"),))
    assert parse_header(VAULT.import_block(TDES_KBPK, labelled).block).optional == ()


@given(st.sampled_from(("T", "D", "A", SM4_ALGORITHM)))
@settings(max_examples=20)
def test_a_cryptogram_is_the_key_in_ecb(algorithm: str) -> None:
    """SR-KEY-10: with four bytes of check value, and back in again."""
    usage = UNIONPAY_USAGE if algorithm == "D" else "D0"
    key = made(VAULT, usage, algorithm, exportability="S")
    spec = VAULT.attributes(key)
    out = VAULT.export_cryptogram(key, AES_KEK, legacy=True) if spec.length != 8 else None
    value = bytes(VAULT.sheet(key, 1)[0].value)
    full = check_value(kind(spec), value, length=4).hex().upper()
    if out is not None:
        assert bytes(aes_decrypt(AES, bytes.fromhex(out.text))) == value
        assert (out.form, out.check_value) == ("cryptogram", full)
        back = VAULT.import_cryptogram(
            AES_KEK, spec, bytes.fromhex(out.text), out.check_value, legacy=True
        )
        assert back.attributes == spec
    if algorithm in "TD":
        out = VAULT.export_cryptogram(key, TDES_KEK, legacy=True)
        assert bytes(tdes_decrypt(TDES, bytes.fromhex(out.text))) == value
        assert out.check_value == full


def test_what_fills_no_whole_block_has_no_cryptogram() -> None:
    """192 bits under AES, 8 bytes of DES under AES."""
    for key in (
        made(VAULT, "D0", "A", length=24, exportability="S"),
        made(VAULT, UNIONPAY_USAGE, "D", exportability="S"),
    ):
        with pytest.raises(KeyRefused, match="whole cipher blocks"):
            VAULT.export_cryptogram(key, AES_KEK, legacy=True)


def test_a_cryptogram_that_is_not_the_key_is_refused() -> None:
    """By check value, by length; the mark must be the key-encrypting key's."""
    value = os.urandom(16)
    sent = bytes(tdes_encrypt(TDES, value))
    check = check_value("TDES", value, length=4).hex()
    ask = VAULT.import_cryptogram
    for given_check in ("00000000", check[:-1] + ("0" if check[-1] != "0" else "1")):
        with pytest.raises(KeyRefused, match="does not fit its check value"):
            ask(TDES_KEK, PIN_KEY, sent, given_check, legacy=True)
    for given_check in ("", "00", "xyz", "8 digits"):
        with pytest.raises(KeyRefused, match="check value"):
            ask(TDES_KEK, PIN_KEY, sent, given_check, legacy=True)
    for other in (sent[:-1], sent[:8], sent + sent[:8], b""):
        with pytest.raises(KeyRefused, match=f"of {len(other)} bytes is no key of 16"):
            ask(TDES_KEK, PIN_KEY, other, check, legacy=True)
    with pytest.raises(KeyMisused) as told:
        ask(LIVE_KEK, PIN_KEY, sent, check, legacy=True)
    assert str(told.value) == (
        f"key the key that comes in is marked test and {LIVE_KEK.name} is marked live: "
        "they never meet"
    )


def test_a_key_that_comes_in_bears_the_name_it_is_given() -> None:
    """In its block (LB), where the vault reads it; without a name it bears none."""
    value = os.urandom(16)
    text = block(PIN_KEY, value)
    sent, check = bytes(tdes_encrypt(TDES, value)), check_value("TDES", value).hex()
    for name, borne in (("terminal.T1.tpk", "terminal.T1.tpk"), ("", None)):
        for made_key in (
            VAULT.import_block(TDES_KBPK, text, name=name),
            VAULT.import_cryptogram(TDES_KEK, PIN_KEY, sent, check, name=name, legacy=True),
        ):
            assert parse_header(made_key.block).find("LB") == borne
    unnamed = VAULT.import_cryptogram(TDES_KEK, PIN_KEY, sent, check, legacy=True)
    assert parse_header(unnamed.block).find("LB") is None


def test_made_keys_show_no_block_in_full() -> None:
    """Blocks are no secret, but they are no reading either; check values are for people."""
    key = VAULT.make_key(PIN_KEY)
    assert isinstance(key, MadeKey)
    assert key.block not in repr(key)
    assert key.check_value in repr(key)
