"""What a MAC covers in each dialect, computed by hand, and how a MAC gets into a message."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from switch.errors import EncodeError
from switch.values import Carried
from switch.wire.codec import Codec
from switch.wire.dialect import Dialect, load_dialect
from switch.wire.mac_cover import MOST_ALTERNATIVES, MacCover
from switch.wire.mac_shapes import Pieces
from tests.wire_messages import CODECS, MAPPERS, PAN, SPEAKING, overlay, sale

MAC: Final = bytes.fromhex("0123456789ABCDEF")
ECHO_87: Final = {"t": "0800", "11": "000123", "41": "DEMO0001", "70": "301"}
ECHO_93: Final = {"t": "1804", "11": "000123", "12": "261124101112", "24": "831", "41": "DEMO0001"}
ECHO_HYPERCOM: Final = {"t": "0800", "3": "990000", "11": "000123", "24": "003", "41": "DEMO0001"}
# Bits 1, 11, 41, 70, 128; bits 11, 12, 24, 41, 64; bits 3, 11, 24, 41, 64.
BITS_87: Final = "8020000000800000" + "0400000000000001"
BITS_93: Final = "0030010000800001"
BITS_HYPERCOM: Final = "2020010000800001"
NAME: Final = b"DEMO0001"
COVERED: Final = [
    ("iso87-ascii", ECHO_87, f"0800{BITS_87}000123DEMO0001301".encode()),
    ("iso87-ascii-bb", ECHO_87, b"0800" + bytes.fromhex(BITS_87) + b"000123DEMO0001301"),
    ("iso87-binary", ECHO_87, bytes.fromhex(f"0800{BITS_87}000123") + NAME + b"\x03\x01"),
    ("iso87-ebcdic", ECHO_87, f"0800{BITS_87}000123DEMO0001301".encode("cp500")),
    ("iso93-ascii", ECHO_93, f"1804{BITS_93}000123261124101112831DEMO0001".encode()),
    ("iso93-binary", ECHO_93, bytes.fromhex(f"1804{BITS_93}0001232611241011120831") + NAME),
    ("hypercom", ECHO_HYPERCOM, bytes.fromhex(f"0800{BITS_HYPERCOM}9900000001230003") + NAME),
]
TPDU: Final = bytes.fromhex("6000030000")


def test_every_dialect_has_a_case() -> None:
    """A dialect that is added here is computed by hand as well."""
    assert {name for name, _, _ in COVERED} == set(SPEAKING)


@pytest.mark.parametrize(("name", "fields", "covered"), COVERED)
def test_message_is_covered_up_to_its_mac(
    name: str, fields: dict[str, str], covered: bytes
) -> None:
    """From the message type to the byte before field 64, or 128 where there is a secondary bitmap,
    as it travels, its bit set; neither TPDU nor length.
    """
    cover, codec = MAPPERS[name].cover, CODECS[name]
    encoded = codec.encode(cover.placeholder(fields))
    assert cover.input(encoded) == covered
    assert cover.input(encoded, TPDU) == covered
    assert cover.covered(Carried(encoded, TPDU)) == covered
    signed = cover.signed(encoded, MAC)
    assert signed.startswith(covered)
    read = codec.decode(signed)
    assert read == {**fields, "128" if "70" in fields else "64": MAC.hex().upper()}
    assert cover.mac(read) == MAC
    assert cover.input(signed) == covered
    assert codec.encode(read) == signed


@pytest.mark.parametrize("name", SPEAKING)
def test_messages_sign_themselves(name: str) -> None:
    """``sign`` gives what is covered to whoever makes the MAC and puts in what comes back."""
    cover, codec, asked = MAPPERS[name].cover, CODECS[name], []

    def make(data: bytes) -> bytes:
        asked.append(data)
        return MAC

    signed = cover.sign(codec, sale(name), make)
    assert asked == [cover.input(signed)]
    request = MAPPERS[name].request(codec.decode(signed))
    assert cover.received(request.mac) == MAC
    assert request.problems == ()


def test_shorter_mac_has_zeros_behind_it() -> None:
    """Four bytes leave the right half of the field empty (X9.19); more than the field has are
    refused, with a way out.
    """
    cover, codec = MAPPERS["iso87-ascii"].cover, CODECS["iso87-ascii"]
    encoded = codec.encode(cover.placeholder(ECHO_87))
    read = codec.decode(cover.signed(encoded, MAC[:4]))
    assert cover.mac(read) == MAC[:4] + bytes(4)
    assert cover.mac(read, 4) == cover.received(read["128"], 4) == MAC[:4]
    # What is behind a MAC and no fill makes it another one.
    assert cover.received(MAC.hex(), 4) == MAC
    with pytest.raises(EncodeError, match="scheme that makes a shorter one"):
        cover.signed(encoded, MAC + MAC)


def test_fields_behind_a_mac_are_covered_too() -> None:
    """A MAC in field 64 of a message with a secondary bitmap: what follows must not be free to
    change (M-10).
    """
    cover, codec = MAPPERS["iso87-ascii"].cover, CODECS["iso87-ascii"]
    encoded = codec.encode({**ECHO_87, "64": MAC.hex().upper()})
    bits = "8020000000800001" + "0400000000000000"
    assert cover.input(encoded) == f"0800{bits}000123DEMO0001301".encode()
    found = dict(_others(cover, encoded))
    assert found["up to field 64 only"] == f"0800{bits}000123DEMO0001".encode()


def _others(cover: MacCover, body: bytes, lead: bytes = b"") -> list[tuple[str, bytes]]:
    return cover.alternatives(Carried(body, lead))


def test_message_without_a_mac_covers_nothing() -> None:
    """Asking for it is a mistake of the program, told by name."""
    cover, codec = MAPPERS["iso87-ascii"].cover, CODECS["iso87-ascii"]
    with pytest.raises(EncodeError, match="bears none"):
        cover.input(codec.encode(ECHO_87))
    assert cover.mac(ECHO_87) == b""


# -- other ways of covering


def _made(tmp_path: Path, text: str, base: str = "iso87-binary") -> tuple[Dialect, MacCover, Codec]:
    dialect = load_dialect(overlay(tmp_path, text, base))
    return dialect, MacCover(dialect), Codec(dialect.layout)


FRAMING: Final = "[framing]\ntpdu = 'swap'\nheader_bytes = 6\n"
HEADER: Final = bytes.fromhex("603100310001")
BODY: Final = bytes.fromhex(f"0800{BITS_87}000123") + NAME + b"\x03\x01"
WITHOUT_128: Final = "8020000000800000" + "0400000000000000"
CLEARED: Final = bytes.fromhex(f"0800{WITHOUT_128}000123") + NAME + b"\x03\x01"


@pytest.mark.parametrize(
    ("rule", "covered"),
    [
        ("", BODY),
        ("covers = 'header'\n", HEADER + BODY),
        ("covers = 'tpdu'\n", TPDU + HEADER + BODY),
        ("bit = 'cleared'\n", CLEARED),
        ("field = 'zeros'\n", BODY + bytes(8)),
        ("covers = 'tpdu'\nbit = 'cleared'\nfield = 'zeros'\n", TPDU + HEADER + CLEARED + bytes(8)),
    ],
)
def test_dialects_may_cover_otherwise(tmp_path: Path, rule: str, covered: bytes) -> None:
    """TPDU and header in front, the bit of the MAC cleared, the field as zeros."""
    _, cover, codec = _made(tmp_path, f"{FRAMING}[mac]\n{rule}")
    encoded = codec.encode(cover.placeholder(ECHO_87))
    assert cover.input(encoded, TPDU + HEADER) == covered
    signed = cover.signed(encoded, MAC)
    assert cover.input(signed, TPDU + HEADER) == covered


@pytest.mark.parametrize("small", [False, True])
def test_bits_of_bitmaps_in_characters(tmp_path: Path, small: bool) -> None:
    """A hex bitmap keeps its letters, capital or small, when the MAC's bit is cleared."""
    text = f"[bitmap]\nlower_case = {str(small).lower()}\n[mac]\nbit = 'cleared'\n"
    _, cover, codec = _made(tmp_path, text, "iso87-ascii")
    fields = {"t": "0800", "11": "000123", "61": "A", "62": "B", "63": "C"}
    digits = "002000000000000E"
    encoded = codec.encode(cover.placeholder(fields))
    cleared = digits.lower() if small else digits
    assert encoded[4:19] == cover.input(encoded)[4:19]
    assert cover.input(encoded)[4:20] == cleared.encode()


