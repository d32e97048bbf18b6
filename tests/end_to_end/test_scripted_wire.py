"""Each scripted behaviour on the wire: raw bytes of a real socket, of a host of its own.

The rules of the file wait for amounts of 1.01, 1.02 and so on, that of each test. Times are only
held to be long enough.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_town import CODEC, HEAD, LATE_S, Line, echo, purchase, read, told, world
from tests.small_world import small_world


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the scripted world."""
    path = tmp_path_factory.mktemp("scripted") / "scripted.toml"
    path.write_text(world())
    return path


@pytest.fixture(scope="module", params=["plain", "tls"])
def host(request: pytest.FixtureRequest, place: Path, host_class: Any) -> Iterator[Any]:
    """A host of the scripted world, over plain TCP and over TLS."""
    more = ["--tls"] if request.param == "tls" else []
    process = host_class(place.with_name(request.param), ("--config", str(place), *more))
    process.over_tls = request.param == "tls"
    yield process.start()
    process.kill()


@pytest.fixture
def call() -> Iterator[Callable[[Any], Line]]:
    """Makes connections that are gone after the test."""
    made: list[Line] = []

    def connect(host: Any) -> Line:
        made.append(Line(host))
        return made[-1]

    yield connect
    for peer in made:
        peer.sock.close()


@pytest.fixture
def line(host: Any, call: Callable[[Any], Line]) -> Line:
    """A fresh connection."""
    return call(host)


def test_a_delay_holds_up_nobody_else(line: Line) -> None:
    """The answer of the second request comes first, that of the first one after its time."""
    slow, quick = purchase(101), purchase(100)
    start = time.monotonic()
    line.send(slow)
    line.send(quick)
    assert read(line.frame())["11"] == quick["11"]
    answer = read(line.frame())
    assert time.monotonic() - start >= 0.4
    assert (answer["11"], answer["39"]) == (slow["11"], "00")


def test_silence(line: Line) -> None:
    """Not a byte comes, the connection lives, and the purchase is booked: a repeat hears so."""
    mute = purchase(102)
    line.send(mute)
    line.send(echo())
    assert read(line.frame())["t"] == "0810"
    line.send({**mute, "t": "0201"})
    answer = read(line.frame())
    assert (answer["t"], answer["11"], answer["39"]) == ("0210", mute["11"], "00")


def test_a_duplicate(line: Line) -> None:
    """The same bytes twice, then what was asked next."""
    line.send(purchase(103))
    line.send(echo())
    first, second = line.frame(), line.frame()
    assert first == second
    assert read(first)["39"] == "00"
    assert read(line.frame())["t"] == "0810"


def test_a_late_answer(line: Line) -> None:
    """The approval comes when the terminal has given up; its reversal was answered long before."""
    late = purchase(104)
    start = time.monotonic()
    line.send(late)
    reversal = {key: late[key] for key in ("3", "4", "7", "11", "12", "13", "41", "42", "49")}
    original = f"0200{late['11']}{late['7']}".ljust(42, "0")
    line.send({**reversal, "t": "0400", "90": original})
    assert read(line.frame())["t"] == "0410"
    answer = read(line.frame())
    assert time.monotonic() - start >= LATE_S
    assert (answer["t"], answer["11"], answer["39"]) == ("0210", late["11"], "00")


def test_a_close_behind_the_answer(line: Line) -> None:
    """The answer is whole, and the stream ends behind it."""
    line.send(purchase(105))
    assert read(line.frame())["39"] == "00"
    assert line.ended()


def test_a_close_instead_of_the_answer(line: Line) -> None:
    """The stream ends in order, without a byte."""
    line.send(purchase(106))
    assert line.ended()


def test_a_truncated_frame_that_stalls(host: Any, call: Callable[[Any], Line]) -> None:
    """21 bytes of a frame that states more; the rest never comes, and a new connection hears the
    answer.
    """
    stalled, other = call(host), call(host)
    request = purchase(107)
    stalled.send(request)
    piece = stalled.take(21)
    other.send({**request, "t": "0201"})
    whole = other.frame()
    assert read(whole)["39"] == "00"
    assert piece == whole[:21]
    stalled.send(echo())
    assert stalled.frame()[2:6] == b"0810", "nothing but the next answer follows"


def test_a_truncated_frame_and_the_end(line: Line) -> None:
    """21 bytes, then the stream ends inside the frame."""
    line.send(purchase(108))
    piece = line.take(5000)
    assert len(piece) == 21
    assert int.from_bytes(piece[:2], "big") > 19


@pytest.mark.parametrize(("minor", "off_by"), [(109, 3), (110, -3)])
def test_a_frame_of_wrong_length(line: Line, minor: int, off_by: int) -> None:
    """The header says more, or less, than there is; the message itself is right."""
    request = purchase(minor)
    line.send(request)
    stated = int.from_bytes(line.take(2), "big")
    body = line.take(stated - off_by)
    answer = CODEC.decode(body)
    assert (answer["11"], answer["39"]) == (request["11"], "00")
    line.send(echo())
    assert read(line.frame())["t"] == "0810"


def test_a_wrong_echo(line: Line) -> None:
    """An answer to another number than the one that was asked."""
    request = purchase(111)
    line.send(request)
    answer = read(line.frame())
    assert answer["11"] != request["11"]
    assert len(answer["11"]) == 6
    assert answer["39"] == "00"


