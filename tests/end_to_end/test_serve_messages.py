"""The message rows of the fault scenarios against the real program, as a terminal's developer meets
them: what is answered, and what the log says of it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CONFIG = """\
[settings]
test_ranges = ["4761739"]

[limits]
frame_s = 1.0

[[listener]]
name = "iso87-ascii"
port = 0
dialect = "iso87-ascii"

[[listener]]
name = "counting"
port = 0
dialect = "iso87-ascii"
framing = "binary-2 inclusive"

[[merchant]]
id = "DEMOMERCHANT001"

[[terminal]]
id = "DEMO0001"
merchant = "DEMOMERCHANT001"

[[card]]
name = "visa"
pan = "4761739001010010"
balance = "100000.00"
"""


@pytest.fixture(scope="module")
def counting(
    tmp_path_factory: pytest.TempPathFactory, host_class: Callable[..., Any]
) -> Iterator[Any]:
    """A switch with a listener whose length header counts itself, beside one whose doesn't."""
    folder = tmp_path_factory.mktemp("counting")
    path = folder / "counting.toml"
    path.write_text(CONFIG)
    host = host_class(folder / "data", ("--config", str(path)))
    yield host.start()
    host.kill()


@pytest.mark.parametrize("messages", [1, 2, 5])
@pytest.mark.parametrize(("listener", "off"), [("iso87-ascii", 2), ("counting", 0)])
def test_a_peer_that_counts_its_header_differently_is_told(
    counting: Any, dial: Callable[..., Any], listener: str, off: int, messages: int
) -> None:
    """W-13: the event says which mode would fit, the connection is closed at the deadline, and
    nothing that was cut in the wrong place is ever approved.
    """
    counting.forget_log()
    speaker = dial(counting)
    bodies = [speaker.purchase(100 * messages + n)[2:] for n in range(messages)]
    data = b"".join((len(body) + off).to_bytes(2, "big") + body for body in bodies)
    with counting.connect(listener) as peer:
        peer.sendall(data)
        answers = read_all(peer)
    assert b"0210" not in answers or b"30" in answers
    suspect = counting.await_log("frame.length_mode_suspect")[0]
    assert ("inclusive" if off else "exclusive") in suspect["said"]
    assert suspect["listener"] == listener
    assert {line["reason"] for line in counting.log("transaction")} <= {"format.error"}


def read_all(peer: socket.socket) -> bytes:
    """Everything until the switch closes."""
    data = b""
    while True:
        try:
            more = peer.recv(65536)
        except ConnectionError:
            return data
        if not more:
            return data
        data += more


def lines_of(host: Any, peer: Any, event: str, count: int = 1) -> list[dict[str, Any]]:
    """Lines about this peer: the log of a shared switch may still be telling of the one before."""
    name = "{}:{}".format(*peer.socket.getsockname())
    deadline = time.monotonic() + 15
    while True:
        found = [line for line in host.log(event) if line.get("peer") == name]
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, f"{event}: {len(found)} of {count} lines"
        time.sleep(0.02)


