"""Cutting frames out of streams and buffers, refusing what is no frame, wrapping answers."""

from __future__ import annotations

import pytest

from switch.wire.framer import NEED_MORE, Frame, Framer, FramingError, wrap
from switch.wire.framing import Framing, LengthKind

MESSAGE = b"0800" + b"8220000000000000" + b"0400000000000000" + b"1124120000000001301"


def frames_of(framer: Framer) -> list[Frame]:
    """All frames that are complete now."""
    found = []
    while (frame := framer.next_frame()) is not NEED_MORE:
        found.append(frame)
    return found


def refusal_of(text: str, data: bytes) -> FramingError:
    """The error that a stream in this framing raises for these bytes."""
    framer = Framer(Framing.parse(text))
    framer.receive_data(data)
    with pytest.raises(FramingError) as refusal:
        frames_of(framer)
    return refusal.value


def test_a_frame_is_whole_or_more_is_needed() -> None:
    """To need more is a value, and the frame has its message without the length."""
    framer = Framer(Framing())
    assert framer.next_frame() is NEED_MORE
    wire = framer.encode(MESSAGE)
    framer.receive_data(wire[:1])
    assert framer.next_frame() is NEED_MORE
    framer.receive_data(wire[1:-1])
    assert framer.next_frame() is NEED_MORE
    assert framer.pending == wire[:-1]
    framer.receive_data(wire[-1:])
    assert framer.next_frame() == Frame(MESSAGE)
    assert framer.next_frame() is NEED_MORE
    assert framer.buffered == 0


def test_many_frames_in_one_read_come_out_one_by_one() -> None:
    """W-02: fifty requests in one segment, none lost, none doubled."""
    framer = Framer(Framing.parse("ascii-4"))
    messages = [MESSAGE + b"%06d" % k for k in range(50)]
    framer.receive_data(b"".join(map(framer.encode, messages)) + b"00")
    assert [frame.body for frame in frames_of(framer)] == messages
    assert framer.pending == b"00"


def test_the_answer_swaps_the_addresses_of_the_tpdu() -> None:
    """A terminal finds its answer by the addresses: source and destination change places."""
    framer = Framer(Framing.parse("binary-2,tpdu-swap,header=2"))
    framer.receive_data(bytes.fromhex("003A6000031234ABCD") + MESSAGE[:51])
    frame = framer.next_frame()
    assert frame == Frame(MESSAGE[:51], bytes.fromhex("6000031234"), b"\xab\xcd")
    answer = framer.encode(b"0810" + bytes(20), frame)
    assert answer == bytes.fromhex("001F6012340003ABCD") + b"0810" + bytes(20)


def test_the_answer_may_echo_the_tpdu() -> None:
    """Some hosts send the TPDU back as it came."""
    framer = Framer(Framing.parse("binary-2,tpdu-echo"))
    frame = Frame(MESSAGE, bytes.fromhex("6000031234"))
    assert framer.encode(MESSAGE, frame)[2:7] == frame.tpdu


def test_a_client_sends_the_tpdu_and_header_of_its_framing() -> None:
    """What a client cannot echo, its framing says; a header that it does not say is zeros."""
    framing = Framing.parse("bcd-2,tpdu-swap=6000120000,header=0x603100310100")
    assert wrap(framing, MESSAGE)[:13].hex() == "0066" + "6000120000" + "603100310100"
    assert wrap(Framing.parse("bcd-2,header=3"), MESSAGE)[2:5] == bytes(3)


def test_an_answer_too_long_for_the_length_header_is_refused() -> None:
    """Better no answer than a wrong length: 10 000 does not fit four digits."""
    for text, body in (("ascii-4", bytes(10_000)), ("ascii-4,inclusive", bytes(9_996))):
        with pytest.raises(FramingError) as refusal:
            wrap(Framing.parse(text), body)
        assert refusal.value.event == "frame.oversize"
    assert wrap(Framing.parse("ascii-4"), bytes(9_999))[:4] == b"9999"


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("binary-2,keepalive-echo", "0000"),
        ("binary-2,inclusive,keepalive-echo", "0002"),
        ("binary-2,inclusive,keepalive-echo", "0000"),
        ("ascii-4,keepalive-ignore", "30303030"),
        ("stx,keepalive-echo", "020303"),
        ("binary-2,stx,keepalive-echo", "0200000303"),
    ],
)
def test_an_empty_frame_is_a_keep_alive_where_allowed(text: str, wire: str) -> None:
    """W-11: it never reaches the parser, and its echo is the very same bytes."""
    framer = Framer(Framing.parse(text))
    for byte in bytes.fromhex(wire):
        assert framer.next_frame() is NEED_MORE
        framer.receive_data(bytes([byte]))
    framer.receive_data(framer.encode(MESSAGE))
    first, second = frames_of(framer)
    assert first.keepalive
    assert framer.encode(b"anything", first) == bytes.fromhex(wire)
    assert second == Frame(MESSAGE)


