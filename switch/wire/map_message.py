"""Message types of a dialect made ready for mapping: what each is, what it must hold, where its
meanings live.

Owns the arithmetic of message types (ISO 8583: version, class, function, originator). Prepared once
per dialect, so that a message costs look-ups only. Knows fields, not values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from switch.model.words import Flow, Kind
from switch.wire.dialect_data import Dialect, MessageRule, Place, TransactionRule

_REMEMBERED: Final = 256
_FLOWS: Final = {"0": Flow.REQUEST, "2": Flow.ADVICE, "4": Flow.NOTIFICATION}


class Fields(NamedTuple):
    """Field ids by meaning; empty where the message has no such whole field, and no field has an
    empty id. The reader takes the values of the first ``READ`` in one go, in this order.
    """

    terminal_id: str = ""
    merchant_id: str = ""
    acquirer_id: str = ""
    stan: str = ""
    local_date: str = ""
    local_time: str = ""
    transmitted_at: str = ""
    rrn: str = ""
    invoice: str = ""
    batch_number: str = ""
    amount: str = ""
    currency: str = ""
    entry_mode: str = ""
    card_sequence: str = ""
    approval_code: str = ""
    network_code: str = ""
    security_info: str = ""
    ksn: str = ""
    pan: str = ""
    track1: str = ""
    track2: str = ""
    expiry: str = ""
    pin_block: str = ""
    chip: str = ""
    # Not read from requests.
    amounts_more: str = ""
    processing_code: str = ""
    settlement_date: str = ""
    response_code: str = ""
    response_text: str = ""
    totals: str = ""


READ: Final = 24


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
    """One message type. ``base`` is without its response and repeat bits, ``answer`` answers it.

    ``alternatives`` and ``needing`` are ``one_of`` and ``needs`` once more, for the quick look.
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
    alternatives: tuple[frozenset[str], ...]
    needing: frozenset[str]
    chosen_by: tuple[str, ...]
    chosen: dict[tuple[str | None, ...], Route] = field(default_factory=dict)

    def route(self, get: Callable[[str], str | None]) -> Route:
        """The most specific line of the transaction table that fits."""
        values = tuple(map(get, self.chosen_by))
        route = self.chosen.get(values)
        if route is None:
            route = self._choose(get)
            # Bounded: codes come from outside.
            if len(self.chosen) < _REMEMBERED:
                self.chosen[values] = route
        return route

    def _choose(self, get: Callable[[str], str | None]) -> Route:
        for route in self.routes:
            for number, beginnings in route.when:
                value = get(number)
                if value is None or not value.startswith(beginnings):
                    break
            else:
                return route
        return self.otherwise


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
        one_of = () if rule is None else rule.one_of
        needs = () if rule is None else rule.needs
        return MessageType(
            text=mti,
            base=base,
            flow=flow,
            repeat=bool(int(mti[3]) & 1),
            answer=answer_to(mti),
            known=rule is not None,
            routes=_in_order(routes),
            otherwise=Route(Kind.UNKNOWN, flow, False, (), required, False, None),
            one_of=one_of,
            needs=needs,
            echo=dialect.echo if rule is None else rule.echo,
            ids=_ids(places),
            places=places,
            alternatives=tuple(frozenset(group) for group in one_of),
            needing=frozenset(number for number, _ in needs),
            chosen_by=tuple(sorted({number for line in routes for number, _ in line.when})),
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
    known = {name: place.field for name, place in places.items() if place.whole}
    return Fields(**{name: known[name] for name in Fields._fields if name in known})
