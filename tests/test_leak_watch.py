"""The watch over the whole run finds what a test leaves behind, and fails the run for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from switch.keys import ciphers
from switch.values import Pan
from tests.leak_watch import Watch, watching

ROOT = Path(__file__).resolve().parent.parent
PAN = "4012888888881881"
HIDING = "5413330089010434"
KEY = bytes.fromhex("A1B2C3D4E5F60718293A4B5C6D7E8F90")
PLANTER = """
from pathlib import Path
from switch.values import Pan

def test_plants(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes({dressed})
    Pan("{pan}")
"""


def run(folder: Path, test: str) -> tuple[int, str]:
    """A run of one test of its own, watched; exit code and what it printed."""
    (folder / "test_planter.py").write_text(test)
    program = [sys.executable, "-m", "pytest", "-q", "-p", "tests.leak_watch", "-c", "/dev/null"]
    places = [f"--rootdir={folder}", f"--basetemp={folder / 'written'}", "test_planter.py"]
    done = subprocess.run(
        [*program, *places],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    for planted in (folder / "test_planter.py", *folder.rglob("log.jsonl")):
        planted.unlink()  # this run is searched as well
    return done.returncode, done.stdout


def test_a_planted_leak_fails_the_run(tmp_path: Path) -> None:
    """SR-SAD-04: a card number packed into a log is found, and told by file and test alone."""
    dressed = f"b'x' + bytes.fromhex('{PAN}')"
    code, said = run(tmp_path, PLANTER.format(dressed=dressed, pan=PAN))
    assert code == 1
    assert "log.jsonl: a secret of test_planter.py" in said
    assert "packed" in said
    assert "1 passed" in said
    assert PAN not in said


def test_a_clean_run_stays_green(tmp_path: Path) -> None:
    """A mask is no leak, nor are other numbers."""
    dressed = "b'476173******0010 632884150388'"
    code, said = run(tmp_path, PLANTER.format(dressed=dressed, pan=PAN))
    assert (code, "0 left behind" in said) == (0, True)


@pytest.fixture
def watch() -> Watch:
    """A watch of its own, for a moment."""
    own = Watch()
    end = watching(own)
    Pan(HIDING)
    ciphers.check_key("AES", KEY)
    end()
    return own


@pytest.mark.parametrize(
    "left",
    [
        HIDING.encode(),
        HIDING.encode("cp500"),
        bytes.fromhex(HIDING),
        HIDING.encode().hex().encode(),
        KEY,
        KEY.hex().encode(),
        b'{"pin": "4321"}',
    ],
    ids=["digits", "EBCDIC", "packed", "hex of digits", "key", "key in hex", "PIN by name"],
)
def test_a_secret_is_found_in_every_dress(tmp_path: Path, watch: Watch, left: bytes) -> None:
    """Cards and keys that went through this process, and PINs behind their name."""
    file = tmp_path / "left.bin"
    file.write_bytes(b"before " + left + b" behind")
    found = watch.find(tmp_path)
    file.unlink()
    assert found
    assert not any(HIDING in line or KEY.hex() in line.lower() for line in found)


def test_what_a_person_writes_is_not_searched(tmp_path: Path, watch: Watch) -> None:
    """Test cards and keys belong into a configuration."""
    (tmp_path / "own.toml").write_text(f'pan = "{HIDING}"')
    assert watch.find(tmp_path) == []
