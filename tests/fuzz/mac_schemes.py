"""Fuzz target: any text as the name of a MAC scheme, any bytes as its key, data and MAC.

Owns what must hold: a scheme or a KeyRefused; a scheme is named again by what it writes of itself;
a MAC fits its data in its whole length, and nothing else fits.
"""

from __future__ import annotations

from typing import Final

from switch.keys.mac import SCHEMES, SHORTEST, MacKey, Scheme, mac, mac_fits
from switch.keys.port import KeyRefused

# A scheme's name, a zero byte, a byte for the key's length, key and data.
SEEDS: Final = (
    b"x9.19/2:8\x00\x10" + bytes.fromhex("0123456789ABCDEFFEDCBA9876543210") + b"Now is the time",
    b"cmac-aes:8\x00\x10" + bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"),
    b"hmac-sha256\x00\x14" + b"\x0b" * 20 + b"Hi There",
    b"sm4-iso9797-3\x00\x20" + bytes(range(32)) + b"1",
    *(name.encode() + b"\x00\x10" + bytes(range(16)) + b"data" for name in SCHEMES),
)


def fuzz_one(data: bytes) -> None:
    """The text up to a zero byte is a name; then the key's length, the key and the data."""
    head, _, tail = data.partition(b"\x00")
    text = head.decode("latin-1")
    size = tail[0] % 34 if tail else 0
    key, covered = tail[1 : 1 + size], tail[1 + size :]
    try:
        scheme = Scheme.parse(text)
    except KeyRefused:
        return
    assert Scheme.parse(scheme.written) == scheme
    assert SHORTEST <= scheme.length <= scheme.full
    try:
        made = mac(scheme, key, covered)
    except KeyRefused:
        assert not key or (scheme.keys and len(key) not in scheme.keys)
        return
    assert not scheme.keys or len(key) in scheme.keys
    assert len(made) == scheme.length
    assert mac_fits(text, key, covered, made)
    ready = MacKey(scheme, key)
    assert ready.check(covered, made)
    assert ready.check(covered, made)  # a ready key serves again
    for other in (made[:-1], made + b"\x00", bytes((made[0] ^ 1,)) + made[1:], b""):
        assert not ready.check(covered, other)
    ready.wipe()
