"""Bytes to fields and back for one layout."""

from __future__ import annotations

from collections.abc import Mapping

from switch.errors import DecodeError
from switch.wire.layout import Layout
from switch.wire.reader import read
from switch.wire.soundness import check_layout
from switch.wire.writer import write


class Codec:
    """Decodes and encodes messages of one layout. ``ConfigError`` for a layout that cannot be right."""

    def __init__(self, layout: Layout) -> None:
        check_layout(layout)
        self.layout = layout

    def decode(self, data: bytes) -> dict[str, str]:
        """Canonical values by id. ``DecodeError`` with field, offset, reason and what was read before."""
        reading = read(data, self.layout)
        if reading.fault is not None:
            raise DecodeError(reading.fault, reading.fields)
        return reading.fields

    def encode(self, fields: Mapping[str, str]) -> bytes:
        """The message with these values. ``EncodeError`` naming the field."""
        return write(fields, self.layout)
