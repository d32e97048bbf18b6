"""DUKPT with TDES (ANSI X9.24-1): a device's initial key, the key of a transaction, and the keys
for PIN, MAC and data that follow from it.

Owns these derivations. Refuses to know which counters were used (``switch.model.ksn``), and to
cipher anything with the keys that it makes. All keys are double-length TDES, 16 bytes, and come out
as derived, without adjustment of parity.

``IK`` below is the initial key (older: IPEK), ``DES`` single DES, ``TDES`` two-key TDES, both on a
block of eight bytes.
"""

from __future__ import annotations

from typing import Final

from switch.keys.ciphers import BlockCipher, Key, Uncopied, tdes_encrypt, wipe, xor
from switch.keys.dukpt_path import Path
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps
from switch.model.ksn import Ksn

_KEY_BYTES: Final = 16
_HALF: Final = 8
_C0: Final = bytes.fromhex("C0C0C0C000000000")
_C0_BOTH: Final = _C0 * 2
_COUNTER_BITS: Final = 21
# The byte of each half, counted from the left, that a purpose turns over.
_VARIANT_BYTES: Final = {
    "pin": 7,
    "mac_request": 6,
    "mac_response": 4,
    "data_request": 5,
    "data_response": 3,
}
_VARIANTS: Final = {
    purpose: (bytes(at) + b"\xff" + bytes(7 - at)) * 2 for purpose, at in _VARIANT_BYTES.items()
}
PURPOSES: Final = tuple(_VARIANTS)  # requests are made by the device, responses by the host


def initial_key(bdk: Key, ksn: Ksn, *, steps: Steps | None = None) -> bytearray:
    """The initial key of a device, from the base derivation key: TDES of the key serial number's
    left eight bytes, with the counter at zero. Raises KeyRefused.

    ::

        KSN    FFFF9876543210E00001
        block  FFFF9876543210E0           counter zero, then the left eight bytes
        left   TDES(BDK, block)
        right  TDES(BDK XOR C0C0C0C000000000C0C0C0C000000000, block)

    >>> from switch.model.ksn import parse
    >>> bdk = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> initial_key(bdk, parse("FFFF9876543210E00001")).hex().upper()
    '6AC292FAA1315B4D858AB3A3D7D5933A'
    """
    _need(bdk, "base derivation key")
    _need_tdes(ksn)
    block = ksn.at(0).to_bytes()[:_HALF]
    masked = xor(bdk, _C0_BOTH)
    key = tdes_encrypt(bdk, block) + tdes_encrypt(masked, block)
    wipe(masked)
    if steps is not None:
        steps.note("KSN, counter zero, left eight bytes", block)
        steps.note("initial key (IK)", key)
    return key


def transaction_key(ik: Key, ksn: Ksn, *, steps: Steps | None = None) -> bytearray:
    """The key of one transaction, before any variant: one step for each 1 bit of the counter.

    ::

        KSN register  9876543210E00003    the right eight bytes, bits of the counter set one
                                          after the other, the highest first
        right' = right XOR DES(left, register XOR right)
        left'  = the same with C0C0C0C000000000 XORed into both halves of the key

    Raises KsnRefused for a counter that no transaction has, KeyRefused.

    >>> from switch.model.ksn import parse
    >>> ik = bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A")
    >>> transaction_key(ik, parse("FFFF9876543210E00001")).hex().upper()
    '042666B49184CFA368DE9628D0397BC9'
    """
    device = TdesDevice(ik, ksn)
    try:
        return device.transaction_key(ksn.counter, steps=steps)
    finally:
        device.wipe()


def purpose_key(key: Key, purpose: str, *, steps: Steps | None = None) -> bytearray:
    """A transaction key's variant for one purpose (``PURPOSES``). Raises KeyRefused.

    ::

        pin            00000000000000FF 00000000000000FF
        mac_request    000000000000FF00 000000000000FF00
        mac_response   00000000FF000000 00000000FF000000
        data_request   0000000000FF0000 0000000000FF0000
        data_response  000000FF00000000 000000FF00000000

    A data key takes one more step: each half of the variant is enciphered by TDES under the whole
    variant, so that a data key that became known tells nothing of the others.

    >>> key = bytes.fromhex("042666B49184CFA368DE9628D0397BC9")
    >>> purpose_key(key, "pin").hex().upper()
    '042666B49184CF5C68DE9628D0397B36'
    >>> purpose_key(key, "data_request").hex().upper()
    '448D3F076D8304036A55A3D7E0055A78'
    """
    variant = _VARIANTS.get(purpose)
    if variant is None:
        raise KeyRefused(f"no such purpose of a key; there are {', '.join(PURPOSES)}")
    _need(key, "transaction key")
    made = xor(key, variant)
    if steps is not None:
        steps.note(f"variant for {purpose}", variant)
        steps.note("transaction key XOR variant", made)
    if purpose.startswith("data"):
        masked, made = made, tdes_encrypt(made, made)
        wipe(masked)
    if steps is not None:
        steps.note(f"{purpose} key", made)
    return made


