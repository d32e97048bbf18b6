"""What the virtual terminal remembers: all entries by number, each change kept on the disk first.

Owns how lines add up to entries, the STAN counter (which cannot fall behind what was sent) and the
batch, and how the journal is shortened when a batch is settled. Refuses to know messages, hosts and
clear card numbers.

A record is on the disk before the request that it tells of leaves. A torn last line was never acted
upon, and is cut off when the journal is opened. After a close the journal keeps that batch and the
one before it, and pre-authorizations that are still open: enough to refund, repeat and complete,
and no more of it with each day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from switch.model.words import Kind
from switch_tools.terminal_file import JournalError, JournalFile
from switch_tools.terminal_lines import (
    SETTLES,
    Abandoned,
    Altered,
    Answered,
    Closed,
    Entry,
    Head,
    Kept,
    Line,
    Repeated,
    Sent,
)

__all__ = ["Entry", "Journal", "JournalError"]

BATCHES_KEPT: Final = 2
LAST_BATCH: Final = 999_999


class Journal:
    """All entries by number, in memory; each change goes through :meth:`append`. Without a folder
    nothing is kept on disk."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open (or begin) the journal in ``folder``. Raises JournalError."""
        self.entries: dict[int, Entry] = {}
        self.next_number = 1
        self.batch = 1
        self.torn = False  # a torn last line was cut off
        self._followers: dict[int, list[int]] = {}
        self._owing: set[int] = set()
        self._encode = msgspec.json.Encoder().encode
        self._file: JournalFile | None = None
        if folder is not None:
            self._file = JournalFile(folder)
            try:
                self._read(self._file)
            except JournalError:
                self._file.close()
                raise

    # -- reading -----------------------------------------------------------------------------------

    def newest(self) -> Iterable[Entry]:
        """Entries, newest first."""
        return reversed(self.entries.values())

    def owed(self) -> list[Entry]:
        """Requests whose reversal, or whose own answer, has to come before anything new is sent,
        oldest first. Those of a settlement are not among them."""
        return [self.entries[number] for number in sorted(self._owing)]

    def followers(self, number: int) -> list[Entry]:
        """What was sent about an entry, oldest first."""
        return [self.entries[one] for one in self._followers.get(number, ())]

    def of_batch(self, batch: int | None = None) -> Iterator[Entry]:
        """The entries of a batch (the one that is open now), oldest first."""
        wanted = self.batch if batch is None else batch
        return (entry for entry in self.entries.values() if entry.sent.batch == wanted)

    # -- writing -----------------------------------------------------------------------------------

    def append(self, line: Line) -> Entry:
        """Keep one line, durably, and return the entry as it now stands. Raises JournalError when
        it cannot be kept."""
        entry = self._folded(line)
        if self._file is not None:
            self._file.append(self._encode(line) + b"\n")
        self._take(line, entry)
        return self.entries[entry.number]

    def shorten(self) -> None:
        """Forget settled batches but the last. Raises JournalError when that cannot be kept; then
        nothing is forgotten."""
        kept = self._worth_keeping()
        if len(kept) == len(self.entries):
            return
        head = Head(next_number=self.next_number, batch=self.batch)
        entries = [self.entries[number] for number in sorted(kept)]
        if self._file is not None:
            lines = (head, *map(_kept, entries))
            self._file.replace(b"".join(self._encode(line) + b"\n" for line in lines))
        self.entries, self._followers, self._owing = {}, {}, set()
        for entry in entries:
            self._enter(entry)

    def close(self) -> None:
        """Let go of the file and its lock. Idempotent."""
        if self._file is not None:
            self._file.close()

    def _worth_keeping(self) -> set[int]:
        """Whatever hangs together with something of a late batch, or with an open
        pre-authorization."""
        oldest = self.batch - BATCHES_KEPT
        kept: set[int] = set()
        todo = [
            entry.number
            for entry in self.entries.values()
            if entry.sent.batch >= oldest or entry.number in self._owing or _is_open_hold(entry)
        ]
        while todo:
            number = todo.pop()
            if number in kept or number not in self.entries:
                continue
            kept.add(number)
            todo += [self.entries[number].sent.original, *self._followers.get(number, ())]
        return kept

    def _read(self, file: JournalFile) -> None:
        decode = msgspec.json.Decoder(Line).decode
        lines = file.lines()
        kept = 0
        for place, text in enumerate(lines, start=1):
            try:
                self._take_over(decode(_whole(text)), place)
                kept += len(text)
            except (ValueError, KeyError):
                if place == len(lines):
                    self.torn = True
                    file.cut(kept)
                    return
                said = "is damaged: move the file away to begin anew (what it owes is then lost)"
                raise JournalError(f"{file.path}:{place}: {said}") from None

    def _take_over(self, line: Line, place: int) -> None:
        if not isinstance(line, Head):
            self._take(line, self._folded(line))
        elif place == 1:
            self.next_number, self.batch = line.next_number, line.batch
        else:
            raise KeyError(place)

    # -- folding -----------------------------------------------------------------------------------

    def _folded(self, line: Line) -> Entry:
        """What the line makes of its entry. KeyError for an entry that does not exist."""
        match line:
            case Sent():
                if line.number != self.next_number or line.original not in {0, *self.entries}:
                    raise KeyError(line.number)
                return Entry(line)
            case Kept():
                if line.sent.number >= self.next_number or line.sent.number in self.entries:
                    raise KeyError(line.sent.number)
                return Entry(line.sent, line.repeats, line.answered, line.abandoned, line.altered)
            case Repeated():
                entry = self.entries[line.number]
                # Asked again, a host that could not decide may do so: the answer is open once more.
                answered = entry.answered if entry.answered and entry.answered.final else None
                return replace(entry, repeats=entry.repeats + 1, answered=answered)
            case Answered():
                return replace(self.entries[line.number], answered=line)
            case Abandoned():
                return replace(self.entries[line.number], abandoned=True)
            case Altered():
                return replace(self.entries[line.number], altered=line)
            case Closed():
                return self.entries[line.number]
            case Head():
                raise KeyError(line.next_number)

    def _take(self, line: Line, entry: Entry) -> None:
        if isinstance(line, Sent):
            self.next_number += 1
        elif isinstance(line, Closed):
            self.batch = line.batch % LAST_BATCH + 1
        self._enter(entry)

    def _enter(self, entry: Entry) -> None:
        """Put it in its place, and let what it is about know, and so on."""
        known = entry.number in self.entries
        self.entries[entry.number] = entry
        original = self.entries.get(entry.sent.original)
        if original is not None and not known:
            self._followers.setdefault(original.number, []).append(entry.number)
        while True:
            self._note_debt(entry)
            original = self.entries.get(entry.sent.original)
            if original is None:
                return
            entry = _followed(original, self.followers(original.number))
            self.entries[entry.number] = entry

    def _note_debt(self, entry: Entry) -> None:
        telling = entry.owes_telling and entry.sent.kind not in SETTLES
        if entry.owes_reversal or telling:
            self._owing.add(entry.number)
        else:
            self._owing.discard(entry.number)


