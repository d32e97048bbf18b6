"""A script for terminals is checked whole when it is read: what is wrong is refused with file and
line."""

from __future__ import annotations

from pathlib import Path

import pytest

from switch.errors import ConfigError
from switch_tools.terminal_day import load_day, read_day
from switch_tools.terminal_day_cast import World, players_of
from switch_tools.terminal_day_checks import ids_of
from switch_tools.terminal_day_example import EXAMPLE
from switch_tools.terminal_day_words import Cast

GOOD = """\
[[terminal]]
id = "DEMO0001"
steps = [
  { do = "signon" },
  { do = "loop", times = 2, steps = [
    { do = "purchase", card = "visa", amount = "1.00", as = "it" },
    { do = "void", of = "it" },
  ] },
  { do = "settle" },
]
"""


def test_the_example_is_a_good_script() -> None:
    """What ``--example`` prints can be played: four terminals in two dialects."""
    day = read_day(EXAMPLE, "morning.toml")
    players = players_of(day, World())
    assert [(player.name, player.dialect) for player in players] == [
        ("DEMO0001", "iso87-ascii"),
        ("SHOP0001", "hypercom"),
        ("SHOP0002", "hypercom"),
        ("SHOP0003", "hypercom"),
    ]
    assert len(players[0].steps) == 15


def test_each_step_knows_its_line() -> None:
    """Those within a loop as well: reports point at them."""
    day = read_day(GOOD, "day.toml")
    steps = day.steps_of(day.cast[0])
    assert [day.place(step) for step in steps] == ["day.toml:4", "day.toml:5", "day.toml:9"]
    assert [day.place(step) for step in steps[1].steps] == ["day.toml:6", "day.toml:7"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('{ do = "signon" }', '{ do = "sign on" }', 4, "there is no 'sign on'"),
        ('{ do = "signon" }', '{ do = "signon", amount = "1" }', 4, "amount: means nothing to"),
        ('{ do = "signon" }', '{ do = "signon", color = "red" }', 4, "unknown field `color`"),
        ('{ do = "signon" }', '{ do = "signon", expect = "fine" }', 4, "expect: write one of"),
        ('{ do = "signon" }', '{ do = "think" }', 4, "think needs seconds"),
        ('{ do = "signon" }', '{ do = "think", seconds = [3, 1] }', 4, "two numbers in order"),
        ('{ do = "signon" }', '{ do = "wait" }', 4, "wait needs for"),
        ('{ do = "signon" }', '{ do = "signon", lose = "it" }', 4, "lose: write one of"),
        ('{ do = "signon" }', '{ do = "refund", card = "visa" }', 4, "needs amount"),
        ("times = 2", "times = 0", 5, "times: write 1 to"),
        ("times = 2", 'times = "two"', 5, "Expected `int`"),
        ('amount = "1.00"', 'amount = "1.00", entry = "wink"', 6, "entry: write one of"),
        (', amount = "1.00"', "", 6, "purchase needs amount"),
        ('amount = "1.00"', 'amount = "one"', 6, "one"),
        ('amount = "1.00"', 'amount = "1.00", weight = 2', 6, "weight: means nothing"),
        ('amount = "1.00"', 'amount = ["2", "1"]', 6, "first of a range"),
        ('card = "visa"', 'card = "gold"', 6, "there is no card 'gold'"),
        ('of = "it"', 'of = "that"', 7, "no step is called 'that'"),
        ('id = "DEMO0001"', 'id = "DEMO0001"\ncount = 0', 3, "count: write 1 to"),
        ('id = "DEMO0001"', "count = 2", 2, "need an id"),
        ('id = "DEMO0001"', 'id = "DEMO00001"', 1, "terminal_id has at most 8"),
        ('id = "DEMO0001"', 'id = "DEMO0001"\nplay = "shop"', 3, "there is no [plays] 'shop'"),
        ('id = "DEMO0001"', 'id = "DEMO0001"\nto = "here"', 1, "is no HOST:PORT"),
        ('id = "DEMO0001"', 'id = "A"\ndialect = "morse"', 1, "there is no dialect morse"),
        ("steps = [", "steps = [[", 11, "this is no TOML"),
    ],
)
def test_what_is_wrong_is_refused_at_its_line(old: str, new: str, line: int, said: str) -> None:
    """Shape, words, names, cards, amounts, addresses: all before the day begins."""
    assert old in GOOD
    with pytest.raises(ConfigError) as failure:
        players_of(read_day(GOOD.replace(old, new, 1), "day.toml"), World())
    assert said in str(failure.value)
    where = str(failure.value).split(": ", maxsplit=1)[0]
    assert where == f"day.toml:{line}"


def test_two_terminals_of_one_name_are_refused() -> None:
    """They would fight for one journal."""
    with pytest.raises(ConfigError, match=r"day.toml:13: .*another terminal is called DEMO0001"):
        read_day(f"{GOOD}\n{GOOD}", "day.toml")


def test_nobody_plays() -> None:
    """A script without a terminal, and one that is no table of them."""
    with pytest.raises(ConfigError, match="nobody plays"):
        read_day("terminal = []", "day.toml")
    with pytest.raises(ConfigError, match="missing required field `terminal`"):
        read_day('title = "x"', "day.toml")


def test_lists_of_steps_are_not_deep_for_ever() -> None:
    """A loop in a loop in a loop is refused before it is played."""
    inner = '{ do = "signon" }'
    for _ in range(9):
        inner = f'{{ do = "loop", steps = [ {inner} ] }}'
    with pytest.raises(ConfigError, match="more than 8 deep"):
        read_day(f'[[terminal]]\nid = "A"\nsteps = [ {inner} ]', "day.toml")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, too large, or no text."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_day(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    bad.write_bytes(b"title = '\xff'")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_day(bad)
    bad.write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigError, match="is larger than"):
        load_day(bad)


def test_a_journal_that_is_in_use_leaves_no_other_locked(tmp_path: Path) -> None:
    """All or none of the terminals come into being."""
    two = GOOD + GOOD.replace("DEMO0001", "DEMO0002")
    blocked = players_of(read_day(GOOD.replace("DEMO0001", "DEMO0002"), "d"), World(state=tmp_path))
    with pytest.raises(Exception, match="another terminal works with"):
        players_of(read_day(two, "day.toml"), World(state=tmp_path))
    for player in blocked:
        player.device.journal.close()
    for player in players_of(read_day(two, "day.toml"), World(state=tmp_path)):
        player.device.journal.close()


def test_ids_are_numbered_where_there_are_several() -> None:
    """One keeps its name as it is."""
    assert ids_of(Cast(id="SHOP", count=3)) == ["SHOP0001", "SHOP0002", "SHOP0003"]
    assert ids_of(Cast(id="SHOP")) == ["SHOP"]
