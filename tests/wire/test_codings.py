"""Text codings: which may stand in a layout, and IBM-1047 beside those of CPython."""

from __future__ import annotations

import pytest

from switch.wire.codings import bytewise, text_coding


def test_1047_has_its_brackets_where_ibm_has_them() -> None:
    """It differs from IBM-037 in six places and goes both ways for all 256 bytes."""
    coding = text_coding("cp1047")
    every = bytes(range(256))

    assert coding.encode("[]^\u00dd\u00a8\u00ac").hex() == "adbd5fbabbb0"
    assert coding.encode(coding.decode(every)) == every
    differing = {byte for byte in every if coding.decode(bytes([byte]))
                 != bytes([byte]).decode("cp037")}  # fmt: skip
    assert differing == {0xAD, 0xBD, 0x5F, 0xBA, 0xBB, 0xB0}
    assert text_coding("IBM-1047") == coding


@pytest.mark.parametrize(
    ("name", "known", "whole"),
    [
        ("ascii", "ascii", False),
        ("US-ASCII", "ascii", False),
        ("latin-1", "iso8859-1", True),
        ("cp500", "cp500", True),
        ("gbk", "gbk", False),
        ("utf-8", "utf-8", False),
    ],
)
def test_codings_that_may_stand_in_a_layout(name: str, known: str, whole: bool) -> None:
    """Under one name each; whole ones give a character for each of the 256 bytes."""
    coding = text_coding(name)

    assert (coding.name, coding.whole) == (known, whole)
    assert coding.decode(coding.encode("0200 ABC")) == "0200 ABC"


@pytest.mark.parametrize("name", ["", "klingon", "utf-16", "utf-32", "hex", "base64", "zlib"])
def test_codings_that_may_not(name: str) -> None:
    """Unknown ones, those that write no byte a digit, and codecs that are none of text."""
    with pytest.raises(LookupError, match=r"unknown text encoding|one byte a digit"):
        text_coding(name)


@pytest.mark.parametrize(
    "name", ["utf-7", "hz", "idna", "punycode", "unicode_escape", "raw_unicode_escape"]
)
def test_codings_with_escapes_may_not(name: str) -> None:
    """Where a character changes what follows, none can be read or written by itself."""
    with pytest.raises(LookupError, match=r"change the next ones|one byte a digit"):
        text_coding(name)


def test_a_name_that_is_no_name_is_not_repeated() -> None:
    """The reason stays one line."""
    with pytest.raises(LookupError) as caught:
        text_coding("x" * 10_000)

    assert len(str(caught.value)) < 100


def test_bytes_that_are_no_characters_keep_their_place() -> None:
    """One character a byte, whatever stands there."""
    assert bytewise(b"0\xff1", "ascii") == "0\ufffd1"
    assert bytewise("0中".encode("gbk"), "gbk") == "0\ufffd\ufffd"
