"""Keys of chip cards: a card's own key from the issuer's master key, a session key from the card's
(EMV book 2, annex A1.3 and A1.4; the schemes' own methods where they differ).

Owns the derivations. Refuses to know what a key is used for: application cryptograms and issuer
scripts are made elsewhere, with keys from here. All keys are double-length TDES, 16 bytes, and come
out with odd parity, as they are shown in the trade; parity changes nothing that is made with them.
"""

from __future__ import annotations

import hashlib
from typing import Final

from switch.keys.ciphers import BlockCipher, Key, tdes_encrypt, with_parity, xor
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

OPTIONS: Final = ("A", "B")
# What a session key is made from: the card's key itself; EMV's common method; Mastercard's SKD;
# PBOC; the tree of EMV 2000; Visa's method for issuer scripts.
METHODS: Final = ("none", "common", "mastercard", "pboc", "emv2000", "visa_sm")

_KEY_BYTES: Final = 16
_PAN_DIGITS: Final = range(8, 20)
_LETTERS_TO_DIGITS: Final = str.maketrans("ABCDEF", "012345")


def card_key(
    master: Key, pan: str, sequence: str = "", option: str = "A", *, steps: Steps | None = None
) -> bytearray:
    """A card's master key (EMV book 2, A1.4): TDES under the issuer's master key of ``Y`` and of
    ``Y`` inverted, as :func:`card_data` gives it. ``sequence`` is the PAN sequence number, two
    digits; empty counts as ``00``. Raises KeyRefused.

    ::

        Y      1 1 1 1 1 1 1 1 1 1 1 1 1 1 0 0     PAN ‖ PSN, the last 16 digits
        left   TDES(master, Y)
        right  TDES(master, Y XOR FFFFFFFFFFFFFFFF)

    >>> master = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> card_key(master, "4111111111111111", "00").hex().upper()
    '31089464674C73EC851A6E0737029D19'
    """
    need_double("an issuer master key", master)
    block = card_data(pan, sequence, option)
    key = with_parity(tdes_encrypt(master, block + _inverted(block)))
    if steps is not None:
        steps.note("card data Y", block)
        steps.note("card key", key)
    return key


def card_data(pan: str, sequence: str = "", option: str = "A") -> bytes:
    """``Y``: what a card's key is derived from, eight bytes of decimal digits.

    Option A takes the last 16 digits of PAN and sequence number, zeros in front. Option B does the
    same for PANs of up to 16 digits; for longer ones it hashes PAN and sequence number (SHA-1 over
    packed digits, a zero in front of an odd number of them) and takes the first 16 decimal digits
    of the hash; where there are fewer, its letters follow as digits, A as 0 to F as 5.

    >>> card_data("9901234567890123", "45").hex()
    '0123456789012345'
    """
    if option not in OPTIONS:
        raise KeyRefused(f"{option!r} is no way to derive a card's key: there are A and B")
    if len(pan) not in _PAN_DIGITS or not _decimal(pan):
        raise KeyRefused("a PAN has 8 to 19 digits")
    if sequence and (len(sequence) != 2 or not _decimal(sequence)):
        raise KeyRefused("a PAN sequence number has two digits")
    digits = pan + (sequence or "00")
    if option == "A" or len(pan) <= 16:
        return bytes.fromhex(digits[-16:].rjust(16, "0"))
    packed = bytes.fromhex("0" * (len(digits) % 2) + digits)
    return bytes.fromhex(_sixteen_digits(_sha1(packed)))


def _sixteen_digits(text: str) -> str:
    """The first 16 decimal digits of a hexadecimal text; letters make up what is missing."""
    digits = "".join(c for c in text if c.isdigit())
    letters = "".join(c for c in text if not c.isdigit()).translate(_LETTERS_TO_DIGITS)
    return (digits + letters)[:16]


def _sha1(data: bytes) -> str:
    # EMV demands SHA-1 here to spread digits; nothing rests on its resistance to collisions.
    return hashlib.sha1(data, usedforsecurity=False).hexdigest().upper()


def session_key(
    method: str,
    card: Key,
    atc: bytes,
    unpredictable: bytes = b"",
    *,
    ready: BlockCipher | None = None,
    steps: Steps | None = None,
) -> bytearray:
    """The key for the cryptograms of one transaction, by the method's name (``METHODS``).

    ``atc`` is the application transaction counter, two bytes; ``unpredictable`` the terminal's
    number, four bytes, which only Mastercard's method takes. ``ready`` is a cipher under the card's
    key, where there is one already: a new one costs more than all the rest. Raises KeyRefused.
    """
    source = card if ready is None else ready
    if method == "none":
        key = bytearray(need_double("a card's key", card))
    elif method == "common":
        key = common(source, need_bytes("an ATC", atc, 2) + bytes(6))
    elif method == "mastercard":
        number = need_bytes("an unpredictable number", unpredictable, 4)
        key = common(source, need_bytes("an ATC", atc, 2) + bytes(2) + number)
    elif method == "pboc":
        key = pboc(source, atc)
    elif method == "emv2000":
        key = emv2000(card, atc)
    elif method == "visa_sm":
        key = visa_messaging(card, atc)
    else:
        raise KeyRefused(f"{method!r} is no method for session keys: {', '.join(METHODS)}")
    if steps is not None:
        steps.note("session key", key)
    return key


