"""The structured log: JSON lines, written off the loop.

Owns the bounded queue, the thread that writes, and what may be said of an exception. Refuses to
block: a full queue drops lines, counts them and says so when there is room again (P-09). Nothing
sensitive gets here, because sensitive values have types that print masked; tracebacks carry no
frame locals, and digits that could be a card number are blotted out of them.
"""

from __future__ import annotations

import os
import re
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from switch.model.effects import Reply
from switch.model.events import BrokenArrived, RequestArrived
from switch.model.facts import Decision
from switch.server.log_events import TransactionLine
from switch.server.plan import ResponseCodes
from switch.values import Sensitive

QUEUE_LINES: Final = 10_000
IDLE_S: Final = 0.02  # lines that come within this go out in one write
RETRY_S: Final = 0.5
LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
# What an exception quotes is a value, unless it is a plain name; digits of a card, with whatever
# follows them in a track; a PIN block or a key in hex; bytes with their escapes.
_QUOTED: Final = re.compile(r"""b?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
_NAME: Final = re.compile(r"""['"][A-Za-z_.]{0,40}[0-9]{0,3}['"]""")
_SECRET_LIKE: Final = re.compile(r"\d{9,}(?:[=^][^\s'\"]*)?|[0-9A-Fa-f]{12,}|\S*\\x[0-9a-f]{2}\S*")
# Control characters that JSON lets through, and marks that turn the direction of text: they could
# forge a terminal's output.
_CONTROL: Final = re.compile(b"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]")

Line = dict[str, Any] | TransactionLine
Queued = Line | tuple[int, TransactionLine]  # wall time in microseconds, not yet a text


class Sink:
    """A bounded queue and the thread that empties it into a descriptor."""

    def __init__(self, target: Path | None, limit: int = QUEUE_LINES, fd: int = 1) -> None:
        self._target = target
        self._limit = limit
        self._fd = fd
        self._queue: deque[Queued] = deque()
        self._dropped = 0
        self._reported = 0
        self._torn = False
        self._reopen = target is not None
        self._stop = False
        self._sleeping = False
        self._wake = threading.Event()
        self._encode = msgspec.json.Encoder(enc_hook=_as_text).encode
        if target is not None:
            self._open()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Lines lost so far."""
        return self._dropped

    def put(self, line: Queued) -> None:
        """Queue a line, or count it as dropped. Returns at once."""
        if len(self._queue) >= self._limit:
            self._dropped += 1
            return
        self._queue.append(line)
        if self._sleeping:
            self._wake.set()

    def reopen(self) -> None:
        """Open the file anew before the next write, for log rotation."""
        self._reopen = self._target is not None
        self._wake.set()

    def close(self, timeout_s: float = 2.0) -> None:
        """Write what is queued, but never wait longer than ``timeout_s`` for a reader that
        stopped."""
        self._stop = True
        self._wake.set()
        self._thread.join(timeout_s)

    def _open(self) -> None:
        assert self._target is not None
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self._target, flags, 0o600)
        if self._fd > 2:
            os.close(self._fd)
        self._fd = fd
        self._reopen = False

    def _run(self) -> None:
        while True:
            if not self._queue:
                if self._stop:
                    return
                self._sleeping = True
                if not self._queue:
                    self._wake.wait(1.0)
                self._sleeping = False
                self._wake.clear()
                if not self._stop:
                    time.sleep(IDLE_S)
            self._drain()

    def _drain(self) -> None:
        lines: list[bytes] = []
        while self._queue and len(lines) < 512:
            lines.append(self._bytes(self._queue.popleft()))
        lost = self._dropped - self._reported
        if lost and (lines or self._stop):
            self._reported += lost
            lines.append(self._bytes(stamped("log.dropped", "error", {"lines": lost})))
        if lines and not self._write(b"".join(lines)):
            self._dropped += len(lines)
            if lost:
                self._reported -= lost
                self._dropped -= 1
            if not self._stop:
                time.sleep(RETRY_S)

    def _bytes(self, queued: Queued) -> bytes:
        try:
            if isinstance(queued, tuple):
                wall_us, line = queued
                line.time = timestamp(wall_us)
                data = self._encode(line)
            else:
                data = self._encode(queued)
        except Exception as failure:  # a line that cannot be written must not end the log
            data = self._encode(
                stamped("internal.error", "error", {"stage": "log", **describe(failure)})
            )
        # Nearly every line is plain ASCII, seen at a glance; JSON has no other control character.
        if not data.isascii() or b"\x7f" in data:
            data = _CONTROL.sub(_escape, data)
        return data + b"\n"

    def _write(self, data: bytes) -> bool:
        try:
            if self._reopen:
                self._open()
            if self._torn:
                data = b"\n" + data
            view = memoryview(data)
            while view:
                try:
                    written = os.write(self._fd, view)
                except BlockingIOError:  # somebody set the pipe to non-blocking
                    if self._stop:
                        return False
                    time.sleep(IDLE_S)
                    continue
                self._torn = written != len(view)
                view = view[written:]
        except OSError:
            return False
        return True


def _escape(match: re.Match[bytes]) -> bytes:
    return f"\\u{ord(match.group().decode()):04x}".encode()


def _as_text(value: object) -> str:
    """What msgspec does not know: masked by its own type, or its name only."""
    return value.masked if isinstance(value, Sensitive) else type(value).__name__


def timestamp(wall_us: int) -> str:
    """ISO 8601 in UTC with microseconds.

    >>> timestamp(0)
    '1970-01-01T00:00:00.000000Z'
    """
    seconds, micros = divmod(wall_us, 1_000_000)
    return f"{_second(seconds)}.{micros:06d}Z"


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def stamped(event: str, level: str, data: dict[str, Any]) -> dict[str, Any]:
    """A line of the log as data."""
    return {"time": timestamp(time.time_ns() // 1000), "level": level, "event": event, **data}


def scrub(text: str) -> str:
    """Blot out whatever could be a value of a message in a text that is not ours.

    >>> scrub("invalid literal: '4761739001010010'")
    "invalid literal: '...'"
    >>> scrub("'NoneType' object, 4761739001010010=49122019876543219")
    "'NoneType' object, [hidden]"
    """
    named = _QUOTED.sub(lambda match: match[0] if _NAME.fullmatch(match[0]) else "'...'", text)
    return _SECRET_LIKE.sub("[hidden]", named)


def describe(failure: BaseException) -> dict[str, Any]:
    """Type, scrubbed text and the frames of an exception: file, line, function, never a local
    variable."""
    frames = traceback.extract_tb(failure.__traceback__)
    trace = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
    return {
        "exception": type(failure).__name__,
        "said": scrub(str(failure))[:500],
        "trace": trace,
    }


class _Logger:
    """What structlog writes to."""

    def __init__(self, put: Callable[[Line], None]) -> None:
        self.msg = put

    def __getattr__(self, name: str) -> Callable[[Line], None]:
        if name in LEVELS:
            return self.msg
        raise AttributeError(name)


def _stamp(
    _logger: object, level: str, line: MutableMapping[str, Any]
) -> tuple[tuple[dict[str, Any]], dict[str, Any]]:
    event = str(line.pop("event"))
    return (stamped(event, level, dict(line)),), {}


class ServerLog:
    """The log as the server uses it (``ports.EventLog``): structlog for events, a straight path for
    transactions."""

    def __init__(self, sink: Sink, level: str = "info") -> None:
        self.sink = sink
        self.codes: ResponseCodes = {}  # of the dialects in force, so that a line tells the code
        self._transactions = LEVELS[level] <= LEVELS["info"]
        self._logger = structlog.wrap_logger(
            _Logger(sink.put),
            processors=[_stamp],
            wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
            cache_logger_on_first_use=True,
        ).bind()

    def tell(self, event: str, level: str = "info", **data: object) -> None:
        """One event with a stable name."""
        self._logger.log(LEVELS.get(level, 40), event, **data)

    def bug(self, event: str, failure: BaseException, **data: object) -> None:
        """A defect of ours."""
        self.tell(event, "error", **data, **describe(failure))

    def transaction(
        self, arrived: RequestArrived | BrokenArrived, decision: Decision, took_us: int, batch: int
    ) -> None:
        """One line per decision; encoded by the thread, not by the loop."""
        if self._transactions:
            line = transaction_line(arrived, decision, took_us, batch, self.codes)
            self.sink.put((arrived.moment.wall_us, line))


def transaction_line(
    arrived: RequestArrived | BrokenArrived,
    decision: Decision,
    took_us: int,
    batch: int,
    codes: ResponseCodes,
) -> TransactionLine:
    """The line of one decision. The PAN leaves here masked."""
    request, origin = arrived.request, arrived.origin
    answer, response_code = None, ""
    for effect in decision.effects:
        if isinstance(effect, Reply):
            answer = effect.answer
            if request.dialect in codes:
                known = codes[request.dialect][request.kind][answer.reason]
                response_code = answer.code or known
            break
    amount = request.amount
    approved = None if answer is None else answer.amount
    return TransactionLine(
        level="info",
        event="transaction",
        reason="silence" if answer is None else answer.reason,
        kind=request.kind,
        flow=request.flow,
        request=request.request_key,
        rrn="" if answer is None else answer.rrn,
        approval_code="" if answer is None else answer.approval_code,
        amount=None if amount is None else amount.minor,
        currency="" if amount is None else amount.currency,
        amount_approved=None if approved is None else approved.minor,
        pan="" if request.pan is None else request.pan.masked,
        terminal=request.terminal_id,
        merchant=request.merchant_id,
        stan=request.stan,
        dialect=request.dialect,
        mti=request.message_type,
        processing_code=request.code,
        response_code=response_code,
        repeat=request.repeat,
        listener=origin.listener,
        connection=origin.connection,
        exchange=origin.exchange,
        peer=origin.peer,
        records=len(decision.records),
        batch=batch,
        took_us=took_us,
        trail=decision.trail,
    )
