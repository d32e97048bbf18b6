"""The file of a virtual terminal's journal: locked, appended to line by line, replaced as a whole.

Owns what survives a power cut. Each append is synced before the next begins, so a power cut can
tear the last line only; a replacement is a new file under the old name, or it did not happen.
Refuses to know what the lines say.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from switch.errors import IsoswitchError

JOURNAL_NAME: Final = "journal.jsonl"
_NEW_SUFFIX: Final = ".new"
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC


class JournalError(IsoswitchError):
    """A journal that cannot be used: locked by another terminal, damaged, or not readable."""

    exit_code = 5


class JournalFile:
    """The locked file. After a failed write nothing more is written: its last line may be torn."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL_NAME
        self._folder = folder
        self._fd = -1
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(self.path, _FLAGS, 0o600)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _refuse_orphan(self._fd, self.path)
            _sync_folder(folder)
        except BlockingIOError:
            self.close()
            said = f"another terminal works with {folder}: give this one its own --state"
            raise JournalError(said) from None
        except OSError as failure:
            self.close()
            said = f"{self.path}: {failure.strerror}: choose another folder with --state"
            raise JournalError(said) from None

    def lines(self) -> list[bytes]:
        """All lines, with their ends."""
        try:
            return self.path.read_bytes().splitlines(keepends=True)
        except OSError as failure:
            raise JournalError(f"{self.path}: {failure.strerror}") from None

    def cut(self, length: int) -> None:
        """Forget what is behind ``length`` bytes."""
        try:
            os.ftruncate(self._fd, length)
            os.fsync(self._fd)
        except OSError as failure:
            raise JournalError(f"{self.path}: {failure.strerror}") from None

    def append(self, data: bytes) -> None:
        """Write and sync. Raises JournalError."""
        if self._fd < 0:
            raise JournalError(f"{self.path}: is closed, or a write to it failed before")
        try:
            _write(self._fd, data)
        except OSError as failure:
            self.close()
            raise self._not_written(failure) from None

    def replace(self, data: bytes) -> None:
        """Put other contents in the place of all lines, at once. Raises JournalError."""
        fresh = self.path.with_name(JOURNAL_NAME + _NEW_SUFFIX)
        fd = -1
        try:
            fd = os.open(fresh, _FLAGS | os.O_TRUNC, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write(fd, data)
            fresh.rename(self.path)
        except OSError as failure:  # the old file stands, and can be written on
            if fd >= 0:
                os.close(fd)
            raise self._not_written(failure) from None
        self.close()
        self._fd = fd
        try:
            _sync_folder(self._folder)
        except OSError as failure:  # nobody knows which of the two a power cut would leave
            self.close()
            raise self._not_written(failure) from None

    def close(self) -> None:
        """Let go of the file and its lock. Idempotent."""
        if self._fd >= 0:
            # Said aloud: a child that was forked just now may hold the descriptor a little longer.
            fcntl.flock(self._fd, fcntl.LOCK_UN)
            os.close(self._fd)
            self._fd = -1

    def _not_written(self, failure: OSError) -> JournalError:
        return JournalError(f"{self.path}: cannot be written: {failure.strerror}")


def _refuse_orphan(fd: int, path: Path) -> None:
    """Between opening and locking, its owner may have replaced the file. Raises BlockingIOError."""
    if not os.path.samestat(os.fstat(fd), path.stat()):
        raise BlockingIOError


def _write(fd: int, data: bytes) -> None:
    """All of it, synced. Raises OSError."""
    if os.write(fd, data) != len(data):
        raise OSError(0, "no room")
    os.fsync(fd)


def _sync_folder(folder: Path) -> None:
    """A new file survives a power cut only when its folder is synced too."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
