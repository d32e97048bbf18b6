"""What the running switch must survive: crowds, slow and hostile peers, a log that nobody reads."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from click.testing import CliRunner

from switch.cli import main

CROWD = """
import resource, socket, sys
port, count = int(sys.argv[1]), int(sys.argv[2])
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 100), hard))
kept = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
print("there", flush=True)
sys.stdin.readline()
open_ones = 0
for sock in kept:
    sock.setblocking(False)
    try:
        sock.recv(1)
    except BlockingIOError:
        open_ones += 1
print(open_ones, flush=True)
"""


def crowd(port: int, count: int) -> subprocess.Popen[str]:
    """A process with so many idle connections; a line on its stdin asks how many are still open."""
    return subprocess.Popen(
        [sys.executable, "-c", CROWD, str(port), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_five_thousand_idle_connections(town: Any, dial: Callable[..., Any]) -> None:
    """W-17: all are kept while others are served."""
    with crowd(town.ports["iso87-ascii"], 5000) as idle:
        assert idle.stdout is not None
        assert idle.stdout.readline() == "there\n"
        peer = dial(town)
        answers = [peer.buy(stan, de4="000000000100")["39"] for stan in range(1, 101)]
        assert town.status()["connections"] >= 5001
        said, _ = idle.communicate("\n", timeout=60)
    assert answers == ["00"] * 100
    assert said == "5000\n"


def test_resets_in_every_place(town: Any, dial: Callable[..., Any]) -> None:
    """Before a byte, inside a frame, behind a request, between answers: the process stays up."""
    peer = dial(town)
    data = peer.purchase(1)
    places = [b"", data[:1], data[:40], data, data + data[:40], data * 3]
    for number in range(120):
        hostile = dial(town)
        hostile.send(places[number % len(places)])
        hostile.reset()
    assert peer.buy(2)["39"] == "00"
    assert town.log("internal.error") == []
    assert town.process.poll() is None


def test_senders_of_one_byte_a_second(town: Any, dial: Callable[..., Any]) -> None:
    """W-08: two hundred of them; the others are served."""
    slow = [dial(town) for _ in range(200)]
    data = slow[0].purchase(1)
    peer = dial(town)
    for second in range(3):
        for sender in slow:
            sender.send(data[second : second + 1])
        stan = 10 * second
        answers = {peer.buy(stan + n, de4="000000000100")["39"] for n in range(10)}
        assert answers == {"00"}
        time.sleep(0.3)
    assert town.status()["connections"] >= 201


def test_a_log_that_nobody_reads(make_host: Callable[..., Any], dial: Callable[..., Any]) -> None:
    """P-09: payments go on past a full pipe, and the exit is not held up."""
    reader, writer = os.pipe()
    host = make_host("--port-base", "0", "--log", "-")
    try:
        host.start(stdout=writer)
        os.close(writer)
        peer = dial(host)
        answers = {peer.buy(stan, de4="000000000100")["39"] for stan in range(1, 301)}
        assert answers == {"00"}
        assert host.stop() == 0
    finally:
        os.close(reader)


def test_a_full_disk(make_host: Callable[..., Any], dial: Callable[..., Any]) -> None:
    """S-05: no approval while nothing can be written; then it works again by itself."""
    host = make_host().start()
    peer = dial(host)
    assert peer.buy(1, de4="000000000100")["39"] == "00"
    pid = host.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    refused = [peer.buy(stan, de4="000000000100")["39"] for stan in range(2, 12)]
    assert host.status()["health"] == "degraded"
    told = CliRunner().invoke(main, ["status", "--data", str(host.data)]).output
    assert "degraded" in told
    assert "requests are refused (96): " in told
    assert str(host.data / "switch.db") in told
    assert "lines of the log were lost" in told
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
    assert refused == ["96"] * 10
    assert [peer.buy(stan, de4="000000000100")["39"] for stan in range(2, 12)] == ["00"] * 10
    assert host.status()["health"] == "ok"
    host.kill()
    host.start()
    assert dial(host).buy(11, de4="000000000100")["39"] == "00"
    assert host.log("internal.error") == []
