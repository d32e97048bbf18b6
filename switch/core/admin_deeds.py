"""What was done with keys, written down: the deeds that change no key as well as those that do.

Owns the record of a deed. Whoever has one carried out waits for it to be durable first (SR-AUD-07).
Refuses to know what a deed is about: names and words come from the key desk.
"""

from __future__ import annotations

from typing import Final

from switch.core.admin_told import refused
from switch.core.needs import Needs, missing
from switch.model.effects import Told
from switch.model.events import OperatorCommand
from switch.model.facts import Decision, Facts
from switch.model.records import KeyDeed, key_of
from switch.model.trail import Check

COMMAND: Final = "keys.deed"
OUTCOMES: Final = ("permitted", "pending", "refused", "failed")


def of_deed(event: OperatorCommand, facts: Facts) -> Needs:
    """Whether it was written down already."""
    return missing(facts.rows, [key_of(KeyDeed.TABLE, event.arguments.get("id", ""))])


def deed(event: OperatorCommand, facts: Facts) -> Decision:
    """Write it down. It is said once: a number that is taken is somebody's bug."""
    words = event.arguments
    number = words.get("id", "")
    if not number or facts.find(KeyDeed, number) is not None:
        return refused(event, "a deed has a number of its own")
    if words.get("outcome") not in OUTCOMES:
        return refused(event, f"the outcome of a deed is one of {', '.join(OUTCOMES)}")
    record = KeyDeed(
        id=number,
        at_us=event.moment.wall_us,
        what=words.get("what", ""),
        name=words.get("key", ""),
        who=event.who,
        officers=tuple(filter(None, words.get("officers", "").split(","))),
        outcome=words["outcome"],
        said=words.get("said", ""),
    )
    told = (Told(event.ticket, True, "written down", {"id": number}),) if event.ticket else ()
    return Decision((record,), told, (Check(event.name, event.who, True, record.what),))