@pytest.mark.parametrize(
    ("text", "data", "event"),
    [
        ("binary-2", b"\x00\x00" + MESSAGE, "frame.undersize"),
        ("binary-2", b"\x00\x09" + MESSAGE, "frame.undersize"),
        ("binary-2,inclusive", b"\x00\x01" + MESSAGE, "frame.undersize"),
        ("bcd-2,tpdu-swap", b"\x00\x14" + MESSAGE, "frame.undersize"),
        ("stx", b"\x02\x03\x03", "frame.undersize"),
        ("binary-2", b"\xff\xff" + MESSAGE, "frame.oversize"),
        ("ascii-4", b"9999" + MESSAGE, "frame.oversize"),
        ("binary-4", b"\x7f\xff\xff\xff", "frame.oversize"),
        ("binary-2,limit=100", b"\x00\x65", "frame.oversize"),
        ("stx,limit=50", b"\x02" + bytes([0x30]) * 51, "frame.oversize"),
        ("ascii-4", b"0x50", "frame.garbage"),
        ("hex-4", b"00 5", "frame.garbage"),
        ("bcd-2", b"\x00\x5a", "frame.garbage"),
        ("stx", MESSAGE, "frame.garbage"),
        ("stx,binary-2", MESSAGE, "frame.garbage"),
        ("binary-2,tpdu-swap", b"\x00\x37" + MESSAGE, "frame.broken"),
        ("stx", b"\x02" + MESSAGE + b"\x03\x00", "frame.broken"),
        ("stx,binary-2", b"\x02\x00\x37" + MESSAGE + b"\x04\x00", "frame.broken"),
    ],
)
def test_what_is_no_frame_is_refused_under_its_name(text: str, data: bytes, event: str) -> None:
    """W-10, W-11, W-12: each refusal has a stable event name, and nothing is guessed behind it."""
    refusal = refusal_of(text, data)
    assert refusal.event == event
    assert refusal.fault.field is None
    assert refusal.fault.reason


@pytest.mark.parametrize(
    "text", ["binary-2", "binary-2-le", "binary-4", "ascii-4", "bcd-2", "hex-4"]
)
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"GET / HTTP/1.1\r\nHost: switch\r\n\r\n", "an HTTP request"),
        (b"POST /pay HTTP/1.1\r\n", "an HTTP request"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "an SSH banner"),
        (bytes.fromhex("1603010200010001fc0303") + bytes(506), "a TLS ClientHello"),
    ],
)
def test_other_protocols_are_called_by_their_name(text: str, data: bytes, said: str) -> None:
    """W-12: HTTP, SSH and TLS bytes are garbage within one read, whatever length they might
    announce.
    """
    refusal = refusal_of(text, data)
    assert refusal.event == "frame.garbage"
    assert said in refusal.fault.hint


def test_a_letter_in_an_ascii_length_is_refused_before_the_length_is_whole() -> None:
    """W-12: an error as soon as it can be known, at its byte counted from the frame's start."""
    framer = Framer(Framing.parse("ascii-4"))
    framer.receive_data(framer.encode(MESSAGE) + b"0X")
    assert framer.next_frame() == Frame(MESSAGE)
    with pytest.raises(FramingError) as refusal:
        framer.next_frame()
    assert (refusal.value.event, refusal.value.fault.at) == ("frame.garbage", 1)


def test_after_a_refusal_the_stream_stays_refused() -> None:
    """W-12: no resynchronising guess; good bytes behind bad ones change nothing."""
    framer = Framer(Framing.parse("ascii-4"))
    framer.receive_data(b"!")
    for _ in range(2):
        with pytest.raises(FramingError, match="no number"):
            framer.next_frame()
        framer.receive_data(framer.encode(MESSAGE))