def test_header_in_front_of_the_message_type(tmp_path: Path) -> None:
    """A header that the layout reads, fixed or behind a length, is no part of the message, unless
    the dialect says so.
    """
    for notation in ("an4", "an..9"):
        for covers, front in (("message", b""), ("header", b"ISO1")):
            text = f"[header]\nas = '{notation}'\n[mac]\ncovers = '{covers}'\n"
            _, cover, codec = _made(tmp_path, text, "iso87-ascii")
            encoded = codec.encode(cover.placeholder({"h": "ISO1", **ECHO_87}))
            length = b"" if notation == "an4" or not front else b"04"
            assert cover.input(encoded) == length + front + COVERED[0][2]
            signed = cover.signed(encoded, MAC)
            assert cover.mac(codec.decode(signed)) == MAC


def test_third_bitmaps_do_not_hide_a_mac(tmp_path: Path) -> None:
    """Where fields above 128 follow, the MAC is found all the same, and they are covered."""
    text = "[bitmap]\ntertiary = '65'\n[fields.130]\nas = 'n4'\n"
    _, cover, codec = _made(tmp_path, text)
    encoded = codec.encode({**ECHO_87, "128": MAC.hex().upper(), "130": "1234"})
    covered = cover.input(encoded)
    assert covered.endswith(b"\x03\x01\x12\x34")
    assert MAC not in covered
    assert len(covered) == len(encoded) - 8


