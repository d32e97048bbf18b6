"""What else would fit: the likelier culprit of a fault and the cure, found by trying (M-38).

Owns guesses, each of them proven by a reading that goes to the end of the message. Costs something
only when a message is broken, and bounded then: about ``MAX_TRIES`` readings of its rest. Texts
never quote data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from switch.errors import Fault
from switch.wire.codings import text_coding
from switch.wire.elements import Element, Reading, finishes, scan
from switch.wire.layout import Coding, FieldLayout, Layout
from switch.wire.lengths import LengthFault, read_length
from switch.wire.variants import variants

MAX_TRIES: Final = 60
_NAMED: Final = 4  # so many alternatives are told, no more
_HEAD: Final = ("h", "t", "p", "1", "65")
_PREFIXES: Final = {
    2: "a length header in front",
    4: "a length header in front",
    5: "a TPDU in front",
    7: "a length header and a TPDU in front",
}
_LENGTHS: Final[dict[str, str]] = {
    Coding.ASCII: "an ASCII length",
    Coding.EBCDIC: "an EBCDIC length",
    Coding.HEX_DIGITS: "a length in hex digits",
    Coding.BCD: "a packed length",
    Coding.BCD_LEFT: "a left-justified packed length",
    Coding.BINARY: "a binary length",
}
_PACKED_LENGTHS: Final = (Coding.BCD, Coding.BCD_LEFT, Coding.BINARY)
_LINE_ENDS: Final = (b"\n", b"\r\n", b"\r")


def hint_for(data: bytes, layout: Layout, reading: Reading) -> str:
    """The first guess that holds, or an empty text."""
    fault = reading.fault
    if fault is None:
        return ""
    if fault.field in _HEAD:
        return _first(_about_head(data, layout))
    if fault.element == "end":
        return _first(_about_rest(data, layout, reading, fault))
    return _first(_about_fields(data, layout, reading))


def encoding_suspects(data: bytes, layout: Layout) -> list[str]:
    """In which other encodings the message makes sense; empty where none does.

    >>> from switch.wire.layout import BitmapLayout, Content
    >>> code = FieldLayout("3", "code", "ascii", 6, content=Content.N)
    >>> plain = Layout("plain", "ascii", BitmapLayout(), {3: code})
    >>> encoding_suspects("08002000000000000000123456".encode("cp500"), plain)
    ['EBCDIC text']
    """
    own = scan(data, layout)
    if own.fault is None:
        return []
    whole, partly = [], []
    for words, variant in variants(layout):
        if variant.bitmap.coding == Coding.BINARY != layout.bitmap.coding and _looks_hex(
            data, variant
        ):
            continue
        reading = scan(data, variant)
        if reading.fault is None:
            whole.append(words)
        elif own.fault.field in _HEAD and len(_behind_head(reading)) >= 3:
            partly.append((-len(_behind_head(reading)), words))
    return whole or [words for _, words in sorted(partly)[:1]]


def _looks_hex(data: bytes, variant: Layout) -> bool:
    """Whether most bytes of a raw bitmap would be hex characters: then they are."""
    start = 2 if variant.mti_coding == Coding.BINARY else 4
    piece = data[start : start + 8]
    return any(
        sum(char in "0123456789ABCDEFabcdef" for char in text_coding(name).decode(piece)) >= 6
        for name in ("latin-1", "cp500")
    )


def _behind_head(reading: Reading) -> list[Element]:
    return [element for element in reading.elements if element.id not in (*_HEAD, "end")]


def _first(guesses: Iterable[str]) -> str:
    return next((guess for guess in guesses if guess), "")


def _either(*guesses: str) -> str:
    """Guesses of which none can be preferred."""
    return "; or ".join(guess for guess in guesses if guess)


def _about_head(data: bytes, layout: Layout) -> Iterator[str]:
    """Another encoding of the whole, or bytes of the framing left in front."""
    suspects = encoding_suspects(data, layout)
    if suspects:
        yield f"looks like {suspects[0]}"
    for count, words in _PREFIXES.items():
        if len(data) > count and scan(data[count:], layout).fault is None:
            yield f"from byte {count} on it fits: {words}?"


def _about_rest(data: bytes, layout: Layout, reading: Reading, fault: Fault) -> Iterator[str]:
    """What bytes behind the last field may be."""
    rest = data[fault.offset :]
    if rest in _LINE_ENDS:
        yield "a line end, as of a file saved line by line"
    if not any(rest):
        yield "zero fill, as of a buffer sent whole"
    if scan(rest, layout).fault is None:
        yield "another message follows: is its length header missing?"
    yield _either(_unclaimed(data, layout, reading), _first(_about_lengths(data, layout, reading)))
    yield from _about_head(data, layout)


def _about_fields(data: bytes, layout: Layout, reading: Reading) -> Iterator[str]:
    """A field at fault: itself, the bitmap, a length in front, or the encoding of the whole."""
    suspects = encoding_suspects(data, layout)
    if suspects:
        yield f"looks like {suspects[0]}"
    shape = layout.fields.get(reading.pending[0]) if reading.pending else None
    if shape is not None:
        yield from _about_shape(data, layout, reading, shape)
    yield _either(_claimed(data, layout, reading), _first(_about_lengths(data, layout, reading)))
    yield _unclaimed(data, layout, reading)


def _about_shape(
    data: bytes, layout: Layout, reading: Reading, shape: FieldLayout
) -> Iterator[str]:
    """Another encoding of this field alone."""
    for words, other in _other_shapes(shape):
        if finishes(data, layout, reading.at, reading.pending[1:], other):
            yield f"field {shape.id} would fit with {words}"


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


def _claimed(data: bytes, layout: Layout, reading: Reading) -> str:
    """Fields without which the rest fits: their bits may be set in error."""
    behind = list(reading.pending)
    absent = []
    if behind and finishes(data, layout, reading.at, behind[1:]):
        absent.append(behind[0])
    for element in reversed(_behind_head(reading)[-MAX_TRIES:]):
        if finishes(data, layout, element.offset, behind):
            absent.append(int(element.id))
        behind.insert(0, int(element.id))
    if not absent:
        return ""
    return f"the bitmap may claim an absent field: without {_list(absent)} the rest fits"


def _unclaimed(data: bytes, layout: Layout, reading: Reading) -> str:
    """Fields that the bytes would be, were their bits set."""
    read = _behind_head(reading)
    claimed = {int(element.id) for element in read} | set(reading.pending)
    found: list[int] = []
    absent = [number for number in layout.fields if number not in claimed]
    for number in sorted(absent, reverse=True)[:MAX_TRIES]:
        before = [e for e in reading.elements if e.id in _HEAD or int(e.id) < number]
        at = before[-1].offset + before[-1].length if before else 0
        behind = [int(e.id) for e in read if int(e.id) > number] + list(reading.pending)
        if finishes(data, layout, at, sorted([number, *behind])):
            found.append(number)
    if not found:
        return ""
    return f"the bitmap may leave out a present field: with {_list(found)} the rest fits"


def _about_lengths(data: bytes, layout: Layout, reading: Reading) -> Iterator[str]:
    """A variable field, the one at fault or one in front, whose length is wrong by little or counts
    in another way."""
    tries = 0
    behind = list(reading.pending)
    starts = [(int(element.id), element.offset) for element in _behind_head(reading)]
    if behind and behind[0] in layout.fields:
        starts.append((behind.pop(0), reading.at))
    for number, at in reversed(starts):
        shape = layout.fields[number]
        for words, start, other in _other_lengths(data, at, shape):
            tries += 1
            if finishes(data, layout, start, behind, other):
                yield f"the length of field {number} may be the culprit: {words} the rest fits"
        if tries > MAX_TRIES:
            return
        behind.insert(0, number)


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
