"""What was injected into a terminal stays there, safe from eyes and power cuts, and counts on.

Keys are the published test keys of ANSI X9.24-1 and X9.24-3 (the vectors' dukpt_tdes, dukpt_aes).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.keys.master import MasterKey
from switch.model.ksn import Counter, parse
from switch_tools.terminal_kept import KeptFileError
from switch_tools.terminal_key_blocks import KeyNotTaken
from switch_tools.terminal_keys import (
    AES_DUKPT,
    TAK,
    TDES_DUKPT,
    TMK,
    TPK,
    Fresh,
    KeyRing,
    NoKey,
)

TDES_IK = "6AC292FAA1315B4D858AB3A3D7D5933A"  # of FFFF9876543210E00000
AES_IK = "1273671EA26AC29AFA4D1084127652A1"  # of 1234567890123456
TDES_KSN = "FFFF9876543210E00000"
AES_KSN = "123456789012345600000000"
OTHER = "0123456789ABCDEFFEDCBA9876543210"


def master(byte: int = 7) -> MasterKey:
    """The terminal's own key."""
    return MasterKey(bytearray([byte]) * 32)


def initial(ksn: str = TDES_KSN, key: str = TDES_IK) -> Fresh:
    """An initial key of DUKPT."""
    aes = len(ksn) == len(AES_KSN)
    return Fresh(AES_DUKPT if aes else TDES_DUKPT, "A" if aes else "T", bytearray.fromhex(key), ksn)


def test_keys_and_counters_are_there_after_a_restart(tmp_path: Path) -> None:
    """With their check values; the second ring is what a new process has."""
    ring = KeyRing(tmp_path, master())
    ring.put(initial(), Fresh(TMK, "T", bytearray.fromhex(OTHER)))
    ring.put(initial(AES_KSN, AES_IK))
    assert [str(ring.next_ksn(TDES_DUKPT)) for _ in range(2)] == [
        "FFFF9876543210E00001",
        "FFFF9876543210E00002",
    ]
    again = KeyRing(tmp_path, master())
    assert [(slot.name, slot.check_value) for slot in again.slots] == [
        (TDES_DUKPT, "AF8C07"),
        (TMK, "08D7B4"),
        (AES_DUKPT, ring.slot(AES_DUKPT).check_value),
    ]
    assert again.key(TDES_DUKPT).hex().upper() == TDES_IK
    assert str(again.next_ksn(TDES_DUKPT)) == "FFFF9876543210E00003"
    assert str(again.next_ksn(AES_DUKPT)) == "123456789012345600000001"


def test_the_files_hold_no_key_in_clear_and_say_that_they_are_for_tests(tmp_path: Path) -> None:
    """SR-KEY-02, SR-GEN-04: blocks under the terminal's own key, mode 0600."""
    ring = KeyRing(tmp_path, master())
    ring.put(initial())
    ring.next_ksn(TDES_DUKPT)
    assert (tmp_path / "keys").read_text().splitlines()[0].endswith("TEST KEYS ONLY")
    for name in ("keys", "counters"):
        path = tmp_path / name
        assert path.stat().st_mode & 0o777 == 0o600
        data = path.read_bytes()
        assert TDES_IK.encode() not in data.upper()
        assert bytes.fromhex(TDES_IK) not in data
    assert TDES_IK not in repr(initial())


def test_a_key_that_was_put_away_is_overwritten_where_it_came_from() -> None:
    """SR-KEY-13."""
    fresh = initial()
    KeyRing(None, master()).put(fresh)
    assert not any(fresh.key)


def test_a_file_of_keys_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """SR-GEN-04."""
    KeyRing(tmp_path, master()).put(initial())
    (tmp_path / "keys").chmod(0o644)
    with pytest.raises(KeptFileError, match="chmod 600"):
        KeyRing(tmp_path, master())


def test_keys_under_another_terminal_key_do_not_open(tmp_path: Path) -> None:
    """The refusal says what to do."""
    KeyRing(tmp_path, master()).put(initial())
    with pytest.raises(KeyNotTaken, match="inject them anew"):
        KeyRing(tmp_path, master(8)).key(TDES_DUKPT)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """Never taken for an empty one: a counter would begin again."""
    ring = KeyRing(tmp_path, master())
    ring.put(initial())
    ring.next_ksn(TDES_DUKPT)
    path = tmp_path / "counters"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(KeptFileError, match="is damaged"):
        KeyRing(tmp_path, master())


def test_the_counter_is_on_the_disk_before_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INV-71: a counter that could not be kept is not handed out, and the next one is."""
    ring = KeyRing(tmp_path, master())
    ring.put(initial())

    def cut(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", cut)
        with pytest.raises(KeptFileError):
            ring.next_ksn(TDES_DUKPT)
    assert (
        ring.next_ksn(TDES_DUKPT).counter
        == KeyRing(tmp_path, master()).last_ksn(TDES_DUKPT).counter
    )


def test_a_device_that_is_injected_again_goes_on_counting() -> None:
    """INV-71: whatever was used under that serial number stays used; another device begins at 1."""
    ring = KeyRing(None, master())
    ring.put(initial())
    for _ in range(3):
        ring.next_ksn(TDES_DUKPT)
    ring.put(initial("FFFF9876543210E00001"))
    assert ring.next_ksn(TDES_DUKPT).counter == 4
    ring.put(initial("FFFF9876543220E00000"))
    assert ring.next_ksn(TDES_DUKPT).counter == 1


@given(steps=st.integers(1, 60), start=st.integers(0, 0xFFF00))
def test_counters_only_go_up_and_are_all_possible(steps: int, start: int) -> None:
    """M-15: ten one bits at most, wherever the device stands."""
    ring = KeyRing(None, master())
    ring.put(initial())
    device = parse(TDES_KSN).device
    ring._counters[device] = start  # a device that was in use for years
    used = [ring.next_ksn(TDES_DUKPT) for _ in range(steps)]
    counters = [ksn.counter for ksn in used]
    assert counters == sorted(set(counters))
    assert all(ksn.worth is Counter.GOOD for ksn in used)


def test_an_exhausted_device_says_so() -> None:
    """M-15: after the last counter there is none, and what to do."""
    ring = KeyRing(None, master())
    ring.put(initial())
    ring._counters[parse(TDES_KSN).device] = 0x1FF7FF  # one before the last
    assert str(ring.next_ksn(TDES_DUKPT)) == "FFFF9876543210FFF800"
    with pytest.raises(NoKey, match=r"no counter is left .*isoswitch terminal inject"):
        ring.next_ksn(TDES_DUKPT)


def test_keys_of_an_exchange_come_together_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut between PIN key and MAC key would leave a terminal with one of each exchange."""
    ring = KeyRing(tmp_path, master())
    ring.put(*(Fresh(name, "T", bytearray.fromhex(OTHER)) for name in (TPK, TAK)))

    def cut(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", cut)
        with pytest.raises(KeptFileError):
            ring.put(*(Fresh(name, "T", bytearray.fromhex(TDES_IK)) for name in (TPK, TAK)))
    for known in (ring, KeyRing(tmp_path, master())):
        assert {known.key(name).hex().upper() for name in (TPK, TAK)} == {OTHER}


def test_a_slot_that_is_empty_says_how_to_fill_it() -> None:
    """Wrong usage, not a defect."""
    with pytest.raises(NoKey, match="isoswitch terminal inject"):
        KeyRing(None, master()).key(TMK)