def common(card: Key | BlockCipher, diversification: bytes) -> bytearray:
    """EMV's common session key (book 2, A1.3.1): TDES under the card's key of eight bytes ``R``,
    the third of them F0 for the left half and 0F for the right.

    ::

        R      A T C C . . . . . . . . . . . .     for cryptograms: ATC ‖ 000000000000
        left   A T C C F 0 . . . . . . . . . .     TDES(card key, this)
        right  A T C C 0 F . . . . . . . . . .     TDES(card key, this)

    For issuer scripts ``R`` is the application cryptogram. Mastercard's SKD is the same with ATC ‖
    0000 ‖ unpredictable number.

    >>> key = bytes.fromhex("F84315C7B95BD3B0C74694922C3808B0")
    >>> common(key, bytes.fromhex("1234567890123456")).hex().upper()
    '3E736BF8D37664348A04E3ABE00DEFC1'
    """
    start = need_bytes("a diversification value", diversification, 8)
    left, right = (start[:2] + middle + start[3:] for middle in (b"\xf0", b"\x0f"))
    return with_parity(_encipher(card, left + right))


def pboc(card: Key | BlockCipher, atc: bytes) -> bytearray:
    """PBOC's and UnionPay's session key: TDES under the card's key of the counter, and of the
    counter inverted, zeros in front.

    >>> key = bytes.fromhex("014C986ECD8F49157CC8B59E3BCDFD98")
    >>> pboc(key, bytes.fromhex("0240")).hex().upper()
    'D5102625E6E5AD329E54ABB50BF23DA8'
    """
    counter = need_bytes("an ATC", atc, 2)
    return with_parity(_encipher(card, bytes(6) + counter + bytes(6) + _inverted(counter)))


def visa_messaging(card: Key, atc: bytes) -> bytearray:
    """Visa's session key for issuer scripts: the counter is XORed into the end of the left half of
    the card's key, the counter inverted into the end of the right half.

    >>> key = bytes.fromhex("94F867167C64EF3EEAB0CB627A7A3480")
    >>> visa_messaging(key, bytes.fromhex("001C")).hex().upper()
    '94F867167C64EF23EAB0CB627A7ACB62'
    """
    need_double("a card's key", card)
    counter = need_bytes("an ATC", atc, 2)
    return with_parity(xor(card, bytes(6) + counter + bytes(6) + _inverted(counter)))


def emv2000(
    card: Key, atc: bytes, height: int = 8, branches: int = 4, start: bytes = bytes(16)
) -> bytearray:
    """The session key of EMV 2000: a walk down a tree of keys from the card's, one step for each
    digit of the counter in base ``branches``, first digit first.

    ::

        child   TDES(parent, L) ‖ TDES(parent, R)
        L, R    halves of the grandparent, the digit XORed into the last byte of both, F0 into R's

    ``start`` stands for the grandparent of the first step. The key of the last step is XORed with
    its grandparent. Raises KeyRefused, also for a tree of fewer keys than there are counters.

    >>> key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> emv2000(key, bytes.fromhex("001C")).hex().upper()
    'E5BF6D1067F194B0A89B7F5D83BC64A2'
    """
    need_double("a card's key", card)
    counter = int.from_bytes(need_bytes("an ATC", atc, 2), "big")
    grandparent = bytearray(need_bytes("a start value", start, 16))
    if not 2 <= branches <= 255 or height > 16 or branches**height < 0xFFFF:
        raise KeyRefused("a tree of session keys has 2 to 255 branches and a leaf for each counter")
    parent = bytearray(card)
    before = grandparent
    for level in range(height - 1, -1, -1):
        digit = counter // branches**level % branches
        block = bytearray(grandparent)
        block[7] ^= digit
        block[15] ^= digit ^ 0xF0
        before = grandparent
        grandparent, parent = parent, bytearray(tdes_encrypt(parent, block))
    return with_parity(xor(parent, before))


def _encipher(card: Key | BlockCipher, blocks: bytes) -> bytearray:
    """Under a card's key, or under a cipher that was made ready with one before."""
    if isinstance(card, BlockCipher):
        return card.encrypt(blocks)
    return tdes_encrypt(need_double("a card's key", card), blocks)


def need_double(what: str, key: Key) -> Key:
    """The key, if it is of double length; KeyRefused else."""
    if len(key) != _KEY_BYTES:
        raise KeyRefused(f"{what} has {_KEY_BYTES} bytes, this one has {len(key)}")
    return key


def need_bytes(what: str, value: bytes, size: int) -> bytes:
    """The value, if it has that many bytes; KeyRefused else."""
    if len(value) != size:
        raise KeyRefused(f"{what} has {size} bytes, this one has {len(value)}")
    return bytes(value)


def _decimal(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _inverted(block: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in block)
