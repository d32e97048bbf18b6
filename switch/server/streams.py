"""A trio stream per connection, driving the same session as the pump: for TLS, and for memory
streams in tests.

Owns the two tasks of such a connection. Refuses to know messages and deadlines: the session has
them.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

import trio

from switch.server.board import Board
from switch.server.clock import Clock
from switch.server.session import Session

READ_BYTES = 65_536
_PEER_GONE = (trio.BrokenResourceError, trio.ClosedResourceError, OSError, ssl.SSLError)


class StreamConnection:
    """One peer over a trio stream (``board.Connection``). ``abort`` lets the close of the stream be
    a reset of the connection, where the transport has such a thing.
    """

    def __init__(
        self,
        stream: trio.abc.Stream,
        number: int,
        source: str,
        session: Session,
        board: Board,
        clock: Clock,
        abort: Callable[[], None] = lambda: None,
    ) -> None:
        self._stream = stream
        self._abort = abort
        self._number = number
        self._board = board
        self._clock = clock
        self._scope = trio.CancelScope()
        self._news = trio.Event()  # something to send, or the session is over
        self._room = trio.Event()  # the session may want data again
        self._why = "reset by the peer"
        self.source = source
        self.session = session

    def push(self) -> None:
        """Wake the task that writes."""
        self._news.set()

    def close(self, why: str) -> None:
        """Close at once."""
        self._why = why
        self._scope.cancel()
        self._board.leave(self._number, why)

    async def run(self) -> None:
        """Serve the stream until it is over, then close it. Never raises for what the peer did
        (pitfall: one reset connection must not take the process down)."""
        self._board.enter(self._number, self)
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._read)
                    nursery.start_soon(self._write)
        except* _PEER_GONE:
            self._why = "reset by the peer"
        finally:
            if self.session.resets:
                self._abort()
            self._board.leave(self._number, self._why)
            await trio.aclose_forcefully(self._stream)

    async def _read(self) -> None:
        session = self.session
        while not session.over:
            if session.wants_data:
                data = await self._stream.receive_some(READ_BYTES)
                now = self._clock.now()
                if data:
                    for event in session.receive(bytes(data), now):
                        self._board.submit(event)
                else:
                    session.end_of_input()
                self._news.set()
            else:
                self._room = trio.Event()
                await self._room.wait()

    async def _write(self) -> None:
        session = self.session
        while True:
            while session.has_outgoing:
                data = bytes(session.outgoing())
                session.offering(len(data))
                await self._stream.send_all(data)
                session.handed_over(len(data))
            if session.waiting:
                for event in session.resume(self._clock.now()):
                    self._board.submit(event)
                if session.has_outgoing:  # answered at once
                    continue
            self._room.set()
            if session.over:
                self._why = session.why or "done"
                self._scope.cancel()
                return
            self._news = trio.Event()
            await self._news.wait()
