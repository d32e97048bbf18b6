"""The vault's questions about keys that come from somebody else or go there: under a key that both
share, as a key block or, where the line knows nothing better, as a bare cryptogram.

Owns the conditions of either way: exportability, one mark, no weaker key around a stronger one, two
persons for a live key. Refuses whatever a block's own header does not allow. ``port.KeyVault`` says
what the questions mean.
"""

from __future__ import annotations

from typing import Final

from switch.keys.check_value import check_value, check_value_fits
from switch.keys.ciphers import wipe
from switch.keys.key_block import Opened, padding_length, unwrap, wrap
from switch.keys.key_block_header import Header, OptionalBlock, padded, refused
from switch.keys.permissions import (
    check_spec,
    kind,
    misused,
    need_export,
    need_one_mark,
    strength,
)
from switch.keys.port import (
    HandedKey,
    KeyMisused,
    KeyRefused,
    KeySpec,
    MadeKey,
)
from switch.keys.vault_cache import OpenKey
from switch.keys.vault_components import check_bytes
from switch.keys.vault_room import VaultRoom
from switch.model.key_roles import ROLES, WORKING_ROLES
from switch.model.security import KeyOrder, KeyUse

BLOCK: Final = "tr31"
CRYPTOGRAM: Final = "cryptogram"
CRYPTOGRAM_CHECK: Final = 4  # bytes of a check value beside a cryptogram (SR-KEY-10)
_VERSIONS: Final = {"T": "B", "A": "D"}  # what a key block protection key makes
_OBSOLETE: Final = {"A": "T", "C": "T"}  # what it reads besides, when told to
# Optional blocks that stay with a key: whose initial key it is, which set it belongs to.
_KEPT: Final = ("KS", "IK", "BI")
_COMPONENT: Final = "c"  # what the key version of a component's block begins with (X9.143)
_CHECK: Final = "KC"
# How a check value was made, as its optional block says; by the cipher of the key.
_ZERO_BLOCK: Final = "00"
_CMAC: Final = "01"
_CHECK_METHODS: Final = {_ZERO_BLOCK: "ecb_zero", _CMAC: "cmac_zero_block"}
_CHECK_METHOD_OF: Final = {"TDES": _ZERO_BLOCK, "AES": _CMAC, "SM4": _ZERO_BLOCK}


