"""A TCP relay that loses messages on purpose: between a virtual terminal and a host, for
demonstrations and tests.

Owns which direction is dumb for now. Refuses to know framing and messages: what is lost is lost
whole, because the parties send one message at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import trio

CHUNK_BYTES = 65_536


@dataclass(slots=True)
class Relay:
    """Passes bytes on between its clients and ``host:port``, but for what it loses.

    ``lose_requests`` and ``lose_answers`` count the pieces of each direction that are still to be
    lost. ``lost`` hears of each one: ``True`` for a request.
    """

    host: str
    port: int
    lose_requests: int = 0
    lose_answers: int = 0
    lost: Callable[[bool], None] | None = None

    async def serve(self, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; the task's status is the port number on loopback."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port: int = listeners[0].socket.getsockname()[1]
        async with trio.open_nursery() as nursery:
            task_status.started(port)
            await trio.serve_listeners(self._carry, listeners, handler_nursery=nursery)

    async def _carry(self, client: trio.SocketStream) -> None:
        try:
            host = await trio.open_tcp_stream(self.host, self.port)
        except OSError:
            await trio.aclose_forcefully(client)
            return
        async with client, host, trio.open_nursery() as nursery:

            async def pass_on(source: trio.SocketStream, sink: trio.SocketStream) -> None:
                try:
                    async for data in source:
                        if not self._loses(source is client):
                            await sink.send_all(data)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    pass  # either side hung up, and so do we
                nursery.cancel_scope.cancel()

            nursery.start_soon(pass_on, client, host)
            nursery.start_soon(pass_on, host, client)

    def _loses(self, request: bool) -> bool:
        left = self.lose_requests if request else self.lose_answers
        if not left:
            return False
        if request:
            self.lose_requests -= 1
        else:
            self.lose_answers -= 1
        if self.lost is not None:
            self.lost(request)
        return True
