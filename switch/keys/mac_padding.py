"""Padding of ISO/IEC 9797-1: how data becomes whole blocks before a MAC is computed.

Owns methods 1 to 3. Refuses to know ciphers and keys.
"""

from __future__ import annotations

from switch.keys.ciphers import Key
from switch.keys.port import KeyRefused


def pad(method: int, data: Key, block: int) -> bytes:
    """The data in whole blocks of ``block`` bytes, at least one. Raises KeyRefused for a method
    other than 1, 2, 3.

    1 fills with zeros and adds nothing to whole blocks, so trailing zeros cannot be told apart;
    2 appends 80 and then zeros, always at least one byte; 3 fills as 1 and puts a block with the
    number of bits in front.

    ::

        data        4 1 4 2 4 3
        padding 1   4 1 4 2 4 3 0 0 0 0 0 0 0 0 0 0
        padding 2   4 1 4 2 4 3 8 0 0 0 0 0 0 0 0 0
        padding 3   0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 8  4 1 4 2 4 3 0 0 0 0 0 0 0 0 0 0

    >>> [pad(method, b"ABC", 8).hex().upper() for method in (1, 2, 3)]
    ['4142430000000000', '4142438000000000', '00000000000000184142430000000000']
    """
    if method == 1:
        return _filled(data, block)
    if method == 2:
        return _filled(bytes(data) + b"\x80", block)
    if method == 3:
        return (len(data) * 8).to_bytes(block, "big") + _filled(data, block)
    raise KeyRefused(f"padding {method}: ISO 9797-1 has 1, 2 and 3")


def _filled(data: Key, block: int) -> bytes:
    missing = -len(data) % block if data else block
    return bytes(data) + bytes(missing)
