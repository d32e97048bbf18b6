"""The declaration of record types against the record types and the schema."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator

import msgspec
import pytest
from msgspec.structs import fields

from switch.model.records import RECORD_TYPES, Record
from switch.store.columns import SHELVES
from switch.store.sqlite import SqliteStore
from switch.values import Sensitive


def test_each_record_type_has_a_number_of_its_own() -> None:
    """No type is forgotten, no number given twice."""
    assert set(SHELVES) == {kind.TABLE for kind in RECORD_TYPES}
    assert len({shelf.number for shelf in SHELVES.values()}) == len(RECORD_TYPES)


def test_columns_are_attributes() -> None:
    """A column is a copy of the record's field of that name."""
    for kind in RECORD_TYPES:
        names = {field.name for field in fields(kind)}
        assert set(SHELVES[kind.TABLE].columns) <= names


def test_the_schema_knows_kinds_and_columns(open_sqlite: Callable[..., SqliteStore]) -> None:
    """The numbers and columns in the SQL are those of the declaration."""
    connection = open_sqlite()._connection
    kinds = set(connection.execute("SELECT name, number FROM kind"))
    assert kinds == {(table, shelf.number) for table, shelf in SHELVES.items()}
    columns = {row[1] for row in connection.execute("PRAGMA table_info(record)")}
    assert {name for shelf in SHELVES.values() for name in shelf.columns} <= columns


def _types_in(annotation: object) -> Iterator[object]:
    yield annotation
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        for inner in typing.get_type_hints(annotation).values():
            yield from _types_in(inner)
    for inner in typing.get_args(annotation):
        yield from _types_in(inner)


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_no_record_can_hold_sensitive_data(kind: type[Record]) -> None:
    """SR-SAD-01, SR-PAN-03: no field is typed to take a PAN, track, PIN block or chip data."""
    for annotation in typing.get_type_hints(kind).values():
        for found in _types_in(annotation):
            if isinstance(found, type) and not isinstance(found, types.GenericAlias):
                assert not issubclass(found, Sensitive)
