"""Runs the fuzz targets guided by coverage (atheris), for so many seconds each.

Owns how atheris is started: a process for each target, since a fuzzer never comes back. Refuses to
know what a target tries. Run by ``tools/dev.py proof fuzz [SECONDS] [TARGET...]``; where atheris is
not installed, which it is on Python 3.11 alone, it says so and is content.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

SECONDS: Final = 60
SLOWEST: Final = 5  # seconds that one input may take
LONGEST: Final = 1100  # bytes of an input: more than a message can carry
ROOT: Final = Path(__file__).resolve().parents[2]
INSTRUMENTED: Final = ["switch"]
_RUNS: Final = re.compile(r"^Done (\d+) runs in (\d+) second", re.MULTILINE)
_REACHED: Final = re.compile(r"cov: (\d+)")


def main(arguments: Sequence[str]) -> int:
    """Run the targets named, or all, one after the other; 1 where one found something."""
    if arguments and arguments[0] == "--guided":
        return guided(arguments[1], list(arguments[2:]))
    named = list(arguments)
    seconds = int(named.pop(0)) if named and named[0].isdecimal() else SECONDS
    targets = importlib.import_module("tests.fuzz.targets").TARGETS
    if strange := set(named) - set(targets):
        sys.stderr.write(f"no such target: {', '.join(strange)}; there are {', '.join(targets)}\n")
        return 2
    if importlib.util.find_spec("atheris") is None:
        sys.stdout.write(f"fuzz: skipped {', '.join(named or targets)}: atheris is not installed\n")
        return 0
    return max(_run(name, seconds, targets[name].seeds) for name in named or list(targets))


def _run(name: str, seconds: int, seeds: Sequence[bytes]) -> int:
    """One target in a process of its own, with its seeds as the corpus to begin with."""
    with tempfile.TemporaryDirectory(prefix="isoswitch-fuzz-") as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        options = [
            f"-max_total_time={seconds}", f"-timeout={SLOWEST}", f"-max_len={LONGEST}",
            f"-artifact_prefix={folder}/",
        ]  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.run", "--guided", name, *options, str(corpus)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            found = [file.read_bytes() for file in Path(folder).iterdir() if file.is_file()]
            sys.stdout.write(f"{done.stdout[-4000:]}\n{name}: found {found}\n")
            return 1
    runs, reached = _RUNS.search(done.stdout), _REACHED.findall(done.stdout)
    told = f"{runs[1]} inputs in {runs[2]} s" if runs else f"{seconds} s"
    sys.stdout.write(f"fuzz: {name}: {told}, {reached[-1] if reached else '?'} edges reached\n")
    sys.stdout.flush()
    return 0


def guided(name: str, options: list[str]) -> int:
    """Fuzz one target until its time is over, with the code under it instrumented."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=INSTRUMENTED):
        targets = importlib.import_module("tests.fuzz.targets").TARGETS
    atheris.Setup([sys.argv[0], *options], targets[name].one)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
