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
from switch.values import ChipData, Pan
from switch.wire.codec import Codec
from switch.wire.dialect import Dialect
from switch.wire.map_message import MessageTypes
from switch.wire.mapping import Mapper, TerminalAnswer
from switch_tools.terminal_key_blocks import KeyNotTaken
from switch_tools.terminal_keys import Fresh, NoKey
from switch_tools.terminal_lines import CAPTURES, Entry, Sent
from switch_tools.terminal_model import (
    NOTHING,
    Checked,
    Heard,
    Identity,
    Outgoing,
    Presented,
    Secured,
    Times,
)
from switch_tools.terminal_security import Guard, SecurityError

# The host could not decide: such an answer to a reversal does not end it (U-12).
NOT_FINAL: Final = frozenset(
    {
        Reason.NOT_SIGNED_ON,
        Reason.UPSTREAM_UNAVAILABLE,
        Reason.NO_ROUTE,
        Reason.BUSY,
        Reason.STORE_UNAVAILABLE,
        Reason.INTERNAL,
        Reason.MAC_INVALID,
        Reason.KSN_REPLAY,
        Reason.KSN_INVALID,
        Reason.KEY_UNKNOWN,
    }
)
# What the single-message line of the transaction table captures.
CAPTURING: Final = CAPTURES | {Kind.VOID, Kind.TIP_ADJUST}
_LOCAL_TIMES: Final = {6: "%H%M%S", 12: "%y%m%d%H%M%S", 14: "%Y%m%d%H%M%S"}


class Messages:
    """One dialect, as a terminal speaks it (``terminal_model.Language``).

    Raises ConfigError for a dialect that is for reading only.
    """

    def __init__(self, dialect: Dialect, guard: Guard | None = None) -> None:
        self.name = dialect.name
        self._guard = guard
        self._dialect = dialect
        self._codec = Codec(dialect.layout)
        self._mapper = Mapper(dialect)
        self._local_time = _local_time_format(dialect)
        self._flows = _flows(dialect)
        self._upload_flow = next(iter(self._flows.get(Kind.BATCH_UPLOAD, ())), Flow.ADVICE)
        self._after_upload = _code_after_upload(dialect)
        self._says_last = any(
            "indicators" in dialect.messages[mti].places
            for rule in dialect.transactions
            if rule.kind is Kind.BATCH_UPLOAD
            for mti in rule.messages
        )
        self.totals_policy = dialect.policy.totals
        self.uploads = dialect.policy.upload
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

    def flow(self, kind: Kind, *, advice: bool) -> Flow:
        """Request or advice, as the dialect's transaction table has it for that kind. Raises
        EncodeError."""
        known = self._flows.get(kind, ())
        if not advice and Flow.REQUEST in known:
            return Flow.REQUEST
        if Flow.ADVICE in known:
            return Flow.ADVICE
        what = "advice of " if advice and known else ""
        raise EncodeError("t", f"{self.name} has no {what}{kind.value.replace('_', ' ')}")

    def write(
        self,
        sent: Sent,
        original: Entry | None,
        pan: Pan | None,
        *,
        repeat: bool,
        presented: Presented = NOTHING,
    ) -> Outgoing:
        """The request that a journal line tells of, about to leave: it uses up a counter where it
        is secured by one. Raises EncodeError, NoKey, SecurityError.
        """
        request = self._asked(sent, original, pan, repeat, presented)
        fields = self._mapper.compose(request)
        if self._guard is None:
            if presented.pin is not None:
                raise SecurityError("this terminal has no keys for a PIN")
            return Outgoing(fields, self._codec.encode(fields), Secured(card=presented.card))
        request, secured = self._guard.secured(request, fields["t"], presented)
        fields = self._mapper.compose(request)
        body = self._guard.signed(self._codec, fields, secured, presented.faults)
        return Outgoing(fields, body, secured)

    def draft(self, sent: Sent, original: Entry | None, pan: Pan | None) -> None:
        """See whether it can be written, for what leaves later. Raises EncodeError."""
        request = self._asked(sent, original, pan, repeat=False, presented=NOTHING)
        self._codec.encode(self._mapper.compose(request))

    def hear(self, outgoing: Outgoing, body: bytes) -> Heard:
        """What a message of the host says to it. Never raises for bytes that are no answer."""
        try:
            received = self._codec.decode(body)
        except DecodeError as failure:
            return Heard(ours=False, said=f"cannot be read: {failure.fault.reason}")
        told = self._mapper.read_answer(outgoing.fields, received)
        if not told.matches or told.answer is None:
            return Heard(ours=False, said=self._foreign(told), differs=told.differs)
        checked = Checked()
        fresh: tuple[Fresh, ...] = ()
        untrusted = ""
        if self._guard is not None:
            checked = self._guard.check(outgoing.secured, body, received)
            fresh, untrusted = self._brought(told)
        card = outgoing.secured.card
        if card is not None and checked.mac != "wrong":
            checked = card.hears(told.chip).under(checked.mac)
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
            balance=told.answer.balance,
            settlement_date=told.answer.settlement_date,
            totals=told.totals,
            untrusted=untrusted or _untrusted(checked, approved=told.approved),
            checked=checked,
            keys=fresh,
        )

    # -- requests ----------------------------------------------------------------------------------

    def _asked(
        self,
        sent: Sent,
        original: Entry | None,
        pan: Pan | None,
        repeat: bool,
        presented: Presented,
    ) -> Request:
        request = self._request(sent, pan, repeat)
        if original is not None:
            request = self._pointing_at(request, original)
        if presented is NOTHING:
            return request
        return replace(
            request, track2=presented.track2, card_verification=presented.card_verification
        )

    def _request(self, sent: Sent, pan: Pan | None, repeat: bool) -> Request:
        return Request(
            dialect=self.name,
            kind=sent.kind,
            flow=self._upload_flow if sent.kind is Kind.BATCH_UPLOAD else sent.flow,
            repeat=repeat,
            captures=sent.kind in CAPTURING,
            partial_capable=sent.partial,
            code=self._after_upload if sent.after_upload else "",
            request_key="",
            terminal_id=sent.terminal_id,
            merchant_id=sent.merchant_id,
            stan=sent.stan,
            rrn=sent.rrn,
            batch_number=f"{sent.batch:06d}",
            invoice=sent.invoice,
            transmitted_at=sent.transmitted_at,
            local_time=sent.local_time,
            local_date=sent.local_date,
            amount=_money(sent.amount_minor, sent),
            amount_other=_money(sent.other_minor, sent),
            amount_original=_money(sent.original_minor or None, sent),
            amount_remaining=_money(sent.remaining_minor, sent),
            pan=pan,
            expiry=sent.expiry,
            card_sequence=sent.sequence.rjust(3, "0") if sent.sequence else "",
            chip=ChipData(sent.chip) if sent.chip else None,
            entry_mode=sent.entry_mode if pan is not None else EntryMode.UNKNOWN,
            approval_code=sent.approval_code,
            totals=sent.totals,
            final=sent.final,
            last_item=sent.last_item and self._says_last,
        )

    def _pointing_at(self, request: Request, original: Entry) -> Request:
        """The request with its original's name, processing code and what its answer said."""
        first = self._mapper.named(self._request(original.sent, pan=None, repeat=False))
        answered = original.answered
        said = "" if answered is None else answered.approval_code
        return replace(
            request,
            original=first.reference,
            code=first.code,
            item=first.kind if request.kind is Kind.BATCH_UPLOAD and first.captures else None,
            rrn="" if answered is None else answered.rrn,
            approval_code=said or original.sent.approval_code,
        )

    # -- answers -----------------------------------------------------------------------------------

    def _brought(self, told: TerminalAnswer) -> tuple[tuple[Fresh, ...], str]:
        """Working keys of an answer, or why they cannot be taken."""
        if not told.keys or self._guard is None:
            return (), ""
        try:
            return self._guard.taken(told.keys), ""
        except (NoKey, KeyNotTaken) as failure:
            return (), f"its keys are not taken: {failure}"

    def _foreign(self, told: TerminalAnswer) -> str:
        """Which fields make it no answer to ours, in words."""
        named = [self._dialect.field_name(number) or number for number in told.differs]
        return f"differs in {', '.join('message type' if one == 't' else one for one in named)}"


