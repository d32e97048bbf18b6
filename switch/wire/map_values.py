"""Single values between wire and meaning: dates, currencies, amounts, card data inside chip data.

Owns their formats (ISO 8583 dates, ISO 4217 codes, DE 54 amounts, EMV tags 57, 5A, 5F24). Knows no
messages.
"""

from __future__ import annotations

from typing import Final

from switch.money import CURRENCIES, Money

# Both ways of writing a currency, number and letters.
CURRENCY_NUMBERS: Final[dict[str, str]] = {
    **{number: number for number in CURRENCIES},
    **{letters: number for number, (letters, _) in CURRENCIES.items()},
}
MONTHS: Final = frozenset(f"{month:02}" for month in range(1, 13))
_DAYS: Final = dict.fromkeys(MONTHS, 31) | dict.fromkeys(("04", "06", "09", "11"), 30)
_DATES: Final = frozenset(
    f"{month}{day:02}" for month, last in (_DAYS | {"02": 29}).items() for day in range(1, last + 1)
)
_ADDITIONAL_AMOUNT: Final = 20
_TRACK2_TAG, _PAN_TAG, _EXPIRY_TAG = 0x57, 0x5A, 0x5F24


def is_time(digits: str) -> bool:
    """Whether digits end in a time hhmmss that a clock can show.

    >>> is_time("235959"), is_time("240000")
    (True, False)
    """
    # Digits are compared as texts: "235959" sorts before "24".
    return digits[-6:] < "24" and digits[-4:-2] < "60" and digits[-2:] < "60"


def is_date(digits: str) -> bool:
    """Whether four digits are a month and a day of it.

    >>> is_date("0229"), is_date("0230"), is_date("1301")
    (True, False, False)
    """
    return digits in _DATES


def additional_amount(value: str, amount_type: str) -> Money | None:
    """The first amount of a type in DE 54: account type 2, amount type 2, currency 3, sign 1,
    amount 12, repeated.

    >>> additional_amount("0040840D000000001000", "40")
    Money(minor=1000, currency='840')
    """
    for start in range(0, len(value) - _ADDITIONAL_AMOUNT + 1, _ADDITIONAL_AMOUNT):
        item = value[start : start + _ADDITIONAL_AMOUNT]
        currency = CURRENCY_NUMBERS.get(item[4:7])
        if item[2:4] == amount_type and currency and item[8:].isdecimal():
            return Money(int(item[8:]), currency)
    return None


def balance(value: str, amount_type: str) -> Money | None:
    """The same with its sign: ``D`` is a balance below zero.

    >>> balance("0002840D000000001000", "02")
    Money(minor=-1000, currency='840')
    """
    for start in range(0, len(value) - _ADDITIONAL_AMOUNT + 1, _ADDITIONAL_AMOUNT):
        item = value[start : start + _ADDITIONAL_AMOUNT]
        found = additional_amount(item, amount_type)
        if found is not None:
            return -found if item[7] == "D" else found
    return None


def written_amount(money: Money, currency: str, amount_type: str, sign: str) -> str:
    """One item of DE 54. ``currency`` is its number: a request may have left its own to the
    terminal's.

    >>> written_amount(Money(-1000, "840"), "840", "02", "D")
    '0002840D000000001000'
    """
    return f"00{amount_type}{currency}{sign}{abs(money.minor):012d}"


def card_tags(data: bytes) -> tuple[str, str, str]:
    """Values of the tags 57, 5A and 5F24 in hex, templates searched too; empty where there is none.

    What does not parse ends the search: the codec has refused it, or its dialect is lenient.

    >>> card_tags(bytes.fromhex("9F02060000000010005A0841111111111111119500"))
    ('', '4111111111111111', '')
    """
    track = pan = expiry = b""
    i, end = 0, len(data)
    while i + 1 < end:
        tag = data[i]
        i += 1
        if not tag:
            continue
        constructed = tag & 0x20
        if tag & 0x1F == 0x1F:
            more = 0x80
            while more & 0x80 and i < end:
                more = data[i]
                tag = tag << 8 | more
                i += 1
            if i >= end:
                break
        size = data[i]
        i += 1
        if size & 0x80:
            start = i + (size & 0x7F)
            size = int.from_bytes(data[i:start], "big")
            i = start
        # A template is entered: its value is objects again.
        if constructed:
            continue
        stop = i + size
        if stop > end:
            break
        if tag == _TRACK2_TAG:
            track = data[i:stop]
        elif tag == _PAN_TAG:
            pan = data[i:stop]
        elif tag == _EXPIRY_TAG:
            expiry = data[i:stop]
        i = stop
    return track.hex().upper(), pan.hex().upper(), expiry.hex()
