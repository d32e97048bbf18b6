"""The configured world: merchants, terminals, cards and their accounts, written as records.

Owns what of a record the configuration decides, and leaves the rest to the running switch: a start
or a reload renews names, states and limits, and lets signs-on, balances and counters be. An opening
balance is a posting that balances (INV-60), made once, with its card.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from switch.core.ledger import account_key, card_account, opening_account
from switch.keys.port import Vault
from switch.model.records import (
    Account,
    Card,
    Entry,
    Key,
    Merchant,
    Posting,
    Record,
    Terminal,
    next_version,
)
from switch.store.port import Change, Committed, Store, StoreUnavailable
from switch.values import Pan

R = TypeVar("R", bound=Record)
ROW_RECORDS: Final = 500  # records in one row of the journal


@dataclass(frozen=True, slots=True)
class MerchantSeed:
    """A merchant as configured."""

    id: str
    name: str
    category: str
    status: str
    currency: str
    zone: str


@dataclass(frozen=True, slots=True)
class TerminalSeed:
    """A terminal as configured."""

    id: str
    merchant_id: str
    status: str
    currency: str
    zone: str
    partial_approval: bool = False


@dataclass(frozen=True, slots=True)
class CardSeed:
    """A card as configured, with what its account starts from. Amounts in minor units."""

    name: str
    pan: Pan
    expiry: str
    status: str
    currency: str
    balance_minor: int
    credit_limit_minor: int
    per_transaction_limit_minor: int
    daily_limit_minor: int
    cash_limit_minor: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """Everything configured."""

    merchants: Sequence[MerchantSeed] = ()
    terminals: Sequence[TerminalSeed] = ()
    cards: Sequence[CardSeed] = ()


def seed(store: Store, *, world: World, vault: Vault, at_us: int) -> dict[str, int]:
    """Write what is new or changed, in one transaction; returns how many records of each table.

    Raises StoreUnavailable when it could not be kept.
    """
    tokens = {card.name: vault.token(card.pan) for card in world.cards}
    known = store.load(_keys(world, tokens))
    records = [
        *_merchants(world, known),
        *_terminals(world, known),
        *_cards(world, known, tokens, vault, at_us),
    ]
    changes = [
        Change("world", at_us, tuple(records[start : start + ROW_RECORDS]))
        for start in range(0, len(records), ROW_RECORDS)
    ]
    if changes and not isinstance(store.append(changes), Committed):
        raise StoreUnavailable("the configured world could not be written")
    counts = Counter(record.TABLE for record in records)
    return dict(counts)


def _keys(world: World, tokens: Mapping[str, str]) -> Iterator[Key]:
    for merchant in world.merchants:
        yield Key(Merchant.TABLE, merchant.id)
    for terminal in world.terminals:
        yield Key(Terminal.TABLE, terminal.id)
    for card in world.cards:
        token = tokens[card.name]
        yield Key(Card.TABLE, token)
        yield account_key(card_account(token))
        yield account_key(opening_account(card.currency))


def _found(known: Mapping[Key, Record | None], kind: type[R], record_id: str) -> R | None:
    record = known[Key(kind.TABLE, record_id)]
    return record if isinstance(record, kind) else None


def _renewed(record: R, **wanted: object) -> Iterator[R]:
    """The record's successor if something of it is to change."""
    if any(getattr(record, name) != value for name, value in wanted.items()):
        yield next_version(record, **wanted)


def _merchants(world: World, known: Mapping[Key, Record | None]) -> Iterator[Record]:
    for item in world.merchants:
        wanted: dict[str, Any] = {
            "name": item.name,
            "category": item.category,
            "status": item.status,
            "currency": item.currency,
            "zone": item.zone,
        }
        record = _found(known, Merchant, item.id)
        if record is None:
            yield Merchant(id=item.id, **wanted)
        else:
            yield from _renewed(record, **wanted)


def _terminals(world: World, known: Mapping[Key, Record | None]) -> Iterator[Record]:
    for item in world.terminals:
        wanted: dict[str, Any] = {
            "merchant_id": item.merchant_id,
            "status": item.status,
            "currency": item.currency,
            "zone": item.zone,
            "partial_approval": item.partial_approval,
        }
        record = _found(known, Terminal, item.id)
        if record is None:
            yield Terminal(id=item.id, **wanted)
        else:
            yield from _renewed(record, **wanted)


def _cards(
    world: World,
    known: Mapping[Key, Record | None],
    tokens: Mapping[str, str],
    vault: Vault,
    at_us: int,
) -> Iterator[Record]:
    opened: Counter[str] = Counter()
    for item in world.cards:
        token = tokens[item.name]
        account_id = card_account(token)
        card = _found(known, Card, token)
        if card is None:
            yield _card(item, token, vault)
        else:
            yield from _renewed(
                card,
                name=item.name,
                expiry=item.expiry,
                status=item.status,
                per_transaction_limit_minor=item.per_transaction_limit_minor,
                daily_limit_minor=item.daily_limit_minor,
                cash_limit_minor=item.cash_limit_minor,
            )
        account = _found(known, Account, account_id)
        if account is None:
            opened[item.currency] += item.balance_minor
            yield from _opening(item, account_id, at_us)
        else:
            yield from _renewed(account, credit_limit_minor=item.credit_limit_minor)
    for currency, total in opened.items():
        if total:
            yield _opening_account(known, currency, total)


def _card(item: CardSeed, token: str, vault: Vault) -> Card:
    return Card(
        id=token,
        pan_sealed=vault.seal(item.pan, token),
        name=item.name,
        account=card_account(token),
        expiry=item.expiry,
        status=item.status,
        currency=item.currency,
        per_transaction_limit_minor=item.per_transaction_limit_minor,
        daily_limit_minor=item.daily_limit_minor,
        cash_limit_minor=item.cash_limit_minor,
    )


def _opening(item: CardSeed, account_id: str, at_us: int) -> Iterator[Record]:
    """The card's account and, where it starts with money, the posting that put it there."""
    yield Account(
        id=account_id,
        kind="cardholder",
        currency=item.currency,
        balance_minor=item.balance_minor,
        credit_limit_minor=item.credit_limit_minor,
    )
    if item.balance_minor:
        source = opening_account(item.currency)
        yield Posting(
            id=f"opening:{account_id}",
            transaction="",
            kind="opening",
            entries=(
                Entry(source, -item.balance_minor, item.currency),
                Entry(account_id, item.balance_minor, item.currency),
            ),
            posted_us=at_us,
        )


def _opening_account(known: Mapping[Key, Record | None], currency: str, total: int) -> Account:
    account_id = opening_account(currency)
    account = _found(known, Account, account_id)
    if account is None:
        return Account(id=account_id, kind="opening", currency=currency, balance_minor=-total)
    return next_version(account, balance_minor=account.balance_minor - total)
