"""Where a message bears its MAC: offsets of message type, bitmaps and MAC field.

Owns the quick look at the bitmaps, for messages whose last field is their MAC (nearly all), and the
slow one for the others. Expects bytes that a codec of the layout has read or written.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from switch.errors import EncodeError
from switch.wire.codings import text_coding
from switch.wire.elements import scan
from switch.wire.layout import Coding, Layout

BITMAPS: Final = 256  # that are remembered; terminals send few different ones


class MacPlace(NamedTuple):
    """Offsets in one message: of its type, its bitmaps, its first field; start and end of the MAC
    field ``number``.
    """

    type_at: int
    bitmap_at: int
    fields_at: int
    number: int
    at: int
    end: int


class _Last(NamedTuple):
    """The last field of a message, its size where it can bear a MAC, else 0; ``width`` of all
    bitmaps.
    """

    number: int
    size: int
    width: int


class MacFinder:
    """Finds the MAC in messages of one layout. ``numbers``: the fields that can bear it, in
    order.
    """

    def __init__(self, layout: Layout, numbers: tuple[str, ...]) -> None:
        self._layout = layout
        self._numbers = tuple(reversed(numbers))
        self._sizes = {int(number): layout.fields[int(number)].max_length for number in numbers}
        bitmap = layout.bitmap
        self._raw = bitmap.coding == Coding.BINARY
        self._width = 8 if self._raw else 16
        self._wide = bitmap.fixed_16
        self._at = 2 if layout.mti_coding == Coding.BINARY else 4
        # A header moves everything, a third bitmap has fields behind 128.
        self._quick = layout.header is None and bitmap.tertiary == "none"
        self._decode = None if self._raw else text_coding(bitmap.coding).decode
        self._last = lru_cache(maxsize=BITMAPS)(self._read)

    def __call__(self, body: bytes) -> MacPlace:
        """Raises EncodeError for a message that bears no MAC."""
        if self._quick:
            at, width = self._at, self._width
            last = self._last(body[at : at + width]) or self._last(body[at : at + 2 * width])
            if last is not None and last.size:
                end = len(body)
                return MacPlace(0, at, at + last.width, last.number, end - last.size, end)
        return self._by_reading(body)

    def _read(self, bitmaps: bytes) -> _Last | None:
        """What one bitmap or two say; ``None`` where one alone does not say all."""
        bits = self._number(bitmaps[: self._width]) << 64
        if self._wide or bits >> 127:
            if len(bitmaps) == self._width:
                return None
            bits |= self._number(bitmaps[self._width :])
        number = 129 - (bits & -bits).bit_length()
        return _Last(number, self._sizes.get(number, 0), len(bitmaps))

    def _number(self, piece: bytes) -> int:
        return (
            int.from_bytes(piece, "big") if self._decode is None else int(self._decode(piece), 16)
        )

    def _by_reading(self, body: bytes) -> MacPlace:
        elements = {element.id: element for element in scan(body, self._layout).elements}
        for number in self._numbers:
            found = elements.get(number)
            if found is not None:
                kind, bitmaps = elements["t"], elements.get("1", elements["p"])
                return MacPlace(
                    kind.offset,
                    kind.offset + kind.length,
                    bitmaps.offset + bitmaps.length,
                    int(number),
                    found.offset,
                    found.offset + found.length,
                )
        raise EncodeError("mac", "the message bears none")
