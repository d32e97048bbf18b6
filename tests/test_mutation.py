"""The mutation run knows which tests answer for a module, and tells a fault that they miss."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

import pytest

from tests import mutation


def test_every_module_has_tests_that_answer_for_it() -> None:
    """But for words alone (protocols, tags) and what the doctor's own tests try."""
    without = [module for module in mutation.modules() if not mutation.tests_of(module)]
    assert {each for each in without if not each.startswith("doctor")} <= {
        "house_pin",
        "known_keys",
        "port",
        "port_doctor",
        "steps",
    }
    assert mutation.tests_of("key_block_header") == [
        "tests/keys/test_key_block.py",
        "tests/keys/test_vectors_tr31.py",
        "tests/keys/test_differential_key_block.py",
    ]
    assert mutation.tests_of("ksn") == ["tests/model/test_ksn.py"]


def test_the_settings_of_a_run_are_toml() -> None:
    """They are put behind the project's own, in the copy."""
    text = mutation.SETTINGS.format(module='"switch/keys/sm.py"', copied='["tests"]', tests="[]")
    settings = tomllib.loads(text)["tool"]["mutmut"]
    assert settings["only_mutate"] == ["switch/keys/sm.py"]
    assert settings["do_not_mutate_patterns"] == [r"raise [A-Za-z_.]+\(", r"steps[.]note\("]


@pytest.mark.deep
@pytest.mark.timeout(600)
def test_a_fault_that_no_test_notices_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module with its own tests, and with tests that never pad by method 3."""
    if importlib.util.find_spec("mutmut") is None:
        pytest.skip("mutmut is not installed: tools/dev.py proof installs it")
    monkeypatch.setattr(mutation, "tests_of", lambda module: ["tests/keys/test_mac.py"])
    noticed = mutation.mutate("mac_padding._filled", tmp_path / "own")
    assert (noticed.killed > 5, noticed.alive) == (True, ())
    monkeypatch.setattr(mutation, "tests_of", lambda module: ["tests/keys/test_emv_cryptogram.py"])
    missed = mutation.mutate("mac_padding.pad", tmp_path / "other")
    assert missed.alive
    assert any(line.startswith("+") for line in missed.alive[0].splitlines())
