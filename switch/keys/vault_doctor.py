"""What would have fitted: the vault's questions about MACs, PIN blocks and cryptograms that did
not.

Owns the rule that these are answered for keys marked test alone, with keys marked test alone: what
is told of a live key is whether a value fits, and nothing more. Refuses to decide: it is asked
after the verdict, which it cannot change. ``port.DoctorVault`` says what the questions mean.

Asked apart from the verdict so that a verdict takes its time whatever was wrong (SR-PIN-04).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from itertools import chain
from typing import Final

from switch.errors import IsoswitchError
from switch.keys.doctor_chip import chip_doctor
from switch.keys.doctor_keys import KnownKey, TryKey, static_keys, transaction_keys
from switch.keys.doctor_mac import mac_doctor
from switch.keys.doctor_pin import pin_doctor
from switch.keys.emv_chip import read_chip
from switch.keys.mac import Scheme
from switch.keys.permissions import kind
from switch.keys.vault_cache import OpenKey
from switch.keys.vault_chip import sequence_of
from switch.keys.vault_room import VaultRoom, aes_key_type
from switch.model.ksn import parse
from switch.model.security import KeyUse
from switch.values import ChipData, Pan, PinBlock

_TEST: Final = "test"
_BASE: Final = "B0"
_REQUEST: Final = "mac_request"
_TDES_DIGITS: Final = 16  # of a PIN block under TDES


class DoctorDesk:
    """``switch.keys.port.DoctorVault`` in software."""

    __slots__ = ("_room",)

    def __init__(self, room: VaultRoom) -> None:
        self._room = room

    def why_mac(
        self,
        key: KeyUse,
        scheme: str,
        covered: Sequence[tuple[str, bytes]],
        mac: bytes,
        ksn: str = "",
        *,
        others: Sequence[KeyUse] = (),
    ) -> str:
        """With what a MAC would have fitted."""
        with suppress(IsoswitchError):
            cipher = Scheme.parse(scheme).cipher
            algorithm = {"TDES": "T", "AES": "A"}.get(cipher, "H")
            keys = self._keys(key, ksn, _REQUEST, algorithm, others)
            if keys is not None:
                with closing(keys):
                    return mac_doctor(keys, covered, mac, scheme)
        return ""

    def why_pin(
        self,
        pin_key: KeyUse,
        block: PinBlock,
        pan: Pan,
        *,
        formats: tuple[int, ...] = (0, 3, 4),
        ksn: str = "",
        others: Sequence[KeyUse] = (),
    ) -> str:
        """With what a PIN block would have held a PIN; never which, nor how long it is."""
        with suppress(IsoswitchError, ValueError):
            enciphered = block.reveal()
            algorithm = "T" if len(enciphered) == _TDES_DIGITS else "A"
            keys = self._keys(pin_key, ksn, "pin", algorithm, others)
            if keys is not None:
                with closing(keys):
                    return pin_doctor(keys, bytes.fromhex(enciphered), pan.reveal(), formats)
        return ""

    def why_cryptogram(
        self,
        imk: KeyUse,
        profile: str,
        chip: ChipData,
        pan: Pan,
        sequence: str,
        amount_minor: int | None = None,
    ) -> str:
        """With what a cryptogram would have fitted."""
        with suppress(IsoswitchError, ValueError):
            values = read_chip(bytes.fromhex(chip.reveal()))
            keys = self._keys(imk, "", "", "T")
            if keys is not None:
                with closing(keys):
                    number = sequence_of(sequence, values)
                    clear = pan.reveal()
                    return chip_doctor(keys, profile, values, clear, number, amount_minor)
        return ""

    def _keys(
        self,
        key: KeyUse,
        ksn: str,
        purpose: str,
        algorithm: str,
        others: Sequence[KeyUse] = (),
    ) -> Generator[TryKey, None, None] | None:
        """The key, and what may have been taken for it; nothing of a live key."""
        found = self._room.looked_at(key)
        if found.spec.mark != _TEST:
            return None
        known = self._others(key, found, others)
        if not ksn:
            return static_keys(kind(found.spec), found.value, known)
        at = parse(ksn).checked()
        aes = found.spec.algorithm == "A"
        key_type = aes_key_type(algorithm, found.spec.length) if aes else ""
        return transaction_keys(found.value, at, purpose, key_type, known)

    def _others(self, key: KeyUse, found: OpenKey, others: Sequence[KeyUse]) -> list[KnownKey]:
        """Other test keys of the same kind, the likeliest first: those before it or after it, those
        of the same owner, others of its usage.
        """
        owner = key.name.rpartition(".")[0]
        ranked: list[tuple[int, KnownKey]] = []
        seen = [found]
        for name, other in chain(self._given(others), self._room.tests()):
            if any(other is each for each in seen) or kind(other.spec) != kind(found.spec):
                continue
            seen.append(other)
            if name == key.name:
                ranked.append((0, _known(f"{name} of another exchange", other)))
            elif other.spec.usage == found.spec.usage:
                ranked.append((2, _known(name, other)))
            elif name.rpartition(".")[0] == owner and found.spec.usage != _BASE:
                ranked.append((1, _known(name, other)))
        return [known for _, known in sorted(ranked, key=lambda row: row[0])]

    def _given(self, others: Sequence[KeyUse]) -> Iterator[tuple[str, OpenKey]]:
        """Those of the keys that are marked test and can be opened."""
        for use in others:
            with suppress(IsoswitchError):
                found = self._room.looked_at(use)
                if found.spec.mark == _TEST:
                    yield use.name, found

    def __repr__(self) -> str:
        return "DoctorDesk()"


def _known(name: str, key: OpenKey) -> KnownKey:
    return KnownKey(name, kind(key.spec), key.value)
