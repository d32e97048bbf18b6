"""What else would fit: the likelier culprit of a fault and the cure, found by trying (M-38).

Owns the order of guesses and those about encodings and framing; ``switch.wire.neighbours`` has the
ones about single fields. Each is proven by a reading that goes to the end of the message. Costs
something only when a message is broken, and bounded then. Texts never quote data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from switch.errors import Fault
from switch.wire.codings import text_coding
from switch.wire.elements import HEAD, Reading, scan
from switch.wire.layout import Coding, Layout
from switch.wire.neighbours import Neighbours
from switch.wire.variants import variants

_PREFIXES: Final = {
    2: "a length header in front",
    4: "a length header in front",
    5: "a TPDU in front",
    7: "a length header and a TPDU in front",
}
LOOKS_LIKE: Final = "looks like "
_LINE_ENDS: Final = (b"\n", b"\r\n", b"\r")


def hint_for(data: bytes, layout: Layout, reading: Reading) -> str:
    """The first guess that holds, or an empty text."""
    fault = reading.fault
    if fault is None:
        return ""
    if fault.field in HEAD:
        return _first(_about_head(data, layout))
    if fault.element == "end":
        return _first(_about_rest(data, layout, reading, fault))
    return _first(_about_fields(data, layout, reading))


def suspected_encoding(fault: Fault) -> str:
    """The encoding that the hint of a fault suspects, in words; empty where it suspects none.

    >>> suspected_encoding(Fault("t", "t", 0, 0, "no digits", "looks like EBCDIC text"))
    'EBCDIC text'
    """
    return fault.hint.removeprefix(LOOKS_LIKE) if fault.hint.startswith(LOOKS_LIKE) else ""


def encoding_suspects(data: bytes, layout: Layout) -> list[str]:
    """In which other encodings the message makes sense; empty where none does.

    >>> from switch.wire.layout import BitmapLayout, Content, FieldLayout
    >>> code = FieldLayout("3", "code", "ascii", 6, content=Content.N)
    >>> plain = Layout("plain", "ascii", BitmapLayout(), {3: code})
    >>> encoding_suspects("08002000000000000000123456".encode("cp500"), plain)
    ['EBCDIC text']
    """
    own = scan(data, layout)
    if own.fault is None:
        return []
    whole, partly = [], []
    for words, variant in variants(layout):
        if variant.bitmap.coding == Coding.BINARY != layout.bitmap.coding and _looks_hex(
            data, variant
        ):
            continue
        reading = scan(data, variant)
        if reading.fault is None:
            whole.append(words)
        elif own.fault.field in HEAD and len(reading.numbered) >= 3:
            partly.append((-len(reading.numbered), words))
    return whole or [words for _, words in sorted(partly)[:1]]


def _looks_hex(data: bytes, variant: Layout) -> bool:
    """Whether most bytes of a raw bitmap would be hex characters: then they are."""
    start = 2 if variant.mti_coding == Coding.BINARY else 4
    piece = data[start : start + 8]
    return any(
        sum(char in "0123456789ABCDEFabcdef" for char in text_coding(name).decode(piece)) >= 6
        for name in ("latin-1", "cp500")
    )


def _first(guesses: Iterable[str]) -> str:
    return next((guess for guess in guesses if guess), "")


def _either(*guesses: str) -> str:
    """Guesses of which none can be preferred."""
    return "; or ".join(guess for guess in guesses if guess)


def _about_head(data: bytes, layout: Layout) -> Iterator[str]:
    """Another encoding of the whole, or bytes of the framing left in front."""
    suspects = encoding_suspects(data, layout)
    if suspects:
        yield LOOKS_LIKE + suspects[0]
    for count, words in _PREFIXES.items():
        if len(data) > count and scan(data[count:], layout).fault is None:
            yield f"from byte {count} on it fits: {words}?"


def _about_rest(data: bytes, layout: Layout, reading: Reading, fault: Fault) -> Iterator[str]:
    """What bytes behind the last field may be."""
    rest = data[fault.offset :]
    if rest in _LINE_ENDS:
        yield "a line end, as of a file saved line by line"
    if not any(rest):
        yield "zero fill, as of a buffer sent whole"
    if scan(rest, layout).fault is None:
        yield "another message follows: is its length header missing?"
    neighbours = Neighbours(data, layout, reading)
    yield _either(neighbours.unclaimed(), _first(neighbours.lengths()))
    yield from _about_head(data, layout)


def _about_fields(data: bytes, layout: Layout, reading: Reading) -> Iterator[str]:
    """A field at fault: itself, the bitmap, a length in front, or the encoding of the whole."""
    suspects = encoding_suspects(data, layout)
    if suspects:
        yield LOOKS_LIKE + suspects[0]
    neighbours = Neighbours(data, layout, reading)
    yield from neighbours.own_shape()
    yield _either(neighbours.claimed(), _first(neighbours.lengths()))
    yield neighbours.unclaimed()
