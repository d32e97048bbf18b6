"""The elements of a message, read slowly and strictly, each with its place, up to the first fault
and why it is one.

Owns the truth of what a layout accepts; the compiled codec may only accept less and hands the rest
over. Knows bytes and layouts, not what fields mean. Offsets count from the first byte given.
Reasons never quote data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NoReturn

from switch.errors import Fault
from switch.wire import subfields
from switch.wire.codings import bytewise, text_coding
from switch.wire.content import (
    MESSAGE_TYPES,
    WORDS,
    canonical,
    effective_content,
    first_bad,
)
from switch.wire.layout import Coding, FieldLayout, Layout
from switch.wire.lengths import LengthFault, read_length
from switch.wire.standard import FIXED_IN_STANDARD
from switch.wire.subfields import SubElement

HEAD: Final = ("h", "t", "p", "1", "65")
"""Ids of the elements in front of the fields."""
_HEX: Final = frozenset("0123456789ABCDEFabcdef")


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a message, as it lies there.

    ``id``: ``h``, ``t``, ``p``, ``1``, ``65`` (a third bitmap) or the field number. ``raw`` is the
    whole element, length indicator included, from ``offset``; its data starts at ``data_offset``.
    ``value`` is pyiso8583's, ``canonical`` what the codec gives. ``sub`` holds the parts of a
    composite, with offsets in the message.
    """

    id: str
    name: str
    offset: int
    data_offset: int
    raw: bytes = field(repr=False)
    value: str = field(repr=False)
    canonical: str = field(repr=False)
    sub: tuple[SubElement, ...] = ()

    @property
    def length(self) -> int:
        """Bytes of the whole element."""
        return len(self.raw)

    @property
    def data(self) -> bytes:
        """The bytes behind the length indicator."""
        return self.raw[self.data_offset - self.offset :]


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read, and the fault that ended it (``None``: the message is good).

    ``pending``: the fields that the bitmaps name and that were not read, the one at fault first;
    ``at``: where it starts.
    """

    elements: tuple[Element, ...]
    fault: Fault | None = None
    pending: tuple[int, ...] = ()
    at: int = 0

    @property
    def fields(self) -> dict[str, str]:
        """Canonical values by id, bitmaps left out: what ``Codec.decode`` gives."""
        return {e.id: e.canonical for e in self.elements if e.id not in ("p", "1", "65")}

    @property
    def numbered(self) -> list[Element]:
        """The fields proper: no header, type, bitmap or trailing bytes."""
        return [e for e in self.elements if e.id not in HEAD and e.id != "end"]

    @property
    def view(self) -> dict[str, str]:
        """pyiso8583's values by id, bitmaps included; a third bitmap joins the second."""
        view = {e.id: e.value for e in self.elements if e.id != "65"}
        for element in self.elements:
            if element.id == "65":
                view["1"] += element.value
        return view


