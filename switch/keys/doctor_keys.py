"""Which keys a terminal may have used instead of the right one: other parts and variants of it,
other counters of its device, other keys that are known.

Owns their order, the likeliest first, and their number. Refuses to try them (``doctor_mac``,
``doctor_pin``), and to be asked about keys that are not marked test: the vault does not
(``vault_doctor``). Each key is a copy, overwritten when the next one is asked for.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from itertools import islice
from typing import Final, NamedTuple

from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.ciphers import Key, wipe
from switch.model.ksn import Ksn, next_counter, previous_counter

NEAR: Final = 3  # counters on either side that are tried
OTHERS: Final = 8  # other known keys that are tried
SETS: Final = 4  # other base derivation keys, each of which costs a whole derivation
_HALF: Final = 8
_PURPOSES: Final = {
    "pin": "for PINs",
    "mac_request": "for MACs of requests",
    "mac_response": "for MACs of responses",
    "data_request": "for data of requests",
    "data_response": "for data of responses",
}


class TryKey(NamedTuple):
    """``said``: how it differs from the right key, as behind "it would fit"; empty for the right
    one. ``kind`` as ``permissions.kind`` has it: ``TDES``, ``AES``, ``SM4``, ``HMAC``.
    """

    said: str
    kind: str
    value: bytearray

    def __repr__(self) -> str:
        return f"TryKey({self.said}, {self.kind})"


class KnownKey(NamedTuple):
    """Another test key by name."""

    name: str
    kind: str
    value: Key

    def __repr__(self) -> str:
        return f"KnownKey({self.name}, {self.kind})"


def static_keys(
    kind: str, value: Key, others: Iterable[KnownKey] = ()
) -> Generator[TryKey, None, None]:
    """A key that is used as it is; then parts of it, and other keys."""
    yield from _lent("", kind, bytearray(value))
    yield from _parts(kind, value, "the key")
    for other in islice(others, OTHERS):
        yield from _lent(f"under {other.name}", other.kind, bytearray(other.value))


def transaction_keys(
    bdk: Key, ksn: Ksn, purpose: str, key_type: str = "", others: Iterable[KnownKey] = ()
) -> Generator[TryKey, None, None]:
    """The key of one DUKPT transaction for a purpose; then those for others, of other counters, and
    of other base derivation keys. ``key_type``: of AES DUKPT, as ``dukpt_aes.KEY_TYPES``.
    """
    device = _device(bdk, ksn)
    try:
        kind = _kind(device, key_type)
        own = _key(device, ksn.counter, purpose, key_type)
        try:
            yield from _lent("", kind, bytearray(own))
            yield from _for_others(device, ksn, purpose, key_type)
            yield from _counters(device, ksn, purpose, key_type)
            yield from _parts(kind, own, "its transaction key")
        finally:
            wipe(own)
    finally:
        device.wipe()
    yield from _initial(bdk, ksn, purpose)
    for other in islice(others, SETS):
        yield from _of_set(other, ksn, purpose, key_type)
    itself = "under the base derivation key itself"
    yield from _lent(itself, "AES" if ksn.aes else "TDES", bytearray(bdk))


_Device = dukpt_tdes.TdesDevice | dukpt_aes.AesDevice


def _device(bdk: Key, ksn: Ksn) -> _Device:
    initial = (dukpt_aes if ksn.aes else dukpt_tdes).initial_key(bdk, ksn)
    try:
        return (dukpt_aes.AesDevice if ksn.aes else dukpt_tdes.TdesDevice)(initial, ksn)
    finally:
        wipe(initial)


def _key(device: _Device, counter: int, purpose: str, key_type: str) -> bytearray:
    if isinstance(device, dukpt_aes.AesDevice):
        return device.key(counter, purpose, key_type)
    return device.key(counter, purpose)


def _kind(device: _Device, key_type: str) -> str:
    if isinstance(device, dukpt_tdes.TdesDevice) or key_type.startswith("TDES"):
        return "TDES"
    return "HMAC" if key_type.startswith("HMAC") else "AES"


def _for_others(
    device: _Device, ksn: Ksn, purpose: str, key_type: str
) -> Generator[TryKey, None, None]:
    """The transaction's keys for other purposes, and what they come from."""
    kind, at = _kind(device, key_type), ksn.counter
    hashed = kind == "HMAC"  # such a key makes MACs only
    for other, said in _PURPOSES.items():
        if other != purpose and (other.startswith("mac") or not hashed):
            made = _key(device, at, other, key_type)
            yield from _lent(f"under the transaction's key {said}", kind, made)
    if isinstance(device, dukpt_tdes.TdesDevice):
        whole = device.transaction_key(at)
        yield from _lent("under the transaction key without a variant", kind, whole)
        return
    if purpose.startswith("mac"):
        made = device.key(at, "mac_both", key_type)
        yield from _lent("under the transaction's key for MACs of both directions", kind, made)
    for other in dukpt_aes.types_below(device.key_type):
        of_type = _kind(device, other)
        if other != (key_type or device.key_type) and (of_type != "HMAC" or purpose[:3] == "mac"):
            made = device.key(at, purpose, other)
            yield from _lent(f"under the transaction's key of type {other}", of_type, made)
    whole = device.derivation_key(at)
    yield from _lent("under the transaction's derivation key itself", "AES", whole)


