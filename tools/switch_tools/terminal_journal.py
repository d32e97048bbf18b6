"""What the virtual terminal remembers: an append-only file of JSON lines that survives a power cut.

Owns the file, its lock and the STAN counter (which is the journal's length, so it cannot fall
behind what was sent). Refuses to know messages, hosts and clear card numbers: a PAN rests sealed
and masked, track data not at all (SR-SAD-01).

A record is on the disk before the request that it tells of leaves. Each append is synced before the
next begins, so a power cut can tear the last line only. A torn last line was never acted upon, and
is cut off when the journal is opened.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from switch.errors import IsoswitchError
from switch.model.words import Kind

JOURNAL_NAME: Final = "journal.jsonl"
STANS: Final = 999_999


class JournalError(IsoswitchError):
    """A journal that cannot be used: locked by another terminal, damaged, or not readable."""

    exit_code = 5


class Sent(msgspec.Struct, frozen=True, kw_only=True, tag="sent", tag_field="what"):
    """A request is about to leave. ``number`` counts from 1 for ever; the STAN is derived from it
    and wraps.

    ``original`` is the number of the request that a reversal undoes. ``pan_sealed`` is sealed for
    ``row`` (see the vault).
    """

    number: int
    stan: str
    at: str  # ISO 8601, UTC
    kind: Kind
    dialect: str
    terminal_id: str
    merchant_id: str
    transmitted_at: str = ""
    local_time: str = ""
    local_date: str = ""
    invoice: str = ""
    amount_minor: int | None = None
    currency: str = ""
    card: str = ""
    pan_masked: str = ""
    pan_sealed: str = ""
    expiry: str = ""
    original: int = 0

    @property
    def row(self) -> str:
        """What the PAN is sealed for."""
        return f"{self.terminal_id}/{self.number}"


class Repeated(msgspec.Struct, frozen=True, kw_only=True, tag="repeated", tag_field="what"):
    """The request is about to leave again, as a repeat."""

    number: int
    at: str


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag="answered", tag_field="what"):
    """The request's answer was heard in time, before the terminal gave it up."""

    number: int
    at: str
    approved: bool
    code: str = ""
    reason: str = ""
    approval_code: str = ""
    rrn: str = ""
    amount_minor: int | None = None  # the amount approved, where it is not the one asked for
    final: bool = True  # False: the host could not decide, and may do so when it is asked again


class Abandoned(msgspec.Struct, frozen=True, kw_only=True, tag="abandoned", tag_field="what"):
    """The terminal waits no longer. From here on an answer is late, and late answers are no
    approvals."""

    number: int
    at: str
    why: str


Line = Sent | Repeated | Answered | Abandoned


@dataclass(frozen=True, slots=True)
class Entry:
    """One request and all that followed. ``reversal`` is the number of the last reversal that was
    sent for it, or 0.

    ``undone``: that reversal was accepted. ``closed``: it was answered with something final,
    accepted or not.
    """

    sent: Sent
    repeats: int = 0
    answered: Answered | None = None
    abandoned: bool = False
    reversal: int = 0
    undone: bool = False
    closed: bool = False

    @property
    def number(self) -> int:
        """Its place in the journal's count of requests."""
        return self.sent.number

    @property
    def stan(self) -> str:
        """Its system trace audit number."""
        return self.sent.stan

    @property
    def moves_money(self) -> bool:
        """Whether a reversal can be about it."""
        return not self.sent.kind.is_network and self.sent.kind is not Kind.REVERSAL

    @property
    def open(self) -> bool:
        """The host has not decided as far as we know, and an answer to a repeat still counts."""
        return self.answered is None and not self.abandoned

    @property
    def approved(self) -> bool:
        """The card holder was told that it is approved, and nothing has undone it since."""
        return self.answered is not None and self.answered.approved and not self.undone

    @property
    def owes_reversal(self) -> bool:
        """It may have been approved without our knowing, or its reversal was sent and is not
        answered (INV-28)."""
        unknown = self.answered is None or self.reversal > 0
        return self.moves_money and unknown and not self.closed


