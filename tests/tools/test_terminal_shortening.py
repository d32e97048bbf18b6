"""A virtual terminal's journal does not grow for ever: settled batches are forgotten, and nothing
that is still needed."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from switch.model.words import Kind
from switch_tools import terminal_file
from switch_tools.terminal_file import JOURNAL_NAME, JournalError
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_lines import Altered, Answered, Closed, Entry, Repeated, Sent, stan_of

AT = "2026-11-24T10:00:00Z"
OLD = (
    b'{"what":"sent","number":1,"stan":"000001","at":"2026-11-24T10:00:00Z","kind":"purchase",'
    b'"dialect":"iso87-ascii","terminal_id":"DEMO0001","merchant_id":"DEMOMERCHANT001",'
    b'"transmitted_at":"","local_time":"","local_date":"","invoice":"","amount_minor":1234,'
    b'"currency":"840","card":"visa","pan_masked":"476173******0010","pan_sealed":"c2VhbGVk",'
    b'"expiry":"4912","original":0}\n'
    b'{"what":"answered","number":1,"at":"2026-11-24T10:00:01Z","approved":true,"code":"00",'
    b'"reason":"approved","approval_code":"123456","rrn":"632810000001","amount_minor":null,'
    b'"final":true}\n'
)


def done(journal: Journal, kind: Kind = Kind.PURCHASE, original: int = 0) -> int:
    """Something approved, sent and answered; its number."""
    number = journal.next_number
    journal.append(
        Sent(
            number=number,
            stan=stan_of(number),
            at=AT,
            kind=kind,
            dialect="iso87-ascii",
            terminal_id="DEMO0001",
            merchant_id="DEMOMERCHANT001",
            amount_minor=1234,
            currency="840",
            batch=journal.batch,
            original=original,
        )
    )
    journal.append(Answered(number=number, at=AT, approved=True))
    return number


def settle(journal: Journal) -> None:
    """Close the batch and forget what is old."""
    number = done(journal, Kind.RECONCILIATION)
    journal.append(Closed(number=number, at=AT, batch=journal.batch))
    journal.shorten()


def reopened(journal: Journal, folder: Path) -> Journal:
    """The same after a restart."""
    journal.close()
    return Journal(folder)


def test_two_settled_batches_are_kept_and_no_more(tmp_path: Path) -> None:
    """Refunds of yesterday and the day before can name their sales; STANs and batch go on counting
    after a restart."""
    journal = Journal(tmp_path)
    sales = []
    for _ in range(5):
        sales.append(done(journal))
        settle(journal)
    assert sales[3] in journal.entries
    assert sales[2] not in journal.entries
    before = dict(journal.entries)

    again = reopened(journal, tmp_path)
    assert again.entries == before
    assert (again.next_number, again.batch) == (11, 6)
    assert done(again) == 11
    again.close()


def test_the_file_stays_small(tmp_path: Path) -> None:
    """Forty days are no longer than ten."""
    journal = Journal(tmp_path)
    sizes = []
    for _ in range(40):
        for _ in range(3):
            done(journal)
        settle(journal)
        sizes.append((tmp_path / JOURNAL_NAME).stat().st_size)
    journal.close()
    assert max(sizes[10:]) <= max(sizes[:10]) + 200


def test_an_open_pre_authorization_is_kept_with_all_that_hangs_on_it(tmp_path: Path) -> None:
    """A hotel's guest stays for many days; when he has paid, he is forgotten as well."""
    journal = Journal(tmp_path)
    hold = done(journal, Kind.PREAUTH)
    raised = done(journal, Kind.INCREMENT, hold)
    gone = done(journal)
    for _ in range(4):
        settle(journal)
    journal = reopened(journal, tmp_path)
    assert journal.entries[hold].in_effect_minor == 2468
    assert raised in journal.entries
    assert gone not in journal.entries
    done(journal, Kind.COMPLETION, hold)
    for _ in range(4):
        settle(journal)
    assert hold not in journal.entries
    journal.close()


