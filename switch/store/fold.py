"""From the changes of one append to what is written: a journal body per change, the newest version
of each record.

Owns the encoding of records and the rule that versions follow each other. Refuses to know what the
store already holds: the adapter compares ``first_version`` with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from switch.model.records import Key, Record
from switch.store.journal import head_of_body, head_of_record
from switch.store.port import Change, Conflict

_encode: Final = msgspec.json.Encoder().encode


class Newest(NamedTuple):
    """The last version of one record within an append, and where its JSON stands in the journal
    bodies.

    Of a transaction whose answer was ``sent`` it is the JSON of version 1; that may stand in the
    store already, then ``change`` is -1.
    """

    record: Record
    first_version: int  # the first one of the append: the store must hold the one before
    change: int  # index of the change, and so of the body
    start: int  # of the JSON in the body, in bytes
    length: int
    sent: int = -1  # index of the change that says so


class Folded(NamedTuple):
    """What an append writes. Keys are plain ``(table, id)`` pairs, equal to ``Key``."""

    bodies: list[bytes]
    newest: dict[tuple[str, str], Newest]


def fold(changes: Sequence[Change]) -> Folded | Conflict:
    """Encode the changes; a Conflict where the versions of a record do not follow each other.

    This runs for every transaction, hence the plain tuples.
    """
    bodies: list[bytes] = []
    newest: dict[tuple[str, str], Newest] = {}
    torn: list[Key] = []
    for index, change in enumerate(changes):
        head = b'%b%d,"records":[' % (head_of_body(change.what), change.at_us)
        parts = [head]
        position = len(head)
        for record in change.records:
            table = record.TABLE
            version = record.version
            opening = head_of_record(table)
            text = _encode(record)
            position += len(opening)
            key = (table, record.id)
            before = newest.get(key)
            if before is None:
                newest[key] = Newest(record, version, index, position, len(text))
            else:
                if version != before.record.version + 1:
                    torn.append(record.key)
                newest[key] = Newest(
                    record, before.first_version, index, position, len(text), before.sent
                )
            parts += (opening, text, b"],")
            position += len(text) + 2
        parts.append(b"]")
        if change.records:
            parts[-2] = b"]"  # no comma after the last record
        if change.sent:
            parts += (b',"sent":', _encode([record.id for record in change.sent]))
            torn += _note_sent(change, index, newest)
        parts.append(b"}")
        bodies.append(b"".join(parts))
    if torn:
        return Conflict(tuple(dict.fromkeys(torn)))
    return Folded(bodies, newest)


def _note_sent(change: Change, index: int, newest: dict[tuple[str, str], Newest]) -> list[Key]:
    """Put the new versions among the newest; those that do not follow version 1 are returned."""
    torn = []
    for record in change.sent:
        key = (record.TABLE, record.id)
        before = newest.get(key)
        if before is None:
            newest[key] = Newest(record, 2, -1, 0, 0, index)
        else:
            newest[key] = before._replace(record=record, sent=index)
        if record.version != 2 or (before is not None and before.record.version != 1):
            torn.append(record.key)
    return torn
