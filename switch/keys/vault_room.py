"""What all questions of the vault stand on: opening a key block, sealing a key, the keys of a DUKPT
transaction.

Owns the two key block protection keys (test and live: the mark of a key is bound by which of them
its block opens under, SR-KEY-09) and the memory of opened keys. Refuses to open a block without
being told what for: each way in asks ``permissions``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.check_value import check_value
from switch.keys.ciphers import Uncopied, wipe
from switch.keys.clear_keys import refuse_unfit
from switch.keys.key_block import padding_length, unwrap, wrap
from switch.keys.key_block_header import Header, OptionalBlock, padded, refused
from switch.keys.known_keys import is_published
from switch.keys.master import MasterKey
from switch.keys.permissions import MARKS, check_spec, kind, misused
from switch.keys.port import (
    KeyBlockRefused,
    KeyRefused,
    KeySpec,
    MadeKey,
    VaultError,
)
from switch.keys.vault_cache import DEVICES, KEYS, LABEL, Kept, OpenKey
from switch.model.ksn import Ksn, parse
from switch.model.security import KeyUse

_VERSION: Final = "D"
_PROTECTION_BYTES: Final = 32
_CLOSED: Final = "the vault is closed"
TESTS: Final = 32  # test keys whose names are remembered
Device = dukpt_tdes.TdesDevice | dukpt_aes.AesDevice


class VaultRoom(Uncopied):
    """The vault's inner room. ``random_bytes``: the operating system's generator (SR-KEY-11), or a
    seeded source in a made-up world whose keys are made up as well.
    """

    __slots__ = ("_devices", "_opened", "_protection", "_tests", "random_bytes")

    def __init__(self, master: MasterKey, random_bytes: Callable[[int], bytes]) -> None:
        self.random_bytes = random_bytes
        self._opened: Kept[OpenKey] = Kept(KEYS)
        self._devices: Kept[Device] = Kept(DEVICES)
        self._tests: dict[str, str] = {}  # names by block, the newest last
        self._protection: dict[str, bytearray] = {}
        for mark in MARKS:
            with master.derived(f"key block {mark} 1", _PROTECTION_BYTES) as key:
                self._protection[mark] = bytearray(key)

    def close(self) -> None:
        """Overwrite all keys of key blocks; none is opened afterwards."""
        self._opened.wipe()
        self._devices.wipe()
        self._tests.clear()
        wipe(*self._protection.values())
        self._protection.clear()

    def forget(self, block: str) -> None:
        """Overwrite what is kept of a key, and the ways of devices under it."""
        self._opened.drop(lambda name: name == block)
        self._devices.drop(lambda name: isinstance(name, tuple) and name[1] == block)
        self._tests.pop(block, None)

    def opened(self, key: KeyUse, operation: str) -> OpenKey:
        """The key, where its block says that it may do this. Raises KeyMisused, KeyBlockRefused."""
        found = self.looked_at(key)
        if operation not in found.may:
            raise misused(key.name, found.spec, operation)
        return found

    def looked_at(self, key: KeyUse) -> OpenKey:
        """The key, to say what it is or to hand it on; not to use it. Raises KeyBlockRefused, for
        a block that was made for another name as well.
        """
        found = self._opened.get(key.block, lambda: self._open(key))
        if found.name not in ("", key.name):
            raise KeyBlockRefused(f"key {key.name}: {refused()}")
        return found

    def tests(self) -> Iterator[tuple[str, OpenKey]]:
        """Names and keys of the test keys that were opened last, the newest first: what the doctor
        may try in place of another test key.
        """
        for block, name in reversed(list(self._tests.items())):
            yield name, self.looked_at(KeyUse(name, block))

    def sealed(
        self,
        spec: KeySpec,
        value: bytearray,
        optional: tuple[OptionalBlock, ...] = (),
        name: str = "",
    ) -> MadeKey:
        """A key's block for the store, bound to its name where one is given; ``value`` is
        overwritten. Raises KeyRefused for attributes that do not go together, a weak key, and a
        published test key marked live.
        """
        try:
            if not self._protection:
                raise VaultError(_CLOSED)
            check_spec(spec)
            if len(value) != spec.length:
                raise KeyRefused(
                    f"the key has {len(value)} bytes, its attributes say {spec.length}"
                )
            refuse_unfit(kind(spec), value, single_des=spec.algorithm == "D")
            if spec.mark == "live" and is_published(value):
                raise KeyRefused("this is a published test key: it must not be marked live")
            if name:
                optional = (*optional, OptionalBlock(LABEL, name))
            header = padded(
                Header(
                    _VERSION,
                    spec.usage,
                    spec.algorithm,
                    spec.mode,
                    exportability=spec.exportability,
                    optional=optional,
                )
            )
            padding = self.random_bytes(padding_length(header, len(value)))
            block = wrap(self._protection[spec.mark], header, value, padding)
            return MadeKey(block, check_value(kind(spec), value).hex().upper(), spec)
        finally:
            wipe(value)

    def transaction_key(self, key: KeyUse, ksn: str, purpose: str, algorithm: str) -> bytearray:
        """The key of one DUKPT transaction for a purpose (``dukpt_tdes.PURPOSES``), for the caller
        to overwrite. ``algorithm``: what it works with, ``T``, ``A`` or ``H``.

        Raises KsnRefused for a key serial number that is none or that no transaction has,
        KeyMisused for a key that is no base derivation key or not of that algorithm.
        """
        bdk = self.opened(key, "derive a transaction key")
        at = _at(ksn)
        aes = bdk.spec.algorithm == "A"
        if at.aes is not aes:
            raise misused(
                key.name, bdk.spec, f"derive for a key serial number of {len(ksn)} digits"
            )
        device = self._devices.get((at.device, key.block), lambda: _device(bdk, at))
        if isinstance(device, dukpt_aes.AesDevice):
            if algorithm not in ("T", "A", "H"):
                raise misused(key.name, bdk.spec, f"derive a key of algorithm {algorithm}")
            return device.key(at.counter, purpose, aes_key_type(algorithm, bdk.spec.length))
        if algorithm != "T":
            raise misused(key.name, bdk.spec, f"derive a key of algorithm {algorithm}")
        return device.key(at.counter, purpose)

    def _open(self, key: KeyUse) -> OpenKey:
        """Under which of the two keys a block opens is its key's mark."""
        if not self._protection:
            raise VaultError(_CLOSED)
        for mark, kbpk in self._protection.items():
            try:
                header, value, padding = unwrap(kbpk, key.block)
            except KeyRefused:
                continue
            wipe(padding)
            spec = KeySpec(
                header.usage,
                header.algorithm,
                len(value),
                header.mode,
                header.exportability,
                mark,
            )
            found = OpenKey(spec, value, header.optional)
            if mark == "test":
                self._remember(key.block, found.name or key.name)
            return found
        raise KeyBlockRefused(f"key {key.name}: {refused()}")

    def _remember(self, block: str, name: str) -> None:
        self._tests.pop(block, None)
        self._tests[block] = name
        while len(self._tests) > TESTS:
            self._tests.pop(next(iter(self._tests)))

    def __repr__(self) -> str:
        return "VaultRoom()"


@lru_cache(maxsize=256)
def _at(ksn: str) -> Ksn:
    """A key serial number, of which a message asks several times. Raises KsnRefused."""
    return parse(ksn).checked()


def _device(bdk: OpenKey, ksn: Ksn) -> Device:
    """A device's keys, from its initial key."""
    if ksn.aes:
        initial = dukpt_aes.initial_key(bdk.value, ksn)
        make: type[Device] = dukpt_aes.AesDevice
    else:
        initial = dukpt_tdes.initial_key(bdk.value, ksn)
        make = dukpt_tdes.TdesDevice
    try:
        return make(initial, ksn)
    finally:
        wipe(initial)


def aes_key_type(algorithm: str, length: int) -> str:
    """What AES DUKPT calls a working key: as strong as the base derivation key where it can be."""
    if algorithm == "T":
        return "TDES2"
    return f"{'AES' if algorithm == 'A' else 'HMAC'}{8 * length}"
