"""How values of the configuration are written: amounts, zones, currencies, card numbers, names.

Owns the types of settings and what is said of a wrong one. Refuses to know which settings there
are.
"""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)

from switch.config_reasons import AMOUNT, NAME
from switch.money import MoneyError, currency_number
from switch.values import Pan

Mistake = tuple[tuple[str | int, ...], str]  # the path of a setting, and what is wrong with it


def _zone(name: str) -> str:
    try:
        if name != "UTC":
            ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"unknown time zone {name[:40]!r}: use a name such as Europe/Berlin"
        ) from None
    return name


def _currency(text: str) -> str:
    try:
        return currency_number(text)
    except MoneyError as failure:
        raise ValueError(str(failure)) from None


def card_number(digits: object) -> Pan:
    """A card number of that many digits with a check digit that fits; ValueError, without it."""
    if not (isinstance(digits, str) and digits.isascii() and digits.isdigit()):
        raise ValueError("a card number is written as digits in quotes")
    if not 12 <= len(digits) <= 19:
        raise ValueError("a card number has 12 to 19 digits")
    pan = Pan(digits)
    if not pan.luhn_ok:
        raise ValueError("the check digit of the card number does not fit")
    return pan


def _prefix(digits: str) -> str:
    if not (digits.isascii() and digits.isdigit() and 1 <= len(digits) <= 19):
        raise ValueError("a range is given by its first digits")
    return digits


def _hhmm(text: str) -> str:
    hour, colon, minute = text.partition(":")
    good = len(hour) == len(minute) == 2 and colon and f"{hour}{minute}".isdigit()
    if not (good and text.isascii() and hour < "24" and minute < "60"):
        raise ValueError("a time of day is written HH:MM, such as 06:00")
    return text


def _hundredths(percent: float) -> float:
    if round(percent, 2) != percent:
        raise ValueError("a percentage has two decimals at most")
    return percent


def _yymm(text: str) -> str:
    if text and not (len(text) == 4 and text.isdigit() and 1 <= int(text[2:]) <= 12):
        raise ValueError("an expiry is written YYMM, such as 3012")
    return text


Zone = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
CardNumber = Annotated[
    Pan,
    PlainValidator(card_number),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{12,19}$"}),
]
Expiry = Annotated[str, AfterValidator(_yymm)]
Prefix = Annotated[str, AfterValidator(_prefix)]
TimeOfDay = Annotated[str, AfterValidator(_hhmm)]
Percent = Annotated[float, Field(ge=0, le=100, strict=False), AfterValidator(_hundredths)]
Days = Annotated[float, Field(gt=0, le=365, strict=False)]
Amount = Annotated[str, Field(pattern=AMOUNT, description="such as 12.34")]
Name = Annotated[str, Field(pattern=NAME)]
Seconds = Annotated[float, Field(gt=0, le=86_400, strict=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class Section(BaseModel):
    """Base: unknown names are mistakes, and ``"1"`` is not ``1``."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)
