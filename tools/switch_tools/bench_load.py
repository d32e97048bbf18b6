"""The load of the bench, in a process of its own: terminals that buy as fast as they are answered.

Owns sockets, one epoll loop, and the check that each answer is an approval of what was asked.
Reads commands from standard input, a JSON object a line (``terminals``, ``seconds``), and writes
one figure a line. Cheap on purpose: frames are ready-made, only the trace number changes.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from switch.errors import IsoswitchError
from switch.wire.codec import Codec
from switch_tools.bench_world import Bought, bench_codec, buyers, framed, sign_on

ANSWER_S: Final = 30.0  # longer than the switch may take


class LoadError(IsoswitchError):
    """An answer that is none, or not the one that was asked for."""


@dataclass(slots=True)
class Till:
    """A terminal on its connection. ``code_at`` counts from the end of an answer."""

    buyer: Bought
    connection: socket.socket
    code_at: int = 0
    sent_ns: int = 0
    received: bytearray = field(default_factory=bytearray)

    def buy(self) -> None:
        """Send the next purchase."""
        self.sent_ns = time.perf_counter_ns()
        self.connection.sendall(self.buyer.next_frame())

    def answered(self) -> bool:
        """Take what came; whether the answer is whole, and then the right one."""
        data = self.connection.recv(4096)
        if not data:
            raise LoadError(f"{self.buyer.terminal}: the switch closed the connection")
        received = self.received
        received += data
        if len(received) < 2 or len(received) < 2 + int.from_bytes(received[:2], "big"):
            return False
        if received[self.code_at :][:2] != b"00" or b"%06d" % self.buyer.stan not in received:
            raise LoadError(f"{self.buyer.terminal}: not an approval of what was asked")
        self.buyer.heard(bytes(received))
        received.clear()
        return True

    def approved(self, codec: Codec, frame: bytes | bytearray) -> bytes:
        """One exchange, waiting for it; the answer's message, which must be an approval."""
        self.connection.sendall(frame)
        answer = bytearray()
        while len(answer) < 2 or len(answer) < 2 + int.from_bytes(answer[:2], "big"):
            data = self.connection.recv(4096)
            if not data:
                raise LoadError(f"{self.buyer.terminal}: the switch closed the connection")
            answer += data
        fields = codec.decode(bytes(answer[2:]))
        if fields["39"] != "00":
            said = f"{fields['t']} is declined with {fields['39']}"
            raise LoadError(f"{self.buyer.terminal}: {said}")
        return bytes(answer[2:])


def open_till(codec: Codec, buyer: Bought, port: int) -> Till:
    """A terminal that is signed on and has bought once, so that the form of answers is known."""
    till = Till(buyer, socket.create_connection(("127.0.0.1", port), ANSWER_S))
    till.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    till.approved(codec, sign_on(codec, buyer.terminal))
    buyer.prepare(1)
    answer = till.approved(codec, buyer.next_frame())
    buyer.heard(framed(answer))
    # The response code stands right in front of the terminal's id.
    till.code_at = answer.rindex(buyer.terminal.encode()) - 2 - len(answer)
    return till


def window(tills: Sequence[Till], seconds: float = inf, each: int = 0) -> dict[str, Any]:
    """Let these terminals buy for so long, or each so many times; one purchase of each is under
    way at a time. Counts and latencies.
    """
    took_ns: list[int] = []
    left = {till.buyer.terminal: each or sys.maxsize for till in tills}
    by_descriptor = {till.connection.fileno(): till for till in tills}
    with select.epoll() as poll:
        for descriptor in by_descriptor:
            poll.register(descriptor, select.EPOLLIN)
        start_ns = time.perf_counter_ns()
        end_ns = start_ns + seconds * 1e9
        for till in tills:
            till.buy()
        waiting = len(tills)
        while waiting:
            ready = poll.poll(ANSWER_S)
            if not ready:
                raise LoadError(f"no answer within {ANSWER_S:g} s")
            for descriptor, _ in ready:
                till = by_descriptor[descriptor]
                if not till.answered():
                    continue
                now_ns = time.perf_counter_ns()
                took_ns.append(now_ns - till.sent_ns)
                left[till.buyer.terminal] -= 1
                if now_ns < end_ns and left[till.buyer.terminal]:
                    till.buy()
                else:
                    waiting -= 1
    took_ns.sort()
    return {
        "purchases": len(took_ns),
        "seconds": (time.perf_counter_ns() - start_ns) / 1e9,
        "p50_ms": took_ns[len(took_ns) // 2] / 1e6,
        "p99_ms": took_ns[len(took_ns) * 99 // 100] / 1e6,
    }


def main(port: int) -> None:
    """Connect all terminals, say so, then do as told."""
    codec = bench_codec()
    tills = [open_till(codec, buyer, port) for buyer in buyers(codec)]
    print(json.dumps({"ready": len(tills)}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        print(json.dumps(window(tills[: command["terminals"]], command["seconds"])), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
