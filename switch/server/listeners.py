"""The listeners that are open, and what becomes of each at a reload.

Owns which socket is served by whom: plain ones by the pump, TLS ones by a task of their own.
Refuses to bind, which is done before anything is taken up, and to know configurations: it gets
ports. Connections live on whatever happens to their listener.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import trio

from switch.server.binding import OpenPort, is_loopback
from switch.server.board import Board
from switch.server.clock import Clock
from switch.server.plan import Port
from switch.server.ports import EventLog
from switch.server.pump import PlainListener, Pump
from switch.server.tls import TlsListener

Address = tuple[str, int, str]


class Listeners:
    """Open ports by address."""

    def __init__(self, pump: Pump, board: Board, clock: Clock, log: EventLog) -> None:
        self._pump = pump
        self._board = board
        self._clock = clock
        self._log = log
        self._open: dict[Address, OpenPort] = {}
        self._handshake_s = 0.0
        self._nursery: trio.Nursery | None = None

    @property
    def ports(self) -> list[tuple[Port, int]]:
        """Open listeners with the port numbers that they are bound to."""
        return [(item.port, item.bound) for item in self._open.values()]

    def lacking(self, ports: Iterable[Port]) -> list[Port]:
        """Those that are not open yet."""
        return [port for port in ports if port.address not in self._open]

    def open(self, opened: Sequence[OpenPort], handshake_s: float, nursery: trio.Nursery) -> None:
        """Serve the first sockets, which listen; tasks are those of ``nursery``."""
        self._handshake_s, self._nursery = handshake_s, nursery
        for item in opened:
            self._start(item)

    def replace(
        self, ports: Iterable[Port], fresh: Sequence[OpenPort], handshake_s: float
    ) -> tuple[list[str], list[str], list[str]]:
        """Serve these ports, of which ``fresh`` are bound and listen, and no others. Names of the
        listeners added, removed and kept.
        """
        self._handshake_s = handshake_s
        wanted = {port.address: port for port in ports}
        removed = [address for address in self._open if address not in wanted]
        names = [self._open[address].port.name for address in removed]
        for address in removed:
            self._shut(address)
        kept = list(self._open)
        for address in kept:
            self._renew(self._open[address], wanted[address])
        for item in fresh:
            self._start(item)
        return (
            [item.port.name for item in fresh],
            names,
            [wanted[address].name for address in kept],
        )

    def shut_all(self) -> None:
        """Accept nobody any more."""
        for address in list(self._open):
            self._shut(address)

    def _start(self, item: OpenPort) -> None:
        """Serve a socket that listens."""
        port = item.port
        if port.tls is None:
            item.plain = PlainListener(port.name, item.sock, port.profile)
            self._pump.listen(item.plain)
            if not is_loopback(port.host):
                self._log.tell("serve.plain", "warning", listener=port.name, host=port.host)
        else:
            assert self._nursery is not None
            item.tls = TlsListener(port.name, item.sock, port.profile, port.tls, self._handshake_s)
            self._nursery.start_soon(
                item.tls.run, self._nursery, self._board, self._clock, self._log
            )
        self._open[port.address] = item
        self._log.tell(
            "listener.open",
            name=port.name,
            host=port.host,
            port=item.bound,
            dialect=port.dialect,
            framing=port.framing,
            tls=port.tls is not None,
        )

    def _shut(self, address: Address) -> None:
        item = self._open.pop(address)
        if item.plain is not None:
            self._pump.unlisten(item.plain)
        if item.tls is not None:
            item.tls.close()
        self._log.tell("listener.close", name=item.port.name, port=item.bound)

    def _renew(self, item: OpenPort, port: Port) -> None:
        """New connections of a kept listener get the new profile."""
        if (item.port.tls is None) != (port.tls is None):
            successor = OpenPort(port, item.sock.dup(), item.bound)
            self._shut(port.address)
            self._start(successor)
            return
        item.port = port
        if item.plain is not None:
            item.plain.name, item.plain.profile = port.name, port.profile
        if item.tls is not None and port.tls is not None:
            item.tls.name = port.name
            item.tls.profile, item.tls.context = port.profile, port.tls
