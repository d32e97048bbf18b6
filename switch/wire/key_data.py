"""Working keys in the answer to a key exchange, as text: ``TPK=D0112P0TE00...;TAK=D0112M3TC00...``
where they are handed out as key blocks (X9.143, TR-31), ``TPK=F5A1...,82E136;TAK=...`` where they
are cryptograms, each with its check value.

Owns that notation. Refuses to know what is in a block or cryptogram; both are under the terminal
master key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from switch.errors import EncodeError

_ROLE: Final = re.compile(r"[A-Z][A-Z0-9]{1,7}")
_CRYPTOGRAM: Final = re.compile(r"((?:[0-9A-F]{2}){8,64}),((?:[0-9A-F]{2}){2,8})")
_BLOCK: Final = re.compile(r"[A-Z0-9][0-9]{4}[ -:<-~]{11,4000}")  # printable, but no semicolon


class HandedKey(NamedTuple):
    """A key that was handed out. ``role``: ``TPK``, ``TAK``, ``TDK``; ``value`` is a key block, or
    a cryptogram in hex where there is a ``check_value``. Shows neither.
    """

    role: str
    value: str
    check_value: str = ""

    def __repr__(self) -> str:
        return f"HandedKey({self.role})"


def key_text(keys: Iterable[HandedKey]) -> str:
    """The keys as text. EncodeError for what cannot be written so.

    >>> key_text([HandedKey("TPK", "00112233445566778899AABBCCDDEEFF", "08D7B4")])
    'TPK=00112233445566778899AABBCCDDEEFF,08D7B4'
    """
    items = []
    for key in keys:
        text = f"{key.value},{key.check_value}" if key.check_value else key.value
        shape = _CRYPTOGRAM if key.check_value else _BLOCK
        if not _ROLE.fullmatch(key.role) or not shape.fullmatch(text):
            kind = "cryptogram with check value" if key.check_value else "key block"
            raise EncodeError("key_data", f"{key.role[:8]!r} is no {kind} that can be written")
        items.append(f"{key.role}={text}")
    return ";".join(items)


def keys_of(text: str) -> tuple[HandedKey, ...]:
    """The keys of a text; empty where it is not written like that.

    >>> keys_of("TPK=00112233445566778899AABBCCDDEEFF,08D7B4")
    (HandedKey(TPK),)
    """
    keys = []
    for item in text.rstrip().split(";"):
        role, _, value = item.partition("=")
        if not _ROLE.fullmatch(role):
            return ()
        found = _CRYPTOGRAM.fullmatch(value)
        if found is not None:
            keys.append(HandedKey(role, *found.groups()))
        elif _BLOCK.fullmatch(value):
            keys.append(HandedKey(role, value))
        else:
            return ()
    return tuple(keys)