def _whole(text: bytes) -> bytes:
    """The line, which has its end. Raises ValueError for a torn one."""
    if not text.endswith(b"\n"):
        raise ValueError(len(text))
    return text


def _followed(original: Entry, followers: list[Entry]) -> Entry:
    """The original as its followers leave it."""
    reversals = [one for one in followers if one.sent.kind is Kind.REVERSAL]
    accepted = [one for one in reversals if one.was_approved]
    good = [one for one in followers if one.approved]
    completions = [one for one in good if one.sent.kind is Kind.COMPLETION]
    stands, tip = _stands(original, followers)
    return replace(
        original,
        reversal=reversals[-1].number if reversals else 0,
        undone=any(one.sent.remaining_minor is None for one in accepted),
        closed=bool(reversals) and reversals[-1].answered is not None,
        stands_minor=stands,
        cut_back=any(one.sent.remaining_minor is not None for one in accepted),
        tip_minor=tip,
        voided=any(one.sent.kind is Kind.VOID for one in good),
        completed=any(one.sent.final for one in completions),
        completed_minor=sum(one.amount_minor for one in completions),
        refunded_minor=sum(one.amount_minor for one in good if one.sent.kind is Kind.REFUND),
        uploaded=any(one.sent.kind is Kind.BATCH_UPLOAD and one.was_approved for one in followers),
    )


def _stands(original: Entry, followers: list[Entry]) -> tuple[int | None, int]:
    """What is left of the amount, step by step, and the tip in it; ``None``: it is as it was."""
    stands: int | None = None
    tip = 0
    for one in followers:
        sent = one.sent
        if sent.kind is Kind.REVERSAL and one.was_approved and sent.remaining_minor is not None:
            stands, tip = sent.remaining_minor, 0
        elif sent.kind is Kind.TIP_ADJUST and one.approved:
            stands, tip = one.amount_minor, sent.other_minor or 0
        elif sent.kind is Kind.INCREMENT and one.approved:
            stands = (original.amount_minor if stands is None else stands) + one.amount_minor
    return stands, tip


def _is_open_hold(entry: Entry) -> bool:
    return entry.sent.kind is Kind.PREAUTH and entry.approved and not entry.completed


def _kept(entry: Entry) -> Kept:
    return Kept(
        sent=entry.sent,
        repeats=entry.repeats,
        answered=entry.answered,
        abandoned=entry.abandoned,
        altered=entry.altered,
    )
