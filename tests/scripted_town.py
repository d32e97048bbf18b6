"""A small world with a rule for each scripted behaviour, and a connection that shows its bytes.

Owns the amounts that the rules wait for: 1.01, 1.02 and so on.
"""

from __future__ import annotations

import errno
import select
import socket
import ssl
import time
from typing import Any, Final

from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect
from tests.small_world import small_world

HEAD: Final = '[server]\nanswer_s = 0.5\nterminal_s = 0.6\n\n[settings]\ntest_ranges = ["4761739"]'
CODEC: Final = Codec(load_dialect("iso87-ascii").layout)
LATE_S: Final = 1.6  # a second after the terminal has given up

RULES: Final = [
    ('amount = "1.01"', "delay = 0.4"),
    ('amount = "1.02"', "silent = true"),
    ('amount = "1.03"', "copies = 2"),
    ('amount = "1.04", kind = "purchase"', "late = true"),
    ('amount = "1.05"', "close = true"),
    ('amount = "1.06"', "silent = true, close = true"),
    ('amount = "1.07"', "truncate = 21"),
    ('amount = "1.08"', "truncate = 21, close = true"),
    ('amount = "1.09"', "length_off_by = 3"),
    ('amount = "1.10"', "length_off_by = -3"),
    ('amount = "1.11"', 'wrong_echo = "stan"'),
    ('amount = "1.12"', "reset = true"),
    ('amount = "1.13"', 'outcome = "funds.insufficient"'),
    ('amount = "1.14"', 'outcome = "Z3"'),
    ('amount = "1.15"', 'fields = { response_text = "HI {terminal_id}", "63" = "{stan}/{rrn}" }'),
    ('amount = "1.16", nth = 2', 'outcome = "busy"'),
    ('amount = "1.17"', "silent = true, repeats = true"),
    ('amount = "1.18", fields = { "48" = { regex = "LOYAL[0-9]+" } }', 'outcome = "referral"'),
    ('amount = "1.19"', 'outcome = "partial", percent = 10'),
    ('amount = "900.00"', 'outcome = "approve"'),
    ('kind = "echo", fields = { "32" = "777" }', 'outcome = "busy", copies = 2'),
]


def world() -> str:
    """A small world with the rules."""
    rules = [
        f'[[rule]]\nname = "r{number}"\nwhen = {{ {when} }}\nthen = {{ {then} }}\n'
        for number, (when, then) in enumerate(RULES, 1)
    ]
    return small_world("100.00", HEAD) + "\n" + "\n".join(rules)


class Line:
    """A connection that shows its bytes."""

    def __init__(self, host: Any) -> None:
        self.sock: socket.socket = host.connect("iso87-ascii")
        if host.over_tls:
            context = ssl.create_default_context(cafile=str(host.data / "tls" / "demo-ca.pem"))
            context.check_hostname = False
            self.sock = context.wrap_socket(self.sock, server_hostname="localhost")

    def send(self, fields: dict[str, str]) -> None:
        """A message in its frame."""
        body = CODEC.encode(fields)
        self.sock.sendall(len(body).to_bytes(2, "big") + body)

    def take(self, count: int) -> bytes:
        """So many bytes, or fewer where the stream ends."""
        data = b""
        while len(data) < count:
            piece = self.sock.recv(count - len(data))
            if not piece:
                break
            data += piece
        return data

    def frame(self) -> bytes:
        """A whole frame, its length taken at its word."""
        head = self.take(2)
        return head + self.take(int.from_bytes(head, "big"))

    def ended(self) -> bool:
        """Whether the stream ends here, in order."""
        return self.take(1) == b""

    def was_reset(self) -> bool:
        """Whether the peer drops the connection with a reset; asked of the socket itself, for a TLS
        library may call that an end.
        """
        poll = select.poll()
        poll.register(self.sock.fileno(), 0)
        poll.poll(15_000)
        return self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET


STANS = iter(range(1, 999_999))


def purchase(minor: int, **changes: str) -> dict[str, str]:
    """A purchase of a fresh key."""
    stan = f"{next(STANS):06d}"
    fields = {
        "t": "0200", "2": "4761739001010010", "3": "000000", "4": f"{minor:012d}",
        "7": "1124120000", "11": stan, "12": "120000", "13": "1124", "14": "4912", "22": "012",
        "25": "00", "41": "DEMO0001", "42": "DEMOMERCHANT001", "49": "840",
    }  # fmt: skip
    return fields | {key.removeprefix("de"): value for key, value in changes.items()}


def echo(**changes: str) -> dict[str, str]:
    """A line test: what is answered behind it came after all that was to come before."""
    fields = {"t": "0800", "11": f"{next(STANS):06d}", "41": "DEMO0001", "70": "301"}
    return fields | {key.removeprefix("de"): value for key, value in changes.items()}


def read(frame: bytes) -> dict[str, str]:
    """The fields of a right frame."""
    assert int.from_bytes(frame[:2], "big") == len(frame) - 2
    return CODEC.decode(frame[2:])


def told(host: Any, stan: str) -> dict[str, Any]:
    """What the log says of the transaction of that number."""
    lines = [item for item in host.await_log("transaction") if item["stan"] == stan]
    deadline = time.monotonic() + 15
    while not lines and time.monotonic() < deadline:
        time.sleep(0.02)
        lines = [item for item in host.log("transaction") if item["stan"] == stan]
    line: dict[str, Any] = lines[0]
    return line
