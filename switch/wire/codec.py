"""Bytes to fields and back for one layout: compiled where it pays, strict always.

Owns the choice of the way. Messages take the fast way that ``compile_decode`` and
``compile_encode`` write for their bitmap once it was seen often; others, and all that the fast way
refuses, take the strict way of ``reader`` and ``writer``, which also says what is wrong. Both give
the same values and bytes, so nothing outside can tell which way was taken.

The number of compiled functions is bounded: writing one costs milliseconds, and many different
bitmaps may be an attack.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Final, Generic, TypeVar

from switch.errors import DecodeError, EncodeError
from switch.wire.codings import text_coding
from switch.wire.compile_decode import Decoder, compile_decoder
from switch.wire.compile_encode import Encoder, compile_encoder
from switch.wire.cutting import Unsupported
from switch.wire.elements import scan
from switch.wire.layout import Coding, Layout
from switch.wire.reader import read
from switch.wire.soundness import check_layout
from switch.wire.tables import table_decoder
from switch.wire.writer import write

COMPILE_AFTER: Final = 8
"""Uses of a bitmap (of a set of fields) after which a function is written for it."""
MAX_COMPILED: Final = 256
"""Functions kept a direction and layout; later bitmaps take the strict way."""
_MAX_COUNTED: Final = 4096
_ODD: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)

K = TypeVar("K", bound=Hashable)
F = TypeVar("F")


class _Compiled(Generic[K, F]):
    """Functions by key, made once a key was met often enough."""

    def __init__(self, make: Callable[[K], F]) -> None:
        self._make = make
        self._seen: dict[K, int] = {}
        self._left = MAX_COMPILED
        self.functions: dict[K, F] = {}

    def met(self, key: K) -> F | None:
        """Count one use of a key without a function; its function if it is worth one now."""
        if not self._left:
            return None
        seen = self._seen.get(key, 0) + 1
        if seen < COMPILE_AFTER:
            if len(self._seen) >= _MAX_COUNTED:
                self._seen.clear()
            self._seen[key] = seen
            return None
        if seen > COMPILE_AFTER:
            return None
        self._seen[key] = seen
        self._left -= 1
        try:
            made = self._make(key)
        except (Unsupported, EncodeError):
            # The count stays above the threshold, so this is not tried again.
            self._seen[key] = COMPILE_AFTER + 1
            return None
        del self._seen[key]
        self.functions[key] = made
        return made


class Codec:
    """Decodes and encodes messages of one layout. ``ConfigError`` for a layout that cannot be
    right.

    Not safe for use by several threads at once.
    """

    def __init__(self, layout: Layout) -> None:
        check_layout(layout)
        self.layout = layout
        packed = layout.bitmap.coding == Coding.BINARY
        self._width = 8 if packed else 16
        self._start = (2 if layout.mti_coding == Coding.BINARY else 4) + self._header_bytes()
        self._one = self._start + self._width
        self._two = self._one + self._width
        self._decoders: _Compiled[bytes, Decoder] = _Compiled(self._make_decoder)
        self._by_table = table_decoder(layout)
        self._encoders: _Compiled[tuple[str, ...], Encoder] = _Compiled(self._make_encoder)

    def decode(self, data: bytes) -> dict[str, str]:
        """Canonical values by id: ``h`` where the layout has a header, ``t``, ``2`` ...

        ``DecodeError`` says field, offset, reason and cure, and holds what was read before.
        """
        functions = self._decoders.functions
        start = self._start
        decode = functions.get(data[start : self._one]) or functions.get(data[start : self._two])
        try:
            if decode is not None:
                return decode(data)
            fields = self._by_table(data)
        except _ODD:
            return self._decode_strictly(data)
        self._count(data)
        return fields

    def accepts(self, data: bytes) -> bool:
        """Whether these bytes are one message of the layout: what a framer asks about bytes that do
        not fit, hence without a search for the cure."""
        return scan(data, self.layout).fault is None

    def encode(self, fields: Mapping[str, str]) -> bytes:
        """The message with these values. ``EncodeError`` says field and reason."""
        key = tuple(fields)
        encode = self._encoders.functions.get(key)
        if encode is None:
            encode = self._encoders.met(key)
        if encode is not None:
            try:
                return encode(fields)
            except _ODD:
                pass
        return write(fields, self.layout)

    def _decode_strictly(self, data: bytes) -> dict[str, str]:
        reading = read(data, self.layout)
        if reading.fault is not None:
            raise DecodeError(reading.fault, reading.fields) from None
        return reading.fields

    def _count(self, data: bytes) -> None:
        """Count one use of the bitmap of a good message."""
        header = self.layout.header
        if header is not None and header.length_size:
            return
        key = data[self._start : self._one]
        if self.layout.bitmap.fixed_16 or self._bits(key) >> 63:
            key = data[self._start : self._two]
        self._decoders.met(key)

    def _bits(self, key: bytes) -> int:
        if self.layout.bitmap.coding == Coding.BINARY:
            return int.from_bytes(key, "big")
        return int(text_coding(self.layout.bitmap.coding).decode(key), 16)

    def _header_bytes(self) -> int:
        """Bytes of a fixed header. A variable one is never compiled, so its size does not
        matter."""
        header = self.layout.header
        if header is None or header.length_size:
            return 0
        return (header.max_length + 1) // 2 if header.nibbles else header.max_length

    def _make_decoder(self, key: bytes) -> Decoder:
        bits, last = self._bits(key), 64 * (len(key) // self._width)
        numbers = [number for number in range(2, last + 1) if bits >> (last - number) & 1]
        if not self.layout.fields.keys() >= set(numbers):
            raise Unsupported("third bitmap")
        return compile_decoder(self.layout, numbers, len(key))

    def _make_encoder(self, keys: tuple[str, ...]) -> Encoder:
        return compile_encoder(self.layout, keys)
