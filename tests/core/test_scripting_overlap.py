"""Rules in each other's light: the same conditions, and conditions that were taken before."""

from __future__ import annotations

from typing import Any

import pytest

from switch.core.scripting_overlap import overlaps
from switch.model.scripts import AmountTest, Behaviour, FieldTest, Script
from switch.model.words import Flow, Kind, Reason
from switch.values import Pan

VISA, OTHER = Pan("4761739001010010"), Pan("5413330089010434")


def rule(name: str, **more: Any) -> Script:
    """A decline."""
    return Script(**{"name": name, "place": f"x.toml:{name}", "reason": Reason.SCRIPTED, **more})


def said(one: dict[str, Any], other: dict[str, Any], **reach: set[str]) -> str:
    """What is said of the second rule."""
    rules = [rule("a", **one), rule("b", **other)]
    places = [reach.get("a", {"left", "right"}), reach.get("b", {"left", "right"})]
    found = list(overlaps(rules, places, lambda x, y: x == y or {x, y} == {"22", "entry_mode"}))
    assert all((item.later, item.earlier) == (1, 0) for item in found)
    return "".join(item.said for item in found)


AMOUNT = AmountTest((951_000,))
BUSY = {"reason": Reason.BUSY}
SHADOWED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"amount": AMOUNT}),
    ({"amount": AmountTest(low=900_000, high=999_000)}, {"amount": AMOUNT}),
    ({"amount": AmountTest((1, 951_000))}, {"amount": AMOUNT}),
    ({"kinds": (Kind.PURCHASE, Kind.CASH)}, {"kinds": (Kind.CASH,)}),
    ({"flows": (Flow.REQUEST,)}, {"flows": (Flow.REQUEST,), "terminals": ("T1",)}),
    ({"terminals": ("T1", "T2")}, {"terminals": ("T2",)}),
    ({"merchants": ("M1", "M2")}, {"merchants": ("M2",)}),
    ({"currency": "840"}, {"currency": "840", "amount": AMOUNT}),
    ({"prefixes": ("4",)}, {"pans": (VISA,)}),
    ({"prefixes": ("4",)}, {"prefixes": ("47",)}),
    ({"pans": (VISA, OTHER)}, {"pans": (OTHER,)}),
    ({"fields": (FieldTest("22", "prefix", ("05",)),)},
     {"fields": (FieldTest("entry_mode", "one_of", ("051", "052")),)}),
    ({"fields": (FieldTest("48", "present", low=1),)},
     {"fields": (FieldTest("48", "regex", ("A+",)),)}),
    ({"kinds": (Kind.CASH,)}, {"kinds": (Kind.CASH,), "nth": (2,)}),
    ({"kinds": (Kind.CASH,)}, {"kinds": (Kind.CASH,), "chance": 500_000}),
]  # fmt: skip
APART: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"amount": AMOUNT}, {}),
    ({"amount": AMOUNT}, {"amount": AmountTest(low=900_000, high=999_000)}),
    ({"kinds": (Kind.CASH,)}, {"kinds": (Kind.PURCHASE, Kind.CASH)}),
    ({"currency": "840"}, {"amount": AMOUNT}),
    ({"prefixes": ("47",)}, {"prefixes": ("4",)}),
    ({"pans": (VISA,)}, {"prefixes": ("4",)}),
    ({"pans": (VISA,)}, {"pans": (OTHER,)}),
    ({"fields": (FieldTest("22", "prefix", ("05",)),)}, {"terminals": ("T1",)}),
    ({"fields": (FieldTest("22", "prefix", ("05",)),)},
     {"fields": (FieldTest("25", "prefix", ("05",)),)}),
    # A rule that fires now and then leaves something to the next one.
    ({"nth": (2,)}, {}),
    ({"every": 3}, {"terminals": ("T1",)}),
    ({"chance": 1}, {}),
    ({"chance": 1}, {"chance": 1, **BUSY}),
    ({"nth": (1,)}, {"nth": (2,)}),
    ({"nth": (1,), "per": "card"}, {"nth": (1,), "per": "terminal"}),
]  # fmt: skip


@pytest.mark.parametrize(("wide", "narrow"), SHADOWED)
def test_a_rule_in_the_shadow_of_another_is_found(
    wide: dict[str, Any], narrow: dict[str, Any]
) -> None:
    """It never fires; the sentence names the one in its way and where it stands."""
    assert said(wide, narrow) == "never fires: a (x.toml:a) takes all that it waits for"


@pytest.mark.parametrize(("first", "second"), APART)
def test_rules_that_leave_something_to_each_other_are_not(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    """Nothing is said of rules that can both fire."""
    assert said(first, second) == ""


@pytest.mark.parametrize(
    "same", [{}, {"amount": AMOUNT}, {"nth": (3,), "per": "card"}, {"every": 2}]
)
def test_the_same_conditions_contradict_or_repeat(same: dict[str, Any]) -> None:
    """Another outcome contradicts; the same one is one rule too many."""
    assert said(same, {**same, **BUSY}).endswith("contradicts it")
    assert said(same, {**same, "behaviour": Behaviour(silent=True)}).endswith("contradicts it")
    assert said(same, same).endswith("does the same")


def test_listeners_keep_rules_apart() -> None:
    """A rule for one port does not hide another's."""
    assert said({}, {"amount": AMOUNT}, a={"left"}) == ""
    assert said({}, {"amount": AMOUNT}, b={"left"}).startswith("never fires")
    assert said({}, BUSY, a={"left"}, b={"left"}).endswith("contradicts it")
    assert said({}, BUSY, a={"left"}, b={"right"}) == ""
