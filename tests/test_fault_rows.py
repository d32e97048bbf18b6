"""Every fault row that this build must survive is cited by a test, and every citation is of a row.

Owns the list of rows, by what kept them out of earlier builds or keeps them out of this one. What
each row means is in the fault scenarios; what is seen, in the tests that cite it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Messages, and what a terminal does all day; then the store and the process around them.
ROWS = (
    *(f"M-{number:02d}" for number in (7, *range(8, 22), *range(29, 37))),
    "S-02",
    "P-08",
)
INVARIANTS = (
    *(f"INV-{number}" for number in (1, 2, 3, 5, 6, 7)),
    *(f"INV-{number}" for number in (10, 11, 12, 13, 20, 21, 22, 23, 25, 26)),
    *(f"INV-{number}" for number in (40, 41, 42, 43, 44)),
    *(f"INV-{number}" for number in (50, 51, 52, 53, 54, 60, 61, 63)),
    *(f"INV-{number}" for number in (70, 71, 72)),
    *(f"INV-{number}" for number in (80, 82, 95, 96)),  # no decision resolves a date: no INV-81
)
# Of security, as far as the core keeps to them.
REQUIREMENTS = ("SR-PIN-06", "SR-PIN-08")
_REQUIREMENT = re.compile(r"\bSR-[A-Z]{3}-\d\d\b")
_SINGLE = re.compile(r"\b(INV|[MSP])-0*(\d+)\b(?:\.\.(?:INV-|[MSP]-)?0*(\d+))?")


def cited() -> Iterator[tuple[str, str]]:
    """Each id that a test's docstring cites, in ranges too, and the test."""
    for path in sorted(TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            said = ast.get_docstring(node) or ""
            for letter, first, last in _SINGLE.findall(said):
                for number in range(int(first), int(last or first) + 1):
                    width = "02d" if letter != "INV" else "d"
                    yield f"{letter}-{number:{width}}", f"{path.name}::{node.name}"
            for name in _REQUIREMENT.findall(said):
                yield name, f"{path.name}::{node.name}"


CITED = list(cited())


@pytest.mark.parametrize("row", ROWS)
def test_a_fault_row_is_a_test(row: str) -> None:
    """By its id, in the docstring of a test."""
    assert [test for found, test in CITED if found == row and "::test_" in test]


@pytest.mark.parametrize("invariant", INVARIANTS)
def test_an_invariant_is_checked(invariant: str) -> None:
    """By its id, in the docstring of a test or of an audit that tests run after each step."""
    assert [test for found, test in CITED if found == invariant]


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_a_requirement_is_a_test(requirement: str) -> None:
    """By its id, in the docstring of a test."""
    assert [test for found, test in CITED if found == requirement and "::test_" in test]


def test_ids_are_read_in_ranges() -> None:
    """The reader of citations can miss: it is shown one that it must not."""

    def citing() -> None:
        """M-98..M-99, INV-97."""

    found = {one for one, test in CITED if test.endswith("::citing")}
    assert found == {"M-98", "M-99", "INV-97"}
    assert citing.__doc__
