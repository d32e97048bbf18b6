"""Scripted rules put together with the dialects that they are for, or refused with file and line.

Owns the last checks of rules: that a rule can be met at all, that its texts and codes fit, that it
does not stand in the light of an earlier one. A rule of the default table that has no place in a
world is left out of it. Puts nothing into force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from switch.config import Config
from switch.config_triggers import Source, rules_of, scripts_of
from switch.core.scripting import literal
from switch.core.scripting_overlap import overlaps
from switch.errors import ConfigError
from switch.model.script_tests import excludes
from switch.model.scripts import FieldTest, Script, ScriptBook, book_of
from switch.model.words import Flow, Kind
from switch.wire.dialect_data import Dialect
from switch.wire.framing import Framing
from switch.wire.map_message import MessageTypes
from switch.wire.scripted_check import code_fault, condition_fault, echo_fault, spots, text_fault

TOLD = 10  # mistakes in one refusal

Spoken = frozenset[tuple[Kind, Flow]]
Fault = tuple[tuple[str | int, ...], str]  # the path inside the rule, and what is wrong


@dataclass(frozen=True, slots=True)
class Heard:
    """What a listener speaks."""

    dialect: Dialect
    framing: Framing


def scripts_in_force(config: Config, listeners: Mapping[str, Heard]) -> ScriptBook | None:
    """All rules, checked and arranged. Raises ConfigError. Nobody hears of rules in a world without
    a listener.
    """
    if not listeners:
        return None
    sources = rules_of(config)
    spoken = {heard.dialect.name: _spoken(heard.dialect) for heard in listeners.values()}
    kept: list[tuple[Source, Script]] = []
    mistakes: list[tuple[str, str]] = []
    for source, rule in zip(sources, scripts_of(config, sources), strict=True):
        faults = list(_faults(rule, _reached(rule, listeners), spoken))
        if not faults:
            kept.append((source, rule))
        elif not source.is_default:
            mistakes += [
                (source.where(*path), f"rule {rule.name}: {said}") for path, said in faults
            ]
    rules = [rule for _, rule in kept]
    reach = [_reached(rule, listeners) for rule in rules]
    hidden = set()
    for later, _, said in overlaps(rules, reach, _sameness(listeners)):
        source, rule = kept[later]
        hidden.add(later)
        if not source.is_default:
            mistakes.append((source.where(), f"rule {rule.name} {said}"))
    if mistakes:
        where, first = mistakes[0]
        more = "".join(f"\n{place}: {said}" for place, said in mistakes[1:TOLD])
        raise ConfigError(where, first + more)
    return book_of(rule for place, rule in enumerate(rules) if place not in hidden)


def _reached(rule: Script, listeners: Mapping[str, Heard]) -> dict[str, Heard]:
    """The listeners that a rule is for."""
    return {
        name: heard
        for name, heard in listeners.items()
        if (not rule.listeners or name in rule.listeners)
        and (not rule.dialects or heard.dialect.name in rule.dialects)
    }


def _sameness(listeners: Mapping[str, Heard]) -> _Same:
    return _Same({heard.dialect.name: heard.dialect for heard in listeners.values()}.values())


class _Same:
    """Whether two names mean the same place in every dialect."""

    def __init__(self, dialects: Iterable[Dialect]) -> None:
        self._dialects = list(dialects)

    def __call__(self, one: str, other: str) -> bool:
        return one == other or all(
            spots(dialect, one) == spots(dialect, other) for dialect in self._dialects
        )


def _faults(
    rule: Script, reached: Mapping[str, Heard], spoken: Mapping[str, Spoken]
) -> Iterator[Fault]:
    """Why a rule can never do what it says."""
    dialects = list({heard.dialect.name: heard.dialect for heard in reached.values()}.values())
    if not dialects:
        names = ", ".join(rule.dialects)
        yield ("when", "dialect"), f"can never be met: none of its listeners speaks {names}"
        return
    yield from _unspoken(rule, dialects, spoken)
    yield from _unmet(rule, dialects)
    yield from _unsaid(rule, dialects)
    if rule.behaviour.length_off_by:
        for name, heard in reached.items():
            if heard.framing.length is None:
                said = f"listener {name} states no length that could be wrong"
                yield ("then", "length_off_by"), said


def _unspoken(
    rule: Script, dialects: list[Dialect], spoken: Mapping[str, Spoken]
) -> Iterator[Fault]:
    """Kinds and flows that no message of the dialects is."""
    pairs = frozenset[tuple[Kind, Flow]]().union(*(spoken[item.name] for item in dialects))
    flows = rule.flows or tuple(Flow)
    for kind in rule.kinds:
        if not any((kind, flow) in pairs for flow in flows):
            word = f" as {' or '.join(rule.flows)}" if rule.flows else ""
            said = f"can never be met: {_names(dialects)} has no {kind}{word}"
            yield ("when", "kind"), said
    if rule.flows and not rule.kinds and not any(flow in flows for _, flow in pairs):
        yield ("when", "flow"), f"can never be met: {_names(dialects)} has no such message"


def _spoken(dialect: Dialect) -> Spoken:
    """What the messages of a dialect can be."""
    types = MessageTypes(dialect)
    kinds = [types.get(base) for base in dialect.messages]
    return frozenset(
        (route.kind, route.flow) for kind in kinds for route in (*kind.routes, kind.otherwise)
    )


def _unmet(rule: Script, dialects: list[Dialect]) -> Iterator[Fault]:
    """Conditions on fields that no message of the dialects can meet, alone or together."""
    tests: list[tuple[str, FieldTest]] = [("fields", test) for test in rule.fields]
    if rule.terminals:
        tests.append(("terminal", FieldTest("terminal_id", "one_of", rule.terminals)))
    if rule.merchants and rule.fields:
        tests.append(("merchant", FieldTest("merchant_id", "one_of", rule.merchants)))
    for setting, test in tests:
        path = ("when", setting, test.name) if setting == "fields" else ("when", setting)
        for single in _singly(test):
            faults = [condition_fault(dialect, single) for dialect in dialects]
            if all(faults):
                yield path, f"{_words(setting, test)} {faults[0]}"
    for (_, one), (setting, other) in combinations(tests, 2):
        if excludes(one, other) and all(
            spots(dialect, one.name) == spots(dialect, other.name) for dialect in dialects
        ):
            path = ("when", setting, other.name) if setting == "fields" else ("when", setting)
            yield path, f"can never be met: it contradicts the condition on {one.name}"


def _singly(test: FieldTest) -> Iterator[FieldTest]:
    """Each value of a list must be possible."""
    if test.sort in ("one_of", "prefix"):
        yield from (FieldTest(test.name, test.sort, (value,)) for value in test.values)
    else:
        yield test


def _words(setting: str, test: FieldTest) -> str:
    return f"when.fields.{test.name}" if setting == "fields" else f"when.{setting}"


def _unsaid(rule: Script, dialects: list[Dialect]) -> Iterator[Fault]:
    """What no answer of the dialects can say."""
    for name, template in rule.texts:
        faults = [text_fault(dialect, name, literal(template)) for dialect in dialects]
        if all(faults):
            yield ("then", "fields", name), f"then.fields.{name} {faults[0]}"
    echo = rule.behaviour.wrong_echo
    if echo:
        faults = [echo_fault(dialect, echo) for dialect in dialects]
        if all(faults):
            yield ("then", "wrong_echo"), f"then.wrong_echo: {echo} {faults[0]}"
    if rule.code:
        for dialect in dialects:
            fault = code_fault(dialect, rule.code)
            if fault:
                said = f"outcome {rule.code}, in {dialect.name}: {fault}; or say when.listener"
                yield ("then", "outcome"), said
                return


def _names(dialects: list[Dialect]) -> str:
    return " and ".join(dialect.name for dialect in dialects)
