"""What can be wrong with a message though it parsed (M-06, M-17, M-18, M-20, M-21).

Owns the finding and the wording: name, place, reason. Decides nothing: the core declines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from switch.model.request import Problem, Request
from switch.model.words import Kind, Reason
from switch.wire.dialect_data import Dialect
from switch.wire.map_card import Card
from switch.wire.map_message import MessageType, Route
from switch.wire.map_totals import Totals
from switch.wire.map_values import MONTHS, is_date, is_time

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


class Problems:
    """Finds the problems of one dialect's messages."""

    def __init__(self, dialect: Dialect, totals: Totals) -> None:
        self._dialect = dialect
        self._totals = totals

    def none(
        self,
        fields: Mapping[str, str],
        kind: MessageType,
        route: Route,
        card: Card,
        request: Request,
    ) -> bool:
        """Whether there is surely no problem: the quick look that nearly every message passes."""
        if not kind.known or card.said or not route.required <= fields.keys():
            return False
        for group in route.alternatives:
            if group.isdisjoint(fields):
                return False
        if not kind.needing.isdisjoint(fields):
            return False
        if kind.ids.pin_block_long in fields and kind.ids.pin_block in fields:
            return False
        if kind.ids.totals and not self._totals.readable(fields.get, kind.ids):
            return False
        amount, expiry = request.amount, card.expiry
        time, date, sent = request.local_time, request.local_date, request.transmitted_at
        if amount is not None:
            if not amount.minor or (not amount.currency and kind.ids.currency in fields):
                return False
        elif kind.ids.amount in fields:
            return False
        if time and not (is_time(time) and (len(time) == 6 or is_date(time[2:6]))):
            return False
        return (
            (not expiry or expiry[2:] in MONTHS)
            and (not date or is_date(date))
            and (not sent or (is_date(sent[:4]) and is_time(sent)))
        )

    def of(
        self,
        fields: Mapping[str, str],
        kind: MessageType,
        route: Route,
        card: Card,
        request: Request,
    ) -> Iterator[Problem]:
        """All problems of a message, the gravest first."""
        if not kind.known:
            said = f"{kind.text} is no message of {self._dialect.name}"
            yield Problem("message_type", "message type", Reason.FORMAT_ERROR, said)
            return
        yield from self._missing(fields, kind, route)
        if card.said:
            separator = card.said.endswith("separator")
            reason = Reason.FORMAT_ERROR if separator else Reason.PAN_INVALID
            yield self._problem(
                kind, kind.ids.track2 if separator else kind.ids.pan, card.said, reason
            )
        if request.expiry and request.expiry[2:] not in MONTHS:
            yield self._problem(kind, kind.ids.expiry, "names a month that is none")
        yield from self._clock(kind, request)
        yield from self._money(fields, kind, request)
        if kind.ids.pin_block_long in fields and fields.get(kind.ids.pin_block, "").strip("0"):
            yield self._problem(kind, kind.ids.pin_block, "holds a second PIN block")
        if kind.ids.totals and not self._totals.readable(fields.get, kind.ids):
            yield self._problem(kind, kind.ids.totals, "holds no totals")

    def _missing(
        self, fields: Mapping[str, str], kind: MessageType, route: Route
    ) -> Iterator[Problem]:
        for number in sorted(route.required - fields.keys(), key=int):
            yield self._problem(kind, number, "is missing")
        for group in route.one_of:
            if not any(number in fields for number in group):
                others = " or ".join(group[1:])
                said = f"is missing (or {others})" if others else "is missing"
                yield self._problem(kind, group[0], said)
        for number, needed in kind.needs:
            for other in needed if number in fields else ():
                if other not in fields:
                    yield self._problem(kind, other, f"is missing: field {number} needs it")

    def _clock(self, kind: MessageType, request: Request) -> Iterator[Problem]:
        ids = kind.ids
        if request.local_time and not is_time(request.local_time):
            yield self._problem(kind, ids.local_time, "is no time")
        elif len(request.local_time) == 12 and not is_date(request.local_time[2:6]):
            yield self._problem(kind, ids.local_time, "is no date")
        if request.local_date and not is_date(request.local_date):
            yield self._problem(kind, ids.local_date, "is no date")
        sent = request.transmitted_at
        if sent and not (is_date(sent[:4]) and is_time(sent)):
            yield self._problem(kind, ids.transmitted_at, "is no date and time")

    def _money(
        self, fields: Mapping[str, str], kind: MessageType, request: Request
    ) -> Iterator[Problem]:
        ids, amount = kind.ids, request.amount
        if amount is None:
            if fields.get(ids.amount):
                yield self._problem(kind, ids.amount, "is no number")
            return
        if not amount.minor and request.kind in _MOVES_MONEY:
            yield self._problem(kind, ids.amount, "is zero", Reason.AMOUNT_INVALID)
        if not amount.currency and ids.currency in fields:
            yield self._problem(kind, ids.currency, "is no currency of ISO 4217")

    def _problem(
        self, kind: MessageType, number: str, said: str, reason: Reason = Reason.FORMAT_ERROR
    ) -> Problem:
        name = kind.meaning_of(number)
        title = self._dialect.field_name(number)
        place = f"field {number} ({title})" if title else f"field {number}"
        return Problem(name or f"field {number}", place, reason, said)