def test_what_happened_to_an_entry_is_kept_with_it(tmp_path: Path) -> None:
    """Repeats, a tester's alteration, its void and what it was about."""
    journal = Journal(tmp_path)
    for _ in range(3):
        done(journal)
        settle(journal)
    sale = done(journal)
    journal.append(Repeated(number=sale, at=AT))
    journal.append(Altered(number=sale, at=AT, claimed_minor=99))
    done(journal, Kind.VOID, sale)
    settle(journal)
    before = journal.entries[sale]
    assert before.voided
    journal = reopened(journal, tmp_path)
    assert journal.entries[sale] == before
    journal.close()


@pytest.mark.parametrize("broken", ["write", "fsync", "rename"])
def test_a_shortening_that_fails_forgets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """A full disk: the old file stands, and the terminal can go on with it."""
    journal = Journal(tmp_path)
    for _ in range(4):
        done(journal)
        settle(journal)
    last = done(journal, Kind.RECONCILIATION)
    journal.append(Closed(number=last, at=AT, batch=journal.batch))
    before, size = dict(journal.entries), (tmp_path / JOURNAL_NAME).stat().st_size

    def fail(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        if broken == "rename":
            patch.setattr(Path, "rename", fail)
        else:
            patch.setattr(os, broken, fail)
        with pytest.raises(JournalError, match="No space left"):
            journal.shorten()
    assert journal.entries == before
    assert (tmp_path / JOURNAL_NAME).stat().st_size == size
    again = reopened(journal, tmp_path)
    assert again.entries == before
    again.close()


def test_a_power_cut_amid_a_shortening_leaves_either_file(tmp_path: Path) -> None:
    """A new file that was not put in its place is nothing: the journal opens as it was."""
    journal = Journal(tmp_path)
    done(journal)
    before = dict(journal.entries)
    (tmp_path / f"{JOURNAL_NAME}.new").write_bytes(b'{"what":"head","next_num')
    journal = reopened(journal, tmp_path)
    assert journal.entries == before
    for _ in range(4):
        settle(journal)
    journal.close()
    assert not (tmp_path / f"{JOURNAL_NAME}.new").exists()


def test_the_lock_goes_with_the_new_file(tmp_path: Path) -> None:
    """After a shortening another terminal is still kept out; also one that opened the file just
    before it was replaced."""
    journal = Journal(tmp_path)
    early = os.open(tmp_path / JOURNAL_NAME, os.O_RDWR)
    for _ in range(4):
        done(journal)
        settle(journal)
    with pytest.raises(JournalError, match="another terminal works with"):
        Journal(tmp_path)
    fcntl.flock(early, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a file that nobody finds any more
    with pytest.raises(BlockingIOError):
        terminal_file._refuse_orphan(early, tmp_path / JOURNAL_NAME)
    os.close(early)
    journal.close()


def test_a_head_amid_the_lines_is_damage(tmp_path: Path) -> None:
    """Counters are stated once, at the top; a kept entry beyond them is damage as well."""
    head = b'{"what":"head","next_number":5,"batch":2}\n'
    (tmp_path / JOURNAL_NAME).write_bytes(OLD + head + OLD)
    with pytest.raises(JournalError, match=":3: is damaged"):
        Journal(tmp_path)
    kept = b'{"what":"kept","sent":' + OLD.splitlines()[0].replace(b'"number":1', b'"number":9')
    (tmp_path / JOURNAL_NAME).write_bytes(head + kept + b"}\n" + head)
    with pytest.raises(JournalError, match=":2: is damaged"):
        Journal(tmp_path)


def test_a_journal_of_the_first_release_is_read(tmp_path: Path) -> None:
    """The format evolves by fields with defaults: an old purchase is one of the first batch."""
    (tmp_path / JOURNAL_NAME).write_bytes(OLD)
    journal = Journal(tmp_path)
    entry: Entry = journal.entries[1]
    assert entry.approved
    assert (entry.sent.batch, entry.amount_minor, journal.batch) == (1, 1234, 1)
    journal.close()