def _untrusted(checked: Checked, *, approved: bool) -> str:
    """Why an answer is none; empty for one that counts. Who declines may do so without a MAC: a
    host that has no key in common with the terminal has no other way to say it.
    """
    if checked.mac == "wrong":
        return "the answer's MAC is wrong"
    if checked.mac == "missing" and approved:
        return "the answer bears no MAC"
    if checked.cryptogram == "wrong" and approved:
        return "the card does not believe the answer: its response cryptogram is wrong"
    return ""


def _money(minor: int | None, sent: Sent) -> Money | None:
    return None if minor is None else Money(minor, sent.currency)


def _local_time_format(dialect: Dialect) -> str:
    """As many digits as the dialect's element for local time has."""
    place = dialect.places.get("local_time")
    width = 6 if place is None else dialect.layout.fields[int(place.field)].max_length
    return _LOCAL_TIMES.get(width, "%H%M%S")


def _flows(dialect: Dialect) -> dict[Kind, frozenset[Flow]]:
    """Which flows the transaction table has for each kind."""
    types = MessageTypes(dialect)
    found: dict[Kind, set[Flow]] = {}
    for rule in dialect.transactions:
        for mti in rule.messages:
            flow = types.get(mti).flow if rule.flow is None else rule.flow
            found.setdefault(rule.kind, set()).add(flow)
    return {kind: frozenset(flows) for kind, flows in found.items()}


def _code_after_upload(dialect: Dialect) -> str:
    """How the processing code of the close after an upload begins, where it differs from the first:
    the last such line of the table; else empty."""
    lines = [rule for rule in dialect.transactions if rule.kind is Kind.RECONCILIATION]
    own = dialect.places.get("processing_code")
    if own is None:
        return ""
    codes = [codes[0] for rule in lines for number, codes in rule.when if number == own.field]
    return codes[-1] if len(codes) > 1 else ""
