"""Rules that stand in each other's light: the same conditions, or conditions that an earlier rule
has taken already.

Owns what can be decided: equal values, lists, ranges and beginnings. Refuses to guess about regular
expressions, and about what several earlier rules cover together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from switch.model.copies import replace
from switch.model.script_tests import amount_follows, follows
from switch.model.scripts import LOTS, FieldTest, Script


class Overlap(NamedTuple):
    """``later`` and ``earlier`` are places in the list of rules; ``said`` is what is wrong."""

    later: int
    earlier: int
    said: str


Same = Callable[[str, str], bool]  # whether two names of fields mean the same place


def overlaps(
    rules: Sequence[Script], reach: Sequence[Collection[str]], same: Same
) -> Iterator[Overlap]:
    """Each rule that can never be the one to fire, with the earlier rule that is in its way.

    ``reach``: the listeners that each rule is for, as far as they are there.
    """
    for later, rule in enumerate(rules):
        for earlier, other in enumerate(rules[:later]):
            wider = set(reach[later]) <= set(reach[earlier]) and implies(rule, other, same)
            if not wider:
                continue
            equal = set(reach[later]) == set(reach[earlier]) and implies(other, rule, same)
            if (
                equal
                and _counting(rule) == _counting(other)
                and other.chance == rule.chance == LOTS
            ):
                does = "does the same" if _outcome(rule) == _outcome(other) else "contradicts it"
                said = f"has the same conditions as {other.name} ({other.place}) and {does}"
                yield Overlap(later, earlier, said)
                break
            if other.is_certain:
                said = f"never fires: {other.name} ({other.place}) takes all that it waits for"
                yield Overlap(later, earlier, said)
                break


def implies(rule: Script, other: Script, same: Same) -> bool:
    """Whether whatever meets the conditions of ``rule``, counting and chance aside, meets those of
    ``other``.
    """
    return (
        all(
            not wide or (bool(narrow) and set(narrow) <= set(wide))
            for narrow, wide in (
                (rule.kinds, other.kinds),
                (rule.flows, other.flows),
                (rule.terminals, other.terminals),
                (rule.merchants, other.merchants),
                ((rule.currency,) if rule.currency else (), other.currency and (other.currency,)),
            )
        )
        and _cards(rule, other)
        and _amounts(rule, other)
        and all(_has(rule.fields, test, same) for test in other.fields)
    )


def _cards(rule: Script, other: Script) -> bool:
    if not (other.pans or other.prefixes):
        return True
    if not (rule.pans or rule.prefixes):
        return False
    return all(
        pan in other.pans or (bool(other.prefixes) and pan.starts_with(other.prefixes))
        for pan in rule.pans
    ) and all(prefix.startswith(other.prefixes or ("x",)) for prefix in rule.prefixes)


def _amounts(rule: Script, other: Script) -> bool:
    if other.amount is None:
        return True
    return rule.amount is not None and amount_follows(other.amount, rule.amount)


def _has(tests: Sequence[FieldTest], wanted: FieldTest, same: Same) -> bool:
    return any(same(test.name, wanted.name) and follows(wanted, test) for test in tests)


def _counting(rule: Script) -> tuple[object, ...]:
    return (rule.nth, rule.every, rule.per if rule.counts else "")


def _outcome(rule: Script) -> Script:
    """What a rule does, without its name and its conditions."""
    return replace(
        Script(name=""),
        reason=rule.reason,
        code=rule.code,
        percent=rule.percent,
        texts=rule.texts,
        behaviour=rule.behaviour,
        repeats=rule.repeats,
    )
