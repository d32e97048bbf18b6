"""The control socket: a Unix socket in the data folder, mode 0600, JSON lines both ways.

Owns the socket file and the server's side of the line protocol; the client's is in ``asking``.
Refuses to know commands: the server hands in what answers them. There is never a second process
that writes the store; commands come here.

Request: ``{"command": "status"}``.
Answer: ``{"ok": true, ...}`` or ``{"ok": false, "error": "..."}``.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import trio

from switch.server.asking import DEADLINE_S, LINE_BYTES, SOCKET_NAME, address_in

CONNECTIONS: Final = 16

_FULL: Final = {
    "ok": False,
    "error": f"{CONNECTIONS} others are giving commands: nothing was done, try again",
}

# A command and who gives it -> the answer.
Answerer = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]
_CREDENTIALS: Final = struct.Struct("iII")  # of SO_PEERCRED: process, user, group (unix(7))


def bind(folder: Path) -> socket.socket:
    """The listening socket. Replaces what a killed process left; the store's lock keeps living ones
    apart."""
    path = folder / SOCKET_NAME
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        with address_in(folder) as address:
            sock.bind(address)
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(mask)
    sock.listen(CONNECTIONS)
    return sock


async def serve(sock: socket.socket, answer: Answerer) -> None:
    """Answer commands until cancelled, of at most ``CONNECTIONS`` peers at a time: more are sent
    away, with the reason.
    """
    peers = 0

    async def handle(stream: trio.SocketStream) -> None:
        nonlocal peers
        peers += 1
        try:
            async with stream:
                with trio.move_on_after(DEADLINE_S):
                    if peers > CONNECTIONS:
                        await stream.send_all(_line(_FULL))
                    else:
                        await _converse(stream, answer)
        except (trio.BrokenResourceError, OSError):
            return  # the client went away
        finally:
            peers -= 1

    listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
    async with trio.open_nursery() as nursery:
        await trio.serve_listeners(handle, [listener], handler_nursery=nursery)


def _who(stream: trio.SocketStream) -> str:
    """The user at the other end, as the kernel tells."""
    told = stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(told)
    return f"uid {user}"


async def _converse(stream: trio.SocketStream, answer: Answerer) -> None:
    buffer, who = b"", _who(stream)
    while data := await stream.receive_some(LINE_BYTES):
        buffer += data
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            try:
                command = msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.DecodeError:
                said = {"ok": False, "error": "a command is one JSON object on one line"}
            else:
                said = await answer(command, who)
            await stream.send_all(_line(said))
        if len(buffer) > LINE_BYTES:
            return


def _line(said: dict[str, Any]) -> bytes:
    return msgspec.json.encode(said) + b"\n"
