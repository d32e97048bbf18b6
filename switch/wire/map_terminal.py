"""The terminal's side: a request in words to the fields of its message, and a host's answer to
words.

Owns which message and codes say a kind of transaction, and the check that an answer belongs to what
was sent (INV-16). This is where card data leaves its type for the wire, hence the reviewed calls of
``reveal``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from switch.errors import EncodeError
from switch.model.copies import replace
from switch.model.request import Answer, Request
from switch.model.words import APPROVALS, EntryMode, Flow, Kind, Reason
from switch.money import CURRENCIES, Money
from switch.wire import map_names
from switch.wire.dialect_data import Dialect, Place, TransactionRule
from switch.wire.map_answer import composite, fit, response_codes
from switch.wire.map_message import Fields, MessageType, MessageTypes, base_of, repeat_of
from switch.wire.map_request import RequestReader
from switch.wire.map_values import CASH_BACK, balance, written_amount

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


@dataclass(frozen=True, slots=True)
class TerminalAnswer:
    """A host's answer in words.

    ``matches``: it answers what was sent, every field that must be echoed is equal; ``differs``
    names the fields that are not, and nothing else of it counts then. ``reason`` is ``None`` for a
    response code that the dialect does not know.
    """

    matches: bool
    differs: tuple[str, ...]
    response_code: str
    words: str
    reason: Reason | None
    answer: Answer | None

    @property
    def approved(self) -> bool:
        """Whether the goods may be handed over."""
        return self.matches and self.reason in APPROVALS


class TerminalSide:
    """Requests and answers of one dialect as a terminal sees them."""

    def __init__(self, dialect: Dialect, types: MessageTypes, reader: RequestReader) -> None:
        self._dialect = dialect
        self._layout = dialect.layout
        self._types = types
        self._reader = reader
        self._entry_codes: dict[EntryMode, str] = {}
        if dialect.entry_modes is not None:
            for code, mode in dialect.entry_modes.codes.items():
                self._entry_codes.setdefault(mode, code)
        self._reasons = {kind: _reasons(dialect, kind) for kind in Kind}

    # -- requests

    def compose(self, request: Request) -> dict[str, str]:
        """The fields of the message that asks for it. Its three names are made by reading it, not
        taken from ``request``.

        A reversal names its original in ``original`` (the ``reference`` of the original as this
        dialect reads it) and repeats the original's processing code in ``code``. Raises EncodeError
        where the dialect has no such message.
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
        self._put_totals(fields, request, ids)
        if request.mac:
            fields[self._mac_field(fields)] = request.mac
        return fields

    def _fitted(self, number: str, value: str) -> str:
        if len(value) > self._layout.fields[int(number)].max_length:
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
        elif beginnings or not request.kind.is_network:
            fields[number] = (beginnings[0] if beginnings else "").ljust(length, "0")
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
        if request.amount_other is not None and ids.amounts_more:
            fields[ids.amounts_more] = written_amount(request.amount_other, CASH_BACK, "D")

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
            fields[ids.pin_block] = request.pin_block.reveal()
        if request.chip is not None and ids.chip:
            fields[ids.chip] = request.chip.reveal()

    def _put_original(self, fields: dict[str, str], request: Request, kind: MessageType) -> None:
        identity = self._dialect.identity
        if not request.original or identity.original == identity.reference:
            return
        parts = map_names.split(request.original)
        places = [kind.places[name] for name in identity.original]
        if len(parts) != len(places):
            raise EncodeError(places[0].field, "the name of the original has other parts here")
        by_field: dict[str, dict[int, str]] = {}
        for place, part in zip(places, parts, strict=True):
            by_field.setdefault(place.field, {})[place.start] = part
        for number, values in by_field.items():
            fields[number] = composite(self._layout, number, values)

    def _put_totals(self, fields: dict[str, str], request: Request, ids: Fields) -> None:
        if not request.totals:
            return
        if ids.totals:
            fields[ids.totals] = request.totals
            return
        for item in request.totals.split(";"):
            name, _, value = item.partition("=")
            place = self._dialect.places.get(name)
            if place is None or not value:
                raise EncodeError("totals", "write name=digits, joined by semicolons")
            fields[place.field] = value

    def _mac_field(self, fields: Mapping[str, str]) -> str:
        macs = self._dialect.mac_fields
        if not macs:
            raise EncodeError("mac", f"{self._dialect.name} has no field for it")
        high = any(int(number) > 64 for number in fields if number != "t")
        return macs[-1] if high else macs[0]

    # -- answers

    def read_answer(self, sent: Mapping[str, str], received: Mapping[str, str]) -> TerminalAnswer:
        """What the host says to ``sent``, and whether it does."""
        kind = self._types.get(sent["t"])
        ids = kind.ids
        route = kind.route(sent.get)
        code = received.get(ids.response_code, "")
        reason = self._reasons[route.kind].get(code)
        differs = tuple(self._differences(kind, sent, received, reason))
        if differs:
            return TerminalAnswer(False, differs, code, "", reason, None)
        heard = self._reader.request({**received, "t": sent["t"]})
        answer = Answer(
            reason=reason or Reason.INTERNAL,
            rrn=heard.rrn,
            approval_code=heard.approval_code,
            amount=heard.amount,
            balance=balance(received.get(ids.amounts_more, ""), self._dialect.balance_type),
            settlement_date=received.get(ids.settlement_date, ""),
            text=received.get(ids.response_text, ""),
        )
        if answer.amount is not None and not answer.amount.currency:
            # The host need not repeat the currency; the one that was asked for is meant.
            asked = self._reader.request(sent).amount
            currency = "" if asked is None else asked.currency
            answer = replace(answer, amount=Money(answer.amount.minor, currency))
        words = self._dialect.in_words("response_code", code)
        return TerminalAnswer(True, (), code, words, reason, answer)

    def _differences(
        self,
        kind: MessageType,
        sent: Mapping[str, str],
        received: Mapping[str, str],
        reason: Reason | None,
    ) -> list[str]:
        """The fields that are not as they must be: message type, response code, what tells whose
        answer it is, every other echo (INV-16).
        """
        differs = [] if received.get("t") == kind.answer else ["t"]
        if not received.get(kind.ids.response_code):
            differs.append(kind.ids.response_code)
        for number in dict.fromkeys((*self._dialect.identity.answer_match, *kind.echo)):
            if number in sent and received.get(number) != sent[number]:
                less = number == kind.ids.amount and reason is Reason.PARTIAL
                if not (less and received.get(number, "") < sent[number]):
                    differs.append(number)
        return differs


def _reasons(dialect: Dialect, kind: Kind) -> dict[str, Reason]:
    """Reason by code: the first one of the table that has it."""
    table: dict[str, Reason] = {}
    for reason, code in response_codes(dialect, kind).items():
        table.setdefault(code, reason)
    return table


def _has_card(request: Request) -> bool:
    return (
        request.flow is not Flow.ANSWER
        and not request.kind.is_network
        and (request.pan is not None or request.track2 is not None or request.chip is not None)
    )
