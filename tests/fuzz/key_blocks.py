"""Fuzz target: any text as a key block (TR-31, X9.143).

Owns what must hold: nothing but the one refusal comes out (SR-KEY-04); what opens is made again,
letter for letter; a header that is read is written the same; a block that was made opens, and does
not with one character changed.
"""

from __future__ import annotations

from typing import Final

from switch.keys.key_block import Opened, padding_length, unwrap, wrap
from switch.keys.key_block_header import LONGEST, Header, padded, parse_header, refused
from switch.keys.port import KeyBlockRefused, KeyRefused

KBPK: Final = bytes.fromhex("88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6")
# By the version: the key of the published examples that are seeds here, and one for the rest.
KBPKS: Final = {
    "A": bytes.fromhex("EFE0853B256B583D868F251CE99EA1D9"),
    "B": bytes.fromhex("EFE0853B256B583D868F251CE99EA1D9"),
    "C": bytes.fromhex("B8ED59E0A279A295E9F5ED7944FD06B9"),
    "D": KBPK,
}
SEEDS: Final = (
    # TR-31:2018 and X9.143 examples (tr-d002, tr-d006, tr-d007, tr-d001 of the vector file).
    b"A0072K0TN00N0000F40D5672C6D0EC86F860BA88D44D00F0CA9A8CE8CD2F640287A9A9EB",
    b"B0080K0TN00N00001C414014375212C24995E405B5EE052CB92B67F455EA2680F6751088F9F1C228",
    (
        b"C0096B0TX12S0100KS1800604B120F9292800000"
        b"BFB9B689CB567E66FC3FEE5AD5F52161FC6545B9D60989015D02155C"
    ),
    (
        b"D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D2"
        b"07E2E417C07156A27E8E31DA05F7425509593D03A457DC34"
    ),
    b"B0040P0TE00N0200KS1200604B120F9292PB0600",
    b"D0000P0AE00E0200CT000120" + b"0" * 22 + b"PB0600",
    b"B0000P0TE00E0100KS00021C" + b"7" * 20,
    b"D0000B0AX00E0099",
)
_TEXT: Final = str(refused())
_HEX: Final = "0123456789ABCDEF"


def fuzz_one(data: bytes) -> None:
    """The bytes as a block, and as a header and key to make one of."""
    text = data.decode("latin-1")
    opened = _unwrapped(text)
    if opened is not None:
        kbpk = KBPKS[opened.header.version]
        assert wrap(kbpk, opened.header, opened.key, opened.padding) == text
    header = _header(text)
    if header is not None:
        _made(header, data[-16:], data)


def _unwrapped(text: str) -> Opened | None:
    try:
        return unwrap(KBPKS.get(text[:1], KBPK), text)
    except KeyBlockRefused as error:
        _check_text(error)
        return None


def _check_text(error: KeyBlockRefused) -> None:
    assert str(error) == _TEXT


def _header(text: str) -> Header | None:
    try:
        header = parse_header(text)
    except KeyBlockRefused as error:
        _check_text(error)
        return None
    assert header.text(int(text[1:5])) == text[: header.length]
    assert len(padded(header).text(0)) == padded(header).length == header.length
    return header


def _made(header: Header, key: bytes, data: bytes) -> None:
    """Wrap, open, and spoil one character that the data chooses."""
    kbpk = KBPKS[header.version]
    padding = bytes(padding_length(header, len(key)))
    try:
        block = wrap(kbpk, header, key, padding)
    except KeyRefused:
        assert not key or header.length > LONGEST - 200
        return
    opened = unwrap(kbpk, block)
    assert opened.header == header
    assert (bytes(opened.key), bytes(opened.padding)) == (key, padding)
    at = int.from_bytes(data[-3:], "big") % len(block)
    other = _HEX[(_HEX.find(block[at]) + 1 + data[0] % 15) % 16]
    spoilt = f"{block[:at]}{other}{block[at + 1 :]}"
    assert spoilt == block or _unwrapped(spoilt) is None
