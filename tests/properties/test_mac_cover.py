"""MACs of messages, for every dialect: whatever is said can be signed, and nothing of it is left
uncovered.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from switch.errors import DecodeError
from switch.values import Carried
from switch.wire.dialect_data import MacRule
from switch.wire.mac_cover import MOST_ALTERNATIVES, MacCover
from tests.wire_requests import SIDES, Side, requests

each_side = pytest.mark.parametrize("side", SIDES, ids=repr)
macs = st.binary(min_size=8, max_size=8)
rules = st.builds(
    MacRule,
    covers=st.sampled_from(["message", "header", "tpdu"]),
    bit=st.sampled_from(["set", "cleared"]),
    field=st.sampled_from(["left-out", "zeros"]),
)


@each_side
@settings(max_examples=40)
@given(st.data(), rules, macs, macs, st.binary(max_size=11))
def test_signing_changes_the_mac_alone(
    side: Side, data: st.DataObject, rule: MacRule, mac: bytes, other: bytes, lead: bytes
) -> None:
    """A signed message has the fields that it was made of and that MAC, and what is covered does
    not depend on it.
    """
    cover = MacCover(replace(side.dialect, mac=rule))
    fields = side.mapper.compose(data.draw(requests(side)))
    encoded = side.codec.encode(cover.placeholder(fields))
    covered = cover.input(encoded, lead)
    for value in (mac, other):
        signed = cover.signed(encoded, value)
        read = side.codec.decode(signed)
        (bearing,) = read.keys() - fields.keys()
        assert read == {**fields, bearing: value.hex().upper()}
        assert bearing == list(read)[-1]
        assert cover.mac(read) == value
        assert cover.input(signed, lead) == covered
        assert side.mapper.request(read).mac == value.hex().upper()


@each_side
@settings(max_examples=60)
@given(st.data(), st.integers(0, 255))
def test_no_change_leaves_cover_and_mac_as_they_were(
    side: Side, data: st.DataObject, byte: int
) -> None:
    """M-10: whatever byte of a message is another one, the message does not decode, bears no MAC,
    or has another cover or another MAC: none is outside of both.
    """
    cover = side.mapper.cover
    fields = side.mapper.compose(data.draw(requests(side)))
    message = cover.sign(side.codec, fields, lambda _data: b"\x12\x34\x56\x78\x9a\xbc\xde\xf0")
    at = data.draw(st.integers(0, len(message) - 1))
    assume(message[at] != byte)
    changed = message[:at] + bytes([byte]) + message[at + 1 :]
    try:
        read = side.codec.decode(changed)
    except DecodeError:
        return
    before = side.codec.decode(message)
    if cover.mac(read) == cover.mac(before) and cover.input(changed) == cover.input(message):
        # A MAC in small letters is the same MAC, and nothing else can have been changed.
        assert read != before
        assert {k: v.upper() for k, v in read.items()} == {k: v.upper() for k, v in before.items()}


@each_side
@settings(max_examples=40)
@given(st.data(), rules, st.binary(max_size=11))
def test_the_doctor_always_has_other_ways(
    side: Side, data: st.DataObject, rule: MacRule, lead: bytes
) -> None:
    """Bounded, each once, none of them the dialect's own."""
    cover = MacCover(replace(side.dialect, mac=rule))
    fields = side.mapper.compose(data.draw(requests(side)))
    signed = cover.sign(side.codec, fields, lambda _data: bytes(8), lead)
    found = cover.alternatives(Carried(signed, lead))
    ways = [covered for _, covered in found]
    assert 3 <= len(set(ways)) == len(ways) <= MOST_ALTERNATIVES
    assert cover.input(signed, lead) not in ways
    assert len({said for said, _ in found}) == len(found)
