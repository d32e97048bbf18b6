"""Bytes from what people have at hand: hex in any dress, hex dumps, text, binary files.

Owns the forgiving reading of hex; refuses to know messages. Whether digits are hex or the message
itself is for the caller to find out: both readings are offered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from switch.errors import IsoswitchError

MAX_BYTES: Final = 4_000_000

_DRESS: Final = re.compile(r"0[xX]|\\x|[\s,;:\-]")
_HEX: Final = re.compile(r"[0-9A-Fa-f]*")
_DUMP_LINE: Final = re.compile(r"\s*([0-9A-Fa-f]{4,8})(:?)(?:\s+(.*))?$")
_TOKEN: Final = re.compile(r"([0-9A-Fa-f]+)(\s*)")
_ROW: Final = 16


class InputError(IsoswitchError):
    """What was given is neither hex nor a file."""


def from_argument(text: str) -> list[bytes]:
    """Readings of a command-line argument: a file's, or hex. The first is the likelier."""
    if _is_file(text):
        return from_bytes(_read(Path(text)))
    found = from_hex(text)
    if found is None:
        raise InputError(_complaint(text))
    return [found, text.strip().encode("latin-1", "replace")]


def from_bytes(raw: bytes) -> list[bytes]:
    """Readings of a file or a pipe: hex text in any dress, else the bytes themselves."""
    if len(raw) > MAX_BYTES:
        raise InputError(f"more than {MAX_BYTES} bytes: give one message, not a whole trace")
    try:
        found = from_hex(raw.decode("ascii"))
    except UnicodeDecodeError:
        return [raw]
    if found is None or (not found and raw):
        return [raw]
    return [found, raw]


def from_hex(text: str) -> bytes | None:
    r"""The bytes of hex digits, dressed with spaces, ``0x``, colons and line ends, or of a hex
    dump.

    >>> from_hex("0x08 0x00, 0x22").hex(), from_hex("08:00\n22").hex(), from_hex("0800 2")
    ('080022', '080022', None)
    """
    lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    dumped = _from_dump(lines)
    if dumped is not None:
        return dumped
    digits = _DRESS.sub("", "\n".join(lines))
    if not _HEX.fullmatch(digits) or len(digits) % 2:
        return None
    return bytes.fromhex(digits)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as failure:
        raise InputError(f"{path}: {failure.strerror}") from None


def _complaint(text: str) -> str:
    """What is wrong with an argument, without repeating it: it may hold a card number."""
    digits = _DRESS.sub("", text)
    if _HEX.fullmatch(digits):
        return f"{len(digits)} hex digits: half a byte too much or too little"
    bad = next(k for k, char in enumerate(digits) if char not in "0123456789ABCDEFabcdef")
    return (
        f"neither a file nor hex: character {bad + 1} ({digits[bad]!r}) is no hex digit. "
        "For a message as text, give a file or pipe it in: isoswitch inspect - < message"
    )


def _from_dump(lines: list[str]) -> bytes | None:
    """The bytes of a hex dump (hexdump -C, xxd, od -tx1 and their like); ``None`` if it is none.

    Offsets in front must count up from zero by the bytes of each line; ``*`` repeats a line.
    """
    rows = list(_dump_rows(lines))
    if not rows or rows[0] is None or rows[0][0] != 0 or len(rows) != len(lines):
        return None
    clear = any("|" in line or ":" in line.split()[0] for line in lines) or len(rows) > 1
    if not clear and len(lines[0].split()[0]) != 8:
        return None
    out = bytearray()
    last = b""
    folded = False
    for k, row in enumerate(rows):
        if row is None:
            folded = True
            continue
        offset, rest = row
        if folded and last:
            while len(out) < offset:
                out += last
        folded = False
        if offset != len(out):
            return None
        behind = next((other[0] for other in rows[k + 1 :] if other is not None), None)
        starred = k + 1 < len(rows) and rows[k + 1] is None
        room = _ROW if behind is None or starred else min(behind - offset, 64)
        last = _row(rest, room)
        if not last and k + 1 < len(rows):
            return None
        out += last
    return bytes(out)


def _dump_rows(lines: list[str]) -> Iterator[tuple[int, str] | None]:
    for line in lines:
        if line.strip() == "*":
            yield None
            continue
        match = _DUMP_LINE.fullmatch(line)
        if match is not None:
            yield int(match[1], 16), match[3] or ""


def _row(rest: str, room: int) -> bytes:
    """The bytes of one line, at most ``room``: what follows them is the text column."""
    digits = ""
    at = 0
    while len(digits) < 2 * room and (match := _TOKEN.match(rest, at)) is not None:
        if len(match[1]) % 2 or len(match[1]) > 8:
            break
        digits += match[1]
        at = match.end()
        if len(match[2]) > 1 and len(digits) != _ROW:
            break
    return bytes.fromhex(digits)
