"""The host's voice: an answer in words to the fields of a response.

Owns response type, echoes, response code and the formats of what the host adds. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from switch.errors import EncodeError
from switch.model.events import Moment
from switch.model.request import Answer, Request
from switch.model.words import Kind, Reason
from switch.money import AMOUNT_DIGITS
from switch.wire.content import effective_content, first_bad
from switch.wire.dialect_data import Dialect, Place
from switch.wire.layout import Content, FieldLayout, Layout, Part
from switch.wire.map_message import Fields, MessageType, MessageTypes
from switch.wire.map_totals import Totals
from switch.wire.map_values import written_amount

_MICROSECONDS = 1_000_000
_CLOSE = Kind.RECONCILIATION  # looked up for each answer; a name of the module is found faster


class AnswerWriter:
    """Answers of one dialect."""

    def __init__(self, dialect: Dialect, types: MessageTypes, totals: Totals) -> None:
        self._dialect = dialect
        self._types = types
        self._totals = totals
        self._layout = dialect.layout
        self._codes = {kind: response_codes(dialect, kind) for kind in Kind}

    def answer(
        self, fields: Mapping[str, str], request: Request, answer: Answer, now: Moment
    ) -> dict[str, str]:
        """The fields of the answer to ``fields``; what is echoed is echoed only if it was there
        (M-06).
        """
        kind = self._types.get(fields["t"])
        ids = kind.ids
        reply = {number: fields[number] for number in kind.echo if number in fields}
        reply["t"] = kind.answer
        reply[ids.response_code] = answer.code or self._codes[request.kind][answer.reason]
        if answer.rrn and ids.rrn:
            reply[ids.rrn] = fit(self._layout, ids.rrn, answer.rrn)
        if answer.approval_code and ids.approval_code:
            reply[ids.approval_code] = fit(self._layout, ids.approval_code, answer.approval_code)
        if answer.settlement_date and ids.settlement_date:
            reply[ids.settlement_date] = self._date(ids.settlement_date, answer.settlement_date)
        if answer.amount is not None or answer.balance is not None:
            self._amounts(reply, request, answer, ids)
        if self._dialect.host_time:
            self._host_time(reply, ids, now)
        if answer.text or answer.extra or request.kind is _CLOSE:
            self._besides(reply, request, answer, kind)
        return reply

    def sealed(self, fields: Mapping[str, str], chip: bytes, keys: str) -> dict[str, str]:
        """The fields with chip data and working keys: the only door by which something sensitive
        gets into an answer.
        """
        ids = self._types.get(fields["t"]).ids
        sealed = dict(fields)
        if chip:
            sealed[self._wanted(ids.chip, "chip data")] = chip.hex().upper()
        if keys:
            number = self._wanted(ids.key_data, "key data")
            as_bytes = self._layout.fields[int(number)].content is Content.B
            sealed[number] = keys.encode("ascii").hex().upper() if as_bytes else keys
        return sealed

    def _wanted(self, number: str, words: str) -> str:
        if not number:
            raise EncodeError("t", f"{self._dialect.name} has no field for {words}")
        return number

    def _besides(
        self, reply: dict[str, str], request: Request, answer: Answer, kind: MessageType
    ) -> None:
        """What few answers have."""
        ids = kind.ids
        if answer.text and ids.response_text:
            reply[ids.response_text] = fit(self._layout, ids.response_text, answer.text)
        if request.kind is _CLOSE and ids.settlement_code:
            code = self._dialect.settlement_codes.get(answer.reason, self._dialect.settlement_error)
            reply[ids.settlement_code] = code
        if answer.extra:
            self._extra(reply, answer, kind)

    def _amounts(
        self, reply: dict[str, str], request: Request, answer: Answer, ids: Fields
    ) -> None:
        amount, balance, types = answer.amount, answer.balance, self._dialect.amount_types
        more = []
        if amount is not None and ids.amount:
            reply[ids.amount] = fit(self._layout, ids.amount, str(amount.minor))
            place = self._dialect.places.get("amount_original")
            asked = request.amount
            if answer.reason is Reason.PARTIAL and asked is not None:
                if place is not None:
                    value = {place.start: f"{asked.minor:012d}"}
                    reply[place.field] = composite(self._layout, place.field, value)
                elif types.original and amount.currency:
                    more.append(written_amount(asked, amount.currency, types.original, "C"))
        # A balance of more digits than its place is left out, or the answer could not be sent.
        if balance is not None and abs(balance.minor) < 10**AMOUNT_DIGITS:
            sign = "D" if balance.minor < 0 else "C"
            more.append(written_amount(balance, balance.currency, types.balance, sign))
        if more and ids.amounts_more:
            reply[ids.amounts_more] = "".join(more)

    def _date(self, number: str, yymmdd: str) -> str:
        """YYMMDD in as many digits as the field has: MMDD, YYMMDD or CCYYMMDD."""
        return f"20{yymmdd}"[-self._layout.fields[int(number)].max_length :]

    def _host_time(self, reply: dict[str, str], ids: Fields, now: Moment) -> None:
        """Terminals that send no time set their clock by the answer, in UTC."""
        if ids.local_time in reply or not ids.local_time:
            return
        clock = datetime.fromtimestamp(now.wall_us // _MICROSECONDS, UTC)
        reply[ids.local_time] = clock.strftime("%H%M%S")
        if ids.local_date:
            reply[ids.local_date] = clock.strftime("%m%d")

    def _extra(self, reply: dict[str, str], answer: Answer, kind: MessageType) -> None:
        """What else is told, by meaning or by the number of the field; ``totals`` in words. What is
        sensitive or does not fit is left out: an answer must never fail for an ornament.
        """
        for name, value in answer.extra.items():
            if name == "totals":
                try:
                    reply |= self._totals.write(value, kind.ids)
                except EncodeError:
                    continue
            else:
                self._put(reply, name, value, kind)

    def _put(self, reply: dict[str, str], name: str, value: str, kind: MessageType) -> None:
        place = kind.places.get(name) or Place(name)
        number = place.field
        shape = self._layout.fields.get(int(number)) if number.isdecimal() else None
        if shape is None or shape.sensitive:
            return
        # Texts are cut to their room, digits never: they would be other digits.
        room = shape.max_length if place.whole else place.stop - place.start
        if len(value) > room and (shape.content is Content.N or not place.whole):
            return
        if place.whole:
            written = fit(self._layout, number, value)
        else:
            before = reply.get(number) or composite(self._layout, number, {})
            written = before[: place.start] + value.rjust(room, "0") + before[place.stop :]
        if first_bad(effective_content(self._layout, shape), shape)(written) is None:
            reply[number] = written


def response_codes(dialect: Dialect, kind: Kind) -> dict[Reason, str]:
    """Code by reason, for one kind of transaction."""
    return {**dialect.responses, **dialect.responses_for.get(kind, {})}


def fit(layout: Layout, number: str, text: str) -> str:
    """A text in the length of its field: digits with zeros in front, texts with spaces behind, too
    long ones cut.
    """
    shape = layout.fields[int(number)]
    if shape.length_size:
        return text[: shape.max_length]
    if shape.content is Content.N:
        return text.rjust(shape.max_length, "0")
    return text.ljust(shape.max_length)[: shape.max_length]


def composite(
    layout: Layout, number: str, values: Mapping[int, str], parts: tuple[Part, ...] = ()
) -> str:
    """A composite field with values at the given places, every other part empty: zeros, or spaces
    where it is text. ``parts``: where this message composes the field otherwise than the layout.
    """
    shape = layout.fields[int(number)]
    if not parts:
        if shape.sub is None:
            return _filled(values[0], shape)
        parts = shape.sub.parts
    pieces, start = [], 0
    for part in parts:
        value = values.get(start)
        if part.length_digits:
            pieces.append("0" * part.length_digits)
        elif value is not None:
            pieces.append(value.rjust(part.length, "0"))
        elif part.content is Content.XN:
            pieces.append("C".ljust(part.length, "0"))
        else:
            pieces.append(("0" if part.content is Content.N else " ") * part.length)
        start += part.length
    return "".join(pieces)


def _filled(value: str, shape: FieldLayout) -> str:
    return value if shape.length_size else value.rjust(shape.max_length, "0")
