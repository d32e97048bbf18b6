"""The MAC of the UnionPay POS line: all blocks XORed, written as hex, enciphered in two halves.

Owns that procedure, with DES, TDES or SM4, and its two relatives of acquirers that XOR first or
write hex at the end. Refuses to know what of a message is covered.

The MAC's 8 bytes are hex digits in ASCII: 32 bits of it, not 64.
"""

from __future__ import annotations

from functools import reduce
from operator import xor as _xor
from sys import byteorder
from typing import Final

from switch.keys.ciphers import BlockCipher, CipherName, Key, xor
from switch.keys.mac_iso9797 import Algorithm1, RetailMac
from switch.keys.steps import Steps

XOR_RESULT: Final = "XOR of all blocks"
XOR_HEX: Final = "the same as hex digits"
FIRST: Final = "first half enciphered"
MIXED: Final = "XOR second half"
SECOND: Final = "enciphered again"
DIGITS: Final = "first 8 hex digits"


def xor_blocks(data: Key, block: int) -> bytes:
    """All blocks of ``block`` bytes (8 or 16) XORed into one; whole blocks only.

    >>> xor_blocks(bytes.fromhex("1234567890ABCDEFABCDEF1234567890"), 8).hex().upper()
    'B9F9B96AA4FDB57F'
    """
    words = memoryview(data).cast("Q")  # the order of bytes in a word is the machine's, and cancels
    apart = block // words.itemsize
    columns = (reduce(_xor, words[column::apart]) for column in range(apart))
    return b"".join(column.to_bytes(words.itemsize, byteorder) for column in columns)


def digits(block: Key) -> bytes:
    """Upper-case hex digits as bytes."""
    return block.hex().upper().encode("ascii")


class UnionPayMac:
    """The ECB MAC: R = XOR of all blocks, H = R as upper-case hex (two blocks), E1 = e(K, left half
    of H), E2 = e(K, E1 XOR right half of H); the MAC is the first 8 hex digits of E2.

    ::

        data    1234567890ABCDEF ABCDEF1234567890
        R       B9F9B96AA4FDB57F
        H       4239463942393641 4134464442353746    "B9F9B96A" "A4FDB57F"
        E1      9FDE90A34CF73B2E
        E2      E267B6E21913D339
        MAC     4532363742364532                     "E267B6E2"

    >>> mac = UnionPayMac("TDES", bytes.fromhex("2222222222222222"))
    >>> mac.full(bytes.fromhex("1234567890ABCDEFABCDEF1234567890"))
    b'E267B6E2'
    """

    __slots__ = ("_cipher",)

    def __init__(self, cipher: CipherName, key: Key) -> None:
        self._cipher = BlockCipher(cipher, key)

    def full(self, data: Key, _iv: Key | None = None, steps: Steps | None = None) -> bytes:
        """The MAC of whole blocks: 8 hex digits in ASCII."""
        size = self._cipher.block
        folded = xor_blocks(data, size)
        written = digits(folded)
        first = self._cipher.encrypt(written[:size])
        mixed = xor(first, written[size:])
        second = self._cipher.encrypt(mixed)
        mac = digits(second)[:8]
        if steps is not None:
            steps.note(XOR_RESULT, folded)
            steps.note(XOR_HEX, written)
            steps.note(FIRST, first)
            steps.note(MIXED, mixed)
            steps.note(SECOND, second)
            steps.note(DIGITS, mac.decode("ascii"))
        return mac

    def wipe(self) -> None:
        """Overwrite the key."""
        self._cipher.wipe()


class HexMac:
    """Algorithm 1 whose MAC is written as hex: the first 8 digits in ASCII.

    >>> HexMac("TDES", bytes.fromhex("0123456789ABCDEF")).full(b"Now is the time for all ")
    b'70A30640'
    """

    __slots__ = ("_inner",)

    def __init__(self, cipher: CipherName, key: Key) -> None:
        self._inner = Algorithm1(cipher, key)

    def full(self, data: Key, _iv: Key | None = None, steps: Steps | None = None) -> bytes:
        """The MAC of whole blocks: 8 hex digits in ASCII."""
        return digits(self._inner.full(data, steps=steps))[:8]

    def wipe(self) -> None:
        """Overwrite the key."""
        self._inner.wipe()


class FoldedMac:
    """The retail MAC (X9.19) of the one block that all blocks XORed give.

    >>> mac = FoldedMac(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    >>> mac.full(b"Now is the time for all ").hex().upper()
    '2BA6C90ED1BD8175'
    """

    __slots__ = ("_inner",)

    def __init__(self, key: Key) -> None:
        self._inner = RetailMac(key)

    def full(self, data: Key, _iv: Key | None = None, steps: Steps | None = None) -> bytes:
        """The MAC of whole blocks: 8 bytes."""
        folded = xor_blocks(data, 8)
        if steps is not None:
            steps.note(XOR_RESULT, folded)
        return self._inner.full(folded, steps=steps)

    def wipe(self) -> None:
        """Overwrite the key."""
        self._inner.wipe()
