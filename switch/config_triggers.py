"""The scripted rules in force: those of the file, then the default table of magic amounts.

Owns the order, and that a rule of the file takes the place of a default one of its name. The table
is ``triggers.toml``, in this package.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from pydantic import Field

from switch.config import Config
from switch.config_scripts import Rule, script_of
from switch.config_types import Section
from switch.model.scripts import Script
from switch.toml_lines import line_of, parse

TABLE: Final = "triggers.toml"


class _Table(Section):
    rule: tuple[Rule, ...] = Field(strict=False)


class Source(NamedTuple):
    """A rule, and where it was read: ``where()`` gives file and line of one of its settings."""

    rule: Rule
    name: str
    text: str
    place: int

    @property
    def is_default(self) -> bool:
        """Whether it comes with the switch."""
        return self.name == TABLE

    def where(self, *path: str | int) -> str:
        """File and line, of the rule or of what is inside."""
        return f"{self.name}:{line_of(self.text, ('rule', self.place, *path))}"


def rules_of(config: Config) -> list[Source]:
    """All rules in order."""
    own = [Source(rule, config.name, config.text, place) for place, rule in enumerate(config.rule)]
    if not config.scripting.magic_amounts:
        return own
    names = {source.rule.name for source in own}
    return [*own, *(source for source in _defaults() if source.rule.name not in names)]


def scripts_of(config: Config, sources: list[Source]) -> Iterator[Script]:
    """The rules in the words of the core."""
    cards = {card.name: card.pan for card in config.card}
    terminal_ms = round(config.server.terminal_s * 1000)
    for source in sources:
        yield script_of(source.rule, source.where(), terminal_ms=terminal_ms, cards=cards)


@cache
def _defaults() -> tuple[Source, ...]:
    text = resources.files("switch").joinpath(TABLE).read_text("utf-8")
    table = _Table.model_validate(parse(text, TABLE))
    return tuple(Source(rule, TABLE, text, place) for place, rule in enumerate(table.rule))
