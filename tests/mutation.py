"""Whether the tests of the key room notice a fault: mutmut changes the code in one place after the
other, and each change that all tests of the module let pass is shown.

Owns which tests answer for a module, and how mutmut is run: in a copy that is thrown away, with few
examples of each property, module by module. Refuses to judge what survives: ``keys/mutants.md``
does. Run by ``tools/dev.py proof mutants [MODULE[.FUNCTION,FUNCTION]...]``.

Not changed are texts for people (the line of a ``raise`` and of a noted step), what stands outside
of functions, and functions with decorators, which mutmut leaves alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.keys.vector_files import VECTORS

ROOT: Final = Path(__file__).resolve().parent.parent
COPIED: Final = ("switch", "specs", "tests", "tools")
# Tests beside a module's own, by the beginning of its name.
HELPED: Final[dict[str, tuple[str, ...]]] = {
    "dukpt": ("test_vectors_pin", "test_dukpt_tdes", "test_dukpt_aes"),
    "emv": ("test_emv_chip", "test_emv_card", "test_differential_emv"),
    "key_block": ("test_key_block", "test_vectors_tr31", "test_differential_key_block"),
    "mac": ("test_mac", "test_differential_mac"),
    "pin": ("test_vectors_pin", "test_differential_pin", "test_pin_cipher"),
    "seal": ("test_vault",),
    "vault": ("test_vault", "test_vault_room", "test_vault_secrets"),
}
SETTINGS: Final = """
[tool.mutmut]
source_paths = ["switch"]
only_mutate = [{module}]
do_not_mutate_patterns = ["raise [A-Za-z_.]+\\\\(", "steps[.]note\\\\("]
also_copy = {copied}
use_git_change_detection = false
timeout_constant = 0.5
timeout_multiplier = 4.0
pytest_add_cli_args = [
  "--hypothesis-profile=quick", "--timeout=0", "-p", "no:cacheprovider", "-p", "no:tests.leak_watch"
]
pytest_add_cli_args_test_selection = {tests}
"""
# `mutmut show` of many mutants in one process: their names, then what is different.
SHOW: Final = """
import sys
from mutmut.mutation.diff_apply import get_diff_for_mutant

for name in sys.argv[1:]:
    lines = get_diff_for_mutant(name).splitlines()
    changed = [line for line in lines[3:] if line[:1] in "-+"]
    print(name.removeprefix("switch."), *changed, sep="\\n", end="\\n\\0")
"""


class Found(NamedTuple):
    """What became of a module's mutants. ``alive``: each that no test noticed, as a difference."""

    module: str
    killed: int
    timeouts: int
    alive: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.module}: {self.killed} killed, {self.timeouts} never ended, "
            f"{len(self.alive)} survived"
        )


def modules() -> list[str]:
    """All of the key room, and key serial numbers."""
    return [*sorted(file.stem for file in (ROOT / "switch" / "keys").glob("[!_]*.py")), "ksn"]


def tests_of(module: str) -> list[str]:
    """The test files that answer for a module."""
    names = [f"test_{module}"]
    for beginning, helpers in HELPED.items():
        if module.startswith(beginning):
            names += helpers
    files = [f"tests/{_home(module)}/{name}.py" for name in dict.fromkeys(names)]
    return [file for file in files if (ROOT / file).exists()]


def _home(module: str) -> str:
    return "model" if module == "ksn" else "keys"


def mutate(named: str, folder: Path) -> Found:
    """Run all mutants of a module, or of its functions, in a copy of the checkout in ``folder``."""
    module, _, functions = named.partition(".")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    settings = SETTINGS.format(
        module=json.dumps(f"switch/{_home(module)}/{module}.py"),
        copied=json.dumps(COPIED[1:]),
        tests=json.dumps(tests_of(module)),
    )
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "pyproject.toml").write_text(project + settings, encoding="utf-8")
    only = [f"*[._\u01c1]{each}__mutmut_*" for each in functions.split(",") if each]
    _mutmut(folder, "run", "--max-children", "1", *only)
    _mutmut(folder, "export-cicd-stats")
    counts = json.loads((folder / "mutants" / "mutmut-cicd-stats.json").read_text("utf-8"))
    alive = [
        name
        for name, _, fate in (
            line.strip().partition(": ") for line in _mutmut(folder, "results").splitlines()
        )
        if fate not in ("timeout", "killed", "not checked")
    ]
    shown = _run(folder, sys.executable, "-c", SHOW, *alive).split("\0")[:-1]
    return Found(named, counts["killed"], counts["timeout"], tuple(shown))


def _mutmut(folder: Path, *arguments: str) -> str:
    return _run(folder, str(Path(sys.executable).parent / "mutmut"), *arguments)


def _run(folder: Path, *program: str) -> str:
    done = subprocess.run(
        program,
        cwd=folder,
        env={**os.environ, "ISOSWITCH_VECTORS": str(VECTORS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(program)} failed:\n{done.stdout[-3000:]}")
    return done.stdout


def main(names: Sequence[str]) -> int:
    """Mutate what is named, or all modules; the count of each is told, and what survived."""
    os.nice(10)
    for named in names or modules():
        with tempfile.TemporaryDirectory(prefix="isoswitch-mutants-") as folder:
            found = mutate(named, Path(folder))
        sys.stdout.write("\n".join((*found.alive, str(found), "")))
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
