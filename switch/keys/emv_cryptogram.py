"""Application cryptograms of chip cards: what they are made over, how, and which kind one is (EMV
book 2, annex A1.2.1 and chapter 8).

Owns the MAC of a card: its data from ordered tags, its padding, its check. Refuses to know where
the key comes from and which scheme wants which tags: ``emv_keys`` and ``emv_profiles`` do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from switch.keys.ciphers import Key, same
from switch.keys.emv_keys import need_bytes, need_double
from switch.keys.emv_tags import CRYPTOGRAM, LENGTHS
from switch.keys.mac_iso9797 import RetailMac
from switch.keys.mac_padding import pad
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

CRYPTOGRAM_BYTES: Final = LENGTHS[CRYPTOGRAM]
# What the card decided, in the top two bits of the cryptogram information data (EMV book 3, 6.5.5).
_KINDS: Final = {0x00: "AAC", 0x40: "TC", 0x80: "ARQC"}
KINDS: Final = tuple(_KINDS.values())
PADDINGS: Final = (1, 2)


class TagsMissing(KeyRefused):
    """Chip data without what a cryptogram is made over; ``tags`` are those that are missing or of a
    wrong length.
    """

    def __init__(self, tags: Iterable[str]) -> None:
        self.tags = tuple(tags)
        super().__init__(f"chip data lacks {', '.join(self.tags)}, or has it in a wrong length")


def cryptogram_data(values: Mapping[str, bytes], tags: Iterable[str]) -> bytes:
    """The values of these tags, one behind the other. Raises TagsMissing, naming all that lack.

    >>> chip = {"9F36": bytes.fromhex("001C"), "82": bytes.fromhex("1800")}
    >>> cryptogram_data(chip, ("82", "9F36")).hex().upper()
    '1800001C'
    """
    wanted = tuple(tags)
    absent = lacking(values, wanted)
    if absent:
        raise TagsMissing(absent)
    return b"".join([values[tag] for tag in wanted])


def lacking(values: Mapping[str, bytes], tags: Iterable[str]) -> list[str]:
    """Those of the tags that are not there, or have another length than theirs."""
    absent = []
    for tag in tags:
        value = values.get(tag)
        if value is None or len(value) != LENGTHS.get(tag, len(value)):
            absent.append(tag)
    return absent


def application_cryptogram(
    key: Key | RetailMac, data: bytes, padding: int = 2, *, steps: Steps | None = None
) -> bytes:
    """ARQC, TC or AAC: ISO 9797-1 MAC algorithm 3 under a double-length TDES key, eight bytes.

    ``padding`` 1 adds zeros to a whole block (Visa's CVN 10), 2 adds 80 and then zeros (EMV).
    ``key`` may be a MAC that was made ready with it before. Raises KeyRefused.

    ::

        H      0
        H      DES(K1, H XOR block)         for each block of the padded data but the last
        AC     TDES(K1 K2 K1, H XOR last)

    >>> key = bytes.fromhex("3E736BF8D37664348A04E3ABE00DEFC1")
    >>> data = bytes.fromhex("0123456789ABCDEF0123456789ABCDEF")
    >>> application_cryptogram(key, data).hex().upper()
    '4B46013359B7A58B'
    """
    if padding not in PADDINGS:
        raise KeyRefused(f"a cryptogram is padded by method 1 or 2, not {padding}")
    blocks = pad(padding, data, CRYPTOGRAM_BYTES)
    if steps is not None:
        steps.note("padded data", blocks)
    if isinstance(key, RetailMac):
        return key.full(blocks, steps=steps)
    made = RetailMac(need_double("a card's session key", key))
    try:
        return made.full(blocks, steps=steps)
    finally:
        made.wipe()


def check_cryptogram(key: Key | RetailMac, data: bytes, padding: int, cryptogram: bytes) -> bool:
    """Whether the card's cryptogram is right; compared in constant time (SR-KEY-16)."""
    need_bytes("a cryptogram", cryptogram, CRYPTOGRAM_BYTES)
    return same(application_cryptogram(key, data, padding), cryptogram)


def kind_of(information: int) -> str:
    """``ARQC``, ``TC`` or ``AAC`` by cryptogram information data; empty for the reserved kind.

    >>> kind_of(0x80), kind_of(0x40), kind_of(0x00)
    ('ARQC', 'TC', 'AAC')
    """
    return _KINDS.get(information & 0xC0, "")


def information_of(kind: str) -> int:
    """The cryptogram information data of a kind, without advice and reason.

    >>> hex(information_of("ARQC"))
    '0x80'
    """
    for value, name in _KINDS.items():
        if name == kind:
            return value
    raise KeyRefused(f"{kind!r} is no kind of cryptogram: there are {', '.join(KINDS)}")
