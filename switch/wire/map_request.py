"""The host's ear: fields of a message to a request in words, with its three names and what is wrong
with it.

Owns the reading of a request and the problems that a message can have though it parsed (M-06, M-20,
M-21). Decides nothing: a problem is told, the core declines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from switch.errors import Fault
from switch.model.request import Problem, Request
from switch.model.words import EntryMode, Flow, Kind, Reason
from switch.money import Money
from switch.values import ChipData, Pan, PinBlock, Track1, Track2
from switch.wire import map_names
from switch.wire.dialect_data import Dialect, Place
from switch.wire.map_message import Fields, MessageType, MessageTypes, Route, base_of
from switch.wire.map_names import plain
from switch.wire.map_values import (
    CASH_BACK,
    CURRENCY_NUMBERS,
    MONTHS,
    additional_amount,
    card_tags,
    is_date,
    is_time,
)
from switch.wire.semantics import TOTALS

Get = Callable[[str], str | None]

# An amount of nothing makes no sense here (M-21); verification, inquiries, reversals and what
# settles may have one.
_MOVES_MONEY: Final = frozenset(
    {
        Kind.PURCHASE,
        Kind.CASH,
        Kind.CASHBACK,
        Kind.PREAUTH,
        Kind.INCREMENT,
        Kind.REFUND,
        Kind.TIP_ADJUST,
    }
)
_KSN_DIGITS: Final = range(16, 25)
_HEX: Final = frozenset("0123456789ABCDEFabcdef")


class _Card:
    """The card's data of one message, from wherever it came."""

    __slots__ = ("chip", "expiry", "pan", "said", "track2")

    def __init__(self, get: Get, ids: Fields) -> None:
        number, track, chip = get(ids.pan), get(ids.track2), get(ids.chip)
        self.pan = Pan(number) if number else None
        self.track2 = Track2(track) if track else None
        self.chip = ChipData(chip) if chip else None
        self.expiry = get(ids.expiry) or ""
        self.said = ""
        if self.track2 is not None:
            self._take_track(self.track2, "track 2")
        if chip:
            self._take_tags(chip)

    def _take(self, pan: Pan, place: str) -> None:
        """DE 2, else track 2, else tag 57 or 5A; all must agree (INV-82)."""
        if self.pan is None:
            self.pan = pan
        elif self.pan != pan:
            self.said = f"{place} holds another card number"

    def _take_track(self, track: Track2, place: str) -> None:
        if not track.has_separator:
            self.said = f"{place} has no separator"
            return
        self._take(track.pan, place)
        if not self.expiry:
            self.expiry = track.expiry or ""

    def _take_tags(self, chip: str) -> None:
        tags = card_tags(bytes.fromhex(chip))
        for tag, value in tags.items():
            digits = value.hex().upper()
            if tag == b"\x57":
                self._take_track(Track2(digits.rstrip("F")), "tag 57")
            elif tag == b"\x5a":
                self._take(Pan(digits.rstrip("F")), "tag 5A")
            elif not self.expiry:
                self.expiry = digits[:4]


