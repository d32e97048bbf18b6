"""The ``as`` column: the standard's own notation for the attributes of an element.

``n6`` six digits, ``an..25`` up to 25 characters behind a two-digit length, ``b8`` eight bytes,
``z..37`` track 2, ``x+n8`` a sign letter and eight digits. Owns that notation and nothing of how it
is encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from switch.wire.layout import Content

_NOTATION: Final = re.compile(r"(n|an|ans|a|ns|b|z|x\+n)(\.{2,4})?([1-9][0-9]{0,3})")
_CONTENTS: Final = {
    "n": Content.N,
    "a": Content.A,
    "an": Content.AN,
    "ans": Content.ANS,
    "ns": Content.NS,
    "b": Content.B,
    "z": Content.Z,
    "x+n": Content.XN,
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One ``as``: what it consists of, its length (the maximum where it varies), digits of its
    length indicator.
    """

    content: Content
    length: int
    length_digits: int = 0

    @property
    def characters(self) -> int:
        """Length in text: an amount has its sign in front, a byte is two hex digits."""
        if self.content is Content.XN:
            return self.length + 1
        return 2 * self.length if self.content is Content.B else self.length


def parse_as(text: str) -> Attribute:
    """The attribute that a notation stands for. ``ValueError`` with the reason.

    >>> parse_as("n..19").length, parse_as("n..19").length_digits, parse_as("b8").content.value
    (19, 2, 'b')
    """
    found = _NOTATION.fullmatch(text)
    if found is None:
        raise ValueError("write the standard's notation, such as n6, an..25, ans...999, b8, x+n8")
    letters, dots, length = found.groups()
    attribute = Attribute(_CONTENTS[letters], int(length), len(dots or ""))
    if dots and attribute.length >= 10 ** len(dots):
        raise ValueError(f"a length of {len(dots)} digits cannot say {attribute.length}")
    return attribute
