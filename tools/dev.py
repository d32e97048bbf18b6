#!/usr/bin/env python3
"""The one door for a newcomer: sets up ``.venv`` and runs what was asked for.

Owns the set-up of a checkout on a bare machine: Python and nothing else. Uses the standard library
only and refuses to know what the commands do; their arguments are passed on as they are.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

LOWEST: Final = (3, 11)
ROOT: Final = Path(__file__).resolve().parent.parent
VENV: Final = ROOT / ".venv"
STAMP: Final = VENV / "isoswitch.stamp"  # of extra libraries: isoswitch.NAME.stamp

HELP: Final = """\
python3 tools/dev.py COMMAND [ARGUMENTS]

  serve   run a switch; without --config, a demo world on loopback
  demo    play a day over TCP, from sign-on to a settlement out of balance
  test    run the tests; arguments go to pytest
  proof   run the tests, the slow ones too, with many more examples, then fuzz the key room;
          proof fuzz [SECONDS] [TARGET...]  proof mutants [MODULE...]  proof PYTEST-ARGUMENTS
  check   formatter, linter, types, layers, laws of the house
  bench   measure codec, decisions, whole purchases, rules, keys, a full store

The first run sets up .venv, which takes about half a minute; later ones start at once.
Arguments go to the command: python3 tools/dev.py serve --help
"""

_ASKS: Final = {"-h", "--help", "help"}
ISOSWITCH: Final = (str(VENV / "bin" / "isoswitch"),)
PYTHON: Final = (str(VENV / "bin" / "python"),)
PYTEST: Final = (*PYTHON, "-m", "pytest")
PROGRAMS: Final = {
    "serve": (*ISOSWITCH, "serve"),
    "demo": (*ISOSWITCH, "demo"),
    "bench": (*ISOSWITCH, "bench"),
    "test": PYTEST,
}
PROOF: Final = {
    "": (*PYTEST, "--hypothesis-profile=deep", "-m", "deep or not deep"),
    "fuzz": (*PYTHON, "-m", "tests.fuzz.run"),
    "mutants": (*PYTHON, "-m", "tests.mutation"),
}
CHECKS: Final = (
    ("format", (*PYTHON, "-m", "ruff", "format", "--check", "--quiet")),
    ("lint", (*PYTHON, "-m", "ruff", "check", "--quiet")),
    ("types", (*PYTHON, "-m", "mypy", "--strict", "--no-error-summary")),
    ("layers", (str(VENV / "bin" / "lint-imports"), "--no-logo")),
    ("laws", (*PYTEST, "-q", "tests/test_architecture.py")),
)


def become(*program: str) -> NoReturn:
    """Turn this process into the program, so that signals and the exit code are its own."""
    sys.stdout.flush()
    os.execv(program[0], program)  # noqa: S606 - a command of this project, no shell


def main(arguments: list[str]) -> int:
    """Run the command that the arguments name; returns the exit code."""
    # What is asked of a program is the program's to answer; proof is several.
    asked = arguments[:1] if arguments[:1] != ["proof"] else arguments
    if not arguments or _ASKS & set(asked):
        print(HELP, end="")
        return 0 if arguments else 2
    name, *rest = arguments
    if name not in PROGRAMS and name not in ("check", "proof"):
        print(f"dev.py: there is no command {name!r}\n\n{HELP}", end="", file=sys.stderr)
        return 2
    set_up()
    if name == "check":
        return check()
    if name == "proof":
        return proof(rest)
    if name == "test":  # the others stay where the person is, for relative paths
        os.chdir(ROOT)
    become(*PROGRAMS[name], *rest)


def proof(arguments: list[str]) -> int:
    """The tests, then the fuzzers; or what the arguments name. 1 when any failed."""
    set_up("proof")
    os.chdir(ROOT)
    if arguments and arguments[0] in PROOF:
        become(*PROOF[arguments[0]], *arguments[1:])
    if arguments:
        become(*PROOF[""], *arguments)
    failed = [subprocess.call(PROOF[part]) for part in ("", "fuzz")]
    return 1 if any(failed) else 0


def check() -> int:
    """Run all checks, also after one failed; 1 when any did."""
    failed = []
    for name, program in CHECKS:
        print(f"== {name}", flush=True)
        if subprocess.call(program, cwd=ROOT):
            failed.append(name)
    print(f"check: {', '.join(failed)} failed" if failed else "check: all is well", flush=True)
    return 1 if failed else 0


def set_up(extra: str = "dev") -> None:
    """Make ``.venv`` what pyproject.toml and constraints.txt ask for, unless it is."""
    stamped = STAMP if extra == "dev" else STAMP.with_suffix(f".{extra}.stamp")
    with _alone():
        wanted = stamp()
        if _read(stamped) == wanted:
            return
        say(f"setting up {VENV} with Python {version()} (once, about half a minute) ...")
        if not _made_by_this_python():
            _make()
        stamped.unlink(missing_ok=True)
        _install(extra)
        stamped.write_text(wanted, encoding="utf-8")
        say("set up.")


def stamp() -> str:
    """A digest of what ``.venv`` is made from: what is asked for, the interpreter, the place."""
    digest = hashlib.sha256(f"{version()}\n{ROOT}\n".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def version() -> str:
    """The version of this interpreter, such as 3.11.7."""
    return ".".join(str(part) for part in sys.version_info[:3])


def _made_by_this_python() -> bool:
    settings = _read(VENV / "pyvenv.cfg").splitlines()
    return f"version = {version()}" in settings and Path(PYTHON[0]).exists()


def _make() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        stop(
            f"this Python ({sys.executable}) cannot make virtual environments",
            "install its venv package first, on Debian and Ubuntu:  apt-get install python3-venv",
        )
    made = _run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    if made.returncode:
        stop(
            "the virtual environment could not be made",
            "is there space, and may you write here? On Debian and Ubuntu python3-venv is needed",
            made.stdout,
        )


def _install(extra: str) -> None:
    installed = _run(
        [
            *(PYTHON[0], "-m", "pip", "install", "--disable-pip-version-check", "--no-input"),
            *("--constraint", str(ROOT / "constraints.txt"), "--editable", f"{ROOT}[{extra}]"),
        ]
    )
    if installed.returncode:
        tail = "\n".join(installed.stdout.splitlines()[-25:])
        stop(
            "the libraries could not be installed",
            "without a network, point pip to a folder of wheels and try again:\n"
            "  PIP_NO_INDEX=1 PIP_FIND_LINKS=/path/to/wheels python3 tools/dev.py ...",
            tail,
        )


def _run(program: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


@contextmanager
def _alone() -> Iterator[None]:
    """Two first runs at once wait for each other."""
    with Path(__file__).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def say(sentence: str) -> None:
    """To the person, beside what the command prints."""
    print(f"dev.py: {sentence}", file=sys.stderr, flush=True)


def stop(what: str, cure: str, output: str = "") -> NoReturn:
    """End with what went wrong and what to do."""
    if output:
        print(output, file=sys.stderr)
    say(what)
    say(cure)
    raise SystemExit(1)


def newer_python() -> str | None:
    """A Python on the path that is new enough, where this one is not."""
    for name in ("python3.13", "python3.12", "python3.11"):
        path = shutil.which(name)
        if path and not _run([path, "-c", ""]).returncode:
            return path
    return None


if __name__ == "__main__":
    if sys.version_info < LOWEST:
        newer = newer_python()
        if newer is None:
            stop(
                f"isoswitch needs Python 3.11 or newer; this is {version()} ({sys.executable})",
                "install a newer one and start again:  python3.11 tools/dev.py ...",
            )
        become(newer, *sys.argv)
    sys.exit(main(sys.argv[1:]))
