"""How messages are cut out of a byte stream, and how answers are put back into one. Sans-I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LengthKind(StrEnum):
    """The length header in front of a message."""

    BINARY_2 = "binary-2"
    BINARY_2_LE = "binary-2-le"
    BINARY_4 = "binary-4"
    ASCII_4 = "ascii-4"
    HEX_4 = "hex-4"
    BCD_2 = "bcd-2"


class Tpdu(StrEnum):
    """The five bytes of a TPDU (id, destination, source) in front of the message."""

    NONE = "none"
    SWAP = "swap"  # the answer goes back with the two addresses exchanged
    ECHO = "echo"


class KeepAlive(StrEnum):
    """What an empty frame (length zero) means."""

    REFUSE = "refuse"
    IGNORE = "ignore"
    ECHO = "echo"


@dataclass(frozen=True, slots=True)
class Framing:
    """One way of framing. ``length`` ``None`` only together with ``stx`` (STX data ETX LRC).

    ``header_bytes`` fixed bytes follow the TPDU and are echoed in the answer; ``header`` (hex) is what a client sends.
    ``limit_bytes`` bounds what the length header may announce, TPDU and header included.
    """

    length: LengthKind | None = LengthKind.BINARY_2
    inclusive: bool = False
    tpdu: Tpdu = Tpdu.NONE
    header_bytes: int = 0
    header: str = ""
    stx: bool = False
    keepalive: KeepAlive = KeepAlive.REFUSE
    limit_bytes: int = 8192
