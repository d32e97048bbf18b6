"""Sessions whose answers a scripted rule plays with: the bytes, the reports, the ends."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.copies import replace
from switch.model.effects import Reply
from switch.model.events import RequestArrived
from switch.model.request import Answer, Request
from switch.model.scripts import Behaviour
from switch.model.words import Delivery, Reason
from switch.server.profile import Profile
from switch.server.session import Session
from switch.wire.framing import Framing
from tests.session_room import LIMITS, SECOND, Diary, Words, at, frame, opened

ONE, TWO, THREE = "message-001", "message-002", "message-003"


def answer_to(text: str) -> bytes:
    """The frame of the toy's answer."""
    return frame(f"{text}:approved")


def arrive(session: Session, *texts: str) -> list[RequestArrived]:
    """Requests of those texts."""
    events = session.receive(b"".join(map(frame, texts)), at(0))
    return [event for event in events if isinstance(event, RequestArrived)]


def play(session: Session, event: RequestArrived, second: float = 0, **done: object) -> None:
    """Answer with a behaviour."""
    effect = Reply(event.origin, event.request, Answer(reason=Reason.APPROVED))
    session.answer(replace(effect, behaviour=Behaviour(**done)), at(second))  # type: ignore[arg-type]


def sent(session: Session) -> bytes:
    """What the transport takes now: all of it."""
    data = bytes(session.outgoing())
    session.handed_over(len(data))
    return data


def test_a_held_answer_lets_others_pass_and_comes_when_it_is_due() -> None:
    """A delay holds up nobody else; its exchange is owed until then."""
    diary = Diary()
    session = opened(diary)
    first, second = arrive(session, ONE, TWO)
    play(session, first, delay_ms=1500)
    play(session, second)
    assert sent(session) == answer_to(TWO)
    assert session.next_due_ns == 1.5 * SECOND
    session.play(at(1.499))
    assert not session.has_outgoing
    assert session.busy
    session.play(at(1.5))
    assert sent(session) == answer_to(ONE)
    assert session.next_due_ns is None
    assert not session.busy
    assert diary.reports == {ONE: Delivery.SENT, TWO: Delivery.SENT}


def test_held_answers_count_among_those_in_flight() -> None:
    """W-22: who is kept waiting may not send without end."""
    session = opened(Diary())
    for event in arrive(session, ONE, TWO, THREE):
        play(session, event, delay_ms=1000)
    assert not session.wants_data
    session.play(at(1))
    assert session.wants_data


def test_a_drain_waits_for_held_answers() -> None:
    """P-01: what is owed is still answered."""
    session = opened(Diary())
    (event,) = arrive(session, ONE)
    play(session, event, delay_ms=1000)
    session.drain()
    assert not session.over
    session.play(at(1))
    sent(session)
    assert session.over


def test_a_connection_that_goes_first_leaves_held_answers_failed() -> None:
    """INV-23: not a byte of them was handed over."""
    diary = Diary()
    session = opened(diary)
    (event,) = arrive(session, ONE)
    play(session, event, delay_ms=1000)
    session.gone("reset by the peer")
    assert diary.reports == {ONE: Delivery.FAILED}


def test_silence_says_nothing_and_goes_on() -> None:
    """INV-23: reported as failed, for nothing was handed over; the connection lives."""
    diary = Diary()
    session = opened(diary)
    first, second = arrive(session, ONE, TWO)
    play(session, first, silent=True)
    play(session, second)
    assert sent(session) == answer_to(TWO)
    assert diary.reports == {ONE: Delivery.FAILED, TWO: Delivery.SENT}
    assert diary.whys == {ONE: "a scripted rule left it out", TWO: ""}
    assert not session.over
    assert session.wants_data


def test_copies_are_the_same_bytes_and_reported_once() -> None:
    """The first one is the answer."""
    diary = Diary()
    session = opened(diary)
    (event,) = arrive(session, ONE)
    play(session, event, copies=3)
    assert sent(session) == answer_to(ONE) * 3
    assert diary.reports == {ONE: Delivery.SENT}


