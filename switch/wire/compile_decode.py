"""Writes the decoder of one bitmap as straight-line Python: cut, check, return a dict.

Owns the fast way of reading. What it writes accepts a subset of what ``switch.wire.reader``
accepts, with equal values, and raises ``ValueError`` (``Refused`` among them), ``LookupError`` or
``TypeError`` for the rest, which the codec hands to the reader. Shapes that hardly occur are not
written at all (``Unsupported``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from switch import tlv
from switch.wire.codings import text_coding
from switch.wire.content import MESSAGE_TYPES, SENTINELS, effective_content, pattern
from switch.wire.cutting import (
    ASCII,
    HEX,
    QUICK,
    Cut,
    Cutter,
    Piece,
    Unsupported,
    cuttable,
    length_view,
    view_of,
    views_of,
)
from switch.wire.layout import Canon, Content, FieldLayout, Layout
from switch.wire.lengths import is_packed, length_parser, length_table
from switch.wire.source import Source, joined
from switch.wire.source import expression as expr
from switch.wire.subfields import checker, is_tlv_of_bytes

_SIGNS: Final = {f"{code:02X}": chr(code) for code in range(256)}
_DIGITS: Final = (Content.N, Content.MASKED_N)
Decoder = Callable[[bytes], dict[str, str]]


def compile_decoder(layout: Layout, numbers: Iterable[int], bitmap_bytes: int) -> Decoder:
    """The decoder for messages whose bitmaps, ``bitmap_bytes`` on the wire, name exactly
    ``numbers``.

    ``Unsupported`` where there is no fast way.
    """
    return decoder_source(layout, numbers, bitmap_bytes).build()


def decoder_source(layout: Layout, numbers: Iterable[int], bitmap_bytes: int) -> Source:
    """The source of that decoder."""
    return _Writer(layout).write(numbers, bitmap_bytes)


class _Writer:
    """Writes one decoder: ``v2`` holds field 2, ``n2`` its length indicator, ``q2`` its pad, ``k``
    a count."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._source = Source("s")
        self._cutter = Cutter(self._source, pure_ascii=views_of(layout) == {ASCII})
        self._line = self._source.line
        self._constant = self._source.constant
        self._items: list[str] = []

    def write(self, numbers: Iterable[int], bitmap_bytes: int) -> Source:
        header = self._layout.header
        if header is not None:
            if header.length_size:
                raise Unsupported("header of variable length")
            self._fixed(header, 193)
            self._items.append(expr("'h': v193"))
        self._message_type()
        self._cutter.skip(bitmap_bytes)
        for number in numbers:
            shape = self._layout.fields[number]
            if shape.nibbles and view_of(shape.coding) != HEX:
                raise Unsupported("text counted in nibbles")
            self._items.append(expr("'{}': v{}", number, number))
            if shape.length_size:
                self._variable(shape, number)
            else:
                self._fixed(shape, number)
        self._finish()
        return self._source

    def _finish(self) -> None:
        place = self._cutter.place()
        values = expr("{{{}}}", joined(", ", self._items))
        if self._layout.strict_trailing:
            self._line("if len(s) != {}: raise Refused", place)
            self._line("return {}", values)
            return
        self._line("if len(s) < {}: raise Refused", place)
        self._line("d = {}", values)
        self._line("r = s[{}:].hex().upper()", place)
        self._line("if r: d['end'] = r")
        self._line("return d")

    def _message_type(self) -> None:
        view = view_of(self._layout.mti_coding)
        piece = Piece(view, 2 if view == HEX else 4, [Cut(0, 4, "v0", looked_up=True)])
        types = self._constant(MESSAGE_TYPES)
        piece.after.append(lambda: self._line("if v0 not in {}: raise Refused", types))
        self._cutter.add(piece)
        self._items.append(expr("'t': v0"))

    # -- fields of fixed length

    def _fixed(self, shape: FieldLayout, number: int) -> None:
        view = view_of(shape.coding)
        digits = effective_content(self._layout, shape) in _DIGITS[: 2 if view == HEX else 1]
        if view == HEX:
            piece = self._fixed_packed(shape, number, digits)
        elif cuttable(view):
            piece = Piece(view, shape.max_length, [Cut(0, shape.max_length, f"v{number}", digits)])
        else:
            self._cutter.move()
            self._line("k = {}", shape.max_length)
            self._by_itself(shape, number)
            self._check(shape, number, digits_checked=False)
            return
        piece.after.append(lambda: self._check(shape, number, digits_checked=digits))
        self._cutter.add(piece)

    def _fixed_packed(self, shape: FieldLayout, number: int, digits: bool) -> Piece:
        count = shape.max_length if shape.nibbles else 2 * shape.max_length
        if not count & 1:
            return Piece(HEX, count // 2, [Cut(0, count, f"v{number}", digits)])
        pad = self._pads(shape)
        first = 1 if shape.pad_left else 0
        value = Cut(first, first + count, f"v{number}", digits)
        at = 0 if first else count
        filler = Cut(at, at + 1, f"q{number}", digits and shape.pads.isdecimal())
        piece = Piece(HEX, (count + 1) // 2, [filler, value] if first else [value, filler])
        piece.after.append(lambda: self._line("if q{} not in {}: raise Refused", number, pad))
        return piece

    def _pads(self, shape: FieldLayout) -> str:
        if not shape.pads:
            raise Unsupported("odd count without a pad")
        return self._constant(frozenset(shape.pads))

    # -- fields of variable length

    def _variable(self, shape: FieldLayout, number: int) -> None:
        units = shape.length_size * (2 if is_packed(shape) else 1)
        cut = Cut(0, units, f"n{number}", looked_up=True)
        self._cutter.add(Piece(length_view(shape), shape.length_size, [cut]))
        self._cutter.move()
        table = length_table(shape)
        if table is None:
            self._line("k = {}(n{})", self._constant(length_parser(shape)), number)
        else:
            self._line("k = {}[n{}]", self._constant(table), number)
        view = view_of(shape.coding)
        if view == HEX:
            self._variable_packed(shape, number)
        elif cuttable(view):
            self._line("j = i + k")
            self._line("v{} = {}[i:j]", number, self._cutter.view(view))
            if not self._cutter.ascii_checked(view):
                self._line("if not v{}.isascii(): raise Refused", number)
            self._line("i = j")
        else:
            self._by_itself(shape, number)
        self._check(shape, number, digits_checked=False)

    def _by_itself(self, shape: FieldLayout, number: int) -> None:
        """``k`` bytes of a coding that cannot be cut when decoded."""
        decode = self._constant(text_coding(shape.coding).decode)
        self._line("j = i + k")
        self._line("v{} = {}(s[i:j])", number, decode)
        self._line("i = j")

    def _variable_packed(self, shape: FieldLayout, number: int) -> None:
        line, hexed = self._line, self._cutter.view(HEX)
        if not shape.nibbles:
            line("j = i + k")
            line("v{} = {}[i + i:j + j]", number, hexed)
            line("i = j")
            return
        line("j = i + i")
        line("if k & 1:")
        if not shape.pads:
            line("raise Refused", indent=1)
        else:
            pads = self._pads(shape)
            first = 1 if shape.pad_left else 0
            pad = expr("{}[j:j + 1]" if first else "{}[j + k:j + k + 1]", hexed)
            line("if {} not in {}: raise Refused", pad, pads, indent=1)
            line("v{} = {}[j + {}:j + {} + k]", number, hexed, first, first, indent=1)
        line("else:")
        line("v{} = {}[j:j + k]", number, hexed, indent=1)
        line("i += k + 1 >> 1")

    # -- checks of one value

    def _check(self, shape: FieldLayout, number: int, *, digits_checked: bool) -> None:
        """Content, inside, canonical value."""
        content = effective_content(self._layout, shape)
        view = view_of(shape.coding)
        wanted = pattern(content, shape)
        if content is Content.ANS and view != HEX:
            self._line("if not v{}.isprintable(): raise Refused", number)
        elif wanted is not None and not digits_checked:
            fits = expr("{}(v{})", self._constant(wanted.fullmatch), number)
            quick = QUICK.get(content)
            if content in _DIGITS and cuttable(view):
                fits = expr("v{}.isdecimal() or {}", number, fits)
            elif quick is not None and view == ASCII:
                fits = expr(quick, number, fits)
            elif content is Content.Z and shape.nibbles:
                fits = expr("v{}.replace('D', '').isdecimal() or {}", number, fits)
            self._line("if not ({}): raise Refused", fits)
        if shape.sub is not None and not shape.sub.lenient:
            check = expr("{}(v{})", self._constant(checker(shape.sub)), number)
            if shape.length_size and is_tlv_of_bytes(shape):
                # The very bytes, without a way over hex.
                check = expr("{}(s[j - k:j])", self._constant(tlv.Builds().check))
            self._line("{}", check)
        self._canonical(shape.canon, number)

    def _canonical(self, canon: Canon, number: int) -> None:
        value = expr("v{}", number)
        if canon is Canon.TRACK2:
            self._line("{0} = {0}.replace('D', '=')", value)
        elif canon is Canon.TRACK2_SENTINELS:
            self._line("{0} = {0}.translate({1})", value, self._constant(SENTINELS))
        elif canon is Canon.SIGNED:
            self._line("{0} = {1}[{0}[:2]] + {0}[2:]", value, self._constant(_SIGNS))
