"""The mapping as a whole: one door, made once, for all connections."""

from __future__ import annotations

from copy import deepcopy

import pytest

from switch.errors import ConfigError
from switch.wire.dialect import load_dialect
from switch.wire.mapping import Mapper
from tests.wire_messages import MAPPERS, NOW, SPEAKING, approved, sale


def test_reading_dialects_have_no_mapping() -> None:
    """A dialect for reading cannot serve."""
    with pytest.raises(ConfigError, match="only be used to read"):
        Mapper(load_dialect("iso2003-binary"))


@pytest.mark.parametrize("name", SPEAKING)
def test_mapping_keeps_nothing_and_changes_nothing(name: str) -> None:
    """One object serves all connections: the same message is the same request, its fields stay."""
    mapper, fields = MAPPERS[name], sale(name)
    before = deepcopy(fields)
    first = mapper.request(fields)
    reply = mapper.answer(fields, first, approved(), NOW)
    mapper.request({**fields, "11": "999999"})
    assert mapper.request(fields) == first
    assert mapper.answer(fields, first, approved(), NOW) == reply
    assert fields == before
