"""The terminal's voice: a request in words to the fields of its message.

Owns which message and codes say a kind of transaction. This is where card data leaves its type for
the wire, hence the reviewed calls of ``reveal``. What a host answers is read by ``map_told``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switch.errors import EncodeError
from switch.model.request import Request
from switch.model.words import EntryMode, Flow, Kind
from switch.money import CURRENCIES, Money
from switch.wire import map_names
from switch.wire.dialect_data import Dialect, Place, TransactionRule
from switch.wire.layout import Coding
from switch.wire.mac_cover import MacCover
from switch.wire.map_answer import composite, fit
from switch.wire.map_message import (
    Fields,
    MessageType,
    MessageTypes,
    base_of,
    part_of,
    repeat_of,
)
from switch.wire.map_totals import Totals
from switch.wire.map_values import written_amount

_PIN_DIGITS: Final = 16  # hex, of a PIN block of 8 bytes (ISO 9564-1 formats 0 to 3)
# Plain texts of a request that go into the field of their name.
_TEXTS: Final = (
    "stan",
    "transmitted_at",
    "local_time",
    "local_date",
    "expiry",
    "card_sequence",
    "acquirer_id",
    "rrn",
    "approval_code",
    "terminal_id",
    "merchant_id",
    "batch_number",
    "invoice",
    "security_info",
    "ksn",
    "network_code",
)


class TerminalSide:
    """Requests of one dialect as a terminal makes them."""

    def __init__(
        self, dialect: Dialect, types: MessageTypes, totals: Totals, cover: MacCover
    ) -> None:
        self._dialect = dialect
        self._totals = totals
        self._layout = dialect.layout
        self._types = types
        self._cover = cover
        self._entry_codes: dict[EntryMode, str] = {}
        if dialect.entry_modes is not None:
            for code, mode in dialect.entry_modes.codes.items():
                self._entry_codes.setdefault(mode, code)

    def compose(self, request: Request) -> dict[str, str]:
        """The fields of the message that asks for it. Its three names are made by reading it, not
        taken from ``request``.

        A follower names its original in ``original`` (the ``reference`` of the original as this
        dialect reads it) or in ``rrn``; reversals and uploads repeat the original's processing code
        in ``code``, an upload says in ``item`` what it tells of. Raises EncodeError where the
        dialect has no such message.
        """
        fields, rule = self.named(request)
        if self._types.get(fields["t"]).route(fields.get).kind is not request.kind:
            wanted = " and ".join(self._dialect.meanings_at(rule.present)) or "other codes"
            said = f"{self._dialect.name} says {request.kind} by its {wanted}, which are not given"
            raise EncodeError("t", said)
        return fields

    def named(self, request: Request) -> tuple[dict[str, str], TransactionRule]:
        """The same for a message that need not be sent, whatever it leaves out, and the line of the
        transaction table that it is made by.
        """
        rule, mti = self._choose(request)
        kind = self._types.get(repeat_of(mti) if request.repeat else mti)
        ids = kind.ids
        fields: dict[str, str] = {"t": kind.text, **rule.send}
        self._put_codes(fields, request, rule, ids)
        for name in _TEXTS:
            value = getattr(request, name)
            number = getattr(ids, name)
            if value and number:
                fields[number] = self._fitted(number, value)
        self._put_entry_mode(fields, request, ids)
        self._put_amounts(fields, request, rule, kind)
        self._put_card(fields, request, ids)
        self._put_original(fields, request, kind)
        self._put_item(fields, request, kind)
        self._put_indicators(fields, request, ids)
        fields |= self._totals.write(request.totals, ids)
        if request.mac:
            fields[self._cover.field(fields)] = request.mac
        return fields, rule

    def _fitted(self, number: str, value: str) -> str:
        shape = self._layout.fields[int(number)]
        if shape.coding == Coding.BINARY and not shape.nibbles:
            return value  # hex, two digits a byte; the codec counts them
        if len(value) > shape.max_length:
            raise EncodeError(number, "the value is longer than its field")
        return fit(self._layout, number, value)

    def _choose(self, request: Request) -> tuple[TransactionRule, str]:
        """The line of the transaction table, and the message, that say it best; the first among
        equals.
        """
        best: tuple[int, TransactionRule, str] | None = None
        for rule in self._dialect.transactions:
            if rule.kind is not request.kind:
                continue
            for mti in rule.messages:
                flow = self._types.get(mti).flow if rule.flow is None else rule.flow
                if flow is not request.flow:
                    continue
                points = self._fitness(rule, mti, request)
                if best is None or points > best[0]:
                    best = points, rule, mti
        if best is None:
            said = f"{self._dialect.name} has no {request.flow} for {request.kind}"
            raise EncodeError("t", said)
        return best[1], best[2]

    def _fitness(self, rule: TransactionRule, mti: str, request: Request) -> int:
        named = bool(request.message_type) and base_of(request.message_type) == mti
        code = next(iter(request.code.split("/")), "")
        number = self._types.get(mti).ids.processing_code
        says = any(n == number and code.startswith(b) for n, b in rule.when) if code else False
        return (
            8 * named
            + 4 * (rule.captures is request.captures)
            + 2 * (rule.amount_remains is (request.amount_remaining is not None))
            + says
        )

    def _put_codes(
        self, fields: dict[str, str], request: Request, rule: TransactionRule, ids: Fields
    ) -> None:
        """Processing code and the other codes that make the message what it is."""
        when = dict(rule.when)
        code = request.code.split("/")[0]
        number = ids.processing_code
        beginnings = when.pop(number, ())
        length = self._layout.fields[int(number)].max_length
        if len(code) == length and (not beginnings or code.startswith(beginnings)):
            fields[number] = code
        elif beginnings or not (request.kind.is_network or request.kind is Kind.RECONCILIATION):
            first = beginnings[0] if beginnings else ""
            # Another kind's code, such as the original's: its accounts stay.
            rest = code[len(first) :] if len(code) == length else ""
            fields[number] = (first + rest).ljust(length, "0")
        for other, values in when.items():
            fields.setdefault(other, values[0])

    def _put_entry_mode(self, fields: dict[str, str], request: Request, ids: Fields) -> None:
        modes = self._dialect.entry_modes
        if modes is None or not _has_card(request):
            return
        shape = modes.with_pin if request.pin_block is not None else modes.template
        code = self._entry_codes.get(request.entry_mode, shape[modes.start : modes.stop])
        fields[ids.entry_mode] = shape[: modes.start] + code + shape[modes.stop :]

    def _put_amounts(
        self, fields: dict[str, str], request: Request, rule: TransactionRule, kind: MessageType
    ) -> None:
        ids, amount, remaining = kind.ids, request.amount, request.amount_remaining
        original = request.amount_original
        if rule.amount_remains and remaining is not None:
            amount, original, remaining = remaining, original or amount, None
        if amount is not None:
            fields[ids.amount] = fit(self._layout, ids.amount, str(amount.minor))
            if amount.currency and ids.currency:
                letters = self._dialect.currency_letters
                written = CURRENCIES[amount.currency][0] if letters else amount.currency
                fields[ids.currency] = written
        self._put_part(fields, kind.places.get("amount_remaining"), remaining)
        self._put_part(fields, kind.places.get("amount_original"), original)
        other = request.amount_other
        if other is not None and ids.amounts_more:
            kinds = {Kind.CASHBACK: self._dialect.amount_types.cash}
            kind_of_amount = kinds.get(request.kind, self._dialect.amount_types.tip)
            written = written_amount(other, other.currency, kind_of_amount, "D")
            fields[ids.amounts_more] = written

    def _put_part(self, fields: dict[str, str], place: Place | None, amount: Money | None) -> None:
        if place is not None and amount is not None:
            value = {place.start: f"{amount.minor:012d}"}
            fields[place.field] = composite(self._layout, place.field, value)

    def _put_card(self, fields: dict[str, str], request: Request, ids: Fields) -> None:
        if request.track2 is not None:
            fields[ids.track2] = request.track2.reveal().upper().replace("D", "=")
        elif request.pan is not None:
            fields[ids.pan] = request.pan.reveal()
        if request.track1 is not None and ids.track1:
            fields[ids.track1] = request.track1.reveal()
        if request.pin_block is not None:
            block = request.pin_block.reveal()
            number = ids.pin_block if len(block) == _PIN_DIGITS else ids.pin_block_long
            if not number:
                raise EncodeError("t", f"{self._dialect.name} has no field for such a PIN block")
            fields[number] = block
        if request.chip is not None and ids.chip:
            fields[ids.chip] = request.chip.reveal()
        if request.card_verification is not None and ids.card_verification:
            fields[ids.card_verification] = request.card_verification.reveal()

    def _put_original(self, fields: dict[str, str], request: Request, kind: MessageType) -> None:
        identity = self._dialect.identity
        names = identity.original_of.get(request.kind, identity.original)
        if not request.original or names == identity.reference:
            return
        parts = map_names.split(request.original)
        places = [kind.places[name] for name in names]
        if len(parts) != len(places):
            raise EncodeError(places[0].field, "the name of the original has other parts here")
        self._put_places(fields, kind, dict(zip(places, parts, strict=True)))

    def _put_item(self, fields: dict[str, str], request: Request, kind: MessageType) -> None:
        """An uploaded transaction: the codes of its own message, and which message that was."""
        if request.item is None:
            return
        place = kind.places.get("original_message")
        known = part_of(fields.get, place)
        rule, mti = self._line_of(request.item, known)
        for number, values in rule.when:
            given = fields.get(number, "")
            if not given.startswith(values):
                fields[number] = values[0] + given[len(values[0]) :]
        if place is not None and not known:
            self._put_places(fields, kind, {place: mti})

    def _line_of(self, item: Kind, message: str) -> tuple[TransactionRule, str]:
        for rule in self._dialect.transactions:
            for mti in rule.messages:
                if rule.kind is item and rule.captures and message in ("", mti):
                    return rule, mti
        raise EncodeError("t", f"{self._dialect.name} has no {item} that settles")

    def _put_places(
        self, fields: dict[str, str], kind: MessageType, values: Mapping[Place, str]
    ) -> None:
        """Values at their places; other parts of the same field that are there already stay."""
        by_field: dict[str, dict[int, str]] = {}
        for place, value in values.items():
            if place.whole and not value:
                continue
            by_field.setdefault(place.field, {})[place.start] = value
        for number, pieces in by_field.items():
            before = fields.get(number)
            if before is not None:
                for place in kind.places.values():
                    if place.field == number and not place.whole and place.start not in pieces:
                        pieces[place.start] = before[place.start : place.stop]
            parts = kind.parts.get(number, ())
            fields[number] = composite(self._layout, number, pieces, parts)

    def _put_indicators(self, fields: dict[str, str], request: Request, ids: Fields) -> None:
        letters = self._dialect.indicators
        said = (
            (letters.partial, request.partial_capable),
            (letters.more, not request.final),
            (letters.last, request.last_item),
        )
        written = "".join(letter for letter, holds in said if holds)
        if written and not ids.indicators:
            raise EncodeError("t", f"{self._dialect.name} has no field for indicators here")
        if written:
            fields[ids.indicators] = written


def _has_card(request: Request) -> bool:
    return (
        request.flow is not Flow.ANSWER
        and not request.kind.is_network
        and (request.pan is not None or request.track2 is not None or request.chip is not None)
    )
