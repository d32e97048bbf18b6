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
from typing import Any, Final

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
    SealedKey,
    Terminal,
    next_version,
)
from switch.model.security import KeyUse
from switch.server.world_keys import TEST, KeySeed, key_records
from switch.server.world_said import Said, configured_key, found, renewed
from switch.store.port import Change, Committed, Store, StoreUnavailable
from switch.values import Pan, Pin

ROW_RECORDS: Final = 20  # in one row of the journal: whoever reads one of them reads the row
CARD_VALUES: Final = (
    "name",
    "expiry",
    "status",
    "per_transaction_limit_minor",
    "daily_limit_minor",
    "cash_limit_minor",
    "issuer",
    "sequence",
    "chip",
    "verification",
)
PIN_VALUES: Final = ("pin_method", "pin_reference")
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
    security: str = ""


@dataclass(frozen=True, slots=True)
class CardSeed:
    """A card as configured, with what its account starts from. Amounts in minor units. Of a PIN
    only a reference is kept.
    """

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
    issuer: str = ""
    pin: Pin | None = None
    pin_method: str = ""
    pin_key: str = ""  # the name of the key that verifies the PIN
    sequence: str = ""
    chip: str = ""
    verification: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """Everything configured. ``house_pin`` is the PIN of cards that are enrolled."""

    merchants: Sequence[MerchantSeed] = ()
    terminals: Sequence[TerminalSeed] = ()
    cards: Sequence[CardSeed] = ()
    keys: Sequence[KeySeed] = ()
    house_pin: Pin | None = None


def seed(store: Store, *, world: World, vault: Vault, at_us: int) -> dict[str, int]:
    """Write what is new or changed, in one transaction; returns how many records of each table.

    Raises StoreUnavailable when it could not be kept, VaultError for a key that cannot be used.
    """
    if world.house_pin is not None:
        vault.keep_house_pin(world.house_pin)
    tokens = {card.name: vault.token(card.pan) for card in world.cards}
    known = store.load(_keys(world, tokens))
    keys = list(key_records(world.keys, known, vault, at_us))
    records = [
        *keys,
        *_merchants(world, known),
        *_terminals(world, known),
        *_cards(world, {**known, **{key.key: key for key in keys}}, tokens, vault, at_us),
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
    named += [Key(SealedKey.TABLE, key.name) for key in world.keys]
    yield from named
    yield from map(configured_key, named)
    for card in world.cards:
        token = tokens[card.name]
        if card.pin is not None:
            yield Key(SealedKey.TABLE, card.pin_key)
        yield account_key(card_account(token))
        yield account_key(opening_account(card.currency))


def _merchants(world: World, known: Mapping[Key, Record | None]) -> Iterator[Record]:
    for item in world.merchants:
        wanted: dict[str, Any] = {
            "name": item.name,
            "category": item.category,
            "status": item.status,
            "currency": item.currency,
            "zone": item.zone,
        }
        said = Said(known, Key(Merchant.TABLE, item.id), wanted)
        record = found(known, Merchant, item.id)
        if record is None:
            yield Merchant(id=item.id, **wanted)
        else:
            yield from renewed(record, said.changed())
        yield from said.record()


def _terminals(world: World, known: Mapping[Key, Record | None]) -> Iterator[Record]:
    for item in world.terminals:
        wanted: dict[str, Any] = {
            "merchant_id": item.merchant_id,
            "status": item.status,
            "currency": item.currency,
            "zone": item.zone,
            "partial_approval": item.partial_approval,
            "security": item.security,
        }
        said = Said(known, Key(Terminal.TABLE, item.id), wanted)
        record = found(known, Terminal, item.id)
        if record is None:
            yield Terminal(id=item.id, **wanted)
        else:
            yield from renewed(record, said.changed())
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
        card = found(known, Card, token)
        wanted |= _pin_values(item, known, card, vault)
        said = Said(known, Key(Card.TABLE, token), wanted)
        if card is None:
            yield _card(item, token, vault, wanted)
        else:
            yield from renewed(card, said.changed(*CARD_VALUES, *PIN_VALUES))
        account = found(known, Account, account_id)
        if account is None:
            opened[item.currency] += item.balance_minor
            yield from _opening(item, account_id, at_us)
        else:
            yield from renewed(account, _bearable(account, said.changed(LIMIT)))
        yield from said.record()
    for currency, total in opened.items():
        if total:
            yield _opening_account(known, currency, total)


def _card(item: CardSeed, token: str, vault: Vault, wanted: Mapping[str, Any]) -> Card:
    return Card(
        id=token,
        pan_sealed=vault.seal(item.pan, token),
        account=card_account(token),
        currency=item.currency,
        **{name: wanted[name] for name in (*CARD_VALUES, *PIN_VALUES)},
    )


def _pin_values(
    item: CardSeed, known: Mapping[Key, Record | None], card: Card | None, vault: Vault
) -> dict[str, str]:
    """How the card's PIN is verified, and what it is verified against. Where the test key for it
    was destroyed, or has given way to a live one, the reference stays as it is.
    """
    if item.pin is None:
        return dict.fromkeys(PIN_VALUES, "")
    reference = "" if card is None else card.pin_reference
    key = found(known, SealedKey, item.pin_key)
    if key is not None and key.block and key.mark == TEST:
        use = KeyUse(key.id, key.block)
        reference = vault.pin_reference(item.pin, item.pan, item.pin_method, use)
    return {"pin_method": item.pin_method, "pin_reference": reference}


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
    account = found(known, Account, account_id)
    if account is None:
        return Account(id=account_id, kind="opening", currency=currency, balance_minor=-total)
    return next_version(account, balance_minor=account.balance_minor - total)
