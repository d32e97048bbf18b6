"""switch.keys.clear_keys: what a key must be like when it comes in, and keys of components."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.keys.check_value import KeyKind, check_value
from switch.keys.ciphers import des_encrypt, odd_parity, xor
from switch.keys.clear_keys import WEAK, combine, has_odd_parity, refuse_unfit
from switch.keys.port import KeyRefused

GOOD = bytes.fromhex("0123456789ABCDEF")
OTHER = bytes.fromhex("FEDCBA9876543211")
THIRD = bytes.fromhex("1122334455667788")


def test_weak_keys_are_weak() -> None:
    """NIST SP 800-67: four undo themselves, the twelve others each other in pairs."""
    block = b"any text"
    undoes = {
        one: other
        for one, other in product(WEAK, WEAK)
        if des_encrypt(other, des_encrypt(one, block)) == block
    }
    assert set(undoes) == set(undoes.values()) == WEAK
    assert len(WEAK) == 16
    assert len([key for key, other in undoes.items() if key == other]) == 4
    assert all(has_odd_parity(key) for key in WEAK)


@pytest.mark.parametrize("weak", sorted(WEAK))
def test_a_weak_part_spoils_the_key(weak: bytes) -> None:
    """SR-KEY-10: wherever it stands, with parity or without."""
    without_parity = bytes(byte & 0xFE for byte in weak)
    for part in (weak, without_parity):
        for key in (part + GOOD, GOOD + part, GOOD + OTHER + part):
            with pytest.raises(KeyRefused, match=r"weak|equal bytes"):
                refuse_unfit("TDES", key)
        with pytest.raises(KeyRefused, match=r"weak|equal bytes"):
            refuse_unfit("TDES", part, single_des=True)


@pytest.mark.parametrize(
    ("kind", "key", "said"),
    [
        ("TDES", GOOD, "single DES"),
        ("TDES", GOOD + GOOD, "leaves single DES"),
        ("TDES", GOOD + bytes(byte ^ 1 for byte in GOOD), "leaves single DES"),
        ("TDES", GOOD + GOOD + OTHER, "leaves single DES"),
        ("TDES", OTHER + GOOD + GOOD, "leaves single DES"),
        ("TDES", GOOD + OTHER + GOOD, "give it as 16 bytes"),
        ("TDES", b"\xa5" * 16, "equal bytes only"),
        ("TDES", bytes(17), "17 bytes"),
        ("AES", bytes(16), "equal bytes only"),
        ("AES", GOOD, "8 bytes"),
        ("SM4", b"\x55" * 16, "equal bytes only"),
        ("HMAC", GOOD, "16 or more"),
        ("HMAC", bytes(32), "equal bytes only"),
    ],
)
def test_unfit_keys_are_refused(kind: KeyKind, key: bytes, said: str) -> None:
    """SR-KEY-10: the rule is named, no byte of the key is."""
    with pytest.raises(KeyRefused, match=said) as refused:
        refuse_unfit(kind, key)
    assert key.hex() not in str(refused.value).lower()


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("TDES", GOOD + OTHER),
        ("TDES", GOOD + OTHER + THIRD),
        ("AES", GOOD + GOOD),  # equal halves are no weakness of AES
        ("SM4", GOOD + OTHER),
        ("HMAC", GOOD + OTHER),
    ],
)
def test_fit_keys_pass(kind: KeyKind, key: bytes) -> None:
    """Nothing is raised."""
    refuse_unfit(kind, key)


def test_single_des_passes_only_by_its_name() -> None:
    """SR-KEY-10: the UnionPay line's MAC keys."""
    refuse_unfit("TDES", GOOD, single_des=True)


def test_parity_is_nothing_to_refuse_a_key_for() -> None:
    """SR-KEY-10: no scheme here has it. With any parity the key has the same check value; XORed
    components and derived keys have any.
    """
    crooked = bytes([GOOD[0] ^ 1, *GOOD[1:]]) + OTHER
    refuse_unfit("TDES", crooked)
    refuse_unfit("TDES", odd_parity(crooked))
    assert check_value("TDES", crooked) == check_value("TDES", odd_parity(crooked))


@given(st.integers(2, 5), st.sampled_from((8, 16, 24, 32)), st.data())
def test_components_make_the_key_in_any_order(count: int, size: int, draw: st.DataObject) -> None:
    """SR-KEY-06: XOR; the components themselves are left as they are, for the caller to wipe."""
    part = st.binary(min_size=size, max_size=size).map(bytearray)
    parts = draw.draw(st.lists(part, min_size=count, max_size=count))
    before = [bytes(each) for each in parts]
    key = combine(parts)
    assert [bytes(each) for each in parts] == before
    assert combine(parts[::-1]) == key
    rest = bytearray(parts[0])
    for each in parts[1:]:
        rest = xor(rest, each)
    assert rest == key


def test_one_component_is_the_whole_key() -> None:
    """Refused, as are components of two lengths."""
    with pytest.raises(KeyRefused, match="two or more"):
        combine([bytearray(16)])
    with pytest.raises(KeyRefused, match="8, 16 bytes: equal lengths"):
        combine([bytearray(8), bytearray(16)])


@given(st.binary(min_size=1, max_size=24))
def test_a_crooked_byte_is_seen(key: bytes) -> None:
    """Each byte counts."""
    straight = odd_parity(key)
    assert has_odd_parity(straight)
    for place in range(len(straight)):
        crooked = bytearray(straight)
        crooked[place] ^= 0x10
        assert not has_odd_parity(crooked)
