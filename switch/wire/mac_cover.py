"""Which bytes of a message its MAC covers, and how a MAC gets into a message.

Owns the door to both, for one dialect. Refuses to know keys and schemes: it gives bytes to whoever
makes MACs and puts in what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from switch.errors import EncodeError
from switch.values import Carried
from switch.wire.codec import Codec
from switch.wire.dialect_data import Dialect, MacRule
from switch.wire.mac_place import MacFinder
from switch.wire.mac_shapes import MacShapes, room, written

MOST_ALTERNATIVES: Final = 16
_PRIMARY: Final = 64  # fields of the first bitmap


def mac_room(dialect: Dialect) -> int:
    """How many bytes a MAC may have in every message that bears one; 0 where the dialect has no
    field for it.

    >>> from switch.wire.dialect import load_dialect
    >>> mac_room(load_dialect("iso87-ascii")), mac_room(load_dialect("iso2003-binary"))
    (8, 4)
    """
    fields = dialect.layout.fields
    least = min((room(fields[int(number)]) for number in dialect.mac_fields), default=0)
    return least // 2 if dialect.mac.text else least


class MacCover:
    """The MAC of messages of one dialect.

    >>> from switch.wire.dialect import load_dialect
    >>> dialect = load_dialect("iso87-ascii")
    >>> cover, codec = MacCover(dialect), Codec(dialect.layout)
    >>> empty = codec.encode(cover.placeholder({"t": "0800", "11": "000123"}))
    >>> cover.input(empty)
    b'08000020000000000001000123'
    >>> codec.decode(cover.signed(empty, bytes.fromhex("0123456789ABCDEF")))["64"]
    '0123456789ABCDEF'
    """

    def __init__(self, dialect: Dialect) -> None:
        self.rule = dialect.mac
        self._layout = dialect.layout
        self._numbers = dialect.mac_fields
        self._high = frozenset(str(number) for number in dialect.layout.fields if number > _PRIMARY)
        self._empty = {
            number: "00" * room(dialect.layout.fields[int(number)]) for number in self._numbers
        }
        self._find = MacFinder(dialect.layout, dialect.mac_fields)
        self._shapes = MacShapes(dialect)
        self._plain = self.rule == MacRule(self.rule.scheme, text=self.rule.text)

    # -- messages that came

    def input(self, body: bytes, lead: bytes = b"") -> bytes:
        """What the MAC of a message covers: ``body`` is the message as it travels, ``lead`` TPDU
        and header in front of it.

        The MAC field is the last one of a message, as the standard wants it. Where others stand
        behind it they are covered too, or anybody could change them. Raises EncodeError for a
        message that bears no MAC.
        """
        place = self._find(body)
        if self._plain:
            return body[place.type_at : place.at] + body[place.end :]
        return self._shapes.pieces(body, lead, place).joined(self.rule)

    def covered(self, carried: Carried) -> bytes:
        """The same of a message that was carried along."""
        return self.input(carried.reveal(), carried.lead)

    def mac(self, fields: Mapping[str, str], length: int = 0) -> bytes:
        """The MAC that decoded fields bear; empty where they bear none. ``length`` as below."""
        number = next((number for number in reversed(self._numbers) if fields.get(number)), "")
        return self.received(fields[number], length) if number else b""

    def received(self, value: str, length: int = 0) -> bytes:
        """The MAC in a field's value (hex, such as ``Request.mac``): its bytes, or what its
        characters stand for; empty where these are no hex.

        ``length`` is that of the MACs that are expected, in bytes: zero bytes behind are the fill
        of a field that is longer, and left out. Anything else behind is left there.
        """
        raw = bytes.fromhex(value)
        if self.rule.text:
            try:
                return bytes.fromhex(raw.rstrip(b"\0").decode("ascii"))
            except ValueError:
                return b""
        return raw[:length] if length and not any(raw[length:]) else raw

    # -- messages that go

    def placeholder(self, fields: Mapping[str, str]) -> dict[str, str]:
        """The fields with an empty MAC in the last field of their bitmaps, so that its bit is set.
        EncodeError where the dialect has no field for one.
        """
        number = self.field(fields)
        return {**fields, number: self._empty[number]}

    def field(self, fields: Iterable[str]) -> str:
        """The number of the field that bears the MAC of a message with these fields."""
        if not self._numbers:
            raise EncodeError("mac", f"{self._layout.name} has no field for it")
        high = self._layout.bitmap.always_secondary or not self._high.isdisjoint(fields)
        return self._numbers[-1 if high else 0]

    def signed(self, encoded: bytes, mac: bytes) -> bytes:
        """An encoded message with its MAC in place of the empty one. One that is shorter than its
        field has zero bytes behind it; EncodeError for one that is longer.
        """
        place = self._find(encoded)
        shape = self._layout.fields[place.number]
        content = mac.hex().upper().encode() if self.rule.text else mac
        size = room(shape)
        if len(content) > size:
            said = f"a MAC of {len(content)} bytes does not fit into {size}"
            raise EncodeError(shape.id, f"{said}: name a scheme that makes a shorter one")
        field = written(content.ljust(size, b"\0"), shape)
        return encoded[: place.at] + field + encoded[place.end :]

    def sign(
        self,
        codec: Codec,
        fields: Mapping[str, str],
        make: Callable[[bytes], bytes],
        lead: bytes = b"",
    ) -> bytes:
        """The message with these values and the MAC that ``make`` gives for what is covered.
        ``lead``: TPDU and header that it will have. Raises EncodeError.
        """
        encoded = codec.encode(self.placeholder(fields))
        return self.signed(encoded, make(self.input(encoded, lead)))

    # -- what others cover

    def alternatives(self, carried: Carried) -> list[tuple[str, bytes]]:
        """What else the sender may have covered, the likeliest first, each once, at most
        ``MOST_ALTERNATIVES``: what is different, as behind "it fits", and the bytes.
        """
        body = carried.reveal()
        place = self._find(body)
        pieces = self._shapes.pieces(body, carried.lead, place)
        seen = {pieces.joined(self.rule)}
        found: list[tuple[str, bytes]] = []
        for said, data in self._shapes.others(pieces, place.number):
            if data not in seen:
                seen.add(data)
                found.append((said, data))
        return found[:MOST_ALTERNATIVES]
