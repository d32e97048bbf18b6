"""One buffer explained: which framing it has, what the message inside says, and what is at fault.

Owns the choice between explanations: bare message or framed, this framing or that, broken header or
broken message. Works on whole buffers from files and traces, never on streams; knows layouts, not
dialect files. Offsets count from the first byte of the buffer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from switch.errors import Fault
from switch.wire import doctor
from switch.wire.doubts import doubts
from switch.wire.elements import Reading, scan
from switch.wire.emv_tags import CHIP_DATA_BEGINNINGS
from switch.wire.frames import Frame, FramingError
from switch.wire.framing import Framing, Tpdu
from switch.wire.layout import BitmapLayout, Coding, Layout, SubKind
from switch.wire.reader import read
from switch.wire.whole_frame import cut_whole

BARE: Final = Framing(length=None)
MOST_GUESSES: Final = 8
NOTHING: Final = Reading(())


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a buffer is.

    ``framing`` ``None``: the bare message. ``base``: where the message starts; the elements of
    ``reading`` count from there, ``fault`` and ``warnings`` from the buffer's first byte. ``frame``
    is ``None`` where the framing does not fit and ``fault`` says so.
    """

    data: bytes = field(repr=False)
    layout: Layout
    reading: Reading = field(repr=False)
    base: int = 0
    framing: Framing | None = None
    frame: Frame | None = None
    fault: Fault | None = None
    warnings: tuple[Fault, ...] = ()

    @property
    def message(self) -> bytes:
        """The bytes in which the message was looked for."""
        if self.frame is not None:
            return self.frame.body
        stx = self.framing is not None and self.framing.stx
        return self.data[self.base : len(self.data) - 2 * stx]

    @property
    def whole(self) -> bool:
        """Whether all of the message could be read, whatever its framing says."""
        return self.reading.fault is None

    @property
    def consumed(self) -> int:
        """Bytes of the buffer up to the first that was not understood."""
        return self.base + sum(element.length for element in self.reading.elements)


def explain_framed(data: bytes, layout: Layout, framing: Framing) -> Explanation:
    """The buffer as one frame of this framing.

    Where the length header disagrees with the buffer, the message is read all the same: bytes
    missing from the message are its own fault, else the header is at fault.
    """
    return _finished(_framed(data, layout, framing))


def explain_bare(data: bytes, layout: Layout) -> Explanation:
    """The buffer as one message and nothing else."""
    return _finished(_framed(data, layout, BARE))


def explain_by_spec(data: bytes, layout: Layout, framing: Framing = BARE) -> Explanation:
    """The buffer as one message of a pyiso8583 spec, bare or in a framing.

    Bitmaps that such a spec cannot describe (16 bytes throughout; a third one in place of field 65)
    are read where they make the message fit to the byte; a warning says so. Chip data that begins
    with a tag of EMV is held to BER-TLV, though the spec cannot say that either.
    """
    found = _framed(data, layout, framing)
    if not found.whole:
        for bitmap, odd, reason in _other_bitmaps(layout):
            other = _finished(_framed(data, replace(layout, bitmap=bitmap), framing))
            if other.fault is None:
                at = next(e.offset for e in other.reading.elements if e.id == odd) + other.base
                doubt = Fault(odd, "3" if odd == "65" else odd, at, at, reason)
                return replace(other, warnings=(doubt, *other.warnings))
    found = _finished(found)
    broken = next((doubt for doubt in found.warnings if _is_broken_chip_data(found, doubt)), None)
    if found.fault is not None or broken is None:
        return found
    others = tuple(doubt for doubt in found.warnings if doubt is not broken)
    return replace(found, fault=broken, warnings=others)


def _other_bitmaps(layout: Layout) -> Iterator[tuple[BitmapLayout, str, str]]:
    """Bitmaps beyond a pyiso8583 spec, the element that is odd about them, and why."""
    wide = replace(layout.bitmap, fixed_16=True)
    yield wide, "p", "the bitmap has 16 bytes although bit 1 announces no second one"
    if layout.bitmap.tertiary == "65":
        units = 8 if layout.bitmap.coding == Coding.BINARY else 16
        for width in (units, 2 * units, 4 * units, 8 * units):
            third = replace(layout.bitmap, tertiary="in-place", tertiary_width=width)
            yield third, "65", f"the third bitmap stands in place of field 65, {width} units wide"


def explain(data: bytes, layout: Layout, framing: Framing) -> Explanation:
    """The buffer as a message of a dialect, in the dialect's framing or without its length header.

    Another framing is told, and is the fault: on a port of the dialect it would not be understood.
    """
    return _finished(_chosen(data, layout, framing))