BROKEN = {
    "length letters": (b"16476173", b"XX476173", "2", "2.len", 20, "at most 19"),
    "length above the maximum": (b"16476173", b"20476173", "2", "2.len", 20, "at most 19"),
    "length too great": (b"16476173", b"18476173", None, "", None, "16 bytes instead of 18"),
    "amount letters": (b"000000001000", b"00000000ABCD", "4", "4.data", 44, "12 digits in ASCII"),
    "a bitmap of bytes": (b"7", b"\xf7", "p", "p", 4, "16 hex characters in ASCII"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_message_tells_its_developer_what_would_be_right(
    town: Any, dial: Callable[..., Any], name: str
) -> None:
    """M-02, M-04: field, byte offset, reason and the right shape, in the event and in the trail of
    the transaction; the connection stays.
    """
    old, new, field, element, offset, right = BROKEN[name]
    peer = dial(town)
    good = peer.purchase(1)
    at = good.index(old, 2)
    peer.send(good[:at] + new + good[at + len(old) :])
    answer = peer.receive()
    assert answer is not None
    assert (answer["t"], answer["39"]) == ("0210", "30")
    told = lines_of(town, peer, "message.rejected")[0]
    if field is not None:
        assert (told["field"], told["element"], told["offset"]) == (field, element, offset)
    assert told["reason"]
    assert right in told["hint"]
    check = lines_of(town, peer, "transaction")[0]["trail"][0]
    assert not check["ok"]
    assert f"at byte {told['offset']}: {told['reason']}" in check["said"]
    assert right in check["said"]
    assert peer.buy(2)["39"] == "00"


@pytest.mark.parametrize("dialect", ["iso87-ascii", "iso87-binary", "iso87-ebcdic"])
@pytest.mark.parametrize("absent", ["3", "4", "11", "22", "41"])
def test_a_mandatory_field_that_is_absent_is_named(
    town: Any, dial: Callable[..., Any], dialect: str, absent: str
) -> None:
    """M-06: each one in turn, in three encodings; what is echoed is echoed only if it was there."""
    peer = dial(town, dialect)
    peer.send(peer.purchase(1, **{f"de{absent}": ""}))
    answer = peer.receive()
    assert answer is not None
    assert answer["39"] == "30"
    assert absent not in answer
    told = lines_of(town, peer, "message.rejected")[0]
    assert told["field"].startswith(f"field {absent} ")
    assert told["reason"] == "is missing"
    check = lines_of(town, peer, "transaction")[0]["trail"][0]
    assert check["saw"].startswith(f"field {absent} ")


def test_bytes_behind_the_last_field_are_a_format_error(
    town: Any, dial: Callable[..., Any]
) -> None:
    """M-05."""
    peer = dial(town)
    body = peer.purchase(1)[2:] + b"xyz"
    peer.send(len(body).to_bytes(2, "big") + body)
    assert peer.receive()["39"] == "30"
    told = lines_of(town, peer, "message.rejected")[0]
    assert (told["element"], told["offset"]) == ("end", len(body) - 3)
    assert peer.buy(2)["39"] == "00"


def test_a_field_that_the_profile_does_not_define_is_a_format_error(
    make_host: Callable[..., Any], dial: Callable[..., Any], tmp_path: Path
) -> None:
    """M-03, strict: it is named."""
    (tmp_path / "narrow.toml").write_text(
        'extends = "iso87-ascii"\ntitle = "without field 60"\nremove = ["fields.60"]\n'
    )
    config = tmp_path / "shop.toml"
    config.write_text(CONFIG.replace('dialect = "iso87-ascii"', 'dialect = "narrow.toml"', 1))
    host = make_host("--config", str(config)).start()
    peer = dial(host)
    peer.send(peer.purchase(1, de60="ABC"))
    assert peer.receive()["39"] == "30"
    told = host.await_log("message.rejected")[0]
    assert told["field"] == "60"
    assert peer.buy(2)["39"] == "00"


@pytest.mark.parametrize(
    ("mti", "answered"), [("0620", "0630"), ("9200", "9210"), ("0X00", None), ("0210", None)]
)
def test_a_message_type_that_is_none_of_the_dialect(
    town: Any, dial: Callable[..., Any], mti: str, answered: str | None
) -> None:
    """M-01, M-07: a format error in the matching response class if one can be formed; else silence,
    and the log says so.
    """
    peer = dial(town)
    good = peer.purchase(1)
    peer.send(good[:2] + mti.encode() + good[6:])
    if answered is not None:
        answer = peer.receive()
        assert answer is not None
        assert (answer["t"], answer["39"], answer["11"]) == (answered, "30", "000001")
        assert f"{mti} is no message" in lines_of(town, peer, "message.rejected")[0]["reason"]
    else:
        lines_of(town, peer, "mti.unexpected" if mti == "0210" else "mti.unknown")
    assert peer.buy(2)["11"] == "000002"


@pytest.mark.parametrize(
    ("listener", "speaks", "likely"),
    [
        ("iso87-ascii", "iso87-ebcdic", "EBCDIC"),
        ("iso87-ascii", "iso87-binary", "packed (BCD)"),
        ("iso87-ascii", "iso87-ascii-bb", "a binary bitmap"),
        ("iso87-ascii-bb", "iso87-ascii", "a bitmap in ASCII hex"),
        ("iso87-binary", "iso87-ascii", "digits as characters"),
        ("iso87-ebcdic", "iso87-ascii", "ASCII"),
    ],
)
def test_the_wrong_encoding_is_named_and_the_connection_stays(
    town: Any, dial: Callable[..., Any], listener: str, speaks: str, likely: str
) -> None:
    """M-38."""
    peer = dial(town, listener)
    peer.send(dial(town, speaks).purchase(1))
    assert likely in lines_of(town, peer, "encoding.suspect")[0]["likely"]
    peer.send(peer.purchase(2))
    answer = peer.receive()
    while answer is not None and answer.get("11") != "000002":  # 30 for the first, if it had a type
        answer = peer.receive()
    assert answer is not None
    assert answer["39"] == "00"


def test_a_repeat_gets_the_same_answer_and_other_content_is_refused(
    town: Any, dial: Callable[..., Any]
) -> None:
    """M-22, M-23, M-24: over the wire, on the same connection and on another."""
    peer = dial(town)
    first = peer.buy(1)
    assert first["39"] == "00"
    assert peer.buy(1) == first
    assert dial(town).buy(1, det="0201") == first
    for change in ({"de4": "000000001001"}, {"de2": "5413330089010434"}, {"de3": "010000"}):
        assert peer.buy(1, **change)["39"] == "94"
    alerts = lines_of(town, peer, "duplicate.mismatch", 3)
    assert [line["differs"] for line in alerts] == ["amount", "card", "code"]
    assert peer.buy(1) == first


def reversal(peer: Any, stan: int, original: int, mti: str) -> bytes:
    """A reversal of the purchase with that trace number."""
    named = f"0200{original:06d}1124120000{'0' * 22}"
    return bytes(peer.purchase(stan, det=mti, de90=named, de4="000000001000"))


def test_a_reversal_and_its_repeats_take_back_once(town: Any, dial: Callable[..., Any]) -> None:
    """M-26: 00 each time, the approval is undone once, and the repeats leave no record."""
    peer = dial(town)
    assert peer.buy(1)["39"] == "00"
    answers = []
    for mti in ("0400", "0401", "0401"):
        peer.send(reversal(peer, 2, 1, mti))
        answers.append(peer.receive())
    assert [(answer["t"], answer["39"]) for answer in answers] == [("0410", "00")] * 3
    assert answers[0] == answers[1] == answers[2]
    lines = lines_of(town, peer, "transaction", 4)
    assert ["records" in line for line in lines] == [True, True, False, False]


def test_a_reversal_before_its_original_buries_it(town: Any, dial: Callable[..., Any]) -> None:
    """M-27: 00 for what was never seen; the original is declined, again and again, and says why."""
    peer = dial(town)
    peer.send(reversal(peer, 2, 1, "0420"))
    answer = peer.receive()
    assert (answer["t"], answer["39"]) == ("0430", "00")
    first = peer.buy(1)
    assert first["39"] != "00"
    assert peer.buy(1) == first
    reasons = [line["reason"] for line in lines_of(town, peer, "transaction", 3)]
    assert reasons[1:] == ["reversed.before_seen"] * 2
