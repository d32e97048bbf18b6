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
from switch.wire.dialect_data import (
    AmountTypes,
    Dialect,
    Identity,
    MessageRule,
    Place,
    TransactionRule,
)
from switch.wire.layout import Part
from switch.wire.map_names import Picker, picker

_REMEMBERED: Final = 256
_OTHER_AMOUNTS: Final[dict[Kind, Callable[[AmountTypes], str]]] = {
    Kind.CASHBACK: lambda types: types.cash,
    Kind.TIP_ADJUST: lambda types: types.tip,
}
_FLOWS: Final = {"0": Flow.REQUEST, "2": Flow.ADVICE, "4": Flow.NOTIFICATION}
_MORE: Final = frozenset({Kind.RECONCILIATION, Kind.BATCH_UPLOAD})


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
    card_verification: str = ""
    indicators: str = ""
    pin_block_long: str = ""
    # Not read from requests.
    amounts_more: str = ""
    processing_code: str = ""
    settlement_date: str = ""
    response_code: str = ""
    response_text: str = ""
    totals: str = ""
    settlement_code: str = ""
    key_data: str = ""


READ: Final = 27
Get = Callable[[str], str | None]  # of a message: the value of a field


def part_of(get: Get, place: Place | None) -> str:
    """The value at a place; empty where the message does not have it, or only zeros."""
    value = None if place is None else get(place.field)
    if place is None or not value:
        return ""
    part = value[place.start : place.stop] if place.stop else value
    return part if part.strip("0 ") else ""


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the transaction table, for one message type.

    ``one_of`` and ``alternatives`` are the message's, as this line has them. ``original`` takes the
    name of the original out of the parts of all names (``None``: this kind points at none),
    ``bears_name`` says whether others can point at it; ``other_type`` is the type of its other
    amount; ``says_more``: there is something to read that few messages have.
    """

    kind: Kind
    flow: Flow
    captures: bool
    when: tuple[tuple[str, tuple[str, ...]], ...]
    present: tuple[Place, ...]
    required: frozenset[str]
    one_of: tuple[tuple[str, ...], ...]
    alternatives: tuple[frozenset[str], ...]
    amount_remains: bool
    original: Picker | None
    bears_name: bool
    other_type: str
    says_more: bool
    rule: TransactionRule | None


@dataclass(frozen=True, slots=True)
class MessageType:
    """One message type. ``base`` is without its response and repeat bits, ``answer`` answers it.

    ``needing`` is ``needs`` once more, for the quick look. ``parts``: of fields that are composed
    otherwise in this message than elsewhere.
    """

    text: str
    base: str
    flow: Flow
    repeat: bool
    answer: str
    known: bool
    routes: tuple[Route, ...]
    otherwise: Route
    needs: tuple[tuple[str, tuple[str, ...]], ...]
    echo: tuple[str, ...]
    ids: Fields
    places: Mapping[str, Place]
    parts: Mapping[str, tuple[Part, ...]]
    needing: frozenset[str]
    chosen_by: tuple[str, ...]
    present_by: tuple[Place, ...]
    chosen: dict[tuple[object, ...], Route] = field(default_factory=dict)

    def meaning_of(self, number: str) -> str:
        """The semantic name of a whole field in this message, empty where it has none."""
        found = (name for name, place in self.places.items() if place == Place(number))
        return next(found, "")

    def route(self, get: Get) -> Route:
        """The most specific line of the transaction table that fits."""
        values: tuple[object, ...] = tuple(map(get, self.chosen_by))
        if self.present_by:
            values += tuple([bool(part_of(get, place)) for place in self.present_by])
        route = self.chosen.get(values)
        if route is None:
            route = self._choose(get)
            # Bounded: codes come from outside.
            if len(self.chosen) < _REMEMBERED:
                self.chosen[values] = route
        return route

    def item_route(self, get: Get) -> Route:
        """The line of an uploaded transaction that was such a message. What the item names is
        itself and no original, so lines that want one named are passed over.
        """
        return self._choose(get, item=True)

    def _choose(self, get: Get, *, item: bool = False) -> Route:
        for route in self.routes:
            if route.present and (item or not all(part_of(get, place) for place in route.present)):
                continue
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
        routes = [
            _route(dialect, line, flow, rule)
            for line in dialect.transactions
            if rule is not None and base in line.messages
        ]
        needs = () if rule is None else rule.needs
        return MessageType(
            text=mti,
            base=base,
            flow=flow,
            repeat=bool(int(mti[3]) & 1),
            answer=answer_to(mti),
            known=rule is not None,
            routes=_in_order(routes),
            otherwise=_route(dialect, None, flow, rule),
            needs=needs,
            echo=dialect.echo if rule is None else rule.echo,
            ids=_ids(places),
            places=places,
            parts={} if rule is None else rule.parts,
            needing=frozenset(number for number, _ in needs),
            chosen_by=tuple(sorted({number for line in routes for number, _ in line.when})),
            present_by=tuple(dict.fromkeys(place for line in routes for place in line.present)),
        )


def _route(
    dialect: Dialect, line: TransactionRule | None, flow: Flow, rule: MessageRule | None
) -> Route:
    """A line of the table, or what a message without one is."""
    kind = Kind.UNKNOWN if line is None else line.kind
    told = None if line is None or flow is Flow.ANSWER else line.flow
    instead = () if line is None else line.instead
    one_of = tuple((*group, *instead) for group in (() if rule is None else rule.one_of))
    identity = dialect.identity
    return Route(
        kind=kind,
        flow=told or flow,
        captures=line is not None and line.captures,
        when=() if line is None else line.when,
        present=() if line is None else line.present,
        required=_required(line, rule),
        one_of=one_of,
        alternatives=tuple(frozenset(group) for group in one_of),
        amount_remains=line is not None and line.amount_remains,
        original=_original(identity, kind),
        # Where a reversal carries its original's own numbers it must not bear the original's name.
        bears_name=identity.original != identity.reference or kind not in identity.original_kinds,
        other_type=_OTHER_AMOUNTS[kind](dialect.amount_types) if kind in _OTHER_AMOUNTS else "",
        says_more=kind in _OTHER_AMOUNTS or kind in _MORE,
        rule=line,
    )


def _required(line: TransactionRule | None, rule: MessageRule | None) -> frozenset[str]:
    required = frozenset(() if rule is None else rule.required)
    return required if line is None else required - line.optional


def _original(identity: Identity, kind: Kind) -> Picker | None:
    if kind in identity.original_of:
        return picker(identity.original_of[kind])
    if identity.original_kinds and kind not in identity.original_kinds:
        return None
    return picker(identity.original)


def _in_order(routes: list[Route]) -> tuple[Route, ...]:
    """The most specific first; among equals the later one, so that an overlay's line wins."""
    order = sorted(range(len(routes)), key=lambda k: (_specific(routes[k]), k), reverse=True)
    return tuple(routes[k] for k in order)


def _specific(route: Route) -> tuple[int, int]:
    conditions = len(route.when) + len(route.present)
    return conditions, sum(min(map(len, values)) for _, values in route.when)


def _ids(places: Mapping[str, Place]) -> Fields:
    known = {name: place.field for name, place in places.items() if place.whole}
    return Fields(**{name: known[name] for name in Fields._fields if name in known})
