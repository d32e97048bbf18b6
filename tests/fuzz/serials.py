"""Fuzz target: any text as a key serial number, any walk through a device's counters (ANSI X9.24-1
and X9.24-3).

Owns what must hold: a number or a KsnRefused; counters go up; no two of one device give one key,
whichever way it was come to; no counter is taken twice, and none is refused that was never used and
lies in the window (INV-71).
"""

from __future__ import annotations

from typing import Final

from switch.keys import dukpt_aes, dukpt_tdes
from switch.keys.dukpt_aes import AesDevice
from switch.keys.dukpt_tdes import TdesDevice
from switch.model.ksn import (
    Counter,
    Ksn,
    KsnRefused,
    from_legacy,
    of_initial_key_id,
    parse,
    previous_counter,
    use,
)

# A key serial number's text, a zero byte, then what the counters are made of.
SEEDS: Final = (
    b"FFFF9876543210E00001\x00\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03",
    b"123456789012345600000001\x00\x00\x01\xff\xff\x00\x02\x00\x00\x00\x02\x00\x00",
    b"9876543210E007FE\x00\x00\x1f\xf8\x00\x00\x0f\xfc\x00",
    b"FFFF9876543210FFF800\x00\x00\x00\x00\x05\x00\x00\x00\x03\x00\x00\x00\x05",
    b"1234567890123456FFFF0000\x00\xff\xff\x00\x00",
    b"0E11111111FFFFFF0000\x00",
)
_TDES: Final = bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A")  # initial keys of the standards
_AES: Final = bytes.fromhex("1273671EA26AC29AFA4D1084127652A1")
_WINDOW: Final = 16
_MOST: Final = 12  # counters of one walk


def fuzz_one(data: bytes) -> None:
    """The text up to a zero byte is a number; four bytes each of the rest are a counter."""
    head, _, tail = data.partition(b"\x00")
    text = head.decode("latin-1")
    for reads in (from_legacy, of_initial_key_id, parse):
        try:
            ksn = reads(text)
        except KsnRefused:
            continue
        _number(ksn)
    numbers = [int.from_bytes(tail[i : i + 4], "big") for i in range(0, min(len(tail), 48), 4)]
    _used(numbers)
    try:
        ksn = parse(text)
    except KsnRefused:
        return
    _derived(ksn, [ksn.counter, *numbers])


def _number(ksn: Ksn) -> None:
    assert parse(str(ksn)) == ksn
    assert ksn.to_bytes().hex().upper() == str(ksn)
    assert parse(ksn.device).counter == 0
    try:
        later = ksn.advanced()
    except KsnRefused:
        assert ksn.exhausted
        return
    assert later.counter > ksn.counter
    assert later.checked() is later
    if ksn.worth is Counter.GOOD:
        assert previous_counter(later.counter, aes=ksn.aes) == ksn.counter


def _derived(ksn: Ksn, counters: list[int]) -> None:
    """One device walked from counter to counter, against each key made from the beginning."""
    device = AesDevice(_AES, ksn) if ksn.aes else TdesDevice(_TDES, ksn)
    keys: dict[bytes, int] = {}
    for number in counters[:_MOST]:
        counter = number & (0xFFFFFFFF if ksn.aes else 0x1FFFFF)
        at = ksn.at(counter)
        try:
            key = bytes(device.key(counter, "pin"))
        except KsnRefused:
            assert at.worth is not Counter.GOOD
            continue
        assert at.worth is Counter.GOOD
        if ksn.aes:
            fresh = dukpt_aes.working_key(_AES, at, "pin", "AES128")
        else:
            fresh = dukpt_tdes.working_key(_TDES, at, "pin")
        assert key == fresh
        assert keys.setdefault(key, counter) == counter
    device.wipe()


def _used(counters: list[int]) -> None:
    """The window against a set of all that was accepted. Low bits, so that counters meet."""
    accepted: set[int] = set()
    newest = seen = 0
    for number in counters:
        counter = number % 61 + 1
        used = use(newest, seen, counter, window=_WINDOW)
        wanted = counter not in accepted and counter >= newest - _WINDOW
        assert used.accepted == wanted, used.fate
        if used.accepted:
            accepted.add(counter)
        newest, seen = used.newest, used.seen
        assert newest == max(accepted)
        assert seen < 1 << _WINDOW + 1
