"""A second opinion on key blocks: psec's TR-31."""

from __future__ import annotations

import os
from collections.abc import Iterator
from warnings import catch_warnings, simplefilter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psec import tr31

from switch.keys.key_block import padding_length, unwrap, wrap
from switch.keys.key_block_header import Header, parse_header
from switch.keys.port import KeyBlockRefused
from tests.keys.test_key_block import wrapped


@pytest.fixture(autouse=True)
def _their_short_keys_are_theirs() -> Iterator[None]:
    """Psec hands 16-byte TDES keys to the library, which warns of them."""
    with catch_warnings():
        simplefilter("ignore")
        yield


@given(wrapped())
@settings(max_examples=60, deadline=None)
def test_they_open_what_we_made(case: tuple[bytes, Header, bytes, str]) -> None:
    """Key and header."""
    kbpk, header, key, block = case
    theirs, found = tr31.unwrap(kbpk, block)
    assert found == key
    assert (theirs.version_id, theirs.key_usage) == (header.version, header.usage)
    assert (theirs.algorithm, theirs.mode_of_use) == (header.algorithm, header.mode)
    assert theirs.exportability == header.exportability
    if len({each.id for each in header.optional}) == len(header.optional):
        ours = {each.id: each.data for each in header.optional if each.id != "PB"}
        assert {name: data for name, data in theirs.blocks.items() if name != "PB"} == ours


@given(
    st.sampled_from("ABCD"),
    st.sampled_from((("P0", "T", "E"), ("B0", "T", "X"), ("K0", "A", "B"), ("M7", "H", "C"))),
    st.binary(min_size=16, max_size=16),
    st.dictionaries(
        st.sampled_from(("KS", "T1", "LB")), st.text("0123456789AZ -", max_size=260), max_size=2
    ),
    st.binary(min_size=16, max_size=16),
)
@settings(max_examples=60, deadline=None)
def test_we_open_what_they_made(
    version: str, kind: tuple[str, str, str], key: bytes, blocks: dict[str, str], kbpk: bytes
) -> None:
    """Optional blocks and their fillers too."""
    header = tr31.Header(version, kind[0], kind[1], kind[2], "00", "E")
    for name, data in blocks.items():
        header.blocks[name] = data
    block = tr31.wrap(kbpk, header, key)
    opened = unwrap(kbpk, block)
    assert bytes(opened.key) == key
    ours = {each.id: each.data for each in opened.header.optional if each.id != "PB"}
    assert ours == blocks
    assert len(opened.padding) == padding_length(opened.header, len(key))
    assert wrap(kbpk, opened.header, opened.key, opened.padding) == block


@given(st.binary(min_size=4, max_size=4), st.data())
@settings(max_examples=60, deadline=None)
def test_what_they_refuse_does_not_open_here(noise: bytes, data: st.DataObject) -> None:
    """Four bytes of a good block exchanged, anywhere. (We refuse more: lower-case hex, say.)"""
    kbpk = bytes(range(16))
    block = wrap(kbpk, Header("B", "P0", "T", "E"), os.urandom(16), os.urandom(6))
    at = data.draw(st.integers(0, len(block) - 8))
    changed = block[:at] + noise.hex().upper() + block[at + 8 :]
    try:
        tr31.unwrap(kbpk, changed)
    except tr31.KeyBlockError:
        with pytest.raises(KeyBlockRefused):
            unwrap(kbpk, changed)
    except tr31.HeaderError:
        with pytest.raises(KeyBlockRefused):
            parse_header(changed)
    else:
        assert changed == block
