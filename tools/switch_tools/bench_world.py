"""The made world of the bench: a shop, terminals and a card each, and the messages that they send.

Owns the configuration file that the measured switch reads, and the ready-made frames. Refuses to
know sockets and clocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from switch.values import luhn_ok
from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect
from switch_tools.bench_samples import ASCII

MOST_TERMINALS: Final = 64
LISTENER: Final = "bench"
MERCHANT: Final = ASCII.request["42"]
_STAN: Final = "987654"  # stands out in a message, so that its place can be found
_RRN_HEAD: Final = "620914"  # year, day and hour, that reference numbers begin with
_CONFIG: Final = """\
[settings]
test_ranges = ["4761739", "4000"]

[[listener]]
name = "{listener}"
port = 0
dialect = "{dialect}"

[[merchant]]
id = "{merchant}"
name = "Corner Shop"
"""
_TERMINAL: Final = """
[[terminal]]
id = "{terminal}"
merchant = "{merchant}"

[[card]]
name = "{terminal}"
pan = "{pan}"
expiry = "4912"
balance = "1000000.00"
"""


class Bought(Protocol):
    """What a terminal buys, message after message. ``stan`` is the trace number of the newest."""

    terminal: str
    stan: int

    def prepare(self, count: int) -> None:
        """Make so many purchases ready, where making one takes long."""

    def next_frame(self) -> bytes | bytearray:
        """The next purchase, to be sent."""

    def heard(self, answer: bytes) -> None:
        """The answer to the newest one, an approval."""

    def check(self) -> None:
        """Look at the answers more closely. Raises IsoswitchError for one that is wrong."""


@dataclass(slots=True)
class Buyer:
    """One terminal with its card: the frame of its next purchase, patched in place."""

    terminal: str
    frame: bytearray
    at: int  # of the trace number in the frame
    rrn_at: int  # of the last six digits of the reference number
    stan: int = 0

    def next_frame(self) -> bytearray:
        """The next purchase: other trace and reference numbers, all else as before."""
        self.stan = self.stan % 999_999 + 1
        digits = b"%06d" % self.stan
        self.frame[self.at : self.at + 6] = digits
        self.frame[self.rrn_at : self.rrn_at + 6] = digits
        return self.frame

    def prepare(self, count: int) -> None:
        """Patching takes no time."""

    def heard(self, answer: bytes) -> None:
        """That it is an approval is enough."""

    def check(self) -> None:
        """Nothing is left to look at."""


def card_numbers() -> Iterator[str]:
    """Card numbers of a test range with good check digits, no two alike."""
    for number in range(1_000_000):
        head = f"476173900{number:06d}"
        yield next(head + digit for digit in "0123456789" if luhn_ok(head + digit))


def terminal_names() -> list[str]:
    """Ids of all terminals."""
    return [f"BENCH{number:03d}" for number in range(1, MOST_TERMINALS + 1)]


def configuration() -> str:
    """The configuration file of the measured switch."""
    parts = [_CONFIG.format(listener=LISTENER, dialect=ASCII.dialect, merchant=MERCHANT)]
    parts += [
        _TERMINAL.format(terminal=terminal, merchant=MERCHANT, pan=pan)
        for terminal, pan in zip(terminal_names(), card_numbers(), strict=False)
    ]
    return "".join(parts)


def buyers(codec: Codec) -> list[Buyer]:
    """All terminals, ready to buy."""
    made = []
    for terminal, pan in zip(terminal_names(), card_numbers(), strict=False):
        track2 = ASCII.request["35"].replace(ASCII.request["2"], pan)
        rrn = _RRN_HEAD + _STAN
        own = {"2": pan, "11": _STAN, "35": track2, "37": rrn, "41": terminal}
        frame = bytearray(framed(codec.encode({**ASCII.request, **own})))
        rrn_at = frame.index(rrn.encode()) + len(_RRN_HEAD)
        made.append(Buyer(terminal, frame, frame.index(_STAN.encode()), rrn_at))
    return made


def sign_on(codec: Codec, terminal: str) -> bytes:
    """The frame of a terminal's sign-on."""
    request = ASCII.request
    kept = {key: request[key] for key in ("7", "11", "12", "13", "42")}
    fields = {"t": "0800", **kept, "41": terminal, "70": "001"}
    order = sorted(fields, key=lambda key: int(key) if key.isdecimal() else 0)
    return framed(codec.encode({key: fields[key] for key in order}))


def bench_codec() -> Codec:
    """The codec of the bench's dialect."""
    return Codec(load_dialect(ASCII.dialect).layout)


def framed(message: bytes) -> bytes:
    """The message behind the length header of the bench's dialect (binary-2)."""
    return len(message).to_bytes(2, "big") + message