class Refusal(Exception):
    """Ends a reading; carries the fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


def refuse(field_id: str | None, element: str, offset: int, at: int, reason: str) -> NoReturn:
    """Raise the fault."""
    raise Refusal(Fault(field_id, element, offset, at, reason))


def count_bytes(count: int) -> str:
    """``1 byte``, ``2 bytes``."""
    return f"{count} byte" if count == 1 else f"{count} bytes"


def scan(data: bytes, layout: Layout) -> Reading:
    """Every element up to the first fault, told as it is met. Never raises for bytes, whatever
    they are."""
    run = Run(data, layout)
    try:
        run.message()
    except Refusal as refusal:
        pending = tuple(run.numbers[run.done :])
        return Reading(tuple(run.elements), refusal.fault, pending, run.at)
    return Reading(tuple(run.elements))


def finishes(
    data: bytes, layout: Layout, at: int, numbers: Iterable[int], first: FieldLayout | None = None
) -> bool:
    """Whether the message can be read to its end from ``at``: ``first``, if given, then the fields
    of ``numbers``."""
    run = Run(data, layout, at)
    run.numbers = list(numbers)
    try:
        if first is not None:
            run.field(first)
        run.body()
    except Refusal:
        return False
    return True


class Run:
    """One reading under way: ``at`` is the next byte, ``elements`` what was read."""

    def __init__(self, data: bytes, layout: Layout, at: int = 0) -> None:
        self.data = data
        self.layout = layout
        self.at = at
        self.elements: list[Element] = []
        self.numbers: list[int] = []
        self.done = 0

    def message(self) -> None:
        """The whole message; raises :class:`Refusal`."""
        if self.layout.header is not None:
            self.field(self.layout.header)
        self._message_type()
        self._bitmaps()
        self.body()

    def body(self) -> None:
        """The fields of ``numbers`` and the end; a third bitmap in place of field 65 adds to
        them."""
        while self.done < len(self.numbers):
            self.numbered(self.numbers[self.done])
            self.done += 1
        self.end()

    def field(self, shape: FieldLayout) -> None:
        """One field of that shape."""
        self._add(read_field(self.data, self.at, shape, self.layout))

    def numbered(self, number: int) -> None:
        """The field of that number, or the third bitmap where it stands in place of field 65."""
        if number == 65 and self.layout.bitmap.tertiary == "in-place":
            self._tertiary(self.layout.bitmap.tertiary_width)
            return
        shape = self.layout.fields.get(number)
        if shape is None:
            part = "data" if number in FIXED_IN_STANDARD else "len"
            reason = "the bitmap names this field, which is not known here"
            refuse(str(number), f"{number}.{part}", self.at, self.at, reason)
        self.field(shape)

    def end(self) -> None:
        """Nothing may follow, or it is kept where the layout says so."""
        left = len(self.data) - self.at
        if not left:
            return
        if self.layout.strict_trailing:
            refuse(None, "end", self.at, self.at, f"{count_bytes(left)} behind the last field")
        rest = self.data[self.at :]
        text = rest.hex().upper()
        self._add(Element("end", "trailing bytes", self.at, self.at, rest, text, text))

    def _add(self, element: Element) -> None:
        self.elements.append(element)
        self.at = element.offset + element.length

    def _take(self, field_id: str, element: str, size: int, what: str) -> bytes:
        piece = self.data[self.at : self.at + size]
        if len(piece) != size:
            reason = f"{what} needs {count_bytes(size)}, {len(piece)} left"
            refuse(field_id, element, self.at, len(self.data), reason)
        return piece

    def _message_type(self) -> None:
        packed = self.layout.mti_coding == Coding.BINARY
        piece = self._take("t", "t", 2 if packed else 4, "message type")
        value = piece.hex().upper() if packed else bytewise(piece, self.layout.mti_coding)
        bad = next((k for k, char in enumerate(value) if char not in "0123456789"), None)
        if bad is not None:
            at = self.at + (bad // 2 if packed else bad)
            refuse("t", "t", self.at, at, "message type is not four digits")
        if value not in MESSAGE_TYPES:
            reason = "message type is of a version or class that ISO 8583 reserves"
            refuse("t", "t", self.at, self.at, reason)
        self._add(Element("t", "message type", self.at, self.at, piece, value, value))

    def _bitmap(self, element_id: str, element: str, name: str) -> int:
        """One bitmap of eight bytes; its bits, field 1 highest."""
        coding = self.layout.bitmap.coding
        packed = coding == Coding.BINARY
        piece = self._take(element_id, element, 8 if packed else 16, name)
        if packed:
            value = piece.hex().upper()
        else:
            value = bytewise(piece, coding)
            bad = next((k for k, char in enumerate(value) if char not in _HEX), None)
            if bad is not None:
                refuse(element_id, element, self.at, self.at + bad, f"{name} is not hex")
        self._add(Element(element_id, name, self.at, self.at, piece, value, value))
        return int(value, 16)

    def _bitmaps(self) -> None:
        shape = self.layout.bitmap
        primary = self._bitmap("p", "p", "primary bitmap")
        bits = _numbers(primary, 0)
        if shape.fixed_16 or primary >> 63:
            bits += _numbers(self._bitmap("1", "1", "secondary bitmap"), 64)
        self.numbers = [number for number in bits if number != 1]
        if 65 not in self.numbers or 65 in self.layout.fields:
            return
        if shape.tertiary == "in-place":
            return
        self.numbers.remove(65)
        if shape.tertiary == "none":
            refuse("65", "3", self.at, self.at, "a third bitmap is announced, none is known here")
        self._tertiary(0)

    def _tertiary(self, width: int) -> None:
        """A third bitmap, ``width`` units wide (0: just the bitmap)."""
        start = self.at
        bits = _numbers(self._bitmap("65", "3", "third bitmap"), 128)
        fill = width - (self.at - start)
        if width and fill:
            filler = self._take("65", "3", fill, "fill of the third bitmap")
            zero = b"\0" if self.layout.bitmap.coding == Coding.BINARY else self._zero()
            odd = next((k for k in range(fill) if filler[k : k + 1] != zero), None)
            if odd is not None:
                refuse("65", "3", start, self.at + odd, "fill of the third bitmap is not zero")
            self._widen(filler)
        unknown = [number for number in bits if number not in self.layout.fields]
        if unknown:
            reason = f"third bitmap names field {unknown[0]}, which is not known here"
            refuse("65", "3", start, start, reason)
        self.numbers += bits

    def _zero(self) -> bytes:
        return text_coding(self.layout.bitmap.coding).encode("0")

    def _widen(self, filler: bytes) -> None:
        third = self.elements.pop()
        raw = third.raw + filler
        self._add(
            Element("65", third.name, third.offset, third.offset, raw, third.value, third.value)
        )


def _numbers(bits: int, base: int) -> list[int]:
    return [base + k for k in range(1, 65) if bits >> (64 - k) & 1]


def read_field(data: bytes, start: int, shape: FieldLayout, layout: Layout) -> Element:
    """One field from ``start``; raises :class:`Refusal`."""
    try:
        count, i = read_length(data, start, shape)
    except LengthFault as fault:
        refuse(shape.id, f"{shape.id}.len", start, fault.at, fault.reason)
    size = (count + 1) // 2 if shape.nibbles else count
    if count & 1 and shape.nibbles and shape.coding != Coding.BINARY:
        refuse(shape.id, f"{shape.id}.len", start, start, "half a byte is no character")
    element = f"{shape.id}.data"
    piece = data[i : i + size]
    if len(piece) != size:
        reason = f"data needs {count_bytes(size)}, {len(piece)} left"
        refuse(shape.id, element, i, len(data), reason)
    value, locate = _value(piece, i, shape, count, element)
    content = effective_content(layout, shape)
    bad = first_bad(content, shape)(value)
    if bad is not None:
        refuse(shape.id, element, i, locate(bad), f"must be {WORDS[content]}")
    sub: tuple[SubElement, ...] = ()
    if shape.sub is not None:
        sub = _inside(shape, value, i, locate, element)
    whole = data[start : i + size]
    return Element(shape.id, shape.name, start, i, whole, value, canonical(shape.canon, value), sub)


def _value(
    piece: bytes, i: int, shape: FieldLayout, count: int, element: str
) -> tuple[str, Callable[[int], int]]:
    """pyiso8583's value of a field's data, and where each of its characters lies."""
    if shape.coding != Coding.BINARY:
        coding = text_coding(shape.coding)
        try:
            value = coding.decode(piece)
        except UnicodeDecodeError as error:
            reason = f"not a character of {shape.coding}"
            refuse(shape.id, element, i, i + error.start, reason)

        def locate_text(k: int) -> int:
            return i + (k if coding.whole else len(coding.encode(value[:k])))

        return value, locate_text
    value = piece.hex().upper()
    front = 0
    if shape.nibbles and count & 1:
        front = _pad(value, i, shape, element)
        value = value[1:] if front else value[:-1]

    def locate_nibble(k: int) -> int:
        return i + (front + k) // 2

    return value, locate_nibble


def _pad(value: str, i: int, shape: FieldLayout, element: str) -> int:
    """1 where the pad nibble of an odd count stands in front, 0 where it stands behind."""
    left = shape.pads if shape.pad_left else shape.other_pads
    right = shape.other_pads if shape.pad_left else shape.pads
    found = [
        side for side, pads, end in ((1, left, value[0]), (0, right, value[-1])) if end in pads
    ]
    wanted = 1 if shape.pad_left else 0
    if wanted in found:
        return wanted
    if found:
        return found[0]
    at = i if wanted else i + len(value) // 2 - 1
    reason = f"pad nibble is not {' or '.join(shape.pads)}" if shape.pads else "odd count, no pad"
    refuse(shape.id, element, i, at, reason)


def _inside(
    shape: FieldLayout, value: str, i: int, locate: Callable[[int], int], element: str
) -> tuple[SubElement, ...]:
    sub = shape.sub
    if sub is None:
        return ()
    per_unit = 2 if sub.binary else 1

    def locate_unit(k: int) -> int:
        return locate(k * per_unit)

    try:
        items = subfields.parse(sub, value)
    except subfields.SubfieldError as error:
        if sub.lenient:
            return ()
        refuse(shape.id, element, i, locate_unit(error.at), error.reason)
    return tuple(subfields.placed(item, locate_unit) for item in items)
