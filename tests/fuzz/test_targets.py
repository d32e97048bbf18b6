"""Every fuzz target runs in the suite too: over its seeds, over seeds with something changed, and
over any bytes. Nothing but what a target expects comes out.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]


def _seeds_and_beginnings(name: str) -> None:
    target = TARGETS[name]
    for seed in target.seeds:
        for end in range(len(seed) + 1):
            target.one(seed[:end])


names = pytest.mark.parametrize("name", TARGETS)


@names
def test_seeds_keep_what_the_target_promises(name: str) -> None:
    """What guided runs begin with, and each beginning of it."""
    _seeds_and_beginnings(name)


@names
@given(data=st.binary(max_size=200))
def test_any_bytes_keep_it(name: str, data: bytes) -> None:
    """Most of them are refused at once; those that are not make sense."""
    TARGETS[name].one(data)


@names
@given(data=st.data())
def test_changed_seeds_keep_it(name: str, data: st.DataObject) -> None:
    """A piece of a seed is replaced, so that what is near to good values is tried."""
    target = TARGETS[name]
    seed = data.draw(st.sampled_from(target.seeds))
    start = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(start, min(len(seed), start + 8)))
    target.one(seed[:start] + data.draw(st.binary(max_size=8)) + seed[end:])


# What is broken under each target, and how.
PLANTED: Final[dict[str, tuple[str, object]]] = {
    "key_blocks": ("switch.keys.key_block.same", lambda made, given: True),
    "pin_blocks": ("switch.keys.pin_block._DIGITS", b"0123456789ABCDEF"),
    "chip_data": ("switch.tlv._check", lambda data, i, end, depth: None),
    "serials": ("switch.keys.dukpt_path._leads", lambda walked, counter: True),
    "mac_schemes": ("switch.keys.mac.same", lambda made, given: made.startswith(given)),
}


@names
def test_a_target_finds_a_planted_fault(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A MAC that is not compared, a letter in a PIN, a check that sees nothing, a kept key of
    another counter, a MAC cut short: the seeds alone show it.
    """
    monkeypatch.setattr(*PLANTED[name])
    with pytest.raises(AssertionError):
        _seeds_and_beginnings(name)


def test_a_guided_run_ends_in_its_time() -> None:
    """`proof fuzz SECONDS TARGET` guides by coverage, and says what it did; without atheris it says
    that, too.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", "1", "mac_schemes"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "mac_schemes: " in done.stdout
