"""One frame as a value, the error that bytes are none, and how a message is put into its framing.

Owns the way back: TPDU addresses swapped, headers echoed, lengths and check bytes written. Cutting
a stream is ``switch.wire.framer``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from switch.errors import Fault, IsoswitchError
from switch.wire.framing import Framing, Tpdu, write_length

STX: Final = b"\x02"
ETX: Final = b"\x03"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message, cut out: ``body`` without its framing; ``tpdu`` and ``header`` go back with the
    answer.

    ``keepalive``: the peer sent an empty frame, which ``Framing.keepalive`` allows; the body is
    empty.
    """

    body: bytes = field(repr=False)
    tpdu: bytes = b""
    header: bytes = b""
    keepalive: bool = False


class FramingError(IsoswitchError):
    """Bytes that are no frame. ``event`` is the stable name for the log; offsets count from the
    start of the frame.

    ``fault.hint`` is the doctor's sentence: what would fit instead. After it the stream has no next
    frame.
    """

    def __init__(self, event: str, fault: Fault) -> None:
        super().__init__(str(fault))
        self.event = event
        self.fault = fault


def wrap(framing: Framing, body: bytes, reply_to: Frame | None = None, off_by: int = 0) -> bytes:
    """A message in its framing; see :meth:`Framer.encode`. ``off_by`` makes the length that is
    stated a wrong one, as far as it can be written.
    """
    content = inner_prefix(framing, reply_to) + body
    if framing.length is not None:
        value = len(content) + framing.length_bytes * framing.inclusive
        highest = framing.length.highest
        if value > highest:
            reason = f"{value} bytes are more than {framing.length} can announce"
            raise FramingError("frame.oversize", Fault(None, "length", 0, 0, reason))
        stated = min(max(0, value + off_by), highest)
        content = write_length(framing.length, stated) + content
    if framing.stx:
        checked = content + ETX
        return STX + checked + bytes((lrc(checked),))
    return content


def inner_prefix(framing: Framing, reply_to: Frame | None) -> bytes:
    """TPDU and header of a message, or of the answer to a frame."""
    if reply_to is None:
        tpdu = b"" if framing.tpdu is Tpdu.NONE else bytes.fromhex(framing.tpdu_sent)
        return tpdu + (bytes.fromhex(framing.header) or bytes(framing.header_bytes))
    tpdu = reply_to.tpdu
    if framing.tpdu is Tpdu.SWAP:
        tpdu = tpdu[:1] + tpdu[3:5] + tpdu[1:3]
    return tpdu + reply_to.header


def lrc(data: bytes | bytearray) -> int:
    """The longitudinal redundancy check of ISO 1155 over bytes: their XOR.

    >>> lrc(b"0800" + bytes([3]))
    11
    """
    value = 0
    for byte in data:
        value ^= byte
    return value
