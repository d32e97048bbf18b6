"""The configured world: merchants, terminals, cards and their accounts, written as records.

Owns what of a record the configuration decides, and leaves the rest to the running switch: a start
or a reload renews names, states and limits, and lets signs-on, balances and counters be. A value is
renewed only where the configuration says another one than at the last time: what an operator has
set meanwhile stays until then. An opening balance is a posting that balances (INV-60), made once,
with its card.
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
    Configured,
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
ROW_RECORDS: Final = 20  # in one row of the journal: whoever reads one of them reads the row
CARD_VALUES: Final = (
    "name",
    "expiry",
    "status",
    "per_transaction_limit_minor",
    "daily_limit_minor",
    "cash_limit_minor",
)
LIMIT: Final = "credit_limit_minor"  # of the card's account


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
    named = [Key(Merchant.TABLE, merchant.id) for merchant in world.merchants]
    named += [Key(Terminal.TABLE, terminal.id) for terminal in world.terminals]
    named += [Key(Card.TABLE, token) for token in tokens.values()]
    yield from named
    yield from map(_configured_key, named)
    for card in world.cards:
        token = tokens[card.name]
        yield account_key(card_account(token))
        yield account_key(opening_account(card.currency))


def _found(known: Mapping[Key, Record | None], kind: type[R], record_id: str) -> R | None:
    record = known[Key(kind.TABLE, record_id)]
    return record if isinstance(record, kind) else None


def _renewed(record: R, wanted: Mapping[str, Any]) -> Iterator[R]:
    """The record's successor if something of it is to change."""
    if any(getattr(record, name) != value for name, value in wanted.items()):
        yield next_version(record, **wanted)


def _configured_key(key: Key) -> Key:
    return Key(Configured.TABLE, f"{key.table}|{key.id}")


class _Said:
    """What the configuration says of one record, beside what it said the last time."""

    def __init__(
        self, known: Mapping[Key, Record | None], key: Key, wanted: Mapping[str, Any]
    ) -> None:
        self._key = _configured_key(key)
        self._wanted = wanted
        self._values = {name: str(value) for name, value in wanted.items()}
        self._before = _found(known, Configured, self._key.id)

    def changed(self, *names: str) -> dict[str, Any]:
        """Those of the named values (all, if none is) that are others than the last time."""
        before = {} if self._before is None else self._before.values
        return {
            name: self._wanted[name]
            for name in names or self._wanted
            if before.get(name) != self._values[name]
        }

    def record(self) -> Iterator[Configured]:
        """To be kept for the next time, where it is new."""
        if self._before is None:
            yield Configured(id=self._key.id, values=self._values)
        elif self._before.values != self._values:
            yield next_version(self._before, values=self._values)


def _merchants(world: World, known: Mapping[Key, Record | None]) -> Iterator[Record]:
    for item in world.merchants:
        wanted: dict[str, Any] = {
            "name": item.name,
            "category": item.category,
            "status": item.status,
            "currency": item.currency,
            "zone": item.zone,
        }
        said = _Said(known, Key(Merchant.TABLE, item.id), wanted)
        record = _found(known, Merchant, item.id)
        if record is None:
            yield Merchant(id=item.id, **wanted)
        else:
            yield from _renewed(record, said.changed())
        yield from said.record()


def _terminals(world: World, known: Mapping[Key, Record | None]) -> Iterator[Record]:
    for item in world.terminals:
        wanted: dict[str, Any] = {
            "merchant_id": item.merchant_id,
            "status": item.status,
            "currency": item.currency,
            "zone": item.zone,
            "partial_approval": item.partial_approval,
        }
        said = _Said(known, Key(Terminal.TABLE, item.id), wanted)
        record = _found(known, Terminal, item.id)
        if record is None:
            yield Terminal(id=item.id, **wanted)
        else:
            yield from _renewed(record, said.changed())
        yield from said.record()


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
        wanted = {name: getattr(item, name) for name in (*CARD_VALUES, LIMIT)}
        said = _Said(known, Key(Card.TABLE, token), wanted)
        card = _found(known, Card, token)
        if card is None:
            yield _card(item, token, vault)
        else:
            yield from _renewed(card, said.changed(*CARD_VALUES))
        account = _found(known, Account, account_id)
        if account is None:
            opened[item.currency] += item.balance_minor
            yield from _opening(item, account_id, at_us)
        else:
            yield from _renewed(account, _bearable(account, said.changed(LIMIT)))
        yield from said.record()
    for currency, total in opened.items():
        if total:
            yield _opening_account(known, currency, total)


def _card(item: CardSeed, token: str, vault: Vault) -> Card:
    return Card(
        id=token,
        pan_sealed=vault.seal(item.pan, token),
        account=card_account(token),
        currency=item.currency,
        **{name: getattr(item, name) for name in CARD_VALUES},
    )


def _bearable(account: Account, wanted: dict[str, Any]) -> dict[str, Any]:
    """A lower credit limit ends where the account has come to: no account is below its limit, by a
    configuration either (INV-40).
    """
    used = account.held_minor - account.balance_minor
    return {name: max(value, used) for name, value in wanted.items()}


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
