"""Framing holds for every way of framing, every message and every segmentation; garbage raises only
our error.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from switch.wire.doctor import diagnose
from switch.wire.framer import NEED_MORE, Frame, Framer, FramingError, cut_whole, wrap
from switch.wire.framing import Framing, KeepAlive, LengthKind, Tpdu

TEXT_BYTES = st.sampled_from([byte for byte in range(256) if byte != 3])


@st.composite
def framings(draw: st.DrawFn) -> Framing:
    """Any framing that a stream may have."""
    stx = draw(st.booleans())
    length = draw(st.sampled_from([*LengthKind, None] if stx else [*LengthKind]))
    tpdu = draw(st.sampled_from(Tpdu))
    header = draw(st.binary(max_size=6)).hex().upper()
    if length is None:
        tpdu, header = Tpdu.NONE, ""  # their bytes could hold an ETX
    return Framing(
        length=length,
        inclusive=draw(st.booleans()) and length is not None,
        tpdu=tpdu,
        header_bytes=len(header) // 2,
        header=header,
        stx=stx,
        keepalive=draw(st.sampled_from(KeepAlive)),
        limit_bytes=draw(st.integers(400, 10_000)),
    )


MESSAGES = st.lists(TEXT_BYTES, min_size=10, max_size=300).map(bytes)


def outcome(framing: Framing, pieces: list[bytes]) -> tuple[list[Frame], str, int]:
    """Frames, event of the refusal or of the end, and bytes left, for a stream in these pieces."""
    framer = Framer(framing)
    frames: list[Frame] = []
    for piece in pieces:
        framer.receive_data(piece)
        try:
            while (frame := framer.next_frame()) is not NEED_MORE:
                frames.append(frame)
        except FramingError as refusal:
            return frames, refusal.event, 0
    end = framer.finish()
    event = end.event if end is not None else ""
    return frames, event, framer.buffered


@given(framings())
def test_the_text_of_a_framing_reads_back(framing: Framing) -> None:
    """What a configuration says and what is printed are the same framing."""
    assert Framing.parse(str(framing)) == framing


@given(framings(), st.lists(MESSAGES, min_size=1, max_size=4), st.data())
def test_any_segmentation_gives_the_same_frames(
    framing: Framing, messages: list[bytes], data: st.DataObject
) -> None:
    """W-01, W-02: the stream may be cut anywhere; frames come out whole, in order, each once."""
    framer = Framer(framing)
    wire = b"".join(framer.encode(message) for message in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=12)))
    pieces = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    frames, event, left = outcome(framing, pieces)
    assert [frame.body for frame in frames] == messages
    assert (event, left) == ("", 0)


@given(framings(), MESSAGES)
def test_every_cut_of_two_frames(framing: Framing, message: bytes) -> None:
    """W-01: one byte at a time, and the end of input at every byte (W-03, W-04)."""
    wire = wrap(framing, message)
    frames, event, left = outcome(framing, [bytes([byte]) for byte in wire * 2])
    assert [frame.body for frame in frames] == [message, message]
    assert (event, left) == ("", 0)
    for cut in range(1, len(wire), 1 + len(wire) // 40):
        frames, event, left = outcome(framing, [wire + wire[:cut]])
        assert len(frames) == 1
        assert (event, left) == ("frame.truncated", cut)


@given(framings(), MESSAGES)
def test_a_whole_frame_is_cut_alike_from_a_buffer_and_a_stream(
    framing: Framing, message: bytes
) -> None:
    """A trace explains a frame as the switch received it."""
    wire = wrap(framing, message)
    frames, _, _ = outcome(framing, [wire])
    assert cut_whole(wire, framing) == frames[0]
    assert wire[framing.prefix_bytes :].startswith(message)


@given(framings(), MESSAGES, MESSAGES)
def test_an_answer_goes_back_to_where_its_request_came_from(
    framing: Framing, request: bytes, answer: bytes
) -> None:
    """Headers are echoed; a swapped TPDU swapped again is the first one."""
    got = cut_whole(wrap(framing, request), framing)
    back = cut_whole(wrap(framing, answer, got), framing)
    assert (back.body, back.header) == (answer, got.header)
    again = cut_whole(wrap(framing, request, back), framing)
    assert again.tpdu == got.tpdu
    if framing.tpdu is Tpdu.ECHO:
        assert back.tpdu == got.tpdu


@given(framings(), st.binary(max_size=60), st.data())
def test_garbage_is_refused_or_waited_for_alike_under_any_segmentation(
    framing: Framing, noise: bytes, data: st.DataObject
) -> None:
    """Random bytes give frames, our error or nothing, never another exception; cutting them changes
    nothing.
    """
    whole = outcome(framing, [noise])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(noise)), max_size=5)))
    pieces = [noise[a:b] for a, b in zip([0, *cuts], [*cuts, len(noise)], strict=True)]
    assert outcome(framing, pieces) == whole
    try:
        cut_whole(noise, framing)
    except FramingError as refusal:
        fault = refusal.fault
    else:
        return
    assert 0 <= fault.offset <= fault.at <= len(noise)


@given(st.binary(max_size=80), framings() | st.none())
def test_the_doctor_never_fails(noise: bytes, framing: Framing | None) -> None:
    """Whatever the bytes are, there are findings or none, each with a likelihood."""
    for finding in diagnose(noise, framing):
        assert 0 < finding.likelihood < 1
        assert finding.sentence


@given(MESSAGES)
def test_suspicion_is_asked_at_any_moment(message: bytes) -> None:
    """At every cut the framer answers without changing what comes next."""
    framing = Framing.parse("ascii-4,inclusive")
    framer = Framer(framing)
    for byte in wrap(framing, message):
        assert framer.next_frame() is NEED_MORE
        framer.suspicion()
        framer.receive_data(bytes([byte]))
    assert framer.next_frame() == Frame(message)
