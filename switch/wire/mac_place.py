"""Where a message bears its MAC: offsets of message type, bitmaps and MAC field.

Owns the quick look at the bitmaps, for messages whose last field is their MAC (nearly all), and the
slow one for the others. Expects bytes that a codec of the layout has read or written.
"""

from __future__ import annotations

from typing import NamedTuple

from switch.errors import EncodeError
from switch.wire.codings import text_coding
from switch.wire.elements import scan
from switch.wire.layout import Coding, Layout


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

    def __call__(self, body: bytes) -> MacPlace:
        """Raises EncodeError for a message that bears no MAC."""
        if self._quick:
            bits, at = self._bits(body)
            last = 129 - (bits & -bits).bit_length()
            size = self._sizes.get(last)
            if size is not None:
                end = len(body)
                return MacPlace(0, self._at, at, last, end - size, end)
        return self._by_reading(body)

    def _bits(self, body: bytes) -> tuple[int, int]:
        """The bits of both bitmaps, field 1 highest of 128, and the offset behind them."""
        at = self._at + self._width
        bits = self._number(body[self._at : at]) << 64
        if self._wide or bits >> 127:
            bits |= self._number(body[at : at + self._width])
            at += self._width
        return bits, at

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
