"""Looks for secrets where none may be: in logs, stores, banners, core files, whatever a test can
read.

Owns the dresses that a secret may wear: text, EBCDIC, packed digits, hex of each, base64 at every
alignment, the escapes of Python and JSON. A test that hides a secret in each of them proves that it
would be found (tests/test_leaks.py).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

SHORTEST = 6  # bytes; a shorter needle would be found by chance
RUN = 9  # digits in a row of a card number that nobody may show: six and four are apart in a mask


def dresses(secret: str) -> dict[str, bytes]:
    """Each way in which a secret could have been written, by name."""
    raw = {"text": secret.encode(), "EBCDIC": secret.encode("cp500")}
    packed = secret.upper().replace("=", "D")
    if not set(packed) - set("0123456789ABCDEF"):
        even = packed[: len(packed) & ~1]
        raw["packed"] = bytes.fromhex(even)
        if len(packed) > 2 * SHORTEST:  # an odd number of digits, or a nibble in front
            raw["packed, half a byte later"] = bytes.fromhex(packed[1 : 1 + (len(packed) - 1 & ~1)])
            raw["separated by D"] = packed.encode()
    found = dict(raw)
    for name, data in raw.items():
        found[f"{name}, in hex"] = data.hex().encode()
        found[f"{name}, in capital hex"] = data.hex().upper().encode()
        found[f"{name}, as Python prints it"] = repr(data)[2:-1].encode()
        found[f"{name}, in JSON"] = json.dumps(data.decode("latin-1"))[1:-1].encode()
        for shift in range(3):
            found[f"{name}, in base64 ({shift})"] = _base64(data, shift)
    return {name: data for name, data in found.items() if len(data) >= SHORTEST}


def _base64(data: bytes, shift: int) -> bytes:
    """What of the base64 of the data does not depend on its neighbours, behind so many bytes."""
    encoded = b64encode(bytes(shift) + data)
    return encoded[-(-shift * 8 // 6) : (shift + len(data)) * 8 // 6]


def runs(pan: str) -> Iterator[str]:
    """Pieces of a card number that are too long to be shown."""
    return (pan[start : start + RUN] for start in range(len(pan) - RUN + 1))


def leaks(data: bytes, secrets: Iterable[str]) -> list[str]:
    """Which secrets are in the data, in which dress; never the secret itself."""
    plain = data.replace(b"-", b"+").replace(b"_", b"/")  # both alphabets of base64
    found = []
    for secret in secrets:
        shown = f"{secret[:2]}...{secret[-2:]}"
        for dress, needle in dresses(secret).items():
            if needle in data or needle in plain:
                found.append(f"{shown} as {dress}")
        if secret.isdigit() and any(run.encode() in data for run in runs(secret)):
            found.append(f"{shown}: {RUN} digits in a row")
    return found


def scan(paths: Iterable[Path], secrets: Iterable[str]) -> list[str]:
    """Leaks in files, and in the files of folders."""
    wanted = list(secrets)
    found = []
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in inside:
            if file.is_file():
                found += [f"{file.name}: {leak}" for leak in leaks(file.read_bytes(), wanted)]
    return found
