"""Brings the terminals of a script into being: where each calls, which cards it has, its journal.

Owns everything about a device that has to be right before the day begins, so that a card that does
not exist is refused with its line, and not at noon. Refuses to play.
"""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from switch.errors import ConfigError, EncodeError
from switch.keys.master import MasterKey, load_or_create
from switch.keys.vault import SoftwareVault
from switch.money import Money, MoneyError
from switch.wire.dialect import load_dialect
from switch.wire.framing import Framing
from switch_tools.cards import CardError, CardInHand, find_card
from switch_tools.terminal_chip import ChipReader
from switch_tools.terminal_day import Day
from switch_tools.terminal_day_checks import ids_of
from switch_tools.terminal_day_words import Cast, Step
from switch_tools.terminal_engine import Patience, VirtualTerminal
from switch_tools.terminal_journal import Journal
from switch_tools.terminal_keys import KeyRing
from switch_tools.terminal_link import Address, LinkLost, Wire, dial
from switch_tools.terminal_messages import Messages
from switch_tools.terminal_model import Identity
from switch_tools.terminal_options import KEY_NAME
from switch_tools.terminal_place import Place, find_place
from switch_tools.terminal_security import Guard, Manner
from switch_tools.terminal_wallet import Wallet

KEY_BYTES: Final = 32
TRIES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where a day is played. ``to`` has addresses by dialect (under an empty name for all others),
    ``state`` is the folder of journals (``None``: in memory), ``data`` that of the switch which
    injects keys, ``wallet`` holds the cards' counters."""

    config: Path | None = None
    to: Mapping[str, str] = field(default_factory=dict)
    state: Path | None = None
    seed: int | None = None
    data: Path | None = None
    wallet: Wallet = field(default_factory=Wallet)


class LossyDial:
    """Dials, and loses the next ``request`` or ``answer`` on purpose where ``lose`` says so."""

    def __init__(self, dial: Callable[[], Awaitable[Wire]]) -> None:
        self._dial = dial
        self.lose = ""

    async def __call__(self) -> Wire:
        """A connection. Raises CannotConnect."""
        return _LossyWire(await self._dial(), self)


@dataclass(frozen=True, slots=True)
class _LossyWire:
    wire: Wire
    owner: LossyDial

    async def send(self, body: bytes) -> None:
        """Send, or lose it."""
        if self.owner.lose != "request":
            await self.wire.send(body)

    async def receive(self) -> bytes:
        """The next message. One that is lost is not waited for any longer: raises LinkLost."""
        lost, self.owner.lose = self.owner.lose, ""
        if lost != "request":
            body = await self.wire.receive()
            if not lost:
                return body
        raise LinkLost(f"the {lost} was lost, as the script says")

    async def close(self) -> None:
        """Let go of the connection."""
        await self.wire.close()


@dataclass(slots=True, kw_only=True)
class Player:
    """One terminal on the stage. ``ahead`` is by how much its clock was put on by thinking."""

    name: str
    device: VirtualTerminal
    dialect: str
    steps: Sequence[Step]
    cards: Sequence[CardInHand]
    held: Mapping[str, CardInHand]
    currency: str
    rng: random.Random
    line: LossyDial
    key_sets: Sequence[str] = ()
    data: Path | None = None
    ahead: timedelta = timedelta()

    def money(self, text: str) -> Money:
        """An amount in the terminal's currency."""
        return Money.parse(text, self.currency)


def players_of(day: Day, world: World) -> list[Player]:
    """All terminals of the day. Raises ConfigError with the script's line, JournalError."""
    players: list[Player] = []
    try:
        for cast in day.cast:
            players.extend(_player(day, world, cast, name) for name in ids_of(cast))
    except BaseException:
        for player in players:
            player.device.journal.close()
        raise
    return players


