"""Writes the encoder of one set of fields as straight-line Python: check, join, encode.

Owns the fast way of writing. What it writes accepts a subset of what ``switch.wire.writer``
accepts, with equal bytes, and raises ``ValueError`` (``Refused`` among them), ``LookupError`` or
``TypeError`` for the rest, which the codec hands to the writer. Shapes that hardly occur are not
written at all (``Unsupported``).
"""

from __future__ import annotations

from binascii import a2b_hex
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from switch.wire.codings import text_coding
from switch.wire.content import MESSAGE_TYPES, NIBBLES, effective_content, pattern
from switch.wire.cutting import (
    ASCII,
    HEX,
    LONG_DIGITS,
    QUICK,
    Unsupported,
    cuttable,
    length_view,
    view_of,
)
from switch.wire.layout import Canon, Content, FieldLayout, Layout
from switch.wire.lengths import length_texts, length_writer
from switch.wire.source import Expression, Source, joined
from switch.wire.source import expression as expr
from switch.wire.subfields import checker
from switch.wire.writer import bitmaps, field_numbers

_SIGNS: Final = {chr(code): f"{code:02X}" for code in range(256)}
_DIGITS: Final = (Content.N, Content.MASKED_N)
Encoder = Callable[[Mapping[str, str]], bytes]


def compile_encoder(layout: Layout, keys: Sequence[str]) -> Encoder:
    """The encoder for dicts whose keys, in their order, are ``keys``.

    ``EncodeError`` for keys that the layout does not know, ``Unsupported`` where there is no fast
    way.
    """
    return encoder_source(layout, keys).build()


def encoder_source(layout: Layout, keys: Sequence[str]) -> Source:
    """The source of that encoder."""
    return _Writer(layout).write(keys)


