"""switch.config: one file, checked whole, refused with file, line and reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.config import Config, demo_config, load_config, parse_config
from switch.errors import ConfigError
from switch.values import luhn_ok

GOOD = """\
[settings]
test_ranges = ["4761739"]

[[listener]]
name = "shop"
port = 9583
dialect = "iso87-ascii"

[[merchant]]
id = "SHOP"

[[terminal]]
id = "T1"
merchant = "SHOP"

[[card]]
name = "visa"
pan = "4761739001010010"
balance = "12.34"
"""


def test_a_good_file_is_taken() -> None:
    """Defaults fill what the file leaves out."""
    config = parse_config(GOOD, "shop.toml")
    assert config.listener[0].host == "127.0.0.1"
    assert config.limits.pipelined == 32
    assert config.where("listener", 0, "port") == "shop.toml:6"


def test_card_numbers_print_masked() -> None:
    """SR-PAN-01: whatever prints a configuration shows six and four digits at most."""
    config = parse_config(GOOD, "shop.toml")
    assert "4761739001010010" not in repr(config)
    assert "4761739001010010" not in config.model_dump_json()
    assert "476173******0010" in repr(config)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("port = 9583", 'port = "9583"', 6, "valid integer"),
        ("port = 9583", "port = 70000", 6, "less than or equal to 65535"),
        ("port = 9583", "port = false", 6, "valid integer"),
        ("port = 9583", "prot = 9583", 6, "no such setting; is it port"),
        ('dialect = "iso87-ascii"', "", 4, "dialect: is missing"),
        ('merchant = "SHOP"', 'merchant = "SHOPPE"', 14, "no merchant 'SHOPPE'"),
        ('pan = "4761739001010010"', 'pan = "4761739001010011"', 18, "check digit"),
        ('pan = "4761739001010010"', 'pan = "5413330089010434"', 18, "test_ranges"),
        ('pan = "4761739001010010"', "pan = 4761739001010010", 18, "digits in quotes"),
        ('balance = "12.34"', 'balance = "12.345"', 19, "decimals"),
        ('balance = "12.34"', "balance = 12.34", 19, "must be text in quotes"),
        ('balance = "12.34"', 'balance = "12,34"', 19, "an amount is written"),
        ('name = "', 'name = "a b', 5, "a name has letters"),
        ('name = "visa"', 'name = "4761739001010010"', 17, "it reads as a card number"),
        ("[settings]", "settings = 5\n[rest]", 1, "settings: must be a table"),
        ('id = "SHOP"', 'id = "SHOP"\nzone = "Mars/Olympus"', 11, "unknown time zone"),
        ('id = "SHOP"', 'id = "SHOP"\ncurrency = "XXQ"', 11, "unknown currency"),
        ("[settings]", "[settings]\nenrol_unknown = true", 1, "enrol_merchant"),
        ("[settings]", "[server]\nanswer_s = 30.0\n[settings]", 2, "INV-05"),
        ("[settings]", "[settings", 1, "no TOML"),
    ],
)
def test_a_mistake_is_refused_with_file_line_and_reason(
    old: str, new: str, line: int, reason: str
) -> None:
    """P-07: each kind of mistake, at its line; and no card number in what is said."""
    assert old in GOOD
    with pytest.raises(ConfigError, match=reason) as caught:
        parse_config(GOOD.replace(old, new, 1), "shop.toml")
    assert caught.value.where == f"shop.toml:{line}"
    assert "476173900101001" not in str(caught.value)


HOUSE_OF_YEN = """
[settings]
test_ranges = ["4761739"]
default_currency = "JPY"
[[merchant]]
id = "TOKYO"
[[merchant]]
id = "PARIS"
currency = "EUR"
[[terminal]]
id = "T1"
merchant = "TOKYO"
[[terminal]]
id = "P1"
merchant = "PARIS"
[[card]]
name = "visa"
pan = "4761739001010010"
"""


def test_who_names_no_currency_has_that_of_the_house() -> None:
    """Merchants and cards; a terminal has its merchant's. Only what was written is judged."""
    config = parse_config(HOUSE_OF_YEN, "shop.toml")
    assert [item.currency for item in config.merchant] == ["392", "978"]
    assert [item.currency for item in config.terminal] == ["392", "978"]
    assert config.card[0].currency == "392"


@pytest.mark.parametrize("wrong", ['"YEN"', "392", '"QQQ"'])
def test_a_wrong_currency_of_the_house_is_told_once(wrong: str) -> None:
    """Where it was made, not wherever it would be inherited."""
    with pytest.raises(ConfigError) as caught:
        parse_config(HOUSE_OF_YEN.replace('"JPY"', wrong), "shop.toml")
    assert caught.value.where == "shop.toml:4"
    assert "\n" not in str(caught.value)


def test_names_and_ports_are_there_once() -> None:
    """A second listener, terminal or card of one name is told with the line of the second."""
    twice = GOOD + '\n[[terminal]]\nid = "T1"\nmerchant = "SHOP"\n'
    with pytest.raises(ConfigError, match=r"shop\.toml:22: terminal\.1\.id: T1 is taken"):
        parse_config(twice, "shop.toml")


def test_several_mistakes_are_told_together() -> None:
    """One run shows what is to be repaired, not only the first of it."""
    text = GOOD.replace("port = 9583", "port = -1").replace('id = "T1"', "idd = 1")
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "shop.toml")
    said = str(caught.value)
    assert "shop.toml:6:" in said
    assert "shop.toml:13:" in said


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Absent, not UTF-8, too large."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "absent.toml")
    path = tmp_path / "latin.toml"
    path.write_bytes(b"a = 1\nb = '\xe9'\n")
    with pytest.raises(ConfigError, match=r"latin\.toml:2: is not UTF-8"):
        load_config(path)
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigError, match="larger than"):
        load_config(path)


def test_the_demo_world_is_whole() -> None:
    """A listener per dialect that can be served, eight terminals, cards with right check digits."""
    config = demo_config()
    ports = {item.dialect: item.port for item in config.listener}
    assert list(ports.values()) == list(range(8583, 8590))
    assert [item.id for item in config.terminal] == [f"DEMO000{n}" for n in range(1, 9)]
    names = {card.name for card in config.card}
    assert names == {
        *("visa", "mastercard", "amex", "unionpay"),
        *("expired", "blocked", "lost", "poor"),
        *("chip-visa", "chip-mastercard", "chip-unionpay"),
    }
    assert all(card.pan.luhn_ok for card in config.card)


def test_every_default_of_the_limits_says_what_happens_at_it() -> None:
    """SR-NET-04: documented bounds."""
    schema = Config.model_json_schema()
    limits = schema["$defs"]["Limits"]["properties"]
    assert all("default" in item and item.get("description") for item in limits.values())


@given(st.text(max_size=300))
def test_any_text_is_taken_or_refused(text: str) -> None:
    """Never another exception."""
    where = "any.toml:"
    try:
        parse_config(text, "any.toml")
    except ConfigError as failure:
        where = failure.where
    assert where.startswith("any.toml:")


def test_check_digits_of_the_documentation_are_right() -> None:
    """The number in the examples passes its own check."""
    assert luhn_ok("4761739001010010")
