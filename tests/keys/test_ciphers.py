"""switch.keys.ciphers: block ciphers, and the few operations on key bytes that all standards share.

Values are of the vectors (mac.json, sm.json, kcv.json) and of NIST SP 800-38A and FIPS 197.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys import ciphers
from switch.keys.ciphers import CIPHERS, BlockCipher, CipherName
from switch.keys.port import KeyRefused

DOUBLE = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
NIST_AES = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")  # SP 800-38A, appendix F
NIST_BLOCK = bytes.fromhex("6BC1BEE22E409F96E93D7E117393172A")
Chain = Callable[..., bytearray]
LENGTHS = {"TDES": (8, 16, 24), "AES": (16, 24, 32), "SM4": (16,)}


@st.composite
def keyed(draw: st.DrawFn) -> tuple[CipherName, bytes, bytes]:
    """A cipher, a key that it takes, and one to six whole blocks."""
    name = draw(st.sampled_from(CIPHERS))
    length = draw(st.sampled_from(LENGTHS[name]))
    key = draw(st.binary(min_size=length, max_size=length))
    size = ciphers.block_size(name) * draw(st.integers(1, 6))
    return name, key, draw(st.binary(min_size=size, max_size=size))


@settings(max_examples=80)
@given(keyed())
def test_what_is_enciphered_is_deciphered(case: tuple[CipherName, bytes, bytes]) -> None:
    """Inverses, by the block and chained, from any first block."""
    name, key, data = case
    cipher = BlockCipher(name, key)
    assert cipher.name == name
    assert cipher.decrypt(cipher.encrypt(data)) == data
    iv = data[: ciphers.block_size(name)]
    assert ciphers.cbc_decrypt(name, key, ciphers.cbc_encrypt(name, key, data, iv), iv) == data
    odd = data[:-3]
    if name == "TDES":
        with pytest.raises(KeyRefused, match="AES and SM4 have"):
            ciphers.counter_mode(name, key, odd, iv)
        return
    assert ciphers.counter_mode(name, key, ciphers.counter_mode(name, key, odd, iv), iv) == odd


@settings(max_examples=60)
@given(keyed(), st.integers(1, 5))
def test_a_ready_cipher_gives_the_same_each_time(
    case: tuple[CipherName, bytes, bytes], times: int
) -> None:
    """Contexts are used again, and remember nothing of what went through them."""
    name, key, data = case
    cipher = BlockCipher(name, key)
    size = ciphers.block_size(name)
    first = cipher.encrypt(data)
    for _ in range(times):
        cipher.decrypt(data)
        assert cipher.encrypt(data) == first
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    assert b"".join(cipher.encrypt(block) for block in blocks) == first


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: ciphers.tdes_encrypt(DOUBLE, bytes(8)), "08D7B4FB629D0885"),
        (lambda: ciphers.aes_encrypt(NIST_AES, NIST_BLOCK), "3AD77BB40D7A3660A89ECAF32466EF97"),
        (
            lambda: ciphers.aes_cbc_encrypt(NIST_AES, NIST_BLOCK, bytes(range(16))),
            "7649ABAC8119B246CEE98E9B12E9197D",
        ),
        (
            lambda: ciphers.sm4_encrypt(DOUBLE, DOUBLE),
            "681EDF34D206965E86B3E94F536E4246",
        ),  # sm-d001
        (
            lambda: ciphers.counter_mode(
                "SM4", DOUBLE, b"\xaa" * 16 + b"\xbb" * 16 + b"\xcc" * 5, bytes(range(16))
            ),  # sm-d004
            "AC3236CB970CC20780275D284B0253C0D4BCB6F0FB1847BA612AA85E3ABB16A1D0169E2C06",
        ),
    ],
)
def test_published_values(make: Callable[[], bytearray], expected: str) -> None:
    """TDES, AES by itself and chained, SM4 by itself and as a counter."""
    assert make().hex().upper() == expected


@pytest.mark.parametrize(
    ("forward", "back", "key"),
    [
        (ciphers.des_encrypt, ciphers.des_decrypt, DOUBLE[:8]),
        (ciphers.tdes_encrypt, ciphers.tdes_decrypt, DOUBLE),
        (ciphers.aes_encrypt, ciphers.aes_decrypt, DOUBLE),
        (ciphers.sm4_encrypt, ciphers.sm4_decrypt, DOUBLE),
        (ciphers.tdes_cbc_encrypt, ciphers.tdes_cbc_decrypt, DOUBLE),
        (ciphers.aes_cbc_encrypt, ciphers.aes_cbc_decrypt, DOUBLE),
    ],
)
def test_the_named_ones_are_inverses(
    forward: Callable[[bytes, bytes], bytearray],
    back: Callable[[bytes, bytes], bytearray],
    key: bytes,
) -> None:
    """What comes out may be a key: a bytearray, which the caller overwrites (SR-KEY-13)."""
    enciphered = forward(key, NIST_BLOCK)
    assert isinstance(enciphered, bytearray)
    assert enciphered != NIST_BLOCK
    assert back(key, bytes(enciphered)) == NIST_BLOCK


@settings(max_examples=20)
@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_the_named_chains_begin_with_the_block_that_is_given(data: bytes, iv: bytes) -> None:
    """Of TDES and AES, both ways; a block of zeros where there is none."""
    named: tuple[tuple[CipherName, Chain, Chain], ...] = (
        ("TDES", ciphers.tdes_cbc_encrypt, ciphers.tdes_cbc_decrypt),
        ("AES", ciphers.aes_cbc_encrypt, ciphers.aes_cbc_decrypt),
    )
    for name, forward, back in named:
        start = iv[: ciphers.block_size(name)]
        made = forward(DOUBLE, data, start)
        assert made == ciphers.cbc_encrypt(name, DOUBLE, data, start)
        assert back(DOUBLE, made, start) == data
        assert forward(DOUBLE, data) == forward(DOUBLE, data, bytes(len(start)))


def test_a_key_of_a_right_length_is_taken() -> None:
    """By every cipher, each length of its own."""
    for name, lengths in LENGTHS.items():
        for length in lengths:
            ciphers.check_key(next(each for each in CIPHERS if each == name), bytes(length))


def test_no_key_stays_in_a_primitive_that_was_used_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """SR-KEY-13: by the block, chained and as a counter, the library's copy is overwritten."""
    held: list[bytearray] = []

    def watched(cipher: CipherName, key: bytes | bytearray) -> object:
        made = made_by(cipher, key)
        key_held = getattr(made, "key", None)
        assert isinstance(key_held, bytearray)
        assert any(key_held)
        held.append(key_held)
        return made

    made_by = ciphers.algorithm
    monkeypatch.setattr(ciphers, "algorithm", watched)
    ciphers.aes_encrypt(DOUBLE, NIST_BLOCK)
    ciphers.tdes_decrypt(DOUBLE, NIST_BLOCK)
    ciphers.cbc_encrypt("AES", DOUBLE, NIST_BLOCK)
    ciphers.counter_mode("SM4", DOUBLE, NIST_BLOCK, bytes(16))
    assert [any(key) for key in held] == [False] * 4


