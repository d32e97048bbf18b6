"""The terminal's ear: a host's answer to words.

Owns the check that an answer belongs to what was sent (INV-16), and what a terminal may take from
it. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switch.model.copies import replace
from switch.model.request import Answer
from switch.model.words import APPROVALS, Kind, Reason
from switch.money import Money
from switch.values import ChipData
from switch.wire.dialect_data import Dialect
from switch.wire.key_data import HandedKey, keys_of
from switch.wire.layout import Content
from switch.wire.map_answer import response_codes
from switch.wire.map_message import Fields, MessageType, MessageTypes
from switch.wire.map_request import RequestReader
from switch.wire.map_totals import Totals
from switch.wire.map_values import balance


@dataclass(frozen=True, slots=True)
class TerminalAnswer:
    """A host's answer in words.

    ``matches``: it answers what was sent, every field that must be echoed is equal; ``differs``
    names the fields that are not, and nothing else of it counts then. ``reason`` is ``None`` for a
    response code that the dialect does not know. The settlement date of ``answer`` has the digits
    that the dialect carries: MMDD, YYMMDD. ``chip`` is what goes to the card, ``keys`` are working
    keys, ``mac`` is as in the field (hex) and not checked; an answer that does not match has none.
    """

    matches: bool
    differs: tuple[str, ...]
    response_code: str
    words: str
    reason: Reason | None
    answer: Answer | None
    chip: ChipData | None = None
    keys: tuple[HandedKey, ...] = ()
    mac: str = ""

    @property
    def approved(self) -> bool:
        """Whether the goods may be handed over."""
        return self.matches and self.reason in APPROVALS

    @property
    def totals(self) -> str:
        """The host's totals of a reconciliation, as ``Request.totals``; empty: it told none."""
        return "" if self.answer is None else self.answer.extra.get("totals", "")


class AnswerReader:
    """Answers of one dialect."""

    def __init__(
        self, dialect: Dialect, types: MessageTypes, reader: RequestReader, totals: Totals
    ) -> None:
        self._dialect = dialect
        self._types = types
        self._reader = reader
        self._totals = totals
        self._reasons = {kind: _reasons(dialect, kind) for kind in Kind}

    def read(self, sent: Mapping[str, str], received: Mapping[str, str]) -> TerminalAnswer:
        """What the host says to ``sent``, and whether it does."""
        kind = self._types.get(sent["t"])
        ids = kind.ids
        route = kind.route(sent.get)
        code = received.get(ids.response_code, "")
        reason = self._reasons[route.kind].get(code)
        differs = tuple(self._differences(kind, sent, received, reason))
        if differs:
            return TerminalAnswer(False, differs, code, "", reason, None)
        settles = route.kind is Kind.RECONCILIATION
        heard = self._reader.request({**received, "t": sent["t"]})
        told = (
            ("totals", self._totals.read(received.get, ids) if settles else ""),
            ("settlement_code", received.get(ids.settlement_code, "")),
        )
        answer = Answer(
            reason=reason or Reason.INTERNAL,
            rrn=heard.rrn,
            approval_code=heard.approval_code,
            amount=heard.amount,
            balance=balance(received.get(ids.amounts_more, ""), self._dialect.amount_types.balance),
            settlement_date=received.get(ids.settlement_date, ""),
            text=received.get(ids.response_text, ""),
            extra={name: value for name, value in told if value},
        )
        if answer.amount is not None and not answer.amount.currency:
            # The host need not repeat the currency; the one that was asked for is meant.
            asked = self._reader.request(sent).amount
            currency = "" if asked is None else asked.currency
            answer = replace(answer, amount=Money(answer.amount.minor, currency))
        words = self._dialect.in_words("response_code", code)
        return TerminalAnswer(
            True,
            (),
            code,
            words,
            reason,
            answer,
            chip=heard.chip,
            keys=self._keys(received, ids),
            mac=heard.mac,
        )

    def _keys(self, received: Mapping[str, str], ids: Fields) -> tuple[HandedKey, ...]:
        value = received.get(ids.key_data, "")
        if value and self._dialect.layout.fields[int(ids.key_data)].content is Content.B:
            value = bytes.fromhex(value).decode("latin-1")
        return keys_of(value) if value else ()

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
