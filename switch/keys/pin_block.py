"""PIN blocks in clear (ISO 9564-1, formats 0 to 4): made from a PIN, and taken apart again.

Owns the nibbles. Refuses to encipher (``switch.keys.pin_cipher``) and to say why a block was
refused: all causes have one text and take the same way through the code, so that a block that was
tampered with tells nothing (SR-PIN-04).

::

    nibble      1  2  3 4 5 6  7 .. 14  15 16
    format 0    0  L  P P P P  P/F ...  F  F     XOR  0 0 0 0 and twelve PAN digits
    format 1    1  L  P P P P  P/R ...  R  R     no card; R random
    format 2    2  L  P P P P  P/F ...  F  F     no card; for chip cards, offline
    format 3    3  L  P P P P  P/R ...  R  R     XOR  the PAN as format 0; R random from A to F
    format 4    4  L  P P P P  P/A ...  A  A     then sixteen random nibbles; the whole PAN is
                                                 in a field of its own, see ``pan_field``

L is the length of the PIN, 4 to 12, P a digit of it. The twelve digits of the PAN are the rightmost
without the check digit. Random nibbles are an argument here: who calls has the generator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from switch.keys.ciphers import same, xor
from switch.keys.port import KeyRefused, PinBlockRefused
from switch.keys.steps import Steps

FORMATS: Final = (0, 1, 2, 3, 4)
PIN_LENGTHS: Final = range(4, 13)
BLOCK: Final = 8  # bytes of formats 0 to 3
BLOCK4: Final = 16
REFUSED: Final = "the PIN block holds no PIN for this card"
_ROOM: Final = 14  # nibbles for PIN and fill
_PAN_PART: Final = 12
_PAN_LENGTHS: Final = range(13, 20)  # of formats 0 and 3: twelve digits and the check digit
_PAN4_LENGTHS: Final = range(1, 20)
_BOUND: Final = frozenset((0, 3))  # formats whose block the PAN is combined into
_DIGITS: Final = b"0123456789"
_ANY: Final = "0123456789ABCDEF"
# What may stand behind the PIN.
_FILLS: Final = {0: b"F", 1: _ANY.encode(), 2: b"F", 3: b"ABCDEF", 4: b"A"}
# Of a block that is bound to no card although its format is (UnionPay, field 53 digit 1 = 1).
NO_PAN: Final = "0" * 13
_WIDE_FILL: Final = b"\xff" * BLOCK


def encode(
    block_format: int, pin: str, pan: str = "", fill: str = "", *, steps: Steps | None = None
) -> bytes:
    """The clear block of formats 0 to 3, 8 bytes. ``fill``: random nibbles in hex, in order of use,
    for formats 1 and 3 as many as the PIN leaves room for (``fill_for``). Raises KeyRefused.

    ::

        PIN 1234, PAN 5432101234567891, format 0
        PIN field   0 4 1 2 3 4 F F F F F F F F F F
        PAN field   0 0 0 0 2 1 0 1 2 3 4 5 6 7 8 9
        block       0 4 1 2 1 5 F E D C B A 9 8 7 6

    >>> encode(0, "1234", "5432101234567891").hex().upper()
    '041215FEDCBA9876'
    >>> encode(3, "1234", "5432101234567890", "AAAAAAAAAA").hex().upper()
    '341215AB89EFCD23'
    """
    if block_format not in FORMATS[:4]:
        raise KeyRefused("PIN blocks of eight bytes have format 0, 1, 2 or 3")
    field = _pin_field(block_format, pin, fill)
    if steps is not None:
        steps.note("PIN field", field)
    if block_format not in _BOUND:
        return field
    pan_part = _pan_part(pan)
    block = bytes(xor(field, pan_part))
    if steps is not None:
        steps.note("PAN field", pan_part)
        steps.note("PIN block", block)
    return block


def decode(block_format: int, block: bytes | bytearray, pan: str = "") -> str:
    """The PIN in a clear block of formats 0 to 3. Raises PinBlockRefused, one text for all causes.

    Each nibble is looked at, whatever the others were. A wrong PAN does not always show: where the
    changed digits are still decimal, they are another PIN.

    >>> decode(0, bytes.fromhex("041215FEDCBA9876"), "5432101234567891")
    '1234'
    """
    if block_format not in FORMATS[:4]:
        raise PinBlockRefused(REFUSED)
    bad = len(block) != BLOCK
    field = bytes(BLOCK) if bad else block
    if block_format in _BOUND:
        pan_part, no_card = _known_part(pan)
        return _read(xor(field, pan_part), block_format, bad | no_card)
    return _read(field, block_format, bad)


def encode_pin4(pin: str, fill: str) -> bytes:
    """The PIN field of format 4, 16 bytes; ``fill`` is sixteen random nibbles in hex. Raises
    KeyRefused.

    ::

        4 4 1 2 3 4 A A A A A A A A A A  2 F 6 9 A D D E 2 E 9 E 7 A C E

    >>> encode_pin4("1234", "2F69ADDE2E9E7ACE").hex().upper()
    '441234AAAAAAAAAA2F69ADDE2E9E7ACE'
    """
    _check_fill(4, fill, 2 * BLOCK, _ANY)
    return _pin_field(4, pin) + bytes.fromhex(fill)


def decode_pin4(field: bytes | bytearray) -> str:
    """The PIN in a PIN field of format 4. Raises PinBlockRefused, one text for all causes."""
    bad = len(field) != BLOCK4
    return _read((bytes(BLOCK4) if bad else field)[:BLOCK], 4, bad)


def pan_field(pan: str) -> bytes:
    """The PAN field of format 4, 16 bytes: how many digits more than twelve, the whole PAN with its
    check digit, zeros. A shorter PAN is led by zeros. Raises KeyRefused.

    ::

        PAN 4111111111111111
        4  4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1  0 0 0 0 0 0 0 0 0 0 0 0 0 0 0

    >>> pan_field("4111111111111111").hex().upper()
    '44111111111111111000000000000000'
    """
    _check_pan(pan, _PAN4_LENGTHS)
    digits = pan.zfill(_PAN_PART)
    return bytes.fromhex(f"{len(digits) - _PAN_PART}{digits}".ljust(2 * BLOCK4, "0"))


def known_pan_field(pan: str) -> tuple[bytes, bool]:
    """The PAN field, and whether the PAN is none: then one of zeros, so that all goes on alike."""
    try:
        return pan_field(pan), False
    except KeyRefused:
        return bytes(BLOCK4), True


def encode_wide(pin: str, pan: str, *, steps: Steps | None = None) -> bytes:
    """Format 0 widened to the block of SM4, 16 bytes, as the UnionPay line has it. Raises
    KeyRefused.

    ::

        PIN 1234, PAN 6222021234567890123
        PIN field   0 4 1 2 3 4 F F F F F F F F F F  F F F F F F F F F F F F F F F F
        PAN field   0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0  0 0 0 0 1 2 3 4 5 6 7 8 9 0 1 2
        block       0 4 1 2 3 4 F F F F F F F F F F  F F F F E D C B A 9 8 7 6 F E D

    >>> encode_wide("1234", "6222021234567890123").hex().upper()
    '041234FFFFFFFFFFFFFFEDCBA9876FED'
    """
    field = _pin_field(0, pin) + _WIDE_FILL
    pan_part = bytes(BLOCK) + _pan_part(pan)
    block = bytes(xor(field, pan_part))
    if steps is not None:
        steps.note("PIN field", field)
        steps.note("PAN field", pan_part)
        steps.note("PIN block", block)
    return block


def decode_wide(block: bytes | bytearray, pan: str) -> str:
    """The PIN in a widened block. Raises PinBlockRefused, one text for all causes."""
    bad = len(block) != BLOCK4
    whole = bytes(BLOCK4) if bad else block
    pan_part, no_card = _known_part(pan)
    filled = same(xor(whole[BLOCK:], pan_part), _WIDE_FILL)
    return _read(whole[:BLOCK], 0, bad | no_card | (not filled))


def fill_for(block_format: int, pin_length: int, random_bytes: Callable[[int], bytes]) -> str:
    """Random nibbles for a block of format 1 (any), 3 (A to F) or 4 (sixteen, any, whatever the
    PIN), in hex; none for the others.

    A byte gives a nibble; of format 3 those above 251 are thrown away, so that all six letters are
    equally likely.
    """
    needed = _ROOM - pin_length
    if block_format == 4:
        return random_bytes(BLOCK).hex().upper()
    if block_format == 1:
        return random_bytes((needed + 1) // 2).hex().upper()[:needed]
    made = ""
    while block_format == 3 and len(made) < needed:
        made += "".join("ABCDEF"[byte % 6] for byte in random_bytes(_ROOM) if byte < 252)
    return made[:needed]


def check_pin(pin: str) -> None:
    """Raises KeyRefused unless it is 4 to 12 decimal digits; does not repeat it."""
    if len(pin) not in PIN_LENGTHS or not (pin.isascii() and pin.isdigit()):
        raise KeyRefused("a PIN has 4 to 12 decimal digits")


def _pin_field(block_format: int, pin: str, fill: str = "") -> bytes:
    """Control nibble, length, PIN, fill: eight bytes."""
    check_pin(pin)
    allowed = _FILLS[block_format].decode()
    needed = _ROOM - len(pin)
    if len(allowed) == 1:
        if fill:
            raise KeyRefused(f"format {block_format} is always filled with {allowed}")
        fill = allowed * needed
    _check_fill(block_format, fill, needed, allowed)
    return bytes.fromhex(f"{block_format}{len(pin):X}{pin}{fill}")


def _check_fill(block_format: int, fill: str, needed: int, allowed: str) -> None:
    if len(fill) != needed or fill.strip(allowed):
        raise KeyRefused(
            f"format {block_format} takes {needed} nibbles of fill here, out of {allowed}"
        )


def _pan_part(pan: str) -> bytes:
    """Four zeros and the twelve rightmost digits without the check digit."""
    _check_pan(pan, _PAN_LENGTHS)
    return bytes.fromhex(f"0000{pan[-1 - _PAN_PART : -1]}")


def _known_part(pan: str) -> tuple[bytes, bool]:
    """The same, and whether the PAN is none: then of zeros, so that all goes on alike."""
    try:
        return _pan_part(pan), False
    except KeyRefused:
        return bytes(BLOCK), True


def _check_pan(pan: str, lengths: range) -> None:
    if len(pan) not in lengths or not (pan.isascii() and pan.isdigit()):
        raise KeyRefused(
            f"this PIN block takes a PAN of {lengths.start} to {lengths.stop - 1} decimal digits"
        )


def _read(field: bytes | bytearray, block_format: int, bad: bool) -> str:
    """The PIN in a PIN field of eight bytes. Every nibble is judged, and nothing ends early."""
    nibbles = field.hex().upper().encode()
    length = int(nibbles[1:2], 16)
    pin, fill = nibbles[2 : 2 + length], nibbles[2 + length :]
    bad |= nibbles[:1] != b"%d" % block_format
    bad |= (length < PIN_LENGTHS.start) | (length >= PIN_LENGTHS.stop)
    bad |= len(pin.translate(None, _DIGITS)) > 0
    bad |= len(fill.translate(None, _FILLS[block_format])) > 0
    if bad:
        raise PinBlockRefused(REFUSED)
    return pin.decode()
