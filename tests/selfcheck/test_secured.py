"""selfcheck on keys and devices: sound ones are found sound, and what cannot be is named."""

from __future__ import annotations

from typing import Any

import pytest

from switch.model.records import Device, Record, SealedKey
from switch.selfcheck.run import Report, selfcheck
from switch.store.memory import MemoryStore
from switch.store.port import Change
from tests.memory_view import MemoryView


def checked(*records: Record) -> Report:
    """What is found in a store that holds these."""
    store = MemoryStore()
    store.append([Change("defect", 1, records)])
    return selfcheck(MemoryView(store))


def a_key(**changes: Any) -> SealedKey:
    """A key at rest, as it should be but for the changes."""
    shape = {"usage": "P0", "algorithm": "T", "mode": "B", "exportability": "E", "block": "D"}
    return SealedKey(**{"id": "terminal.T1.tpk", **shape, **changes})


def a_device(**changes: Any) -> Device:
    """A device, as it should be but for the changes."""
    return Device(**{"id": "FFFF9876543210E00000", "newest": 1, "seen": 1, **changes})


def test_keys_and_devices_as_they_should_be() -> None:
    """They are looked at, and nothing is found (INV-96)."""
    gone = a_key(id="bdk.FFFF987654", usage="B0", state="destroyed", block="")
    report = checked(a_key(), gone, a_device(newest=20, floor=4, seen=0b1_0000_0000_0000_0001))
    assert report.sound
    assert (report.findings.examined["keys"], report.findings.examined["devices"]) == (2, 1)


@pytest.mark.parametrize(
    ("rule", "said", "record"),
    [
        ("keys", "key terminal.T1.tpk has usage B0", a_key(usage="B0")),
        ("keys", "key mood has usage P0", a_key(id="mood")),
        ("keys", "is destroyed, and its block is still there", a_key(state="destroyed")),
        ("keys", "is active and has no block", a_key(block="")),
        ("devices", "hex digits", a_device(id="mood")),
        ("devices", "is named by a counter", a_device(id="FFFF9876543210E00001")),
        ("devices", "has used 7FF", a_device(newest=0x7FF)),
        ("devices", "between 0 and 2 cannot be", a_device(newest=2, seen=0b10)),
        ("devices", "between 2 and 4 cannot be", a_device(newest=4, floor=2, seen=0b1001)),
        ("devices", "between 5 and 4 cannot be", a_device(newest=4, floor=5)),
    ],
)
def test_what_cannot_be_is_named(rule: str, said: str, record: Record) -> None:
    """INV-71, SR-KEY-14: which record, and why."""
    report = checked(record)
    assert not report.sound
    assert [finding for finding in report.findings.said(rule) if said in finding]
