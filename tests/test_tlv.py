"""BER-TLV: what EMV allows is read and kept, what it forbids is refused at the byte."""

from __future__ import annotations

import pytest

from switch import tlv

NESTED = "".join(f"70{size:02X}" for size in range(18, -1, -2))
PURCHASE = bytes.fromhex("9F02060000000010009F2608A1B2C3D4E5F607185F2A0208409C0100")


def test_objects_keep_their_order_tag_and_value() -> None:
    """Objects come in the order of the bytes, two-byte tags whole, unknown tags as they are."""
    items = tlv.parse(PURCHASE + bytes.fromhex("DF8112021234"))

    assert [(item.tag, item.value.hex()) for item in items] == [
        ("9F02", "000000001000"),
        ("9F26", "a1b2c3d4e5f60718"),
        ("5F2A", "0840"),
        ("9C", "00"),
        ("DF8112", "1234"),
    ]


def test_places_count_from_the_first_byte() -> None:
    """Offsets of tag, value and end are indices into the bytes given."""
    second = tlv.parse(PURCHASE)[1]

    assert (second.offset, second.value_offset, second.end) == (9, 12, 20)


def test_templates_hold_their_children() -> None:
    """A constructed tag is opened, with the places of its children in the whole."""
    (template,) = tlv.parse(bytes.fromhex("7108860284A086025678"))

    assert [(child.tag, child.offset) for child in template.children] == [("86", 2), ("86", 6)]
    assert tlv.find([template], "86") == bytes.fromhex("84A0")
    assert tlv.find([template], "95") is None


def test_long_lengths_and_zero_fill_are_read() -> None:
    """Lengths of 81 and 82 form; zero bytes between objects carry nothing."""
    long = bytes(200)
    data = bytes.fromhex("9F1081C8") + long + b"\0\0" + bytes.fromhex("DF010003") + b"\0"

    items = tlv.parse(data[:-2] + bytes.fromhex("9A03261124"))

    assert [item.tag for item in items] == ["9F10", "DF01", "9A"]
    assert len(items[0].value) == 200
    assert tlv.parse(bytes.fromhex("DF0182012C") + bytes(300))[0].value == bytes(300)


@pytest.mark.parametrize(
    ("hexed", "at", "reason"),
    [
        ("9F02", 2, "tag without a length"),
        ("9F", 1, "tag is cut short"),
        ("9F0206000000", 6, "value of 6 bytes announced, 3 left"),
        ("9F02010095050000", 8, "value of 5 bytes announced, 2 left"),
        ("7181FF86020000", 7, "value of 255 bytes announced, 4 left"),
        ("9F0281", 3, "length is cut short"),
        ("9F028000", 2, "length is of no form that EMV allows"),
        ("9F0285000000000100", 2, "length is of no form that EMV allows"),
        ("9FFFFFFF0100", 0, "tag is longer than 4 bytes"),
        ("7003860500", 5, "value of 5 bytes announced, 1 left"),
        (NESTED, 18, "templates nested more than 8 deep"),
    ],
)
def test_what_is_no_tlv_is_refused_at_the_byte(hexed: str, at: int, reason: str) -> None:
    """The error has the byte at fault, the end of the data for missing bytes; ``check`` agrees."""
    for judge in (tlv.parse, tlv.check):
        with pytest.raises(tlv.TlvError) as caught:
            judge(bytes.fromhex(hexed))
        assert (caught.value.at, caught.value.reason) == (at, reason)


def test_building_uses_the_shortest_length() -> None:
    """Lengths below 128 take one byte, then 81, then 82."""
    built = tlv.build([("9C", b"\0"), ("DF01", bytes(128)), ("DF02", bytes(256))])

    assert built[:6].hex() == "9c0100df0181"
    assert [len(item.value) for item in tlv.parse(built)] == [1, 128, 256]


@pytest.mark.parametrize("tag", ["", "9F", "9F8A", "9C00"])
def test_a_tag_that_is_none_is_not_built(tag: str) -> None:
    """Cut, over-long and doubled tags are refused."""
    with pytest.raises(ValueError, match="tag"):
        tlv.build([(tag, b"")])


def test_a_value_does_not_show() -> None:
    """Chip data may hold a PAN: printing an object shows its tag only."""
    (item,) = tlv.parse(bytes.fromhex("5A084761739001010010"))

    assert "4761" not in repr(item)
    assert b"\x47\x61".hex() not in repr(item)
