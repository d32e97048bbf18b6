"""The wire rows of the fault scenarios against the real program. Short deadlines, real sockets."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.small_world import small_world

HASTE = """\
[settings]
test_ranges = ["4761739"]

[limits]
frame_s = 1.0
write_s = 1.0
idle_s = 2.0
{limits}
"""


@pytest.fixture
def hasty(tmp_path: Path, make_host: Callable[..., Any]) -> Callable[..., Any]:
    """A switch with short deadlines and further limits."""

    def make(limits: str = "") -> Any:
        path = tmp_path / "hasty.toml"
        path.write_text(small_world("100000.00", HASTE.format(limits=limits)))
        return make_host("--config", str(path)).start()

    return make


def descriptors(host: Any) -> int:
    """How many the process has open."""
    return sum(1 for _ in Path(f"/proc/{host.process.pid}/fd").iterdir())


def await_descriptors(host: Any, wanted: int) -> None:
    """Wait until no more than so many are open."""
    deadline = time.monotonic() + 10
    while (found := descriptors(host)) > wanted:
        assert time.monotonic() < deadline, f"{found} descriptors are open, not {wanted}"
        time.sleep(0.02)


def test_one_byte_a_segment_and_fifty_requests_a_segment(
    town: Any, dial: Callable[..., Any]
) -> None:
    """W-01, W-02, W-22: none lost, none doubled, whatever the segments."""
    peer = dial(town)
    peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in peer.purchase(1):
        peer.send(bytes([byte]))
    assert peer.receive()["39"] == "00"
    peer.send(b"".join(peer.purchase(stan, de4="000000000100") for stan in range(2, 52)))
    answers = [peer.receive() for _ in range(50)]
    assert sorted(answer["11"] for answer in answers) == [f"{stan:06d}" for stan in range(2, 52)]
    assert {answer["39"] for answer in answers} == {"00"}


def test_a_thousand_pipelined_requests_are_all_answered(
    town: Any, dial: Callable[..., Any]
) -> None:
    """W-22: the switch stops reading instead of queueing."""
    peer = dial(town)
    data = b"".join(peer.purchase(stan, de4="000000000100") for stan in range(1000))
    sender = threading.Thread(target=peer.send, args=(data,))
    sender.start()
    answers = [peer.receive() for _ in range(1000)]
    sender.join()
    assert sorted(int(answer["11"]) for answer in answers) == list(range(1000))
    assert {answer["39"] for answer in answers} == {"00"}


def test_the_same_request_on_two_connections_has_one_effect(
    town: Any, dial: Callable[..., Any]
) -> None:
    """M-25: both answers are equal."""
    one, two = dial(town), dial(town)
    data = one.purchase(1)
    one.send(data)
    two.send(data)
    assert one.receive() == two.receive()
    lines: list[dict[str, Any]] = []
    while len(lines) < 2:
        lines = [x for x in town.log("transaction") if x.get("terminal") == one.terminal]
    assert sorted("records" in line for line in lines) == [False, True]


@pytest.mark.parametrize("ending", ["fin", "rst"])
def test_an_end_in_every_place_of_a_frame(town: Any, dial: Callable[..., Any], ending: str) -> None:
    """W-03, W-04: closed, no decision, and the next peer is served."""
    dial(town).buy(1)
    before = descriptors(town) - 1
    peer = dial(town)
    data = peer.purchase(2)
    for cut in range(len(data)):
        peer = dial(town)
        peer.send(data[:cut])
        if ending == "fin":
            peer.socket.close()
        else:
            peer.reset()
    assert dial(town).buy(3)["39"] == "00"
    stans: list[str] = []
    while len(stans) < 2:
        lines = town.log("transaction")
        stans = [line["stan"] for line in lines if line.get("terminal") == peer.terminal]
    assert stans == ["000001", "000003"]
    assert town.log("internal.error") == []
    await_descriptors(town, before + 3)


def test_a_half_closed_peer_gets_its_answer(town: Any, dial: Callable[..., Any]) -> None:
    """W-05: then the switch closes."""
    peer = dial(town)
    peer.send(peer.purchase(1))
    peer.socket.shutdown(socket.SHUT_WR)
    assert peer.receive()["39"] == "00"
    assert peer.receive() is None


def test_a_reset_before_the_answer_leaves_a_decided_transaction(
    town: Any, dial: Callable[..., Any]
) -> None:
    """W-06: the work finishes, the repeat gets the stored answer."""
    for stan in range(1, 31):
        peer = dial(town)
        peer.send(peer.purchase(stan, de4="000000000100"))
        peer.reset()
    peer = dial(town)
    answers = {peer.buy(stan, de4="000000000100")["39"] for stan in range(1, 31)}
    assert answers == {"00"}
    assert town.log("internal.error") == []


def test_slow_and_idle_peers_are_closed_at_their_deadlines(
    hasty: Callable[..., Any], dial: Callable[..., Any]
) -> None:
    """W-07, W-08: progress extends no deadline; the others are served meanwhile."""
    host = hasty()
    idle, slow = dial(host), dial(host)
    for byte in slow.purchase(1):
        try:
            slow.send(bytes([byte]))
        except ConnectionError:
            break
        time.sleep(0.1)
    else:
        pytest.fail("the slow sender was never closed")
    assert host.await_log("frame.slow")
    assert idle.receive() is None
    assert dial(host).buy(5)["39"] == "00"
    assert host.log("internal.error") == []


@pytest.mark.parametrize(
    ("data", "event", "said"),
    [
        (b"\xff\xff", "frame.oversize", "8192"),
        (b"\x00\x00", "frame.undersize", ""),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "frame.garbage", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "frame.garbage", "SSH"),
        (b"\x16\x03\x01\x00\xf0\x01\x00\x00\xec\x03\x03" + bytes(300), "frame.garbage", "TLS"),
    ],
)
def test_what_is_no_frame_is_closed_within_one_read(
    town: Any, dial: Callable[..., Any], data: bytes, event: str, said: str
) -> None:
    """W-10, W-11, W-12."""
    peer = dial(town)
    peer.send(data)
    assert peer.receive() is None
    assert said in town.await_log(event)[0]["said"]


def test_a_message_in_another_encoding_is_told_and_the_connection_stays(
    town: Any, dial: Callable[..., Any]
) -> None:
    """M-38: an EBCDIC message on an ASCII port."""
    peer = dial(town)
    body = peer.purchase(1)[2:].decode("ascii").encode("cp500")
    peer.send(len(body).to_bytes(2, "big") + body)
    assert "EBCDIC" in str(town.await_log("encoding.suspect")[0]["likely"])
    assert town.await_log("message.rejected")[0]["offset"] == 0
    assert dial(town).buy(2)["39"] == "00"


def test_a_broken_message_is_answered_with_30(town: Any, dial: Callable[..., Any]) -> None:
    """M-02, M-04: the event has field and offset; the connection stays."""
    peer = dial(town)
    good = peer.purchase(1)
    at = good.index(b"16476173900101") + 2
    broken = good[:at] + b"XX" + good[at + 2 :]
    peer.send(broken)
    answer = peer.receive()
    assert (answer["t"], answer["39"]) == ("0210", "30")
    told = town.await_log("message.rejected")[0]
    assert told["field"] == "2"
    assert peer.buy(2)["39"] == "00"


def test_one_connection_too_many_is_closed_at_once(
    hasty: Callable[..., Any], dial: Callable[..., Any]
) -> None:
    """W-18: the others are unaffected, and a place that becomes free is taken again."""
    host = hasty("connections = 3")
    kept = [dial(host) for _ in range(3)]
    assert [peer.buy(stan)["39"] for stan, peer in enumerate(kept, 1)] == ["00"] * 3
    assert dial(host).receive() is None
    assert host.await_log("conn.limit")[0]["limit"] == "connections"
    kept[0].socket.close()
    deadline = time.monotonic() + 10
    while True:
        peer = dial(host)
        try:
            peer.send(peer.purchase(9))
            answer = peer.receive()
        except ConnectionError:
            answer = None
        if answer is not None:
            break
        assert time.monotonic() < deadline
    assert answer["39"] == "00"
    assert kept[1].buy(10)["39"] == "00"


def test_one_source_cannot_take_every_place(
    hasty: Callable[..., Any], dial: Callable[..., Any]
) -> None:
    """W-19: its surplus is closed; another address connects."""
    host = hasty("per_source = 2")
    kept = [dial(host) for _ in range(2)]
    assert kept[0].buy(1)["39"] == "00"
    assert dial(host).receive() is None
    assert host.await_log("conn.limit")[0]["limit"] == "per_source"
    address = ("127.0.0.1", host.ports["iso87-ascii"])
    with socket.create_connection(address, timeout=5, source_address=("127.0.0.2", 0)) as other:
        other.sendall(kept[0].purchase(2))
        assert other.recv(2)


def test_accepting_pauses_without_descriptors_and_resumes_by_itself(
    hasty: Callable[..., Any], dial: Callable[..., Any]
) -> None:
    """W-21: the limit is lowered while running."""
    host = hasty()
    peer = dial(host)
    assert peer.buy(1)["39"] == "00"
    pid = host.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (descriptors(host), hard))
    crowd = [dial(host) for _ in range(5)]
    host.await_log("accept.paused")
    assert peer.buy(2)["39"] == "00"
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
    host.await_log("accept.resumed")
    assert any(member.receive() is None for member in crowd[:1])
    assert dial(host).buy(3)["39"] == "00"


def test_connects_and_closes_leave_nothing_behind(town: Any, dial: Callable[..., Any]) -> None:
    """W-20: descriptors are flat, every request is answered."""
    for stan in range(1, 20):
        peer = dial(town)
        peer.buy(stan, de4="000000000100")
        peer.socket.close()
    await_descriptors(town, descriptors(town))
    before = descriptors(town)
    for stan in range(20, 320):
        peer = dial(town)
        if stan % 2:
            assert peer.buy(stan, de4="000000000100")["39"] == "00"
        peer.socket.close()
    await_descriptors(town, before)