def working_key(ik: Key, ksn: Ksn, purpose: str, *, steps: Steps | None = None) -> bytearray:
    """The key of one transaction for one purpose. Raises KsnRefused, KeyRefused."""
    key = transaction_key(ik, ksn, steps=steps)
    try:
        return purpose_key(key, purpose, steps=steps)
    finally:
        wipe(key)


def future_keys(ik: Key, ksn: Ksn) -> list[bytearray]:
    """The 21 future key registers of a device right after its initial key was loaded: entry i is
    the key of the counter with bit i alone. Raises KeyRefused.

    A device works without its initial key: it spends these, and makes new ones in their places.
    """
    device = TdesDevice(ik, ksn)
    try:
        return [device.transaction_key(1 << bit) for bit in range(_COUNTER_BITS)]
    finally:
        device.wipe()


class TdesDevice(Uncopied):
    """One device's keys, with the way to its newest counter kept: at most ten keys and their ready
    ciphers. Belongs to one thread. ``ksn`` is one of the device's, with any counter.

    >>> from switch.model.ksn import parse
    >>> ik = bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A")
    >>> device = TdesDevice(ik, parse("FFFF9876543210E00000"))
    >>> device.key(1, "mac_request").hex().upper()
    '042666B4918430A368DE9628D03984C9'
    """

    __slots__ = ("_device", "_path")

    def __init__(self, ik: Key, ksn: Ksn) -> None:
        _need(ik, "initial key")
        _need_tdes(ksn)
        self._device = ksn.at(0)
        register = int.from_bytes(self._device.to_bytes()[-_HALF:], "big")
        self._path = Path(_TdesNode(0, bytearray(ik), register))

    def transaction_key(self, counter: int, *, steps: Steps | None = None) -> bytearray:
        """The key of one transaction, before any variant. Raises KsnRefused."""
        self._device.at(counter).checked()
        return bytearray(self._path.at(counter, steps).key)

    def key(self, counter: int, purpose: str, *, steps: Steps | None = None) -> bytearray:
        """The key of one transaction for one purpose. Raises KsnRefused, KeyRefused."""
        self._device.at(counter).checked()
        return purpose_key(self._path.at(counter, steps).key, purpose, steps=steps)

    def wipe(self) -> None:
        """Overwrite all keys; the device derives no more."""
        self._path.wipe()

    def __repr__(self) -> str:
        return f"TdesDevice({self._device.device})"


class _TdesNode(Uncopied):
    """A key on the way. Its two ciphers are made when it is first walked on from, and serve all the
    ways that part here.
    """

    __slots__ = ("_left", "_masked_left", "_masked_right", "_register", "counter", "key")

    def __init__(self, counter: int, key: bytearray, register: int) -> None:
        self.counter = counter
        self.key = key
        self._register = register  # the KSN's right eight bytes, counter zero
        self._left: BlockCipher | None = None
        self._masked_left: BlockCipher | None = None
        self._masked_right = bytearray()

    def child(self, counter: int, steps: Steps | None) -> _TdesNode:
        """One step of non-reversible key generation."""
        if self._left is None or self._masked_left is None:
            masked = xor(self.key, _C0_BOTH)
            self._left = BlockCipher("TDES", self.key[:_HALF])
            self._masked_left = BlockCipher("TDES", masked[:_HALF])
            self._masked_right = masked[_HALF:]
            wipe(masked)
        register = (self._register | counter).to_bytes(_HALF, "big")
        key = _half(self._masked_left, self._masked_right, register)
        key += _half(self._left, self.key[_HALF:], register)
        if steps is not None:
            steps.note("KSN register", register)
            steps.note(f"key at counter {counter:06X}", key)
        return _TdesNode(counter, key, self._register)

    def wipe(self) -> None:
        """Overwrite the key and its ciphers."""
        wipe(self.key, self._masked_right)
        for cipher in (self._left, self._masked_left):
            if cipher is not None:
                cipher.wipe()


def _half(left: BlockCipher, right: bytearray, register: bytes) -> bytearray:
    """``right XOR DES(left, register XOR right)``."""
    return xor(left.encrypt(xor(register, right)), right)


def _need(key: Key, name: str) -> None:
    if len(key) != _KEY_BYTES:
        raise KeyRefused(f"the {name} has {len(key)} bytes: {_KEY_BYTES} are right for TDES DUKPT")


def _need_tdes(ksn: Ksn) -> None:
    if ksn.aes:
        raise KeyRefused(
            f"key serial number {ksn}: 12 bytes are of AES DUKPT, TDES DUKPT has 8 or 10"
        )
