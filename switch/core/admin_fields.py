"""What an operator may set, and how the words of a command become values.

Owns the reading of single values, each refused with what may be written instead. Refuses to know
records: a field is an attribute's name and a way to read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from switch.model.facts import Facts
from switch.money import Money, MoneyError, currency_number

YES: Final = frozenset({"yes", "true", "on"})
NO: Final = frozenset({"no", "false", "off"})


class Wrong(NamedTuple):
    """Why a command is refused: what was wrong, and what to do."""

    said: str


Read = Callable[[str, Facts], Any]  # a value, or Wrong


class Field(NamedTuple):
    """An argument that sets an attribute of a record."""

    attribute: str
    read: Read


def text(limit: int) -> Read:
    """Printable ASCII, so long at most; may be empty."""

    def read(value: str, _facts: Facts) -> object:
        if len(value) > limit or not value.isascii() or not (value.isprintable() or not value):
            return Wrong(f"{value[:24]!r}: write at most {limit} printable ASCII characters")
        return value

    return read


def one_of(*words: str) -> Read:
    """One of a few words."""

    def read(value: str, _facts: Facts) -> object:
        if value not in words:
            return Wrong(f"{value[:24]!r} is none of {', '.join(words)}")
        return value

    return read


def yes_or_no(value: str, _facts: Facts) -> object:
    """A switch."""
    if value not in YES | NO:
        return Wrong(f"{value[:24]!r}: write yes or no")
    return value in YES


def currency(value: str, _facts: Facts) -> object:
    """Letters or number of ISO 4217, as its number."""
    try:
        return currency_number(value)
    except MoneyError as failure:
        return Wrong(str(failure))


def zone(value: str, facts: Facts) -> object:
    """A time zone that this machine knows."""
    if value != "UTC" and facts.minutes.get(value) is None:
        return Wrong(f"unknown time zone {value[:40]!r}: use a name such as Europe/Berlin")
    return value


def expiry(value: str, _facts: Facts) -> object:
    """YYMM, or empty: then it is not checked."""
    digits = len(value) == 4 and value.isascii() and value.isdigit()
    if value and not (digits and 1 <= int(value[2:]) <= 12):
        return Wrong(f"{value[:8]!r} is no expiry: write YYMM, such as 3012")
    return value


def security(value: str, facts: Facts) -> object:
    """A security of the configuration, or empty: then nothing is checked."""
    known = facts.settings.securities
    if value and value not in known:
        names = ", ".join(sorted(known)) or "none"
        return Wrong(f"there is no security {value[:24]!r} in the configuration: there are {names}")
    return value


def digits(*lengths: int) -> Read:
    """So many digits, or empty."""

    def read(value: str, _facts: Facts) -> object:
        fits = len(value) in lengths and value.isascii() and value.isdigit()
        if value and not fits:
            return Wrong(f"write {' or '.join(str(length) for length in lengths)} digits")
        return value

    return read


def amount(value: str, in_currency: str) -> int | Wrong:
    """Minor units of the currency."""
    try:
        return Money.parse(value, in_currency).minor
    except MoneyError as failure:
        return Wrong(str(failure))


def identity(value: str, limit: int) -> Wrong | None:
    """What is wrong with the id of something new: it goes over the wire, padded with spaces."""
    printable = value.isascii() and value.isprintable() and value == value.strip()
    if printable and 1 <= len(value) <= limit:
        return None
    return Wrong(
        f"{value[:24]!r} cannot be an id: write 1 to {limit} printable ASCII characters, "
        "none of them a space at either end"
    )


def read_fields(
    arguments: Mapping[str, str], fields: Mapping[str, Field], facts: Facts, others: tuple[str, ...]
) -> dict[str, Any] | Wrong:
    """The attributes that the arguments set. ``others`` are arguments that the caller reads."""
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        if name in others:
            continue
        field = fields.get(name)
        if field is None:
            return Wrong(f"there is no {name[:24]!r} to set: there are {', '.join(fields)}")
        read = field.read(value, facts)
        if isinstance(read, Wrong):
            return Wrong(f"{name}: {read.said}")
        found[field.attribute] = read
    return found