class RequestReader:
    """Requests of one dialect."""

    def __init__(self, dialect: Dialect, types: MessageTypes) -> None:
        self._dialect = dialect
        self._types = types
        identity = dialect.identity
        self._key_of = map_names.picker(identity.request_key)
        self._reference_of = map_names.picker(identity.reference)
        self._original_of = map_names.picker(identity.original)
        self._points = identity.original_kinds or frozenset(Kind)
        # Where a reversal carries its original's own numbers it must not bear the original's name.
        self._nameless = identity.original_kinds if identity.original == identity.reference else ()
        self._codes = tuple(dialect.places[name].field for name in identity.unchanging)
        self._totals = tuple(
            (name, dialect.places[name].field) for name in TOTALS if name in dialect.places
        )
        self._macs = tuple(reversed(dialect.mac_fields))

    def request(self, fields: Mapping[str, str]) -> Request:
        """What the message asks for."""
        kind = self._types.get(fields["t"])
        get: Get = fields.get
        route = route_of(kind, get)
        card = _Card(get, kind.ids)
        request = self._request(fields, kind, route, card)
        if kind.flow is Flow.ANSWER:
            return request
        problems = tuple(self._problems(fields, kind, route, card, request))
        return replace(request, problems=problems) if problems else request

    def broken(self, fields: Mapping[str, str], fault: Fault) -> tuple[Request, Problem] | None:
        """What can be said of a message that did not decode; ``None``: no answer can be formed."""
        mti = fields.get("t")
        if mti is None:
            return None
        kind = self._types.get(mti)
        route = route_of(kind, fields.get)
        if route.flow in (Flow.ANSWER, Flow.NOTIFICATION):
            return None
        request = self._request(fields, kind, route, _Card(fields.get, kind.ids))
        name = "" if fault.field is None else self._dialect.meaning_of(fault.field)
        place = "message" if fault.field is None else f"field {fault.field}"
        problem = Problem(name or place, place, Reason.FORMAT_ERROR, str(fault))
        return replace(request, problems=(problem,)), problem

    def _request(
        self, fields: Mapping[str, str], kind: MessageType, route: Route, card: _Card
    ) -> Request:
        get: Get = fields.get
        ids = kind.ids
        terminal, merchant = get(ids.terminal_id) or "", get(ids.merchant_id) or ""
        acquirer, stan = get(ids.acquirer_id) or "", get(ids.stan) or ""
        date, time = get(ids.local_date) or "", get(ids.local_time) or ""
        sent, rrn = get(ids.transmitted_at) or "", get(ids.rrn) or ""
        batch, invoice = get(ids.batch_number) or "", get(ids.invoice) or ""
        original = self._original_parts(get, kind)
        values = (
            plain(terminal),
            plain(merchant),
            acquirer,
            kind.base,
            stan,
            date,
            time,
            # A terminal that sends no transmission time is known by its own.
            sent or date + time,
            plain(rrn),
            plain(invoice),
            plain(batch),
            *original,
        )
        amount, original_amount, remaining = self._amounts(get, kind, route)
        pin, track1 = get(ids.pin_block), get(ids.track1)
        wanted = route.kind
        return Request(
            dialect=self._dialect.name,
            kind=wanted,
            flow=route.flow,
            repeat=kind.repeat,
            captures=route.captures,
            message_type=kind.text,
            code="/".join([value for code in self._codes if (value := get(code))]),
            request_key=map_names.join(self._key_of(values)),
            reference=(
                "" if wanted in self._nameless else map_names.join(self._reference_of(values))
            ),
            original=self._original(values) if wanted in self._points else "",
            terminal_id=terminal.rstrip(),
            merchant_id=merchant.rstrip(),
            acquirer_id=acquirer,
            stan=stan,
            rrn=rrn.rstrip(),
            batch_number=batch.rstrip(),
            invoice=invoice.rstrip(),
            transmitted_at=sent,
            local_time=time,
            local_date=date,
            amount=amount,
            amount_other=self._cash(get, kind, wanted),
            amount_original=original_amount,
            amount_remaining=remaining,
            pan=card.pan,
            track1=Track1(track1) if track1 else None,
            track2=card.track2,
            expiry=card.expiry,
            card_sequence=get(ids.card_sequence) or "",
            entry_mode=self._entry_mode(get(ids.entry_mode)),
            pin_block=PinBlock(pin.upper()) if pin else None,
            ksn=_ksn(get(ids.ksn)),
            security_info=get(ids.security_info) or "",
            mac=self._mac(get),
            chip=card.chip,
            approval_code=(get(ids.approval_code) or "").rstrip(),
            network_code=get(ids.network_code) or "",
            totals=self._totals_of(get, ids) if wanted is Kind.RECONCILIATION else "",
        )

    # -- parts

    def _original_parts(self, get: Get, kind: MessageType) -> tuple[str, str, str, str]:
        places = kind.places
        message = _part(get, places.get("original_message"))
        return (
            base_of(message) if message.isdecimal() else "",
            _part(get, places.get("original_stan")),
            _part(get, places.get("original_transmitted_at")),
            _part(get, places.get("original_local_time")),
        )

    def _original(self, values: map_names.Values) -> str:
        """The name of the original; empty where the message does not say all of it."""
        parts = self._original_of(values)
        return map_names.join(parts) if parts[1] else ""

    def _amounts(
        self, get: Get, kind: MessageType, route: Route
    ) -> tuple[Money | None, Money | None, Money | None]:
        """The amount, the original amount, what remains after a partial reversal (INV-26)."""
        digits = get(kind.ids.amount)
        currency = CURRENCY_NUMBERS.get(get(kind.ids.currency) or "", "")
        amount = Money(int(digits), currency) if digits and digits.isdecimal() else None
        original = _money(_part(get, kind.places.get("amount_original")), currency)
        if route.amount_remains and amount is not None:
            return original or amount, original, amount
        remaining = _money(_part(get, kind.places.get("amount_remaining")), currency)
        return amount, original, remaining

    def _cash(self, get: Get, kind: MessageType, wanted: Kind) -> Money | None:
        more = get(kind.ids.amounts_more) if wanted is Kind.CASHBACK else None
        return additional_amount(more, CASH_BACK) if more else None

    def _entry_mode(self, value: str | None) -> EntryMode:
        modes = self._dialect.entry_modes
        if not value or modes is None:
            return EntryMode.UNKNOWN
        return modes.codes.get(value[modes.start : modes.stop], EntryMode.UNKNOWN)

    def _mac(self, get: Get) -> str:
        for number in self._macs:
            mac = get(number)
            if mac:
                return mac.upper()
        return ""

    def _totals_of(self, get: Get, ids: Fields) -> str:
        carried = get(ids.totals)
        if carried is not None:
            return carried
        return ";".join(f"{name}={value}" for name, id_ in self._totals if (value := get(id_)))

    # -- problems

    def _problems(
        self,
        fields: Mapping[str, str],
        kind: MessageType,
        route: Route,
        card: _Card,
        request: Request,
    ) -> Iterator[Problem]:
        if not kind.known:
            said = f"{kind.text} is no message of {self._dialect.name}"
            yield Problem("message_type", "message type", Reason.FORMAT_ERROR, said)
            return
        if not route.required <= fields.keys():
            for number in sorted(route.required - fields.keys(), key=int):
                yield self._problem(number, "is missing")
        for group in kind.one_of:
            if not any(number in fields for number in group):
                others = " or ".join(group[1:])
                said = f"is missing (or {others})" if others else "is missing"
                yield self._problem(group[0], said)
        for number, needed in kind.needs:
            if number in fields:
                for other in needed:
                    if other not in fields:
                        yield self._problem(other, f"is missing: field {number} needs it")
        if card.said:
            separator = card.said.endswith("separator")
            reason = Reason.FORMAT_ERROR if separator else Reason.PAN_INVALID
            yield self._problem(kind.ids.track2 if separator else kind.ids.pan, card.said, reason)
        if request.expiry and request.expiry[2:] not in MONTHS:
            yield self._problem(kind.ids.expiry, "names a month that is none")
        yield from self._clock(kind.ids, request)
        yield from self._money(fields, kind.ids, request)

    def _clock(self, ids: Fields, request: Request) -> Iterator[Problem]:
        if request.local_time and not is_time(request.local_time):
            yield self._problem(ids.local_time, "is no time")
        elif len(request.local_time) == 12 and not is_date(request.local_time[2:6]):
            yield self._problem(ids.local_time, "is no date")
        if request.local_date and not is_date(request.local_date):
            yield self._problem(ids.local_date, "is no date")
        sent = request.transmitted_at
        if sent and not (is_date(sent[:4]) and is_time(sent)):
            yield self._problem(ids.transmitted_at, "is no date and time")

    def _money(self, fields: Mapping[str, str], ids: Fields, request: Request) -> Iterator[Problem]:
        amount = request.amount
        if amount is None:
            if fields.get(ids.amount):
                yield self._problem(ids.amount, "is no number")
            return
        if not amount.minor and request.kind in _MOVES_MONEY:
            yield self._problem(ids.amount, "is zero", Reason.AMOUNT_INVALID)
        if not amount.currency and ids.currency in fields:
            yield self._problem(ids.currency, "is no currency of ISO 4217")

    def _problem(self, number: str, said: str, reason: Reason = Reason.FORMAT_ERROR) -> Problem:
        name = self._dialect.meaning_of(number)
        title = self._dialect.field_name(number)
        place = f"field {number} ({title})" if title else f"field {number}"
        return Problem(name or f"field {number}", place, reason, said)


def route_of(kind: MessageType, get: Get) -> Route:
    """The most specific line of the transaction table that fits."""
    for route in kind.routes:
        for number, beginnings in route.when:
            value = get(number)
            if value is None or not value.startswith(beginnings):
                break
        else:
            return route
    return kind.otherwise


def _part(get: Get, place: Place | None) -> str:
    """The value at a place; empty where the message does not have it, or only zeros."""
    if place is None:
        return ""
    value = get(place.field)
    if not value:
        return ""
    part = value[place.start : place.stop] if place.stop else value
    return part if part.strip("0 ") else ""


def _money(digits: str, currency: str) -> Money | None:
    return Money(int(digits), currency) if digits.isdecimal() else None


def _ksn(value: str | None) -> str:
    """A key serial number is hex of 8 to 12 bytes; other things in its field are not one (ANSI
    X9.24).
    """
    if not value or len(value) not in _KSN_DIGITS or not _HEX.issuperset(value):
        return ""
    return value.upper()
