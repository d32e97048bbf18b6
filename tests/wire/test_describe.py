"""The description of a message, for programs and for people."""

from __future__ import annotations

import json

import pytest

from switch.wire.codec import Codec
from switch.wire.describe import describe
from switch.wire.describe_text import text_of
from switch.wire.dialect import load_dialect
from switch.wire.explain import explain
from switch.wire.framer import wrap

PAN = "4761739001010010"
CHIP = (
    "9F2608A1B2C3D4E5F60718950500000080005A08" + PAN + "9F360200125710" + PAN + "D281220100000000"
)
FIELDS = {
    "t": "0200",
    "2": PAN,
    "3": "000000",
    "4": "000000001230",
    "7": "1124120000",
    "11": "000001",
    "12": "120000",
    "13": "1124",
    "14": "2812",
    "22": "051",
    "35": PAN + "=28122010000000000",
    "41": "DEMO0001",
    "42": "DEMOMERCHANT001",
    "49": "840",
    "52": "0123456789ABCDEF",
    "55": CHIP,
}
SECRETS = (PAN, "D28122", "=28122", "0123456789ABCDEF", "900101")


def description(name: str, *, reveal: bool = False, cut: int = 0) -> dict[str, object]:
    """The purchase in that dialect and its framing, its last bytes cut off."""
    dialect = load_dialect(name)
    wire = wrap(dialect.framing, Codec(dialect.layout).encode(FIELDS))
    found = explain(wire[: len(wire) - cut], dialect.layout, dialect.framing)
    return describe(found, dialect, reveal=reveal)


DIALECTS = ["iso87-ascii", "iso87-ascii-bb", "iso87-binary", "iso87-ebcdic", "hypercom"]


@pytest.mark.parametrize("name", DIALECTS)
def test_revealed_values_are_those_of_the_message(name: str) -> None:
    """Every field that was sent, with its bytes where they are."""
    told = description(name, reveal=True)
    fields = told["fields"]
    assert isinstance(fields, dict)
    said = {key: field.get("canonical", field["value"]) for key, field in fields.items()}
    assert {key: said[key] for key in FIELDS} == FIELDS
    assert told["error"] is None
    assert told["warnings"] == []
    assert list(fields) == ["t", "p", *list(FIELDS)[1:]]
    for field in fields.values():
        assert len(field["hex"]) == 2 * field["length"]
        assert set(field) >= {"name", "value", "offset", "length", "hex"}


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("cut", [0, 1, 40, 60])
def test_nothing_sensitive_shows_in_json_or_text(name: str, cut: int) -> None:
    """SR-PAN-01, SR-SAD-01: not as value, not as bytes, not in a part, whole message or cut."""
    told = description(name, cut=cut)
    shown = json.dumps(told) + text_of(told)
    for secret in SECRETS:
        for form in (secret, secret.encode().hex().upper(), secret.encode("cp500").hex().upper()):
            assert form not in shown
            assert form not in shown.replace(" ", "")
    assert "476173******0010" in shown


def test_the_structure_of_one_field() -> None:
    """Offset, length and hex are of the data; the length indicator has its own."""
    fields = description("hypercom")["fields"]
    assert isinstance(fields, dict)
    assert fields["41"] == {
        "name": "Card acceptor terminal identification",
        "value": "DEMO0001",
        "offset": 70,
        "length": 8,
        "hex": "44454D4F30303031",
    }
    assert fields["2"]["hex"] == "476173******0010"
    assert (fields["2"]["offset"], fields["2"]["length_offset"]) == (18, 17)
    assert fields["2"]["length_hex"] == "16"
    assert fields["4"]["words"] == "12.30 USD"
    assert fields["p"]["words"] == "fields 2, 3, 4, 7, 11, 12, 13, 14, 22, 35, 41, 42, 49, 52, 55"


def test_chip_data_is_told_tag_by_tag() -> None:
    """Names, places and words of tags; the sensitive ones hidden."""
    fields = description("iso87-binary")["fields"]
    assert isinstance(fields, dict)
    parts = {part["id"]: part for part in fields["55"]["sub"]}
    assert parts["9F26"]["value"] == "A1B2C3D4E5F60718"
    assert parts["95"]["words"] == "floor limit exceeded"
    assert parts["5A"]["value"] == parts["57"]["value"] == "[hidden]"
    assert parts["9F26"]["offset"] == fields["55"]["offset"]
    assert parts["95"]["offset"] == parts["9F26"]["offset"] + parts["9F26"]["length"]


def test_a_broken_message_says_what_was_read_and_what_was_not() -> None:
    """Fields up to the fault, the fault with its element, and how many bytes are left."""
    told = description("hypercom", cut=10)
    fields, error = told["fields"], told["error"]
    assert isinstance(fields, dict)
    assert isinstance(error, dict)
    assert "52" in fields
    assert "55" not in fields
    assert (error["field"], error["element"]) == ("55", "55.data")
    assert error["name"] == "Integrated circuit card data"
    left = told["unread"]
    assert isinstance(left, dict)
    assert "hex" not in left
    assert error["offset"] + left["length"] - 2 == error["at"]
    clear = description("hypercom", cut=10, reveal=True)["unread"]
    assert isinstance(clear, dict)
    assert len(clear["hex"]) == 2 * clear["length"]


def test_the_text_tells_it_in_rows() -> None:
    """Message, dialect, framing, fields with bytes below, parts indented, and a verdict."""
    text = text_of(description("hypercom"))
    assert "message  0200  ISO 8583:1987 financial request (acquirer)" in text
    assert "framing  binary-2,tpdu-swap" in text
    assert "TPDU 6000030000 at byte 2" in text
    assert "9F26 application cryptogram = A1B2C3D4E5F60718" in text
    assert text.endswith("good: read to the last byte")
    broken = text_of(description("hypercom", cut=10))
    assert "wrong: field 55 (Integrated circuit card data) at byte" in broken
    assert "not read: " in broken


def test_control_characters_do_not_reach_a_terminal() -> None:
    """A message cannot send escape sequences to the person who looks at it."""
    dialect = load_dialect("iso87-ascii-bb")
    body = b"0800" + bytes.fromhex("0000000000000002") + b"008\x1b[2Jbell"
    told = describe(explain(body, dialect.layout, dialect.framing), dialect)
    assert "\x1b" not in text_of(told)
    assert "\x1b" not in json.dumps(told)


def test_a_dialect_is_not_needed() -> None:
    """A layout alone, as a spec gives it, is described by the standard's numbers."""
    dialect = load_dialect("iso87-binary")
    body = Codec(dialect.layout).encode(FIELDS)
    told = describe(explain(body, dialect.layout, dialect.framing))
    assert told["dialect"] is None
    assert told["fields"]["2"]["value"] == "476173******0010"
    assert told["fields"]["35"]["value"] == "[hidden]"
    assert told["fields"]["22"]["words"] == "chip"
