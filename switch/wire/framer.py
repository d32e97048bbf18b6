"""Cuts messages out of a byte stream and wraps answers for it. Sans I/O: bytes in, frames out;
right under any segmentation.

Owns the buffer and the moment at which a frame is complete, or cannot be one any more. Refuses to
know what is inside a message, who sends, and how long one may wait: deadlines are the session's.
"""

from __future__ import annotations

from typing import Final, NoReturn

from switch.errors import Fault
from switch.wire import doctor
from switch.wire.doctor import Judge
from switch.wire.frames import ETX, STX, Frame, FramingError, inner_prefix, lrc, wrap
from switch.wire.framing import (
    TPDU_BYTES,
    Framing,
    KeepAlive,
    LengthKind,
    Tpdu,
    first_bad_digit,
    read_length,
)
from switch.wire.whole_frame import cut_whole

__all__ = ["NEED_MORE", "Frame", "Framer", "FramingError", "cut_whole", "wrap"]

NEED_MORE: Final = None
"""What ``next_frame`` gives while no frame is complete."""

SMALLEST_MESSAGE: Final = 10
"""A packed message type and a bitmap: nothing shorter is an ISO 8583 message."""

_SHORT: Final = 1 << 16  # what any binary length header can say
_FOREIGN_BYTES: Final = 9  # from here on a TLS ClientHello can be told


