"""PINs inside the vault: verified, translated, never seen."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.ciphers import BlockCipher, CipherName
from switch.keys.permissions import SM4_ALGORITHM
from switch.keys.pin_block import REFUSED
from switch.keys.pin_check import pin_of_offset, validation_data
from switch.keys.pin_cipher import encipher
from switch.keys.port import KeyMisused, KeyRefused, KeySpec, PinVault
from switch.model.ksn import parse
from switch.model.security import KeyUse
from switch.values import Pan, Pin, PinBlock
from tests.keys.vault_kit import (
    AES_BDK,
    AES_KSN,
    BDK,
    KSN,
    OTHER_PAN,
    PAN,
    PIN,
    all_specs,
    made,
    new_vault,
    sealed,
)

VAULT = new_vault()
KEEPER: PinVault = VAULT
TDES = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
AES = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
SM4 = bytes.fromhex("0123456789ABCDEFFEDCBA9876543211")
TPK = sealed(VAULT, "P0", TDES)
AES_TPK = sealed(VAULT, "P0", AES, "A")
SM4_TPK = sealed(VAULT, "P0", SM4, SM4_ALGORITHM)
TDES_BDK_KEY = sealed(VAULT, "B0", BDK)
AES_BDK_KEY = sealed(VAULT, "B0", AES_BDK, "A")
PVK = made(VAULT, "V2")
IBM = made(VAULT, "V1")
REFERENCE = VAULT.pin_reference(PIN, PAN, "visa-pvv", PVK)
FILL = {0: "", 1: "0123456789", 2: "", 3: "ABCDEFABCD", 4: "0123456789ABCDEF"}

pins = st.text("0123456789", min_size=4, max_size=12)
pans = st.text("0123456789", min_size=13, max_size=19)


def block(
    key: bytes, block_format: int, pin: str = "4524", pan: str = PAN.reveal(), name: str = ""
) -> PinBlock:
    """A PIN block as a terminal makes it."""
    cipher: CipherName = "AES" if block_format == 4 else "TDES"
    fill = FILL[block_format][: 14 - len(pin)] if block_format in (1, 3) else FILL[block_format]
    made_block = encipher(
        BlockCipher("SM4" if name == "SM4" else cipher, key), block_format, pin, pan, fill
    )
    return PinBlock(made_block.hex().upper())


def outcome(shown: PinBlock, pin_key: KeyUse = TPK, ksn: str = "", pan: Pan = PAN) -> str:
    """Of a check against the card's PVV."""
    return VAULT.check_pin(pin_key, shown, pan, "visa-pvv", REFERENCE, PVK, ksn=ksn).outcome


def test_a_right_pin_is_good_and_a_wrong_one_bad() -> None:
    """M-12: under a terminal's key, formats 0, 3 and 4, and the UnionPay line's SM4 block."""
    for pin, expected in (("4524", "good"), ("4525", "bad"), ("99999", "bad")):
        assert outcome(block(TDES, 0, pin)) == expected
        assert outcome(block(TDES, 3, pin)) == expected
        assert outcome(block(AES, 4, pin), AES_TPK) == expected
        assert outcome(block(SM4, 0, pin, name="SM4"), SM4_TPK) == expected


def test_pins_come_under_dukpt() -> None:
    """TDES DUKPT with formats 0 and 3; AES DUKPT with format 4, and with 8 bytes under TDES2."""
    ksn = parse(KSN)
    key = dukpt_tdes.working_key(dukpt_tdes.initial_key(BDK, ksn), ksn, "pin")
    assert outcome(block(bytes(key), 0), TDES_BDK_KEY, KSN) == "good"
    assert outcome(block(bytes(key), 3), TDES_BDK_KEY, KSN) == "good"
    aes = parse(AES_KSN)
    initial = dukpt_aes.initial_key(AES_BDK, aes)
    wide = dukpt_aes.working_key(initial, aes, "pin")
    assert outcome(block(bytes(wide), 4), AES_BDK_KEY, AES_KSN) == "good"
    narrow = dukpt_aes.working_key(initial, aes, "pin", "TDES2")
    assert outcome(block(bytes(narrow), 0), AES_BDK_KEY, AES_KSN) == "good"


