"""Published test keys are known, so that none is ever marked live (SR-KEY-09)."""

from __future__ import annotations

import os
import tomllib
from importlib.resources import files
from typing import Any, Final

import pytest

from switch.keys.ciphers import odd_parity
from switch.keys.known_keys import PUBLISHED, fingerprint, is_published
from tests.keys.vector_files import cases

TOPICS: Final = (
    "cvv", "dukpt_aes", "dukpt_tdes", "emv", "kcv", "mac", "pin_blocks", "pin_verification", "sm",
    "tr31",
)  # fmt: skip
# Fields of cases that are keys somebody chose; what is derived from them nobody would enter.
FIELDS: Final = (
    "bdk", "ik", "cvk", "imk_ac", "imk_smc", "imk_smi", "imk_cvc3", "imk_dcvv", "key", "key2",
    "kbpk", "pvk", "tmk", "source_key", "destination_key",
)  # fmt: skip


@pytest.mark.parametrize(
    "key",
    [
        "0123456789ABCDEFFEDCBA9876543210",  # ANSI X9.24-1
        "FEDCBA9876543210F1F1F1F1F1F1F1F1",  # ANSI X9.24-3
        "6AC292FAA1315B4D858AB3A3D7D5933A",  # the initial key of X9.24-1's device
        "2B7E151628AED2A6ABF7158809CF4F3C",  # NIST SP 800-38B
        "89E88CF7931444F334BD7547FC3F380C",  # TR-31
    ],
)
def test_the_standards_keys_are_known(key: str) -> None:
    """With any parity bits."""
    value = bytes.fromhex(key)
    assert is_published(value)
    assert is_published(odd_parity(value))
    assert is_published(bytes(byte ^ 1 for byte in value))
    assert not is_published(value[::-1])


def test_a_fresh_key_is_not_known() -> None:
    """64 bits of fingerprint: no key of a generator is refused by chance."""
    assert not any(is_published(os.urandom(16)) for _ in range(1000))
    assert all(len(each) == 16 for each in PUBLISHED)


@pytest.mark.parametrize("topic", TOPICS)
def test_all_keys_of_the_vector_files_are_known(topic: str) -> None:
    """Each key that a case is given."""
    for parameter in cases(topic):
        if parameter.marks:
            pytest.skip(f"no {topic}.json: set ISOSWITCH_VECTORS")
        case: dict[str, Any] = parameter.values[0]
        for field in FIELDS:
            value = bytes.fromhex(case.get(field, ""))
            if len(value) in (8, 16, 24, 32):
                assert fingerprint(value) in PUBLISHED, (case["id"], field)


def test_the_demos_keys_are_known() -> None:
    """They stand in the file that everybody gets."""
    text = files("switch").joinpath("demo.toml").read_text("utf-8")
    keys = tomllib.loads(text)["key"]
    assert keys
    for key in keys:
        assert is_published(bytes.fromhex(key["value"])), key["name"]
