"""How characters become bytes: CPython's single- and multi-byte codecs, and IBM-1047, which
CPython lacks.

Owns the question whether a coding may stand in a layout at all. Knows nothing of fields.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_PROBE: Final = "0123456789ABCDEF="
# What UTF-7, HZ and Python's escapes read as the beginning of something else.
_ESCAPES: Final = ("+", "~", "\\", "\\u0041")
_LONGEST_NAME: Final = 40
_ALL_BYTES: Final = bytes(range(256))

# IBM-1047 differs from IBM-037 in six places only: brackets, circumflex, not sign, Y acute and
# diaeresis change seats.
_SEATS_037: Final = "[]^\u00dd\u00a8\u00ac"
_SEATS_1047: Final = "\u00dd\u00a8\u00ac[]^"
_TO_1047: Final = str.maketrans(_SEATS_037, _SEATS_1047)
_FROM_1047: Final = str.maketrans(_SEATS_1047, _SEATS_037)


@dataclass(frozen=True, slots=True)
class TextCoding:
    """One way of writing characters.

    ``decode`` and ``encode`` raise ``UnicodeError`` (a ``ValueError``) for what they cannot take.
    ``whole``: each of the 256 bytes is one character, so that a text may be cut at any byte,
    before or after decoding.
    """

    name: str
    decode: Callable[[bytes], str]
    encode: Callable[[str], bytes]
    whole: bool

    @property
    def is_ascii(self) -> bool:
        """Seven bits, one byte a character."""
        return self.name == "ascii"


@lru_cache(maxsize=64)
def text_coding(name: str) -> TextCoding:
    """The coding of that name. ``LookupError``, with a reason, where it cannot carry a message.

    >>> text_coding("cp1047").decode(bytes([0xAD, 0xF1, 0xBD]))
    '[1]'
    >>> text_coding("utf-16")
    Traceback (most recent call last):
    LookupError: encoding 'utf-16' does not write one byte a digit
    """
    if name.lower().replace("-", "").replace("_", "") in ("cp1047", "ibm1047"):
        return TextCoding("cp1047", _decode_1047, _encode_1047, True)
    try:
        known = codecs.lookup(name).name
        digits = _PROBE.encode(known)
    except (LookupError, UnicodeError, ValueError, TypeError):
        raise LookupError(f"unknown text encoding {_short(name)}") from None
    if len(digits) != len(_PROBE) or any(
        not _is_one(known, char, digits[k : k + 1]) for k, char in enumerate(_PROBE)
    ):
        raise LookupError(f"encoding {_short(name)} does not write one byte a digit")
    if any(not _is_plain(known, text) for text in _ESCAPES):
        raise LookupError(f"encoding {_short(name)} has characters that change the next ones")
    return TextCoding(known, _decoder(known), _encoder(known), _is_whole(known))


def bytewise(piece: bytes, name: str) -> str:
    """One character a byte, whatever stands there; a byte that is no character becomes U+FFFD."""
    decode = text_coding(name).decode
    chars = []
    for k in range(len(piece)):
        try:
            char = decode(piece[k : k + 1])
        except UnicodeError:
            char = "\ufffd"
        chars.append(char if len(char) == 1 else "\ufffd")
    return "".join(chars)


def _short(name: str) -> str:
    return repr(name) if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]!r}..."


def _is_one(known: str, char: str, piece: bytes) -> bool:
    try:
        return piece.decode(known, "replace") == char
    except UnicodeError:
        return False


def _is_plain(known: str, text: str) -> bool:
    """Whether a text, as far as the coding has it, is written a byte a character and read back."""
    try:
        written = text.encode(known)
    except UnicodeError:
        return True
    try:
        return len(written) == len(text) and written.decode(known) == text
    except UnicodeError:
        return False


def _is_whole(known: str) -> bool:
    try:
        text = _ALL_BYTES.decode(known)
    except UnicodeError:
        return False
    return len(text) == 256 and all(
        _ALL_BYTES[k : k + 1].decode(known) == char for k, char in enumerate(text)
    )


def _decoder(known: str) -> Callable[[bytes], str]:
    def decode(data: bytes) -> str:
        return data.decode(known)

    return decode


def _encoder(known: str) -> Callable[[str], bytes]:
    def encode(text: str) -> bytes:
        return text.encode(known)

    return encode


def _decode_1047(data: bytes) -> str:
    return data.decode("cp037").translate(_TO_1047)


def _encode_1047(text: str) -> bytes:
    return text.translate(_FROM_1047).encode("cp037")