class Framer:
    """The framing state of one connection.

    ``looks_like_message`` (the dialect's own judgement, or a guess when absent) is asked only when
    bytes do not fit.
    """

    def __init__(self, framing: Framing, looks_like_message: Judge | None = None) -> None:
        if framing.length is None and not framing.stx:
            raise ValueError("a stream needs a length header, or stx")
        self.framing = framing
        self._judge = looks_like_message
        self._buffer = bytearray()
        self._at = 0  # where the next frame starts
        self._length_kind = framing.length
        self._length_bytes = framing.length_bytes
        self._lead = int(framing.stx) + framing.length_bytes
        self._tail = 2 if framing.stx else 0
        self._limit = framing.limit_bytes
        self._uncounted = framing.length_bytes if framing.inclusive else 0
        self._tpdu_bytes = 0 if framing.tpdu is Tpdu.NONE else TPDU_BYTES
        self._inner = self._tpdu_bytes + framing.header_bytes
        self._smallest = self._inner + SMALLEST_MESSAGE
        self._big_endian = framing.length in (LengthKind.BINARY_2, LengthKind.BINARY_4)
        self._searched = 0  # how far an ETX was looked for
        self._native = False  # the unfinished frame was looked at and is no foreign protocol
        self._last: bytes | None = None  # the message before, for the doctor
        self._failure: FramingError | None = None

    def receive_data(self, data: bytes) -> None:
        """Take bytes of the peer, cut anywhere."""
        if self._at:
            del self._buffer[: self._at]
            self._at = 0
        self._buffer += data

    def next_frame(self) -> Frame | None:
        """The next frame, or ``NEED_MORE``. Raises :class:`FramingError`, and again at each further
        call.
        """
        if self._failure is not None:
            raise self._failure
        buffer = self._buffer
        start = self._at
        have = len(buffer) - start
        if not have:
            return NEED_MORE
        if self._length_kind is None:
            return self._until_etx()
        lead = self._lead
        if have < lead or not self._big_endian or self._tail:
            size = self._announced()
            if size is None:
                return NEED_MORE
        else:
            size = int.from_bytes(buffer[start : start + lead], "big") - self._uncounted
        if size < self._smallest or size > self._limit:
            return self._extreme(size)
        if have < lead + size + self._tail:
            if have >= _FOREIGN_BYTES and not self._native:
                self._check_foreign()
            return NEED_MORE
        return self._cut(start + lead, size)

    def _cut(self, begin: int, size: int) -> Frame:
        """The whole frame whose content lies at ``begin``."""
        buffer = self._buffer
        end = begin + size
        if self._tail:
            self._check_lrc(end)
        inner = self._inner
        if not inner:
            frame = Frame(bytes(buffer[begin:end]))
        else:
            tpdu = bytes(buffer[begin : begin + self._tpdu_bytes])
            if tpdu and tpdu[0] >> 4 != 6:
                self._refuse(
                    "frame.broken", "tpdu", begin, begin, "no TPDU in front of the message"
                )
            header = bytes(buffer[begin + self._tpdu_bytes : begin + inner])
            frame = Frame(bytes(buffer[begin + inner : end]), tpdu, header)
        self._at = end + self._tail
        self._searched = 0
        self._native = False
        self._last = frame.body
        return frame

    def _announced(self) -> int | None:
        """The content's size as a length header of any kind says; ``None`` while the header is not
        whole.
        """
        kind = self._length_kind
        if kind is None:
            return None
        begin = self._at + self._lead - self._length_bytes
        if self._tail and self._buffer[self._at] != STX[0]:
            self._refuse("frame.garbage", "stx", self._at, self._at, "no STX in front of the frame")
        header = self._buffer[begin : self._at + self._lead]
        if len(header) == self._length_bytes:
            value = read_length(kind, header)
            if value is not None:
                return value - self._uncounted
        bad = first_bad_digit(kind, header)
        if bad is not None:
            reason = f"the length is no number as {kind} writes it"
            self._refuse("frame.garbage", "length", begin, begin + bad, reason)
        return None

    def _extreme(self, size: int) -> Frame | None:
        """A content too small or too large: an empty frame, or a refusal."""
        begin = self._at + self._lead - self._length_bytes
        said = size + self._uncounted
        if size > self._limit:
            reason = f"the length announces {said} bytes, the limit is {self._limit}"
            self._refuse("frame.oversize", "length", begin, begin, reason)
        if (said == 0 or size == 0) and self.framing.keepalive is not KeepAlive.REFUSE:
            return self._empty()
        reason = f"the length announces {said} bytes, less than the smallest message has"
        return self._refuse("frame.undersize", "length", begin, begin, reason)

    def _empty(self) -> Frame | None:
        """A keep-alive frame, kept as it came, so that an echo is the same bytes."""
        end = self._at + self._lead + self._tail
        if len(self._buffer) < end:
            return NEED_MORE
        if self._tail:
            self._check_lrc(end - self._tail)
        frame = Frame(b"", header=bytes(self._buffer[self._at : end]), keepalive=True)
        self._at = end
        return frame

    def _until_etx(self) -> Frame | None:
        """STX data ETX LRC without a length; such data is text and holds no ETX."""
        start = self._at
        buffer = self._buffer
        if buffer[start] != STX[0]:
            self._refuse("frame.garbage", "stx", start, start, "no STX in front of the frame")
        begin = start + 1
        end = buffer.find(ETX, begin + self._searched)
        size = (len(buffer) if end < 0 else end) - begin
        if size > self._limit:
            reason = f"no ETX within {self._limit} bytes"
            self._refuse("frame.oversize", "stx", start, begin, reason)
        if end < 0 or len(buffer) < end + self._tail:
            self._searched = size
            return NEED_MORE
        return self._extreme(size) if size < self._smallest else self._cut(begin, size)

    def _check_lrc(self, end: int) -> None:
        """ETX at ``end`` and behind it the XOR of everything after STX, ETX included."""
        buffer = self._buffer
        if buffer[end] != ETX[0]:
            self._refuse("frame.broken", "etx", end, end, "no ETX behind the data")
        if lrc(buffer[self._at + 1 : end + 1]) != buffer[end + 1]:
            self._refuse("frame.broken", "lrc", end + 1, end + 1, "the check byte (LRC) is wrong")

    def _check_foreign(self) -> None:
        """Whether what is being waited for is no frame at all, once for each frame (W-12)."""
        said = doctor.foreign(self.pending)
        if said:
            self._refuse("frame.garbage", "length", self._at, self._at, "no frame of this port")
        self._native = True

    def _refuse(self, event: str, element: str, offset: int, at: int, reason: str) -> NoReturn:
        pending = self.pending
        if doctor.foreign(pending, partial=True):
            event = "frame.garbage"
        hint = doctor.after_misfit(pending, self._last, self.framing, self._judge)
        if hint:
            event = "frame.length_mode_suspect"
        else:
            hint = doctor.sentence(pending, self.framing, self._judge)
        fault = Fault(None, element, offset - self._at, at - self._at, reason, hint)
        self._failure = FramingError(event, fault)
        raise self._failure

    @property
    def buffered(self) -> int:
        """Number of bytes of unfinished (or not yet asked for) frames."""
        return len(self._buffer) - self._at

    @property
    def pending(self) -> bytes:
        """The bytes of unfinished (or not yet asked for) frames."""
        return bytes(self._buffer[self._at :])

    def suspicion(self) -> str:
        """Why the unfinished frame may never be finished: which way of framing would fit (W-13);
        empty if none does.
        """
        pending = self.pending
        if not pending or self._failure is not None:
            return ""
        hint = doctor.after_misfit(pending, self._last, self.framing, self._judge)
        return hint or doctor.sentence(pending, self.framing, self._judge)

    def finish(self) -> FramingError | None:
        """At the end of input: the error ``frame.truncated`` (not raised) if it came inside a
        frame, else ``None``.

        Ask after ``next_frame`` gave ``NEED_MORE``.
        """
        have = self.buffered
        if not have or self._failure is not None:
            return self._failure
        element = "length" if have < self._lead else "end"
        reason = f"the stream ends inside a frame, {have} bytes after its start"
        fault = Fault(
            None, element, 0 if have < self._lead else have, have, reason, self.suspicion()
        )
        return FramingError("frame.truncated", fault)

    def encode(self, body: bytes, reply_to: Frame | None = None) -> bytes:
        """The frame around a message, or around the answer to the frame ``reply_to``.

        The answer to a keep-alive is the same empty frame, whatever the body. :class:`FramingError`
        ``frame.oversize`` if the length header cannot say how long it is.
        """
        if reply_to is not None and reply_to.keepalive:
            return reply_to.header
        if self._big_endian and not self._tail:
            content = inner_prefix(self.framing, reply_to) + body if self._inner else body
            size = len(content) + self._uncounted
            if size < _SHORT:
                return size.to_bytes(self._lead, "big") + content
        return wrap(self.framing, body, reply_to)
