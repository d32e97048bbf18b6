"""The line of anything in a script is found, however it is written."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from switch_tools.terminal_day_lines import line_in

words = st.sampled_from(['"plain"', "'[,{'", '"a # b"', '"""x]\n"""', "1", "2.5", "true"])
blanks = st.sampled_from(["", " ", "\n", "\n# [ a comment, {\n", "  # x\n\n"])
values = st.recursive(
    words,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
    max_leaves=12,
)


def written(value: Any, draw: st.DataObject, path: tuple[str | int, ...], out: list[Any]) -> None:
    """Append pieces of text; where a thing begins, its path."""
    if isinstance(value, list):
        out.append("[")
        for place, item in enumerate(value):
            out.append(draw.draw(blanks))
            out.append((*path, place))
            written(item, draw, (*path, place), out)
            out.append(draw.draw(blanks))
            out.append(",")
        out.append("]")
    elif isinstance(value, dict):
        out.append("{")
        for place, (key, item) in enumerate(value.items()):
            out.append(", " if place else " ")
            out.append((*path, key))
            out.append(f"{key} = ")
            written(item, draw, (*path, key), out)
        out.append(" }")
    else:
        out.append(value)


@given(value=st.lists(values, min_size=1, max_size=4), data=st.data())
def test_everything_in_a_list_of_steps_is_found_at_its_line(
    value: list[Any], data: st.DataObject
) -> None:
    """Over comments, strings with brackets in them, tables within lists within tables."""
    pieces: list[Any] = ["x = 1\n", "[[terminal]]\n", 'id = "A"\n', "steps = "]
    written(value, data, ("terminal", 0, "steps"), pieces)
    text, places = "", {}
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
        else:
            places[piece] = text.count("\n") + 1
    tomllib.loads(text)
    for path, line in places.items():
        assert line_in(text, path) == line, path


def test_what_is_not_there_is_looked_for_above() -> None:
    """A key that is missing points at the table that lacks it."""
    text = "[plays]\nshop = [\n  { a = 1 },\n  { b = 2 },\n]\n"
    assert line_in(text, ("plays", "shop", 1, "do")) == 4
    assert line_in(text, ("plays", "shop", 7)) == 2
    assert line_in(text, ("plays", "none")) == 1
    assert line_in("", ("terminal",)) == 1
