"""A layout in other encodings: EBCDIC for ASCII, packed digits for characters, raw bitmaps for
hex, and back.

Owns the rewriting and the words for it; who asks is looking for the encoding that a stranger used.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Final

from switch.wire.content import effective_content
from switch.wire.layout import BitmapLayout, Canon, Coding, Content, FieldLayout, Layout

_KEPT: Final = 32
_CACHE: OrderedDict[int, tuple[Layout, tuple[tuple[str, Layout], ...]]] = OrderedDict()
_TEXTS: Final = ((Coding.ASCII, "ASCII text"), (Coding.EBCDIC, "EBCDIC text"))
_NUMBERS: Final = (
    *(Content.N, Content.BLANK_N, Content.MASKED_N),
    *(Content.Z, Content.MASKED_Z),
)


def variants(layout: Layout) -> tuple[tuple[str, Layout], ...]:
    """Other encodings of the layout with the words that name the difference; computed once a
    layout."""
    known = _CACHE.get(id(layout))
    if known is not None and known[0] is layout:
        _CACHE.move_to_end(id(layout))
        return known[1]
    made = tuple(_make(layout))
    _CACHE[id(layout)] = (layout, made)
    if len(_CACHE) > _KEPT:
        _CACHE.popitem(last=False)
    return made


def _make(layout: Layout) -> list[tuple[str, Layout]]:
    """Variants of the head alone first, then of the whole, the ones with the fewest differences
    first."""
    out = []
    for coding, words in (*_TEXTS, (Coding.BINARY, "packed digits")):
        if coding != layout.mti_coding:
            out.append((f"a message type in {words}", replace(layout, mti_coding=coding)))
    for coding, words in ((Coding.ASCII, "ASCII hex"), (Coding.EBCDIC, "EBCDIC hex")):
        if coding != layout.bitmap.coding:
            bitmap = replace(layout.bitmap, coding=coding)
            out.append((f"a bitmap in {words}", replace(layout, bitmap=bitmap)))
    if layout.bitmap.coding != Coding.BINARY:
        bitmap = replace(layout.bitmap, coding=Coding.BINARY)
        out.append(("a binary bitmap", replace(layout, bitmap=bitmap)))
    whole = []
    for text, text_words in _TEXTS:
        for packed, packed_words in (
            (False, "digits as characters"),
            (True, "packed (BCD) digits"),
        ):
            for raw, raw_words in ((False, "a hex bitmap"), (True, "a binary bitmap")):
                differences = (
                    (_text_of(layout) != text, text_words),
                    (_is_packed(layout) != packed, packed_words),
                    ((layout.bitmap.coding == Coding.BINARY) != raw, raw_words),
                )
                words_ = [told for differs, told in differences if differs]
                if words_:
                    variant = _recoded(layout, text, packed=packed, raw=raw)
                    whole.append((len(words_), " and ".join(words_), variant))
    whole.sort(key=lambda item: item[:2])
    return out + [(words, variant) for _, words, variant in whole]


def _text_of(layout: Layout) -> str:
    codings = [shape.coding for shape in layout.fields.values() if shape.coding != Coding.BINARY]
    return max(set(codings), key=codings.count, default=Coding.ASCII)


def _is_packed(layout: Layout) -> bool:
    return layout.mti_coding == Coding.BINARY


def _recoded(layout: Layout, text: str, *, packed: bool, raw: bool) -> Layout:
    same = _is_packed(layout) == packed
    coding = Coding.BINARY if raw else text
    bitmap: BitmapLayout = replace(layout.bitmap, coding=coding)
    return replace(
        layout,
        mti_coding=Coding.BINARY if packed else text,
        bitmap=bitmap,
        fields={n: _shape(s, layout, text, packed, same) for n, s in layout.fields.items()},
        header=layout.header,
    )


def _shape(shape: FieldLayout, layout: Layout, text: str, packed: bool, same: bool) -> FieldLayout:
    """A field in another text coding, and packed or unpacked where the message type changes sides
    too."""
    length = shape.length_coding
    if length not in (Coding.BINARY, Coding.BCD, Coding.BCD_LEFT, Coding.HEX_DIGITS):
        length = text
    if shape.coding != Coding.BINARY:
        shape = replace(shape, coding=text)
    shape = replace(shape, length_coding=length)
    if same:
        return shape
    content = effective_content(layout, shape)
    if packed:
        return _packed(shape, content)
    return _unpacked(shape, content, text)


def _packed(shape: FieldLayout, content: Content) -> FieldLayout:
    if shape.length_size and shape.length_coding != Coding.BINARY:
        size = (shape.length_size + 1) // 2
        shape = replace(shape, length_coding=Coding.BCD, length_size=size)
    if shape.coding == Coding.BINARY:
        return shape
    if content in _NUMBERS:
        return replace(shape, coding=Coding.BINARY, nibbles=True, pads="0F", other_pads="0F")
    if content is Content.B:
        return replace(shape, coding=Coding.BINARY, max_length=max(1, shape.max_length // 2))
    return shape


def _unpacked(shape: FieldLayout, content: Content, text: str) -> FieldLayout:
    if shape.length_size and shape.length_coding in (Coding.BCD, Coding.BCD_LEFT):
        size = max(2, len(str(shape.max_length)))
        shape = replace(shape, length_coding=text, length_size=size)
    if shape.coding != Coding.BINARY:
        return shape
    if shape.nibbles:
        return replace(shape, coding=text, nibbles=False, canon=Canon.NONE, content=content)
    if content in (Content.XN, Content.XN_OR_N):
        return replace(shape, coding=text, max_length=2 * shape.max_length - 1, canon=Canon.NONE)
    return shape
