"""The vault's questions about message authentication codes.

Owns which key makes one: a MAC key, or the one that a base derivation key and a key serial number
give for a direction (X9.24). Refuses to know what of a message is covered. ``port.MacVault`` says
what the questions mean.
"""

from __future__ import annotations

from typing import Final

from switch.keys.ciphers import same, wipe
from switch.keys.mac import Scheme, mac
from switch.keys.permissions import SM4_ALGORITHM, need_scheme
from switch.keys.port import KeyRefused
from switch.keys.vault_room import VaultRoom
from switch.model.facts import Verdict
from switch.model.ksn import KsnRefused
from switch.model.security import KeyUse

_GOOD: Final = Verdict("good")
_BAD: Final = Verdict("bad", "the MAC does not fit")
_CHECK: Final = "check a MAC"
_MAKE: Final = "make a MAC"
# Of DUKPT: a terminal makes the MACs of requests, this side those of responses.
_PURPOSES: Final = {_CHECK: "mac_request", _MAKE: "mac_response"}
_ALGORITHMS: Final = {"TDES": "T", "AES": "A", "SM4": SM4_ALGORITHM}  # any other cipher is a hash


class MacDesk:
    """``switch.keys.port.MacVault`` in software."""

    __slots__ = ("_room",)

    def __init__(self, room: VaultRoom) -> None:
        self._room = room

    def check_mac(
        self,
        key: KeyUse,
        scheme: str,
        data: bytes,
        mac: bytes,
        ksn: str = "",
    ) -> Verdict:
        """``good`` or ``bad``, compared in constant time (SR-KEY-16)."""
        try:
            made = self._mac(key, scheme, data, ksn, _CHECK)
        except KsnRefused as refused:
            return Verdict("bad", str(refused))
        return _GOOD if same(made, mac) else _BAD

    def make_mac(self, key: KeyUse, scheme: str, data: bytes, ksn: str = "") -> bytes:
        """The MAC in the scheme's length."""
        try:
            return self._mac(key, scheme, data, ksn, _MAKE)
        except KsnRefused as refused:
            raise KeyRefused(str(refused)) from None

    def _mac(self, key: KeyUse, scheme: str, data: bytes, ksn: str, operation: str) -> bytes:
        if ksn:
            return self._transaction_mac(key, scheme, data, ksn, _PURPOSES[operation])
        found = self._room.opened(key, operation)
        ready = found.macs.get(scheme)
        if ready is None:
            need_scheme(key.name, found.spec, Scheme.parse(scheme), operation)
            ready = found.mac_key(scheme)
        return ready.mac(data)

    def _transaction_mac(
        self, key: KeyUse, scheme: str, data: bytes, ksn: str, purpose: str
    ) -> bytes:
        parsed = Scheme.parse(scheme)
        made = self._room.transaction_key(key, ksn, purpose, _ALGORITHMS.get(parsed.cipher, "H"))
        try:
            return mac(parsed, made, data)
        finally:
            wipe(made)

    def __repr__(self) -> str:
        return "MacDesk()"
