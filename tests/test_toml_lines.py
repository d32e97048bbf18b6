"""switch.toml_lines: key paths to lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.errors import ConfigError
from switch.toml_lines import line_of, parse

TEXT = """\
title = "x"          # 1
[server]
node = "1"
long = \"\"\"
[not.a.table]
key = 1
\"\"\"
list = [
  1,  # ] not the end
  2,
]
after = true
[[listener]]
name = "a"
tls = { certificate = "c", key = "k" }
[[listener]]
name = "b"
[listener.tls]
key = "k"
"quoted key" = 1
[a.b.c]
d.e = 3
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 1),
        (("server", "node"), 3),
        (("server", "long"), 4),
        (("server", "list"), 8),
        (("server", "list", 1), 8),
        (("server", "after"), 12),
        (("listener", 0, "name"), 14),
        (("listener", 0, "tls", "key"), 15),
        (("listener", 1, "name"), 17),
        (("listener", 1, "tls", "key"), 19),
        (("listener", 1, "tls", "quoted key"), 20),
        (("listener", 1, "tls", "certificate"), 18),
        (("listener", 1, "port"), 16),
        (("a", "b", "c", "d", "e"), 22),
        (("nothing",), 1),
        ((), 1),
    ],
)
def test_a_path_points_at_its_line_or_at_the_nearest_thing(
    path: tuple[str | int, ...], line: int
) -> None:
    """A missing key points at its table's header."""
    assert line_of(TEXT, path) == line


def test_what_is_no_toml_is_refused_with_its_line() -> None:
    """The complaint of tomllib becomes ``file:line``."""
    with pytest.raises(ConfigError, match=r"^x\.toml:2: this is no TOML") as caught:
        parse("a = 1\nb = = 2\n", "x.toml")
    assert caught.value.where == "x.toml:2"


@given(st.text(max_size=200), st.lists(st.text(max_size=5) | st.integers(0, 3), max_size=4))
def test_any_text_and_path_give_a_line_of_the_text(text: str, path: list[str | int]) -> None:
    """Pointing never fails, whatever the text is."""
    assert 1 <= line_of(text, path) <= text.count("\n") + 1
