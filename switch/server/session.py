"""One connection, sans I/O: bytes in, events out; replies in, bytes out. Deadlines and
back-pressure are data.

Owns the framing state, the exchanges that wait for an answer, the bytes that wait for the transport
and what became of them (INV-23). Refuses to know what carries it: the pump, a TLS stream, a memory
stream in a test all drive the same object.

A driver asks ``wants_data`` before it reads, hands ``outgoing`` to its transport, says with
``handed_over`` how far that got, and closes when ``over``. Answers may leave in another order than
their requests came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.errors import DecodeError, Fault
from switch.model.copies import replace
from switch.model.effects import Reply
from switch.model.events import BrokenArrived, Event, Moment, Origin, RequestArrived
from switch.model.scripts import PLAIN
from switch.model.words import Delivery, Reason
from switch.server.answers import Answers, Exchange
from switch.server.outbox import Outbox
from switch.server.ports import EventLog, Report
from switch.server.profile import Profile, Scripting
from switch.server.staged import Stage
from switch.values import Carried
from switch.wire.framer import Frame, Framer, FramingError
from switch.wire.framing import KeepAlive
from switch.wire.hints import suspected_encoding

SECOND_NS: Final = 1_000_000_000
KEEPALIVE_BURST: Final = 10  # empty frames in hand; one more a second (W-11)


class Session:
    """The state of one connection."""

    def __init__(
        self,
        profile: Profile,
        number: int,
        peer: str,
        now: Moment,
        log: EventLog,
        report: Report,
    ) -> None:
        self._profile = profile
        self._number = number
        self._peer = peer
        self._log = log
        self._report = report
        self._framer = Framer(profile.framing, profile.judge)
        self._exchange = 0
        self._open: dict[int, Exchange] = {}
        self._outbox = Outbox(report)
        self._stage = Stage(self._outbox, report)
        self._answers = Answers(profile, self._framer, log, number)
        self._mark = None if profile.scripting is None else profile.scripting.marker
        self._last_ns = now.mono_ns
        self._frame_ns: int | None = None
        self._ended = False
        self._alive = float(KEEPALIVE_BURST)
        self._alive_ns = now.mono_ns
        self.waiting = False  # whole frames may be buffered that wait for room
        self.why = ""

    # -- bytes in

    def receive(self, data: bytes, now: Moment) -> list[Event]:
        """Bytes of the peer; returns the events that they complete."""
        self._last_ns = now.mono_ns
        if self._ended:
            return []
        self._framer.receive_data(data)
        return self._extract(now)

    def resume(self, now: Moment) -> list[Event]:
        """Take up frames that had to wait for room."""
        return self._extract(now) if self.waiting and self._room else []

    def end_of_input(self) -> None:
        """The peer sends no more; it may still read (W-05)."""
        if not self._ended:
            self._ended = True
            self.why = "closed by the peer"
            self._truncated()

    def drain(self) -> None:
        """Take no more requests; the connection is over when what is in flight is answered."""
        self._ended = True
        self.waiting = False
        self.why = self.why or "drained"

    @property
    def _room(self) -> bool:
        limits = self._profile.limits
        waiting = len(self._open) + len(self._stage)
        return waiting < limits.pipelined and len(self._outbox.data) <= limits.out_bytes

    @property
    def wants_data(self) -> bool:
        """Whether the driver should read: not while too much is in flight (W-22)."""
        return not self._ended and self._room

    def _extract(self, now: Moment) -> list[Event]:
        events: list[Event] = []
        framer = self._framer
        took = False
        self.waiting = False
        while True:
            if not self._room:
                self.waiting = True
                break
            try:
                frame = framer.next_frame()
            except FramingError as failure:
                self._end(failure.event, str(failure))
                return events
            if frame is None:
                break
            took = True
            if frame.keepalive:
                if not self._keepalive(frame, now):
                    return events
                continue
            event = self._message(frame, now)
            if event is not None:
                events.append(event)
        if self._ended and not self.waiting:
            self._truncated()
        elif self.waiting or not framer.buffered:
            self._frame_ns = None
        elif took or self._frame_ns is None:
            self._frame_ns = now.mono_ns
        return events

    def _keepalive(self, frame: Frame, now: Moment) -> bool:
        """An empty frame; a flood of them is refused."""
        full = min(KEEPALIVE_BURST, self._alive + (now.mono_ns - self._alive_ns) / SECOND_NS)
        self._alive, self._alive_ns = full - 1, now.mono_ns
        if full < 1:
            self._end("frame.undersize", "more than one empty frame a second")
            return False
        if self._profile.framing.keepalive is KeepAlive.ECHO:
            self._outbox.lay_out(frame.header, "", now.mono_ns)
        return True

    def _message(self, frame: Frame, now: Moment) -> Event | None:
        self._exchange = exchange = self._exchange + 1
        profile = self._profile
        origin = Origin(self._number, exchange, profile.listener, self._peer)
        data = frame.body
        try:
            fields = profile.codec.decode(data)
        except DecodeError as failure:
            return self._rejected(frame, failure, origin, now)
        try:
            request = profile.mapper.request(fields)
            if self._mark is not None:
                request = self._mark(fields, request)
        except Exception as failure:
            self._log.bug("internal.error", failure, stage="map", connection=self._number)
            fault = Fault(None, "end", 0, 0, "internal error")
            return self._unreadable(frame, fields, fault, origin, now, Reason.INTERNAL)
        if profile.verify_every and exchange % profile.verify_every == 0:
            self._verify(data, fields)
        self._open[exchange] = Exchange(frame, fields)
        if request.mac:
            carried = Carried(data, frame.tpdu + frame.header)
            return RequestArrived(now, origin, request, carried=carried)
        return RequestArrived(now, origin, request)

    def _rejected(
        self, frame: Frame, failure: DecodeError, origin: Origin, now: Moment
    ) -> Event | None:
        fault = failure.fault
        self._log.tell(
            "message.rejected",
            "warning",
            listener=self._profile.listener,
            connection=self._number,
            exchange=origin.exchange,
            peer=self._peer,
            field=fault.field,
            element=fault.element,
            offset=fault.offset,
            at=fault.at,
            reason=fault.reason,
            hint=fault.hint,
        )
        likely = suspected_encoding(fault)
        if likely:
            self._log.tell(
                "encoding.suspect",
                "warning",
                listener=self._profile.listener,
                connection=self._number,
                peer=self._peer,
                likely=likely,
            )
        return self._unreadable(frame, failure.partial, fault, origin, now)

    def _unreadable(
        self,
        frame: Frame,
        fields: dict[str, str],
        fault: Fault,
        origin: Origin,
        now: Moment,
        reason: Reason | None = None,
    ) -> Event | None:
        """A BrokenArrived, or ``None`` where no answer can be formed (M-01)."""
        try:
            found = self._profile.mapper.broken(fields, fault)
        except Exception as failure:
            self._log.bug("internal.error", failure, stage="map", connection=self._number)
            return None
        if found is None:
            self._log.tell(
                "mti.unknown",
                "warning",
                listener=self._profile.listener,
                connection=self._number,
                exchange=origin.exchange,
                peer=self._peer,
            )
            return None
        request, problem = found
        if reason is not None:
            problem = replace(problem, reason=reason)
        self._open[origin.exchange] = Exchange(frame, fields)
        return BrokenArrived(now, origin, request, problem)

    def _verify(self, data: bytes, fields: Mapping[str, str]) -> None:
        verify = self._profile.verify
        if verify is None:
            return
        try:
            differences = verify(data, fields)
        except Exception as failure:
            self._log.bug("internal.error", failure, stage="verify", connection=self._number)
            return
        if differences:
            self._log.tell(
                "reference.mismatch",
                "critical",
                listener=self._profile.listener,
                connection=self._number,
                said=differences,
            )

    def _end(self, event: str, said: str) -> None:
        """Take no more of this peer; what is owed is still answered."""
        self._ended = True
        self.waiting = False
        self._frame_ns = None
        self.why = event
        self._log.tell(
            event,
            "warning",
            listener=self._profile.listener,
            connection=self._number,
            peer=self._peer,
            said=said,
        )

    def _truncated(self) -> None:
        failure = None if self.waiting else self._framer.finish()
        if failure is not None:
            self._end(failure.event, str(failure))

    # -- bytes out

    def answer(self, effect: Reply, now: Moment) -> None:
        """Lay an answer out. One that cannot be written in the dialect is not sent, and counts as
        failed."""
        exchange = self._open.pop(effect.origin.exchange, None)
        key = effect.request.request_key if effect.track else ""
        data = None if exchange is None else self._answers.frame(exchange, effect, now)
        if data is None:
            if key:
                self._report(key, Delivery.FAILED, self._answers.failure)
            return
        self._last_ns = now.mono_ns
        if effect.behaviour is None and not self._stage.closes:
            self._outbox.lay_out(data, key, now.mono_ns)
            return
        self._stage.put(data, key, effect.behaviour or PLAIN, now.mono_ns)
        self.play(now)

    def play(self, now: Moment) -> None:
        """Lay out the scripted answers that are due."""
        self._stage.play(now.mono_ns)
        if self._stage.closes and not self._ended:
            self._ended = True
            self.waiting = False
            self.why = "reset by a scripted rule" if self.resets else "closed by a scripted rule"

    @property
    def next_due_ns(self) -> int | None:
        """When a scripted answer is due; ``None`` where none waits."""
        return self._stage.next_due_ns

    @property
    def listener(self) -> str:
        """The listener that the peer came by."""
        return self._profile.listener

    @property
    def resets(self) -> bool:
        """Whether the connection is to be dropped with a reset."""
        return self._stage.resets

    def rescript(self, scripting: Scripting | None) -> None:
        """Other rules for what comes from now on."""
        self._answers.scripting = scripting
        self._mark = None if scripting is None else scripting.marker

    def silence(self, exchange: int) -> None:
        """The exchange gets no answer."""
        self._open.pop(exchange, None)

    @property
    def has_outgoing(self) -> bool:
        """Whether bytes wait for the transport."""
        return bool(self._outbox.data)

    def outgoing(self) -> bytearray:
        """The bytes that wait; look, don't keep."""
        return self._outbox.data

    def offering(self, count: int) -> None:
        """So many bytes go to a transport that cannot say how many it took when it fails."""
        self._outbox.offering(count)

    def handed_over(self, count: int) -> None:
        """The transport took so many of the outgoing bytes."""
        self._outbox.handed_over(count)

    # -- ends

    @property
    def busy(self) -> bool:
        """Whether an answer is owed or not yet handed over."""
        return bool(self._open or self._outbox.data or self._stage)

    @property
    def over(self) -> bool:
        """Whether the driver should close: nothing comes any more and nothing is owed."""
        if self._stage.closes:
            return self._stage.resets or not self._outbox.data
        return self._ended and not self.busy and not self.waiting

    def overdue(self, now: Moment) -> str:
        """Why the connection must be closed now; empty while all is well. Progress extends no
        deadline."""
        limits, now_ns = self._profile.limits, now.mono_ns
        oldest_ns = self._outbox.oldest_ns
        if oldest_ns is not None and now_ns - oldest_ns > limits.write_s * SECOND_NS:
            self._end("write.slow", f"answers not taken within {limits.write_s:g} s")
            return self.why
        if self._frame_ns is not None and now_ns - self._frame_ns > limits.frame_s * SECOND_NS:
            suspicion = self._framer.suspicion()
            event = "frame.length_mode_suspect" if suspicion else "frame.slow"
            self._end(event, suspicion or f"frame not complete within {limits.frame_s:g} s")
            return self.why
        if not self.busy and now_ns - self._last_ns > limits.idle_s * SECOND_NS:
            return "idle"
        return ""

    def gone(self, why: str) -> None:
        """The transport is closed: report what became of the answers that were laid out."""
        if not self._ended:
            self._ended = True
            self._truncated()
        self._outbox.lost()
        self._stage.lost()
        self._log.tell(
            "conn.close",
            "debug",
            listener=self._profile.listener,
            connection=self._number,
            peer=self._peer,
            why=self.why or why,
            requests=self._exchange,
            answers=self._outbox.answers,
        )
