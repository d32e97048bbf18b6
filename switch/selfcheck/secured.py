"""What a store holds of keys and of the devices that use them, each record by itself.

Owns those two passes. Reads and tells; opens no key block.
"""

from __future__ import annotations

from switch.model.key_roles import role_of
from switch.model.ksn import Counter, KsnRefused, parse
from switch.model.records import Device, SealedKey
from switch.selfcheck.rules import Findings, Source

_DESTROYED = "destroyed"


def keys(source: Source, findings: Findings) -> None:
    """Each key's name says what it is for, and what was destroyed is gone (SR-KEY-14)."""
    for key in source.find_all(SealedKey):
        findings.examined["keys"] += 1
        role = role_of(key.id)
        if role is None or key.usage not in role.usages:
            findings.against("keys", f"key {key.id} has usage {key.usage}")
        is_gone = key.state == _DESTROYED
        if is_gone and (key.block or key.former):
            findings.against("keys", f"key {key.id} is destroyed, and its block is still there")
        if not is_gone and not key.block:
            findings.against("keys", f"key {key.id} is {key.state} and has no block")


def devices(source: Source, findings: Findings) -> None:
    """Each device has used counters that can be, its newest among them (INV-71)."""
    for device in source.find_all(Device):
        findings.examined["devices"] += 1
        try:
            ksn = parse(device.id)
        except KsnRefused as failure:
            findings.against("devices", f"device {device.id}: {failure}")
            continue
        if ksn.device != device.id:
            findings.against("devices", f"device {device.id} is named by a counter")
        if ksn.at(device.newest).worth is not Counter.GOOD:
            findings.against("devices", f"device {device.id} has used {device.newest:X}")
        known = device.newest - device.floor + 1
        if known < 1 or not device.seen & 1 or device.seen >> known:
            said = f"what it has used between {device.floor:X} and {device.newest:X}"
            findings.against("devices", f"device {device.id}: {said} cannot be")
