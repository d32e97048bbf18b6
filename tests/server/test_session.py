"""switch.server.session: one connection as data; no socket, no clock."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.events import BrokenArrived, Event, RequestArrived
from switch.model.words import Delivery, Reason
from switch.server.profile import Profile, SessionLimits
from switch.server.session import Session
from switch.wire.codec import Codec
from switch.wire.dialect import load_dialect
from switch.wire.framing import Framing, KeepAlive, LengthKind
from switch.wire.mapping import Mapper
from tests.session_room import Diary, Words, at, frame, keys, opened, reply


@given(st.lists(st.integers(1, 40), max_size=12))
def test_requests_arrive_once_whatever_the_segments(cuts: list[int]) -> None:
    """W-01, W-02: cut anywhere, many in one segment."""
    texts = [f"message-{number:03d}" for number in range(8)]
    data = b"".join(frame(text) for text in texts)
    limits = SessionLimits(pipelined=8)
    session = opened(Diary(), limits=limits)
    events: list[Event] = []
    for cut in [*cuts, len(data)]:
        piece, data = data[:cut], data[cut:]
        events += session.receive(piece, at(0))
    assert keys(events) == texts


def test_reading_stops_at_the_pipelining_cap_and_goes_on() -> None:
    """W-22: beyond the cap nothing is taken, nothing is lost, all are answered in the end."""
    session = opened(Diary())
    events = session.receive(b"".join(frame(f"message-{n:03d}") for n in range(50)), at(0))
    assert len(events) == 3
    assert not session.wants_data
    answered = 0
    while events:
        batch, events = events, []
        for event in batch:
            reply(session, event)
            answered += 1
        while session.has_outgoing:
            session.handed_over(len(session.outgoing()))
        events = session.resume(at(0))
    assert answered == 50
    assert session.wants_data


def test_answers_may_leave_in_another_order() -> None:
    """Each goes out with the fields of its own request."""
    session = opened(Diary())
    first, second = session.receive(frame("message-one") + frame("message-two"), at(0))
    reply(session, second)
    reply(session, first, Reason.INTERNAL)
    wanted = frame("message-two:approved") + frame("message-one:internal")
    assert bytes(session.outgoing()) == wanted


def test_unread_answers_stop_the_reading() -> None:
    """W-09: memory is bounded by what may wait for the peer."""
    session = opened(Diary())
    for number in range(10):
        for event in session.receive(frame(f"message-{number:03d}"), at(0)):
            reply(session, event)
        if not session.wants_data:
            break
    assert 100 < len(session.outgoing()) < 130
    assert not session.wants_data


def test_a_slow_frame_is_late_ten_seconds_after_its_first_byte() -> None:
    """W-08: progress does not extend the deadline."""
    diary = Diary()
    session = opened(diary)
    for second, byte in enumerate(frame("message-slow")[:-1]):
        session.receive(bytes([byte]), at(second))
        late = session.overdue(at(second + 0.5))
        assert bool(late) == (second >= 10)
        if late:
            break
    assert diary.told == ["frame.slow"]
    assert session.over


def test_a_frame_that_is_complete_in_time_starts_the_next_clock() -> None:
    """The deadline counts for each frame from its own first byte."""
    session = opened(Diary())
    data = frame("message-one") + frame("message-two")
    session.receive(data[:5], at(0))
    session.receive(data[5:-3], at(8))
    assert not session.overdue(at(12))
    assert session.overdue(at(19)) == "frame.slow"


def test_no_frame_deadline_runs_while_we_are_the_slow_ones() -> None:
    """Frames that wait for room are not the peer's delay."""
    session = opened(Diary())
    session.receive(b"".join(frame(f"message-{n:03d}") for n in range(5)), at(0))
    assert not session.overdue(at(100))


def test_an_idle_connection_ends_without_an_event_above_debug() -> None:
    """W-07."""
    diary = Diary()
    session = opened(diary)
    assert not session.overdue(at(299))
    assert session.overdue(at(301)) == "idle"
    assert diary.told == []


def test_a_peer_that_never_reads_is_late_after_ten_seconds() -> None:
    """W-09, INV-23: what was not handed over is told as failed, what was begun as unknown."""
    diary = Diary()
    session = opened(diary)
    one, two = session.receive(frame("message-one") + frame("message-two"), at(0))
    reply(session, one, second=1)
    reply(session, two, second=2)
    session.handed_over(3)
    assert not session.overdue(at(11))
    assert session.overdue(at(11.1)) == "write.slow"
    session.gone("write.slow")
    assert diary.reports == {"message-one": Delivery.UNKNOWN, "message-two": Delivery.FAILED}


def test_a_half_closed_peer_gets_its_answer_then_the_end() -> None:
    """W-05."""
    diary = Diary()
    session = opened(diary)
    (event,) = session.receive(frame("message-one"), at(0))
    session.end_of_input()
    assert not session.wants_data
    assert not session.over
    reply(session, event)
    assert not session.over
    session.handed_over(len(session.outgoing()))
    assert session.over
    assert diary.reports == {"message-one": Delivery.SENT}


@pytest.mark.parametrize("cut", range(1, 13))
def test_an_end_inside_a_frame_is_told_and_nothing_arrives(cut: int) -> None:
    """W-03, W-04: in every position."""
    diary = Diary()
    session = opened(diary)
    assert session.receive(frame("message-one")[:cut], at(0)) == []
    session.end_of_input()
    assert session.over
    assert diary.told == ["frame.truncated"]


def test_a_reset_inside_a_frame_is_told_too() -> None:
    """W-04: a reset comes without an end of input."""
    diary = Diary()
    session = opened(diary)
    session.receive(b"\x00\x20abc", at(0))
    session.gone("reset by the peer")
    assert diary.told == ["frame.truncated", "conn.close"]


