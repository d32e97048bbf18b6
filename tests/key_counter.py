"""A key desk in front of a vault, an engine and a memory store, for tests of ``keys.`` commands."""

from __future__ import annotations

import json
import os
from typing import Any

import trio

from switch.keys.master import MasterKey
from switch.keys.port import KeySpec
from switch.keys.vault import SoftwareVault
from switch.model.events import Event, OperatorCommand
from switch.model.records import KeyDeed, SealedKey
from switch.server.key_desk import KeyDesk
from switch.server.officers import new_token, token_hash
from switch.server.world import World, seed
from switch.server.world_keys import KeySeed
from switch.values import ClearKey
from tests.memory_view import MemoryView
from tests.server_room import WORLD, Room, room

NEW = "terminal.T1.tpk"
# Keys of the vectors: the BDK of ANSI X9.24-1, TR-31:2018 A.7.2.2, pv-d005, pv-d006.
BDK = "0123456789ABCDEFFEDCBA9876543210"
KEK = "DD7515F2BFC17F85CE48F3CA25CB21F6"
PVK, OTHER = "29C8326751586D679B671508C413AED3", "2A58611A7AD60D46C7E99BCDB0610E02"
KSN = "FFFF9876543210E00000"
ALICE, BOB = new_token(), new_token()
KEYS = (
    KeySeed("bdk.FFFF987654", KeySpec("B0", "T", 16, "X"), ClearKey(BDK)),
    KeySeed("zone.bank.zmk", KeySpec("K1", "T", 16, "B"), ClearKey(KEK)),
    KeySeed("issuer.demo.pvk", KeySpec("V2", "T", 16, "C"), ClearKey(PVK)),
)


class Counter:
    """A key desk in front of an engine that notes what it is asked."""

    def __init__(self, *, officers: bool = True) -> None:
        self.vault = SoftwareVault(MasterKey(bytearray(range(32))), os.urandom)
        self.room: Room = room(vault=self.vault)
        world = World(WORLD.merchants, WORLD.terminals, keys=KEYS)
        seed(self.room.store, world=world, vault=self.vault, at_us=0)
        self.heard: list[Event] = []
        inner = self.room.engine.submit

        def submit(event: Event) -> None:
            self.heard.append(event)
            inner(event)

        self.room.engine.submit = submit  # type: ignore[method-assign]
        hashes = {"alice": token_hash(ALICE), "bob": token_hash(BOB)} if officers else {}
        self.told: list[dict[str, object]] = []
        self.desk = KeyDesk(
            self.room.engine,
            self.vault,
            lambda: MemoryView(self.room.store.inner),
            self.room.clock,
            self,  # type: ignore[arg-type]
            trio.Lock(),
            hashes,
        )

    def tell(self, event: str, level: str = "info", **data: object) -> None:
        self.told.append({"event": event, **data})

    async def says(self, command: str, /, *, token: str = "", **words: str) -> dict[str, Any]:
        """What the person hears, as it goes over the socket; ``value`` and ``component`` go beside
        the words.
        """
        secrets: dict[str, str] = {
            name: words.pop(name) for name in ("value", "component") if name in words
        }
        if token:
            secrets["token"] = token
        line = {"command": command, "arguments": words, "secrets": secrets}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.room.engine.run)
            said = await self.desk.answer(command, line, "uid 7")
            nursery.cancel_scope.cancel()
        return dict(json.loads(json.dumps(said)))

    def key(self, name: str) -> SealedKey | None:
        """The key as it is stored."""
        found = {key.id: key for key in self.room.store.scan("key") if isinstance(key, SealedKey)}
        return found.get(name)

    @property
    def deeds(self) -> list[tuple[str, str, str, tuple[str, ...]]]:
        """What was written down: command, key, outcome, officers."""
        return [
            (deed.what, deed.name, deed.outcome, deed.officers)
            for deed in self.room.store.scan("key_deed")
            if isinstance(deed, KeyDeed)
        ]

    @property
    def outcomes(self) -> list[str]:
        return [outcome for _, _, outcome, _ in self.deeds]

    def written(self) -> bytes:
        """Everything that could be read later: store, events, log, no answers."""
        rows = b"".join(row.body for row in self.room.store.journal())
        commands = repr([event for event in self.heard if isinstance(event, OperatorCommand)])
        return rows + commands.encode() + json.dumps(self.told, default=str).encode()