@pytest.mark.parametrize("second", [0.0, 2.0])
def test_a_close_follows_the_answer_whatever_else_is_owed(second: float) -> None:
    """Once its bytes are gone the connection is over; what is decided later fails."""
    diary = Diary()
    session = opened(diary)
    first, second_event = arrive(session, ONE, TWO)
    play(session, first, close=True, delay_ms=int(second * 1000))
    session.play(at(second))
    assert not session.over
    assert not session.wants_data
    play(session, second_event, second)
    assert sent(session) == answer_to(ONE)
    assert session.over
    assert not session.resets
    assert diary.reports == {ONE: Delivery.SENT, TWO: Delivery.FAILED}
    assert diary.whys[TWO] == "a scripted rule closed the connection"


def test_silence_and_close_say_nothing_and_end() -> None:
    """Nothing to wait for."""
    session = opened(Diary())
    (event,) = arrive(session, ONE)
    play(session, event, silent=True, close=True)
    assert session.over
    assert not session.has_outgoing
    assert session.why == "closed by a scripted rule"


def test_a_reset_drops_what_is_owed() -> None:
    """INV-23: neither the answer nor one that comes after it is handed over."""
    diary = Diary()
    session = opened(diary)
    first, second = arrive(session, ONE, TWO)
    play(session, first, reset=True)
    assert session.over
    assert session.resets
    play(session, second)
    assert not session.has_outgoing
    assert diary.reports == {ONE: Delivery.FAILED, TWO: Delivery.FAILED}


@given(st.integers(1, 40))
def test_a_truncated_answer_never_is_whole(size: int) -> None:
    """INV-23: what the peer makes of the piece nobody knows."""
    diary = Diary()
    session = opened(diary)
    (event,) = arrive(session, ONE)
    play(session, event, truncate_to=size)
    whole = answer_to(ONE)
    data = sent(session)
    assert data == whole[: min(size, len(whole) - 1)]
    assert diary.reports == {ONE: Delivery.UNKNOWN}


@pytest.mark.parametrize("off_by", [-5, -1, 1, 7, 100_000, -100_000])
def test_the_stated_length_is_wrong_and_the_rest_is_right(off_by: int) -> None:
    """As far as the header can say it."""
    session = opened(Diary())
    (event,) = arrive(session, ONE)
    play(session, event, length_off_by=off_by)
    data, whole = sent(session), answer_to(ONE)
    assert data[2:] == whole[2:]
    assert int.from_bytes(data[:2], "big") == min(max(0, len(whole) - 2 + off_by), 65_535)


class Spoiler:
    """Rules that mark each request and spoil each echo."""

    def __init__(self, name: str) -> None:
        self.name = name

    def marker(self, fields: Mapping[str, str], request: Request) -> Request:
        return replace(request, rules=(self.name,))

    def altered(self, fields: Mapping[str, str], name: str) -> dict[str, str]:
        return {**fields, "t": name}


def scripted(diary: Diary) -> Session:
    """A session with such rules."""
    words = Words()
    profile = Profile("shop", Framing(), words, words, LIMITS, scripting=Spoiler("old"))
    return Session(profile, 7, "peer:1", at(0), diary, diary.report)


def test_a_wrong_echo_is_altered_before_it_is_written() -> None:
    """The rules know how; the session only asks them."""
    session = scripted(Diary())
    (event,) = arrive(session, ONE)
    play(session, event, wrong_echo="message-bad")
    assert sent(session) == answer_to("message-bad")


def test_other_rules_mark_what_comes_from_now_on() -> None:
    """P-08: an open connection follows a reload; what is in flight keeps its marks."""
    session = scripted(Diary())
    (first,) = arrive(session, ONE)
    session.rescript(Spoiler("new"))
    (second,) = arrive(session, TWO)
    session.rescript(None)
    (third,) = arrive(session, THREE)
    marks = [event.request.rules for event in (first, second, third)]
    assert marks == [("old",), ("new",), ()]
