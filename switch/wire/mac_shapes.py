"""The bytes that a MAC covers, by the rule of a dialect and by the rules of others.

Owns the pieces of a message and how they are joined. Knows neither keys nor what fields mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from switch.wire.codings import text_coding
from switch.wire.dialect_data import Dialect, MacRule
from switch.wire.framing import TPDU_BYTES, Tpdu, write_length
from switch.wire.layout import Coding, FieldLayout
from switch.wire.mac_place import MacPlace

_ASCII: Final = "ascii"


@dataclass(frozen=True, slots=True, repr=False)
class Pieces:
    """One message cut up; shows nothing of it.

    ``cleared``: the bitmaps without the bit of the MAC field; ``zeros``: the MAC field with nothing
    in it; ``behind``: fields behind it.
    """

    tpdu: bytes
    header: bytes
    kind: bytes
    bitmaps: bytes
    cleared: bytes
    fields: bytes
    zeros: bytes
    behind: bytes

    def joined(self, rule: MacRule) -> bytes:
        """What the rule covers."""
        front = b"" if rule.covers == "message" else self.header
        if rule.covers == "tpdu":
            front = self.tpdu + front
        bitmaps = self.cleared if rule.bit == "cleared" else self.bitmaps
        zeros = self.zeros if rule.field == "zeros" else b""
        return front + self.kind + bitmaps + self.fields + zeros + self.behind


def written(content: bytes, shape: FieldLayout) -> bytes:
    """Bytes as they stand in a field: raw, or in hex characters."""
    if shape.coding == Coding.BINARY:
        return content
    return text_coding(shape.coding).encode(content.hex().upper())


def room(shape: FieldLayout) -> int:
    """How many bytes a fixed binary field carries."""
    return shape.max_length if shape.coding == Coding.BINARY else shape.max_length // 2


class MacShapes:
    """What may be covered in messages of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._rule = dialect.mac
        self._layout = dialect.layout
        self._framing = dialect.framing
        self._tpdu_bytes = 0 if dialect.framing.tpdu is Tpdu.NONE else TPDU_BYTES

    def pieces(self, body: bytes, lead: bytes, place: MacPlace) -> Pieces:
        """A message, its MAC at ``place``, in pieces. ``lead``: what stood in front of it."""
        shape = self._layout.fields[place.number]
        bitmaps = body[place.bitmap_at : place.fields_at]
        return Pieces(
            tpdu=lead[: self._tpdu_bytes],
            header=lead[self._tpdu_bytes :] + body[: place.type_at],
            kind=body[place.type_at : place.bitmap_at],
            bitmaps=bitmaps,
            cleared=self._cleared(bitmaps, place.number),
            fields=body[place.fields_at : place.at],
            zeros=written(bytes(room(shape)), shape),
            behind=body[place.end :],
        )

    def others(self, pieces: Pieces, number: int) -> Iterator[tuple[str, bytes]]:
        """What else a MAC may cover, in the order in which mistakes are made: what is different,
        and the bytes. Some may be equal.
        """
        own, name = self._rule, f"field {number}"
        for said, rule in (
            (f"with the bit of {name} cleared", replace(own, bit="cleared")),
            (f"with the bit of {name} set", replace(own, bit="set")),
            (f"with {name} as zeros", replace(own, field="zeros")),
            (f"with {name} left out", replace(own, field="left-out")),
            ("from the message type on", replace(own, covers="message")),
            ("with the header in front", replace(own, covers="header")),
            ("with TPDU and header in front", replace(own, covers="tpdu")),
        ):
            yield said, pieces.joined(rule)
        less = replace(pieces, behind=b"")
        yield f"up to {name} only", less.joined(own)
        if self._framing.length is not None:
            yield "with the length in front", self._with_length(pieces)
        yield "without the bitmaps", replace(pieces, bitmaps=b"", cleared=b"").joined(own)
        bare = replace(pieces, tpdu=b"", header=b"", kind=b"")
        yield "from the bitmaps on", bare.joined(own)
        yield "from the first field on", replace(bare, bitmaps=b"", cleared=b"").joined(own)
        yield from self._written_otherwise(pieces)

    def _with_length(self, pieces: Pieces) -> bytes:
        framing, kind = self._framing, self._framing.length
        whole = pieces.joined(MacRule(covers="tpdu", field="zeros"))
        if kind is None:
            return whole
        size = len(whole) + framing.length_bytes * framing.inclusive
        front = write_length(kind, min(size, kind.highest))
        return front + pieces.joined(replace(self._rule, covers="tpdu"))

    def _written_otherwise(self, pieces: Pieces) -> Iterator[tuple[str, bytes]]:
        """The same in other characters."""
        own = pieces.joined(self._rule)
        coding = self._layout.bitmap.coding
        if coding != Coding.BINARY:
            raw = replace(
                pieces,
                bitmaps=_packed(pieces.bitmaps, coding),
                cleared=_packed(pieces.cleared, coding),
            )
            yield "with the bitmaps as bytes", raw.joined(self._rule)
        text = self._layout.mti_coding
        if text not in (Coding.BINARY, _ASCII):
            turned = text_coding(text).decode(own).encode(_ASCII, "replace")
            yield "in ASCII", turned
        yield "in hex characters", own.hex().upper().encode()
        yield "in small hex characters", own.hex().encode()

    def _cleared(self, bitmaps: bytes, number: int) -> bytes:
        """The bitmaps without the bit of a field."""
        coding = self._layout.bitmap.coding
        out = bytearray(bitmaps)
        if coding == Coding.BINARY:
            out[number - 1 >> 3] &= ~(0x80 >> (number - 1 & 7))
            return bytes(out)
        text = text_coding(coding)
        at = number - 1 >> 2
        digit = int(text.decode(bitmaps[at : at + 1]), 16) & ~(8 >> (number - 1 & 3))
        small = self._layout.bitmap.lower_case
        out[at : at + 1] = text.encode(f"{digit:x}" if small else f"{digit:X}")
        return bytes(out)


def _packed(bitmaps: bytes, coding: str) -> bytes:
    return bytes.fromhex(text_coding(coding).decode(bitmaps))
