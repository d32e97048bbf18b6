"""The KSN doctor: when a key serial number is none, or calls for a key that is not there, says what
it was before it was spoilt.

Owns the ways in which a key serial number is spoilt between a device and its message. Refuses to
guess without a sign: what it names is hex characters that were hexed again, or begins as the key
serial numbers of TDES devices do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from switch.model.ksn import Counter, Ksn, KsnRefused, parse

_SHORT: Final = 16  # digits of a TDES key serial number without its FFFF
_TDES: Final = 20
_LEAD: Final = "FFFF"


def ksn_doctor(text: str) -> str:
    """What a key serial number (hex digits, as it came) would be, one sentence; empty where nothing
    points at it.

    >>> ksn_doctor("0100E01032547698FFFF")
    'with its bytes in reverse order it would be FFFF9876543210E00001'
    """
    found = [
        (how, ksn)
        for how, other in _otherwise(text.upper())
        if (ksn := _good(other)) is not None and str(ksn) != text.upper()
    ]
    if not found:
        return ""
    # A device begins at one: of two readings the one with the lower counter is the likelier.
    how, ksn = min(found, key=lambda each: each[1].counter)
    return f"{how} it would be {ksn}"


def _good(text: str) -> Ksn | None:
    """The key serial number, if a transaction can have it."""
    with suppress(KsnRefused):
        ksn = parse(text)
        if ksn.worth is Counter.GOOD:
            return ksn
    return None


def _otherwise(text: str) -> Iterator[tuple[str, str]]:
    """How it may have been spoilt, and what it was."""
    size = len(text)
    with suppress(ValueError):
        yield "read as characters", bytes.fromhex(text).decode("ascii")
    turned = "".join(reversed([text[at : at + 2] for at in range(0, size, 2)]))
    for how, other in (
        ("with its bytes in reverse order", turned),
        (f"without the {size - _TDES} digits behind it", text[:_TDES] if size > _TDES else ""),
        (
            f"without the {size - _TDES} digits in front of it",
            text[-_TDES:] if size > _TDES else "",
        ),
        ("with the F in front that it has lost", f"F{text}"),
    ):
        if other.startswith(_LEAD):
            yield how, other
    bare = text.lstrip("0")
    if len(bare) == _SHORT < size:
        yield "with FFFF in front instead of zeros", f"{_LEAD}{bare}"
    if size == _TDES and text.endswith("0000"):
        yield "with FFFF in front instead of zeros behind", f"{_LEAD}{text[:_SHORT]}"
    if size == _TDES and text.endswith(_LEAD):
        yield "with FFFF in front instead of behind", f"{_LEAD}{text[:_SHORT]}"
