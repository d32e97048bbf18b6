"""switch.server.log: JSON lines that never block and never leak."""

from __future__ import annotations

import ast
import fcntl
import json
import os
import re
import select
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import switch
from switch.model.effects import Reply
from switch.model.events import Moment, Origin, RequestArrived
from switch.model.facts import Decision
from switch.model.request import Answer, Request
from switch.model.trail import Check
from switch.model.words import Flow, Kind, Reason
from switch.money import Money
from switch.server.log import ServerLog, Sink, describe, timestamp
from switch.server.log_events import EVENTS
from switch.values import Pan
from tests.leaks import leaks

PAN = "4761739001010010"
REQUEST = Request(
    dialect="iso87-ascii",
    kind=Kind.PURCHASE,
    flow=Flow.REQUEST,
    request_key="key",
    amount=Money(1234, "840"),
    pan=Pan(PAN),
    terminal_id="DEMO0001",
    stan="000001",
)
ARRIVED = RequestArrived(Moment(1_700_000_000_000_001, 5), Origin(3, 1, "shop", "peer"), REQUEST)
DECISION = Decision(
    effects=(Reply(ARRIVED.origin, REQUEST, Answer(reason=Reason.APPROVED, rrn="1")),),
    trail=(Check("terminal", "DEMO0001", True, "known"),),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log goes."""
    return tmp_path / "log.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    """What was written."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_events_and_transactions_are_json_lines(path: Path) -> None:
    """One object a line, with time, level and event; the trail comes along."""
    sink = Sink(path)
    log = ServerLog(sink)
    log.codes = {"iso87-ascii": {Kind.PURCHASE: {Reason.APPROVED: "00"}}}
    log.tell("listener.open", name="shop", port=1)
    log.transaction(ARRIVED, DECISION, took_us=400, batch=2)
    log.tell("conn.close", "debug")
    sink.close()
    opened, transaction = lines(path)
    assert (opened["event"], opened["level"], opened["name"]) == ("listener.open", "info", "shop")
    assert transaction["event"] == "transaction"
    assert transaction["reason"] == "approved"
    assert transaction["response_code"] == "00"
    assert transaction["amount"] == 1234
    assert transaction["pan"] == "476173******0010"
    assert transaction["trail"][0]["name"] == "terminal"
    assert transaction["time"] == "2023-11-14T22:13:20.000001Z"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_sensitive_value_in_an_event_prints_masked(path: Path) -> None:
    """Masking is by type: a careless log line cannot leak."""
    sink = Sink(path)
    ServerLog(sink).tell("internal.error", pan=Pan(PAN), other=object())
    sink.close()
    assert lines(path)[0]["pan"] == "476173******0010"
    assert PAN not in path.read_text()


def test_a_defect_is_told_with_its_place_and_without_values(path: Path) -> None:
    """P-12: type, file, line and function; no local variable, no digits of a card."""
    number = PAN

    def handler(secret: str) -> int:
        return int(secret + "x")

    sink = Sink(path)
    try:
        handler(number)
    except ValueError as failure:
        ServerLog(sink).bug("internal.error", failure, stage="decide")
    sink.close()
    said = lines(path)[0]
    assert said["exception"] == "ValueError"
    assert any("handler" in place for place in said["trace"])
    assert PAN not in path.read_text()


@pytest.mark.parametrize("secret", ["4761739001010010=49122019876543219", "A1B2C3D4E5F60718"])
@pytest.mark.parametrize("shape", ["no {}", "no '{}'", 'no "{}"', "{}: not a number"])
def test_no_dress_of_a_secret_survives_in_what_is_said(secret: str, shape: str) -> None:
    """P-12, P-15: plain, quoted, as bytes, as packed digits, as others' exceptions print it."""
    packed = bytes.fromhex(secret.replace("=", "D") + "F" * (len(secret) % 2))
    for dress in (secret, repr(secret), repr(secret.encode()), repr(packed), secret.encode().hex()):
        assert leaks(describe(ValueError(shape.format(dress)))["said"].encode(), [secret]) == []
    assert "'terminal_id'" in describe(KeyError("terminal_id"))["said"]


@given(st.text(alphabet="0123456789 x-", max_size=60))
def test_no_run_of_thirteen_digits_survives_in_what_is_said(text: str) -> None:
    """SR-PAN-01 for texts of others."""
    assert not re.search(r"\d{13}", describe(ValueError(text))["said"])


def test_control_characters_are_encoded(path: Path) -> None:
    """SR-AUD-06: nothing from outside can forge a line or steer a terminal."""
    sink = Sink(path)
    ServerLog(sink).tell("frame.garbage", said='\n{"event":"x"}\x1b[2J\x7f\x9b\u202e')
    sink.close()
    raw = path.read_bytes()
    assert raw.count(b"\n") == 1
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f\x80-\xff]", raw)
    assert lines(path)[0]["said"].endswith("\x7f\x9b\u202e")


