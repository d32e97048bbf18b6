"""Sockets of listeners: bound before recovery, so that a port in use is told early; open after it.

Owns the refusal of a port that cannot be had. Refuses to accept: pump and TLS listeners do.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from switch.server.plan import Port, StartRefusedError
from switch.server.pump import PlainListener
from switch.server.tls import TlsListener

BACKLOG: Final = 1024
_HINTS: Final = {
    errno.EADDRINUSE: "is another switch running? choose other ports",
    errno.EADDRNOTAVAIL: "this machine has no such address; 0.0.0.0 means all that it has",
    errno.EACCES: "ports below 1024 are for root; choose others",
}
# Hosts that mean every address, with an address for documentation that no machine has.
EVERYWHERE: Final = {
    "0.0.0.0": (socket.AF_INET, "192.0.2.1"),  # noqa: S104 - what a person may ask for
    "::": (socket.AF_INET6, "2001:db8::1"),
}


@dataclass(slots=True)
class OpenPort:
    """A port that is open."""

    port: Port
    sock: socket.socket
    bound: int
    plain: PlainListener | None = None
    tls: TlsListener | None = None


def bind(port: Port) -> OpenPort:
    """A bound socket, not listening yet. Raises StartRefusedError."""
    try:
        family, *_, address = socket.getaddrinfo(
            port.host, port.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as failure:
        raise StartRefusedError(f"{port.place}: host {port.host!r}: {failure.strerror}") from None
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(address)
    except OSError as failure:
        sock.close()
        raise _taken(port, failure) from None
    return OpenPort(port, sock, sock.getsockname()[1])


def listen(opened: Sequence[OpenPort]) -> None:
    """Let peers come: on all sockets or on none, which are closed then. Two sockets can be bound to
    one port as long as neither listens, so this too may be refused: StartRefusedError."""
    for item in opened:
        try:
            item.sock.listen(BACKLOG)
        except OSError as failure:
            close(opened)
            raise _taken(item.port, failure) from None


def bind_all(ports: Iterable[Port]) -> list[OpenPort]:
    """Bound sockets of all ports; one that is refused leaves none. Raises StartRefusedError."""
    opened: list[OpenPort] = []
    try:
        opened.extend(bind(port) for port in ports)
    except StartRefusedError:
        close(opened)
        raise
    return opened


def close(opened: Iterable[OpenPort]) -> None:
    """Give up sockets that nobody serves yet."""
    for item in opened:
        item.sock.close()


def _taken(port: Port, failure: OSError) -> StartRefusedError:
    hint = _HINTS.get(failure.errno or 0, "choose another host or port")
    return StartRefusedError(
        f"{port.place}: listener {port.name} cannot have {port.host}:{port.port}: "
        f"{failure.strerror} ({hint})"
    )


def reachable_as(host: str) -> tuple[str, ...]:
    """The names and addresses under which a peer may know a listener on that host; of one that
    listens everywhere, this machine's own, as far as they can be found out without asking
    anybody."""
    if host not in EVERYWHERE:
        return (host,)
    family, elsewhere = EVERYWHERE[host]
    names = [socket.gethostname()]
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((elsewhere, 9))  # of a datagram socket: looks up the route, sends nothing
        names.append(probe.getsockname()[0].partition("%")[0])
    return tuple(names)


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect."""
    return host in ("localhost", "::1") or host.startswith("127.")