def _initial(bdk: Key, ksn: Ksn, purpose: str) -> Generator[TryKey, None, None]:
    """What a device is loaded with, taken for a transaction's key."""
    initial = (dukpt_aes if ksn.aes else dukpt_tdes).initial_key(bdk, ksn)
    try:
        if not ksn.aes:
            made = dukpt_tdes.purpose_key(initial, purpose)
            yield from _lent("under the initial key with the variant", "TDES", made)
        kind = "AES" if ksn.aes else "TDES"
        yield from _lent("under the initial key itself", kind, bytearray(initial))
    finally:
        wipe(initial)


def _counters(
    device: _Device, ksn: Ksn, purpose: str, key_type: str
) -> Generator[TryKey, None, None]:
    """The same of the counters before and behind, the nearest first."""
    ahead = behind = ksn.counter
    for away in range(1, NEAR + 1):
        ahead = next_counter(ahead, aes=ksn.aes)
        behind = previous_counter(behind, aes=ksn.aes)
        for counter, where in ((ahead, "ahead"), (behind, "behind")):
            if 0 < counter <= ksn.last:
                made = _key(device, counter, purpose, key_type)
                said = f"under the key of counter {counter:X}, {away} {where}"
                yield from _lent(said, _kind(device, key_type), made)


def _of_set(
    other: KnownKey, ksn: Ksn, purpose: str, key_type: str
) -> Generator[TryKey, None, None]:
    """The same key of another base derivation key. One that is weaker than the working key that is
    wanted gives none.
    """
    if (
        ksn.aes
        and key_type
        and key_type not in dukpt_aes.types_below(dukpt_aes.aes_type(other.value))
    ):
        return
    device = _device(other.value, ksn)
    try:
        made = _key(device, ksn.counter, purpose, key_type)
        yield from _lent(f"under a key of {other.name}", _kind(device, key_type), made)
    finally:
        device.wipe()


def _parts(kind: str, value: Key, name: str) -> Generator[TryKey, None, None]:
    """What a double-length TDES key is taken for by mistake."""
    if kind != "TDES" or len(value) != 2 * _HALF:
        return
    left, right = bytearray(value[:_HALF]), bytearray(value[_HALF:])
    yield from _lent(f"under the left half of {name} alone", kind, left)
    yield from _lent(f"under the right half of {name} alone", kind, right)
    swapped = bytearray(value[_HALF:]) + bytearray(value[:_HALF])
    yield from _lent(f"under {name} with its halves swapped", kind, swapped)


def _lent(said: str, kind: str, copy: bytearray) -> Generator[TryKey, None, None]:
    """One key, overwritten when it was looked at: a copy, never one that somebody keeps."""
    try:
        yield TryKey(said, kind, copy)
    finally:
        wipe(copy)
