"""One process per store (S-15)."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from switch.store.lockfile import LockFile
from switch.store.port import StoreRefused
from switch.store.sqlite import SqliteStore

_OPEN = """
import sys
from switch.store.port import StoreRefused
from switch.store.sqlite import SqliteStore
try:
    SqliteStore(sys.argv[1])
except StoreRefused as refused:
    print(refused)
"""


def test_a_second_process_is_refused_and_told_the_first(
    open_sqlite: Callable[..., SqliteStore], database: Path
) -> None:
    """S-15: the refusal names the process that holds the store."""
    open_sqlite()
    told = subprocess.run(
        [sys.executable, "-c", _OPEN, str(database)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert f"in use by process {os.getpid()}" in told
    assert str(database) in told


def test_a_second_store_in_the_same_process_is_refused(
    open_sqlite: Callable[..., SqliteStore],
) -> None:
    """The lock belongs to the store, not to the process; closing lets go of it."""
    first = open_sqlite()
    with pytest.raises(StoreRefused, match=str(os.getpid())):
        open_sqlite()
    first.close()
    open_sqlite().close()


def test_the_file_of_a_dead_process_does_not_block(tmp_path: Path) -> None:
    """Only the kernel's lock counts, so a killed process leaves nothing to clean up."""
    path = tmp_path / "x.db.lock"
    path.write_text("999999\n")
    lock = LockFile(path)
    assert path.read_text() == f"{os.getpid()}\n"
    lock.release()
    lock.release()
    LockFile(path).release()


def test_a_full_disk_takes_the_name_of_the_holder_not_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-09: the store says what a full disk means; the lock is the kernel's and needs no space."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    lock = LockFile(tmp_path / "x.db.lock")
    with pytest.raises(StoreRefused, match="in use by process unknown"):
        LockFile(tmp_path / "x.db.lock")
    lock.release()
