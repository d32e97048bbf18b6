"""The three identities of a request as readable names (INV-10).

Owns how their parts are joined: ``DEMO0001|0200|000123|1124|101112|DEMOMERCHANT001|``, the
terminal's id always in front. A bar inside a part is written ``%7C``, so that two requests never
share a name by accident.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Final

BAR: Final = "|"
ESCAPED: Final = "%7C"

# What a name may be made of, in the order of the tuple that the mapping fills.
PARTS: Final = (
    "terminal_id",
    "merchant_id",
    "acquirer_id",
    "message",
    "stan",
    "local_date",
    "local_time",
    "transmitted_at",
    "rrn",
    "invoice",
    "batch_number",
    "original_message",
    "original_stan",
    "original_transmitted_at",
    "original_local_time",
)

Values = tuple[str, ...]
Picker = Callable[[Values], Values]


def plain(text: str) -> str:
    """A text as part of a name: without trailing spaces, bars escaped."""
    text = text.rstrip()
    if "%" in text or BAR in text:
        text = text.replace("%", "%25").replace(BAR, ESCAPED)
    return text


def picker(names: tuple[str, ...]) -> Picker:
    """A function that takes the terminal's id and the named parts out of the tuple of all."""
    places = [PARTS.index(name) for name in ("terminal_id", *names)]
    pick = itemgetter(*places)

    def take(values: Values) -> Values:
        taken: Values = pick(values)
        return taken

    return take


def join(values: Values) -> str:
    """The name."""
    return BAR.join(values)


def split(name: str) -> list[str]:
    """The parts behind the terminal's id."""
    return name.split(BAR)[1:]
