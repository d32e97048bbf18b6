"""Which of the shipped dialects a message is written in.

Owns the ranking: first those that read it to the last byte, without being in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass

from switch.wire.dialect import load_dialect, shipped_dialects
from switch.wire.dialect_data import Dialect
from switch.wire.explain import Explanation, explain_framed, explain_freely
from switch.wire.framing import Framing, Tpdu


@dataclass(frozen=True, slots=True)
class Candidate:
    """A dialect and what it makes of the message."""

    dialect: Dialect
    found: Explanation


def rank(data: bytes, framing: Framing | None = None) -> list[Candidate]:
    """All shipped dialects, the best first. ``framing`` is what is known of it."""
    found = []
    for name in shipped_dialects():
        dialect = load_dialect(name)
        if framing is None:
            one = explain_freely(data, dialect.layout, dialect.framing)
        else:
            one = explain_framed(data, dialect.layout, framing)
        found.append(Candidate(dialect, one))
    return sorted(found, key=_merit, reverse=True)


def _merit(one: Candidate) -> tuple[bool, bool, int, int, float]:
    """Fits; of the right edition; framed as the dialect says; with few doubts; read how far."""
    found = one.found
    mti = next((element.value for element in found.reading.elements if element.id == "t"), "")
    return (
        found.fault is None,
        mti[:1] == one.dialect.version,
        _framing_merit(one),
        -len(found.warnings),
        found.consumed / max(1, len(found.data)),
    )


def _framing_merit(one: Candidate) -> int:
    """The dialect's own framing speaks for it; a TPDU that belongs there and is absent does not."""
    if one.found.framing == one.dialect.framing:
        return 2
    return int(one.found.framing is None and one.dialect.framing.tpdu is Tpdu.NONE)
