"""Whether the fields that a scripted rule speaks of are there, may be looked at, and can ever hold
what it waits for.

Owns that check, of one condition or one text against one dialect; a sentence says what is wrong,
nothing means that it can be. What must not be seen cannot be a condition: of tracks, PINs, card
numbers and keys a rule may ask only whether they are there (cards have a condition of their own).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from switch.model.scripts import FieldTest
from switch.model.words import APPROVALS
from switch.wire.content import WORDS, effective_content, first_bad_of_text
from switch.wire.dialect_data import Dialect, Place
from switch.wire.layout import Canon, Coding, Content, FieldLayout, Part, SubKind
from switch.wire.masking import cover_text
from switch.wire.scripted import MESSAGE_TYPE, place_of, split
from switch.wire.scripted_pattern import objection, spells, width
from switch.wire.semantics import SENSITIVE_ELEMENTS, SENSITIVE_TAGS, is_sensitive

_SEEN: Final = frozenset({"expiry"})  # not for everybody's eyes, yet no secret in a rule
_ENDLESS: Final = 9_999
_TAGGED: Final = (SubKind.BER_TLV, SubKind.DATASET)
_DIGITS: Final = Content.N
_OF_THE_HOST: Final = frozenset({"response_code", "mac", MESSAGE_TYPE})
_SET_BY: Final = {"response_code": "then.outcome", MESSAGE_TYPE: "no rule", "mac": "no rule"}
_UNSEEN: Final = "is not to be seen: ask { present = true }, or for a card by when.card"

Spot = tuple[str, int, int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value may be: its characters, its length."""

    content: Content
    longest: int
    exact: bool


class _Unfit(Exception):
    """Why a name cannot be used."""


def condition_fault(dialect: Dialect, test: FieldTest) -> str:
    """Why a message of the dialect can never meet the condition; empty where it can."""
    try:
        shape = _shape(dialect, test.name, to_see=test.sort != "present")
    except _Unfit as unfit:
        return str(unfit)
    match test.sort:
        case "one_of":
            faults = [_value_fault(shape, value, whole=True) for value in test.values]
        case "prefix":
            faults = [_value_fault(shape, value, whole=False) for value in test.values]
        case "range":
            faults = [_range_fault(shape, test)]
        case "regex":
            faults = [_pattern_fault(shape, test.values[0])]
        case _:
            faults = []
    return next((fault for fault in faults if fault), "")


def text_fault(dialect: Dialect, name: str, literal: str) -> str:
    """Why a text cannot be put into that field of an answer; empty where it can. ``literal`` is
    what of the template is no hole.
    """
    head, path = split(name)
    if path:
        return "is a part: a text fills a whole field, or a meaning of the dialect"
    if _meanings(dialect, head) & _OF_THE_HOST or head == MESSAGE_TYPE:
        known = next(iter(_meanings(dialect, head) & _OF_THE_HOST), head)
        return f"is set by {_SET_BY[known]}"
    try:
        shape = _shape(dialect, name, to_see=True, unseen="holds what no rule sets")
    except _Unfit as unfit:
        return str(unfit)
    if len(literal) > shape.longest:
        return f"has room for {shape.longest} characters, the text has {len(literal)}"
    return "" if _fits(shape.content, literal) else f"takes {WORDS[shape.content]} alone"


def echo_fault(dialect: Dialect, name: str) -> str:
    """Why that field of an answer cannot come back altered; empty where it can."""
    head, path = split(name)
    place = None if path else place_of(head, dialect.places)
    if place is None:
        return _unknown(dialect, name)
    echoed = {number for rule in dialect.messages.values() for number in rule.echo}
    return "" if place.field in echoed else "is echoed in no answer"


def code_fault(dialect: Dialect, code: str) -> str:
    """Why a decline cannot bear that response code; empty where it can."""
    shape = _shape(dialect, "response_code", to_see=True)
    if len(code) != shape.longest or not _fits(shape.content, code):
        return f"a response code has {shape.longest} {WORDS[shape.content]}"
    approvals = [dialect.responses[reason] for reason in APPROVALS]
    # ISO 8583:1993 has three digits, and all that begin with 0 approve.
    if code in approvals or (shape.longest == 3 and code.startswith("0")):
        return "is an approval: a decline may not look like one"
    return ""


def spots(dialect: Dialect, name: str) -> frozenset[Spot]:
    """Where in the dialect's messages a name is: two names of the same spots mean the same."""
    head, path = split(name)
    return frozenset(
        (place.field, place.start, place.stop, path)
        for places in _maps(dialect)
        if (place := place_of(head, places)) is not None
    )


def _maps(dialect: Dialect) -> Iterator[Mapping[str, Place]]:
    yield dialect.places
    for rule in dialect.messages.values():
        yield rule.places


def _meanings(dialect: Dialect, head: str) -> set[str]:
    """The meanings of a field that is named by meaning or number."""
    if not head.isdecimal():
        return {head}
    found = {
        name
        for places in _maps(dialect)
        for name, place in places.items()
        if place.field == head and place.whole
    }
    if head in dialect.mac_fields:
        found.add("mac")
    if int(head) in SENSITIVE_ELEMENTS:
        found.add(SENSITIVE_ELEMENTS[int(head)])
    return found


