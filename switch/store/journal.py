"""The journal's row: its JSON body, its place in the hash chain, and how to check a chain.

Owns the format of a body and the arithmetic of the chain, the same for every adapter. Refuses to
know where rows are kept.

A row is a leaf of the chain: ``hash = SHA-256(0x01 || previous || SHA-256(0x00 || body))``.
Changing, taking out, putting in or swapping rows breaks it at the first row concerned; cutting off
the tail does not, which is why ``verify`` also holds the records against the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from switch.store.port import JournalRow

GENESIS: Final = bytes(32)  # what the first row of a writer is chained to


class _Body(msgspec.Struct):
    what: str
    at_us: int
    records: list[tuple[str, msgspec.Raw]]
    sent: list[str] = []


class _Identity(msgspec.Struct):
    id: str
    version: int = 1  # a record says its version unless it is the first


_decode_body: Final = msgspec.json.Decoder(_Body).decode
_decode_identity: Final = msgspec.json.Decoder(_Identity).decode


@lru_cache(maxsize=256)
def head_of_body(what: str) -> bytes:
    """The beginning of a body up to the time. Events have few names, hence the cache."""
    return b'{"what":' + msgspec.json.encode(what) + b',"at_us":'


@lru_cache(maxsize=64)
def head_of_record(table: str) -> bytes:
    """What stands before a record in a body."""
    return b"[" + msgspec.json.encode(table) + b","


def link(previous: bytes, body: bytes) -> bytes:
    """The hash of the row with this body after the row with the hash ``previous``."""
    return sha256(b"\x01" + previous + sha256(b"\x00" + body).digest()).digest()


def records_in(body: bytes) -> list[tuple[str, str, int, bytes]]:
    """Table, id, version and JSON of each record in a body. Raises ``msgspec.MsgspecError`` for one
    that does not parse.
    """
    found = []
    for table, raw in _decode_body(body).records:
        text = bytes(raw)
        identity = _decode_identity(text)
        found.append((table, identity.id, identity.version, text))
    return found


def time_of(body: bytes) -> int:
    """Wall time of the event that a body tells of, in microseconds. Raises like ``records_in``."""
    return _decode_body(body).at_us


def sent_in(body: bytes) -> list[str]:
    """Ids of transactions that became version 2 because their answer was sent. Raises like
    ``records_in``.
    """
    return _decode_body(body).sent


def count_records(body: bytes) -> tuple[int, list[str]]:
    """How many record versions a body stands for, and what ``sent_in`` finds among them. Raises
    like ``records_in``.
    """
    found = _decode_body(body)
    return len(found.records) + len(found.sent), found.sent


def chain_faults(rows: Iterable[JournalRow]) -> Iterator[str]:
    """What is wrong with the rows of a whole journal, from its first row on; nothing if it is
    sound.
    """
    heads: dict[str, bytes] = {}
    expected = 1
    for row in rows:
        if row.sequence != expected:
            yield f"journal: row {expected} is missing, row {row.sequence} follows"
        if row.previous != heads.get(row.writer, GENESIS):
            yield f"journal: row {row.sequence} is not chained to the row before it"
        if row.hash != link(row.previous, row.body):
            yield f"journal: row {row.sequence} was changed, its hash does not fit its body"
        heads[row.writer] = row.hash
        expected = row.sequence + 1