def stan_of(number: int) -> str:
    """The STAN of the n-th request.

    >>> stan_of(1), stan_of(999_999), stan_of(1_000_000)
    ('000001', '999999', '000001')
    """
    return f"{(number - 1) % STANS + 1:06d}"


class _File:
    """The locked file. After a failed write nothing more is written: its last line may be torn."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL_NAME
        self._fd = -1
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(
                self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
            )
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
            written = os.write(self._fd, data)
            os.fsync(self._fd)
        except OSError as failure:
            self.close()
            raise JournalError(f"{self.path}: cannot be written: {failure.strerror}") from None
        if written != len(data):
            self.close()
            raise JournalError(f"{self.path}: cannot be written: no room")

    def close(self) -> None:
        """Let go of the file and its lock. Idempotent."""
        if self._fd >= 0:
            # Said aloud: a child that was forked just now may hold the descriptor a little longer.
            fcntl.flock(self._fd, fcntl.LOCK_UN)
            os.close(self._fd)
            self._fd = -1


def _sync_folder(folder: Path) -> None:
    """A new file survives a power cut only when its folder is synced too."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Journal:
    """All entries by number, in memory; each change goes through :meth:`append`. Without a folder
    nothing is kept on disk."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open (or begin) the journal in ``folder``. Raises JournalError."""
        self.entries: dict[int, Entry] = {}
        self.torn = False  # a torn last line was cut off
        self._encode = msgspec.json.Encoder().encode
        self._file: _File | None = None
        if folder is not None:
            self._file = _File(folder)
            try:
                self._read(self._file)
            except JournalError:
                self._file.close()
                raise

    # -- reading -----------------------------------------------------------------------------------

    @property
    def next_number(self) -> int:
        """The number that the next request gets."""
        return len(self.entries) + 1

    def newest(self) -> Iterable[Entry]:
        """Entries, newest first."""
        return reversed(self.entries.values())

    def owed(self) -> list[Entry]:
        """Requests whose reversal has to be answered before anything new is sent, oldest first."""
        return [entry for entry in self.entries.values() if entry.owes_reversal]

    # -- writing -----------------------------------------------------------------------------------

    def append(self, line: Line) -> Entry:
        """Keep one line, durably, and return the entry as it now stands. Raises JournalError when
        it cannot be kept."""
        entry = self._folded(line)
        if self._file is not None:
            self._file.append(self._encode(line) + b"\n")
        self._take(entry)
        return entry

    def close(self) -> None:
        """Let go of the file and its lock. Idempotent."""
        if self._file is not None:
            self._file.close()

    def _read(self, file: _File) -> None:
        decode = msgspec.json.Decoder(Line).decode
        lines = file.lines()
        kept = 0
        for place, text in enumerate(lines, start=1):
            try:
                line = decode(text) if text.endswith(b"\n") else None
                entry = None if line is None else self._folded(line)
            except (ValueError, KeyError):
                entry = None
            if entry is not None:
                self._take(entry)
                kept += len(text)
            elif place == len(lines):
                self.torn = True
                file.cut(kept)
            else:
                said = "is damaged: move the file away to begin anew (what it owes is then lost)"
                raise JournalError(f"{file.path}:{place}: {said}")

    # -- folding -----------------------------------------------------------------------------------

    def _folded(self, line: Line) -> Entry:
        """What the line makes of its entry. KeyError for an entry that does not exist."""
        match line:
            case Sent():
                if line.number != self.next_number or (line.original not in {0, *self.entries}):
                    raise KeyError(line.number)
                return Entry(line)
            case Repeated():
                entry = self.entries[line.number]
                # Asked again, a host that could not decide may do so: the answer is open once more.
                answered = entry.answered if entry.answered and entry.answered.final else None
                return replace(entry, repeats=entry.repeats + 1, answered=answered)
            case Answered():
                return replace(self.entries[line.number], answered=line)
            case Abandoned():
                return replace(self.entries[line.number], abandoned=True)

    def _take(self, entry: Entry) -> None:
        self.entries[entry.number] = entry
        original = self.entries.get(entry.sent.original)
        if original is None:
            return
        answered = entry.answered
        self.entries[original.number] = replace(
            original,
            reversal=entry.number,
            undone=original.undone or (answered is not None and answered.approved),
            closed=answered is not None,
        )
