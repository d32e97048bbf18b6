"""How the outcome of an operator's command is written down.

Owns the two shapes of it: refused with a reason and no trace, or settled with records.
"""

from __future__ import annotations

from typing import Any

from switch.model.effects import Effect, Tell, Told
from switch.model.events import OperatorCommand
from switch.model.facts import Decision
from switch.model.records import Record
from switch.model.trail import Check


def refused(event: OperatorCommand, said: str) -> Decision:
    """Nothing is changed; whoever waits hears why and what to do."""
    return Decision((), _told(event, False, said, {}), (Check(event.name, event.who, False, said),))


def settled(
    event: OperatorCommand, records: tuple[Record, ...], said: str, data: dict[str, Any]
) -> Decision:
    """The records are to be kept; no records where it was so already."""
    effects = _told(event, True, said, {**data, "changed": bool(records)})
    if records:
        changed = Tell("operator.changed", "info", {"who": event.who, "command": event.name})
        effects = (*effects, changed)
    return Decision(records, effects, (Check(event.name, event.who, True, said),))


def _told(event: OperatorCommand, ok: bool, said: str, data: dict[str, Any]) -> tuple[Effect, ...]:
    return (Told(event.ticket, ok, said, data),) if event.ticket else ()
