"""Second opinions: MACs, paddings, ciphers and check values held against psec."""

from __future__ import annotations

from collections.abc import Iterator
from warnings import catch_warnings, simplefilter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psec import aes as psec_aes
from psec import des as psec_des
from psec import mac as psec_mac

from switch.keys import ciphers
from switch.keys.check_value import check_value
from switch.keys.mac import mac
from switch.keys.mac_padding import pad

des_keys = st.binary(min_size=8, max_size=8)
double_keys = st.binary(min_size=16, max_size=16)
messages = st.binary(max_size=100)
paddings = st.sampled_from((1, 2, 3))


@pytest.fixture(autouse=True)
def _their_short_keys_are_theirs() -> Iterator[None]:
    """Their TDES keys of 16 bytes go to a primitive that warns of them."""
    with catch_warnings():
        simplefilter("ignore")
        yield


@settings(max_examples=100)
@given(messages, st.sampled_from((8, 16)))
def test_paddings_agree(message: bytes, block: int) -> None:
    """All three methods of ISO 9797-1, the empty message included."""
    assert pad(1, message, block) == psec_mac.pad_iso_1(message, block)
    assert pad(2, message, block) == psec_mac.pad_iso_2(message, block)
    assert pad(3, message, block) == psec_mac.pad_iso_3(message, block)


@settings(max_examples=60)
@given(double_keys, messages, paddings, st.integers(4, 8))
def test_algorithm_1_agrees(key: bytes, message: bytes, padding: int, length: int) -> None:
    """With double-length TDES keys."""
    ours = mac(f"iso9797-1/{padding}:{length}", key, message)
    assert ours == psec_mac.generate_cbc_mac(key, message, padding, length)


@settings(max_examples=60)
@given(des_keys, des_keys, messages, paddings, st.integers(4, 8))
def test_algorithm_3_agrees(
    first: bytes, second: bytes, message: bytes, padding: int, length: int
) -> None:
    """The retail MAC: one key of 16 bytes, or two apart."""
    theirs = psec_mac.generate_retail_mac(first, second, message, padding, length)
    assert mac(f"iso9797-3/{padding}:{length}", first + second, message) == theirs
    assert mac(f"iso9797-3/{padding}:{length}", first, message, second=second) == theirs
    if padding == 1:
        assert mac(f"x9.19:{length}", first + second, message) == theirs


@settings(max_examples=60)
@given(double_keys, st.binary(min_size=8, max_size=8), st.binary(min_size=1, max_size=64))
def test_tdes_agrees(key: bytes, iv: bytes, message: bytes) -> None:
    """By the block and chained; parity and check value."""
    whole = pad(1, message, 8)
    assert ciphers.tdes_encrypt(key, whole) == psec_des.encrypt_tdes_ecb(key, whole)
    assert ciphers.tdes_decrypt(key, whole) == psec_des.decrypt_tdes_ecb(key, whole)
    assert ciphers.tdes_cbc_encrypt(key, whole, iv) == psec_des.encrypt_tdes_cbc(key, iv, whole)
    assert ciphers.tdes_cbc_decrypt(key, whole, iv) == psec_des.decrypt_tdes_cbc(key, iv, whole)
    assert ciphers.odd_parity(key) == psec_des.adjust_key_parity(key)
    assert check_value("TDES", key) == psec_des.generate_kcv(key, 3)


@settings(max_examples=60)
@given(
    st.sampled_from((16, 24, 32)).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
    double_keys,
    st.binary(min_size=1, max_size=64),
)
def test_aes_agrees(key: bytes, iv: bytes, message: bytes) -> None:
    """By the block and chained."""
    whole = pad(1, message, 16)
    assert ciphers.aes_encrypt(key, whole) == psec_aes.encrypt_aes_ecb(key, whole)
    assert ciphers.aes_decrypt(key, whole) == psec_aes.decrypt_aes_ecb(key, whole)
    assert ciphers.aes_cbc_encrypt(key, whole, iv) == psec_aes.encrypt_aes_cbc(key, iv, whole)
    assert ciphers.aes_cbc_decrypt(key, whole, iv) == psec_aes.decrypt_aes_cbc(key, iv, whole)
