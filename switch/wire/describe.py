"""A message that was read, as a structure for programs: every field with value, place and bytes.

Owns the shape that ``isoswitch inspect --json`` prints and what of it may be shown. The text for
people is made from the same structure by ``switch.wire.describe_text``.

``fields`` has pyiso8583's ids and values. ``offset``, ``length`` and ``hex`` of a field are its
data's; a length indicator in front has ``length_offset`` and ``length_hex``.
"""

from __future__ import annotations

from typing import Any

from switch.errors import Fault
from switch.wire.dialect_data import Dialect
from switch.wire.elements import Element
from switch.wire.emv_tags import tag_name, tag_words
from switch.wire.explain import Explanation
from switch.wire.framing import TPDU_BYTES, read_length
from switch.wire.layout import FieldLayout, SubKind, SubLayout
from switch.wire.masking import HIDDEN, cover, cover_text, covered
from switch.wire.objections import objections
from switch.wire.semantics import tag_is_sensitive
from switch.wire.subfields import SubElement
from switch.wire.words import amount_words, bitmap_fields, field_words, message_type_words

Json = dict[str, Any]

_HEADS = {
    "h": "header",
    "t": "message type",
    "p": "primary bitmap",
    "1": "secondary bitmap",
}
_AMOUNTS = {"4": "49", "5": "50", "6": "51"}  # and the currencies that they are in


def describe(found: Explanation, dialect: Dialect | None = None, *, reveal: bool = False) -> Json:
    """The structure. ``reveal`` shows what is covered else."""
    writer = _Writer(found, dialect, reveal)
    elements = found.reading.elements
    objected = () if dialect is None else objections(found, dialect)
    warnings = (*found.warnings, *objected)
    mti = next((element.value for element in elements if element.id == "t"), None)
    out: Json = {
        "mti": mti,
        "mti_words": message_type_words(mti) if mti else "",
        "dialect": None if dialect is None else dialect.name,
        "framing": _framing(found),
        "fields": writer.fields(mti or ""),
        "warnings": [_fault(doubt, found) for doubt in warnings],
        "error": None if found.fault is None else _fault(found.fault, found),
    }
    left = len(found.data) - found.consumed - (2 if found.framing and found.framing.stx else 0)
    if left > 0:
        out["unread"] = {"offset": found.consumed, "length": left}
        if reveal:
            out["unread"]["hex"] = found.data[found.consumed :][:left].hex().upper()
    return out


def _fault(fault: Fault, found: Explanation) -> Json:
    name = ""
    if fault.field is not None and fault.field.isdecimal():
        shape = found.layout.fields.get(int(fault.field))
        name = "" if shape is None else shape.name
    return {
        "field": fault.field,
        "name": name or _HEADS.get(fault.field or "", ""),
        "element": fault.element,
        "offset": fault.offset,
        "at": fault.at,
        "reason": fault.reason,
        "hint": fault.hint,
    }


def _framing(found: Explanation) -> Json | None:
    """The parts in front of the message, by name."""
    framing = found.framing
    if framing is None:
        return None
    data = found.data
    at = int(framing.stx)
    out: Json = {"kind": str(framing), "fits": found.frame is not None}
    if framing.length is not None:
        header = data[at : at + framing.length_bytes]
        whole = len(header) == framing.length_bytes
        value = read_length(framing.length, header) if whole else None
        out["length"] = {"offset": at, "hex": header.hex().upper(), "value": value}
    at += framing.length_bytes
    tpdu = found.base - framing.header_bytes - at
    if tpdu == TPDU_BYTES:
        out["tpdu"] = {"offset": at, "hex": data[at : at + TPDU_BYTES].hex().upper()}
    if framing.header_bytes:
        at += tpdu
        out["header"] = {"offset": at, "hex": data[at : found.base].hex().upper()}
    return out