@pytest.fixture
def full_pipe() -> Iterator[tuple[int, int]]:
    """A pipe with a reader that stopped: its buffer is full."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    while select.select([], [writer], [], 0)[1]:
        os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    yield reader, writer
    os.close(reader)
    os.close(writer)


def test_a_blocked_pipe_costs_lines_and_says_so_later(full_pipe: tuple[int, int]) -> None:
    """P-09: ``put`` returns at once; drops are counted and told when there is room."""
    reader, writer = full_pipe
    sink = Sink(None, limit=50, fd=writer)
    log = ServerLog(sink)
    for number in range(700):
        log.tell("conn.open", number=number)
    assert sink.dropped >= 100
    data = b""
    while b"log.dropped" not in data:
        assert select.select([reader], [], [], 5)[0]
        data += os.read(reader, 65536)
        log.tell("conn.open", number=-1)
    sink.close()
    told = [json.loads(line) for line in data.split(b"\n") if b"log.dropped" in line]
    assert told[0]["lines"] >= 100


def test_a_reader_that_never_comes_back_does_not_hold_the_exit(full_pipe: tuple[int, int]) -> None:
    """P-09: closing gives up after its time-out."""
    sink = Sink(None, fd=full_pipe[1])
    ServerLog(sink).tell("conn.open")
    sink.close(timeout_s=0.05)
    os.read(full_pipe[0], 65536)


def test_a_file_that_cannot_be_written_is_counted_not_raised(tmp_path: Path) -> None:
    """P-09: a full disk under the log."""
    with Path("/dev/full").open("wb") as full:
        sink = Sink(None, fd=full.fileno())
        ServerLog(sink).tell("conn.open")
        sink.close()
        assert sink.dropped == 1


def test_a_rotated_file_is_opened_anew(path: Path) -> None:
    """After a reload, lines go to a fresh file of the old name."""
    sink = Sink(path)
    log = ServerLog(sink)
    path.rename(path.with_suffix(".1"))
    sink.reopen()
    log.tell("reload.done")
    sink.close()
    assert lines(path)[0]["event"] == "reload.done"


@given(st.integers(0, 4_000_000_000_000_000))
@settings(max_examples=30)
def test_times_sort_as_texts(wall_us: int) -> None:
    """ISO 8601 with fixed widths."""
    assert timestamp(wall_us) < timestamp(wall_us + 1)


def _told(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name not in {"tell", "bug", "_end", "Tell", "alert"}:
                continue
            told = node.args[1 if name == "alert" else 0]  # behind what it is about
            if isinstance(told, ast.Constant):
                yield str(told.value)


def test_every_event_that_the_source_tells_is_in_the_schema() -> None:
    """Stable names: each is documented in ``log_events`` before it is used."""
    root = Path(switch.__file__).parent
    used = {
        name for path in root.rglob("*.py") for name in _told(ast.parse(path.read_text("utf-8")))
    }
    assert {"serve.start", "risk.flagged"} <= used <= set(EVENTS)
