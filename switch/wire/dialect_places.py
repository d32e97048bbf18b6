"""Where meanings live: the fields and parts of a dialect file by semantic name.

Owns that a meaning lives in one place, fits its content, and that what is sensitive bears its name.
A message may give a field another meaning than the dialect does, whole or part by part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from switch.wire.dialect_data import Place
from switch.wire.dialect_model import DialectFile, MessageSection, PartSection
from switch.wire.layout import SubKind
from switch.wire.notation import parse_as
from switch.wire.semantics import MEANINGS, SENSITIVE_ELEMENTS, is_sensitive

Path = tuple[str | int, ...]
_TWICE: Final = frozenset({"mac"})


class Mistake(Exception):
    """Something in the file contradicts something else."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.reason = reason


def places_of(file: DialectFile) -> dict[str, Place]:
    """Every meaning of the dialect with its place. Raises :class:`Mistake`."""
    places: dict[str, Place] = {}
    for number, section in file.fields.items():
        path = ("fields", number)
        wanted = SENSITIVE_ELEMENTS.get(int(number))
        if wanted and not is_sensitive(section.means):
            raise Mistake(path, f"field {number} is sensitive: say means = {wanted!r}")
        if section.means:
            _fits(path, section.means, section.as_)
            _put(places, path, section.means, Place(number))
        _part_places(places, number, file)
    return places


def _part_places(places: dict[str, Place], number: str, file: DialectFile) -> None:
    inside = file.fields[number].inside
    if inside is None:
        return
    movable = inside.kind is not SubKind.POSITIONAL or inside.repeat
    _placed(places, ("fields", number, "inside", "parts"), number, inside.parts, movable)


def message_places(
    file: DialectFile, path: Path, section: MessageSection, places: Mapping[str, Place]
) -> dict[str, Place]:
    """The places of one message: those of the dialect, but for fields that mean something else
    here.
    """
    whole, parts = section.means or {}, section.parts or {}
    own: dict[str, Place] = {}
    for number, meaning in whole.items():
        _open(meaning, (*path, "means", number))
        _put(own, (*path, "means", number), meaning, Place(number))
    for number, sections in parts.items():
        where = (*path, "parts", number)
        room = parse_as(file.fields[number].as_).characters
        if sum(parse_as(part.as_).characters for part in sections) > room:
            raise Mistake(where, f"the parts are longer than field {number}")
        for part in sections:
            _open(part.means, where)
        _placed(own, where, number, sections, movable=False)
    given = {name: place for name, place in places.items() if place.field not in {*whole, *parts}}
    return given | own


def _open(meaning: str, path: Path) -> None:
    """What is covered is decided by the field, in whatever message it stands."""
    if is_sensitive(meaning):
        raise Mistake(path, f"{meaning} is sensitive: the field itself must bear that name")


def _placed(
    places: dict[str, Place],
    path: Path,
    number: str,
    parts: Sequence[PartSection],
    movable: bool,
) -> None:
    start = 0
    for k, part in enumerate(parts):
        attribute = parse_as(part.as_)
        if part.means and movable:
            raise Mistake((*path, k), "only parts at a fixed place can bear a meaning")
        movable = movable or bool(attribute.length_digits)
        stop = start + attribute.characters
        if part.means:
            _fits((*path, k), part.means, part.as_)
            _put(places, (*path, k), part.means, Place(number, start, stop))
        start = stop


def _put(places: dict[str, Place], path: Path, meaning: str, place: Place) -> None:
    before = places.get(meaning)
    if before is None:
        places[meaning] = place
    elif meaning not in _TWICE:
        raise Mistake(path, f"{meaning} is what field {before.field} means already")


def _fits(path: Path, meaning: str, notation: str) -> None:
    wanted = MEANINGS[meaning].content
    content = parse_as(notation).content
    if wanted and content not in wanted:
        kinds = " or ".join(sorted(content.value for content in wanted))
        raise Mistake(path, f"{meaning} is written as {kinds}, not as {notation}")


def field_of(places: Mapping[str, Place], path: Path, meaning: str) -> str:
    """The whole field that a meaning lives in."""
    place = places.get(meaning)
    if place is None or not place.whole:
        raise Mistake(path, f"no field of this dialect means {meaning}")
    return place.field