def test_a_dropped_connection(line: Line) -> None:
    """A reset, without a byte of the answer; an end in order is no reset."""
    line.send(purchase(112))
    assert line.was_reset()
    with suppress(ConnectionError):
        assert line.ended()


def test_outcomes_and_codes(line: Line, host: Any) -> None:
    """A reason is told in the dialect's code, a code as it is written; both are declines."""
    for minor, code in [(113, "51"), (114, "Z3")]:
        request = purchase(minor)
        line.send(request)
        assert read(line.frame())["39"] == code
        line.send({**request, "t": "0201"})
        assert read(line.frame())["39"] == code
        assert "r" + str(minor - 100) in json.dumps(told(host, request["11"])["trail"])


def test_texts_in_fields(line: Line) -> None:
    """Templates filled with what the answer says; a repeat gets the same bytes."""
    request = purchase(115)
    line.send(request)
    first = line.frame()
    answer = read(first)
    assert answer["44"] == "HI DEMO0001"
    assert answer["63"] == f"{request['11']}/{answer['37']}"
    line.send({**request, "t": "0201"})
    assert line.frame() == first


def test_silence_for_repeats_too(line: Line) -> None:
    """A rule may be for the repeats as well."""
    mute = purchase(117)
    line.send(mute)
    line.send({**mute, "t": "0201"})
    line.send(echo())
    assert read(line.frame())["t"] == "0810"


def test_a_field_decides(line: Line) -> None:
    """The same amount, with and without what the regular expression wants in a private field."""
    line.send(purchase(118))
    assert read(line.frame())["39"] == "00"
    line.send(purchase(118, de48="LOYAL42"))
    assert read(line.frame())["39"] == "01"


def test_forced_approvals(line: Line) -> None:
    """INV-40: more than the card has is approved, and a part of an amount."""
    line.send(purchase(900_00))
    answer = read(line.frame())
    assert (answer["39"], len(answer["38"])) == ("00", 6)
    line.send(purchase(119))
    answer = read(line.frame())
    assert (answer["39"], answer["4"]) == ("10", "000000000011")


def test_an_echo_can_be_scripted(line: Line) -> None:
    """Network management is matched like everything else."""
    line.send(echo(de32="777"))
    first = line.frame()
    assert read(first)["39"] == "96"
    assert line.frame() == first


# -- what outlives the process, and what is changed while it runs


def test_the_nth_time_is_counted_over_a_restart(
    make_host: Callable[..., Any], place: Path, call: Callable[[Any], Line]
) -> None:
    """The count is durable: the second time is the second one, whoever was killed between."""
    host = make_host("--config", str(place)).start()
    host.over_tls = False
    line = call(host)
    line.send(purchase(116))
    assert read(line.frame())["39"] == "00"
    host.kill()
    host.start()
    codes = []
    line = call(host)
    for _ in range(2):
        line.send(purchase(116))
        codes.append(read(line.frame())["39"])
    assert codes == ["96", "00"]


def test_a_drain_waits_for_answers_that_are_held_back(
    make_host: Callable[..., Any], place: Path, call: Callable[[Any], Line]
) -> None:
    """P-01: told to stop, the host still says what it owes."""
    host = make_host("--config", str(place)).start()
    host.over_tls = False
    line = call(host)
    request = purchase(104)
    line.send(request)
    host.await_log("transaction")
    host.signal(signal.SIGTERM)
    assert read(line.frame())["11"] == request["11"]
    assert line.ended()
    assert host.wait() == 0


def test_a_reload_changes_the_rules_of_open_connections(
    make_host: Callable[..., Any], tmp_path: Path, call: Callable[[Any], Line]
) -> None:
    """P-07, P-08: a refused file leaves the old rules in force; a good one is in force at once, for
    rules about fields, too. What is held back by an old rule still comes.
    """
    path = tmp_path / "world.toml"

    def write(rules: str) -> None:
        path.write_text(small_world("100.00", HEAD) + rules)

    def reload(code: int) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "switch", "reload", "--data", str(host.data)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stderr

    def ask(**changes: str) -> str:
        request = purchase(200, **changes)
        line.send(request)
        while (answer := read(line.frame()))["11"] != request["11"]:
            others.append(answer["11"])
        return answer["39"]

    others: list[str] = []
    rule = '\n[[rule]]\nname = "{}"\nwhen = {{ {} }}\nthen = {{ {} }}\n'
    write(rule.format("slow", 'amount = "3.00"', "late = true"))
    host = make_host("--config", str(path)).start()
    host.over_tls = False
    line = call(host)
    held = purchase(300)
    line.send(held)
    assert ask() == "00"
    text = rule.format("a", 'amount = "2.00"', 'outcome = "busy"')
    write(text + rule.format("b", 'amount = "2.00", kind = "purchase"', 'outcome = "referral"'))
    assert "never fires: a (" in reload(1)
    assert ask() == "00"
    write(text)
    reload(0)
    assert ask() == "96"
    write(rule.format("c", 'fields = { "48" = "X" }', 'outcome = "referral"'))
    reload(0)
    assert ask() == "00"
    assert ask(de48="X") == "01"
    assert (others or [read(line.frame())["11"]]) == [held["11"]]
