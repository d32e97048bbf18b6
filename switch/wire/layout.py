"""How a message lies in bytes: the compiler's input, made from a dialect file or from a pyiso8583
spec dict.

A layout knows encodings, lengths and pads, and nothing of what fields mean. It is plain data, so
that two ways of describing a message (our TOML, pyiso8583's dict) end in one compiler.

Values of fields are texts, as pyiso8583 has them: digits and characters as they are, binary and
packed data as upper-case hex. A layout may ask for canonical values beside that (``Canon``): track
2 with ``=``, signed amounts as ``C00000200``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Coding(StrEnum):
    """How characters, digits or bytes are written. Text codings besides these are Python codec
    names (cp500, gb18030)."""

    ASCII = "ascii"
    EBCDIC = "cp500"
    BINARY = "b"  # raw bytes, value in upper-case hex; packed digits where the count is in nibbles
    BCD = "bcd"  # of lengths only: two digits a byte, right-justified
    BCD_LEFT = "bcd-left"  # of lengths only: digits left-justified, zero-filled (moov "bcd")
    HEX_DIGITS = "hex"  # of lengths only: hexadecimal characters (moov "hex")


class Content(StrEnum):
    """What a field's value may consist of (ISO 8583 attribute letters)."""

    ANY = "any"
    N = "n"  # digits
    A = "a"  # letters and space
    AN = "an"  # letters, digits, space
    ANS = "ans"  # printable
    NS = "ns"  # digits and special characters
    B = "b"  # bytes, value in hex
    Z = "z"  # track characters: digits, = or D, and A-F fill as the code table of ISO 7813 has them
    XN = "x+n"  # C or D, then digits
    XN_OR_N = "x+n|n"  # the same, or digits throughout: old systems leave the sign out
    BLANK_N = "n_"  # digits; some hosts fill with blanks, which raises a doubt
    LIKELY_N = "n?"  # digits, as a rule: anything else raises a doubt
    MASKED_N = "n*"  # digits; a recorder may have masked a run of four or more
    MASKED_Z = "z*"  # track characters, masked like that


class Canon(StrEnum):
    """How the wire view becomes the canonical value, where they differ."""

    NONE = ""
    TRACK2 = "t2eq"  # nibble D is the separator =
    TRACK2_SENTINELS = "erl-t2"  # nibbles B, D, F are ; = ?
    SIGNED = "x+n"  # one sign byte (C or D) and packed digits


class SubKind(StrEnum):
    """How a composite field is built inside."""

    POSITIONAL = "positional"  # fixed parts one behind the other
    BER_TLV = "ber-tlv"  # EMV: tag, length, value; nested templates
    TLV = "tlv"  # tag and length of fixed widths, then value (Mastercard PDS: 4 and 3 characters)
    BITMAP = "bitmap"  # an inner bitmap, then the parts that it names (Postilion 127)
    LLVAR = "llvar-list"  # length and value, repeated
    DATASET = "dataset"  # id, two-byte length, BER-TLV (ISO 8583:2003)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a composite: ``length`` characters fixed, or up to ``length`` behind
    ``length_digits`` digits."""

    id: str
    name: str
    length: int
    length_digits: int = 0
    content: Content = Content.ANY


@dataclass(frozen=True, slots=True)
class SubLayout:
    """The inside of a composite field. ``parts`` for positional and bitmap; widths for tlv and
    llvar-list.

    ``repeat``: positional parts start over until the value ends. ``binary``: the inside is bytes
    (the value of a text field is then their hex), and widths count bytes; else it is characters.
    ``lenient``: a value that does not parse is not refused, ``switch.wire.doubts`` reports it (for
    layouts that guess at the inside).
    """

    kind: SubKind
    parts: tuple[Part, ...] = ()
    tag_width: int = 0
    length_width: int = 0
    bitmap_bytes: int = 8
    binary: bool = False
    repeat: bool = False
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class FieldLayout:
    """One data element on the wire.

    ``length_size``: units of the length indicator (characters, or bytes for ``b`` and ``bcd``), 0
    for a fixed field. ``max_length``: of the value, in bytes or in nibbles where ``nibbles``. A
    fixed field has exactly that. The length of text counts bytes, also where a character has
    several (gbk, utf-8). ``pads``: accepted pad nibbles at the odd end; the first is written.
    ``pad_left``: the pad stands in front. ``other_pads``: accepted at the other end too, where no
    pad of ``pads`` is found.
    """

    id: str
    name: str
    coding: str
    max_length: int
    length_coding: str = Coding.ASCII
    length_size: int = 0
    nibbles: bool = False
    pad_left: bool = True
    pads: str = "0"
    other_pads: str = ""
    content: Content = Content.ANY
    canon: Canon = Canon.NONE
    sub: SubLayout | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class BitmapLayout:
    """``coding`` b (8 raw bytes) or a text coding (16 hex characters).

    ``fixed_16``: always 16 bytes, bit 1 is no flag. ``always_secondary``: bit 1 is set even for an
    empty secondary. ``lower_case``: hex letters are written small. ``tertiary``: none, ``65`` (bit
    65 announces a third bitmap right behind the second), or ``in-place`` (it stands where field 65
    would stand, ``tertiary_width`` units wide).
    """

    coding: str = Coding.ASCII
    fixed_16: bool = False
    always_secondary: bool = False
    lower_case: bool = False
    tertiary: str = "none"
    tertiary_width: int = 16


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole message: optional header, message type, bitmaps, data elements.

    ``mti_coding``: ``ascii``, a text codec, or ``b`` (two packed bytes). ``header`` is a
    FieldLayout with id ``h`` or None. ``strict_trailing``: bytes behind the last field are an error
    (False: they are kept under ``end``). ``check_content``: whether values are held to their
    Content; the message type and packed fields counted in nibbles are digits in any case.
    """

    name: str
    mti_coding: str
    bitmap: BitmapLayout
    fields: dict[int, FieldLayout]
    header: FieldLayout | None = None
    strict_trailing: bool = True
    check_content: bool = True
    notes: dict[str, str] = field(default_factory=dict)
