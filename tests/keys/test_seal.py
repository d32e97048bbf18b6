"""Sealed card numbers: bound to their row, tamper-proof, found by token only (SR-PAN-03)."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from switch.keys.port import VaultError
from switch.keys.seal import NONCE_LENGTH, Sealer, Tokens

KEY = bytes(range(32))
PAN = "4761739001010010"


def sealer(generation: int = 1) -> Sealer:
    """With the operating system's nonces."""
    return Sealer(bytearray(KEY), generation, os.urandom)


@given(digits=st.from_regex(r"[0-9]{8,19}", fullmatch=True), row_id=st.text(max_size=40))
def test_what_was_sealed_opens_for_its_row(digits: str, row_id: str) -> None:
    """Any PAN, any row id."""
    assert sealer().open(sealer().seal(digits, row_id), row_id) == digits


@given(row_id=st.text(max_size=20), other=st.text(max_size=20))
def test_it_opens_for_no_other_row(row_id: str, other: str) -> None:
    """A sealed text that was moved to another row is refused."""
    sealed = sealer().seal(PAN, row_id)
    if other != row_id:
        with pytest.raises(VaultError, match="does not open"):
            sealer().open(sealed, other)


def test_the_shape_is_what_the_port_says() -> None:
    """Base64 of generation, nonce, ciphertext and tag; another implementation can open it."""
    sealed = Sealer(bytearray(KEY), 7, lambda length: b"n" * length).seal(PAN, "row")
    data = urlsafe_b64decode(sealed)
    assert data[0] == 7
    assert data[1 : 1 + NONCE_LENGTH] == b"n" * NONCE_LENGTH
    opened = AESGCM(KEY).decrypt(b"n" * NONCE_LENGTH, data[1 + NONCE_LENGTH :], b"row")
    assert opened == PAN.encode()


def test_every_changed_byte_is_noticed() -> None:
    """Each byte of a sealed text in turn, and each shorter text."""
    data = urlsafe_b64decode(sealer().seal(PAN, "row"))
    for place in range(len(data)):
        bad = data[:place] + bytes([data[place] ^ 0x20]) + data[place + 1 :]
        for text in (bad, data[:place]):
            with pytest.raises(VaultError) as refused:
                sealer().open(urlsafe_b64encode(text).decode(), "row")
            assert PAN not in str(refused.value)


@pytest.mark.parametrize("text", ["", "A", "AAAA", "not base64!", "é", "A" * 60 + "\n="])
def test_what_is_no_sealed_text_is_refused(text: str) -> None:
    """Always a VaultError, never another exception."""
    with pytest.raises(VaultError):
        sealer().open(text, "row")


def test_a_text_of_another_generation_is_named() -> None:
    """After a rotation one wants to know which key is missing."""
    with pytest.raises(VaultError, match="under data key 2, the vault holds 1"):
        sealer(1).open(sealer(2).seal(PAN, "row"), "row")


def test_each_seal_takes_a_fresh_nonce() -> None:
    """One nonce under one key twice would break the seal."""
    asked = itertools.count()
    counting = Sealer(bytearray(KEY), 1, lambda length: next(asked).to_bytes(length))
    sealed = {counting.seal(PAN, "row") for _ in range(50)}
    assert len(sealed) == 50
    assert next(asked) == 50


@given(text=st.text(alphabet="0123456789", max_size=19))
def test_a_token_is_hmac_sha_256(text: str) -> None:
    """All 64 hex digits of it; the kept state is not used up."""
    tokens = Tokens(bytearray(KEY))
    expected = hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()
    assert tokens.token(text) == expected
    assert tokens.token(text) == expected