def test_always_secondary_bitmaps_have_the_mac_in_their_last_field(tmp_path: Path) -> None:
    """Also where no field of the second bitmap is there."""
    _, cover, codec = _made(tmp_path, "[bitmap]\nalways_secondary = true\n")
    fields = {"t": "0800", "11": "000123"}
    assert cover.placeholder(fields) == {**fields, "128": "0" * 16}
    signed = cover.signed(codec.encode(cover.placeholder(fields)), MAC)
    assert cover.input(signed) == signed[:-8]


def test_mac_in_characters(tmp_path: Path) -> None:
    """``text``: eight capital hex characters stand for four bytes, as X9.9 hosts of old have it;
    others are no MAC.
    """
    _, cover, codec = _made(tmp_path, "[mac]\nscheme = 'x9.9:4'\ntext = true\n")
    signed = cover.signed(codec.encode(cover.placeholder(ECHO_87)), MAC[:4])
    assert signed.endswith(b"01234567")
    assert cover.mac(codec.decode(signed)) == MAC[:4]
    assert cover.received(MAC.hex()) == b""


def test_dialect_without_a_field_for_it(tmp_path: Path) -> None:
    """It cannot be asked to sign, and says so."""
    text = "remove = ['fields.64', 'fields.128', 'mac']\n"
    dialect, cover, _ = _made(tmp_path, text)
    assert dialect.mac.scheme == ""
    assert dialect.policy.macs == frozenset()
    with pytest.raises(EncodeError, match="no field for it"):
        cover.placeholder(ECHO_87)


# -- what the doctor tries


def test_the_doctor_is_told_what_others_cover(tmp_path: Path) -> None:
    """Header, TPDU, length, the MAC's bit and field, bitmaps, other characters: each computed by
    hand, the likeliest first.
    """
    _, cover, codec = _made(tmp_path, FRAMING)
    signed = cover.signed(codec.encode(cover.placeholder(ECHO_87)), MAC)
    bitmaps = bytes.fromhex(BITS_87)
    length = (len(TPDU + HEADER + BODY) + 8).to_bytes(2, "big")
    assert _others(cover, signed, TPDU + HEADER) == [
        ("with the bit of field 128 cleared", CLEARED),
        ("with field 128 as zeros", BODY + bytes(8)),
        ("with the header in front", HEADER + BODY),
        ("with TPDU and header in front", TPDU + HEADER + BODY),
        ("with the length in front", length + TPDU + HEADER + BODY),
        ("without the bitmaps", BODY.replace(bitmaps, b"")),
        ("from the bitmaps on", BODY[2:]),
        ("from the first field on", BODY[18:]),
        ("in hex characters", BODY.hex().upper().encode()),
        ("in small hex characters", BODY.hex().encode()),
    ]


def test_the_doctor_looks_at_characters_of_text_dialects() -> None:
    """Bitmaps packed where they travel in hex, ASCII where the line is EBCDIC."""
    cover, codec = MAPPERS["iso87-ebcdic"].cover, CODECS["iso87-ebcdic"]
    signed = cover.signed(codec.encode(cover.placeholder(ECHO_87)), MAC)
    found = dict(_others(cover, signed))
    assert found["in ASCII"] == COVERED[0][2]
    text = "0800".encode("cp500"), "000123DEMO0001301".encode("cp500")
    assert found["with the bitmaps as bytes"] == text[0] + bytes.fromhex(BITS_87) + text[1]


def test_the_doctor_goes_back_to_the_plain_way(tmp_path: Path) -> None:
    """Where a dialect covers much, what covers less is among the alternatives; each is told once
    and never the dialect's own.
    """
    text = f"{FRAMING}[mac]\ncovers = 'tpdu'\nbit = 'cleared'\nfield = 'zeros'\n"
    _, cover, codec = _made(tmp_path, text)
    signed = cover.signed(codec.encode(cover.placeholder(ECHO_87)), MAC)
    lead = TPDU + HEADER
    found = _others(cover, signed, lead)
    assert dict(found)["from the message type on"] == CLEARED + bytes(8)
    assert dict(found)["with the bit of field 128 set"] == lead + BODY + bytes(8)
    assert dict(found)["with field 128 left out"] == lead + CLEARED
    values = [data for _, data in found]
    assert len(set(values)) == len(values) <= MOST_ALTERNATIVES
    assert cover.input(signed, lead) not in values


def test_what_is_carried_shows_nothing() -> None:
    """SR-PAN-01: the pieces of a message are not printed."""
    assert PAN not in repr(Pieces(*[PAN.encode()] * 8))
