"""Regular expressions of scripted rules, looked at before they are used.

Owns which ones are taken: those whose time is bounded by the length of a value (``re`` backtracks,
and one that loops would hold up every terminal), and that the characters and the length of a field
can meet at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from re import _constants as ops  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

LONGEST: Final = 200
REPEATS: Final = 3  # of open length in one pattern: the time grows with this power of the length
_SMALL: Final = 8  # alternatives may be repeated so many times
_LENGTHS: Final = 128  # a repetition of open length may have, where others share the value
_MOST_WAYS: Final = 2**22  # a fraction of a second
_REPEAT: Final = (ops.MAX_REPEAT, ops.MIN_REPEAT)
_PLAIN: Final = (ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN, ops.AT)
# Inside a set these may mean something else in a later Python.
_NESTED: Final = re.compile(r"\[\^?\]?[^\]]*?(\[|--|&&|~~|\|\|)")
_FITS: Final = re.compile(r"[ -~]*")

Node = tuple[Any, Any]
_KINDS: Final = {
    ops.CATEGORY_DIGIT: r"\d",
    ops.CATEGORY_NOT_DIGIT: r"\D",
    ops.CATEGORY_SPACE: r"\s",
    ops.CATEGORY_NOT_SPACE: r"\S",
    ops.CATEGORY_WORD: r"\w",
    ops.CATEGORY_NOT_WORD: r"\W",
}


def objection(pattern: str) -> str:
    """Why a pattern is not taken; empty where it is.

    >>> objection("DEMO[0-9]{4}"), objection("(a+)+b")
    ('', 'repeats a repetition, which may take for ever')
    """
    if len(pattern) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if not _FITS.fullmatch(pattern):
        return "has characters that are not printable ASCII"
    if _NESTED.search(pattern):
        return "has a bracket, or a doubled sign, within a set"
    try:
        nodes = list(parser.parse(pattern))
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as failure:
        return f"is no regular expression: {failure}"
    for fault in _faults(nodes, inside=0):
        return fault
    if sum(_is_open(node) for node in _every(nodes)) > REPEATS:
        return f"has more than {REPEATS} repetitions of open length"
    if _ways(nodes) > _MOST_WAYS:
        return "has too many alternatives in a row, which may take for ever: write fewer, or sets"
    return ""


def width(pattern: str) -> tuple[int, int]:
    """The lengths that a value must have at least and at most."""
    low, high = parser.parse(pattern).getwidth()
    return int(low), int(high)


def spells(pattern: str, alphabet: frozenset[str]) -> bool:
    r"""Whether a value of these characters alone can match: ``False`` only where none can.

    >>> digits = frozenset("0123456789")
    >>> spells("[A-Z]?4+", digits), spells("[A-Z]+|x", digits), spells(r"\D", digits)
    (True, False, False)
    """
    return _spelt(list(parser.parse(pattern)), alphabet)


def _faults(nodes: list[Node], inside: int) -> Iterator[str]:
    """What cannot be taken. ``inside``: how often what is looked at may be repeated by what it is
    in.
    """
    for operator, argument in nodes:
        if operator in _REPEAT:
            low, high, body = argument
            if inside > 1 and low != high:
                yield "repeats a repetition, which may take for ever"
            yield from _faults(list(body), max(1, inside) * int(high))
        elif operator is ops.BRANCH:
            if inside > _SMALL:
                yield "repeats alternatives, which may take for ever: write a set, such as [ab]"
            for body in argument[1]:
                yield from _faults(list(body), inside)
        elif operator is ops.SUBPATTERN:
            yield from _faults(list(argument[-1]), inside)
        elif operator not in _PLAIN:
            yield "uses what rules do not know: write literals, sets, repetitions, alternatives"


def _ways(nodes: list[Node]) -> int:
    """In how many ways the nodes may be gone through, about: ``re`` may try them all."""
    return prod(map(_ways_of, nodes))


def _ways_of(node: Node) -> int:
    operator, argument = node
    ways = [_ways(body) for body in _children(node)]
    if operator in _REPEAT:
        low, high = argument[0], argument[1]
        counts = 1 if low == high else min(_LENGTHS, int(high) - int(low) + 1)
        return int(counts * ways[0] ** min(int(high), _SMALL))
    return sum(ways) if ways else 1


def _children(node: Node) -> list[list[Node]]:
    operator, argument = node
    if operator in _REPEAT:
        return [list(argument[2])]
    if operator is ops.BRANCH:
        return [list(body) for body in argument[1]]
    if operator is ops.SUBPATTERN:
        return [list(argument[-1])]
    return []


def _every(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        for body in _children(node):
            yield from _every(body)


def _is_open(node: Node) -> bool:
    return node[0] in _REPEAT and node[1][0] != node[1][1]


def _spelt(nodes: list[Node], alphabet: frozenset[str]) -> bool:
    return all(_can_be(node, alphabet) for node in nodes)


def _can_be(node: Node, alphabet: frozenset[str]) -> bool:
    operator, argument = node
    if operator in _REPEAT and argument[0] == 0:
        return True
    bodies = _children(node)
    if bodies:
        return any(_spelt(body, alphabet) for body in bodies)
    if operator in (ops.AT, ops.ANY):
        return True
    items = argument if operator is ops.IN else [node]
    # A flag may say that the case does not matter, so both are tried.
    return any(_holds(items, char) or _holds(items, char.swapcase()) for char in alphabet)


def _holds(items: list[Node], char: str) -> bool:
    """Whether a set, or a single character, takes that character."""
    negated = any(operator is ops.NEGATE for operator, _ in items)
    return any(_takes(operator, argument, char) for operator, argument in items) is not negated


def _takes(operator: Any, argument: Any, char: str) -> bool:
    if operator is ops.LITERAL:
        return bool(argument == ord(char))
    if operator is ops.NOT_LITERAL:
        return bool(argument != ord(char))
    if operator is ops.RANGE:
        return bool(argument[0] <= ord(char) <= argument[1])
    kind = _KINDS.get(argument) if operator is ops.CATEGORY else None
    return kind is not None and re.fullmatch(kind, char) is not None
