"""The inside of composite fields: parts, TLV, inner bitmaps, lists and datasets, each with its
place.

Owns how a value falls apart. Places are units of the value (characters, or bytes where the inside
is binary); the reader turns them into offsets of the message. What a part means is told elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from switch import tlv
from switch.wire.content import WORDS, first_bad_of_text
from switch.wire.layout import Coding, Content, FieldLayout, Part, SubKind, SubLayout

_BITMAP_DATASETS: Final = range(0x71, 0xFF)  # ISO 8583:2003, dataset bit map: kept whole


class SubfieldError(ValueError):
    """The inside does not parse. ``at`` is the unit at fault, the end of the value for missing
    units."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SubElement:
    """One part: ``offset`` and ``length`` span its tag, length and value; ``value`` is text, or
    hex for bytes."""

    id: str
    name: str
    offset: int
    length: int
    value: str = field(repr=False)
    children: tuple[SubElement, ...] = ()


def parse(sub: SubLayout, value: str) -> tuple[SubElement, ...]:
    """The parts of ``value`` (hex where ``sub.binary``), offsets in units. Raises
    :class:`SubfieldError`."""
    return tuple(_PARSERS[sub.kind](sub, _source(sub, value)))


def is_tlv_of_bytes(shape: FieldLayout) -> bool:
    """Whether the bytes of the message are what the objects of BER-TLV inside are made of."""
    sub = shape.sub
    packed = shape.coding == Coding.BINARY and not shape.nibbles
    return packed and sub is not None and sub.kind is SubKind.BER_TLV and sub.binary


def checker(sub: SubLayout) -> Callable[[str], None]:
    """A function that raises ``ValueError`` where :func:`parse` would, and costs as little as can
    be."""
    if sub.kind is SubKind.BER_TLV and sub.binary:
        check_bytes, from_hex = tlv.Builds().check, bytes.fromhex
        return lambda value: check_bytes(from_hex(value))

    def check(value: str) -> None:
        parse(sub, value)

    return check


def placed(item: SubElement, locate: Callable[[int], int]) -> SubElement:
    """The same element with offset and length in bytes of the message."""
    start = locate(item.offset)
    return replace(
        item,
        offset=start,
        length=locate(item.offset + item.length) - start,
        children=tuple(placed(child, locate) for child in item.children),
    )


@dataclass(frozen=True, slots=True)
class _Text:
    """Characters: lengths are decimal digits."""

    value: str

    @property
    def size(self) -> int:
        return len(self.value)

    def show(self, start: int, stop: int, _content: Content) -> str:
        return self.value[start:stop]

    def text(self, start: int, stop: int) -> str:
        return self.value[start:stop]

    def raw(self, start: int, stop: int) -> bytes:
        return self.value[start:stop].encode()

    def number(self, start: int, stop: int) -> int:
        return _decimal(self.value[start:stop], start)

    def bitmap(self, start: int, size: int) -> tuple[bytes, int]:
        stop = start + 2 * size
        digits = self.value[start:stop]
        bad = first_bad_of_text(Content.B)(digits)
        if bad is not None:
            raise SubfieldError(start + bad, "inner bitmap is not hex")
        return bytes.fromhex(digits), stop


@dataclass(frozen=True, slots=True)
class _Bytes:
    """Bytes: tags and lengths of TLV are binary; parts of inner bitmaps hold ASCII unless they are
    called binary."""

    value: bytes

    @property
    def size(self) -> int:
        return len(self.value)

    def show(self, start: int, stop: int, content: Content) -> str:
        piece = self.value[start:stop]
        if content in (Content.ANY, Content.B):
            return piece.hex().upper()
        return piece.decode("latin-1")

    def text(self, start: int, stop: int) -> str:
        return self.value[start:stop].decode("latin-1")

    def raw(self, start: int, stop: int) -> bytes:
        return self.value[start:stop]

    def number(self, start: int, stop: int) -> int:
        return int.from_bytes(self.value[start:stop], "big")

    def bitmap(self, start: int, size: int) -> tuple[bytes, int]:
        return self.value[start : start + size], start + size


_Source = _Text | _Bytes


