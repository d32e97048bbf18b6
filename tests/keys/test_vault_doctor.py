"""The vault's doctor: what would have fitted is told of keys marked test alone, with keys marked
test alone, and no question to it can fail or change a verdict.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.keys.ciphers import BlockCipher, odd_parity
from switch.keys.emv_card import ChipCard
from switch.keys.mac import mac
from switch.keys.pin_block import fill_for
from switch.keys.pin_cipher import encipher
from switch.keys.port import KeySpec
from switch.keys.vault_doctor import DoctorDesk
from switch.keys.vault_room import TESTS, VaultRoom
from switch.model.security import KeyUse
from switch.values import ChipData, PinBlock
from tests.keys.chip_room import ISSUER, TERMINAL, room
from tests.keys.vault_kit import AES_BDK, AES_KSN, BDK, KSN, PAN

DATA = b"0200 a message of which the MAC is wrong"
COVERED = [("", DATA), ("with the header in front", b"HEAD" + DATA)]
MODES = {"B0": "X", "E0": "X", "P0": "B", "M3": "C", "M6": "C", "M7": "C"}


def kept(
    inner: VaultRoom,
    usage: str,
    value: bytes,
    *,
    name: str = "terminal.T1.tak",
    mark: str = "test",
    algorithm: str = "T",
) -> KeyUse:
    """A given key, opened once as any use of it does."""
    spec = KeySpec(usage, algorithm, len(value), MODES[usage], "E", mark)
    key = KeyUse(name, inner.sealed(spec, bytearray(value)).block)
    inner.looked_at(key)
    return key


def fresh() -> bytes:
    """A TDES key that nobody knows."""
    return bytes(odd_parity(os.urandom(16)))


def pin_block(key: bytes, block_format: int = 3) -> PinBlock:
    """A block under a PIN key, in a format that is not asked for."""
    fill = fill_for(block_format, 4, os.urandom)
    block = encipher(BlockCipher("TDES", key), block_format, "1234", PAN.reveal(), fill)
    return PinBlock(block.hex().upper())


def chip_data() -> ChipData:
    """Of a card whose sequence number is 01."""
    card = ChipCard("visa-cvn18", PAN.reveal(), "01", ISSUER)
    return ChipData(card.chip_data(TERMINAL, 5).hex().upper())


@pytest.mark.parametrize("mark", ["test", "live"])
def test_live_keys_say_nothing(mark: str) -> None:
    """The same mistake, told of a test key and not told of a live one."""
    inner, value = room(), fresh()
    doctor = DoctorDesk(inner)
    key = kept(inner, "M3", value, mark=mark)
    pin_key = kept(inner, "P0", value, mark=mark)
    padded = mac("x9.19/2:8", value, DATA)
    said = [
        doctor.why_mac(key, "x9.19:8", COVERED, padded),
        doctor.why_mac(key, "x9.19:8", COVERED, mac("x9.19:8", value, COVERED[1][1])),
        doctor.why_pin(pin_key, pin_block(value), PAN, formats=(0,)),
    ]
    if mark == "live":
        assert said == ["", "", ""]
    else:
        assert [each.partition(":")[0] for each in said] == [
            "it would fit with padding 2 of ISO 9797-1 (x9.19/2",
            "it would fit with the header in front",
            "it would be a PIN block in format 3",
        ]


def test_a_live_base_key_says_nothing() -> None:
    """DUKPT and chip cards alike."""
    inner, value = room(), fresh()
    doctor = DoctorDesk(inner)
    base = kept(inner, "B0", value, name="bdk.FFFF987654", mark="live")
    made = inner.transaction_key(base, KSN, "mac_response", "T")
    assert doctor.why_mac(base, "x9.19:8", COVERED, mac("x9.19:8", made, DATA), KSN) == ""
    issuer = kept(inner, "E0", value, name="issuer.live.imk_ac", mark="live")
    card = ChipCard("visa-cvn18", PAN.reveal(), "01", value).chip_data(TERMINAL, 5)
    chip = ChipData(card.hex().upper())
    assert doctor.why_cryptogram(issuer, "visa-cvn18", chip, PAN, "00") == ""


def test_a_live_key_is_never_tried_in_place_of_a_test_key() -> None:
    """Not even where it fits."""
    inner, live = room(), fresh()
    doctor = DoctorDesk(inner)
    key = kept(inner, "M3", fresh())
    kept(inner, "M3", live, name="terminal.T2.tak", mark="live")
    made = mac("x9.19:8", live, DATA)
    assert doctor.why_mac(key, "x9.19:8", COVERED, made) == ""
    kept(inner, "M3", live, name="terminal.T3.tak")
    assert "under terminal.T3.tak" in doctor.why_mac(key, "x9.19:8", COVERED, made)


@pytest.mark.parametrize("mark", ["test", "live"])
def test_the_terminals_own_keys_are_tried_whenever_they_were_used_last(mark: str) -> None:
    """Those that are given are opened for it, if they can be, and are test keys."""
    inner, right = room(), fresh()
    doctor = DoctorDesk(inner)
    key = kept(inner, "M3", fresh())
    spec = KeySpec("P0", "T", 16, "B", "E", mark)
    given = KeyUse("terminal.T1.tpk", inner.sealed(spec, bytearray(right)).block)
    for number in range(TESTS):
        kept(inner, "M3", fresh(), name=f"terminal.X{number}.tak")
    made = mac("x9.19:8", right, DATA)
    broken = KeyUse("terminal.T1.tmk", "D0000 no block")
    said = doctor.why_mac(key, "x9.19:8", COVERED, made, others=(broken, given))
    assert said.startswith("it would fit under terminal.T1.tpk") is (mark == "test")
    assert bool(said) is (mark == "test")
    block = doctor.why_pin(key, pin_block(right), PAN, formats=(3,), others=(given,))
    assert ("under terminal.T1.tpk" in block) is (mark == "test")


def test_other_test_keys_are_tried_the_likeliest_first() -> None:
    """Of another exchange, of the same terminal, of other terminals; keys of another kind not."""
    inner, value, right = room(), fresh(), fresh()
    doctor = DoctorDesk(inner)
    key = kept(inner, "M3", value)
    made = mac("x9.19:8", right, DATA)
    for usage, name, said in (
        ("M3", "terminal.T9.tak", "under terminal.T9.tak"),
        ("P0", "terminal.T1.tpk", "under terminal.T1.tpk"),
        ("M3", "terminal.T1.tak", "under terminal.T1.tak of another exchange"),
    ):
        kept(inner, usage, right, name=name)
        assert doctor.why_mac(key, "x9.19:8", COVERED, made).startswith(f"it would fit {said}:")
    kept(inner, "P0", right, name="terminal.T8.tpk")
    assert "T8" not in doctor.why_mac(key, "x9.19:8", COVERED, made)


def test_transactions_of_both_schemes_are_looked_at() -> None:
    """Response instead of request, another counter, another key set."""
    inner = room()
    doctor = DoctorDesk(inner)
    base = kept(inner, "B0", BDK, name="bdk.FFFF987654")
    aes = kept(inner, "B0", AES_BDK, name="bdk.12345678", algorithm="A")
    other = kept(inner, "B0", fresh(), name="bdk.FFFF000001")
    made = inner.transaction_key(base, KSN, "mac_response", "T")
    said = doctor.why_mac(base, "x9.19:8", COVERED, mac("x9.19:8", made, DATA), KSN)
    assert said.startswith("it would fit under the transaction's key for MACs of responses:")
    made = inner.transaction_key(aes, AES_KSN[:-1] + "3", "mac_request", "A")
    said = doctor.why_mac(aes, "cmac-aes:8", COVERED, mac("cmac-aes:8", made, DATA), AES_KSN)
    assert said.startswith("it would fit under the key of counter 3, 2 ahead:")
    made = inner.transaction_key(other, KSN, "pin", "T")
    said = doctor.why_pin(base, pin_block(bytes(made), 0), PAN, formats=(0,), ksn=KSN)
    assert said.startswith("it would be a PIN block under a key of bdk.FFFF000001:")


def test_a_cryptogram_is_looked_at() -> None:
    """With the sequence number that is asked for, or else the card's own."""
    inner = room()
    doctor = DoctorDesk(inner)
    issuer = kept(inner, "E0", ISSUER, name="issuer.demo.imk_ac")
    said = doctor.why_cryptogram(issuer, "visa-cvn18", chip_data(), PAN, "00")
    assert said.startswith("it would fit with PAN sequence number 01:")
    assert doctor.why_cryptogram(issuer, "visa-cvn18", chip_data(), PAN, "") == ""


