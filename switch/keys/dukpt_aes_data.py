"""What keys of AES DUKPT are derived from (ANSI X9.24-3): the numbers of usages and types, and the
data that is enciphered.

Owns these tables, and which keys may be derived at all. Refuses to derive: ``dukpt_aes`` does.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from switch.keys.ciphers import Key
from switch.keys.port import KeyRefused
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
_VERSION: Final = 1


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
    strength = key_type_of(parent).strength
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
    need_aes(ksn)
    whole = ksn.to_bytes()
    return data_head(usage, key_type, block_counter) + (
        whole[:8] if usage == "initial_key" else whole[4:]
    )


@cache
def data_head(usage: str, key_type: str, block_counter: int) -> bytes:
    """The derivation data's left half, which is the same for all devices."""
    number, bits, _ = key_type_of(key_type)
    numbers = _usage(usage), number, bits
    return bytes([_VERSION, block_counter]) + b"".join(n.to_bytes(2, "big") for n in numbers)


def check_working(usage: str, key_type: str, parent: str) -> None:
    """Raises KeyRefused for a working key that a key of type ``parent`` must not give."""
    if usage == "initial_key":
        raise KeyRefused(
            "an initial key is derived from a base derivation key, not from a device's"
        )
    _usage(usage)
    if key_type_of(key_type).strength > KEY_TYPES[parent].strength:
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


def key_type_of(key_type: str) -> KeyType:
    """The row of that name. Raises KeyRefused."""
    found = KEY_TYPES.get(key_type)
    if found is None:
        raise KeyRefused(f"no such type of a key; there are {', '.join(KEY_TYPES)}")
    return found


def need_aes(ksn: Ksn) -> None:
    """Raises KeyRefused for a key serial number of TDES DUKPT."""
    if not ksn.aes:
        raise KeyRefused(
            f"key serial number {ksn}: 8 or 10 bytes are of TDES DUKPT, AES DUKPT has 12"
        )
