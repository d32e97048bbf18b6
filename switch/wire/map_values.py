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
CASH_BACK: Final = "40"  # DE 54, amount type: cash
_DAYS: Final = dict.fromkeys(MONTHS, 31) | dict.fromkeys(("04", "06", "09", "11"), 30)
_DATES: Final = frozenset(
    f"{month}{day:02}" for month, last in (_DAYS | {"02": 29}).items() for day in range(1, last + 1)
)
_HOURS: Final = frozenset(f"{hour:02}" for hour in range(24))
_SIXTY: Final = frozenset(f"{k:02}" for k in range(60))
_ADDITIONAL_AMOUNT: Final = 20
_CARD_TAGS: Final = frozenset({b"\x57", b"\x5a", b"\x5f\x24"})


def is_time(digits: str) -> bool:
    """Whether digits end in a time hhmmss that a clock can show.

    >>> is_time("235959"), is_time("240000")
    (True, False)
    """
    return digits[-6:-4] in _HOURS and digits[-4:-2] in _SIXTY and digits[-2:] in _SIXTY


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


def written_amount(money: Money, amount_type: str, sign: str) -> str:
    """One item of DE 54."""
    return f"00{amount_type}{money.currency}{sign}{abs(money.minor):012d}"


def card_tags(data: bytes) -> dict[bytes, bytes]:
    r"""Values of the tags 57, 5A and 5F24, templates searched too. What does not parse ends the
    search.

    >>> card_tags(bytes.fromhex("9F02060000000010005A0841111111111111119500"))
    {b'Z': b'A\x11\x11\x11\x11\x11\x11\x11'}
    """
    found: dict[bytes, bytes] = {}
    i, end = 0, len(data)
    while i + 1 < end:
        first = data[i]
        behind = i + 1
        if first & 0x1F == 0x1F:
            while behind < end and data[behind] & 0x80:
                behind += 1
            behind += 1
        elif not first:
            i += 1
            continue
        if behind >= end:
            break
        size, start = data[behind], behind + 1
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(data[behind + 1 : start], "big")
        # A template is entered: its value is objects again.
        if first & 0x20:
            i = start
            continue
        tag = data[i:behind]
        if tag in _CARD_TAGS and start + size <= end:
            found.setdefault(tag, data[start : start + size])
        i = start + size
    return found
