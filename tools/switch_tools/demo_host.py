"""The switch that the demonstration plays with: a real process in a temporary folder.

Owns starting and stopping it, reading its log, and asking it things with the commands that a person
would use. Refuses to know the scenes.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from switch.errors import IsoswitchError
from switch.server.asking import ControlError, ask

START_S: Final = 30.0
STOP_S: Final = 20.0
LOG_S: Final = 5.0
POLL_S: Final = 0.02


class DemoError(IsoswitchError):
    """The demonstration cannot be played."""


class OwnHost:
    """A real ``isoswitch serve`` with the demo world, on free ports of loopback."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "switch"
        self._errors = folder / "switch.stderr"
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0
        self.ports: dict[str, int] = {}

    async def start(self) -> None:
        """Start and wait until its ports are open. Raises DemoError with what it said."""
        command = [sys.executable, "-m", "switch", "serve", "--data", str(self.data)]
        self._process = self._spawned([*command, "--port-base", "0"])
        with trio.move_on_after(START_S):
            while self._process.poll() is None:
                if self._is_up(self._process.pid):
                    return
                await trio.sleep(POLL_S)
        self.kill()
        raise DemoError(f"the switch did not come up: {self._errors.read_text().strip()}")

    def _spawned(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._errors.open("wb") as errors:
            return subprocess.Popen(  # noqa: S603 - our own program, no shell
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
            )

    def _is_up(self, pid: int) -> bool:
        try:
            status = ask(self.data, "status")
        except ControlError:
            return False
        self.ports = {item["name"]: item["port"] for item in status["listeners"]}
        return bool(status["pid"] == pid)

    async def command(self, *arguments: str) -> tuple[int, str]:
        """What ``isoswitch`` with these arguments says about this switch, and its exit code."""
        command = [sys.executable, "-m", "switch", *arguments, "--data", str(self.data)]
        told = partial(trio.run_process, stdin=b"", capture_stdout=True, capture_stderr=True)
        done = await told(command, check=False)
        return done.returncode, (done.stdout + done.stderr).decode()

    async def stop(self) -> int:
        """Stop in order, as an operator would; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        with trio.move_on_after(STOP_S):
            await trio.to_thread.run_sync(self._process.wait, abandon_on_cancel=True)
        self.kill()
        return int(self._process.returncode)

    def kill(self) -> None:
        """Make sure that nothing is left running."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(STOP_S)

    async def decisions(self, count: int) -> list[dict[str, Any]]:
        """The next ``count`` decisions of its log; fewer when they do not come in time."""
        found: list[dict[str, Any]] = []
        for _ in range(round(LOG_S / POLL_S)):  # the log is written off the switch's loop
            found += [line for line in self._new_lines() if line["event"] == "transaction"]
            if len(found) >= count:
                break
            await trio.sleep(POLL_S)
        return found

    def _new_lines(self) -> list[dict[str, Any]]:
        path = self.data / "log.jsonl"
        if not path.exists():
            return []
        with path.open("rb") as stream:
            stream.seek(self._read)
            whole = stream.read().rpartition(b"\n")[0]
        if not whole:
            return []
        self._read += len(whole) + 1
        return [json.loads(line) for line in whole.splitlines()]
