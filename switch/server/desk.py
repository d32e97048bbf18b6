"""The operator's desk: what comes over the control socket about cards, terminals, merchants and the
business day.

Owns the way from a line to an event and back: card numbers become token and seal before anything
else sees them (SR-PAN-03), and leave masked. Refuses to decide: the core does, in its turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import trio

from switch.core.admin import COMMANDS
from switch.keys.port import Vault, VaultError
from switch.model.records import Account, Card, Key
from switch.model.settings import Settings
from switch.server.engine import Engine
from switch.store.port import StoreBroken, StoreRefused, StoreUnavailable, View
from switch.values import Pan

LIST: Final = "cards.list"
PAGE: Final = 500  # cards in one answer
_MOST_ARGUMENTS: Final = 20
_LONGEST: Final = 200
_LONG_DIGITS: Final = re.compile(r"[0-9]{12,}")
_GAPS: Final = str.maketrans("", "", " -")  # as people write card numbers

Answer = dict[str, Any]


class _Named:
    """The card that a command means: its token, its seal where it is new, and what may be shown."""

    def __init__(self, token: str, masked: str, sealed: str = "") -> None:
        self.token = token
        self.masked = masked
        self.sealed = sealed


class Desk:
    """Answers the commands of operators. ``view`` opens a second look at the store."""

    def __init__(self, engine: Engine, vault: Vault, view: Callable[[], View]) -> None:
        self._engine = engine
        self._vault = vault
        self._view = view

    @property
    def names(self) -> tuple[str, ...]:
        """Which commands there are."""
        return (LIST, *COMMANDS)

    async def answer(self, name: str, line: Answer, who: str) -> Answer:
        """What became of the command; ``error`` says why it was refused and what to do."""
        arguments = line.get("arguments", {})
        if not _are_texts(arguments):
            said = f"arguments are at most {_MOST_ARGUMENTS} texts by name"
            return _error(f"{said}, each of {_LONGEST} characters at most")
        try:
            if name == LIST:
                return await trio.to_thread.run_sync(self._cards, arguments.get("after", ""))
            if name.startswith("cards."):
                return await self._about_card(name, arguments, who)
            return await self._told(name, arguments, who)
        except (StoreUnavailable, StoreBroken, StoreRefused, VaultError) as failure:
            return _error(str(failure))

    async def _told(self, name: str, arguments: dict[str, str], who: str) -> Answer:
        told = await self._engine.command(name, who, arguments)
        return {"ok": True, "said": told.said, **told.data} if told.ok else _error(told.said)

    async def _about_card(self, name: str, arguments: dict[str, str], who: str) -> Answer:
        words = {key: value for key, value in arguments.items() if key != "pan_sealed"}
        meant = words.pop("card", "")
        closed = meant.translate(_GAPS)
        digits = closed if _LONG_DIGITS.search(closed) else meant
        if digits.isascii() and digits.isdigit():
            card = self._numbered(digits, is_new=name == "cards.add")
        elif _LONG_DIGITS.search(closed):
            return _error("card: there is a card number in it: write that alone, or a card's name")
        elif name == "cards.add":
            return _error("a new card is named by its number: 12 to 19 digits of a test range")
        else:
            card = await trio.to_thread.run_sync(self._called, meant)
        if isinstance(card, str):
            return _error(card)
        misnamed = await trio.to_thread.run_sync(self._misnamed, words.get("name", ""), card)
        if misnamed:
            return _error(misnamed)
        words["card"] = card.token
        if card.sealed:
            words["pan_sealed"] = card.sealed
        answer = await self._told(name, words, who)
        return {**answer, "card": card.masked} if answer["ok"] else answer

    def _numbered(self, digits: str, *, is_new: bool) -> _Named | str:
        """The card of a number, or why that number is refused. Nothing repeats the number."""
        pan = Pan(digits)
        if not 12 <= len(digits) <= 19:
            return f"a card number has 12 to 19 digits, this one has {len(digits)}"
        if not pan.luhn_ok:
            return "the check digit of the card number does not fit"
        if is_new and (said := _not_for_tests(pan, self._engine.settings)):
            return said
        token = self._vault.token(pan)
        return _Named(token, pan.masked, self._vault.seal(pan, token) if is_new else "")

    def _called(self, name: str) -> _Named | str:
        """The one card of that name, or why it cannot be told which. Runs in a thread."""
        with self._view() as reader:
            found = [card for card in reader.find_all(Card) if card.name == name]
        if len(found) == 1:
            card = found[0]
            return _Named(card.id, self._masked(card))
        if found:
            return f"{len(found)} cards are called {name[:24]!r}: give the number of the one meant"
        return f"no card is called {name[:24]!r}: cards list shows those that are"

    def _misnamed(self, name: str, meant: _Named) -> str:
        """Why a card cannot bear that name: it reads as a number, or is another card's. Runs in a
        thread.
        """
        if name.isdigit() or _LONG_DIGITS.search(name):
            return "name: it reads as a card number, and names are shown: take a word"
        if not name:
            return ""
        with self._view() as reader:
            for card in reader.find_all(Card):
                if card.name == name and card.id != meant.token:
                    whose = self._masked(card)
                    return f"{whose} is called {name[:24]!r} already: take another name"
        return ""

    def _masked(self, card: Card) -> str:
        return self._vault.open(card.pan_sealed, card.id).masked

    def _cards(self, after: str) -> Answer:
        """A page of cards in the order of their tokens. Runs in a thread."""
        with self._view() as reader, reader.snapshot():
            page = reader.page(Card, after, PAGE)
            keys = {card.id: Key(Account.TABLE, card.account) for card in page}
            accounts = reader.load(keys.values())
        rows = [self._row(card, accounts[keys[card.id]]) for card in page]
        return {"ok": True, "cards": rows, "next": page[-1].id if len(page) == PAGE else ""}

    def _row(self, card: Card, account: object) -> Answer:
        row: Answer = {
            "card": self._masked(card),
            "name": card.name,
            "status": card.status,
            "expiry": card.expiry,
            "currency": card.currency,
            "per_transaction_limit_minor": card.per_transaction_limit_minor,
            "daily_limit_minor": card.daily_limit_minor,
            "cash_limit_minor": card.cash_limit_minor,
        }
        if isinstance(account, Account):
            row |= {
                "balance_minor": account.balance_minor,
                "held_minor": account.held_minor,
                "credit_limit_minor": account.credit_limit_minor,
                "available_minor": account.available_minor,
            }
        return row


def _not_for_tests(pan: Pan, settings: Settings) -> str:
    """Why this world may not hold the card (SR-SAD-05); empty where it may."""
    ranges = settings.test_ranges
    if ranges and pan.starts_with(ranges):
        return ""
    return (
        f"the card {pan.masked} is in none of settings.test_ranges "
        f"({', '.join(ranges) or 'there are none'}): add its first digits there, if they are of a "
        "test range, and reload"
    )


def _are_texts(arguments: object) -> bool:
    return (
        isinstance(arguments, dict)
        and len(arguments) <= _MOST_ARGUMENTS
        and all(isinstance(part, str) and len(part) <= _LONGEST for part in _parts(arguments))
    )


def _parts(arguments: dict[Any, Any]) -> Iterator[object]:
    yield from arguments
    yield from arguments.values()


def _error(said: str) -> Answer:
    return {"ok": False, "error": said}