def test_a_transactions_cipher_is_wiped_with_its_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """SR-KEY-13: of DUKPT each key serves one block, whether it held a PIN or not; a PIN key's own
    cipher is kept.
    """
    made: list[BlockCipher] = []

    def kept(name: CipherName, key: bytes) -> BlockCipher:
        made.append(BlockCipher(name, key))
        return made[-1]

    monkeypatch.setattr("switch.keys.vault_pin.BlockCipher", kept)
    for shown in (block(TDES, 0), PinBlock("00" * 8)):
        VAULT.check_pin(TDES_BDK_KEY, shown, PAN, "visa-pvv", REFERENCE, PVK, ksn=KSN)
        VAULT.translate_pin(TDES_BDK_KEY, shown, PAN, TPK, 0, ksn=KSN)
        VAULT.translate_pin(TPK, shown, PAN, AES_BDK_KEY, 4, destination_ksn=AES_KSN)
    assert len(made) == 6
    for cipher in made:
        with pytest.raises(KeyRefused, match="wiped"):
            cipher.encrypt(bytes(16))
    assert outcome(block(TDES, 0)) == "good"


@given(st.one_of(st.binary(max_size=20).map(bytes.hex), st.text(max_size=40)))
def test_whatever_block_comes_in_there_is_one_answer_to_all_that_are_none(text: str) -> None:
    """SR-PIN-04, M-11: whatever the cause, the same verdict and text, and no exception."""
    for key in (TPK, AES_TPK, SM4_TPK):
        verdict = VAULT.check_pin(key, PinBlock(text), PAN, "visa-pvv", REFERENCE, PVK)
        if verdict.outcome == "block_invalid":
            assert (verdict.said, verdict.data) == (REFUSED, {})
        else:  # a text that happens to be a block
            assert len(text) in (16, 32)


def test_all_causes_of_an_invalid_block_are_told_alike() -> None:
    """SR-PIN-04: key, PAN, length, hex, format, key serial number."""
    right = block(AES, 4)
    causes = [
        VAULT.check_pin(made(VAULT, "P0", "A"), right, PAN, "visa-pvv", REFERENCE, PVK),
        VAULT.check_pin(AES_TPK, right, OTHER_PAN, "visa-pvv", REFERENCE, PVK),
        VAULT.check_pin(AES_TPK, PinBlock("00"), PAN, "visa-pvv", REFERENCE, PVK),
        VAULT.check_pin(AES_TPK, PinBlock("no hex"), PAN, "visa-pvv", REFERENCE, PVK),
        VAULT.check_pin(AES_TPK, block(TDES, 0), PAN, "visa-pvv", REFERENCE, PVK),
        VAULT.check_pin(AES_TPK, right, PAN, "visa-pvv", REFERENCE, PVK, formats=(0, 3)),
        VAULT.check_pin(TPK, block(TDES, 1), PAN, "visa-pvv", REFERENCE, PVK),
        VAULT.check_pin(TPK, block(TDES, 2), PAN, "visa-pvv", REFERENCE, PVK),
        *(
            VAULT.check_pin(TDES_BDK_KEY, block(TDES, 0), PAN, "visa-pvv", REFERENCE, PVK, ksn=ksn)
            for ksn in ("FFFF9876543210E00000", "FFFF9876543210FFF801", "none", KSN)
        ),
    ]
    assert len({(each.outcome, each.said, str(each.data)) for each in causes}) == 1
    assert causes[0].outcome == "block_invalid"


