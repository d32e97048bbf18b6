"""Plain TCP: one task that waits on an epoll descriptor of its own and serves all ready sockets at
once.

Owns non-blocking sockets of plain listeners and their connections. Refuses to know messages: bytes
go to the session and come from it. A task per connection is the natural shape, and costs five times
as much a message (see the performance notes in the README); what it would give for free, deadlines
and back-pressure, the session carries as data.

Nothing that a peer does gets out of here: every call on a socket is caught where it is made (W-04,
W-06).
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import trio

from switch.server.board import Board
from switch.server.clock import Clock
from switch.server.ports import EventLog
from switch.server.profile import Profile
from switch.server.session import Session

READ_BYTES: Final = 65_536
READY: Final = 256  # sockets served per look
ROUNDS: Final = 4  # looks per wake-up, so that the engine gets its turn
ACCEPTS: Final = 64
PAUSE_NS: Final = 1_000_000_000
NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

NO_LINGER: Final = struct.pack("ii", 1, 0)  # a close is a reset

IN: Final = select.EPOLLIN
OUT: Final = select.EPOLLOUT
GONE: Final = select.EPOLLERR | select.EPOLLHUP


class PumpConnection:
    """One plain TCP peer (``board.Connection``)."""

    __slots__ = ("_fd", "_mask", "_number", "_pump", "_recv", "_send", "_sock", "session", "source")

    def __init__(
        self, pump: Pump, sock: socket.socket, number: int, source: str, session: Session
    ) -> None:
        self._pump = pump
        self._sock = sock
        self._fd = sock.fileno()
        self._recv = sock.recv
        self._send = sock.send
        self._number = number
        self._mask = IN
        self.source = source
        self.session = session

    def ready(self, mask: int) -> None:
        """The socket can be read or written, or is broken."""
        if mask & OUT:
            self.push()
        if mask & IN and self._mask & IN:
            self._read()
        elif mask & GONE and self._fd >= 0:
            self.close("reset by the peer")

    def _read(self) -> None:
        session, pump = self.session, self._pump
        try:
            data = self._recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.close("reset by the peer")
            return
        now = pump.clock.now()
        if data:
            for event in session.receive(data, now):
                pump.board.submit(event)
        else:
            session.end_of_input()
        self._settle()

    def push(self) -> None:
        """Send what is laid out; take up what waited for room."""
        session, pump = self.session, self._pump
        while self._fd >= 0 and (data := session.outgoing()):
            try:
                sent = self._send(data)
            except BlockingIOError:
                break
            except OSError:
                self.close("reset by the peer")
                return
            session.handed_over(sent)
        if self._fd >= 0 and session.waiting:
            for event in session.resume(pump.clock.now()):
                pump.board.submit(event)
        self._settle()

    def _settle(self) -> None:
        """Close when all is said; else ask epoll for what the session wants next."""
        if self._fd < 0:
            return
        session = self.session
        if session.over:
            self.close(session.why or "done")
            return
        mask = (IN if session.wants_data else 0) | (OUT if session.has_outgoing else 0)
        if mask != self._mask:
            self._mask = mask
            self._pump.epoll.modify(self._fd, mask)

    def close(self, why: str) -> None:
        """Close at once."""
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        self._pump.forget(fd)
        if self.session.resets:
            with suppress(OSError):
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._sock.close()
        self._pump.board.leave(self._number, why)


class PlainListener:
    """A bound socket and the profile that new connections get."""

    def __init__(self, name: str, sock: socket.socket, profile: Profile) -> None:
        self.name = name
        self.sock = sock
        self.profile = profile


class Pump:
    """All plain listeners and their connections."""

    def __init__(self, board: Board, clock: Clock, log: EventLog) -> None:
        self.board = board
        self.clock = clock
        self.epoll = select.epoll()
        self._log = log
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._listeners: dict[int, PlainListener] = {}
        self._paused_ns: int | None = None
        self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def listen(self, listener: PlainListener) -> None:
        """Accept from now on. The socket must listen and not block."""
        fd = listener.sock.fileno()
        self._listeners[fd] = listener
        self._handlers[fd] = lambda _mask: self._accept(listener)
        if self._paused_ns is None:
            self.epoll.register(fd, IN)

    def unlisten(self, listener: PlainListener) -> None:
        """Stop accepting and close the socket; its connections stay."""
        fd = listener.sock.fileno()
        if self._listeners.pop(fd, None) is None:
            return
        self.forget(fd, registered=self._paused_ns is None)
        listener.sock.close()

    def forget(self, fd: int, registered: bool = True) -> None:
        """The descriptor is about to be closed."""
        if registered:
            self.epoll.unregister(fd)
        self._handlers.pop(fd, None)

    async def run(self) -> None:
        """Serve until cancelled."""
        fd = self.epoll.fileno()
        poll, handlers = self.epoll.poll, self._handlers
        while True:
            await trio.lowlevel.wait_readable(fd)
            for _ in range(ROUNDS):
                ready = poll(0, READY)
                for descriptor, mask in ready:
                    handler = handlers.get(descriptor)
                    if handler is not None:  # else closed earlier in this very round
                        self._call(handler, mask)
                if len(ready) < READY:
                    break

    def _call(self, handler: Callable[[int], None], mask: int) -> None:
        try:
            handler(mask)
        except Exception as failure:  # a defect of ours costs one connection, not the process
            self._log.bug("internal.error", failure, stage="pump")
            connection = getattr(handler, "__self__", None)
            if isinstance(connection, PumpConnection):
                connection.close("internal error")

    def _accept(self, listener: PlainListener) -> None:
        for _ in range(ACCEPTS):
            try:
                sock, address = listener.sock.accept()
            except BlockingIOError:
                return
            except OSError as failure:
                if failure.errno in NO_ROOM:
                    self._pause(listener)
                    return
                continue  # the peer was gone before we looked
            self._open(listener, sock, address)

    def _open(self, listener: PlainListener, sock: socket.socket, address: tuple[str, int]) -> None:
        source = address[0]
        number = self.board.admit(source, listener.name)
        if not number:
            sock.close()
            return
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self.epoll.register(sock.fileno(), IN)
        except OSError:
            sock.close()
            self.board.release(source)
            return
        session = Session(
            listener.profile,
            number,
            f"{source}:{address[1]}",
            self.clock.now(),
            self._log,
            self.board.report,
        )
        connection = PumpConnection(self, sock, number, source, session)
        self._handlers[sock.fileno()] = connection.ready
        self.board.enter(number, connection)

    # -- no descriptors left (W-21)

    def _pause(self, listener: PlainListener) -> None:
        """Let the first in the queue know by closing it, then leave the others waiting for a
        second."""
        os.close(self._reserve)
        try:
            sock, _ = listener.sock.accept()
            sock.close()
        except OSError:
            pass
        self._reserve = _reserve()
        if self._paused_ns is None:
            self._paused_ns = self.clock.now().mono_ns
            for fd in self._listeners:
                self.epoll.unregister(fd)
            self._log.tell("accept.paused", "error", connections=len(self.board.connections))

    def tick(self) -> None:
        """Called about once a second: accepting resumes by itself."""
        paused_ns = self._paused_ns
        if paused_ns is None or self.clock.now().mono_ns - paused_ns < PAUSE_NS:
            return
        if self._reserve < 0:
            self._reserve = _reserve()
        if self._reserve < 0:
            return
        self._paused_ns = None
        for fd in self._listeners:
            self.epoll.register(fd, IN)
        self._log.tell("accept.resumed", "warning")

    def close(self) -> None:
        """Close the listeners and the pump's own descriptors; the board closes connections."""
        for listener in list(self._listeners.values()):
            self.unlisten(listener)
        self.epoll.close()
        if self._reserve >= 0:
            os.close(self._reserve)
            self._reserve = -1


def _reserve() -> int:
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1
