"""Backups of a store: one file, whole, checked, or none.

Owns how a copy is taken while a switch writes, what a finished one is known by, and how it becomes
a store again. Refuses to know the master key: a backup names it by its check value, and the card
numbers in it are as sealed as they are in the store.

A copy is made under another name and gets its own only when it is whole, synced and checked; and it
says inside how far its journal goes. So whatever was cut short (S-02) neither looks like a backup
nor is taken for one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from switch.store.port import StoreBroken, StoreRefused
from switch.store.sqlite_errors import refuse_faulty_library, translated
from switch.store.sqlite_migrate import pending, shipped_migrations
from switch.store.sqlite_reader import SqliteReader
from switch.store.sqlite_statements import HEAD, NOTE, SET_NOTE
from switch.store.sqlite_verify import verify

PARTIAL: Final = ".partial"  # what a file is called until it is whole
MASTER_KEY: Final = "master_key_check"
_MARK: Final = "backup"  # the note that a finished copy bears
_FORGET: Final = "DELETE FROM note WHERE name = ?"


class Backup(msgspec.Struct, frozen=True):
    """What a finished backup says of itself: the newest row of its journal with its wall time in
    microseconds, and the check value of the master key that its card numbers are sealed under.
    """

    sequence: int
    at_us: int
    key_check: str = ""


def back_up(store: Path, target: Path) -> Backup:
    """Copy one moment of the store, running or stopped, into the new file ``target``, mode 0600,
    and check it. Raises StoreRefused, StoreUnavailable, StoreBroken; then there is no such file.
    """
    if target.exists():
        raise StoreRefused(f"{target}: is there already: name another file, or move that one away")
    partial = target.with_name(target.name + PARTIAL)
    try:
        with SqliteReader(store) as reader, _new_file(partial), _opened(partial) as copy:
            reader.copy_into(copy)
            made = _marked(copy, partial)
            _sound(copy, partial)
        _in_place(partial, target)
    except OSError as failure:
        said = failure.strerror or type(failure).__name__
        raise StoreRefused(f"{target}: cannot be written: {said}") from None
    return made


def inspect(backup: Path) -> Backup:
    """What a backup says of itself, after a check of every page, record and row of it. Raises
    StoreRefused for a file that is no finished and sound one.
    """
    refuse_faulty_library()
    if not backup.is_file():
        raise StoreRefused(f"{backup}: there is no such file")
    if backup.name.endswith(PARTIAL):
        raise StoreRefused(f"{backup}: was never finished: name one that was")
    with _opened(backup, to_read=True) as connection:
        if pending(connection, backup, shipped_migrations()):
            raise StoreRefused(
                f"{backup}: was made by an older isoswitch: restore it with that one"
            )
        made = _mark_of(connection)
        rows: list[Any] = connection.execute(HEAD).fetchall()
        if made is None or made.sequence != (rows[0][0] if rows else 0):
            raise StoreRefused(
                f"{backup}: this is no finished backup: take one with isoswitch backup"
            )
        _sound(connection, backup)
    return made


def restore(backup: Path, store: Path) -> None:
    """Put an inspected backup where a store is expected and none is. Raises StoreRefused."""
    partial = store.with_name(store.name + PARTIAL)
    try:
        with _new_file(partial):
            shutil.copyfile(backup, partial)
        with _opened(partial) as connection:
            connection.execute(_FORGET, (_MARK,))
        _in_place(partial, store)
    except OSError as failure:
        raise StoreRefused(f"{store}: cannot be written: {failure.strerror}") from None


def _marked(copy: apsw.Connection, path: Path) -> Backup:
    """Make one file of the copy, and let it say that it is whole."""
    copy.pragma("journal_mode", "DELETE")
    copy.pragma("synchronous", "FULL")
    with SqliteReader(path) as reader:
        sequence, at_us = reader.head()
        made = Backup(sequence, at_us, reader.meta_get(MASTER_KEY) or "")
    copy.execute(SET_NOTE, (_MARK, msgspec.json.encode(made).decode()))
    return made


def _mark_of(connection: apsw.Connection) -> Backup | None:
    rows: list[Any] = connection.execute(NOTE, (_MARK,)).fetchall()
    try:
        return msgspec.json.decode(rows[0][0], type=Backup) if rows else None
    except msgspec.MsgspecError:
        return None


def _sound(connection: apsw.Connection, path: Path) -> None:
    faults = verify(connection)
    if faults:
        raise StoreRefused(f"{path}: is not sound: {faults[0]}; use another backup")


@contextmanager
def _new_file(path: Path) -> Iterator[None]:
    """An empty file for its owner alone, gone again if the work on it fails."""
    leftovers = (path, *(path.with_name(f"{path.name}{end}") for end in ("-journal", "-wal")))
    for leftover in leftovers:  # of a copy that was cut short
        leftover.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        yield
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


@contextmanager
def _opened(path: Path, *, to_read: bool = False) -> Iterator[apsw.Connection]:
    flags = apsw.SQLITE_OPEN_READONLY if to_read else apsw.SQLITE_OPEN_READWRITE
    try:
        connection = apsw.Connection(str(path), flags=flags)
        try:
            connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
            yield connection
        finally:
            connection.close()
    except apsw.Error as failure:
        said = translated(failure, path)
        if to_read and isinstance(said, StoreBroken):  # its advice is about a store in use
            raise StoreRefused(f"{path}: is damaged, or no backup at all: name another") from None
        raise StoreRefused(str(said)) from None


def _in_place(partial: Path, target: Path) -> None:
    """Durable under its own name, or not there."""
    _sync(partial, os.O_RDONLY)
    partial.rename(target)
    _sync(target.parent, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
