"""The demo world's open door: terminals and cards of a test range that are made on first sight.

Owns what a newcomer is given. Only where the configuration says so, and cards only of the test
ranges that it names (M-19, SR-SAD-05).
"""

from __future__ import annotations

from typing import Final

from switch.core.case import Case
from switch.core.ledger import card_account, opening_account
from switch.core.naming import merchant_of
from switch.core.replies import alert
from switch.model.records import Account, Card, Merchant, Terminal
from switch.model.trail import Check
from switch.money import Money
from switch.values import Pan

HOUSE: Final = "house"  # the method of PIN verification of whoever comes without a PIN of his own


def enrol_terminal(case: Case) -> Terminal:
    """A device on the desk: it keeps the merchant id that it came with, so that it need not be set
    up anew.
    """
    settings, request = case.settings, case.request
    owner = merchant_of(request, None, settings)
    if case.facts.find(Merchant, owner) is None:
        case.merchant = Merchant(
            id=owner, name="enrolled", currency=settings.default_currency, zone=settings.house_zone
        )
        case.records.append(case.merchant)
    newcomer = Terminal(
        id=request.terminal_id,
        merchant_id=owner,
        currency=settings.default_currency,
        zone=settings.house_zone,
        security=settings.enrol_security,
    )
    case.records.append(newcomer)
    case.tells.append(alert(case.event, "terminal.enrolled", merchant=owner))
    case.trail.append(Check("enrolment", newcomer.id, True, "terminal enrolled on first sight"))
    return newcomer


def enrol_card(case: Case, pan: Pan) -> Card | None:
    """A card of a test range on first sight, with its opening balance as a posting."""
    settings, event = case.settings, case.event
    if not (settings.enrol_unknown and settings.test_ranges and event.card_sealed):
        return None
    account_id, currency = card_account(event.pan_token), settings.default_currency
    newcomer = Card(
        id=event.pan_token,
        pan_sealed=event.card_sealed,
        name="enrolled",
        account=account_id,
        expiry=case.request.expiry,
        currency=currency,
        per_transaction_limit_minor=settings.enrol_per_transaction_limit_minor,
        daily_limit_minor=settings.enrol_daily_limit_minor,
        issuer=settings.enrol_issuer,
        pin_method=HOUSE if settings.enrol_issuer else "",
    )
    case.card_record = newcomer
    if settings.enrol_balance_minor and case.facts.find(Account, account_id) is None:
        case.book.transfer(
            f"{case.key}#opening",
            opening_account(currency),
            account_id,
            settings.enrol_balance_minor,
            currency,
            transaction=case.key,
            kind="opening",
            at_us=event.moment.wall_us,
        )
    balance = Money(settings.enrol_balance_minor, currency)
    case.tells.append(alert(event, "card.enrolled", pan=pan.masked, balance=str(balance)))
    case.passed("enrolment", pan.masked, f"card enrolled on first sight with {balance}")
    return newcomer
