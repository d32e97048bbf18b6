"""Cuts messages in generated code: views of the whole message, and runs of fixed pieces cut out of
them at once.

Owns places: a constant byte, or ``i`` and a constant once a variable field was met. Knows nothing
of content.

A view is the message as hex, or decoded through one coding; pieces that lie side by side in one
view form a slab, cut by one ``itemgetter`` of constant slices. Digits that lie side by side are
checked together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Final

from switch.wire.codings import text_coding
from switch.wire.layout import Coding, Content, FieldLayout, Layout
from switch.wire.lengths import is_packed
from switch.wire.source import Expression, Source, expression, joined

HEX: Final = Coding.BINARY.value
ASCII: Final = Coding.ASCII.value
# Tests that nearly all values of a content pass, and no others as long as these are ASCII.
QUICK: Final = {Content.A: "v{}.isalpha() or {}", Content.AN: "v{}.isalnum() or {}"}
LONG_RUN: Final = 24
LONG_DIGITS: Final = "{}.encode().isdigit()"
"""Bytes are tested several times as fast as characters, which pays from ``LONG_RUN`` on."""


class Unsupported(Exception):
    """The shape is left to the reader and the writer."""


def view_of(coding: str) -> str:
    """The view through which a coding is cut: hex, or the name of a text coding."""
    return HEX if coding == Coding.BINARY else text_coding(coding).name


def length_view(shape: FieldLayout) -> str:
    """The view through which the length indicator of a variable field is cut."""
    if is_packed(shape):
        return HEX
    return ASCII if shape.length_coding == Coding.HEX_DIGITS else view_of(shape.length_coding)


def views_of(layout: Layout) -> set[str]:
    """All views that messages of a layout may be cut through."""
    shapes = [*layout.fields.values(), *([layout.header] if layout.header else [])]
    views = {view_of(layout.mti_coding), view_of(layout.bitmap.coding)}
    views |= {view_of(shape.coding) for shape in shapes}
    return views | {length_view(shape) for shape in shapes if shape.length_size}


def cuttable(view: str) -> bool:
    """Whether a message may be decoded whole and then cut: one byte a character, and no digits but
    ours."""
    if view in (HEX, ASCII):
        return True
    coding = text_coding(view)
    return coding.whole and all(
        char in "0123456789" for char in coding.decode(bytes(range(256))) if char.isdecimal()
    )


@dataclass(frozen=True, slots=True)
class Cut:
    """Characters ``start`` to ``stop`` of a view, counted from its piece, into a variable.

    ``digits``: they must be. ``looked_up``: they are looked up in a table, which checks them.
    """

    start: int
    stop: int
    name: str
    digits: bool = False
    looked_up: bool = False

    def moved(self, by: int) -> Cut:
        """The same, counted from another start."""
        return replace(self, start=self.start + by, stop=self.stop + by)


@dataclass(slots=True)
class Piece:
    """Bytes of fixed size, cut through one view; ``after`` writes what is to be checked once they
    are cut."""

    view: str
    size: int
    cuts: list[Cut]
    after: list[Callable[[], None]] = field(default_factory=list)


class Cutter:
    """Places and views of one function under construction, whose argument is ``s``."""

    def __init__(self, source: Source, *, pure_ascii: bool) -> None:
        self._source = source
        self._pure_ascii = pure_ascii
        self._views: dict[str, str] = {}
        self._pieces: list[Piece] = []
        self._base = 0
        self._moving = False

    def add(self, piece: Piece) -> None:
        """A piece behind the last one."""
        if not cuttable(piece.view):
            raise Unsupported("a coding of several bytes a character between others")
        self._pieces.append(piece)

    def skip(self, size: int) -> None:
        """Pass over bytes."""
        self.cut()
        self._base += size

    def view(self, view: str) -> str:
        """The variable that holds the whole message seen through a view."""
        name = self._views.get(view)
        if name is None:
            name = self._views[view] = f"w{len(self._views)}"
            self._source.line("{} = {}", name, self._whole(view))
        return name

    def _whole(self, view: str) -> Expression:
        if view == HEX:
            return expression("s.hex().upper()")
        if view != ASCII:
            return expression("{}(s)", self._source.constant(text_coding(view).decode))
        return expression("s.decode('ascii')" if self._pure_ascii else "s.decode('latin-1')")

    def ascii_checked(self, view: str) -> bool:
        """Whether values of a view hold no character that their coding lacks, without a further
        look."""
        return view != ASCII or self._pure_ascii

    def move(self) -> None:
        """Cut what is pending and let ``i`` be the place behind it."""
        self.cut()
        if not self._moving:
            self._source.line("i = {}", self._base)
            self._moving = True
        elif self._base:
            self._source.line("i += {}", self._base)
        self._base = 0

    def place(self) -> Expression:
        """The place behind the last piece, once it is cut."""
        self.cut()
        if not self._moving:
            return expression("{}", self._base)
        return expression("i + {}", self._base) if self._base else expression("i")

    def cut(self) -> None:
        """Cut the pending pieces."""
        pieces, self._pieces = self._pieces, []
        while pieces:
            view = pieces[0].view
            count = next((k for k, piece in enumerate(pieces) if piece.view != view), len(pieces))
            slab, pieces = pieces[:count], pieces[count:]
            self._slab(view, slab)
            for piece in slab:
                for write in piece.after:
                    write()

    def _slab(self, view: str, slab: list[Piece]) -> None:
        scale = 2 if view == HEX else 1
        cuts, size = [], 0
        for piece in slab:
            cuts += [cut.moved(size) for cut in piece.cuts]
            size += piece.size * scale
        text = expression("{}", self.view(view))
        offset = self._base * scale
        self._base += size // scale
        if self._moving:
            place = expression("i + i" if view == HEX else "i")
            start = expression("{} + {}", place, offset) if offset else place
            taken = expression("{}[{}:{} + {}]", text, start, place, offset + size)
            target = cuts[0].name if len(cuts) == 1 else "r"
            self._source.line("{} = {}", target, taken)
            text, offset = expression("{}", target), 0
        cuts = [cut.moved(offset) for cut in cuts]
        self._check_characters(view, text, cuts)
        if len(cuts) > 1:
            getter = itemgetter(*(slice(cut.start, cut.stop) for cut in cuts))
            names = joined(", ", [cut.name for cut in cuts])
            self._source.line("{} = {}({})", names, self._source.constant(getter), text)
        elif not self._moving:
            only = cuts[0]
            self._source.line("{} = {}[{}:{}]", only.name, text, only.start, only.stop)

    def _check_characters(self, view: str, text: Expression, cuts: list[Cut]) -> None:
        """Runs of digits, and that what is read as ASCII is ASCII."""
        open_cuts = [cut for cut in cuts if not (cut.digits or cut.looked_up)]
        if open_cuts and not self.ascii_checked(view):
            self._refuse_unless("{}.isascii()", text, (open_cuts[0].start, open_cuts[-1].stop))
        runs: list[list[int]] = []
        for cut in cuts:
            if cut.digits and runs and runs[-1][1] == cut.start:
                runs[-1][1] = cut.stop
            elif cut.digits:
                runs.append([cut.start, cut.stop])
        for start, stop in runs:
            long = stop - start > LONG_RUN
            self._refuse_unless(LONG_DIGITS if long else "{}.isdecimal()", text, (start, stop))

    def _refuse_unless(self, test: str, text: Expression, span: tuple[int, int]) -> None:
        start, stop = span
        taken = expression("{}[{}:{}]", text, start, stop)
        self._source.line("if not {}: raise Refused", expression(test, taken))
