"""Properties of BER-TLV: what is built is read back, what is read is checked alike, garbage ends
in one error."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from switch import tlv

PRIMITIVE = st.sampled_from(["9C", "95", "5A", "9F02", "9F26", "DF01", "DF8112", "82"])
FLAT = st.lists(st.tuples(PRIMITIVE, st.binary(max_size=300)), max_size=6)
TEMPLATE = st.tuples(st.sampled_from(["70", "71", "BF0C"]), FLAT.map(tlv.build))
OBJECTS = st.lists(st.one_of(st.tuples(PRIMITIVE, st.binary(max_size=40)), TEMPLATE), max_size=6)


@given(OBJECTS)
def test_what_is_built_is_read_back(objects: list[tuple[str, bytes]]) -> None:
    """Tags and values survive; children tile their template."""
    items = tlv.parse(tlv.build(objects))

    assert [(item.tag, item.value) for item in items] == objects
    for item in items:
        built = tlv.build([(child.tag, child.value) for child in item.children])
        assert built == (item.value if item.children else b"")


@given(st.binary(max_size=80))
def test_bytes_are_tlv_or_one_error(data: bytes) -> None:
    """``parse`` and ``check`` agree on any bytes, and on the place where they stop."""
    parsed = checked = None
    try:
        tlv.parse(data)
    except tlv.TlvError as error:
        parsed = (error.at, error.reason)
    try:
        tlv.check(data)
    except tlv.TlvError as error:
        checked = (error.at, error.reason)

    assert parsed == checked
    assert parsed is None or 0 <= parsed[0] <= len(data)


@given(OBJECTS, st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_a_damaged_byte_never_reads_past_the_end(
    objects: list[tuple[str, bytes]], where: int, what: int
) -> None:
    """Whatever one byte is changed to, values stay inside the data."""
    data = bytearray(tlv.build(objects) or b"\x9c\x01\x00")
    data[where % len(data)] = what
    try:
        items = tlv.parse(bytes(data))
    except tlv.TlvError:
        return

    assert all(item.end <= len(data) for item in tlv.walk(items))


def stop_of(check: Callable[[bytes], object], data: bytes) -> tuple[int, str] | None:
    """Where and why the check stops."""
    try:
        check(data)
    except tlv.TlvError as error:
        return error.at, error.reason
    return None


@given(OBJECTS, st.lists(st.tuples(st.integers(min_value=0), st.integers(0, 255)), max_size=4))
def test_what_was_seen_before_does_not_change_what_is_good(
    objects: list[tuple[str, bytes]], damage: list[tuple[int, int]]
) -> None:
    """Data of the size of data that was good is checked as if nothing had been seen."""
    builds = tlv.Builds()
    good = tlv.build(objects) or b"\x00"
    builds.check(good)
    data = bytearray(good)
    for where, what in damage:
        data[where % len(data)] = what

    assert stop_of(builds.check, bytes(data)) == stop_of(tlv.check, bytes(data))


@given(OBJECTS, st.lists(st.tuples(st.integers(min_value=0), st.integers(0, 255)), max_size=4))
def test_what_was_seen_before_does_not_change_what_is_read(
    objects: list[tuple[str, bytes]], damage: list[tuple[int, int]]
) -> None:
    """Data of the size of data that was read has the values that a search finds in it."""
    builds = tlv.Builds()
    good = tlv.build(objects) or b"\x00"
    builds.values(good)
    data = bytearray(good)
    for where, what in damage:
        data[where % len(data)] = what

    assert stop_of(builds.values, bytes(data)) == stop_of(tlv.check, bytes(data))
    if stop_of(tlv.check, bytes(data)) is None:
        items = tlv.parse(bytes(data))
        tags = {item.tag for item in tlv.walk(items)}
        assert builds.values(bytes(data)) == {tag: tlv.find(items, tag) for tag in tags}
