"""DUKPT with AES (ANSI X9.24-3): a device's initial key, the derivation key of a transaction, and
its working keys of every usage and type.

Owns these derivations. Refuses to know which counters were used (``switch.model.ksn``), and to
cipher anything with the keys that it makes. Derived TDES keys come out as derived, without
adjustment of parity.

Every key is made alike: AES, under the key above it, of as many blocks of derivation data as the
new key is long (``derivation_data`` shows one). Names of usages are the device's view: it generates
the MAC of a request and verifies that of a response.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from switch.keys.ciphers import BlockCipher, Key, wipe
from switch.keys.dukpt_path import Path
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps
from switch.model.ksn import Ksn

USAGES: Final = {
    "key_encryption": 0x0002,
    "pin": 0x1000,
    "mac_generate": 0x2000,
    "mac_verify": 0x2001,
    "mac_both": 0x2002,
    "data_encrypt": 0x3000,
    "data_decrypt": 0x3001,
    "data_both": 0x3002,
    "key_derivation": 0x8000,
    "initial_key": 0x8001,
}
# The purposes that both kinds of DUKPT know (``dukpt_tdes.PURPOSES``), as usages of this one.
PURPOSES: Final = {
    "pin": "pin",
    "mac_request": "mac_generate",
    "mac_response": "mac_verify",
    "data_request": "data_encrypt",
    "data_response": "data_decrypt",
}


class KeyType(NamedTuple):
    """``number`` and ``bits`` as derivation data holds them; ``strength`` in bits (NIST SP 800-57),
    by which no key may be derived from a weaker one.
    """

    number: int
    bits: int
    strength: int


KEY_TYPES: Final = {
    "TDES2": KeyType(0, 128, 80),
    "TDES3": KeyType(1, 192, 112),
    "AES128": KeyType(2, 128, 128),
    "AES192": KeyType(3, 192, 192),
    "AES256": KeyType(4, 256, 256),
    "HMAC128": KeyType(5, 128, 128),
    "HMAC192": KeyType(5, 192, 192),
    "HMAC256": KeyType(5, 256, 256),
}
_AES_TYPES: Final = {16: "AES128", 24: "AES192", 32: "AES256"}  # by length in bytes
_BLOCK_BITS: Final = 128
_COUNTER_BITS: Final = 32
_VERSION: Final = 1
_ALL_BITS: Final = 0xFFFFFFFF  # the counter of the update key, which no transaction has


def aes_type(key: Key) -> str:
    """The type of an AES key by its length. Raises KeyRefused."""
    named = _AES_TYPES.get(len(key))
    if named is None:
        raise KeyRefused(f"the AES DUKPT key has {len(key)} bytes: 16, 24 or 32 are right")
    return named


def types_below(parent: str) -> list[str]:
    """The types of working keys that may be derived from a key of that type: none is stronger.

    >>> types_below("AES128")
    ['TDES2', 'TDES3', 'AES128', 'HMAC128']
    """
    strength = _type(parent).strength
    return [name for name, each in KEY_TYPES.items() if each.strength <= strength]


def derivation_data(usage: str, key_type: str, ksn: Ksn, block_counter: int = 1) -> bytes:
    """The 16 bytes that one block of a key is enciphered from. Raises KeyRefused.

    ::

        01 01 1000 0002 0080 90123456 00000001
        --                                      version
           --                                   number of the block, 01 or 02
              ----                              usage
                   ----                         type of the key
                        ----                    its length in bits
                             -------- --------  right half of the initial key identifier, counter;
                                                of the initial key: its whole identifier

    >>> from switch.model.ksn import parse
    >>> derivation_data("pin", "AES128", parse("123456789012345600000001")).hex().upper()
    '01011000000200809012345600000001'
    """
    _need_aes(ksn)
    whole = ksn.to_bytes()
    return _head(usage, key_type, block_counter) + (
        whole[:8] if usage == "initial_key" else whole[4:]
    )


def initial_key(bdk: Key, ksn: Ksn, *, steps: Steps | None = None) -> bytearray:
    """The initial key of a device, of the base derivation key's own type; the counter is not looked
    at. Raises KeyRefused.

    >>> from switch.model.ksn import parse
    >>> bdk = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
    >>> initial_key(bdk, parse("123456789012345600000001")).hex().upper()
    '1273671EA26AC29AFA4D1084127652A1'
    """
    key_type = aes_type(bdk)
    _need_aes(ksn)
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


class AesDevice:
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
        _need_aes(ksn)
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
        _check_working(usage, named, self.key_type)
        return self._path.at(counter, steps).derive(usage, named, steps)

    def __repr__(self) -> str:
        return f"AesDevice({self._device.device})"


class _AesNode:
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
    bits = _type(key_type).bits
    data = _head(usage, key_type, 1) + tail
    if bits > _BLOCK_BITS:
        data += _head(usage, key_type, 2) + tail
    whole = cipher.encrypt(data)
    key = whole[: bits // 8]
    wipe(whole)
    if steps is not None:
        steps.note(f"derivation data of the {name}", data)
        steps.note(name, key)
    return key


@cache
def _head(usage: str, key_type: str, block_counter: int) -> bytes:
    """The derivation data's left half, which is the same for all devices."""
    number, bits, _ = _type(key_type)
    numbers = _usage(usage), number, bits
    return bytes([_VERSION, block_counter]) + b"".join(n.to_bytes(2, "big") for n in numbers)


def _check_working(usage: str, key_type: str, parent: str) -> None:
    if usage == "initial_key":
        raise KeyRefused(
            "an initial key is derived from a base derivation key, not from a device's"
        )
    _usage(usage)
    if _type(key_type).strength > KEY_TYPES[parent].strength:
        raise KeyRefused(
            f"a working key of type {key_type} would be stronger than the {parent} key that it is "
            "derived from"
        )
    if key_type.startswith("HMAC") and not usage.startswith("mac"):
        raise KeyRefused(f"a key of type {key_type} makes MACs only, it has no usage {usage}")


def _usage(usage: str) -> int:
    number = USAGES.get(usage)
    if number is None:
        raise KeyRefused(f"no such usage of a key; there are {', '.join(USAGES)}")
    return number


def _type(key_type: str) -> KeyType:
    found = KEY_TYPES.get(key_type)
    if found is None:
        raise KeyRefused(f"no such type of a key; there are {', '.join(KEY_TYPES)}")
    return found


def _need_aes(ksn: Ksn) -> None:
    if not ksn.aes:
        raise KeyRefused(
            f"key serial number {ksn}: 8 or 10 bytes are of TDES DUKPT, AES DUKPT has 12"
        )
