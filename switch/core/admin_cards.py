"""An operator's commands about cards: made, changed, given money.

Owns what a card's commands write. A balance is never written over: what it changes by is a posting
that balances (INV-60, INV-61), from the account that opening balances come from or from the one of
adjustments. Refuses card numbers: a card comes as its token and its seal.
"""

from __future__ import annotations

from typing import Any, Final

from switch.core.admin_card_security import SECURITY_FIELDS
from switch.core.admin_fields import (
    Field,
    Wrong,
    amount,
    currency,
    expiry,
    one_of,
    read_fields,
    text,
)
from switch.core.admin_told import refused, settled
from switch.core.ledger import (
    Book,
    account_key,
    adjustment_account,
    card_account,
    opening_account,
)
from switch.core.needs import Needs, missing
from switch.model.copies import replace
from switch.model.events import OperatorCommand
from switch.model.facts import Decision, Facts
from switch.model.records import Account, Card, Record, key_of, next_version
from switch.money import Money

OTHERS: Final = ("card", "pan_sealed", "currency")
MONEY_FIELDS: Final = {
    "per_transaction_limit": "per_transaction_limit_minor",
    "daily_limit": "daily_limit_minor",
    "cash_limit": "cash_limit_minor",
}
ACCOUNT_FIELDS: Final = ("balance", "credit_limit")
CARD_FIELDS: Final = {
    "name": Field("name", text(60)),
    "expiry": Field("expiry", expiry),
    "status": Field("status", one_of("active", "blocked", "lost", "stolen", "expired")),
    **SECURITY_FIELDS,
}
_SETTABLE: Final = (*CARD_FIELDS, *MONEY_FIELDS, *ACCOUNT_FIELDS)


def of_card(event: OperatorCommand, facts: Facts) -> Needs:
    """The card, its account, and where money comes from."""
    card = key_of(Card.TABLE, event.arguments.get("card", ""))
    needs = missing(facts.rows, [card])
    if needs:
        return needs
    known = facts.find(Card, card.id)
    wanted = [account_key(card_account(card.id) if known is None else known.account)]
    number = _currency(event, facts) if known is None else known.currency
    if isinstance(number, str):
        wanted += [account_key(opening_account(number)), account_key(adjustment_account(number))]
    return missing(facts.rows, wanted)


def add_card(event: OperatorCommand, facts: Facts) -> Decision:
    """A new card with its account; what it starts with is a posting."""
    token = event.arguments.get("card", "")
    if facts.find(Card, token) is not None:
        return refused(event, "this card is there already: use set to change it")
    number = _currency(event, facts)
    if isinstance(number, Wrong):
        return refused(event, f"currency: {number.said}")
    wanted = _read(event, facts, number)
    if isinstance(wanted, Wrong):
        return refused(event, wanted.said)
    account_id = card_account(token)
    balance, limit = (wanted.pop(name, 0) for name in ACCOUNT_FIELDS)
    card = Card(
        id=token,
        pan_sealed=event.arguments.get("pan_sealed", ""),
        account=account_id,
        currency=number,
        **wanted,
    )
    account = facts.find(Account, account_id) or Account(
        id=account_id, version=0, kind="cardholder", currency=number
    )
    records = _account(
        event, facts, account, balance_minor=balance, limit_minor=limit, kind="opening"
    )
    if isinstance(records, Wrong):
        return refused(event, records.said)
    said = f"card added with {Money(balance, number)}"
    return settled(event, (card, *records), said, {"card": token, "account": account_id})


def set_card(event: OperatorCommand, facts: Facts) -> Decision:
    """Change what is named of a card or of its account."""
    known = facts.find(Card, event.arguments.get("card", ""))
    if known is None:
        return refused(event, "there is no such card: list shows those that are")
    if "currency" in event.arguments:
        return refused(event, "the currency of a card stays what it is: add another card")
    wanted = _read(event, facts, known.currency)
    if isinstance(wanted, Wrong):
        return refused(event, wanted.said)
    if not wanted:
        return refused(event, f"say what to set: there are {', '.join(_SETTABLE)}")
    account = facts.find(Account, known.account)
    if account is None:
        raise ValueError(f"the account {known.account} of a card is missing")
    records = _account(
        event,
        facts,
        account,
        balance_minor=wanted.pop("balance", account.balance_minor),
        limit_minor=wanted.pop("credit_limit", account.credit_limit_minor),
        kind="adjustment",
    )
    if isinstance(records, Wrong):
        return refused(event, records.said)
    changed = {name: value for name, value in wanted.items() if getattr(known, name) != value}
    if changed:
        records = (next_version(known, **changed), *records)
    named = sorted(set(event.arguments) - set(OTHERS))
    said = f"card: {', '.join(named)} set" if records else "the card is so already"
    return settled(event, records, said, {"card": known.id, "account": known.account})


def _currency(event: OperatorCommand, facts: Facts) -> str | Wrong:
    """Of a new card: the one named, else the house's."""
    named = event.arguments.get("currency")
    if named is None:
        return facts.settings.default_currency
    read = currency(named, facts)
    return read if isinstance(read, Wrong) else str(read)


def _read(event: OperatorCommand, facts: Facts, number: str) -> dict[str, Any] | Wrong:
    """The card's attributes, and balance and credit limit under their own names, in minor units."""
    arguments = event.arguments
    sums = (*MONEY_FIELDS, *ACCOUNT_FIELDS)
    unknown = set(arguments) - {*OTHERS, *_SETTABLE}
    if unknown:
        return Wrong(f"there is no {min(unknown)[:24]!r} to set: there are {', '.join(_SETTABLE)}")
    found = read_fields(arguments, CARD_FIELDS, facts, (*OTHERS, *sums))
    if isinstance(found, Wrong):
        return found
    for name in sums:
        if name in arguments:
            minor = amount(arguments[name], number)
            if isinstance(minor, Wrong):
                return Wrong(f"{name}: {minor.said}")
            found[MONEY_FIELDS.get(name, name)] = minor
    return found


def _account(
    event: OperatorCommand,
    facts: Facts,
    account: Account,
    *,
    balance_minor: int,
    limit_minor: int,
    kind: str,
) -> tuple[Record, ...] | Wrong:
    """The account with that balance and limit, and the posting that brought it there; nothing where
    both are so already. No account may come below its limit by a command either (INV-40).
    """
    number = account.currency
    short = account.held_minor - balance_minor - limit_minor
    if short > 0:
        return Wrong(
            f"{Money(account.held_minor, number)} of the account is held: balance and credit limit "
            f"together are {Money(short, number)} short of it"
        )
    change = balance_minor - account.balance_minor
    if not change:
        after = next_version(account, credit_limit_minor=limit_minor)
        is_so = account.version and account.credit_limit_minor == limit_minor
        return () if is_so else (after,)
    book = Book(facts)
    source = opening_account(number) if kind == "opening" else adjustment_account(number)
    book.transfer(
        f"{kind}:{account.id}#{account.version + 1}",
        source,
        account.id,
        change,
        number,
        transaction="",
        kind=kind,
        at_us=event.moment.wall_us,
    )
    return tuple(
        replace(record, credit_limit_minor=limit_minor)
        if isinstance(record, Account) and record.id == account.id
        else record
        for record in book.records()
    )