def test_an_oversize_announcement_costs_no_memory() -> None:
    """W-10: four gigabytes announced, four bytes kept."""
    framer = Framer(Framing.parse("binary-4"))
    framer.receive_data(b"\xff\xff\xff\xff")
    with pytest.raises(FramingError):
        framer.next_frame()
    assert framer.buffered == 4


@pytest.mark.parametrize("text", ["binary-2", "ascii-4", "stx", "binary-2,tpdu-swap"])
def test_the_end_of_input_inside_a_frame_is_told_with_its_place(text: str) -> None:
    """W-03, W-04: cut in the length header or in the body, at every byte."""
    wire = wrap(Framing.parse(text), MESSAGE)
    framer = Framer(Framing.parse(text))
    for cut in range(1, len(wire)):
        framer = Framer(framer.framing)
        framer.receive_data(wire[:cut])
        assert framer.next_frame() is NEED_MORE
        error = framer.finish()
        assert error is not None
        assert (error.event, error.fault.at) == ("frame.truncated", cut)
    framer.receive_data(wire[-1:])
    framer.next_frame()
    assert framer.finish() is None


@pytest.mark.parametrize("kind", [LengthKind.BINARY_2, LengthKind.ASCII_4, LengthKind.BINARY_4])
def test_a_peer_that_counts_its_own_header_is_suspected_while_waiting(kind: LengthKind) -> None:
    """W-13: a frame that stays short by its header's own length; said at the deadline, nothing is
    cut.
    """
    framer = Framer(Framing(length=kind))
    framer.receive_data(wrap(Framing(length=kind, inclusive=True), MESSAGE))
    assert framer.next_frame() is NEED_MORE
    assert f"{kind} inclusive" in framer.suspicion()


def test_a_message_without_a_known_beginning_is_suspected_by_its_length_alone() -> None:
    """W-13: also where nothing in the message is recognised."""
    framer = Framer(Framing())
    framer.receive_data(wrap(Framing(inclusive=True), b"\xee" * 80))
    assert framer.next_frame() is NEED_MORE
    assert "inclusive would fit" in framer.suspicion()


@pytest.mark.parametrize(
    ("ours", "theirs", "fits"),
    [
        (Framing(inclusive=True), Framing(), "exclusive would fit"),
        (Framing(), Framing(inclusive=True), "inclusive would fit"),
    ],
)
def test_a_length_counted_the_other_way_is_named_once_frames_run_on(
    ours: Framing, theirs: Framing, fits: str
) -> None:
    """W-13: two messages in a row end up cut in the wrong place; the judge of the dialect tells
    which way.
    """
    framer = Framer(ours, lambda body: body == MESSAGE)
    framer.receive_data(wrap(theirs, MESSAGE) * 2)
    with pytest.raises(FramingError) as refusal:
        frames_of(framer)
    assert refusal.value.event == "frame.length_mode_suspect"
    assert fits in refusal.value.fault.hint


def test_a_length_too_small_leaves_a_rest_that_is_explained() -> None:
    """W-13: the peer announces two bytes too few, and says no more."""
    framer = Framer(Framing(), lambda body: body == MESSAGE)
    wire = wrap(Framing(), MESSAGE)
    framer.receive_data(wire[:1] + bytes([wire[1] - 2]) + wire[2:])
    with pytest.raises(FramingError) as refusal:
        frames_of(framer)
    assert refusal.value.event == "frame.length_mode_suspect"


def test_nothing_is_suspected_of_a_sender_that_is_merely_slow() -> None:
    """W-08: half a good frame is slow, not misframed."""
    framer = Framer(Framing.parse("binary-2,tpdu-swap"))
    wire = framer.encode(MESSAGE)
    framer.receive_data(wire[: len(wire) // 2])
    assert framer.next_frame() is NEED_MORE
    assert framer.suspicion() == ""


def test_a_stream_without_an_end_of_frames_is_refused_at_once() -> None:
    """A framing for buffers cannot serve a stream."""
    with pytest.raises(ValueError, match="length header"):
        Framer(Framing.parse("none", stream=False))


def test_a_frame_never_prints_its_message() -> None:
    """A frame's repr may end in a log; its body holds card data."""
    assert "0800" not in repr(Frame(MESSAGE))
