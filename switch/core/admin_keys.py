"""Commands about keys, which the key desk gives after the vault has made or taken in the key.

Owns what they write: a key at rest with its attributes, who made and changed it and when
(SR-KEY-14). Each is an event like any other, so it is journalled before it is told. Destroying is
final: the block is gone from the record, and what was a former key with it; a new key may take the
name, as another generation. Refuses to know a key: it stores the block that only the vault opens,
and is reached by the key desk alone, not by an operator's line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from switch.core.admin_fields import Wrong
from switch.core.admin_told import refused, settled
from switch.core.exchange import former_of
from switch.core.needs import Needs, missing
from switch.core.terms import key_row
from switch.model.copies import replace
from switch.model.effects import Tell
from switch.model.events import OperatorCommand
from switch.model.facts import Decision, Facts
from switch.model.key_roles import names_in_words, role_of
from switch.model.records import SealedKey, next_version

DESTROYED: Final = "destroyed"
STATES: Final = ("pre_active", "active", "deactivated")
MARKS: Final = ("test", "live")
LONGEST_BLOCK: Final = 2_000
_CONTENT: Final = ("usage", "algorithm", "mode", "exportability", "check_value")
_SECOND_US: Final = 1_000_000
_LONGEST_OVERLAP_S: Final = 31 * 86_400


def of_key(event: OperatorCommand, facts: Facts) -> Needs:
    """The key of that name."""
    return missing(facts.rows, [key_row(event.arguments.get("name", ""))])


def install(event: OperatorCommand, facts: Facts) -> Decision:
    """A key under a name that has none."""
    name = event.arguments.get("name", "")
    known = facts.find(SealedKey, name)
    if known is not None and known.state != DESTROYED:
        return refused(event, f"there is a key {name} already: rotate it, or destroy it first")
    content = _content(name, event.arguments)
    if isinstance(content, Wrong):
        return refused(event, content.said)
    state = event.arguments.get("state", "active")
    if state not in STATES:
        return refused(event, f"state: {state[:24]!r} is none of {', '.join(STATES)}")
    key = SealedKey(
        id=name,
        version=1 if known is None else known.version + 1,
        generation=1 if known is None else known.generation + 1,
        state=state,
        made_by=event.who,
        made_us=event.moment.wall_us,
        **content,
    )
    return _kept(event, key, "installed")


def rotate(event: OperatorCommand, facts: Facts) -> Decision:
    """Another key in its place; the one before stays accepted for ``overlap_s`` seconds."""
    name = event.arguments.get("name", "")
    known = facts.find(SealedKey, name)
    if known is None or known.state == DESTROYED:
        return refused(event, f"there is no key {name[:60]!r} to rotate: install it")
    content = _content(name, event.arguments)
    if isinstance(content, Wrong):
        return refused(event, content.said)
    if content["mark"] != known.mark:
        said = (
            f"{name} is a {known.mark} key: one that is marked {content['mark']} has another name"
        )
        return refused(event, said)
    overlap = event.arguments.get("overlap_s", "0")
    if not (overlap.isascii() and overlap.isdigit() and int(overlap) <= _LONGEST_OVERLAP_S):
        return refused(event, f"overlap_s: write 0 to {_LONGEST_OVERLAP_S} seconds")
    now_us = event.moment.wall_us
    key = _changed(
        event,
        known,
        state="active",
        generation=known.generation + 1,
        former=former_of(known, now_us, int(overlap) * _SECOND_US),
        **content,
    )
    return _kept(event, key, f"rotated, the one before for {overlap} s more")


def set_state(event: OperatorCommand, facts: Facts) -> Decision:
    """Activate a key, or take it out of use for the time being."""
    name, state = event.arguments.get("name", ""), event.arguments.get("state", "")
    known = facts.find(SealedKey, name)
    if known is None:
        return refused(event, f"there is no key {name[:60]!r}: list shows those that are")
    if known.state == DESTROYED:
        return refused(event, f"{name} was destroyed, which is final: install a new one")
    if state not in STATES:
        return refused(event, f"state: {state[:24]!r} is none of {', '.join(STATES)}")
    if state == known.state:
        return settled(event, (), f"{name} is {state} already", {"name": name, "state": state})
    return _kept(event, _changed(event, known, state=state), state)


def destroy(event: OperatorCommand, facts: Facts) -> Decision:
    """Take the key out of the store for good."""
    name = event.arguments.get("name", "")
    known = facts.find(SealedKey, name)
    if known is None:
        return refused(event, f"there is no key {name[:60]!r}: list shows those that are")
    if known.state == DESTROYED:
        return settled(event, (), f"{name} is destroyed already", {"name": name})
    return _kept(event, _changed(event, known, block="", former=(), state=DESTROYED), DESTROYED)


def _content(name: str, arguments: Mapping[str, str]) -> dict[str, Any] | Wrong:
    """What the vault has made, as far as it may be told; its usage must be the name's."""
    role, block = role_of(name), arguments.get("block", "")
    if role is None:
        return Wrong(f"{name[:60]!r} is no name of a key: there are {names_in_words()}")
    if not block or len(block) > LONGEST_BLOCK or not block.isascii():
        return Wrong("a key is stored as its key block: the vault makes it")
    found: dict[str, Any] = {part: arguments.get(part, "") for part in _CONTENT}
    absent = [part for part, value in found.items() if not value]
    if absent:
        return Wrong(f"the vault says of a key its {', '.join(_CONTENT)}: {absent[0]} is missing")
    if found["usage"] not in role.usages:
        said = f"a key {name} has usage {' or '.join(role.usages)}, this one has {found['usage']}"
        return Wrong(said[:200])
    mark, length = arguments.get("mark", "test"), arguments.get("length", "0")
    if mark not in MARKS:
        return Wrong(f"mark: {mark[:24]!r} is none of {', '.join(MARKS)}")
    if not (length.isascii() and length.isdigit()):
        return Wrong("length: write a number of bytes")
    return {**found, "block": block, "mark": mark, "length": int(length)}


def _changed(event: OperatorCommand, known: SealedKey, **changes: Any) -> SealedKey:
    return next_version(known, changed_by=event.who, changed_us=event.moment.wall_us, **changes)


def _kept(event: OperatorCommand, key: SealedKey, how: str) -> Decision:
    """Stored; told to whoever waits, and to the log."""
    data = {
        "name": key.id,
        "usage": key.usage,
        "mark": key.mark,
        "state": key.state,
        "generation": key.generation,
        "check_value": key.check_value,
    }
    decision = settled(event, (key,), f"key {key.id}: {how}", data)
    noted = Tell("key.changed", "info", {"who": event.who, "command": event.name, **data})
    return replace(decision, effects=(*decision.effects, noted))
