"""What a condition on one value means: whether it is met, follows from another, or excludes it.

Owns that small algebra, which the wire (to match and to check) and the core (to find rules in the
shadow of others) must agree upon. Refuses to know fields. Regular expressions are compared as texts
alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from switch.model.scripts import AmountTest, FieldTest

REGEX_LIMIT: Final = 256  # longer values meet no regular expression

Predicate = Callable[[str | None], bool]


def predicate(test: FieldTest) -> Predicate:
    """A function that tells whether a value (``None``: it is not there) meets the condition.

    >>> predicate(FieldTest("amount", "range", low=10, high=20))("000000000015")
    True
    """
    match test.sort:
        case "one_of":
            wanted = frozenset(test.values)
            return lambda value: value is not None and value.rstrip(" ") in wanted
        case "prefix":
            return lambda value: value is not None and value.startswith(test.values)
        case "range":
            return lambda value: value is not None and _in_range(value.rstrip(" "), test)
        case "regex":
            pattern = re.compile(test.values[0])
            return lambda value: value is not None and _fits(value.rstrip(" "), pattern)
        case "present":
            return lambda value: (value is not None) is bool(test.low)
    raise ValueError(f"there is no condition {test.sort}")


def _in_range(value: str, test: FieldTest) -> bool:
    return value.isascii() and value.isdigit() and test.low <= int(value) <= test.high


def _fits(value: str, pattern: re.Pattern[str]) -> bool:
    return len(value) <= REGEX_LIMIT and pattern.fullmatch(value) is not None


def follows(test: FieldTest, from_: FieldTest) -> bool:
    """Whether each value that meets ``from_`` surely meets ``test``."""
    if test.sort == from_.sort == "present":
        return test.low == from_.low
    if test.sort == "present":
        return bool(test.low)
    match from_.sort:
        case "one_of":
            meets = predicate(test)
            return all(map(meets, from_.values))
        case "prefix":
            return test.sort == "prefix" and all(
                value.startswith(test.values) for value in from_.values
            )
        case "range":
            return test.sort == "range" and test.low <= from_.low and from_.high <= test.high
        case "regex":
            return test.sort == "regex" and test.values == from_.values
    return False


def excludes(one: FieldTest, other: FieldTest) -> bool:
    """Whether surely no value meets both."""
    for test, rest in ((one, other), (other, one)):
        if test.sort == "one_of":
            meets = predicate(rest)
            return not any(map(meets, test.values))
        if test.sort == "present" and not test.low:
            return rest.sort != "present" or bool(rest.low)
    if one.sort == other.sort == "range":
        return max(one.low, other.low) > min(one.high, other.high)
    if one.sort == other.sort == "prefix":
        return not any(
            value.startswith(other.values) or any(more.startswith(value) for more in other.values)
            for value in one.values
        )
    return False


def amount_follows(test: AmountTest, from_: AmountTest) -> bool:
    """Whether each amount of ``from_`` is one of ``test``."""
    if from_.values:
        return all(
            value in test.values if test.values else test.low <= value <= test.high
            for value in from_.values
        )
    return not test.values and test.low <= from_.low and from_.high <= test.high
