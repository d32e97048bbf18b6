"""Keys of a virtual terminal as key blocks: at rest under the terminal's own key, and on their way
from a host under its master key.

Owns what a terminal takes from a host. All ciphering is ``switch.keys``'. Refuses to keep anything.
"""

from __future__ import annotations

import os
from typing import Final

from switch.keys.check_value import KeyKind, check_value, check_value_fits
from switch.keys.ciphers import Key, aes_decrypt, tdes_decrypt, wipe
from switch.keys.clear_keys import refuse_unfit
from switch.keys.key_block import padding_length, unwrap, wrap
from switch.keys.key_block_header import Header
from switch.keys.port import KeyRefused
from switch_tools.terminal_refusal import TerminalError

_VERSION: Final = "D"
_NO_RESTRICTION: Final = "N"  # of the mode of use
_KINDS: Final[dict[str, KeyKind]] = {"T": "TDES", "A": "AES"}


class KeyNotTaken(TerminalError):
    """A key that the terminal does not take. Says why, and nothing of the key."""


def closed(own: Key, usage: str, algorithm: str, key: Key) -> str:
    """The key as it rests. Raises KeyRefused."""
    mode = "X" if usage == "B1" else _NO_RESTRICTION
    header = Header(_VERSION, usage, algorithm, mode, exportability="N")
    return wrap(own, header, key, os.urandom(padding_length(header, len(key))))


def opened(own: Key, block: str) -> bytearray:
    """A key that rests, in clear. Raises KeyNotTaken where it was put there under another key."""
    try:
        return unwrap(own, block).key
    except KeyRefused:
        said = "the terminal's keys do not belong to its terminal.key: inject them anew"
        raise KeyNotTaken(said) from None


def check_value_of(algorithm: str, key: Key) -> str:
    """What may be told of a key, in hex (SR-KEY-08)."""
    return check_value(_KINDS[algorithm], key).hex().upper()


def fit_to_inject(algorithm: str, key: Key) -> None:
    """Raises KeyRefused for a key that no terminal takes."""
    refuse_unfit(_KINDS[algorithm], key)


def from_block(tmk: Key, block: str, usage: str) -> tuple[str, bytearray]:
    """Algorithm and key of a key block that the host has sent; ``usage`` is how its usage has to
    begin. Raises KeyNotTaken.
    """
    try:
        found = unwrap(tmk, block)
    except KeyRefused:
        raise KeyNotTaken("the key block does not open under the terminal's master key") from None
    algorithm, key = found.header.algorithm, found.key
    if not found.header.usage.startswith(usage) or algorithm not in _KINDS:
        wipe(key)
        said = f"the key block holds a key for {found.header.usage}{algorithm}"
        raise KeyNotTaken(f"{said} where one for {usage} belongs")
    return algorithm, key


def from_cryptogram(
    tmk_algorithm: str, tmk: Key, cryptogram: bytes, told: str
) -> tuple[str, bytearray]:
    """The same of a key that was enciphered in ECB under the master key; its algorithm is that of
    the master key, ``told`` its check value in hex. Raises KeyNotTaken.
    """
    decrypt = aes_decrypt if tmk_algorithm == "A" else tdes_decrypt
    key = decrypt(tmk, cryptogram)
    if not check_value_fits(_KINDS[tmk_algorithm], key, bytes.fromhex(told)):
        wipe(key)
        raise KeyNotTaken("the check value is another key's: the keys of before stay")
    return tmk_algorithm, key
