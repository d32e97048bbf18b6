"""The test PIN of a made-up world, which every card has that brings none of its own.

Owns a keyed hash of it and the comparison. Refuses to keep the PIN.
"""

from __future__ import annotations

from typing import Final

from switch.keys.ciphers import same
from switch.keys.master import MasterKey
from switch.keys.pin_block import check_pin
from switch.keys.seal import Tokens

_KEY_BYTES: Final = 32


class HousePin:
    """None, until one is given."""

    __slots__ = ("_kept", "_tokens")

    def __init__(self, master: MasterKey) -> None:
        self._kept = b""
        with master.derived("house pin 1", _KEY_BYTES) as key:
            self._tokens = Tokens(key)

    @property
    def known(self) -> bool:
        """Whether there is one."""
        return bool(self._kept)

    def keep(self, pin: str) -> None:
        """From now on it is this one. Raises KeyRefused for what is no PIN."""
        check_pin(pin)
        self._kept = self._tokens.token(pin).encode()

    def fits(self, pin: str) -> bool:
        """Whether it is this one; compared in constant time (SR-KEY-16)."""
        return same(self._tokens.token(pin).encode(), self._kept)

    def __repr__(self) -> str:
        return "HousePin()"
