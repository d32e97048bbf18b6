"""Chip data of a message (BER-TLV): read, and told as one transaction of a card - its cryptogram,
what that was made over, the counter that its keys come from.

Owns the reading; whatever bytes come in, a transaction or a KeyRefused comes out. Refuses to hold
keys: it is given the card's and makes one transaction's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from switch import tlv
from switch.keys.ciphers import BlockCipher, Key
from switch.keys.emv_cryptogram import TagsMissing, cryptogram_data, kind_of, lacking
from switch.keys.emv_keys import session_key
from switch.keys.emv_profiles import Profile, profile_of
from switch.keys.emv_tags import COUNTER, CRYPTOGRAM, INFORMATION, ISSUER_DATA, UNPREDICTABLE
from switch.keys.port import KeyRefused

_LARGEST: Final = 1024  # bytes; chip data of a message has 255 at most in every dialect
_TOLD: Final = (CRYPTOGRAM, INFORMATION, COUNTER)
_BUILDS: Final = tlv.Builds()  # holds tags and lengths that were seen, no values


@dataclass(frozen=True, slots=True)
class ChipTransaction:
    """What a card said of one transaction. ``data`` is what its cryptogram was made over."""

    profile: Profile
    kind: str  # ARQC, TC, AAC
    cryptogram: bytes
    atc: bytes
    unpredictable: bytes
    data: bytes

    @property
    def counter(self) -> int:
        """The application transaction counter as a number."""
        return int.from_bytes(self.atc, "big")

    def __repr__(self) -> str:
        return f"ChipTransaction({self.profile.name}, {self.kind}, ATC {self.counter})"


def read_chip(data: bytes) -> dict[str, bytes]:
    """The values by tag, the first of each; templates are looked into. Raises KeyRefused for bytes
    that are no BER-TLV; it never tells what they were.

    >>> read_chip(bytes.fromhex("9F36020001 8202 1800"))["82"].hex()
    '1800'
    """
    if len(data) > _LARGEST:
        raise KeyRefused(f"chip data has {_LARGEST} bytes at most")
    try:
        return _BUILDS.values(data)
    except tlv.TlvError as error:
        raise KeyRefused(f"the chip data is no BER-TLV: {error}") from None


def transaction_of(values: Mapping[str, bytes], profile_name: str, pan: str) -> ChipTransaction:
    """The transaction that the values tell of. Raises TagsMissing naming all that lacks, NoProfile,
    or another KeyRefused.
    """
    issuer_data = values.get(ISSUER_DATA, b"")
    profile = profile_of(profile_name, issuer_data, pan)
    absent = lacking(values, (*profile.tags, *_TOLD))
    if not profile.takes(issuer_data):
        absent.append(ISSUER_DATA)
    if absent:
        raise TagsMissing(dict.fromkeys(absent))
    kind = kind_of(values[INFORMATION][0])
    if not kind:
        raise KeyRefused(f"{INFORMATION} of the chip data tells of no kind of cryptogram")
    return ChipTransaction(
        profile=profile,
        kind=kind,
        cryptogram=values[CRYPTOGRAM],
        atc=values[COUNTER],
        unpredictable=values.get(UNPREDICTABLE, b""),
        data=b"".join([values[tag] for tag in profile.tags]) + profile.part_of(issuer_data),
    )


def cryptogram_input(profile: Profile, values: Mapping[str, bytes]) -> bytes:
    """What a card of the profile makes its cryptogram over, before padding. Raises TagsMissing."""
    return cryptogram_data(values, profile.tags) + profile.part_of(values.get(ISSUER_DATA, b""))


def transaction_key(
    card: Key, chip: ChipTransaction, ready: BlockCipher | None = None
) -> bytearray:
    """The session key of the transaction, from the card's key for cryptograms; ``ready`` is a
    cipher under that key, where there is one already. Raises KeyRefused.
    """
    return session_key(chip.profile.session, card, chip.atc, chip.unpredictable, ready=ready)


def response_key(card: Key, chip: ChipTransaction, ready: BlockCipher | None = None) -> bytearray:
    """The key of the response cryptogram, for the caller to overwrite: the card's own or the
    session's, as the profile says. ``ready`` as above. Raises KeyRefused.
    """
    if chip.profile.response_key == "card":
        return bytearray(card)
    return transaction_key(card, chip, ready)
