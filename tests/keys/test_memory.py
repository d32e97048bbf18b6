"""Keys stay in memory: no core file, no swap where the system allows it (SR-KEY-13)."""

from __future__ import annotations

import subprocess
import sys

import pytest

TELL = """
import resource
from switch.keys.memory import lock_memory, no_core_dumps
{before}
no_core_dumps()
locked = lock_memory()
kib = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmLck"))
print(resource.getrlimit(resource.RLIMIT_CORE), locked, int(kib) > 0)
"""
LIMITED = "resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))"
UNLIMITED = "resource.setrlimit(resource.RLIMIT_MEMLOCK, (-1, -1))"


def told(before: str) -> str:
    """What a process of its own says of itself, or why it could not try."""
    program = [sys.executable, "-c", TELL.format(before=before)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    if "not allowed to raise maximum limit" in done.stderr:
        pytest.skip("this user may not lift the limit of locked memory")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_no_core_file_is_written_and_a_small_limit_locks_nothing() -> None:
    """A process that locked under a limit would die when it grows."""
    assert told(LIMITED) == "(0, 0) False False"


def test_memory_is_locked_where_the_limit_is_lifted() -> None:
    """As the kernel tells: or the kernel refuses, and that is what is said."""
    said = told(UNLIMITED)
    assert said in ("(0, 0) True True", "(0, 0) False False")
