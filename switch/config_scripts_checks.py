"""What a scripted rule must not be: without effect, at odds with itself, about what is not there.

Owns the mistakes that can be told from the file alone, each with the setting that is to be changed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from switch.config_file import Config
from switch.config_scripts import (
    APPROVE,
    OUTCOMES,
    PARTIAL,
    AmountWanted,
    FieldWanted,
    Then,
    When,
)
from switch.config_types import Mistake
from switch.model.scripts import DIVISIBLE, FORCIBLE, TEMPLATE_NAMES
from switch.model.words import Flow, Kind
from switch.money import CURRENCIES
from switch.values import Pan

_CODE: Final = re.compile(r"[A-Za-z0-9]{2,3}")
_FIELD: Final = re.compile(r"([a-z][a-z0-9_]*|[0-9]{1,3})(\.[A-Za-z0-9]{1,8}){0,3}")
_HOLES: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SHAPING: Final = ("copies", "truncate", "length_off_by", "wrong_echo", "wrong_mac", "fields")
_BARE: Final = frozenset({*(kind for kind in Kind if kind.is_network), Kind.RECONCILIATION})
_FIELD_SHAPES: Final = ("one_of", "prefix", "regex", "from/to", "present")


def rule_mistakes(config: Config) -> Iterator[Mistake]:
    """Mistakes of all scripted rules."""
    seen: dict[str, int] = {}
    cards = {card.name: card.pan for card in config.card}
    listeners = [listener.name for listener in config.listener]
    for place, rule in enumerate(config.rule):
        if seen.setdefault(rule.name, place) != place:
            said = f"rule.{place}.name: {rule.name} is taken by rule.{seen[rule.name]}"
            yield ("rule", place, "name"), said
        mistakes = [
            *_when(rule.when, cards, listeners, config.settings.test_ranges),
            *_then(rule.then, rule.when),
        ]
        for path, said in mistakes:
            words = ".".join(map(str, path))
            yield ("rule", place, *path), f"rule {rule.name}: {words}: {said}"


# -- when


def _when(
    when: When, cards: Mapping[str, Pan], listeners: Collection[str], test_ranges: tuple[str, ...]
) -> Iterator[Mistake]:
    yield from _named(when, cards, listeners, test_ranges)
    yield from _bare(when)
    if when.amount is not None:
        for said in _amount(when.amount, when.currency):
            yield ("when", "amount"), said
    for name, wanted in when.fields.items():
        for said in _field(name, wanted):
            yield ("when", "fields", name), said
    if when.nth and when.every:
        yield ("when", "every"), "cannot be together with nth"
    if when.per is not None and not (when.nth or when.every):
        yield ("when", "per"), "counts nothing without nth or every"


def _named(
    when: When, cards: Mapping[str, Pan], listeners: Collection[str], test_ranges: tuple[str, ...]
) -> Iterator[Mistake]:
    """What is called by a name that nothing bears."""
    for name in when.listener:
        if name not in listeners:
            yield ("when", "listener"), f"there is no listener {name!r}" + _near(name, listeners)
    for card in when.card:
        if isinstance(card, Pan):
            if not card.starts_with(test_ranges):
                yield ("when", "card"), f"{card.masked} is in none of settings.test_ranges"
        elif card not in cards:
            yield ("when", "card"), f"there is no card {card!r}" + _near(card, cards)
    for digits in when.card_range:
        if not any(one.startswith(digits) or digits.startswith(one) for one in test_ranges):
            said = f"{digits} never comes: it is in none of settings.test_ranges"
            yield ("when", "card_range"), said
    named = [card if isinstance(card, Pan) else cards.get(card) for card in when.card]
    if named and when.card_range:
        ranges = when.card_range
        if not any(pan is None or pan.starts_with(ranges) for pan in named):
            yield ("when", "card_range"), "can never be met: when.card is not in it"


def _bare(when: When) -> Iterator[Mistake]:
    """Conditions about what messages of these kinds never have."""
    if when.kind and _BARE.issuperset(when.kind):
        for name in ("card", "card_range", "amount"):
            if getattr(when, name):
                yield ("when", name), f"can never be met: {' and '.join(when.kind)} have none"


def _amount(wanted: AmountWanted, currency: str | None) -> Iterator[str]:
    written = [*(wanted.one_of or ()), wanted.from_ or "0", wanted.to or "0"]
    is_range = wanted.from_ is not None or wanted.to is not None
    if (wanted.one_of is not None) is is_range:
        yield "write an amount, a list of amounts, or from and to"
    elif (
        wanted.from_ is not None
        and wanted.to is not None
        and _number(wanted.from_) > _number(wanted.to)
    ):
        yield f"can never be: from {wanted.from_} is above to {wanted.to}"
    if currency is None:
        return
    letters, exponent = CURRENCIES[currency]
    for text in written:
        if len(text.partition(".")[2]) > exponent:
            yield f"can never be {text}: {letters} has {exponent} decimals"


def _number(text: str) -> tuple[int, str]:
    whole, _, part = text.partition(".")
    return int(whole), part.ljust(3, "0")


def _field(name: str, wanted: FieldWanted) -> Iterator[str]:
    if not _FIELD.fullmatch(name):
        yield "name a field by meaning or number, with the part or tag inside behind a dot"
    is_range = wanted.from_ is not None or wanted.to is not None
    shapes = (wanted.one_of, wanted.prefix, wanted.regex, is_range or None, wanted.present)
    if sum(shape is not None for shape in shapes) != 1:
        yield f"write one of {', '.join(_FIELD_SHAPES)}"
    elif wanted.from_ is not None and wanted.to is not None and int(wanted.from_) > int(wanted.to):
        yield f"can never be: from {wanted.from_} is above to {wanted.to}"


# -- then


def _then(then: Then, when: When) -> Iterator[Mistake]:
    if then == Then(repeats=then.repeats):
        yield ("then",), "does nothing: write an outcome, fields, or what becomes of the answer"
    yield from _outcome(then, when)
    for name, template in then.fields.items():
        for said in _template(template):
            yield ("then", "fields", name), said
    yield from _behaviour(then)


def _outcome(then: Then, when: When) -> Iterator[Mistake]:
    outcome = then.outcome
    if then.percent is not None and outcome != PARTIAL:
        yield ("then", "percent"), "is for the outcome partial"
    if outcome is None:
        return
    if outcome in (APPROVE, PARTIAL):
        able = FORCIBLE if outcome == APPROVE else DIVISIBLE
        for kind in when.kind:
            if kind not in able:
                names = ", ".join(sorted(able))
                yield ("then", "outcome"), f"{outcome} cannot be forced on {kind}, only on {names}"
        if when.flow and when.flow != (Flow.REQUEST,):
            yield ("when", "flow"), f"{outcome} can be forced on a request alone"
    elif outcome not in OUTCOMES and not _CODE.fullmatch(outcome):
        said = f"there is no outcome {outcome!r}" + _near(outcome, OUTCOMES)
        yield ("then", "outcome"), f"{said}; or write a response code"


def _template(template: str) -> Iterator[str]:
    for hole in _HOLES.finditer(template):
        if hole[0] in ("{", "}"):
            yield "has a brace alone: double it, or close it"
        elif hole[1] is not None and hole[1] not in TEMPLATE_NAMES:
            yield f"there is no {{{hole[1]}}}; there are {', '.join(TEMPLATE_NAMES)}"


def _behaviour(then: Then) -> Iterator[Mistake]:
    """Things that cannot be done to one answer."""
    slow = then.delay is not None or then.late
    if then.delay is not None and then.late:
        yield ("then", "delay"), "cannot be together with late, which is a delay"
    if then.length_off_by == 0:
        yield ("then", "length_off_by"), "0 changes nothing"
    shaped = [name for name in _SHAPING if getattr(then, name) not in (None, {}, False)]
    for word in ("silent", "reset"):
        if getattr(then, word):
            for name in shaped:
                yield ("then", name), f"is of no use with {word}: no answer is sent"
    if then.reset:
        for name in ("silent", "close"):
            if getattr(then, name):
                yield ("then", name), "cannot be together with reset"
    if then.silent and slow and not then.close:
        yield ("then", "silent"), "needs no delay: nothing comes anyhow"
    if then.truncate is not None and then.copies is not None:
        yield ("then", "copies"), "cannot be together with truncate"
    if then.repeats and not (slow or then.silent or then.reset or then.close or shaped):
        yield ("then", "repeats"), "is about what is done to bytes, and nothing is"


def _near(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), 1)
    return "".join(f"; is it {name}?" for name in near)
