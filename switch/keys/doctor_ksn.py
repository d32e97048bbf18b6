"""The KSN doctor: when a key serial number is none, belongs to no transaction or calls for a key
that is not there, says what it looks like.

Owns the ways in which a key serial number is spoilt on its way. Refuses to know keys: it is given
the names of key sets that there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from switch.model.ksn import Counter, KsnRefused, parse, said
from switch.model.security import base_key

_SHORT: Final = 16  # digits of a TDES key serial number without its FFFF
_TDES: Final = 20
_AES: Final = 24


def ksn_doctor(text: str, names: Iterable[str] = ()) -> str:
    """What is wrong with it, and what would be right, one sentence; empty where it is good.

    ``text`` as it came, hex digits. ``names``: of the base derivation keys that there are
    (``switch.model.security.base_key``).

    >>> ksn_doctor("0100E01032547698FFFF", ["bdk.FFFF987654"])
    'its counter has more than 10 one bits, which no device sends; with its bytes in reverse order \
it would be of bdk.FFFF987654'
    """
    known = frozenset(names)
    wrong = _wrong(text, known)
    if not wrong:
        return ""
    for how, other in _otherwise(text):
        if not _wrong(other, known) and base_key(other.upper()) in known:
            return f"{wrong}; {how} it would be of {base_key(other.upper())}"
    return wrong


def _wrong(text: str, known: frozenset[str]) -> str:
    """Why it is of no transaction, or of no key."""
    try:
        ksn = parse(text)
    except KsnRefused as refused:
        return str(refused)
    if ksn.worth is not Counter.GOOD:
        return said(ksn.worth, aes=ksn.aes)
    name = base_key(str(ksn))
    return "" if name in known else f"there is no key {name}"


def _otherwise(text: str) -> Iterator[tuple[str, str]]:
    """How it may have been spoilt, and what it would have been, the likeliest first."""
    text = text.upper()
    size = len(text)
    if size % 2 == 0:
        turned = "".join(reversed([text[at : at + 2] for at in range(0, size, 2)]))
        yield "with its bytes in reverse order", turned
        with suppress(ValueError):
            yield "read as characters", bytes.fromhex(text).decode("ascii")
    for digits in (_SHORT, _TDES, _AES):
        if size > digits:
            yield f"without the {size - digits} digits in front", text[-digits:]
            yield f"without the {size - digits} digits behind", text[:digits]
    if size in (_TDES, _AES):
        yield "with FFFF in front instead of zeros", f"FFFF{text.lstrip('0')}"[-_TDES:]
    if size in (_SHORT, _SHORT + 2):
        yield "with zeros in front", text.rjust(_TDES, "0")
    if size == _TDES:
        yield "with FFFF in front instead of behind", f"FFFF{text[:_SHORT]}"
        yield "with zeros in front, of AES DUKPT", text.rjust(_AES, "0")
    if size == _TDES - 1 or size == _AES - 1:
        yield "with the zero in front that is lost", f"0{text}"
        yield "with the F in front that is lost", f"F{text}"