def _source(sub: SubLayout, value: str) -> _Source:
    """The value as the parsers walk it: TLV objects and datasets are bytes even inside text."""
    if sub.binary:
        bad = first_bad_of_text(Content.B)(value)
        if bad is not None:
            raise SubfieldError(bad // 2, "not hex")
        return _Bytes(bytes.fromhex(value))
    if sub.kind in (SubKind.BER_TLV, SubKind.DATASET):
        try:
            return _Bytes(value.encode("latin-1"))
        except UnicodeEncodeError as error:
            raise SubfieldError(error.start, "not a byte") from None
    return _Text(value)


def _decimal(digits: str, at: int) -> int:
    bad = first_bad_of_text(Content.N)(digits)
    if bad is not None:
        raise SubfieldError(at + bad, "length is not digits")
    return int(digits)


def _need(source: _Source, start: int, size: int, what: str) -> int:
    """Index behind ``size`` units from ``start``."""
    left = source.size - start
    if size > left:
        raise SubfieldError(source.size, f"{what} needs {size}, {left} left")
    return start + size


def _part(source: _Source, part: Part, start: int) -> SubElement:
    what = f"part {part.id}"
    i, size = start, part.length
    if part.length_digits:
        i = _need(source, start, part.length_digits, f"length of {what}")
        size = _decimal(source.text(start, i), start)
        if size > part.length:
            raise SubfieldError(start, f"length of {what} is over its maximum of {part.length}")
    stop = _need(source, i, size, what)
    if part.content is not Content.B or isinstance(source, _Text):
        bad = first_bad_of_text(part.content)(source.text(i, stop))
        if bad is not None:
            raise SubfieldError(i + bad, f"{what} must be {WORDS[part.content]}")
    value = source.show(i, stop, part.content)
    return SubElement(part.id, part.name, start, stop - start, value)


def _positional(sub: SubLayout, source: _Source) -> Iterator[SubElement]:
    """Parts in order; a value may end behind any of them."""
    i = 0
    while i < source.size:
        for part in sub.parts:
            if i == source.size:
                return
            item = _part(source, part, i)
            yield item
            i += item.length
        if i < source.size and not sub.repeat:
            raise SubfieldError(i, "more than the parts of this field hold")


def _by_bitmap(sub: SubLayout, source: _Source) -> Iterator[SubElement]:
    width = sub.bitmap_bytes if isinstance(source, _Bytes) else 2 * sub.bitmap_bytes
    _need(source, 0, width, "inner bitmap")
    bitmap, i = source.bitmap(0, sub.bitmap_bytes)
    known = {part.id: part for part in sub.parts}
    bits = int.from_bytes(bitmap, "big")
    size = 8 * sub.bitmap_bytes
    for number in range(1, size + 1):
        if not bits >> (size - number) & 1:
            continue
        part = known.get(str(number))
        if part is None:
            raise SubfieldError(i, f"inner bitmap names part {number}, which is not known here")
        item = _part(source, part, i)
        yield item
        i += item.length
    if i < source.size:
        raise SubfieldError(i, "more than the inner bitmap names")


def _tag_length_value(sub: SubLayout, source: _Source) -> Iterator[SubElement]:
    i = 0
    while i < source.size:
        behind_tag = _need(source, i, sub.tag_width, "tag")
        start = _need(source, behind_tag, sub.length_width, "length")
        size = source.number(behind_tag, start)
        if start + size > source.size:
            left = source.size - start
            raise SubfieldError(behind_tag, f"value of {size} announced, {left} left")
        tag = source.show(i, behind_tag, Content.ANY)
        name = next((part.name for part in sub.parts if part.id == tag), "")
        value = source.show(start, start + size, Content.ANY)
        yield SubElement(tag, name, i, start + size - i, value)
        i = start + size


def _list(sub: SubLayout, source: _Source) -> Iterator[SubElement]:
    i = number = 0
    while i < source.size:
        number += 1
        start = _need(source, i, sub.length_width, "length")
        size = source.number(i, start)
        if start + size > source.size:
            left = source.size - start
            raise SubfieldError(i, f"item of {size} announced, {left} left")
        value = source.show(start, start + size, Content.ANY)
        yield SubElement(str(number), "", i, start + size - i, value)
        i = start + size


def _ber_tlv(_sub: SubLayout, source: _Source) -> Iterator[SubElement]:
    yield from _objects(source.raw(0, source.size), 0)


def _objects(data: bytes, base: int) -> Iterator[SubElement]:
    try:
        items = tlv.parse(data)
    except tlv.TlvError as error:
        raise SubfieldError(base + error.at, error.reason) from None
    for item in items:
        yield _object(item, base)


def _object(item: tlv.Tlv, base: int) -> SubElement:
    return SubElement(
        item.tag,
        "",
        base + item.offset,
        item.end - item.offset,
        item.value.hex().upper(),
        tuple(_object(child, base) for child in item.children),
    )


def _datasets(_sub: SubLayout, source: _Source) -> Iterator[SubElement]:
    i = 0
    while i < source.size:
        start = _need(source, i, 3, "dataset id and length")
        name = source.raw(i, i + 1)
        stop = _need(source, start, int.from_bytes(source.raw(i + 1, start), "big"), "dataset")
        piece = source.raw(start, stop)
        children = () if name[0] in _BITMAP_DATASETS else tuple(_objects(piece, start))
        yield SubElement(name.hex().upper(), "", i, stop - i, piece.hex().upper(), children)
        i = stop


_PARSERS: Final[dict[SubKind, Callable[[SubLayout, _Source], Iterator[SubElement]]]] = {
    SubKind.POSITIONAL: _positional,
    SubKind.BER_TLV: _ber_tlv,
    SubKind.TLV: _tag_length_value,
    SubKind.BITMAP: _by_bitmap,
    SubKind.LLVAR: _list,
    SubKind.DATASET: _datasets,
}
