"""Whole durable purchases over loopback: a switch in one process, terminals in another.

Owns both processes, the rounds taken in turn with pyiso8583, and the reading of the server's CPU
time from outside. Refuses to know what happens inside the switch.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, Any, Final

from switch.errors import IsoswitchError
from switch_tools.bench_codec import reference_job
from switch_tools.bench_rounds import cpu_us, ratio
from switch_tools.bench_world import LISTENER, configuration

TERMINALS: Final = (1, 16, 64)
START_S: Final = 600.0  # a full store is checked whole before it is served from
SETTLE_S: Final = 0.3  # after a window: delivery reports and log lines are the server's work too
REFERENCE_COUNT: Final = 1000


@dataclass(frozen=True, slots=True)
class WholeFigure:
    """So many terminals, one purchase under way each. ``times_reference``: server CPU time of one
    purchase over pyiso8583's for decoding its request and encoding its answer.
    """

    terminals: int
    purchases: int
    per_second: float
    server_us: float
    times_reference: float
    p50_ms: float
    p99_ms: float


def server_cpu_ns(pid: int) -> int:
    """CPU time of a process, all its threads, from its CPU-time clock (clock_getcpuclockid(3))."""
    return time.clock_gettime_ns((~pid << 3) | 2)


@contextmanager
def running_switch(folder: Path, configured: str = "") -> Iterator[tuple[int, int]]:
    """A switch on a free port with its store in the folder: process id and port."""
    config, log = folder / "bench.toml", folder / "log.jsonl"
    config.write_text(configured or configuration(), encoding="utf-8")
    log.unlink(missing_ok=True)  # that of an earlier start would tell of its port
    said = folder / "serve.txt"
    program = [sys.executable, "-m", "switch", "serve", "--config", str(config)]
    with said.open("w") as out:
        server = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [*program, "--data", str(folder), "--log", str(log)], stdout=out, stderr=out
        )
    try:
        yield server.pid, _port(server, log, said)
    finally:
        server.terminate()
        try:
            server.wait(START_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _port(server: subprocess.Popen[bytes], log: Path, said: Path) -> int:
    """The port that the log names once the switch is ready."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        lines = log.read_text().splitlines() if log.exists() else []
        events = [json.loads(line) for line in lines if line.endswith("}")]
        if any(event["event"] == "serve.ready" for event in events):
            return next(
                int(event["port"])
                for event in events
                if event["event"] == "listener.open" and event["name"] == LISTENER
            )
        time.sleep(0.01)
    raise IsoswitchError(f"the switch did not start: {said.read_text().strip()[-500:]}")


class Load:
    """The process with the terminals. ``module``: its program, which is given the port and what
    else is in ``more``.
    """

    def __init__(self, port: int, module: str = "switch_tools.bench_load", *more: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [sys.executable, "-m", module, str(port), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def window(self, terminals: int, seconds: float) -> dict[str, Any]:
        """So many terminals buy for so long."""
        return self.ask(terminals=terminals, seconds=seconds)

    def ask(self, **command: object) -> dict[str, Any]:
        """One command of the program, done."""
        commands = self._pipe(self._process.stdin)
        commands.write(json.dumps(command) + "\n")
        commands.flush()
        return self._answer()

    def close(self) -> None:
        """End it. Idempotent."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        line = self._pipe(self._process.stdout).readline()
        if not line:
            failure = self._pipe(self._process.stderr).read().strip().splitlines()
            said = failure[-1] if failure else "no word from it"
            raise IsoswitchError(f"the terminals of the bench stopped: {said}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


@dataclass(frozen=True, slots=True)
class _Window:
    figures: dict[str, Any]
    server_us: float


def measure(
    folder: Path, rounds: int, seconds: float, terminals: Sequence[int] = TERMINALS
) -> list[WholeFigure]:
    """Rounds of: pyiso8583, then a window for each number of terminals."""
    reference = reference_job()
    reference_us: list[float] = []
    windows: dict[int, list[_Window]] = {count: [] for count in terminals}
    with running_switch(folder) as (pid, port):
        load = Load(port)
        try:
            load.window(max(terminals), seconds)  # warms up: functions compiled, rows cached
            for _ in range(rounds):
                reference_us.append(cpu_us(reference, REFERENCE_COUNT))
                for count in terminals:
                    windows[count].append(_window(load, pid, count, seconds))
        finally:
            load.close()
    return [_figure(count, windows[count], reference_us) for count in terminals]


def _window(load: Load, pid: int, terminals: int, seconds: float) -> _Window:
    before_ns = server_cpu_ns(pid)
    figures = load.window(terminals, seconds)
    time.sleep(SETTLE_S)
    took_us = (server_cpu_ns(pid) - before_ns) / 1000
    return _Window(figures, took_us / figures["purchases"])


def _figure(
    terminals: int, windows: Sequence[_Window], reference_us: Sequence[float]
) -> WholeFigure:
    server_us = [window.server_us for window in windows]
    found = [window.figures for window in windows]
    return WholeFigure(
        terminals=terminals,
        purchases=sum(figures["purchases"] for figures in found),
        per_second=median(figures["purchases"] / figures["seconds"] for figures in found),
        server_us=median(server_us),
        times_reference=ratio(server_us, reference_us),
        p50_ms=median(figures["p50_ms"] for figures in found),
        p99_ms=median(figures["p99_ms"] for figures in found),
    )
