"""The framing doctor: what it says about bytes that do not fit."""

from __future__ import annotations

import pytest

from switch.wire.doctor import LIKELY, diagnose, foreign, sentence
from switch.wire.framer import wrap
from switch.wire.framing import Framing

ASCII = b"0200" + b"3220000000808000" + b"00000000000001230011241200000000010210014DEMO0001840"
PACKED = bytes.fromhex("0200" + "3020048000C00000" + "000000" + "000000001230" + "000001") + bytes(
    20
)
EBCDIC = "0800822000000000000004000000000000001124120000000001301".encode("cp500")

FRAMINGS = [
    "binary-2",
    "binary-2,inclusive",
    "binary-2-le",
    "binary-4",
    "binary-4,inclusive",
    "ascii-4",
    "ascii-4,inclusive",
    "hex-4",
    "bcd-2",
    "binary-2,tpdu-swap",
    "bcd-2,inclusive,tpdu-swap",
    "ascii-4,inclusive,tpdu-swap",
    "binary-2,tpdu-swap,header=6",
    "binary-2,header=12",
    "binary-2,stx",
]


@pytest.mark.parametrize("message", [ASCII, PACKED, EBCDIC], ids=["ascii", "packed", "ebcdic"])
@pytest.mark.parametrize("text", FRAMINGS)
def test_the_likeliest_finding_is_the_framing_that_was_used(text: str, message: bytes) -> None:
    """Every framing is recognised from one whole frame, whatever the message is written in."""
    framing = Framing.parse(text)
    best = diagnose(wrap(framing, message))[0]
    assert best.framing == framing
    assert best.likelihood >= LIKELY


def test_a_finding_reads_like_a_colleague_says_it() -> None:
    """The sentence names length, TPDU and message, so that a setting can be made from it."""
    wire = wrap(Framing.parse("ascii-4,inclusive,tpdu-swap"), PACKED)
    assert sentence(wire, Framing(), None) == (
        "looks like ascii-4 inclusive, then TPDU 6000030000: "
        "the length fits to the byte, then comes packed message type 0200"
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (ASCII, "no length header at all"),
        (bytes.fromhex("6000030000") + PACKED, "no length header at all, then TPDU 6000030000"),
        (wrap(Framing.parse("binary-2-le"), ASCII), "binary-2-le exclusive"),
        (wrap(Framing.parse("binary-2,inclusive"), ASCII), "binary-2 inclusive"),
        (b"\xf0\xf0\xf5\xf5" + EBCDIC, "a length of four EBCDIC digits"),
        (b"\x00" + bytes([len(PACKED)]) + b"\x60\0\3\0\0" + PACKED, "that counts the message only"),
        (wrap(Framing.parse("hex-4"), EBCDIC), "then comes EBCDIC message type 0800"),
    ],
)
def test_misfits_of_a_two_byte_port_are_named(data: bytes, said: str) -> None:
    """What a newcomer's first wrong connection sends to a port that counts in two bytes."""
    findings = diagnose(data, Framing.parse("binary-2,tpdu-swap"))
    assert said in str(findings[0])
    assert [f.likelihood for f in findings] == sorted(
        (f.likelihood for f in findings), reverse=True
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"GET /", "an HTTP request"),
        (b"HTTP/1.1 400 Bad Request", "an HTTP response"),
        (b"PRI * HTTP/2.0\r\n", "an HTTP/2 client"),
        (bytes.fromhex("1603010200010001fc0303"), "a TLS ClientHello on a plain port"),
        (bytes.fromhex("15030300020228"), "a TLS alert on a plain port"),
        (b"SSH-2.0-x", "an SSH banner"),
        (b"PROXY TCP4 192.0.2.1", "a PROXY protocol line of a load balancer"),
        (b"\xff\xfb\x01", "a Telnet client"),
        (b"<?xml version", "XML"),
        (b'{"mti":', "JSON"),
        (ASCII, ""),
        (b"", ""),
        (b"\x16\x03\x01\x02\x00\x02\x00\x01\xfc", ""),
    ],
)
def test_foreign_protocols(data: bytes, said: str) -> None:
    """W-12: the usual visitors of an open port, and no ISO 8583 message taken for one."""
    assert foreign(data) == said
    if said:
        assert diagnose(data)[0].sentence == said


def test_two_bytes_are_enough_to_suspect_where_a_length_is_refused_anyway() -> None:
    """``GE`` as a length is 18245: oversize, and most likely a browser."""
    assert foreign(b"GE", partial=True) == "an HTTP request"
    assert foreign(b"GE") == ""
    assert foreign(b"\x16\x03", partial=True) == "a TLS ClientHello on a plain port"
    assert foreign(b"\x16", partial=True) == ""


def test_a_judge_decides_between_guesses() -> None:
    """The dialect's own judgement of a message outweighs the look of it."""
    wire = wrap(Framing.parse("binary-2,header=3"), PACKED)
    unsure = diagnose(wire)[0].likelihood
    sure = diagnose(wire, None, lambda body: body == PACKED)[0]
    assert sure.likelihood > unsure
    assert sure.framing == Framing.parse("binary-2,header=3")


def test_what_was_expected_is_not_offered_again() -> None:
    """Bytes that fit their own framing need no cure."""
    framing = Framing.parse("binary-2,tpdu-swap")
    assert sentence(wrap(framing, PACKED), framing, None) == ""


@pytest.mark.parametrize("message", [ASCII, PACKED, EBCDIC], ids=["ascii", "packed", "ebcdic"])
@pytest.mark.parametrize("text", FRAMINGS)
def test_a_frame_that_is_merely_not_finished_is_not_suspected(text: str, message: bytes) -> None:
    """W-08: nothing is said, but where a length fits to the byte by chance."""
    framing = Framing.parse(text)
    wire = wrap(framing, message)
    said = [sentence(wire[:cut], framing, None) for cut in range(1, len(wire))]
    assert all(not one or "fits to the byte" in one for one in said)
    assert sum(map(bool, said)) <= 4


def test_noise_gets_no_sentence() -> None:
    """Better silence than a wrong hint."""
    assert sentence(b"\xee" * 64, Framing(), None) == ""
    assert sentence(b"", Framing(), None) == ""


def test_no_message_data_is_quoted() -> None:
    """A hint ends in logs: it may name type and TPDU of a message, never a card number."""
    body = b"0100" + b"4000000000000000" + b"164111111111111111"
    for text in FRAMINGS:
        for finding in diagnose(wrap(Framing.parse(text), body)):
            assert "4111" not in str(finding)
