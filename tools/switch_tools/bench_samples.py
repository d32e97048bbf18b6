"""The messages that the bench measures with: two purchases and what is answered to them.

Owns their fields, made up here from public test card numbers. Refuses to know how they are timed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Tags of a chip purchase as a terminal sends them: amounts, cryptogram, counters, capabilities.
CHIP: Final = (
    "9F02060000000012349F03060000000000009F1A02084095050000008000"
    "5F2A0208409A032607289C01009F37041A2B3C4D82023C009F36020042"
    "9F2608A1B2C3D4E5F607189F2701809F10120110A00003220000000000000000000000FF"
    "9F3303E0F8C89F34031E03009F3501229F1E083132333435363738"
    "8407A00000000310109F090200969F4104000000425F340101"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A request, the fields that its answer takes from it and those that are new in it."""

    name: str
    dialect: str
    request: Mapping[str, str]
    echo: tuple[str, ...]
    fresh: Mapping[str, str]

    def answer(self, fields: Mapping[str, str]) -> dict[str, str]:
        """The answer's fields, out of those of the request."""
        answer = {key: fields[key] for key in self.echo}
        answer.update(self.fresh)
        return answer


PURCHASE: Final[dict[str, str]] = {
    "t": "0200",
    "2": "4761739001010010",
    "3": "000000",
    "4": "000000000001",
    "7": "0728143015",
    "11": "000001",
    "12": "143015",
    "13": "0728",
    "14": "4912",
    "18": "5411",
    "22": "051",
    "25": "00",
    "32": "123456",
    "35": "4761739001010010=491220112345",
    "37": "620914000001",
    "41": "BENCH001",
    "42": "DEMOMERCHANT001",
    "43": "CORNER SHOP 12 HIGH ST SPRINGFIELD  ILUS",
    "48": "LANE 7, SHIFT 2, TILL 0042",
    "49": "840",
    "60": "0000001234567890",
}

ASCII: Final = Sample(
    name="ASCII, hex bitmap",
    dialect="iso87-ascii",
    request=PURCHASE,
    echo=("2", "3", "4", "7", "11", "12", "13", "25", "32", "37", "41", "42", "49"),
    fresh={"t": "0210", "39": "00"},
)

_PACKED: Final[dict[str, str]] = {
    **{key: PURCHASE[key] for key in PURCHASE if key not in ("43", "48", "60")},
    "23": "001",
    "52": "1A2B3C4D5E6F7081",
    "53": "2001010000000000",
    "55": CHIP,
    "64": "C0FFEE0123456789",
}
_ORDER: Final = sorted(_PACKED, key=lambda key: int(key) if key.isdecimal() else 0)

PACKED: Final = Sample(
    name="BCD, binary bitmap",
    dialect="iso87-binary",
    request={key: _PACKED[key] for key in _ORDER},
    echo=("2", "3", "4", "7", "11", "12", "13", "25", "32", "37", "41", "42", "49"),
    fresh={
        "t": "0210",
        "38": "123456",
        "39": "00",
        "55": "8A023030910A11223344556677883030",
        "64": "DECAFBAD01234567",
    },
)

SAMPLES: Final = (ASCII, PACKED)