class _Writer:
    """Writes one encoder: ``v2`` holds field 2, ``k2`` its count. Text of one view gathers in a
    group until the view changes; digits side by side gather in a run that is checked as one."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._source = Source("d")
        self._line = self._source.line
        self._constant = self._source.constant
        self._parts: list[str] = []
        self._group: list[str] = []
        self._view = ""
        self._run: list[str] = []
        self._runs = 0

    def write(self, keys: Sequence[str]) -> Source:
        numbers = field_numbers(dict.fromkeys(keys, ""), self._layout)
        header = self._layout.header
        if "t" not in keys or "end" in keys or (header is not None) != ("h" in keys):
            raise Unsupported("header, message type or trailing bytes are not as usual")
        if any(number > 128 for number in numbers):
            raise Unsupported("third bitmap")
        names = {"t": 0, "h": 193, **{str(number): number for number in numbers}}
        values = [expr("v{}", names[key]) for key in keys]
        self._line("{} = d.values()", joined(", ", list(values)))
        if header is not None:
            self._field(header, 193)
        self._message_type()
        self._bitmaps(numbers)
        for number in numbers:
            self._field(self._layout.fields[number], number)
        self._close_group()
        join = self._constant(b"".join)
        whole = expr("{}(({}))", join, joined(", ", self._parts))
        self._line("return {}", self._parts[0] if len(self._parts) == 1 else whole)
        return self._source

    # -- groups and runs

    def _append(self, view: str, *items: str, digits: bool = False) -> None:
        """Pieces of text to be written through a view."""
        if view != self._view:
            self._close_group()
            self._view = view
        if digits:
            self._run += items
            return
        self._close_run()
        self._group += items

    def _close_run(self) -> None:
        run, self._run = self._run, []
        if not run:
            return
        if len(run) > 1:
            name = f"r{self._runs}"
            self._runs += 1
            join = self._constant("".join)
            self._line("{} = {}(({}))", name, join, joined(", ", run))
            run = [name]
        self._line("if not {}: raise Refused", expr(LONG_DIGITS, run[0]))
        self._group += run

    def _close_group(self) -> None:
        self._close_run()
        group, self._group = self._group, []
        if not group:
            return
        text: str = group[0]
        if len(group) > 1:
            text = expr("{}(({}))", self._constant("".join), joined(", ", group))
        if self._view == HEX:
            self._parts.append(expr("{}({})", self._constant(a2b_hex), text))
        elif self._view == ASCII:
            self._parts.append(expr("{}.encode('ascii')", text))
        else:
            encode = self._constant(text_coding(self._view).encode)
            self._parts.append(expr("{}({})", encode, text))

    # -- elements

    def _message_type(self) -> None:
        self._line("if v0 not in {}: raise Refused", self._constant(MESSAGE_TYPES))
        self._append(view_of(self._layout.mti_coding), expr("v0"))

    def _bitmaps(self, numbers: list[int]) -> None:
        leading, _ = bitmaps(numbers, self._layout)
        view = view_of(self._layout.bitmap.coding)
        text = leading.hex() if view == HEX else text_coding(view).decode(leading)
        self._append(view, self._constant(text))

    def _field(self, shape: FieldLayout, number: int) -> None:
        view = view_of(shape.coding)
        self._wire_side(shape.canon, number)
        if view == HEX:
            self._packed(shape, number)
        elif shape.nibbles:
            raise Unsupported("text counted in nibbles")
        elif cuttable(view):
            self._text(shape, number, view)
        else:
            self._by_itself(shape, number)

    def _text(self, shape: FieldLayout, number: int, view: str) -> None:
        content = effective_content(self._layout, shape)
        digits = content is Content.N and not shape.length_size
        if shape.length_size:
            self._length(shape, expr("len(v{})", number))
        else:
            self._line("if len(v{}) != {}: raise Refused", number, shape.max_length)
        if not digits:
            self._check(shape, content, number)
        self._append(view, expr("v{}", number), digits=digits)

    def _by_itself(self, shape: FieldLayout, number: int) -> None:
        """A coding of several bytes a character: the length is that of the bytes."""
        self._check(shape, effective_content(self._layout, shape), number)
        encode = self._constant(text_coding(shape.coding).encode)
        self._line("b{} = {}(v{})", number, encode, number)
        if shape.length_size:
            self._length(shape, expr("len(b{})", number))
        else:
            self._line("if len(b{}) != {}: raise Refused", number, shape.max_length)
        self._close_group()
        self._view = ""
        self._parts.append(expr("b{}", number))

    def _packed(self, shape: FieldLayout, number: int) -> None:
        content = effective_content(self._layout, shape)
        value = expr("v{}", number)
        digits = content in _DIGITS and not shape.length_size
        if not digits:
            self._check(shape, content, number)
        if shape.length_size:
            self._line("k{} = len(v{})", number, number)
            if not shape.nibbles:
                self._line("if k{} & 1: raise Refused", number)
            self._length(shape, expr("k{}" if shape.nibbles else "k{} >> 1", number))
        else:
            size = shape.max_length * (1 if shape.nibbles else 2)
            self._line("if len(v{}) != {}: raise Refused", number, size)
        pad = self._pad(shape, number)
        items = [value] if pad is None else [pad, value] if shape.pad_left else [value, pad]
        if digits and pad is not None and not shape.pads[:1].isdecimal():
            self._line("if not v{}.isdecimal(): raise Refused", number)
            digits = False
        self._append(HEX, *items, digits=digits)

    def _pad(self, shape: FieldLayout, number: int) -> str | None:
        """What stands at the odd end: a constant, or an expression where the count is variable."""
        if not shape.nibbles:
            return None
        if not shape.length_size:
            if not shape.max_length & 1:
                return None
            if not shape.pads:
                raise Unsupported("odd count without a pad")
            return self._constant(shape.pads[0])
        if not shape.pads:
            self._line("if k{} & 1: raise Refused", number)
            return None
        return expr("{}[k{} & 1]", self._constant(("", shape.pads[0])), number)

    def _length(self, shape: FieldLayout, count: Expression) -> None:
        table = length_texts(shape)
        if table is None:
            text = expr("{}({})", self._constant(length_writer(shape)), count)
        else:
            text = expr("{}[{}]", self._constant(table), count)
        self._append(length_view(shape), text)

    # -- checks of one value

    def _wire_side(self, canon: Canon, number: int) -> None:
        value = expr("v{}", number)
        if canon is Canon.TRACK2:
            self._line("{0} = {0}.replace('=', 'D')", value)
        elif canon is Canon.TRACK2_SENTINELS:
            self._line("{0} = {0}.translate({1})", value, self._constant(NIBBLES))
        elif canon is Canon.SIGNED:
            self._line("{0} = {1}[{0}[:1]] + {0}[1:]", value, self._constant(_SIGNS))

    def _check(self, shape: FieldLayout, content: Content, number: int) -> None:
        wanted = pattern(content, shape)
        if content is Content.ANS and view_of(shape.coding) != HEX:
            self._line("if not v{}.isprintable(): raise Refused", number)
        elif wanted is not None:
            fits = expr("{}(v{})", self._constant(wanted.fullmatch), number)
            view = view_of(shape.coding)
            if content in _DIGITS and cuttable(view):
                fits = expr("v{}.isdecimal() or {}", number, fits)
            elif content in QUICK and view == ASCII:
                # Letters that are not ASCII are refused when the text becomes bytes.
                fits = expr(QUICK[content], number, fits)
            self._line("if not ({}): raise Refused", fits)
        if shape.sub is not None and not shape.sub.lenient:
            self._line("{}(v{})", self._constant(checker(shape.sub)), number)