@pytest.mark.parametrize(
    ("data", "event"),
    [
        (b"\xff\xff", "frame.oversize"),
        (b"\x00\x00", "frame.undersize"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "frame.garbage"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 300, "frame.garbage"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "frame.garbage"),
    ],
)
def test_what_is_no_frame_ends_the_connection_at_once(data: bytes, event: str) -> None:
    """W-10, W-11, W-12: within one read, without a guess."""
    diary = Diary()
    session = opened(diary)
    assert session.receive(data, at(0)) == []
    assert diary.told == [event]
    assert session.over
    assert session.receive(frame("message-one"), at(1)) == []


def test_what_came_before_garbage_is_still_answered() -> None:
    """The peer's mistake takes nothing back that it had sent well."""
    diary = Diary()
    session = opened(diary)
    events = session.receive(frame("message-one") + b"\xff\xff", at(0))
    assert keys(events) == ["message-one"]
    assert not session.over
    reply(session, events[0])
    session.handed_over(len(session.outgoing()))
    assert session.over


def test_keep_alives_are_echoed_within_measure() -> None:
    """W-11: a profile may allow empty frames, at most one a second beyond a small burst."""
    diary = Diary()
    session = opened(diary, Framing(LengthKind.BINARY_2, keepalive=KeepAlive.ECHO))
    for second in range(60):
        assert session.receive(b"\x00\x00", at(second)) == []
        assert bytes(session.outgoing()) == b"\x00\x00"
        session.handed_over(2)
    for _ in range(20):
        session.receive(b"\x00\x00", at(60))
    assert diary.told == ["frame.undersize"]


def test_a_message_that_does_not_decode_is_told_and_decided() -> None:
    """M-02 to M-05: an event of its own; where no answer can be formed, silence (M-01)."""
    diary = Diary()
    session = opened(diary)
    (event,) = session.receive(frame("broken-one") + frame("broken-mute"), at(0))
    assert isinstance(event, BrokenArrived)
    assert event.problem.reason is Reason.FORMAT_ERROR
    assert diary.told == ["message.rejected", "message.rejected", "mti.unknown"]
    reply(session, event, Reason.FORMAT_ERROR)
    assert bytes(session.outgoing()) == frame("broken-one:format.error")


def test_a_defect_in_the_mapping_costs_that_request_alone() -> None:
    """P-12: 96 for it, the trace in the log, the next request as ever."""
    diary = Diary()
    session = opened(diary)
    first, second = session.receive(frame("bug-message") + frame("message-two"), at(0))
    assert isinstance(first, BrokenArrived)
    assert first.problem.reason is Reason.INTERNAL
    assert diary.told == ["internal.error planted"]
    assert keys([second]) == ["message-two"]


def test_an_answer_that_cannot_be_written_counts_as_failed() -> None:
    """INV-23: not a byte was handed over; the field and the reason are told, never the value."""
    diary = Diary()
    session = opened(diary)
    (event,) = session.receive(frame("long-message"), at(0))
    reply(session, event)
    assert not session.has_outgoing
    assert diary.told == ["answer.unsendable"]
    assert diary.reports == {"long-message": Delivery.FAILED}
    assert "too long" in diary.whys["long-message"]


def test_a_drained_session_takes_nothing_more_and_ends_when_it_owes_nothing() -> None:
    """P-01."""
    diary = Diary()
    session = opened(diary)
    (event,) = session.receive(frame("message-one"), at(0))
    session.drain()
    assert not session.wants_data
    assert session.receive(frame("message-two"), at(0)) == []
    assert not session.over
    session.silence(1)
    assert session.over
    assert isinstance(event, RequestArrived)


def test_message_is_carried_along_only_where_it_bears_a_mac() -> None:
    """Its bytes and what stood in front of them, for whoever checks the MAC; they show nothing, and
    nothing is kept of the others.
    """
    dialect = load_dialect("hypercom")
    codec, mapper = Codec(dialect.layout), Mapper(dialect)
    profile = Profile("shop", dialect.framing, codec, mapper)
    diary = Diary()
    session = Session(profile, 7, "peer:1", at(0), diary, diary.report)
    tpdu = bytes.fromhex("6000030000")
    echo = {"t": "0800", "3": "990000", "11": "000123", "41": "DEMO0001"}
    sealed = codec.encode(mapper.cover.placeholder(echo))
    plain = codec.encode(echo)
    data = b"".join((len(tpdu + body)).to_bytes(2, "big") + tpdu + body for body in (plain, sealed))
    without, bearing = session.receive(data, at(0))
    assert isinstance(without, RequestArrived)
    assert without.carried is None
    assert isinstance(bearing, RequestArrived)
    assert bearing.carried is not None
    assert (bearing.carried.reveal(), bearing.carried.lead) == (sealed, tpdu)
    assert mapper.cover.covered(bearing.carried) == sealed[:-8]
    assert "DEMO0001" not in repr(bearing.carried)


def test_one_message_in_n_is_read_again_with_the_reference() -> None:
    """A difference raises an alarm and changes nothing else."""
    diary = Diary()
    words = Words()
    read: list[bytes] = []

    def verify(data: bytes, fields: Mapping[str, str]) -> list[str]:
        read.append(data)
        return ["field 4 differs"]

    profile = Profile("shop", Framing(), words, words, verify_every=3, verify=verify)
    session = Session(profile, 7, "peer:1", at(0), diary, diary.report)
    events = session.receive(b"".join(frame(f"message-{n:03d}") for n in range(1, 8)), at(0))
    assert len(events) == 7
    assert read == [b"message-003", b"message-006"]
    assert diary.told == ["reference.mismatch"] * 2
