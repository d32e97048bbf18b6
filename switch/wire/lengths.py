"""Length indicators: how many units follow, in six codings, digits held to be digits.

Owns reading and writing of a single indicator. Knows nothing of what the length is the length of.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from switch.wire.codings import bytewise, text_coding
from switch.wire.layout import Coding, FieldLayout

_HEX: Final = frozenset("0123456789ABCDEFabcdef")
_TABLE_LIMIT: Final = 10_000
_DIGITS: Final = frozenset("0123456789")


class LengthFault(Exception):
    """The indicator is no good. ``at`` is the byte at fault."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


def read_length(data: bytes, start: int, shape: FieldLayout) -> tuple[int, int]:
    """The count and the index behind the indicator; the fixed length where there is none. Raises
    :class:`LengthFault`."""
    size = shape.length_size
    if not size:
        return shape.max_length, start
    piece = data[start : start + size]
    if len(piece) != size:
        raise LengthFault(len(data), f"length is cut short: {len(piece)} of {size} bytes")
    count = decode_length(piece, start, shape.length_coding)
    if count > shape.max_length:
        raise LengthFault(start, f"length {count} is over the maximum of {shape.max_length}")
    return count, start + size


def decode_length(piece: bytes, start: int, coding: str) -> int:
    """The number that an indicator says."""
    if coding == Coding.BINARY:
        return int.from_bytes(piece, "big")
    if coding in (Coding.BCD, Coding.BCD_LEFT):
        return _packed(piece, start, left=coding == Coding.BCD_LEFT)
    if coding == Coding.HEX_DIGITS:
        text, allowed, base = piece.decode("latin-1"), _HEX, 16
    else:
        text, allowed, base = bytewise(piece, coding), _DIGITS, 10
    for k, char in enumerate(text):
        if char not in allowed:
            what = "hex digits" if base == 16 else "digits"
            raise LengthFault(start + k, f"length is not {what}")
    return int(text, base)


def _packed(piece: bytes, start: int, *, left: bool) -> int:
    text = piece.hex()
    for k, char in enumerate(text):
        if char not in _DIGITS:
            raise LengthFault(start + k // 2, "packed length is not digits")
    if not left:
        return int(text)
    if text[-1] != "0":
        raise LengthFault(start + len(piece) - 1, "left-justified length is not filled with zero")
    return int(text[:-1])


def encode_length(count: int, shape: FieldLayout) -> bytes:
    """The indicator that says ``count``. ``OverflowError`` where it cannot."""
    if count > widest(shape):
        raise OverflowError(f"length {count} does not fit its indicator")
    text = _text(count, str(shape.length_coding), shape.length_size)
    if is_packed(shape):
        return bytes.fromhex(text)
    if shape.length_coding == Coding.HEX_DIGITS:
        return text.encode("ascii")
    return text_coding(shape.length_coding).encode(text)


def is_packed(shape: FieldLayout) -> bool:
    """Whether the indicator is bytes rather than characters."""
    return shape.length_coding in (Coding.BINARY, Coding.BCD, Coding.BCD_LEFT)


def _text(count: int, coding: str, size: int) -> str:
    """What the indicator shows: characters, or hex where it is packed or binary."""
    if coding == Coding.BINARY:
        return f"{count:0{2 * size}X}"
    if coding == Coding.BCD:
        return f"{count:0{2 * size}d}"
    if coding == Coding.BCD_LEFT:
        return f"{count:0{2 * size - 1}d}0"
    return f"{count:0{size}{'X' if coding == Coding.HEX_DIGITS else 'd'}}"


def widest(shape: FieldLayout) -> int:
    """The largest count that the indicator can say."""
    size = shape.length_size
    if shape.length_coding == Coding.BINARY:
        return int(256**size - 1)
    if shape.length_coding == Coding.BCD:
        return int(100**size - 1)
    if shape.length_coding == Coding.BCD_LEFT:
        return int(10 ** (2 * size - 1) - 1)
    return int((16 if shape.length_coding == Coding.HEX_DIGITS else 10) ** size - 1)


def length_texts(shape: FieldLayout) -> tuple[str, ...] | None:
    """What the indicator shows for each count up to the maximum: characters, or hex where it is
    packed or binary. ``None`` where a table would have more than 10,000 entries.
    """
    top = min(shape.max_length, widest(shape))
    return None if top >= _TABLE_LIMIT else _texts(str(shape.length_coding), shape.length_size, top)


def length_table(shape: FieldLayout) -> dict[str, int] | None:
    """The counts by what the indicator shows; a look-up checks it as well. ``None`` as above."""
    top = min(shape.max_length, widest(shape))
    return (
        None if top >= _TABLE_LIMIT else _counts(str(shape.length_coding), shape.length_size, top)
    )


def length_writer(shape: FieldLayout) -> Callable[[int], str]:
    """The same as :func:`length_texts` by computing. ``OverflowError`` above the maximum."""
    coding, size = str(shape.length_coding), shape.length_size
    top = min(shape.max_length, widest(shape))

    def text_of(count: int) -> str:
        if count > top:
            raise OverflowError
        return _text(count, coding, size)

    return text_of


def length_parser(shape: FieldLayout) -> Callable[[str], int]:
    """The same as :func:`length_table` by computing. ``ValueError`` for what is no count."""
    coding, size, top = str(shape.length_coding), shape.length_size, shape.max_length
    base = 16 if coding in (Coding.BINARY, Coding.HEX_DIGITS) else 10

    def count_of(text: str) -> int:
        count = int(text[:-1] if coding == Coding.BCD_LEFT else text, base)
        # int() takes signs, spaces and underscores: what is written back must be the same.
        if not 0 <= count <= top or _text(count, coding, size) != text:
            raise ValueError
        return count

    return count_of


@cache
def _texts(coding: str, size: int, top: int) -> tuple[str, ...]:
    return tuple(_text(count, coding, size) for count in range(top + 1))


@cache
def _counts(coding: str, size: int, top: int) -> dict[str, int]:
    return {text: count for count, text in enumerate(_texts(coding, size, top))}
