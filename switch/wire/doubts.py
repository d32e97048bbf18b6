"""What a codec may decode but a person should look at: impossible dates and times, numbers filled
with blanks, chip data that is no BER-TLV.

Owns suspicions, never refusals: each doubt has the shape of a fault. Judges messages that were
read, by the meaning that the standard gives to field numbers and lengths.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from switch.errors import Fault
from switch.wire import subfields
from switch.wire.elements import Element, Reading
from switch.wire.layout import Coding, Content, Layout

_RANGES: Final = {"M": (1, 12), "D": (1, 31), "h": (0, 23), "m": (0, 59), "s": (0, 59)}
_WORDS: Final = {"M": "month", "D": "day", "h": "hour", "m": "minute", "s": "second"}
_LONG_MONTHS: Final = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}

# Field number and number of digits -> pattern. The edition of the standard decides where one
# length has two meanings.
_TIMES: Final[dict[tuple[int, int], str]] = {
    (7, 10): "MMDDhhmmss",
    (12, 6): "hhmmss",
    (12, 12): "YYMMDDhhmmss",
    (12, 14): "YYYYMMDDhhmmss",
    (14, 4): "YYMM",
    (15, 4): "MMDD",
    (15, 6): "YYMMDD",
    (15, 8): "YYYYMMDD",
    (16, 4): "MMDD",
    (17, 4): "MMDD",
    (73, 6): "YYMMDD",
    (73, 8): "YYYYMMDD",
}
_TIMES_1987: Final = {(13, 4): "MMDD"}
_TIMES_1993: Final = {(13, 4): "YYMM", (28, 6): "YYMMDD"}


def doubts(reading: Reading, layout: Layout, required: Iterable[str] = ()) -> list[Fault]:
    """What is doubtful about the elements that were read, in their order; then the ``required``
    fields that a whole message lacks, at the bitmap that does not name them.
    """
    version = next((element.value[:1] for element in reading.elements if element.id == "t"), "")
    out = []
    for element in reading.elements:
        if element.id.isdecimal():
            out += _about_number(element, layout)
            out += _about_time(element, version)
            out += _about_inside(element, layout)
    if reading.fault is None:
        out += _about_absence(reading, required)
    return out


def _about_absence(reading: Reading, required: Iterable[str]) -> list[Fault]:
    places = {element.id: element.offset for element in reading.elements}
    out = []
    for field in sorted(set(required) - places.keys(), key=int):
        bitmap = "1" if int(field) > 64 and "1" in places else "p"
        at = places[bitmap]
        out.append(Fault(field, bitmap, at, at, "a required field is absent"))
    return out


def _about_number(element: Element, layout: Layout) -> list[Fault]:
    shape = layout.fields.get(int(element.id))
    if shape is None or shape.content not in (Content.BLANK_N, Content.LIKELY_N):
        return []
    value = element.value
    bad = next((k for k, char in enumerate(value) if char not in "0123456789"), None)
    if bad is None:
        return []
    units = max(1, len(value))
    at = element.data_offset + bad * len(element.data) // units
    reason = "a number filled with blanks" if value[bad] == " " else "a number that is not digits"
    return [_doubt(element, at, reason)]


def _about_time(element: Element, version: str) -> list[Fault]:
    value = element.value
    key = (int(element.id), len(value))
    edition = _TIMES_1987 if version == "0" else _TIMES_1993
    pattern = edition.get(key) or _TIMES.get(key)
    # All zeros is what senders write who have nothing to say.
    if pattern is None or not value.isdecimal() or not value.isascii() or not value.strip("0"):
        return []
    month = 0
    for letter in "MDhms":
        at = pattern.find(letter)
        if at < 0:
            continue
        number = int(value[at : at + 2])
        low, high = _RANGES[letter]
        if letter == "M":
            month = number
        elif letter == "D":
            high = _LONG_MONTHS.get(month, high)
        if not low <= number <= high:
            reason = f"no {_WORDS[letter]} has that number"
            return [_doubt(element, element.data_offset, reason)]
    return []


def _about_inside(element: Element, layout: Layout) -> list[Fault]:
    shape = layout.fields.get(int(element.id))
    if shape is None or shape.sub is None or not shape.sub.lenient or element.sub:
        return []
    try:
        subfields.parse(shape.sub, element.value)
    except subfields.SubfieldError as error:
        per_unit = 1 if shape.coding == Coding.BINARY or not shape.sub.binary else 2
        at = element.data_offset + error.at * per_unit
        return [_doubt(element, at, f"not {shape.sub.kind}: {error.reason}")]
    return []


def _doubt(element: Element, at: int, reason: str) -> Fault:
    return Fault(element.id, f"{element.id}.data", element.data_offset, at, reason)
