"""pyiso8583 as the reference: the same layout in its spec language, and what it makes of the same
message.

Owns the only use of that library. It can say neither all shapes (``Inexpressible`` tells which)
nor all faults: it lets non-digits, signs and sub-fields pass, so what it accepts is compared and
what it refuses must be refused here too. Its errors carry the whole message and are never passed
on or chained.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import iso8583

from switch.errors import DecodeError, EncodeError, Fault
from switch.wire.content import canonical, wire_side
from switch.wire.layout import Coding, FieldLayout, Layout

SpecDict = dict[str, dict[str, Any]]
_UNKNOWN_LENGTHS: Final = (Coding.BCD_LEFT, Coding.HEX_DIGITS)
_UNKNOWN_CODINGS: Final = ("cp1047",)
_NO_FIELDS: Final = ("p", "1")


class Inexpressible(Exception):
    """The layout has a shape that pyiso8583's spec language lacks."""


def spec_of(layout: Layout) -> SpecDict:
    """The layout as a pyiso8583 spec dict. Raises :class:`Inexpressible`."""
    shape = layout.bitmap
    for odd, words in (
        (shape.fixed_16, "bitmaps of fixed width"),
        (shape.always_secondary, "empty secondary bitmaps"),
        (shape.lower_case, "bitmaps in small letters"),
        (shape.tertiary == "in-place", "third bitmaps in place of field 65"),
        (65 in layout.fields, "a field 65"),
        (not layout.strict_trailing, "trailing bytes"),
    ):
        if odd:
            raise Inexpressible(f"{layout.name}: {words}")
    width = 8 if shape.coding == Coding.BINARY else 16
    spec = {
        "h": _fixed("ascii", 0) if layout.header is None else _entry(layout.header),
        "t": _fixed(layout.mti_coding, 2 if layout.mti_coding == Coding.BINARY else 4),
        "p": _fixed(shape.coding, width),
        "1": _fixed(shape.coding, width),
    }
    spec |= {str(number): _entry(field) for number, field in layout.fields.items()}
    return spec


def _fixed(coding: str, length: int) -> dict[str, Any]:
    return {
        "data_enc": str(coding),
        "len_enc": "ascii",
        "len_type": 0,
        "max_len": length,
        "desc": "",
    }


def _entry(field: FieldLayout) -> dict[str, Any]:
    if field.length_size and field.length_coding in _UNKNOWN_LENGTHS:
        raise Inexpressible(f"field {field.id}: lengths in {field.length_coding}")
    if field.coding in _UNKNOWN_CODINGS or field.length_coding in _UNKNOWN_CODINGS:
        raise Inexpressible(f"field {field.id}: {field.coding}")
    if field.nibbles and field.other_pads:
        if len(field.pads) > 1 or len(field.other_pads) > 1:
            raise Inexpressible(f"field {field.id}: several pads on both sides")
        if not field.pad_left:
            raise Inexpressible(f"field {field.id}: pads on both sides, the right one first")
    entry = _fixed(field.coding, field.max_length)
    entry |= {"len_enc": str(field.length_coding), "len_type": field.length_size}
    entry["desc"] = field.name
    if field.nibbles:
        entry["len_count"] = "nibbles"
        sides = ("left_pad", "right_pad") if field.pad_left else ("right_pad", "left_pad")
        pads = zip(sides, (field.pads, field.other_pads), strict=True)
        entry |= {side: pad[0] for side, pad in pads if pad}
    return entry


class Reference:
    """pyiso8583 with the spec of one layout. Raises :class:`Inexpressible` at once."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.spec = spec_of(layout)
        shapes = [*layout.fields.values(), *([layout.header] if layout.header else [])]
        self._pads = {f.id: f.pads for f in shapes if f.nibbles and len(f.pads) > 1}

    def decode(self, data: bytes) -> dict[str, str]:
        """Canonical values by id as :meth:`switch.wire.codec.Codec.decode` gives them.
        ``DecodeError``."""
        spec, tried = self.spec, dict.fromkeys(self._pads, 0)
        fault = None
        while fault is None:
            try:
                view, _ = iso8583.decode(data, spec)
            except iso8583.DecodeError as error:
                if self._next_pad(error.field, tried):
                    spec = self._with_pads(tried)
                else:
                    fault = Fault(error.field, error.field, error.pos, error.pos, error.msg)
            except KeyError as error:
                name = str(error.args[0])
                fault = Fault(name, f"{name}.len", 0, 0, "the bitmap names an unknown field")
            else:
                return {
                    key: self._canonical(key, value)
                    for key, value in view.items()
                    if key not in _NO_FIELDS
                }
        # Raised outside of the handler: the library's error holds the message, and must not hang
        # on ours.
        raise DecodeError(fault)

    def _next_pad(self, key: str, tried: dict[str, int]) -> bool:
        """Turn to the next pad of a field; whether there is one. The library knows one a side."""
        if tried.get(key, 0) + 1 >= len(self._pads.get(key, "")):
            return False
        tried[key] += 1
        return True

    def _with_pads(self, tried: Mapping[str, int]) -> SpecDict:
        spec = dict(self.spec)
        for key, index in tried.items():
            shape = self._shape(key)
            side = "left_pad" if shape is None or shape.pad_left else "right_pad"
            spec[key] = {**spec[key], side: self._pads[key][index]}
        return spec

    def encode(self, fields: Mapping[str, str]) -> bytes:
        """The message with these canonical values. ``EncodeError``."""
        try:
            view = {key: self._wire_side(key, value) for key, value in fields.items()}
            return bytes(iso8583.encode(view, self.spec)[0])
        except iso8583.EncodeError as error:
            field, reason = error.field, error.msg
        except KeyError as error:
            field, reason = str(error.args[0]), "this field is not known here"
        except (TypeError, ValueError, AttributeError):
            field, reason = "p", "ids and values are texts"
        raise EncodeError(field, reason)

    def differences(self, data: bytes, fields: Mapping[str, str]) -> list[str]:
        """What pyiso8583 reads otherwise than ``fields``, in words without values; empty if all is
        well."""
        try:
            theirs = self.decode(data)
        except DecodeError as error:
            return [f"the reference refuses the message: {error.fault}"]
        out = []
        for key in sorted(theirs.keys() | fields.keys(), key=lambda k: (len(k), k)):
            if key not in theirs:
                out.append(f"field {key}: the reference does not see it")
            elif key not in fields:
                out.append(f"field {key}: only the reference sees it")
            elif theirs[key] != fields[key]:
                sizes = f"{len(theirs[key])} and {len(fields[key])} characters"
                out.append(f"field {key}: the reference reads another value ({sizes})")
        return out

    def _shape(self, key: str) -> FieldLayout | None:
        if key == "h":
            return self.layout.header
        return self.layout.fields.get(int(key)) if key.isascii() and key.isdecimal() else None

    def _canonical(self, key: str, value: str) -> str:
        shape = self._shape(key)
        return value if shape is None else canonical(shape.canon, value)

    def _wire_side(self, key: str, value: str) -> str:
        shape = self._shape(key)
        return value if shape is None else wire_side(shape.canon, value)


def differences(layout: Layout, data: bytes, fields: Mapping[str, str]) -> list[str]:
    """:meth:`Reference.differences` for a single message. Raises :class:`Inexpressible`."""
    return Reference(layout).differences(data, fields)
