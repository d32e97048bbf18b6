"""switch.server.session: bytes that do not fit the framing of the port, and answers that do not."""

from __future__ import annotations

import pytest

from switch.errors import DecodeError, Fault
from switch.model.words import Delivery, Reason
from switch.server.profile import Profile
from switch.server.session import Session
from switch.wire.framing import Framing, LengthKind
from tests.session_room import LIMITS, Diary, Words, at, keys, opened, reply


def test_an_answer_too_long_for_its_header_costs_that_answer_alone() -> None:
    """INV-23: the port's header cannot say its length: it counts as failed, the next goes out."""
    diary = Diary()
    session = opened(diary, Framing(LengthKind.BCD_2, limit_bytes=9_999))
    texts = ("message-" + "m" * 9_990, "message-two")
    sent = b"".join(bytes.fromhex(f"{len(text):04d}") + text.encode() for text in texts)
    for event in session.receive(sent, at(0)):
        reply(session, event)
    assert diary.told == ["answer.unsendable"]
    assert diary.reports == {texts[0]: Delivery.FAILED}
    assert bytes(session.outgoing()).endswith(b"message-two:approved")
    assert session.wants_data


@pytest.mark.parametrize(("inclusive", "off"), [(False, 2), (True, 0)])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_length_that_is_counted_differently_is_told(
    inclusive: bool, off: int, count: int
) -> None:
    """W-13: both ways, for one message and for many; nothing that was cut wrong is taken for a
    message.
    """
    diary = Diary()
    words = Words()
    texts = [f"0200-message-{number}!" for number in range(count)]

    class Strict(Words):
        def decode(self, data: bytes) -> dict[str, str]:
            if not words_end(data):
                raise DecodeError(Fault(None, "end", 0, 0, "cut in the wrong place"))
            return super().decode(data)

    def words_end(data: bytes) -> bool:
        return data.startswith(b"0200-") and data.endswith(b"!") and data.count(b"!") == 1

    profile = Profile(
        "shop", Framing(inclusive=inclusive), Strict(), words, LIMITS, judge=words_end
    )
    session = Session(profile, 7, "peer:1", at(0), diary, diary.report)
    sent = b"".join((len(text) + off).to_bytes(2, "big") + text.encode() for text in texts)
    events = session.receive(sent, at(0))
    assert keys(events) == []
    for event in events:
        reply(session, event, Reason.FORMAT_ERROR)
    session.handed_over(len(session.outgoing()))
    session.resume(at(0))
    assert session.over or session.overdue(at(11)) == "frame.length_mode_suspect"
    assert "frame.length_mode_suspect" in diary.told
