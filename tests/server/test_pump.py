"""switch.server.pump: plain TCP over one epoll, with real sockets and a clock that is told."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trio

from switch.model.effects import Reply
from switch.model.events import Event, Moment, RequestArrived
from switch.model.request import Answer
from switch.model.words import Delivery, Reason
from switch.server.board import Board
from switch.server.profile import Profile, SessionLimits
from switch.server.pump import PlainListener, Pump
from switch.wire.framing import Framing
from tests.toy_dialect import Words


@dataclass
class Diary:
    told: list[str] = field(default_factory=list)
    reports: dict[str, Delivery] = field(default_factory=dict)

    def tell(self, event: str, level: str = "info", **data: object) -> None:
        self.told.append(event)

    def bug(self, event: str, failure: BaseException, **data: object) -> None:
        self.told.append(f"{event} {failure}")

    def report(self, request_key: str, delivery: Delivery, why: str = "") -> None:
        self.reports[request_key] = delivery

    def transaction(self, *_: object) -> None:
        raise AssertionError("a pump decides nothing")


@dataclass
class FakeClock:
    second: float = 0.0

    def now(self) -> Moment:
        return Moment(0, int(self.second * 1_000_000_000))


@dataclass
class Harbour:
    """A pump with one listener, an engine that answers at once, and what came of it."""

    board: Board
    pump: Pump
    clock: FakeClock
    diary: Diary
    port: int
    words: Words
    reports: dict[str, Delivery]
    arrived: list[str] = field(default_factory=list)
    on_event: Callable[[Event], None] | None = None

    def submit(self, event: Event) -> None:
        assert isinstance(event, RequestArrived)
        self.arrived.append(event.request.request_key)
        if self.on_event is not None:
            self.on_event(event)
            return
        self.board.reply(Reply(event.origin, event.request, Answer(reason=Reason.APPROVED)))
        self.board.flush()

    async def dial(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)


LIMITS = SessionLimits(pipelined=64, write_s=10, idle_s=300, out_bytes=100_000)


@asynccontextmanager
async def harbour(connections: int = 100, per_source: int = 100) -> AsyncIterator[Harbour]:
    """Opens one; everything is closed at the end."""
    diary, clock, words = Diary(), FakeClock(), Words(20)
    board = Board(clock, diary, connections, per_source)
    pump = Pump(board, clock, diary)
    sock = socket.create_server(("127.0.0.1", 0), backlog=100)
    sock.setblocking(False)
    it = Harbour(board, pump, clock, diary, sock.getsockname()[1], words, diary.reports)
    board.submit = it.submit
    board.report = diary.report
    pump.listen(PlainListener("toy", sock, Profile("toy", Framing(), words, words, LIMITS)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pump.run)
        try:
            yield it
        finally:
            nursery.cancel_scope.cancel()
    for connection in list(board.connections.values()):
        connection.close("end of test")
    pump.close()


def frame(text: str) -> bytes:
    """A message in the default framing."""
    return len(text).to_bytes(2, "big") + text.encode()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for the pump and the kernel."""
    with trio.fail_after(10):
        while not condition():  # noqa: ASYNC110 - the other side is the kernel's
            await trio.sleep(0.005)


async def test_an_answer_comes_back_and_is_reported_as_sent() -> None:
    """INV-23: all bytes were handed to the transport."""
    async with harbour() as it, await it.dial() as peer:
        await peer.send_all(frame("message-one"))
        assert await peer.receive_some(100) == frame("message-one.........")
        assert it.reports == {"message-one": Delivery.SENT}


