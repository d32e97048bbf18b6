"""What else would fit: other encodings, neighbours at fault, bytes of the framing (M-38)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switch.wire import elements
from switch.wire.codec import Codec
from switch.wire.hints import encoding_suspects
from switch.wire.layout import BitmapLayout, Content, FieldLayout, Layout
from switch.wire.neighbours import MAX_FIELDS
from switch.wire.reader import read
from switch.wire.variants import variants

TEXT = Layout(
    "text",
    "ascii",
    BitmapLayout("ascii"),
    {
        2: FieldLayout("2", "PAN", "ascii", 19, length_size=2, content=Content.N),
        3: FieldLayout("3", "code", "ascii", 6, content=Content.N),
        4: FieldLayout("4", "amount", "ascii", 12, content=Content.N),
        11: FieldLayout("11", "stan", "ascii", 6, content=Content.N),
        32: FieldLayout("32", "acquirer", "ascii", 11, length_size=2, content=Content.N),
        41: FieldLayout("41", "terminal", "ascii", 8, content=Content.ANS),
    },
)
FIELDS = {"t": "0200", "2": "4761739001010010", "3": "000000", "4": "000000001000",
          "11": "000123", "32": "123456", "41": "DEMO0001"}  # fmt: skip
MESSAGE = Codec(TEXT).encode(FIELDS)


def hint(data: bytes, layout: Layout = TEXT) -> str:
    """The hint of the fault."""
    fault = read(data, layout).fault
    assert fault is not None
    return fault.hint


@pytest.mark.parametrize(
    "words",
    [
        "a message type in EBCDIC text",
        "a message type in packed digits",
        "a bitmap in EBCDIC hex",
        "a binary bitmap",
        "EBCDIC text",
        "packed (BCD) digits",
        "EBCDIC text and a binary bitmap",
        "packed (BCD) digits and a binary bitmap",
    ],
)
def test_messages_in_another_encoding_are_recognised(words: str) -> None:
    """EBCDIC for ASCII, packed for characters, binary for hex bitmaps, alone and together."""
    other = dict(variants(TEXT))[words]
    data = Codec(other).encode(FIELDS)

    assert words in encoding_suspects(data, TEXT)
    assert hint(data) == f"looks like {words}"


def test_and_the_other_way_round() -> None:
    """A packed layout that gets characters and a hex bitmap says so."""
    packed = dict(variants(TEXT))["packed (BCD) digits and a binary bitmap"]

    assert hint(MESSAGE, packed) == "looks like digits as characters and a hex bitmap"


def test_a_good_message_has_no_suspects() -> None:
    """Nothing is guessed about what reads well."""
    assert encoding_suspects(MESSAGE, TEXT) == []
    assert read(MESSAGE, TEXT).fault is None


@pytest.mark.parametrize(
    ("front", "told"),
    [
        (b"\x00\x50", "from byte 2 on it fits: a length header in front?"),
        (b"0080", "from byte 4 on it fits: a length header in front?"),
        (bytes.fromhex("6000030000"), "from byte 5 on it fits: a TPDU in front?"),
        (bytes.fromhex("00506000030000"), "a length header and a TPDU in front?"),
    ],
)
def test_framing_left_in_front_is_recognised(front: bytes, told: str) -> None:
    """The hint says from where the message would be good."""
    assert told in hint(front + MESSAGE)


@pytest.mark.parametrize(
    ("behind", "told"),
    [
        (b"\r\n", "a line end, as of a file saved line by line"),
        (bytes(9), "zero fill, as of a buffer sent whole"),
        (MESSAGE, "another message follows: is its length header missing?"),
    ],
)
def test_bytes_behind_are_recognised(behind: bytes, told: str) -> None:
    """Line ends, zero fill, a second message."""
    assert hint(MESSAGE + behind) == told


def test_a_bit_that_claims_an_absent_field() -> None:
    """All fields without which the rest fits are told."""
    fields = {key: FIELDS[key] for key in ("t", "2", "3", "41")}
    data = Codec(TEXT).encode({**fields, "11": "000123"})
    absent = data.replace(b"000123", b"")

    assert hint(absent).startswith("the bitmap may claim an absent field: without one of the")
    assert "11" in hint(absent)


def test_a_bit_that_leaves_out_a_present_field() -> None:
    """The field whose bytes lie there is told."""
    data = MESSAGE[:4] + Codec(TEXT).encode({k: v for k, v in FIELDS.items() if k != "41"})[4:20]

    assert "field 41" in hint(data + MESSAGE[20:])


def test_a_length_in_front_that_is_off_by_one() -> None:
    """The fault shows behind the field whose length is wrong, or in what it swallowed."""
    told = "the length of field 32 may be the culprit: with 6 bytes instead of {} the rest fits"

    assert told.format(7) in hint(MESSAGE.replace(b"06123456", b"07123456"))
    fault = read(MESSAGE.replace(b"06123456DEMO0001", b"05123456DEMO0001"), TEXT).fault
    assert fault is not None
    assert fault.field is None
    assert told.format(5) in fault.hint


def test_one_field_in_another_encoding() -> None:
    """The length of one field in EBCDIC."""
    wrong = MESSAGE[:20] + "16".encode("cp500") + MESSAGE[22:]

    assert hint(wrong) == "field 2 would fit with an EBCDIC length"


def test_another_pad_and_another_count() -> None:
    """Packed fields: a pad of the other kind, a length that counts bytes."""
    field = FieldLayout("2", "PAN", "b", 19, "bcd", 1, True, content=Content.N)
    layout = replace(TEXT, fields={2: field}, bitmap=BitmapLayout("b"))
    head = b"0200" + bytes.fromhex("4000000000000000")

    assert (
        hint(head + bytes.fromhex("03F123"), layout) == "field 2 would fit with another pad nibble"
    )
    counted = head + bytes.fromhex("084761739001010010")
    assert "length of field 2 may be the culprit: as a length that counts bytes" in hint(
        counted, layout
    )


def test_hints_never_quote_data() -> None:
    """Whatever is broken, no digits of the card show."""
    for at in range(len(MESSAGE)):
        fault = read(MESSAGE[:at] + b"\xff" + MESSAGE[at + 1 :], TEXT).fault
        assert fault is None or "4761" not in str(fault)


def test_guessing_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long message that ends too early costs a bounded number of field readings, so that broken
    messages are no cheaper attack than good ones by much."""
    fields = {n: FieldLayout(str(n), "", "ascii", 9, length_size=1) for n in range(2, 129)}
    long = Layout("long", "ascii", BitmapLayout("ascii"), fields)
    data = Codec(long).encode({"t": "0200", **{str(n): "12" for n in fields}})
    calls = []

    def counted(*args: object) -> elements.Element:
        calls.append(args)
        return read_field(*args)  # type: ignore[arg-type]

    read_field = elements.read_field
    monkeypatch.setattr(elements, "read_field", counted)

    assert read(data[:-1], long).fault is not None
    assert len(calls) < len(fields) * (len(variants(long)) + 2) + 4 * (MAX_FIELDS + len(fields))
