"""The application transaction counters of the chip cards that people hold to virtual terminals.

Owns that a card's counter goes up with each transaction, also over power cuts and over terminals
that share a wallet: a chip never uses a counter twice (EMV book 2). Refuses to know card numbers: a
card is known by its number as it may be shown, and its sequence number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from switch_tools.terminal_kept import KeptFile, KeptFileError
from switch_tools.terminal_refusal import TerminalError

WALLET_NAME: Final = "cards"
LAST_ATC: Final = 0xFFFF
_HEADING: Final = "isoswitch card counters, version 1"


class CardWornOut(TerminalError):
    """A chip that has counted to its end."""


class Wallet:
    """Counters by card. Without a folder they are gone when the program ends."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = None if folder is None else KeptFile(folder / WALLET_NAME, _HEADING)
        self._counters: dict[str, int] = {}

    def next_atc(self, card: str) -> int:
        """The counter of the card's next transaction, 1 to 65535, kept before it is returned.
        Raises CardWornOut, KeptFileError.

        >>> wallet = Wallet()
        >>> wallet.next_atc("a card"), wallet.next_atc("a card"), wallet.next_atc("another")
        (1, 2, 1)
        """
        if self._file is None:
            return self._advanced(card)
        with self._file.locked():
            self._counters = _read(self._file)
            atc = self._advanced(card)
            self._file.replace(msgspec.json.encode(self._counters))
        return atc

    def _advanced(self, card: str) -> int:
        atc = self._counters.get(card, 0) + 1
        if atc > LAST_ATC:
            raise CardWornOut("the card's transaction counter is at its end: take another card")
        self._counters[card] = atc
        return atc


def _read(file: KeptFile) -> dict[str, int]:
    data = file.read()
    try:
        return msgspec.json.decode(data, type=dict[str, int]) if data else {}
    except msgspec.DecodeError:
        said = f"{file.path}: is damaged: move it away (the cards then count from 1 again)"
        raise KeptFileError(said) from None
