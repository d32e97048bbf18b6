"""Small files of a virtual terminal that are replaced as a whole: its keys, its counters, the
counters of its cards.

Owns what survives a power cut: a replacement is on the disk when ``replace`` returns, or it did not
happen. Refuses a file that others can read, and to know what is in it.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from switch.errors import IsoswitchError

_NEW_SUFFIX: Final = ".new"
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
LIMIT_BYTES: Final = 1_000_000


class KeptFileError(IsoswitchError):
    """A file of keys or counters that cannot be used."""

    exit_code = 5


class KeptFile:
    """One file of mode 0600: a first line that says what it is, then contents of the owner's.

    One process at a time writes it, unless all writers use ``locked``.
    """

    def __init__(self, path: Path, heading: str) -> None:
        self.path = path
        self._heading = heading.encode() + b"\n"

    def read(self) -> bytes:
        """What is behind the first line; nothing where there is no file. Raises KeptFileError."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return b""
        except OSError as failure:
            raise self._error(f"cannot be read: {failure.strerror}") from None
        try:
            self._refuse_shared(os.fstat(descriptor))
            data = os.read(descriptor, LIMIT_BYTES)
        finally:
            os.close(descriptor)
        if not data.startswith(self._heading):
            raise self._error(f"does not begin with {self._heading.decode().strip()!r}")
        return data[len(self._heading) :]

    def replace(self, data: bytes) -> None:
        """Other contents, on the disk when this returns. Raises KeptFileError; then the old ones
        stand.
        """
        folder = self.path.parent
        fresh = self.path.with_name(self.path.name + _NEW_SUFFIX)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(fresh, _FLAGS, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o600)
                file.write(self._heading + data)
                file.flush()
                os.fsync(descriptor)
            fresh.rename(self.path)
            _sync_folder(folder)
        except OSError as failure:
            raise self._error(f"cannot be written: {failure.strerror}") from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else who asks for it reads or replaces the file until the block ends. Raises
        KeptFileError.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as failure:
            raise self._error(f"cannot be used: {failure.strerror}") from None
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _refuse_shared(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise self._error("must be a regular file")
        if status.st_mode & 0o077:
            mode = stat.S_IMODE(status.st_mode)
            raise self._error(f"can be read by others (mode {mode:04o}): run chmod 600 on it")

    def _error(self, said: str) -> KeptFileError:
        return KeptFileError(f"{self.path}: {said}")


def _sync_folder(folder: Path) -> None:
    """A file under a new name survives a power cut only when its folder is synced too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
