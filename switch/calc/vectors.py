"""Vector files: runs each case through the key room's own functions and says which ones failed.

Owns the shape of the files and the report. Refuses to be satisfied by less than it was promised: an
unknown topic, operation or field, a case that cannot be read, a positive case in which nothing was
compared, and a negative one that was not refused have all failed.

A file holds ``{"cases": [{"id": ..., "op": ..., fields ...}]}``. Its topic is its name without
``.json``; a word may stand in front or behind, as in ``mac-changed.json``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from switch.calc.case import Case, CaseFailed, NotVerified
from switch.errors import IsoswitchError

Operation: TypeAlias = Callable[[Case], None]

TOPICS: Final = (
    "cvv",
    "dukpt_aes",
    "dukpt_tdes",
    "emv",
    "kcv",
    "mac",
    "pin_blocks",
    "pin_verification",
    "sm",
    "tr31",
)
_SEPARATORS: Final = "-_. "
_LARGEST: Final = 64 * 1024 * 1024  # bytes of a file


class Failure(NamedTuple):
    """One case that failed; ``case`` is empty where the file itself did."""

    file: str
    case: str
    op: str
    reason: str

    def __str__(self) -> str:
        where = " ".join(part for part in (self.file, self.case, self.op) if part)
        return f"FAILED {where}: {self.reason}"


class Report(NamedTuple):
    """What became of all cases."""

    passed: int
    failures: list[Failure]

    def __str__(self) -> str:
        return f"{self.passed} passed, {len(self.failures)} failed"


def check_files(files: Sequence[Path]) -> Report:
    """Run all cases of all files."""
    passed = 0
    failures: list[Failure] = []
    for file in files:
        for failure in check_file(file):
            if failure is None:
                passed += 1
            else:
                failures.append(failure)
    return Report(passed, failures)


def check_file(file: Path) -> Iterator[Failure | None]:
    """One result a case, ``None`` for those that passed; one failure for a file that is none."""
    name = file.name
    try:
        cases = _cases(file)
    except CaseFailed as failed:
        yield Failure(name, "", "", str(failed))
        return
    topic = topic_of(file.stem)
    operations = _operations(topic)
    seen: set[str] = set()
    for place, fields in enumerate(cases, 1):
        yield _judged(name, place, fields, topic, operations, seen)


def topic_of(stem: str) -> str:
    """The topic of a file name without its ending; empty where it names none.

    >>> topic_of("dukpt_tdes"), topic_of("mac-changed"), topic_of("my_sm"), topic_of("smart")
    ('dukpt_tdes', 'mac', 'sm', '')
    """
    for topic in sorted(TOPICS, key=len, reverse=True):
        before, found, after = stem.partition(topic)
        alone = before[-1:] in _SEPARATORS and after[:1] in _SEPARATORS
        if found and alone:
            return topic
    return ""


def _cases(file: Path) -> list[Any]:
    try:
        if file.stat().st_size > _LARGEST:
            raise CaseFailed("the file is too large for a vector file")
        document = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_object)
    except OSError as failure:
        raise CaseFailed(f"the file cannot be read: {failure.strerror}") from None
    except (ValueError, RecursionError):
        raise CaseFailed("the file is no JSON, or names a field twice") from None
    cases = document.get("cases") if isinstance(document, dict) else None
    if not isinstance(cases, list) or not cases:
        raise CaseFailed('the file has no cases: {"cases": [...]} is right')
    return cases


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a field is named twice")
    return made


def _operations(topic: str) -> Mapping[str, Operation]:
    if not topic:
        return {}
    operations: Mapping[str, Operation] = import_module(f"switch.calc.check_{topic}").OPERATIONS
    return operations


def _judged(
    file: str,
    place: int,
    fields: Any,
    topic: str,
    operations: Mapping[str, Operation],
    seen: set[str],
) -> Failure | None:
    name = fields.get("id") if isinstance(fields, dict) else None
    if not isinstance(name, str) or not name:
        return Failure(file, f"case {place}", "", "a case is an object with an id and an op")
    op = fields.get("op")
    told = op if isinstance(op, str) else ""
    if name in seen:
        return Failure(file, name, told, "there is another case of that id before it")
    seen.add(name)
    if not topic:
        reason = f"unknown topic: the file's name has to be one of {', '.join(TOPICS)}"
        return Failure(file, name, told, reason)
    operation = operations.get(told)
    if operation is None:
        reason = f"unknown operation: {topic} has {', '.join(operations)}"
        return Failure(file, name, told, reason)
    reason = _run(operation, fields)
    return Failure(file, name, told, reason) if reason else None


def _run(operation: Operation, fields: dict[str, Any]) -> str:
    """Why the case failed; empty where it passed."""
    negative = fields.get("negative", False)
    if not isinstance(negative, bool):
        return "negative is true or false"
    case = Case(fields)
    try:
        operation(case)
        if not negative:
            case.close()
            return ""
    except CaseFailed as failed:
        # A negative case has no output: that one is missing says that nothing refused it.
        return f"it was not refused ({failed})" if negative else str(failed)
    except NotVerified as refusal:
        return "" if negative else str(refusal)
    except IsoswitchError as refusal:
        return "" if negative else f"refused: {refusal}"
    return "it was not refused"
