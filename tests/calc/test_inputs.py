"""switch.calc.inputs: text as values; refusals say which, what and what would be right, never the
value.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.calc.inputs import InputRefused, choice, decimal, hex_bytes, number

ODD = "0123456789ABCDE"


@given(st.binary(max_size=40), st.sampled_from(("", " ", ":", "-", "\n", "_")))
def test_hex_is_read_with_whatever_stands_between(value: bytes, between: str) -> None:
    """As it is copied from listings."""
    text = between.join(f"{byte:02x}" for byte in value)
    assert hex_bytes("data", text) == hex_bytes("data", text.upper()) == value


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: hex_bytes("--key", ODD), "--key: 15 hex digits: two for each byte are right"),
        (lambda: hex_bytes("--key", "01 2G"), "--key: character 4 is no hex digit: 0 to 9"),
        (lambda: hex_bytes("--key", "0٣"), "--key: character 2 is no hex digit"),
        (lambda: decimal("--pin", "12A4"), "--pin: only the digits 0 to 9 are right"),
        (lambda: decimal("--pin", ""), "--pin: only the digits 0 to 9 are right"),
        (lambda: decimal("--pin", "١٢٣٤"), "--pin: only the digits 0 to 9 are right"),
        (lambda: decimal("--pvki", "12", (1,), "1"), "--pvki: 2 digits: 1 are right"),
        (lambda: number("--count", "-1"), "--count: a whole number is right, such as 4"),
        (lambda: number("--count", "1e3"), "--count: a whole number is right, such as 4"),
        (lambda: number("--count", "9" * 12), "--count: a whole number is right, such as 4"),
        (lambda: choice("--mode", "EBC", ("ECB", "CBC")), "no such choice: ECB, CBC are right"),
    ],
)
def test_refusals(call: Callable[[], object], said: str) -> None:
    """Which input, what is wrong, what would be right."""
    with pytest.raises(InputRefused) as refused:
        call()
    assert said in str(refused.value)


@given(st.text(max_size=40))
def test_no_refusal_repeats_what_it_was_given(text: str) -> None:
    """SR-KEY-13: it may be a key or a PIN, mistyped in one character."""
    for read in (hex_bytes, decimal, number):
        try:
            read("--x", text)
        except InputRefused as refusal:
            told = str(refusal)
            assert len(text) < 6 or text not in told


def test_what_is_right_is_read() -> None:
    """Spaces around digits and the case of words do not matter."""
    assert decimal("--pin", " 1234 ") == "1234"
    assert number("--count", "12") == 12
    assert choice("--mode", "cbc", ("ECB", "CBC")) == "CBC"
