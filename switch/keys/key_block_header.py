"""The readable part of a key block: what the key is, in ASCII, and optional blocks (ASC X9.143,
TR-31:2018 section 5).

Owns the header's text, both ways, and the rules of optional blocks. Refuses to know what a usage
permits (``permissions``) and how a block is enciphered (``key_block``).

    offset  0      1-4     5-6    7          8     9-10     11             12-13     14-15
            D      0112    P0     A          E     00       E              00        00
            version length usage  algorithm  mode  version  exportability  optional  reserved
                                             of use of key                 blocks
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from switch.keys.port import KeyBlockRefused, KeyRefused

LENGTH: Final = 16  # characters in front of the optional blocks
LONGEST: Final = 9999
VERSIONS: Final = "ABCD"
# What the header's length must be a multiple of: the block of the cipher that the MAC is made with.
HEADER_UNIT: Final = {"A": 8, "B": 8, "C": 8, "D": 16}

_FIXED: Final = re.compile(
    r"[ABCD](?P<length>[0-9]{4})(?P<usage>[A-Z0-9]{2})(?P<algorithm>[A-Z0-9])(?P<mode>[A-Z0-9])"
    r"(?P<key_version>[A-Za-z0-9]{2})(?P<exportability>[ENS])(?P<count>[0-9]{2})(?P<reserved>[0-2]0)"
)
_BLOCK_ID: Final = re.compile(r"[A-Z0-9]{2}")
_HEX: Final = re.compile(r"[0-9A-F]+")
_PRINTABLE: Final = re.compile(r"[ -~]*")
_SHORT_LEAD: Final = 4  # id and length
_LONG_LEAD: Final = 6  # id, 00 and the number of length digits
_LONGEST_SHORT: Final = 255


@dataclass(frozen=True, slots=True)
class OptionalBlock:
    """One optional block: two characters that name it and its data, without the length.

    ``digits``: how many digits an extended length is written with; 0 where two are enough.
    """

    id: str
    data: str
    digits: int = 0

    def text(self) -> str:
        """As it stands in the header. The length counts everything, itself included.

        >>> OptionalBlock("KS", "00604B120F9292800000").text()
        'KS1800604B120F9292800000'
        >>> OptionalBlock("CT", "0" * 300).text()[:10]
        'CT00040136'
        """
        short = _SHORT_LEAD + len(self.data)
        if self.digits == 0 and short <= _LONGEST_SHORT:
            return f"{self.id}{short:02X}{self.data}"
        digits = self.digits or 4
        return f"{self.id}00{digits:02X}{self.length:0{digits}X}{self.data}"

    @property
    def length(self) -> int:
        """Characters in all."""
        short = _SHORT_LEAD + len(self.data)
        if self.digits == 0 and short <= _LONGEST_SHORT:
            return short
        return _LONG_LEAD + (self.digits or 4) + len(self.data)


@dataclass(frozen=True, slots=True)
class Header:
    """What a key block says of its key. Values are as X9.143 writes them."""

    version: str
    usage: str
    algorithm: str
    mode: str
    key_version: str = "00"
    exportability: str = "N"
    optional: tuple[OptionalBlock, ...] = ()
    reserved: str = "00"

    def text(self, length: int) -> str:
        """The header of a block of ``length`` characters, header included.

        >>> Header("D", "P0", "A", "E", exportability="E").text(112)
        'D0112P0AE00E0000'
        """
        blocks = "".join([block.text() for block in self.optional])
        return (
            f"{self.version}{length:04d}{self.usage}{self.algorithm}{self.mode}{self.key_version}"
            f"{self.exportability}{len(self.optional):02d}{self.reserved}{blocks}"
        )

    @property
    def length(self) -> int:
        """Characters of the header, optional blocks included."""
        return LENGTH + sum(block.length for block in self.optional)

    def find(self, block_id: str) -> str | None:
        """The data of the first optional block of that name."""
        return next((block.data for block in self.optional if block.id == block_id), None)


def padded(header: Header) -> Header:
    """The header with a block PB at its end where its length needs one (X9.143: a multiple of the
    MAC's cipher block).

    >>> KS = OptionalBlock("KS", "00604B120F9292")
    >>> padded(Header("B", "P0", "T", "E", optional=(KS,))).text(40)
    'B0040P0TE00N0200KS1200604B120F9292PB0600'
    """
    unit = HEADER_UNIT[header.version]
    missing = -header.length % unit
    if not missing:
        return header
    if missing < _SHORT_LEAD:
        missing += unit
    filler = OptionalBlock("PB", "0" * (missing - _SHORT_LEAD))
    return Header(
        header.version,
        header.usage,
        header.algorithm,
        header.mode,
        header.key_version,
        header.exportability,
        (*header.optional, filler),
        header.reserved,
    )


def parse_header(block: str) -> Header:
    """The header at the beginning of a key block; what follows it is not looked at, and the length
    digits are not compared (``key_block.unwrap`` does that first).

    Raises KeyBlockRefused, the same for all causes (SR-KEY-04).

    >>> header = parse_header("B0040P0TE00N0200KS1200604B120F9292PB0600")
    >>> header.usage, header.mode, [block.id for block in header.optional]
    ('P0', 'E', ['KS', 'PB'])
    """
    fixed = _FIXED.match(block)
    if fixed is None:
        raise refused()
    blocks: list[OptionalBlock] = []
    at = LENGTH
    for _ in range(int(fixed["count"])):
        found = _optional_at(block, at)
        blocks.append(found)
        at += found.length
    twice = len({each.id for each in blocks}) < len(blocks)  # two readers might take either
    if twice or at % HEADER_UNIT[block[0]]:
        raise refused()
    return Header(
        block[0],
        fixed["usage"],
        fixed["algorithm"],
        fixed["mode"],
        fixed["key_version"],
        fixed["exportability"],
        tuple(blocks),
        fixed["reserved"],
    )


def checked(header: Header) -> Header:
    """The header, where it can be written. Raises KeyRefused."""
    try:
        same = parse_header(header.text(0)) == header
    except (KeyBlockRefused, KeyError):
        same = False
    if not same:
        raise KeyRefused(
            "a key block cannot be headed like this: check version, usage, algorithm, mode of use, "
            "exportability, and that optional blocks fill whole cipher blocks (PB)"
        )
    return header


def refused() -> KeyBlockRefused:
    """The one error of all blocks that do not open (SR-KEY-04)."""
    return KeyBlockRefused(
        "the key block does not open: it was changed, is malformed, or is under another key"
    )


def _optional_at(block: str, at: int) -> OptionalBlock:
    block_id = block[at : at + 2]
    if not _BLOCK_ID.fullmatch(block_id):
        raise refused()
    digits = 0
    start = at + _SHORT_LEAD
    length = _number(block[at + 2 : start], 2)
    if length == 0:
        digits = _number(block[start : start + 2], 2)
        start = at + _LONG_LEAD + digits
        length = _number(block[at + _LONG_LEAD : start], digits)
    data = block[start : at + length]
    if at + length < start or len(data) != at + length - start or not _PRINTABLE.fullmatch(data):
        raise refused()
    return OptionalBlock(block_id, data, digits)


def _number(text: str, digits: int) -> int:
    """Upper-case hex of so many digits."""
    if len(text) != digits or not _HEX.fullmatch(text):
        raise refused()
    return int(text, 16)
