"""What SQLite's failures mean for a payment: nothing was kept and it may work again, or nobody can
trust the file.

Owns the translation of result codes. Refuses to guess: a failed sync is never tried again, because
after one the kernel may have dropped the data and still report the next sync as done.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

from switch.store.port import StoreBroken, StoreRefused, StoreUnavailable

RESTORE: Final = (
    "move the database and its -wal file away and put both back from the last backup, "
    "or begin with an empty data folder"
)

# After these the content of the disk is not known: a sync failed, or the shared index could not
# follow a written commit.
_BROKEN_IO: Final = frozenset(
    {
        apsw.SQLITE_IOERR_FSYNC,
        apsw.SQLITE_IOERR_DIR_FSYNC,
        apsw.SQLITE_IOERR_CORRUPTFS,
        apsw.SQLITE_IOERR_DATA,
        apsw.SQLITE_IOERR_SHMOPEN,
        apsw.SQLITE_IOERR_SHMSIZE,
        apsw.SQLITE_IOERR_SHMLOCK,
        apsw.SQLITE_IOERR_SHMMAP,
    }
)


def translated(failure: apsw.Error, path: Path) -> StoreUnavailable | StoreBroken:
    """The store's error for one of SQLite's."""
    if isinstance(failure, (apsw.CorruptError, apsw.NotADBError)):
        return StoreBroken(f"{path}: the database is damaged: {failure}; {RESTORE}")
    if isinstance(failure, apsw.IOError):
        code = getattr(failure, "extendedresult", 0)
        if code in _BROKEN_IO:
            return StoreBroken(
                f"{path}: {failure}; what is on the disk is not known any more: "
                "check the disk, then start again"
            )
        return StoreUnavailable(f"{path}: {failure}; nothing was kept")
    if isinstance(failure, apsw.FullError):
        return StoreUnavailable(f"{path}: the disk is full; nothing was kept: make room")
    if isinstance(failure, (apsw.BusyError, apsw.LockedError)):
        return StoreUnavailable(
            f"{path}: locked by another program; nothing was kept: stop that one"
        )
    if isinstance(
        failure, (apsw.CantOpenError, apsw.ReadOnlyError, apsw.NoMemError, apsw.PermissionsError)
    ):
        return StoreUnavailable(f"{path}: {failure}; nothing was kept")
    return StoreBroken(
        f"{path}: {failure}; this is a defect of isoswitch or another program wrote the database"
    )


def has_wal_reset_fault(version: str) -> bool:
    """Whether this SQLite can lose commits when a write-ahead log is reset (sqlite.org/wal.html,
    SR-SUP-04).

    >>> has_wal_reset_fault("3.40.1"), has_wal_reset_fault("3.50.7"), has_wal_reset_fault("3.51.3")
    (True, False, False)
    """
    parts = tuple(int(part) for part in version.split(".")[:3])
    return (3, 7, 0) <= parts <= (3, 51, 2) and parts not in {(3, 44, 6), (3, 50, 7)}


def refuse_faulty_library() -> None:
    """Raises StoreRefused where the SQLite that apsw brings has the fault."""
    version = apsw.sqlite_lib_version()
    if has_wal_reset_fault(version):
        raise StoreRefused(
            f"SQLite {version} can lose committed transactions (WAL-reset fault): "
            "install apsw 3.51.3 or newer"
        )
