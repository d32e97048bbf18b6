"""Risk rules as the core applies them: numbers in minor units and microseconds, cards as tokens.

Owns what a rule can say, and how the rules in force are laid out so that a request without any
costs one look-up. Refuses to know how they are written in a file; a clear card number never gets
here.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from switch.model.words import Kind, Reason

# What a window remembers at most (INV-95); no rule may count further.
MOST_SEEN: Final = 1_000


class RiskCheck(StrEnum):
    """What a rule looks at."""

    ALLOW_LIST = "allow_list"
    DENY_LIST = "deny_list"
    AMOUNT = "amount"
    KEYED = "keyed"
    FALLBACK = "fallback"
    CONTACTLESS = "contactless"
    CONTACTLESS_CUMULATIVE = "contactless_cumulative"
    VELOCITY = "velocity"
    UNUSUAL_HOUR = "unusual_hour"
    REFUND_WITHOUT_SALE = "refund_without_sale"
    CASH = "cash"
    CURRENCY = "currency"


class Mode(StrEnum):
    """What a rule does when it fires: refuse with its reason, refer to the issuer, or only tell."""

    DECLINE = "decline"
    REFER = "refer"
    FLAG = "flag"


class Named(Struct, frozen=True, gc=False, kw_only=True):
    """Whom a rule is about: whatever is named in any of the four ways. Nobody named: everybody."""

    cards: frozenset[str] = frozenset()  # tokens
    ranges: tuple[str, ...] = ()  # first digits of card numbers
    terminals: frozenset[str] = frozenset()
    merchants: frozenset[str] = frozenset()


class RiskRule(Struct, frozen=True, gc=False, kw_only=True):
    """One rule that is switched on. What its check does not use has its default.

    ``limit_minor``: the highest amount that the rule lets pass; ``count`` and ``amount_minor``: the
    highest number and sum of a window or row, 0 where there is none; amounts are of ``currency``.
    ``minutes``: of the day, the first one and the one behind the last; the lower one where the span
    leads over midnight.
    """

    name: str
    check: RiskCheck
    kinds: tuple[Kind, ...]
    mode: Mode = Mode.DECLINE
    reason: Reason = Reason.RISK_REFUSED
    named: Named | None = None
    currency: str = ""
    limit_minor: int = 0
    count: int = 0
    amount_minor: int = 0
    window_us: int = 0
    per: str = ""  # card, terminal, merchant
    minutes: tuple[int, int] = (0, 0)
    zone: str = ""  # whose clock: terminal, house
    currencies: frozenset[str] = frozenset()


REMEMBERING: Final = frozenset({RiskCheck.VELOCITY, RiskCheck.CONTACTLESS_CUMULATIVE})


class RulesOfKind(Struct, frozen=True, gc=False, kw_only=True):
    """The rules that one kind of request is held to: allowances, then the others in order."""

    allow: tuple[RiskRule, ...] = ()
    judge: tuple[RiskRule, ...] = ()
    remember: tuple[RiskRule, ...] = ()  # those of ``judge`` that need a row
    names: str = ""  # of all, for the trail


class RiskRules(Struct, frozen=True, gc=False):
    """The rules in force, by the kind of request that they are about."""

    by_kind: dict[Kind, RulesOfKind] = {}

    @classmethod
    def of(cls, rules: Iterable[RiskRule]) -> RiskRules:
        """Lay them out: allow lists first, deny lists next, then the others as they were given."""
        order = {RiskCheck.ALLOW_LIST: 0, RiskCheck.DENY_LIST: 1}
        ordered = sorted(rules, key=lambda rule: order.get(rule.check, 2))
        kinds = {kind for rule in ordered for kind in rule.kinds}
        return cls({kind: _of_kind([r for r in ordered if kind in r.kinds]) for kind in kinds})


def _of_kind(rules: list[RiskRule]) -> RulesOfKind:
    judge = tuple(rule for rule in rules if rule.check is not RiskCheck.ALLOW_LIST)
    return RulesOfKind(
        allow=tuple(rule for rule in rules if rule.check is RiskCheck.ALLOW_LIST),
        judge=judge,
        remember=tuple(rule for rule in judge if rule.check in REMEMBERING),
        names=", ".join(rule.name for rule in rules),
    )
