"""Risk rules that make no sense: alone, beside other rules, or in a world where they never fire.

Owns those judgements; each names the setting that is to be changed. What a rule of one check looks
like is in ``config_risk``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from switch.config_file import Config
from switch.config_risk import EVERY_RULE, FITTING, NAMING, SHAPES, Risk, spelt
from switch.config_types import Mistake
from switch.model.risk_rules import Mode, RiskCheck
from switch.money import MoneyError
from switch.values import Pan

_LIMITING = frozenset(
    {
        RiskCheck.AMOUNT,
        RiskCheck.KEYED,
        RiskCheck.FALLBACK,
        RiskCheck.CONTACTLESS,
        RiskCheck.CONTACTLESS_CUMULATIVE,
        RiskCheck.VELOCITY,
        RiskCheck.CASH,
    }
)


def risk_mistakes(config: Config) -> Iterator[Mistake]:
    """What is wrong with the rules, each with the path of the setting that is to be changed."""
    for place, rule in enumerate(config.risk):
        for name, said in (*_shape(rule), *_mode(rule), *_names(rule, config)):
            path = ("risk", place, name)
            yield path, f"risk.{place}.{name}: {said}"
        for name, said in (*_allowed(rule, config), *_hidden(rule, config.risk[:place])):
            yield ("risk", place, name), f"risk.{place}.{name}: {said}"


def _shape(rule: Risk) -> Iterator[tuple[str, str]]:
    """Numbers that are missing, and such as a rule of its check does not know."""
    shape, check = SHAPES[rule.check], rule.check.value
    for name in shape.needs:
        if not rule.said(name):
            yield name, f"is missing: a rule with check = {check!r} needs it"
    if shape.either and not any(rule.said(name) for name in shape.either):
        choice = " or ".join(shape.either)
        yield "check", f"a rule with check = {check!r} needs {choice}"
    known = EVERY_RULE.union(shape.needs, shape.either, shape.takes)
    for field in sorted(rule.model_fields_set):
        if spelt(field) not in known:
            yield spelt(field), f"a rule with check = {check!r} has no such number"
    strange = [kind.value for kind in rule.kinds if kind not in shape.kinds]
    if strange:
        there = ", ".join(kind.value for kind in shape.kinds)
        yield "kinds", f"never fires for {', '.join(strange)}; it can be about {there}"
    if rule.start is not None and rule.start == rule.end:
        yield "to", "is the same time as from, so the rule can never fire"


def _mode(rule: Risk) -> Iterator[tuple[str, str]]:
    """What a rule does when it fires, said in two ways that do not fit."""
    if rule.check is RiskCheck.ALLOW_LIST:
        for name in ("mode", "reason"):
            if rule.said(name):
                yield name, "an allow list lets pass, so it has none"
    elif rule.reason is not None and rule.effect is not Mode.DECLINE:
        yield "reason", f"only a rule that declines has one, and this one is to {rule.effect}"
    if rule.reason is not None and rule.reason not in FITTING:
        fitting = ", ".join(sorted(FITTING))
        yield "reason", f"{rule.reason.value!r} is none of a risk rule; there are {fitting}"


def _names(rule: Risk, config: Config) -> Iterator[tuple[str, str]]:
    """Cards, terminals and merchants that there are not, amounts that cannot be."""
    settings = config.settings
    cards = {card.name for card in config.card}
    for card in rule.cards:
        if isinstance(card, Pan):
            if not card.starts_with(settings.test_ranges):
                yield "cards", f"{card.masked} is in none of settings.test_ranges"
        elif card not in cards:
            yield "cards", f"there is no card {card!r}"
    for digits in rule.ranges:
        if not any(_overlap(digits, other) for other in settings.test_ranges):
            yield "ranges", f"{digits} never comes: it is in none of settings.test_ranges"
    if not settings.enrol_unknown:
        terminals = {terminal.id for terminal in config.terminal}
        merchants = {merchant.id for merchant in config.merchant}
        for name in rule.terminals:
            if name not in terminals:
                yield "terminals", f"there is no terminal {name!r}"
        for name in rule.merchants:
            if name not in merchants:
                yield "merchants", f"there is no merchant {name!r}"
    yield from _amounts(rule, settings.default_currency)


def _amounts(rule: Risk, house_currency: str) -> Iterator[tuple[str, str]]:
    for name, text in (("limit", rule.limit), ("amount", rule.amount)):
        if text is None:
            continue
        try:
            amount = rule.money(text, house_currency)
        except MoneyError as failure:
            yield name, str(failure)
        else:
            if name == "amount" and not amount.minor:
                yield name, 'must be above zero; a limit of "0" lets nothing pass'


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _allowed(rule: Risk, config: Config) -> Iterator[tuple[str, str]]:
    """Names of a rule that an allow list lets pass before the rule is asked."""
    if not rule.on or rule.check is RiskCheck.ALLOW_LIST:
        return
    by_name = {card.name: card.pan for card in config.card}
    for other in config.risk:
        allows = other.on and other.check is RiskCheck.ALLOW_LIST
        if not (allows and set(rule.about) <= set(other.about)):
            continue
        cards = other.pans(by_name)
        listed = {
            "cards": [
                p.masked for p in rule.pans(by_name) if p in cards or p.starts_with(other.ranges)
            ],
            "ranges": [digits for digits in rule.ranges if digits.startswith(other.ranges)],
            "terminals": sorted(set(rule.terminals).intersection(other.terminals)),
            "merchants": sorted(set(rule.merchants).intersection(other.merchants)),
        }
        for name, both in listed.items():
            if both:
                said = f"{', '.join(both)}: let pass by {other.name}, so this never fires there"
                yield name, said


def _hidden(rule: Risk, earlier: Sequence[Risk]) -> Iterator[tuple[str, str]]:
    """A rule that an earlier one leaves nothing to fire at."""
    for other in earlier:
        if rule.on and _hides(other, rule):
            yield "name", f"{rule.name} never fires: {other.name} above fires at least as soon"


def _hides(other: Risk, rule: Risk) -> bool:
    """Whether ``other`` stops everything that the later ``rule`` would fire at."""
    if not (other.on and other.check is rule.check and rule.check in _LIMITING):
        return False
    if other.effect is Mode.FLAG or not set(rule.about) <= set(other.about):
        return False
    everybody = not any(getattr(other, name) for name in NAMING)
    if not everybody and any(getattr(other, n) != getattr(rule, n) for n in NAMING):
        return False
    same_row = other.per == rule.per and (other.window_s or 0) >= (rule.window_s or 0)
    return same_row and all(_as_soon(other, rule, name) for name in ("limit", "count", "amount"))


def _as_soon(other: Risk, rule: Risk, name: str) -> bool:
    """Whether one number of ``other`` is as low as that of ``rule``, or ``rule`` has none."""
    high, low = getattr(rule, name), getattr(other, name)
    if high is None:
        return True
    if low is None or (name != "count" and other.currency != rule.currency):
        return False
    return float(low) <= float(high)
