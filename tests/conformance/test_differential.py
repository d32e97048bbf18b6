"""Compiled codec and pyiso8583 side by side, for every spec of the corpus, on good and broken
input.

Where pyiso8583 refuses we refuse; where it accepts, so do we with equal values and bytes, or for a
reason of the list in ``tests/wire_strategies.py``.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switch.wire.codec import COMPILE_AFTER, Codec
from switch.wire.layout import Layout
from switch.wire.spec_dict import layout_of_spec
from tests.wire_strategies import judge_by_reference, messages_of, noisy, outcome


@st.composite
def a_message(draw: st.DrawFn, spec_name: str, layout: Layout) -> bytes:
    """The bytes of a drawn message of that spec."""
    return draw(messages_of(layout)).data


FEW = settings(max_examples=12, suppress_health_check=list(HealthCheck))


@FEW
@given(data=st.data())
def test_every_spec_is_read_as_its_own_library_reads_it(
    spec_name: str, spec: dict[str, Any], samples: list[bytes], data: st.DataObject
) -> None:
    """A message of the spec, drawn or from the corpus, whole and with noise on it."""
    layout = layout_of_spec(spec, spec_name)
    codec = Codec(layout)
    drawn = a_message(spec_name, layout)
    good = data.draw(st.sampled_from(samples) | drawn if samples else drawn)
    fields = codec.decode(good)
    for _ in range(COMPILE_AFTER):
        assert codec.decode(good) == fields
        assert codec.encode(fields) == good

    judge_by_reference(layout, good)
    bad = data.draw(noisy(good))
    judge_by_reference(layout, bad)
    found = outcome(codec, bad)
    assert found if isinstance(found, dict) else found.fault.reason
