"""What ``isoswitch selfcheck`` promises, rule by rule, and how what it finds is gathered.

Owns the rules with the invariants that they check, and the findings, of which only the first of
each rule are kept. Refuses to know how anything is checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from switch.model.records import Key, Record, Transaction

R = TypeVar("R", bound=Record)
MOST_FINDINGS: Final = 20  # of one rule; all are counted


@dataclass(frozen=True, slots=True)
class Rule:
    """``promise`` is what holds; ``cites`` names the invariants."""

    name: str
    cites: tuple[str, ...]
    promise: str


RULES: Final = (
    Rule("store", ("INV-61",), "pages, hash chain, and each record against the journal"),
    Rule("names", ("INV-51",), "each record is named so that look-ups find it"),
    Rule("zero", ("INV-60",), "each posting, and all accounts together, sum to zero per currency"),
    Rule("balances", ("INV-60",), "each balance is the sum of its postings"),
    Rule("held", ("INV-41",), "what an account holds is the sum of its open holds"),
    Rule("limits", ("INV-40",), "no card's account is below its credit limit"),
    Rule("posted", ("INV-63",), "no posting without its transaction, no sale without its posting"),
    Rule("positions", ("INV-63",), "merchants got what their transactions have in effect"),
    Rule("holds", ("INV-41", "INV-43"), "open holds and open authorizations are one, none overdue"),
    Rule("states", ("INV-04", "INV-26"), "all is decided; what has ended has no effect left"),
    Rule("completed", ("INV-42",), "completions are counted, and at most what was authorized"),
    Rule("refunded", ("INV-44",), "refunds are counted, and at most what was captured"),
    Rule("captured", ("INV-50",), "what is captured has a batch of its terminal, and a date"),
    Rule("batches", ("INV-51",), "a closed batch's totals are the sum of its transactions"),
    Rule("differences", ("INV-52",), "each difference of a batch is posted as its rule says"),
    Rule("delivery", ("INV-23",), "what became of each answer is known"),
    Rule("references", ("INV-22",), "names lead to records that are there"),
    Rule("keys", ("INV-06",), "keys are what their names say, and what was destroyed is gone"),
    Rule("devices", ("INV-71",), "devices have used counters that can be, their newest among them"),
    Rule("world", ("INV-06",), "cards have accounts, terminals have merchants"),
)


class Source(Protocol):
    """What the checks read: one consistent view of a store."""

    def load(self, keys: Iterable[Key]) -> Mapping[Key, Record | None]:
        """The current version of each record, ``None`` where there is none."""

    def absent(self, keys: Iterable[Key]) -> set[Key]:
        """Those of the keys that no record has."""

    def find_all(self, kind: type[R], **equal: str) -> Iterator[R]:
        """All records of a type whose look-up columns equal the given values, in order of id."""

    def followers(self) -> Iterator[Transaction]:
        """Transactions that acted upon another one, those upon the same side by side."""

    def unfinished(self) -> Iterator[Key]:
        """Keys of transactions that are not final, or whose answer may not be out."""

    def head(self) -> tuple[int, int]:
        """Sequence and wall time in microseconds of the journal's newest row."""

    def verify(self) -> list[str]:
        """Integrity, hash chain, records against the journal."""


class Findings:
    """What was found against each rule, and how much was looked at."""

    def __init__(self) -> None:
        self.examined: Counter[str] = Counter()
        self.violations: Counter[str] = Counter()
        self._said: dict[str, list[str]] = {rule.name: [] for rule in RULES}

    def against(self, rule: str, said: str) -> None:
        """Something does not hold."""
        self.violations[rule] += 1
        said_before = self._said[rule]
        if len(said_before) < MOST_FINDINGS:
            said_before.append(said)

    def said(self, rule: str) -> list[str]:
        """The first findings of a rule."""
        return self._said[rule]

    @property
    def sound(self) -> bool:
        """Whether everything holds."""
        return not self.violations.total()
