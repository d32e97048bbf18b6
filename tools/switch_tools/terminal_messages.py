"""Messages of a virtual terminal: journal lines to bytes, and bytes to what the host said. Sans
I/O.

Owns which facts of a transaction go into which request. Refuses to know field numbers (the
dialect's mapping has them), sockets and the journal's file.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final

from switch.errors import DecodeError, EncodeError
from switch.model.copies import replace
from switch.model.request import Request
from switch.model.words import EntryMode, Flow, Kind, Reason
from switch.money import Money
from switch.values import Pan
from switch.wire.codec import Codec
from switch.wire.dialect import Dialect
from switch.wire.mapping import Mapper, TerminalAnswer
from switch_tools.terminal_journal import Entry, Sent
from switch_tools.terminal_model import Heard, Identity, Outgoing, Times

# The host could not decide: such an answer to a reversal does not end it (U-12).
NOT_FINAL: Final = frozenset(
    {
        Reason.NOT_SIGNED_ON,
        Reason.UPSTREAM_UNAVAILABLE,
        Reason.NO_ROUTE,
        Reason.BUSY,
        Reason.STORE_UNAVAILABLE,
        Reason.INTERNAL,
    }
)
_LOCAL_TIMES: Final = {6: "%H%M%S", 12: "%y%m%d%H%M%S", 14: "%Y%m%d%H%M%S"}


class Messages:
    """One dialect, as a terminal speaks it (``terminal_model.Language``).

    Raises ConfigError for a dialect that is for reading only.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.name = dialect.name
        self._dialect = dialect
        self._codec = Codec(dialect.layout)
        self._mapper = Mapper(dialect)
        self._local_time = _local_time_format(dialect)
        identity = dialect.identity
        self.reversals_keep_stan = identity.original == identity.reference

    def check(self, identity: Identity) -> None:
        """Whether the terminal's names fit into the dialect. Raises EncodeError."""
        for meaning in ("terminal_id", "merchant_id"):
            place = self._dialect.places.get(meaning)
            room = 0 if place is None else self._dialect.layout.fields[int(place.field)].max_length
            if place is not None and len(getattr(identity, meaning)) > room:
                raise EncodeError(place.field, f"{meaning} has at most {room} characters")

    def times(self, now: datetime, zone: tzinfo) -> Times:
        """Date and time as the messages carry them: transmission in UTC, local in the zone."""
        sent, local = now.astimezone(UTC), now.astimezone(zone)
        return Times(
            transmitted_at=sent.strftime("%m%d%H%M%S"),
            local_time=local.strftime(self._local_time),
            local_date=local.strftime("%m%d"),
        )

    def write(
        self, sent: Sent, original: Entry | None, pan: Pan | None, *, repeat: bool
    ) -> Outgoing:
        """The request that a journal line tells of. Raises EncodeError."""
        request = self._request(sent, pan, repeat)
        if original is not None:
            request = self._pointing_at(request, original)
        fields = self._mapper.compose(request)
        return Outgoing(fields, self._codec.encode(fields))

    def hear(self, outgoing: Outgoing, body: bytes) -> Heard:
        """What a message of the host says to it. Never raises for bytes that are no answer."""
        try:
            received = self._codec.decode(body)
        except DecodeError as failure:
            return Heard(ours=False, said=f"cannot be read: {failure.fault.reason}")
        told = self._mapper.read_answer(outgoing.fields, received)
        if not told.matches or told.answer is None:
            return Heard(ours=False, said=self._foreign(told), differs=told.differs)
        reason = told.reason
        partial = told.answer.amount if reason is Reason.PARTIAL else None
        return Heard(
            ours=True,
            said=told.words or ("unknown response code" if reason is None else reason.value),
            approved=told.approved,
            final=reason not in NOT_FINAL,
            code=told.response_code,
            reason="" if reason is None else reason.value,
            approval_code=told.answer.approval_code,
            rrn=told.answer.rrn,
            amount=partial,
        )

    # -- requests ----------------------------------------------------------------------------------

    def _request(self, sent: Sent, pan: Pan | None, repeat: bool) -> Request:
        amount = None if sent.amount_minor is None else Money(sent.amount_minor, sent.currency)
        return Request(
            dialect=self.name,
            kind=sent.kind,
            flow=Flow.REQUEST,
            repeat=repeat,
            captures=sent.kind is Kind.PURCHASE,
            request_key="",
            terminal_id=sent.terminal_id,
            merchant_id=sent.merchant_id,
            stan=sent.stan,
            invoice=sent.invoice,
            transmitted_at=sent.transmitted_at,
            local_time=sent.local_time,
            local_date=sent.local_date,
            amount=amount,
            pan=pan,
            expiry=sent.expiry,
            entry_mode=EntryMode.MANUAL if pan is not None else EntryMode.UNKNOWN,
        )

    def _pointing_at(self, request: Request, original: Entry) -> Request:
        """The request with its original's name, processing code and what its answer said."""
        first = self._mapper.request(
            self._mapper.compose(self._request(original.sent, pan=None, repeat=False))
        )
        answered = original.answered
        return replace(
            request,
            original=first.reference,
            code=first.code,
            rrn="" if answered is None else answered.rrn,
            approval_code="" if answered is None else answered.approval_code,
        )

    # -- answers -----------------------------------------------------------------------------------

    def _foreign(self, told: TerminalAnswer) -> str:
        """Which fields make it no answer to ours, in words."""
        named = [self._dialect.field_name(number) or number for number in told.differs]
        return f"differs in {', '.join('message type' if one == 't' else one for one in named)}"


def _local_time_format(dialect: Dialect) -> str:
    """As many digits as the dialect's element for local time has."""
    place = dialect.places.get("local_time")
    width = 6 if place is None else dialect.layout.fields[int(place.field)].max_length
    return _LOCAL_TIMES.get(width, "%H%M%S")
