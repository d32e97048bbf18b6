"""A terminal stands where the file, or the demo world, has a place for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from switch.config import demo_config
from switch.errors import ConfigError
from switch_tools.cards import find_card
from switch_tools.terminal_place import find_place

TWO_SHOPS = """
[settings]
test_ranges = ["4761739"]
[[listener]]
name = "front"
host = "0.0.0.0"
port = 9583
dialect = "hypercom"
framing = "ascii-4"
[[listener]]
name = "back"
port = 9584
dialect = "iso87-ascii"
[[merchant]]
id = "PARIS"
currency = "EUR"
[[merchant]]
id = "KUWAIT"
currency = "KWD"
[[terminal]]
id = "PARIS001"
merchant = "PARIS"
[[terminal]]
id = "KUWAIT01"
merchant = "KUWAIT"
[[card]]
name = "Dinar"
pan = "4761739001010010"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two shops in a file."""
    path = tmp_path / "shops.toml"
    path.write_text(TWO_SHOPS)
    return path


def test_each_dialect_of_the_demo_world_has_a_terminal() -> None:
    """Its own, so that journals and STAN counters do not meet."""
    places = [find_place(None, item.dialect) for item in demo_config().listener]
    assert [place.port for place in places] == list(range(8583, 8590))
    assert len({place.terminal_id for place in places}) == len(places)
    assert find_place(None) == places[0]


def test_a_file_names_host_dialect_terminal_merchant_currency_and_cards(file: Path) -> None:
    """The first listener when nobody says; a listener on all addresses is called on loopback."""
    first = find_place(file)
    assert (first.host, first.port, first.dialect) == ("127.0.0.1", 9583, "hypercom")
    assert first.framing == "ascii-4"
    assert (first.terminal_id, first.merchant_id, first.currency) == ("PARIS001", "PARIS", "978")
    assert find_card("dinar", "", first.cards).name == "Dinar"
    second = find_place(file, "iso87-ascii")
    assert (second.port, second.framing, second.terminal_id) == (9584, "", "KUWAIT01")


def test_a_terminal_brings_its_merchant_and_currency(file: Path) -> None:
    """One that nobody knows is tried at the first merchant's: what the host says is worth a
    test."""
    known = find_place(file, terminal_id="KUWAIT01")
    assert (known.port, known.merchant_id, known.currency) == (9583, "KUWAIT", "414")
    assert find_place(file, terminal_id="UNKNOWN1").merchant_id == "PARIS"


def test_a_dialect_that_no_listener_speaks_keeps_its_own_framing(file: Path) -> None:
    """Only --to can say where its host is."""
    assert find_place(file, "iso93-ascii").framing == ""


def test_an_empty_world_has_no_place(tmp_path: Path) -> None:
    """One sentence, with the file's name."""
    path = tmp_path / "empty.toml"
    path.write_text("")
    with pytest.raises(ConfigError, match=r"empty\.toml: a terminal needs a listener"):
        find_place(path)