def test_single_des_is_tdes_with_one_key_three_times() -> None:
    """ANSI X9.52, keying option 3; two keys are used as K1, K2, K1."""
    assert ciphers.des_encrypt(DOUBLE[:8], bytes(8)) == ciphers.tdes_encrypt(
        DOUBLE[:8] * 3, bytes(8)
    )
    assert ciphers.expand(DOUBLE[:8]) == DOUBLE[:8] * 3
    assert ciphers.expand(DOUBLE) == DOUBLE + DOUBLE[:8]
    assert ciphers.expand(DOUBLE + NIST_AES[:8]) == DOUBLE + NIST_AES[:8]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: BlockCipher("TDES", bytes(15)),
            "TDES key has 15 bytes: 8 (single DES), 16 or 24 are right",
        ),
        (lambda: ciphers.expand(bytes(15)), "the TDES key has 15 bytes"),
        (lambda: ciphers.check_key("AES", bytes(8)), "the AES key has 8 bytes: 16, 24 or 32"),
        (lambda: BlockCipher("AES", bytes(20)), "AES key has 20 bytes: 16, 24 or 32 are right"),
        (lambda: BlockCipher("SM4", bytes(24)), "24 bytes: 16 are right"),
        (lambda: BlockCipher("DES3", bytes(24)), "no such cipher; there are TDES, AES, SM4"),  # type: ignore[arg-type]
        (lambda: ciphers.des_encrypt(bytes(16), bytes(8)), "16 bytes: 8 are right"),
        (lambda: ciphers.tdes_encrypt(DOUBLE, bytes(9)), "9 bytes are no whole blocks of 8"),
        (lambda: ciphers.aes_cbc_encrypt(DOUBLE, bytes(16), bytes(8)), "16 are right for AES"),
        (lambda: ciphers.counter_mode("SM4", DOUBLE, b"", bytes(8)), "16 are right for SM4"),
        (lambda: ciphers.xor(bytes(2), bytes(3)), "2 bytes cannot be combined with 3"),
    ],
)
def test_refusals_say_what_would_be_right(call: Callable[[], object], said: str) -> None:
    """Lengths only, never a value."""
    with pytest.raises(KeyRefused, match=re.escape(said)):
        call()


