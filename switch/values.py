"""Values that guard themselves: card numbers, tracks, PIN blocks print masked, are not serialised.

Masking is by type, so a new log line cannot leak: ``str()``, ``repr()`` and f-strings show at most
the first six and last four digits of a PAN (last four only under 13 digits, SR-PAN-01) and nothing
of a track, PIN block or chip data. The clear value is reached only through ``reveal()``, whose call
sites are a reviewed list in ``tests/test_architecture.py``.
"""

from __future__ import annotations

from typing import Final, NoReturn

# Each digit doubled, nines cast out, as text: the even places of the Luhn sum.
_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")


def mask_pan(digits: str) -> str:
    """The one masking function: ``4761739001010010`` -> ``476173******0010``.

    >>> mask_pan("4761739001010010")
    '476173******0010'
    >>> mask_pan("123456789012")
    '********9012'
    """
    hidden = len(digits) - 10
    if hidden < 3:
        tail = digits[-4:] if len(digits) > 7 else ""
        return "*" * (len(digits) - len(tail)) + tail
    return f"{digits[:6]}{'*' * hidden}{digits[-4:]}"


def luhn_ok(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1 annex B).

    >>> luhn_ok("4761739001010010"), luhn_ok("4761739001010011")
    (True, False)
    """
    if not digits.isascii() or not digits.isdigit():
        return False
    text = digits.encode()
    total = sum(text[-1::-2]) + sum(text[-2::-2].translate(_DOUBLED)) - 48 * len(text)
    return total % 10 == 0


class Sensitive:
    """A text that must not be seen. Equality and hash work on the clear value; everything that
    prints shows a mask.
    """

    __slots__ = ("_clear",)
    _clear: str

    def __init__(self, clear: str) -> None:
        object.__setattr__(self, "_clear", clear)

    def reveal(self) -> str:
        """The clear value. Only at the reviewed call sites."""
        return self._clear

    @property
    def masked(self) -> str:
        """What may be shown."""
        return "[hidden]"

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.masked})"

    def __format__(self, spec: str) -> str:
        return format(self.masked, spec)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._clear == other._clear

    def __hash__(self) -> int:
        return hash((type(self), self._clear))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be pickled or copied")

    def __getstate__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be pickled or copied")


class Pan(Sensitive):
    """A primary account number (ISO/IEC 7812): digits as received, checked or not."""

    __slots__ = ()

    @property
    def masked(self) -> str:
        """First six and last four digits at most."""
        return mask_pan(self._clear)

    @property
    def last4(self) -> str:
        """The last four digits."""
        return self._clear[-4:]

    @property
    def length(self) -> int:
        """Number of digits."""
        return len(self._clear)

    @property
    def luhn_ok(self) -> bool:
        """Whether the check digit fits."""
        return luhn_ok(self._clear)

    def starts_with(self, prefix: str | tuple[str, ...]) -> bool:
        """Whether the number begins with an issuer prefix, or any of several, without showing."""
        return self._clear.startswith(prefix)


class Track2(Sensitive):
    """Track 2 equivalent data (ISO/IEC 7813): PAN, separator ``=`` (or ``D``), expiry YYMM, service
    code, rest.
    """

    __slots__ = ()

    def _split(self) -> tuple[str, str]:
        pan, _, rest = self._clear.upper().replace("D", "=").partition("=")
        return pan, rest

    @property
    def has_separator(self) -> bool:
        """Whether the PAN is followed by a field separator at all."""
        return any(mark in self._clear for mark in "=Dd")

    @property
    def pan(self) -> Pan:
        """The PAN in front of the separator."""
        return Pan(self._split()[0])

    @property
    def expiry(self) -> str | None:
        """YYMM, or ``None`` where the track holds none."""
        expiry = self._split()[1][:4]
        return expiry if len(expiry) == 4 and expiry.isdigit() else None

    @property
    def service_code(self) -> str:
        """The three digits behind the expiry; empty where they are not there."""
        return _digits(self._split()[1][4:7], 3)

    @property
    def verification(self) -> CardVerification | None:
        """The CVV, CVC or iCVV: three digits behind PVV key index and PVV, as Visa and Mastercard
        lay the discretionary data out; ``None`` where it ends before.

        >>> Track2("4761739001010010=49122011123498700000").verification
        CardVerification([hidden])
        """
        found = _digits(self._split()[1][12:15], 3)
        return CardVerification(found) if found else None


def _digits(text: str, count: int) -> str:
    return text if len(text) == count and text.isdigit() else ""


class Track1(Sensitive):
    """Track 1 data (ISO/IEC 7813)."""

    __slots__ = ()


class PinBlock(Sensitive):
    """An enciphered PIN block in hex (ISO 9564-1)."""

    __slots__ = ()


class ChipData(Sensitive):
    """Integrated-circuit-card data, BER-TLV in hex (EMV book 3); it may hold tags 57 and 5A, hence
    sensitive.
    """

    __slots__ = ()


class CardVerification(Sensitive):
    """A CVV2, CVC2 or CID."""

    __slots__ = ()


class Pin(Sensitive):
    """A PIN in clear, of a test card: 4 to 12 digits (ISO 9564-1)."""

    __slots__ = ()


class ClearKey(Sensitive):
    """A key or a component of one in clear, in hex, on its way into the vault."""

    __slots__ = ()

    @property
    def length(self) -> int:
        """Its bytes."""
        return len(self._clear) // 2


class Carried:
    """A message as it came: the bytes from message type to end, and what stood in front of them
    (TPDU, header). They hold cards and tracks: shown by their count alone.
    """

    __slots__ = ("_body", "_lead")

    def __init__(self, body: bytes, lead: bytes = b"") -> None:
        self._body = body
        self._lead = lead

    def reveal(self) -> bytes:
        """The message. Only at the reviewed call sites."""
        return self._body

    @property
    def lead(self) -> bytes:
        """TPDU and header."""
        return self._lead

    def __repr__(self) -> str:
        return f"Carried({len(self._body)} bytes)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a carried message cannot be pickled or copied")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a carried message cannot be pickled or copied")


SENSITIVE_TYPES: Final = (
    Pan,
    Track1,
    Track2,
    PinBlock,
    ChipData,
    CardVerification,
    Pin,
    ClearKey,
)