class KeyMover:
    """The second part of ``switch.keys.port.KeyVault`` in software."""

    __slots__ = ("_room",)

    def __init__(self, room: VaultRoom) -> None:
        self._room = room

    def hand_out(self, order: KeyOrder) -> dict[str, HandedKey]:
        """Working keys under the terminal master key, by role."""
        if order.form not in (BLOCK, CRYPTOGRAM):
            raise KeyRefused(f"working keys are handed out as {BLOCK} or {CRYPTOGRAM}")
        for role, key in order.working:
            self._need_working(role, key, order.master)
        move = self._block if order.form == BLOCK else self._cryptogram
        return {role: move(key, order.master) for role, key in order.working}

    def export_block(
        self, key: KeyUse, kek: KeyUse, *, version: str = "", officers: tuple[str, ...] = ()
    ) -> HandedKey:
        """The key under a shared K1 key, as a block."""
        self._need_two(key, officers)
        made = _VERSIONS.get(self._room.looked_at(kek).spec.algorithm, "")
        if version not in ("", made):
            raise KeyRefused(f"a block under {kek.name} has version {made or 'B or D'}")
        return self._block(key, kek)

    def export_cryptogram(
        self, key: KeyUse, kek: KeyUse, *, legacy: bool = False, officers: tuple[str, ...] = ()
    ) -> HandedKey:
        """The key in ECB under a shared K0 key."""
        _need_legacy(legacy, "a bare cryptogram binds nothing to its key")
        self._need_two(key, officers)
        return self._cryptogram(key, kek)

    def import_block(
        self, kek: KeyUse, block: str, *, name: str = "", legacy: bool = False
    ) -> MadeKey:
        """A key block that somebody else made under a shared K1 key."""
        shared = self._room.opened(kek, "open a key block")
        version = block[:1]
        if version in _OBSOLETE:
            _need_legacy(legacy, f"key blocks of version {version} are obsolete")
        made_under = _OBSOLETE.get(version) or {"B": "T", "D": "A"}.get(version)
        if made_under != shared.spec.algorithm:
            raise refused()
        opened = unwrap(shared.value, block)
        wipe(opened.padding)
        try:
            if opened.header.key_version.startswith(_COMPONENT):
                raise KeyRefused("the key block holds a component: of one, no key is made")
            spec = check_spec(_spec_of(opened, shared.spec.mark))
            _need_check_value(opened, spec)
            _need_stronger(kek, shared, spec)
            kept = tuple(each for each in opened.header.optional if each.id in _KEPT)
            return self._room.sealed(spec, opened.key, kept, name)
        finally:
            wipe(opened.key)

    def import_cryptogram(
        self,
        kek: KeyUse,
        spec: KeySpec,
        cryptogram: bytes,
        check_value: str,
        *,
        name: str = "",
        legacy: bool = False,
    ) -> MadeKey:
        """A bare ECB cryptogram under a shared K0 key."""
        _need_legacy(legacy, "a bare cryptogram binds nothing to its key")
        check_spec(spec)
        shared = self._room.opened(kek, "open a key cryptogram")
        need_one_mark("the key that comes in", spec.mark, kek.name, shared.spec.mark)
        _need_stronger(kek, shared, spec)
        expected = check_bytes(check_value)
        if len(cryptogram) != spec.length or len(cryptogram) % shared.cipher.block:
            raise KeyRefused(f"a cryptogram of {len(cryptogram)} bytes is no key of {spec.length}")
        value = shared.cipher.decrypt(cryptogram)
        try:
            if not check_value_fits(kind(spec), value, expected):
                raise KeyRefused("the key does not fit its check value: another key, or changed")
            return self._room.sealed(spec, value, name=name)
        finally:
            wipe(value)

    def _block(self, key: KeyUse, kek: KeyUse) -> HandedKey:
        """With the key's check value in an optional block (KC), and whatever block it came with."""
        found, shared = self._pair(key, kek, BLOCK)
        spec = found.spec
        optional = [each for each in found.optional if each.id in _KEPT]
        check = check_value(kind(spec), found.value).hex().upper()
        if method := _CHECK_METHOD_OF.get(kind(spec)):
            optional.append(OptionalBlock(_CHECK, f"{method}{check}"))
        header = padded(
            Header(
                _VERSIONS[shared.spec.algorithm],
                spec.usage,
                spec.algorithm,
                spec.mode,
                exportability=spec.exportability,
                optional=tuple(optional),
            )
        )
        padding = self._room.random_bytes(padding_length(header, spec.length))
        return HandedKey(BLOCK, wrap(shared.value, header, found.value, padding), check, spec)

    def _cryptogram(self, key: KeyUse, kek: KeyUse) -> HandedKey:
        found, shared = self._pair(key, kek, CRYPTOGRAM)
        spec = found.spec
        if spec.length % shared.cipher.block:
            raise KeyRefused(f"key {key.name} of {spec.length} bytes fills no whole cipher blocks")
        text = shared.cipher.encrypt(found.value).hex().upper()
        check = check_value(kind(spec), found.value, length=CRYPTOGRAM_CHECK).hex().upper()
        return HandedKey(CRYPTOGRAM, text, check, spec)

    def _pair(self, key: KeyUse, kek: KeyUse, form: str) -> tuple[OpenKey, OpenKey]:
        """The key and the one to be put around it, where all conditions hold."""
        found, shared = self._room.looked_at(key), self._room.looked_at(kek)
        need_export(key.name, found.spec, kek.name, shared.spec, form)
        return found, shared

    def _need_working(self, role: str, key: KeyUse, master: KeyUse) -> None:
        """No officer is asked for what is handed out: it must be a working key, and the terminal's
        own (SR-KEY-07).
        """
        spec = self._room.looked_at(key).spec
        if role not in WORKING_ROLES or spec.usage not in ROLES["terminal"][role].usages:
            raise misused(key.name, spec, f"be handed out as {role}")
        if key.name.rpartition(".")[0] != master.name.rpartition(".")[0]:
            raise misused(key.name, spec, f"be handed out under {master.name}, which is another's")

    def _need_two(self, key: KeyUse, officers: tuple[str, ...]) -> None:
        """SR-KEY-07: a live key leaves when two different persons want it."""
        spec = self._room.looked_at(key).spec
        if spec.mark == "live" and len(set(officers) - {""}) < 2:
            raise misused(key.name, spec, "leave unless two different persons say so")

    def __repr__(self) -> str:
        return "KeyMover()"


def _spec_of(opened: Opened, mark: str) -> KeySpec:
    header = opened.header
    return KeySpec(
        header.usage,
        header.algorithm,
        len(opened.key),
        header.mode,
        header.exportability,
        mark,
    )


def _need_check_value(opened: Opened, spec: KeySpec) -> None:
    """A block that bears its key's check value must bear the right one. Raises KeyBlockRefused."""
    text = opened.header.find(_CHECK)
    if text is None:
        return
    method = _CHECK_METHODS.get(text[:2])
    try:
        fits = method is not None and check_value_fits(
            kind(spec), opened.key, bytes.fromhex(text[2:]), method
        )
    except (KeyRefused, ValueError):
        fits = False
    if not fits:
        raise refused()


def _need_stronger(kek: KeyUse, shared: OpenKey, spec: KeySpec) -> None:
    """SR-KEY-05, of keys that come in."""
    if strength(spec) > strength(shared.spec):
        raise KeyMisused(
            f"a key of {strength(spec)} bits of strength came under {kek.name}, which has "
            f"{strength(shared.spec)}: it is worth no more than that and is not taken"
        )


def _need_legacy(legacy: bool, why: str) -> None:
    if not legacy:
        raise KeyMisused(f"{why}: only with --legacy, the option for obsolete forms (SR-KEY-02)")
