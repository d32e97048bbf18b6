"""The description of a message as text for people: one row per field, its bytes below, parts
indented.

Owns columns and colours of ``isoswitch inspect``; what may be shown was decided by
``switch.wire.describe``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from switch.wire.elements import count_bytes

Paint = Callable[[str, str], str]
"""Gives a text a style: ``head``, ``dim``, ``good``, ``bad``, ``doubt``."""

_BYTES_A_ROW: Final = 24
_INDENT: Final = " " * 13
_SHOWN: Final = 200  # characters of a value in a row; the bytes below show the rest


def plain(_style: str, text: str) -> str:
    """No colours."""
    return text


def text_of(description: dict[str, Any], paint: Paint = plain) -> str:
    """The whole text, without a line end at its end."""
    return "\n".join(_lines(description, paint))


def _lines(told: dict[str, Any], paint: Paint) -> Iterator[str]:
    if told["mti"]:
        yield f"message  {paint('head', told['mti'])}  {told['mti_words']}"
    if told.get("dialect"):
        yield f"dialect  {told['dialect']}"
    if told["framing"]:
        yield from _framing(told["framing"], paint)
    if told["fields"]:
        yield ""
        yield paint("dim", "  byte   len  field  name = value")
    for field_id, field in told["fields"].items():
        yield from _field(field_id, field, paint)
    yield ""
    for doubt in told["warnings"]:
        yield from _fault("doubtful", doubt, paint, "doubt")
    if told["error"] is None:
        yield paint("good", "good: read to the last byte")
    else:
        yield from _fault("wrong", told["error"], paint, "bad")
    if "unread" in told:
        left = told["unread"]
        yield f"not read: {count_bytes(left['length'])} from byte {left['offset']} on"
        if "hex" in left:
            yield from _bytes(left["hex"], paint)


def _framing(framing: dict[str, Any], paint: Paint) -> Iterator[str]:
    fits = "" if framing["fits"] else paint("bad", "  (does not fit)")
    yield f"framing  {framing['kind']}{fits}"
    length = framing.get("length")
    if length is not None:
        says = "no number" if length["value"] is None else f"says {length['value']}"
        yield f"  length header {_spaced(length['hex'])} at byte {length['offset']} {says}"
    if "tpdu" in framing:
        yield f"  TPDU {framing['tpdu']['hex']} at byte {framing['tpdu']['offset']}"
    if "header" in framing:
        yield f"  header {framing['header']['hex']} at byte {framing['header']['offset']}"


def _field(field_id: str, field: dict[str, Any], paint: Paint) -> Iterator[str]:
    name = field["name"] or "(no name)"
    words = f"   {field['words']}" if field.get("words") and field_id != "t" else ""
    yield (
        f"{field['offset']:6} {field['length']:5}  {paint('head', f'{field_id:>5}')}  "
        f"{name} = {_shortened(field['value'])}{paint('dim', words)}"
    )
    if "canonical" in field:
        yield f"{_INDENT}        that is {_shortened(field['canonical'])}"
    if "length_hex" in field:
        indicator = f"length {_spaced(field['length_hex'])} at byte {field['length_offset']}"
        yield paint("dim", f"{_INDENT}{indicator}")
    yield from _bytes(field["hex"], paint)
    for part in field.get("sub", ()):
        yield from _part(part, paint, 1)


def _part(part: dict[str, Any], paint: Paint, depth: int) -> Iterator[str]:
    name = f" {part['name']}" if part["name"] else ""
    words = f"   {part['words']}" if part.get("words") else ""
    yield (
        f"{part['offset']:6} {part['length']:5}  {'    ' * depth} {paint('head', part['id'])}{name}"
        f" = {_shortened(part['value'])}{paint('dim', words)}"
    )
    for child in part.get("sub", ()):
        yield from _part(child, paint, depth + 1)


def _fault(word: str, fault: dict[str, Any], paint: Paint, style: str) -> Iterator[str]:
    what = "message" if fault["field"] is None else f"field {fault['field']}"
    name = f" ({fault['name']})" if fault["name"] else ""
    place = f"byte {fault['offset']}"
    if fault["at"] != fault["offset"]:
        place += f", exactly byte {fault['at']}"
    yield f"{paint(style, word)}: {what}{name} at {place}: {fault['reason']}"
    if fault["hint"]:
        yield f"  perhaps: {fault['hint']}"


def _bytes(digits: str, paint: Paint) -> Iterator[str]:
    if not digits or digits.startswith("["):
        return
    step = 2 * _BYTES_A_ROW
    for k in range(0, len(digits), step):
        yield paint("dim", f"{_INDENT}{_spaced(digits[k : k + step])}")


def _spaced(digits: str) -> str:
    return " ".join(digits[k : k + 2] for k in range(0, len(digits), 2))


def _shortened(value: str) -> str:
    """In one row; control characters as escapes, so that a message cannot drive a terminal."""
    shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}... ({len(value)} characters)"
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in shown)
