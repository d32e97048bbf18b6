"""The client's side of the control socket: one command, one answer, blocking.

Owns the socket's name and how a line is asked and heard. Needs nothing of the server that answers,
so that a short command does not wait for it to be imported.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from switch.errors import IsoswitchError

SOCKET_NAME: Final = "control.sock"
LINE_BYTES: Final = 65_536
DEADLINE_S: Final = 60.0


class ControlError(IsoswitchError):
    """The running switch could not be reached, or refused the command."""


@contextmanager
def address_in(folder: Path) -> Iterator[str]:
    """The socket's path, through a descriptor of its folder: a path may be longer than an address
    can (107 bytes)."""
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{SOCKET_NAME}"
    finally:
        os.close(fd)


def ask(folder: Path, command: str, **arguments: object) -> dict[str, Any]:
    """Client side, blocking: send one command to the switch that works in ``folder`` and return its
    answer.

    Raises ControlError when nothing answers there.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(DEADLINE_S)
    try:
        with sock, address_in(folder) as address:
            sock.connect(address)
            sock.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            with sock.makefile("rb") as stream:
                line = stream.readline(LINE_BYTES * 16)
    except OSError as failure:
        said = f"no switch answers in {folder}: {failure.strerror or failure}"
        raise ControlError(f"{said} (is it running, with this --data?)") from None
    if not line.endswith(b"\n"):  # nothing, or what it had sent when it died
        raise ControlError("the switch closed the connection before it had answered")
    answer: dict[str, Any] = json.loads(line)
    return answer
