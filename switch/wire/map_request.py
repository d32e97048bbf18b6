"""The host's ear: fields of a message to a request in words, with its three names.

Owns the reading of a request. What is wrong with it is found by ``map_problems``; nothing is
decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import Any, Final

from switch.errors import Fault
from switch.model.copies import replace
from switch.model.request import Problem, Request
from switch.model.words import EntryMode, Flow, Kind, Reason
from switch.money import Money
from switch.values import CardVerification, ChipData, Pan, PinBlock, Track1, Track2
from switch.wire import map_names
from switch.wire.dialect_data import Dialect
from switch.wire.map_card import Card
from switch.wire.map_message import (
    READ,
    Get,
    MessageType,
    MessageTypes,
    Route,
    base_of,
    part_of,
)
from switch.wire.map_names import join, plain
from switch.wire.map_problems import Problems
from switch.wire.map_totals import Totals
from switch.wire.map_values import CURRENCY_NUMBERS, additional_amount

_NO_ORIGINAL: Final = ("", "", "", "")
_NOTHING: Final = repeat("")
_KSN_DIGITS: Final = (16, 20, 24)
_HEX: Final = frozenset("0123456789ABCDEF")


class RequestReader:
    """Requests of one dialect."""

    def __init__(self, dialect: Dialect, types: MessageTypes, totals: Totals) -> None:
        self._dialect = dialect
        self._name = dialect.name
        modes = dialect.entry_modes
        self._entry_mode = slice(0, 0) if modes is None else slice(modes.start, modes.stop)
        self._entry_modes = {} if modes is None else dict(modes.codes)
        self._types = types
        self._totals = totals
        self._problems = Problems(dialect, totals)
        identity = dialect.identity
        self._key_of = map_names.picker(identity.request_key)
        self._reference_of = map_names.picker(identity.reference)
        # The field that carries the original's numbers; empty where a message bears its own.
        carried = [name for name in identity.original if name.startswith("original_")]
        self._original_field = dialect.places[carried[0]].field if carried else ""
        self._codes = tuple(dialect.places[name].field for name in identity.unchanging)
        self._settling = tuple(
            dict.fromkeys(
                mti for line in dialect.transactions if line.captures for mti in line.messages
            )
        )
        self._macs = tuple(reversed(dialect.mac_fields))

    def request(self, fields: Mapping[str, str]) -> Request:
        """What the message asks for."""
        kind = self._types.get(fields["t"])
        route = kind.route(fields.get)
        request, card = self._request(fields, kind, route)
        if kind.flow is Flow.ANSWER or self._problems.none(fields, kind, route, card, request):
            return request
        return replace(
            request, problems=tuple(self._problems.of(fields, kind, route, card, request))
        )

    def broken(self, fields: Mapping[str, str], fault: Fault) -> tuple[Request, Problem] | None:
        """What can be said of a message that did not decode; ``None``: no answer can be formed."""
        mti = fields.get("t")
        if mti is None:
            return None
        kind = self._types.get(mti)
        route = kind.route(fields.get)
        if route.flow in (Flow.ANSWER, Flow.NOTIFICATION):
            return None
        name = "" if fault.field is None else self._dialect.meaning_of(fault.field)
        problem = Problem(name or fault.place, fault.place, Reason.FORMAT_ERROR, str(fault))
        # Behind one wrong length every field may hold a piece of another, digits of a card number
        # under the name of an amount: so none of them is shown to anybody.
        request = Request(
            dialect=self._dialect.name,
            kind=route.kind,
            flow=route.flow,
            message_type=mti,
            request_key="",
            problems=(problem,),
        )
        return request, problem

    def _request(
        self, fields: Mapping[str, str], kind: MessageType, route: Route
    ) -> tuple[Request, Card]:
        get = fields.get
        wanted = route.kind
        (
            terminal,
            merchant,
            acquirer,
            stan,
            date,
            time,
            sent,
            rrn,
            invoice,
            batch,
            digits,
            currency,
            entry_mode,
            card_sequence,
            approval_code,
            network_code,
            security_info,
            ksn,
            number,
            track1,
            track2,
            expiry,
            pin_block,
            chip,
            verification,
            letters,
            long_block,
        ) = map(get, kind.ids[:READ], _NOTHING)
        card = Card(number, track2, expiry, chip)
        if long_block:
            pin_block = long_block
        mac = self._mac(get)
        terminal, merchant = terminal.rstrip(), merchant.rstrip()
        original_field = self._original_field
        pointer = route.original
        if pointer is not None and original_field and original_field not in fields:
            pointer = None
        original = _NO_ORIGINAL if pointer is None else self._original_parts(get, kind)
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
            rrn and plain(rrn),
            invoice and plain(invoice),
            batch and plain(batch),
            *original,
        )
        amount = original_amount = remaining = None
        if digits:
            amount, original_amount, remaining = self._amounts(get, kind, route, digits, currency)
        request = Request(
            dialect=self._name,
            kind=wanted,
            flow=route.flow,
            repeat=kind.repeat,
            captures=route.captures,
            message_type=kind.text,
            code="/".join(filter(None, map(get, self._codes))),
            request_key=join(self._key_of(values)),
            reference=join(self._reference_of(values)) if route.bears_name else "",
            original="" if pointer is None else _original(pointer, values),
            terminal_id=terminal,
            merchant_id=merchant,
            acquirer_id=acquirer,
            stan=stan,
            rrn=rrn.rstrip(),
            batch_number=batch.rstrip(),
            invoice=invoice.rstrip(),
            transmitted_at=sent,
            local_time=time,
            local_date=date,
            amount=amount,
            amount_original=original_amount,
            amount_remaining=remaining,
            pan=Pan(card.pan) if card.pan else None,
            track1=Track1(track1) if track1 else None,
            track2=Track2(track2) if track2 else None,
            expiry=card.expiry,
            card_sequence=card_sequence,
            entry_mode=self._entry_modes.get(entry_mode[self._entry_mode], EntryMode.UNKNOWN),
            pin_block=PinBlock(pin_block.upper()) if pin_block else None,
            ksn=ksn and _ksn(ksn, secured=bool(pin_block or mac)),
            security_info=security_info,
            mac=mac,
            chip=ChipData(chip) if chip else None,
            approval_code=approval_code.rstrip(),
            network_code=network_code,
        )
        if letters or verification or route.says_more:
            more = self._more_of(get, kind, route, original[0])
            request = replace(request, **more, **self._indicated(letters))
        return request, card

    # -- parts

    def _more_of(self, get: Get, kind: MessageType, route: Route, message: str) -> dict[str, Any]:
        """What few messages have. ``message`` is the type of the original."""
        more: dict[str, Any] = {}
        verification = get(kind.ids.card_verification)
        if verification:
            more["card_verification"] = CardVerification(verification)
        if route.other_type:
            more["amount_other"] = _other_amount(get, kind, route)
        if route.kind is Kind.RECONCILIATION:
            more["totals"] = self._totals.read(get, kind.ids)
        if route.kind is Kind.BATCH_UPLOAD:
            more["item"] = self._item(get, message)
        return more

    def _indicated(self, letters: str) -> dict[str, Any]:
        """What a terminal says of itself. Anything else that a house keeps in that field is left
        alone.
        """
        known = self._dialect.indicators
        if not letters or not {known.partial, known.more, known.last}.issuperset(letters):
            return {}
        return {
            "partial_capable": known.partial in letters,
            "final": known.more not in letters,
            "last_item": known.last in letters,
        }

    def _original_parts(self, get: Get, kind: MessageType) -> tuple[str, str, str, str]:
        places = kind.places
        message = part_of(get, places.get("original_message"))
        return (
            base_of(message) if message.isdecimal() else "",
            part_of(get, places.get("original_stan")),
            part_of(get, places.get("original_transmitted_at")),
            part_of(get, places.get("original_local_time")),
        )

    def _item(self, get: Get, message: str) -> Kind | None:
        """What an uploaded transaction is: what its own message would have been. Where the item
        does not say which that was, the first one that settles such a processing code.
        """
        known = [message] if message in self._dialect.messages else self._settling
        kinds = (self._types.get(mti).item_route(get).kind for mti in known)
        return next((kind for kind in kinds if kind is not Kind.UNKNOWN), None)

    def _amounts(
        self, get: Get, kind: MessageType, route: Route, digits: str, currency: str
    ) -> tuple[Money | None, Money | None, Money | None]:
        """The amount, the original amount, what remains after a partial reversal (INV-26)."""
        currency = CURRENCY_NUMBERS.get(currency, "")
        amount = Money(int(digits), currency) if digits.isdecimal() else None
        places = kind.places
        original = _money(part_of(get, places.get("amount_original")), currency)
        if route.amount_remains and amount is not None:
            return original or amount, original, amount
        return amount, original, _money(part_of(get, places.get("amount_remaining")), currency)

    def _mac(self, get: Get) -> str:
        for number in self._macs:
            mac = get(number)
            if mac:
                return mac.upper()
        return ""


def _original(pick: map_names.Picker, values: map_names.Values) -> str:
    """The name of the original; empty where the message does not say all of it."""
    parts = pick(values)
    return join(parts) if parts[1] else ""


def _other_amount(get: Get, kind: MessageType, route: Route) -> Money | None:
    """Cash of a purchase with cash back, or a tip."""
    more = get(kind.ids.amounts_more)
    return additional_amount(more, route.other_type) if more else None


def _money(digits: str, currency: str) -> Money | None:
    return Money(int(digits), currency) if digits.isdecimal() else None


def _ksn(value: str, *, secured: bool) -> str:
    """A key serial number is hex of 8, 10 or 12 bytes (ANSI X9.24); other things in its field are
    not one. Where a PIN block or MAC is ``secured`` by it, hex of any length is let through, so
    that it is refused by its name (M-15).
    """
    value = value.rstrip().upper()
    if not _HEX.issuperset(value):
        return ""
    return value if secured or len(value) in _KSN_DIGITS else ""
