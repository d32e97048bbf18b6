"""How a framing is named in text, and what its length headers say."""

from __future__ import annotations

import pytest

from switch.errors import ConfigError
from switch.wire.framing import (
    Framing,
    KeepAlive,
    LengthKind,
    Tpdu,
    first_bad_digit,
    read_length,
    write_length,
)


def test_a_text_names_every_setting() -> None:
    """One line of configuration says all that can be said."""
    text = "binary-2,inclusive,tpdu-swap,header=12,keepalive-echo,limit=4096"
    framing = Framing.parse(text)
    assert framing == Framing(
        length=LengthKind.BINARY_2,
        inclusive=True,
        tpdu=Tpdu.SWAP,
        header_bytes=12,
        keepalive=KeepAlive.ECHO,
        limit_bytes=4096,
    )
    assert str(framing) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("ascii-4 inclusive", "ascii-4,inclusive"),
        ("  tpdu-echo, bcd-2 ,exclusive ", "bcd-2,tpdu-echo"),
        ("stx", "stx"),
        ("stx binary-2", "binary-2,stx"),
        ("hex-4,header=0x6031aB", "hex-4,header=0x6031AB"),
        ("binary-2,tpdu-swap=6000030000", "binary-2,tpdu-swap"),
        ("binary-2,tpdu-swap=6000120000", "binary-2,tpdu-swap=6000120000"),
        ("binary-4,keepalive-refuse,limit=8192", "binary-4"),
    ],
)
def test_texts_are_forgiving_in_order_and_separators(text: str, canonical: str) -> None:
    """Words may stand in any order, defaults may be said; the printed text is always the same and
    reads back.
    """
    framing = Framing.parse(text)
    assert str(framing) == canonical
    assert Framing.parse(canonical) == framing


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no"),
        ("binary-3", "'binary-3'"),
        ("inclusive", "names no length header"),
        ("binary-2,bcd-2", "'bcd-2' says length a second time"),
        ("binary-2,inclusive,exclusive", "'exclusive' says inclusive a second time"),
        ("stx,inclusive", "no length header"),
        ("none", "needs a length header"),
        ("binary-2,header=0", "'header=0'"),
        ("binary-2,header=0x123", "'header=0x123'"),
        ("binary-2,limit=-1", "'limit=-1'"),
        ("binary-2,tpdu-swap=60", "'tpdu-swap=60'"),
        ("binary-2,limit=٣", "'limit=٣'"),
    ],
)
def test_a_framing_that_cannot_be_meant_is_refused_with_the_word_at_fault(
    text: str, said: str
) -> None:
    """The refusal quotes the word, so that one can find it in a configuration file."""
    with pytest.raises(ConfigError) as refusal:
        Framing.parse(text)
    assert said in str(refusal.value)


def test_a_buffer_may_have_no_length_header() -> None:
    """``none`` is for files and traces, where the buffer ends with the message."""
    framing = Framing.parse("none,tpdu-swap,header=6", stream=False)
    assert (framing.length, framing.prefix_bytes) == (None, 11)
    assert str(framing) == "none,tpdu-swap,header=6"


@pytest.mark.parametrize(
    ("kind", "value", "header"),
    [
        (LengthKind.BINARY_2, 300, b"\x01\x2c"),
        (LengthKind.BINARY_2_LE, 300, b"\x2c\x01"),
        (LengthKind.BINARY_4, 300, b"\x00\x00\x01\x2c"),
        (LengthKind.ASCII_4, 300, b"0300"),
        (LengthKind.HEX_4, 300, b"012C"),
        (LengthKind.BCD_2, 300, b"\x03\x00"),
    ],
)
def test_each_kind_of_length_says_its_number(kind: LengthKind, value: int, header: bytes) -> None:
    """300 as each kind writes it."""
    assert write_length(kind, value) == header
    assert read_length(kind, header) == value
    assert kind.size == len(header)
    assert read_length(kind, write_length(kind, kind.highest)) == kind.highest


@pytest.mark.parametrize(
    ("kind", "header", "bad"),
    [
        (LengthKind.ASCII_4, b" 300", 0),
        (LengthKind.ASCII_4, b"+300", 0),
        (LengthKind.ASCII_4, b"03_0", 2),
        (LengthKind.HEX_4, b"0x2C", 1),
        (LengthKind.HEX_4, b"012G", 3),
        (LengthKind.BCD_2, b"\x03\x0a", 1),
        (LengthKind.BCD_2, b"\xa3\x00", 0),
    ],
)
def test_only_digits_are_a_number(kind: LengthKind, header: bytes, bad: int) -> None:
    """W-12: what Python's int() would take (spaces, signs, underscores) is no length."""
    assert read_length(kind, header) is None
    assert first_bad_digit(kind, header) == bad
    assert first_bad_digit(kind, header[:bad]) is None