@pytest.mark.parametrize("spec", all_specs(), ids=str)
def test_no_other_key_opens_a_pin_block(spec: KeySpec) -> None:
    """SR-KEY-03, SR-PIN-03: whatever the block, before it is looked at."""
    key = KeyUse("a.key", VAULT.make_key(spec).block)
    verifier = PVK if spec.mark == "test" else made(VAULT, "V2", mark="live")
    ask = VAULT.check_pin
    if spec.usage == "P0" and spec.mode in "DBN":
        got = ask(key, PinBlock("00"), PAN, "visa-pvv", REFERENCE, verifier)
        assert got.outcome == "block_invalid"
    else:
        with pytest.raises(KeyMisused, match=r"a\.key is a .* must not decipher a PIN block"):
            ask(key, PinBlock("00"), PAN, "visa-pvv", REFERENCE, verifier)
    if spec.usage == "B0" and spec.mode in "XN":
        ksn = KSN if spec.algorithm == "T" else AES_KSN
        got = ask(key, PinBlock("00"), PAN, "visa-pvv", REFERENCE, verifier, ksn=ksn)
        assert got.outcome == "block_invalid"
    else:
        with pytest.raises(KeyMisused, match=r"a\.key is a .* must not derive"):
            ask(key, PinBlock("00"), PAN, "visa-pvv", REFERENCE, verifier, ksn=KSN)


@pytest.mark.parametrize("spec", all_specs(), ids=str)
def test_no_other_key_verifies_a_pin(spec: KeySpec) -> None:
    """SR-KEY-03: a PVK for PVVs, an IBM key for offsets, and no key of the other mark."""
    key = KeyUse("a.key", VAULT.make_key(spec).block)
    for method, usage, reference in (("visa-pvv", "V2", "10000"), ("ibm-3624", "V1", "0000")):
        if spec.usage == usage and spec.mode in "VCN" and spec.mark == "test":
            got = VAULT.check_pin(TPK, block(TDES, 0), PAN, method, reference, key)
            assert got.outcome in ("good", "bad")
        else:
            said = (
                r"^key a\.key is a .* must not verify a PIN|^key given\.P0 is .* a\.key is .* never"
            )
            with pytest.raises(KeyMisused, match=said):
                VAULT.check_pin(TPK, block(TDES, 0), PAN, method, reference, key)


@given(pins, pans, st.sampled_from(("visa-pvv", "ibm-3624")))
@settings(max_examples=40)
def test_a_reference_is_that_of_its_pin(pin: str, pan: str, method: str) -> None:
    """What the vault makes for a test card it verifies; another PIN it does not."""
    key = PVK if method == "visa-pvv" else IBM
    reference = VAULT.pin_reference(Pin(pin), Pan(pan), method, key)
    shown = block(TDES, 0, pin, pan)
    assert VAULT.check_pin(TPK, shown, Pan(pan), method, reference, key).outcome == "good"
    if method == "ibm-3624":
        other = f"{pin[:-1]}{(int(pin[-1]) + 1) % 10}"
        wrong = block(TDES, 0, other, pan)
        assert VAULT.check_pin(TPK, wrong, Pan(pan), method, reference, key).outcome == "bad"
        longer = block(TDES, 0, f"{pin}0"[:12], pan)
        expected = "good" if len(pin) == 12 else "bad"
        assert VAULT.check_pin(TPK, longer, Pan(pan), method, reference, key).outcome == expected


def test_without_an_offset_the_natural_pin_is_the_cards() -> None:
    """IBM 3624: four digits that the key itself gives."""
    value = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    key = sealed(VAULT, "V1", value)
    digits = PAN.reveal()
    natural = pin_of_offset(value, validation_data(digits, 0, 16), "0000")
    shown = block(TDES, 0, natural)
    assert VAULT.check_pin(TPK, shown, PAN, "ibm-3624", "", key).outcome == "good"
    assert VAULT.check_pin(TPK, block(TDES, 0), PAN, "ibm-3624", "", key).outcome == "bad"


def test_the_house_pin_is_every_cards_that_brings_none() -> None:
    """Only under test keys, and only once there is one; a live block never meets it."""
    vault = new_vault()
    tpk = sealed(vault, "P0", TDES)
    with pytest.raises(KeyRefused, match="no test PIN"):
        vault.check_pin(tpk, block(TDES, 0), PAN, "house", "", None)
    vault.keep_house_pin(PIN)
    assert vault.pin_reference(PIN, PAN, "house", None) == ""
    for pin, expected in (("4524", "good"), ("4525", "bad"), ("45240", "bad")):
        verdict = vault.check_pin(tpk, block(TDES, 0, pin), PAN, "house", "", None)
        assert verdict.outcome == expected
    live = made(vault, "P0", mark="live")
    with pytest.raises(KeyMisused) as told:
        vault.check_pin(live, block(TDES, 0), PAN, "house", "", None)
    assert str(told.value) == (
        "key a.live.P0 is marked live and the test PIN of this world is marked test: "
        "they never meet"
    )
    with pytest.raises(KeyRefused):
        vault.keep_house_pin(Pin("123"))