def explain_freely(data: bytes, layout: Layout, framing: Framing) -> Explanation:
    """As :func:`explain`, but any framing will do: for finding out what a buffer is."""
    known = _chosen(data, layout, framing)
    if known.whole and known.fault is None:
        return _finished(known)
    free = (one for one in _guessed(data, layout) if one.whole)
    return _finished(next(free, known))


def _chosen(data: bytes, layout: Layout, framing: Framing) -> Explanation:
    own = _framed(data, layout, framing)
    if own.frame is not None and (own.whole or framing.length is not None or framing.stx):
        return own
    known = _without_length(data, layout, framing)
    best = next((one for one in known if one.whole), None)
    if best is not None:
        return best
    if own.whole:
        return own
    for other in _guessed(data, layout):
        if other.whole:
            told = f"framed as {other.framing}, where {framing} belongs"
            offered = f"to read it so all the same: --framing {other.framing}"
            return replace(other, fault=Fault(None, "length", 0, 0, told, offered))
    if _is_cut_short(own) or _depth(own) > 1 + max(map(_depth, known)):
        return own
    return max(known, key=_depth)


def _framed(data: bytes, layout: Layout, framing: Framing) -> Explanation:
    """The explanation as far as it is needed to choose: ``fault`` is the framing's, if any."""
    if framing == BARE:
        return Explanation(data, layout, scan(data, layout))
    base = framing.prefix_bytes
    try:
        frame = cut_whole(data, framing)
    except FramingError as refusal:
        found = Explanation(data, layout, NOTHING, base, framing)
        found = replace(found, reading=scan(found.message, layout))
        if refusal.event == "frame.truncated" and _is_cut_short(found):
            return found
        return replace(found, fault=refusal.fault)
    return Explanation(data, layout, scan(frame.body, layout), base, framing, frame)


def _finished(found: Explanation) -> Explanation:
    """With the message's fault, its cure and all doubts, counted from the buffer's first byte."""
    fault = found.fault
    if fault is None and not found.whole:
        found = replace(found, reading=read(found.message, found.layout))
        fault = found.reading.fault
        if fault is not None:
            hint = _tpdu_hint(found) or fault.hint
            fault = replace(_moved(fault, found.base), hint=hint)
    warned = tuple(_moved(doubt, found.base) for doubt in doubts(found.reading, found.layout))
    return replace(found, fault=fault, warnings=warned)


def _tpdu_hint(found: Explanation) -> str:
    """Whether the TPDU that belongs there is missing."""
    frame = found.frame
    if frame is None or not frame.tpdu or frame.tpdu[0] >> 4 == 6:
        return ""
    bare = replace(found.framing or BARE, tpdu=Tpdu.NONE, header_bytes=0, header="")
    if scan(found.data[bare.prefix_bytes :], found.layout).fault is not None:
        return ""
    return f"from byte {bare.prefix_bytes} on it fits: the TPDU is missing"


def _moved(fault: Fault, base: int) -> Fault:
    return replace(fault, offset=fault.offset + base, at=fault.at + base)


def _is_cut_short(found: Explanation) -> bool:
    """Whether the message merely lacks its last bytes."""
    fault = found.reading.fault
    return fault is not None and fault.at == len(found.message) and _depth(found) > 1


def _is_broken_chip_data(found: Explanation, doubt: Fault) -> bool:
    shape = found.layout.fields.get(int(doubt.field)) if doubt.field else None
    if shape is None or shape.sub is None or shape.sub.kind is not SubKind.BER_TLV:
        return False
    value = next(e.value for e in found.reading.elements if e.id == doubt.field)
    return value.startswith(CHIP_DATA_BEGINNINGS)


def _without_length(data: bytes, layout: Layout, framing: Framing) -> list[Explanation]:
    """The bare message, and the message behind the TPDU and header of its framing alone."""
    inner = replace(framing, length=None, inclusive=False, stx=False)
    shapes = [BARE] if not inner.prefix_bytes else [BARE, inner]
    return [_framed(data, layout, shape) for shape in shapes]


def _guessed(data: bytes, layout: Layout) -> Iterator[Explanation]:
    """In the framings that the doctor finds to fit the whole buffer, the likeliest first."""

    def judge(body: bytes) -> bool:
        return scan(body, layout).fault is None

    found = (
        finding.framing
        for finding in doctor.diagnose(data, None, judge)
        if finding.framing is not None and (finding.missing == 0 or finding.framing.length is None)
    )
    for framing in islice(found, MOST_GUESSES):
        yield _framed(data, layout, framing)


def _depth(found: Explanation) -> int:
    return len(found.reading.elements)
