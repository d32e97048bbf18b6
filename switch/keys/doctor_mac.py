"""The MAC doctor: when a MAC does not fit, says what would have.

Owns the mistakes that a terminal can make with a MAC, in the order in which they are made, and the
sentence about the one that explains it. Refuses to know whose keys it is given (the vault gives
keys marked test only), which bytes of a message may be covered (the wire says), and to decide
anything: the MAC stays wrong.

The work is bounded: some dozens of keys, schemes and coverings, and two of them at once only where
the key is the right one. A finding is not a proof: of four bytes, one in four thousand million MACs
fits by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import Final, NamedTuple

from switch.keys.ciphers import Key
from switch.keys.doctor_keys import TryKey
from switch.keys.mac import SCHEMES, SHORTEST, MacKey, Scheme
from switch.keys.mac_padding import pad
from switch.keys.port import KeyRefused

COVERINGS: Final = 16  # other ways of covering a message that are tried
TWICE: Final = 4  # of them, those that are tried with another scheme at once
_PADDINGS: Final = (1, 2, 3)
# What a mistake is called, by what it is a mistake of.
_CALLED: Final = {
    "padding": "the terminal pads otherwise than this switch expects",
    "scheme": "the terminal makes its MACs otherwise than this switch expects",
    "cut": "the terminal hands out other bytes of its MACs than this switch expects",
    "covered": "the terminal covers other bytes of the message than this switch expects",
    "key": "the terminal takes another key than this switch expects",
}
_NO_BYTES: Final = (
    "the MAC field holds no hex digits: the terminal writes the bytes themselves where this switch "
    "expects their digits"
)


class _Mistake(NamedTuple):
    """``said`` as behind "it would fit"."""

    of: str
    said: str


def mac_doctor(
    keys: Iterable[TryKey], covered: Sequence[tuple[str, bytes]], mac: Key, scheme: str
) -> str:
    """What would have fitted, one sentence; empty where nothing does.

    ``keys``: the right one first, then what may have been taken for it. ``covered``: the bytes that
    the MAC should cover first (what is said of them does not matter), then what others cover:
    what is different, and the bytes. ``scheme`` as ``switch.keys.mac`` names it.

    >>> from switch.keys.doctor_keys import static_keys
    >>> from switch.keys.mac import mac
    >>> key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> made = mac("x9.19/2", key, b"0800")
    >>> mac_doctor(static_keys("TDES", key), [("", b"0800")], made, "x9.19")
    'it would fit with padding 2 of ISO 9797-1 (x9.19/2): the terminal pads otherwise than this \
switch expects'
    """
    if len(mac) < SHORTEST:
        return _NO_BYTES if not mac else f"a MAC of {len(mac)} bytes is too short to be one"
    expected = Scheme.parse(scheme)
    case = _Case(expected, bytes(mac), covered[:1], covered[1 : COVERINGS + 1])
    mistakes = case.found(iter(keys))
    if not mistakes:
        return ""
    phrases = ", ".join(mistake.said for mistake in mistakes)
    return f"it would fit {phrases}: {_CALLED[mistakes[0].of]}"


class _Case:
    """One MAC that does not fit."""

    def __init__(
        self,
        expected: Scheme,
        mac: bytes,
        own: Sequence[tuple[str, bytes]],
        others: Sequence[tuple[str, bytes]],
    ) -> None:
        self.expected = expected
        self.shapes = _Shapes(mac, expected.length)
        self.own = [_Covered("", data) for _, data in own]
        self.others = [_Covered(said, data) for said, data in others]

    def found(self, keys: Iterator[TryKey]) -> list[_Mistake] | None:
        """The first explanation, of as few mistakes as can be."""
        right = next(keys, None)
        if right is None:
            return None
        ready = [_Ready(scheme, right) for scheme in _ways(self.expected)]
        try:
            looks: tuple[Callable[[], list[_Mistake] | None], ...] = (
                lambda: self._tried(ready, self.own, _PADDINGS),
                lambda: self._tried(ready[:1], self.others),
                lambda: self._under_others(keys),
                lambda: self._tried(ready[:1], self.others, _PADDINGS),
                lambda: self._tried(ready[1:], self.others[:TWICE]),
            )
            found = (look() for look in looks)
            return next((mistakes for mistakes in found if mistakes is not None), None)
        finally:
            for each in ready:
                each.wipe()

    def _under_others(self, keys: Iterator[TryKey]) -> list[_Mistake] | None:
        """Another key, with the padding right or wrong."""
        for key in keys:
            ready = _Ready(_way_for(self.expected, key), key)
            try:
                mistakes = self._tried([ready], self.own, _PADDINGS)
            finally:
                ready.wipe()
            if mistakes is not None:
                return [_Mistake("key", key.said), *mistakes]
        return None

    def _tried(
        self,
        ready: Sequence[_Ready],
        covered: Sequence[_Covered],
        paddings: tuple[int, ...] = (),
    ) -> list[_Mistake] | None:
        """The usual padding with all that may be covered before any other of ``paddings``."""
        for each in ready:
            for padding in each.paddings(self.expected, paddings):
                for what in covered:
                    full = each.full(padding, what)
                    if self.shapes.may_be(full):
                        cut = self.shapes.cut(full)
                        if cut is not None:
                            return self._mistakes(each.scheme, padding, what.said, cut)
        return None

    def _mistakes(self, scheme: Scheme, padding: int, covered: str, cut: str) -> list[_Mistake]:
        found, expected = [], self.expected
        made = scheme._replace(padding=padding, length=min(expected.length, scheme.full))
        if (made.method, made.cipher) != (expected.method, expected.cipher):
            found.append(_Mistake("scheme", f"as {made.said} ({made.written})"))
        elif padding != expected.padding:
            said = f"with padding {padding} of ISO 9797-1 ({made.written})"
            found.append(_Mistake("padding", said))
        if covered:
            found.append(_Mistake("covered", covered))
        if cut:
            found.append(_Mistake("cut", cut))
        return found


class _Covered:
    """What a MAC may cover, in whole blocks as each padding makes them."""

    def __init__(self, said: str, data: bytes) -> None:
        self.said = said
        self._data = data
        self._padded: dict[tuple[int, int], bytes] = {}

    def padded(self, padding: int, block: int) -> bytes:
        """The data; as it is where the method pads by itself."""
        if not padding:
            return self._data
        made = self._padded.get((padding, block))
        if made is None:
            made = self._padded[padding, block] = pad(padding, self._data, block)
        return made


class _Ready:
    """A key made ready for a way of making MACs, once for all paddings: whole blocks stay as they
    are under padding 1. Makes nothing where key and way do not go together.
    """

    def __init__(self, scheme: Scheme, key: TryKey) -> None:
        self.scheme = scheme
        self._block = 16 if scheme.cipher in ("AES", "SM4") else 8
        self._mac: MacKey | None = None
        with suppress(KeyRefused):
            whole = scheme._replace(length=scheme.full, padding=1 if scheme.padding else 0)
            self._mac = MacKey(whole, key.value)

    def paddings(self, expected: Scheme, others: tuple[int, ...]) -> tuple[int, ...]:
        """The likeliest, then the others; none where nothing can be made."""
        if self._mac is None:
            return ()
        if not self.scheme.padding:
            return (0,)
        first = expected.padding or self.scheme.padding
        return (first, *(each for each in others if each != first))

    def full(self, padding: int, covered: _Covered) -> bytes:
        """The MAC in all its bytes."""
        assert self._mac is not None
        return self._mac.mac(covered.padded(padding, self._block))

    def wipe(self) -> None:
        """Overwrite the key."""
        if self._mac is not None:
            self._mac.wipe()


@cache
def _ways(expected: Scheme) -> tuple[Scheme, ...]:
    """The expected scheme, then each other way of calculating once."""
    found = {(expected.method, expected.cipher): expected}
    for row in SCHEMES.values():
        found.setdefault((row.method, row.cipher), row)
    return tuple(found.values())


def _way_for(expected: Scheme, key: TryKey) -> Scheme:
    """What another key is tried with: the expected scheme, or the one that a key of its kind and
    length is mostly for.
    """
    if key.kind == expected.cipher and (not expected.keys or len(key.value) in expected.keys):
        return expected
    name = _USUAL.get((key.kind, len(key.value))) or _USUAL.get((key.kind, 0), "")
    return SCHEMES[name] if name else expected


# The scheme that a key of a kind and of so many bytes (0: any) is mostly for.
_USUAL: Final = {
    ("TDES", 8): "x9.9",
    ("TDES", 16): "x9.19",
    ("TDES", 24): "cmac-tdes",
    ("AES", 0): "cmac-aes",
    ("HMAC", 0): "hmac-sha256",
    ("SM4", 0): "sm4-cbc",
}


class _Shapes:
    """The forms that a terminal may hand a MAC out in: compared by their first bytes at once, so
    that a MAC that is none of them costs next to nothing.
    """

    def __init__(self, mac: bytes, length: int) -> None:
        self._mac = mac
        self._length = length
        self._heads = {mac[:SHORTEST], mac[-SHORTEST:], mac[SHORTEST : 2 * SHORTEST]}
        self._heads |= {mac[::-1][:SHORTEST], mac[::-1][-SHORTEST:]}
        with suppress(ValueError):
            self._heads.add(bytes.fromhex(mac[: 2 * SHORTEST].decode("ascii")))

    def may_be(self, full: bytes) -> bool:
        """Whether the first or last bytes are anywhere in what came."""
        return full[:SHORTEST] in self._heads or full[-SHORTEST:] in self._heads

    def cut(self, full: bytes) -> str | None:
        """How it was cut, as behind "it would fit"; empty as it should be, none where it is not."""
        mac, size = self._mac, len(self._mac)
        if mac == full[: self._length]:
            return ""
        if mac == full[:size]:
            return f"in its first {size} bytes instead of {self._length}"
        short = full[:SHORTEST]
        text = full.hex()
        forms = [
            (short.ljust(size, b"\0"), "in its first 4 bytes, zeros behind them"),
            (short.rjust(size, b"\0"), "in its first 4 bytes, zeros in front of them"),
            (full[-size:], f"in its last {size} bytes"),
            (full[-SHORTEST:].ljust(size, b"\0"), "in its last 4 bytes, zeros behind them"),
            (full[-SHORTEST:].rjust(size, b"\0"), "in its last 4 bytes, zeros in front of them"),
            (text.upper()[:size].encode(), f"in its first {size} hex digits as characters"),
            (text[:size].encode(), f"in its first {size} hex digits as small characters"),
            (full[::-1][:size], "with its bytes in reverse order"),
            (full[:size][::-1], "with its bytes in reverse order"),
        ]
        return next((said for form, said in forms if form == mac), None)
