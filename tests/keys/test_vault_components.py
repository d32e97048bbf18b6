"""Keys entered in components: XORed inside, confirmed by check values, by different persons."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.keys.check_value import check_value
from switch.keys.ciphers import xor
from switch.keys.key_block_header import parse_header
from switch.keys.permissions import kind
from switch.keys.port import KeyRefused, KeySpec
from switch.keys.vault_components import MOST, PENDING, ComponentDesk
from switch.model.security import KeyUse
from tests.keys.vault_kit import BDK, new_vault

LIVE = KeySpec("K1", "A", 32, "B", "E", "live")
TEST = KeySpec("K1", "A", 32, "B")
SPECS = [LIVE, TEST, KeySpec("K0", "T", 16, "B", "N", "live"), KeySpec("M7", "H", 32, "C")]


def part_of(spec: KeySpec) -> tuple[bytes, str]:
    """A component and its check value."""
    value = os.urandom(spec.length)
    return value, check_value(kind(spec), value).hex()


@pytest.mark.parametrize(("name", "borne"), [("terminal.T1.tmk", "terminal.T1.tmk"), ("", None)])
def test_an_entered_key_bears_the_name_it_was_begun_with(name: str, borne: str | None) -> None:
    """In its block (LB); a check value of two bytes is the shortest that confirms a component."""
    vault = new_vault()
    ticket = vault.begin_components(TEST, 1, name=name) if name else vault.begin_components(TEST, 1)
    value, check = part_of(TEST)
    with pytest.raises(KeyRefused, match="2 bytes or more"):
        vault.add_component(ticket, "officer", bytearray(value), check[:2])
    vault.add_component(ticket, "officer", bytearray(value), check[:4])
    assert parse_header(vault.finish_components(ticket).block).find("LB") == borne


@given(st.sampled_from(SPECS), st.integers(2, MOST))
@settings(max_examples=30)
def test_the_key_is_the_exclusive_or_of_its_components(spec: KeySpec, count: int) -> None:
    """SR-KEY-06: each one is overwritten, and counted down."""
    vault = new_vault()
    ticket = vault.begin_components(spec, count)
    whole = bytearray(spec.length)
    for number in range(count):
        value, check = part_of(spec)
        whole = xor(whole, value)
        given_value = bytearray(value)
        missing = vault.add_component(ticket, f"officer {number}", given_value, check)
        assert missing == count - number - 1
        assert given_value == bytes(spec.length)
    made = vault.finish_components(ticket)
    assert made.attributes == spec
    assert made.check_value == check_value(kind(spec), whole).hex().upper()
    assert vault.attributes(KeyUse("a.key", made.block)) == spec
    with pytest.raises(KeyRefused, match="ticket"):
        vault.finish_components(ticket)


def test_nobody_enters_two_components_of_a_live_key() -> None:
    """SR-KEY-06; of a test key one person may enter all."""
    for spec, allowed in ((LIVE, False), (TEST, True)):
        vault = new_vault()
        ticket = vault.begin_components(spec, 2)
        vault.add_component(ticket, "anna", *_given(spec))
        if allowed:
            assert vault.add_component(ticket, "anna", *_given(spec)) == 0
            continue
        with pytest.raises(KeyRefused, match="anna has entered"):
            vault.add_component(ticket, "anna", *_given(spec))
        assert vault.add_component(ticket, "bert", *_given(spec)) == 0
        assert vault.finish_components(ticket).attributes == spec


def _given(spec: KeySpec) -> tuple[bytearray, str]:
    value, check = part_of(spec)
    return bytearray(value), check


def test_one_component_makes_a_test_key_only() -> None:
    """SR-KEY-06."""
    vault = new_vault()
    for spec, counts in ((LIVE, (0, 1, MOST + 1)), (TEST, (0, MOST + 1))):
        for count in counts:
            with pytest.raises(KeyRefused, match="components"):
                vault.begin_components(spec, count)
    ticket = vault.begin_components(TEST, 1)
    value, check = _given(TEST)
    vault.add_component(ticket, "anna", value, check)
    assert vault.finish_components(ticket).check_value == check.upper()


@pytest.mark.parametrize("check", ["", "00", "0000", "000000", "not hex", "00" * 40])
def test_a_component_that_does_not_fit_its_check_value_is_refused(check: str) -> None:
    """And overwritten; the entry goes on as before."""
    vault = new_vault()
    ticket = vault.begin_components(LIVE, 2)
    value = bytearray(range(32))
    with pytest.raises(KeyRefused, match="check value"):
        vault.add_component(ticket, "anna", value, check)
    assert value == bytes(32)
    assert vault.add_component(ticket, "anna", *_given(LIVE)) == 1


@pytest.mark.parametrize("value", [bytes(16), b"\xff" * 16, BDK])
def test_a_component_that_everybody_knows_is_none(value: bytes) -> None:
    """SR-KEY-06, SR-KEY-09: beside zeros the other person's component is the key. A test key may be
    entered as it stands.
    """
    check = check_value("TDES", value).hex()
    for mark in ("live", "test"):
        vault = new_vault()
        ticket = vault.begin_components(KeySpec("P0", "T", 16, "B", mark=mark), 2)
        given_value = bytearray(value)
        if mark == "test":
            assert vault.add_component(ticket, "anna", given_value, check) == 1
            continue
        with pytest.raises(KeyRefused, match="hides nothing of a live key"):
            vault.add_component(ticket, "anna", given_value, check)
        assert not any(given_value)


def test_what_is_no_component_is_refused() -> None:
    """Half a key, one too many, a person without a name, an unknown ticket: overwritten too."""
    vault = new_vault()
    ticket = vault.begin_components(TEST, 1)
    for officer, length, under, said in (
        ("anna", 16, ticket, "16 bytes: like its key it has 32"),
        ("", 32, ticket, "with a name"),
        ("anna", 32, "0" * 16, "under this ticket"),
    ):
        value = bytearray(os.urandom(length))
        check = check_value("AES", value).hex()
        with pytest.raises(KeyRefused, match=said):
            vault.add_component(under, officer, value, check)
        assert value == bytes(length)
    vault.add_component(ticket, "anna", *_given(TEST))
    with pytest.raises(KeyRefused, match="all components"):
        vault.add_component(ticket, "bert", *_given(TEST))


def test_a_key_is_finished_when_no_component_is_missing() -> None:
    """And a dropped one not at all."""
    vault = new_vault()
    ticket = vault.begin_components(LIVE, 3)
    vault.add_component(ticket, "anna", *_given(LIVE))
    with pytest.raises(KeyRefused, match="2 of 3 components"):
        vault.finish_components(ticket)
    assert vault.add_component(ticket, "bert", *_given(LIVE)) == 1
    vault.drop_components(ticket)
    vault.drop_components(ticket)
    with pytest.raises(KeyRefused, match="ticket"):
        vault.add_component(ticket, "cara", *_given(LIVE))


def test_components_that_cancel_each_other_make_no_key() -> None:
    """SR-KEY-10 of the key, not of its components alone."""
    vault = new_vault()
    ticket = vault.begin_components(LIVE, 2)
    value, check = part_of(LIVE)
    vault.add_component(ticket, "anna", bytearray(value), check)
    vault.add_component(ticket, "bert", bytearray(value), check)
    with pytest.raises(KeyRefused, match="equal bytes"):
        vault.finish_components(ticket)


def test_few_keys_are_entered_at_a_time() -> None:
    """Bounded; a ticket that comes twice is no ticket; closing overwrites what was entered."""
    desk = ComponentDesk(os.urandom)
    tickets = [desk.begin(LIVE, 2) for _ in range(PENDING)]
    with pytest.raises(KeyRefused, match="finish or drop"):
        desk.begin(LIVE, 2)
    desk.drop(tickets[0])
    assert desk.begin(LIVE, 2)
    repeats = ComponentDesk(bytes)
    repeats.begin(LIVE, 2)
    with pytest.raises(KeyRefused, match="same ticket twice"):
        repeats.begin(LIVE, 2)
    desk.add(tickets[1], "anna", *_given(LIVE))
    held = next(part for entry in desk._entries.values() for part in entry.components)
    assert any(held)
    desk.wipe()
    assert not any(held)
    assert repr(desk) == "ComponentDesk(0 keys)"
