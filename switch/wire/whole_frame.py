"""Cuts the one message out of a buffer that holds nothing else, as files and traces do.

Owns the rule that a length header must say just what follows; a stream would wait or go on where a
buffer is at fault (``switch.wire.framer``).
"""

from __future__ import annotations

from typing import NoReturn

from switch.errors import Fault
from switch.wire import doctor
from switch.wire.frames import ETX, STX, Frame, FramingError, lrc
from switch.wire.framing import Framing, LengthKind, first_bad_digit, read_length


def cut_whole(data: bytes, framing: Framing) -> Frame:
    """The one message that a buffer holds, from its first byte to its last.

    For files and traces: a length header that says anything but what follows is the fault, at the
    header. Raises :class:`FramingError`.
    """

    def refuse(event: str, element: str, offset: int, at: int, reason: str) -> NoReturn:
        hint = doctor.sentence(data, framing, None)
        raise FramingError(event, Fault(None, element, offset, at, reason, hint))

    stx = int(framing.stx)
    begin = stx + framing.length_bytes
    end = len(data) - 2 * stx
    if stx and data[:1] != STX:
        refuse("frame.garbage", "stx", 0, 0, "no STX in front of the frame")
    if framing.length is not None:
        problem = _wrong_length(framing.length, framing.inclusive, data[stx:begin], end - begin)
        if problem is not None:
            event, at, reason = problem
            refuse(event, "length", stx, stx + at, reason)
    inner = framing.prefix_bytes - begin
    if end - begin < inner:
        element = "header" if framing.length is None else "length"
        reason = f"{max(0, end - begin)} bytes are fewer than TPDU and header need"
        refuse("frame.undersize", element, 0, len(data), reason)
    if stx and (data[end : end + 1] != ETX or lrc(data[1 : end + 1]) != data[-1]):
        refuse("frame.broken", "end", end, end, "no ETX and right check byte (LRC) at the end")
    body = begin + inner
    tpdu_end = body - framing.header_bytes
    return Frame(data[body:end], data[begin:tpdu_end], data[tpdu_end:body])


def _wrong_length(
    kind: LengthKind, inclusive: bool, header: bytes, follow: int
) -> tuple[str, int, str] | None:
    """Event, place within the header and reason, where a header does not say that ``follow`` bytes
    follow.
    """
    bad = first_bad_digit(kind, header)
    if bad is not None:
        return "frame.garbage", bad, f"the length is no number as {kind} writes it"
    value = read_length(kind, header) if len(header) == kind.size else None
    if value is None:
        return "frame.truncated", len(header), "the length header is not whole"
    expected = follow + kind.size * inclusive
    if value == expected:
        return None
    event = "frame.undersize" if value < expected else "frame.truncated"
    itself = ", itself included" if inclusive else ""
    reason = f"the length says {value}, but {follow} bytes follow: it should say {expected}{itself}"
    return event, 0, reason
