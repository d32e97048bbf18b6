"""Keys on their way into a terminal: from a switch that answers over its control socket, or from a
key sheet. Keys are published test keys (ANSI X9.24-1; the vectors' dukpt_tdes and tr31).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from switch.model.ksn import parse
from switch_tools.terminal_injecting import (
    InjectionRefused,
    Order,
    first_of,
    from_sheet,
    from_switch,
    initial_order,
)
from switch_tools.terminal_keys import AES_DUKPT, TDES_DUKPT, TMK

IK = "6AC292FAA1315B4D858AB3A3D7D5933A"
TMK_VALUE = "DD7515F2BFC17F85CE48F3CA25CB21F6"
DEVICE = "FFFF9876543210E00000"
NOWHERE = Path("a folder")


class FakeSwitch:
    """Answers as the key desk does."""

    def __init__(self, **answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, folder: Path, command: str, **more: Any) -> dict[str, Any]:
        assert folder == NOWHERE
        self.asked.append((command, more["arguments"]))
        return self.answer


def test_a_switch_is_asked_for_the_initial_key_of_the_device() -> None:
    """By the base key that the serial number names; the check value has to fit."""
    switch = FakeSwitch(ok=True, key=IK, check_value="AF8C07")
    fresh = from_switch(NOWHERE, "DEMO0001", initial_order("", DEVICE), switch)
    assert switch.asked == [("keys.initial_key", {"name": "bdk.FFFF987654", "ksn": DEVICE})]
    assert (fresh.name, fresh.algorithm, fresh.ksn) == (TDES_DUKPT, "T", DEVICE)
    assert fresh.key.hex().upper() == IK


def test_a_switch_is_asked_for_the_master_key_of_the_terminal() -> None:
    """By the terminal's name."""
    switch = FakeSwitch(ok=True, key=TMK_VALUE, check_value="F7BAA8")
    from_switch(NOWHERE, "DEMO0001", Order(TMK), switch)
    assert switch.asked == [("keys.inject", {"name": "terminal.DEMO0001.tmk", "algorithm": "T"})]


def test_a_key_that_is_another_one_is_not_taken() -> None:
    """By its check value; the refusal shows no key."""
    switch = FakeSwitch(ok=True, key=IK, check_value="AF8C08")
    with pytest.raises(InjectionRefused, match="another check value") as refused:
        from_switch(NOWHERE, "DEMO0001", initial_order("", DEVICE), switch)
    assert IK not in str(refused.value)


def test_what_the_switch_refuses_is_told() -> None:
    """In its own words."""
    switch = FakeSwitch(ok=False, error="there is no base derivation key")
    with pytest.raises(InjectionRefused, match="gives no key: there is no base derivation key"):
        from_switch(NOWHERE, "DEMO0001", initial_order("", DEVICE), switch)


@pytest.mark.parametrize(
    ("sets", "aes", "slot"),
    [
        (("FFFF987654", "12345678"), False, TDES_DUKPT),
        (("FFFF987654", "12345678"), True, AES_DUKPT),
    ],
)
def test_a_new_device_is_one_that_nobody_has_met(
    sets: tuple[str, ...], aes: bool, slot: str
) -> None:
    """Its number is chance; its counter at zero, its set the world's."""
    orders = [first_of(sets, aes=aes) for _ in range(8)]
    assert len({order.ksn for order in orders}) == 8
    for order in orders:
        assert (order.slot, order.aes) == (slot, aes)
        assert order.ksn.startswith(sets[aes])
        assert parse(order.ksn).counter == 0
        assert parse(order.ksn).device == order.ksn


def test_a_world_without_such_a_set_says_so() -> None:
    """With what to give instead."""
    with pytest.raises(InjectionRefused, match="no base key for AES: name one with --bdk"):
        first_of(("FFFF987654",), aes=True)


@pytest.mark.parametrize("ksi", ["FFFF98765", "FFFF9876543", "no hex set"])
def test_a_key_set_that_is_none_is_refused(ksi: str) -> None:
    """10 digits or 8, hex."""
    with pytest.raises(InjectionRefused, match="hex digits"):
        initial_order(ksi, "")


def test_components_of_a_sheet_are_xored() -> None:
    """ANSI X9.24-1; in any number."""
    whole = bytes.fromhex(TMK_VALUE)
    first, second = bytes(range(16)), bytes(range(100, 116))
    third = bytes(a ^ b ^ c for a, b, c in zip(whole, first, second, strict=True))
    fresh = from_sheet(Order(TMK), [part.hex() for part in (first, second, third)])
    assert fresh.key == whole
    assert from_sheet(Order(TMK), [TMK_VALUE]).key == whole


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        (["DD7515F2BFC17F85CE48F3CA25CB21F"], "hex digits"),
        (["00" * 16], "equal bytes"),
        (["0123456789ABCDEF" * 2], "single DES"),
        (["0123456789ABCDEF"], "16 or 24"),
        ([TMK_VALUE, IK[:16]], "equal lengths"),
    ],
)
def test_a_key_that_no_terminal_takes_is_refused(sheet: list[str], said: str) -> None:
    """SR-KEY-10: at injection, without repeating it."""
    with pytest.raises(InjectionRefused, match=said) as refused:
        from_sheet(Order(TMK), sheet)
    assert sheet[0] not in str(refused.value)
