"""How messages are cut out of a byte stream, and how answers are put back into one: the words for
it, as plain data.

Owns the names of framings and the arithmetic of length headers. The cutting is
``switch.wire.framer``, the guessing when bytes do not fit ``switch.wire.doctor``. Refuses to know
what is inside a message.

A frame, outermost first: STX, length header, TPDU, fixed header, message, ETX, LRC; each part but
the message may be absent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from switch.errors import ConfigError

TPDU_BYTES: Final = 5
DEFAULT_TPDU: Final = "6000030000"
DEFAULT_LIMIT_BYTES: Final = 8192


class LengthKind(StrEnum):
    """The length header in front of a message."""

    BINARY_2 = "binary-2"
    BINARY_2_LE = "binary-2-le"
    BINARY_4 = "binary-4"
    ASCII_4 = "ascii-4"
    HEX_4 = "hex-4"
    BCD_2 = "bcd-2"

    @property
    def size(self) -> int:
        """Bytes of the header itself."""
        return 2 if self.value.endswith(("2", "le")) else 4

    @property
    def highest(self) -> int:
        """The largest number that it can say."""
        return _HIGHEST[self]


_HIGHEST: Final = {
    LengthKind.BINARY_2: 0xFFFF,
    LengthKind.BINARY_2_LE: 0xFFFF,
    LengthKind.BINARY_4: 0xFFFFFFFF,
    LengthKind.ASCII_4: 9999,
    LengthKind.HEX_4: 0xFFFF,
    LengthKind.BCD_2: 9999,
}
_HEX_DIGITS: Final = re.compile(rb"[0-9A-Fa-f]{4}")
_ALPHABET: Final = {LengthKind.ASCII_4: b"0123456789", LengthKind.HEX_4: b"0123456789ABCDEFabcdef"}


def read_length(kind: LengthKind, header: bytes | bytearray) -> int | None:
    r"""The number that a whole length header says, as written; ``None`` where it is no number.

    >>> read_length(LengthKind.BCD_2, b"\x03\x12"), read_length(LengthKind.ASCII_4, b"00F0")
    (312, None)
    """
    if kind is LengthKind.ASCII_4:
        return int(header) if header.isdigit() else None
    if kind is LengthKind.HEX_4:
        return int(header, 16) if _HEX_DIGITS.fullmatch(header) else None
    if kind is LengthKind.BCD_2:
        digits = header.hex()
        return int(digits) if digits.isdecimal() else None
    return int.from_bytes(header, "little" if kind is LengthKind.BINARY_2_LE else "big")


def first_bad_digit(kind: LengthKind, header: bytes | bytearray) -> int | None:
    """Where a length header, whole or its first bytes, is no number; ``None`` where nothing speaks
    against it.
    """
    if kind is LengthKind.BCD_2:
        bad = (k for k, byte in enumerate(header) if byte >> 4 > 9 or byte & 15 > 9)
        return next(bad, None)
    alphabet = _ALPHABET.get(kind)
    if alphabet is None:
        return None
    return next((k for k, byte in enumerate(header) if byte not in alphabet), None)


def write_length(kind: LengthKind, value: int) -> bytes:
    """The length header that says ``value``, which must not be above ``kind.highest``.

    >>> write_length(LengthKind.BCD_2, 312).hex(), write_length(LengthKind.HEX_4, 300)
    ('0312', b'012C')
    """
    if kind is LengthKind.ASCII_4:
        return b"%04d" % value
    if kind is LengthKind.HEX_4:
        return b"%04X" % value
    if kind is LengthKind.BCD_2:
        return bytes.fromhex(f"{value:04d}")
    return value.to_bytes(kind.size, "little" if kind is LengthKind.BINARY_2_LE else "big")


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
    """One way of framing. ``length`` ``None`` in streams only together with ``stx`` (STX data ETX
    LRC).

    ``header_bytes`` fixed bytes follow the TPDU and are echoed in the answer; ``header`` (hex) is
    what a client sends, ``tpdu_sent`` (hex) the TPDU that it sends. ``limit_bytes`` bounds what the
    length header may announce, TPDU and header included, the length header itself not.

    As text: the kind of length (or ``stx`` alone), then options, with commas or spaces between.

    >>> Framing.parse("binary-2 inclusive, tpdu-swap, header=12, limit=4096").header_bytes
    12
    >>> str(Framing.parse("tpdu-echo,bcd-2,exclusive"))
    'bcd-2,tpdu-echo'
    """

    length: LengthKind | None = LengthKind.BINARY_2
    inclusive: bool = False
    tpdu: Tpdu = Tpdu.NONE
    header_bytes: int = 0
    header: str = ""
    stx: bool = False
    keepalive: KeepAlive = KeepAlive.REFUSE
    limit_bytes: int = DEFAULT_LIMIT_BYTES
    tpdu_sent: str = DEFAULT_TPDU

    @property
    def length_bytes(self) -> int:
        """Bytes of the length header."""
        return 0 if self.length is None else self.length.size

    @property
    def prefix_bytes(self) -> int:
        """Bytes in front of the message: STX, length header, TPDU, fixed header."""
        tpdu = 0 if self.tpdu is Tpdu.NONE else TPDU_BYTES
        return int(self.stx) + self.length_bytes + tpdu + self.header_bytes

    @classmethod
    def parse(cls, text: str, *, stream: bool = True) -> Framing:
        """The framing that a text names. ``ConfigError`` with the word at fault and what may stand
        there.

        ``none`` (no length header) is refused for a ``stream``, where nothing would tell one
        message from the next.
        """
        settings: dict[str, Any] = {}
        seen: set[str] = set()
        for word in text.replace(",", " ").split():
            for name, value in _meaning(word).items():
                if name in seen:
                    raise ConfigError(f"framing {text!r}", f"{word!r} says {name} a second time")
                seen.add(name)
                settings[name] = value
        framing = cls(**{"length": None, **settings})
        if "length" not in seen and not framing.stx:
            kinds = ", ".join(LengthKind)
            raise ConfigError(
                f"framing {text!r}", f"names no length header: one of {kinds}, or stx"
            )
        if framing.length is None and framing.inclusive:
            raise ConfigError(f"framing {text!r}", "inclusive of what? There is no length header")
        if framing.length is None and not framing.stx and stream:
            raise ConfigError(f"framing {text!r}", "a stream needs a length header, or stx")
        return framing

    def __str__(self) -> str:
        bare = [] if self.stx else ["none"]
        words = bare if self.length is None else [str(self.length)]
        words += ["inclusive"] * self.inclusive + ["stx"] * self.stx
        if self.tpdu is not Tpdu.NONE:
            sent = "" if self.tpdu_sent == DEFAULT_TPDU else f"={self.tpdu_sent}"
            words.append(f"tpdu-{self.tpdu}{sent}")
        if self.header_bytes:
            words.append(
                f"header=0x{self.header}" if self.header else f"header={self.header_bytes}"
            )
        if self.keepalive is not KeepAlive.REFUSE:
            words.append(f"keepalive-{self.keepalive}")
        if self.limit_bytes != DEFAULT_LIMIT_BYTES:
            words.append(f"limit={self.limit_bytes}")
        return ",".join(words)


def _meaning(word: str) -> dict[str, Any]:
    """What one word of a framing's text sets."""
    plain = _PLAIN_WORDS.get(word)
    if plain is not None:
        return plain
    name, _, value = word.partition("=")
    if name == "header" and _HEADER.fullmatch(value):
        if value.startswith("0x"):
            return {"header_bytes": len(value) // 2 - 1, "header": value[2:].upper()}
        return {"header_bytes": int(value)}
    if name == "limit" and re.fullmatch(r"[1-9][0-9]{0,7}", value):
        return {"limit_bytes": int(value)}
    if name in ("tpdu-swap", "tpdu-echo") and re.fullmatch(r"[0-9A-Fa-f]{10}", value):
        return {"tpdu": Tpdu(name[5:]), "tpdu_sent": value.upper()}
    known = ", ".join((*_PLAIN_WORDS, "header=12, header=0x603100310100, tpdu-swap=6000030000"))
    raise ConfigError("framing", f"{word!r} is no word for it; known are {known}, limit=4096")


_HEADER: Final = re.compile(r"[1-9][0-9]{0,2}|0x([0-9A-Fa-f]{2})+")
_PLAIN_WORDS: Final[dict[str, dict[str, Any]]] = {
    **{str(kind): {"length": kind} for kind in LengthKind},
    "none": {"length": None},
    "inclusive": {"inclusive": True},
    "exclusive": {"inclusive": False},
    "stx": {"stx": True},
    **{f"tpdu-{way}": {"tpdu": way} for way in Tpdu},
    **{f"keepalive-{way}": {"keepalive": way} for way in KeepAlive},
}
