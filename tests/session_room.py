"""A toy dialect, a diary and a session between them, for tests of sessions."""

from __future__ import annotations

from collections.abc import Mapping

from switch.errors import DecodeError, EncodeError, Fault
from switch.model.effects import Reply
from switch.model.events import BrokenArrived, Event, Moment, RequestArrived
from switch.model.request import Answer, Problem, Request
from switch.model.words import Delivery, Flow, Kind, Reason
from switch.server.profile import Profile, SessionLimits
from switch.server.session import Session
from switch.wire.framing import Framing
from tests.toy_dialect import Unsealed

SECOND = 1_000_000_000


class Words(Unsealed):
    """Codec and mapper of a toy dialect: a message is its request key in ten characters or more."""

    def decode(self, data: bytes) -> dict[str, str]:
        text = data.decode("latin-1")
        if text.startswith("broken"):
            raise DecodeError(Fault("4", "4.data", 6, 6, "no digits"), {"t": text})
        return {"t": text}

    def encode(self, fields: Mapping[str, str]) -> bytes:
        if fields["t"].startswith("long"):
            raise EncodeError("39", "too long")
        return f"{fields['t']}:{fields['39']}".encode()

    def request(self, fields: dict[str, str]) -> Request:
        if fields["t"].startswith("bug"):
            raise RuntimeError("planted")
        key = fields["t"]
        return Request(dialect="toy", kind=Kind.ECHO, flow=Flow.REQUEST, request_key=key)

    def broken(self, fields: dict[str, str], fault: Fault) -> tuple[Request, Problem] | None:
        if fields["t"].startswith("broken-mute"):
            return None
        request = Request(dialect="toy", kind=Kind.UNKNOWN, flow=Flow.REQUEST, request_key="")
        return request, Problem("amount", "field 4", Reason.FORMAT_ERROR, fault.reason)

    def answer(
        self, fields: dict[str, str], request: Request, answer: Answer, now: Moment
    ) -> dict[str, str]:
        return {"t": fields["t"], "39": answer.reason.value}


class Diary:
    """A log and a list of delivery reports."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.reports: dict[str, Delivery] = {}
        self.whys: dict[str, str] = {}

    def tell(self, event: str, level: str = "info", **data: object) -> None:
        self.told.append(event)

    def bug(self, event: str, failure: BaseException, **data: object) -> None:
        self.told.append(f"{event} {failure}")

    def report(self, request_key: str, delivery: Delivery, why: str = "") -> None:
        self.reports[request_key] = delivery
        self.whys[request_key] = why

    def transaction(self, *_: object) -> None:
        raise AssertionError("a session decides nothing")


LIMITS = SessionLimits(pipelined=3, frame_s=10, write_s=10, idle_s=300, out_bytes=100)


def at(second: float) -> Moment:
    """A moment so many seconds after the start."""
    return Moment(0, int(second * SECOND))


def opened(diary: Diary, framing: Framing | None = None, limits: SessionLimits = LIMITS) -> Session:
    """A fresh session at second 0."""
    words = Words()
    profile = Profile("shop", framing or Framing(), words, words, limits)
    return Session(profile, 7, "peer:1", at(0), diary, diary.report)


def frame(text: str) -> bytes:
    """A message in the default framing."""
    return len(text).to_bytes(2, "big") + text.encode()


def keys(events: list[Event]) -> list[str]:
    """Request keys of what arrived."""
    return [event.request.request_key for event in events if isinstance(event, RequestArrived)]


def reply(
    session: Session, event: Event, reason: Reason = Reason.APPROVED, second: float = 0
) -> None:
    """Answer an event."""
    assert isinstance(event, RequestArrived | BrokenArrived)
    session.answer(Reply(event.origin, event.request, Answer(reason=reason)), at(second))
