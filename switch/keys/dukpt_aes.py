"""DUKPT with AES (ANSI X9.24-3): a device's initial key, the derivation key of a transaction, and
its working keys of every usage and type.

Owns these derivations. Refuses to know which counters were used (``switch.model.ksn``), and to
cipher anything with the keys that it makes. Derived TDES keys come out as derived, without
adjustment of parity. What keys are derived from is in ``dukpt_aes_data``, handed on here.

Every key is made alike: AES, under the key above it, of as many blocks of derivation data as the
new key is long (``derivation_data`` shows one). Names of usages are the device's view: it generates
the MAC of a request and verifies that of a response.
"""

from __future__ import annotations

from typing import Final

from switch.keys.ciphers import BlockCipher, Key, Uncopied, wipe
from switch.keys.dukpt_aes_data import (
    KEY_TYPES,
    PURPOSES,
    USAGES,
    aes_type,
    check_working,
    data_head,
    derivation_data,
    key_type_of,
    need_aes,
    types_below,
)
from switch.keys.dukpt_path import Path
from switch.keys.steps import Steps
from switch.model.ksn import Ksn

__all__ = [
    "KEY_TYPES",
    "PURPOSES",
    "USAGES",
    "AesDevice",
    "aes_type",
    "derivation_data",
    "derivation_key",
    "initial_key",
    "intermediate_keys",
    "types_below",
    "update_key",
    "working_key",
]

_BLOCK_BITS: Final = 128
_COUNTER_BITS: Final = 32
_ALL_BITS: Final = 0xFFFFFFFF  # the counter of the update key, which no transaction has


def initial_key(bdk: Key, ksn: Ksn, *, steps: Steps | None = None) -> bytearray:
    """The initial key of a device, of the base derivation key's own type; the counter is not looked
    at. Raises KeyRefused.

    >>> from switch.model.ksn import parse
    >>> bdk = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
    >>> initial_key(bdk, parse("123456789012345600000001")).hex().upper()
    '1273671EA26AC29AFA4D1084127652A1'
    """
    key_type = aes_type(bdk)
    need_aes(ksn)
    cipher = BlockCipher("AES", bdk)
    try:
        identifier = ksn.to_bytes()[:8]
        return _derive(cipher, "initial_key", key_type, identifier, steps, "initial key (IK)")
    finally:
        cipher.wipe()


def derivation_key(ik: Key, ksn: Ksn, *, steps: Steps | None = None) -> bytearray:
    """The key that one transaction's working keys are derived from: one step for each 1 bit of the
    counter. Raises KsnRefused for a counter that no transaction has, KeyRefused.

    >>> from switch.model.ksn import parse
    >>> ik = bytes.fromhex("1273671EA26AC29AFA4D1084127652A1")
    >>> derivation_key(ik, parse("123456789012345600000001")).hex().upper()
    '4F21B565BAD9835E112B6465635EAE44'
    """
    device = AesDevice(ik, ksn)
    try:
        return device.derivation_key(ksn.counter, steps=steps)
    finally:
        device.wipe()


def working_key(
    ik: Key, ksn: Ksn, usage: str, key_type: str = "", *, steps: Steps | None = None
) -> bytearray:
    """A working key of one transaction. ``usage`` is one of ``USAGES`` or ``PURPOSES``;
    ``key_type`` one of ``KEY_TYPES``, empty for the initial key's own. Raises KsnRefused,
    KeyRefused, the latter for a key stronger than the one that it comes from as well.

    >>> from switch.model.ksn import parse
    >>> ik = bytes.fromhex("1273671EA26AC29AFA4D1084127652A1")
    >>> working_key(ik, parse("123456789012345600000001"), "pin").hex().upper()
    'AF8CB133A78F8DC2D1359F18527593FB'
    """
    device = AesDevice(ik, ksn)
    try:
        return device.key(ksn.counter, usage, key_type, steps=steps)
    finally:
        device.wipe()


def intermediate_keys(ik: Key, ksn: Ksn) -> list[bytearray]:
    """The 32 intermediate derivation keys of a device right after its initial key was loaded: entry
    i is that of the counter with bit i alone. Raises KeyRefused.

    A device works without its initial key: it spends these, and makes new ones in their places.
    """
    device = AesDevice(ik, ksn)
    try:
        return [device.derivation_key(1 << bit) for bit in range(_COUNTER_BITS)]
    finally:
        device.wipe()


def update_key(
    ik: Key, ksn: Ksn, key_type: str = "", *, steps: Steps | None = None
) -> tuple[bytearray, bytearray]:
    """Derivation key and key-encrypting key for sending the device a new initial key: those of the
    counter with all bits set, which no transaction has. Raises KeyRefused.

    >>> from switch.model.ksn import parse
    >>> ik = bytes.fromhex("1273671EA26AC29AFA4D1084127652A1")
    >>> update_key(ik, parse("123456789012345600000000"))[1].hex().upper()
    '9A9770AEE1ACD1B13473D0463A1883B9'
    """
    device = AesDevice(ik, ksn)
    try:
        return device.update_key(key_type, steps=steps)
    finally:
        device.wipe()


