"""From a path to a connection that may be trusted: made, checked, brought up to date, or refused
with the reason.

Owns everything that happens before the first record is read. Refuses to serve around damage (S-07),
a foreign schema (S-14) or a faulty library (SR-SUP-04), and changes nothing of a database that it
refuses.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from switch.store.port import StoreBroken, StoreRefused, StoreUnavailable
from switch.store.sqlite_errors import RESTORE, refuse_faulty_library, translated
from switch.store.sqlite_migrate import Migration, apply, pending, shipped_migrations
from switch.store.sqlite_verify import content_faults, integrity_faults

PAGE_SIZE: Final = 8192  # two journal rows of a purchase fit; measured cheaper than 4096
_CACHE_KIB: Final = 32 * 1024
_JOURNAL_LIMIT: Final = 64 * 1024 * 1024  # bytes that the write-ahead log keeps after a checkpoint
_MAGIC: Final = b"SQLite format 3\x00"


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """How to open. ``vfs`` and ``exclusive`` serve the fault tests as well: a VFS written in Python
    has no shared memory.
    """

    busy_timeout_s: float = 5.0
    check_content: bool = True
    vfs: str | None = None
    exclusive: bool = False
    migrations: Sequence[Migration] | None = None


def open_database(path: Path, options: OpenOptions) -> apsw.Connection:
    """The connection. Raises StoreRefused, StoreUnavailable."""
    refuse_faulty_library()
    steps = shipped_migrations() if options.migrations is None else options.migrations
    try:
        if not path.exists():
            _create(path, options, steps)
        _refuse_header(path)
        connection = _connected(path, options)
        try:
            _accept(connection, path, options, steps)
        except BaseException:
            connection.close()
            raise
    except OSError as failure:
        raise StoreRefused(f"{path}: cannot be opened: {failure.strerror}") from None
    except apsw.Error as failure:
        if getattr(failure, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE:
            said = f"{path}: no room for its index {path.name}-shm: make room on the disk"
            raise StoreUnavailable(f"{said}, then start again") from None
        error: StoreUnavailable | StoreBroken | StoreRefused = translated(failure, path)
        if isinstance(error, StoreBroken):
            error = StoreRefused(str(error))  # nothing was served, so nothing broke
        raise error from None
    return connection


def _create(path: Path, options: OpenOptions, steps: Sequence[Migration]) -> None:
    """Make the database under another name and move it into place whole.

    So an empty or half-made file under the real name is always damage, never a first start that was
    cut short.
    """
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists():
        raise StoreRefused(
            f"{path}: the database is missing but its log {wal.name} is there: {RESTORE}"
        )
    draft = path.with_name(f"{path.name}.new")
    for leftover in (draft, draft.with_name(f"{draft.name}-journal")):
        leftover.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    connection = _connected(draft, options)
    try:
        _set_up(connection, options)
        connection.pragma("page_size", PAGE_SIZE)
        connection.pragma("synchronous", "FULL")
        apply(connection, steps)
    finally:
        connection.close()
    draft.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_header(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(len(_MAGIC))
    if head != _MAGIC:
        raise StoreRefused(f"{path}: its header is damaged or it is no database: {RESTORE}")


def _connected(path: Path, options: OpenOptions) -> apsw.Connection:
    """A connection that has read nothing yet."""
    connection = apsw.Connection(
        str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=options.vfs, statementcachesize=128
    )
    # A database that is refused must be left as it is, its log included; and SQLite's checkpoint at
    # the end would hide a failed sync, hence ``SqliteStore.close`` does it.
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    # Without this guarantee SQLite compiles a join anew for every set of bindings.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.set_busy_timeout(int(options.busy_timeout_s * 1000))
    return connection


def _set_up(connection: apsw.Connection, options: OpenOptions) -> None:
    if options.exclusive:
        connection.pragma("locking_mode", "EXCLUSIVE")
    connection.pragma("cell_size_check", True)
    connection.pragma("cache_size", -_CACHE_KIB)


def _accept(
    connection: apsw.Connection, path: Path, options: OpenOptions, steps: Sequence[Migration]
) -> None:
    _set_up(connection, options)
    lacking = pending(connection, path, steps)
    faults = integrity_faults(connection)
    if faults:
        raise StoreRefused(f"{path}: the integrity check failed: {faults[0]}; {RESTORE}")
    apply(connection, lacking)
    if connection.pragma("journal_mode", "WAL") != "wal":
        raise StoreRefused(
            f"{path}: this file system does not carry a write-ahead log: use another"
        )
    connection.pragma("synchronous", "FULL")
    connection.pragma("fullfsync", True)
    connection.pragma("checkpoint_fullfsync", True)
    connection.pragma("journal_size_limit", _JOURNAL_LIMIT)
    if options.check_content:
        faults = content_faults(connection)
        if faults:
            raise StoreRefused(f"{path}: the content check failed: {faults[0]}; {RESTORE}")
