"""A toy dialect for tests of connections: a message is its request key, the answer is the same."""

from __future__ import annotations

from collections.abc import Mapping

from switch.errors import Fault
from switch.model.events import Moment
from switch.model.request import Answer, Problem, Request
from switch.model.words import Flow, Kind
from switch.server.profile import MacCover


class Unsealed:
    """The part of a mapper that secures messages, of a dialect that has nothing of the kind."""

    @property
    def cover(self) -> MacCover:
        raise AssertionError("no message of this dialect bears a MAC")

    def sealed(
        self, fields: Mapping[str, str], chip: bytes = b"", keys: str = ""
    ) -> dict[str, str]:
        raise AssertionError("no answer of this dialect is sealed")


class Words(Unsealed):
    """Codec and mapper in one. Answers are filled up to ``size`` bytes."""

    def __init__(self, size: int = 0) -> None:
        self.size = size

    def decode(self, data: bytes) -> dict[str, str]:
        return {"t": data.decode()}

    def encode(self, fields: Mapping[str, str]) -> bytes:
        return fields["t"].ljust(self.size, ".").encode()

    def request(self, fields: dict[str, str]) -> Request:
        key = fields["t"]
        return Request(dialect="toy", kind=Kind.ECHO, flow=Flow.REQUEST, request_key=key)

    def broken(self, fields: dict[str, str], fault: Fault) -> tuple[Request, Problem] | None:
        return None

    def answer(
        self, fields: dict[str, str], request: Request, answer: Answer, now: Moment
    ) -> dict[str, str]:
        return fields
