"""switch.keys.sm: SM3, and working keys under a terminal master key. Values are of sm.json."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys.check_value import check_value
from switch.keys.ciphers import BlockCipher, Key, sm4_decrypt
from switch.keys.pin_cipher import decipher, encipher, translate
from switch.keys.port import KeyRefused, PinBlockRefused
from switch.keys.sm import sm3, unwrap_sm4_key, wrap_sm4_key

MASTER = bytes.fromhex("1234567890ABCDEFABCDEF0987654321")
WORKING = bytes.fromhex("F351D490994603795C6EBEE8FAEBB481")
CRYPTOGRAM = bytes.fromhex("3D66234C49E4296FF9C78D8BACBD6A76")
CHECK = bytes.fromhex("861E83E31FAEBF10")
TDES = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
keys = st.binary(min_size=16, max_size=16)


def test_sm3_gives_the_published_hashes() -> None:
    """sm-d027, sm-d028 (GB/T 32905)."""
    assert sm3(b"abc").hex().upper() == (
        "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0"
    )
    assert sm3(bytearray(b"abcd" * 16)).hex().upper() == (
        "DEBE9FF92275B8A138604889C18E5A4D6FDB70E5387E5765293DCBA39C0C5732"
    )


def test_a_working_key_comes_out() -> None:
    """sm-d023, with the whole check value and with the line's four bytes."""
    assert wrap_sm4_key(MASTER, WORKING) == CRYPTOGRAM
    for length in (8, 4, 3):
        key = unwrap_sm4_key(MASTER, CRYPTOGRAM, CHECK[:length])
        assert isinstance(key, bytearray)
        assert key == WORKING


@settings(max_examples=40)
@given(keys, keys, st.integers(0, 127))
def test_a_changed_cryptogram_is_refused(master: bytes, key: bytes, bit: int) -> None:
    """sm-d038: nothing but the check value protects it, so it must be right."""
    told = check_value("SM4", key)
    wrapped = bytearray(wrap_sm4_key(master, key))
    assert unwrap_sm4_key(master, wrapped, told) == key
    wrapped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(KeyRefused, match="check value"):
        unwrap_sm4_key(master, wrapped, told)


@pytest.mark.parametrize(
    ("cryptogram", "told", "said"),
    [
        (CRYPTOGRAM[:8], CHECK, "8 bytes: 16"),
        (CRYPTOGRAM, b"", "2 to 16"),
        (CRYPTOGRAM, CHECK[:1], "2 to 16"),
    ],
)
def test_what_cannot_be_a_key_is_refused(cryptogram: bytes, told: bytes, said: str) -> None:
    """Lengths, and a check value that would say nothing."""
    with pytest.raises(KeyRefused, match=said):
        unwrap_sm4_key(MASTER, cryptogram, told)


def test_a_key_that_is_refused_is_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """SR-KEY-13: it may be right, with its check value mistyped."""
    held: list[bytearray] = []

    def watched(master: Key, cryptogram: Key) -> bytearray:
        held.append(sm4_decrypt(master, cryptogram))
        assert any(held[-1])
        return held[-1]

    monkeypatch.setattr("switch.keys.sm.sm4_decrypt", watched)
    with pytest.raises(KeyRefused, match="check value"):
        unwrap_sm4_key(MASTER, CRYPTOGRAM, bytes(4))
    assert held == [bytearray(16)]


def test_only_sm4_keys_are_wrapped() -> None:
    """16 bytes."""
    with pytest.raises(KeyRefused, match="the SM4 key has 24 bytes"):
        wrap_sm4_key(MASTER, bytes(24))


def test_a_pin_block_goes_from_tdes_to_sm4() -> None:
    """sm-d026, and back again."""
    tdes, sm4 = BlockCipher("TDES", TDES), BlockCipher("SM4", MASTER)
    pan, block = "6222021234567890123", bytes.fromhex("2A084C604973D4AE")
    made = translate(tdes, [0], block, pan, sm4, 0, lambda _: "")
    assert made.hex().upper() == "3AE94486B4366048CF65E0594EA1E4E6"
    assert translate(sm4, [0], made, pan, tdes, 0, lambda _: "") == block


@settings(max_examples=40)
@given(
    keys,
    st.text("0123456789", min_size=4, max_size=12),
    st.text("0123456789", min_size=13, max_size=19),
)
def test_the_pin_survives_its_block_under_sm4(key: bytes, pin: str, pan: str) -> None:
    """Enciphered and deciphered; a block of the length of TDES is refused like any other."""
    cipher = BlockCipher("SM4", key)
    block = encipher(cipher, 0, pin, pan)
    assert len(block) == 16
    assert decipher(cipher, 0, block, pan) == pin
    with pytest.raises(PinBlockRefused):
        decipher(cipher, 0, block[:8], pan)
