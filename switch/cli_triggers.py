"""``isoswitch triggers``: the scripted rules of a configuration, so that nobody reads source to get
a decline.

Owns how a rule reads for a person: what it waits for, what happens, and the response code in each
dialect. Asks no running switch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from switch.config import demo_config, load_config
from switch.config_scripts import PAYMENTS
from switch.core.scripting_words import effects_in_words
from switch.model.scripts import LOTS, AmountTest, FieldTest, Script
from switch.model.words import Kind
from switch.server.assemble import Assembler, Overrides
from switch.server.plan import ResponseCodes

_MANY: Final = 1_000_000  # descriptors: nothing is opened here
_OPEN_END: Final = 10**18


@click.command(
    epilog="Example: isoswitch triggers --config shop.toml",
    short_help="List scripted rules and magic amounts.",
)
@click.option(
    "--config",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A configuration file; without one, the demo world.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def triggers(file: Path | None, as_json: bool) -> None:
    """List the scripted rules in the order in which they are asked; the first that fits is the one.

    The default table of magic amounts is among them where the file says
    `[scripting] magic_amounts = true`.
    """
    config = demo_config() if file is None else load_config(file)
    plan = Assembler(Overrides(), descriptors=_MANY).plan(config)
    book = plan.settings.scripts
    rules = () if book is None else book.rules
    if as_json:
        rows = [_row(rule, plan.codes) for rule in rules]
        click.echo(json.dumps({"config": config.name, "rules": rows}, indent=2))
    elif not rules:
        click.echo(f"{config.name} has no scripted rules; magic amounts are on where it says")
        click.echo("[scripting]\nmagic_amounts = true")
    else:
        for line in _table(rules, plan.codes):
            click.echo(line)


def _row(rule: Script, codes: ResponseCodes) -> dict[str, Any]:
    return {
        "name": rule.name,
        "place": rule.place,
        "when": condition(rule),
        "then": effects_in_words(rule),
        "codes": _codes(rule, codes),
        "repeats": rule.repeats,
    }


def _codes(rule: Script, codes: ResponseCodes) -> dict[str, str]:
    """The response code by dialect; empty where the rule leaves it to the host."""
    if rule.reason is None:
        return {}
    kind = rule.kinds[0] if rule.kinds else Kind.PURCHASE
    return {
        name: rule.code or table[kind][rule.reason]
        for name, table in codes.items()
        if not rule.dialects or name in rule.dialects
    }


def _table(rules: Sequence[Script], codes: ResponseCodes) -> Iterator[str]:
    """One line a rule; dialects that have the same codes throughout share a column."""
    columns = _columns([_codes(rule, codes) for rule in rules], codes)
    head = ["when", "what happens", *columns, "rule"]
    body = [
        [
            condition(rule),
            effects_in_words(rule),
            *(_codes(rule, codes).get(dialects[0], "") for dialects in columns.values()),
            rule.name,
        ]
        for rule in rules
    ]
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    for row in (head, ["-" * width for width in widths], *body):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _columns(rows: list[dict[str, str]], codes: ResponseCodes) -> Mapping[str, list[str]]:
    alike: dict[tuple[str, ...], list[str]] = {}
    for name in codes:
        alike.setdefault(tuple(row.get(name, "") for row in rows), []).append(name)
    return {_heading(names, codes): names for names in alike.values()}


def _heading(names: list[str], codes: ResponseCodes) -> str:
    """``iso93-*`` for all that begin alike, else the names."""
    families = {name.partition("-")[0] for name in names}
    shown = []
    for family in sorted(families):
        members = [name for name in codes if name.partition("-")[0] == family]
        mine = [name for name in names if name in members]
        shown += [f"{family}-*"] if len(mine) > 1 and mine == members else mine
    return ", ".join(shown)


# -- in words


def condition(rule: Script) -> str:
    """What a rule waits for, in words."""
    return ", ".join(filter(None, _conditions(rule))) or "anything"


def _conditions(rule: Script) -> Iterator[str]:
    yield "" if rule.amount is None else f"amount {_amount(rule.amount)}"
    yield rule.currency and f"currency {rule.currency}"
    yield _listed("card", [*(pan.masked for pan in rule.pans), *(f"{p}..." for p in rule.prefixes)])
    yield _listed("terminal", rule.terminals)
    yield _listed("merchant", rule.merchants)
    yield _listed("listener", rule.listeners)
    yield _listed("dialect", rule.dialects)
    for test in rule.fields:
        yield _field(test)
    yield "payments" if rule.kinds == PAYMENTS else _listed("", [k.value for k in rule.kinds])
    yield _listed("", [flow.value for flow in rule.flows])
    if rule.nth:
        yield f"time {' or '.join(map(str, rule.nth))} per {rule.per}"
    if rule.every:
        yield f"every {rule.every} times per {rule.per}"
    if rule.chance < LOTS:
        yield f"by a chance of {rule.chance / LOTS:g}"


def _listed(word: str, values: Iterable[str]) -> str:
    joined = " or ".join(values)
    return f"{word} {joined}".strip() if joined else ""


def _amount(test: AmountTest) -> str:
    if test.values:
        return " or ".join(map(_money, test.values))
    if test.high >= _OPEN_END:
        return f"from {_money(test.low)}"
    return f"{_money(test.low)} to {_money(test.high)}"


def _money(thousandths: int) -> str:
    whole, part = divmod(thousandths, 1000)
    digits = f"{part:03d}"
    return f"{whole}.{digits.removesuffix('0') if digits.endswith('0') else digits}"


def _field(test: FieldTest) -> str:
    match test.sort:
        case "one_of":
            return f"{test.name} = {' or '.join(test.values)}"
        case "prefix":
            return f"{test.name} begins with {' or '.join(test.values)}"
        case "regex":
            return f"{test.name} ~ {test.values[0]}"
        case "present":
            return f"{test.name} {'present' if test.low else 'absent'}"
    if test.high >= _OPEN_END:
        return f"{test.name} from {test.low}"
    return f"{test.name} {test.low} to {test.high}"
