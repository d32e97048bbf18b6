"""A versioned snapshot of what the configuration says, as the core may see it: no paths, no keys,
no sockets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from switch.model.risk_rules import RiskRules
from switch.model.scripts import ScriptBook
from switch.model.security import Security

CHECK_NAMES: Final = (
    "fields",
    "terminal",
    "mac",
    "merchant",
    "signed_on",
    "duplicate",
    "ksn",
    "original",
    "card",
    "expiry",
    "card_verification",
    "cryptogram",
    "pin",
    "amount",
    "risk",
    "limits",
    "funds",
)
# Without these money could move that must not; the others are a dialect's choice.
# (What secures a message is judged wherever it is there, whether the order names it or not.)
SECURING: Final = ("mac", "ksn", "card_verification", "cryptogram", "pin")
INDISPENSABLE: Final = frozenset(CHECK_NAMES) - {"signed_on", "expiry", "risk", *SECURING}
# What a check relies on having been found out before.
_RELIES: Final = {
    "mac": ("terminal",),
    "merchant": ("terminal",),
    "signed_on": ("terminal",),
    "card": ("mac", "original"),
    "ksn": ("terminal", "mac", "duplicate"),
    "expiry": ("card",),
    "card_verification": ("card", "mac", "ksn"),
    "cryptogram": ("card", "mac", "ksn"),
    "pin": ("card", "mac", "ksn"),
    "amount": ("terminal",),
    "risk": ("terminal", "merchant", "card", "amount"),
    "limits": ("card", "amount"),
    "funds": ("card", "amount"),
}


class DialectPolicy(Struct, frozen=True, gc=False):
    """Behaviour that a dialect chooses by name (design, section 4).

    ``checks`` is the order of checks by name; ``signon_required`` answers requests of a signed-off
    terminal with ``not.signed_on``; ``missing_original`` is the reason for a reversal whose
    original was never seen; ``failed_delivery_reverses`` reverses an approval of which no byte was
    handed over (INV-23).
    """

    name: str
    checks: tuple[str, ...] = CHECK_NAMES
    signon_required: bool = False
    missing_original: str = "approved.no_original"
    failed_delivery_reverses: bool = False
    totals: str = "none"  # which totals a reconciliation states: none, iso-74-97, hypercom-63
    upload: bool = False  # whether the dialect has a batch upload
    macs: frozenset[str] = frozenset()  # message types that bear a MAC where one is required
    signon_keys: bool = False  # whether the answer to a sign-on brings new working keys


def order_faults(checks: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with an order of checks, one sentence each; nothing when it can be used.

    >>> list(order_faults(("fields", "terminal", "merchant", "duplicate", "original", "card",
    ...                    "amount", "limits", "funds", "mood")))
    ["there is no check 'mood'"]
    """
    for name in checks:
        if name not in CHECK_NAMES:
            yield f"there is no check {name!r}"
    for name in sorted(INDISPENSABLE.difference(checks)):
        yield f"the check {name!r} cannot be left out"
    for place, name in enumerate(checks):
        if name in checks[:place]:
            yield f"the check {name!r} is named twice"
        for earlier in _RELIES.get(name, ()):
            if earlier in checks[place:]:
                yield f"the check {name!r} must come after {earlier!r}"


def whole_order(checks: tuple[str, ...]) -> tuple[str, ...]:
    """The order with what secures a message, each in its place where the dialect does not name it:
    behind what it relies on, and behind whatever comes before it in ``CHECK_NAMES``.

    >>> whole_order(("duplicate", "terminal", "original", "card", "funds"))
    ('duplicate', 'terminal', 'mac', 'ksn', 'original', 'card', 'card_verification', \
'cryptogram', 'pin', 'funds')
    """
    order = list(checks)
    for name in SECURING:
        if name in order:
            continue
        before = CHECK_NAMES[: CHECK_NAMES.index(name)]
        nearest = next((known for known in reversed(before) if known in order), "")
        behind = [order.index(known) for known in (nearest, *_RELIES[name]) if known in order]
        order.insert(max(behind, default=-1) + 1, name)
    return tuple(order)


class Authorization(Struct, frozen=True, gc=False, kw_only=True):
    """Numbers of the built-in issuer. ``completion_tolerance_bp``: how far a completion may exceed
    what was pre-authorized, in hundredths of a percent (INV-42).
    """

    hold_s: int = 7 * 86_400
    preauthorization_hold_s: int = 30 * 86_400
    completion_tolerance_bp: int = 0
    tip_tolerance_bp: int = 2_000  # how far a tip may raise the amount
    partial_approval: bool = True  # for terminals that can


class Settlement(Struct, frozen=True, gc=False, kw_only=True):
    """``cutover`` is the wall time in the house zone at which the next business date begins, hhmm.
    ``differences``: by class, where a difference is posted: ``merchant`` or ``suspense`` (INV-52).
    """

    cutover: str = "0000"
    differences: dict[str, str] = {}


class Settings(Struct, frozen=True, gc=False, kw_only=True):
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
    policies: dict[str, DialectPolicy] = {}
    authorization: Authorization = Authorization()
    settlement: Settlement = Settlement()
    risk: RiskRules = RiskRules()
    scripts: ScriptBook | None = None  # scripted rules; None: none
    securities: dict[str, Security] = {}  # by name
    enrol_security: str = ""  # of terminals that are enrolled
    enrol_issuer: str = ""  # whose keys judge enrolled cards; their PIN is the house's test PIN
