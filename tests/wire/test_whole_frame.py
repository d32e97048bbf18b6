"""One message in a buffer: its length header must say just what follows."""

from __future__ import annotations

import pytest

from switch.wire.frames import FramingError, wrap
from switch.wire.framing import Framing
from switch.wire.whole_frame import cut_whole

MESSAGE = b"0800" + b"8220000000000000" + b"0400000000000000" + b"1124120000000001301"


@pytest.mark.parametrize(
    "text",
    [
        "binary-2",
        "binary-4,inclusive",
        "ascii-4,inclusive,tpdu-swap",
        "stx",
        "bcd-2,stx,header=2",
        "none,tpdu-swap,header=6",
    ],
)
def test_a_whole_buffer_is_one_frame(text: str) -> None:
    """For files and traces, where the end of the buffer must be the end of the frame."""
    framing = Framing.parse(text, stream=False)
    wire = wrap(framing, MESSAGE)
    frame = cut_whole(wire, framing)
    assert frame.body == MESSAGE
    assert wire.index(MESSAGE) == framing.prefix_bytes
    for wrong in (wire[:-1], wire + b"\x00"):
        if framing.length is None and not framing.stx:
            continue
        with pytest.raises(FramingError):
            cut_whole(wrong, framing)


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"\x00\x39" + b"6000030000", ""),
        (b"\x00\x00" + MESSAGE, ""),
        (b"\x37\x00" + MESSAGE, "binary-2-le exclusive"),
        (b"\x00\x39" + MESSAGE, "binary-2 inclusive"),
        (b"\xff\xff" + MESSAGE, ""),
        (b"\x00", ""),
        (b"", ""),
    ],
)
def test_a_length_that_disagrees_with_its_buffer_is_the_fault(data: bytes, hint: str) -> None:
    """Short, long, zero, swapped: the element is the length, at its first byte, and the hint says
    what fits.
    """
    with pytest.raises(FramingError) as refusal:
        cut_whole(data, Framing())
    fault = refusal.value.fault
    assert (fault.field, fault.element, fault.offset) == (None, "length", 0)
    assert hint in fault.hint


def test_a_frame_shorter_than_its_tpdu_is_refused_at_the_length() -> None:
    """A buffer whose length is right, but which ends within the TPDU."""
    with pytest.raises(FramingError) as refusal:
        cut_whole(b"\x00\x03\x60\x00\x03", Framing.parse("binary-2,tpdu-swap"))
    assert (refusal.value.event, refusal.value.fault.element) == ("frame.undersize", "length")
