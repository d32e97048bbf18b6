"""switch.keys.check_value: what may be told of a key. Values are of kcv.json and sm.json."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys.check_value import METHODS, USUAL, KeyKind, check_value, check_value_fits
from switch.keys.ciphers import odd_parity
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

PUBLISHED: list[tuple[KeyKind, str, str, int, str]] = [
    ("TDES", "", "0123456789ABCDEFFEDCBA9876543210", 0, "08D7B4"),  # kcv-d001
    ("TDES", "ecb_zero", "731A4FEA68085E2040757C040D0161E31ACD32FBCE57D579", 3, "1D63FA"),
    ("AES", "", "3F419E1CB7079442AA37474C2EFBF8B8", 0, "08793E25AB"),  # kcv-d012
    ("AES", "ecb_zero", "00112233445566778899AABBCCDDEEFF", 3, "FDE4FB"),  # kcv-d014
    ("AES", "cmac_zero_block", "00112233445566778899AABBCCDDEEFF", 3, "53E107"),  # kcv-d015
    ("AES", "cmac_empty", "00112233445566778899AABBCCDDEEFF", 3, "917737"),  # kcv-d016
    ("HMAC", "", "00112233445566778899AABBCCDDEEFF", 0, "E8A065"),  # kcv-d017
    ("SM4", "", "F351D490994603795C6EBEE8FAEBB481", 8, "861E83E31FAEBF10"),  # kcv-d018
    ("SM4", "", "F351D490994603795C6EBEE8FAEBB481", 0, "861E83E3"),
]


@pytest.mark.parametrize(("kind", "method", "key", "length", "expected"), PUBLISHED)
def test_published_values(kind: KeyKind, method: str, key: str, length: int, expected: str) -> None:
    """Each method, in the length asked for or the usual one; it fits, and nothing else does."""
    made = check_value(kind, bytes.fromhex(key), method, length)
    assert made.hex().upper() == expected
    assert check_value_fits(kind, bytes.fromhex(key), made, method)
    assert not check_value_fits(kind, bytes.fromhex(key), made[:-1] + b"\0", method)


def test_no_more_is_shown_than_the_standard_does() -> None:
    """SR-KEY-08: TDEA 3 bytes, AES 5 of the CMAC; SM4 4, the UnionPay line's exception."""
    assert {kind: (usual.method, usual.length) for kind, usual in USUAL.items()} == {
        "TDES": ("ecb_zero", 3),
        "AES": ("cmac_zero_block", 5),
        "SM4": ("ecb_zero", 4),
        "HMAC": ("hmac_sha256_empty", 3),
    }
    assert set(USUAL) == set(get_args(KeyKind))


@settings(max_examples=40)
@given(st.sampled_from((8, 16, 24)), st.data())
def test_parity_does_not_change_a_check_value(length: int, draw: st.DataObject) -> None:
    """DES ignores the lowest bits."""
    key = draw.draw(st.binary(min_size=length, max_size=length))
    assert check_value("TDES", key) == check_value("TDES", odd_parity(key))


@pytest.mark.parametrize("kind", get_args(KeyKind))
@pytest.mark.parametrize("method", METHODS)
def test_a_method_belongs_to_its_keys(kind: KeyKind, method: str) -> None:
    """HMAC keys have their own; the methods of a cipher all differ."""
    key = bytes(range(16))
    if (kind == "HMAC") != (method == "hmac_sha256_empty"):
        with pytest.raises(KeyRefused, match="no check value of that method"):
            check_value(kind, key, method)
    else:
        others = [name for name in METHODS if name not in (method, "hmac_sha256_empty")]
        if kind != "HMAC":
            assert check_value(kind, key, method) not in [
                check_value(kind, key, other) for other in others
            ]


@pytest.mark.parametrize(
    ("kind", "length", "said"),
    [("TDES", 1, "2 to 8"), ("TDES", 9, "2 to 8"), ("AES", 17, "2 to 16")],
)
def test_a_length_that_says_too_little_or_does_not_exist(
    kind: KeyKind, length: int, said: str
) -> None:
    """One byte fits a wrong key once in 256 times."""
    with pytest.raises(KeyRefused, match=said):
        check_value(kind, bytes(16), "", length)
    with pytest.raises(KeyRefused, match="are right"):
        check_value_fits(kind, bytes(16), b"")


@pytest.mark.parametrize(("kind", "longest"), [("TDES", 8), ("AES", 16), ("HMAC", 32)])
def test_the_shortest_and_the_longest_length_are_given(kind: KeyKind, longest: int) -> None:
    """Two bytes, and all that the method gives; both are the beginning of the same."""
    whole = check_value(kind, bytes(16), "", longest)
    assert len(whole) == longest
    assert check_value(kind, bytes(16), "", 2) == whole[:2]
    assert check_value_fits(kind, bytes(16), whole[:2])
    assert check_value_fits(kind, bytes(16), whole)


def test_an_unknown_kind_and_a_wrong_length_are_refused() -> None:
    """Said in words; kcv-d027."""
    with pytest.raises(KeyRefused, match="TDES, AES, SM4, HMAC have one"):
        check_value("RSA", bytes(16))  # type: ignore[arg-type]
    with pytest.raises(KeyRefused, match="7 bytes"):
        check_value("TDES", bytes(7))


def test_steps_show_the_whole_block() -> None:
    """A calculator's user sees where the check value is cut from."""
    steps = Steps()
    check_value("TDES", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), steps=steps)
    assert steps.find("ecb_zero in full") == "08D7B4FB629D0885"
