"""From the ``as`` column and the encodings of a dialect file to a layout.

Owns how each attribute is written in each encoding. Knows no meaning but whether it is sensitive.
"""

from __future__ import annotations

from collections.abc import Iterable

from switch.wire.dialect_model import (
    DialectFile,
    EncodingSection,
    FieldSection,
    HeaderSection,
    InsideSection,
    PartSection,
)
from switch.wire.layout import (
    BitmapLayout,
    Canon,
    Coding,
    Content,
    FieldLayout,
    Layout,
    Part,
    SubKind,
    SubLayout,
)
from switch.wire.notation import Attribute, parse_as
from switch.wire.semantics import is_sensitive

_TEXT = InsideSection(kind=SubKind.POSITIONAL, binary=False)
_OPEN_INSIDES = (SubKind.BER_TLV, SubKind.DATASET)


def layout_of(name: str, file: DialectFile) -> Layout:
    """The layout of a checked file. ``ValueError`` for a field that its encodings cannot write."""
    encoding = file.encoding
    bitmap = file.bitmap
    return Layout(
        name=name,
        mti_coding=_packed_or(encoding.message_type, encoding.text),
        bitmap=BitmapLayout(
            coding=Coding.BINARY if encoding.bitmap == "binary" else encoding.text,
            fixed_16=bitmap.fixed_16,
            always_secondary=bitmap.always_secondary,
            lower_case=bitmap.lower_case,
            tertiary=bitmap.tertiary,
            tertiary_width=bitmap.tertiary_width,
        ),
        fields={
            int(number): field_layout(number, section, encoding)
            for number, section in sorted(file.fields.items(), key=lambda item: int(item[0]))
        },
        header=_header(file.header, encoding),
    )


def field_layout(number: str, section: FieldSection, encoding: EncodingSection) -> FieldLayout:
    """One field."""
    attribute = parse_as(section.as_)
    coding, max_length, nibbles, canon = _data(attribute, section, encoding)
    variable = bool(attribute.length_digits)
    pad = section.pad or (encoding.pad_variable if variable else encoding.pad_fixed)
    pads = section.pads or (encoding.pads_variable if variable else encoding.pads_fixed)
    length_coding, length_size = _length(attribute, section, encoding)
    if variable and coding != Coding.BINARY and attribute.content is Content.B:
        max_length = min(max_length, 10**attribute.length_digits - 1)
    return FieldLayout(
        id=number,
        name=section.name,
        coding=coding,
        max_length=max_length,
        length_coding=length_coding,
        length_size=length_size,
        nibbles=nibbles,
        pad_left=pad == "left",
        pads=pads,
        content=attribute.content,
        canon=canon,
        sub=None if section.inside is None else inside_layout(section.inside, attribute),
        sensitive=_sensitive(section),
    )


def _header(section: HeaderSection | None, encoding: EncodingSection) -> FieldLayout | None:
    if section is None:
        return None
    field = FieldSection.model_validate({"as": section.as_, "name": section.name})
    if section.text is not None:
        field = field.model_copy(update={"text": section.text})
    return field_layout("h", field, encoding)


def _data(
    attribute: Attribute, section: FieldSection, encoding: EncodingSection
) -> tuple[str, int, bool, Canon]:
    """Coding, length in its units, whether these are nibbles, canonical form."""
    text = section.text or encoding.text
    content, length = attribute.content, attribute.length
    if content is Content.B:
        raw = (section.binary or encoding.binary) == "raw"
        return (Coding.BINARY, length, False, Canon.NONE) if raw else _text(attribute, text)
    if content is Content.Z:
        if (section.track or encoding.track) == "packed":
            return Coding.BINARY, length, True, Canon.TRACK2
        return _text(attribute, text)
    if (section.numeric or encoding.numeric) == "packed":
        if content is Content.N:
            return Coding.BINARY, length, True, Canon.NONE
        if content is Content.XN:
            if length & 1:
                raise ValueError("a packed amount has an even number of digits")
            return Coding.BINARY, 1 + length // 2, False, Canon.SIGNED
    return _text(attribute, text)


def _text(attribute: Attribute, coding: str) -> tuple[str, int, bool, Canon]:
    return coding, attribute.characters, False, Canon.NONE


def _length(
    attribute: Attribute, section: FieldSection, encoding: EncodingSection
) -> tuple[str, int]:
    digits = attribute.length_digits
    kind = section.length or encoding.length
    if not digits:
        return Coding.ASCII, 0
    if kind == "text":
        return section.text or encoding.text, digits
    size = (digits + 1) // 2
    if kind == "binary" and attribute.length >= 256**size:
        raise ValueError(f"a binary length of {size} bytes cannot say {attribute.length}")
    return (Coding.BINARY if kind == "binary" else Coding.BCD), size


def _packed_or(kind: str, text: str) -> str:
    return Coding.BINARY if kind == "packed" else text


def _sensitive(section: FieldSection) -> bool:
    """By its name, by the name of a part, or because it may hold any tag of a card."""
    inside = section.inside
    if is_sensitive(section.means) or inside is None:
        return is_sensitive(section.means)
    return inside.kind in _OPEN_INSIDES or any(is_sensitive(part.means) for part in inside.parts)


def inside_layout(inside: InsideSection, attribute: Attribute) -> SubLayout:
    """The inside of a composite field."""
    parts = tuple(
        _part(section.id or str(k), section.name, parse_as(section.as_), inside)
        for k, section in enumerate(inside.parts, 1)
    )
    binary = attribute.content is Content.B if inside.binary is None else inside.binary
    return SubLayout(
        kind=inside.kind,
        parts=parts,
        tag_width=inside.tag_width,
        length_width=inside.length_width,
        bitmap_bytes=inside.bitmap_bytes,
        binary=binary,
        repeat=inside.repeat,
        lenient=inside.lenient or _cannot_fail(inside.kind, parts, attribute),
    )


def parts_of(sections: Iterable[PartSection]) -> tuple[Part, ...]:
    """Fixed parts of a text field, one behind the other."""
    return tuple(
        _part(section.id or str(k), section.name, parse_as(section.as_), _TEXT)
        for k, section in enumerate(sections, 1)
    )


def _part(part_id: str, name: str, attribute: Attribute, inside: InsideSection) -> Part:
    in_bytes = inside.binary is not False and attribute.content is Content.B
    return Part(
        id=part_id,
        name=name,
        length=attribute.length if in_bytes else attribute.characters,
        length_digits=attribute.length_digits,
        content=attribute.content,
    )


def _cannot_fail(kind: SubKind, parts: tuple[Part, ...], attribute: Attribute) -> bool:
    """Fixed parts that fill a fixed field and allow whatever the field allows: nothing to check for
    each message.
    """
    allowed = {
        attribute.content,
        attribute.content if attribute.content is Content.B else Content.ANS,
    }
    return (
        kind is SubKind.POSITIONAL
        and not attribute.length_digits
        and sum(part.length for part in parts) == attribute.length
        and all(not part.length_digits and part.content in allowed for part in parts)
    )
