"""The vault's questions about keys themselves: made, entered, told apart, replaced.

Owns how a key comes into being here. Refuses to keep a list of keys: what is made is a block that
the caller stores. ``port.KeyVault`` says what the questions mean, ``vault_moves`` has those that
take keys in from elsewhere or hand them on.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.check_value import check_value
from switch.keys.ciphers import wipe, with_parity, xor
from switch.keys.clear_keys import refuse_unfit
from switch.keys.key_block_header import OptionalBlock
from switch.keys.mac import Scheme
from switch.keys.permissions import SM4_ALGORITHM, check_spec, kind, mac_usage, misused
from switch.keys.port import (
    Component,
    KeyMisused,
    KeyRefused,
    KeySpec,
    MadeKey,
    VaultError,
)
from switch.keys.vault_components import ComponentDesk
from switch.keys.vault_room import VaultRoom
from switch.model.key_roles import ROLES, SIZES, Size
from switch.model.ksn import KsnRefused, of_initial_key_id, parse
from switch.model.security import KeyUse, terminal_key

_TRIES: Final = 8  # a generator that gives a weak key so often is broken
_MOST_COMPONENTS: Final = 9
_SHORT_KSN: Final = 16


class _Working(NamedTuple):
    """What working keys are: their size, and of the MAC key where it differs."""

    size: Size
    mac: Size


def _alike(size: Size) -> _Working:
    return _Working(size, size)


_TDES: Final = Size("T", 16)
_SM4: Final = Size(SM4_ALGORITHM, 16)
WORKING: Final[dict[str, _Working]] = {
    **{name: _alike(size) for name, size in SIZES.items() if size.algorithm in "TA"},
    "unionpay": _Working(_TDES, Size("D", 8)),
    "sm4": _alike(_SM4),
}
_USUAL_SCHEMES: Final = {
    "T": "x9.19",
    "D": "unionpay-ecb",
    "A": "cmac-aes",
    SM4_ALGORITHM: "unionpay-sm4",
}
_CIPHERS: Final = {"TDES": "TD", "AES": "A", "SM4": SM4_ALGORITHM}
# The length of a MAC key whose scheme has another cipher than the other working keys.
_OTHER: Final = {"TDES": _TDES, "AES": Size("A", 16), "SM4": _SM4}
_HASH_KEY: Final = Size("H", 32)


class KeyMaker:
    """The first part of ``switch.keys.port.KeyVault`` in software."""

    __slots__ = ("_components", "_room")

    def __init__(self, room: VaultRoom) -> None:
        self._room = room
        self._components = ComponentDesk(room.random_bytes)

    def close(self) -> None:
        """Overwrite what was entered and is no key yet."""
        self._components.wipe()

    def make_key(self, spec: KeySpec, name: str = "") -> MadeKey:
        """A key from the generator (SR-KEY-11)."""
        check_spec(spec)
        for _ in range(_TRIES):
            value = bytearray(self._room.random_bytes(spec.length))
            if spec.algorithm in "TD":
                value = with_parity(value)
            try:
                refuse_unfit(kind(spec), value, single_des=spec.algorithm == "D")
            except KeyRefused:
                wipe(value)
                continue
            return self._room.sealed(spec, value, name=name)
        raise VaultError("the generator gives weak keys only: it is broken, make no key with it")

    def next_generation(self, key: KeyUse) -> MadeKey:
        """Another key of the same attributes and name."""
        return self.make_key(self._room.looked_at(key).spec, key.name)

    def working_keys(
        self,
        working: str,
        roles: tuple[str, ...],
        *,
        terminal: str = "",
        mac_scheme: str = "",
        form: str = "tr31",
        mark: str = "test",
    ) -> dict[str, MadeKey]:
        """Fresh working keys by role. Raises KeyRefused for what is not known."""
        return {
            role: self.make_key(
                _working_spec(working, role, mac_scheme, form, mark),
                terminal_key(terminal, role) if terminal else "",
            )
            for role in roles
        }

    def import_clear(self, spec: KeySpec, clear: bytearray, name: str = "") -> MadeKey:
        """A clear test key, which is overwritten."""
        if spec.mark != "test":
            wipe(clear)
            raise KeyMisused(
                "a key in clear can only be marked test: a live one is entered in components"
            )
        return self._room.sealed(spec, clear, name=name)

    def begin_components(self, spec: KeySpec, count: int, name: str = "") -> str:
        """A ticket for the entry of a key."""
        return self._components.begin(spec, count, name)

    def add_component(self, ticket: str, officer: str, value: bytearray, check_value: str) -> int:
        """Take a component: how many are still missing."""
        return self._components.add(ticket, officer, value, check_value)

    def finish_components(self, ticket: str) -> MadeKey:
        """The exclusive or of all components."""
        spec, name, value = self._components.finish(ticket)
        return self._room.sealed(spec, value, name=name)

    def drop_components(self, ticket: str) -> None:
        """Forget what was entered."""
        self._components.drop(ticket)

    def initial_key(self, bdk: KeyUse, ksn: str) -> MadeKey:
        """The initial key of a device, with the key serial number that it belongs to in the block:
        KS of TDES, IK of AES (X9.143, optional blocks).
        """
        found = self._room.opened(bdk, "derive an initial key")
        aes = found.spec.algorithm == "A"
        try:
            at = of_initial_key_id(ksn) if aes and len(ksn) == _SHORT_KSN else parse(ksn)
        except KsnRefused as refused:
            raise KeyRefused(str(refused)) from None
        if at.aes is not aes:
            raise misused(bdk.name, found.spec, f"derive for a KSN of {len(ksn)} digits")
        if aes:
            value = dukpt_aes.initial_key(found.value, at)
            named = OptionalBlock("IK", at.device[:_SHORT_KSN])
        else:
            value = dukpt_tdes.initial_key(found.value, at)
            named = OptionalBlock("KS", at.device)
        spec = KeySpec("B1", found.spec.algorithm, len(value), "X", "E", found.spec.mark)
        return self._room.sealed(spec, value, (named,))

    def sheet(self, key: KeyUse, count: int) -> tuple[Component, ...]:
        """An exportable test key in so many components."""
        found = self._room.looked_at(key)
        if found.spec.mark != "test" or found.spec.exportability == "N":
            raise misused(key.name, found.spec, "be written on a key sheet")
        if not 1 <= count <= _MOST_COMPONENTS:
            raise KeyRefused(f"a key sheet has 1 to {_MOST_COMPONENTS} components, not {count}")
        last = bytearray(found.value)
        parts = []
        for _ in range(count - 1):
            part = bytearray(self._room.random_bytes(len(last)))
            left = xor(last, part)
            wipe(last)
            last = left
            parts.append(part)
        parts.append(last)
        named = kind(found.spec)
        return tuple(Component(part, check_value(named, part).hex().upper()) for part in parts)

    def attributes(self, key: KeyUse) -> KeySpec:
        """What the block says of its key."""
        return self._room.looked_at(key).spec

    def key_check_value(self, key: KeyUse) -> str:
        """The key's check value (SR-KEY-08)."""
        found = self._room.looked_at(key)
        return check_value(kind(found.spec), found.value).hex().upper()

    def __repr__(self) -> str:
        return "KeyMaker()"