def test_a_wiped_cipher_is_of_no_use() -> None:
    """SR-KEY-13: the key that it held is overwritten, and a new context cannot be made of zeros."""
    cipher = BlockCipher("TDES", DOUBLE)
    cipher.encrypt(bytes(8))
    held = cipher._algorithm
    assert held is not None
    cipher.wipe()
    assert held.key == bytes(24)
    for use in (cipher.encrypt, cipher.decrypt):
        with pytest.raises(KeyRefused, match="wiped"):
            use(bytes(8))
    cipher.wipe()  # once more does no harm


def test_a_cipher_keeps_a_copy_of_its_key() -> None:
    """The caller may overwrite the key at once."""
    key = bytearray(DOUBLE)
    cipher = BlockCipher("AES", key)
    ciphers.wipe(key)
    assert key == bytes(16)
    assert cipher.encrypt(bytes(16)) == ciphers.aes_encrypt(DOUBLE, bytes(16))


def test_a_cipher_shows_nothing_of_its_key() -> None:
    """Its kind at most."""
    assert DOUBLE.hex() not in repr(BlockCipher("AES", DOUBLE)).lower()


@given(st.binary(max_size=32))
def test_odd_parity_is_odd_and_stays(key: bytes) -> None:
    """Only the lowest bit of each byte changes; kcv-d022, kcv-d023."""
    adjusted = ciphers.odd_parity(key)
    assert all(byte.bit_count() % 2 == 1 for byte in adjusted)
    assert ciphers.odd_parity(adjusted) == adjusted
    assert all((one ^ other) in (0, 1) for one, other in zip(key, adjusted, strict=True))
    assert ciphers.odd_parity(bytes.fromhex("1A2B3C4D5F0A1B2C")).hex() == "1a2a3d4c5e0b1a2c"
    before = bytearray(key)
    assert ciphers.with_parity(before) == adjusted == ciphers.odd_parity(bytearray(key))
    assert not any(before)
    for same_key in (key, bytearray(key)):
        assert isinstance(ciphers.odd_parity(same_key), bytearray)  # the caller overwrites it


@given(st.binary(max_size=32), st.data())
def test_xor_is_bit_by_bit(left: bytes, draw: st.DataObject) -> None:
    """As of two numbers; what comes out may be a key, which the caller overwrites."""
    right = draw.draw(st.binary(min_size=len(left), max_size=len(left)))
    both = int.from_bytes(left, "big") ^ int.from_bytes(right, "big")
    assert ciphers.xor(left, bytearray(right)) == both.to_bytes(len(left), "big")
    assert isinstance(ciphers.xor(left, right), bytearray)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_same_is_equality(left: bytes, right: bytes) -> None:
    """SR-KEY-16: in constant time, but the same answer."""
    assert ciphers.same(left, bytearray(left))
    assert ciphers.same(left, right) == (left == right)
