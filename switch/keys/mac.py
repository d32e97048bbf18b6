"""Message authentication codes, by the name of a scheme.

Owns the table of schemes, the text that configuration and dialects name one by, and the key that is
made ready for one. Refuses to know which bytes of a message are covered, and whose key it is.

A scheme is ``NAME[/PADDING][:BYTES]``: ``x9.19`` takes the defaults of its standard, ``x9.19/2``
pads by method 2 of ISO 9797-1, ``x9.19:8`` hands out all 8 bytes instead of the leftmost 4.

>>> key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
>>> mac("x9.19", key, b"Now is the time for all ").hex()
'a1c72e74'
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from switch.keys.ciphers import CIPHERS, WIPED, CipherName, Key, Uncopied, block_size, same
from switch.keys.mac_iso9797 import Algorithm1, Algorithm3, RetailMac
from switch.keys.mac_library import HASHES, CipherMac, HashMac
from switch.keys.mac_padding import pad
from switch.keys.mac_unionpay import FoldedMac, HexMac, UnionPayMac
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

Method: TypeAlias = Literal[
    "algorithm-1", "algorithm-3", "cmac", "hmac", "unionpay", "hex", "folded"
]

_BY_NAME: Final[dict[str, CipherName]] = {name: name for name in CIPHERS}
SHORTEST: Final = 4  # bytes: less can be guessed
_TEXT: Final = re.compile(r"([a-z0-9.-]+)(?:/([0-9]))?(?::([0-9]{1,2}))?", re.ASCII)


class Scheme(NamedTuple):
    """How a MAC is made. ``padding`` is 0 where the method has its own; ``length`` is what is
    handed out, the leftmost bytes of ``full``; ``keys`` the key lengths in bytes, none for any.
    """

    name: str
    method: Method
    cipher: str  # of a hash: its name
    keys: tuple[int, ...]
    padding: int
    length: int
    full: int
    said: str  # for people

    @staticmethod
    def parse(text: str) -> Scheme:
        """The scheme of ``NAME[/PADDING][:BYTES]``. Raises KeyRefused, which says what there is.

        >>> Scheme.parse("x9.19/2:8").padding, Scheme.parse("x9.19").length
        (2, 4)
        """
        return _parse(text)

    @property
    def written(self) -> str:
        """The text that names it, in its shortest form."""
        usual = SCHEMES[self.name]
        padding = "" if self.padding == usual.padding else f"/{self.padding}"
        length = "" if self.length == usual.length else f":{self.length}"
        return f"{self.name}{padding}{length}"


def _table() -> dict[str, Scheme]:
    tdes = (8, 16, 24)
    rows = [
        Scheme("iso9797-1", "algorithm-1", "TDES", tdes, 1, 8, 8, "ISO 9797-1 algorithm 1, (T)DES"),
        Scheme("iso9797-3", "algorithm-3", "TDES", (16,), 1, 8, 8, "ISO 9797-1 algorithm 3, DES"),
        Scheme("x9.9", "algorithm-1", "TDES", (8,), 1, 4, 8, "ANSI X9.9, DES"),
        Scheme("x9.19", "algorithm-3", "TDES", (16,), 1, 4, 8, "ANSI X9.19, DES (retail MAC)"),
        Scheme("cmac-aes", "cmac", "AES", (16, 24, 32), 0, 16, 16, "NIST SP 800-38B, AES"),
        Scheme("cmac-tdes", "cmac", "TDES", (16, 24), 0, 8, 8, "NIST SP 800-38B, TDES"),
        Scheme("unionpay-ecb", "unionpay", "TDES", tdes, 1, 8, 8, "UnionPay POS, (T)DES, hex"),
        Scheme("unionpay-cbc", "hex", "TDES", (8,), 1, 8, 8, "X9.9, first 8 hex digits"),
        Scheme("unionpay-x9.19", "folded", "TDES", (16,), 1, 8, 8, "X9.19 of all blocks XORed"),
        Scheme("unionpay-sm4", "unionpay", "SM4", (16,), 1, 8, 8, "UnionPay POS, SM4, hex"),
        Scheme("sm4-cbc", "algorithm-1", "SM4", (16,), 1, 16, 16, "GB/T 15852.1 algorithm 1, SM4"),
        Scheme("sm4-iso9797-3", "algorithm-3", "SM4", (32,), 1, 16, 16, "GB/T 15852.1 algorithm 3"),
        Scheme("sm4-cmac", "cmac", "SM4", (16,), 0, 16, 16, "CMAC, SM4"),
    ]
    rows += [
        Scheme(
            f"hmac-{name.lower().replace('-', '')}",
            "hmac",
            name,
            (),
            0,
            size,
            size,
            f"HMAC, {name}",
        )
        for name, size in HASHES.items()
    ]
    return {row.name: row for row in rows}


SCHEMES: Final = _table()


@lru_cache(maxsize=256)
def _parse(text: str) -> Scheme:
    match = _TEXT.fullmatch(text)
    usual = SCHEMES.get(match[1]) if match else None
    if match is None or usual is None:
        raise KeyRefused(
            f"{text!r} is no MAC scheme: NAME, NAME/PADDING or NAME:BYTES with one of the names "
            + ", ".join(SCHEMES)
        )
    padding = usual.padding if match[2] is None else int(match[2])
    if padding != usual.padding and (not usual.padding or padding not in (1, 2, 3)):
        right = "1, 2 and 3 are right" if usual.padding else "this one pads by itself: leave it out"
        raise KeyRefused(f"{text!r}: no such padding; {right}")
    length = usual.length if match[3] is None else int(match[3])
    # Hex digits carry half of what their number of bytes says.
    shortest = usual.full if usual.method in ("unionpay", "hex") else SHORTEST
    if not shortest <= length <= usual.full:
        raise KeyRefused(f"{text!r}: {shortest} to {usual.full} bytes are right")
    return usual._replace(padding=padding, length=length)


class MacKey(Uncopied):
    """A key made ready for one scheme: cipher contexts are made at the first MAC and used again.

    Belongs to one thread. ``second`` is the other key of algorithm 3 where the two come separately,
    each of any length the cipher takes. Raises KeyRefused for a key that the scheme does not take.

    >>> key = MacKey("cmac-aes:8", bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C"))
    >>> key.mac(b"").hex().upper()
    'BB1D6929E9593728'
    """

    __slots__ = ("_block", "_made", "scheme")

    def __init__(self, scheme: str | Scheme, key: Key, *, second: Key = b"") -> None:
        self.scheme = Scheme.parse(scheme) if isinstance(scheme, str) else scheme
        self._made: _Made | None = _make(self.scheme, key, second)
        self._block = 0 if not self.scheme.padding else block_size(_cipher(self.scheme))

    def mac(self, data: Key, *, iv: Key | None = None, steps: Steps | None = None) -> bytes:
        """The MAC in the scheme's length. ``iv``: of algorithms 1 and 3 only; else zeros."""
        if iv is not None and self.scheme.method not in ("algorithm-1", "algorithm-3"):
            raise KeyRefused(f"{self.scheme.name} has no initial block")
        if self.scheme.padding:
            data = pad(self.scheme.padding, data, self._block)
            if steps is not None:
                steps.note("data in whole blocks", data)
        if self._made is None:
            raise KeyRefused(WIPED)
        full = self._made.full(data, iv, steps)
        if steps is not None:
            steps.note("MAC in full", full)
        return full[: self.scheme.length]

    def check(self, data: Key, mac: Key, *, iv: Key | None = None) -> bool:
        """Whether the MAC fits, in its whole length; compared in constant time (SR-KEY-16)."""
        return same(self.mac(data, iv=iv), mac)

    def wipe(self) -> None:
        """Overwrite the key; it makes no more MACs."""
        if self._made is not None:
            self._made.wipe()
        self._made = None

    def __repr__(self) -> str:
        return f"MacKey({self.scheme.written})"


def mac(
    scheme: str | Scheme,
    key: Key,
    data: Key,
    *,
    second: Key = b"",
    iv: Key | None = None,
    steps: Steps | None = None,
) -> bytes:
    """One MAC under a key that is used this once; ``MacKey`` says what the arguments are."""
    made = MacKey(scheme, key, second=second)
    try:
        return made.mac(data, iv=iv, steps=steps)
    finally:
        made.wipe()


def mac_fits(
    scheme: str | Scheme,
    key: Key,
    data: Key,
    expected: Key,
    *,
    second: Key = b"",
    iv: Key | None = None,
) -> bool:
    """Whether ``expected`` is the MAC, in the scheme's whole length; compared in constant time."""
    return same(mac(scheme, key, data, second=second, iv=iv), expected)


class _Made(Protocol):
    def full(self, data: Key, iv: Key | None = None, steps: Steps | None = None, /) -> bytes: ...

    def wipe(self) -> None: ...


def _make(scheme: Scheme, key: Key, second: Key) -> _Made:
    if second and scheme.method != "algorithm-3":
        raise KeyRefused(f"{scheme.name} takes one key")
    if not second and scheme.keys and len(key) not in scheme.keys:
        right = " or ".join(map(str, scheme.keys))
        raise KeyRefused(f"the key for {scheme.name} has {len(key)} bytes: {right} are right")
    if scheme.method == "hmac":
        return HashMac(scheme.cipher, key)
    cipher = _cipher(scheme)
    if scheme.method == "cmac":
        return CipherMac(cipher, key)
    if scheme.method == "unionpay":
        return UnionPayMac(cipher, key)
    if scheme.method == "hex":
        return HexMac(cipher, key)
    if scheme.method == "folded":
        return FoldedMac(key)
    if scheme.method == "algorithm-1":
        return Algorithm1(cipher, key)
    return Algorithm3(cipher, key, second) if second or cipher != "TDES" else RetailMac(key)


def _cipher(scheme: Scheme) -> CipherName:
    return _BY_NAME[scheme.cipher]
