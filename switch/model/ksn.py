"""Key serial numbers of DUKPT as values: whose they are, their counter, whether it can exist, what
follows it, and whether a device used it before.

Owns that arithmetic, which needs no key: the core judges replay and window with it, the key room
derives with it. Refuses to know keys, and to keep anything.

TDES DUKPT (ANSI X9.24-1), 80 bits; the older 8-byte form is the same without the ``FFFF`` in
front::

    FFFF987654 3210E 00001    the key serial number
    ----------                key set identifier, names the base derivation key
               -----          device number, 19 bits: the last of its five digits
                              shares its last bit with the counter
                    -----     counter, the right 21 bits of all

AES DUKPT (ANSI X9.24-3), 96 bits::

    12345678 90123456 00000001
    --------                     BDK identifier, names the base derivation key
             --------            derivation identifier; with the eight digits before
                                 it the initial key identifier
                      --------   counter, 32 bits

A device skips counters with many 1 bits, because each 1 bit costs the host a step: more than ten
(TDES) or sixteen (AES) never occur. Counter zero belongs to the initial key and to no transaction.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

from msgspec import Struct

from switch.errors import IsoswitchError

TDES_COUNTERS: Final = 1_048_575  # how many a device has: all of 21 bits with one to ten 1 bits
AES_COUNTERS: Final = 2_448_023_842  # all of 32 bits with one to sixteen 1 bits
_TDES_DIGITS: Final = 20
_AES_DIGITS: Final = 24
_SHORT_DIGITS: Final = 16  # of TDES, without its FFFF
_TDES_BITS: Final = 21
_AES_BITS: Final = 32
_TDES_ONES: Final = 10
_AES_ONES: Final = 16
_TDES_LAST: Final = 0x1FF800  # all permitted 1 bits at the left
_AES_LAST: Final = 0xFFFF0000
_HEX: Final = re.compile(r"[0-9A-Fa-f]*\Z")


class KsnRefused(IsoswitchError):
    """A key serial number that is none, or that belongs to no transaction: says what is wrong with
    it. Key serial numbers travel in clear and are no secret.
    """


class Counter(Enum):
    """What a counter is worth to the host."""

    GOOD = "good"
    ZERO = "zero"  # that of the initial key
    IMPOSSIBLE = "impossible"  # has more 1 bits than a device ever sends
    EXHAUSTED = "exhausted"  # beyond the last one: the device is at its end


class Ksn(Struct, frozen=True, gc=False):
    """One key serial number. ``device`` is the key serial number with the counter at zero, 20
    upper-case hex digits of TDES (8 bytes are led by FFFF) or 24 of AES.

    >>> ksn = parse("FFFF9876543210E00001")
    >>> ksn.device, ksn.counter, ksn.aes
    ('FFFF9876543210E00000', 1, False)
    >>> str(parse("9876543210E00001"))
    'FFFF9876543210E00001'
    """

    device: str
    counter: int

    @property
    def aes(self) -> bool:
        """Whether it is of AES DUKPT; else of TDES."""
        return len(self.device) == _AES_DIGITS

    @property
    def last(self) -> int:
        """The highest counter of such a device."""
        return _AES_LAST if self.aes else _TDES_LAST

    @property
    def worth(self) -> Counter:
        """Whether a transaction can have this counter.

        >>> parse("FFFF9876543210E007FF").worth
        <Counter.IMPOSSIBLE: 'impossible'>
        >>> parse("FFFF9876543210FFF801").worth
        <Counter.EXHAUSTED: 'exhausted'>
        """
        return counter_worth(self.counter, aes=self.aes)

    @property
    def exhausted(self) -> bool:
        """Whether no counter follows: the device needs a new initial key."""
        return self.counter >= self.last

    def at(self, counter: int) -> Ksn:
        """The same device at another counter."""
        return Ksn(self.device, counter)

    def advanced(self) -> Ksn:
        """The key serial number of the next transaction. Raises KsnRefused after the last.

        >>> str(parse("12345678901234560001FFFE").advanced())
        '123456789012345600020000'
        """
        if self.exhausted:
            raise KsnRefused(
                f"device {self.device}: no counter is left after {self.last:X}: "
                "load a new initial key"
            )
        return self.at(next_counter(self.counter, aes=self.aes))

    def checked(self) -> Ksn:
        """Itself, if a transaction can have it. Raises KsnRefused."""
        worth = self.worth
        if worth is not Counter.GOOD:
            raise KsnRefused(f"key serial number {self}: {said(worth, aes=self.aes)}")
        return self

    def to_bytes(self) -> bytes:
        """10 or 12 bytes."""
        return bytes.fromhex(str(self))

    def __str__(self) -> str:
        bits = _AES_BITS if self.aes else _TDES_BITS
        digits = len(self.device)
        return f"{int(self.device, 16) >> bits << bits | self.counter:0{digits}X}"


def parse(text: str) -> Ksn:
    """The key serial number that 16, 20 or 24 hex digits are. Raises KsnRefused.

    Says nothing about the counter: see ``Ksn.worth``.

    >>> parse("FFFF9876543210E0000100")
    Traceback (most recent call last):
    switch.model.ksn.KsnRefused: a key serial number has 20 hex digits (TDES DUKPT, 16 without its \
FFFF) or 24 (AES DUKPT), not 22
    """
    if not _HEX.match(text):
        raise KsnRefused("a key serial number has hex digits only")
    digits = len(text)
    if digits == _SHORT_DIGITS:
        text, digits = f"FFFF{text}", _TDES_DIGITS
    if digits not in (_TDES_DIGITS, _AES_DIGITS):
        raise KsnRefused(
            "a key serial number has 20 hex digits (TDES DUKPT, 16 without its FFFF) or 24 "
            f"(AES DUKPT), not {digits}"
        )
    number = int(text, 16)
    counter = number & ((1 << (_AES_BITS if digits == _AES_DIGITS else _TDES_BITS)) - 1)
    return Ksn(f"{number - counter:0{digits}X}", counter)


def of_initial_key_id(text: str) -> Ksn:
    """The AES device that an initial key identifier (16 hex digits) names, counter zero.

    >>> of_initial_key_id("1234567890123456").device
    '123456789012345600000000'
    """
    if len(text) != _SHORT_DIGITS:
        raise KsnRefused(f"an initial key identifier has 16 hex digits, not {len(text)}")
    return parse(f"{text}00000000")


def counter_worth(counter: int, *, aes: bool) -> Counter:
    """Whether a device can send this counter (M-15)."""
    if counter == 0:
        return Counter.ZERO
    if counter > (_AES_LAST if aes else _TDES_LAST):
        return Counter.EXHAUSTED
    if counter.bit_count() > (_AES_ONES if aes else _TDES_ONES):
        return Counter.IMPOSSIBLE
    return Counter.GOOD


def said(worth: Counter, *, aes: bool) -> str:
    """The finding in words, for errors and trails.

    >>> said(Counter.IMPOSSIBLE, aes=False)
    'its counter has more than 10 one bits, which no device sends'
    """
    ones, last = (_AES_ONES, _AES_LAST) if aes else (_TDES_ONES, _TDES_LAST)
    return {
        Counter.GOOD: "its counter is one that a device sends",
        Counter.ZERO: "its counter is zero, which is that of the initial key",
        Counter.IMPOSSIBLE: f"its counter has more than {ones} one bits, which no device sends",
        Counter.EXHAUSTED: f"its counter is beyond {last:X}, the last: the device is exhausted",
    }[worth]


def next_counter(counter: int, *, aes: bool) -> int:
    """The smallest permitted counter above this one; beyond the last, one that is EXHAUSTED.

    Where adding one gives too many 1 bits, adding the lowest 1 bit clears the run at the right end,
    and whatever lies between has these 1 bits and more.

    >>> f"{next_counter(0x0007FE, aes=False):06X}"
    '000800'
    """
    counter += 1
    ones = _AES_ONES if aes else _TDES_ONES
    while counter.bit_count() > ones:
        counter += counter & -counter
    return counter


def previous_counter(counter: int, *, aes: bool) -> int:
    """The largest permitted counter below this one; zero where there is none.

    Of a number with too many 1 bits, the largest below it with fewer has its highest ones alone.

    >>> f"{previous_counter(0x000800, aes=False):06X}"
    '0007FE'
    """
    counter = max(counter - 1, 0)
    ones = _AES_ONES if aes else _TDES_ONES
    while counter.bit_count() > ones:
        counter &= counter - 1
    return counter


class Use(NamedTuple):
    """What became of a counter: ``fate`` is ``new`` (ahead of all before), ``late`` (behind, but
    within the window and not used), ``replay`` or ``old`` (outside the window). ``newest`` and
    ``seen`` are what to remember afterwards; unchanged where it is not accepted.
    """

    fate: str
    newest: int
    seen: int

    @property
    def accepted(self) -> bool:
        """Whether the counter may be used."""
        return self.fate in ("new", "late")


def use(newest: int, seen: int, counter: int, *, window: int) -> Use:
    """Use up a counter of a device (INV-71, M-13, M-14).

    ``seen`` has bit n set where the counter ``newest - n`` was used; a device of which nothing is
    known has ``newest`` 0 and ``seen`` 0. ``window`` is how far behind the newest a counter may be.

    >>> use(5, 0b1, 3, window=16)
    Use(fate='late', newest=5, seen=5)
    >>> use(5, 0b101, 3, window=16).fate
    'replay'
    """
    behind = newest - counter
    if behind < 0:
        kept = (1 << (window + 1)) - 1
        # A device may jump far ahead; what falls out of the window need not be shifted for.
        moved = seen << -behind & kept if -behind <= window else 0
        return Use("new", counter, moved | 1)
    if seen >> behind & 1:
        return Use("replay", newest, seen)
    if behind > window:
        return Use("old", newest, seen)
    return Use("late", newest, seen | 1 << behind)


def from_legacy(text: str) -> Ksn:
    """The AES key serial number that an 80-bit one stands for, in the compatibility mode of the X9
    reference source: the left 59 bits, followed by a zero bit, are the initial key identifier, the
    right 21 bits the counter.

    >>> str(from_legacy("0E11111111FFFFFF0000"))
    '00E11111111FFFFE001F0000'
    """
    if len(text) != _TDES_DIGITS or not _HEX.match(text):
        raise KsnRefused("a key serial number of 80 bits has 20 hex digits")
    number = int(text, 16)
    identifier = number >> _TDES_BITS << 1
    return Ksn(f"{identifier:016X}00000000", number & ((1 << _TDES_BITS) - 1))