def _unknown(dialect: Dialect, name: str) -> str:
    if name.split(".", maxsplit=1)[0].isdecimal():
        return f"{dialect.name} has no such field"
    known = {MESSAGE_TYPE, *(meaning for places in _maps(dialect) for meaning in places)}
    near = difflib.get_close_matches(name, sorted(known), 1)
    return f"{dialect.name} has no such field" + "".join(f"; is it {item}?" for item in near)


def _shape(dialect: Dialect, name: str, *, to_see: bool, unseen: str = _UNSEEN) -> Shape:
    """What a value of that name may be. Raises _Unfit."""
    head, path = split(name)
    if head == MESSAGE_TYPE:
        return Shape(_DIGITS, 4, exact=True)
    place = next(
        (found for places in _maps(dialect) if (found := place_of(head, places)) is not None), None
    )
    fields = dialect.layout.fields
    field = None if place is None else fields.get(int(place.field))
    if place is None or field is None:
        raise _Unfit(_unknown(dialect, name))
    meanings = {item for item in _meanings(dialect, head) if is_sensitive(item)} - _SEEN
    tagged = bool(path) and field.sub is not None and field.sub.kind in _TAGGED
    hidden = bool(meanings) or (field.sensitive and not (_meanings(dialect, head) & _SEEN))
    if tagged:
        hidden = SENSITIVE_TAGS.get(path[-1], "expiry") not in _SEEN
    if to_see and hidden:
        raise _Unfit(unseen)
    if path:
        return _inside(field, path)
    if place.stop:
        return Shape(_narrowed(dialect, field), place.stop - place.start, exact=True)
    return Shape(effective_content(dialect.layout, field), _longest(field), not field.length_size)


def _narrowed(dialect: Dialect, field: FieldLayout) -> Content:
    content = effective_content(dialect.layout, field)
    return Content.ANY if content in (Content.XN, Content.XN_OR_N) else content


def _longest(field: FieldLayout) -> int:
    """Characters of the longest value."""
    if field.coding != Coding.BINARY or field.nibbles:
        return field.max_length
    return 2 * field.max_length - (1 if field.canon is Canon.SIGNED else 0)


def _inside(field: FieldLayout, path: tuple[str, ...]) -> Shape:
    sub = field.sub
    if sub is None:
        raise _Unfit("has no parts")
    if sub.kind in _TAGGED:
        return Shape(Content.B, _ENDLESS, exact=False)
    part = next((item for item in sub.parts if item.id == path[-1]), None)
    if part is None:
        if sub.kind in (SubKind.POSITIONAL, SubKind.BITMAP):
            known = ", ".join(item.id for item in sub.parts)
            raise _Unfit(f"has no part {path[-1]}; there are {known}")
        return Shape(Content.ANY, _ENDLESS, exact=False)
    return _of_part(part, binary=sub.binary)


def _of_part(part: Part, *, binary: bool) -> Shape:
    is_hex = binary and part.content in (Content.ANY, Content.B)
    content = Content.B if is_hex else part.content
    return Shape(content, part.length * (2 if is_hex else 1), not part.length_digits)


def _fits(content: Content, text: str) -> bool:
    """Whether the text has characters that the content allows, as a piece of a value."""
    if content in (Content.XN, Content.XN_OR_N):
        return text.lstrip("CD").isdecimal() or text in ("", "C", "D")
    even = text + "0" * (len(text) % 2) if content is Content.B else text
    return first_bad_of_text(content)(even) is None


@cache
def _alphabet(content: Content) -> frozenset[str]:
    """The characters that values of the content are made of."""
    return frozenset(char for char in map(chr, range(0x20, 0x7F)) if _fits(content, char))


def _value_fault(shape: Shape, value: str, *, whole: bool) -> str:
    said = f"can never be {cover_text(value, binary=False)!r}: it"
    if shape.content is Content.B and value != value.upper():
        return f"{said} has hex in capital letters"
    if not _fits(shape.content, value):
        return f"{said} holds {WORDS[shape.content]}"
    if len(value) > shape.longest:
        return f"{said} has {shape.longest} characters at most"
    fills = shape.exact and shape.content in (Content.N, Content.B, Content.Z, Content.XN)
    if whole and fills and len(value) != shape.longest:
        return f"{said} always has {shape.longest} characters"
    return ""


def _range_fault(shape: Shape, test: FieldTest) -> str:
    if not _fits(shape.content, "0") or shape.content in (Content.XN, Content.XN_OR_N):
        return f"can never be a number: it holds {WORDS[shape.content]}"
    if len(str(test.low)) > shape.longest:
        return f"can never reach {test.low}: it has {shape.longest} characters at most"
    return ""


def _pattern_fault(shape: Shape, pattern: str) -> str:
    said = objection(pattern)
    if said:
        return f"the pattern {said}"
    low, high = width(pattern)
    if low > shape.longest:
        return f"can never fit the pattern: it has {shape.longest} characters at most"
    fills = shape.exact and shape.content in (Content.N, Content.B, Content.Z)
    if fills and high < shape.longest:
        return f"can never fit the pattern: it always has {shape.longest} characters"
    if not spells(pattern, _alphabet(shape.content)):
        return f"can never fit the pattern: it holds {WORDS[shape.content]}"
    return ""
