"""Money: integers in minor units, one currency at a time."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.money import CURRENCIES, Money, MoneyError, currency_number

MINOR = st.integers(-(10**15), 10**15)
CURRENCY = st.sampled_from(sorted(CURRENCIES))


@given(MINOR, CURRENCY)
def test_text_is_the_exact_amount(minor: int, currency: str) -> None:
    """Against decimal arithmetic: no float, no lost zero, the currency's own number of decimals."""
    letters, exponent = CURRENCIES[currency]
    number, name = str(Money(minor, currency)).split(" ")
    assert name == letters
    assert Decimal(number) == Decimal(minor).scaleb(-exponent)
    assert len(number.partition(".")[2]) == exponent


@given(st.integers(0, 10**12 - 1), CURRENCY)
def test_what_was_written_is_read_back(minor: int, currency: str) -> None:
    """``parse`` is the way back from ``str``."""
    money = Money(minor, currency)
    assert Money.parse(str(money).split(" ")[0], currency) == money


@given(MINOR, MINOR, CURRENCY)
def test_arithmetic(one: int, other: int, currency: str) -> None:
    """A group, per currency (INV-60)."""
    a, b = Money(one, currency), Money(other, currency)
    assert a + b == b + a == Money(one + other, currency)
    assert a - b == a + (-b)
    assert a + (-a) == Money(0, currency)


def test_currencies_do_not_mix() -> None:
    """Whatever the amounts are."""
    with pytest.raises(MoneyError, match="currencies differ: 840 and 978"):
        Money(0, "840") + Money(0, "978")
    with pytest.raises(MoneyError, match="currencies differ"):
        Money(0, "840") - Money(0, "978")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.34", "USD", 1_234),
        ("12.3", "USD", 1_230),
        ("12", "usd", 1_200),
        (" 0.01 ", "840", 1),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1_234),
        ("0", "EUR", 0),
    ],
)
def test_amounts_that_people_write(text: str, currency: str, minor: int) -> None:
    """With as many decimals as the currency has, or fewer."""
    assert Money.parse(text, currency).minor == minor


@pytest.mark.parametrize(
    "text", ["", ".", ".5", "5.", "-1", "+1", "1,5", "1e3", "0x1", "1_0", "\u0661", "12.345", "nan"]
)
def test_what_is_no_amount(text: str) -> None:
    """Refused, with what to write instead."""
    with pytest.raises(MoneyError):
        Money.parse(text, "USD")


@pytest.mark.parametrize(
    ("text", "currency", "most"),
    [
        ("10000000000.00", "USD", "9999999999.99 USD"),
        ("1000000000000", "JPY", "999999999999 JPY"),
        ("1" + "0" * 400, "KWD", "999999999.999 KWD"),
    ],
)
def test_no_amount_has_more_digits_than_messages_can_carry(
    text: str, currency: str, most: str
) -> None:
    """An amount that no message can tell is refused with the most that one can; zeros in front are
    no digits of it.
    """
    with pytest.raises(MoneyError, match=f"is too much: the most is {most}"):
        Money.parse(text, currency)
    assert str(Money.parse(f"000{most.split(maxsplit=1)[0]}", currency)) == most


def test_a_currency_without_decimals_takes_none() -> None:
    """Yen have no cents."""
    with pytest.raises(MoneyError, match="has 1 decimals, JPY has 0"):
        Money.parse("5.0", "JPY")


@pytest.mark.parametrize("name", ["USD", "usd", "840"])
def test_currencies_by_letters_and_number(name: str) -> None:
    """ISO 4217 either way."""
    assert currency_number(name) == "840"


@pytest.mark.parametrize("name", ["", "US", "QQQ", "000", "84"])
def test_a_currency_that_there_is_not(name: str) -> None:
    """Refused by name."""
    with pytest.raises(MoneyError, match="unknown currency"):
        currency_number(name)


def test_the_table_of_currencies_is_sound() -> None:
    """Three digits, three letters, each once, exponents as ISO 4217 has them."""
    letters = [name for name, _ in CURRENCIES.values()]
    assert len(set(letters)) == len(letters)
    for number, (name, exponent) in CURRENCIES.items():
        assert len(number) == 3
        assert number.isdigit()
        assert len(name) == 3
        assert name.isupper()
        assert exponent in {0, 2, 3}
    assert {name for name, exponent in CURRENCIES.values() if exponent == 3} == {
        "BHD",
        "IQD",
        "JOD",
        "KWD",
        "LYD",
        "OMR",
        "TND",
    }


def test_an_unknown_currency_still_prints() -> None:
    """A message may name any three digits; the trail shows them as they came."""
    assert str(Money(1, "000")) == "0.01 000"
