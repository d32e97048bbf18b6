"""Whether a PIN is a card's: Visa's PIN verification value, IBM 3624's natural PIN and offset.

Owns these calculations and their comparisons in constant time (SR-KEY-16). Refuses to take a PIN
out of its block (``switch.keys.pin_cipher``), and to count tries.

Results are digits of which a stranger learns nothing without the key, and a PIN is never in an
error.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from switch.keys.ciphers import BlockCipher, Key, check_key, same, tdes_encrypt
from switch.keys.pin_block import check_pin
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps

# A key, or the TDES cipher that was made ready of it.
Pvk: TypeAlias = Key | BlockCipher
TABLE: Final = "0123456789012345"  # the decimalization table that most hosts use
_PVV_DIGITS: Final = 4
_PVV_PAN: Final = 11
_BLOCK_DIGITS: Final = 16
# Of hex digits the decimal ones, and the others as decimal ones.
_DECIMALS: Final = str.maketrans("", "", "ABCDEF")
_LETTERS: Final = str.maketrans("ABCDEF", "012345", "0123456789")


def visa_pvv(pvk: Pvk, pan: str, key_index: int, pin: str, *, steps: Steps | None = None) -> str:
    """The PIN verification value, four digits (Visa). ``pvk``: two keys, 16 bytes; ``key_index``
    0 to 9 (PVKI). Only the first four digits of the PIN count. Raises KeyRefused.

    ::

        PAN 1122334455667788, index 1, PIN 4524
        input    3 3 4 4 5 5 6 6 7 7 8  1  4 5 2 4     eleven digits left of the check digit,
                                                       index, four digits of the PIN
        TDES     C8FBF5FE2370DDCF
        digits   8 5 2 3 ...                           the decimal ones from left to right; if there
                                                       are fewer than four, the letters follow, A
                                                       as 0 to F as 5

    >>> pvk = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> visa_pvv(pvk, "1122334455667788", 1, "4524")
    '8523'
    """
    if not isinstance(pvk, BlockCipher) and len(pvk) != 16:
        raise KeyRefused(f"a PVV is made with a key of 16 bytes, this one has {len(pvk)}")
    check_pin(pin)
    _check_pan(pan, _PVV_PAN + 1)
    if key_index not in range(10):
        raise KeyRefused("the index of a PIN verification key is one digit")
    block = f"{pan[-1 - _PVV_PAN : -1]}{key_index}{pin[:_PVV_DIGITS]}"
    enciphered = _enciphered(pvk, bytes.fromhex(block)).hex().upper()
    pvv = (enciphered.translate(_DECIMALS) + enciphered.translate(_LETTERS))[:_PVV_DIGITS]
    if steps is not None:
        steps.note("transformed security parameter", block)
        steps.note("enciphered", enciphered)
        steps.note("PVV", pvv)
    return pvv


def pvv_fits(pvk: Pvk, pan: str, key_index: int, pin: str, pvv: str) -> bool:
    """Whether the PIN is the one that the PVV was made of, compared in constant time. Raises
    KeyRefused.
    """
    check_reference(pvv, _PVV_DIGITS, "PVV")
    return same(visa_pvv(pvk, pan, key_index, pin).encode(), pvv.encode())


def validation_data(pan: str, start: int = 0, length: int = 16, pad: str = "F") -> bytes:
    """What a natural PIN is made of, 8 bytes: so many digits of the PAN from a place on, padded at
    the right. Hosts differ in all three. Raises KeyRefused.

    >>> validation_data("3540149832423517", 0, 11).hex().upper()
    '35401498324FFFFF'
    """
    part = pan[start : start + length]
    _check_pan(pan, 1)
    if start < 0 or not 1 <= length <= _BLOCK_DIGITS or len(part) != length:
        raise KeyRefused(
            f"validation data of {length} digits from place {start} does not fit the PAN, or is "
            "longer than 16 digits"
        )
    if len(pad) != 1 or pad not in "0123456789ABCDEF":
        raise KeyRefused("validation data is padded with one hex digit")
    return bytes.fromhex(part.ljust(_BLOCK_DIGITS, pad))


def decimalize(block: bytes | bytearray, table: str = TABLE) -> str:
    """Each hex digit of the block as the table has it: the digit for 0 first. Raises KeyRefused for
    a table that is not 16 decimal digits.

    >>> decimalize(bytes.fromhex("E5C1BD67B66AE7C6"), "8351296477461538")
    '3913656466643416'
    """
    if len(table) != _BLOCK_DIGITS or not (table.isascii() and table.isdigit()):
        raise KeyRefused("a decimalization table has 16 decimal digits")
    return block.hex().translate(str.maketrans("0123456789abcdef", table))


def natural_pin(
    pvk: Pvk, validation: bytes, length: int, table: str = TABLE, *, steps: Steps | None = None
) -> str:
    """The PIN that the key itself gives a card (IBM 3624), ``length`` digits. ``validation``: 8
    bytes, mostly ``validation_data``. ``pvk`` has 8, 16 or 24 bytes. Raises KeyRefused.

    ::

        validation data   1 1 2 2 3 3 4 4 5 5 6 6 7 7 8 8
        enciphered        3 E B 3 B 7 2 5 7 6 B B B E 8 3
        table             0>1 1>2 2>3 3>4 4>5 5>6 6>7 7>8 8>9 9>0 A>1 B>2 C>3 D>4 E>5 F>6
        natural PIN       4 5 2 4

    >>> pvk = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> natural_pin(pvk, bytes.fromhex("1122334455667788"), 4, "1234567890123456")
    '4524'
    """
    if not isinstance(pvk, BlockCipher):
        check_key("TDES", pvk)
    if len(validation) * 2 != _BLOCK_DIGITS:
        raise KeyRefused(f"validation data has 8 bytes, not {len(validation)}")
    if not 4 <= length <= 12:
        raise KeyRefused("a PIN has 4 to 12 decimal digits")
    enciphered = _enciphered(pvk, validation)
    decimal = decimalize(enciphered, table)
    natural = decimal[:length]
    if steps is not None:
        steps.note("validation data", validation)
        steps.note("enciphered", enciphered)
        steps.note("decimalized", decimal)
        steps.note("natural PIN", natural)
    return natural


def pin_offset(
    pvk: Pvk, validation: bytes, pin: str, table: str = TABLE, *, steps: Steps | None = None
) -> str:
    """How a chosen PIN differs from the natural one, digit by digit, without carry (IBM 3624).
    Raises KeyRefused.

    ::

        PIN            5 6 3 5
        natural PIN    4 5 2 4
        offset         1 1 1 1     each digit the difference, modulo ten

    >>> pvk = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> pin_offset(pvk, bytes.fromhex("1122334455667788"), "5635", "1234567890123456")
    '1111'
    """
    check_pin(pin)
    natural = natural_pin(pvk, validation, len(pin), table, steps=steps)
    offset = "".join(
        str((int(chosen) - int(given)) % 10) for chosen, given in zip(pin, natural, strict=True)
    )
    if steps is not None:
        steps.note("offset", offset)
    return offset


def pin_of_offset(pvk: Pvk, validation: bytes, offset: str, table: str = TABLE) -> str:
    """The PIN that an offset stands for: for calculators and tests, never on the live path
    (SR-PIN-03). Raises KeyRefused.

    >>> pvk = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    >>> pin_of_offset(pvk, bytes.fromhex("1122334455667788"), "1111", "1234567890123456")
    '5635'
    """
    check_reference(offset, len(offset), "offset")
    natural = natural_pin(pvk, validation, len(offset), table)
    return "".join(
        str((int(given) + int(more)) % 10) for given, more in zip(natural, offset, strict=True)
    )


def offset_fits(pvk: Pvk, validation: bytes, pin: str, offset: str, table: str = TABLE) -> bool:
    """Whether the PIN is the one that the offset belongs to, compared in constant time. A PIN of
    another length than the offset is not. Raises KeyRefused.
    """
    check_reference(offset, len(offset), "offset")
    made = pin_offset(pvk, validation, pin, table)
    return same(made.encode(), offset.encode())


def _enciphered(pvk: Pvk, block: bytes) -> bytearray:
    return pvk.encrypt(block) if isinstance(pvk, BlockCipher) else tdes_encrypt(pvk, block)


def _check_pan(pan: str, least: int) -> None:
    if len(pan) < least or not (pan.isascii() and pan.isdigit()):
        raise KeyRefused(f"this takes a PAN of decimal digits, {least} at least")


def check_reference(reference: str, length: int, name: str) -> None:
    """Raises KeyRefused unless it is so many decimal digits; does not repeat it."""
    if len(reference) != length or not (reference.isascii() and reference.isdigit()):
        raise KeyRefused(f"the {name} to check against is not of decimal digits as it should be")
