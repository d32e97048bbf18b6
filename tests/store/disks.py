"""Bad disks for the tests: a layer under SQLite that fails on command, and one that remembers what
was synced.

Neither has shared memory (apsw offers none to a layer written in Python), hence the databases on
them are opened with ``exclusive=True``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import apsw

SECTOR = 512  # what a disk writes whole or not at all


def _failure(kind: str) -> apsw.Error:
    error: apsw.Error
    if kind == "full":
        return apsw.FullError("planned: no room")
    error = apsw.IOError(f"planned: {kind} failed")
    error.extendedresult = {  # type: ignore[attr-defined]
        "write": apsw.SQLITE_IOERR_WRITE,
        "sync": apsw.SQLITE_IOERR_FSYNC,
    }[kind]
    return error


class _Layer(apsw.VFS):
    """Passes everything on to the system's files, as ``make_file`` wraps them."""

    def __init__(self, name: str, make_file: Callable[[str, Any, Any], apsw.VFSFile]) -> None:
        self._make_file = make_file
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: Any) -> apsw.VFSFile:  # noqa: N802
        path = name if isinstance(name, str) else name.filename()
        return self._make_file(path, name, flags)


@dataclass
class Trouble:
    """What fails: every ``kind`` of operation from the ``after``-th on, until ``ends``. Counts them
    all.
    """

    kind: str = ""
    after: int = 0
    once: bool = False
    seen: dict[str, int] = field(default_factory=lambda: {"write": 0, "sync": 0})
    failed: int = 0

    def plan(self, kind: str, after: int, *, once: bool = False) -> None:
        """From now on, the ``after``-th operation (0 is the next) and, unless ``once``, all later
        ones fail.
        """
        self.kind, self.after, self.once = kind, after, once
        self.seen = {"write": 0, "sync": 0}
        self.failed = 0

    def ends(self) -> None:
        """The disk works again."""
        self.kind = ""

    def meet(self, operation: str) -> None:
        """Called before each write and sync."""
        count = self.seen[operation]
        self.seen[operation] += 1
        struck = "sync" if self.kind == "sync" else "write"
        if not self.kind or operation != struck or count < self.after:
            return
        if self.once and self.failed:
            return
        self.failed += 1
        raise _failure(self.kind)


class FailingDisk:
    """A disk whose writes or syncs fail as ``trouble`` says. Use as a context manager; ``name`` is
    for ``vfs``.
    """

    def __init__(self, name: str = "failing") -> None:
        self.name = name
        self.trouble = Trouble()
        trouble = self.trouble

        class File(apsw.VFSFile):
            def __init__(self, _path: str, filename: Any, flags: Any) -> None:
                super().__init__("", filename, flags)

            def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802
                trouble.meet("write")
                super().xWrite(data, offset)

            def xSync(self, flags: int) -> None:  # noqa: N802
                trouble.meet("sync")
                super().xSync(flags)

        self._layer = _Layer(name, File)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._layer.unregister()


@dataclass(frozen=True)
class Operation:
    """One thing that happened to a file. ``ack`` is a promise given to the caller."""

    kind: str  # write, truncate, sync, ack
    name: str = ""
    offset: int = 0
    data: bytes = b""
    note: int = 0


class RecordingDisk:
    """Remembers every write, truncation and sync in order, so that a power cut can be played at any
    point.
    """

    def __init__(self, name: str = "recording") -> None:
        self.name = name
        self.log: list[Operation] = []
        log = self.log

        class File(apsw.VFSFile):
            def __init__(self, path: str, filename: Any, flags: Any) -> None:
                self._name = Path(path).name
                super().__init__("", filename, flags)

            def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802
                log.append(Operation("write", self._name, offset, bytes(data)))
                super().xWrite(data, offset)

            def xTruncate(self, newsize: int) -> None:  # noqa: N802
                log.append(Operation("truncate", self._name, newsize))
                super().xTruncate(newsize)

            def xSync(self, flags: int) -> None:  # noqa: N802
                super().xSync(flags)
                log.append(Operation("sync", self._name))

        self._layer = _Layer(name, File)

    def acknowledge(self, note: int) -> None:
        """The store has just promised that this is durable."""
        self.log.append(Operation("ack", note=note))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._layer.unregister()


def after_power_cut(
    start: dict[str, bytes], log: list[Operation], fate: random.Random
) -> dict[str, bytes]:
    """The files as the disk may hold them: what was synced, and of the rest any part, in any order,
    even torn.
    """
    durable = {name: bytearray(content) for name, content in start.items()}
    waiting: list[Operation] = []
    for operation in log:
        if operation.kind == "sync":
            for done in [item for item in waiting if item.name == operation.name]:
                _apply(durable, done)
            waiting = [item for item in waiting if item.name != operation.name]
        elif operation.kind in {"write", "truncate"}:
            waiting.append(operation)
    for operation in _survivors(waiting, fate):
        _apply(durable, operation)
    return {name: bytes(content) for name, content in durable.items()}


def after_kills(
    start: dict[str, bytes], log: list[Operation]
) -> Iterator[tuple[int, dict[str, bytes]]]:
    """The files after each number of operations: whoever is killed takes nothing back that the
    system was handed.
    """
    files = {name: bytearray(content) for name, content in start.items()}
    yield 0, {name: bytes(content) for name, content in files.items()}
    for number, operation in enumerate(log, 1):
        if operation.kind in {"write", "truncate"}:
            _apply(files, operation)
        yield number, {name: bytes(content) for name, content in files.items()}


def _survivors(waiting: list[Operation], fate: random.Random) -> Iterator[Operation]:
    share = fate.choice([0.0, 0.5, 1.0])
    kept = [item for item in waiting if fate.random() < share]
    if fate.random() < 0.5:
        fate.shuffle(kept)
    for item in kept:
        if item.kind == "write" and fate.random() < 0.3:
            sectors = range(0, len(item.data), SECTOR)
            for begin in fate.sample(list(sectors), fate.randint(0, len(sectors))):
                part = item.data[begin : begin + SECTOR]
                yield Operation("write", item.name, item.offset + begin, part)
        else:
            yield item


def _apply(files: dict[str, bytearray], operation: Operation) -> None:
    content = files.setdefault(operation.name, bytearray())
    if operation.kind == "truncate":
        del content[operation.offset :]
        return
    end = operation.offset + len(operation.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[operation.offset : end] = operation.data
