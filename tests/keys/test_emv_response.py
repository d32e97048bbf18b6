"""Response cryptograms: published values, tag 91, the card's side, status updates."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.keys.emv_response import (
    COUNTERS,
    CardStatusUpdate,
    issuer_authentication,
    response_cryptogram,
    response_mac,
    told_by_issuer,
)
from switch.keys.port import KeyRefused
from switch.keys.steps import Steps
from tests.keys.chip_room import ISSUER, double_keys
from tests.keys.emv_values import CASES, Case

ARQC = bytes.fromhex("29CCA15AE665FA2E")
eight = st.binary(min_size=8, max_size=8)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_responses_are_the_published_ones(case: Case) -> None:
    """Methods 1 and 2, under the card's key and the session's, with proprietary data."""
    cryptogram = bytes.fromhex(case.cryptogram)
    for response in case.responses:
        key = bytes.fromhex(case.card if response.key == "card" else case.session)
        told, own = bytes.fromhex(response.told), bytes.fromhex(response.proprietary)
        made = issuer_authentication(response.method, key, cryptogram, told, own)
        assert made.hex().upper() == response.value + response.told + response.proprietary
        assert told_by_issuer(response.method, key, cryptogram, made) == told


@given(key=double_keys(), cryptogram=eight, method=st.sampled_from((1, 2)), data=st.data())
def test_a_card_knows_its_issuer_and_nobody_else(
    key: bytes, cryptogram: bytes, method: int, data: st.DataObject
) -> None:
    """What was told comes back; one changed bit anywhere, and nothing is believed."""
    size = 2 if method == 1 else 4
    told = data.draw(st.binary(min_size=size, max_size=size))
    own = data.draw(st.binary(max_size=8)) if method == 2 else b""
    value = issuer_authentication(method, key, cryptogram, told, own)
    assert told_by_issuer(method, key, cryptogram, value) == told
    bit = data.draw(st.integers(0, 8 * len(value) - 1))
    bad = (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(len(value), "big")
    assert told_by_issuer(method, key, cryptogram, bad) is None


@given(key=double_keys(), method=st.integers(-1, 4), value=st.binary(max_size=24))
def test_any_other_value_of_tag_91_is_not_believed(key: bytes, method: int, value: bytes) -> None:
    """Whatever its length; nothing is raised."""
    assert told_by_issuer(method, key, ARQC, value) is None


def test_what_cannot_be_answered_is_refused() -> None:
    """Cryptograms, codes and keys of another length; the published negative cases are these."""
    key = bytes.fromhex("AA" * 16)
    short, long = bytes.fromhex("12345678"), bytes.fromhex("12" * 9)
    calls: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: response_cryptogram(key, short, bytes(2)), "a cryptogram has 8"),
        (lambda: response_cryptogram(key, ARQC, bytes(3)), "an authorization response code has 2"),
        (
            lambda: response_cryptogram(key[:8], ARQC, bytes(2)),
            "the key of a response cryptogram has 16",
        ),
        (
            lambda: response_mac(key, bytes.fromhex("1234567890121456"), short, long),
            "proprietary authentication data has 8",
        ),
        (lambda: response_mac(key, short, short), "a cryptogram has 8"),
        (lambda: response_mac(key, ARQC, bytes(2)), "a card status update has 4"),
        (lambda: response_mac(key[:8], ARQC, bytes(4)), "a card's session key has 16"),
        (lambda: issuer_authentication(3, key, ARQC, bytes(2)), "methods 1 and 2"),
    )
    for call, said in calls:
        with pytest.raises(KeyRefused, match=said):
            call()


@given(
    approved=st.booleans(),
    block_card=st.booleans(),
    block_application=st.booleans(),
    set_tries=st.booleans(),
    online_next=st.booleans(),
    by_proxy=st.booleans(),
    proprietary=st.booleans(),
    tries=st.integers(0, 15),
    own=st.integers(0, 255),
    counters=st.sampled_from(sorted(COUNTERS)),
)
def test_a_status_update_says_each_thing_in_its_own_bit(
    approved: bool,
    block_card: bool,
    block_application: bool,
    set_tries: bool,
    online_next: bool,
    by_proxy: bool,
    proprietary: bool,
    tries: int,
    own: int,
    counters: str,
) -> None:
    """By the table of the common core definitions."""
    made = CardStatusUpdate(
        approved, block_card, block_application, set_tries, tries,
        online_next, by_proxy, counters, proprietary, own,
    ).encoded()  # fmt: skip
    assert made[0] == 128 * proprietary + tries
    assert (
        f"{made[1]:08b}"
        == "".join(
            str(int(said))
            for said in (approved, block_card, block_application, set_tries, online_next, by_proxy)
        )
        + {"keep": "00", "upper": "01", "reset": "10", "add": "11"}[counters]
    )
    assert made[2:] == bytes((0, own))


def test_a_status_update_says_nothing_that_it_is_not_told() -> None:
    """As an approval and a decline of the house have it (public control values, pyemv)."""
    assert CardStatusUpdate(approved=True, counters="reset").encoded().hex() == "00820000"
    assert CardStatusUpdate(approved=False).encoded() == bytes(4)


def test_a_status_update_takes_all_that_its_bits_hold() -> None:
    """The highest number of tries, and of the byte that is the issuer's own."""
    made = CardStatusUpdate(approved=False, tries=15, own=255).encoded()
    assert made == bytes((15, 0, 0, 255))


@pytest.mark.parametrize(
    ("update", "said"),
    [
        (CardStatusUpdate(approved=True), "00800000"),
        (CardStatusUpdate(approved=False, block_card=True), "00400000"),
        (CardStatusUpdate(approved=False, block_application=True), "00200000"),
        (CardStatusUpdate(approved=False, set_tries=True), "00100000"),
        (CardStatusUpdate(approved=False, online_next=True), "00080000"),
        (CardStatusUpdate(approved=False, by_proxy=True), "00040000"),
        (CardStatusUpdate(approved=False, counters="upper"), "00010000"),
        (CardStatusUpdate(approved=False, counters="reset"), "00020000"),
        (CardStatusUpdate(approved=False, counters="add"), "00030000"),
        (CardStatusUpdate(approved=False, proprietary=True), "80000000"),
    ],
)
def test_each_thing_alone_is_its_own_bit_alone(update: CardStatusUpdate, said: str) -> None:
    """Whatever else an update could say."""
    assert update.encoded().hex() == said


@pytest.mark.parametrize(
    "update",
    [
        CardStatusUpdate(True, tries=16),
        CardStatusUpdate(True, tries=-1),
        CardStatusUpdate(True, own=256),
        CardStatusUpdate(True, counters="zero"),
    ],
)
def test_a_status_update_that_cannot_be_is_refused(update: CardStatusUpdate) -> None:
    """Nothing spills into a neighbour's bits."""
    with pytest.raises(KeyRefused):
        update.encoded()


def test_steps_show_what_is_enciphered() -> None:
    """Of both methods."""
    steps = Steps()
    response_cryptogram(ISSUER, ARQC, b"00", steps=steps)
    response_mac(ISSUER, ARQC, bytes(4), steps=steps)
    assert steps.lines[0].value == "19FCA15AE665FA2E"
    assert steps.lines[1].value == ARQC.hex().upper() + "00000000"
    assert steps.find("padded data") == ARQC.hex().upper() + "0000000080000000"
