"""How the real program stops: in order under load, at once for a store that cannot be trusted, and
by kill -9 at the two moments that matter, before a commit and behind it.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

# The same program with a store that does something else at the n-th append of a purchase.
PATCHED = """\
import os, signal, sys
from switch import app
from switch.cli import main
from switch.store.port import StoreBroken

class Faulty(app.SqliteStore):
    def append(self, changes):
        if not any(change.what == "request" for change in changes):
            return super().append(changes)
        if {what!r} == "die before":
            os.kill(os.getpid(), signal.SIGKILL)
        if {what!r} == "broken sync":
            raise StoreBroken("the sync failed; check the disk, then start again")
        done = super().append(changes)
        if {what!r} == "die behind":
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    def close(self):
        super().close()
        if {what!r} == "broken close":
            raise StoreBroken("the last sync failed; check the disk, then start again")

app.SqliteStore = Faulty
main(sys.argv[1:])
"""


def with_fault(host: Any, what: str) -> Any:
    """The host, to be started with that fault."""
    host.command = lambda *more: [sys.executable, "-c", PATCHED.format(what=what), *more]
    return host


@pytest.mark.parametrize(("what", "kept"), [("die before", False), ("die behind", True)])
def test_a_kill_around_the_commit(
    make_host: Callable[..., Any], dial: Callable[..., Any], what: str, kept: bool
) -> None:
    """S-01, P-04, INV-02: before the commit there is no trace and the repeat is new; behind it the
    repeat gets the answer that was stored, and the ports open only after that was looked at.
    """
    host = with_fault(make_host(), what).start()
    host.await_log("recovery")  # the log is written beside the work: a kill may take its end
    peer = dial(host)
    peer.send(peer.purchase(1))
    assert peer.receive() is None
    assert host.wait() == -signal.SIGKILL
    del host.command
    host.start()
    assert host.await_log("recovery", 2)[1]["unfinished"] == int(kept)
    events = [line["event"] for line in host.log()]
    begun = events[events.index("serve.start", 1) :]
    assert begun.index("recovery") < begun.index("listener.open") < begun.index("serve.ready")
    answer = dial(host).buy(1)
    assert answer["39"] == "00"
    assert dial(host).buy(1) == answer
    lines = host.await_log("transaction", 2)
    assert ["records" in line for line in lines] == ([False, False] if kept else [True, False])


@pytest.mark.parametrize("what", ["broken sync", "broken close"])
def test_a_failed_sync_ends_the_process_with_70(
    make_host: Callable[..., Any], dial: Callable[..., Any], what: str
) -> None:
    """S-06: at once, with one sentence; no approval was said that is not there afterwards."""
    host = with_fault(make_host(), what).start()
    peer = dial(host)
    peer.send(peer.purchase(1))
    if what == "broken sync":
        assert peer.receive() is None
    else:
        assert peer.receive()["39"] == "00"
        host.signal(signal.SIGTERM)
    assert host.wait() == 70
    assert "sync failed; check the disk" in host.errors()
    assert "Traceback" not in host.errors()
    assert host.log("store.broken")
    del host.command
    host.start()
    assert dial(host).buy(1)["39"] == "00"


def test_a_stop_under_load_loses_nothing(
    make_host: Callable[..., Any], dial: Callable[..., Any]
) -> None:
    """P-01: what is in flight is finished, the exit code is 0, and each answer that anybody heard
    is given again after the next start.
    """
    host = make_host().start()
    heard: dict[int, dict[str, str]] = {}
    peers = [dial(host) for _ in range(8)]

    def load(number: int) -> None:
        peer, stan = peers[number], 1000 * number
        try:
            while True:
                peer.send(b"".join(peer.purchase(stan + n, de4="000000000100") for n in range(5)))
                for _ in range(5):
                    answer = peer.receive()
                    if answer is None:
                        return
                    heard[int(answer["11"])] = answer
                stan += 5
        except ConnectionError:
            return

    threads = [threading.Thread(target=load, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    while len(heard) < 100:
        time.sleep(0.01)
    assert host.stop() == 0
    for thread in threads:
        thread.join()
    assert {answer["39"] for answer in heard.values()} == {"00"}
    assert host.log("serve.drain")
    assert host.log("serve.stop")[0]["code"] == 0
    host.start()
    assert host.await_log("recovery", 2)[1]["unfinished"] == 0
    peer = dial(host)
    for stan, answer in heard.items():
        assert peer.buy(stan, de4="000000000100") == answer
