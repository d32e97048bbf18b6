"""A real ``isoswitch serve`` on free ports in a temporary folder, as a fixture."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from switch.server.asking import ControlError, ask
from switch.wire.codec import Codec
from switch.wire.dialect import Dialect, load_dialect
from switch.wire.framer import Framer

START_S = 60.0
STOP_S = 20.0
_TERMINALS = count(1)


class HostProcess:
    """One running switch; restartable in the same data folder.

    ``ports`` has the port number of each listener by name, as it came up.
    """

    def __init__(self, data: Path, arguments: Sequence[str] = ("--port-base", "0")) -> None:
        self.data = data
        self.arguments = list(arguments)
        self.ports: dict[str, int] = {}
        self.shared = False
        self.process: subprocess.Popen[bytes] | None = None
        self._forgotten = 0

    @property
    def log_path(self) -> Path:
        """Where its log is."""
        return self.data / "log.jsonl"

    @property
    def errors_path(self) -> Path:
        """What it said on standard error."""
        return self.data.with_name(self.data.name + ".stderr")

    def command(self, *more: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "switch", *more]

    def spawn(self, **popen: Any) -> subprocess.Popen[bytes]:
        """Start without waiting for it to be ready."""
        popen.setdefault("stdout", subprocess.DEVNULL)
        with self.errors_path.open("ab") as errors:
            self.process = subprocess.Popen(
                self.command("serve", "--data", str(self.data), *self.arguments),
                stderr=errors,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONWARNINGS": "error::DeprecationWarning:switch"},
                **popen,
            )
        return self.process

    def start(self, **popen: Any) -> HostProcess:
        """Start and wait until the ports are open."""
        process = self.spawn(**popen)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            with suppress(ControlError):
                status = self.status()
                if status["pid"] == process.pid:
                    self.ports = {item["name"]: item["port"] for item in status["listeners"]}
                    return self
            time.sleep(0.02)
        raise AssertionError(f"the switch did not come up:\n{self.errors()}")

    def status(self) -> dict[str, Any]:
        """What ``isoswitch status`` says."""
        return ask(self.data, "status")

    def errors(self) -> str:
        """Standard error so far."""
        return self.errors_path.read_text() if self.errors_path.exists() else ""

    def log(self, event: str = "") -> list[dict[str, Any]]:
        """Lines of the log so far, of one event or all."""
        if not self.log_path.exists():
            return []
        whole = self.log_path.read_text()[self._forgotten :].rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if not event or line["event"] == event]

    def forget_log(self) -> None:
        """From now on ``log`` has only what comes: for a host that several tests share."""
        self._forgotten = len(self.log_path.read_text())

    def await_log(self, event: str, count: int = 1, within_s: float = 15.0) -> list[dict[str, Any]]:
        """Wait until so many lines of an event were written."""
        deadline = time.monotonic() + within_s
        while len(found := self.log(event)) < count:
            if time.monotonic() > deadline:
                last = "\n".join(str(line)[:300] for line in self.log()[-12:])
                said = f"{event}: {len(found)} of {count} lines"
                raise AssertionError(f"{said}:\n{last}")
            time.sleep(0.02)
        return found

    def connect(self, name: str) -> socket.socket:
        """A connection to a listener."""
        return socket.create_connection(("127.0.0.1", self.ports[name]), timeout=15)

    def signal(self, number: int) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, within_s: float = STOP_S) -> int:
        """Wait for the end; its exit code."""
        assert self.process is not None
        return self.process.wait(within_s)

    def stop(self) -> int:
        """Stop in order; the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """``kill -9``."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(STOP_S)


@cache
def _wire(name: str) -> tuple[Dialect, Codec]:
    dialect = load_dialect(name)
    return dialect, Codec(dialect.layout)


class Dialled:
    """A peer of a listener that speaks its dialect in raw fields, to say what no terminal would."""

    def __init__(self, host: HostProcess, name: str, terminal: str) -> None:
        self.terminal = terminal
        self.dialect, self._codec = _wire(name)
        self._framer = Framer(self.dialect.framing)
        self.socket = host.connect(name)

    def purchase(self, stan: int, **changes: str) -> bytes:
        """The frame of a purchase of 10.00 (fields of the 1987 standard)."""
        fields = {
            "t": "0200",
            "2": "4761739001010010",
            "3": "000000",
            "4": "000000001000",
            "7": "1124120000",
            "11": f"{stan:06d}",
            "12": "120000",
            "13": "1124",
            "14": "4912",
            "22": "012",
            "25": "00",
            "41": self.terminal,
            "42": "DEMOMERCHANT001",
            "49": "840",
        }
        fields |= {key.removeprefix("de"): value for key, value in changes.items()}
        fields = {key: value for key, value in fields.items() if value}  # an empty one is left out
        return self._framer.encode(self._codec.encode(fields))

    def send(self, data: bytes) -> None:
        """Raw bytes."""
        self.socket.sendall(data)

    def receive(self) -> dict[str, str] | None:
        """The next answer's fields, ``None`` at the end of the stream."""
        while (frame := self._framer.next_frame()) is None:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self._framer.receive_data(data)
        return self._codec.decode(frame.body)

    def buy(self, stan: int, **changes: str) -> dict[str, str]:
        """A purchase and its answer."""
        self.send(self.purchase(stan, **changes))
        answer = self.receive()
        assert answer is not None
        return answer

    def reset(self) -> None:
        """Close with a RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@pytest.fixture
def dial() -> Iterator[Callable[..., Dialled]]:
    """Dials listeners: ``dial(host)``, ``dial(host, "hypercom")``; each test is a terminal of its
    own where the host is shared.
    """
    made: list[Dialled] = []
    fresh = f"T{next(_TERMINALS):07d}"

    def connect(host: HostProcess, name: str = "iso87-ascii") -> Dialled:
        made.append(Dialled(host, name, fresh if host.shared else "DEMO0001"))
        return made[-1]

    yield connect
    for peer in made:
        peer.socket.close()


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[Callable[..., HostProcess]]:
    """Makes switches that are gone after the test: ``make_host("--config", "x.toml")``."""
    made: list[HostProcess] = []

    def make(*arguments: str, name: str = "data") -> HostProcess:
        host = HostProcess(tmp_path / name, arguments or ("--port-base", "0"))
        made.append(host)
        return host

    yield make
    for host in made:
        host.kill()


@pytest.fixture
def host(make_host: Callable[..., HostProcess]) -> HostProcess:
    """The demo world on free ports."""
    return make_host().start()


@pytest.fixture(scope="session")
def host_class() -> type[HostProcess]:
    """For fixtures of a module that make a switch of their own."""
    return HostProcess


@pytest.fixture(scope="session")
def _town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    host = HostProcess(tmp_path_factory.mktemp("town") / "data")
    host.shared = True
    yield host.start()
    host.kill()


@pytest.fixture
def town(_town: HostProcess) -> HostProcess:
    """The demo world, shared by tests that neither stop nor restart it: a start takes time."""
    _town.forget_log()
    return _town
