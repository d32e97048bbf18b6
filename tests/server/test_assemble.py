"""What a configuration becomes for decisions: numbers of authorization and settlement, seeds."""

from __future__ import annotations

import pytest

from switch.config import demo_config, parse_config
from switch.errors import ConfigError
from switch.model.settings import Authorization, Settlement
from switch.server.assemble import Assembler, Overrides
from switch.server.plan import ServerPlan

WORLD = """\
[settings]
test_ranges = ["4761739"]
[[merchant]]
id = "SHOP"
[[terminal]]
id = "T1"
merchant = "SHOP"
partial_approval = true
[[card]]
name = "visa"
pan = "4761739001010010"
cash_limit = "200.00"
"""


def plan(text: str) -> ServerPlan:
    """The plan of a file."""
    return Assembler(Overrides(), 100).plan(parse_config(text, "shop.toml"))


def test_what_the_file_leaves_out_is_as_documented() -> None:
    """INV-42, INV-43: seven days, thirty for a pre-authorization, no tolerance."""
    settings = plan(WORLD).settings
    assert settings.authorization == Authorization()
    assert settings.settlement.cutover == Settlement().cutover
    assert set(settings.settlement.differences.values()) == {"suspense"}


def test_days_and_percentages_become_seconds_and_hundredths() -> None:
    """What people write, as the core counts."""
    settings = plan(
        f"""{WORLD}
[authorization]
hold_days = 0.5
preauthorization_hold_days = 2
completion_tolerance_percent = 15.25
tip_tolerance_percent = 0
partial_approval = false
[settlement]
cutover = "23:30"
differences.amount_differs = "merchant"
"""
    ).settings
    assert settings.authorization == Authorization(
        hold_s=43_200,
        preauthorization_hold_s=172_800,
        completion_tolerance_bp=1_525,
        tip_tolerance_bp=0,
        partial_approval=False,
    )
    assert settings.settlement == Settlement(
        cutover="2330",
        differences={
            "missing_at_host": "suspense",
            "missing_at_terminal": "suspense",
            "amount_differs": "merchant",
            "totals_differ": "suspense",
        },
    )


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("[authorization]\nhold_days = 0", "hold_days: must be greater than 0"),
        ("[authorization]\nhold_days = 366", "hold_days: must be less than or equal to 365"),
        ("[authorization]\nhold_day = 3", "no such setting; is it hold_days"),
        ("[authorization]\ntip_tolerance_percent = -1", "must be greater than or equal to 0"),
        ("[authorization]\ncompletion_tolerance_percent = 1.234", "has two decimals at most"),
        ('[settlement]\ncutover = "25:00"', "cutover: a time of day is written HH:MM"),
        ('[settlement]\ncutover = "\u0660\u0660:00"', "cutover: a time of day is written HH:MM"),
        (
            '[settlement]\ndifferences.missing_at_host = "nobody"',
            "must be 'merchant' or 'suspense'",
        ),
        ('[settlement]\ndifferences.missing = "merchant"', "there is no such setting"),
    ],
)
def test_a_wrong_number_is_refused_with_its_line(section: str, said: str) -> None:
    """P-07: file, line and reason."""
    with pytest.raises(ConfigError, match=said) as caught:
        plan(WORLD + section)
    assert caught.value.where == f"shop.toml:{WORLD.count(chr(10)) + 2}"


def test_cash_limits_and_partial_approval_reach_the_seeds() -> None:
    """A limit for cash per card, a terminal that takes less than it asked for."""
    world = plan(WORLD).world
    assert world.cards[0].cash_limit_minor == 20_000
    assert world.terminals[0].partial_approval


def test_the_demo_world_writes_the_defaults_out() -> None:
    """Its file documents them, so it must not differ from them."""
    settings = Assembler(Overrides(), 100).plan(demo_config()).settings
    assert settings.authorization == Authorization()
    assert settings.settlement.cutover == Settlement().cutover