class AesDevice(Uncopied):
    """One device's keys, with the way to its newest counter kept: at most sixteen keys and their
    ready ciphers. Belongs to one thread. ``ksn`` is one of the device's, with any counter.

    >>> from switch.model.ksn import parse
    >>> ik = bytes.fromhex("1273671EA26AC29AFA4D1084127652A1")
    >>> device = AesDevice(ik, parse("123456789012345600000000"))
    >>> device.key(1, "mac_request").hex().upper()
    'A2DC23DE6FDE0824A2BC321E08E4B8B7'
    """

    __slots__ = ("_device", "_path", "key_type")

    def __init__(self, ik: Key, ksn: Ksn) -> None:
        self.key_type = aes_type(ik)
        need_aes(ksn)
        self._device = ksn.at(0)
        self._path = Path(_AesNode(0, bytearray(ik), self.key_type, ksn.to_bytes()[4:8]))

    def derivation_key(self, counter: int, *, steps: Steps | None = None) -> bytearray:
        """The key that a transaction's working keys come from. Raises KsnRefused."""
        self._device.at(counter).checked()
        return bytearray(self._path.at(counter, steps).key)

    def key(
        self, counter: int, usage: str, key_type: str = "", *, steps: Steps | None = None
    ) -> bytearray:
        """A working key of one transaction, as ``working_key`` has it. Raises KsnRefused,
        KeyRefused.
        """
        self._device.at(counter).checked()
        return self._working(counter, usage, key_type, steps)

    def update_key(
        self, key_type: str = "", *, steps: Steps | None = None
    ) -> tuple[bytearray, bytearray]:
        """Derivation key and key-encrypting key for a new initial key."""
        made = self._working(_ALL_BITS, "key_encryption", key_type, steps)
        return bytearray(self._path.at(_ALL_BITS).key), made

    def wipe(self) -> None:
        """Overwrite all keys; the device derives no more."""
        self._path.wipe()

    def _working(self, counter: int, usage: str, key_type: str, steps: Steps | None) -> bytearray:
        usage = PURPOSES.get(usage, usage)
        named = key_type or self.key_type
        check_working(usage, named, self.key_type)
        return self._path.at(counter, steps).derive(usage, named, steps)

    def __repr__(self) -> str:
        return f"AesDevice({self._device.device})"


class _AesNode(Uncopied):
    """A key on the way; its cipher is made when it is first derived from."""

    __slots__ = ("_cipher", "_derivation_id", "_type", "counter", "key")

    def __init__(self, counter: int, key: bytearray, key_type: str, derivation_id: bytes) -> None:
        self.counter = counter
        self.key = key
        self._type = key_type
        self._derivation_id = derivation_id  # right half of the initial key identifier
        self._cipher: BlockCipher | None = None

    def child(self, counter: int, steps: Steps | None) -> _AesNode:
        """The derivation data of a step holds only the bits of the counter walked so far."""
        name = "" if steps is None else f"key at counter {counter:08X}"
        key = self._made("key_derivation", self._type, counter, steps, name)
        return _AesNode(counter, key, self._type, self._derivation_id)

    def derive(self, usage: str, key_type: str, steps: Steps | None) -> bytearray:
        """A working key."""
        return self._made(usage, key_type, self.counter, steps, f"{usage} key")

    def wipe(self) -> None:
        """Overwrite the key and its cipher."""
        wipe(self.key)
        if self._cipher is not None:
            self._cipher.wipe()

    def _made(
        self, usage: str, key_type: str, counter: int, steps: Steps | None, name: str
    ) -> bytearray:
        if self._cipher is None:
            self._cipher = BlockCipher("AES", self.key)
        tail = self._derivation_id + counter.to_bytes(4, "big")
        return _derive(self._cipher, usage, key_type, tail, steps, name)


def _derive(
    cipher: BlockCipher, usage: str, key_type: str, tail: bytes, steps: Steps | None, name: str
) -> bytearray:
    """Whole blocks, cut to the length of the key. ``tail``: the derivation data's right half."""
    bits = key_type_of(key_type).bits
    data = data_head(usage, key_type, 1) + tail
    if bits > _BLOCK_BITS:
        data += data_head(usage, key_type, 2) + tail
    whole = cipher.encrypt(data)
    key = whole[: bits // 8]
    wipe(whole)
    if steps is not None:
        steps.note(f"derivation data of the {name}", data)
        steps.note(name, key)
    return key