def _player(day: Day, world: World, cast: Cast, name: str) -> Player:
    steps = day.steps_of(cast)
    where = day.place(cast)
    try:
        place = find_place(world.config, cast.dialect, name)
        dialect = load_dialect(place.dialect)
    except ConfigError as failure:
        raise ConfigError(where, str(failure)) from None
    currency = cast.currency or place.currency
    held = _held(day, steps, place, currency)
    cards = [_card(where, text, place) for text in cast.cards or _names(place)]
    if not cards:
        raise ConfigError(where, "the world has no cards: name some in cards, by number")
    if dialect.reading_only:
        raise ConfigError(where, f"the dialect {dialect.name} is for reading only")
    identity = Identity(place.terminal_id, cast.merchant or place.merchant_id)
    try:
        Messages(dialect).check(identity)
    except EncodeError as failure:
        raise ConfigError(where, str(failure)) from None
    framing = Framing.parse(place.framing) if place.framing else dialect.framing
    to = cast.to or world.to.get(dialect.name) or world.to.get("") or f"{place.host}:{place.port}"
    line = LossyDial(partial(dial, _address(where, to), framing))
    seed = day.seed if world.seed is None else world.seed
    rng = random.Random(f"{seed}/{dialect.name}/{identity.terminal_id}")  # noqa: S311 - chance
    memory = _memory(world.state, f"{dialect.name}-{identity.terminal_id}")
    manner = Manner(secure=cast.secure, mac=cast.mac, scheme=place.mac_scheme)
    player: Player

    def now() -> datetime:
        return datetime.now(UTC) + player.ahead

    device = VirtualTerminal(
        identity,
        Messages(dialect, Guard(dialect, memory.keys, manner)),
        memory.journal,
        memory.vault,
        line,
        patience=Patience(answer_s=cast.answer_s, reversal_tries=TRIES),
        now=now,
        rng=rng,
        chips=ChipReader(world.wallet),
        keys=memory.keys,
    )
    player = Player(
        name=identity.terminal_id,
        device=device,
        dialect=dialect.name,
        steps=steps,
        cards=cards,
        held=held,
        currency=currency,
        rng=rng,
        line=line,
        key_sets=place.key_sets,
        data=world.data,
    )
    return player


@dataclass(frozen=True, slots=True)
class _Memory:
    """What a terminal remembers."""

    journal: Journal
    vault: SoftwareVault
    keys: KeyRing


def _memory(state: Path | None, name: str) -> _Memory:
    """In a folder, or gone when the day is over."""
    folder = None if state is None else state / name
    journal = Journal(folder)
    try:
        master = (
            MasterKey(bytearray(os.urandom(KEY_BYTES)))
            if folder is None
            else load_or_create(folder / KEY_NAME)
        )
        keys = KeyRing(folder, master)
        return _Memory(journal, SoftwareVault(master, os.urandom), keys)
    except BaseException:
        journal.close()
        raise


def _held(day: Day, steps: Sequence[Step], place: Place, currency: str) -> dict[str, CardInHand]:
    """The cards that steps name; their amounts are read once as well, so that none is wrong."""
    held: dict[str, CardInHand] = {}
    for step in _all(steps):
        where = day.place(step)
        if step.card:
            held[step.card] = _card(where, step.card, place)
        try:
            money = [Money.parse(text, currency) for text in _amounts(step)]
        except MoneyError as failure:
            raise ConfigError(where, str(failure)) from None
        if isinstance(step.amount, tuple) and money[0].minor > money[1].minor:
            raise ConfigError(where, "amount: the first of a range is not above the second")
    return held


def _all(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _all(step.steps)


def _amounts(step: Step) -> list[str]:
    asked = list(step.amount) if isinstance(step.amount, tuple) else [step.amount]
    more = [step.cashback, step.remaining, *step.claim_extra, *step.claim_amount.values()]
    return [text for text in (*asked, *more) if text]


def _card(where: str, text: str, place: Place) -> CardInHand:
    try:
        return find_card(text, cards=place.cards, issuers=place.issuers)
    except CardError as failure:
        raise ConfigError(where, str(failure)) from None


def _names(place: Place) -> list[str]:
    return [card.name for card in place.cards[:1]]


def _address(where: str, text: str) -> Address:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdecimal() or int(port) > 65_535:
        raise ConfigError(where, f"{text[:60]!r} is no HOST:PORT, such as 127.0.0.1:8583")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))
