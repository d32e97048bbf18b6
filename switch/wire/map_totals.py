"""Reconciliation totals between wire and words: ``sales_number=3;sales_amount=1234``.

Owns both ways of carrying them: one element each (ISO 8583, elements 74 to 97, the net amount with
its sign), or groups of digits in one element (Hypercom's DE 63). Refuses to know what is counted
and whether it is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from switch.errors import EncodeError
from switch.wire.dialect_data import Dialect
from switch.wire.layout import Content
from switch.wire.map_message import Fields, Get
from switch.wire.semantics import TOTALS

# Groups of a count of three digits and an amount of twelve. Every terminal fills the first two.
GROUPS: Final = (
    "sales",
    "refunds",
    "debit_sales",
    "debit_refunds",
    "authorization_sales",
    "authorization_refunds",
)
_ALWAYS: Final = 2
_COUNT: Final = 3
_GROUP: Final = 15


class Totals:
    """Totals of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._name = dialect.name
        self._layout = dialect.layout
        self._fields = {
            name: dialect.places[name].field for name in TOTALS if name in dialect.places
        }

    def readable(self, get: Get, ids: Fields) -> bool:
        """Whether an element that holds all totals does so, or is not there."""
        carried = get(ids.totals)
        return carried is None or _is_groups(carried)

    def read(self, get: Get, ids: Fields) -> str:
        """The totals of a message, ``name=integer`` joined by semicolons; empty: it has none."""
        if ids.totals:
            carried = get(ids.totals)
            items = _groups(carried) if carried is not None and _is_groups(carried) else ()
        else:
            items = self._elements(get)
        return ";".join(f"{name}={value}" for name, value in items)

    def write(self, totals: str, ids: Fields) -> dict[str, str]:
        """Totals as fields. EncodeError for what the dialect cannot say."""
        wanted = dict(self._parsed(totals))
        if ids.totals:
            return {ids.totals: self._grouped(wanted)} if wanted else {}
        return {
            self._field(name): self._element(self._field(name), value)
            for name, value in wanted.items()
        }

    def _elements(self, get: Get) -> Iterator[tuple[str, int]]:
        for name, number in self._fields.items():
            value = get(number) or ""
            digits = value.lstrip("CD")
            if digits.isdecimal():
                yield name, -int(digits) if value[0] == "D" else int(digits)

    def _parsed(self, totals: str) -> Iterator[tuple[str, int]]:
        for item in filter(None, totals.split(";")):
            name, _, digits = item.partition("=")
            if not digits.removeprefix("-").isdecimal():
                raise EncodeError("totals", "write name=integer, joined by semicolons")
            yield name, int(digits)

    def _field(self, name: str) -> str:
        number = self._fields.get(name)
        if number is None:
            raise EncodeError("totals", f"{self._name} has no element for {name[:40]!r}")
        return number

    def _element(self, number: str, value: int) -> str:
        shape = self._layout.fields[int(number)]
        signed = shape.content is Content.XN
        # A packed amount counts its sign as a byte and its digits as pairs.
        width = digits_of(shape.max_length, signed=signed, packed=bool(shape.canon))
        digits = f"{abs(value):0{width}d}"
        if len(digits) > width or (value < 0 and not signed):
            raise EncodeError(number, "the total does not fit into its element")
        return f"{'D' if value < 0 else 'C'}{digits}" if signed else digits

    def _grouped(self, wanted: dict[str, int]) -> str:
        pieces = []
        for group in GROUPS:
            count = wanted.pop(f"{group}_number", 0)
            amount = wanted.pop(f"{group}_amount", 0)
            if not (0 <= count < 10**_COUNT and 0 <= amount < 10 ** (_GROUP - _COUNT)):
                raise EncodeError("totals", f"the {group} do not fit into their element")
            pieces.append(f"{count:03d}{amount:012d}")
        if wanted:
            raise EncodeError("totals", f"{self._name} has no place for {next(iter(wanted))[:40]}")
        return "".join(pieces)


def digits_of(max_length: int, *, signed: bool, packed: bool) -> int:
    """How many digits an element has for a total.

    >>> digits_of(17, signed=True, packed=False), digits_of(9, signed=True, packed=True)
    (16, 16)
    """
    if not signed:
        return max_length
    return 2 * (max_length - 1) if packed else max_length - 1


def _is_groups(value: str) -> bool:
    text = value.rstrip()
    whole, rest = divmod(len(text), _GROUP)
    return not rest and _ALWAYS <= whole <= len(GROUPS) and text.isdecimal()


def _groups(value: str) -> Iterator[tuple[str, int]]:
    """Sales and refunds always, the others where something was counted."""
    for k, group in enumerate(GROUPS):
        digits = value[k * _GROUP : (k + 1) * _GROUP]
        if k < _ALWAYS or digits.strip("0 "):
            yield f"{group}_number", int(digits[:_COUNT])
            yield f"{group}_amount", int(digits[_COUNT:])