def test_what_is_wrong_with_a_card_or_method_is_told() -> None:
    """A reference that is none, a method that is none, no verification key: nobody's PIN."""
    shown = block(TDES, 0)
    for reference in ("", "1234", "123456", "1234x", "\u0661" * 5):
        with pytest.raises(KeyRefused, match="visa-pvv"):
            VAULT.check_pin(TPK, shown, PAN, "visa-pvv", reference, PVK)
    for each in (shown, PinBlock("00" * 8), PinBlock("")):  # whatever is in the block
        with pytest.raises(KeyRefused, match="offset"):
            VAULT.check_pin(TPK, each, PAN, "ibm-3624", "12x4", IBM)
    with pytest.raises(KeyRefused, match="visa-pvv, ibm-3624, house"):
        VAULT.check_pin(TPK, shown, PAN, "guess", "", PVK)
    with pytest.raises(KeyRefused, match="needs a verification key"):
        VAULT.check_pin(TPK, shown, PAN, "visa-pvv", REFERENCE, None)


def test_a_reference_is_of_the_first_key_unless_another_is_named() -> None:
    """The index stands in front of the PVV, and is in it."""
    first = VAULT.pin_reference(PIN, PAN, "visa-pvv", PVK)
    third = VAULT.pin_reference(PIN, PAN, "visa-pvv", PVK, key_index=3)
    assert (first[0], third[0]) == ("1", "3")
    assert VAULT.pin_reference(PIN, PAN, "visa-pvv", PVK, key_index=1) == first
    assert VAULT.check_pin(TPK, block(TDES, 0), PAN, "visa-pvv", third, PVK).outcome == "good"


def test_no_reference_is_made_under_a_live_key() -> None:
    """A PIN in clear comes from a test world only (SR-PIN-03)."""
    with pytest.raises(KeyMisused, match="marked test only"):
        VAULT.pin_reference(PIN, PAN, "visa-pvv", made(VAULT, "V2", mark="live"))
    with pytest.raises(KeyMisused, match="must not make a PIN reference"):
        VAULT.pin_reference(PIN, PAN, "visa-pvv", made(VAULT, "V2", mode="V"))


SOURCES = {0: (TDES, TPK), 1: (TDES, TPK), 2: (TDES, TPK), 3: (TDES, TPK), 4: (AES, AES_TPK)}
TARGETS = {0: TPK, 1: TPK, 2: TPK, 3: TPK, 4: AES_TPK}
# SR-PIN-01, written down once more.
ALLOWED = {(0, 0), (0, 3), (0, 4), (3, 0), (3, 3), (3, 4), (4, 0), (4, 3), (4, 4)}
ALLOWED |= {(1, 0), (1, 1), (1, 3), (1, 4)}


@pytest.mark.parametrize(("source", "target"), list(product(range(5), range(5))))
@given(pin=pins)
@settings(max_examples=8)
def test_pins_are_translated_as_the_table_allows(source: int, target: int, pin: str) -> None:
    """SR-PIN-01, all pairs: the PIN stays the same, all else is refused."""
    value, key = SOURCES[source]
    shown = block(value, source, pin)
    if (source, target) not in ALLOWED:
        with pytest.raises(KeyRefused):
            VAULT.translate_pin(key, shown, PAN, TARGETS[target], target, formats=(source,))
        return
    got = VAULT.translate_pin(key, shown, PAN, TARGETS[target], target, formats=(source,))
    assert got.outcome == "made"
    assert got.block is not None
    assert len(got.block.reveal()) == (32 if target == 4 else 16)
    reference = VAULT.pin_reference(Pin(pin), PAN, "ibm-3624", IBM)
    checked = VAULT.check_pin(
        TARGETS[target], got.block, PAN, "ibm-3624", reference, IBM, formats=(target,)
    )
    assert checked.outcome == "good"


