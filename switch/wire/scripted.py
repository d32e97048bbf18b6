"""Scripted rules at the fields of a message: whose conditions are met, and echoes that come back
wrong.

Owns how a condition names an element: a meaning (``entry_mode``, ``message_type``) or a field's
number, and behind dots the number of a part or the tag of an object inside (``22.1``, ``55.9F10``).
Costs nothing where no rule looks at fields. Decides nothing: it notes names, the core does the
rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace as replace_shape
from functools import cached_property
from typing import Final

from switch.model.copies import replace
from switch.model.request import Request
from switch.model.script_tests import predicate
from switch.model.scripts import Script
from switch.wire.dialect_data import Dialect, Place
from switch.wire.map_message import MessageType, MessageTypes
from switch.wire.subfields import SubElement, SubfieldError, parse

MESSAGE_TYPE: Final = "message_type"
_TYPE: Final = Place("t")
_NOTHING: Final[tuple[str, ...]] = ()
_TURNED: Final = str.maketrans(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "1234567890BCDEFAHIJKLMNOPQRSTUVWXYZGbcdefahijklmnopqrstuvwxyzg",
)

Fields = Mapping[str, str]
Marker = Callable[[Fields, Request], Request]


def split(name: str) -> tuple[str, tuple[str, ...]]:
    """The field of a condition's name and the path inside.

    >>> split("55.9F10"), split("entry_mode")
    (('55', ('9F10',)), ('entry_mode', ()))
    """
    head, *path = name.split(".")
    return head, tuple(path)


def place_of(head: str, places: Mapping[str, Place]) -> Place | None:
    """Where the field of a condition is, in messages whose meanings live there."""
    if head == MESSAGE_TYPE:
        return _TYPE
    return Place(head) if head.isdecimal() else places.get(head)


class FieldRules:
    """The conditions on fields of all rules, for one dialect."""

    def __init__(self, dialect: Dialect, rules: Iterable[Script]) -> None:
        self._dialect = dialect
        self._rules = [
            (rule.name, [(*split(test.name), predicate(test)) for test in rule.fields])
            for rule in rules
            if rule.fields
        ]

    @cached_property
    def _types(self) -> MessageTypes:
        """Made when they are wanted: most worlds have no rule that looks at fields."""
        return MessageTypes(self._dialect)

    @property
    def marker(self) -> Marker | None:
        """What notes on a request which rules it meets; ``None`` where no rule looks at fields."""
        return self.mark if self._rules else None

    def mark(self, fields: Fields, request: Request) -> Request:
        """The request with the names of the rules whose conditions on fields are met."""
        names = self.names(fields)
        return replace(request, rules=names) if names else request

    def names(self, fields: Fields) -> tuple[str, ...]:
        """The names of the rules whose conditions on fields are met."""
        kind = self._types.get(fields["t"])
        return tuple(
            name
            for name, tests in self._rules
            if all(
                any(map(meets, self._values(fields, kind, head, path) or (None,)))
                for head, path, meets in tests
            )
        )

    def altered(self, fields: Fields, name: str) -> dict[str, str]:
        """The fields of an answer with one of them changed: the same length, the same sort of
        characters, another value. What is not in the answer cannot come back wrong.
        """
        place = place_of(name, self._types.get(fields["t"]).places)
        value = None if place is None else fields.get(place.field)
        if place is None or not value:
            return dict(fields)
        places = range(place.start, place.stop or len(value))
        at = max((k for k in places if value[k : k + 1].isalnum()), default=0)
        wrong = value[:at] + value[at].translate(_TURNED) + value[at + 1 :]
        return {**fields, place.field: wrong}

    def _values(
        self, fields: Fields, kind: MessageType, head: str, path: tuple[str, ...]
    ) -> Sequence[str]:
        """The values that a condition speaks of; none where the message has no such element."""
        place = place_of(head, kind.places)
        value = None if place is None else fields.get(place.field)
        if place is None or value is None:
            return _NOTHING
        if not path:
            return (value[place.start : place.stop] if place.stop else value,)
        return tuple(self._inside(kind, place.field, value, path))

    def _inside(
        self, kind: MessageType, number: str, value: str, path: tuple[str, ...]
    ) -> Iterator[str]:
        shape = self._dialect.layout.fields.get(int(number)) if number.isdecimal() else None
        sub = None if shape is None else shape.sub
        if sub is None:
            return
        if number in kind.parts:
            sub = replace_shape(sub, parts=kind.parts[number])
        try:
            items: Sequence[SubElement] = parse(sub, value)
        except SubfieldError:
            return
        yield from _named(items, path)


def _named(items: Iterable[SubElement], path: tuple[str, ...]) -> Iterator[str]:
    """The values of the elements at the path; its first piece is looked for at any depth."""
    for item in items:
        if item.id == path[0]:
            if len(path) == 1:
                yield item.value
            else:
                yield from _named(item.children, path[1:])
        else:
            yield from _named(item.children, path)