def test_so_many_keys_are_remembered_and_no_more() -> None:
    """The newest; a closed vault remembers none."""
    inner = room()
    for number in range(TESTS + 5):
        kept(inner, "M3", fresh(), name=f"terminal.T{number}.tak")
    names = [name for name, _ in inner.tests()]
    assert names == [f"terminal.T{number}.tak" for number in range(TESTS + 4, 4, -1)]
    inner.close()
    assert list(inner.tests()) == []


@given(st.binary(max_size=20), st.text("0123456789ABCDEFG", max_size=26), st.text(max_size=12))
def test_no_question_fails(received: bytes, ksn: str, scheme: str) -> None:
    """Whatever came: the doctor is asked about what is wrong."""
    inner = room()
    doctor = DoctorDesk(inner)
    base = kept(inner, "B0", BDK, name="bdk.FFFF987654")
    nobody = KeyUse("terminal.T1.tak", "no block")
    for key in (base, nobody):
        for given_scheme in (scheme, "x9.19:8", "cmac-aes"):
            doctor.why_mac(key, given_scheme, COVERED, received, ksn)
        block = PinBlock(received.hex().upper())
        doctor.why_pin(key, block, PAN, ksn=ksn)
        chip = ChipData(received.hex().upper())
        assert doctor.why_cryptogram(key, "auto", chip, PAN, scheme) == ""
    assert "DoctorDesk()" in repr(doctor)
