"""Compiled codec and pyiso8583 side by side for every shipped dialect, on good and broken input."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switch.wire.codec import COMPILE_AFTER, Codec
from switch.wire.dialect import load_dialect, shipped_dialects
from switch.wire.reference import Reference
from tests.wire_strategies import Message, judge_by_reference, messages_of, noisy, outcome


@st.composite
def a_message(draw: st.DrawFn, name: str) -> Message:
    """A message of that dialect. Drawn by name: a whole layout is no argument to print."""
    return draw(messages_of(load_dialect(name).layout))


FEW = settings(max_examples=12, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", shipped_dialects())
def test_a_dialect_is_a_sound_layout_with_a_reference(name: str) -> None:
    """Every shipped dialect compiles, and pyiso8583 can express it."""
    layout = load_dialect(name).layout
    Codec(layout)

    assert Reference(layout).spec.keys() >= {"h", "t", "p", "1", "2"}


@pytest.mark.parametrize("name", shipped_dialects())
@FEW
@given(data=st.data())
def test_a_dialect_is_read_as_the_reference_reads_it(name: str, data: st.DataObject) -> None:
    """A drawn message of the dialect, whole and with noise on it: equal values and bytes, or a
    refusal for a listed reason."""
    layout = load_dialect(name).layout
    codec = Codec(layout)
    message = data.draw(a_message(name))
    bad = data.draw(noisy(message.data))
    for _ in range(COMPILE_AFTER + 1):
        assert codec.decode(message.data) == message.fields
        assert codec.encode(message.fields) == message.data

    found = outcome(codec, bad)
    assert found if isinstance(found, dict) else found.fault.reason
    judge_by_reference(layout, message.data)
    judge_by_reference(layout, bad)
