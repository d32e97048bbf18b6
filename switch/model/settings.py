"""A versioned snapshot of what the configuration says, as the core may see it: no paths, no keys,
no sockets.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DialectPolicy:
    """Behaviour that a dialect chooses by name (design, section 4).

    ``checks`` is the order of checks by name; ``signon_required`` answers requests of a signed-off
    terminal with ``not.signed_on``; ``missing_original`` is the reason for a reversal whose
    original was never seen; ``failed_delivery_reverses`` reverses an approval of which no byte was
    handed over (INV-23).
    """

    name: str
    checks: tuple[str, ...] = (
        "fields",
        "terminal",
        "merchant",
        "signed_on",
        "duplicate",
        "original",
        "card",
        "expiry",
        "amount",
        "limits",
        "funds",
    )
    signon_required: bool = False
    missing_original: str = "approved.no_original"
    failed_delivery_reverses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Numbers and switches of the running configuration. ``version`` grows with each reload."""

    version: int = 1
    node: str = "1"
    enrol_unknown: bool = False  # terminals and test-range cards on first sight (the demo world)
    test_ranges: tuple[str, ...] = ()  # PAN prefixes accepted (SR-PAN-05's SR-SAD-05); empty: none
    default_currency: str = "840"
    house_zone: str = "UTC"
    enrol_merchant: str = "DEMOMERCHANT001"
    enrol_balance_minor: int = 100_000_00
    enrol_per_transaction_limit_minor: int = 0
    enrol_daily_limit_minor: int = 0
    policies: dict[str, DialectPolicy] = field(default_factory=dict)
