"""BER-TLV as EMV uses it (EMV book 3, annex B; ISO/IEC 7816-4): parse, check, find, build.

Owns tags, lengths and nesting. Unknown tags are kept as they are; what a tag means is told
elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

_CONSTRUCTED: Final = 0x20
_MULTI_BYTE_TAG: Final = 0x1F
_MAX_TAG_BYTES: Final = 4
_MAX_LENGTH_BYTES: Final = 4
_MAX_DEPTH: Final = 8
_Places: TypeAlias = tuple[tuple[str, int, int], ...]  # tags, where values begin and end

# Primitive objects with tags of one or two bytes and short lengths, zeros between them: nearly all
# chip data. One alternative a length, ``.{n}`` behind each; possessive, so that it never goes back.
# What it matches, ``parse`` parses; what it does not, may still be good.
_SHORT: Final = b"|".join(re.escape(bytes((size,))) + b".{%d}" % size for size in range(0x80))
_is_plain: Final = re.compile(
    rb"(?s:\x00"
    rb"|(?:[\x01-\x1e\x40-\x5e\x80-\x9e\xc0-\xde]|[\x1f\x5f\x9f\xdf][\x00-\x7f])"
    rb"(?:" + _SHORT + rb"))*+"
).fullmatch


class TlvError(ValueError):
    """Bytes that are no BER-TLV. ``at`` is the index of the byte at fault, the end of the data for
    missing bytes."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(f"byte {at}: {reason}")
        self.at = at
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object. ``tag`` in upper-case hex; offsets count from the first byte parsed."""

    tag: str
    offset: int
    value_offset: int
    value: bytes = field(repr=False)
    children: tuple[Tlv, ...] = ()

    @property
    def end(self) -> int:
        """Index behind the last byte of the value."""
        return self.value_offset + len(self.value)


def parse(data: bytes) -> tuple[Tlv, ...]:
    """The data objects in order, templates with their children. Zero bytes between objects are
    skipped.

    Raises :class:`TlvError`.

    >>> [
    ...     (item.tag, item.value.hex())
    ...     for item in parse(bytes.fromhex("9F0206000000001000950500000000009C0100"))
    ... ]
    [('9F02', '000000001000'), ('95', '0000000000'), ('9C', '00')]
    """
    return _parse(data, 0, len(data), 0)


def check(data: bytes) -> None:
    """Raise what :func:`parse` would raise, but build nothing."""
    if not _is_plain(data):
        _check(data, 0, len(data), 0)


class Builds:
    """Checks and reads chip data of a few builds at a glance: the same tags and lengths at the same
    places.

    A card and a terminal make theirs alike each time. The first good data of each size shows where
    tags and lengths stand; whatever has the same bytes there parses the same way.
    """

    def __init__(self, most: int = 256) -> None:
        self._left = most  # bounded: sizes come from outside
        self._known: dict[int, tuple[int, int, _Places]] = {}

    def check(self, data: bytes) -> None:
        """Raise what :func:`check` would raise."""
        known = self._known.get(len(data))
        if known is not None and int.from_bytes(data, "big") & known[0] == known[1]:
            return
        check(data)
        if known is None:
            self._learn(data)

    def values(self, data: bytes) -> dict[str, bytes]:
        """The value of the first object with each tag, templates searched too. Raises
        :class:`TlvError`.

        >>> Builds().values(bytes.fromhex("82021800 950500000000FF 82020000"))["82"].hex()
        '1800'
        """
        known = self._known.get(len(data))
        if known is not None and int.from_bytes(data, "big") & known[0] == known[1]:
            return {tag: data[start:end] for tag, start, end in known[2]}
        places = _places(parse(data))
        if known is None:
            self._learn(data)
        return {tag: data[start:end] for tag, start, end in places}

    def _learn(self, data: bytes) -> None:
        if self._left:
            self._left -= 1
            mask = int.from_bytes(_framework(data), "big")
            framework = int.from_bytes(data, "big") & mask
            self._known[len(data)] = (mask, framework, _places(parse(data)))


def _places(items: Iterable[Tlv]) -> _Places:
    """Where the value of the first object with each tag begins and ends."""
    places: dict[str, tuple[str, int, int]] = {}
    for item in walk(items):
        places.setdefault(item.tag, (item.tag, item.value_offset, item.end))
    return tuple(places.values())


def _framework(data: bytes) -> bytes:
    """Ones where tags, lengths and fill stand, zeros where values do."""
    mask = bytearray(b"\xff" * len(data))
    for item in walk(parse(data)):
        if not int(item.tag[:2], 16) & _CONSTRUCTED:
            mask[item.value_offset : item.end] = bytes(len(item.value))
    return bytes(mask)


def walk(items: Iterable[Tlv]) -> Iterator[Tlv]:
    """Every object, outer before inner."""
    for item in items:
        yield item
        yield from walk(item.children)


def find(items: Iterable[Tlv], tag: str) -> bytes | None:
    """The value of the first object with that tag, templates searched too."""
    return next((item.value for item in walk(items) if item.tag == tag), None)


def build(items: Iterable[tuple[str, bytes]]) -> bytes:
    """Data objects one behind the other, lengths in the shortest form. ``ValueError`` for a tag
    that is none.

    >>> build([("9F26", bytes(2)), ("95", bytes(5))]).hex()
    '9f2602000095050000000000'
    """
    out = bytearray()
    for tag, value in items:
        raw = bytes.fromhex(tag)
        if not raw or _tag_end(raw, 0, len(raw)) != len(raw):
            raise ValueError(f"{tag!r} is no BER-TLV tag")
        out += raw + _length(len(value)) + value
    return bytes(out)


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes((size,))
    raw = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(raw),)) + raw


def _tag_end(data: bytes, i: int, end: int) -> int:
    """Index behind the tag that starts at ``i``."""
    if data[i] & _MULTI_BYTE_TAG != _MULTI_BYTE_TAG:
        return i + 1
    for k in range(i + 1, min(i + _MAX_TAG_BYTES, end)):
        if not data[k] & 0x80:
            return k + 1
    if i + _MAX_TAG_BYTES > end:
        raise TlvError(end, "tag is cut short")
    raise TlvError(i, f"tag is longer than {_MAX_TAG_BYTES} bytes")


def _value_span(data: bytes, i: int, end: int) -> tuple[int, int]:
    """Start and end of the value whose length starts at ``i``."""
    if i >= end:
        raise TlvError(end, "tag without a length")
    size = data[i]
    start = i + 1
    if size & 0x80:
        width = size & 0x7F
        if not 1 <= width <= _MAX_LENGTH_BYTES:
            raise TlvError(i, "length is of no form that EMV allows")
        start += width
        if start > end:
            raise TlvError(end, "length is cut short")
        size = int.from_bytes(data[i + 1 : start], "big")
    if start + size > end:
        raise TlvError(end, f"value of {size} bytes announced, {end - start} left")
    return start, start + size


def _parse(data: bytes, i: int, end: int, depth: int) -> tuple[Tlv, ...]:
    if depth > _MAX_DEPTH:
        raise TlvError(i, f"templates nested more than {_MAX_DEPTH} deep")
    items = []
    while i < end:
        if not data[i]:
            i += 1
            continue
        behind = _tag_end(data, i, end)
        start, stop = _value_span(data, behind, end)
        children = _parse(data, start, stop, depth + 1) if data[i] & _CONSTRUCTED else ()
        tag = data[i:behind].hex().upper()
        items.append(Tlv(tag, i, start, data[start:stop], children))
        i = stop
    return tuple(items)


def _check(data: bytes, i: int, end: int, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise TlvError(i, f"templates nested more than {_MAX_DEPTH} deep")
    while i < end:
        first = data[i]
        if not first:
            i += 1
            continue
        start, i = _value_span(data, _tag_end(data, i, end), end)
        if first & _CONSTRUCTED:
            _check(data, start, i, depth + 1)