async def test_a_peer_that_never_reads_is_closed_at_the_write_deadline() -> None:
    """W-09: memory is bounded, reading stops, and each answer's delivery is known."""
    async with harbour() as it, await it.dial() as peer:
        it.words.size = 60_000
        sent = 0
        with trio.move_on_after(2):
            while it.board.connections or not sent:
                await peer.send_all(frame(f"message-{sent:03d}"))
                sent += 1
                await trio.lowlevel.checkpoint()
                session = next(iter(it.board.connections.values())).session if sent > 1 else None
                if session is not None and not session.wants_data:
                    break
        (connection,) = it.board.connections.values()
        await until(lambda: not connection.session.wants_data)
        assert len(connection.session.outgoing()) <= 100_000 + 60_002
        it.board.sweep()
        assert it.board.connections
        it.clock.second = 11
        it.board.sweep()
        assert not it.board.connections
        assert "write.slow" in it.diary.told
        assert set(it.reports) == set(it.arrived)
        assert Delivery.FAILED in it.reports.values()


async def test_a_reset_with_an_answer_owed_is_reported_as_failed() -> None:
    """W-06: not a byte was handed over."""
    async with harbour() as it:
        kept: list[Event] = []
        it.on_event = kept.append
        peer = await it.dial()
        await peer.send_all(frame("message-one"))
        await until(lambda: bool(kept))
        linger = struct.pack("ii", 1, 0)
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        await peer.aclose()
        await until(lambda: not it.board.connections)
        (event,) = kept
        assert isinstance(event, RequestArrived)
        it.board.reply(Reply(event.origin, event.request, Answer(reason=Reason.APPROVED)))
        assert it.reports == {"message-one": Delivery.FAILED}


async def test_a_defect_of_ours_costs_one_connection() -> None:
    """Pitfall: whatever a handler raises, the pump and the other peers live on."""
    async with harbour() as it, await it.dial() as unlucky, await it.dial() as other:

        def planted(event: Event) -> None:
            raise RuntimeError("planted")

        it.on_event = planted
        await unlucky.send_all(frame("message-one"))
        assert await unlucky.receive_some(100) == b""
        it.on_event = None
        await other.send_all(frame("message-two"))
        assert await other.receive_some(100) == frame("message-two.........")
        assert it.diary.told.count("internal.error planted") == 1


async def test_limits_close_the_newcomer_and_free_places_are_used_again() -> None:
    """W-18, W-19: told once a second, not once a peer."""
    async with harbour(connections=2) as it:
        first, second = await it.dial(), await it.dial()
        await until(lambda: len(it.board.connections) == 2)
        for _ in range(5):
            surplus = await it.dial()
            assert await surplus.receive_some(1) == b""
            await surplus.aclose()
        assert it.diary.told.count("conn.limit") == 1
        await first.aclose()
        await until(lambda: len(it.board.connections) == 1)
        async with await it.dial() as third:
            await third.send_all(frame("message-three"))
            assert await third.receive_some(100)
        await second.aclose()


async def test_without_descriptors_accepting_pauses_and_resumes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W-21: the first in the queue is told by a close, the others wait."""
    async with harbour() as it:
        real = socket.socket.accept
        left = [2]

        def exhausted(sock: socket.socket) -> tuple[socket.socket, object]:
            if left[0] > 0:
                left[0] -= 1
                raise OSError(errno.EMFILE, "too many open files")
            return real(sock)

        monkeypatch.setattr(socket.socket, "accept", exhausted)
        peer = await it.dial()
        await until(lambda: "accept.paused" in it.diary.told)
        it.clock.second = 0.5
        it.pump.tick()
        assert "accept.resumed" not in it.diary.told
        it.clock.second = 1.5
        it.pump.tick()
        assert "accept.resumed" in it.diary.told
        await peer.send_all(frame("message-one"))
        assert await peer.receive_some(100)
        await peer.aclose()


async def test_a_listener_that_closes_leaves_its_connections() -> None:
    """A reload that removes a listener cuts nobody off."""
    async with harbour() as it, await it.dial() as peer:
        await peer.send_all(frame("message-one"))
        assert await peer.receive_some(100)
        (listener,) = it.pump._listeners.values()
        it.pump.unlisten(listener)
        with pytest.raises(OSError, match="all attempts to connect"):
            await it.dial()
        await peer.send_all(frame("message-two"))
        assert await peer.receive_some(100)
