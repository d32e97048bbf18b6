"""Message types of a dialect made ready for mapping: what each is, what it must hold, where its
meanings live.

Owns the arithmetic of message types (ISO 8583: version, class, function, originator). Prepared once
per dialect, so that a message costs look-ups only. Knows fields, not values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from switch.model.words import Flow, Kind
from switch.wire.dialect_data import Dialect, MessageRule, Place, TransactionRule

_FLOWS: Final = {"0": Flow.REQUEST, "2": Flow.ADVICE, "4": Flow.NOTIFICATION}


@dataclass(frozen=True, slots=True)
class Fields:
    """Field ids by meaning; empty where the message has no such whole field. An id that is empty is
    in no message.
    """

    pan: str = ""
    track1: str = ""
    track2: str = ""
    expiry: str = ""
    pin_block: str = ""
    chip: str = ""
    card_verification: str = ""
    ksn: str = ""
    security_info: str = ""
    processing_code: str = ""
    amount: str = ""
    amount_original: str = ""
    amounts_more: str = ""
    currency: str = ""
    transmitted_at: str = ""
    stan: str = ""
    local_time: str = ""
    local_date: str = ""
    settlement_date: str = ""
    entry_mode: str = ""
    card_sequence: str = ""
    function_code: str = ""
    network_code: str = ""
    acquirer_id: str = ""
    rrn: str = ""
    approval_code: str = ""
    response_code: str = ""
    response_text: str = ""
    terminal_id: str = ""
    merchant_id: str = ""
    batch_number: str = ""
    invoice: str = ""
    totals: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the transaction table, for one message type."""

    kind: Kind
    flow: Flow
    captures: bool
    when: tuple[tuple[str, tuple[str, ...]], ...]
    required: frozenset[str]
    amount_remains: bool
    rule: TransactionRule | None


@dataclass(frozen=True, slots=True)
class MessageType:
    """One message type. ``base`` is without its response and repeat bits, ``answer`` the type that
    answers it.
    """

    text: str
    base: str
    flow: Flow
    repeat: bool
    answer: str
    known: bool
    routes: tuple[Route, ...]
    otherwise: Route
    one_of: tuple[tuple[str, ...], ...]
    needs: tuple[tuple[str, tuple[str, ...]], ...]
    echo: tuple[str, ...]
    ids: Fields
    places: Mapping[str, Place]


def base_of(mti: str) -> str:
    """The type without response and repeat bits: the name of an exchange (INV-10).

    >>> base_of("0421"), base_of("0210"), base_of("1814")
    ('0420', '0200', '1804')
    """
    return f"{mti[:2]}{int(mti[2]) & ~1}{int(mti[3]) & ~1}"


def answer_to(mti: str) -> str:
    """The type that answers: response bit set, repeat cleared (INV-25).

    >>> answer_to("0421"), answer_to("1805")
    ('0430', '1814')
    """
    return f"{mti[:2]}{int(mti[2]) | 1}{int(mti[3]) & ~1}"


def repeat_of(mti: str) -> str:
    """The type of every later transmission (INV-25).

    >>> repeat_of("0200"), repeat_of("1804")
    ('0201', '1805')
    """
    return f"{mti[:3]}{int(mti[3]) | 1}"


class MessageTypes:
    """All message types that a dialect knows, and how to look upon one that it does not."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[str, MessageType] = {}
        for base, rule in dialect.messages.items():
            for mti in (base, repeat_of(base), answer_to(base), repeat_of(answer_to(base))):
                self._known[mti] = self._make(mti, rule)

    def get(self, mti: str) -> MessageType:
        """The type; made up for one that the dialect does not know (M-01)."""
        found = self._known.get(mti)
        return self._make(mti, None) if found is None else found

    def _make(self, mti: str, rule: MessageRule | None) -> MessageType:
        dialect = self._dialect
        base = base_of(mti)
        flow = Flow.ANSWER if int(mti[2]) & 1 else _FLOWS.get(mti[2], Flow.REQUEST)
        places = dialect.places if rule is None else rule.places
        required = frozenset(() if rule is None else rule.required)
        routes = [
            _route(line, flow, required) for line in dialect.transactions if base in line.messages
        ]
        return MessageType(
            text=mti,
            base=base,
            flow=flow,
            repeat=bool(int(mti[3]) & 1),
            answer=answer_to(mti),
            known=rule is not None,
            routes=_in_order(routes),
            otherwise=Route(Kind.UNKNOWN, flow, False, (), required, False, None),
            one_of=() if rule is None else rule.one_of,
            needs=() if rule is None else rule.needs,
            echo=dialect.echo if rule is None else rule.echo,
            ids=_ids(places),
            places=places,
        )


def _route(rule: TransactionRule, flow: Flow, required: frozenset[str]) -> Route:
    return Route(
        kind=rule.kind,
        flow=flow if rule.flow is None or flow is Flow.ANSWER else rule.flow,
        captures=rule.captures,
        when=rule.when,
        required=required - rule.optional,
        amount_remains=rule.amount_remains,
        rule=rule,
    )


def _in_order(routes: list[Route]) -> tuple[Route, ...]:
    """The most specific first; among equals the later one, so that an overlay's line wins."""
    order = sorted(range(len(routes)), key=lambda k: (_specific(routes[k]), k), reverse=True)
    return tuple(routes[k] for k in order)


def _specific(route: Route) -> tuple[int, int]:
    return len(route.when), sum(min(map(len, values)) for _, values in route.when)


def _ids(places: Mapping[str, Place]) -> Fields:
    names = {field.name for field in fields(Fields)}
    return Fields(
        **{name: place.field for name, place in places.items() if name in names and place.whole}
    )
