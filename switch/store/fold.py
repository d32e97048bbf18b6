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
    """

    record: Record
    first_version: int  # the first one of the append: the store must hold the one before
    change: int  # index of the change, and so of the body
    start: int  # of the JSON in the body, in bytes
    length: int


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
                newest[key] = Newest(record, before.first_version, index, position, len(text))
            parts += (opening, text, b"],")
            position += len(text) + 2
        parts.append(b"]}")
        if change.records:
            parts[-2] = b"]"  # no comma after the last record
        bodies.append(b"".join(parts))
    if torn:
        return Conflict(tuple(dict.fromkeys(torn)))
    return Folded(bodies, newest)