class _Writer:
    """Fields of one message."""

    def __init__(self, found: Explanation, dialect: Dialect | None, reveal: bool) -> None:
        self.layout = found.layout
        self.elements = found.reading.elements
        self.values = {element.id: element.value for element in self.elements}
        self.base = found.base
        self.dialect = dialect
        self.reveal = reveal

    def fields(self, mti: str) -> Json:
        """Every element by its id; a third bitmap joins the second, as pyiso8583 has it."""
        out: Json = {}
        for element in self.elements:
            if element.id == "65":
                second = out["1"]
                second["value"] += element.value
                second["hex"] += element.data.hex().upper()
                second["length"] += element.length
                named = bitmap_fields(element.value, 128)
                second["words"] += ", " + ", ".join(map(str, named)) if named else ""
            else:
                out[element.id] = self.field(element, mti)
        return out

    def field(self, element: Element, mti: str) -> Json:
        """One element."""
        shape = self._shape(element.id)
        meaning = self.dialect.meaning_of(element.id) if self.dialect is not None else ""
        hidden = set() if self.reveal else covered(element, shape, meaning)
        value, canonical, digits = cover(element, hidden)
        out: Json = {
            "name": element.name or _HEADS.get(element.id, ""),
            "value": value,
            "offset": self.base + element.data_offset,
            "length": len(element.data),
            "hex": digits,
        }
        if element.data_offset != element.offset:
            out["length_offset"] = self.base + element.offset
            indicator = element.raw[: element.data_offset - element.offset]
            out["length_hex"] = indicator.hex().upper()
        if canonical != value:
            out["canonical"] = canonical
        words = self._words(element, meaning, mti)
        if words and hidden is not None:
            out["words"] = words
        if element.sub and shape is not None and shape.sub is not None:
            every = hidden is None and shape.sub.kind not in (SubKind.BER_TLV, SubKind.DATASET)
            out["sub"] = [self.part(item, shape.sub, hide=every) for item in element.sub]
        return out

    def part(self, item: SubElement, sub: SubLayout, *, hide: bool) -> Json:
        """One part of a composite, and its own parts."""
        tagged = sub.kind in (SubKind.BER_TLV, SubKind.DATASET)
        secret = not self.reveal and (hide or (tagged and _holds_secret(item)))
        value = item.value
        if secret:
            value = HIDDEN
        elif not self.reveal:
            value = cover_text(value, tagged)
        out: Json = {
            "id": item.id,
            "name": item.name or (tag_name(item.id) if tagged else ""),
            "value": value,
            "offset": self.base + item.offset,
            "length": item.length,
        }
        words = tag_words(item.id, item.value) if tagged and not secret else ""
        if words:
            out["words"] = words
        if item.children:
            out["sub"] = [self.part(child, sub, hide=hide) for child in item.children]
        return out

    def _shape(self, element_id: str) -> FieldLayout | None:
        if element_id == "h":
            return self.layout.header
        return self.layout.fields.get(int(element_id)) if _is_number(element_id) else None

    def _words(self, element: Element, meaning: str, mti: str) -> str:
        if element.id == "t":
            return message_type_words(element.value)
        if element.id in ("p", "1"):
            fields = bitmap_fields(element.value, 0 if element.id == "p" else 64)
            return "fields " + ", ".join(map(str, fields)) if fields else "no field"
        if element.id in _AMOUNTS:
            return amount_words(element.value, self.values.get(_AMOUNTS[element.id], ""))
        told = ""
        if self.dialect is not None and meaning:
            told = self.dialect.in_words(meaning, element.canonical)
        return told or field_words(element.id, element.value, mti)


def _is_number(element_id: str) -> bool:
    """Whether it is a data element, not a bitmap."""
    return element_id.isdecimal() and element_id != "1"


def _holds_secret(item: SubElement) -> bool:
    """Whether a tag, or one inside it, must not be shown."""
    return tag_is_sensitive(item.id) or any(map(_holds_secret, item.children))
