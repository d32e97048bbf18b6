"""One process per store: a lock file beside the database that names who holds it.

Owns the file and the lock on it, which the kernel lets go of when the process ends, however it
ends. Refuses to judge by the file's presence: only the lock counts, the number inside is for
people.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from switch.store.port import StoreRefused


class LockFile:
    """Holds ``path`` locked from construction until ``release``. Raises StoreRefused naming the
    holder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as failure:
            raise StoreRefused(f"{path}: cannot be made: {failure.strerror}") from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._descriptor, 32).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise StoreRefused(
                f"{path.with_suffix('')}: in use by process {holder or 'unknown'}; "
                "stop that one first, or give this one another data folder"
            ) from None
        with suppress(OSError):  # a full disk: the lock holds, only its holder has no name
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Let go. The empty file stays: taking it away would race with the next process.
        Idempotent.
        """
        if self._descriptor < 0:
            return
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = -1
