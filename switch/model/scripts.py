"""Scripted rules in words: what they wait for, what becomes of the answer, what is done to its
bytes.

Owns the words only. Conditions on fields are judged by the wire (it knows fields), all other ones
by the core, and what is done to bytes by the server.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from switch.model.words import Flow, Kind, Reason
from switch.values import Pan

LOTS: Final = 1_000_000  # a chance is so many out of these

# Kinds of which a demand can be approved by force: there is something to put into effect, and an
# advice of the same kind tells how.
FORCIBLE: Final = frozenset(
    {Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH, Kind.REFUND},
)
DIVISIBLE: Final = FORCIBLE - {Kind.CASHBACK, Kind.REFUND}  # those that can be so in part

# What a template may name between braces; nothing of it is sensitive.
TEMPLATE_NAMES: Final = (
    "amount",
    "approval_code",
    "batch_number",
    "business_date",
    "currency",
    "invoice",
    "kind",
    "local_date",
    "local_time",
    "merchant_id",
    "message_type",
    "rrn",
    "rule",
    "stan",
    "terminal_id",
)


class Behaviour(Struct, frozen=True, gc=False, kw_only=True):
    """What is done to an answer on its way out. The defaults do nothing."""

    delay_ms: int = 0
    silent: bool = False  # say nothing, keep the connection
    copies: int = 1  # 2: the same answer twice
    close: bool = False  # close after the answer (after nothing, where silent)
    reset: bool = False  # drop the connection with a reset, instead of the answer
    truncate_to: int = -1  # send only so many bytes of the frame; -1: all of it
    length_off_by: int = 0  # added to the length that the frame states
    wrong_echo: str = ""  # the field, by meaning or number, that comes back altered
    wrong_mac: bool = False  # where the answer bears a MAC


PLAIN = Behaviour()


class FieldTest(Struct, frozen=True, gc=False):
    """A condition on one element of the message. ``name`` is a meaning (``entry_mode``) or a number
    as text, with the path to a part or tag behind dots where it is inside.

    ``sort`` is ``one_of`` (``values``), ``prefix`` (``values``: the beginnings that it may have),
    ``range`` (digits that make a number from ``low`` to ``high``), ``regex`` (``values``: one
    pattern, for the whole value) or ``present`` (``low`` 1: it is there, 0: it is not). Spaces at
    the end of a value do not count.
    """

    name: str
    sort: str
    values: tuple[str, ...] = ()
    low: int = 0
    high: int = 0


class AmountTest(Struct, frozen=True, gc=False):
    """Amounts in thousandths of the currency's main unit, so that 951.00 means the same in USD, JPY
    and KWD: one of ``values``, or from ``low`` to ``high``.
    """

    values: tuple[int, ...] = ()
    low: int = 0
    high: int = -1


class Script(Struct, frozen=True, gc=False, kw_only=True):
    """One rule. Empty conditions are met by everything.

    ``pans`` and ``prefixes`` together say which cards; ``nth`` lists the times that count,
    ``every`` fires each so many times, both counted ``per`` card, terminal, merchant or all.
    ``reason`` ``None`` leaves the decision to the handlers; an approval is a forced one, of
    ``percent`` of the amount.
    """

    name: str
    place: str = ""  # file and line, for people
    kinds: tuple[Kind, ...] = ()
    flows: tuple[Flow, ...] = ()
    listeners: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    terminals: tuple[str, ...] = ()
    merchants: tuple[str, ...] = ()
    pans: tuple[Pan, ...] = ()
    prefixes: tuple[str, ...] = ()
    amount: AmountTest | None = None
    currency: str = ""
    fields: tuple[FieldTest, ...] = ()
    nth: tuple[int, ...] = ()
    every: int = 0
    per: str = "terminal"
    chance: int = LOTS
    reason: Reason | None = None
    code: str = ""
    percent: int = 100
    texts: tuple[tuple[str, str], ...] = ()  # field of the answer, template
    behaviour: Behaviour = PLAIN
    repeats: bool = False  # the behaviour is for repeats of the request, too

    @property
    def counts(self) -> bool:
        """Whether the rule needs to know how often it was met."""
        return bool(self.nth or self.every)

    @property
    def is_certain(self) -> bool:
        """Whether the rule fires whenever its conditions are met."""
        return not self.counts and self.chance == LOTS


class ScriptBook(Struct, frozen=True, gc=False):
    """All rules in order, with the places of those that wait for exact amounts by amount, and of
    the others: what a request costs must not grow with the number of magic amounts.
    """

    rules: tuple[Script, ...] = ()
    by_amount: dict[int, tuple[int, ...]] = {}
    others: tuple[int, ...] = ()


def book_of(rules: Iterable[Script]) -> ScriptBook | None:
    """The rules arranged; ``None`` for none at all."""
    rules = tuple(rules)
    by_amount: dict[int, tuple[int, ...]] = {}
    others: list[int] = []
    for place, rule in enumerate(rules):
        if rule.amount is None or not rule.amount.values:
            others.append(place)
            continue
        for value in set(rule.amount.values):
            by_amount[value] = (*by_amount.get(value, ()), place)
    return ScriptBook(rules, by_amount, tuple(others)) if rules else None
