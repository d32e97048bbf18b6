"""Each bit of a message under a MAC, turned over on the wire: nothing of it is ever approved.

The messages go out as raw bytes, each with a sign of life behind it, so that silence is told from
an answer without waiting.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switch.errors import DecodeError
from switch.model.request import Request
from switch.model.words import Flow, Reason
from switch.values import Pan, Pin
from switch.wire.codec import Codec
from switch.wire.dialect import Dialect, load_dialect
from switch.wire.framer import Framer
from switch.wire.mapping import Mapper
from switch_tools.terminal_keys import TDES_DUKPT
from switch_tools.terminal_model import Presented
from tests.end_to_end.secured_tills import SecuredTill, purchase_line, secured_till

if TYPE_CHECKING:
    from tests.end_to_end.conftest import HostProcess

DEMO = Path(__file__).parents[2] / "switch" / "demo.toml"
PAN = Pan("4761739001010010")
ECHO = {"iso87-binary": ("0800", "70", "301"), "iso93-binary": ("1804", "24", "831")}


@pytest.fixture(scope="module")
def patient(
    host_class: type[HostProcess], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HostProcess]:
    """The demo world, where a terminal may fail as often as it likes (SR-PIN-06 is off)."""
    folder = tmp_path_factory.mktemp("patient")
    text = DEMO.read_text()
    named = '[[security]]\nname = "demo"\n'
    assert named in text
    config = folder / "patient.toml"
    config.write_text(text.replace(named, f"{named}failures = 0\n"))
    host = host_class(folder / "data", ["--config", str(config), "--port-base", "0"])
    yield host.start()
    host.kill()


class Line:
    """A connection that carries raw bodies, each followed by an echo."""

    def __init__(self, host: HostProcess, dialect: Dialect) -> None:
        self._host = host
        self._dialect = dialect
        self._codec = Codec(dialect.layout)
        self._number = 0
        self._open()

    def _open(self) -> None:
        self._socket: socket.socket = self._host.connect(self._dialect.name)
        self._framer = Framer(self._dialect.framing)

    def answers(self, bodies: Sequence[bytes]) -> list[list[dict[str, str]]]:
        """What comes back to each before the echo behind it is answered. All are sent at once;
        where the switch hangs up, the rest follow on another connection.
        """
        found: list[list[dict[str, str]]] = []
        while len(found) < len(bodies):
            self._send(bodies[len(found) :])
            while len(found) < len(bodies):
                heard, alive = self._until_echo()
                found.append(heard)
                if not alive:
                    self.close()
                    self._open()
                    break
        return found

    def _send(self, bodies: Sequence[bytes]) -> None:
        kind, number, code = ECHO[self._dialect.name]
        data = b""
        for body in bodies:
            self._number += 1
            echo = {"t": kind, "11": f"{900_000 + self._number % 90_000:06d}", number: code}
            echo |= {"7": "1124100000", "41": "BITLINE1", "42": "DEMOMERCHANT001"}
            echo |= {"12": "261124100000" if kind == "1804" else "100000"}
            data += self._framer.encode(body) + self._framer.encode(self._codec.encode(echo))
        self._socket.sendall(data)

    def _until_echo(self) -> tuple[list[dict[str, str]], bool]:
        """What was heard before an echo was answered, and whether one was."""
        _, number, code = ECHO[self._dialect.name]
        heard: list[dict[str, str]] = []
        while (fields := self._next()) is not None:
            if fields.get(number) == code and fields.get("41", "").strip() == "BITLINE1":
                return heard, True
            heard.append(fields)
        return heard, False

    def _next(self) -> dict[str, str] | None:
        while (frame := self._framer.next_frame()) is None:
            try:
                data = self._socket.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self._framer.receive_data(data)
        return self._codec.decode(frame.body)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def read(codec: Codec, mapper: Mapper, body: bytes) -> Request | None:
    """What a host reads; nothing where it cannot."""
    try:
        return mapper.request(codec.decode(body))
    except DecodeError:
        return None


def said_by(till: SecuredTill, repeat: bool) -> bytes:
    """A purchase with PIN and MAC."""
    sent = purchase_line(till)
    presented = Presented(pin=Pin("1234"))
    return till.messages.write(sent, None, PAN, repeat=repeat, presented=presented).body


def _turned(body: bytes, bit: int) -> bytes:
    changed = bytearray(body)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def batched(messages: Sequence[bytes], size: int = 16) -> Iterator[Sequence[bytes]]:
    """So many at once that none is turned away."""
    return (messages[start : start + size] for start in range(0, len(messages), size))


def _alike(request: Request, whole: Request) -> bool:
    """Whether it asks for the same kind of thing, is well formed, and names the same key."""
    same = (request.kind, request.ksn) == (whole.kind, whole.ksn)
    asks = request.flow in (Flow.REQUEST, Flow.ADVICE)
    return same and asks and bool(request.mac) and not request.problems


@pytest.mark.parametrize(("dialect_name", "step"), [("iso87-binary", 1), ("iso93-binary", 5)])
def test_no_bit_of_a_message_can_be_changed(
    patient: HostProcess, dialect_name: str, step: int
) -> None:
    """M-10: whatever still reads as the same kind of message with its MAC is ``mac.invalid``, or is
    refused for what it names before a MAC is looked at; whatever does not is refused or silence.
    No bit of it moves money. The message as it was is then approved: it was good all the time.
    """
    dialect = load_dialect(dialect_name)
    codec, mapper = Codec(dialect.layout), Mapper(dialect)
    till = secured_till(patient, dialect_name, TDES_DUKPT)
    body = said_by(till, repeat=False)
    whole = read(codec, mapper, body)
    assert whole is not None
    code = dialect.responses[Reason.MAC_INVALID]
    approved = {dialect.responses[Reason.APPROVED], dialect.responses[Reason.PARTIAL]}
    seen: Counter[str] = Counter()
    bits = range(0, 8 * len(body), step)
    changed = [_turned(body, bit) for bit in bits]
    with closing(Line(patient, dialect)) as line:
        answers = [heard for some in batched(changed) for heard in line.answers(some)]
        unchanged = line.answers([body])[0]
    for bit, message, heard in zip(bits, changed, answers, strict=True):
        codes = [fields.get("39", "") for fields in heard]
        assert not approved & set(codes), f"bit {bit}"
        request = read(codec, mapper, message)
        if request is not None and _alike(request, whole):
            seen["secured"] += 1
            assert codes == [code], f"bit {bit}: {codes}"
        else:
            seen["other"] += 1
    assert [fields["39"] for fields in unchanged] == [dialect.responses[Reason.APPROVED]]
    assert 3 * seen["secured"] > seen["other"]  # most of what is tried comes as far as its MAC
