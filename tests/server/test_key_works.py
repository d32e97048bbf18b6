"""switch.server.key_works: what the key desk makes of a command, with the vault behind it."""

from __future__ import annotations

import pytest

from switch.keys.ciphers import tdes_encrypt
from switch.keys.port import KeyBlockRefused
from switch.model.records import SealedKey
from switch.model.security import KeyUse
from tests.key_counter import KEK, KEYS, OTHER, PVK, Counter


async def test_each_key_is_bound_to_its_name() -> None:
    """Whichever way it came, its block opens under no other name: in the store no key can be put in
    another's place.
    """
    counter = Counter()
    block = (await counter.says("keys.export", name="issuer.demo.pvk", kek="zone.bank.zmk"))["text"]
    check, two = "38A0D8", {"algorithm": "tdes-2"}
    cryptogram = bytes(tdes_encrypt(bytes.fromhex(KEK), bytes.fromhex(PVK))).hex()
    begun = await counter.says(
        "keys.components", step="begin", name="issuer.f.pvk", count="1", **two
    )
    for command, words in (
        ("keys.generate", {"name": "issuer.a.pvk", **two}),
        ("keys.import", {"name": "issuer.b.pvk", "value": OTHER, **two}),
        ("keys.import", {"name": "issuer.c.pvk", "block": block, "kek": "zone.bank.zmk"}),
        ("keys.import", {"name": "zone.old.zmk", "value": KEK, "usage": "K0", **two}),
        (
            "keys.import",
            {"name": "issuer.d.pvk", "cryptogram": cryptogram, "check_value": check,
             "kek": "zone.old.zmk", "legacy": "yes", **two},
        ),
        ("keys.inject", {"name": "terminal.T2.tmk"}),
        ("keys.rotate", {"name": "issuer.a.pvk"}),
        (
            "keys.components",
            {"step": "add", "ticket": begun["ticket"], "check_value": check, "component": PVK},
        ),
    ):  # fmt: skip
        said = await counter.says(command, **words)
        assert said["ok"], said
    keys = [key for key in counter.room.store.scan("key") if isinstance(key, SealedKey)]
    assert len(keys) == len(KEYS) + 7
    for key in keys:
        assert counter.vault.key_check_value(KeyUse(key.id, key.block)) == key.check_value
        with pytest.raises(KeyBlockRefused):
            counter.vault.attributes(KeyUse(f"{key.id}2", key.block))


async def test_a_destroyed_key_is_forgotten_by_the_vault() -> None:
    """SR-KEY-14: once the core has written it, the key and those before it that were still accepted
    are overwritten; a deed that came to nothing overwrites nothing.
    """
    counter = Counter()
    room = counter.vault._room
    await counter.says("keys.rotate", name="issuer.demo.pvk")
    key = counter.key("issuer.demo.pvk")
    assert key is not None
    blocks = (key.block, *(former.block for former in key.former))
    opened = [room.looked_at(KeyUse(key.id, block)) for block in blocks]
    assert len(opened) == 2
    counter.room.store.faults = [counter.room.store.full] * 8
    assert not (await counter.says("keys.destroy", name=key.id))["ok"]
    assert all(any(each.value) for each in opened)
    counter.room.store.faults = []
    assert (await counter.says("keys.destroy", name=key.id))["ok"]
    assert not any(any(each.value) for each in opened)