def _working_spec(working: str, role: str, mac_scheme: str, form: str, mark: str) -> KeySpec:
    """What a working key is to be. One that leaves in a bare cryptogram must be exportable so."""
    known = WORKING.get(working)
    if known is None:
        raise KeyRefused(f"working keys are {', '.join(WORKING)}, not {working}")
    named = ROLES["terminal"].get(role)
    if named is None:
        raise KeyRefused(f"the roles of working keys are {', '.join(ROLES['terminal'])}")
    exportability = "S" if form == "cryptogram" else "E"
    if role != "tak":
        size = known.size
        return KeySpec(named.usages[0], *size, named.mode, exportability, mark)
    scheme = Scheme.parse(mac_scheme or _USUAL_SCHEMES[known.mac.algorithm])
    usage = mac_usage(scheme.name)
    return KeySpec(usage, *_mac_size(known.mac, scheme), named.mode, exportability, mark)


def _mac_size(size: Size, scheme: Scheme) -> Size:
    """The working keys' own size where the scheme takes it, else the longest that it takes."""
    if scheme.cipher not in _CIPHERS:
        return _HASH_KEY
    if size.algorithm not in _CIPHERS[scheme.cipher]:
        size = _OTHER[scheme.cipher]
    if size.length not in scheme.keys:
        length = max(scheme.keys)
        size = Size("D" if length == 8 else size.algorithm.replace("D", "T"), length)
    return size
