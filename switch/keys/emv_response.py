"""Authorization response cryptograms: how a card knows that its issuer answered (EMV book 2, 8.2),
and what an issuer tells a card with method 2 (card status update).

Owns both methods and tag 91, which carries them. Refuses to know which of them a scheme uses, and
under which key: ``emv_profiles`` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from switch.keys.ciphers import Key, same, tdes_encrypt, xor
from switch.keys.emv_cryptogram import CRYPTOGRAM_BYTES, application_cryptogram
from switch.keys.emv_keys import need_bytes, need_double
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

METHODS: Final = (1, 2)
_SHORT_BYTES: Final = 4  # of the cryptogram of method 2
_CODE_BYTES: Final = 2
_STATUS_BYTES: Final = 4
_PROPRIETARY_BYTES: Final = 8


def response_cryptogram(
    key: Key, cryptogram: bytes, code: bytes, *, steps: Steps | None = None
) -> bytes:
    """Method 1, eight bytes: TDES of the card's cryptogram XORed with the response code.

    ``code`` is the authorization response code, two bytes, mostly two digits in ASCII.

    ::

        Y      A C A C A C A C A C A C A C A C
        X      3 0 3 0 0 0 0 0 0 0 0 0 0 0 0 0     the code, then zeros
        ARPC   TDES(key, Y XOR X)

    Raises KeyRefused.

    >>> card = bytes.fromhex("154F349D8585CB7F6B0798E9839B10C1")
    >>> arqc = bytes.fromhex("29CCA15AE665FA2E")
    >>> response_cryptogram(card, arqc, b"00").hex().upper()
    '28993816AFAE4AEB'
    """
    need_double("the key of a response cryptogram", key)
    block = need_bytes("a cryptogram", cryptogram, CRYPTOGRAM_BYTES)
    told = need_bytes("an authorization response code", code, _CODE_BYTES)
    mixed = xor(block, told + bytes(CRYPTOGRAM_BYTES - _CODE_BYTES))
    if steps is not None:
        steps.note("cryptogram XOR response code", mixed)
    return bytes(tdes_encrypt(key, mixed))


def response_mac(
    key: Key,
    cryptogram: bytes,
    status: bytes,
    proprietary: bytes = b"",
    *,
    steps: Steps | None = None,
) -> bytes:
    """Method 2, four bytes: the first half of the MAC of the card's cryptogram, the card status
    update (four bytes) and up to eight bytes of the issuer's own, made as the cryptogram itself was
    (ISO 9797-1 algorithm 3, padding 2). Raises KeyRefused.

    >>> key = bytes.fromhex("436B942AD637E08564B532B0EC97CB26")
    >>> response_mac(key, bytes.fromhex("7A788EA6B8A3E733"), bytes(4)).hex().upper()
    '9AF514C1'
    """
    need_bytes("a cryptogram", cryptogram, CRYPTOGRAM_BYTES)
    need_bytes("a card status update", status, _STATUS_BYTES)
    if len(proprietary) > _PROPRIETARY_BYTES:
        raise KeyRefused(f"proprietary authentication data has {_PROPRIETARY_BYTES} bytes at most")
    data = cryptogram + status + proprietary
    if steps is not None:
        steps.note("cryptogram, status update, proprietary data", data)
    return application_cryptogram(key, data, 2, steps=steps)[:_SHORT_BYTES]


def issuer_authentication(
    method: int, key: Key, cryptogram: bytes, told: bytes, proprietary: bytes = b""
) -> bytes:
    """The value of tag 91: of method 1 the cryptogram and the response code, of method 2 the
    cryptogram, the status update and the proprietary data. ``told`` is the code or the update.
    Raises KeyRefused.
    """
    if method == 1:
        return response_cryptogram(key, cryptogram, told) + told
    if method == 2:
        return response_mac(key, cryptogram, told, proprietary) + told + proprietary
    raise KeyRefused(f"there are methods 1 and 2 of a response cryptogram, not {method}")


def told_by_issuer(method: int, key: Key, cryptogram: bytes, value: bytes) -> bytes | None:
    """The card's side: the response code or status update in tag 91, if the cryptogram in front of
    it is the issuer's; else nothing. Raises KeyRefused for a key or cryptogram of wrong length.
    """
    shape = _shape(method, value)
    if shape is None:
        return None
    told, proprietary = shape
    right = issuer_authentication(method, key, cryptogram, told, proprietary)
    return told if same(right, value) else None


def _shape(method: int, value: bytes) -> tuple[bytes, bytes] | None:
    """What is told and what is proprietary; nothing for a value of a wrong length."""
    if method == 1 and len(value) == CRYPTOGRAM_BYTES + _CODE_BYTES:
        return value[CRYPTOGRAM_BYTES:], b""
    head = _SHORT_BYTES + _STATUS_BYTES
    if method == 2 and head <= len(value) <= head + _PROPRIETARY_BYTES:
        return value[_SHORT_BYTES:head], value[head:]
    return None


# What a card is to do with its counters (bits 2 and 1 of byte 2).
COUNTERS: Final = {"keep": 0, "upper": 1, "reset": 2, "add": 3}


@dataclass(frozen=True, slots=True)
class CardStatusUpdate:
    """What an issuer tells a card with method 2 (EMV book 3, annex C: common core definitions).

    ``tries`` is the new PIN try counter, taken over only with ``set_tries``; ``counters`` one of
    ``COUNTERS``; ``own`` the byte that is the issuer's to use.
    """

    approved: bool
    block_card: bool = False
    block_application: bool = False
    set_tries: bool = False
    tries: int = 0
    online_next: bool = False
    by_proxy: bool = False
    counters: str = "keep"
    proprietary: bool = False  # proprietary authentication data follows
    own: int = 0

    def encoded(self) -> bytes:
        """Four bytes. Raises KeyRefused for tries or counters that do not exist.

        >>> CardStatusUpdate(approved=True, counters="reset").encoded().hex()
        '00820000'
        """
        if not 0 <= self.tries <= 15 or not 0 <= self.own <= 255:
            raise KeyRefused("a card status update has 0 to 15 PIN tries and one byte of its own")
        if self.counters not in COUNTERS:
            raise KeyRefused(f"{self.counters!r}: counters can be {', '.join(COUNTERS)}")
        said = (
            (self.approved, 0x80),
            (self.block_card, 0x40),
            (self.block_application, 0x20),
            (self.set_tries, 0x10),
            (self.online_next, 0x08),
            (self.by_proxy, 0x04),
        )
        second = sum(bit for is_so, bit in said if is_so) | COUNTERS[self.counters]
        return bytes((self.proprietary << 7 | self.tries, second, 0, self.own))
