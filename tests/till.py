"""``isoswitch terminal`` as the tests use it: the same options each time, what it says as data."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from click.testing import CliRunner, Result

from switch.cli import main


class Till:
    """One terminal on the command line."""

    def __init__(self, *options: str) -> None:
        self.options = options

    def run(self, command: str, *more: str) -> Result:
        """One command, in this process: a fresh one would spend most of its time on imports."""
        arguments = ["terminal", command, *self.options, *more]
        return CliRunner(catch_exceptions=False).invoke(main, arguments)

    def run_alone(self, command: str, *more: str) -> subprocess.CompletedProcess[str]:
        """One command, in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "switch", "terminal", command, *self.options, *more],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ask(self, command: str, *more: str, code: int = 0) -> dict[str, Any]:
        """One command, its exit code as expected; what it says as JSON."""
        done = self.run(command, "--json", *more)
        assert done.exit_code == code, f"{command} {more}: {done.stdout}{done.stderr}"
        said: dict[str, Any] = json.loads(done.stdout)
        assert said["exit"] == code
        return said
