"""Application cryptograms: published values, paddings, what must never fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.keys.emv_cryptogram import (
    KINDS,
    TagsMissing,
    application_cryptogram,
    check_cryptogram,
    cryptogram_data,
    information_of,
    kind_of,
    lacking,
)
from switch.keys.emv_tags import LENGTHS
from switch.keys.mac_iso9797 import RetailMac
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps
from tests.keys.chip_room import ISSUER, double_keys
from tests.keys.emv_values import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cryptograms_are_the_published_ones(case: Case) -> None:
    """Made and checked, paddings 1 and 2."""
    key, data = bytes.fromhex(case.session), bytes.fromhex(case.data)
    cryptogram = bytes.fromhex(case.cryptogram)
    assert application_cryptogram(key, data, case.padding) == cryptogram
    assert check_cryptogram(key, data, case.padding, cryptogram)


@pytest.mark.parametrize("case", CASES[:6], ids=lambda case: case.name)
def test_every_changed_bit_is_noticed(case: Case) -> None:
    """Each bit of the data and of the cryptogram in turn."""
    key, data = bytes.fromhex(case.session), bytes.fromhex(case.data)
    cryptogram = bytes.fromhex(case.cryptogram)
    for bad in _one_bit_off(data):
        assert not check_cryptogram(key, bad, case.padding, cryptogram)
    for bad in _one_bit_off(cryptogram):
        assert not check_cryptogram(key, data, case.padding, bad)


def _one_bit_off(data: bytes) -> list[bytes]:
    value = int.from_bytes(data, "big")
    return [(value ^ 1 << bit).to_bytes(len(data), "big") for bit in range(8 * len(data))]


def test_a_mac_that_is_no_session_key_s_is_the_published_one() -> None:
    """A script's, from public tests of a calculator."""
    data = bytes.fromhex("8424000008999E57FD0F47CACE0007")
    assert application_cryptogram(ISSUER, data).hex().upper() == "22CB48394DFD1977"


@given(key=double_keys(), data=st.binary(max_size=80), padding=st.sampled_from((1, 2)))
def test_a_ready_mac_gives_the_same(key: bytes, data: bytes, padding: int) -> None:
    """Used over and over, as for cards without session keys."""
    ready = RetailMac(key)
    plain = application_cryptogram(key, data, padding)
    assert application_cryptogram(ready, data, padding) == plain
    assert application_cryptogram(ready, data, padding) == plain


@given(key=double_keys(), data=st.binary(max_size=64))
def test_padding_two_tells_trailing_zeros_apart(key: bytes, data: bytes) -> None:
    """Padding 1 cannot where they fill a block that is there."""
    assert application_cryptogram(key, data, 2) != application_cryptogram(key, data + b"\x00", 2)
    if len(data) % 8:
        assert application_cryptogram(key, data, 1) == application_cryptogram(
            key, data + b"\x00", 1
        )


@pytest.mark.parametrize("key", [bytes(8), bytes(24), b""])
def test_keys_of_another_length_are_refused(key: bytes) -> None:
    """A cryptogram is made with 16 bytes."""
    with pytest.raises(KeyRefused, match="a card's session key has 16 bytes"):
        application_cryptogram(key, b"data")


def test_what_is_no_cryptogram_or_padding_is_refused() -> None:
    """Seven bytes are none; a short one never fits by its beginning."""
    good = application_cryptogram(ISSUER, b"data")
    with pytest.raises(KeyRefused, match="a cryptogram has 8 bytes, this one has 7"):
        check_cryptogram(ISSUER, b"data", 2, good[:7])
    with pytest.raises(KeyRefused):
        application_cryptogram(ISSUER, b"data", 3)


@given(
    values=st.dictionaries(
        st.sampled_from(sorted(LENGTHS)), st.binary(max_size=9), max_size=len(LENGTHS)
    )
)
def test_data_names_all_that_lacks(values: dict[str, bytes]) -> None:
    """Tags that are not there and tags of a wrong length, in order; else all values in order."""
    tags = tuple(LENGTHS)
    absent = [tag for tag in tags if len(values.get(tag, b"")) != LENGTHS[tag]]
    if absent:
        with pytest.raises(TagsMissing) as refused:
            cryptogram_data(values, tags)
        assert refused.value.tags == tuple(absent)
        assert f"lacks {', '.join(absent)}, or" in str(refused.value)
    else:
        assert cryptogram_data(values, tags) == b"".join(values[tag] for tag in tags)


def test_what_has_no_fixed_length_is_only_wanted() -> None:
    """A card's own data (9F10): of any length, but there."""
    assert lacking({"9F10": bytes(7)}, ("9F10",)) == []
    assert lacking({"9F10": b""}, ("9F10", "9F36")) == ["9F36"]
    assert lacking({}, ("9F10",)) == ["9F10"]


def test_bytes_cannot_move_between_elements() -> None:
    """An amount of five bytes with seven of the other one would give the same data."""
    shifted = {"9F02": bytes(5), "9F03": bytes(7)}
    with pytest.raises(TagsMissing):
        cryptogram_data(shifted, ("9F02", "9F03"))


@given(information=st.integers(0, 255))
def test_kinds_are_told_by_two_bits(information: int) -> None:
    """The rest (advice, reason) is not looked at; the reserved kind is none."""
    kind = kind_of(information)
    assert kind == ("AAC", "TC", "ARQC", "")[information >> 6]
    if kind:
        assert information_of(kind) == information & 0xC0


def test_a_kind_that_does_not_exist_is_refused() -> None:
    """There are three."""
    assert len(KINDS) == 3
    with pytest.raises(KeyRefused):
        information_of("AAR")


def test_steps_show_padded_data() -> None:
    """And the blocks of the MAC after it."""
    steps = Steps()
    application_cryptogram(ISSUER, b"\x01", 2, steps=steps)
    assert steps.lines[0] == ("padded data", "0180000000000000")
    assert len(steps.lines) > 1
    again = Steps()
    application_cryptogram(RetailMac(ISSUER), b"\x01", 2, steps=again)
    assert again.lines == steps.lines
