"""The schema and its way there: numbered SQL files, applied in order, each in a transaction of its
own.

Owns which schemas this program can work with (S-14). Refuses one that is newer, or older but not
one of ours, before anything is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Final

import apsw

from switch.store.port import StoreRefused

APPLICATION_ID: Final = (
    0x49534F38  # "ISO8", in the header of the database file (sqlite.org/fileformat.html)
)

_LEDGER: Final = """
CREATE TABLE IF NOT EXISTS migration (
    number   INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    checksum TEXT NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: ``number`` counts from 1, ``checksum`` is the SHA-256 of the file in
    hex.
    """

    number: int
    name: str
    sql: str
    checksum: str

    @classmethod
    def of(cls, file_name: str, sql: str) -> Migration:
        """From a file such as ``0001_records_and_journal.sql``."""
        number, _, name = file_name.removesuffix(".sql").partition("_")
        return cls(int(number), name, sql, sha256(sql.encode()).hexdigest())


def shipped_migrations() -> tuple[Migration, ...]:
    """The steps that come with this program, in order."""
    folder = resources.files("switch.store.migrations")
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(Migration.of(name, (folder / name).read_text("utf-8")) for name in files)


def pending(
    connection: apsw.Connection, path: Path, known: Sequence[Migration]
) -> Sequence[Migration]:
    """The steps that the database still lacks. Raises StoreRefused for one that these steps did not
    make.
    """
    if connection.pragma("application_id") != APPLICATION_ID:
        raise StoreRefused(f"{path}: this is no database of isoswitch: name another file")
    applied = connection.execute(
        "SELECT number, name, checksum FROM migration ORDER BY number"
    ).fetchall()
    for step, (number, name, checksum) in zip(known, applied, strict=False):
        if (step.number, step.checksum) != (number, checksum):
            raise StoreRefused(
                f"{path}: step {number} ({name}) of its schema is not the one of this program: "
                "it was made by another version of isoswitch; start that one"
            )
    if len(applied) > len(known):
        raise StoreRefused(
            f"{path}: its schema is at step {applied[-1][0]} ({applied[-1][1]}), this program "
            f"knows {len(known)}: it was made by a newer isoswitch; start that one"
        )
    return known[len(applied) :]


def apply(connection: apsw.Connection, steps: Sequence[Migration]) -> None:
    """Apply the steps: each happens wholly or not at all, so a crash in between is made good by the
    next start.
    """
    for step in steps:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(_LEDGER)
            connection.execute(step.sql)
            connection.execute(
                "INSERT INTO migration (number, name, checksum) VALUES (?, ?, ?)",
                (step.number, step.name, step.checksum),
            )
            connection.pragma("application_id", APPLICATION_ID)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
