"""The newcomer's door: sets up once, passes arguments and exit codes on, says what is wrong.

Each test works on a checkout of its own, with a stand-in for what ``.venv`` would hold.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
# Says where it stands and what it was given, and ends with the code that EXIT names.
STAND_IN: Final = """#!/bin/sh
echo "$(basename "$0") in $(pwd): $*"
exit "${EXIT:-0}"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that holds dev.py and nothing to install."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "dev.py", tmp_path / "tools")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "constraints.txt").touch()
    return tmp_path


@pytest.fixture
def ready(checkout: Path) -> Path:
    """The same with a ``.venv`` of stand-ins that dev.py takes for its own."""
    programs = checkout / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "isoswitch", "lint-imports"):
        (programs / name).write_text(STAND_IN, encoding="utf-8")
        (programs / name).chmod(0o755)
    made_by = ".".join(str(part) for part in sys.version_info[:3])
    (checkout / ".venv" / "pyvenv.cfg").write_text(f"version = {made_by}\n", encoding="utf-8")
    stamp = _python(checkout, "import dev; print(dev.stamp(), end='')").stdout
    for name in ("isoswitch.stamp", "isoswitch.proof.stamp"):
        (checkout / ".venv" / name).write_text(stamp, encoding="utf-8")
    return checkout


def _python(checkout: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=checkout / "tools",
        capture_output=True,
        text=True,
        check=True,
    )


def _dev(
    checkout: Path, *arguments: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(checkout / "tools" / "dev.py"), *arguments],
        cwd=cwd or checkout,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["serve", "demo", "bench"])
def test_programs_get_arguments_and_the_place_where_the_person_is(ready: Path, name: str) -> None:
    """`serve --config shop.toml` means the file beside the person, wherever dev.py is."""
    elsewhere = ready / "elsewhere"
    elsewhere.mkdir()
    done = _dev(ready, name, "--config", "shop.toml", cwd=elsewhere)
    assert done.stdout == f"isoswitch in {elsewhere}: {name} --config shop.toml\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_tests_run_in_the_checkout(ready: Path, tmp_path: Path) -> None:
    """From any folder, `test` runs pytest in the checkout, with the arguments given."""
    done = _dev(ready, "test", "-k", "framing", cwd=Path("/"))
    assert done.stdout == f"python in {ready}: -m pytest -k framing\n"


def test_proof_takes_the_slow_tests_too(ready: Path) -> None:
    """`proof` lifts what the ordinary run leaves out, and tries properties harder."""
    tests = f"python in {ready}: -m pytest --hypothesis-profile=deep -m deep or not deep"
    fuzz = f"python in {ready}: -m tests.fuzz.run"
    done = _dev(ready, "proof", cwd=Path("/"))
    assert (done.stdout.splitlines(), done.returncode) == ([tests, fuzz], 0)
    assert _dev(ready, "proof", EXIT="1").returncode == 1
    assert _dev(ready, "proof", "-k", "framing").stdout == f"{tests} -k framing\n"


def test_parts_of_proof_run_alone(ready: Path) -> None:
    """`proof fuzz` and `proof mutants`, with their own arguments."""
    fuzz, mutants = _dev(ready, "proof", "fuzz", "9", "serials"), _dev(ready, "proof", "mutants")
    assert fuzz.stdout == f"python in {ready}: -m tests.fuzz.run 9 serials\n"
    assert mutants.stdout == f"python in {ready}: -m tests.mutation\n"


def test_proof_installs_what_it_alone_needs(ready: Path) -> None:
    """Its tools come with the first `proof`, once; no other command waits for them."""
    (ready / ".venv" / "isoswitch.proof.stamp").unlink()
    assert "setting up" not in _dev(ready, "test").stderr
    first, second = _dev(ready, "proof", "mutants"), _dev(ready, "proof", "mutants")
    assert "setting up" in first.stderr
    assert second.stderr == ""


def test_exit_code_of_the_program_is_passed_on(ready: Path) -> None:
    """What the command says is what dev.py says."""
    assert _dev(ready, "test", EXIT="5").returncode == 5


def test_check_runs_every_check_even_after_a_failure(ready: Path) -> None:
    """All checks are run and those that failed are named at the end."""
    done = _dev(ready, "check", EXIT="1")
    assert done.returncode == 1
    for part in ("ruff format --check", "ruff check", "mypy --strict", "lint-imports", "test_arch"):
        assert part in done.stdout
    assert "check: format, lint, types, layers, laws failed" in done.stdout
    assert "check: all is well" in _dev(ready, "check").stdout


def test_a_changed_requirement_sets_up_anew(ready: Path) -> None:
    """The stamp stands for pyproject.toml, constraints.txt, interpreter and place: a change of one
    installs again, once.
    """
    (ready / "constraints.txt").write_text("trio==0.0.1\n", encoding="utf-8")
    first, second = _dev(ready, "test"), _dev(ready, "test")
    assert "setting up" in first.stderr
    assert "set up." in first.stderr
    assert (second.stderr, second.stdout) == ("", first.stdout)


def test_a_failed_install_says_what_to_do(ready: Path) -> None:
    """A first run that cannot reach the libraries shows pip's words, a reason and a way out, and
    leaves no stamp that would hide it from the next run.
    """
    (ready / "constraints.txt").write_text("trio==0.0.1\n", encoding="utf-8")
    done = _dev(ready, "test", EXIT="1")
    assert done.returncode == 1
    assert "-m pip install" in done.stderr
    assert f"--editable {ready}[dev]" in done.stderr
    assert "the libraries could not be installed" in done.stderr
    assert "PIP_FIND_LINKS=" in done.stderr
    assert not (ready / ".venv" / "isoswitch.stamp").exists()


def test_a_python_without_venv_is_told_which_package_it_lacks(checkout: Path) -> None:
    """Debian ships ensurepip apart; the message names the package."""
    code = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "ensurepip" else found(name, *rest)
import dev
try:
    dev.set_up()
except SystemExit as stopped:
    print(stopped.code)
"""
    done = _python(checkout, code)
    assert done.stdout == "1\n"
    assert "python3-venv" in done.stderr


@pytest.mark.parametrize(
    "arguments, code, said",
    [
        ((), 2, "serve"),
        (("--help",), 0, "bench"),
        (("proof", "--help"), 0, "mutants"),
        (("fly",), 2, "there is no command 'fly'"),
    ],
)
def test_help_and_mistakes(
    checkout: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """Help needs no set-up; an unknown command is refused with the list of commands."""
    done = _dev(checkout, *arguments)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "python3 tools/dev.py COMMAND" in done.stdout + done.stderr
    assert not (checkout / ".venv").exists()


def test_an_old_python_is_refused_in_words(checkout: Path) -> None:
    """Under a Python that is too old the version is named, not a syntax error."""
    source = (checkout / "tools" / "dev.py").read_text()
    newest = source.replace("LOWEST: Final = (3, 11)", "LOWEST: Final = (9, 9)")
    assert newest != source
    (checkout / "tools" / "dev.py").write_text(newest, encoding="utf-8")
    done = _dev(checkout, "test", PATH="")
    assert done.returncode == 1
    assert "isoswitch needs Python 3.11 or newer" in done.stderr
