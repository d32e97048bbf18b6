"""Small files of a terminal: replaced whole, and for its owner's eyes only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from switch_tools.terminal_kept import KeptFile, KeptFileError

HEADING = "a file of counters"


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    """The first line says what the file is, and is not part of it."""
    file = KeptFile(tmp_path / "deep" / "counters", HEADING)
    assert file.read() == b""
    file.replace(b"one")
    file.replace(b"two\n")
    assert file.read() == b"two\n"
    assert file.path.read_bytes() == b"a file of counters\ntwo\n"
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o602])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    """SR-GEN-04: and the refusal says how to mend it."""
    file = KeptFile(tmp_path / "counters", HEADING)
    file.replace(b"")
    file.path.chmod(mode)
    with pytest.raises(KeptFileError, match="run chmod 600"):
        file.read()


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    """Another file of that name is neither read nor taken for an empty one."""
    file = KeptFile(tmp_path / "counters", HEADING)
    file.path.write_bytes(b"something else\n")
    file.path.chmod(0o600)
    with pytest.raises(KeptFileError, match="does not begin with"):
        file.read()
    file.path.unlink()
    file.path.mkdir()
    with pytest.raises(KeptFileError, match="regular file"):
        file.read()


def test_a_replacement_that_fails_leaves_the_old_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut in the middle is a new file that never got the old one's name."""
    file = KeptFile(tmp_path / "counters", HEADING)
    file.replace(b"old")

    def cut(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", cut)
    with pytest.raises(KeptFileError, match="cannot be written"):
        file.replace(b"new")
    assert file.read() == b"old"
