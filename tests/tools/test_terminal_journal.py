"""The terminal's journal survives a power cut at every byte, and never forgets what left or what is
owed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.words import Kind
from switch_tools.terminal_file import JOURNAL_NAME, JournalError
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_lines import (
    Abandoned,
    Answered,
    Line,
    Repeated,
    Sent,
    stan_of,
)

AT = "2026-11-24T10:00:00Z"


def _sent(number: int, kind: Kind = Kind.PURCHASE, original: int = 0) -> Sent:
    return Sent(
        number=number,
        stan=stan_of(number),
        at=AT,
        kind=kind,
        dialect="iso87-ascii",
        terminal_id="DEMO0001",
        merchant_id="DEMOMERCHANT001",
        amount_minor=1234,
        currency="840",
        card="visa",
        pan_masked="476173******0010",
        pan_sealed="c2VhbGVk",
        expiry="4912",
        original=original,
    )


def _answered(number: int, approved: bool = True) -> Answered:
    code = "00" if approved else "51"
    return Answered(number=number, at=AT, approved=approved, code=code, approval_code="123456")


def _history() -> list[Line]:
    """A sign-on, an approved purchase, one that timed out and was reversed at the second try."""
    return [
        _sent(1, Kind.SIGN_ON),
        _answered(1),
        _sent(2),
        _answered(2),
        _sent(3),
        Abandoned(number=3, at=AT, why="no answer"),
        _sent(4, Kind.REVERSAL, original=3),
        Repeated(number=4, at=AT),
        _answered(4),
    ]


def test_what_was_kept_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    """Entries, their standing and the STAN counter are the same after a restart."""
    journal = Journal(tmp_path)
    for line in _history():
        journal.append(line)
    before = dict(journal.entries)
    journal.close()

    again = Journal(tmp_path)
    assert again.entries == before
    assert again.next_number == 5
    assert not again.torn
    assert again.entries[2].approved
    assert again.entries[3].undone
    assert again.entries[4].repeats == 1
    again.close()


@given(cut=st.integers(min_value=0))
def test_a_power_cut_at_any_byte_leaves_a_beginning(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the last byte on the disk is, the journal opens, holds a beginning of the history
    and goes on."""
    folder = tmp_path_factory.mktemp("journal")
    journal = Journal(folder)
    states = [dict(journal.entries)]
    for line in _history():
        journal.append(line)
        states.append(dict(journal.entries))
    journal.close()
    path = folder / JOURNAL_NAME
    data = path.read_bytes()
    path.write_bytes(data[: cut % (len(data) + 1)])

    again = Journal(folder)
    assert again.entries in states
    again.append(_sent(again.next_number))
    kept = dict(again.entries)
    again.close()
    third = Journal(folder)
    assert third.entries == kept
    assert not third.torn
    third.close()


def test_a_folder_that_cannot_be_is_told_with_the_cure(tmp_path: Path) -> None:
    """Where, what, and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match=r"choose another folder with --state"):
        Journal(tmp_path / "file" / "folder")


def test_a_last_line_of_zeros_is_torn_as_well(tmp_path: Path) -> None:
    """A file system may keep the length of a write and lose its bytes."""
    journal = Journal(tmp_path)
    journal.append(_sent(1))
    journal.close()
    path = tmp_path / JOURNAL_NAME
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(40) + b"\n")

    again = Journal(tmp_path)
    assert again.torn
    assert list(again.entries) == [1]
    again.close()
    assert path.read_bytes() == whole


def test_damage_in_the_middle_is_refused_with_its_line(tmp_path: Path) -> None:
    """Only a last line can be torn by a power cut; anything else is for a person to look at."""
    journal = Journal(tmp_path)
    for line in _history():
        journal.append(line)
    journal.close()
    path = tmp_path / JOURNAL_NAME
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = b'{"what":"nonsense"}\n'
    path.write_bytes(b"".join(lines))

    with pytest.raises(JournalError, match=r"journal\.jsonl:4: is damaged"):
        Journal(tmp_path)


def test_two_terminals_cannot_share_one_journal(tmp_path: Path) -> None:
    """The second is refused and told what to do; it works when the first is gone."""
    first = Journal(tmp_path)
    with pytest.raises(JournalError, match=r"another terminal .* its own --state"):
        Journal(tmp_path)
    first.close()
    Journal(tmp_path).close()


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """SR-GEN-04: files 0600, folders 0700."""
    folder = tmp_path / "state"
    Journal(folder).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / JOURNAL_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("lines", "owes"),
    [
        ([_sent(1)], True),
        ([_sent(1), _answered(1)], False),
        ([_sent(1), _answered(1, approved=False)], False),
        ([_sent(1), Abandoned(number=1, at=AT, why="no answer")], True),
        ([_sent(1), _sent(2, Kind.REVERSAL, 1)], True),
        ([_sent(1), _answered(1), _sent(2, Kind.REVERSAL, 1)], True),
        ([_sent(1), _sent(2, Kind.REVERSAL, 1), _answered(2)], False),
        ([_sent(1), _sent(2, Kind.REVERSAL, 1), _answered(2, approved=False)], False),
        ([_sent(1, Kind.SIGN_ON)], False),
    ],
)
def test_what_has_no_final_answer_is_owed(lines: list[Line], owes: bool) -> None:
    """INV-28: what the issuer may hold and the terminal does not know is reversed, until that is
    answered."""
    journal = Journal()
    for line in lines:
        journal.append(line)
    assert bool(journal.owed()) is owes


def test_only_an_accepted_reversal_undoes() -> None:
    """A refused one ends the obligation, and the purchase stays what it was."""
    journal = Journal()
    for line in (_sent(1), _answered(1), _sent(2, Kind.REVERSAL, 1), _answered(2, approved=False)):
        journal.append(line)
    assert journal.entries[1].approved
    journal.append(_sent(3, Kind.REVERSAL, 1))
    journal.append(_answered(3))
    assert not journal.entries[1].approved


def test_a_journal_that_cannot_be_written_takes_nothing_more(tmp_path: Path) -> None:
    """A line that was half written stays the last one; what is not on the disk is not in memory."""
    journal = Journal(tmp_path)
    journal.append(_sent(1))
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.append(_sent(2))
    assert list(journal.entries) == [1]


def test_an_answer_to_nothing_is_refused() -> None:
    """The journal holds no answer without its request, and no reversal without its original."""
    journal = Journal()
    for line in (_answered(1), Repeated(number=1, at=AT), _sent(1, Kind.REVERSAL, 7), _sent(2)):
        with pytest.raises(KeyError):
            journal.append(line)
    assert journal.entries == {}


@given(number=st.integers(min_value=1, max_value=10**9))
def test_stans_are_six_digits_and_never_zero(number: int) -> None:
    """The counter wraps from 999999 to 000001."""
    stan = stan_of(number)
    assert len(stan) == 6
    assert 1 <= int(stan) <= 999_999
    assert stan_of(number + 999_999) == stan
