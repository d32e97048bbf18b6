"""switch.calc.printing: nibbles in columns, results in one piece."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from switch.calc.calculator import Outcome
from switch.calc.printing import as_object, as_text, nibbles, shown
from switch.keys.steps import Steps


def noted(*lines: tuple[str, bytes | str]) -> Steps:
    """A notebook with these lines."""
    steps = Steps()
    for name, value in lines:
        steps.note(name, value)
    return steps


def test_steps_stand_nibble_under_nibble() -> None:
    """So that a person can follow an XOR down the columns."""
    steps = noted(("PIN field", bytes.fromhex("041234FFFFFFFFFF")), ("PAN", bytes(8)))
    text = as_text(Outcome({"PIN block": bytes.fromhex("041234")}), steps)
    assert text.splitlines() == [
        "PIN field  0 4 1 2 3 4 F F  F F F F F F F F",
        "PAN        0 0 0 0 0 0 0 0  0 0 0 0 0 0 0 0",
        "",
        "PIN block  041234",
    ]
    assert as_text(Outcome({"PIN block": b"\x04"}), None) == "PIN block  04"
    assert as_text(Outcome({"PIN block": b""}), Steps()) == "PIN block"


def test_long_values_go_on_below_themselves() -> None:
    """32 nibbles a line."""
    text = as_text(Outcome({}), noted(("data", bytes(20)), ("said", "fits, mostly")))
    assert text.splitlines()[:3] == [
        "data  0 0 0 0 0 0 0 0  0 0 0 0 0 0 0 0  0 0 0 0 0 0 0 0  0 0 0 0 0 0 0 0",
        "      0 0 0 0 0 0 0 0",
        "said  fits, mostly",
    ]


@given(st.binary(max_size=80))
def test_no_nibble_is_lost(value: bytes) -> None:
    """What is apart on the screen is what was noted."""
    digits = value.hex().upper()
    assert "".join("".join(nibbles(digits)).split()) == digits


def test_programs_get_values_in_one_piece() -> None:
    """Results and steps, whether a check said yes."""
    outcome = Outcome({"key": bytearray(b"\x01"), "names": ["a", "b"], "count": 2}, good=False)
    assert as_object(outcome, noted(("step", b"\xab"))) == {
        "ok": False,
        "result": {"key": "01", "names": "a, b", "count": "2"},
        "steps": [{"name": "step", "value": "AB"}],
    }
    assert shown(b"\xab") == "AB"
    assert repr(outcome) == "Outcome(key, names, count)"
