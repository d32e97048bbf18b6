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
from switch.model.security import AES_SET_DIGITS, TDES_SET_DIGITS, base_key

_SHORT: Final = 16  # digits of a TDES key serial number without its FFFF
_TDES: Final = 20
_AES: Final = 24
_LEAD: Final = "FFFF"
_YOUNG: Final = 0xFFFF  # a counter that most devices never reach


def ksn_doctor(text: str) -> str:
    """What a key serial number (hex digits, as it came) would be, or that it lacks digits, one
    sentence; empty where nothing points at it.

    >>> ksn_doctor("0100E01032547698FFFF")
    'with its bytes in reverse order it would be FFFF9876543210E00001'
    """
    found = [
        (how, ksn)
        for how, other in _otherwise(text.upper())
        if (ksn := _good(other)) is not None and str(ksn) != text.upper()
    ]
    if not found:
        return _cut(text.upper())
    # A device begins at one: of two readings the one with the lower counter is the likelier.
    how, ksn = min(found, key=lambda each: each[1].counter)
    return f"{how} it would be {ksn}"


def other_sets(text: str) -> tuple[tuple[str, str], ...]:
    """Key sets that a key serial number may be meant for where there is none of its own: the name
    of the base derivation key, and what to say if there is such a key. These are no signs by
    themselves.

    >>> [name for name, _ in other_sets("FFFF896745230E000010")]
    ['bdk.FFFF987654', 'bdk.FFFF8967']
    """
    text = text.upper()
    swapped = _swapped(text)
    read = _good(swapped)
    found = []
    if read is not None:
        how = "with the two digits of each byte swapped"
        found.append((base_key(swapped), f"{how} it would be {read}, and there is its key set"))
    if len(text) == _TDES:
        name = f"bdk.{text[:AES_SET_DIGITS]}"
        found.append((name, f"there is {name}, of AES DUKPT, which has 24 digits and not 20"))
    elif len(text) == _AES:
        name = f"bdk.{text[:TDES_SET_DIGITS]}"
        found.append((name, f"there is {name}, of TDES DUKPT, which has 20 digits and not 24"))
    own = base_key(text)
    return tuple((name, said) for name, said in found if name != own)


def _swapped(text: str) -> str:
    """With the two digits of each byte swapped."""
    return "".join(text[at : at + 2][::-1] for at in range(0, len(text), 2))


def _cut(text: str) -> str:
    """What is said of one that lost digits at its end, which nobody can put back."""
    if len(text) == _SHORT and text.startswith(_LEAD):
        return "16 digits have no FFFF in front: with it, these lack the last 4"
    if len(text) == _TDES and not text.startswith(_LEAD):
        return "20 digits are of TDES DUKPT, most with FFFF in front; AES DUKPT has 24"
    return ""


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
        ("with the F in front that it has lost", "" if text.startswith(_LEAD) else f"F{text}"),
    ):
        if other.startswith(_LEAD):
            yield how, other
    if text.startswith(_LEAD):
        if _good(text) is None:
            yield "with the two digits of each byte swapped", _swapped(text)
        return  # what lost its beginning does not begin as it should
    bare = text.lstrip("0")
    if len(bare) == _SHORT < size:
        yield "with FFFF in front instead of zeros", f"{_LEAD}{bare}"
    # A device begins at one: what has a high counter without its zeros is rather of AES, and cut.
    if size == _TDES and text.endswith("0000"):
        short = _good(text[:_SHORT])
        if short is not None and short.counter <= _YOUNG:
            yield "with FFFF in front instead of zeros behind", str(short)
    if size == _TDES and text.endswith(_LEAD):
        yield "with FFFF in front instead of behind", f"{_LEAD}{text[:_SHORT]}"
