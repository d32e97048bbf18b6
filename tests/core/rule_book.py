"""Risk rules of a test: made with what matters, put into force, and what they left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switch.model.copies import replace
from switch.model.records import Window
from switch.model.risk_rules import RiskCheck, RiskRule, RiskRules
from switch.model.words import Kind

if TYPE_CHECKING:
    from tests.core.conftest import Shop

MINUTE_US = 60_000_000
PAYING = (Kind.PURCHASE, Kind.CASH, Kind.CASHBACK, Kind.PREAUTH)


def rule(check: RiskCheck, **more: Any) -> RiskRule:
    """A rule in dollars, about payments."""
    return RiskRule(
        **{
            "name": "the-rule",
            "check": check,
            "kinds": PAYING,
            "currency": "840",
            "per": "card",
            "zone": "terminal",
            **more,
        }
    )


def use(shop: Shop, *rules: RiskRule) -> None:
    """Put rules into force."""
    shop.settings = replace(shop.settings, risk=RiskRules.of(rules))


def objection(shop: Shop) -> tuple[str, str, str]:
    """What the rule that decided saw, said, and advised."""
    (check,) = [check for check in shop.last.trail if not check.ok]
    assert check.name == "risk"
    return check.saw, check.said, check.remedy


def windows(shop: Shop) -> dict[str, tuple[tuple[int, int], ...]]:
    """All windows, by id."""
    return {r.id: r.seen for r in shop.store.values() if isinstance(r, Window)}
