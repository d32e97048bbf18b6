"""Reads a message strictly and explains what is wrong with it.

Owns the verdict: which element is at fault (the one met first, or the length in front of it where
another way of writing lengths fits the whole message) and the cure to propose.
``switch.wire.elements`` does the reading.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from switch.errors import Fault
from switch.wire.elements import Element, Reading, finishes, scan
from switch.wire.expected import expected
from switch.wire.hints import hint_for
from switch.wire.layout import Coding, Layout

__all__ = ["Element", "Reading", "read"]

_OTHER_LENGTHS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    Coding.BCD: ((Coding.BCD_LEFT, "left-justified digits"), (Coding.BINARY, "a binary number")),
    Coding.BINARY: ((Coding.BCD, "packed digits"),),
    Coding.BCD_LEFT: ((Coding.BCD, "right-justified digits"), (Coding.BINARY, "a binary number")),
}


def read(data: bytes, layout: Layout) -> Reading:
    """Every element up to the first fault; the fault says where, why, and what would cure it.
    Never raises for bytes."""
    reading = scan(data, layout)
    if reading.fault is None:
        return reading
    fault = _blame_length(data, layout, reading) or reading.fault
    if not fault.hint:
        cure = hint_for(data, layout, replace(reading, fault=fault)) or expected(fault, layout)
        fault = replace(fault, hint=cure)
    return replace(reading, fault=fault)


def _blame_length(data: bytes, layout: Layout, reading: Reading) -> Fault | None:
    """The fault of a packed length that announces more than there is, but fits to the byte when
    read in another way."""
    fault = reading.fault
    if fault is None or fault.at != len(data) or fault.element != f"{fault.field}.data":
        return None
    shape = layout.fields.get(reading.pending[0]) if reading.pending else None
    if shape is None or not shape.length_size:
        return None
    for coding, words in _OTHER_LENGTHS.get(shape.length_coding, ()):
        other = replace(shape, length_coding=coding)
        if finishes(data, layout, reading.at, reading.pending[1:], other):
            reason = "length announces more than there is"
            hint = f"read as {words} it fits the message to the byte"
            return Fault(shape.id, f"{shape.id}.len", reading.at, reading.at, reason, hint)
    return None
