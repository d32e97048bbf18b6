"""Guesses about single fields of a broken message: another encoding, a bit too many or too few in
the bitmap, a length that is off.

Owns the trying, within a budget of fields read, so that a flood of broken messages costs little
more than a flood of good ones. A guess is proven by reading the rest of the message to its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from switch.wire.elements import HEAD, Reading, Refusal, Run
from switch.wire.layout import Coding, FieldLayout, Layout
from switch.wire.lengths import LengthFault, read_length

MAX_FIELDS: Final = 120
"""Fields read for one kind of guess, less than a millisecond's work."""
_NAMED: Final = 4  # so many alternatives are told, no more
_LENGTHS: Final[dict[str, str]] = {
    Coding.ASCII: "an ASCII length",
    Coding.EBCDIC: "an EBCDIC length",
    Coding.HEX_DIGITS: "a length in hex digits",
    Coding.BCD: "a packed length",
    Coding.BCD_LEFT: "a left-justified packed length",
    Coding.BINARY: "a binary length",
}
_PACKED_LENGTHS: Final = (Coding.BCD, Coding.BCD_LEFT, Coding.BINARY)


class Neighbours:
    """The guesses about one broken message; each kind has a budget of its own."""

    def __init__(self, data: bytes, layout: Layout, reading: Reading) -> None:
        self._data = data
        self._layout = layout
        self._reading = reading
        self._left = MAX_FIELDS

    def _fits(self, at: int, numbers: Iterable[int], first: FieldLayout | None = None) -> bool:
        """Whether the message can be read to its end from ``at``: ``first``, if given, then the
        fields of ``numbers``. Never, once the budget is spent."""
        if self._left <= 0:
            return False
        run = Run(self._data, self._layout, at)
        run.numbers = list(numbers)
        try:
            if first is not None:
                run.field(first)
            run.body()
        except Refusal:
            return False
        finally:
            self._left -= 1 + run.done
        return True

    def own_shape(self) -> Iterator[str]:
        """Another encoding of the field at fault alone."""
        self._left = MAX_FIELDS
        pending = self._reading.pending
        shape = self._layout.fields.get(pending[0]) if pending else None
        if shape is None:
            return
        for words, other in _other_shapes(shape):
            if self._fits(self._reading.at, pending[1:], other):
                yield f"field {shape.id} would fit with {words}"

    def claimed(self) -> str:
        """Fields without which the rest fits: their bits may be set in error."""
        self._left = MAX_FIELDS
        behind = list(self._reading.pending)
        absent = []
        if behind and self._fits(self._reading.at, behind[1:]):
            absent.append(behind[0])
        for element in reversed(self._reading.numbered):
            if self._fits(element.offset, behind):
                absent.append(int(element.id))
            behind.insert(0, int(element.id))
        if not absent:
            return ""
        return f"the bitmap may claim an absent field: without {_list(absent)} the rest fits"

    def unclaimed(self) -> str:
        """Fields that the bytes would be, were their bits set. None where bytes are missing as it
        is."""
        fault = self._reading.fault
        if fault is None or (fault.at == len(self._data) and fault.element != "end"):
            return ""
        self._left = MAX_FIELDS
        read = self._reading.numbered
        known = {int(element.id) for element in read} | set(self._reading.pending)
        found: list[int] = []
        for number in sorted(self._layout.fields.keys() - known, reverse=True):
            at = self._place(number)
            behind = [int(e.id) for e in read if int(e.id) > number] + list(self._reading.pending)
            if self._fits(at, sorted([number, *behind])):
                found.append(number)
        if not found:
            return ""
        return f"the bitmap may leave out a present field: with {_list(found)} the rest fits"

    def _place(self, number: int) -> int:
        """Where a field of that number would stand."""
        before = [e for e in self._reading.elements if e.id in HEAD or int(e.id) < number]
        return before[-1].offset + before[-1].length if before else 0

    def lengths(self) -> Iterator[str]:
        """A variable field, the one at fault or one in front, whose length is wrong by little or
        counts in another way."""
        self._left = MAX_FIELDS
        behind = list(self._reading.pending)
        starts = [(int(element.id), element.offset) for element in self._reading.numbered]
        if behind and behind[0] in self._layout.fields:
            starts.append((behind.pop(0), self._reading.at))
        for number, at in reversed(starts):
            shape = self._layout.fields[number]
            for words, start, other in _other_lengths(self._data, at, shape):
                if self._fits(start, behind, other):
                    yield f"the length of field {number} may be the culprit: {words} the rest fits"
            behind.insert(0, number)


def _other_shapes(shape: FieldLayout) -> Iterator[tuple[str, FieldLayout]]:
    if shape.length_size:
        packed = shape.length_coding in _PACKED_LENGTHS
        for coding, words in _LENGTHS.items():
            if coding != shape.length_coding and packed == (coding in _PACKED_LENGTHS):
                yield words, replace(shape, length_coding=coding)
        if shape.coding == Coding.BINARY:
            unit = "bytes" if shape.nibbles else "digits"
            yield f"a length that counts {unit}", replace(shape, nibbles=not shape.nibbles)
    if shape.coding == Coding.BINARY and shape.nibbles:
        yield "another pad nibble", replace(shape, pads="0F", other_pads="0F")


def _other_lengths(
    data: bytes, at: int, shape: FieldLayout
) -> Iterator[tuple[str, int, FieldLayout]]:
    """A variable field as one of fixed length, near to the announced one, behind its indicator; or
    with lengths that mean something else."""
    if not shape.length_size:
        return
    try:
        count, start = read_length(data, at, shape)
    except LengthFault:
        return
    unit = "digits" if shape.nibbles else "bytes"
    for other in (count - 1, count + 1, count - 2, count + 2):
        if 0 < other <= shape.max_length:
            fixed = replace(shape, length_size=0, max_length=other)
            yield f"with {other} {unit} instead of {count}", start, fixed
    for words, meant in _other_shapes(shape):
        yield f"as {words}", at, meant


def _list(numbers: list[int]) -> str:
    shown = [str(number) for number in sorted(numbers)[:_NAMED]]
    tail = " or others" if len(numbers) > _NAMED else ""
    if len(shown) == 1:
        return f"field {shown[0]}{tail}"
    return f"one of the fields {', '.join(shown)}{tail}"
