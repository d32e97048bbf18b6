"""Card verification values: the three digits of a stripe, of a card's back, of a chip's track image
(Visa's CVV algorithm, which Mastercard and UnionPay share), and the dynamic ones of contactless
cards (dCVV, CVC3).

Owns the calculations and their comparison in constant time (SR-KEY-16). Refuses to guess the order
of month and year: the caller says which its issuer uses.
"""

from __future__ import annotations

from typing import Final

from switch.keys.ciphers import Key, des_encrypt, same, tdes_encrypt, xor
from switch.keys.emv_cryptogram import application_cryptogram
from switch.keys.emv_keys import card_key, need_bytes, need_double
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

DIGITS: Final = 3
# The service code that stands in for the card's own where there is no stripe: printed, in the chip.
SERVICE_CODES: Final = {"cvv": "", "cvv2": "000", "icvv": "999"}
ORDERS: Final = ("YYMM", "MMYY")

_PAN_DIGITS: Final = range(8, 20)
_LETTERS_TO_DIGITS: Final = str.maketrans("ABCDEF", "012345")


def card_verification_value(
    cvk: Key, pan: str, expiry: str, service_code: str, *, steps: Steps | None = None
) -> str:
    """CVV, CVV2 (service code ``000``) or iCVV (``999``): three digits.

    ``cvk`` has 16 bytes, A and B; ``expiry`` four digits in the order that the issuer uses. PAN,
    expiry and service code stand one behind the other, zeros behind them: a shorter PAN moves the
    rest to the left. Raises KeyRefused.

    ::

        block 1   4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1     32 digits: PAN ‖ expiry ‖ service code ‖ 0 ...
        block 2   2 5 1 2 2 0 1 0 0 0 0 0 0 0 0 0
        result    E(A, D(B, E(A, E(A, block 1) XOR block 2)))
        digits    those of the result, then its letters, A as 0 to F as 5; the first three are it

    >>> cvk = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> card_verification_value(cvk, "4111111111111111", "2512", "201")
    '139'
    """
    return decimalized(cvk, pan, expiry, service_code, steps=steps)[:DIGITS]


def decimalized(
    cvk: Key, pan: str, expiry: str, service_code: str, *, steps: Steps | None = None
) -> str:
    """All 16 digits that a card verification value is the beginning of."""
    need_double("a CVK", cvk)
    digits = _data(pan, expiry, service_code)
    first, second = bytes.fromhex(digits[:16]), bytes.fromhex(digits[16:])
    once = des_encrypt(cvk[:8], first)
    result = tdes_encrypt(cvk, xor(once, second))
    text = result.hex().upper()
    found = "".join(c for c in text if c.isdigit())
    letters = "".join(c for c in text if not c.isdigit()).translate(_LETTERS_TO_DIGITS)
    if steps is not None:
        steps.note("data", digits)
        steps.note("first block enciphered under A", once)
        steps.note("result under A, B, A", result)
        steps.note("decimalized", found + letters)
    return found + letters


def _data(pan: str, expiry: str, service_code: str) -> str:
    if len(pan) not in _PAN_DIGITS or not _decimal(pan):
        raise KeyRefused("a PAN has 8 to 19 digits")
    if len(expiry) != 4 or not _decimal(expiry):
        raise KeyRefused("an expiry has four digits")
    if len(service_code) != 3 or not _decimal(service_code):
        raise KeyRefused("a service code has three digits")
    return (pan + expiry + service_code).ljust(32, "0")


def made_for(
    cvk: Key, pan: str, expiry: str, service_code: str, kind: str, order: str = "YYMM"
) -> str:
    """The value of that kind (``cvv``, ``cvv2``, ``icvv``) for a card that expires ``expiry``, YYMM
    as on its track; ``order`` is the one in which the issuer feeds it to the calculation. The
    service code counts for ``cvv`` alone. Raises KeyRefused.

    >>> cvk = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> made_for(cvk, "4123456789012345", "2502", "", "cvv2", "MMYY")
    '221'
    """
    if kind not in SERVICE_CODES:
        raise KeyRefused(f"{kind!r} is no card verification value: {', '.join(SERVICE_CODES)}")
    if order not in ORDERS:
        raise KeyRefused(f"{order!r} is no order of month and year: {', '.join(ORDERS)}")
    used = expiry if order == "YYMM" else expiry[2:] + expiry[:2]
    return card_verification_value(cvk, pan, used, SERVICE_CODES[kind] or service_code)


def fits(
    cvk: Key,
    pan: str,
    expiry: str,
    service_code: str,
    code: str,
    kind: str = "cvv",
    order: str = "YYMM",
) -> bool:
    """Whether the digits that were presented are the card's. Raises KeyRefused for anything but the
    digits themselves, which are merely wrong.
    """
    right = made_for(cvk, pan, expiry, service_code, kind, order)
    return same(right.encode(), code.encode("utf-8", "replace"))


def dynamic_value(
    master: Key,
    pan: str,
    sequence: str,
    expiry: str,
    service_code: str,
    counter: str,
    *,
    option: str = "A",
    steps: Steps | None = None,
) -> str:
    """Visa's dCVV, three digits: the CVV algorithm under the card's own key, the first four digits
    of the PAN replaced by the transaction counter, four digits. Raises KeyRefused.

    >>> master = bytes.fromhex("0123456789ABCDEF0123456789ABCDEF")
    >>> dynamic_value(master, "4111111111111111", "00", "1225", "001", "0001")
    '938'
    """
    if len(counter) != 4 or not _decimal(counter):
        raise KeyRefused("the counter of a dCVV has four digits")
    key = card_key(master, pan, sequence, option, steps=steps)
    return card_verification_value(key, counter + pan[4:], expiry, service_code, steps=steps)


def cvc3(
    card: Key, track_data: bytes, atc: bytes, unpredictable: bytes, *, steps: Steps | None = None
) -> str:
    """Mastercard's dynamic CVC3, five digits, of which issuers look at the last ones.

    ``card`` is the card's key for it, ``track_data`` the static track image.

    ::

        IV      last two bytes of the MAC (ISO 9797-1 algorithm 3, padding 2) of the track image
        block   I V I V U N U N U N U N A T C C
        CVC3    last two bytes of TDES(card key, block), as a number

    Raises KeyRefused.

    >>> card = bytes.fromhex("6D6425FB9401C21AA1F80451AB85DA3B")
    >>> track = bytes.fromhex("5123456789012345D35121010000000000000F")
    >>> cvc3(card, track, bytes.fromhex("005E"), bytes.fromhex("00000899"))
    '29488'
    """
    number = need_bytes("an unpredictable number", unpredictable, 4)
    counter = need_bytes("an ATC", atc, 2)
    start = initial_vector(card, track_data)
    result = tdes_encrypt(card, start + number + counter)
    if steps is not None:
        steps.note("IV of the track", start)
        steps.note("block", start + number + counter)
        steps.note("enciphered", result)
    return f"{int.from_bytes(result[-2:], 'big'):05d}"


def initial_vector(card: Key, track_data: bytes) -> bytes:
    """IVCVC3: what a card keeps of its static track image."""
    return application_cryptogram(card, track_data, 2)[-2:]


def _decimal(text: str) -> bool:
    return text.isascii() and text.isdigit()