@given(pins, pans, pans)
def test_a_translation_never_changes_the_card(pin: str, pan: str, other: str) -> None:
    """SR-PIN-02: format 4 binds all of the PAN; of 0 and 3 what is made is still for the block's
    own card.
    """
    refused = VAULT.translate_pin(AES_TPK, block(AES, 4, pin, pan), Pan(other), AES_TPK, 4)
    assert (refused.outcome == "made") == (pan == other)
    assert (refused.block is None) == (pan != other)
    under = VAULT.translate_pin(TPK, block(TDES, 0, pin, pan), Pan(other), TPK, 0)
    if under.block is not None:
        assert under.block == block(TDES, 0, pin, pan)


def test_pins_are_translated_from_dukpt_to_a_zone_key_and_back() -> None:
    """A terminal's block for another institution; and the other way under a transaction's key."""
    ksn = parse(KSN)
    key = bytes(dukpt_tdes.working_key(dukpt_tdes.initial_key(BDK, ksn), ksn, "pin"))
    got = VAULT.translate_pin(TDES_BDK_KEY, block(key, 0), PAN, AES_TPK, 4, ksn=KSN)
    assert got.block is not None
    assert outcome(got.block, AES_TPK) == "good"
    back = VAULT.translate_pin(AES_TPK, got.block, PAN, AES_BDK_KEY, 4, destination_ksn=AES_KSN)
    assert back.block is not None
    assert outcome(back.block, AES_BDK_KEY, AES_KSN) == "good"
    assert outcome(back.block, AES_TPK) == "block_invalid"
    zero = VAULT.translate_pin(AES_TPK, got.block, PAN, AES_BDK_KEY, 0, destination_ksn=AES_KSN)
    assert zero.block is not None
    assert outcome(zero.block, AES_BDK_KEY, AES_KSN) == "good"
    for shown in (back.block, zero.block):
        again = VAULT.translate_pin(AES_BDK_KEY, shown, PAN, TPK, 0, ksn=AES_KSN)
        assert again.block == block(TDES, 0)
    bad = VAULT.translate_pin(TDES_BDK_KEY, block(key, 0), PAN, TPK, 0, ksn="FFFF9876543210E00000")
    assert (bad.outcome, bad.block) == ("block_invalid", None)
    with pytest.raises(KeyRefused, match="counter"):
        VAULT.translate_pin(
            TPK, block(TDES, 0), PAN, TDES_BDK_KEY, 0, destination_ksn="FFFF9876543210E00000"
        )


@pytest.mark.parametrize("spec", all_specs(), ids=str)
def test_no_other_key_takes_part_in_a_translation(spec: KeySpec) -> None:
    """SR-KEY-03: source deciphers, destination enciphers, and both bear one mark (SR-KEY-09)."""
    key = KeyUse("a.key", VAULT.make_key(spec).block)
    wide = spec.algorithm != "T"
    shown, target = (block(AES, 4), 4) if wide else (block(TDES, 0), 0)
    good = spec.usage == "P0" and spec.mark == "test" and spec.algorithm in "TA"
    if not (good and spec.mode in "DBN") and spec.algorithm != SM4_ALGORITHM:
        with pytest.raises(KeyMisused, match=r"a\.key"):
            VAULT.translate_pin(key, shown, PAN, AES_TPK if wide else TPK, target)
    if not (good and spec.mode in "EBN") and spec.algorithm != SM4_ALGORITHM:
        with pytest.raises(KeyMisused, match=r"a\.key"):
            VAULT.translate_pin(AES_TPK if wide else TPK, shown, PAN, key, target)
    if good and spec.mode in "EBN":
        assert VAULT.translate_pin(TPK, block(TDES, 0), PAN, key, target).outcome == "made"
    if good and spec.mode in "DBN":
        assert VAULT.translate_pin(key, shown, PAN, TPK, 0).outcome == "block_invalid"
